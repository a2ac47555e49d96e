// The zones' colours of another month on a second map.
import L from "leaflet";
import type { Map as GlMap } from "maplibre-gl";
import { make } from "../page";
import { SecondMap } from "./second_map";
import type { Workspace } from "./workspace";

export interface ComparedZone {
  uid: string;
  colour: string;
  hasZones: boolean;
  centre: [latitude: number, longitude: number] | null;
  said: string;
}

export class CompareMap {
  private readonly second: SecondMap;
  private readonly labels = L.layerGroup();
  private zones: ComparedZone[] = [];

  constructor(workspace: Workspace) {
    this.second = new SecondMap(workspace, true, (gl) => this.paint(gl));
    this.labels.addTo(this.second.map);
  }

  /** Colour the zones, and say which month is on which side. */
  show(left: string, right: string, zones: ComparedZone[]): void {
    this.second.name(left, right);
    this.zones = zones;
    this.labels.clearLayers();
    for (const { centre, said, hasZones } of zones) {
      if (centre === null || hasZones || said === "") continue;
      const html = make("div", {}, make("b", {}, said));
      L.marker(centre, { icon: L.divIcon({ className: "zone-label", iconSize: [0, 0], html }), interactive: false, keyboard: false }).addTo(this.labels);
    }
    this.second.renew();
  }

  private paint(gl: GlMap): void {
    for (const { uid, colour, hasZones } of this.zones) gl.setFeatureState({ source: "zones", sourceLayer: "zones", id: uid }, { colour, hasZones });
  }

  close(): void {
    this.second.close();
  }
}
