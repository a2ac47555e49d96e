// Registers as files: one is chosen, taken or filled in, tried and brought in.
import { takeFiles } from "./file_choice";
import { element, figure, filled, make, reasonOf, sendForm, settingsOf } from "./page";
import { mayFollow, type RegisterReport } from "./register_report";
import { type ReportTexts, ReportView } from "./report_view";

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
type Word = "trying" | "importing" | "tooLarge" | "lost" | "chooseFile" | "triedWell" | "triedBadly" | "imported" | "nothingNew" | "notYours";
type Texts = Record<Word, string> & ReportTexts;

const settings = settingsOf<Settings>("registers-settings");
const texts = settingsOf<Texts>("registers-texts");

const input = (id: string): HTMLInputElement => element(id, HTMLInputElement);
const select = (id: string): HTMLSelectElement => element(id, HTMLSelectElement);
const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);
const said = (id: string, sentence: string): void => {
  element(id).textContent = sentence;
  element(id).hidden = sentence === "";
};

let file: File | null = null;
const view = new ReportView(texts);

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
  view.hide();
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
    show(await sendForm<RegisterReport>(settings.addresses.import, form));
  } catch (error) {
    said("file-refusal", reasonOf(error, texts.lost));
    view.hide();
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
  const isBad = !shown.written && !mayFollow(shown) && (shown.counts["refused"] ?? 0) > 0;
  const titles = new Map(chosenKind().columns.map((column) => [column.code, column.title]));
  view.show(shown, titleOf(shown), { isBad, titles });
}

// --- start

takeFiles(takeFile);
select("kind").addEventListener("change", () => {
  window.history.replaceState(null, "", `?${new URLSearchParams({ kind: select("kind").value })}`);
  showKind();
});
for (const id of ["enterprise", "division"]) select(id).addEventListener("change", showAddresses);
select("enterprise").addEventListener("change", forgetTrial);
input("skip-refused").addEventListener("change", forgetTrial);
button("try").addEventListener("click", () => void send(true));
button("apply").addEventListener("click", () => void send(false));
showKind();
element("step-file").dataset["ready"] = "true";
