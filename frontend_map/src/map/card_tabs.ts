// The tabs of an element's card: each asks for what it shows when it is opened.
import { momentDay, momentName } from "../local_time";
import { dayName, fetchAll, fetchJson, figure, filled, icon, make, measured, textOf, unitOf } from "../page";
import type { NodeAnswer, PipeAnswer } from "./facts";
import { type ElementReference } from "./selection";
import type { Workspace } from "./workspace";

export type CardElement = (ElementReference & { assetClass: "pipe"; answer: PipeAnswer; facts: HTMLElement }) | (ElementReference & { assetClass: "node"; answer: NodeAnswer; facts: HTMLElement });

interface CardTab {
  name: string;
  word: string;
  isFor(chosen: CardElement, workspace: Workspace): boolean;
  fill(chosen: CardElement, workspace: Workspace): HTMLElement[] | Promise<HTMLElement[]>;
}

const nothingUid = "00000000-0000-0000-0000-000000000000";
const DAY_MS = 86_400_000;
const always = (): boolean => true;
const own = (chosen: CardElement): Record<string, string> => ({ [chosen.assetClass]: chosen.uid, limit: "100" });

function empty(workspace: Workspace, name: string): HTMLElement[] {
  return [make("p", { class: "muted" }, workspace.word(name))];
}

/** A row that chooses an element when it is pressed. */
export function elementButton(workspace: Workspace, target: ElementReference, kind: string, code: string, note = ""): HTMLElement {
  const button = make("button", { type: "button", class: "row-button" }, icon(kind), make("span", { class: "name" }, code), make("span", { class: "muted small" }, note));
  button.addEventListener("click", () => {
    workspace.chooseAndShow(target);
  });
  return button;
}

async function connections(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  if (chosen.assetClass === "pipe") {
    const { answer } = chosen;
    return [
      elementButton(workspace, { assetClass: "node", uid: answer.start_node }, "junction", answer.start_node_code, workspace.word("from")),
      elementButton(workspace, { assetClass: "node", uid: answer.end_node }, "junction", answer.end_node_code, workspace.word("to")),
    ];
  }
  const pipes = await fetchAll<PipeAnswer>(workspace.api("pipes/", { node: chosen.uid, limit: "200" }));
  if (pipes.length === 0) return empty(workspace, "noConnections");
  return pipes.map((pipe) => {
    const other = pipe.start_node === chosen.uid ? pipe.end_node_code : pipe.start_node_code;
    const size = pipe.diameter_m === null ? "" : `⌀ ${figure(pipe.diameter_m * 1000)} mm · `;
    return elementButton(workspace, { assetClass: "pipe", uid: pipe.uid }, "pipe", pipe.code, `${size}→ ${other}`);
  });
}

interface Consumers {
  count: number;
  priority_count?: number;
  results: { account?: string; account_uid?: string; page?: string; name: string; address: string; phone: string; is_priority?: boolean }[];
}

async function consumers(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  const found = await fetchJson<Consumers>(workspace.api(`${chosen.assetClass}s/${chosen.uid}/consumers/`));
  const count = make("p", {}, filled(workspace.word("consumersHere"), { n: figure(found.count) }));
  const rows = found.results.map((one) => {
    const name = one.page === undefined ? make("span", {}, one.name) : make("a", { href: one.page }, one.name);
    return make("li", {}, make("strong", { class: one.is_priority === true ? "alert" : "" }, name), make("span", { class: "muted small" }, [one.account ?? "", one.address, one.phone].filter((part) => part !== "").join(" · ")));
  });
  return [count, make("ul", { class: "rows" }, ...rows)];
}

interface Stream {
  uid: string;
  observed_property: string;
  unit: string;
  latest_time: string | null;
  latest_value: number | null;
}

/** The course of a day as one line. */
function sparkline(values: readonly (number | null)[]): SVGSVGElement | null {
  const known = values.filter((value): value is number => value !== null);
  if (known.length < 2) return null;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const span = high - low || 1;
  const points = values.flatMap((value, index) => (value === null ? [] : [`${((index / (values.length - 1)) * 118 + 1).toFixed(1)},${(29 - ((value - low) / span) * 28).toFixed(1)}`]));
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 120 30");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

async function courseOf(workspace: Workspace, stream: Stream): Promise<SVGSVGElement | null> {
  if (stream.latest_time === null) return null;
  const until = new Date(stream.latest_time);
  const since = new Date(until.getTime() - DAY_MS);
  const course = await fetchJson<{ mean?: (number | null)[]; values?: (number | null)[] }>(workspace.api("series/", { datastream: stream.uid, since: since.toISOString(), until: until.toISOString() }));
  return sparkline(course.mean ?? course.values ?? []);
}

async function sensors(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  const things = await fetchAll<{ uid: string; name: string }>(workspace.api("things/", { [`attachment__${chosen.assetClass}__uid`]: chosen.uid }));
  if (things.length === 0) return empty(workspace, "noSensors");
  return Promise.all(
    things.map(async (thing) => {
      const streams = await fetchAll<Stream>(workspace.api("datastreams/", { thing__uid: thing.uid, limit: "50" }));
      const rows = await Promise.all(
        streams.map(async (stream) => {
          const value = `${measured(stream.latest_value, stream.observed_property)} ${unitOf(stream.unit)}`;
          const time = stream.latest_time === null ? workspace.word("neverMeasured") : momentName(stream.latest_time);
          return make("li", {}, make("span", {}, workspace.texts.states[stream.observed_property] ?? stream.observed_property), make("strong", {}, value), make("span", { class: "muted small" }, time), await courseOf(workspace, stream).catch(() => null));
        }),
      );
      const page = workspace.settings.addresses.sensor.replace(nothingUid, thing.uid);
      return make("section", {}, make("h3", {}, make("a", { href: page }, thing.name)), make("ul", { class: "rows" }, ...rows));
    }),
  );
}

interface Paper {
  uid: string;
  title: string;
  kind: string;
  issued_on: string | null;
  has_file: boolean;
  content_type: string;
}

async function documents(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  const found = await fetchAll<Paper>(workspace.api("documents/", own(chosen)));
  const rows = found.map((paper) => {
    const file = workspace.api(`documents/${paper.uid}/file/`);
    const picture = paper.has_file && paper.content_type.startsWith("image/") ? make("img", { src: file, alt: paper.title, loading: "lazy" }) : null;
    const title = paper.has_file ? make("a", { href: file }, paper.title) : make("span", {}, paper.title);
    return make("li", {}, title, make("span", { class: "muted small" }, [workspace.texts.states[paper.kind] ?? paper.kind, paper.issued_on === null ? "" : dayName(paper.issued_on), paper.has_file ? "" : workspace.word("onPaper")].filter((part) => part !== "").join(" · ")), picture);
  });
  const list = rows.length === 0 ? empty(workspace, "noDocuments") : [make("ul", { class: "rows" }, ...rows)];
  if (!workspace.can("edit network")) return list;
  const { documentForm } = await import("./document_form");
  return [...list, documentForm(chosen, workspace)];
}

interface Inspection {
  inspected_on: string;
  inspector: string;
  method: string;
  grade: number | null;
  findings: string;
}

interface Leak {
  uid: string;
  number: string;
  state: string;
  kind: string;
  reported_at: string;
  repaired_at: string | null;
  estimated_loss_m3h: number | null;
  note: string;
}

function leakRow(leak: Leak, workspace: Workspace): HTMLElement {
  const state = (name: string): string => workspace.texts.states[name] ?? name;
  const said = [leak.estimated_loss_m3h === null ? "" : `${figure(leak.estimated_loss_m3h, 1)} m³/h`, leak.note].filter((part) => part !== "").join(" · ");
  const days = `${momentDay(leak.reported_at)}${leak.repaired_at === null ? "" : ` → ${momentDay(leak.repaired_at)}`}`;
  return make(
    "li",
    {},
    make("strong", {}, `${workspace.word("leak")} ${leak.number}`),
    make("span", {}, `${state(leak.kind)} · ${state(leak.state)}`),
    said === "" ? null : make("span", {}, said),
    make("span", { class: "muted small" }, days),
    orderLink(workspace, "leak", leak.uid, leak.state !== "repaired" && leak.state !== "rejected"),
  );
}

/** The way to the form of a work order about a leak or an outage, for who gives out work. */
export function orderLink(workspace: Workspace, source: "leak" | "outage", uid: string, isOpen: boolean): HTMLElement | null {
  if (!isOpen || !workspace.can("dispatch work")) return null;
  return make("a", { class: "link-button", href: `${workspace.settings.addresses.work}?${source}=${uid}` }, workspace.word("newWork"));
}

async function inspections(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  const [looks, leaks] = await Promise.all([fetchAll<Inspection>(workspace.api("inspections/", own(chosen))), fetchAll<Leak>(workspace.api("leaks/", own(chosen)))]);
  if (looks.length + leaks.length === 0) return empty(workspace, "noInspections");
  const state = (name: string): string => workspace.texts.states[name] ?? name;
  const leakRows = leaks.map((leak) => leakRow(leak, workspace));
  const lookRows = looks.map((look) => make("li", {}, make("strong", {}, dayName(look.inspected_on)), make("span", {}, `${state(look.method)}${look.grade === null ? "" : ` · ${workspace.word("grade")} ${look.grade}`}`), make("span", { class: "muted small" }, [look.inspector, look.findings].filter((part) => part !== "").join(": "))));
  return [make("ul", { class: "rows" }, ...leakRows, ...lookRows)];
}

interface Order {
  uid: string;
  number: string;
  title: string;
  state: string;
  assignee_name: string;
  due_at: string | null;
}

async function work(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  const orders = await fetchAll<Order>(workspace.api("work-orders/", own(chosen)));
  const rows = orders.map((order) => make("li", {}, make("strong", {}, `${order.number} ${order.title}`), make("span", {}, workspace.texts.states[order.state] ?? order.state), make("span", { class: "muted small" }, [order.assignee_name, order.due_at === null ? "" : momentDay(order.due_at)].filter((part) => part !== "").join(" · "))));
  const list = rows.length === 0 ? empty(workspace, "noWork") : [make("ul", { class: "rows" }, ...rows)];
  if (!workspace.can("dispatch work")) return list;
  const { workForm } = await import("./work_form");
  return [...list, workForm(chosen, workspace)];
}

export interface State {
  table: string;
  change: "made" | "changed" | "deleted";
  valid_from: string | null;
  valid_to: string;
  by: string | null;
  /** The row as it was; null where this made it. */
  before: Record<string, unknown> | null;
  geometry: GeoJSON.Geometry | null;
}

/** The attributes of a former state that are other than those of the state after it. */
export function differences(former: Record<string, unknown>, next: Record<string, unknown>): string[] {
  return Object.keys(former).filter((name) => name in next && JSON.stringify(former[name]) !== JSON.stringify(next[name]));
}

/** What a change did, in lines: attributes that have a word with their values, and whether the shape is another. */
export function told(state: State, next: State | undefined, now: Record<string, unknown>, workspace: Workspace): string[] {
  if (state.before === null) return [workspace.word("change_made")];
  const { before } = state;
  const after = next?.before ?? now;
  const attributes = differences(before, after)
    .filter((name) => workspace.texts.details[name] !== undefined)
    .map((name) => `${workspace.texts.details[name] ?? name}: ${shown(before[name])} → ${shown(after[name])}`);
  const shape = next === undefined ? now["geometry"] : next.geometry;
  const isMoved = state.geometry !== null && shape !== undefined && shape !== null && JSON.stringify(state.geometry) !== JSON.stringify(shape);
  return [...attributes, ...(isMoved ? [workspace.word("change_shape")] : [])];
}

async function history(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  const { states } = await fetchJson<{ states: State[] }>(workspace.api(`${chosen.assetClass}s/${chosen.uid}/history/`));
  if (states.length === 0) return empty(workspace, "noHistory");
  const now = chosen.answer as unknown as Record<string, unknown>;
  const rows = states.map((state, index) => {
    // The newest come first: what came after stands before it, of the same table.
    const next = states.slice(0, index).reverse().find(({ table }) => table === state.table);
    const lines = told(state, next, now, workspace).map((line) => make("li", { class: "small" }, line));
    const row = make("li", {}, make("strong", {}, momentName(state.valid_to)), make("span", {}, state.by ?? workspace.word("bySystem")), make("ul", { class: "plain" }, ...lines));
    const { valid_from: from } = state;
    if (from === null) return row;
    const asOf = make("button", { type: "button", class: "link-button" }, workspace.word("showAsOf"));
    asOf.addEventListener("click", () => document.dispatchEvent(new CustomEvent("tarmoq:as-of", { detail: from })));
    row.append(asOf);
    return row;
  });
  return [make("ul", { class: "rows history" }, ...rows)];
}

function shown(value: unknown): string {
  if (typeof value === "number") return figure(value, Number.isInteger(value) ? 0 : 3);
  return textOf(value) || "–";
}

async function facts(chosen: CardElement, workspace: Workspace): Promise<HTMLElement[]> {
  if (!workspace.can("edit network")) return [chosen.facts];
  const edit = make("button", { type: "button", class: "button" }, icon("edit"), workspace.word("editAttributes"));
  edit.id = "edit-attributes";
  edit.addEventListener("click", () => {
    void import("./attribute_form").then(async ({ attributeForm }) => {
      edit.parentElement?.replaceChildren(await attributeForm(chosen, workspace));
    });
  });
  return Promise.resolve([chosen.facts, edit]);
}

export const CARD_TABS: CardTab[] = [
  { name: "facts", word: "tabFacts", isFor: always, fill: facts },
  { name: "connections", word: "tabConnections", isFor: always, fill: connections },
  { name: "consumers", word: "tabConsumers", isFor: always, fill: consumers },
  { name: "sensors", word: "tabSensors", isFor: (_chosen, workspace) => workspace.can("view sensors"), fill: sensors },
  { name: "documents", word: "tabDocuments", isFor: always, fill: documents },
  { name: "inspections", word: "tabInspections", isFor: always, fill: inspections },
  { name: "work", word: "tabWork", isFor: (_chosen, workspace) => workspace.can("view work orders"), fill: work },
  { name: "history", word: "tabHistory", isFor: always, fill: history },
];
