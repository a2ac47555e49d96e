// Imbalance of zones by month: what the zones are coloured by, and the list of them.
import L from "leaflet";
import { type Balance, type Basis, classes, colourBelowZero, colourInsufficient, colourNoData, colourOf, shareOf, type Suspicion } from "../../balances";
import { fetchAll, icon, make, monthName, percent } from "../../page";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";
import { centreOf } from "../zone_centre";

export interface ZoneAnswer {
  uid: string;
  code: string;
  name: string;
  parent: string | null;
  geometry: { coordinates: number[][][][] } | null;
}

/** The zones of the network with their balances; one for the page, whether its panel is open or not. */
export class Losses {
  zones: ZoneAnswer[] = [];
  balances: Balance[] = [];
  suspicions: Suspicion[] = [];
  months: string[] = [];
  month = 0;
  basis: Basis = "apportioned";
  private readonly labels = L.layerGroup();
  private readonly listeners: (() => void)[] = [];

  constructor(readonly workspace: Workspace) {
    this.labels.addTo(workspace.map);
    workspace.map.on("zoomend", () => this.showLabels());
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  async load(): Promise<void> {
    const { workspace } = this;
    const query = { network: workspace.network, limit: "1000" };
    const zones = fetchAll<ZoneAnswer>(workspace.api("zones/", query));
    if (workspace.can("view balances")) {
      [this.zones, this.balances, this.suspicions] = await Promise.all([
        zones,
        fetchAll<Balance>(workspace.api("zone-balances/", { ...query, granularity: "month" })),
        fetchAll<Suspicion>(workspace.api("leak-suspicions/", query)),
      ]);
      this.months = [...new Set(this.balances.map((balance) => balance.period_start))].sort();
      this.month = Math.max(0, this.months.length - 1);
    } else {
      this.zones = await zones;
    }
    await workspace.whenLoaded();
    this.paint();
  }

  get shownMonth(): string {
    return this.months[this.month] ?? "";
  }

  show(month: number, basis: Basis = this.basis): void {
    this.month = Math.min(Math.max(0, month), Math.max(0, this.months.length - 1));
    this.basis = basis;
    this.paint();
  }

  balanceOf(zone: string): Balance | undefined {
    return this.balances.find((balance) => balance.zone === zone && balance.period_start === this.shownMonth);
  }

  /** A suspicion of the zone that had begun by the end of the month shown. */
  suspicionOf(zone: string): Suspicion | undefined {
    const [year = 0, month = 0] = this.shownMonth.split("-").map(Number);
    const next = `${month === 12 ? year + 1 : year}-${String((month % 12) + 1).padStart(2, "0")}-01`;
    return this.suspicions.find((suspicion) => suspicion.zone === zone && (this.shownMonth === "" || suspicion.started_on < next));
  }

  hasZones(zone: ZoneAnswer): boolean {
    return this.zones.some((other) => other.parent === zone.uid);
  }

  private paint(): void {
    const { workspace } = this;
    for (const zone of this.zones) {
      workspace.setState({ assetClass: "zone", uid: zone.uid }, { colour: colourOf(this.balanceOf(zone.uid), this.basis), hasZones: this.hasZones(zone) });
    }
    if (workspace.can("view balances")) {
      workspace.holder.dataset["month"] = this.shownMonth;
      workspace.holder.dataset["basis"] = this.basis;
    }
    this.showLabels();
    for (const listener of this.listeners) listener();
  }

  /** Names and percentages over the zones. */
  showLabels(): void {
    this.labels.clearLayers();
    const { map } = this.workspace;
    if (!this.workspace.isShown("losses") || map.getZoom() > 15) return;
    const taken: L.Bounds[] = [];
    // Suspected zones first: where two labels would cover each other, the first one stays.
    const isSuspected = (zone: ZoneAnswer): boolean => this.suspicionOf(zone.uid) !== undefined;
    const order = this.zones.filter((zone) => !this.hasZones(zone)).sort((one, other) => Number(isSuspected(other)) - Number(isSuspected(one)));
    for (const zone of order) {
      const centre = centreOf(zone.geometry?.coordinates);
      if (centre === null) continue;
      const balance = this.balanceOf(zone.uid);
      const share = balance === undefined ? null : shareOf(balance, this.basis);
      const name = isSuspected(zone) ? `▲ ${zone.name}` : zone.name;
      const box = labelBox(map.latLngToContainerPoint(centre), name);
      if (taken.some((other) => other.intersects(box))) continue;
      taken.push(box);
      const html = make("div", {}, make("span", isSuspected(zone) ? { class: "alert" } : {}, name));
      if (share !== null) html.append(make("br"), make("b", {}, percent(share)));
      L.marker(centre, { icon: L.divIcon({ className: "zone-label", iconSize: [0, 0], html }), interactive: false, keyboard: false }).addTo(this.labels);
    }
  }
}

/** About the room that a label takes, in pixels around its point. */
function labelBox(point: L.Point, name: string): L.Bounds {
  const half = L.point(Math.max(46, name.length * 7 + 8) / 2, 17);
  return L.bounds(point.subtract(half), point.add(half));
}

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

  constructor(private readonly workspace: Workspace) {
    this.losses = lossesOf(workspace);
    this.losses.onChange(() => this.draw());
  }

  open(panel: HTMLElement): void {
    this.panel = panel;
    this.draw();
  }

  close(): void {
    this.panel = null;
  }

  private step(name: string, label: string, step: number): HTMLButtonElement {
    const made = make("button", { type: "button", class: "icon-button", "aria-label": this.workspace.word(label) }, icon(name));
    made.addEventListener("click", () => this.losses.show(this.losses.month + step));
    return made;
  }

  private monthRow(): HTMLElement {
    const { months, month, shownMonth } = this.losses;
    const slider = make("input", { type: "range", id: "month", min: "0", max: String(Math.max(0, months.length - 1)), step: "1", "aria-label": this.workspace.word("month") });
    slider.value = String(month);
    slider.disabled = months.length < 2;
    slider.setAttribute("aria-valuetext", shownMonth === "" ? "" : monthName(shownMonth));
    slider.addEventListener("input", () => this.losses.show(Number(slider.value)));
    const back = this.step("left", "earlierMonth", -1);
    const forward = this.step("right", "laterMonth", 1);
    back.id = "month-back";
    forward.id = "month-forward";
    back.disabled = month <= 0;
    forward.disabled = month >= months.length - 1;
    const name = make("strong", { id: "month-name" }, shownMonth === "" ? this.workspace.word("noBalances") : monthName(shownMonth));
    return make("div", { class: "month-row" }, back, make("label", { class: "month" }, name, slider), forward);
  }

  private basisRow(): HTMLElement {
    const choices = (["apportioned", "billed"] as const).map((basis) => {
      const input = make("input", { type: "radio", name: "basis", value: basis });
      input.checked = this.losses.basis === basis;
      input.addEventListener("change", () => this.losses.show(this.losses.month, basis));
      return make("label", {}, input, make("span", {}, this.workspace.word(basis)));
    });
    return make("div", { class: "segmented", role: "radiogroup", "aria-label": this.workspace.word("basis") }, ...choices);
  }

  private zoneList(): HTMLElement {
    const ranked = this.losses.zones
      .map((zone) => {
        const balance = this.losses.balanceOf(zone.uid);
        return { zone, balance, share: balance === undefined ? null : shareOf(balance, this.losses.basis) };
      })
      .sort((one, other) => (other.share ?? -Infinity) - (one.share ?? -Infinity) || one.zone.code.localeCompare(other.zone.code));
    const items = ranked.map(({ zone, balance, share }) => {
      const swatch = make("span", { class: "swatch" });
      swatch.style.background = colourOf(balance, this.losses.basis);
      const item = make("button", { type: "button" }, swatch, make("span", { class: "name" }, zone.name), make("span", { class: "value" }, share === null ? "–" : percent(share)));
      item.addEventListener("click", () => {
        const centre = centreOf(zone.geometry?.coordinates);
        if (centre !== null) this.workspace.bringIntoView(centre);
        this.workspace.selection.set([{ assetClass: "zone", uid: zone.uid }]);
      });
      return make("li", {}, item);
    });
    return make("ul", { class: "zone-list", id: "zone-list" }, ...items);
  }

  private legend(): HTMLElement {
    const entries = [
      ...classes.map((shown) => legendEntry(shown.colour, shown.label)),
      legendEntry(colourBelowZero, this.workspace.word("belowZero")),
      legendEntry(colourInsufficient, this.workspace.word("insufficient")),
      legendEntry(colourNoData, this.workspace.word("noData")),
    ];
    return make("div", {}, make("h3", {}, this.workspace.word("legendTitle")), make("ul", { class: "legend", id: "legend" }, ...entries), make("p", { class: "muted small" }, this.workspace.word("belowZeroRule")));
  }

  private draw(): void {
    if (this.panel === null) return;
    const focused = document.activeElement?.id ?? "";
    this.panel.replaceChildren(this.monthRow(), this.basisRow(), this.legend(), make("h3", {}, this.workspace.word("zones")), this.zoneList());
    if (focused !== "") this.panel.querySelector<HTMLElement>(`#${CSS.escape(focused)}`)?.focus();
  }
}

export function start(workspace: Workspace): Tool {
  return new LossesPanel(workspace);
}
