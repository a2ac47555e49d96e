// The drawing library's adapter to Leaflet, with its panes placed by script.
import { TerraDrawLeafletAdapter } from "terra-draw-leaflet-adapter";
import type L from "leaflet";

// Leaflet puts its own overlays at 400 and its markers at 600.
const ABOVE_MARKERS = 600;

/**
 * Places the pane of a kind of drawn thing, by its order among them. The adapter does so by writing a style sheet into the page,
 * which the page's policy refuses. What it gets to remove is nothing: the pane keeps its renderer when drawing begins again.
 */
export function placePane(map: L.Map, name: string, order: number): { remove(): void } {
  const pane = map.getPane(name) ?? map.createPane(name);
  pane.style.zIndex = String(ABOVE_MARKERS + order);
  return { remove: () => undefined };
}

/** An adapter to be given to the drawing library. */
export function drawingAdapter(lib: typeof L, map: L.Map): TerraDrawLeafletAdapter {
  const adapter = new TerraDrawLeafletAdapter({ lib, map, coordinatePrecision: 9 });
  // Private in its declarations, and the only way in.
  Object.assign(adapter, { createPaneStyleSheet: (name: string, order: number) => placePane(map, name, order) });
  return adapter;
}
