// The page of all feeds: renewed every half minute; refused rows are tried again or taken off the list.
import { type AgeTexts, keepTellingAges, tellAges } from "./ages";
import { notify } from "./notice";
import { element, eventElement, failureOf, fieldOf, figure, filled, postJson, sendJson, settingsOf } from "./page";
import { renew } from "./renewing";

interface Texts extends AgeTexts {
  retried: string;
  dismissed: string;
  failed: string;
  loadFailed: string;
  choose: string;
  given: string;
  takenBack: string;
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
    say(failureOf(error, texts), true);
  } finally {
    button.disabled = false;
  }
}

async function act(work: () => Promise<unknown>, done: string): Promise<void> {
  try {
    await work();
    await renewAndTell();
    say(done);
  } catch (error) {
    say(failureOf(error, texts), true);
  }
}

holder.addEventListener("click", (event) => {
  const button = eventElement(event, "button[data-settle]", HTMLButtonElement);
  if (button !== null) void settle(button.dataset["settle"] ?? "", button);
  const withdrawing = eventElement(event, "button[data-withdraw]", HTMLButtonElement);
  if (withdrawing !== null) {
    const { withdraw = "", prefix = "" } = withdrawing.dataset;
    void act(() => sendJson("DELETE", `${api}topic-prefixes/${withdraw}/`), filled(texts.takenBack, { prefix }));
  }
});
holder.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = eventElement(event, "#prefix-form", HTMLFormElement);
  if (form === null) return;
  const [prefix, division, note] = ["prefix", "division", "note"].map((name) => fieldOf(form, name).value.trim()) as [string, string, string];
  void act(() => sendJson("POST", `${api}topic-prefixes/`, { prefix, division, note }), filled(texts.given, { prefix, division }));
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
