// The screen of a new subscriber: one form, written at once.
import { clearErrors, sentencesOf, showError } from "./form_errors";
import { accountBody, type ChosenService, fieldAt, type Values } from "./new_account_body";
import { notify } from "./notice";
import { element, failureOf, fetchJson, filled, make, postJson, postOnce, Refusal, settingsOf } from "./page";
import { PlaceMap, type PlaceTexts } from "./place_map";

interface Settings {
  api: string;
  account: string;
  any: string;
  basemap: string;
  tiles: string;
}
interface Texts extends PlaceTexts {
  noStreet: string;
  streetAdded: string;
  needed: string;
  noService: string;
  noPlace: string;
  failed: string;
  loadFailed: string;
}
interface Street {
  id: number;
  name: string;
  division_name: string;
}

const settings = settingsOf<Settings>("new-account-settings");
const texts = settingsOf<Texts>("new-account-texts");
const form = element("new-account", HTMLFormElement);
const TYPED_MS = 200;

const valuesOf = (part: HTMLElement): Values => Object.fromEntries([...part.querySelectorAll<HTMLInputElement | HTMLSelectElement>("input, select")].filter((one) => one.type !== "radio" && one.type !== "checkbox").map((one) => [one.name, one.value]));
const say = (error: unknown): void => notify(failureOf(error, texts), { isBad: true });

// --- who ---

function followClass(): void {
  const chosen = form.querySelector<HTMLInputElement>("[name=subscriber_class]:checked")?.value ?? "";
  for (const part of form.querySelectorAll<HTMLElement>("[data-class]")) part.hidden = part.dataset["class"] !== chosen;
}

// --- where ---

const streets = new Map<string, number>();
const streetBox = form.querySelector<HTMLInputElement>("[name=street]");
const labelOf = (street: Street): string => `${street.name} · ${street.division_name}`;
let typing = 0;
let asking = new AbortController();

async function listStreets(typed: string): Promise<void> {
  asking.abort();
  asking = new AbortController();
  const words = typed.split(" · ")[0] ?? "";
  const { results } = await fetchJson<{ results: Street[] }>(`${settings.api}streets/?limit=20&q=${encodeURIComponent(words)}`, asking.signal);
  for (const street of results) streets.set(labelOf(street), street.id);
  element("streets").replaceChildren(...results.map((street) => make("option", { value: labelOf(street) })));
  // Who typed the whole name of the only one meant it.
  const [only] = results;
  if (results.length === 1 && only !== undefined && only.name.toLowerCase() === typed.trim().toLowerCase()) streets.set(typed.trim(), only.id);
}

streetBox?.addEventListener("input", () => {
  window.clearTimeout(typing);
  const typed = streetBox.value;
  if (typed.trim() === "" || streets.has(typed)) return;
  typing = window.setTimeout(() => {
    listStreets(typed).catch((error: unknown) => {
      if (!(error instanceof DOMException)) say(error);
    });
  }, TYPED_MS);
});

async function addStreet(): Promise<void> {
  const values = valuesOf(element("add-street"));
  const name = (values["street_name"] ?? "").trim();
  if (name === "") {
    showError(form, "street_name", texts.needed);
    return;
  }
  const street = await postJson<Street>(`${settings.api}streets/`, { division: values["street_division"], name });
  streets.set(labelOf(street), street.id);
  if (streetBox !== null) streetBox.value = labelOf(street);
  element("add-street", HTMLDetailsElement).open = false;
  notify(filled(texts.streetAdded, { street: street.name }));
}

document.getElementById("street-add")?.addEventListener("click", () => {
  clearErrors(form);
  addStreet().catch(say);
});

// --- services and place ---

const fieldsets = [...form.querySelectorAll<HTMLFieldSetElement>("fieldset.service")];
const isChosen = (service: HTMLFieldSetElement): boolean => service.querySelector<HTMLInputElement>("[name=service]")?.checked === true;
const howOf = (service: HTMLFieldSetElement): ChosenService["how"] => (service.querySelector<HTMLInputElement>(".segmented input:checked")?.value ?? "") as ChosenService["how"];

const holder = document.getElementById("place-map");
const map = holder === null ? null : new PlaceMap(holder, element("place-choices"), settings, texts, say);
const networkBox = form.querySelector<HTMLSelectElement>("[name=network]");

function followServices(): void {
  for (const service of fieldsets) {
    const base = fieldsets.find((one) => one.dataset["service"] === service.dataset["base"]);
    const box = service.querySelector<HTMLInputElement>("[name=service]");
    // What follows another service is had with it only.
    if (box !== null && base !== undefined) {
      box.disabled = !isChosen(base);
      if (box.disabled) box.checked = false;
    }
    for (const part of service.querySelectorAll<HTMLElement>(".service-more")) part.hidden = !isChosen(service);
    for (const part of service.querySelectorAll<HTMLElement>("[data-meter]")) part.hidden = howOf(service) !== "meter";
  }
  const step = element("map-step");
  const wasHidden = step.hidden;
  step.hidden = !fieldsets.some((service) => service.dataset["basis"] === "meter" && isChosen(service));
  if (wasHidden && !step.hidden) map?.refresh();
}

const chosenServices = (): { fieldset: HTMLFieldSetElement; service: ChosenService }[] =>
  fieldsets.filter(isChosen).map((fieldset) => ({ fieldset, service: { code: fieldset.dataset["service"] ?? "", how: howOf(fieldset), meter: valuesOf(fieldset) } }));

form.addEventListener("change", () => {
  followClass();
  followServices();
});
networkBox?.addEventListener("change", () => {
  map?.show(networkBox.value).catch(say);
});
followClass();
followServices();
if (networkBox !== null) map?.show(networkBox.value).catch(say);

// --- all of it ---

/** What the page itself knows to be missing; the rest the server says. */
function missing(street: number | undefined, services: ChosenService[]): [string, string][] {
  const empty = ["name", "house"].filter((name) => form.querySelector<HTMLInputElement>(`[name=${name}]`)?.value.trim() === "");
  return [
    ...empty.map((name): [string, string] => [name, texts.needed]),
    ...(street === undefined ? [["street", texts.noStreet] as [string, string]] : []),
    ...(services.length === 0 ? [["services", texts.noService] as [string, string]] : []),
    ...(services.some(({ how }) => how !== "") && map?.place === null ? [["place", texts.noPlace] as [string, string]] : []),
  ];
}

function sayAtFields(error: unknown, fieldsets: HTMLFieldSetElement[]): void {
  if (!(error instanceof Refusal)) return say(error);
  const told: { part: HTMLElement; field: string; sentence: string }[] = Object.entries(error.fields).map(([field, sentence]) => ({ part: form, field, sentence }));
  if (told.length === 0) {
    for (const { way, sentence } of sentencesOf(error.body)) {
      const { field, service } = fieldAt(way);
      told.push({ part: (service === null ? undefined : fieldsets[service]) ?? form, field, sentence });
    }
  }
  const left = told.filter(({ part, field, sentence }) => !showError(part, field, sentence) && !showError(form, field, sentence));
  if (told.length === 0 || left.length > 0) say(error);
}

async function open(): Promise<void> {
  clearErrors(form);
  element("message").hidden = true;
  const chosen = chosenServices();
  const services = chosen.map(({ service }) => service);
  const street = streets.get(streetBox?.value.trim() ?? "");
  const lacking = missing(street, services);
  for (const [field, sentence] of lacking) showError(form, field, sentence);
  if (lacking.length > 0 || street === undefined) return;
  const said = { ...valuesOf(form), subscriber_class: form.querySelector<HTMLInputElement>("[name=subscriber_class]:checked")?.value ?? "", is_priority: form.querySelector<HTMLInputElement>("[name=is_priority]")?.checked === true ? "on" : "" };
  try {
    const { uid } = await postOnce<{ uid: string }>(`${settings.api}accounts/`, accountBody(said, street, services, map?.place ?? null));
    window.location.assign(settings.account.replace(settings.any, uid));
  } catch (error) {
    sayAtFields(
      error,
      chosen.map(({ fieldset }) => fieldset),
    );
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = form.querySelector<HTMLButtonElement>("button.primary");
  if (button?.disabled === true) return;
  if (button !== null) button.disabled = true;
  void open().finally(() => {
    if (button !== null) button.disabled = false;
  });
});
