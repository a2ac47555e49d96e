// A second map beside the first, or under it on a phone: the same network at the same place, which both lead.
import L from "leaflet";
import { maplibreGL } from "@maplibre/maplibre-gl-leaflet";
import type { Map as GlMap } from "maplibre-gl";
import { make } from "../page";
import { onTheme, shownTheme } from "../theme";
import { addPmtiles, pictureAddress } from "./base_map";
import { dress } from "./looks";
import { styleOf } from "./style";
import type { Workspace } from "./workspace";

export class SecondMap {
  readonly map: L.Map;
  readonly holder = make("div", { class: "compare-map", id: "compare-map" });
  private readonly frame = document.querySelector<HTMLElement>(".map-frame");
  private readonly names = [make("p", { class: "compare-name", id: "compare-left" }), make("p", { class: "compare-name", id: "compare-right" })] as const;
  private readonly layer: ReturnType<typeof maplibreGL>;
  private readonly endTheme: () => void;
  private isFollowing = false;
  private isReady = false;

  /** `complete` draws what this map has beyond the network, once the network's style stands. */
  constructor(
    private readonly workspace: Workspace,
    coloursZones: boolean,
    private readonly complete: (gl: GlMap) => void,
  ) {
    this.frame?.classList.add("is-compared");
    this.frame?.append(this.holder, ...this.names);
    const { settings, network } = workspace;
    const style = styleOf({ network, tiles: settings.addresses.tiles, basemap: pictureAddress(settings.basemap), theme: shownTheme(), coloursZones });
    this.map = L.map(this.holder, { zoomSnap: 0.5, minZoom: 3, maxZoom: 21, attributionControl: false, zoomControl: false, keyboard: false });
    workspace.map.invalidateSize({ animate: false });
    this.map.setView(workspace.map.getCenter(), workspace.map.getZoom(), { animate: false });
    this.layer = maplibreGL({ style });
    this.layer.addTo(this.map);
    this.endTheme = onTheme((theme) => dress(this.gl, theme));
    void this.gl.once("load", () => {
      if (settings.basemap.kind === "pmtiles") addPmtiles(this.gl, settings.basemap.address, shownTheme()).catch((error: unknown) => console.warn("map:", error));
      this.isReady = true;
      this.renew();
      this.holder.dataset["ready"] = "true";
    });
    workspace.map.on("move", this.follow);
    this.map.on("move", this.lead);
  }

  get gl(): GlMap {
    return this.layer.getMaplibreMap();
  }

  /** Say what is on which side. */
  name(left: string, right: string): void {
    this.names[0].textContent = left;
    this.names[1].textContent = right;
  }

  /** Draw anew what this map has beyond the network. */
  renew(): void {
    if (this.isReady) this.complete(this.gl);
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
    this.endTheme();
    this.workspace.map.off("move", this.follow);
    this.map.remove();
    this.holder.remove();
    for (const name of this.names) name.remove();
    this.frame?.classList.remove("is-compared");
    this.workspace.map.invalidateSize({ animate: false });
  }
}
