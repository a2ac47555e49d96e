// A street's sheet: an index is typed, Enter enters it, and the next meter of the route follows.
import { element, failureOf, filled, numberIn, postOnce, settingsOf } from "./page";

interface Texts {
  taken: string;
  waits: string;
  badNumber: string;
  failed: string;
  loadFailed: string;
}

const { api, reasons } = settingsOf<{ api: string; reasons: Record<string, string> }>("route-settings");
const texts = settingsOf<Texts>("route-texts");
const route = element("route");
const day = route.querySelector<HTMLInputElement>("#route-day input");

function say(field: HTMLInputElement, words: string, isBad: boolean): void {
  const said = field.parentElement?.querySelector(".route-said");
  if (said) {
    said.textContent = words;
    said.classList.toggle("alert", isBad);
  }
}

function next(field: HTMLInputElement): void {
  const fields = [...route.querySelectorAll<HTMLInputElement>(".route-index")];
  fields[fields.indexOf(field) + 1]?.focus();
}

async function enter(field: HTMLInputElement): Promise<void> {
  const index = numberIn(field.value.trim());
  if (!Number.isFinite(index) || index < 0) { say(field, texts.badNumber, true); return; }
  const body = { installation: field.dataset["installation"], read_on: day?.value, index_m3: index.toFixed(3) };
  field.readOnly = true;
  try {
    const made = await postOnce<{ state: string; queue_reason: string }>(`${api}readings/`, body);
    const waits = made.state === "queued";
    say(field, waits ? filled(texts.waits, { reason: reasons[made.queue_reason] ?? made.queue_reason }) : texts.taken, waits);
    field.closest("tr")?.classList.add("is-read");
  } catch (error) {
    say(field, failureOf(error, texts), true);
  } finally {
    field.readOnly = false;
  }
}

route.addEventListener("keydown", (event) => {
  const field = event.target;
  if (event.key !== "Enter" || !(field instanceof HTMLInputElement) || !field.matches(".route-index") || field.readOnly) return;
  event.preventDefault();
  if (field.value.trim() === "") { next(field); return; }
  next(field);
  void enter(field);
});
route.addEventListener("submit", (event) => event.preventDefault());
