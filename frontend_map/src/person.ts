// The erasure of a person: proposed by one user, done by the same wish of another.
import { notify } from "./notice";
import { element, eventElement, failureOf, fieldOf, postOnce, settingsOf } from "./page";
import { renew } from "./renewing";

interface Texts {
  waits: string;
  erased: string;
  withdrawn: string;
  noReason: string;
  sure: string;
  failed: string;
  loadFailed: string;
}

const settings = settingsOf<{ address: string }>("person-settings");
const texts = settingsOf<Texts>("person-texts");

async function erase(form: HTMLFormElement): Promise<void> {
  const reason = fieldOf(form, "reason").value.trim();
  if (reason === "") { notify(texts.noReason, { isBad: true }); return; }
  if (!window.confirm(texts.sure)) return;
  const { state } = await postOnce<{ state: string }>(settings.address, { reason });
  await renew("kept", "waiting-act");
  notify(state === "erased" ? texts.erased : texts.waits);
}

async function withdraw(): Promise<void> {
  await postOnce(`${settings.address}withdraw/`, {});
  await renew("kept", "waiting-act");
  notify(texts.withdrawn);
}

element("waiting-act").addEventListener("click", (event) => {
  if (eventElement(event, "[data-withdraw]", HTMLButtonElement) === null) return;
  withdraw().catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }));
});
element("erasure").addEventListener("submit", (event) => {
  event.preventDefault();
  erase(event.currentTarget as HTMLFormElement).catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }));
});
