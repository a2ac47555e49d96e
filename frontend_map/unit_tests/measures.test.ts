import { describe, expect, it } from "vitest";
import { measuresOf, positionIn } from "../src/map/measures";
import { boundsOf, distanceOf, positionAt } from "../src/map/shapes";
import { shareOf } from "../src/map/tools/isolate";

const here: [number, number] = [69.47, 41.38];

describe("what is typed while drawing", () => {
  it("is metres with a bearing", () => {
    const found = positionIn("25 @ 90", here, null, here) ?? [0, 0];
    expect(distanceOf(here, found)).toBeCloseTo(25, 2);
    expect(found[0]).toBeGreaterThan(here[0]);
    expect(positionIn("12,5@0", here, null, here)?.[1]).toBeGreaterThan(here[1]);
  });
  it("is metres towards the pointer", () => {
    expect(distanceOf(here, positionIn("40", here, 45, here) ?? here)).toBeCloseTo(40, 2);
    expect(positionIn("40", here, null, here)).toBeNull();
    expect(positionIn("40", null, 45, here)).toBeNull();
  });
  it("is coordinates in either order", () => {
    expect(positionIn("41.381 69.471", null, null, here)).toEqual([69.471, 41.381]);
    expect(positionIn("69.471; 41.381", null, null, here)).toEqual([69.471, 41.381]);
  });
  it("is nothing else", () => {
    for (const text of ["", "x", "-5 @ 90", "0 @ 90", "5 @ north", "1 2 3", "95 200"]) expect(positionIn(text, here, 0, here)).toBeNull();
  });
});

describe("measures of a line", () => {
  it("are its length, the bearing of its last stretch and its bends", () => {
    const east = positionAt(here, 100, 90);
    const { length, bearing, bends } = measuresOf([here, positionAt(here, 50, 0), here, east, east]);
    expect(length).toBeCloseTo(200, 1);
    expect(bearing).toBeCloseTo(90, 1);
    expect(bends).toBe(3);
  });
  it("have no bearing at its first point", () => {
    expect(measuresOf([here])).toEqual({ length: 0, bearing: null, bends: 0 });
  });
});

describe("shapes", () => {
  it("have bounds around all of them, and none when empty", () => {
    const bounds = boundsOf({ type: "Point", coordinates: here }, { type: "LineString", coordinates: [[69.5, 41.3], [69.6, 41.4]] });
    expect(bounds?.[0]?.[0]).toBeLessThan(41.3);
    expect(bounds?.[1]?.[1]).toBeGreaterThan(69.6);
    expect(boundsOf()).toBeNull();
  });
  it("tell where along a line a place lies", () => {
    const line: [number, number][] = [here, positionAt(here, 100, 90), positionAt(positionAt(here, 100, 90), 100, 0)];
    expect(shareOf(line, { lat: here[1], lng: here[0] })).toBe(0);
    const [lng, lat] = positionAt(here, 50, 90);
    expect(shareOf(line, { lat, lng })).toBeCloseTo(0.25, 3);
  });
});
