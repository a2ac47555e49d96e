import { expect, it } from "vitest";
import "./page_around";
import { pictureAddress, vectorLayers } from "../src/map/base_map";
import { CONTEXT_LAYERS } from "../src/map/context_layers";
import { dressed, LOOKS } from "../src/map/looks";
import { LAYER_GROUPS, styleOf, symbolLayers } from "../src/map/style";

const ALL = ["landuse", "landcover", "water", "waterway", "buildings", "roads", "boundaries", "places"];
const style = styleOf({ network: "A", tiles: "/tiles/LAYER.json", basemap: "x", coloursZones: true });
const layers = [...style.layers, ...symbolLayers(), ...Object.values(CONTEXT_LAYERS).flatMap((context) => context.layers), ...vectorLayers(ALL)];
const paintOf = (layer: object | undefined): Record<string, unknown> => ("paint" in (layer ?? {}) ? (layer as { paint: Record<string, unknown> }).paint : {});

it("has the colours by day that the style has", () => {
  for (const [id, property, light] of LOOKS) expect([id, property, paintOf(layers.find((layer) => layer.id === id))[property]]).toEqual([id, property, light]);
});

it("gives a dark page dark ground, dark streets and light names", () => {
  for (const [id, property, , dark] of LOOKS) {
    const layer = layers.find((one) => one.id === id) ?? expect.fail(id);
    expect(paintOf(dressed(layer, "dark"))[property]).toEqual(dark);
    expect(dressed(layer, "light")).toBe(layer);
  }
  const dark = styleOf({ network: "A", tiles: "/tiles/LAYER.json", basemap: "x", theme: "dark", coloursZones: true });
  expect(paintOf(dark.layers[0])["background-color"]).toBe("#18222a");
  expect(paintOf(dark.layers.find(({ id }) => id === "basemap"))["raster-brightness-max"]).toBe(0.5);
});

it.each([
  ["Protomaps", ["earth", "water", "landuse", "roads", "buildings", "boundaries", "places"]],
  ["OpenMapTiles", ["water", "waterway", "landcover", "transportation", "building", "boundary", "place"]],
  ["Shortbread", ["ocean", "water_polygons", "water_lines", "land", "streets", "buildings", "boundaries", "place_labels"]],
])("draws the layers of %s, each that it knows", (_name, names) => {
  const made = vectorLayers(names);
  const ids = made.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const subject of ["land", "water", "waterways", "buildings", "roads", "boundaries", "places"]) expect(ids).toContain(`basemap-${subject}`);
  for (const layer of made) expect("source-layer" in layer ? names : []).toContain((layer as unknown as Record<string, unknown>)["source-layer"]);
  // The layer tree hides and shows all of it.
  for (const id of ids) expect(LAYER_GROUPS["basemap"]).toContain(id);
});

it("takes pictures by address, and none from a file", () => {
  expect(pictureAddress({ kind: "wms", address: "w", attribution: "" })).toBe("w");
  expect(pictureAddress({ kind: "pmtiles", address: "p", attribution: "" })).toBe("");
});
