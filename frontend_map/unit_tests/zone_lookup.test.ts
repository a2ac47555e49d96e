import { expect, test } from "vitest";
import type { LeakEvent } from "../src/balances";
import { ZoneLookup } from "../src/map/zone_lookup";
import { balance } from "./zone";

const event = (zone: string, id: string): LeakEvent => ({ id, zone, zone_code: zone, zone_name: zone, network: "N", started_at: "2026-01-05", size_limit_95_m3h: null, state: "new", now: { size_m3h: 1, ended_at: null } });

test("a balance is that of its zone and month", () => {
  const known = new ZoneLookup();
  known.keepMonth("2026-01-01", [balance({ zone: "a", period_start: "2026-01-01", service_points: 1 }), balance({ zone: "b", period_start: "2026-01-01", service_points: 2 })]);
  known.keepMonth("2026-02-01", [balance({ zone: "a", service_points: 3 })]);
  expect(known.balanceOf("a", "2026-01-01")?.service_points).toBe(1);
  expect(known.balanceOf("b", "2026-01-01")?.service_points).toBe(2);
  expect(known.balanceOf("a", "2026-02-01")?.service_points).toBe(3);
  expect(known.balanceOf("b", "2026-02-01")).toBeUndefined();
});

test("a month without balances is known, one that was not fetched is not", () => {
  const known = new ZoneLookup();
  known.keepMonth("2026-01-01", []);
  expect(known.knowsMonth("2026-01-01")).toBe(true);
  expect(known.knowsMonth("2026-02-01")).toBe(false);
});

test("a zone with others inside it says so", () => {
  const known = new ZoneLookup();
  known.keepZones([{ uid: "whole", parent: null }, { uid: "part", parent: "whole" }]);
  expect(known.hasZones("whole")).toBe(true);
  expect(known.hasZones("part")).toBe(false);
});

test("events keep their order in each zone", () => {
  const known = new ZoneLookup();
  known.keepEvents([event("b", "1"), event("a", "2"), event("b", "3")]);
  expect(known.eventsOf("b").map(({ id }) => id)).toEqual(["1", "3"]);
  expect(known.eventsOf("c")).toEqual([]);
});
