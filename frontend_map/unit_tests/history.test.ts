import { describe, expect, it } from "vitest";
import { type State, told } from "../src/map/card_tabs";
import type { Workspace } from "../src/map/workspace";

const words = { word: (name: string) => name, texts: { details: { material: "Material" } } } as unknown as Workspace;
const line = (x: number): GeoJSON.LineString => ({ type: "LineString", coordinates: [[69, 41], [x, 41]] });
const state = (change: State["change"], before: State["before"], geometry: State["geometry"] = null): State => ({ table: "pipe", change, valid_from: null, valid_to: "2026-11-29T10:00:00+05:00", by: null, before, geometry });

describe("the history of an element", () => {
  it("says of the first state that it was made, though there was none before it", () => {
    expect(told(state("made", null), state("changed", { material: "steel" }), {}, words)).toEqual(["change_made"]);
  });
  it("names attributes that have a word, and a shape that is another", () => {
    const former = state("changed", { material: "steel", end_node_id: 3 }, line(69.1));
    expect(told(former, undefined, { material: "PE", end_node_id: 4, geometry: line(69.1) }, words)).toEqual(["Material: steel → PE"]);
    expect(told(former, state("changed", { material: "steel" }, line(69.2)), {}, words)).toEqual(["change_shape"]);
  });
});
