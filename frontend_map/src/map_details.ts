// What the map says about the thing that was clicked.
import { type Balance, type Basis, imbalanceOf, shareOf, type Suspicion } from "./balances";
import { dayName, figure, icon, make, monthName, percent } from "./page";
import { type MapTexts, word } from "./map_settings";

export interface NodeAnswer {
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

type Row = [name: string, value: string | null, isSum?: boolean];

function table(rows: Row[]): HTMLTableElement {
  const body = make("tbody");
  for (const [name, value, isSum] of rows) {
    if (value === null || value === "") continue;
    const row = make("tr", isSum === true ? { class: "sum" } : {}, make("th", { scope: "row" }, name), make("td", { class: "number" }, value));
    body.append(row);
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
    [word(texts, "status"), texts.states[pipe.status] ?? pipe.status],
    [word(texts, "diameter"), millimetres(pipe.diameter_m)],
    [word(texts, "material"), pipe.material],
    [word(texts, "length"), metres(pipe.stated_length_m)],
    [word(texts, "drawnLength"), metres(pipe.geodesic_length_m)],
    [word(texts, "year"), pipe.year_installed === null ? null : String(pipe.year_installed)],
    [word(texts, "checkValve"), pipe.has_check_valve ? word(texts, "yes") : null],
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
    ...Object.entries(node.details).map(([name, value]): Row => [texts.details[name] ?? name, detail(texts, value)]),
  ]);
}

function detail(texts: MapTexts, value: unknown): string | null {
  if (value === null || value === false) return null;
  if (value === true) return word(texts, "yes");
  if (typeof value === "number") return figure(value, Number.isInteger(value) ? 0 : 2);
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function zoneBody(texts: MapTexts, balance: Balance | undefined, basis: Basis, suspicion: Suspicion | undefined, address: string): HTMLElement {
  const body = make("div");
  if (suspicion !== undefined) {
    const excess = `+${figure(suspicion.excess_m3_per_day)} ${word(texts, "perDay")}`;
    const since = `${word(texts, "leakSuspicion")} ${word(texts, "since")} ${dayName(suspicion.started_on)}: ${excess}`;
    body.append(make("p", { class: "notice warn" }, icon("alert"), make("span", {}, since)));
  }
  if (balance === undefined) body.append(make("p", { class: "muted" }, word(texts, "noData")));
  else body.append(...balanceParts(texts, balance, basis));
  body.append(make("a", { class: "button", href: address }, word(texts, "zonePage")));
  return body;
}

function balanceParts(texts: MapTexts, balance: Balance, basis: Basis): HTMLElement[] {
  const share = shareOf(balance, basis);
  const volume = (value: string | null): string => `${figure(value)} m³`;
  const limit = balance.limit_95_m3 === null ? "" : ` ± ${figure(balance.limit_95_m3)}`;
  const consumption = basis === "billed" ? balance.billed_m3 : balance.apportioned_m3;
  const headline = make(
    "p",
    { class: "headline" },
    make("strong", {}, share === null ? word(texts, "insufficient") : percent(share)),
    make("span", { class: "muted" }, share === null ? "" : word(texts, "shareOfSupply")),
  );
  const imbalance = share === null ? "–" : `${figure(imbalanceOf(balance, basis))}${limit} m³`;
  const figures = table([
    [word(texts, "input"), volume(balance.input_m3)],
    [`− ${word(texts, "output")}`, volume(balance.output_m3)],
    [`− ${word(texts, "storageChange")}`, volume(balance.storage_change_m3)],
    [`= ${word(texts, "supply")}`, volume(balance.supply_m3), true],
    [`− ${word(texts, basis)}`, volume(consumption)],
    [`− ${word(texts, "unbilled")}`, volume(balance.unbilled_m3)],
    [`= ${word(texts, "imbalance")}`, imbalance, true],
    [word(texts, "supplyCoverage"), percent(balance.supply_coverage, 0)],
    [word(texts, "consumptionCoverage"), percent(balance.consumption_coverage, 0)],
    [word(texts, "servicePoints"), figure(balance.service_points)],
  ]);
  return [make("p", { class: "muted small" }, monthName(balance.period_start)), headline, figures];
}
