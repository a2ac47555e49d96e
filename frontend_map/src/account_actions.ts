// What a clerk does to an account: exchanges a meter, gives the premise to another subscriber, closes it and undoes that.
import { clearErrors, sentencesOf, showError } from "./form_errors";
import { circumstanceBody, exchangeBody, fieldAt, numeral, partyBody, type Values } from "./new_account_body";
import { notify } from "./notice";
import { dayName, element, eventElement, failureOf, figure, filled, make, postOnce, Refusal, sendJson } from "./page";
import { renew } from "./renewing";
import { offerStockedMeters } from "./stocked_meters";

export interface ActionTexts {
  written: string;
  exchanged: string;
  closed: string;
  reopened: string;
  sureReopen: string;
  previewed: string;
  newAccount: string;
  goesOver: string;
  staysOwed: string;
  staysAhead: string;
  nothingOwed: string;
  toBill: string;
  lastIndex: string;
  unbillable: string;
  failed: string;
  loadFailed: string;
}

export interface ActionSettings {
  account: string;
  api: string;
  page: string;
  name: string;
  reasons: Record<string, string>;
}

interface Preview {
  balance: string;
  to_bill: string;
  unbillable: string[];
  account_number: string;
  contract_number: string;
  readings: { meter: string; index_m3: string }[];
  points: string[];
  services: string[];
}

const PARTS = ["contract", "history", "circumstances", "readings", "balance"];

const valuesOf = (form: HTMLFormElement): Values => Object.fromEntries([...form.elements].filter((one): one is HTMLInputElement | HTMLSelectElement => (one instanceof HTMLInputElement || one instanceof HTMLSelectElement) && one.name !== "index").map((one) => [one.name, one.value]));

/** Meters without an index were read on that day already; whether they were, the server knows. */
const indexesOf = (form: HTMLFormElement): { installation: string; index_m3: string }[] =>
  [...form.querySelectorAll<HTMLInputElement>("[data-installation]")].filter((box) => box.value.trim() !== "").map((box) => ({ installation: box.dataset["installation"] ?? "", index_m3: numeral(box.value, 3) }));

/** An index of a list is at the meter that it was typed for. */
function fieldOf(form: HTMLFormElement, way: string[]): string {
  return way[0] === "last_indexes" ? (indexesOf(form)[Number(way[1])]?.installation ?? "") : fieldAt(way).field;
}

const transferBody = (form: HTMLFormElement): Record<string, unknown> => ({ ...partyBody(valuesOf(form)), day: valuesOf(form)["day"], last_indexes: indexesOf(form) });

function forget(): void {
  element("transfer-preview").hidden = true;
  element("transfer-do", HTMLButtonElement).disabled = true;
}

function followClass(form: HTMLFormElement): void {
  const chosen = form.querySelector<HTMLSelectElement>("[name=subscriber_class]")?.value ?? "";
  for (const part of form.querySelectorAll<HTMLElement>("[data-class]")) part.hidden = part.dataset["class"] !== chosen;
}

export function startActions(settings: ActionSettings, texts: ActionTexts): void {
  new AccountActions(settings, texts).listen();
}

class AccountActions {
  private readonly address: string;

  constructor(
    private readonly settings: ActionSettings,
    private readonly texts: ActionTexts,
  ) {
    this.address = `${settings.api}accounts/${settings.account}/`;
  }

  listen(): void {
    const contract = element("contract");
    offerStockedMeters(contract, this.settings.api);
    for (const part of [contract, element("circumstances")]) {
      part.addEventListener("submit", (event) => {
        event.preventDefault();
        if (event.target instanceof HTMLFormElement) void this.submitted(event.target, event.submitter);
      });
    }
    // What was shown is of what was typed then.
    contract.addEventListener("input", (event) => {
      const form = eventElement(event, "#transfer-form", HTMLFormElement);
      if (form === null) return;
      forget();
      followClass(form);
    });
    contract.addEventListener("toggle", () => document.querySelectorAll<HTMLFormElement>("#transfer-form").forEach(followClass), true);
    contract.addEventListener("click", (event) => {
      if (eventElement(event, "#reopen", HTMLButtonElement) !== null && window.confirm(this.texts.sureReopen)) void this.reopen();
    });
  }

  private submitted(form: HTMLFormElement, button: HTMLElement | null): Promise<void> {
    const { exchange, circumstance } = form.dataset;
    if (circumstance !== undefined) return this.circumstance(form, circumstance);
    if (exchange !== undefined) return this.exchange(form, exchange);
    if (form.id === "close-form") return this.close(form);
    return button?.id === "transfer-do" ? this.transfer(form) : this.preview(form);
  }

  private async act(form: HTMLFormElement, work: () => Promise<string | null>): Promise<void> {
    clearErrors(form);
    element("message").hidden = true;
    const buttons = [...form.querySelectorAll("button")].filter((button) => !button.disabled);
    for (const button of buttons) button.disabled = true;
    try {
      const done = await work();
      if (done !== null) {
        await renew(...PARTS);
        notify(done);
      }
    } catch (error) {
      this.sayAt(form, error);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  private sayAt(form: HTMLFormElement, error: unknown): void {
    const told: [string, string][] = error instanceof Refusal ? Object.entries(error.fields) : [];
    if (error instanceof Refusal && told.length === 0) {
      for (const { way, sentence } of sentencesOf(error.body)) told.push([fieldOf(form, way), sentence]);
    }
    const left = told.filter(([field, sentence]) => !showError(form, field, sentence));
    if (told.length === 0 || left.length > 0) notify(failureOf(error, this.texts), { isBad: true });
  }

  private exchange(form: HTMLFormElement, point: string): Promise<void> {
    return this.act(form, async () => {
      await postOnce(`${this.settings.api}service-points/${point}/exchange-meter/`, exchangeBody(valuesOf(form)));
      return this.texts.exchanged;
    });
  }

  private close(form: HTMLFormElement): Promise<void> {
    return this.act(form, async () => {
      const { day, note } = valuesOf(form);
      await postOnce(`${this.address}close/`, { day, note, last_indexes: indexesOf(form) });
      return this.texts.closed;
    });
  }

  private async reopen(): Promise<void> {
    try {
      await postOnce(`${this.address}reopen/`, {});
      await renew(...PARTS);
      notify(this.texts.reopened);
    } catch (error) {
      notify(failureOf(error, this.texts), { isBad: true });
    }
  }

  private preview(form: HTMLFormElement): Promise<void> {
    return this.act(form, async () => {
      forget();
      const found = await sendJson<Preview>("POST", `${this.address}transfer/`, { ...transferBody(form), preview: true });
      const shown = element("transfer-preview");
      shown.replaceChildren(make("strong", {}, this.texts.previewed), make("ul", {}, ...this.sentences(found, valuesOf(form)).map((sentence) => make("li", {}, sentence))));
      shown.hidden = false;
      element("transfer-do", HTMLButtonElement).disabled = false;
      return null;
    });
  }

  private sentences(found: Preview, values: Values): string[] {
    const { settings, texts } = this;
    const balance = Number(found.balance);
    const amount = figure(Math.abs(balance), 2);
    const what = [...found.points, ...found.services].join(", ");
    return [
      filled(texts.newAccount, { name: values["name"] ?? "", account: found.account_number, contract: found.contract_number, day: dayName(values["day"] ?? "") }),
      ...(what === "" ? [] : [filled(texts.goesOver, { what })]),
      ...found.readings.map(({ meter, index_m3 }) => filled(texts.lastIndex, { meter, index: figure(index_m3, 3) })),
      filled(balance > 0 ? texts.staysOwed : balance < 0 ? texts.staysAhead : texts.nothingOwed, { amount, name: settings.name }),
      filled(texts.toBill, { amount: figure(found.to_bill, 2), name: settings.name }),
      ...(found.unbillable.length === 0 ? [] : [filled(texts.unbillable, { reasons: found.unbillable.map((code) => settings.reasons[code] ?? code).join(", ") })]),
    ];
  }

  private transfer(form: HTMLFormElement): Promise<void> {
    return this.act(form, async () => {
      const { uid } = await postOnce<{ uid: string }>(`${this.address}transfer/`, transferBody(form));
      window.location.assign(this.settings.page.replace(this.settings.account, uid));
      return null;
    });
  }

  /** A number of residents, an absence or a benefit from a day on, or the end of one. */
  private circumstance(form: HTMLFormElement, what: string): Promise<void> {
    return this.act(form, async () => {
      const services = [...form.querySelectorAll<HTMLInputElement>("[name=services]:checked")].map((box) => box.value);
      await postOnce(`${this.address}${what}/`, circumstanceBody(what, valuesOf(form), services));
      return this.texts.written;
    });
  }
}
