import { expect, it, test } from "vitest";
import { type Balance, changeClasses, changeOf, classes, colourBelowZero, colourInsufficient, colourNoData, colourOf, colourOfChange, colourUnchanged, imbalanceOf, isBelowZero, shareOf, totalOf } from "../src/balances";
import { balance } from "./zone";

const of = (share: number): Balance => balance({ supply_m3: "1000", imbalance_billed_m3: String(share * 1000), limit_95_m3: "10" });

test.each([
  [0, 0],
  [0.0499, 0],
  [0.05, 1],
  [0.0999, 1],
  [0.1, 2],
  [0.2, 3],
  [0.2999, 3],
  [0.3, 4],
  [5, 4],
  [-0.01, 0],
])("a share of %d is drawn as class %d", (share, index) => {
  expect(colourOf(of(share), "billed")).toBe(classes[index]?.colour);
});

it("is below zero only by more than the 95 % limit, whatever the supply", () => {
  expect(colourOf(of(-0.01), "billed")).toBe(classes[0]?.colour);
  expect(colourOf(of(-0.0101), "billed")).toBe(colourBelowZero);
  const limited = balance({ supply_m3: "1000", imbalance_billed_m3: "-4", limit_95_m3: "3.9" });
  expect(colourOf(limited, "billed")).toBe(colourBelowZero);
  expect(isBelowZero(balance({ supply_m3: "1000", imbalance_billed_m3: "-0.001", limit_95_m3: null }), "billed")).toBe(true);
  expect(isBelowZero(balance({ status: "insufficient", imbalance_billed_m3: "-500" }), "billed")).toBe(false);
});

it("adds up to the litre what has enough data, and says what it leaves out", () => {
  const rows = [
    balance({ supply_m3: "1000.001", imbalance_billed_m3: "100.002", limit_95_m3: "30" }),
    balance({ supply_m3: "500.002", imbalance_billed_m3: "-20.001", limit_95_m3: "40" }),
    balance({ status: "insufficient", supply_m3: "9999", imbalance_billed_m3: "9999" }),
  ];
  expect(totalOf(rows, "billed")).toEqual({ zones: 2, left_out: 1, supply_m3: 1500.003, imbalance_m3: 80.001, limit_m3: 50, share: 80.001 / 1500.003 });
  expect(totalOf([], "billed").share).toBeNull();
});

it("compares two months by points, beyond the limit of both together", () => {
  const month = (imbalance: string, limit: string): Balance => balance({ supply_m3: "1000", imbalance_billed_m3: imbalance, limit_95_m3: limit });
  const change = changeOf(month("100", "30"), month("170", "40"), "billed");
  expect(change?.share).toBeCloseTo(0.07, 10);
  expect(change?.limit).toBeCloseTo(0.05, 10);
  expect(colourOfChange(change)).toBe(changeClasses[4]?.colour);
  expect(colourOfChange(changeOf(month("100", "30"), month("149", "40"), "billed"))).toBe(colourUnchanged);
  expect(colourOfChange(changeOf(month("300", "1"), month("100", "1"), "billed"))).toBe(changeClasses[0]?.colour);
  expect(changeOf(undefined, month("1", "1"), "billed")).toBeNull();
  expect(changeOf(month("1", "1"), balance({ status: "insufficient" }), "billed")).toBeNull();
  expect(colourOfChange(null)).toBe(colourNoData);
});

it("has one colour for each meaning", () => {
  const all = [...classes.map((shown) => shown.colour), colourBelowZero, colourInsufficient, colourNoData];
  expect(new Set(all).size).toBe(all.length);
  const changes = [...changeClasses.map((shown) => shown.colour), colourUnchanged, colourNoData];
  expect(new Set(changes).size).toBe(changes.length);
});

it("takes the imbalance of the basis", () => {
  const both = balance({ imbalance_billed_m3: "1", imbalance_apportioned_m3: "2", supply_m3: "10" });
  expect([imbalanceOf(both, "billed"), imbalanceOf(both, "apportioned")]).toEqual(["1", "2"]);
  expect([shareOf(both, "billed"), shareOf(both, "apportioned")]).toEqual([0.1, 0.2]);
});

test.each<[string, Partial<Balance>]>([
  ["insufficient data", { status: "insufficient" }],
  ["no imbalance", { imbalance_billed_m3: null }],
  ["no supply", { supply_m3: null }],
  ["a supply of zero", { supply_m3: "0" }],
  ["a supply below zero", { supply_m3: "-3" }],
  ["a supply that is no number", { supply_m3: "NaN" }],
  ["an imbalance that is no number", { imbalance_billed_m3: "NaN" }],
])("with %s there is no share", (_words, over) => {
  expect(shareOf(balance(over), "billed")).toBeNull();
  expect(colourOf(balance(over), "billed")).toBe(colourInsufficient);
});

it("has a colour for a zone without a balance", () => {
  expect(colourOf(undefined, "billed")).toBe(colourNoData);
});
