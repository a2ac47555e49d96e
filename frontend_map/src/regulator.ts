// One regulator: renewed every half minute; its mode is changed, and a set-point held by hand.
import { type AgeTexts, keepTellingAges, tellAges } from "./ages";
import { notify } from "./notice";
import { element, eventElement, failureOf, fieldOf, filled, numberIn, sendJson, settingsOf } from "./page";
import { renew } from "./renewing";

interface Texts extends AgeTexts {
  overridden: string;
  released: string;
  changed: string;
  proposed: string;
  confirmed: string;
  withdrawn: string;
  keyAsk: string;
  keyShown: string;
  badNumber: string;
  noReason: string;
  failed: string;
  loadFailed: string;
}

const STEP_MS = 30_000;
const HOUR_MS = 3_600_000;
const LIMITS = ["minimum_set_point", "maximum_set_point", "maximum_step", "fallback_set_point"];
const { api, proposals } = settingsOf<{ api: string; proposals: string }>("regulator-settings");
const texts = settingsOf<Texts>("regulator-texts");
const holder = element("regulator");

function say(message: string, isBad = false): void {
  notify(message, { isBad });
  element("message").scrollIntoView({ block: "nearest" });
}

async function renewAndTell(): Promise<void> {
  await renew("regulator");
  tellAges(texts);
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

function override(form: HTMLFormElement): void {
  const setPoint = numberIn(fieldOf(form, "set_point").value);
  const reason = fieldOf(form, "reason").value.trim();
  if (!Number.isFinite(setPoint)) return say(texts.badNumber, true);
  if (reason === "") return say(texts.noReason, true);
  // A second less, so that the longest span is not refused for the time that the request takes.
  const until = new Date(Date.now() + Number(fieldOf(form, "hours").value) * HOUR_MS - 1000);
  const told = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" }).format(until);
  void act(() => sendJson("POST", `${api}override/`, { set_point: setPoint, until: until.toISOString(), reason }), filled(texts.overridden, { until: told }));
}

function propose(form: HTMLFormElement): void {
  const limits: Record<string, number> = {};
  for (const name of LIMITS) {
    const typed = fieldOf(form, name).value.trim();
    if (typed === "") continue;
    const limit = numberIn(typed);
    if (!Number.isFinite(limit)) return say(texts.badNumber, true);
    limits[name] = limit;
  }
  const reason = fieldOf(form, "reason").value.trim();
  if (reason === "") return say(texts.noReason, true);
  void act(() => sendJson("POST", `${api}limits/`, { ...limits, reason }), texts.proposed);
}

async function renewKey(): Promise<void> {
  if (!window.confirm(texts.keyAsk)) return;
  try {
    const { key } = await sendJson<{ key: string }>("POST", `${api}key/`);
    await renewAndTell();
    const shown = element("new-key");
    shown.textContent = filled(texts.keyShown, { key });
    shown.hidden = false;
  } catch (error) {
    say(failureOf(error, texts), true);
  }
}

holder.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = eventElement(event, "form", HTMLFormElement);
  if (form === null) return;
  if (form.id === "override-form") override(form);
  else if (form.id === "limits-form") propose(form);
  else void act(() => sendJson("PATCH", api, { mode: fieldOf(form, "mode").value }), texts.changed);
});
holder.addEventListener("click", (event) => {
  if (eventElement(event, "#release", HTMLButtonElement) !== null) void act(() => sendJson("DELETE", `${api}override/`), texts.released);
  if (eventElement(event, "#renew-key", HTMLButtonElement) !== null) void renewKey();
  const deciding = eventElement(event, "button[data-decide]", HTMLButtonElement);
  if (deciding !== null) {
    const { decide = "", proposal = "" } = deciding.dataset;
    void act(() => sendJson("POST", `${proposals}${proposal}/${decide}/`), decide === "confirm" ? texts.confirmed : texts.withdrawn);
  }
});

tellAges(texts);
keepTellingAges(texts);
window.setInterval(() => {
  // A form that somebody fills in stays as it is.
  const isFilled = [...holder.querySelectorAll("input")].some((input) => input.value !== "");
  // A key that is shown is not shown again.
  const isKeyShown = holder.querySelector("#new-key:not([hidden])") !== null;
  if (document.hidden || isFilled || isKeyShown || holder.contains(document.activeElement)) return;
  void renewAndTell().catch(() => undefined);
}, STEP_MS);
