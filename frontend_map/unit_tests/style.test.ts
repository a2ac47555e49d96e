import { describe, expect, it, vi } from "vitest";
import type { Map as GlMap, StyleSpecification } from "maplibre-gl";
import { styleOf, type StyleSettings } from "../src/map/style";
import { addSymbols, pictureOf } from "../src/map/symbols";
import { serve } from "./server";

const settings: StyleSettings = { network: "A & B?#", tiles: "/tiles/LAYER.json", basemap: "", coloursZones: true };
const layer = (style: StyleSpecification, id: string): { paint?: Record<string, unknown>; filter?: unknown } => style.layers.find((one) => one.id === id) ?? expect.fail(id);

describe("the style", () => {
  it("asks for the tiles of one network at our own host", () => {
    const { sources } = styleOf(settings);
    for (const name of ["zones", "pipes", "nodes"]) {
      const { url, promoteId } = sources[name] as { url: string; promoteId: string };
      const address = new URL(url);
      expect([address.origin, address.pathname]).toEqual([window.location.origin, `/tiles/${name}.json`]);
      expect([...address.searchParams]).toEqual([["network", "A & B?#"]]);
      expect(promoteId).toBe("uid");
    }
  });
  it("keeps what the address of the tiles already asks for", () => {
    const { url } = styleOf({ ...settings, tiles: "/tiles/LAYER.json?v=3" }).sources["pipes"] as { url: string };
    expect(new URL(url).searchParams.get("v")).toBe("3");
  });
  it("has a base map only where there is one, above the ground and below the network", () => {
    expect(styleOf(settings).sources["basemap"]).toBeUndefined();
    const style = styleOf({ ...settings, basemap: "https://maps.example/{z}/{x}/{y}.png" });
    expect(style.sources["basemap"]).toMatchObject({ type: "raster", tiles: ["https://maps.example/{z}/{x}/{y}.png"] });
    expect(style.layers.slice(0, 3).map(({ id }) => id)).toEqual(["ground", "basemap", "zones"]);
  });
  it("colours zones only where balances are shown", () => {
    expect(JSON.stringify(layer(styleOf(settings), "zones").paint?.["fill-color"])).toContain("feature-state");
    expect(layer(styleOf({ ...settings, coloursZones: false }), "zones").paint?.["fill-color"]).toEqual(["to-color", "#d6e4ee"]);
  });
  it("draws every pipe in exactly one of the two layers", () => {
    const closed = ["==", ["get", "status"], "closed"];
    expect(layer(styleOf(settings), "pipes").filter).toEqual(["!", closed]);
    expect(layer(styleOf(settings), "pipes-closed").filter).toEqual(closed);
  });
  it("gives no size to the marks of what is not selected", () => {
    const marks = { "pipe-selected": ["line-width"], "node-selected": ["circle-radius", "circle-stroke-width"] };
    const isSelected = ["boolean", ["feature-state", "selected"], false];
    for (const [id, properties] of Object.entries(marks)) {
      const { paint = {} } = layer(styleOf(settings), id);
      for (const property of properties) {
        const value = paint[property] as unknown[];
        const cases = value[0] === "case" ? [value] : value.filter((part): part is unknown[] => Array.isArray(part) && part[0] === "case");
        expect(cases.length).toBeGreaterThan(0);
        for (const one of cases) expect([one[1], one.at(-1)]).toEqual([isSelected, 0]);
      }
    }
  });
  it("names no layer twice, and only sources that there are", () => {
    const style = styleOf({ ...settings, basemap: "x" });
    const ids = style.layers.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const one of style.layers) if ("source" in one) expect(Object.keys(style.sources)).toContain(one.source);
  });
});

describe("the symbols", () => {
  it("tell closed, broken and inaccessible valves from open ones", () => {
    const looks = (["", "closed", "broken", "inaccessible"] as const).map((look) => pictureOf("<path/>", "#123456", look));
    expect(new Set(looks).size).toBe(4);
    for (const picture of looks) expect(picture).toContain("<path/>");
  });
  it("fail where the file is missing, instead of leaving devices out without a word", async () => {
    serve(() => new Response("<h1>Not Found</h1>", { status: 404 }));
    const map = { addImage: vi.fn(), addLayer: vi.fn() };
    await expect(addSymbols(map as unknown as GlMap, "/icons.svg")).rejects.toThrow("404 for /icons.svg");
    expect(map.addLayer).not.toHaveBeenCalled();
  });
});
