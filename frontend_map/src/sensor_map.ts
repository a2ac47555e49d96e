// Where a device is: a small map with the network around it.
import L from "leaflet";
import { make } from "./page";
import { type Background, drawNetwork, smallMap } from "./small_map";

export interface PlaceSettings extends Background {
  place: [longitude: number, latitude: number];
  node: string | null;
  network: string | null;
  label: string;
}

const ZOOM = 16.5;

export function showPlace(holder: HTMLElement, settings: PlaceSettings): void {
  const [longitude, latitude] = settings.place;
  const map = smallMap(holder);
  map.setView([latitude, longitude], ZOOM);
  drawNetwork(map, holder, settings.network, settings);
  L.circleMarker([latitude, longitude], { radius: 13, color: "#b98900", weight: 3, fillColor: "#ffd23e", fillOpacity: 0.45, interactive: false }).addTo(map);
  // As an element: Leaflet takes a text for HTML.
  const label = make("span", {}, settings.label);
  L.circleMarker([latitude, longitude], { radius: 3, color: "#14232e", weight: 1, fillColor: "#14232e", fillOpacity: 1 }).bindTooltip(label).addTo(map);
}
