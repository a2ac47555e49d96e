// What lies under and over the network: our own registers' ground, and what concerns the network. Each is fetched when
// it is shown.
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";

interface ContextLayer {
  /** The name of the tiles, and of the map's source. */
  tiles: string;
  /** The layer that these are drawn under; none: over everything. */
  under?: string;
  layers: LayerSpecification[];
}

type Drawn = DistributedOmit<Extract<LayerSpecification, { source: string }>, "source" | "source-layer">;
type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const of = (tiles: string, ...layers: Drawn[]): LayerSpecification[] => layers.map((layer) => ({ ...layer, source: tiles, "source-layer": tiles }));
const name: ExpressionSpecification = ["coalesce", ["get", "name"], ""];
const severity: ExpressionSpecification = ["match", ["get", "severity"], "error", "#b3261e", "warning", "#b96a00", "#47698c"];
const faded: ExpressionSpecification = ["case", ["boolean", ["get", "is_accepted"], false], 0.25, 0.9];
const isPoint: ExpressionSpecification = ["==", ["geometry-type"], "Point"];
const isLine: ExpressionSpecification = ["==", ["geometry-type"], "LineString"];
const isArea: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];

export const CONTEXT_LAYERS: Record<string, ContextLayer> = {
  divisions: {
    tiles: "divisions",
    under: "zones",
    layers: of(
      "divisions",
      { id: "divisions", type: "fill", paint: { "fill-color": "#ffffff", "fill-opacity": 0.55 } },
      { id: "division-edges", type: "line", paint: { "line-color": "#9aa7b0", "line-width": 1.2, "line-dasharray": [4, 2, 1, 2] } },
    ),
  },
  parcels: {
    tiles: "parcels",
    under: "zone-edges",
    layers: of("parcels", { id: "parcels", type: "line", minzoom: 14, paint: { "line-color": "#a08a5c", "line-width": 0.8 } }),
  },
  buildings: {
    tiles: "buildings",
    under: "zone-edges",
    layers: of("buildings", { id: "buildings", type: "fill", minzoom: 13.5, paint: { "fill-color": "#d9d2c7", "fill-outline-color": "#b9ae9e" } }),
  },
  streets: {
    tiles: "streets",
    under: "zone-edges",
    layers: of(
      "streets",
      { id: "street-casings", type: "line", minzoom: 11, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#cfd6da", "line-width": ["interpolate", ["linear"], ["zoom"], 11, 1.4, 16, 9] } },
      { id: "streets", type: "line", minzoom: 11, layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": "#ffffff", "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.7, 16, 7] } },
      {
        id: "street-names",
        type: "symbol",
        minzoom: 14,
        // Streets have no drawing of their own: a name stands amid their parcels.
        layout: { "text-field": name, "text-font": ["sans-serif"], "text-size": 11 },
        paint: { "text-color": "#6a6f73", "text-halo-color": "#ffffff", "text-halo-width": 1.5 },
      },
    ),
  },
  outages: {
    tiles: "outages",
    layers: of("outages", { id: "outages", type: "line", paint: { "line-color": ["match", ["get", "state"], "in_progress", "#b3261e", "conflict", "#7a0010", "#d98200"], "line-width": 6, "line-opacity": 0.55 } }),
  },
  leaks: {
    tiles: "leaks",
    layers: of("leaks", { id: "leaks", type: "circle", paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 3, 16, 8], "circle-color": "#d31f6f", "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.6 } }),
  },
  findings: {
    tiles: "findings",
    layers: of(
      "findings",
      { id: "finding-areas", type: "fill", filter: isArea, paint: { "fill-color": severity, "fill-opacity": 0.25 } },
      { id: "finding-lines", type: "line", filter: isLine, paint: { "line-color": severity, "line-width": 5, "line-opacity": faded } },
      { id: "finding-points", type: "circle", filter: isPoint, paint: { "circle-radius": 7, "circle-color": severity, "circle-opacity": faded, "circle-stroke-color": "#ffffff", "circle-stroke-width": 1.5 } },
    ),
  },
  dirty: {
    tiles: "dirty",
    layers: of(
      "dirty",
      { id: "dirty-areas", type: "fill", filter: isArea, paint: { "fill-color": "#b98900", "fill-opacity": 0.3 } },
      { id: "dirty-points", type: "circle", filter: isPoint, paint: { "circle-radius": 5, "circle-color": "#b98900", "circle-opacity": 0.6 } },
    ),
  },
  survey: {
    tiles: "survey_points",
    layers: of("survey_points", { id: "survey-points", type: "circle", minzoom: 14, paint: { "circle-radius": 3.5, "circle-color": "#2f6f4f", "circle-stroke-color": "#ffffff", "circle-stroke-width": 1 } }),
  },
};
