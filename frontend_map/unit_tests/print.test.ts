import { describe, expect, it } from "vitest";
import { printBody } from "../src/map/tools/print";

const asked = { title: " Town ", paper: "A4", orientation: "portrait", withLegend: true };
const run = { simulation: "11111111-1111-1111-1111-111111111111", time_s: 3600 };
const seen = { bbox: [69, 41, 70, 42], layers: ["pipes"], run, selection: [] };
const words = (name: string): string => name;

describe("what is asked of the server to print", () => {
  it("has the colours of lines and junctions, with the run they are of, and one legend of both", () => {
    const body = printBody(asked, { ...seen, theme: "diameter", nodeTheme: "pressure" }, words);
    expect(body).toMatchObject({ title: "Town", colouring: { attribute: "diameter_mm" }, node_colouring: { attribute: "pressure_m" }, ...run });
    const labels = (body["legend"] as { label: string }[]).map(({ label }) => label);
    expect(labels).toContain("< 100 mm");
    expect(labels).toContain("< 10 m");
  });
  it("has no run where no colour is of one", () => {
    const body = printBody(asked, { ...seen, theme: "material", nodeTheme: "kind" }, words);
    expect(body).not.toHaveProperty("simulation");
    expect(body).not.toHaveProperty("node_colouring");
  });
  it("leaves out colours of a simulation that there is not", () => {
    const body = printBody(asked, { ...seen, run: null, theme: "velocity", nodeTheme: "head" }, words);
    expect(body).not.toHaveProperty("colouring");
    expect(body).not.toHaveProperty("node_colouring");
    expect(body["legend"]).toEqual([]);
  });
});
