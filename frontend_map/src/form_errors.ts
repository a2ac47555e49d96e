// What the server says of single fields, at the fields.

/** Every sentence of an answer's body with the names on the way to it: {services: [{meter: {serial: ["…"]}}]} is services 0 meter serial. */
export function sentencesOf(body: unknown, way: string[] = []): { way: string[]; sentence: string }[] {
  if (typeof body === "string") return [{ way, sentence: body }];
  // Texts in a list are of the list; what else it holds has places.
  if (Array.isArray(body)) return body.flatMap((value, place) => sentencesOf(value, typeof value === "string" ? way : [...way, String(place)]));
  if (typeof body === "object" && body !== null) return Object.entries(body).flatMap(([name, value]) => sentencesOf(value, [...way, name]));
  return [];
}

/** Take away what was said of the fields of a form. */
export function clearErrors(form: ParentNode): void {
  for (const place of form.querySelectorAll(".field-error")) place.textContent = "";
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

/** Say it at the field `[data-field=name]` that is shown; whether there is one. The first one said gets the keyboard. */
export function showError(form: ParentNode, name: string, sentence: string): boolean {
  const fields = [...form.querySelectorAll<HTMLElement>(`[data-field="${CSS.escape(name)}"]`)];
  const field = fields.find((one) => one.offsetParent !== null);
  const place = field === undefined ? null : (field.querySelector<HTMLElement>(":scope > .field-error") ?? field.querySelector<HTMLElement>(".field-error"));
  if (field === undefined || place === null) return false;
  const isFirst = form.querySelector(".field-error:not(:empty)") === null;
  place.textContent = sentence;
  const control = field.querySelector<HTMLElement>("input, select");
  control?.setAttribute("aria-invalid", "true");
  if (isFirst) (control ?? field).focus();
  return true;
}
