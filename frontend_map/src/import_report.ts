// The report of an import: its rows in one list, filtered, and as CSV; and the mapping that is sent.
import { csvText } from "./csv_text";
import { changing, type Meanings } from "./import_words";

export interface ReportedRow {
  layer?: string;
  row?: number | string | null;
  line?: number | null;
  element?: string;
  reason?: string;
}

export interface ImportResult {
  network: string;
  created: Record<string, number>;
  unchanged: number;
  refused?: ReportedRow[];
  adjusted?: ReportedRow[];
  warnings?: ReportedRow[];
  dry_run?: boolean;
  edit?: string | null;
}

export type ReportKind = "refused" | "adjusted" | "warnings";
export interface ReportLine {
  kind: ReportKind;
  layer: string;
  row: string;
  element: string;
  reason: string;
}

export const REPORT_KINDS: ReportKind[] = ["refused", "adjusted", "warnings"];

/** All that a result says of single rows, what was refused first. */
export function linesOf(result: Partial<Record<ReportKind, ReportedRow[]>>): ReportLine[] {
  return REPORT_KINDS.flatMap((kind) =>
    (result[kind] ?? []).map((row) => ({
      kind,
      layer: row.layer ?? "",
      row: String(row.row ?? row.line ?? ""),
      element: row.element ?? "",
      reason: row.reason ?? "",
    })),
  );
}

export function filteredLines(lines: ReportLine[], kind: string, text: string): ReportLine[] {
  const wanted = text.trim().toLocaleLowerCase();
  return lines.filter((line) => (kind === "" || line.kind === kind) && (wanted === "" || [line.layer, line.row, line.element, line.reason].some((part) => part.toLocaleLowerCase().includes(wanted))));
}

/** A CSV file of the lines. */
export function csvOf(headings: string[], lines: ReportLine[], words: Record<string, string>): string {
  return csvText([headings, ...lines.map((line) => [words[line.kind] ?? line.kind, line.layer, line.row, line.element, line.reason])]);
}

export interface ColumnChoice {
  column: string;
  unit: string;
}

export interface LayerChoice {
  layer: string;
  isWanted: boolean;
  /** "" where a column says the kind: `kindColumn`, whose words mean `kinds`. */
  kind: string;
  kindColumn: string;
  kinds: Meanings;
  columns: Record<string, ColumnChoice>;
  /** By attribute, what the words of its column mean. */
  values: Record<string, Meanings>;
}

const stated = (name: string, table: object): object => (Object.keys(table).length === 0 ? {} : { [name]: table });

/** The words that mean something else than they say, of the attributes that have a column. */
function valuesOf(layer: LayerChoice): Record<string, Meanings> {
  const wanted = Object.entries(layer.values).filter(([target]) => (layer.columns[target]?.column ?? "") !== "");
  return Object.fromEntries(wanted.map(([target, meanings]) => [target, changing(meanings)] as const).filter(([, meanings]) => Object.keys(meanings).length > 0));
}

/** The mapping that the import takes, as JSON: the layers that are wanted, each with its kind and columns. */
export function mappingOf(layers: LayerChoice[], encoding: string): string {
  return JSON.stringify({
    ...(encoding === "" ? {} : { encoding }),
    layers: layers
      .filter((layer) => layer.isWanted)
      .map((layer) => ({
        layer: layer.layer,
        ...(layer.kind === "" ? { ...(layer.kindColumn === "" ? {} : { kind_column: layer.kindColumn }), ...stated("kinds", changing(layer.kinds)) } : { kind: layer.kind }),
        columns: Object.fromEntries(
          Object.entries(layer.columns)
            .filter(([, choice]) => choice.column !== "")
            .map(([target, choice]) => [target, choice.unit === "" ? choice.column : { column: choice.column, unit: choice.unit }]),
        ),
        ...stated("values", valuesOf(layer)),
      })),
  });
}
