import { describe, expect, it } from "vitest";
import { elementOf, shapeRows } from "../src/map/tools/shape_conflict";

const line = (...coordinates: GeoJSON.Position[]): GeoJSON.LineString => ({ type: "LineString", coordinates });

describe("two people at one shape", () => {
  it("is about the element whose version the edit depends on", () => {
    expect(elementOf({ op: "redraw_pipe", pipe: "a", if_match: 3 })).toEqual({ list: "pipes", uid: "a" });
    expect(elementOf({ op: "move_node", node: "b", if_match: 0 })).toEqual({ list: "nodes", uid: "b" });
    expect(elementOf({ op: "add_pipe" })).toBeNull();
    expect(elementOf({ op: "delete_pipe", pipe: "a" })).toBeNull();
  });
  it("compares lines by length and bends, points by how far apart they lie", () => {
    const [length, bends] = shapeRows(line([69, 41], [69, 41.001]), line([69, 41], [69.001, 41], [69.001, 41.001]));
    expect(length?.name).toBe("lengthM");
    expect(length?.mine).toBeCloseTo(111, 0);
    expect(length?.theirs).toBeGreaterThan(190);
    expect(bends).toEqual({ name: "bends", mine: 0, theirs: 1 });
    const [apart] = shapeRows({ type: "Point", coordinates: [69, 41] }, { type: "Point", coordinates: [69, 41.0001] });
    expect(apart?.mine).toBeCloseTo(11.1, 1);
    expect(shapeRows(undefined, line([69, 41], [69, 41.001]))).toEqual([]);
  });
});
