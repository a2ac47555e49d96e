// The months of the books: a trial or a run becomes a job to follow, a month is closed after a question.
import { notify } from "./notice";
import { element, eventElement, failureOf, fieldOf, filled, postOnce, settingsOf } from "./page";
import { renew } from "./renewing";

interface Settings {
  api: string;
  job: string;
  enterprise: string;
}
interface Texts {
  sureRun: string;
  surePenalties: string;
  sureClose: string;
  closed: string;
  reopened: string;
  waits: string;
  withdrawn: string;
  noReason: string;
  failed: string;
  loadFailed: string;
}

const settings = settingsOf<Settings>("billing-settings");
const texts = settingsOf<Texts>("billing-texts");

async function run(month: string, isTrial: boolean, isPenalty: boolean): Promise<void> {
  const { uid } = await postOnce<{ uid: string }>(`${settings.api}billing-runs/`, { enterprise: settings.enterprise, month, trial: isTrial, penalties: isPenalty });
  window.location.assign(`${settings.job}${uid}/`);
}

async function close(month: string, name: string): Promise<void> {
  await postOnce(`${settings.api}billing-months/close/`, { enterprise: settings.enterprise, month });
  await renew("months");
  notify(filled(texts.closed, { month: name }));
}

async function reopen(form: HTMLFormElement): Promise<void> {
  const { reopen: month = "", name = "" } = form.dataset;
  const reason = fieldOf(form, "reason").value.trim();
  if (reason === "") { notify(texts.noReason, { isBad: true }); return; }
  const { state } = await postOnce<{ state: string }>(`${settings.api}billing-months/reopen/`, { enterprise: settings.enterprise, month, reason });
  await renew("months");
  notify(filled(state === "open" ? texts.reopened : texts.waits, { month: name }));
}

async function withdraw(month: string): Promise<void> {
  await postOnce(`${settings.api}billing-months/reopen/withdraw/`, { enterprise: settings.enterprise, month });
  await renew("months");
  notify(texts.withdrawn);
}

element("months").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = eventElement(event, "form[data-reopen]", HTMLFormElement);
  if (form !== null) reopen(form).catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }));
});
element("months").addEventListener("click", (event) => {
  const button = eventElement(event, "button", HTMLButtonElement);
  if (button === null) return;
  const { run: how, month = "", name = "", close: closing, withdraw: proposed, penalties } = button.dataset;
  if (proposed !== undefined) withdraw(proposed).catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }));
  if (how === undefined && closing === undefined) return;
  const question = closing !== undefined ? texts.sureClose : how !== "post" ? "" : penalties === undefined ? texts.sureRun : texts.surePenalties;
  if (question !== "" && !window.confirm(filled(question, { month: name }))) return;
  button.disabled = true;
  (closing !== undefined ? close(closing, name) : run(month, how === "trial", penalties !== undefined))
    .catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }))
    .finally(() => (button.disabled = false));
});
