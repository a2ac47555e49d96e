import { describe, expect, it } from "vitest";
import { csvOf, filteredLines, type LayerChoice, linesOf, mappingOf } from "../src/import_report";
import { targetsOfKinds, unitOfName } from "../src/import_words";

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
      { layer: "a", isWanted: true, kind: "pipe", kindColumn: "", kinds: {}, columns: { code: { column: "NOMER", unit: "" }, diameter_m: { column: "DN", unit: "mm" }, material: { column: "", unit: "" } }, values: { material: { чугун: "cast iron" } } },
      { layer: "b", isWanted: false, kind: "valve", kindColumn: "", kinds: {}, columns: {}, values: {} },
      { layer: "c", isWanted: true, kind: "", kindColumn: "", kinds: {}, columns: {}, values: {} },
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
  it("says what the file's words mean, and nothing of those that stay as they are", () => {
    const choice: LayerChoice = {
      layer: "a",
      isWanted: true,
      kind: "",
      kindColumn: "TYPE",
      kinds: { задвижка: "valve", hydrant: "hydrant", прочее: "" },
      columns: { material: { column: "MAT", unit: "" }, lifecycle: { column: "", unit: "" } },
      values: { material: { чугун: "cast iron", PE100: "" }, lifecycle: { да: "in_service" } },
    };
    expect(JSON.parse(mappingOf([choice], ""))).toEqual({
      layers: [{ layer: "a", kind_column: "TYPE", kinds: { задвижка: "valve" }, columns: { material: "MAT" }, values: { material: { чугун: "cast iron" } } }],
    });
  });
  it("believes a column's name about its unit", () => {
    expect(["diameter_mm", "Диаметр, мм", "DN", "ДУ", "length_km", "height cm", "diameter", "program", "summm"].map(unitOfName)).toEqual(["mm", "mm", "mm", "mm", "km", "cm", "", "", ""]);
  });
  it("offers the attributes of the kinds that were chosen, of all where none is", () => {
    const targets = { pipe: ["code", "diameter_m"], valve: ["code", "valve_type"] };
    expect(targetsOfKinds(["valve", "unknown"], targets)).toEqual(["code", "valve_type"]);
    expect(targetsOfKinds([], targets)).toEqual(["code", "diameter_m", "valve_type"]);
  });
});
