// What every page's program needs: settings left by the server, requests, numbers, elements.

// The template and its program are delivered together: what one leaves the other may take for granted.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function settingsOf<T>(id: string): T {
  const holder = document.getElementById(id);
  if (holder === null) throw new Error(`the page has no settings ${id}`);
  return JSON.parse(holder.textContent) as T;
}

type ElementClass<T extends HTMLElement> = new () => T;

/** The element `id`, which the page must have, and of this class. */
export function element(id: string): HTMLElement;
export function element<T extends HTMLElement>(id: string, type: ElementClass<T>): T;
export function element(id: string, type: ElementClass<HTMLElement> = HTMLElement): HTMLElement {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} ${id}`);
  return found;
}

/** The field of a form by its name, which the form must have. */
export function fieldOf(form: HTMLFormElement, name: string): HTMLInputElement | HTMLSelectElement {
  const found = form.elements.namedItem(name);
  if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
  throw new Error(`the form has no field ${name}`);
}

/** What an event fell upon, or the next element above it, of this class. */
export function eventElement<T extends HTMLElement>(event: Event, selector: string, type: ElementClass<T>): T | null {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof type ? found : null;
}

/** Ask for JSON; raises Refusal with the server's words. */
export async function fetchJson<T>(address: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(address, {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    signal: signal ?? null,
  });
  return answerOf<T>(response);
}

/** What went wrong with a request, in the server's words. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status = 0,
    readonly body: unknown = null,
  ) {
    super(message);
  }

  /** What the server said of a field, by the field's name. */
  get fields(): Record<string, string> {
    const found: Record<string, string> = {};
    const error = record(record(this.body)["error"]);
    for (const detail of Array.isArray(error["details"]) ? error["details"] : []) {
      const { element, field, reason, message } = record(detail);
      const name = typeof field === "string" ? field : element;
      const said = typeof reason === "string" ? reason : message;
      if (typeof name === "string" && typeof said === "string") found[name] = said;
    }
    return found;
  }

  /** Whether the message is the server's own and not a bare number. */
  get isInWords(): boolean {
    return this.message !== String(this.status);
  }

  get code(): string {
    const { code } = record(record(this.body)["error"]);
    return typeof code === "string" ? code : "";
  }
}

/** What is said of a failure: the server's own words where it said any. */
export function reasonOf(error: unknown, otherwise: string): string {
  return error instanceof Refusal && error.isInWords ? error.message : otherwise;
}

/** What is told of something asked for that was not done: why it was refused, or that the connection failed. */
export function failureOf(error: unknown, texts: { failed: string; loadFailed: string }): string {
  return error instanceof Refusal ? filled(texts.failed, { reason: error.message }) : texts.loadFailed;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export async function postJson<T>(address: string, body: unknown): Promise<T> {
  return sendJson<T>("POST", address, body);
}

const AGAIN_MS = 1000;

/** Send what makes something. When no answer comes, or one that does not know whether it was done, it is sent once more
    under the same key: the server makes it once. */
export async function postOnce<T>(address: string, body: unknown): Promise<T> {
  const key = crypto.randomUUID();
  const send = (): Promise<Response> => fetch(address, { method: "POST", headers: { ...jsonHeaders(), "Idempotency-Key": key }, credentials: "same-origin", body: JSON.stringify(body) });
  const response = await send().catch(() => null);
  if (response !== null && !(await isUnknown(response))) return answerOf<T>(response);
  await new Promise((resolve) => window.setTimeout(resolve, AGAIN_MS));
  return answerOf<T>(await send());
}

/** Whether the server lost its database while it was writing this down. */
async function isUnknown(response: Response): Promise<boolean> {
  return response.status === 503 && record(bodyOf(await response.clone().text()))["code"] === "OutcomeUnknown";
}

/** Send a change; with `version` the server refuses it (412) when somebody else was first. */
export async function sendJson<T>(method: "POST" | "PATCH" | "DELETE", address: string, body: unknown = {}, version?: number): Promise<T> {
  const response = await fetch(address, {
    method,
    headers: { ...jsonHeaders(), ...(version === undefined ? {} : { "If-Match": `"${version}"` }) },
    credentials: "same-origin",
    body: JSON.stringify(body),
  });
  return answerOf<T>(response);
}

/** Send a form with a file. */
export async function sendForm<T>(address: string, form: FormData): Promise<T> {
  const response = await fetch(address, { method: "POST", headers: { Accept: "application/json", ...csrfHeader() }, credentials: "same-origin", body: form });
  return answerOf<T>(response);
}

function jsonHeaders(): Record<string, string> {
  return { Accept: "application/json", "Content-Type": "application/json", ...csrfHeader() };
}

function csrfHeader(): Record<string, string> {
  return { "X-CSRFToken": document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "" };
}

async function answerOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.ok) return (text === "" ? null : JSON.parse(text)) as T;
  throw new Refusal(reasonIn(text) || String(response.status), response.status, bodyOf(text));
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The sentences of an error's body, whatever its form. */
function reasonIn(text: string): string {
  const sentences: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === "string") sentences.push(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === "object" && value !== null) {
      const { message, detail } = value as Record<string, unknown>;
      if (typeof message === "string") sentences.push(message);
      else if (typeof detail === "string") sentences.push(detail);
      else Object.values(value).forEach(collect);
    }
  };
  try {
    collect(JSON.parse(text));
  } catch {
    return "";
  }
  return sentences.join(" ");
}

interface Page<T> {
  next: string | null;
  results: T[];
}

/** Where the next page of a list is; it may name another host behind a proxy, so only its path is used. */
export function pathOf(next: string): string {
  const following = new URL(next, window.location.href);
  return following.pathname + following.search;
}

/** All rows of a paged list. */
export async function fetchAll<T>(address: string): Promise<T[]> {
  const rows: T[] = [];
  let next = address;
  for (;;) {
    const answer = await fetchJson<Page<T> | T[]>(next);
    if (Array.isArray(answer)) return answer;
    for (const row of answer.results) rows.push(row);
    if (answer.next === null) return rows;
    next = pathOf(answer.next);
  }
}

interface PageLocale {
  months: string[];
  months_in_dates: string[];
  months_short: string[];
  decimal: string;
  thousands: string;
  /** The time zone of the utility: instants are told by its clocks, wherever the reader sits. */
  zone: string;
}

// The server's words and marks, so that a figure looks the same on both sides; browsers may not know Uzbek.
export const locale = settingsOf<PageLocale>("page-locale");

/** A number with its thousands apart; a dash for what is not known. */
export function figure(value: number | string | null | undefined, decimals = 0): string {
  if (value === null || value === undefined || value === "") return "–";
  const number = Number(value);
  if (!Number.isFinite(number)) return "–";
  const [whole = "0", fraction] = rounded(Math.abs(number), decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, locale.thousands);
  const text = fraction === undefined ? grouped : grouped + locale.decimal + fraction;
  // What rounds to zero has no sign.
  return number < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** Rounded as it is written, halves up, like the server does: 1.005 is 1.01, though its binary double lies below. */
function rounded(number: number, decimals: number): string {
  const shifted = Math.round(Number(`${number}e${decimals}`));
  return (Number.isSafeInteger(shifted) ? Number(`${shifted}e-${decimals}`) : number).toFixed(decimals);
}

/** A measured value with four digits or so; counters and volumes to the litre. The server's `measured` does the same. */
export function measured(value: number | null | undefined, quantity: string): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (quantity === "counter" || quantity === "volume") return figure(value, 3);
  if (value === 0 || (quantity === "state" && Number.isInteger(value))) return figure(value);
  return figure(value, Math.min(4, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))))));
}

const WIDEST_IN_MILLIMETRES = 3;

/** A diameter: in millimetres, as all say it of what pipes run through; that of a tank in metres. */
export function diameterText(metres: number): string {
  return metres >= WIDEST_IN_MILLIMETRES ? `${figure(metres, 2)} m` : `${figure(metres * 1000)} mm`;
}

/** A unit as it is written for people: m³/h. */
export function unitOf(symbol: string): string {
  return symbol.replace("m3", "m³").replace("ft3", "ft³").replace("cm2", "cm²");
}

/** A sentence with its {names} replaced. */
export function filled(sentence: string, values: Record<string, string | number>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

export function percent(share: number, decimals = 1): string {
  return `${figure(share * 100, decimals)} %`;
}

function partsOf(day: string): { year: number; month: number; date: number } {
  const [year = NaN, month = NaN, date = NaN] = day.split("-").map(Number);
  return { year, month, date };
}

/** January 2026, from an ISO date. */
export function monthName(day: string): string {
  const { year, month } = partsOf(day);
  return `${locale.months[month - 1] ?? ""} ${year}`;
}

/** 10 January 2026, from an ISO date. */
export function dayName(day: string): string {
  const { year, month, date } = partsOf(day);
  return `${date} ${locale.months_in_dates[month - 1] ?? ""} ${year}`;
}

/** 10 Jan, from a date at midnight UTC. */
export function shortDay(day: Date): string {
  return `${day.getUTCDate()} ${locale.months_short[day.getUTCMonth()] ?? ""}`;
}

type Child = Node | string | null;

/** An element with attributes and children. Texts become text nodes, so nothing needs escaping. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child): child is Node | string => child !== null));
  return made;
}

// Beside the page's own icon, wherever the static files are served from.
const pageIcon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
export const iconFile = new URL("icons.svg", pageIcon?.href ?? window.location.href).pathname;

export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${iconFile}#${name}`);
  svg.append(use);
  return svg;
}

/** Any value as text; nothing for what is not there. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A number as people write it here, with a point or a comma; NaN when it is none. */
export function numberIn(text: string): number {
  let plain = text.replace(/[\s\u00a0\u202f]/g, "").replace("−", "-");
  // Where commas part thousands, they do so only in whole groups: 12,5 is twelve and a half everywhere.
  if (locale.thousands === "," && /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain)) plain = plain.replaceAll(",", "");
  plain = plain.replace(",", ".");
  return plain === "" ? NaN : Number(plain);
}
