// Amounts as a cashier types them, and what a scanner brings.
import { expect, test } from "vitest";
import "./page_around";
import { amountIn, changeOf, soughtIn } from "../src/cash_sums";

test("amounts are sent with two places", () => {
  expect(amountIn("1 500,5")).toBe("1500.50");
  expect(amountIn("")).toBeNull();
  expect(amountIn("abc")).toBeNull();
});

test("change is what was handed over beyond the amount", () => {
  expect(changeOf("1500.10", "2000")).toBe(499.9);
  expect(changeOf("1500", "1500")).toBe(0);
  expect(changeOf("1500", "1499.99")).toBeNull();
  expect(changeOf("1500", "")).toBeNull();
});

test("a receipt is known by its code or number, everything else is looked for", () => {
  const uid = "0f8fad5b-d9cb-469f-a165-70867728950e";
  expect(soughtIn(`https://suv.uz/receipts/${uid}/`)).toEqual({ receipt: uid });
  expect(soughtIn(" kassa1-000123 ")).toEqual({ number: "KASSA1-000123" });
  expect(soughtIn("170000001")).toEqual({ text: "170000001" });
  expect(soughtIn("QBR-2026-1")).toEqual({ text: "QBR-2026-1" });
});
