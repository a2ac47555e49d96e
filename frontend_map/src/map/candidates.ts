// What lies under a place of the map.
import type L from "leaflet";
import type { MapGeoJSONFeature } from "maplibre-gl";
import type { AssetClass, ElementReference } from "./selection";
import { isWide, type Workspace } from "./workspace";

export interface Candidate extends ElementReference {
  kind: string;
  code: string;
}

// A finger hits within ten pixels, a mouse within six.
const REACH_PX = { finger: 10, mouse: 6 };
const NEAR_ZOOM = 13;
const LAYERS: [string, AssetClass][] = [
  ["node-symbols", "node"],
  ["device-dots", "node"],
  ["junctions", "node"],
  ["pipes", "pipe"],
  ["pipes-closed", "pipe"],
];

/** Features under a place as elements, each once: devices before junctions before pipes, nearer ones first. */
export function candidatesOf(features: readonly Pick<MapGeoJSONFeature, "layer" | "properties">[]): Candidate[] {
  const rank = new Map(LAYERS.map(([layer], index) => [layer, index]));
  const found = new Map<string, Candidate & { rank: number }>();
  for (const feature of features) {
    const { uid, code, kind, is_connector: isConnector } = feature.properties;
    const place = rank.get(feature.layer.id);
    if (typeof uid !== "string" || isConnector === true || place === undefined) continue;
    const assetClass = LAYERS[place]?.[1] ?? "node";
    const sort = assetClass === "pipe" ? 3 : kind === "junction" ? 2 : 1;
    const before = found.get(uid);
    if (before === undefined || sort < before.rank) found.set(uid, { assetClass, uid, kind: typeof kind === "string" ? kind : "pipe", code: String(code ?? ""), rank: sort });
  }
  const ordered = [...found.values()].sort((one, other) => one.rank - other.rank);
  return ordered.map(({ assetClass, uid, kind, code }) => ({ assetClass, uid, kind, code }));
}

/** Everything of the network within a finger's reach of a place. */
export function candidatesUnder({ gl, map }: Workspace, place: L.LatLng): Candidate[] {
  const reach = isWide() ? REACH_PX.mouse : REACH_PX.finger;
  const spot = gl.project([place.lng, place.lat]);
  const box: [[number, number], [number, number]] = [
    [spot.x - reach, spot.y - reach],
    [spot.x + reach, spot.y + reach],
  ];
  // From afar one means the zone: pipes and junctions lie too close to be pointed at.
  const isNear = map.getZoom() >= NEAR_ZOOM;
  const layers = (isNear ? LAYERS.map(([name]) => name) : ["node-symbols"]).filter((name) => gl.getLayer(name) !== undefined);
  return candidatesOf(gl.queryRenderedFeatures(box, { layers }));
}
