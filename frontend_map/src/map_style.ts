// How the network is drawn: sources, layers and the symbols of devices and facilities.
import type { ExpressionSpecification, LayerSpecification, Map as GlMap, StyleSpecification } from "maplibre-gl";
import { colourNoData } from "./balances";

export interface StyleSettings {
  network: string;
  tiles: string;
  basemap: string;
  coloursZones: boolean;
}

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
    layers: [{ id: "ground", type: "background", paint: { "background-color": "#eaf0f3" } }],
  };
  if (settings.basemap !== "") {
    style.sources["basemap"] = { type: "raster", tiles: [settings.basemap], tileSize: 256 };
    style.layers.push({ id: "basemap", type: "raster", source: "basemap", paint: { "raster-saturation": -0.6, "raster-opacity": 0.7 } });
  }
  style.layers.push(...zoneLayers(settings.coloursZones), ...pipeLayers(), ...nodeLayers());
  return style;
}

function zoneLayers(coloursZones: boolean): StyleSpecification["layers"] {
  const colour: ExpressionSpecification = ["to-color", ["coalesce", ["feature-state", "colour"], colourNoData]];
  return [
    {
      id: "zones",
      type: "fill",
      source: "zones",
      "source-layer": "zones",
      paint: {
        "fill-color": coloursZones ? colour : "#d6e4ee",
        // A zone with zones inside it is only an outline: two colours over each other would say neither.
        "fill-opacity": ["case", ["boolean", ["feature-state", "hasZones"], false], 0, coloursZones ? 0.66 : 0.6],
      },
    },
    {
      id: "zone-edges",
      type: "line",
      source: "zones",
      "source-layer": "zones",
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
  const width = (extra: number): ExpressionSpecification => ["interpolate", ["linear"], ["zoom"], 9, thickness(0.5, extra), 13, thickness(0.9, extra), 17, thickness(2, extra)];
  const isClosed: ExpressionSpecification = ["==", ["get", "status"], "closed"];
  const isInUse: ExpressionSpecification = ["==", ["get", "lifecycle"], "in_service"];
  const line = { source: "pipes", "source-layer": "pipes", type: "line" as const };
  const round = { "line-cap": "round" as const, "line-join": "round" as const };
  return [
    { ...line, id: "pipe-selected", layout: round, paint: { "line-color": "#ffd23e", "line-opacity": ["case", selected, 1, 0], "line-width": width(9) } },
    { ...line, id: "pipes", filter: ["!", isClosed], layout: round, paint: { "line-color": ["case", isInUse, "#12608f", "#8496a3"], "line-width": width(0) } },
    { ...line, id: "pipe-casing", filter: isClosed, layout: round, paint: { "line-color": "#ffffff", "line-width": width(3) } },
    { ...line, id: "pipes-closed", filter: isClosed, paint: { "line-color": "#b3261e", "line-width": width(0.6), "line-dasharray": [2, 1.4] } },
  ];
}

function nodeLayers(): StyleSpecification["layers"] {
  const isJunction: ExpressionSpecification = ["==", ["get", "kind"], "junction"];
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
      ...nodes,
      id: "node-selected",
      type: "circle",
      paint: {
        "circle-radius": 15,
        "circle-color": "#ffd23e",
        "circle-opacity": ["case", selected, 0.55, 0],
        "circle-stroke-color": "#b98900",
        "circle-stroke-width": 2,
        "circle-stroke-opacity": ["case", selected, 1, 0],
      },
    },
  ];
}

const symbolLayer: LayerSpecification = {
  id: "node-symbols",
  type: "symbol",
  source: "nodes",
  "source-layer": "nodes",
  filter: ["!=", ["get", "kind"], "junction"],
  layout: {
    "icon-image": ["get", "kind"],
    "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.5, 13, 0.7, 17, 1],
    "icon-allow-overlap": true,
    "icon-ignore-placement": true,
  },
};

const symbolColours: Record<string, string> = {
  tank: "#0b5d8f",
  reservoir: "#0b5d8f",
  source: "#0b5d8f",
  treatment: "#0b5d8f",
  pumping_station: "#1c6e43",
  substation: "#9a5b00",
  distribution_centre: "#9a5b00",
  pump: "#1c6e43",
  valve: "#6d2f9c",
  regulator: "#6d2f9c",
  hydrant: "#b3261e",
  bulk_meter: "#9a5b00",
};

/** Draw the symbols of icons.svg on discs, give them to the map under the names of the kinds, and show them. */
export async function addSymbols(map: GlMap, iconFile: string): Promise<void> {
  const answer = await fetch(iconFile);
  if (!answer.ok) throw new Error(`${answer.status} for ${iconFile}`);
  const icons = new DOMParser().parseFromString(await answer.text(), "image/svg+xml");
  await Promise.all(
    Object.entries(symbolColours).map(async ([kind, colour]) => {
      const symbol = icons.getElementById(kind);
      if (symbol === null) return;
      const image = await imageOf(symbol.innerHTML, colour);
      map.addImage(kind, image, { pixelRatio: 2 });
    }),
  );
  // The layer comes after its images: the map warns about each one that it misses.
  map.addLayer(symbolLayer);
}

async function imageOf(shapes: string, colour: string): Promise<ImageData> {
  const size = 56;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 28 28">` +
    `<circle cx="14" cy="14" r="12.6" fill="#fff" stroke="${colour}" stroke-width="1.8"/>` +
    `<g transform="translate(4.9 4.9) scale(0.76)" fill="none" stroke="${colour}" stroke-width="2.1" stroke-linecap="round" stroke-linejoin="round">${shapes}</g></svg>`;
  const picture = new Image(size, size);
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("the browser gives no canvas to draw symbols on");
  context.drawImage(picture, 0, 0, size, size);
  return context.getImageData(0, 0, size, size);
}
