// The import wizard: a file is looked at, tried and imported, each step asked of the server.
import L from "leaflet";
import { csvOf, filteredLines, type ImportResult, type LayerChoice, linesOf, mappingOf, REPORT_KINDS, type ReportedRow, type ReportLine } from "./import_report";
import { targetsOfKinds, unitOfName, wordList } from "./import_words";
import { element, fetchJson, figure, filled, make, Refusal, sendForm, sendJson, settingsOf } from "./page";
import "./styles/imports.css";

interface InspectedLayer {
  name: string;
  rows: number;
  geometry: string;
  crs: string | null;
  srid: number | null;
  assumed: string;
  refused: number;
  kind: string;
  kind_column: string;
  words: Record<string, string[]>;
  kinds: Record<string, Record<string, string>>;
  values: Record<string, Record<string, Record<string, string>>>;
  is_table: boolean;
  columns: string[];
  mapping: Record<string, { column: string; unit: string }>;
  first_rows: string[][];
  first_numbers: string[];
  shapes: GeoJSON.GeometryCollection | null;
}
interface Inspected {
  upload: string;
  file_name: string;
  size_bytes: number;
  format: string;
  layers: InspectedLayer[];
  units: string[];
  targets: Record<string, string[]>;
  choices: Record<string, Record<string, string[]>>;
  model: { title: string; flow_units: string; headloss: string; counts: Record<string, number>; warnings: { element?: string; reason?: string }[] } | null;
}
interface Job {
  uid: string;
  state: string;
  message: string;
  progress_done: number;
  progress_total: number;
  error: string;
  result: ImportResult | null;
}
interface Settings {
  networks: { code: string; name: string; division: string; commodity: string }[];
  largestBytes: number;
  addresses: Record<"inspect" | "import" | "jobs" | "networks" | "map" | "page", string>;
}
type Texts = Record<string, string> & { kinds: Record<string, string>; formats: Record<string, string>; attributes: Record<string, string>; choices: Record<string, string>; results: Record<string, string>; steps: Record<string, string>; geometries: Record<string, string> };

const settings = settingsOf<Settings>("imports-settings");
const texts = settingsOf<Texts>("imports-texts");
const STEP_MS = 700;
const MOST_SHOWN = 500;
const COLOURS = ["#0b5c8f", "#b3541e", "#2b7a4b", "#7a3e9d", "#8a6d00"];

const input = (id: string): HTMLInputElement => element(id, HTMLInputElement);
const select = (id: string): HTMLSelectElement => element(id, HTMLSelectElement);
const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);
const said = (id: string, sentence: string): void => {
  element(id).textContent = sentence;
  element(id).hidden = sentence === "";
};
const reasonOf = (error: unknown): string => (error instanceof Refusal ? error.message : (texts["lost"] ?? ""));
const kindWord = (kind: string): string => texts.kinds[kind] ?? kind;

let found: Inspected | null = null;
let choices: LayerChoice[] = [];
let lines: ReportLine[] = [];
let map: L.Map | null = null;
let drawn: L.FeatureGroup | null = null;
/** What was tried last: only that may be imported. */
let tried = "";

// --- 1. the file

async function inspect(file: File | null): Promise<void> {
  said("file-refusal", "");
  if (file !== null && file.size > settings.largestBytes) {
    said("file-refusal", filled(texts["tooLarge"] ?? "", { size: String(Math.floor(settings.largestBytes / 1024 ** 2)) }));
    return;
  }
  const form = new FormData();
  if (file !== null) form.append("file", file);
  else if (found !== null) form.append("upload", found.upload);
  if (file === null) {
    if (input("srid").value.trim() !== "" && found?.format !== "epanet") form.append("srid", input("srid").value.trim());
    form.append("encoding", select("encoding").value);
  }
  element("file-state").textContent = texts["reading"] ?? "";
  try {
    found = await sendForm<Inspected>(settings.addresses.inspect, form);
    if (file !== null) {
      input("srid").value = "";
      select("encoding").value = "";
    }
    show(found);
  } catch (error) {
    said("file-refusal", reasonOf(error));
    if (file !== null) for (const step of ["step-found", "step-layers", "step-target", "step-report"]) element(step).hidden = true;
  } finally {
    element("file-state").textContent = "";
  }
}

// --- 2. what was recognised

function show(file: Inspected): void {
  forgetTrial();
  element("file-name").textContent = file.file_name;
  const isModel = file.model !== null;
  element("found-facts").replaceChildren(...factsOf(file).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  element("found-warnings").replaceChildren(...warningsOf(file).map((warning) => make("p", { class: "notice warn" }, warning)));
  for (const id of ["place-field", "unit-field"]) element(id).hidden = !isModel;
  for (const id of ["encoding-field", "read-again", "skip-field", "tolerance-field"]) element(id).hidden = isModel;
  showLayers(file);
  element("step-found").hidden = false;
  element("step-layers").hidden = isModel;
  element("step-target").hidden = false;
  element("step-report").hidden = true;
  showShapes(file);
  if (input("code").value === "") input("code").value = codeOf(file.file_name);
}

function factsOf(file: Inspected): [string, string][] {
  const size = file.size_bytes < 1e6 ? `${figure(Math.ceil(file.size_bytes / 1e3))} kB` : `${figure(file.size_bytes / 1e6, 1)} MB`;
  const facts: [string, string][] = [
    [texts["format"] ?? "", texts.formats[file.format] ?? file.format],
    [texts["size"] ?? "", size],
  ];
  const { model } = file;
  if (model !== null) {
    facts.push([texts["title"] ?? "", model.title || "–"], [texts["units"] ?? "", `${model.flow_units}, ${model.headloss}`]);
    return [...facts, ...Object.entries(model.counts).map(([kind, count]): [string, string] => [kindWord(kind), figure(count)])];
  }
  const systems = [...new Set(file.layers.filter((layer) => layer.geometry !== "").map((layer) => layer.crs ?? texts["noCrs"] ?? ""))];
  return [
    ...facts,
    [texts["layers"] ?? "", figure(file.layers.length)],
    [texts["rows"] ?? "", figure(file.layers.reduce((sum, layer) => sum + layer.rows, 0))],
    [texts["crs"] ?? "", systems.join("; ") || "–"],
  ];
}

function warningsOf(file: Inspected): string[] {
  const lacksCrs = file.layers.some((layer) => layer.geometry !== "" && layer.crs === null);
  return [
    ...(lacksCrs ? [texts["nameCrs"] ?? ""] : []),
    ...file.layers.filter((layer) => layer.assumed !== "").map((layer) => `${layer.name}: ${layer.assumed}`),
    ...(file.model?.warnings ?? []).map((warning) => [warning.element, warning.reason].filter(Boolean).join(": ")),
  ];
}

const codeOf = (fileName: string): string =>
  fileName
    .replace(/\.[^.]*$/, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 60)
    .toUpperCase();

function showShapes(file: Inspected): void {
  const holder = element("import-map");
  const layers = file.layers.filter((layer) => layer.shapes !== null && layer.shapes.geometries.length > 0);
  holder.hidden = layers.length === 0;
  said("import-map-note", layers.length === 0 ? "" : filled(texts["shown"] ?? "", { count: figure(layers.reduce((sum, layer) => sum + (layer.shapes?.geometries.length ?? 0), 0)) }));
  if (layers.length === 0) return;
  map ??= L.map(holder, { preferCanvas: true, attributionControl: false, scrollWheelZoom: false, zoomSnap: 0.25 });
  map.invalidateSize();
  drawn?.remove();
  drawn = L.featureGroup(
    layers.map((layer, place) => {
      const color = COLOURS[place % COLOURS.length] ?? "#0b5c8f";
      return L.geoJSON(layer.shapes ?? undefined, { style: { color, weight: 2 }, pointToLayer: (_feature, at) => L.circleMarker(at, { radius: 4, color, weight: 1, fillColor: color, fillOpacity: 0.85 }) });
    }),
  ).addTo(map);
  L.control.scale({ imperial: false });
  map.fitBounds(drawn.getBounds().pad(0.08), { animate: false, maxZoom: 19 });
  holder.dataset["shapes"] = String(layers.length);
}

// --- 3. layers and columns

function showLayers(file: Inspected): void {
  choices = file.layers.map(choiceOf);
  element("layers").replaceChildren(...file.layers.map((layer, place) => layerCard(file, layer, choices[place] as LayerChoice, place)));
}

function choiceOf(layer: InspectedLayer): LayerChoice {
  const ownColumn = layer.columns.find((name) => name.toLowerCase() === "kind") ?? "";
  const kindColumn = layer.kind === "" ? layer.kind_column || ownColumn : "";
  const values = Object.fromEntries(Object.entries(layer.mapping).map(([target, { column }]) => [target, { ...layer.values[target]?.[column] }]));
  return { layer: layer.name, isWanted: layer.rows > 0 && (layer.kind !== "" || layer.is_table || kindColumn !== ""), kind: layer.kind, kindColumn, kinds: { ...layer.kinds[kindColumn] }, columns: { ...layer.mapping }, values };
}

/** The kinds that the layer's rows are taken for. */
const kindsOf = (choice: LayerChoice): string[] => (choice.kind === "" ? [...new Set(Object.values(choice.kinds).filter((kind) => kind !== ""))] : [choice.kind]);

/** Which column says the kind, and what its words mean; nothing where all rows are of one kind. */
function kindFields(file: Inspected, layer: InspectedLayer, choice: LayerChoice, changed: () => void): HTMLElement[] {
  if (choice.kind !== "") return [];
  const column = make("select", {}, make("option", { value: "" }, "–"), ...layer.columns.map((name) => make("option", { value: name }, name)));
  column.value = choice.kindColumn;
  column.addEventListener("change", () => {
    choice.kindColumn = column.value;
    choice.kinds = { ...layer.kinds[column.value] };
    changed();
  });
  const words = layer.words[choice.kindColumn] ?? [];
  const kinds = Object.keys(file.targets).map((kind): [string, string] => [kind, kindWord(kind)]);
  const list = wordList({ title: texts["wordsMean"] ?? "", asItStands: texts["noKind"] ?? "", words, choices: kinds, meanings: choice.kinds, isKnown: (word) => word.toLowerCase() in file.targets, changed });
  return [make("label", { class: "import-kind" }, texts["kindColumn"] ?? "", column), ...(words.length > 0 ? [list] : [])];
}

function layerCard(file: Inspected, layer: InspectedLayer, choice: LayerChoice, place: number): HTMLElement {
  const wanted = make("input", { type: "checkbox", id: `layer-${place}` });
  wanted.checked = choice.isWanted;
  const kinds = make("select", { "aria-label": `${texts["kind"] ?? ""}: ${layer.name}` }, make("option", { value: "" }, texts["kindOfColumn"] ?? ""), ...Object.keys(file.targets).map((kind) => make("option", { value: kind }, kindWord(kind))));
  kinds.value = choice.kind;
  const columns = make("div", { class: "import-columns" });
  const words = make("div");
  const fill = (): void => {
    words.replaceChildren(...kindFields(file, layer, choice, kindsChanged));
    columns.replaceChildren(...columnFields(file, layer, choice));
  };
  const kindsChanged = (): void => {
    const targets = targetsOfKinds(kindsOf(choice), file.targets);
    choice.columns = Object.fromEntries(Object.entries(choice.columns).filter(([target]) => targets.includes(target)));
    fill();
    forgetTrial();
  };
  const body = make("div", {}, make("label", { class: "import-kind" }, texts["kind"] ?? "", kinds), words, columns, preview(layer));
  body.hidden = !choice.isWanted;
  wanted.addEventListener("change", () => {
    choice.isWanted = wanted.checked;
    body.hidden = !wanted.checked;
    forgetTrial();
  });
  kinds.addEventListener("change", () => {
    choice.kind = kinds.value;
    kindsChanged();
  });
  fill();
  const facts = [filled(texts["rowCount"] ?? "", { count: figure(layer.rows) }), texts.geometries[layer.geometry] ?? ""].filter((part) => part !== "").join(" · ");
  return make("fieldset", { class: "import-layer" }, make("legend", { class: "visually-hidden" }, layer.name), make("label", { class: "check" }, wanted, make("span", {}, make("strong", {}, layer.name), ` `, make("span", { class: "muted" }, facts))), body);
}

function columnFields(file: Inspected, layer: InspectedLayer, choice: LayerChoice): HTMLElement[] {
  const targets = targetsOfKinds(kindsOf(choice), file.targets);
  // What most files have stands first; the rest is there for who looks for it.
  const isUsual = (target: string): boolean => target in texts.attributes || choice.columns[target] !== undefined;
  const rare = targets.filter((target) => !isUsual(target));
  const more = make("details", { class: "import-more" }, make("summary", {}, texts["moreAttributes"] ?? ""), make("div", {}, ...fieldsOf(rare, file, layer, choice)));
  return [...fieldsOf(targets.filter(isUsual), file, layer, choice), ...(rare.length > 0 ? [more] : [])];
}

function fieldsOf(targets: string[], file: Inspected, layer: InspectedLayer, choice: LayerChoice): HTMLElement[] {
  return targets.map((target) => {
    const taken = choice.columns[target];
    const word = texts.attributes[target] ?? target;
    const column = make("select", {}, make("option", { value: "" }, "–"), ...layer.columns.map((name) => make("option", { value: name }, name)));
    column.value = taken?.column ?? "";
    const unit = make("select", { "aria-label": `${texts["unit"] ?? ""}: ${word}` }, make("option", { value: "" }, texts["unit"] ?? ""), ...file.units.map((name) => make("option", { value: name }, name)));
    unit.value = taken?.unit ?? "";
    unit.hidden = !/_(m|m3|m3s|w|percent|kva|v|a|mpa)$/.test(target) || column.value === "";
    const words = make("div");
    const fillWords = (): void => words.replaceChildren(...valueFields(target, word, file, layer, choice));
    fillWords();
    const keep = (): void => {
      // A name that says its unit is believed, until somebody says another.
      if (choice.columns[target]?.column !== column.value) unit.value = unitOfName(column.value);
      if (choice.columns[target]?.column !== column.value) choice.values[target] = { ...layer.values[target]?.[column.value] };
      choice.columns[target] = { column: column.value, unit: unit.value };
      fillWords();
      unit.hidden = !/_(m|m3|m3s|w|percent|kva|v|a|mpa)$/.test(target) || column.value === "";
      forgetTrial();
    };
    column.addEventListener("change", keep);
    unit.addEventListener("change", keep);
    return make("div", { class: "import-column" }, make("label", {}, word, column), unit, words);
  });
}

/** What the words of an attribute's column mean, where the attribute is chosen from a list and a word is not on it. */
function valueFields(target: string, title: string, file: Inspected, layer: InspectedLayer, choice: LayerChoice): HTMLElement[] {
  const ours = [...new Set(targetKinds(choice, file).flatMap((kind) => file.choices[kind]?.[target] ?? []))];
  const words = layer.words[choice.columns[target]?.column ?? ""] ?? [];
  if (ours.length === 0 || words.every((word) => ours.includes(word))) return [];
  const meanings = (choice.values[target] ??= {});
  const named = ours.map((value): [string, string] => [value, texts.choices[value] ?? value.replaceAll("_", " ")]);
  // Materials are free words; those of the trade (PE100) are Latin.
  const isKnown = (word: string): boolean => ours.includes(word) || (target === "material" && /^[ -~]+$/.test(word));
  return [wordList({ title: filled(texts["wordsOf"] ?? "", { attribute: title }), asItStands: texts["asItStands"] ?? "", words, choices: named, meanings, isKnown, changed: forgetTrial })];
}

const targetKinds = (choice: LayerChoice, file: Inspected): string[] => (kindsOf(choice).length > 0 ? kindsOf(choice) : Object.keys(file.targets));

function preview(layer: InspectedLayer): HTMLElement {
  const head = make("tr", {}, make("th", {}, texts["row"] ?? ""), ...layer.columns.map((name) => make("th", {}, name)));
  const rows = layer.first_rows.map((row, place) => make("tr", {}, make("td", { class: "muted" }, layer.first_numbers[place] ?? ""), ...row.map((cell) => make("td", {}, cell))));
  const table = make("table", { class: "import-table" }, make("thead", {}, head), make("tbody", {}, ...rows));
  return make("details", { open: "" }, make("summary", {}, filled(texts["firstRows"] ?? "", { count: String(layer.first_rows.length) })), make("div", { class: "table-wrap", tabindex: "0" }, table));
}

// --- 4. into which network

function target(): { network: string; division: string; commodity: string } {
  const known = settings.networks.find((network) => network.code === select("network").value);
  return known !== undefined ? { network: known.code, division: known.division, commodity: known.commodity } : { network: input("code").value.trim(), division: select("division").value, commodity: select("commodity").value };
}

function askedOf(file: Inspected): Record<string, string> {
  const asked: Record<string, string> = { upload: file.upload, ...target() };
  const srid = input("srid").value.trim();
  if (srid !== "") asked["srid"] = srid;
  if (file.model !== null) {
    asked["coordinate_unit"] = select("coordinate-unit").value;
    if (srid === "") asked["place"] = input("place").value.trim();
  } else {
    asked["mapping"] = mappingOf(choices, select("encoding").value);
    asked["skip_bad_rows"] = String(input("skip-bad-rows").checked);
    const tolerance = input("tolerance").value.trim().replace(",", ".");
    if (tolerance !== "") asked["tolerance_m"] = tolerance;
  }
  return asked;
}

function forgetTrial(): void {
  tried = "";
  button("apply").disabled = true;
}

async function start(isTrial: boolean): Promise<void> {
  if (found === null) return;
  const asked = askedOf(found);
  const refusal = asked["network"] === "" ? texts["needsCode"] : found.model !== null && asked["srid"] === undefined && asked["place"] === "" ? texts["needsPlace"] : found.model === null && !choices.some((choice) => choice.isWanted) ? texts["needsLayer"] : "";
  said("target-refusal", refusal ?? "");
  if (refusal !== "") return;
  const form = new FormData();
  for (const [name, value] of Object.entries(asked)) form.append(name, value);
  form.append("dry_run", String(isTrial));
  for (const id of ["try", "apply"]) button(id).disabled = true;
  try {
    const job = await sendForm<Job>(settings.addresses.import, form);
    await follow(job.uid, isTrial, JSON.stringify(asked));
  } catch (error) {
    said("target-refusal", reasonOf(error));
  } finally {
    button("try").disabled = false;
  }
}

// --- 5. progress and report

async function ended(uid: string, tell: (job: Job) => void): Promise<Job> {
  for (;;) {
    const job = await fetchJson<Job>(`${settings.addresses.jobs}${uid}/`).catch(() => null);
    if (job !== null) {
      tell(job);
      if (["succeeded", "failed", "cancelled"].includes(job.state)) return job;
    }
    await new Promise((resolve) => window.setTimeout(resolve, STEP_MS));
  }
}

async function follow(uid: string, isTrial: boolean, asked: string): Promise<void> {
  element("step-report").hidden = false;
  element("report").hidden = true;
  element("report-running").hidden = false;
  said("report-error", "");
  const title = element("report-title");
  title.textContent = (isTrial ? texts["trying"] : texts["importing"]) ?? "";
  title.focus();
  element("import-job", HTMLAnchorElement).href = `/jobs/${uid}/`;
  const bar = element("import-progress");
  const job = await ended(uid, (step) => {
    const share = step.progress_total > 0 ? step.progress_done / step.progress_total : 0;
    (bar.firstElementChild as HTMLElement).style.width = `${share * 100}%`;
    bar.setAttribute("aria-valuenow", String(step.progress_done));
    bar.setAttribute("aria-valuemax", String(step.progress_total));
    element("import-message").textContent = texts.steps[step.message] ?? step.message;
  });
  element("report-running").hidden = true;
  const isGood = job.state === "succeeded";
  title.textContent = (isGood ? (isTrial ? texts["triedWell"] : texts["imported"]) : isTrial ? texts["triedBadly"] : texts["notImported"]) ?? "";
  said("report-error", isGood ? "" : job.error);
  showReport(job, isTrial);
  const refused = lines.filter((line) => line.kind === "refused").length;
  if (isTrial && isGood && (refused === 0 || input("skip-bad-rows").checked)) {
    tried = asked;
    button("apply").disabled = false;
  } else if (isTrial && isGood) said("report-error", filled(texts["hasRefused"] ?? "", { count: figure(refused) }));
  title.focus();
}

function showFacts(result: Job["result"], isTrial: boolean): void {
  const facts: [string, string][] = [];
  if (result !== null) {
    facts.push([texts["network"] ?? "", result.network]);
    for (const [kind, count] of Object.entries(result.created)) if (count > 0) facts.push([kindWord(kind), `${isTrial ? "" : "+"}${figure(count)}`]);
    facts.push([texts["unchanged"] ?? "", figure(result.unchanged)]);
    element("report-map", HTMLAnchorElement).href = `${settings.addresses.map}?${new URLSearchParams({ network: result.network })}`;
  }
  element("report-facts").replaceChildren(...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

function showReport(job: Job, isTrial: boolean): void {
  const result = job.result;
  // A failure lists its rows under another name.
  const refusals = (result as { error?: { details?: ReportedRow[] } } | null)?.error?.details ?? [];
  lines = linesOf(job.state === "succeeded" ? (result ?? {}) : { refused: refusals });
  element("report").hidden = job.state !== "succeeded" && lines.length === 0;
  showFacts(job.state === "succeeded" ? result : null, isTrial);
  element("report-actions").hidden = isTrial || job.state !== "succeeded";
  const undo = button("report-undo");
  undo.hidden = !result?.edit;
  undo.dataset["undo"] = result?.edit ?? "";
  undo.dataset["network"] = result?.network ?? "";
  const kinds = REPORT_KINDS.filter((kind) => lines.some((line) => line.kind === kind));
  select("report-kind").replaceChildren(make("option", { value: "" }, texts["all"] ?? ""), ...kinds.map((kind) => make("option", { value: kind }, texts.results[kind] ?? kind)));
  element("report-filters").hidden = lines.length === 0;
  showLines();
}

const shownLines = (): ReportLine[] => filteredLines(lines, select("report-kind").value, input("report-text").value);

function showLines(): void {
  const table = element("report-table", HTMLTableElement);
  const shown = shownLines();
  table.hidden = shown.length === 0;
  table.tBodies[0]?.replaceChildren(
    ...shown.slice(0, MOST_SHOWN).map((line) => make("tr", { class: line.kind }, make("td", {}, texts.results[line.kind] ?? line.kind), make("td", {}, line.layer), make("td", {}, line.row), make("td", { class: "code" }, line.element), make("td", {}, line.reason))),
  );
  element("report-count").textContent = lines.length === 0 ? (texts["noRemarks"] ?? "") : filled(texts["ofRemarks"] ?? "", { shown: figure(Math.min(shown.length, MOST_SHOWN)), count: figure(lines.length) });
}

function saveCsv(): void {
  const headings = ["result", "layer", "row", "element", "reason"].map((name) => texts[`heading_${name}`] ?? name);
  const address = URL.createObjectURL(new Blob([csvOf(headings, shownLines(), texts.results)], { type: "text/csv" }));
  const link = make("a", { href: address, download: `${(found?.file_name ?? "import").replace(/\.[^.]*$/, "")}-report.csv` });
  link.click();
  URL.revokeObjectURL(address);
}

// --- undo

async function undo(pressed: HTMLButtonElement): Promise<void> {
  const { undo: edit, network } = pressed.dataset;
  if (edit === undefined || network === undefined || !window.confirm(texts["sureUndo"] ?? "")) return;
  said("undo-refusal", "");
  said("report-error", "");
  pressed.disabled = true;
  const refuse = (reason: string): void => {
    const holder = pressed.id === "report-undo" ? "report-error" : "undo-refusal";
    said(holder, filled(texts["notUndone"] ?? "", { reason }));
    element(holder).scrollIntoView({ block: "center" });
    pressed.disabled = false;
  };
  element("undo-state").textContent = texts["undoing"] ?? "";
  try {
    const answer = await sendJson<{ uid: string; state?: string }>("POST", `${settings.addresses.networks}${encodeURIComponent(network)}/undo/`, { edit });
    // A long one is a job; a short one is done.
    if (answer.state !== undefined) {
      const job = await ended(answer.uid, () => undefined);
      if (job.state !== "succeeded") {
        refuse(job.error);
        return;
      }
    }
    window.location.assign(settings.addresses.page);
  } catch (error) {
    refuse(reasonOf(error));
  } finally {
    element("undo-state").textContent = "";
  }
}

// --- start

const zone = element("drop-zone");
input("file").addEventListener("change", () => {
  const file = input("file").files?.[0];
  if (file !== undefined) void inspect(file);
  // The same file, once it was corrected, is a change again.
  input("file").value = "";
});
for (const name of ["dragover", "dragenter"] as const) {
  zone.addEventListener(name, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
}
zone.addEventListener("dragleave", () => zone.classList.remove("over"));
zone.addEventListener("drop", (event) => {
  event.preventDefault();
  zone.classList.remove("over");
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) void inspect(file);
});
const showNew = (): void => {
  for (const field of document.querySelectorAll<HTMLElement>("[data-new]")) field.hidden = select("network").value !== "";
};
select("network").addEventListener("change", showNew);
showNew();
for (const id of ["srid", "place", "code", "tolerance", "network", "division", "commodity", "coordinate-unit", "encoding", "skip-bad-rows"]) element(id).addEventListener("input", forgetTrial);
button("read-again").addEventListener("click", () => void inspect(null));
button("try").addEventListener("click", () => void start(true));
button("apply").addEventListener("click", () => {
  if (found !== null && tried === JSON.stringify(askedOf(found))) void start(false);
});
element("report-kind").addEventListener("input", showLines);
element("report-text").addEventListener("input", showLines);
button("report-csv").addEventListener("click", saveCsv);
document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element ? event.target.closest<HTMLButtonElement>("button[data-undo]") : null;
  if (pressed !== null) void undo(pressed);
});
element("step-file").dataset["ready"] = "true";
