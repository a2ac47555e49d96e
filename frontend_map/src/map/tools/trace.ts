// Traces by clicking: what hangs together, what feeds it, what it feeds, the shortest way, the loops.
import type L from "leaflet";
import { fetchJson, figure, icon, make } from "../../page";
import type { Candidate } from "../candidates";
import { elementAt } from "../pointing";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

interface TraceAnswer {
  from: string;
  to: string | null;
  counts: Record<string, number>;
  length_m: number;
  stopped_at: string[];
  crossed_dirty: boolean;
  truncated: boolean;
  independent_loops?: number;
  groups: { nodes: { kind: string; count: number }[]; pipes: { diameter_mm: number | null; material: string; count: number; length_m: number; volume_m3: number | null }[]; volume_m3: number };
  features: { features: GeoJSON.Feature[] };
}

const TYPES = ["connected", "upstream", "downstream", "shortest", "loops"] as const;
// So many elements are chosen at most; more are only drawn.
const MOST_CHOSEN = 5000;
type Role = "from" | "to" | "barrier";

class TraceTool implements Tool {
  private panel: HTMLElement | null = null;
  private release: (() => void) | null = null;
  private type: (typeof TYPES)[number] = "connected";
  private from: Candidate | null = null;
  private to: Candidate | null = null;
  private barriers: Candidate[] = [];
  private waiting: Role = "from";
  private answer: TraceAnswer | null = null;

  constructor(private readonly workspace: Workspace) {}

  open(panel: HTMLElement): void {
    this.panel = panel;
    this.release = this.workspace.takeClicks(async (place) => this.pick(place));
    this.useSelection();
    this.draw();
  }

  close(): void {
    this.release?.();
    this.panel = null;
    this.workspace.overlay("trace", []);
  }

  /** A node that is chosen when the tool opens is where the trace starts. */
  private useSelection(): void {
    const { single } = this.workspace.selection;
    const code = document.querySelector("#details h2")?.textContent ?? "";
    if (single?.assetClass === "node" && this.from === null && code !== "") {
      this.from = { ...single, kind: "junction", code };
      this.waiting = "barrier";
    }
  }

  private async pick(place: L.LatLng): Promise<boolean> {
    const found = await elementAt(this.workspace, place, ["node"]);
    if (found === null) {
      this.workspace.say(this.workspace.word("pickNode"));
      return true;
    }
    if (this.waiting === "from") this.from = found;
    else if (this.waiting === "to") this.to = found;
    else if (!this.barriers.some(({ uid }) => uid === found.uid)) this.barriers.push(found);
    this.waiting = this.type === "shortest" && this.to === null ? "to" : "barrier";
    this.draw();
    await this.run();
    return true;
  }

  private async run(): Promise<void> {
    const { from, to, workspace } = this;
    if (from === null || (this.type === "shortest" && to === null)) return;
    const query = new URLSearchParams({ type: this.type, from: from.uid, geometry: "true", groups: "true" });
    if (this.type === "shortest" && to !== null) query.set("to", to.uid);
    if (this.type !== "loops") for (const { uid } of this.barriers) query.append("barrier", uid);
    try {
      this.answer = await fetchJson<TraceAnswer>(`${workspace.networkApi("trace/")}?${query}`);
    } catch (error) {
      this.answer = null;
      workspace.sayFailure(error);
    }
    const starts = new Set([from.uid]);
    const stops = new Set(this.barriers.map(({ uid }) => uid));
    const features = (this.answer?.features.features ?? []).map((feature) => {
      const role = starts.has(String(feature.id)) ? "start" : stops.has(String(feature.id)) ? "barrier" : "";
      return { ...feature, properties: { ...feature.properties, role } };
    });
    // Points of plain junctions would hide the lines.
    workspace.overlay("trace", features.filter(({ geometry, properties }) => geometry.type !== "Point" || properties.role !== ""));
    this.draw();
  }

  private draw(): void {
    const { panel, workspace } = this;
    if (panel === null) return;
    const select = make("select", { id: "trace-type" }, ...TYPES.map((type) => make("option", { value: type }, workspace.word(`trace_${type}`))));
    select.value = this.type;
    select.addEventListener("change", () => {
      this.type = TYPES.find((type) => type === select.value) ?? "connected";
      this.waiting = this.from === null ? "from" : this.type === "shortest" && this.to === null ? "to" : "barrier";
      this.answer = null;
      this.draw();
      void this.run();
    });
    const parts = [
      make("label", { class: "field" }, make("span", {}, workspace.word("traceType")), select),
      this.placeRow("from", "traceFrom", this.from),
      ...(this.type === "shortest" ? [this.placeRow("to", "traceTo", this.to)] : []),
      ...(this.type === "loops" ? [] : [this.barrierRow()]),
      make("p", { class: "notice" }, workspace.word(`traceWaits_${this.waiting}`)),
      ...this.result(),
    ];
    panel.replaceChildren(...parts);
  }

  private placeRow(role: Role, label: string, chosen: Candidate | null): HTMLElement {
    const button = make("button", { type: "button", class: "row-button", "aria-pressed": String(this.waiting === role) }, icon("pin"), make("span", { class: "name" }, chosen?.code ?? this.workspace.word("clickOnMap")), make("span", { class: "muted small" }, this.workspace.word(label)));
    button.addEventListener("click", () => {
      this.waiting = role;
      this.draw();
    });
    return button;
  }

  private barrierRow(): HTMLElement {
    const chips = this.barriers.map((barrier) => {
      const chip = make("button", { type: "button", class: "chip" }, barrier.code, " ×");
      chip.addEventListener("click", () => {
        this.barriers = this.barriers.filter(({ uid }) => uid !== barrier.uid);
        this.draw();
        void this.run();
      });
      return chip;
    });
    return make("div", {}, make("span", { class: "muted small" }, this.workspace.word("barriers")), " ", ...chips);
  }

  private result(): HTMLElement[] {
    const { answer, workspace } = this;
    if (answer === null) return [];
    const sums = make("p", { id: "trace-sum" }, `${figure(answer.counts["pipes"])} ${workspace.word("linesShort")} · ${figure(answer.length_m)} m · ${figure(answer.groups.volume_m3, 1)} m³`);
    const nodes = answer.groups.nodes.map(({ kind, count }) => make("li", {}, icon(kind), make("span", { class: "name" }, workspace.kindName(kind)), make("strong", {}, figure(count))));
    const pipes = answer.groups.pipes.map((group) => {
      const size = group.diameter_mm === null ? workspace.word("unknown") : `⌀ ${figure(group.diameter_mm)} mm`;
      const material = workspace.texts.materials[group.material.toLowerCase()] ?? group.material;
      return make("tr", {}, make("th", { scope: "row" }, `${size} ${material}`), make("td", { class: "number" }, figure(group.count)), make("td", { class: "number" }, figure(group.length_m)), make("td", { class: "number" }, figure(group.volume_m3, 1)));
    });
    const heads = ["", workspace.word("linesShort"), "m", "m³"].map((title) => make("th", { scope: "col", class: "number" }, title));
    const choose = make("button", { type: "button", class: "button" }, workspace.word("chooseFound"));
    choose.addEventListener("click", () => this.choose(answer));
    const clear = make("button", { type: "button", class: "button" }, workspace.word("clear"));
    clear.addEventListener("click", () => this.clear());
    return [
      sums,
      ...(answer.crossed_dirty ? [make("p", { class: "notice warn" }, workspace.word("crossedDirty"))] : []),
      ...(answer.truncated ? [make("p", { class: "notice warn" }, workspace.word("truncated"))] : []),
      ...(answer.stopped_at.length > 0 ? [make("p", { class: "small" }, workspace.word("stoppedAt", { codes: answer.stopped_at.slice(0, 20).join(", ") }))] : []),
      make("div", { class: "actions" }, choose, clear),
      make("ul", { class: "rows" }, ...nodes),
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...pipes)),
    ];
  }

  private choose(answer: TraceAnswer): void {
    const elements = answer.features.features.filter(({ properties }) => properties?.["is_connector"] !== true).map(({ id, properties }) => ({ assetClass: properties?.["class"] === "pipe" ? ("pipe" as const) : ("node" as const), uid: String(id) }));
    this.workspace.selection.set(elements.slice(0, MOST_CHOSEN));
  }

  private clear(): void {
    this.from = this.to = this.answer = null;
    this.barriers = [];
    this.waiting = "from";
    this.workspace.overlay("trace", []);
    this.draw();
  }
}

export function start(workspace: Workspace): Tool {
  return new TraceTool(workspace);
}
