// A balance and a map's words for tests.
import type { Balance } from "../src/balances";
import type { MapTexts } from "../src/map/settings";

export function balance(over: Partial<Balance> = {}): Balance {
  return {
    zone: "22222222-2222-2222-2222-222222222222",
    zone_code: "Z1",
    zone_name: "Zone",
    period_start: "2026-02-01",
    input_m3: "1000.000",
    output_m3: "0.000",
    storage_change_m3: null,
    supply_m3: "1000.000",
    billed_m3: "900.000",
    apportioned_m3: "950.000",
    unbilled_m3: "0.000",
    imbalance_billed_m3: "100.000",
    imbalance_apportioned_m3: "50.000",
    limit_95_m3: "20.000",
    supply_coverage: 1,
    consumption_coverage: 0.876,
    service_points: 1234,
    status: "sufficient",
    ...over,
  };
}

export const mapTexts: MapTexts = { kinds: { valve: "valve", zone: "zone" }, states: { open: "open", in_service: "in use" }, details: { setting: "Setting" }, tools: {}, workKinds: {}, materials: { "cast iron": "cast iron, in words" }, yes: "yes", no: "no", nothingFound: "Nothing found", loadFailed: "Not loaded" };
