// The store of meters: chosen ones are issued, taken back or written off, new ones received, verifications entered.
import { clearErrors, sentencesOf, showError } from "./form_errors";
import { serialsIn, verificationBody, type Values } from "./meter_bodies";
import { notify } from "./notice";
import { element, eventElement, failureOf, figure, filled, postOnce, Refusal, settingsOf } from "./page";
import { renew } from "./renewing";

interface Texts {
  received: string;
  moved: string;
  verified: string;
  noneChosen: string;
  sureWriteOff: string;
  sureTakeBack: string;
  takenBack: string;
  failed: string;
  loadFailed: string;
}

const settings = settingsOf<{ api: string }>("meters-settings");
const texts = settingsOf<Texts>("meters-texts");

const valuesOf = (form: HTMLFormElement): Values =>
  Object.fromEntries([...new FormData(form)].flatMap(([name, value]) => (typeof value === "string" ? [[name, value.trim()]] : [])));

const chosen = (): string[] => [...document.querySelectorAll<HTMLInputElement>('input[name="meter"]:checked')].map((box) => box.value);

function sayAt(form: HTMLFormElement, error: unknown): void {
  const told: [string, string][] = error instanceof Refusal ? Object.entries(error.fields) : [];
  if (error instanceof Refusal && told.length === 0) {
    for (const { way, sentence } of sentencesOf(error.body)) told.push([way[0] ?? "", sentence]);
  }
  const left = told.filter(([field, sentence]) => !showError(form, field, sentence));
  if (left.length > 0) notify(left.map(([, sentence]) => sentence).join(" "), { isBad: true });
  else if (told.length === 0) notify(failureOf(error, texts), { isBad: true });
}

async function submitted(form: HTMLFormElement): Promise<string | null> {
  const values = valuesOf(form);
  const { verify, serial = "" } = form.dataset;
  if (verify !== undefined) {
    await postOnce(`${settings.api}meters/${verify}/verify/`, verificationBody(values));
    return filled(texts.verified, { serial });
  }
  if (form.id === "receive-form") {
    const body = { ...values, serials: serialsIn(values["serials"] ?? ""), digits: values["digits"] === "" ? null : Number(values["digits"]) };
    const made = await postOnce<unknown[]>(`${settings.api}meters/receive/`, body);
    return filled(texts.received, { number: figure(made.length) });
  }
  const serials = chosen();
  if (values["kind"] === "written_off" && !window.confirm(filled(texts.sureWriteOff, { number: figure(serials.length) }))) return null;
  const made = await postOnce<unknown[]>(`${settings.api}meters/move/`, { ...values, serials });
  return filled(texts.moved, { number: figure(made.length) });
}

async function act(form: HTMLFormElement): Promise<void> {
  clearErrors(form);
  element("message").hidden = true;
  const buttons = [...form.querySelectorAll("button")];
  for (const button of buttons) button.disabled = true;
  try {
    if (form.id === "move-form" && chosen().length === 0) {
      notify(texts.noneChosen, { isBad: true });
      return;
    }
    const done = await submitted(form);
    if (done === null) return;
    if (form.id === "receive-form") form.reset();
    await renew("stock");
    notify(done);
  } catch (error) {
    sayAt(form, error);
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}

// What was entered by mistake: the row says which movement it shows.
async function takeBack(button: HTMLButtonElement): Promise<void> {
  const { takeBack: movement = "", serial = "" } = button.dataset;
  if (!window.confirm(filled(texts.sureTakeBack, { serial }))) return;
  button.disabled = true;
  try {
    await postOnce(`${settings.api}meter-movements/${movement}/take-back/`, {});
    await renew("stock");
    notify(texts.takenBack);
  } catch (error) {
    notify(failureOf(error, texts), { isBad: true });
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = eventElement(event, "button[data-take-back]", HTMLButtonElement);
  if (button !== null) void takeBack(button);
});

document.addEventListener("submit", (event) => {
  const form = eventElement(event, "#move-form, #receive-form, form[data-verify]", HTMLFormElement);
  if (form === null) return;
  event.preventDefault();
  void act(form);
});
