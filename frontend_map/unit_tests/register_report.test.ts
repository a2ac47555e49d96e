import { describe, expect, it } from "vitest";
import { mayFollow, protocolOf, type RegisterReport, saidOf, wantedLines } from "../src/register_report";

const report: RegisterReport = {
  kind: "meters",
  file: "meters.csv",
  sha256: "0",
  written: false,
  dry_run: true,
  skip_refused: false,
  rows: 3,
  counts: { created: 1, changed: 1, unchanged: 0, refused: 1 },
  message: "",
  warnings: [],
  lines: [
    { row: 2, outcome: "created", key: "S-1", column: "", reason: "" },
    { row: 3, outcome: "changed", key: "S-2", column: "", reason: "", changes: { model: ["SGV-15", ""] } },
    { row: 4, outcome: "refused", key: "=S-3", column: "digits", reason: "12 is not from 3 to 9" },
  ],
};

describe("the report of a register's import", () => {
  it("says why a row is refused, and what changes", () => {
    expect(report.lines.map(saidOf)).toEqual(["", "model: SGV-15 → –", "12 is not from 3 to 9"]);
  });
  it("shows what was refused first, and what contains a text", () => {
    expect(wantedLines(report.lines, "", "").map((line) => line.row)).toEqual([4, 2, 3]);
    expect(wantedLines(report.lines, "created", "").map((line) => line.row)).toEqual([2]);
    expect(wantedLines(report.lines, "", "sgv").map((line) => line.row)).toEqual([3]);
    expect(wantedLines(report.lines, "created", "sgv")).toEqual([]);
  });
  it("is followed by an import only where it would write, and nothing refused stands against it", () => {
    expect(mayFollow(report)).toBe(false);
    expect(mayFollow({ ...report, skip_refused: true })).toBe(true);
    expect(mayFollow({ ...report, counts: { created: 1, refused: 0 } })).toBe(true);
    expect(mayFollow({ ...report, counts: { unchanged: 3, refused: 0 } })).toBe(false);
  });
  it("is a protocol that no spreadsheet computes", () => {
    expect(protocolOf(report, ["row", "result", "names", "column", "said"], { refused: "rad etildi" })).toBe(
      "\ufeffrow;result;names;column;said\r\n2;created;S-1;;\r\n3;changed;S-2;;model: SGV-15 → –\r\n4;rad etildi;'=S-3;digits;12 is not from 3 to 9\r\n;created;;;1\r\n;changed;;;1\r\n;unchanged;;;0\r\n;rad etildi;;;1\r\n",
    );
  });
});
