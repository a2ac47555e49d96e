// The page of all feeds: renewed every half minute; refused rows are tried again or taken off the list.
import { type AgeTexts, keepTellingAges, tellAges } from "./ages";
import { notify } from "./notice";
import { element, eventElement, figure, filled, postJson, Refusal, settingsOf } from "./page";
import { renew } from "./renewing";

interface Texts extends AgeTexts {
  retried: string;
  dismissed: string;
  failed: string;
  loadFailed: string;
  choose: string;
}

const STEP_MS = 30_000;
const { api } = settingsOf<{ api: string }>("feeds-settings");
const texts = settingsOf<Texts>("feeds-texts");
const holder = element("feeds");

function say(message: string, isBad = false): void {
  notify(message, { isBad });
}

async function renewAndTell(): Promise<void> {
  await renew("feeds");
  tellAges(texts);
}

const boxes = (): HTMLInputElement[] => [...holder.querySelectorAll<HTMLInputElement>("input[name=row]")];

async function settle(action: string, button: HTMLButtonElement): Promise<void> {
  const rows = boxes().filter((box) => box.checked).map((box) => box.value);
  const code = holder.querySelector<HTMLInputElement>("#choose-code:checked")?.value;
  if (rows.length === 0 && code === undefined) {
    say(texts.choose, true);
    return;
  }
  button.disabled = true;
  try {
    const answer = await postJson<Record<string, number>>(`${api}quarantine/${action}/`, code === undefined ? { rows } : { code });
    const { taken = 0, waiting = rows.length - taken } = answer;
    say(action === "retry" ? filled(texts.retried, { taken: figure(taken), waiting: figure(waiting) }) : filled(texts.dismissed, { n: figure(answer["dismissed"] ?? rows.length) }));
    await renewAndTell();
  } catch (error) {
    say(error instanceof Refusal ? filled(texts.failed, { reason: error.message }) : texts.loadFailed, true);
  } finally {
    button.disabled = false;
  }
}

holder.addEventListener("click", (event) => {
  const button = eventElement(event, "button[data-settle]", HTMLButtonElement);
  if (button !== null) void settle(button.dataset["settle"] ?? "", button);
});
holder.addEventListener("change", (event) => {
  const box = eventElement(event, "#choose-all", HTMLInputElement);
  if (box !== null) for (const row of boxes()) row.checked = box.checked;
});

tellAges(texts);
keepTellingAges(texts);
window.setInterval(() => {
  // What somebody has chosen, or is about to, stays as it is.
  if (document.hidden || holder.contains(document.activeElement) || boxes().some((box) => box.checked)) return;
  void renewAndTell().catch(() => undefined);
}, STEP_MS);
