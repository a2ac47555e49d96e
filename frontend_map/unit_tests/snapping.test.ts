import { describe, expect, it } from "vitest";
import { oncePerFrame } from "../src/map/frames";
import { GroundIndex, nearestLine, nearestNode, nearestOf } from "../src/map/snapping";

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

describe("the place at which a line is cut", () => {
  const line: [number, number][] = [[69.4, 41.36], [69.401, 41.36], [69.402, 41.362]];

  it("is on the line, however far off the click was", () => {
    expect(nearestOf(line, { lng: 69.4005, lat: 41.36003 })).toEqual([69.4005, 41.36]);
    expect(nearestOf(line, { lng: 69.399, lat: 41.3 })).toEqual([69.4, 41.36]);
  });
  it("is where the shortest way on the ground meets it, not the shortest in degrees", () => {
    const [longitude, latitude] = nearestOf(line, { lng: 69.4016, lat: 41.361 });
    const across = Math.cos((41.361 * Math.PI) / 180);
    expect((longitude - 69.4016) * across * 0.001 * across + (latitude - 41.361) * 0.002).toBeCloseTo(0, 12);
    expect((latitude - 41.36) / (longitude - 69.401)).toBeCloseTo(2, 6);
  });
});

describe("what lies about the pointer", () => {
  const nodes = Array.from({ length: 2000 }, (_none, index) => ({ uid: `n${index}`, code: `N${index}`, position: [69 + (index % 50) * 0.001, 41 + Math.floor(index / 50) * 0.001] as [number, number] }));
  const lines = nodes.map(({ uid, code, position: [x, y] }) => ({ uid: `p${uid}`, code, positions: [[x, y], [x + 0.0005, y + 0.0002], [x + 0.001, y]] as [number, number][] }));
  const index = new GroundIndex(nodes, lines);

  it("is the same that a look at everything finds, of a handful", () => {
    const project = ([x, y]: [number, number]): { x: number; y: number } => ({ x: x * 100_000, y: y * 100_000 });
    for (const [x, y] of [[69.0101, 41.0101], [69.0304, 41.0051], [69.02, 41.0302], [69.0007, 41.0001]] as [number, number][]) {
      const near = index.near(x - 0.00014, y - 0.00014, x + 0.00014, y + 0.00014);
      expect(near.nodes.length + near.lines.length).toBeLessThan(10);
      const spot = project([x, y]);
      expect(nearestNode(near.nodes, spot, project, 14)).toEqual(nearestNode(nodes, spot, project, 14));
      expect(nearestLine(near.lines, spot, project, 10)).toEqual(nearestLine(lines, spot, project, 10));
    }
  });
  it("is nothing where nothing is known", () => {
    expect(new GroundIndex([], []).near(69, 41, 70, 42)).toEqual({ nodes: [], lines: [] });
  });
});

it("looks once for each picture, at the newest place", async () => {
  const seen: number[] = [];
  const tell = oncePerFrame((value: number) => seen.push(value));
  for (const value of [1, 2, 3]) tell(value);
  expect(seen).toEqual([]);
  await new Promise((resolve) => requestAnimationFrame(resolve));
  tell(4);
  await new Promise((resolve) => requestAnimationFrame(resolve));
  expect(seen).toEqual([3, 4]);
});
