// The outbox: a message that did not get through is sent again or given up.
import { notify } from "./notice";
import { failureOf, postJson, settingsOf } from "./page";

interface Settings {
  messages: string;
  texts: { failed: string; lost: string };
}

const settings = settingsOf<Settings>("messages-settings");
const texts = { failed: settings.texts.failed, loadFailed: settings.texts.lost };

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-step]")) {
  button.addEventListener("click", () => {
    button.disabled = true;
    const address = `${settings.messages}${encodeURIComponent(button.dataset["message"] ?? "")}/${button.dataset["step"] ?? ""}/`;
    void postJson(address, {})
      .then(() => window.location.reload())
      .catch((error: unknown) => {
        button.disabled = false;
        notify(failureOf(error, texts), { isBad: true });
      });
  });
}
