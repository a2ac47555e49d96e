import { describe, expect, it } from "vitest";
import { stepOf } from "../src/map/tools/validate";
import { mapTexts } from "./zone";

const node = "11111111-1111-1111-1111-111111111111";
const pipe = "22222222-2222-2222-2222-222222222222";
const finding = { elements: [`node:${node}`, `pipe:${pipe}`], element_codes: ["J-7", "P-9"] };
const workspace = { texts: mapTexts, word: (name: string) => name };

describe("a step of a repair", () => {
  it("names what it is done to", () => {
    expect(stepOf(finding, { op: "delete_node", node }, workspace)).toBe("op_delete_node J-7");
    expect(stepOf(finding, { op: "connect_pipe", pipe, end: "start", node }, workspace)).toBe("op_connect_pipe P-9 J-7");
    expect(stepOf(finding, { op: "move_node", node, onto_pipe: pipe }, workspace)).toBe("op_move_node J-7 · op_onto_pipe");
  });
  it("says the values that it sets, diameters in millimetres", () => {
    expect(stepOf(finding, { op: "set_pipe_attributes", pipe, values: { diameter_m: 0.203 } }, workspace)).toContain("203");
    expect(stepOf(finding, { op: "set_node_attributes", node, values: { code: "J_7" } }, workspace)).toBe("op_set_node_attributes J-7 · code: J_7");
    expect(stepOf(finding, { op: "set_node_attributes", node, values: { details: { initial_level_m: 2.5 } } }, workspace)).toMatch(/2\.5/u);
  });
  it("does not show the uid of a zone", () => {
    expect(stepOf(finding, { op: "set_node_attributes", node, values: { zone: pipe } }, workspace)).toBe("op_set_node_attributes J-7 · zone");
  });
  it("leaves out elements that the finding does not name", () => {
    expect(stepOf(finding, { op: "delete_pipe", pipe: "33333333-3333-3333-3333-333333333333" }, workspace)).toBe("op_delete_pipe");
  });
});
