// What is offered where a meter is hung, and what choosing one fills in.
import { beforeEach, expect, test } from "vitest";
import "./page_around";

const METER = { model_name: "SGV-20", digits: 6, holder: "" };

beforeEach(() => {
  document.body.innerHTML = '<form id="f"><input name="meter_serial"><input name="meter_model" value="old"><input name="meter_digits" value="5"></form>';
});

test("meters that hang or are written off are not offered", async () => {
  const { hangable } = await import("../src/stocked_meters");
  const found = ["store", "issued", "installed", "removed", "written_off"].map((place) => ({ ...METER, serial: place, place }));
  expect(hangable(found).map((meter) => meter.serial)).toEqual(["store", "issued", "removed"]);
});

test("the chosen meter brings its model and digits, a typed number nothing", async () => {
  const { fillFrom } = await import("../src/stocked_meters");
  const form = document.querySelector<HTMLFormElement>("#f");
  if (form === null) throw new Error("no form");
  const known = [{ ...METER, serial: "N-1", place: "store" }];
  fillFrom(form, "N-", known);
  expect(new FormData(form).get("meter_model")).toBe("old");
  fillFrom(form, "N-1", known);
  expect([new FormData(form).get("meter_model"), new FormData(form).get("meter_digits")]).toEqual(["SGV-20", "6"]);
});
