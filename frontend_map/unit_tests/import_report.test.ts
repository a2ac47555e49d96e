import { describe, expect, it } from "vitest";
import { csvOf, filteredLines, type LayerChoice, linesOf, mappingOf } from "../src/import_report";

const result = {
  refused: [{ layer: "town", row: 2, element: "T-2", reason: "its diameter is negative" }],
  adjusted: [{ element: "J1", reason: "moved by 0.1 m" }],
  warnings: [{ line: 7, element: "pump", reason: 'a; "b"' }],
};

describe("the report of an import", () => {
  it("lists all that is said of rows, what was refused first", () => {
    expect(linesOf(result).map((line) => [line.kind, line.layer, line.row, line.element])).toEqual([
      ["refused", "town", "2", "T-2"],
      ["adjusted", "", "", "J1"],
      ["warnings", "", "7", "pump"],
    ]);
    expect(linesOf({})).toEqual([]);
  });
  it("is filtered by kind and by text in any column", () => {
    const lines = linesOf(result);
    expect(filteredLines(lines, "adjusted", "").map((line) => line.element)).toEqual(["J1"]);
    expect(filteredLines(lines, "", " NEGATIVE ").map((line) => line.element)).toEqual(["T-2"]);
    expect(filteredLines(lines, "adjusted", "negative")).toEqual([]);
  });
  it("is a CSV file that a spreadsheet reads as text", () => {
    const lines = [...linesOf(result), ...linesOf({ refused: [{ element: "=1+1", reason: "-5" }, { element: "@x", reason: "-a" }] })];
    expect(csvOf(["result", "layer", "row", "element", "reason"], lines, { refused: "rad etildi" })).toBe(
      '\ufeffresult;layer;row;element;reason\r\nrad etildi;town;2;T-2;its diameter is negative\r\nadjusted;;;J1;moved by 0.1 m\r\nwarnings;;7;pump;"a; ""b"""\r\nrad etildi;;;\'=1+1;-5\r\nrad etildi;;;\'@x;\'-a\r\n',
    );
  });
});

describe("the mapping that is sent", () => {
  it("names wanted layers, their kinds, and the columns that were chosen with their units", () => {
    const choices: LayerChoice[] = [
      { layer: "a", isWanted: true, kind: "pipe", columns: { code: { column: "NOMER", unit: "" }, diameter_m: { column: "DN", unit: "mm" }, material: { column: "", unit: "" } } },
      { layer: "b", isWanted: false, kind: "valve", columns: {} },
      { layer: "c", isWanted: true, kind: "", columns: {} },
    ];
    expect(JSON.parse(mappingOf(choices, "cp1251"))).toEqual({
      encoding: "cp1251",
      layers: [
        { layer: "a", kind: "pipe", columns: { code: "NOMER", diameter_m: { column: "DN", unit: "mm" } } },
        { layer: "c", columns: {} },
      ],
    });
    expect(JSON.parse(mappingOf([], ""))).toEqual({ layers: [] });
  });
});
