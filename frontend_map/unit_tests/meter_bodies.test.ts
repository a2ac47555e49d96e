// Serial numbers as they are pasted, and verifications as they are sent.
import { expect, test } from "vitest";
import { serialsIn, verificationBody } from "../src/meter_bodies";

test("numbers stand one a line or with signs between them", () => {
  expect(serialsIn(" N-1\n\nN-2, N-3;N-4 \n")).toEqual(["N-1", "N-2", "N-3", "N-4"]);
  expect(serialsIn(" \n ")).toEqual([]);
});

test("a verification without a day of its own has none", () => {
  expect(verificationBody({ day: "2026-03-02", is_fit: "true", valid_until: "", document: "act 1" })).toEqual({ day: "2026-03-02", is_fit: true, valid_until: null, document: "act 1" });
  expect(verificationBody({ day: "2026-03-02", is_fit: "false", valid_until: "2030-01-01" })).toEqual({ day: "2026-03-02", is_fit: false, valid_until: "2030-01-01", document: "" });
});
