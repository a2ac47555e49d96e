// Ages of values, told again as time goes by: every element with `data-age` (seconds since 1970) says how old that is.
import { figure, filled } from "./page";

export interface AgeTexts {
  // From the longest: the seconds of a unit, and the words for {n} of it.
  ages: [number, string][];
  ahead: string;
}

const STEP_MS = 5000;

export function ageWords(seconds: number, texts: AgeTexts): string {
  if (seconds < -60) return texts.ahead;
  // Two of a unit are told in the smaller one: 90 minutes, not one hour.
  const [unit, words] = texts.ages.find(([length]) => seconds >= 2 * length || length === 1) ?? [1, "{n}"];
  return filled(words, { n: figure(Math.max(0, Math.floor(seconds / unit))) });
}

export function tellAges(texts: AgeTexts): void {
  const now = Date.now() / 1000;
  for (const element of document.querySelectorAll<HTMLElement>("[data-age]")) {
    element.textContent = ageWords(now - Number(element.dataset["age"]), texts);
  }
}

export function keepTellingAges(texts: AgeTexts): void {
  window.setInterval(() => {
    tellAges(texts);
  }, STEP_MS);
}
