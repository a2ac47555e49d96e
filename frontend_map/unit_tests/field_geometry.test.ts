import { describe, expect, it } from "vitest";
import { bearing, boxAround, distanceM, isWithin, lineMeets, middleOf, nearestOnLine } from "../src/field_geometry";

const tashkent = { lon: 69.3, lat: 41.3 };

describe("distances and directions", () => {
  it("measures metres as the ellipsoid does, to a third of a percent", () => {
    // PROJ, geod: 69.3 41.3 to 69.31 41.3 is 837.3 m, to 69.3 41.31 1110.6 m.
    expect(distanceM(tashkent, { lon: 69.31, lat: 41.3 })).toBeCloseTo(837.3, -1);
    expect(Math.abs(distanceM(tashkent, { lon: 69.3, lat: 41.31 }) - 1110.6)).toBeLessThan(1110.6 * 0.0034);
    expect(distanceM(tashkent, tashkent)).toBe(0);
  });

  it("points to the four winds", () => {
    expect(bearing(tashkent, { lon: 69.3, lat: 41.4 })).toBeCloseTo(0, 5);
    expect(bearing(tashkent, { lon: 69.301, lat: 41.3 })).toBeCloseTo(90, 1);
    expect(bearing(tashkent, { lon: 69.3, lat: 41.2 })).toBeCloseTo(180, 5);
    expect(bearing(tashkent, { lon: 69.299, lat: 41.3 })).toBeCloseTo(270, 1);
  });

  it("finds the nearest point of a line, between its vertices and at its ends", () => {
    const line = [69.3, 41.3, 69.31, 41.3, 69.31, 41.31];
    expect(nearestOnLine(line, { lon: 69.305, lat: 41.29 })).toEqual({ lon: 69.305, lat: 41.3 });
    expect(nearestOnLine(line, { lon: 69.2, lat: 41.3 })).toEqual({ lon: 69.3, lat: 41.3 });
    expect(nearestOnLine(line, { lon: 69.32, lat: 41.305 }).lon).toBeCloseTo(69.31, 9);
    // A line of no length is a point.
    expect(nearestOnLine([1, 2, 1, 2], tashkent)).toEqual({ lon: 1, lat: 2 });
  });

  it("makes a box of metres, and says what lies in it", () => {
    const box = boxAround(tashkent, 1000);
    expect(distanceM({ lon: box[0], lat: 41.3 }, tashkent)).toBeCloseTo(1000, -1);
    expect(distanceM({ lon: 69.3, lat: box[3] }, tashkent)).toBeCloseTo(1000, -1);
    expect(isWithin(box, tashkent)).toBe(true);
    expect(isWithin(box, { lon: 69.32, lat: 41.3 })).toBe(false);
    expect(lineMeets(box, [69.3, 41.3, 70, 42])).toBe(true);
    expect(lineMeets(box, [70, 42, 71, 43])).toBe(false);
  });

  it("takes the middle of a line", () => {
    expect(middleOf([0, 0, 2, 4])).toEqual({ lon: 1, lat: 2 });
    expect(middleOf([0, 0, 5, 6, 9, 9])).toEqual({ lon: 5, lat: 6 });
  });
});
