// What lies under a click: all of it, offered as a list when it is more than one thing.
import type L from "leaflet";
import type { MapGeoJSONFeature } from "maplibre-gl";
import { element, icon, make } from "../page";
import type { AssetClass, ElementReference } from "./selection";
import { isWide, type Workspace } from "./workspace";

export interface Candidate extends ElementReference {
  kind: string;
  code: string;
}

// A finger hits within ten pixels, a mouse within six.
const REACH_PX = { finger: 10, mouse: 6 };
const NEAR_ZOOM = 13;
const MOST_LISTED = 12;
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

export class Picker {
  private readonly list = element("pick-list");
  private where: L.LatLng | null = null;

  constructor(private readonly workspace: Workspace) {
    workspace.takeClicks((place, event) => this.click(place, event.originalEvent.shiftKey || event.originalEvent.ctrlKey));
    workspace.map.on("mousemove", (event) => this.hover(event.latlng));
    workspace.map.on("movestart", () => this.close());
    this.list.addEventListener("keydown", (event) => this.moveInList(event));
    // The cross in the middle is for who has only keys.
    workspace.holder.addEventListener("pointerdown", () => workspace.holder.classList.remove("by-keyboard"));
    workspace.holder.addEventListener("focusout", () => workspace.holder.classList.remove("by-keyboard"));
    workspace.holder.addEventListener("keyup", () => workspace.holder.classList.toggle("by-keyboard", document.activeElement === workspace.holder));
    workspace.holder.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === workspace.holder) this.click(workspace.map.getCenter(), event.shiftKey);
    });
  }

  private zoneAt(place: L.LatLng): ElementReference | null {
    const { gl } = this.workspace;
    if (gl.getLayer("zones") === undefined) return null;
    const spot = gl.project([place.lng, place.lat]);
    const zone = gl.queryRenderedFeatures([spot.x, spot.y], { layers: ["zones"] })[0]?.properties["uid"] as unknown;
    return typeof zone === "string" ? { assetClass: "zone", uid: zone } : null;
  }

  private click(place: L.LatLng, adds: boolean): boolean {
    this.close();
    const found = candidatesUnder(this.workspace, place);
    const [only] = found;
    if (only !== undefined && found.length === 1) this.choose(only, adds);
    else if (found.length > 1) this.offer(found, place, adds);
    else {
      const zone = this.zoneAt(place);
      if (zone !== null) this.choose(zone, adds);
      else if (!adds) this.workspace.selection.clear();
    }
    return true;
  }

  private choose(candidate: ElementReference, adds: boolean): void {
    this.close();
    const { assetClass, uid } = candidate;
    if (adds) this.workspace.selection.toggle({ assetClass, uid });
    else this.workspace.selection.set([{ assetClass, uid }]);
  }

  private offer(found: Candidate[], place: L.LatLng, adds: boolean): void {
    const { workspace } = this;
    const buttons = found.slice(0, MOST_LISTED).map((candidate) => {
      const button = make("button", { type: "button" }, icon(candidate.kind), make("span", { class: "name" }, candidate.code), make("span", { class: "muted small" }, workspace.kindName(candidate.kind)));
      button.addEventListener("click", () => this.choose(candidate, adds));
      return make("li", {}, button);
    });
    const title = make("p", { class: "muted small" }, workspace.word("severalHere", { n: found.length }));
    this.list.replaceChildren(title, make("ul", {}, ...buttons));
    this.list.hidden = false;
    this.where = place;
    this.place();
    this.list.querySelector("button")?.focus();
  }

  private place(): void {
    if (this.where === null) return;
    const point = this.workspace.map.latLngToContainerPoint(this.where);
    const size = this.workspace.map.getSize();
    this.list.style.left = `${Math.max(8, Math.min(point.x + 12, size.x - this.list.offsetWidth - 8))}px`;
    this.list.style.top = `${Math.max(8, Math.min(point.y - 12, size.y - this.list.offsetHeight - 8))}px`;
  }

  private moveInList(event: KeyboardEvent): void {
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      buttons[(at + step + buttons.length) % buttons.length]?.focus();
      event.preventDefault();
    } else if (event.key === "Escape") {
      this.close();
      this.workspace.holder.focus();
      event.stopPropagation();
    }
  }

  close(): void {
    this.list.hidden = true;
    this.where = null;
  }

  get isOpen(): boolean {
    return !this.list.hidden;
  }

  private hover(place: L.LatLng): void {
    const { gl, holder } = this.workspace;
    if (!gl.isStyleLoaded() || gl.isMoving()) return;
    holder.style.cursor = candidatesUnder(this.workspace, place).length === 0 ? "" : "pointer";
  }
}
