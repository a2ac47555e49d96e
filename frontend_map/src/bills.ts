// Bills on paper: printed by a job, and noted as handed over, one by one or a whole street.
import { notify } from "./notice";
import { eventElement, failureOf, fieldOf, filled, postOnce, settingsOf } from "./page";
import { renew } from "./renewing";

const settings = settingsOf<{ api: string; job: string; enterprise: string; month: string }>("bills-settings");
const texts = settingsOf<{ noted: string; undone: string; failed: string; loadFailed: string }>("bills-texts");

async function print(form: HTMLFormElement): Promise<void> {
  const { enterprise, month } = settings;
  const body = { enterprise, month, place: form.dataset["place"] ?? "", language: fieldOf(form, "language").value };
  const { uid } = await postOnce<{ uid: string }>(`${settings.api}bill-prints/`, body);
  window.location.assign(`${settings.job}${uid}/`);
}

async function change(address: string, said: string, body: { invoices: string[] }): Promise<void> {
  if (body.invoices.length === 0) return;
  const { bills } = await postOnce<{ bills: number }>(`${settings.api}${address}`, body);
  await renew("sheet", "missing");
  notify(filled(said, { number: bills }));
}

function handOver(invoices: string[]): Promise<void> {
  const form = document.querySelector<HTMLFormElement>("#deliveries");
  const [handed_over_on, received_by] = form === null ? ["", ""] : ["handed_over_on", "received_by"].map((name) => fieldOf(form, name).value.trim());
  return change("bill-deliveries/", texts.noted, { invoices, ...{ handed_over_on, received_by } });
}

function attempt(work: Promise<void>, button: HTMLButtonElement | null): void {
  if (button !== null) button.disabled = true;
  work.catch((error: unknown) => notify(failureOf(error, texts), { isBad: true })).finally(() => button !== null && (button.disabled = false));
}

document.addEventListener("submit", (event) => {
  const form = eventElement(event, "#print-form, #deliveries", HTMLFormElement);
  if (form === null) return;
  event.preventDefault();
  const left = [...document.querySelectorAll<HTMLElement>("[data-deliver]")].map((button) => button.dataset["deliver"] ?? "");
  attempt(form.id === "print-form" ? print(form) : handOver(left), form.querySelector("button"));
});
document.addEventListener("click", (event) => {
  const button = eventElement(event, "[data-deliver], [data-undo]", HTMLButtonElement);
  if (button === null) return;
  const { deliver, undo } = button.dataset;
  attempt(deliver !== undefined ? handOver([deliver]) : change("bill-deliveries/undo/", texts.undone, { invoices: [undo ?? ""] }), button);
});
