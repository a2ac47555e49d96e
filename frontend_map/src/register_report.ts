// The report of a register's import: its lines filtered, and as a protocol to keep.
import { csvText } from "./csv_text";

export interface RegisterLine {
  row: number;
  outcome: string;
  key: string;
  column: string;
  reason: string;
  changes?: Record<string, [string, string]>;
}

/** The report of any file that is brought in. */
export interface FileReport {
  kind: string;
  file: string;
  sha256: string;
  written: boolean;
  dry_run: boolean;
  rows: number;
  counts: Record<string, number>;
  message: string;
  warnings: string[];
  lines: RegisterLine[];
}

export interface RegisterReport extends FileReport {
  skip_refused: boolean;
}

/** What is said of a line: the reason, or what changes. */
export function saidOf(line: RegisterLine): string {
  const changes = Object.entries(line.changes ?? {}).map(([name, [before, after]]) => `${name}: ${before === "" ? "–" : before} → ${after === "" ? "–" : after}`);
  return [line.reason, ...changes].filter((part) => part !== "").join("; ");
}

/** The lines of an outcome ("" for all) that contain a text; what was refused comes first. */
export function wantedLines(lines: RegisterLine[], outcome: string, text: string): RegisterLine[] {
  const wanted = text.trim().toLocaleLowerCase();
  const found = lines.filter((line) => (outcome === "" || line.outcome === outcome) && (wanted === "" || [String(line.row), line.key, line.column, saidOf(line)].some((part) => part.toLocaleLowerCase().includes(wanted))));
  return [...found.filter((line) => line.outcome === "refused"), ...found.filter((line) => line.outcome !== "refused")];
}

/** Whether an import may follow a trial: it would write something, and no refused row stands against it. */
export function mayFollow(report: RegisterReport): boolean {
  const { created = 0, changed = 0, refused = 0 } = report.counts;
  return created + changed > 0 && (refused === 0 || report.skip_refused);
}

/** All lines as CSV, then how many rows there were of each outcome. */
export function protocolOf(report: FileReport, headings: string[], outcomes: Record<string, string>): string {
  const word = (outcome: string): string => outcomes[outcome] ?? outcome;
  return csvText([
    headings,
    ...report.lines.map((line) => [String(line.row), word(line.outcome), line.key, line.column, saidOf(line)]),
    ...Object.entries(report.counts).map(([outcome, count]) => ["", word(outcome), "", "", String(count)]),
  ]);
}
