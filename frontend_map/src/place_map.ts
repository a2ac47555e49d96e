// A small map on which somebody shows what a premise hangs on: the nearest to the click, or another of those near it.
import L from "leaflet";
import { fetchJson, figure, filled, make } from "./page";
import type { Place } from "./new_account_body";
import { type Background, drawNetwork, smallMap } from "./small_map";

interface Near {
  kind: string;
  uid: string;
  code: string;
  network: string;
  distance_m: number;
  longitude: number;
  latitude: number;
}

export interface PlaceTexts {
  kinds: Record<string, string>;
  away: string;
  nothingNear: string;
}

const OFFERED = 4;
const ASKED = 20;
const FARTHEST_M = 250;

export class PlaceMap {
  private readonly map: L.Map;
  private readonly marks = L.layerGroup();
  private network = "";
  private takeAway: () => void = () => undefined;
  private running = new AbortController();
  place: Place | null = null;

  constructor(
    private readonly holder: HTMLElement,
    private readonly choices: HTMLElement,
    private readonly settings: Background & { api: string },
    private readonly texts: PlaceTexts,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.map = smallMap(holder, { scrollWheelZoom: true });
    this.map.setView([41.3, 69.3], 6);
    this.marks.addTo(this.map);
    this.map.on("click", (event) => void this.ask(event.latlng).catch(this.onFailure));
    choices.addEventListener("change", () => this.takeChosen());
  }

  /** Show another network, all of it. */
  async show(network: string): Promise<void> {
    this.network = network;
    this.forget();
    this.takeAway();
    this.takeAway = drawNetwork(this.map, this.holder, network, this.settings);
    const address = `${this.settings.tiles.replace("LAYER", "pipes")}?network=${encodeURIComponent(network)}`;
    const { bounds } = await fetchJson<{ bounds?: [number, number, number, number] }>(address);
    if (bounds === undefined) return;
    const [west, south, east, north] = bounds;
    this.map.fitBounds([
      [south, west],
      [north, east],
    ]);
  }

  /** After the map was hidden it does not know its size. */
  refresh(): void {
    this.map.invalidateSize();
  }

  private forget(): void {
    this.place = null;
    this.marks.clearLayers();
    this.choices.replaceChildren();
  }

  private async ask({ lat, lng }: L.LatLng): Promise<void> {
    this.running.abort();
    this.running = new AbortController();
    this.forget();
    const found = await fetchJson<Near[]>(`${this.settings.api}nearest/?lon=${lng.toFixed(7)}&lat=${lat.toFixed(7)}&limit=${ASKED}`, this.running.signal);
    const near = found.filter((one) => one.network === this.network && one.distance_m <= FARTHEST_M).slice(0, OFFERED);
    L.circleMarker([lat, lng], { radius: 4, color: "#14232e", weight: 1, fillColor: "#14232e", fillOpacity: 1, interactive: false }).addTo(this.marks);
    if (near.length === 0) {
      this.choices.replaceChildren(make("p", { class: "empty" }, this.texts.nothingNear));
      return;
    }
    this.choices.replaceChildren(...near.map((one, place) => this.choice(one, place === 0, [lng, lat])));
    this.takeChosen();
  }

  private choice(near: Near, isFirst: boolean, [longitude, latitude]: [number, number]): HTMLElement {
    const radio = make("input", { type: "radio", name: "place", value: near.uid });
    radio.checked = isFirst;
    // Of a pipe it is the point nearest to the click; where that is, the server finds out by itself.
    Object.assign(radio.dataset, { kind: near.kind, longitude: String(longitude), latitude: String(latitude), lon: String(near.longitude), lat: String(near.latitude) });
    const away = filled(this.texts.away, { distance: figure(near.distance_m) });
    return make("label", { class: "check" }, radio, make("span", {}, make("b", {}, `${this.texts.kinds[near.kind] ?? near.kind} ${near.code}`), " ", make("span", { class: "muted small" }, away)));
  }

  private takeChosen(): void {
    const radio = this.choices.querySelector<HTMLInputElement>("input:checked");
    if (radio === null) return;
    const { longitude, latitude, lon, lat } = radio.dataset;
    this.place = radio.dataset["kind"] === "pipe" ? { pipe: radio.value, longitude: Number(longitude), latitude: Number(latitude) } : { node: radio.value };
    for (const layer of this.marks.getLayers()) if (layer instanceof L.CircleMarker && layer.options.radius === 11) this.marks.removeLayer(layer);
    L.circleMarker([Number(lat), Number(lon)], { radius: 11, color: "#b98900", weight: 3, fillColor: "#ffd23e", fillOpacity: 0.45, interactive: false }).addTo(this.marks);
  }
}
