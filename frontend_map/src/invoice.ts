// A bill's page: it is taken back with a reason.
import { notify } from "./notice";
import { eventElement, failureOf, fieldOf, postOnce, settingsOf } from "./page";

const { api, page } = settingsOf<{ api: string; page: string }>("invoice-settings");
const texts = settingsOf<{ noReason: string; failed: string; loadFailed: string }>("invoice-texts");

document.addEventListener("submit", (event) => {
  const form = eventElement(event, "#cancel-form", HTMLFormElement);
  if (form === null) return;
  event.preventDefault();
  const reason = fieldOf(form, "reason").value.trim();
  if (reason === "") { notify(texts.noReason, { isBad: true }); return; }
  postOnce<{ uid: string }>(api, { reason })
    .then(({ uid }) => window.location.assign(page.replace("UID", uid)))
    .catch((error: unknown) => notify(failureOf(error, texts), { isBad: true }));
});
