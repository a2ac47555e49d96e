// Imbalance of zones by month: what the zones are coloured by, the list of them, and two months compared.
import L from "leaflet";
import {
  type Balance,
  type Basis,
  type BilledDays,
  type Change,
  changeClasses,
  changeOf,
  classes,
  colourBelowZero,
  colourInsufficient,
  colourNoData,
  colourOf,
  colourOfChange,
  colourUnchanged,
  imbalanceOf,
  type LeakEvent,
  shareOf,
  totalOf,
} from "../../balances";
import { fetchAll, fetchJson, figure, icon, make, monthName, percent } from "../../page";
import { CompareMap } from "../compare_map";
import { daysSentence, zoneBody } from "../facts";
import { heatOf } from "../heat_points";
import type { Tool } from "../tools";
import { isWide, type Workspace } from "../workspace";
import { centreOf } from "../zone_centre";
import { ZoneLookup } from "../zone_lookup";
import { LossBar, LossControls } from "./loss_bar";

export interface ZoneAnswer {
  uid: string;
  code: string;
  name: string;
  parent: string | null;
  geometry: { coordinates: number[][][][] } | null;
}

/** What the zones' colours say: a month, one month beside another, or the difference of the two. */
export type View = "month" | "beside" | "difference";
export type Look = "fill" | "heat";

const HEAT = "loss-heat";
const CLEAR = "rgba(0, 0, 0, 0)";
// From afar the names of zones would only cover their colours.
const LABELS_UP_TO = 15;
const PLAY_MS = 1300;
// How MapLibre draws heat: a bell that ends at three standard deviations, this high, on a world this wide at zoom 0.
const GAUSS_PEAK = 0.3989;
const WORLD_PX = 512;
const KERNEL_STEPS = 5;
// What floats over a phone's map: the search above; the bar, and a sheet on it, below.
const PHONE_TOP = 124;
const PHONE_BOTTOM = 200;
const PHONE_STRIP = 60;

/** The zones of the network with their balances; one for the page, whether its panel is open or not. */
export class Losses {
  zones: ZoneAnswer[] = [];
  /** The months that have balances, the earliest first; what they hold is fetched when one is looked at. */
  months: string[] = [];
  month = 0;
  /** The other month, of the two that are compared: the earlier one of a difference. */
  other = 0;
  basis: Basis = "apportioned";
  view: View = "month";
  look: Look = "fill";
  /** The greatest loss by area of the month shown, m³ per km², once it is drawn as heat. */
  mostHeat = 0;
  private readonly known = new ZoneLookup();
  private readonly coming = new Map<string, Promise<void>>();
  // The month that was asked for last: on the way there, others may come.
  private wanted = 0;
  private readonly labels = L.layerGroup();
  private readonly listeners: (() => void)[] = [];
  private readonly days = new Map<string, BilledDays[]>();
  private compared: CompareMap | null = null;
  private playing: number | null = null;

  constructor(readonly workspace: Workspace) {
    this.labels.addTo(workspace.map);
    workspace.map.on("zoomend", () => this.showLabels());
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Fetch the zones and what is known of them in `month`, or in the newest if there is no such month. */
  async load(month = ""): Promise<void> {
    const { workspace } = this;
    const query = { network: workspace.network, limit: "1000" };
    const zones = fetchAll<ZoneAnswer>(workspace.api("zones/", query));
    if (workspace.can("view balances")) {
      this.months = workspace.settings.lossMonths;
      const place = this.months.indexOf(month);
      this.month = this.wanted = place < 0 ? Math.max(0, this.months.length - 1) : place;
      this.other = Math.max(0, this.months.length - 2);
      const [events] = await Promise.all([
        fetchAll<LeakEvent>(workspace.api("leak-events/", query)),
        this.fetchMonth(this.shownMonth),
      ]);
      this.known.keepEvents(events);
    }
    this.zones = await zones;
    this.known.keepZones(this.zones);
    if (workspace.can("view balances") && this.zones.length > 0) new LossBar(this);
    await workspace.whenLoaded();
    this.paint();
  }

  /** The balances of a month: a thousand zones have as many, and years of them would be waited for in vain. */
  private async fetchMonth(month: string): Promise<void> {
    if (month === "" || this.known.knowsMonth(month)) return;
    const coming = this.coming.get(month) ?? this.askForMonth(month).finally(() => this.coming.delete(month));
    this.coming.set(month, coming);
    await coming;
  }

  private async askForMonth(month: string): Promise<void> {
    const query = { network: this.workspace.network, granularity: "month", period_start: month, limit: "1000" };
    this.known.keepMonth(month, await fetchAll<Balance>(this.workspace.api("zone-balances/", query)));
  }

  /** Do `act` once the months at these places are known: at once if they are. */
  private withMonths(places: number[], act: () => void): void {
    const missing = places.map((place) => this.months[place] ?? "").filter((month) => month !== "" && !this.known.knowsMonth(month));
    if (missing.length === 0) {
      act();
      return;
    }
    Promise.all(missing.map((month) => this.fetchMonth(month))).then(act, (error: unknown) => {
      this.stop();
      this.workspace.sayFailure(error);
    });
  }

  get shownMonth(): string {
    return this.months[this.month] ?? "";
  }

  get otherMonth(): string {
    return this.months[this.other] ?? "";
  }

  show(month: number, basis: Basis = this.basis): void {
    const wanted = (this.wanted = this.within(month));
    this.basis = basis;
    this.withMonths([wanted], () => {
      if (this.wanted !== wanted) return;
      this.month = wanted;
      this.paint();
    });
  }

  private within(month: number): number {
    return Math.min(Math.max(0, month), Math.max(0, this.months.length - 1));
  }

  compare(view: View, other: number = this.other): void {
    const place = this.within(other);
    this.stop();
    this.withMonths([this.month, place], () => this.setView(this.months.length < 2 ? "month" : view, place));
  }

  private setView(view: View, other: number): void {
    this.view = view;
    this.other = other;
    if (this.view !== "month") this.look = "fill";
    const wasBeside = this.compared !== null;
    this.paint();
    if (wasBeside !== (this.compared !== null)) this.refit();
  }

  setLook(look: Look): void {
    this.look = look;
    if (look === "heat") this.view = "month";
    this.paint();
  }

  // Playing the months

  get isPlaying(): boolean {
    return this.playing !== null;
  }

  play(): void {
    if (this.months.length < 2) return;
    // From the last month it begins anew, so that the button always does something.
    this.playing = window.setInterval(() => this.show(this.month === this.months.length - 1 ? 0 : this.month + 1), PLAY_MS);
    this.show(this.month === this.months.length - 1 ? 0 : this.month);
  }

  stop(): void {
    if (this.playing === null) return;
    window.clearInterval(this.playing);
    this.playing = null;
    this.tell();
  }

  // What is known of a zone

  balanceOf(zone: string, month = this.shownMonth): Balance | undefined {
    return this.known.balanceOf(zone, month);
  }

  changeOf(zone: string): Change | null {
    return changeOf(this.balanceOf(zone, this.otherMonth), this.balanceOf(zone), this.basis);
  }

  colourOf(zone: string): string {
    return this.view === "difference" ? colourOfChange(this.changeOf(zone)) : colourOf(this.balanceOf(zone), this.basis);
  }

  /** The first instant after the month shown, as an ISO date. */
  private get monthEnd(): string {
    const [year = 0, month = 0] = this.shownMonth.split("-").map(Number);
    return `${month === 12 ? year + 1 : year}-${String((month % 12) + 1).padStart(2, "0")}-01`;
  }

  /** The zone's events that are not closed and had begun by the end of the month shown. */
  eventsOf(zone: string): LeakEvent[] {
    return this.known.eventsOf(zone).filter((event) => event.state !== "closed" && (this.shownMonth === "" || event.started_at < this.monthEnd));
  }

  hasZones(zone: ZoneAnswer): boolean {
    return this.known.hasZones(zone.uid);
  }

  /** The days that the bills of the month shown cover; asked for once, told when they come. */
  billedDaysOf(zone: string): BilledDays | undefined {
    const month = this.shownMonth;
    const known = this.days.get(month);
    if (known === undefined && month !== "") {
      this.days.set(month, []);
      const address = this.workspace.api("billed-days/", { network: this.workspace.network, month: month.slice(0, 7) });
      fetchJson<BilledDays[]>(address).then(
        (rows) => {
          this.days.set(month, rows);
          this.tell();
        },
        (error: unknown) => console.warn("map:", error),
      );
    }
    return known?.find((row) => row.zone === zone);
  }

  /** What the card of a zone says. */
  bodyOf(zone: string): HTMLElement {
    const { workspace } = this;
    return zoneBody(workspace.texts, {
      balance: this.balanceOf(zone),
      basis: this.basis,
      events: this.eventsOf(zone),
      billedDays: this.billedDaysOf(zone),
      address: workspace.settings.addresses.zone.replace(/[0-9a-f-]{36}/, zone),
      eventsAddress: "/losses/events/",
    });
  }

  // Drawing

  private paint(): void {
    const { workspace } = this;
    for (const zone of this.zones) {
      const colour = this.look === "heat" ? CLEAR : this.colourOf(zone.uid);
      workspace.setState({ assetClass: "zone", uid: zone.uid }, { colour, hasZones: this.hasZones(zone) });
    }
    this.paintHeat();
    this.paintBeside();
    if (workspace.can("view balances")) {
      workspace.holder.dataset["month"] = this.shownMonth;
      workspace.holder.dataset["basis"] = this.basis;
      workspace.holder.dataset["lossView"] = this.look === "heat" ? "heat" : this.view;
    }
    this.showLabels();
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private paintBeside(): void {
    if (this.view !== "beside") {
      this.compared?.close();
      this.compared = null;
      return;
    }
    this.compared ??= new CompareMap(this.workspace);
    const zones = this.zones.map((zone) => {
      const balance = this.balanceOf(zone.uid, this.otherMonth);
      const share = balance === undefined ? null : shareOf(balance, this.basis);
      return { uid: zone.uid, colour: colourOf(balance, this.basis), hasZones: this.hasZones(zone), centre: centreOf(zone.geometry?.coordinates), said: share === null ? "" : percent(share) };
    });
    this.compared.show(monthName(this.shownMonth), monthName(this.otherMonth), zones);
  }

  private paintHeat(): void {
    const { gl } = this.workspace;
    const source = gl.getSource(HEAT);
    if (this.look === "fill") {
      if (source !== undefined) {
        gl.removeLayer(HEAT);
        gl.removeSource(HEAT);
      }
      return;
    }
    const zones = this.zones
      .filter((zone) => !this.hasZones(zone))
      .map((zone) => {
        const balance = this.balanceOf(zone.uid);
        const loss = balance === undefined || shareOf(balance, this.basis) === null ? 0 : Number(imbalanceOf(balance, this.basis));
        return { polygons: zone.geometry?.coordinates ?? [], loss_m3: loss };
      });
    const { points, step, most_m3_km2 } = heatOf(zones);
    this.mostHeat = most_m3_km2;
    const features = points.map(({ longitude, latitude, weight }): GeoJSON.Feature => ({ type: "Feature", properties: { weight }, geometry: { type: "Point", coordinates: [longitude, latitude] } }));
    const data: GeoJSON.FeatureCollection = { type: "FeatureCollection", features };
    // Five squares of the grid wide at every zoom: then the density, summed over the points around, is the weight itself.
    const radius = (zoom: number): number => (KERNEL_STEPS * step * WORLD_PX * 2 ** zoom) / 360;
    if (source !== undefined) {
      gl.removeLayer(HEAT);
      gl.removeSource(HEAT);
    }
    gl.addSource(HEAT, { type: "geojson", data });
    gl.addLayer(
      {
        id: HEAT,
        type: "heatmap",
        source: HEAT,
        layout: { visibility: this.workspace.isShown("losses") ? "visible" : "none" },
        paint: {
          "heatmap-weight": ["get", "weight"],
          "heatmap-radius": ["interpolate", ["exponential", 2], ["zoom"], 0, radius(0), 15, radius(15)],
          "heatmap-intensity": 1 / (GAUSS_PEAK * 2 * Math.PI * (KERNEL_STEPS / 3) ** 2),
          "heatmap-color": ["interpolate", ["linear"], ["heatmap-density"], 0, "rgba(253, 241, 196, 0)", ...HEAT_COLOURS.flatMap((colour, index): [number, string] => [(index + 0.4) / (HEAT_COLOURS.length - 0.6), colour])],
          "heatmap-opacity": 0.85,
        },
      },
      "zone-edges",
    );
  }

  /** Names and percentages over the zones, and a mark where an event is not closed. */
  showLabels(): void {
    this.labels.clearLayers();
    const { map } = this.workspace;
    if (!this.workspace.isShown("losses") || map.getZoom() > LABELS_UP_TO) return;
    const taken: L.Bounds[] = [];
    // Zones with leaks first: where two labels would cover each other, the first one stays.
    const isMarked = (zone: ZoneAnswer): boolean => this.eventsOf(zone.uid).length > 0;
    const order = this.zones.filter((zone) => !this.hasZones(zone)).sort((one, other) => Number(isMarked(other)) - Number(isMarked(one)));
    for (const zone of order) {
      const centre = centreOf(zone.geometry?.coordinates);
      if (centre === null) continue;
      const name = isMarked(zone) ? `▲ ${zone.name}` : zone.name;
      const box = labelBox(map.latLngToContainerPoint(centre), name);
      if (taken.some((other) => other.intersects(box))) continue;
      taken.push(box);
      const html = make("div", {}, make("span", isMarked(zone) ? { class: "alert" } : {}, name));
      const said = this.figureOf(zone.uid);
      if (said !== "") html.append(make("br"), make("b", {}, said));
      L.marker(centre, { icon: L.divIcon({ className: "zone-label", iconSize: [0, 0], html }), interactive: false, keyboard: false }).addTo(this.labels);
    }
  }

  /** The figure of a zone as it is coloured: a share, or by how many points it rose. */
  figureOf(zone: string): string {
    if (this.view === "difference") {
      const change = this.changeOf(zone);
      return change === null ? "" : `${change.share > 0 ? "+" : ""}${figure(change.share * 100, 1)}`;
    }
    const balance = this.balanceOf(zone);
    const share = balance === undefined ? null : shareOf(balance, this.basis);
    return share === null ? "" : percent(share);
  }

  /** Bring a whole zone into the part of the map that no panel and no sheet covers. */
  zoomTo(zone: ZoneAnswer): void {
    const outline = zone.geometry?.coordinates.flat(2).map(([longitude = 0, latitude = 0]): [number, number] => [latitude, longitude]);
    if (outline === undefined || outline.length === 0) return;
    if (isWide()) this.workspace.fitTo(outline);
    else this.fitAboveSheet(outline);
  }

  /** On a phone: into the part of the map between the search and a sheet that stands on the bar. */
  private fitAboveSheet(bounds: L.LatLngBoundsExpression): void {
    const { map } = this.workspace;
    const { y: height } = map.getSize();
    const sheet = Math.min(height * 0.4, 300);
    // On the lowest screens what is left is a strip; zones are never brought under what floats over the map.
    const below = Math.min(Math.round(sheet + PHONE_BOTTOM), Math.max(0, height - PHONE_TOP - PHONE_STRIP));
    map.fitBounds(bounds, { paddingTopLeft: [12, PHONE_TOP], paddingBottomRight: [12, below], maxZoom: 18, animate: false });
  }

  /** When the whole network is looked at: bring it out from under the panel (phones), or between the two maps' edges; whether it did. */
  refit(): boolean {
    const { map } = this.workspace;
    const corners = this.zones.flatMap((zone) => zone.geometry?.coordinates.flat(2) ?? []).map(([longitude = 0, latitude = 0]): [number, number] => [latitude, longitude]);
    const bounds = L.latLngBounds(corners);
    if (!bounds.isValid() || map.getZoom() > map.getBoundsZoom(bounds) + 1) return false;
    if (this.view === "beside") map.fitBounds(bounds, { padding: [24, 24], animate: false });
    else if (isWide()) this.workspace.fit(false);
    else this.fitAboveSheet(bounds);
    return true;
  }

  choose(zone: ZoneAnswer): void {
    this.zoomTo(zone);
    this.workspace.selection.set([{ assetClass: "zone", uid: zone.uid }]);
  }
}

/** About the room that a label takes, in pixels around its point. */
function labelBox(point: L.Point, name: string): L.Bounds {
  const half = L.point(Math.max(46, name.length * 7 + 8) / 2, 17);
  return L.bounds(point.subtract(half), point.add(half));
}

const HEAT_COLOURS = classes.map((shown) => shown.colour);

function legendEntry(colour: string, label: string): HTMLLIElement {
  const swatch = make("span", { class: "swatch" });
  swatch.style.background = colour;
  return make("li", {}, swatch, label);
}

const ofWorkspace = new WeakMap<Workspace, Losses>();

export function lossesOf(workspace: Workspace): Losses {
  const known = ofWorkspace.get(workspace) ?? new Losses(workspace);
  ofWorkspace.set(workspace, known);
  return known;
}

class LossesPanel implements Tool {
  private panel: HTMLElement | null = null;
  private readonly losses: Losses;
  private controls: LossControls | null = null;
  private isPlaced = false;

  constructor(private readonly workspace: Workspace) {
    this.losses = lossesOf(workspace);
    this.losses.onChange(() => this.draw());
  }

  open(panel: HTMLElement): void {
    const body = make("div", { class: "panel-part" });
    this.panel = body;
    // On a phone the bar has the month and the basis: a card may lie over the panel.
    if (isWide() && this.losses.months.length > 0) panel.append((this.controls ??= new LossControls(this.losses)).root);
    panel.append(body);
    this.draw();
    this.isPlaced = !isWide() && this.losses.refit();
  }

  hasPlaced(): boolean {
    return this.isPlaced;
  }

  close(): void {
    this.panel = null;
    this.losses.stop();
    if (this.losses.view !== "month") this.losses.compare("month");
  }

  private word(name: string, values: Record<string, string | number> = {}): string {
    return this.workspace.word(name, values);
  }

  /** Buttons of which one is pressed. */
  private choice<T extends string>(id: string, label: string, chosen: T, options: [T, string][], choose: (value: T) => void): HTMLElement {
    const buttons = options.map(([value, text]) => {
      const input = make("input", { type: "radio", name: id, value });
      input.checked = chosen === value;
      input.addEventListener("change", () => choose(value));
      return make("label", {}, input, make("span", {}, text));
    });
    const group = make("div", { class: "segmented", id, role: "radiogroup", "aria-label": label }, ...buttons);
    group.style.gridTemplateColumns = `repeat(${options.length}, 1fr)`;
    return group;
  }

  private views(): HTMLElement[] {
    const { losses } = this;
    const look = this.choice<Look>("look", this.word("lossLook"), losses.look, [["fill", this.word("lookFill")], ["heat", this.word("lookHeat")]], (value) => losses.setLook(value));
    if (losses.months.length < 2) return [look];
    const options: [View, string][] = [["month", this.word("viewMonth")], ["beside", this.word("viewBeside")], ["difference", this.word("viewDifference")]];
    const view = this.choice<View>("loss-view", this.word("viewMonths"), losses.view, options, (value) => losses.compare(value));
    if (losses.view === "month") return [look, view];
    const select = make("select", { id: "other-month" });
    for (const [index, month] of losses.months.entries()) select.append(make("option", { value: String(index) }, monthName(month)));
    select.value = String(losses.other);
    select.addEventListener("change", () => losses.compare(losses.view, Number(select.value)));
    return [view, make("label", {}, this.word(losses.view === "beside" ? "otherMonth" : "earlierOfTwo"), select)];
  }

  private totals(): HTMLElement {
    const { losses } = this;
    const balances = losses.zones.filter((zone) => !losses.hasZones(zone)).map((zone) => losses.balanceOf(zone.uid)).filter((balance) => balance !== undefined);
    const total = totalOf(balances, losses.basis);
    if (total.share === null) return make("p", { class: "muted small" }, this.word("noTotal"));
    const limit = total.supply_m3 > 0 ? ` ± ${percent(total.limit_m3 / total.supply_m3)}` : "";
    const box = make(
      "div",
      { class: "loss-total", id: "loss-total" },
      make("p", { class: "headline" }, make("strong", {}, percent(total.share)), make("span", { class: "muted" }, `${limit} · ${figure(total.imbalance_m3)} m³`)),
      make("p", { class: "muted small" }, this.word(total.left_out > 0 ? "totalAddsSome" : "totalAdds", { n: total.zones, left: total.left_out })),
    );
    const otherBasis = losses.basis === "billed" ? "apportioned" : "billed";
    const beside = totalOf(balances, otherBasis);
    if (beside.share !== null) box.append(make("p", { class: "small" }, make("b", {}, `${this.word(otherBasis)}: `), `${percent(beside.share)} · ${figure(beside.imbalance_m3)} m³`));
    const days = this.daysOfBills();
    if (days !== "") box.append(make("p", { class: "muted small" }, days));
    return box;
  }

  private daysOfBills(): string {
    const whole = this.losses.zones.find((zone) => zone.parent === null) ?? this.losses.zones[0];
    const days = whole === undefined ? undefined : this.losses.billedDaysOf(whole.uid);
    return days === undefined ? "" : daysSentence(this.workspace.texts, this.losses.shownMonth, days);
  }

  private zoneRow(zone: ZoneAnswer): HTMLElement {
    const { losses } = this;
    const isOutline = losses.hasZones(zone);
    const swatch = make("span", { class: "swatch" });
    if (isOutline) swatch.classList.add("outline");
    else swatch.style.background = losses.colourOf(zone.uid);
    const marks = losses.eventsOf(zone.uid).length;
    const name = make("span", { class: "name" }, zone.name, isOutline ? make("small", { class: "muted" }, ` ${this.word("notAdded")}`) : null);
    if (marks > 0) name.prepend(make("span", { class: "alert", title: this.word("openEvents", { n: marks }) }, "▲ "));
    const said = losses.figureOf(zone.uid);
    const item = make("button", { type: "button" }, swatch, name, make("span", { class: "value" }, said === "" ? this.missingOf(zone) : said));
    item.addEventListener("click", () => losses.choose(zone));
    return make("li", isOutline ? { class: "is-outline" } : {}, item);
  }

  /** Why a zone has no figure: no balance of the month, or not enough data for one. */
  private missingOf(zone: ZoneAnswer): string {
    return this.word(this.losses.balanceOf(zone.uid) === undefined ? "noData" : "insufficient");
  }

  private zoneList(): HTMLElement {
    const { losses } = this;
    const worth = (zone: ZoneAnswer): number => {
      if (losses.view === "difference") return losses.changeOf(zone.uid)?.share ?? -Infinity;
      const balance = losses.balanceOf(zone.uid);
      return (balance === undefined ? null : shareOf(balance, losses.basis)) ?? -Infinity;
    };
    // A zone with zones inside it stands above them all, apart from the ranking.
    const ranked = [...losses.zones].sort((one, other) => Number(losses.hasZones(other)) - Number(losses.hasZones(one)) || worth(other) - worth(one) || one.code.localeCompare(other.code));
    return make("ul", { class: "zone-list", id: "zone-list" }, ...ranked.map((zone) => this.zoneRow(zone)));
  }

  private legend(): HTMLElement {
    const { losses } = this;
    if (losses.look === "heat") return this.heatLegend();
    if (losses.view === "difference") return this.changeLegend();
    const entries = [
      ...classes.map((shown) => legendEntry(shown.colour, shown.label)),
      legendEntry(colourBelowZero, this.word("belowZero")),
      legendEntry(colourInsufficient, this.word("insufficient")),
      legendEntry(colourNoData, this.word("noData")),
    ];
    const rule = this.word(losses.basis === "billed" ? "belowZeroBilled" : "belowZeroRule");
    return make("div", {}, make("h3", {}, `${this.word("legendTitle")}, ${this.word(losses.basis).toLowerCase()}`), make("ul", { class: "legend", id: "legend" }, ...entries), make("p", { class: "muted small" }, rule));
  }

  private changeLegend(): HTMLElement {
    const { losses } = this;
    const entries = [...changeClasses.map((shown) => legendEntry(shown.colour, shown.label)), legendEntry(colourUnchanged, this.word("withinLimit")), legendEntry(colourNoData, this.word("noComparison"))];
    const title = this.word("changeTitle", { from: monthName(losses.otherMonth), to: monthName(losses.shownMonth) });
    return make("div", {}, make("h3", {}, title), make("ul", { class: "legend", id: "legend" }, ...entries), make("p", { class: "muted small" }, this.word("changeRule")));
  }

  private heatLegend(): HTMLElement {
    const scale = make("div", { class: "heat-scale" });
    scale.style.background = `linear-gradient(90deg, ${HEAT_COLOURS.join(", ")})`;
    const ends = make("div", { class: "heat-ends small" }, make("span", {}, "0"), make("span", {}, `${figure(this.losses.mostHeat)} m³/km²`));
    return make("div", { id: "legend" }, make("h3", {}, this.word("heatTitle")), scale, ends, make("p", { class: "muted small" }, this.word("heatRule")));
  }

  private draw(): void {
    if (this.panel === null) return;
    const { losses } = this;
    if (losses.months.length === 0) {
      this.panel.replaceChildren(make("p", { class: "empty" }, icon("drop"), this.word("noBalances")));
      return;
    }
    const { activeElement } = document;
    const focused = activeElement?.id ?? "";
    const radio = activeElement instanceof HTMLInputElement && activeElement.type === "radio" ? `input[name="${activeElement.name}"]:checked` : "";
    const country = make("a", { class: "small", href: `/losses/?level=zone&parent=${encodeURIComponent(this.workspace.network)}&month=${losses.shownMonth.slice(0, 7)}&basis=${losses.basis}` }, this.word("asTable"));
    const zones = make("h3", {}, losses.view === "difference" ? this.word("zonesByChange") : this.word("zones"));
    this.panel.replaceChildren(...this.views(), this.totals(), this.legend(), zones, this.zoneList(), country);
    const again = focused !== "" ? this.panel.querySelector<HTMLElement>(`#${CSS.escape(focused)}`) : radio === "" ? null : this.panel.querySelector<HTMLElement>(radio);
    again?.focus();
  }
}

export function start(workspace: Workspace): Tool {
  return new LossesPanel(workspace);
}
