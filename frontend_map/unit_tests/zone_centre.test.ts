import { expect, it } from "vitest";
import { centreOf, type Position } from "../src/map/zone_centre";

const square = (west: number, south: number, side: number): Position[] => [[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]];

it("is the middle of a square, whichever way round it is drawn", () => {
  expect(centreOf([[square(69, 41, 2)]])).toEqual([42, 70]);
  expect(centreOf([[square(69, 41, 2).reverse()]])).toEqual([42, 70]);
});
it("is that of the largest part, holes aside", () => {
  expect(centreOf([[square(0, 0, 1)], [square(10, 20, 4), square(11, 21, 1)], [square(50, 50, 2)]])).toEqual([22, 12]);
});
it("is that of the largest part, though parts are drawn in opposite directions", () => {
  expect(centreOf([[square(10, 20, 4).reverse()], [square(0, 0, 1)]])).toEqual([22, 12]);
  expect(centreOf([[square(0, 0, 1)], [square(10, 20, 4).reverse()]])).toEqual([22, 12]);
});
it("weighs by area: the centre of an L lies off the middle of its box", () => {
  const [latitude, longitude] = centreOf([[[[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2], [0, 0]]]]) ?? [];
  expect(latitude).toBeCloseTo(5 / 6, 12);
  expect(longitude).toBeCloseTo(5 / 6, 12);
});
it("keeps its digits for a zone of a few metres", () => {
  const [latitude, longitude] = centreOf([[square(69.2401, 41.2995, 1e-6)]]) ?? [];
  expect(latitude).toBeCloseTo(41.2995005, 9);
  expect(longitude).toBeCloseTo(69.2401005, 9);
});
it("is the first corner of a ring without area, and nothing where there is none", () => {
  expect(centreOf([[[[69, 41], [70, 42], [69, 41]]]])).toEqual([41, 69]);
  expect(centreOf([])).toBeNull();
  expect(centreOf([[]])).toBeNull();
  expect(centreOf([[[]]])).toBeNull();
  expect(centreOf(undefined)).toBeNull();
});
