// Registers as files: one is chosen, taken or filled in, tried and brought in.
import { element, figure, filled, make, reasonOf, sendForm, settingsOf } from "./page";
import { mayFollow, protocolOf, type RegisterReport, saidOf, wantedLines } from "./register_report";

interface Column {
  code: string;
  title: string;
  meaning: string;
  type: string;
  isRequired: boolean;
  isKey: boolean;
  example: string;
  choices: string[];
}
interface Kind {
  code: string;
  title: string;
  meaning: string;
  mayImport: boolean;
  ofEnterprise: boolean;
  columns: Column[];
}
interface Settings {
  kinds: Kind[];
  largestBytes: number;
  addresses: { import: string; export: string };
}
type Word = "trying" | "importing" | "tooLarge" | "lost" | "chooseFile" | "noColumn" | "rows" | "all" | "triedWell" | "triedBadly" | "imported" | "nothingNew" | "ofLines" | "noLines" | "notYours";
type Texts = Record<Word, string> & { outcomes: Record<string, string>; headings: string[] };

const settings = settingsOf<Settings>("registers-settings");
const texts = settingsOf<Texts>("registers-texts");
const MOST_SHOWN = 500;

const input = (id: string): HTMLInputElement => element(id, HTMLInputElement);
const select = (id: string): HTMLSelectElement => element(id, HTMLSelectElement);
const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);
const said = (id: string, sentence: string): void => {
  element(id).textContent = sentence;
  element(id).hidden = sentence === "";
};

let file: File | null = null;
let report: RegisterReport | null = null;

// --- 1. the register

const chosenKind = (): Kind => {
  const found = settings.kinds.find((kind) => kind.code === select("kind").value);
  if (found === undefined) throw new Error("no register is chosen");
  return found;
};

function addressOf(query: Record<string, string>): string {
  return `${settings.addresses.export.replace("KIND", chosenKind().code)}?${new URLSearchParams(query)}`;
}

function showAddresses(): void {
  const narrowed: Record<string, string> = {};
  if (chosenKind().ofEnterprise && select("enterprise").value !== "") narrowed["enterprise"] = select("enterprise").value;
  if (select("division").value !== "") narrowed["division"] = select("division").value;
  element("export-xlsx", HTMLAnchorElement).href = addressOf({ format: "xlsx", ...narrowed });
  element("export-csv", HTMLAnchorElement).href = addressOf({ format: "csv", ...narrowed });
  element("template-xlsx", HTMLAnchorElement).href = addressOf({ format: "xlsx", template: "true" });
}

function showKind(): void {
  const kind = chosenKind();
  element("kind-meaning").textContent = kind.meaning;
  element("enterprise-field").hidden = select("enterprise").options.length < 2 || !kind.ofEnterprise;
  element("column-count").textContent = figure(kind.columns.length);
  element("columns-table", HTMLTableElement).tBodies[0]?.replaceChildren(...kind.columns.map(columnRow));
  said("not-yours", kind.mayImport ? "" : texts.notYours);
  element("bring").hidden = !kind.mayImport;
  showAddresses();
  forgetTrial();
}

function columnRow(column: Column): HTMLElement {
  const title = `${column.title}${column.isRequired ? " *" : ""}`;
  const type = column.choices.length > 0 ? `${column.type}: ${column.choices.join(", ")}` : column.type;
  return make("tr", {}, make("td", {}, column.isKey ? make("strong", {}, title) : title), make("td", { class: "code" }, column.code), make("td", {}, type), make("td", {}, column.meaning), make("td", { class: "code" }, column.example));
}

// --- 2. the file

function takeFile(chosen: File): void {
  said("file-refusal", "");
  forgetTrial();
  file = chosen;
  element("file-name").textContent = chosen.name;
}

/** What is tried is what is imported: whatever changes, it is to be tried again. */
function forgetTrial(): void {
  button("apply").disabled = true;
  element("step-report").hidden = true;
  report = null;
}

async function send(isTrial: boolean): Promise<void> {
  said("file-refusal", "");
  if (file === null) {
    said("file-refusal", texts.chooseFile);
    return;
  }
  if (file.size > settings.largestBytes) {
    said("file-refusal", filled(texts.tooLarge, { size: figure(settings.largestBytes / 1024 ** 2) }));
    return;
  }
  const form = new FormData();
  form.append("kind", chosenKind().code);
  form.append("file", file);
  form.append("dry_run", String(isTrial));
  form.append("skip_refused", String(input("skip-refused").checked));
  // Where there is one enterprise only, it is meant.
  if (chosenKind().ofEnterprise && select("enterprise").value !== "") form.append("enterprise", select("enterprise").value);
  button("try").disabled = button("apply").disabled = true;
  element("file-state").textContent = isTrial ? texts.trying : texts.importing;
  try {
    report = await sendForm<RegisterReport>(settings.addresses.import, form);
    show(report);
  } catch (error) {
    said("file-refusal", reasonOf(error, texts.lost));
    element("step-report").hidden = true;
  } finally {
    element("file-state").textContent = "";
    button("try").disabled = false;
  }
}

// --- 3. the report

function titleOf(shown: RegisterReport): string {
  if (shown.written) return texts.imported;
  if (mayFollow(shown)) return texts.triedWell;
  return (shown.counts["refused"] ?? 0) > 0 ? texts.triedBadly : texts.nothingNew;
}

function show(shown: RegisterReport): void {
  button("apply").disabled = !shown.dry_run || !mayFollow(shown);
  element("report-title").textContent = titleOf(shown);
  element("report-message").textContent = shown.message;
  element("report-message").className = shown.written || mayFollow(shown) ? "notice" : (shown.counts["refused"] ?? 0) > 0 ? "notice bad" : "notice";
  const facts: [string, number][] = [[texts.rows, shown.rows], ...Object.entries(shown.counts).map(([outcome, count]): [string, number] => [texts.outcomes[outcome] ?? outcome, count])];
  element("report-facts").replaceChildren(...facts.flatMap(([name, count]) => [make("dt", {}, name), make("dd", {}, figure(count))]));
  element("report-warnings").replaceChildren(...shown.warnings.map((warning) => make("p", { class: "notice warn" }, warning)));
  const outcomes = Object.keys(shown.counts).filter((outcome) => shown.lines.some((line) => line.outcome === outcome));
  select("report-outcome").replaceChildren(make("option", { value: "" }, texts.all), ...outcomes.map((outcome) => make("option", { value: outcome }, texts.outcomes[outcome] ?? outcome)));
  showLines();
  element("step-report").hidden = false;
  element("report-title").focus();
}

function showLines(): void {
  if (report === null) return;
  const titles = new Map(chosenKind().columns.map((column) => [column.code, column.title]));
  const lines = wantedLines(report.lines, select("report-outcome").value, input("report-text").value);
  const table = element("report-table", HTMLTableElement);
  table.hidden = lines.length === 0;
  table.tBodies[0]?.replaceChildren(
    ...lines.slice(0, MOST_SHOWN).map((line) => {
      const column = line.column === "" ? "" : (titles.get(line.column) ?? line.column);
      return make("tr", { class: line.outcome }, make("td", {}, String(line.row)), make("td", { class: "outcome" }, texts.outcomes[line.outcome] ?? line.outcome), make("td", { class: "code" }, line.key), make("td", {}, column), make("td", {}, saidOf(line)));
    }),
  );
  element("report-count").textContent = report.lines.length === 0 ? texts.noLines : filled(texts.ofLines, { shown: figure(Math.min(lines.length, MOST_SHOWN)), count: figure(report.lines.length) });
}

function save(content: string, type: string, ending: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const name = (report?.file ?? "register").replace(/\.[^.]*$/, "");
  make("a", { href: address, download: `${name}-protocol.${ending}` }).click();
  URL.revokeObjectURL(address);
}

// --- start

const zone = element("drop-zone");
input("file").addEventListener("change", () => {
  const chosen = input("file").files?.[0];
  if (chosen !== undefined) takeFile(chosen);
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
  const dropped = event.dataTransfer?.files[0];
  if (dropped !== undefined) takeFile(dropped);
});
select("kind").addEventListener("change", () => {
  window.history.replaceState(null, "", `?${new URLSearchParams({ kind: select("kind").value })}`);
  showKind();
});
for (const id of ["enterprise", "division"]) select(id).addEventListener("change", showAddresses);
select("enterprise").addEventListener("change", forgetTrial);
input("skip-refused").addEventListener("change", forgetTrial);
button("try").addEventListener("click", () => void send(true));
button("apply").addEventListener("click", () => void send(false));
select("report-outcome").addEventListener("input", showLines);
input("report-text").addEventListener("input", showLines);
button("report-csv").addEventListener("click", () => {
  if (report !== null) save(protocolOf(report, texts.headings, texts.outcomes), "text/csv", "csv");
});
button("report-json").addEventListener("click", () => {
  if (report !== null) save(JSON.stringify(report, null, 1), "application/json", "json");
});
showKind();
element("step-file").dataset["ready"] = "true";
