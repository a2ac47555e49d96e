// Colours of the map by day and by night: what is drawn under, over and between the network's own colours.
import type { ExpressionSpecification, LayerSpecification, Map as GlMap } from "maplibre-gl";
import type { Theme } from "../theme";
import { pipeColour, PLAIN_BY_NIGHT } from "./themes";

type Colour = string | ExpressionSpecification;

const selected: ExpressionSpecification = ["boolean", ["feature-state", "selected"], false];

/** Layer, property, and its colour by day (as the style has it) and by night. */
export const LOOKS: readonly [layer: string, property: string, light: Colour, dark: Colour][] = [
  ["ground", "background-color", "#eef2f4", "#18222a"],
  ["basemap-land", "fill-color", "#e3ebdc", "#1c2a26"],
  ["basemap-water", "fill-color", "#b5d5e6", "#15364a"],
  ["basemap-waterways", "line-color", "#b5d5e6", "#15364a"],
  ["basemap-buildings", "fill-color", "#dcd6cc", "#2b363e"],
  ["basemap-road-casings", "line-color", "#cdd4d8", "#10181e"],
  ["basemap-roads", "line-color", "#ffffff", "#3b4a55"],
  ["basemap-boundaries", "line-color", "#98a3ab", "#5f707c"],
  ["basemap-places", "text-color", "#55616a", "#b4c0c8"],
  ["basemap-places", "text-halo-color", "#ffffff", "#18222a"],
  ["divisions", "fill-color", "#ffffff", "#26333d"],
  ["division-edges", "line-color", "#9aa7b0", "#627480"],
  ["parcels", "line-color", "#a08a5c", "#85744f"],
  ["buildings", "fill-color", "#d9d2c7", "#2f3b44"],
  ["buildings", "fill-outline-color", "#b9ae9e", "#46555f"],
  ["street-casings", "line-color", "#cfd6da", "#10181e"],
  ["streets", "line-color", "#ffffff", "#3b4a55"],
  ["street-names", "text-color", "#6a6f73", "#b4c0c8"],
  ["street-names", "text-halo-color", "#ffffff", "#18222a"],
  ["zone-edges", "line-color", ["case", selected, "#0b3a57", "#6b7f8d"], ["case", selected, "#9cd0f5", "#7d93a1"]],
  ["pipes", "line-color", pipeColour("plain", 0), PLAIN_BY_NIGHT],
  ["pipe-labels", "text-color", "#17384d", "#cfe3f0"],
  ["pipe-labels", "text-halo-color", "#ffffff", "#18222a"],
  ["node-symbols", "text-color", "#3d2b4f", "#e0d2ef"],
  ["node-symbols", "text-halo-color", "#ffffff", "#18222a"],
];
/** Pictures have colours of their own: by night they are dimmed. */
const RASTER_MOST: Record<Theme, number> = { light: 1, dark: 0.5 };

/** A layer in the colours of a theme, before it is added to a map. */
export function dressed(layer: LayerSpecification, theme: Theme): LayerSpecification {
  if (theme === "light" || !("paint" in layer)) return layer;
  const paint: Record<string, unknown> = { ...layer.paint };
  for (const [id, property, , dark] of LOOKS) if (id === layer.id.replace(/-\d$/, "")) paint[property] = dark;
  if (layer.type === "raster") paint["raster-brightness-max"] = RASTER_MOST.dark;
  return { ...layer, paint };
}

/** Give what a map draws the colours of a theme. */
export function dress(gl: GlMap, theme: Theme): void {
  for (const [name, property, light, dark] of LOOKS)
    for (const id of [name, `${name}-2`, `${name}-3`]) if (gl.getLayer(id) !== undefined) gl.setPaintProperty(id, property, theme === "dark" ? dark : light);
  if (gl.getLayer("basemap")?.type === "raster") gl.setPaintProperty("basemap", "raster-brightness-max", RASTER_MOST[theme]);
}
