// A break isolated by clicking a pipe: valves to close in order, who is without water, and an outage made of it.
import L from "leaflet";
import { element, fetchJson, figure, icon, make, postJson, postOnce } from "../../page";
import { orderLink } from "../card_tabs";
import { elementAt } from "../pointing";
import type { Tool } from "../tools";
import type { Workspace } from "../workspace";

interface Person {
  account: string;
  name: string;
  address: string;
  phone: string;
  is_priority: boolean;
}

interface Concerned {
  role: "pipe" | "close" | "held_by" | "passed" | "cut_off";
  class: "pipe" | "node";
  code: string;
  kind: string;
  reason: string | null;
  distance_m: number | null;
}

interface IsolationAnswer {
  pipe: string;
  close: string[];
  held_by: string[];
  passed: string[];
  cut_off: string[];
  length_m: number;
  volume_m3: number;
  subscribers: number;
  priority_count: number;
  priority: Person[];
  people: Person[];
  features: (GeoJSON.Feature & { properties: Concerned })[];
}

interface OutageAnswer {
  uid: string;
  number: string;
  state: string;
  starts_at: string;
  ends_at: string;
  reason: string;
  pipe: string;
  subscribers: number;
  conflicts_with: { number?: string; reason?: string }[];
}

const MOST_PEOPLE_SHOWN = 200;
const HOUR_MS = 3_600_000;
const MOVES: Record<string, string[]> = { planned: ["start", "cancel"], conflict: ["start", "cancel", "recompute"], in_progress: ["finish"] };

/** A local time as the field of a form holds it. */
export function localField(instant: Date): string {
  const shifted = new Date(instant.getTime() - instant.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}

class IsolateTool implements Tool {
  private panel: HTMLElement | null = null;
  private release: (() => void) | null = null;
  private pipe: { uid: string; at: number } | null = null;
  private inoperable: string[] = [];
  private answer: IsolationAnswer | null = null;
  private outages: OutageAnswer[] = [];

  constructor(private readonly workspace: Workspace) {}

  async open(panel: HTMLElement): Promise<void> {
    this.panel = panel;
    this.release = this.workspace.takeClicks((place) => this.pick(place));
    this.draw();
    const { single } = this.workspace.selection;
    if (single?.assetClass === "pipe") {
      this.pipe = { uid: single.uid, at: 0.5 };
      await this.isolate();
    }
    await this.listOutages();
  }

  close(): void {
    this.release?.();
    this.panel = null;
    this.workspace.overlay("isolation", []);
  }

  private async pick(place: L.LatLng): Promise<boolean> {
    const found = await elementAt(this.workspace, place, ["pipe"]);
    if (found === null) {
      this.workspace.say(this.workspace.word("pickPipe"));
      return true;
    }
    const { geometry } = await fetchJson<{ geometry: { coordinates: [number, number][] } }>(this.workspace.api(`pipes/${found.uid}/`));
    this.pipe = { uid: found.uid, at: shareOf(geometry.coordinates, place) };
    this.inoperable = [];
    await this.isolate();
    return true;
  }

  private async isolate(): Promise<void> {
    const { pipe, workspace } = this;
    if (pipe === null) return;
    const query: Record<string, string> = { at: pipe.at.toFixed(4), geometry: "true", people: "true" };
    if (this.inoperable.length > 0) query["inoperable"] = this.inoperable.join(",");
    try {
      this.answer = await fetchJson<IsolationAnswer>(workspace.api(`pipes/${pipe.uid}/isolation/`, query));
      workspace.overlay("isolation", this.answer.features.map((feature) => ({ ...feature, properties: { ...feature.properties, role: feature.properties.role === "held_by" ? "held" : feature.properties.role } })));
    } catch (error) {
      this.answer = null;
      workspace.overlay("isolation", []);
      workspace.sayFailure(error);
    }
    this.draw();
  }

  private async listOutages(): Promise<void> {
    const { results } = await fetchJson<{ results: OutageAnswer[] }>(this.workspace.api("outages/", { network: this.workspace.network, limit: "50" }));
    this.outages = results.filter(({ state }) => MOVES[state] !== undefined);
    this.draw();
  }

  private draw(): void {
    const { panel, workspace, answer } = this;
    if (panel === null) return;
    const parts = answer === null ? [make("p", { class: "notice" }, workspace.word("isolateHelp"))] : this.described(answer);
    panel.replaceChildren(...parts, ...this.outageList());
  }

  private described(answer: IsolationAnswer): HTMLElement[] {
    const { workspace } = this;
    const facts = make("p", { id: "isolation-sum" }, `${workspace.word("pipe")} ${answer.pipe}: ${workspace.word("isolationSum", { valves: answer.close.length, people: figure(answer.subscribers), length: figure(answer.length_m), volume: figure(answer.volume_m3) })}`);
    const priority = answer.priority_count === 0 ? [] : [make("p", { class: "notice warn" }, icon("alert"), make("span", {}, workspace.word("priorityHere", { n: answer.priority_count })))];
    const parts = [facts, ...priority, make("h3", {}, workspace.word("valvesToClose")), this.valves(answer)];
    const passed = answer.features.filter(({ properties }) => properties.role === "passed");
    if (passed.length > 0) parts.push(make("h3", {}, workspace.word("valvesPassed")), make("ul", { class: "rows" }, ...passed.map(({ properties }) => this.passedRow(properties))));
    if (answer.held_by.length > 0) parts.push(make("p", { class: "small" }, workspace.word("heldBy", { codes: answer.held_by.join(", ") })));
    parts.push(...this.people(answer));
    if (workspace.can("edit network")) parts.push(this.outageForm(answer));
    return parts;
  }

  private valves(answer: IsolationAnswer): HTMLElement {
    const { workspace } = this;
    const rows = answer.features
      .filter(({ properties }) => properties.role === "close")
      .map(({ properties, geometry, id }, index) => {
        const show = make("button", { type: "button", class: "row-button" }, make("strong", {}, `${index + 1}.`), make("span", { class: "name" }, properties.code), make("span", { class: "muted small" }, `${figure(properties.distance_m)} m`));
        show.addEventListener("click", () => {
          if (geometry.type === "Point") workspace.showAt([geometry.coordinates[1] ?? 0, geometry.coordinates[0] ?? 0], 18);
          workspace.selection.set([{ assetClass: "node", uid: String(id) }]);
        });
        const cannot = make("button", { type: "button", class: "link-button" }, workspace.word("cannotClose"));
        cannot.addEventListener("click", () => {
          this.inoperable.push(properties.code);
          void this.isolate();
        });
        return make("li", { class: "valve-row" }, show, cannot);
      });
    return make("ol", { id: "valves-to-close" }, ...rows);
  }

  private passedRow(valve: Concerned): HTMLElement {
    const row = make("li", {}, make("strong", {}, valve.code), make("span", { class: "alert" }, this.workspace.word(`reason_${valve.reason ?? "said"}`)));
    if (valve.reason === "said") {
      const back = make("button", { type: "button", class: "link-button" }, this.workspace.word("undo"));
      back.addEventListener("click", () => {
        this.inoperable = this.inoperable.filter((code) => code !== valve.code);
        void this.isolate();
      });
      row.append(back);
    }
    return row;
  }

  private people(answer: IsolationAnswer): HTMLElement[] {
    const { workspace } = this;
    if (answer.people.length === 0) return [make("p", { class: "muted" }, workspace.word(answer.subscribers > 0 ? "peopleHidden" : "nobodyHere"))];
    const rows = answer.people.slice(0, MOST_PEOPLE_SHOWN).map((one) => make("li", { class: one.is_priority ? "priority" : "" }, make("strong", { class: one.is_priority ? "alert" : "" }, one.name), make("span", { class: "muted small" }, [one.address, one.phone].filter((part) => part !== "").join(" · "))));
    const more = answer.people.length > MOST_PEOPLE_SHOWN ? [make("p", { class: "muted small" }, workspace.word("andMore", { n: answer.subscribers - MOST_PEOPLE_SHOWN }))] : [];
    return [make("details", { class: "people" }, make("summary", {}, `${workspace.word("peopleWithout")} (${figure(answer.subscribers)})`), make("ul", { class: "rows", id: "people-without" }, ...rows), ...more)];
  }

  private outageForm(answer: IsolationAnswer): HTMLElement {
    const { workspace } = this;
    const now = new Date();
    const starts = make("input", { type: "datetime-local", name: "starts", required: "", value: localField(new Date(now.getTime() + 24 * HOUR_MS)) });
    const ends = make("input", { type: "datetime-local", name: "ends", required: "", value: localField(new Date(now.getTime() + 28 * HOUR_MS)) });
    const reason = make("input", { name: "reason", required: "", maxlength: "300" });
    const message = make("p", { class: "field-error", role: "alert" });
    const field = (label: string, input: HTMLInputElement): HTMLElement => make("label", { class: "field" }, make("span", {}, workspace.word(label)), input);
    const form = make("form", { class: "stack", id: "outage-form" }, field("outageStarts", starts), field("outageEnds", ends), field("outageReason", reason), make("button", { class: "button primary" }, workspace.word("planOutage")), message);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const body = { network: workspace.network, pipe: answer.pipe, at: this.pipe?.at ?? 0.5, starts_at: new Date(starts.value).toISOString(), ends_at: new Date(ends.value).toISOString(), reason: reason.value, inoperable: this.inoperable };
      postOnce<OutageAnswer>(workspace.api("outages/"), body)
        .then((outage) => this.planned(outage))
        .catch((error: unknown) => {
          message.textContent = workspace.reasonOf(error);
        });
    });
    return make("details", {}, make("summary", {}, workspace.word("planOutage")), form);
  }

  private async planned(outage: OutageAnswer): Promise<void> {
    this.workspace.say(this.workspace.word(outage.conflicts_with.length > 0 ? "outageConflicts" : "outagePlanned", { number: outage.number, others: outage.conflicts_with.map(({ number }) => number ?? "").join(", ") }), outage.conflicts_with.length > 0);
    await Promise.all([this.listOutages(), this.workspace.renewTiles("outages")]);
    element("outages").scrollIntoView({ block: "nearest" });
  }

  private outageList(): HTMLElement[] {
    const { workspace } = this;
    const rows = this.outages.map((outage) => {
      const when = `${localField(new Date(outage.starts_at)).replace("T", " ")} – ${localField(new Date(outage.ends_at)).replace("T", " ")}`;
      const row = make("li", {}, make("strong", {}, outage.number), make("span", { class: outage.state === "conflict" ? "alert" : "" }, workspace.word(`outage_${outage.state}`)), make("span", { class: "muted small" }, `${when} · ${outage.pipe} · ${outage.reason}`));
      if (outage.conflicts_with.length > 0) row.append(make("span", { class: "alert small" }, workspace.word("overlaps", { others: outage.conflicts_with.map(({ number }) => number ?? "").join(", ") })));
      row.append(make("a", { class: "link-button", href: workspace.api(`outages/${outage.uid}/sheet.pdf`) }, workspace.word("crewSheet")));
      if (workspace.can("view subscribers")) row.append(make("a", { class: "link-button", href: workspace.api(`outages/${outage.uid}/subscribers.csv/`) }, workspace.word("noticeList")));
      row.append(orderLink(workspace, "outage", outage.uid, true) ?? "");
      if (workspace.can("edit network")) for (const move of MOVES[outage.state] ?? []) row.append(this.moveButton(outage, move));
      return row;
    });
    const list = rows.length === 0 ? make("p", { class: "muted" }, workspace.word("noOutages")) : make("ul", { class: "rows" }, ...rows);
    return [make("section", { id: "outages" }, make("h3", {}, workspace.word("outages")), list)];
  }

  private moveButton(outage: OutageAnswer, move: string): HTMLElement {
    const button = make("button", { type: "button", class: "link-button" }, this.workspace.word(`outageMove_${move}`));
    button.addEventListener("click", () => {
      if (move === "cancel" && !window.confirm(this.workspace.word("outageSureCancel", { number: outage.number }))) return;
      postJson(this.workspace.api(`outages/${outage.uid}/${move}/`), {})
        .then(() => Promise.all([this.listOutages(), this.workspace.renewTiles("outages")]))
        .catch((error: unknown) => {
          this.workspace.sayFailure(error);
        });
    });
    return button;
  }
}

/** Where along a drawn line the point nearest to a place lies, as a share of its length. */
export function shareOf(line: readonly [number, number][], place: { lat: number; lng: number }): number {
  const across = Math.cos((place.lat * Math.PI) / 180);
  let [along, best, nearest] = [0, 0, Infinity];
  for (let index = 1; index < line.length; index += 1) {
    const [x1 = 0, y1 = 0] = line[index - 1] ?? [];
    const [x2 = 0, y2 = 0] = line[index] ?? [];
    const [dx, dy] = [(x2 - x1) * across, y2 - y1];
    const length = Math.hypot(dx, dy);
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((place.lng - x1) * across * dx + (place.lat - y1) * dy) / length ** 2));
    const distance = Math.hypot((place.lng - x1) * across - share * dx, place.lat - y1 - share * dy);
    if (distance < nearest) [nearest, best] = [distance, along + share * length];
    along += length;
  }
  return along === 0 ? 0 : best / along;
}

export function start(workspace: Workspace): Tool {
  return new IsolateTool(workspace);
}
