// What the form of an alarm rule says, as the API takes it.
import { numberIn } from "./page";

export interface KnownRule {
  name: string;
  severity: string;
  kind: string;
  low: number | null;
  high: number | null;
  hysteresis: number;
  raise_after_s: number;
  silent_after_s: number | null;
  night_from: string;
  night_to: string;
  channels: string[];
  unit: string;
  scope: string;
}

export type Limits = Record<string, string>;

/** A number that was typed with either decimal mark; null where nothing was, and what is no number as it was typed. */
function numberOrNull(text: string | undefined): number | string | null {
  const typed = (text ?? "").trim();
  if (typed === "") return null;
  const number = numberIn(typed);
  return Number.isFinite(number) ? number : typed;
}

const times = (value: number | string | null, factor: number): number | string | null => (typeof value === "number" ? Math.round(value * factor) : value);

/** The body of a rule's request; only what its kind has is stated. */
export function ruleBody(values: Limits, kind: string, channels: string[]): Record<string, unknown> {
  const common = { name: (values["name"] ?? "").trim(), severity: values["severity"], channels };
  if (kind === "missing") return { ...common, silent_after_s: times(numberOrNull(values["silent_after_h"]), 3600) };
  const limits = { ...common, low: numberOrNull(values["low"]), high: numberOrNull(values["high"]) };
  if (kind === "night_minimum") return { ...limits, night_from: values["night_from"] ?? "", night_to: values["night_to"] ?? "" };
  return { ...limits, raise_after_s: times(numberOrNull(values["raise_after_min"]), 60) ?? 0 };
}

/** Show the fields of a kind and hide those of others. */
export function showFor(form: HTMLFormElement, kind: string): void {
  for (const field of form.querySelectorAll<HTMLElement>("[data-kinds]")) field.hidden = !(field.dataset["kinds"] ?? "").split(" ").includes(kind);
}
