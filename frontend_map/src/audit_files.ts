// Audits from a file: it is sent as it is chosen, and what each row comes to is shown.
import { element, figure, filled, make, reasonOf, Refusal, sendForm, settingsOf } from "./page";

interface Audit {
  audit_id: string;
  authorized: number | null;
  apparent_losses: number | null;
  real_losses: number | null;
  nrw: number | null;
  nrw_percent: number | null;
  uarl: number | null;
  ili: number | null;
  flags: string[];
}

const settings = settingsOf<{ address: string; largestBytes: number }>("audit-settings");
const texts = settingsOf<Record<"working" | "tooLarge" | "audits" | "flagged" | "row" | "first" | "lost", string>>("audit-texts");
const MOST_SHOWN = 500;
const chooser = element("file", HTMLInputElement);

function rowOf(audit: Audit): HTMLElement {
  const number = (value: number | null, decimals: number): HTMLElement => make("td", { class: "number" }, figure(value, decimals));
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, audit.audit_id),
    number(audit.authorized, 1),
    number(audit.apparent_losses, 1),
    number(audit.real_losses, 1),
    number(audit.nrw, 1),
    number(audit.nrw_percent, 1),
    number(audit.uarl, 1),
    number(audit.ili, 2),
    make("td", { class: "audit-flags" }, audit.flags.join(", ").replaceAll("_", " ")),
  );
}

function show(audits: Audit[]): void {
  const flagged = audits.filter((audit) => audit.flags.length > 0).length;
  const said = [filled(texts.audits, { n: figure(audits.length) }), filled(texts.flagged, { n: figure(flagged) })];
  if (audits.length > MOST_SHOWN) said.push(filled(texts.first, { n: figure(MOST_SHOWN) }));
  element("state").textContent = said.join("; ");
  element("rows").replaceChildren(...audits.slice(0, MOST_SHOWN).map(rowOf));
  element("results").hidden = audits.length === 0;
}

function refuse(reason: string, faults: string[] = []): void {
  element("refusal").textContent = reason;
  element("refusal").hidden = reason === "";
  element("faults").replaceChildren(...faults.map((fault) => make("li", {}, fault)));
}

/** Each cell that was refused, with its row and column. */
function faultsOf(error: unknown): string[] {
  if (!(error instanceof Refusal)) return [];
  const details = (error.body as { error?: { details?: Record<string, unknown>[] } } | null)?.error?.details ?? [];
  return details.slice(0, 50).flatMap((detail) => ("row" in detail ? [`${texts.row} ${String(detail["row"])}, ${String(detail["column"])}: ${String(detail["value"])} (${String(detail["reason"])})`] : []));
}

async function send(file: File): Promise<void> {
  refuse("");
  show([]);
  element("state").textContent = "";
  if (file.size > settings.largestBytes) {
    refuse(texts.tooLarge);
    return;
  }
  element("state").textContent = texts.working;
  const form = new FormData();
  form.append("file", file);
  try {
    show((await sendForm<{ audits: Audit[] }>(settings.address, form)).audits);
  } catch (error) {
    element("state").textContent = "";
    refuse(reasonOf(error, texts.lost), faultsOf(error));
  }
}

chooser.addEventListener("change", () => {
  const file = chooser.files?.[0];
  // The same file may be mended and chosen again.
  chooser.value = "";
  if (file !== undefined) void send(file);
});
