import { describe, expect, it } from "vitest";
import type { FormField } from "../src/map/attribute_form";
import { boxOf, columnsAtFirst, commonFields, commonValue, conditionsOf, type ElementColumn, type ElementRow, nextStates, operationsFor, shownValue } from "../src/map/element_table";

const column = (name: string, type: ElementColumn["type"]): ElementColumn => ({ name, type, title: name, unit: "", choices: [] });
const row = (code: string, values: Record<string, unknown> = {}): ElementRow => ({ uid: `uid-${code}`, class: "pipe", kind: "pipe", code, version: 1, lon: 69, lat: 41, bbox: [69, 41, 69.1, 41.1], lifecycle: "in_service", ...values });
type Field = FormField & { column: string; operation: string; path: string };
const field = (name: string, more: Partial<Field> = {}): Field => ({ name, column: name, title: name, type: "number", unit: "", factor: 1, choices: [], is_required: false, least: null, most: null, default: null, is_detail: false, operation: "set_pipe_attributes", path: `values.${name}`, ...more });

describe("filters", () => {
  const size = column("diameter_mm", "number");
  it.each([
    ["", []],
    ["200", ["diameter_mm:eq:200"]],
    [" 203,2 ", ["diameter_mm:eq:203.2"]],
    [">=200", ["diameter_mm:ge:200"]],
    ["≤ 200", ["diameter_mm:le:200"]],
    ["!=200", ["diameter_mm:ne:200"]],
    ["100..200", ["diameter_mm:ge:100", "diameter_mm:le:200"]],
    ["100..", ["diameter_mm:ge:100"]],
    ["..200", ["diameter_mm:le:200"]],
    ["-", ["diameter_mm:null"]],
    ["*", ["diameter_mm:notnull"]],
  ])("reads %j of numbers", (text, expected) => {
    expect(conditionsOf(size, text)).toEqual(expected);
  });
  it.each(["wide", ">", ">=", "..", "1..2..3", "1 2", ">x"])("does not take %j for a number", (text) => {
    expect(conditionsOf(size, text)).toBeNull();
  });
  it("reads texts, choices and days", () => {
    expect(conditionsOf(column("code", "text"), "P-1:2")).toEqual(["code:like:P-1:2"]);
    expect(conditionsOf(column("status", "choice"), "closed")).toEqual(["status:eq:closed"]);
    expect(conditionsOf(column("is_broken", "truth"), "false")).toEqual(["is_broken:eq:false"]);
    expect(conditionsOf(column("installed_on", "date"), ">2020-01-31")).toEqual(["installed_on:gt:2020-01-31"]);
    expect(conditionsOf(column("installed_on", "date"), "2020")).toBeNull();
  });
});

describe("cells", () => {
  const words = { yes: "yes", no: "no", figure: (value: number, decimals: number) => value.toFixed(decimals) };
  it("shows what is false, and nothing where nothing is known", () => {
    expect(shownValue(column("is_accessible", "truth"), false, words)).toBe("no");
    expect(shownValue(column("is_accessible", "truth"), null, words)).toBe("");
    expect(shownValue({ ...column("status", "choice"), choices: [{ value: "open", title: "ochiq" }] }, "open", words)).toBe("ochiq");
    expect(shownValue(column("length_m", "number"), 536.4879, words)).toBe("536.5");
    expect(shownValue(column("diameter_mm", "number"), 203.2, words)).toBe("203.2");
    expect(shownValue(column("length_m", "number"), 0.25, words)).toBe("0.25");
  });
});

describe("edits of rows", () => {
  it("knows what rows have in common, as it is kept", () => {
    const size = field("diameter_m", { column: "diameter_mm", factor: 1000 });
    expect(commonValue(size, [row("A", { diameter_mm: 200 }), row("B", { diameter_mm: 200 })])).toBe(0.2);
    expect(commonValue(size, [row("A", { diameter_mm: 200 }), row("B", { diameter_mm: 100 })])).toBeUndefined();
  });
  it("leaves out codes of several rows and details of several kinds", () => {
    const fields = [field("code"), field("elevation_m"), field("status", { is_detail: true })];
    expect(commonFields(fields, [row("A")], true).map(({ name }) => name)).toEqual(["code", "elevation_m", "status"]);
    expect(commonFields(fields, [row("A"), row("B")], false).map(({ name }) => name)).toEqual(["elevation_m"]);
  });
  it("puts each value where its path says, one operation a row", () => {
    const fields = [field("material"), field("voltage_kv", { path: "values.line.voltage_kv" })];
    expect(operationsFor([row("A"), row("B")], fields, { material: "PE", voltage_kv: 10 })).toEqual([
      { op: "set_pipe_attributes", pipe: "uid-A", values: { material: "PE", line: { voltage_kv: 10 } } },
      { op: "set_pipe_attributes", pipe: "uid-B", values: { material: "PE", line: { voltage_kv: 10 } } },
    ]);
    expect(operationsFor([row("A")], fields, {})).toEqual([]);
    expect(operationsFor([row("A"), row("B", { lifecycle: "out_of_service" })], fields, {}, "out_of_service")).toEqual([{ op: "change_lifecycle", pipe: "uid-A", to: "out_of_service" }]);
  });
  it("offers states only where all rows are in one", () => {
    const transitions = { in_service: ["out_of_service"] };
    expect(nextStates([row("A"), row("B")], transitions)).toEqual(["out_of_service"]);
    expect(nextStates([row("A"), row("B", { lifecycle: "planned" })], transitions)).toEqual([]);
  });
});

describe("columns and boxes", () => {
  it("remembers the columns that there still are", () => {
    const columns = ["code", "a", "b"].map((name) => column(name, "text"));
    expect([...columnsAtFirst(columns, ["b", "gone"])]).toEqual(["code", "b"]);
    expect([...columnsAtFirst(columns, ["gone"])]).toEqual(["code", "a", "b"]);
    expect([...columnsAtFirst(columns, null)]).toEqual(["code", "a", "b"]);
  });
  it("holds all rows in its box", () => {
    expect(boxOf([])).toBeNull();
    expect(boxOf([row("A"), row("B", { bbox: [68, 41.05, 69, 42] })])).toEqual([[41, 68], [42, 69.1]]);
  });
});
