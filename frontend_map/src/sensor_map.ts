// Where a device is: a small map with the network around it.
import L from "leaflet";
import { maplibreGL } from "@maplibre/maplibre-gl-leaflet";
import { iconFile, make } from "./page";
import { shownTheme } from "./theme";
import { dressed } from "./map/looks";
import { styleOf, symbolLayers } from "./map/style";
import { addSymbols } from "./map/symbols";

export interface PlaceSettings {
  place: [longitude: number, latitude: number];
  node: string | null;
  network: string | null;
  basemap: string;
  tiles: string;
  label: string;
}

const ZOOM = 16.5;

export function showPlace(holder: HTMLElement, settings: PlaceSettings): void {
  const [longitude, latitude] = settings.place;
  const map = L.map(holder, { zoomSnap: 0.5, minZoom: 3, maxZoom: 21, attributionControl: false, scrollWheelZoom: false });
  map.setView([latitude, longitude], ZOOM);
  L.control.scale({ imperial: false }).addTo(map);
  const canvas = document.createElement("canvas");
  if (settings.network !== null && (canvas.getContext("webgl2") !== null || canvas.getContext("webgl") !== null)) {
    const layer = maplibreGL({
      style: styleOf({ network: settings.network, tiles: settings.tiles, basemap: settings.basemap, theme: shownTheme(), coloursZones: false }),
    });
    layer.addTo(map);
    const gl = layer.getMaplibreMap();
    const warn = (error: unknown): void => {
      console.warn("map:", error);
    };
    gl.on("load", () => {
      addSymbols(gl, iconFile)
        .then(() => {
          for (const layer of symbolLayers()) gl.addLayer(dressed(layer, shownTheme()));
        })
        .catch(warn);
    });
    gl.on("error", (event) => {
      warn(event.error);
    });
    void gl.once("idle", () => (holder.dataset["ready"] = "true"));
  } else {
    if (settings.basemap !== "") L.tileLayer(settings.basemap, { maxZoom: 21 }).addTo(map);
    holder.dataset["ready"] = "true";
  }
  L.circleMarker([latitude, longitude], { radius: 13, color: "#b98900", weight: 3, fillColor: "#ffd23e", fillOpacity: 0.45, interactive: false }).addTo(map);
  // As an element: Leaflet takes a text for HTML.
  const label = make("span", {}, settings.label);
  L.circleMarker([latitude, longitude], { radius: 3, color: "#14232e", weight: 1, fillColor: "#14232e", fillOpacity: 1 }).bindTooltip(label).addTo(map);
}
