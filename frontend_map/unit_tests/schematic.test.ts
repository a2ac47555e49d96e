import { expect, test } from "vitest";
import "./page_around";
import { scaled } from "../src/map/schematic";

test("a picture is enlarged step by step, within what is of use", () => {
  expect(scaled(1, 1.4)).toBe(1.4);
  expect(scaled(5, 1.4)).toBe(6);
  expect(scaled(0.3, 1 / 1.4)).toBe(0.25);
});
