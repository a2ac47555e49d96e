// Parts of forms for a thumb: choices as large buttons, numbers with their unit, photos made small before they are kept.
import type { FieldContext } from "./field_context";
import type { Choices } from "./field_types";
import { make, numberIn } from "./page";

const LONGEST_SIDE = 1600;
const QUALITY = 0.82;
let serial = 0;

/** A row of large buttons of which one can be pressed. */
export function choiceRow(label: string, name: string, choices: Choices, chosen = ""): HTMLFieldSetElement {
  const set = make("fieldset", { class: "choice-row" }, make("legend", {}, label));
  for (const [value, word] of choices) {
    const id = `choice-${++serial}`;
    const input = make("input", { type: "radio", name, value, id });
    input.checked = value === chosen;
    set.append(input, make("label", { for: id }, word));
  }
  return set;
}

export const yesNo = (context: FieldContext, label: string, name: string, chosen = ""): HTMLFieldSetElement =>
  choiceRow(label, name, [["true", context.word("yes")], ["false", context.word("no")]], chosen);

export function field(label: string, input: HTMLElement): HTMLLabelElement {
  return make("label", {}, label, input);
}

export function area(label: string, name: string, value = ""): HTMLLabelElement {
  const text = make("textarea", { name, rows: "3", maxlength: "2000" }, value);
  return field(label, text);
}

export function numberField(label: string, name: string, unit = "", value = ""): HTMLLabelElement {
  const input = make("input", { name, inputmode: "decimal", maxlength: "20", autocomplete: "off", value });
  return field(unit === "" ? label : `${label}, ${unit}`, input);
}

export function select(label: string, name: string, choices: Choices, chosen = ""): HTMLLabelElement {
  const made = make("select", { name });
  for (const [value, word] of choices) {
    const option = make("option", { value }, word);
    option.selected = value === chosen;
    made.append(option);
  }
  return field(label, made);
}

export const textOf = (data: FormData, name: string): string => {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
};

/** A number that somebody typed; null when the field is empty. Raises what is to be said when it is none. */
export function numberOf(context: FieldContext, data: FormData, name: string, label: string): number | null {
  const text = textOf(data, name);
  if (text === "") return null;
  const value = numberIn(text);
  if (!Number.isFinite(value)) throw new FormComplaint(context.word("giveNumber", { field: label }));
  return value;
}

export class FormComplaint extends Error {}

interface RecordFormOptions {
  /** The button's word; "save" unless told. */
  button?: string;
  /** The view that follows; none where the form's own is drawn anew. */
  back?: string;
}

/** A form that says what is wrong with it, and cannot be sent twice by an impatient thumb. */
export function recordForm(context: FieldContext, fields: (HTMLElement | null)[], send: (data: FormData) => Promise<void>, { button = context.word("save"), back }: RecordFormOptions = {}): HTMLFormElement {
  const problem = make("p", { class: "notice bad", role: "alert", hidden: "" });
  const submit = make("button", { class: "button primary wide" }, button);
  const form = make("form", { class: "stack card record-form", novalidate: "" }, ...fields, problem, submit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    problem.hidden = true;
    const data = new FormData(form);
    const here = window.location.hash;
    // What was sent is not typed in once more when the view is drawn anew.
    form.dataset["sent"] = "";
    send(data)
      .then(() => {
        // Who went on while it was being kept stays where they are.
        if (back !== undefined && window.location.hash === here) window.location.hash = back;
      })
      .catch((error: unknown) => {
        delete form.dataset["sent"];
        problem.textContent = error instanceof FormComplaint ? error.message : context.word("failed");
        problem.hidden = false;
        problem.scrollIntoView({ block: "center" });
        if (!(error instanceof FormComplaint)) console.error(error);
      })
      .finally(() => (submit.disabled = false));
  });
  return form;
}

/** What somebody has typed and not sent yet, to be put back when a view is drawn anew. */
export function keepTyped(host: HTMLElement): () => void {
  const typed: [string, string, string][] = [];
  const opened = new Set<string>();
  const nameOf = (form: HTMLElement | null): string => form?.closest("details")?.querySelector("summary")?.textContent ?? "";
  for (const input of host.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("form:not([data-sent]) :is(input:not([type=radio], [type=file]), textarea)")) {
    if (input.value !== input.defaultValue) typed.push([nameOf(input.form), input.name, input.value]);
  }
  for (const details of host.querySelectorAll("details[open]")) opened.add(details.querySelector("summary")?.textContent ?? "");
  return () => {
    for (const details of host.querySelectorAll("details")) if (opened.has(details.querySelector("summary")?.textContent ?? "")) details.open = true;
    for (const input of host.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("form :is(input, textarea)")) {
      const known = typed.find(([form, name]) => form === nameOf(input.form) && name === input.name);
      if (known !== undefined) input.value = known[2];
    }
  };
}

/** A button that takes or picks a photo. */
export function photoButton(context: FieldContext, label: string, taken: (jpegBase64: string) => Promise<void>): HTMLElement {
  const input = make("input", { type: "file", accept: "image/*", capture: "environment", class: "visually-hidden" });
  const made = make("label", { class: "button photo-button" }, label, input);
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = "";
    if (file === undefined) return;
    smallJpeg(file)
      .then(taken)
      .catch(() => context.say(context.word("noPhoto"), true));
  });
  return made;
}

/** A photo as base64 of a JPEG of at most 1,600 pixels a side: what is sent over a mobile network, and kept in a queue. */
export async function smallJpeg(file: Blob): Promise<string> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return canvas.toDataURL("image/jpeg", QUALITY).split(",")[1] ?? "";
}

/** Today by the phone's own calendar, as 2026-01-31. */
export function today(): string {
  const now = new Date();
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}
