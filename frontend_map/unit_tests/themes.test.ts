import { describe, expect, it } from "vitest";
import { expression } from "@maplibre/maplibre-gl-style-spec";
import { arrowOpacity } from "../src/map/style";
import { classesOf, NODE_THEMES, nodeColour, PIPE_THEMES, pipeColour } from "../src/map/themes";

const words = (name: string): string => name;

/** The colour that the map gives a feature, by MapLibre's own evaluation. */
function colourOf(value: unknown, properties: Record<string, unknown>, state: Record<string, unknown> = {}): string {
  const made = expression.createExpression(value, { type: "color", "property-type": "data-driven", expression: { parameters: ["zoom", "feature", "feature-state"] } } as never);
  if (made.result === "error") throw new Error(made.value.map((error) => error.message).join("; "));
  return String(made.value.evaluate({ zoom: 14 }, { type: 2, properties } as never, state));
}
const hex = (text: string): string => colourOf(["to-color", text], {});

describe("themes", () => {
  it.each([
    ["diameter", { diameter_mm: 99 }, {}, "< 100 mm"],
    ["diameter", { diameter_mm: 100 }, {}, "100–200 mm"],
    ["diameter", { diameter_mm: 900 }, {}, "≥ 500 mm"],
    ["diameter", {}, {}, "unknown"],
    ["age", { year: 2020 }, {}, "< 10 yearsShort"],
    ["age", { year: 1960 }, {}, "≥ 60 yearsShort"],
    ["age", {}, {}, "unknown"],
    ["velocity", {}, { velocity: -2 }, "≥ 1.5 m/s"],
    ["velocity", {}, {}, "unknown"],
    ["material", { material: "cast_iron" }, {}, "cast_iron"],
    ["material", { material: "unobtainium" }, {}, "otherMaterial"],
    ["state", { lifecycle: "planned" }, {}, "planned"],
  ] as const)("paint %s %j %j as the legend's “%s”", (theme, properties, state, label) => {
    const found = classesOf(theme, words).find((one) => one.label === label);
    expect(colourOf(pipeColour(theme, 2026), properties, state)).toBe(hex(found?.colour ?? "none"));
  });
  it("paint a node's pressure as the legend says", () => {
    const colour = nodeColour("pressure");
    expect(colourOf(colour, {}, { pressure: 5 })).toBe(hex(classesOf("pressure", words)[0]?.colour ?? ""));
  });
  it("use no colour twice in a legend", () => {
    for (const theme of [...PIPE_THEMES, ...NODE_THEMES]) {
      const colours = classesOf(theme, words).map(({ colour }) => colour);
      expect(new Set(colours).size).toBe(colours.length);
    }
  });
});

describe("arrows of flow", () => {
  const opacityOf = (way: 1 | -1, flow: number | null): unknown => {
    const made = expression.createExpression(arrowOpacity(way, true), { type: "number", "property-type": "data-driven", expression: { parameters: ["zoom", "feature", "feature-state"] } } as never);
    if (made.result === "error") throw new Error("not an expression");
    return made.value.evaluate({ zoom: 14 }, { type: 2, properties: {} } as never, flow === null ? {} : { flow });
  };
  it.each([
    [5, 1, 0],
    [-5, 0, 1],
    [0, 0, 0],
    [null, 0, 0],
  ])("of %s m³/h show %i ahead and %i back", (flow, ahead, back) => {
    expect([opacityOf(1, flow), opacityOf(-1, flow)]).toEqual([ahead, back]);
    expect(arrowOpacity(1, false)).toBe(0);
  });
});
