import { describe, expect, it, test } from "vitest";
import { numberTicks, paddedRange, timeTick } from "../src/axis_ticks";

const at = (iso: string): number => Date.parse(iso) / 1000;

describe("numbers at an axis", () => {
  it.each([
    [[0, 0.25, 0.5, 0.75], ["0.00", "0.25", "0.50", "0.75"]],
    [[0, 2.5, 5, 7.5], ["0.0", "2.5", "5.0", "7.5"]],
    [[10, 12.5, 15], ["10.0", "12.5", "15.0"]],
    [[0, 1, 2], ["0", "1", "2"]],
    [[0, 5000, 10_000], ["0", "5\u00a0000", "10\u00a0000"]],
    [[0.1, 0.2, 0.30000000000000004], ["0.1", "0.2", "0.3"]],
    [[-0.05, 0, 0.05], ["−0.05", "0.00", "0.05"]],
    [[3], ["3"]],
    [[4, 4], ["4", "4"]],
    [[], []],
  ])("%j are written %j", (values, labels) => {
    expect(numberTicks(values)).toEqual(labels);
  });
  it("have six decimals at most", () => {
    expect(numberTicks([0, 1e-9])).toEqual(["0.000000", "0.000000"]);
  });
});

test.each([
  ["2026-03-01T12:00:00Z", 3600, "17:00"],
  ["2026-02-28T19:00:00Z", 3600, "1 Mar"],
  ["2026-02-28T18:00:00Z", 3600, "23:00"],
  ["2026-02-28T18:00:05Z", 10, "23:00:05"],
  ["2026-02-28T18:00:00Z", 86_400, "28 Feb"],
  ["2026-12-31T19:00:00Z", 30 * 86_400, "Jan 2027"],
])("at %s with a step of %d s the axis says %s in Tashkent", (iso, step, label) => {
  expect(timeTick(at(iso), step, "Asia/Tashkent")).toBe(label);
});

test.each([
  [0, 100, [0, 108]],
  [50, 100, [46, 104]],
  [-10, 10, [-11.6, 11.6]],
  [5, 5, [4.5, 5.5]],
  [100, 100, [98, 102]],
  [0, 0, [0, 0.5]],
  [null, null, [0, 1.08]],
])("from %s to %s there is room", (low, high, range) => {
  const [bottom, top] = paddedRange(low, high);
  expect(bottom).toBeCloseTo(range[0] ?? NaN, 9);
  expect(top).toBeCloseTo(range[1] ?? NaN, 9);
});
