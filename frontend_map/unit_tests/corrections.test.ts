import { describe, expect, it, test } from "vitest";
import { correctedValues, isoExactly, noNeighbours } from "../src/corrections";

const points = [{ time: 100, value: 5 }, { time: 130, value: 6 }];
const around = { before: { time: 40, value: 1 }, after: { time: 160, value: 13 } };

describe("an edit", () => {
  it("deletes", () => {
    expect(correctedValues("delete", points, noNeighbours, NaN)).toEqual([null, null]);
  });
  it("gives all one value, also zero", () => {
    expect(correctedValues("set", points, noNeighbours, 0)).toEqual([0, 0]);
  });
  it("adds to each", () => {
    expect(correctedValues("shift", points, noNeighbours, -0.5)).toEqual([4.5, 5.5]);
  });
  it("draws a line by time, not by place in the list", () => {
    expect(correctedValues("line", points, around, NaN)).toEqual([7, 10]);
  });
  it("draws no line without both neighbours", () => {
    expect(correctedValues("line", points, { ...around, before: null }, 1)).toBeNull();
    expect(correctedValues("line", points, { ...around, after: null }, 1)).toBeNull();
  });
  it.each([NaN, Infinity])("says nothing with %d for a number", (number) => {
    expect(correctedValues("set", points, around, number)).toBeNull();
    expect(correctedValues("shift", points, around, number)).toBeNull();
  });
});

test.each([
  [0, "1970-01-01T00:00:00.000000Z"],
  [1.5, "1970-01-01T00:00:01.500000Z"],
  [1_767_225_599.999_999, "2025-12-31T23:59:59.999999Z"],
  [59.999_999_9, "1970-01-01T00:01:00.000000Z"],
  [-0.25, "1969-12-31T23:59:59.750000Z"],
])("%d s is %s to the microsecond", (seconds, text) => {
  expect(isoExactly(seconds)).toBe(text);
});
