// The network map: Leaflet for the map itself, MapLibre GL inside it for the vector tiles.
import L from "leaflet";
import { maplibreGL } from "@maplibre/maplibre-gl-leaflet";
import type { Map as GlMap, MapGeoJSONFeature } from "maplibre-gl";
import "./styles/map.css";
import { type Balance, type Basis, classes, colourBelowZero, colourInsufficient, colourNoData, colourOf, shareOf, type Suspicion } from "./balances";
import { element, fetchAll, fetchJson, icon, iconFile, make, monthName, percent, settingsOf } from "./page";
import { head, type NodeAnswer, nodeTable, type PipeAnswer, pipeTable, zoneBody } from "./map_details";
import { type Found, startSearch } from "./map_search";
import { type MapSettings, type MapTexts, word } from "./map_settings";
import { addSymbols, styleOf } from "./map_style";
import { notify } from "./notice";
import { centreOf } from "./zone_centre";

interface ZoneAnswer {
  uid: string;
  code: string;
  name: string;
  parent: string | null;
  geometry: { coordinates: number[][][][] } | null;
}
type AssetClass = "zone" | "node" | "pipe";
interface Selection {
  assetClass: AssetClass;
  uid: string;
}

const settings = settingsOf<MapSettings>("map-settings");
const texts = settingsOf<MapTexts>("map-texts");
const sourceOf: Record<AssetClass, string> = { zone: "zones", node: "nodes", pipe: "pipes" };
const nothingUid = "00000000-0000-0000-0000-000000000000";
// A finger hits within six pixels.
const TOUCH_PX = 6;
const MOST_DEVICES = 6;
const NEAR_ZOOM = 14.5;
// How far above the middle a chosen thing stands on a phone, as a share of the map's height.
const SHEET_SHIFT = 0.22;
const isWide = (): boolean => window.matchMedia("(min-width: 861px)").matches;

class NetworkMap {
  private readonly holder = element("map");
  private readonly details = element("details");
  private readonly map: L.Map;
  private readonly gl: GlMap;
  private readonly network: string;
  private readonly labels = L.layerGroup();
  private zones: ZoneAnswer[] = [];
  private balances: Balance[] = [];
  private suspicions: Suspicion[] = [];
  private months: string[] = [];
  private month = 0;
  private basis: Basis = "billed";
  private selection: Selection | null = null;

  constructor(network: string) {
    this.network = network;
    this.map = L.map(this.holder, { zoomSnap: 0.5, minZoom: 3, maxZoom: 21, zoomAnimation: true, attributionControl: false });
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    this.fit(false);
    const layer = maplibreGL({
      style: styleOf({ network, tiles: settings.addresses.tiles, basemap: settings.basemap, coloursZones: settings.showsBalances }),
    });
    layer.addTo(this.map);
    this.labels.addTo(this.map);
    this.gl = layer.getMaplibreMap();
    this.gl.on("load", () => {
      addSymbols(this.gl, iconFile).catch((error: unknown) => {
        console.warn("map:", error);
        say(word(texts, "loadFailed"));
      });
    });
    this.gl.on("idle", () => {
      if (this.gl.getLayer("node-symbols") !== undefined) this.tellState();
    });
    this.gl.on("error", (event) => {
      console.warn("map:", event.error);
      say(word(texts, "loadFailed"));
    });
    this.map.on("click", (event) => void this.click(event));
    this.map.on("mousemove", (event) => this.hover(event));
    this.map.on("zoomend", () => this.showLabels());
    this.map.on("moveend", () => this.tellCentre());
    this.listen();
    this.tellCentre();
  }

  private listen(): void {
    const chosen = element("network", HTMLSelectElement);
    chosen.addEventListener("change", () => {
      window.location.assign(`${settings.addresses.page}?${new URLSearchParams({ network: chosen.value })}`);
    });
    element("fit").addEventListener("click", () => this.fit(true));
    startSearch(texts, settings.addresses.api, this.network, (found) => void this.goTo(found));
    const slider = element("month", HTMLInputElement);
    slider.addEventListener("input", () => this.showMonth(Number(slider.value)));
    element("month-back").addEventListener("click", () => this.showMonth(this.month - 1));
    element("month-forward").addEventListener("click", () => this.showMonth(this.month + 1));
    for (const choice of document.querySelectorAll<HTMLInputElement>("input[name=basis]")) {
      choice.addEventListener("change", () => {
        this.basis = choice.value === "apportioned" ? "apportioned" : "billed";
        this.paint();
      });
    }
  }

  async load(): Promise<void> {
    const api = settings.addresses.api;
    const query = new URLSearchParams({ network: this.network, limit: "1000" });
    const zones = fetchAll<ZoneAnswer>(`${api}zones/?${query}`);
    if (settings.showsBalances) {
      [this.zones, this.balances, this.suspicions] = await Promise.all([
        zones,
        fetchAll<Balance>(`${api}zone-balances/?granularity=month&${query}`),
        fetchAll<Suspicion>(`${api}leak-suspicions/?${query}`),
      ]);
      this.months = [...new Set(this.balances.map((balance) => balance.period_start))].sort();
      this.startPanel();
    } else {
      this.zones = await zones;
    }
    this.paint();
    await this.selectFromAddress();
  }

  private startPanel(): void {
    element("panel").hidden = false;
    const slider = element("month", HTMLInputElement);
    slider.max = String(Math.max(0, this.months.length - 1));
    slider.disabled = this.months.length < 2;
    if (!isWide()) {
      document.querySelector<HTMLDetailsElement>(".legend-details")?.removeAttribute("open");
    }
    element("legend").replaceChildren(
      ...classes.map((shown) => legendEntry(shown.colour, shown.label)),
      legendEntry(colourBelowZero, word(texts, "belowZero")),
      legendEntry(colourInsufficient, word(texts, "insufficient")),
      legendEntry(colourNoData, word(texts, "noData")),
    );
    this.showMonth(this.months.length - 1);
  }

  private showMonth(month: number): void {
    this.month = Math.min(Math.max(0, month), Math.max(0, this.months.length - 1));
    const shown = this.months[this.month];
    element("month-name").textContent = shown === undefined ? word(texts, "noBalances") : monthName(shown);
    element("month", HTMLInputElement).value = String(this.month);
    element("month").setAttribute("aria-valuetext", shown === undefined ? "" : monthName(shown));
    element("month-back", HTMLButtonElement).disabled = this.month <= 0;
    element("month-forward", HTMLButtonElement).disabled = this.month >= this.months.length - 1;
    this.paint();
  }

  private balanceOf(zone: string): Balance | undefined {
    const month = this.months[this.month];
    return this.balances.find((balance) => balance.zone === zone && balance.period_start === month);
  }

  /** Colour the zones for the month and basis, and bring labels, list and details along. */
  private paint(): void {
    const colour = (): void => {
      for (const zone of this.zones) {
        const state = { colour: colourOf(this.balanceOf(zone.uid), this.basis), hasZones: this.hasZones(zone) };
        this.gl.setFeatureState({ source: "zones", sourceLayer: "zones", id: zone.uid }, state);
      }
    };
    if (this.gl.getSource("zones") === undefined) void this.gl.once("load", colour);
    else colour();
    if (settings.showsBalances) {
      this.listZones();
      this.holder.dataset["month"] = this.months[this.month] ?? "";
      this.holder.dataset["basis"] = this.basis;
    }
    this.showLabels();
    if (this.selection?.assetClass === "zone") this.explainZone(this.selection.uid);
  }

  private listZones(): void {
    const ranked = this.zones
      .map((zone) => {
        const balance = this.balanceOf(zone.uid);
        return { zone, balance, share: balance === undefined ? null : shareOf(balance, this.basis) };
      })
      .sort((one, other) => (other.share ?? -Infinity) - (one.share ?? -Infinity) || one.zone.code.localeCompare(other.zone.code));
    element("zone-list").replaceChildren(
      ...ranked.map(({ zone, balance, share }) => {
        const swatch = make("span", { class: "swatch", style: `background: ${colourOf(balance, this.basis)}` });
        const value = share === null ? "–" : percent(share);
        const button = make("button", { type: "button" }, swatch, make("span", { class: "name" }, zone.name), make("span", { class: "value" }, value));
        button.addEventListener("click", () => {
          const centre = centreOf(zone.geometry?.coordinates);
          if (centre !== null) this.bringIntoView(centre);
          void this.select({ assetClass: "zone", uid: zone.uid });
        });
        return make("li", {}, button);
      }),
    );
  }

  /** Names and percentages over the zones: as HTML, since no font server is at hand for the GL map. */
  private showLabels(): void {
    this.labels.clearLayers();
    const taken: L.Bounds[] = [];
    // Suspected zones first: where two labels would cover each other, the first one stays.
    const order = this.zones.filter((zone) => !this.hasZones(zone)).sort((one, other) => Number(this.isSuspected(other)) - Number(this.isSuspected(one)));
    for (const zone of order) {
      const centre = centreOf(zone.geometry?.coordinates);
      if (centre === null) continue;
      const balance = this.balanceOf(zone.uid);
      const share = balance === undefined ? null : shareOf(balance, this.basis);
      const name = this.isSuspected(zone) ? `▲ ${zone.name}` : zone.name;
      const box = labelBox(this.map.latLngToContainerPoint(centre), name);
      if (taken.some((other) => other.intersects(box))) continue;
      taken.push(box);
      const html = make("div", {}, make("span", this.isSuspected(zone) ? { class: "alert" } : {}, name));
      if (share !== null) html.append(make("br"), make("b", {}, percent(share)));
      const label = L.divIcon({ className: "zone-label", iconSize: [0, 0], html });
      L.marker(centre, { icon: label, interactive: false, keyboard: false }).addTo(this.labels);
    }
  }

  private hasZones(zone: ZoneAnswer): boolean {
    return this.zones.some((other) => other.parent === zone.uid);
  }

  private isSuspected(zone: ZoneAnswer): boolean {
    return this.suspicions.some((suspicion) => suspicion.zone === zone.uid);
  }

  private featureAt(point: L.LatLng): MapGeoJSONFeature | undefined {
    const spot = this.gl.project([point.lng, point.lat]);
    const box: [[number, number], [number, number]] = [
      [spot.x - TOUCH_PX, spot.y - TOUCH_PX],
      [spot.x + TOUCH_PX, spot.y + TOUCH_PX],
    ];
    // From afar one means the zone: pipes and junctions lie too close to be pointed at.
    const isNear = !settings.showsBalances || this.map.getZoom() >= NEAR_ZOOM;
    const layers = ["node-symbols", ...(isNear ? ["junctions", "pipes", "pipes-closed"] : [])].filter((name) => this.gl.getLayer(name) !== undefined);
    const found = this.gl.queryRenderedFeatures(box, { layers }).filter((feature) => feature.properties["is_connector"] !== true && feature.properties["uid"] !== undefined);
    // A device before a junction before a pipe; the zone under the very point when nothing else is near.
    const rank = (feature: MapGeoJSONFeature): number => layers.indexOf(feature.layer.id);
    found.sort((one, other) => rank(one) - rank(other));
    return found[0] ?? this.gl.queryRenderedFeatures([spot.x, spot.y], { layers: ["zones"] })[0];
  }

  private async click(event: L.LeafletMouseEvent): Promise<void> {
    const feature = this.featureAt(event.latlng);
    if (feature === undefined) {
      this.close();
      return;
    }
    const assetClass = (Object.keys(sourceOf) as AssetClass[]).find((name) => sourceOf[name] === feature.source);
    if (assetClass !== undefined) await this.select({ assetClass, uid: String(feature.properties["uid"]) });
  }

  private hover(event: L.LeafletMouseEvent): void {
    if (!this.gl.isStyleLoaded()) return;
    this.holder.style.cursor = this.featureAt(event.latlng) === undefined ? "" : "pointer";
  }

  private async goTo(found: Found): Promise<void> {
    if (found.longitude !== null && found.latitude !== null) {
      const zoom = found.asset_class === "zone" ? 14 : 17;
      this.showAt([found.latitude, found.longitude], Math.max(this.map.getZoom(), zoom));
    }
    await this.select({ assetClass: found.asset_class, uid: found.uid });
  }

  private async selectFromAddress(): Promise<void> {
    const [assetClass, uid] = settings.selected.split(":");
    if (uid !== undefined && (assetClass === "zone" || assetClass === "node" || assetClass === "pipe")) {
      await this.select({ assetClass, uid }, true);
    }
  }

  private async select(selection: Selection, moves = false): Promise<void> {
    this.mark(false);
    this.selection = selection;
    this.mark(true);
    try {
      if (selection.assetClass === "zone") this.explainZone(selection.uid, moves);
      else if (selection.assetClass === "pipe") await this.explainPipe(selection, moves);
      else await this.explainNode(selection, moves);
    } catch {
      say(word(texts, "loadFailed"));
    }
  }

  private mark(isSelected: boolean): void {
    if (this.selection === null) return;
    const source = sourceOf[this.selection.assetClass];
    const target = { source, sourceLayer: source, id: this.selection.uid };
    const set = (): void => {
      this.gl.setFeatureState(target, { selected: isSelected });
    };
    if (this.gl.getSource(source) === undefined) void this.gl.once("load", set);
    else set();
  }

  private close(): void {
    this.mark(false);
    this.selection = null;
    this.details.hidden = true;
    this.holder.dataset["selected"] = "";
  }

  private open(selection: Selection, ...content: HTMLElement[]): void {
    if (this.selection?.uid !== selection.uid) return;
    this.details.replaceChildren(...content);
    this.details.hidden = false;
    this.holder.dataset["selected"] = `${selection.assetClass}:${selection.uid}`;
  }

  private explainZone(uid: string, moves = false): void {
    const zone = this.zones.find((candidate) => candidate.uid === uid);
    if (zone === undefined) return;
    const centre = centreOf(zone.geometry?.coordinates);
    if (moves && centre !== null) this.showAt(centre, Math.max(this.map.getZoom(), 14));
    const heading = head(texts, "zone", zone.name, `${texts.kinds["zone"] ?? ""} ${zone.code}`, () => this.close());
    const suspicion = this.suspicions.find((candidate) => candidate.zone === uid);
    const address = settings.addresses.zone.replace(nothingUid, uid);
    const body = settings.showsBalances ? [zoneBody(texts, this.balanceOf(uid), this.basis, suspicion, address)] : [];
    this.open({ assetClass: "zone", uid }, heading, ...body);
  }

  private async explainPipe(selection: Selection, moves: boolean): Promise<void> {
    const pipe = await fetchJson<PipeAnswer>(`${settings.addresses.api}pipes/${selection.uid}/`);
    const middle = pipe.geometry.coordinates[Math.floor(pipe.geometry.coordinates.length / 2)];
    if (moves && middle !== undefined) this.showAt([middle[1], middle[0]], 17);
    const heading = head(texts, "pipe", pipe.code, `${texts.kinds["pipe"] ?? ""} · ${pipe.network}`, () => this.close());
    this.open(selection, heading, pipeTable(texts, pipe));
  }

  private async explainNode(selection: Selection, moves: boolean): Promise<void> {
    const node = await fetchJson<NodeAnswer>(`${settings.addresses.api}nodes/${selection.uid}/`);
    const [longitude, latitude] = node.geometry.coordinates;
    if (moves) this.showAt([latitude, longitude], 17);
    const heading = head(texts, node.kind, node.code, `${texts.kinds[node.kind] ?? node.kind} · ${node.network}`, () => this.close());
    this.open(selection, heading, nodeTable(texts, node));
    if (settings.showsSensors) await this.linkDevices(selection);
  }

  /** The devices that hang on the chosen node, each with its page. */
  private async linkDevices(selection: Selection): Promise<void> {
    const things = await fetchAll<{ uid: string; name: string }>(`${settings.addresses.api}things/?attachment__node__uid=${selection.uid}`);
    if (this.selection?.uid !== selection.uid) return;
    for (const thing of things.slice(0, MOST_DEVICES)) {
      const address = settings.addresses.sensor.replace(nothingUid, thing.uid);
      this.details.append(make("a", { class: "button", href: address }, icon("gauge"), things.length === 1 ? word(texts, "devicePage") : thing.name));
    }
  }

  private fit(isAnimated: boolean): void {
    if (settings.extent === null) {
      this.map.setView([41.3, 69.3], 11);
      return;
    }
    const [west, south, east, north] = settings.extent;
    const wide = isWide();
    this.map.fitBounds([[south, west], [north, east]], {
      animate: isAnimated,
      // Room for the controls that float over the map.
      paddingTopLeft: wide ? [350, 20] : [12, 76],
      paddingBottomRight: wide ? [70, 20] : [12, 190],
      maxZoom: 18,
    });
  }

  /** Show a place where no sheet covers it: on phones the details take the lower half. */
  private showAt(place: L.LatLngExpression, zoom: number): void {
    const lower = isWide() ? 0 : this.map.getSize().y * SHEET_SHIFT;
    const centre = this.map.unproject(this.map.project(place, zoom).add([0, lower]), zoom);
    this.map.setView(centre, zoom);
  }

  private bringIntoView(place: L.LatLngExpression): void {
    const point = this.map.latLngToContainerPoint(place);
    const size = this.map.getSize();
    const free = isWide() ? L.bounds([350, 40], [size.x - 370, size.y - 40]) : L.bounds([20, 90], [size.x - 60, size.y * 0.4]);
    if (!free.contains(point)) this.showAt(place, this.map.getZoom());
  }

  private tellCentre(): void {
    const centre = this.map.getCenter();
    const query = new URLSearchParams({ lon: centre.lng.toFixed(6), lat: centre.lat.toFixed(6) });
    element("near", HTMLAnchorElement).href = `${settings.addresses.field}?${query}`;
  }

  /** For tests and assistive tools: what is drawn, as data attributes of the map's element. */
  private tellState(): void {
    const drawn = this.gl.queryRenderedFeatures({ layers: ["node-symbols", "junctions", "pipes", "pipes-closed", "zones"] });
    for (const name of ["zones", "pipes", "nodes"]) {
      const uids = new Set(drawn.filter((feature) => feature.source === name).map((feature): unknown => feature.properties["uid"] ?? feature.id));
      this.holder.dataset[name] = String(uids.size);
    }
    this.holder.dataset["ready"] = "true";
  }
}

/** About the room that a label takes, in pixels around its point. */
function labelBox(point: L.Point, name: string): L.Bounds {
  const half = L.point(Math.max(46, name.length * 7 + 8) / 2, 17);
  return L.bounds(point.subtract(half), point.add(half));
}

function legendEntry(colour: string, label: string): HTMLLIElement {
  return make("li", {}, make("span", { class: "swatch", style: `background: ${colour}` }), label);
}

function say(text: string): void {
  notify(text, { id: "map-message", forMs: 6000 });
}

function hasWebGl(): boolean {
  const canvas = document.createElement("canvas");
  return canvas.getContext("webgl2") !== null || canvas.getContext("webgl") !== null;
}

if (settings.network !== null) {
  if (hasWebGl()) {
    new NetworkMap(settings.network).load().catch((error: unknown) => {
      console.warn("map:", error);
      say(word(texts, "loadFailed"));
    });
  } else {
    say(word(texts, "webglMissing"));
  }
} else {
  L.map("map", { attributionControl: false, zoomControl: false }).setView([41.3, 64.5], 6);
}
