// A small map with one network on it.
import L from "leaflet";
import { maplibreGL } from "@maplibre/maplibre-gl-leaflet";
import { iconFile } from "./page";
import { shownTheme } from "./theme";
import { dressed } from "./map/looks";
import { styleOf, symbolLayers } from "./map/style";
import { addSymbols } from "./map/symbols";

export interface Background {
  basemap: string;
  tiles: string;
}

export function smallMap(holder: HTMLElement, options: L.MapOptions = {}): L.Map {
  const map = L.map(holder, { zoomSnap: 0.5, minZoom: 3, maxZoom: 21, attributionControl: false, scrollWheelZoom: false, ...options });
  L.control.scale({ imperial: false }).addTo(map);
  return map;
}

/** Draw a network, or the base map alone where there is none or no WebGL; the holder is `ready` when it stands. Answers how to take it away. */
export function drawNetwork(map: L.Map, holder: HTMLElement, network: string | null, settings: Background): () => void {
  const canvas = document.createElement("canvas");
  if (network === null || (canvas.getContext("webgl2") === null && canvas.getContext("webgl") === null)) {
    const pictures = settings.basemap === "" ? null : L.tileLayer(settings.basemap, { maxZoom: 21 }).addTo(map);
    holder.dataset["ready"] = "true";
    return () => pictures?.remove();
  }
  const layer = maplibreGL({ style: styleOf({ network, tiles: settings.tiles, basemap: settings.basemap, theme: shownTheme(), coloursZones: false }) });
  layer.addTo(map);
  const gl = layer.getMaplibreMap();
  const warn = (error: unknown): void => {
    console.warn("map:", error);
  };
  gl.on("load", () => {
    addSymbols(gl, iconFile)
      .then(() => {
        for (const symbols of symbolLayers()) gl.addLayer(dressed(symbols, shownTheme()));
      })
      .catch(warn);
  });
  gl.on("error", (event) => {
    warn(event.error);
  });
  void gl.once("idle", () => (holder.dataset["ready"] = "true"));
  return () => layer.remove();
}
