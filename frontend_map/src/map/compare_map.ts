// A second map beside the first: the same place, the zones' colours of another month.
import L from "leaflet";
import { maplibreGL } from "@maplibre/maplibre-gl-leaflet";
import { make } from "../page";
import { styleOf } from "./style";
import type { Workspace } from "./workspace";

export interface ComparedZone {
  uid: string;
  colour: string;
  hasZones: boolean;
  centre: [latitude: number, longitude: number] | null;
  said: string;
}

export class CompareMap {
  private readonly frame = document.querySelector<HTMLElement>(".map-frame");
  private readonly holder = make("div", { class: "compare-map", id: "compare-map" });
  private readonly names = [make("p", { class: "compare-name", id: "compare-left" }), make("p", { class: "compare-name", id: "compare-right" })] as const;
  private readonly map: L.Map;
  private readonly layer: ReturnType<typeof maplibreGL>;
  private isFollowing = false;
  private readonly labels = L.layerGroup();
  private zones: ComparedZone[] = [];

  constructor(private readonly workspace: Workspace) {
    this.frame?.classList.add("is-compared");
    this.frame?.append(this.holder, ...this.names);
    const { settings, network } = workspace;
    const style = styleOf({ network, tiles: settings.addresses.tiles, basemap: settings.basemap.kind === "xyz" ? settings.basemap.address : "", coloursZones: true });
    this.map = L.map(this.holder, { zoomSnap: 0.5, minZoom: 3, maxZoom: 21, attributionControl: false, zoomControl: false, keyboard: false });
    workspace.map.invalidateSize({ animate: false });
    this.map.setView(workspace.map.getCenter(), workspace.map.getZoom(), { animate: false });
    this.labels.addTo(this.map);
    this.layer = maplibreGL({ style });
    this.layer.addTo(this.map);
    void this.gl.once("load", () => {
      this.paint();
      this.holder.dataset["ready"] = "true";
    });
    workspace.map.on("move", this.follow);
    this.map.on("move", this.lead);
  }

  private get gl(): ReturnType<ReturnType<typeof maplibreGL>["getMaplibreMap"]> {
    return this.layer.getMaplibreMap();
  }

  /** Colour the zones, and say which month is on which side. */
  show(left: string, right: string, zones: ComparedZone[]): void {
    this.names[0].textContent = left;
    this.names[1].textContent = right;
    this.zones = zones;
    this.labels.clearLayers();
    for (const { centre, said, hasZones } of zones) {
      if (centre === null || hasZones || said === "") continue;
      const html = make("div", {}, make("b", {}, said));
      L.marker(centre, { icon: L.divIcon({ className: "zone-label", iconSize: [0, 0], html }), interactive: false, keyboard: false }).addTo(this.labels);
    }
    if (this.gl.getSource("zones") !== undefined) this.paint();
  }

  private paint(): void {
    for (const { uid, colour, hasZones } of this.zones) this.gl.setFeatureState({ source: "zones", sourceLayer: "zones", id: uid }, { colour, hasZones });
  }

  private readonly follow = (): void => this.copy(this.workspace.map, this.map);
  private readonly lead = (): void => this.copy(this.map, this.workspace.map);

  private copy(from: L.Map, to: L.Map): void {
    if (this.isFollowing) return;
    this.isFollowing = true;
    to.setView(from.getCenter(), from.getZoom(), { animate: false });
    this.isFollowing = false;
  }

  close(): void {
    this.workspace.map.off("move", this.follow);
    this.map.remove();
    this.holder.remove();
    for (const name of this.names) name.remove();
    this.frame?.classList.remove("is-compared");
    this.workspace.map.invalidateSize({ animate: false });
  }
}
