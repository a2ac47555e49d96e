import { expect, it, vi } from "vitest";
import "./page_around";
vi.mock("leaflet", () => ({ default: {} }));
vi.mock("@maplibre/maplibre-gl-leaflet", () => ({ maplibreGL: vi.fn() }));
import { plannedOf } from "../src/map/plan_map";

const feature = (uid: string, change: string, lifecycle = "in_service"): GeoJSON.Feature => ({ type: "Feature", geometry: { type: "Point", coordinates: [69, 41] }, properties: { uid, change, lifecycle } });

it("draws what the plan adds and changes, and leaves out what it takes away", () => {
  const { gone, drawn } = plannedOf([feature("a", "added"), feature("c", "changed"), feature("r", "removed"), feature("g", "changed", "removed")]);
  expect(gone).toEqual(["c", "r", "g"]);
  expect(drawn.map(({ properties }) => properties?.["uid"] as string)).toEqual(["a", "c"]);
});
