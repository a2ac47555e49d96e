// A passkey made or used by a form: the browser asks the device, and the form carries what it answers.
import { element, settingsOf } from "./page";

type Options = Record<string, unknown>;

/** What browsers of 2025 and later have; TypeScript's own description lags behind. */
interface Passkeys {
  parseCreationOptionsFromJSON: (options: Options) => PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON: (options: Options) => PublicKeyCredentialRequestOptions;
}

const options = settingsOf<Options>("passkey-options");
const form = element("passkey-form", HTMLFormElement);
const field = form.elements.namedItem("passkey");

async function answered(): Promise<string> {
  const passkeys = window.PublicKeyCredential as unknown as Passkeys;
  // Only what is to be made says for whom.
  const made = "user" in options;
  const credential = made
    ? await navigator.credentials.create({ publicKey: passkeys.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: passkeys.parseRequestOptionsFromJSON(options) });
  if (credential === null) throw new Error("no passkey");
  return JSON.stringify(credential);
}

form.addEventListener("submit", (event) => {
  if (!(field instanceof HTMLInputElement) || field.value !== "") return;
  event.preventDefault();
  const refusal = element("passkey-refusal");
  refusal.hidden = true;
  answered().then(
    (answer) => {
      field.value = answer;
      form.submit();
    },
    () => {
      refusal.hidden = false;
    },
  );
});
