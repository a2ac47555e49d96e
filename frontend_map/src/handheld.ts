// A handheld's file: chosen, tried and taken in; the report says what became of each row.
import { takeFiles } from "./file_choice";
import { element, figure, filled, reasonOf, sendForm, settingsOf } from "./page";
import type { FileReport } from "./register_report";
import { type ReportTexts, ReportView } from "./report_view";

interface Settings {
  address: string;
  largestBytes: number;
  columns: Record<string, string>;
}
type Word = "trying" | "importing" | "tooLarge" | "lost" | "chooseFile" | "tried" | "taken" | "nothingNew";

const settings = settingsOf<Settings>("handheld-settings");
const texts = settingsOf<Record<Word, string> & ReportTexts>("handheld-texts");
const tryButton = element("try", HTMLButtonElement);
const takeButton = element("apply", HTMLButtonElement);
const view = new ReportView(texts);
let file: File | null = null;

function refuse(sentence: string): void {
  element("file-refusal").textContent = sentence;
  element("file-refusal").hidden = sentence === "";
}

const hasNews = (report: FileReport): boolean => ["taken", "queued", "remarked"].some((outcome) => (report.counts[outcome] ?? 0) > 0);

async function send(isTrial: boolean): Promise<void> {
  refuse("");
  if (file === null) {
    refuse(texts.chooseFile);
    return;
  }
  if (file.size > settings.largestBytes) {
    refuse(filled(texts.tooLarge, { size: figure(settings.largestBytes / 1024 ** 2) }));
    return;
  }
  const form = new FormData();
  form.append("file", file);
  form.append("dry_run", String(isTrial));
  tryButton.disabled = takeButton.disabled = true;
  element("file-state").textContent = isTrial ? texts.trying : texts.importing;
  try {
    const report = await sendForm<FileReport>(settings.address, form);
    takeButton.disabled = !isTrial || !hasNews(report);
    const title = report.written ? texts.taken : hasNews(report) ? texts.tried : texts.nothingNew;
    view.show(report, title, { isBad: false, titles: new Map(Object.entries(settings.columns)) });
  } catch (error) {
    refuse(reasonOf(error, texts.lost));
    view.hide();
  } finally {
    element("file-state").textContent = "";
    tryButton.disabled = false;
  }
}

takeFiles((chosen) => {
  refuse("");
  view.hide();
  takeButton.disabled = true;
  file = chosen;
  element("file-name").textContent = chosen.name;
});
tryButton.addEventListener("click", () => void send(true));
takeButton.addEventListener("click", () => void send(false));
element("step-file").dataset["ready"] = "true";
