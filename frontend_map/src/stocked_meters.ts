// Meters of the store and of crews, offered where one is hung: what is chosen brings its model and digits.
import { eventElement, fetchJson } from "./page";

export interface StockedMeter {
  serial: string;
  model_name: string;
  digits: number;
  place: string;
  holder: string;
}

const FEWEST_SIGNS = 2;
const WAIT_MS = 250;
const HANGABLE = new Set(["store", "issued", "removed"]);

/** Of meters found, those that may be hung: none that hangs or is written off. */
export const hangable = (found: StockedMeter[]): StockedMeter[] => found.filter((meter) => HANGABLE.has(meter.place));

/** Fill in what is known of the meter whose number was chosen; a number that is typed changes nothing else. */
export function fillFrom(form: HTMLFormElement, serial: string, known: StockedMeter[]): void {
  const meter = known.find((one) => one.serial === serial);
  if (meter === undefined) return;
  for (const [name, value] of [["meter_model", meter.model_name], ["meter_digits", String(meter.digits)]] as const) {
    const control = form.elements.namedItem(name);
    if (control instanceof HTMLInputElement) control.value = value;
  }
}

/** Offer meters under `root` to inputs named meter_serial, while their numbers are typed. */
export function offerStockedMeters(root: HTMLElement, api: string): void {
  let known: StockedMeter[] = [];
  let waiting = 0;
  const look = async (typed: string): Promise<void> => {
    const { rows } = await fetchJson<{ rows: StockedMeter[] }>(`${api}meters/stock/?q=${encodeURIComponent(typed)}`);
    known = hangable(rows);
    const list = document.querySelector("#stocked-meters");
    list?.replaceChildren(...known.map((meter) => new Option(`${meter.model_name} ${meter.holder}`.trim(), meter.serial)));
  };
  root.addEventListener("input", (event) => {
    const box = eventElement(event, "input[name=meter_serial]", HTMLInputElement);
    if (box === null) return;
    const typed = box.value.trim();
    if (box.form !== null) fillFrom(box.form, typed, known);
    window.clearTimeout(waiting);
    if (typed.length < FEWEST_SIGNS || known.some((meter) => meter.serial === typed)) return;
    // Without the list one types on: what is wrong is told when it is sent.
    waiting = window.setTimeout(() => void look(typed).catch(() => undefined), WAIT_MS);
  });
}
