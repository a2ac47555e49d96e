// The map and what every tool needs of it: the two maps, the selection, overlays, requests, words.
import L from "leaflet";
import { maplibreGL } from "@maplibre/maplibre-gl-leaflet";
import type { GeoJSONSource, Map as GlMap, VectorTileSource } from "maplibre-gl";
import { element, fetchJson, filled, iconFile, make, reasonOf } from "../page";
import { notify } from "../notice";
import { onTheme, shownTheme } from "../theme";
import { addPmtiles, pictureAddress } from "./base_map";
import { CONTEXT_LAYERS } from "./context_layers";
import { dress, dressed } from "./looks";
import { OVERLAY_LAYERS, type OverlayName } from "./overlays";
import { type ElementReference, Selection } from "./selection";
import { type MapSettings, type MapTexts, word } from "./settings";
import { HIDDEN_AT_FIRST, LAYER_GROUPS, styleOf, symbolLayers } from "./style";
import { addSymbols } from "./symbols";

export const isWide = (): boolean => window.matchMedia("(min-width: 861px)").matches;
const SOURCES: Record<ElementReference["assetClass"], string> = { zone: "zones", node: "nodes", pipe: "pipes" };
// How far above the middle a chosen thing stands on a phone, as a share of the map's height.
const SHEET_SHIFT = 0.22;
// Tiles of registers that belong to divisions take no network.
const OF_DIVISIONS = new Set(["parcels", "buildings", "survey_points", "streets", "divisions"]);
const ROOM_LEFT = 430;
const ROOM_RIGHT = 390;

export type Pressed = Pick<MouseEvent, "shiftKey" | "ctrlKey">;
export type ClickTaker = (place: L.LatLng, pressed: Pressed) => boolean | Promise<boolean>;

export class Workspace {
  readonly holder = element("map");
  readonly map: L.Map;
  readonly gl: GlMap;
  readonly selection = new Selection();
  private readonly shownGroups = new Set(Object.keys(LAYER_GROUPS).filter((group) => !HIDDEN_AT_FIRST.has(group)));
  private readonly takers: ClickTaker[] = [];
  private readonly editListeners: (() => void)[] = [];
  private readonly loaded: Promise<void>;

  constructor(
    readonly settings: MapSettings,
    readonly texts: MapTexts,
    readonly network: string,
  ) {
    this.map = L.map(this.holder, { zoomSnap: 0.5, minZoom: 3, maxZoom: 21, zoomAnimation: true, attributionControl: settings.basemap.attribution !== "", zoomControl: false, doubleClickZoom: true });
    // Leaflet takes a text for HTML.
    if (settings.basemap.attribution !== "") this.map.attributionControl.addAttribution(make("span", {}, settings.basemap.attribution).innerHTML);
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(this.map);
    L.control.zoom({ position: "bottomright", zoomInTitle: this.word("zoomIn"), zoomOutTitle: this.word("zoomOut") }).addTo(this.map);
    this.fit(false);
    const layer = maplibreGL({
      style: styleOf({ network, tiles: settings.addresses.tiles, basemap: pictureAddress(settings.basemap), theme: shownTheme(), coloursZones: this.can("view balances") }),
    });
    layer.addTo(this.map);
    this.gl = layer.getMaplibreMap();
    this.loaded = new Promise((resolve, reject) => {
      void this.gl.once("load", () => {
        this.completeStyle().then(resolve, reject);
      });
    });
    this.loaded.catch((error: unknown) => this.fail(error));
    this.gl.on("error", (event) => this.fail(event.error));
    this.map.on("click", (event) => void this.clickAt(event.latlng, event.originalEvent));
    this.selection.onChange(() => this.markSelection());
    onTheme((theme) => dress(this.gl, theme));
  }

  /** Symbols and names come after the images they need; then the ground and what concerns the network. */
  private async completeStyle(): Promise<void> {
    await addSymbols(this.gl, iconFile);
    for (const layer of symbolLayers()) this.gl.addLayer(dressed(layer, shownTheme()));
    for (const layer of OVERLAY_LAYERS) {
      if (this.gl.getSource(layer.source) === undefined) this.gl.addSource(layer.source, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
      this.gl.addLayer(layer);
    }
    for (const group of Object.keys(CONTEXT_LAYERS)) if (this.shownGroups.has(group)) this.addContext(group);
    await this.layBaseMap();
    for (const group of Object.keys(LAYER_GROUPS)) if (!this.shownGroups.has(group)) this.setGroup(group, false);
  }

  /** A PMTiles file is looked into before it is drawn; without it the network stands all the same. */
  private async layBaseMap(): Promise<void> {
    const { kind, address } = this.settings.basemap;
    if (kind !== "pmtiles") return;
    try {
      this.holder.dataset["basemap"] = await addPmtiles(this.gl, address, shownTheme());
    } catch (error) {
      console.warn("map:", error);
      this.say(this.word("noBaseMap"), true);
    }
  }

  /** Settles when the network's style stands, symbols and overlays included. */
  whenLoaded(): Promise<void> {
    return this.loaded;
  }

  /** Settles when all that was asked for is drawn: tiles that were renewed, too. */
  whenDrawn(): Promise<void> {
    return new Promise((resolve) => {
      void this.gl.once("idle", () => resolve());
      this.gl.triggerRepaint();
    });
  }

  private fail(error: unknown): void {
    console.warn("map:", error);
    this.say(this.word("loadFailed"), true);
  }

  // Words and requests

  word(name: string, values: Record<string, string | number> = {}): string {
    return filled(word(this.texts, name), values);
  }

  say(text: string, isBad = false): void {
    notify(text, { id: "map-message", isBad, forMs: isBad ? 12000 : 6000 });
  }

  /** Why something failed: in the server's words where it refused. */
  reasonOf(error: unknown): string {
    return reasonOf(error, this.word("loadFailed"));
  }

  sayFailure(error: unknown): void {
    this.say(this.reasonOf(error), true);
  }

  can(capability: string): boolean {
    return this.settings.capabilities.includes(capability);
  }

  get commodityIsWater(): boolean {
    return this.settings.commodity === "water";
  }

  kindName(kind: string): string {
    return this.texts.kinds[kind] ?? kind;
  }

  api(path: string, query: Record<string, string> = {}): string {
    const text = new URLSearchParams(query).toString();
    return `${this.settings.addresses.api}${path}${text === "" ? "" : `?${text}`}`;
  }

  networkApi(path: string, query: Record<string, string> = {}): string {
    return this.api(`networks/${encodeURIComponent(this.network)}/${path}`, query);
  }

  // Layers

  isShown(group: string): boolean {
    return this.shownGroups.has(group);
  }

  get hiddenGroups(): string[] {
    return Object.keys(LAYER_GROUPS).filter((group) => !this.shownGroups.has(group));
  }

  hasTiles(group: string): boolean {
    const context = CONTEXT_LAYERS[group];
    return context === undefined || this.settings.tileLayers.includes(context.tiles);
  }

  setGroup(group: string, isShown: boolean): void {
    if (isShown) this.shownGroups.add(group);
    else this.shownGroups.delete(group);
    if (isShown && this.gl.getLayer("pipe-labels") !== undefined) this.addContext(group);
    for (const id of LAYER_GROUPS[group] ?? []) if (this.gl.getLayer(id) !== undefined) this.gl.setLayoutProperty(id, "visibility", isShown ? "visible" : "none");
  }

  private addContext(group: string): void {
    const context = CONTEXT_LAYERS[group];
    if (context === undefined || this.gl.getSource(context.tiles) !== undefined || !this.hasTiles(group)) return;
    this.gl.addSource(context.tiles, { type: "vector", url: this.tileAddress(context.tiles), promoteId: "uid" });
    for (const layer of context.layers) this.gl.addLayer(dressed(layer, shownTheme()), context.under);
  }

  private tileAddress(tiles: string, asOf = ""): string {
    const address = new URL(this.settings.addresses.tiles.replace("LAYER", tiles), window.location.href);
    if (!OF_DIVISIONS.has(tiles)) address.searchParams.set("network", this.network);
    if (asOf !== "") address.searchParams.set("as_of", asOf);
    return address.href;
  }

  /** Show the tiles of a layer anew: after an edit, or as of a date. */
  async renewTiles(tiles: string, asOf = ""): Promise<void> {
    const source = this.gl.getSource<VectorTileSource>(tiles);
    if (source === undefined) return;
    const described = await fetchJson<{ tiles: string[] }>(this.tileAddress(tiles, asOf));
    source.setTiles(described.tiles);
  }

  onEdit(listener: () => void): void {
    this.editListeners.push(listener);
  }

  /** After a change of the network: its tiles, and whoever shows something of it. */
  async edited(): Promise<void> {
    for (const listener of this.editListeners) listener();
    await Promise.all(["pipes", "nodes", "zones", "dirty", "findings", "outages", "leaks"].map((tiles) => this.renewTiles(tiles)));
  }

  // Overlays

  /** Draw features over the network under one of the overlays' looks; none empties it. */
  overlay(name: OverlayName, features: GeoJSON.Feature[]): void {
    const draw = (): void => {
      const source = this.gl.getSource<GeoJSONSource>(name);
      source?.setData({ type: "FeatureCollection", features });
      this.holder.dataset[`overlay${name.replace(/(^|-)(\w)/g, (_whole, _dash, letter: string) => letter.toUpperCase())}`] = String(features.length);
    };
    this.loaded.then(draw, () => undefined);
  }

  // Clicks

  /** Let a tool have the clicks on the map; the last one asked first. Returns how to let them go. */
  takeClicks(taker: ClickTaker): () => void {
    this.takers.push(taker);
    return () => {
      const place = this.takers.indexOf(taker);
      if (place >= 0) this.takers.splice(place, 1);
    };
  }

  /** Hand a place that was clicked, or chosen by a key, to the tool that has the clicks. */
  async clickAt(place: L.LatLng, pressed: Pressed): Promise<void> {
    for (const taker of [...this.takers].reverse()) if (await taker(place, pressed)) return;
  }

  // Selection

  /** Whether the map is to go to what is chosen next. */
  moves = false;

  /** Choose an element and go where it lies. */
  chooseAndShow(target: ElementReference): void {
    this.moves = true;
    this.selection.set([target]);
  }

  private marked: ElementReference[] = [];

  private markSelection(): void {
    for (const old of this.marked) this.setState(old, { selected: false });
    this.marked = this.selection.elements;
    for (const chosen of this.marked) this.setState(chosen, { selected: true });
    this.holder.dataset["selection"] = String(this.selection.size);
  }

  setState({ assetClass, uid }: ElementReference, state: Record<string, unknown>): void {
    const source = SOURCES[assetClass];
    const set = (): void => {
      this.gl.setFeatureState({ source, sourceLayer: source, id: uid }, state);
    };
    if (this.gl.getSource(source) === undefined) void this.gl.once("load", set);
    else set();
  }

  // View

  fit(isAnimated: boolean): void {
    const { extent } = this.settings;
    if (extent === null) {
      this.map.setView([41.3, 69.3], 11);
      return;
    }
    const [west, south, east, north] = extent;
    this.fitTo([
      [south, west],
      [north, east],
    ], isAnimated);
  }

  fitTo(bounds: L.LatLngBoundsExpression, isAnimated = true): void {
    const wide = isWide();
    this.map.fitBounds(bounds, {
      animate: isAnimated,
      // Room for the controls that float over the map.
      paddingTopLeft: wide ? [ROOM_LEFT, 20] : [12, 76],
      paddingBottomRight: wide ? [70, 20] : [12, 190],
      maxZoom: 18,
    });
  }

  /** Show a place where no sheet covers it: on phones the details take the lower half. */
  showAt(place: L.LatLngExpression, zoom: number): void {
    const lower = isWide() ? 0 : this.map.getSize().y * SHEET_SHIFT;
    const centre = this.map.unproject(this.map.project(place, zoom).add([0, lower]), zoom);
    this.map.setView(centre, zoom);
  }

  bringIntoView(place: L.LatLngExpression): void {
    const point = this.map.latLngToContainerPoint(place);
    const size = this.map.getSize();
    const free = isWide() ? L.bounds([ROOM_LEFT, 40], [size.x - ROOM_RIGHT, size.y - 40]) : L.bounds([20, 90], [size.x - 60, size.y * 0.4]);
    if (!free.contains(point)) this.showAt(place, this.map.getZoom());
  }
}
