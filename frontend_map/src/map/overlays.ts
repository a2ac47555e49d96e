// What tools draw over the network: each overlay is a GeoJSON source with its look.
import type { LayerSpecification } from "maplibre-gl";

export type OverlayName = "trace" | "isolation" | "draft" | "difference" | "candidates" | "preview";
type Drawn = Extract<LayerSpecification, { source: string }>;

const round = { "line-cap": "round" as const, "line-join": "round" as const };
const isPoint = ["==", ["geometry-type"], "Point"] as unknown as NonNullable<Drawn["filter"]>;
const isLine = ["==", ["geometry-type"], "LineString"] as unknown as NonNullable<Drawn["filter"]>;
const role = (colours: [string, string][], other: string): string =>
  colours.length === 0 ? other : (["match", ["coalesce", ["get", "role"], ""], ...colours.flat(), other] as unknown as string);

function look(source: OverlayName, colours: [string, string][], other: string, width: number): Drawn[] {
  const colour = role(colours, other);
  return [
    { id: `${source}-lines`, type: "line", source, filter: isLine, layout: round, paint: { "line-color": colour, "line-width": width, "line-opacity": 0.75 } },
    { id: `${source}-points`, type: "circle", source, filter: isPoint, paint: { "circle-radius": 7, "circle-color": colour, "circle-stroke-color": "#ffffff", "circle-stroke-width": 2 } },
  ];
}

export const OVERLAY_LAYERS: Drawn[] = [
  ...look("trace", [["start", "#1b7837"], ["barrier", "#b3261e"]], "#e6008a", 6),
  ...look("isolation", [["close", "#b3261e"], ["passed", "#d98200"], ["held", "#4d4d4d"], ["cut_off", "#7b3294"]], "#3f7fbf", 6),
  ...look("difference", [["added", "#1b7837"], ["changed", "#d98200"], ["removed", "#b3261e"]], "#7b3294", 6),
  ...look("candidates", [], "#d31f6f", 7),
  ...look("preview", [], "#008a8a", 5),
  ...look("draft", [["bend", "#ffffff"]], "#d4006a", 4),
];
