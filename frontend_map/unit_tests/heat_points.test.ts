import { expect, it } from "vitest";
import { heatOf, type HeatPoint, type HeatZone } from "../src/map/heat_points";

const heatPoints = (zones: HeatZone[]): HeatPoint[] => heatOf(zones).points;
const square = (west: number, south: number, size: number): number[][][][] => [[[[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]]];

it("fills each zone with its loss, thicker where more is lost by area", () => {
  const points = heatPoints([
    { polygons: square(0, 0, 1), loss_m3: 100 },
    { polygons: square(2, 0, 1), loss_m3: 50 },
  ]);
  const left = points.filter((point) => point.longitude < 1.5);
  const right = points.filter((point) => point.longitude > 1.5);
  expect(left.length).toBeGreaterThan(500);
  expect(left.every((point) => point.longitude > 0 && point.longitude < 1 && point.latitude > 0 && point.latitude < 1)).toBe(true);
  expect(Math.max(...left.map((point) => point.weight))).toBe(1);
  const sum = (found: typeof points): number => found.reduce((total, point) => total + point.weight, 0);
  expect(sum(left) / sum(right)).toBeCloseTo(2, 6);
});

it("says what the greatest heat stands for", () => {
  // A hundredth of a degree at the equator: 1.2392 km².
  const heat = heatOf([{ polygons: square(0, -0.005, 0.01), loss_m3: 123.92 }]);
  expect(heat.most_m3_km2 / 100).toBeCloseTo(1, 1);
});

it("leaves holes empty, and zones without loss", () => {
  const holed = [[...(square(0, 0, 3)[0] ?? []), ...(square(1, 1, 1)[0] ?? [])]];
  const points = heatPoints([
    { polygons: holed, loss_m3: 1 },
    { polygons: square(5, 0, 1), loss_m3: 0 },
    { polygons: square(7, 0, 1), loss_m3: -4 },
  ]);
  expect(points.some((point) => point.longitude > 1 && point.longitude < 2 && point.latitude > 1 && point.latitude < 2)).toBe(false);
  expect(points.every((point) => point.longitude < 3)).toBe(true);
  expect(points.length).toBeGreaterThan(100);
});

it("shows a zone smaller than the grid, and nothing for nothing", () => {
  expect(heatPoints([{ polygons: square(0, 0, 10), loss_m3: 0 }, { polygons: square(20, 0, 0.01), loss_m3: 5 }])).toHaveLength(1);
  expect(heatPoints([])).toEqual([]);
  expect(heatPoints([{ polygons: [], loss_m3: 5 }])).toEqual([]);
});
