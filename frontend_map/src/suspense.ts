// Money without an owner: assigned to an account or returned; statements and registries brought in.
import { notify } from "./notice";
import { element, failureOf, figure, filled, postJson, sendForm, settingsOf } from "./page";

interface Settings {
  suspense: string;
  files: string;
  texts: { failed: string; lost: string; taken: string; tried: string };
}
interface Report {
  posted: number;
  duplicates: number;
  suspense: number;
  settlements: number;
  ignored: number;
  posted_amount: string;
}

const settings = settingsOf<Settings>("suspense-settings");
const texts = { failed: settings.texts.failed, loadFailed: settings.texts.lost };
const chosen = document.querySelector<HTMLElement>("#chosen");

async function decide(step: "assign" | "return", body: Record<string, string>): Promise<void> {
  const uid = chosen?.dataset["item"] ?? "";
  try {
    await postJson(`${settings.suspense}${encodeURIComponent(uid)}/${step}/`, body);
    window.location.assign(`?state=${step === "assign" ? "assigned" : "returned"}`);
  } catch (error) {
    notify(failureOf(error, texts), { isBad: true });
  }
}

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-assign]")) {
  button.addEventListener("click", () => {
    button.disabled = true;
    void decide("assign", { account: button.dataset["assign"] ?? "" }).finally(() => (button.disabled = false));
  });
}
document.querySelector<HTMLFormElement>("#return-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const reason = new FormData(event.target as HTMLFormElement).get("reason");
  void decide("return", { reason: typeof reason === "string" ? reason : "" });
});

/** What became of a file, in one sentence. */
export const saidOf = (report: Report, sentence: string): string =>
  filled(sentence, { posted: figure(report.posted), duplicates: figure(report.duplicates), suspense: figure(report.suspense), settlements: figure(report.settlements), ignored: figure(report.ignored), amount: figure(report.posted_amount, 2) });

element("file-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const form = element("file-form", HTMLFormElement);
  const isTrial = (event.submitter as HTMLButtonElement | null)?.name === "try";
  const data = new FormData(form);
  data.append("dry_run", String(isTrial));
  void sendForm<Report>(settings.files, data)
    .then((report) => {
      notify(`${saidOf(report, settings.texts.taken)}${isTrial ? ` ${settings.texts.tried}` : ""}`, { id: "file-message" });
      // What came without an owner stands in the list now.
      if (!isTrial && report.suspense > 0) window.setTimeout(() => window.location.reload(), 2500);
    })
    .catch((error: unknown) => notify(failureOf(error, texts), { isBad: true, id: "file-message" }));
});
