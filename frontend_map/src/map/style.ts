// How the network is drawn: sources, layers and the symbols of devices and facilities.
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import { colourNoData } from "../balances";
import type { Theme } from "../theme";
import { dressed } from "./looks";
import { pipeColour } from "./themes";

export interface StyleSettings {
  network: string;
  tiles: string;
  basemap: string;
  /** Light where it is not said. */
  theme?: Theme;
  coloursZones: boolean;
}

/** What can be shown and hidden, in the order of the layer tree, with the style layers that draw it. */
export const LAYER_GROUPS: Record<string, string[]> = {
  basemap: ["basemap", ...["land", "water", "waterways", "buildings", "road-casings", "roads", "boundaries", "places"].flatMap((name) => [`basemap-${name}`, `basemap-${name}-2`, `basemap-${name}-3`])],
  divisions: ["divisions", "division-edges", "division-names"],
  parcels: ["parcels"],
  buildings: ["buildings"],
  streets: ["street-casings", "streets", "street-names"],
  losses: ["zones", "zone-bands", "loss-heat"],
  zones: ["zone-edges"],
  pipes: ["pipes", "pipe-casing", "pipes-closed", "pipe-labels", "flow-ahead", "flow-back"],
  nodes: ["junctions"],
  devices: ["device-dots", "node-symbols"],
  leaks: ["leaks"],
  outages: ["outages"],
  findings: ["finding-areas", "finding-lines", "finding-points"],
  dirty: ["dirty-areas", "dirty-points"],
  survey: ["survey-points"],
};
/** Groups whose tiles are fetched only when somebody asks for them. */
export const HIDDEN_AT_FIRST: ReadonlySet<string> = new Set(["parcels", "findings", "dirty", "survey"]);

const deviceColour: ExpressionSpecification = ["match", ["get", "kind"], "valve", "#6d2f9c", "regulator", "#6d2f9c", "switch", "#6d2f9c", "hydrant", "#b3261e", "bulk_meter", "#9a5b00", "pump", "#1c6e43", "#4a5a66"];
const selected: ExpressionSpecification = ["boolean", ["feature-state", "selected"], false];

function source(settings: StyleSettings, layer: string): { type: "vector"; url: string; promoteId: string } {
  const address = new URL(settings.tiles.replace("LAYER", layer), window.location.href);
  address.searchParams.set("network", settings.network);
  // The uid is the feature's name everywhere: balances are joined to zones by it.
  return { type: "vector", url: address.href, promoteId: "uid" };
}

export function styleOf(settings: StyleSettings): StyleSpecification {
  const style: StyleSpecification = {
    version: 8,
    sources: { zones: source(settings, "zones"), pipes: source(settings, "pipes"), nodes: source(settings, "nodes") },
    layers: [{ id: "ground", type: "background", paint: { "background-color": "#eef2f4" } }],
  };
  if (settings.basemap !== "") {
    style.sources["basemap"] = { type: "raster", tiles: [settings.basemap], tileSize: 256 };
    style.layers.push({ id: "basemap", type: "raster", source: "basemap", paint: { "raster-saturation": -0.6, "raster-opacity": 0.7 } });
  }
  style.layers.push(...zoneLayers(settings.coloursZones), ...pipeLayers(), ...nodeLayers());
  style.layers = style.layers.map((layer) => dressed(layer, settings.theme ?? "light"));
  return style;
}

function zoneLayers(coloursZones: boolean): StyleSpecification["layers"] {
  const colour: ExpressionSpecification = coloursZones ? ["to-color", ["coalesce", ["feature-state", "colour"], colourNoData]] : ["to-color", "#d6e4ee"];
  const hasZones: ExpressionSpecification = ["boolean", ["feature-state", "hasZones"], false];
  const zones = { source: "zones", "source-layer": "zones" };
  return [
    {
      ...zones,
      id: "zones",
      type: "fill",
      paint: {
        "fill-color": colour,
        "fill-antialias": false,
        // In full from afar, so that a zone has exactly its colour in the legend; gone where one looks at single pipes.
        // A zone with zones inside it is only an outline: two colours over each other would say neither.
        "fill-opacity": ["interpolate", ["linear"], ["zoom"], 13.5, ["case", hasZones, 0, 1], 15.5, 0],
      },
    },
    {
      // Close by the colour stays as a band along the inside of the zone's edge.
      ...zones,
      id: "zone-bands",
      type: "line",
      minzoom: 13.5,
      layout: { "line-join": "round" },
      paint: { "line-color": colour, "line-width": 8, "line-offset": 4, "line-opacity": ["case", hasZones, 0, 1] },
    },
    {
      ...zones,
      id: "zone-edges",
      type: "line",
      layout: { "line-join": "round" },
      paint: { "line-color": ["case", selected, "#0b3a57", "#6b7f8d"], "line-width": ["case", selected, 3.5, 1.2] },
    },
  ];
}

function pipeLayers(): StyleSpecification["layers"] {
  // Thicker pipes are drawn thicker: 1 to 5 pixels from 50 to 800 mm, more when one looks closer.
  const thickness = (scale: number, extra: number): ExpressionSpecification => [
    "+",
    extra,
    ["*", scale, ["interpolate", ["linear"], ["coalesce", ["get", "diameter_mm"], 100], 50, 0.8, 200, 1.7, 800, 4.5]],
  ];
  const widthOf = (at: (scale: number) => ExpressionSpecification): ExpressionSpecification => ["interpolate", ["linear"], ["zoom"], 9, at(0.5), 13, at(0.9), 17, at(2)];
  const width = (extra: number): ExpressionSpecification => widthOf((scale) => thickness(scale, extra));
  // What is not selected has no width: transparent, it would still be painted over everything.
  const widthSelected = widthOf((scale) => ["case", selected, thickness(scale, 9), 0]);
  const isClosed: ExpressionSpecification = ["==", ["get", "status"], "closed"];
  const line = { source: "pipes", "source-layer": "pipes", type: "line" as const };
  const round = { "line-cap": "round" as const, "line-join": "round" as const };
  return [
    { ...line, id: "pipe-selected", layout: round, paint: { "line-color": "#ffd23e", "line-width": widthSelected } },
    { ...line, id: "pipes", filter: ["!", isClosed], layout: round, paint: { "line-color": pipeColour("plain", 0), "line-width": width(0) } },
    { ...line, id: "pipe-casing", filter: isClosed, layout: round, paint: { "line-color": "#ffffff", "line-width": width(3) } },
    { ...line, id: "pipes-closed", filter: isClosed, paint: { "line-color": "#b3261e", "line-width": width(0.6), "line-dasharray": [2, 1.4] } },
  ];
}

const isJunction: ExpressionSpecification = ["==", ["get", "kind"], "junction"];
/** Where supply comes from, is stored or handed on: never hidden for want of room. */
const FACILITIES = ["tank", "reservoir", "source", "treatment", "pumping_station", "substation", "distribution_centre", "boiler_house", "outfall", "lift_station", "regulator_station", "heat_substation", "metering_station"];
const isFacility: ExpressionSpecification = ["in", ["get", "kind"], ["literal", FACILITIES]];

function nodeLayers(): StyleSpecification["layers"] {
  const nodes = { source: "nodes", "source-layer": "nodes" };
  return [
    {
      ...nodes,
      id: "junctions",
      type: "circle",
      filter: isJunction,
      minzoom: 13.5,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 13.5, 1.4, 17, 4.2],
        "circle-color": "#ffffff",
        "circle-stroke-color": "#12608f",
        "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 13.5, 0.8, 17, 1.8],
      },
    },
    {
      // From afar a device is a dot; its symbol comes where there is room for it.
      ...nodes,
      id: "device-dots",
      type: "circle",
      filter: ["all", ["!", isJunction], ["!", isFacility]],
      minzoom: 12,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, 1.2, 15, 3, 17, 4],
        "circle-color": deviceColour,
        "circle-stroke-color": "#ffffff",
        "circle-stroke-width": 0.8,
      },
    },
    {
      ...nodes,
      id: "node-selected",
      type: "circle",
      paint: {
        // Without a size where it is not selected, as with pipes.
        "circle-radius": ["case", selected, 15, 0],
        "circle-color": "#ffd23e",
        "circle-opacity": 0.55,
        "circle-stroke-color": "#b98900",
        "circle-stroke-width": ["case", selected, 2, 0],
      },
    },
  ];
}

// Less is still water, as far as one may believe a simulation.
const LEAST_FLOW_M3H = 0.01;

/** How an arrow shows: where the result has water run its way. Without `isShown` none does. */
export function arrowOpacity(way: 1 | -1, isShown: boolean): ExpressionSpecification | number {
  if (!isShown) return 0;
  return ["case", [">", ["*", way, ["to-number", ["feature-state", "flow"], 0]], LEAST_FLOW_M3H], 1, 0];
}

/** Arrows both ways on each line: a layout cannot know a result, only what is painted can. */
function arrowLayers(): LayerSpecification[] {
  return (["flow-ahead", "flow-back"] as const).map((id) => ({
    id,
    type: "symbol",
    source: "pipes",
    "source-layer": "pipes",
    minzoom: 12.5,
    layout: {
      "symbol-placement": "line",
      "symbol-spacing": 110,
      "icon-image": id,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 12.5, 0.4, 17, 0.75],
      "icon-rotation-alignment": "map",
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
    },
    paint: { "icon-opacity": 0 },
  }));
}

/** The layers of symbols and names: they come after the symbols' images, since the map warns about each that it misses. */
export function symbolLayers(): LayerSpecification[] {
  const nodes = { source: "nodes", "source-layer": "nodes", type: "symbol" as const };
  const image: ExpressionSpecification = ["coalesce", ["image", ["concat", ["get", "kind"], ":", ["coalesce", ["get", "state"], ""]]], ["image", ["get", "kind"]], ["image", "unknown"]];
  return [
    ...arrowLayers(),
    {
      id: "pipe-labels",
      type: "symbol",
      source: "pipes",
      "source-layer": "pipes",
      minzoom: 16,
      filter: ["all", ["has", "code"], ["!=", ["get", "is_connector"], true]],
      layout: {
        "symbol-placement": "line",
        "text-field": ["step", ["zoom"], ["get", "code"], 17, ["concat", ["get", "code"], ["case", ["has", "diameter_mm"], ["concat", "  ⌀", ["get", "diameter_mm"]], ""]]],
        "text-font": ["sans-serif"],
        "text-size": 11,
        "text-offset": [0, -0.9],
        "symbol-spacing": 260,
      },
      paint: { "text-color": "#17384d", "text-halo-color": "#ffffff", "text-halo-width": 1.6 },
    },
    {
      ...nodes,
      id: "node-symbols",
      filter: ["!", isJunction],
      layout: {
        "icon-image": image,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.5, 13, 0.62, 17, 0.95],
        // Symbols that would cover each other give way, the greater thing staying; close by all are shown.
        "icon-allow-overlap": ["step", ["zoom"], false, 16.5, true],
        "icon-padding": 1,
        // In one layer with the symbol, so that a name gives way to it and never hides it. Zooms here are Leaflet's less one.
        "text-field": ["step", ["zoom"], "", 16.5, ["get", "code"]],
        "text-font": ["sans-serif"],
        "text-size": 10.5,
        "text-offset": [0, 1.5],
        "text-anchor": "top",
        "text-optional": true,
        "symbol-sort-key": ["case", isFacility, 0, ["in", ["get", "state"], ["literal", ["closed", "broken", "inaccessible"]]], 1, ["==", ["get", "kind"], "valve"], 3, 2],
      },
      paint: { "text-color": "#3d2b4f", "text-halo-color": "#ffffff", "text-halo-width": 1.6 },
    },
  ];
}
