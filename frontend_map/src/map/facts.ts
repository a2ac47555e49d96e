// What the map says about the thing that was clicked.
import { type Balance, type Basis, type BilledDays, decimalsThatAdd, imbalanceOf, type LeakEvent, limitShareOf, shareOf } from "../balances";
import { dayName, diameterText, figure, filled, icon, make, monthName, percent } from "../page";
import { type MapTexts, word } from "./settings";

export interface NodeAnswer {
  uid: string;
  version: number;
  installed_on: string | null;
  zone: string | null;
  code: string;
  kind: string;
  elevation_m: number | null;
  lifecycle: string;
  zone_name: string | null;
  network: string;
  details: Record<string, unknown>;
  geometry: { coordinates: [number, number] };
}

export interface PipeAnswer {
  uid: string;
  version: number;
  zone: string | null;
  roughness: number;
  minor_loss: number;
  start_node: string;
  end_node: string;
  code: string;
  status: string;
  lifecycle: string;
  diameter_m: number | null;
  material: string;
  stated_length_m: number | null;
  geodesic_length_m: number;
  year_installed: number | null;
  has_check_valve: boolean;
  start_node_code: string;
  end_node_code: string;
  zone_name: string | null;
  network: string;
  geometry: { coordinates: [number, number][] };
}

type Row = [name: string, value: string | null, look?: "sum" | "alert" | undefined];

function table(rows: Row[]): HTMLTableElement {
  const body = make("tbody");
  for (const [name, value, look] of rows) {
    if (value === null || value === "") continue;
    body.append(make("tr", look === undefined ? {} : { class: look }, make("th", { scope: "row" }, name), make("td", { class: "number" }, value)));
  }
  return make("table", {}, body);
}

export function head(texts: MapTexts, symbol: string, title: string, subtitle: string, close: () => void): HTMLElement {
  const button = make("button", { type: "button", class: "icon-button", "aria-label": word(texts, "close") }, icon("close"));
  button.addEventListener("click", close);
  return make(
    "div",
    { class: "details-head" },
    make("span", { class: "row-icon" }, icon(symbol)),
    make("div", {}, make("h2", {}, title), make("span", { class: "muted small" }, subtitle)),
    button,
  );
}

const millimetres = (metres: number | null): string | null => (metres === null ? null : `${figure(metres * 1000)} mm`);
const metres = (value: number | null, decimals = 1): string | null => (value === null ? null : `${figure(value, decimals)} m`);

export function pipeTable(texts: MapTexts, pipe: PipeAnswer): HTMLTableElement {
  return table([
    [word(texts, "status"), texts.states[pipe.status] ?? pipe.status, pipe.status === "closed" ? "alert" : undefined],
    [word(texts, "diameter"), millimetres(pipe.diameter_m)],
    [word(texts, "material"), texts.materials[pipe.material.toLowerCase()] ?? pipe.material],
    [word(texts, "length"), metres(pipe.stated_length_m)],
    [word(texts, "drawnLength"), metres(pipe.geodesic_length_m)],
    [word(texts, "year"), pipe.year_installed === null ? null : String(pipe.year_installed)],
    [word(texts, "checkValve"), word(texts, pipe.has_check_valve ? "yes" : "no")],
    [word(texts, "roughness"), figure(pipe.roughness, 3)],
    [word(texts, "minorLoss"), figure(pipe.minor_loss, 2)],
    [word(texts, "lifecycle"), texts.states[pipe.lifecycle] ?? pipe.lifecycle],
    [word(texts, "zone"), pipe.zone_name],
    [word(texts, "from"), pipe.start_node_code],
    [word(texts, "to"), pipe.end_node_code],
  ]);
}

export function nodeTable(texts: MapTexts, node: NodeAnswer): HTMLTableElement {
  return table([
    [word(texts, "elevation"), metres(node.elevation_m)],
    [word(texts, "lifecycle"), texts.states[node.lifecycle] ?? node.lifecycle],
    [word(texts, "zone"), node.zone_name],
    [word(texts, "installedOn"), node.installed_on],
    ...Object.entries(node.details).filter(([name]) => saysSomething(name, node.details)).map(([name, value]): Row => {
      const shown = detail(texts, name, value);
      return isAlarming(name, value) ? [texts.details[name] ?? name, shown, "alert"] : [texts.details[name] ?? name, shown];
    }),
  ]);
}

/** An isolation valve may always shut off: what is kept of that is for the other types alone. */
function saysSomething(name: string, details: Record<string, unknown>): boolean {
  return name !== "is_isolating" || details["valve_type"] !== "isolation";
}

/** What a crew must not overlook: a valve that is broken, shut, buried or cannot be reached. */
function isAlarming(name: string, value: unknown): boolean {
  return (name === "is_accessible" && value === false) || ((name === "is_broken" || name === "is_buried") && value === true) || (name === "status" && value === "closed");
}

/** A detail as it is shown; false is said too, for it is a fact like any other. */
export function detail(texts: MapTexts, name: string, value: unknown): string | null {
  if (value === null) return null;
  if (value === true || value === false) return word(texts, value ? "yes" : "no");
  if (typeof value === "number") {
    if (name.endsWith("diameter_m")) return diameterText(value);
    return figure(value, Number.isInteger(value) ? 0 : 2);
  }
  return typeof value === "string" ? (texts.states[value] ?? value) : JSON.stringify(value);
}

/** What is known of a zone's month, all that its card shows. */
export interface ZoneFacts {
  balance: Balance | undefined;
  basis: Basis;
  events?: LeakEvent[];
  billedDays?: BilledDays | undefined;
  /** Where the zone's page and its events are. */
  address: string;
  eventsAddress?: string;
}

export function zoneBody(texts: MapTexts, facts: ZoneFacts): HTMLElement {
  const { balance, events = [] } = facts;
  const body = make("div");
  for (const event of events) body.append(eventLine(texts, event, facts.eventsAddress ?? ""));
  if (balance === undefined) body.append(make("p", { class: "muted" }, word(texts, "noData")));
  else body.append(...balanceParts(texts, balance, facts));
  body.append(make("a", { class: "button", href: facts.address }, word(texts, "zonePage")));
  return body;
}

function eventLine(texts: MapTexts, event: LeakEvent, address: string): HTMLElement {
  const limit = event.size_limit_95_m3h === null ? "" : ` ± ${figure(event.size_limit_95_m3h, 1)}`;
  const said = `${word(texts, "leakEvent")}: ${word(texts, `event_${event.state}`)}, ${figure(event.now.size_m3h, 1)}${limit} m³/h`;
  return make("p", { class: "small" }, make("a", { href: `${address}#event-${event.id}` }, said));
}

function otherBasis(texts: MapTexts, balance: Balance, basis: Basis, days: BilledDays | undefined): HTMLElement {
  const share = shareOf(balance, basis);
  const said = share === null ? word(texts, "insufficient") : `${percent(share)}, ${figure(imbalanceOf(balance, basis))} m³`;
  const line = make("p", { class: "muted small beside" }, make("b", {}, `${word(texts, basis)}: `), said);
  if (basis === "billed" && days !== undefined) line.append(` — ${daysSentence(texts, balance.period_start, days)}`);
  return line;
}

/** "Bills cover 32.5 days on average, 30 December 2025 to 4 February 2026; the month has 31." */
export function daysSentence(texts: MapTexts, month: string, days: BilledDays): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  const length = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return filled(word(texts, "billsCover"), { days: figure(days.mean_days, 1), from: dayName(days.first_day), to: dayName(days.last_day), length });
}

function balanceParts(texts: MapTexts, balance: Balance, { basis, billedDays }: ZoneFacts): HTMLElement[] {
  const share = shareOf(balance, basis);
  const limitShare = limitShareOf(balance);
  const consumption = basis === "billed" ? balance.billed_m3 : balance.apportioned_m3;
  const decimals = decimalsThatAdd([
    [Number(balance.input_m3), -Number(balance.output_m3), -Number(balance.storage_change_m3), Number(balance.supply_m3)],
    [Number(balance.supply_m3), -Number(consumption), -Number(balance.unbilled_m3), Number(imbalanceOf(balance, basis))],
  ]);
  const volume = (value: string | null): string => `${figure(value, decimals)} m³`;
  const limit = balance.limit_95_m3 === null ? "" : ` ± ${figure(balance.limit_95_m3)}`;
  const headline = make(
    "p",
    { class: "headline" },
    make("strong", {}, share === null ? word(texts, "insufficient") : percent(share)),
    make("span", { class: "muted" }, share === null ? "" : `${limitShare === null ? "" : `± ${percent(limitShare)} `}${word(texts, "shareOfSupply")}, ${word(texts, basis).toLowerCase()}`),
  );
  const imbalance = share === null ? "–" : `${figure(imbalanceOf(balance, basis), decimals)}${limit} m³`;
  const figures = table([
    [word(texts, "input"), volume(balance.input_m3)],
    [`− ${word(texts, "output")}`, volume(balance.output_m3)],
    [`− ${word(texts, "storageChange")}`, volume(balance.storage_change_m3)],
    [`= ${word(texts, "supply")}`, volume(balance.supply_m3), "sum"],
    [`− ${word(texts, basis)}`, volume(consumption)],
    [`− ${word(texts, "unbilled")}`, volume(balance.unbilled_m3)],
    [`= ${word(texts, "imbalance")}`, imbalance, "sum"],
    [word(texts, "supplyCoverage"), percent(balance.supply_coverage, 0)],
    [word(texts, "consumptionCoverage"), percent(balance.consumption_coverage, 0)],
    [word(texts, "servicePoints"), figure(balance.service_points)],
  ]);
  const other = otherBasis(texts, balance, basis === "billed" ? "apportioned" : "billed", billedDays);
  const parts = [make("p", { class: "muted small" }, monthName(balance.period_start)), headline, other, figures];
  if (basis === "billed" && billedDays !== undefined) parts.splice(2, 0, make("p", { class: "muted small" }, daysSentence(texts, balance.period_start, billedDays)));
  return parts;
}
