// The words of a file beside ours: what a column's texts mean among the kinds, and among the choices of an attribute.
import { make } from "./page";

/** What a person says that words mean; "" leaves a word as it stands. */
export type Meanings = Record<string, string>;

/** The meanings that change anything, as a mapping states them. */
export function changing(meanings: Meanings | undefined): Meanings {
  return Object.fromEntries(Object.entries(meanings ?? {}).filter(([word, meant]) => meant !== "" && meant !== word));
}

/** The attributes that rows of any of these kinds can have, each once; those of all kinds where none is chosen yet. */
export function targetsOfKinds(kinds: string[], targets: Record<string, string[]>): string[] {
  const known = kinds.filter((kind) => kind in targets);
  return [...new Set((known.length > 0 ? known : Object.keys(targets)).flatMap((kind) => targets[kind] ?? []))];
}

/** The unit that a column's name says: `diameter_mm`, `Диаметр, мм` or `DN` are in millimetres; "" where it says none. */
export function unitOfName(column: string): string {
  const name = column.trim().toLowerCase();
  if (/(^|[^\p{L}])(mm|мм)$/u.test(name) || /^(dn|ду|d_?nom)$/u.test(name)) return "mm";
  if (/(^|[^\p{L}])(cm|см)$/u.test(name)) return "cm";
  return /(^|[^\p{L}])(km|км)$/u.test(name) ? "km" : "";
}

interface Words {
  /** What is said above them, and of a word that means nothing known. */
  title: string;
  asItStands: string;
  words: string[];
  choices: [string, string][];
  meanings: Meanings;
  /** Whether a word may stand as it is; the list is shown open where one may not. */
  isKnown: (word: string) => boolean;
  changed: () => void;
}

/** A list of the file's words, each with a choice of ours. */
export function wordList({ title, asItStands, words, choices, meanings, isKnown, changed }: Words): HTMLElement {
  const isOpen = words.some((word) => !isKnown(word) && (meanings[word] ?? "") === "");
  const rows = words.map((word) => {
    const options = choices.map(([value, label]) => make("option", { value }, label));
    const choice = make("select", {}, make("option", { value: "" }, asItStands), ...options);
    choice.value = meanings[word] ?? (choices.some(([value]) => value === word) ? word : "");
    choice.addEventListener("change", () => {
      meanings[word] = choice.value;
      changed();
    });
    return make("label", { class: "import-word" }, make("span", {}, word), choice);
  });
  return make("details", { class: "import-words", ...(isOpen ? { open: "" } : {}) }, make("summary", {}, title), make("div", {}, ...rows));
}
