// The form of an element's attributes, made from what the server says of its kind: names, units, choices, limits.
import { fetchJson, make, numberIn, Refusal, sendJson, textOf } from "../page";
import type { CardElement } from "./card_tabs";
import type { Workspace } from "./workspace";

export interface FormField {
  name: string;
  title: string;
  type: "text" | "number" | "integer" | "truth" | "date" | "choice";
  unit: string;
  /** What is shown is what is kept times this: diameters are kept in metres and shown in millimetres. */
  factor: number;
  choices: { value: string; title: string }[];
  is_required: boolean;
  least: number | null;
  most: number | null;
  default: unknown;
  /** Whether it is one of the details of the node's kind. */
  is_detail: boolean;
}

export interface ElementForms {
  line: { fields: FormField[] };
  nodes: Record<string, { title: string; is_device: boolean; fields: FormField[] }>;
  templates: { uid: string; title: string; element: "line" | "node"; kind: string; values: Record<string, unknown>; details: Record<string, unknown> }[];
}

const asked = new Map<string, Promise<ElementForms>>();

/** What the forms of a network's elements hold; asked for once. */
export function elementForms(workspace: Workspace): Promise<ElementForms> {
  const address = workspace.networkApi("element-forms/");
  const known = asked.get(address) ?? fetchJson<ElementForms>(address);
  asked.set(address, known);
  known.catch(() => asked.delete(address));
  return known;
}

/** A field with its label, unit and a place for what the server refuses. */
export function fieldRow(field: FormField, value: unknown, words: (name: string) => string): HTMLElement {
  const id = `field-${field.name}`;
  const control = controlOf(field, value, words);
  control.id = id;
  control.setAttribute("aria-describedby", `${id}-error`);
  const label = field.unit === "" ? field.title : `${field.title}, ${field.unit}`;
  const error = make("span", { class: "field-error", id: `${id}-error` });
  return make("label", { class: "field", for: id, "data-field": field.name }, make("span", {}, `${label}${field.is_required ? " *" : ""}`), control, error);
}

function controlOf(field: FormField, value: unknown, words: (name: string) => string): HTMLInputElement | HTMLSelectElement {
  const given = textOf(value);
  if (field.type === "choice" || field.type === "truth") {
    const choices = field.type === "truth" ? [{ value: "true", title: words("yes") }, { value: "false", title: words("no") }] : field.choices;
    const listed = choices.map((choice) => make("option", { value: choice.value }, choice.title));
    const select = make("select", { name: field.name }, ...(field.is_required && given !== "" ? [] : [make("option", { value: "" }, "–")]), ...listed);
    if (given !== "" && !choices.some((choice) => choice.value === given)) select.append(make("option", { value: given }, given));
    select.value = given;
    return select;
  }
  const isNumber = field.type === "number" || field.type === "integer";
  const input = make("input", { name: field.name, type: field.type === "date" ? "date" : "text", ...(isNumber ? { inputmode: "decimal" } : {}) });
  input.value = isNumber && given !== "" ? String(Number((Number(given) * field.factor).toPrecision(8))) : given;
  return input;
}

/** What a field's control says, as the server takes it; undefined where it is not a number. */
export function valueOf(field: FormField, text: string): unknown {
  if (text === "") return field.type === "text" ? "" : null;
  if (field.type === "truth") return text === "true";
  if (field.type === "number" || field.type === "integer") {
    const number = numberIn(text);
    return Number.isFinite(number) ? number / field.factor : undefined;
  }
  return text;
}

/** The fields of the form that say something else than at first. */
export function changedValues(fields: readonly FormField[], form: HTMLFormElement, before: (field: FormField) => unknown): { values: Record<string, unknown>; bad: string[] } {
  const values: Record<string, unknown> = {};
  const bad: string[] = [];
  for (const field of fields) {
    const control = form.elements.namedItem(field.name);
    if (!(control instanceof HTMLInputElement || control instanceof HTMLSelectElement)) continue;
    const value = valueOf(field, control.value);
    if (value === undefined) bad.push(field.name);
    else if (!isSame(value, before(field))) values[field.name] = value;
  }
  return { values, bad };
}

function isSame(value: unknown, before: unknown): boolean {
  if ((value === null || value === "") && (before === null || before === undefined || before === "")) return true;
  if (typeof value === "number" && typeof before === "number") return Math.abs(value - before) <= 1e-7 * Math.max(Math.abs(value), Math.abs(before));
  return value === before;
}

/** Put the server's refusals where they belong: at their fields, the rest above the form. */
export function showRefusal(form: HTMLFormElement, message: HTMLElement, error: unknown, words: (name: string) => string): void {
  for (const place of form.querySelectorAll(".field-error")) place.textContent = "";
  message.textContent = error instanceof Refusal ? error.message : words("loadFailed");
  if (!(error instanceof Refusal)) return;
  for (const [name, reason] of Object.entries(error.fields)) {
    const plain = name.split(".").at(-1) ?? name;
    const row = form.querySelector(`[data-field="${CSS.escape(plain)}"] .field-error`);
    if (row !== null) row.textContent = reason;
  }
  form.querySelector<HTMLElement>(".field-error:not(:empty)")?.closest("label")?.querySelector<HTMLElement>("input, select")?.focus();
}

function fieldsFor(chosen: CardElement, forms: ElementForms): FormField[] {
  return chosen.assetClass === "pipe" ? forms.line.fields : (forms.nodes[chosen.answer.kind]?.fields ?? []);
}

export async function attributeForm(chosen: CardElement, workspace: Workspace): Promise<HTMLElement> {
  const forms = await elementForms(workspace);
  const words = (name: string): string => workspace.word(name);
  const fields = fieldsFor(chosen, forms);
  const answer = chosen.answer as unknown as Record<string, unknown>;
  const details = (answer["details"] ?? {}) as Record<string, unknown>;
  const before = (field: FormField): unknown => (field.is_detail ? details[field.name] : answer[field.name]);
  const message = make("p", { class: "field-error", role: "alert" });
  const save = make("button", { class: "button primary" }, workspace.word("save"));
  const cancel = make("button", { type: "button", class: "button" }, workspace.word("cancel"));
  const form = make("form", { class: "stack", id: "attribute-form" }, message, ...fields.map((field) => fieldRow(field, before(field), words)), make("div", { class: "actions" }, save, cancel));
  cancel.addEventListener("click", () => document.getElementById("tab-facts")?.click());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { values, bad } = changedValues(fields, form, before);
    const [first] = bad;
    if (first !== undefined) {
      const row = form.querySelector(`[data-field="${CSS.escape(first)}"] .field-error`);
      if (row !== null) row.textContent = workspace.word("notANumber");
      return;
    }
    void send(chosen, workspace, fields, values, form, message);
  });
  return form;
}

async function send(chosen: CardElement, workspace: Workspace, fields: readonly FormField[], values: Record<string, unknown>, form: HTMLFormElement, message: HTMLElement): Promise<void> {
  if (Object.keys(values).length === 0) {
    document.getElementById("tab-facts")?.click();
    return;
  }
  const details: Record<string, unknown> = {};
  const plain: Record<string, unknown> = {};
  for (const field of fields) if (field.name in values) (field.is_detail ? details : plain)[field.name] = values[field.name];
  const body = Object.keys(details).length === 0 ? plain : { ...plain, details };
  try {
    await sendJson("PATCH", workspace.api(`${chosen.assetClass}s/${chosen.uid}/`), body, chosen.answer.version);
    workspace.say(workspace.word("saved"));
    await workspace.edited();
  } catch (error) {
    if (error instanceof Refusal && error.status === 412) await showConflict(chosen, workspace, body, form);
    else showRefusal(form, message, error, (name) => workspace.word(name));
  }
}

/** Somebody else was first: what he made of it and what was entered here, side by side. */
async function showConflict(chosen: CardElement, workspace: Workspace, body: Record<string, unknown>, form: HTMLElement): Promise<void> {
  const theirs = await fetchJson<Record<string, unknown> & { version: number }>(workspace.api(`${chosen.assetClass}s/${chosen.uid}/`));
  const mine = { ...body, ...((body["details"] ?? {}) as Record<string, unknown>) };
  const others = { ...theirs, ...((theirs["details"] ?? {}) as Record<string, unknown>) };
  const rows = Object.keys(mine)
    .filter((name) => name !== "details")
    .map((name) => make("tr", {}, make("th", { scope: "row" }, workspace.texts.details[name] ?? name), make("td", {}, text(mine[name])), make("td", {}, text(others[name]))));
  const table = make("table", {}, make("thead", {}, make("tr", {}, make("th", {}), make("th", { scope: "col" }, workspace.word("mine")), make("th", { scope: "col" }, workspace.word("theirs")))), make("tbody", {}, ...rows));
  const keepMine = make("button", { type: "button", class: "button primary" }, workspace.word("keepMine"));
  const keepTheirs = make("button", { type: "button", class: "button" }, workspace.word("keepTheirs"));
  keepTheirs.addEventListener("click", () => void workspace.edited());
  keepMine.addEventListener("click", () => {
    void sendJson("PATCH", workspace.api(`${chosen.assetClass}s/${chosen.uid}/`), body, theirs.version)
      .then(() => workspace.edited())
      .catch((error: unknown) => {
        workspace.say(workspace.word("failed", { reason: error instanceof Error ? error.message : "" }), true);
      });
  });
  form.replaceChildren(make("div", { class: "conflict", role: "alert" }, make("p", {}, workspace.word("conflict")), table, make("div", { class: "actions" }, keepMine, keepTheirs)));
}

function text(value: unknown): string {
  return textOf(value) || "–";
}
