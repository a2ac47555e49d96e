import { expect, it, test } from "vitest";
import { type Balance, classes, colourBelowZero, colourInsufficient, colourNoData, colourOf, imbalanceOf, shareOf } from "../src/balances";
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

it("is below zero only by more than the meters' error, or half a per cent without one", () => {
  expect(colourOf(of(-0.0101), "billed")).toBe(colourBelowZero);
  const unlimited = (imbalance_billed_m3: string): Balance => balance({ supply_m3: "1000", imbalance_billed_m3, limit_95_m3: null });
  expect(colourOf(unlimited("-5"), "billed")).toBe(classes[0]?.colour);
  expect(colourOf(unlimited("-5.1"), "billed")).toBe(colourBelowZero);
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
