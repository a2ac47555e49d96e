import { describe, expect, it } from "vitest";
import { nearestLine, nearestNode } from "../src/map/snapping";

const project = ([x, y]: [number, number]): { x: number; y: number } => ({ x, y });
const nodes = [
  { uid: "a", code: "A", position: [0, 0] as [number, number] },
  { uid: "b", code: "B", position: [10, 0] as [number, number] },
];
const lines = [{ uid: "p", code: "P", positions: [[0, 0], [100, 0], [100, 100]] as [number, number][] }];

describe("snapping", () => {
  it("takes the nearest node within reach, at its own place", () => {
    expect(nearestNode(nodes, { x: 8, y: 1 }, project, 14)).toEqual({ position: [10, 0], node: "b", pipe: null, code: "B" });
    expect(nearestNode(nodes, { x: 30, y: 0 }, project, 14)).toBeNull();
  });
  it("takes the nearest place on a line, which is then split there", () => {
    expect(nearestLine(lines, { x: 50, y: 4 }, project, 10)).toEqual({ position: [50, 0], node: null, pipe: "p", code: "P" });
    expect(nearestLine(lines, { x: 104, y: 30 }, project, 10)?.position).toEqual([100, 30]);
    expect(nearestLine(lines, { x: 50, y: 12 }, project, 10)).toBeNull();
  });
});
