// What the attribute table asks the server for, and what an edit of its rows sends: logic without a page.
import { textOf } from "../page";
import type { FormField } from "./attribute_form";

export interface ElementColumn {
  name: string;
  title: string;
  type: "text" | "number" | "integer" | "truth" | "date" | "choice";
  unit: string;
  choices: { value: string; title: string }[];
}

export interface ElementRow {
  uid: string;
  class: "pipe" | "node";
  kind: string;
  code: string;
  version: number;
  lon: number;
  lat: number;
  bbox: [number, number, number, number];
  [attribute: string]: unknown;
}

export interface ElementPage {
  count: number;
  is_counted: boolean;
  columns: ElementColumn[];
  results: ElementRow[];
}

export interface TableFilter {
  class: string;
  where?: string[];
  bbox?: [number, number, number, number];
  uids?: string[];
  sort?: string[];
}

const NUMBER = /^-?\d+(?:[.,]\d+)?$/;
const COMPARED = /^(<=|>=|<|>|=|!=|≤|≥|≠)\s*(.+)$/;
const OPERATORS: Record<string, string> = { "<": "lt", ">": "gt", "<=": "le", "≤": "le", ">=": "ge", "≥": "ge", "=": "eq", "!=": "ne", "≠": "ne" };

const plain = (text: string): string => text.trim().replace(",", ".");

/**
 * The conditions that a filter's text means: `200`, `>=200`, `100..200` for numbers and days, part of a text for texts,
 * `-` for nothing known and `*` for anything. Null where it means nothing.
 */
export function conditionsOf(column: Pick<ElementColumn, "name" | "type">, text: string): string[] | null {
  const given = text.trim();
  if (given === "") return [];
  if (given === "-" || given === "–") return [`${column.name}:null`];
  if (given === "*") return [`${column.name}:notnull`];
  if (column.type === "choice" || column.type === "truth") return [`${column.name}:eq:${given}`];
  if (column.type === "text") return [`${column.name}:like:${given}`];
  const isValue = (part: string): boolean => (column.type === "date" ? /^\d{4}-\d{2}-\d{2}$/.test(part.trim()) : NUMBER.test(part.trim()));
  const [low, high, ...rest] = given.split(/\.\.|…/);
  if (low !== undefined && high !== undefined && rest.length === 0) {
    const parts: [string, string][] = [["ge", low], ["le", high]];
    const named = parts.filter(([, part]) => part.trim() !== "");
    if (named.length === 0 || !named.every(([, part]) => isValue(part))) return null;
    return named.map(([operator, part]) => `${column.name}:${operator}:${plain(part)}`);
  }
  const compared = COMPARED.exec(given);
  const operator = OPERATORS[compared?.[1] ?? "="] ?? "eq";
  const value = compared?.[2] ?? given;
  return isValue(value) ? [`${column.name}:${operator}:${plain(value)}`] : null;
}

/** How a cell reads: words for choices and truths, figures with the page's own marks. */
export function shownValue(column: ElementColumn, value: unknown, words: { yes: string; no: string; figure: (value: number, decimals: number) => string }): string {
  if (value === null || value === undefined || value === "") return "";
  if (column.type === "truth") return value === true ? words.yes : words.no;
  if (column.type === "choice") return column.choices.find((choice) => choice.value === value)?.title ?? textOf(value);
  if (column.type === "number" && typeof value === "number") return words.figure(value, decimalsOf(value));
  return textOf(value);
}

function decimalsOf(value: number): number {
  if (Number.isInteger(value)) return 0;
  return Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
}

/** The fields that rows of a class have in common: one code is one element's, so it is left out of several. */
export function commonFields(fields: readonly FormField[], rows: readonly ElementRow[], isOfOneKind: boolean): FormField[] {
  return fields.filter((field) => (isOfOneKind || !field.is_detail) && (rows.length === 1 || field.name !== "code"));
}

/** What all rows say of a field, as it is kept; undefined where they differ. */
export function commonValue(field: FormField & { column?: string }, rows: readonly ElementRow[]): unknown {
  const column = field.column ?? field.name;
  const first = rows[0]?.[column];
  if (!rows.every((row) => row[column] === first)) return undefined;
  return typeof first === "number" ? first / field.factor : first;
}

type Operation = Record<string, unknown>;

/** Put a value into an operation where its path says: "values.details.status". */
export function put(operation: Operation, path: string, value: unknown): void {
  const parts = path.split(".");
  const last = parts.pop() ?? path;
  let target = operation;
  for (const part of parts) {
    target[part] ??= {};
    target = target[part] as Operation;
  }
  target[last] = value;
}

/** The operations that set values on rows: one for each row. */
export function operationsFor(rows: readonly ElementRow[], fields: readonly (FormField & { operation: string; path: string })[], values: Record<string, unknown>, lifecycle = ""): Operation[] {
  const set = fields.filter((field) => field.name in values);
  return rows.flatMap((row) => {
    const operations: Operation[] = [];
    const [first] = set;
    if (first !== undefined) {
      const operation: Operation = { op: first.operation, [row.class]: row.uid };
      for (const field of set) put(operation, field.path, values[field.name]);
      operations.push(operation);
    }
    if (lifecycle !== "" && row["lifecycle"] !== lifecycle) operations.push({ op: "change_lifecycle", [row.class]: row.uid, to: lifecycle });
    return operations;
  });
}

/** The states that may follow the one that all rows are in; none where they are in several. */
export function nextStates(rows: readonly ElementRow[], transitions: Record<string, string[]>): string[] {
  const states = new Set(rows.map((row) => String(row["lifecycle"])));
  const [only] = states;
  return states.size === 1 && only !== undefined ? (transitions[only] ?? []) : [];
}

/** Columns shown at first: the leading ones, the rest by choice. */
export function columnsAtFirst(columns: readonly ElementColumn[], kept: readonly string[] | null): Set<string> {
  if (kept !== null) {
    const known = kept.filter((name) => columns.some((column) => column.name === name));
    if (known.length > 0) return new Set(["code", ...known]);
  }
  return new Set(columns.slice(0, 11).map((column) => column.name));
}

/** The smallest box around rows, as Leaflet takes it; null for none. */
export function boxOf(rows: readonly ElementRow[]): [[number, number], [number, number]] | null {
  if (rows.length === 0) return null;
  const sides = rows.reduce<[number, number, number, number]>((box, { bbox }) => [Math.min(box[0], bbox[0]), Math.min(box[1], bbox[1]), Math.max(box[2], bbox[2]), Math.max(box[3], bbox[3])], [180, 90, -180, -90]);
  return [
    [sides[1], sides[0]],
    [sides[3], sides[2]],
  ];
}
