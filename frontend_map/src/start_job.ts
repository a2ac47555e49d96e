// Starting long work from a page: which fields each kind asks for, the request, and the job's page after it.
import { startNetworkPicker } from "./network_picker";
import { element, fieldOf, postJson, Refusal, settingsOf } from "./page";

interface Settings {
  api: string;
  job: string;
  fields: Record<string, string[]>;
  lost: string;
  ready: string;
}

const settings = settingsOf<Settings>("start-settings");
const form = element("start-job", HTMLFormElement);
const picker = document.querySelector<HTMLFormElement>("#network-picker");

function showFields(): void {
  const wanted = settings.fields[fieldOf(form, "kind").value] ?? [];
  for (const field of document.querySelectorAll<HTMLElement>("[data-field]")) field.hidden = !wanted.includes(field.dataset["field"] ?? "");
}

const valueOf = (name: string): string => fieldOf(form, name).value;
const monthOf = (name: string): string => `${valueOf(name)}-01`;

/** The address and body that ask for the work that the form says. */
export function requestOf(network: string): { address: string; body: Record<string, unknown> } {
  const ofNetwork = `${settings.api}networks/${encodeURIComponent(network)}/`;
  const trial = fieldOf(form, "trial");
  switch (valueOf("kind")) {
    case "validate":
      return { address: `${ofNetwork}validation/`, body: { all: true } };
    case "simulate":
      return { address: `${ofNetwork}simulations/`, body: { hours: Number(valueOf("hours")) } };
    case "leaks":
      return { address: `${settings.api}leak-searches/`, body: { network } };
    case "balances":
      return { address: `${settings.api}balance-runs/`, body: { network, first_month: monthOf("first_month"), last_month: monthOf("last_month") } };
    default:
      return { address: `${settings.api}billing-runs/`, body: { enterprise: valueOf("enterprise"), month: monthOf("month"), trial: trial instanceof HTMLInputElement && trial.checked } };
  }
}

/** A small network comes as a file at once; of a large one a job makes the file. Null: the file has been handed over. */
async function exported(network: string): Promise<string | null> {
  const query = new URLSearchParams({ format_name: valueOf("format") });
  const answer = await fetch(`${settings.api}networks/${encodeURIComponent(network)}/export/?${query}`, { credentials: "same-origin" });
  if (!answer.ok) throw new Refusal(`${answer.status}`);
  if (answer.status === 202) return ((await answer.json()) as { uid: string }).uid;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? network;
  link.click();
  URL.revokeObjectURL(link.href);
  return null;
}

async function start(): Promise<void> {
  const refusal = element("start-refusal");
  const done = element("start-done");
  const button = form.querySelector("button");
  refusal.hidden = done.hidden = true;
  if (button !== null) button.disabled = true;
  const network = picker?.dataset["chosen"] ?? "";
  try {
    let uid: string | null;
    if (valueOf("kind") === "export") uid = await exported(network);
    else {
      const { address, body } = requestOf(network);
      uid = (await postJson<{ uid: string }>(address, body)).uid;
    }
    if (uid !== null) window.location.assign(`${settings.job}${uid}/`);
    done.textContent = settings.ready;
    done.hidden = uid !== null;
  } catch (error) {
    refusal.textContent = error instanceof Refusal ? error.message : settings.lost;
    refusal.hidden = false;
  } finally {
    if (button !== null) button.disabled = false;
  }
}

if (picker !== null) startNetworkPicker(() => undefined);
form.addEventListener("change", showFields);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void start();
});
showFields();
