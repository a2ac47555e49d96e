import { beforeEach, describe, expect, it, test, vi } from "vitest";
import { head, type NodeAnswer, nodeTable, type PipeAnswer, pipeTable, zoneBody } from "../src/map/facts";
import { word } from "../src/map/settings";
import { balance, mapTexts } from "./zone";

const ATTACK = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
const pipe = (over: Partial<PipeAnswer> = {}): PipeAnswer => ({
  uid: "11111111-1111-1111-1111-111111111111", version: 1, zone: null, roughness: 130, minor_loss: 0, start_node: "a", end_node: "b",
  code: "P1", status: "open", lifecycle: "in_service", diameter_m: 0.1, material: "steel", stated_length_m: 12.34, geodesic_length_m: 12.5, year_installed: 1987, has_check_valve: false,
  start_node_code: "A", end_node_code: "B", zone_name: null, network: "N", geometry: { coordinates: [] }, ...over,
});
const node = (details: Record<string, unknown>, over: Partial<NodeAnswer> = {}): NodeAnswer => ({
  uid: "33333333-3333-3333-3333-333333333333", version: 1, zone: null, installed_on: null,
  code: "V1", kind: "valve", elevation_m: null, lifecycle: "in_service", zone_name: null, network: "N", details, geometry: { coordinates: [69, 41] }, ...over,
});
const rows = (table: HTMLElement): Record<string, string> =>
  Object.fromEntries([...table.querySelectorAll("tr")].map((row) => [row.querySelector("th")?.textContent ?? "", row.querySelector("td")?.textContent ?? ""]));

beforeEach(() => {
  document.body.innerHTML = "";
});

describe("what users wrote", () => {
  const parts: [string, () => HTMLElement][] = [
    ["a head", () => head(mapTexts, ATTACK, ATTACK, ATTACK, () => undefined)],
    ["a pipe", () => pipeTable(mapTexts, pipe({ material: ATTACK, zone_name: ATTACK, start_node_code: ATTACK, end_node_code: ATTACK, status: ATTACK }))],
    ["a node", () => nodeTable(mapTexts, node({ [ATTACK]: ATTACK, setting: { nested: ATTACK } }, { zone_name: ATTACK }))],
    ["a zone", () => zoneBody(mapTexts, { balance: balance({ zone_name: ATTACK, input_m3: ATTACK }), basis: "billed", address: "/zones/1/" })],
  ];
  test.each(parts)("is text in the details of %s", (_name, made) => {
    document.body.append(made());
    expect(document.body.querySelectorAll("img, script")).toHaveLength(0);
  });
});

describe("details", () => {
  it("of a pipe have units, and no rows for what is not known", () => {
    expect(rows(pipeTable(mapTexts, pipe({ stated_length_m: null, material: "" })))).toEqual({ status: "open", diameter: "100 mm", drawnLength: "12.5 m", year: "1987", lifecycle: "in use", checkValve: "no", roughness: "130.000", minorLoss: "0.00", from: "A", to: "B" });
    expect(rows(pipeTable(mapTexts, pipe({ diameter_m: null, has_check_valve: true })))).toMatchObject({ checkValve: "yes", length: "12.3 m" });
  });
  it("of a node say yes, numbers and texts, and no, and nothing for null and empty", () => {
    const details = { setting: 1.234, whole: 5, is_open: true, is_shut: false, nothing: null, empty: "", text: "x", list: [1, 2] };
    expect(rows(nodeTable(mapTexts, node(details, { elevation_m: -1.25 })))).toEqual({ elevation: "−1.3 m", lifecycle: "in use", Setting: "1.23", whole: "5", is_open: "yes", is_shut: "no", text: "x", list: "[1,2]" });
  });
  it("of a valve shout what a crew must not overlook", () => {
    const table = nodeTable(mapTexts, node({ status: "closed", is_accessible: false, is_broken: true, is_buried: false }));
    expect([...table.querySelectorAll("tr.alert th")].map((cell) => cell.textContent)).toEqual(["status", "is_accessible", "is_broken"]);
    expect(rows(table)["is_buried"]).toBe("no");
  });
  it("of an isolation valve leave out whether it may shut off, which all of them may", () => {
    expect(rows(nodeTable(mapTexts, node({ valve_type: "isolation", is_isolating: false })))).not.toHaveProperty("is_isolating");
    expect(rows(nodeTable(mapTexts, node({ valve_type: "PRV", is_isolating: false })))).toHaveProperty("is_isolating", "no");
  });
  it("of a valve give its diameter as that of a pipe", () => {
    expect(rows(nodeTable(mapTexts, node({ diameter_m: 0.2032 })))["diameter_m"]).toBe("203 mm");
  });
  it("close by their button", () => {
    const close = vi.fn();
    head(mapTexts, "valve", "V1", "valve · N", close).querySelector("button")?.click();
    expect(close).toHaveBeenCalledOnce();
  });
});

describe("a zone", () => {
  it("shows its balance on the basis", () => {
    const body = zoneBody(mapTexts, { balance: balance(), basis: "apportioned", address: "/zones/1/" });
    expect(body.querySelector("strong")?.textContent).toBe("5.0 %");
    expect(rows(body)).toMatchObject({ "= supply": "1\u00a0000 m³", "− apportioned": "950 m³", "− storageChange": "– m³", "= imbalance": "50 ± 20 m³", supplyCoverage: "100 %", consumptionCoverage: "88 %" });
    expect(body.querySelector("a")?.getAttribute("href")).toBe("/zones/1/");
  });
  it("shows no number where data do not suffice", () => {
    const body = zoneBody(mapTexts, { balance: balance({ status: "insufficient" }), basis: "billed", address: "/" });
    expect(body.querySelector("strong")?.textContent).toBe("insufficient");
    expect(rows(body)["= imbalance"]).toBe("–");
  });
  it("puts the other basis beside the one chosen, each by its name, with the days that bills cover", () => {
    const words = { ...mapTexts, billsCover: "{days} days, {from} to {to}, of {length}" };
    const billedDays = { zone: "z", first_day: "2026-01-30", last_day: "2026-03-03", mean_days: 31.46, service_points: 3 };
    const body = zoneBody(words, { balance: balance(), basis: "apportioned", billedDays, address: "/" });
    expect(body.querySelector(".headline")?.textContent).toBe("5.0 %± 2.0 % shareOfSupply, apportioned");
    expect(body.querySelector(".beside")?.textContent).toBe("billed: 10.0 %, 100 m³ — 31.5 days, 30 January 2026 to 3 March 2026, of 28");
    const other = zoneBody(words, { balance: balance(), basis: "billed", billedDays, address: "/" });
    expect(other.querySelector("strong")?.textContent).toBe("10.0 %");
    expect(other.querySelector(".beside")?.textContent).toBe("apportioned: 5.0 %, 50 m³");
    expect(other.textContent).toContain("31.5 days");
  });
  it("leads to its leak events", () => {
    const event = { id: "e1", zone: "z", zone_code: "Z", zone_name: "Z", network: "N", started_at: "2026-01-05T00:00:00+05:00", size_limit_95_m3h: 0.66, state: "open", now: { size_m3h: 15.38, ended_at: null } };
    const body = zoneBody({ ...mapTexts, event_open: "open" }, { balance: balance(), basis: "billed", events: [event], address: "/", eventsAddress: "/losses/events/" });
    expect(body.querySelector("a")?.getAttribute("href")).toBe("/losses/events/#event-e1");
    expect(body.querySelector("a")?.textContent).toBe("leakEvent: open, 15.4 ± 0.7 m³/h");
  });
  it("says that there is no balance", () => {
    const body = zoneBody(mapTexts, { balance: undefined, basis: "billed", address: "/" });
    expect(body.textContent).toContain("noData");
  });
});

test("a word that the server did not leave is told by its name", () => {
  expect(word(mapTexts, "yes")).toBe("yes");
  expect(word(mapTexts, "kinds")).toBe("kinds");
  expect(word(mapTexts, "constructor")).toBe("constructor");
});
