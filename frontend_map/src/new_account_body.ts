// What the form of a new account says, as the API takes it.
import { numberIn } from "./page";

export type Values = Record<string, string>;

export interface ChosenService {
  code: string;
  /** How a metered one is counted; "" for others. */
  how: "" | "meter" | "norm" | "none";
  meter: Values;
}

export type Place = { node: string } | { pipe: string; longitude: number; latitude: number };

/** A number as it was typed with either decimal mark; what is none goes as it is, so that the server says so. */
export function numeral(typed: string | undefined, decimals = 0): string {
  const text = (typed ?? "").trim();
  const number = numberIn(text);
  return Number.isFinite(number) ? (decimals > 0 ? number.toFixed(decimals) : String(number)) : text;
}

function meterBody(values: Values): Record<string, unknown> {
  const digits = Number(values["meter_digits"]);
  return {
    serial: (values["meter_serial"] ?? "").trim(),
    model_name: (values["meter_model"] ?? "").trim(),
    digits: Number.isInteger(digits) && digits > 0 ? digits : values["meter_digits"],
    index_m3: numeral(values["first_index"], 3),
  };
}

/** A meter for a point that has a contract already. */
export function exchangeBody(values: Values): Record<string, unknown> {
  const last = numeral(values["last_index"], 3);
  return { ...meterBody(values), day: values["day"], last_index_m3: last === "" ? null : last };
}

/** The next party, or the first: only what its class has is said. */
export function partyBody(values: Values): Record<string, unknown> {
  const isLegal = values["subscriber_class"] === "legal_entity";
  const residents = numeral(values["residents"]);
  return {
    subscriber_class: values["subscriber_class"],
    name: (values["name"] ?? "").trim(),
    tax_id: isLegal ? (values["tax_id"] ?? "").replace(/\s/g, "") : "",
    personal_id: isLegal ? "" : (values["personal_id"] ?? "").replace(/\s/g, ""),
    phone: (values["phone"] ?? "").trim(),
    residents: isLegal || residents === "" ? 0 : Number.isNaN(Number(residents)) ? residents : Number(residents),
    is_priority: isLegal && values["is_priority"] === "on",
    account_number: (values["account_number"] ?? "").trim(),
  };
}

/** The body of a new account. `street` is its id. */
export function accountBody(values: Values, street: number, services: ChosenService[], place: Place | null): Record<string, unknown> {
  const text = (name: string): string => (values[name] ?? "").trim();
  const area = numeral(values["area_m2"]);
  const isMetered = services.some(({ how }) => how !== "");
  return {
    ...partyBody(values),
    enterprise: values["enterprise"],
    street,
    house: text("house"),
    flat: text("flat"),
    registry_number: text("registry_number"),
    contract_number: text("contract_number"),
    starts_on: values["starts_on"],
    area_m2: area === "" ? null : area,
    place: isMetered ? place : null,
    services: services.map(({ code, how, meter }) => ({
      service: code,
      is_by_norm: how === "norm",
      meter: how === "meter" ? { ...meterBody(meter), installed_on: meter["meter_day"] === "" ? null : meter["meter_day"] } : null,
    })),
  };
}

/** What is said of an account's residents, absences and benefits; a day that is left out is not known. */
export function circumstanceBody(what: string, values: Values, services: string[]): Record<string, unknown> {
  const until = values["day_after_last"] === "" ? null : values["day_after_last"];
  if (what.startsWith("end-")) return { id: Number(values["id"]), day_after_last: until };
  if (what === "values") return { kind: values["kind"], valid_from: values["valid_from"], value: numeral(values["value"]), document: values["document"] };
  const residents = Number(numeral(values["residents"]));
  const dated = { first_day: values["first_day"], day_after_last: until, residents: Number.isNaN(residents) ? values["residents"] : residents, document: values["document"] };
  if (what === "absences") return dated;
  return { ...dated, kind: (values["kind"] ?? "").trim(), beneficiary: (values["beneficiary"] ?? "").trim(), share_percent: numeral(values["share_percent"]), services };
}

const FIELDS: Record<string, string> = { serial: "meter_serial", model_name: "meter_model", digits: "meter_digits", index_m3: "first_index", installed_on: "meter_day", last_index_m3: "last_index" };

/** The field of the form that an error's way leads to, and the place of its service among those chosen. */
export function fieldAt(way: string[]): { field: string; service: number | null } {
  const last = way.at(-1) ?? "";
  if (way[0] === "services" && way[1] !== undefined && /^\d+$/.test(way[1])) return { field: FIELDS[last] ?? "services", service: Number(way[1]) };
  if (way[0] === "place") return { field: "place", service: null };
  return { field: FIELDS[last] ?? last, service: null };
}
