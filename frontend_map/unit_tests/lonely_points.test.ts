import { expect, it } from "vitest";
import { lonelyPoints } from "../src/lonely_points";

const values = [1, null, 2, 3, undefined, 0, null, null, 4];

it("finds values between gaps and at the ends; zero is a value", () => {
  expect(lonelyPoints(values, 0, 8, false)).toEqual([0, 5, 8]);
});
it("finds all values where there is room, and no gaps", () => {
  expect(lonelyPoints(values, 0, 8, true)).toEqual([0, 2, 3, 5, 8]);
});
it("stays within what is shown and what there is", () => {
  expect(lonelyPoints(values, 1, 5, false)).toEqual([5]);
  expect(lonelyPoints(values, -3, 99, false)).toEqual([0, 5, 8]);
  expect(lonelyPoints([], 0, -1, true)).toEqual([]);
});
