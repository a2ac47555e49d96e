// The card of a node or pipe for a thumb: what matters first and large, then what can be recorded, then what is known.
import { readAround } from "./field_area";
import { emptyNote, type FieldContext, metres, viewHead, type View } from "./field_context";
import { photoButton } from "./field_form";
import { distanceM, middleOf, type Placed } from "./field_geometry";
import { timeText } from "./field_orders";
import { wayTo } from "./field_position";
import type { ElementClass, FieldMeter, FieldNode, FieldPipe } from "./field_types";
import { diameterText, fetchJson, figure, icon, make, reasonOf } from "./page";

// Degrees around a node, about a metre.
const METER_BOX = 0.00001;

const isNode = (element: FieldNode | FieldPipe): element is FieldNode => "kind" in element;

export function placeOf(element: FieldNode | FieldPipe): Placed {
  return isNode(element) ? element : middleOf(element.line);
}

export const cardView: View = async (context, host, [type = "node", uid = ""]) => {
  const elementClass: ElementClass = type === "pipe" ? "pipe" : "node";
  const found = await context.find(elementClass, uid);
  if (found === null) {
    host.replaceChildren(viewHead(context, context.word("notThere")), emptyNote(context.word(context.isOnline ? "elementGone" : "notSaved")));
    return;
  }
  const { value, isSaved } = found;
  const place = placeOf(value);
  const kind = isNode(value) ? value.kind : "pipe";
  const sections = [
    viewHead(context, value.code, `${context.kind(kind)} · ${value.network}`),
    isSaved ? make("p", { class: "notice warn" }, context.word("asSaved")) : null,
    shouts(context, value),
    bigFacts(context, value),
    make(
      "div",
      { class: "actions two" },
      make("a", { class: "button", href: wayTo(place.lon, place.lat, value.code) }, icon("pin"), context.word("navigate")),
      make("a", { class: "button", href: `#/map/${place.lon}/${place.lat}/${elementClass}/${uid}` }, icon("map"), context.word("map")),
    ),
    context.settings.maySync ? recordButtons(context, value, kind, uid) : null,
    context.settings.maySync ? photoSection(context, value, elementClass, host) : null,
    await meterSection(context, value),
    await valvesToClose(context, value),
    allFacts(context, value),
  ];
  host.replaceChildren(...sections.filter((section) => section !== null));
  const history = make("section", { class: "card" }, make("h2", {}, context.word("history")), make("p", { class: "muted" }, "…"));
  host.append(history);
  await fillHistory(context, history, elementClass, uid);
};

/** What must not be overlooked. */
export function warningsOf(context: FieldContext, value: FieldNode | FieldPipe): string[] {
  const details = isNode(value) ? (value.details ?? {}) : {};
  const said = [];
  if (details["is_accessible"] === false) said.push(context.word("notAccessible"));
  if (details["is_broken"] === true) said.push(context.word("broken"));
  if (details["is_buried"] === true) said.push(context.word("buried"));
  if (value.lifecycle !== "in_service") said.push(context.word(`lifecycle_${value.lifecycle}`));
  if (!isNode(value) && value.status === "closed") said.push(context.word("pipeClosed"));
  return said;
}

function shouts(context: FieldContext, value: FieldNode | FieldPipe): HTMLElement | null {
  const said = warningsOf(context, value);
  return said.length === 0 ? null : make("div", { class: "shouts", role: "alert" }, ...said.map((text) => make("p", {}, icon("alert"), text)));
}

function bigFacts(context: FieldContext, value: FieldNode | FieldPipe): HTMLElement {
  const details = isNode(value) ? (value.details ?? {}) : {};
  const diameter = isNode(value) ? (details["diameter_m"] ?? details["outlet_diameter_m"]) : value.diameter_m;
  const status = isNode(value) ? details["status"] : null;
  const box = make("div", { class: "big-facts" });
  const fact = (label: string, text: string, look = ""): void => {
    box.append(make("div", { class: look }, make("span", {}, context.word(label)), make("strong", {}, text)));
  };
  if (typeof status === "string") fact("state", context.word(`status_${status}`), `status-${status}`);
  if (typeof diameter === "number") fact("diameter", diameterText(diameter));
  if (!isNode(value)) {
    fact("length", `${figure(value.length_m, 1)} m`);
    if (value.material !== "") fact("material", materialName(context, value.material));
  }
  if (context.here !== null) {
    const { longitude, latitude } = context.here.coords;
    fact("away", metres(distanceM({ lon: longitude, lat: latitude }, placeOf(value))));
  }
  return box;
}

function recordButtons(context: FieldContext, value: FieldNode | FieldPipe, kind: string, uid: string): HTMLElement {
  const type = isNode(value) ? "node" : "pipe";
  const link = (record: string, label: string, symbol: string): HTMLElement => make("a", { class: "button", href: `#/record/${record}/${type}/${uid}` }, icon(symbol), context.word(label));
  return make(
    "section",
    { class: "record-buttons", "aria-label": context.word("record") },
    kind === "valve" ? link("valve", "turnValve", "valve") : null,
    link("inspection", "inspection", "table"),
    link("leak", "leak", "drop"),
    link("verification", "verification", "locate"),
  );
}

function photoSection(context: FieldContext, value: FieldNode | FieldPipe, type: ElementClass, host: HTMLElement): HTMLElement {
  return photoButton(context, context.word("takePhoto"), async (jpeg) => {
    await context.record({ kind: "photo", target: `photo:${crypto.randomUUID()}`, title: `${value.code}: ${context.word("photo")}`, content: { [type]: value.uid, title: value.code, jpeg_base64: jpeg } });
    await cardView(context, host, [type, value.uid]);
  });
}

/** Meters that hang here, to be read: as they were saved, at once, and as the server has them when it answers. */
async function meterSection(context: FieldContext, value: FieldNode | FieldPipe): Promise<HTMLElement | null> {
  if (!context.settings.entersReadings) return null;
  const section = make("div", {});
  const draw = async (): Promise<void> => section.replaceChildren(...(await meterList(context, value)));
  await draw();
  // Only who records field work may take an area along.
  if (context.settings.maySync) void fetchMeters(context, value).then(draw);
  return section;
}

async function meterList(context: FieldContext, value: FieldNode | FieldPipe): Promise<HTMLElement[]> {
  const nodes = isNode(value) ? [value.uid] : [value.start_node, value.end_node];
  const meters = (await context.store.getAll("meters")).filter((meter) => nodes.includes(meter.node));
  if (meters.length === 0) return [];
  const list = make("ul", { class: "rows" });
  for (const meter of meters) {
    list.append(make("li", {}, make("a", { href: `#/record/reading/meter/${meter.installation}` }, make("span", { class: "row-main" }, make("strong", {}, meter.serial), make("span", { class: "muted" }, meter.address ?? meter.service_point)), make("span", { class: "row-end" }, meter.last_index_m3 === null ? "–" : `${figure(meter.last_index_m3, 3)} m³`))));
  }
  return [make("details", { class: "card" }, make("summary", {}, context.word("metersHere", { n: meters.length })), list)];
}

/** Keep the meters of a node, or of a pipe's ends, so that they can be read when the network goes away meanwhile. */
async function fetchMeters(context: FieldContext, value: FieldNode | FieldPipe): Promise<void> {
  const [first, last] = isNode(value) ? [[value.lon, value.lat], [value.lon, value.lat]] : [value.line.slice(0, 2), value.line.slice(-2)];
  const ends = String(first) === String(last) ? [first] : [first, last];
  for (const [lon = 0, lat = 0] of ends) {
    if (!navigator.onLine) return;
    const found = await readAround<{ meters: FieldMeter[] }>([lon - METER_BOX, lat - METER_BOX, lon + METER_BOX, lat + METER_BOX], { meters: [] }).catch(() => null);
    for (const meter of found?.meters ?? []) await context.store.put("meters", meter);
  }
}

interface Isolation {
  network: string;
  pipe: string;
  close: string[];
  held_by: string[];
  passed: string[];
  subscribers: number;
  length_m: number;
}

/** Which valves to close so that this can be repaired; asked for by a button, since it is computed. */
async function valvesToClose(context: FieldContext, value: FieldNode | FieldPipe): Promise<HTMLElement> {
  const answer = make("div", { "aria-live": "polite" });
  const button = make("button", { type: "button", class: "button wide" }, icon("valve"), context.word("valvesToClose"));
  const section = make("section", {}, button, answer);
  button.addEventListener("click", () => {
    button.disabled = true;
    isolation(context, value, answer)
      .catch((error: unknown) => {
        console.warn(error);
        answer.replaceChildren(make("p", { class: "notice warn" }, reasonOf(error, context.word("noIsolation"))));
      })
      .finally(() => (button.disabled = false));
  });
  return Promise.resolve(section);
}

async function isolation(context: FieldContext, value: FieldNode | FieldPipe, host: HTMLElement): Promise<void> {
  let pipe = value.uid;
  if (isNode(value)) {
    const near = await context.ask<{ uid: string }[]>(`/api/v1/nearest/?lon=${value.lon}&lat=${value.lat}&kind=pipe&limit=1`);
    pipe = near?.[0]?.uid ?? "";
  }
  const found = pipe === "" ? null : await context.ask<Isolation>(`/api/v1/pipes/${pipe}/isolation/`);
  if (found === null) {
    host.replaceChildren(make("p", { class: "notice warn" }, context.word("isolationNeedsNetwork")));
    return;
  }
  const list = make("ul", { class: "valve-codes" });
  for (const code of found.close) {
    const link = make("button", { type: "button", class: "button" }, icon("valve"), code);
    link.addEventListener("click", () => void openByCode(context, found.network, code));
    list.append(make("li", {}, link));
  }
  host.replaceChildren(
    make("p", {}, context.word("toIsolate", { pipe: found.pipe, valves: found.close.length, subscribers: found.subscribers, length: metres(found.length_m) })),
    list,
    found.passed.length === 0 ? "" : make("p", { class: "notice warn" }, context.word("cannotClose", { valves: found.passed.join(", ") })),
    found.held_by.length === 0 ? "" : make("p", { class: "muted" }, context.word("alreadyClosed", { valves: found.held_by.join(", ") })),
  );
}

async function openByCode(context: FieldContext, network: string, code: string): Promise<void> {
  const answer = await context.ask<{ results: { uid: string }[] }>(`/api/v1/nodes/?${new URLSearchParams({ network, code })}`);
  const uid = answer?.results[0]?.uid;
  if (uid !== undefined) window.location.hash = `#/asset/node/${uid}`;
}

/** A material in the reader's words; what we have no word for as it is written. */
function materialName(context: FieldContext, material: string): string {
  const key = `material_${material.toLowerCase()}`;
  const word = context.word(key);
  return word === key ? material : word;
}

/** Every attribute that is known, truth values in words. */
function allFacts(context: FieldContext, value: FieldNode | FieldPipe): HTMLElement {
  const facts = make("dl", { class: "facts" });
  const rows: [string, unknown][] = isNode(value)
    ? [["zone", value.zone], ["elevation_m", value.elevation_m], ["installed_on", value.installed_on], ...Object.entries(value.details ?? {})]
    : [["year_installed", value.year_installed], ["material", materialName(context, value.material)], ["diameter_m", value.diameter_m], ["length_m", value.length_m]];
  rows.push(["lifecycle", context.word(`lifecycle_${value.lifecycle}`)]);
  for (const [name, known] of rows) {
    if (known === null || known === "" || known === undefined || typeof known === "object") continue;
    facts.append(make("dt", {}, context.word(`attribute_${name}`).replace("attribute_", "")), make("dd", {}, name.endsWith("diameter_m") && typeof known === "number" ? diameterText(known) : inWords(context, known)));
  }
  return make("details", { class: "card" }, make("summary", {}, context.word("allAttributes")), facts);
}

function inWords(context: FieldContext, known: unknown): string {
  if (typeof known === "boolean") return context.word(known ? "yes" : "no");
  if (typeof known === "number") return String(Math.round(known * 1000) / 1000);
  return typeof known === "string" ? context.word(`status_${known}`).replace("status_", "") : "";
}

interface Line {
  at: string;
  text: string;
}

/** What was recorded of it, newest first; and its photos. */
async function fillHistory(context: FieldContext, section: HTMLElement, type: ElementClass, uid: string): Promise<void> {
  const title = make("h2", {}, context.word("history"));
  const own = (await context.store.getAll("changes")).filter((change) => change.state !== "sent" && JSON.stringify(change.content).includes(uid));
  const waiting = own.map((change) => make("li", {}, make("strong", {}, context.word("notSentYet")), ` ${change.title}`));
  if (!context.isOnline) {
    section.replaceChildren(title, make("ul", { class: "journal" }, ...waiting), make("p", { class: "muted" }, context.word("historyNeedsNetwork")));
    return;
  }
  const query = `?${type}=${uid}&limit=10`;
  const rows = async <T>(name: string): Promise<T[]> => {
    try {
      return (await fetchJson<{ results: T[] }>(`/api/v1/${name}/${query}`)).results;
    } catch {
      return [];
    }
  };
  const { choices } = context.settings;
  const [inspections, verifications, leaks, turned, documents] = await Promise.all([
    rows<{ inspected_on: string; inspector: string; grade: number; findings: string }>("inspections"),
    rows<{ verified_on: string; verified_by: string; remark: string }>("verifications"),
    rows<{ reported_at: string; number: string; state: string; note: string }>("leaks"),
    type === "node" ? rows<{ operated_at: string; operated_by: string; turns: number; status_after: string; note: string }>("valve-operations") : Promise.resolve([]),
    rows<{ uid: string; kind: string; title: string; content_type: string }>("documents"),
  ]);
  const lines: Line[] = [
    ...inspections.map((row) => ({ at: row.inspected_on, text: `${context.word("inspection")}: ${choices.grades[row.grade - 1]?.[1] ?? row.grade}. ${row.findings} (${row.inspector})` })),
    ...verifications.map((row) => ({ at: row.verified_on, text: `${context.word("verification")} (${row.verified_by}) ${row.remark}` })),
    ...leaks.map((row) => ({ at: row.reported_at, text: `${context.word("leak")} ${row.number} ${row.note}` })),
    ...turned.map((row) => ({ at: row.operated_at, text: `${context.word("turnedTo", { n: row.turns, state: context.word(`status_${row.status_after}`) })} (${row.operated_by}) ${row.note}` })),
  ];
  lines.sort((one, other) => other.at.localeCompare(one.at));
  const list = make("ul", { class: "journal" }, ...waiting, ...lines.map((line) => make("li", {}, make("span", { class: "muted" }, line.at.length > 10 ? timeText(line.at) : line.at), ` ${line.text}`)));
  const photos = make("div", { class: "photos" });
  for (const document of documents) {
    if (document.content_type.startsWith("image/") && !document.content_type.endsWith("tiff")) photos.append(make("img", { src: `/api/v1/documents/${document.uid}/file/`, alt: document.title, loading: "lazy" }));
  }
  section.replaceChildren(title, list.childElementCount + photos.childElementCount === 0 ? emptyNote(context.word("nothingRecorded")) : list, photos);
}
