// The base map under the network: pictures by an address, or a PMTiles file of pictures or of shapes.
import { addProtocol, type ExpressionSpecification, type LayerSpecification, type Map as GlMap } from "maplibre-gl";
import type { Theme } from "../theme";
import { dressed } from "./looks";

export interface BaseMap {
  kind: "" | "xyz" | "wms" | "wmts" | "pmtiles";
  address: string;
  attribution: string;
}

type Subject = "land" | "water" | "waterways" | "buildings" | "roads" | "boundaries" | "places";

// What the layers of such files are called: by Protomaps, OpenMapTiles and Shortbread.
const NAMES: Record<Subject, readonly string[]> = {
  land: ["landuse", "landcover", "land", "natural", "park", "green"],
  water: ["water", "ocean", "water_polygons"],
  waterways: ["water", "waterway", "waterways", "water_lines"],
  buildings: ["buildings", "building"],
  roads: ["roads", "transportation", "streets"],
  boundaries: ["boundaries", "boundary"],
  places: ["places", "place", "place_labels"],
};
const ORDER: readonly Subject[] = ["land", "water", "waterways", "buildings", "roads", "boundaries", "places"];
const SOURCE = "basemap";
/** The layer that the base map lies under. */
const FIRST_ABOVE = ["divisions", "zones"] as const;

/** The address of a base map's pictures; nothing for none and for a PMTiles file. */
export function pictureAddress({ kind, address }: BaseMap): string {
  return kind === "xyz" || kind === "wms" || kind === "wmts" ? address : "";
}

const isArea: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];
const isLine: ExpressionSpecification = ["==", ["geometry-type"], "LineString"];
const isPoint: ExpressionSpecification = ["==", ["geometry-type"], "Point"];
const name: ExpressionSpecification = ["coalesce", ["get", "name"], ["get", "name:latin"], ""];
const roadKind: ExpressionSpecification = ["coalesce", ["get", "kind"], ["get", "class"], ""];
const rank: ExpressionSpecification = [
  "match",
  roadKind,
  ["highway", "motorway", "trunk"],
  2.4,
  ["major_road", "primary", "secondary"],
  1.7,
  ["medium_road", "tertiary"],
  1.3,
  ["path", "footway", "track", "other"],
  0.4,
  0.9,
];
const roadWidth = (extra: number): ExpressionSpecification => ["interpolate", ["exponential", 1.5], ["zoom"], 8, ["*", rank, 0.4], 13, ["+", extra, ["*", rank, 1.4]], 17, ["+", extra, ["*", rank, 6]]];
const round = { "line-cap": "round" as const, "line-join": "round" as const };

/** How one layer of the file is drawn for a subject; `id` is the style's. */
function drawn(subject: Subject, from: string): LayerSpecification[] {
  const of = { source: SOURCE, "source-layer": from };
  switch (subject) {
    case "land":
      return [{ ...of, id: "basemap-land", type: "fill", filter: isArea, paint: { "fill-color": "#e3ebdc" } }];
    case "water":
      return [{ ...of, id: "basemap-water", type: "fill", filter: isArea, paint: { "fill-color": "#b5d5e6" } }];
    case "waterways":
      return [{ ...of, id: "basemap-waterways", type: "line", filter: isLine, paint: { "line-color": "#b5d5e6", "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.6, 16, 4] } }];
    case "buildings":
      return [{ ...of, id: "basemap-buildings", type: "fill", minzoom: 12.5, filter: isArea, paint: { "fill-color": "#dcd6cc" } }];
    case "roads":
      return [
        { ...of, id: "basemap-road-casings", type: "line", minzoom: 11, filter: isLine, layout: round, paint: { "line-color": "#cdd4d8", "line-width": roadWidth(1.6) } },
        { ...of, id: "basemap-roads", type: "line", filter: isLine, layout: round, paint: { "line-color": "#ffffff", "line-width": roadWidth(0) } },
      ];
    case "boundaries":
      return [{ ...of, id: "basemap-boundaries", type: "line", filter: isLine, paint: { "line-color": "#98a3ab", "line-width": 1, "line-dasharray": [4, 2] } }];
    case "places":
      return [
        {
          ...of,
          id: "basemap-places",
          type: "symbol",
          filter: isPoint,
          maxzoom: 16,
          layout: { "text-field": name, "text-font": ["sans-serif"], "text-size": 12 },
          paint: { "text-color": "#55616a", "text-halo-color": "#ffffff", "text-halo-width": 1.4 },
        },
      ];
  }
}

/** The layers that draw a file with these layers of its own, from the lowest up. A second layer of a subject has a number. */
export function vectorLayers(fileLayers: readonly string[]): LayerSpecification[] {
  return ORDER.flatMap((subject) => {
    const found = NAMES[subject].filter((one) => fileLayers.includes(one));
    return found.flatMap((from, index) => drawn(subject, from).map((layer) => (index === 0 ? layer : { ...layer, id: `${layer.id}-${index + 1}` })));
  });
}

let knowsProtocol: Promise<(address: string) => Promise<{ isVector: boolean; layers: string[] }>> | null = null;

/** Teach MapLibre to read PMTiles, once; answers how to look into a file. */
function archives(): Promise<(address: string) => Promise<{ isVector: boolean; layers: string[] }>> {
  knowsProtocol ??= import("pmtiles").then(({ PMTiles, Protocol, TileType }) => {
    const protocol = new Protocol();
    addProtocol("pmtiles", protocol.tile);
    return async (address) => {
      const archive = new PMTiles(address);
      protocol.add(archive);
      const header = await archive.getHeader();
      if (header.tileType !== TileType.Mvt) return { isVector: false, layers: [] };
      const { vector_layers: layers = [] } = (await archive.getMetadata()) as { vector_layers?: { id: string }[] };
      return { isVector: true, layers: layers.map(({ id }) => id) };
    };
  });
  return knowsProtocol;
}

/** Lay a PMTiles file under the network. Answers what it holds; throws when it cannot be read. */
export async function addPmtiles(gl: GlMap, address: string, theme: Theme): Promise<"vector" | "raster"> {
  const whole = new URL(address, window.location.href).href;
  const { isVector, layers } = await (await archives())(whole);
  const above = FIRST_ABOVE.find((id) => gl.getLayer(id) !== undefined);
  const url = `pmtiles://${whole}`;
  const add = (layer: LayerSpecification): void => {
    gl.addLayer(dressed(layer, theme), above);
  };
  if (isVector) {
    gl.addSource(SOURCE, { type: "vector", url });
    for (const layer of vectorLayers(layers)) add(layer);
  } else {
    gl.addSource(SOURCE, { type: "raster", url, tileSize: 256 });
    add({ id: "basemap", type: "raster", source: SOURCE, paint: { "raster-saturation": -0.6, "raster-opacity": 0.7 } });
  }
  return isVector ? "vector" : "raster";
}
