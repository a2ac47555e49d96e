import { describe, expect, it } from "vitest";
import { sentencesOf } from "../src/form_errors";
import { accountBody, circumstanceBody, exchangeBody, fieldAt, numeral, partyBody } from "../src/new_account_body";

const meter = { meter_serial: " S-1 ", meter_model: "SGV-15", meter_digits: "6", first_index: "12,5", meter_day: "2026-01-05" };

describe("numeral", () => {
  it("reads either decimal mark, and leaves what is no number to the server", () => {
    expect(numeral("12,5", 3)).toBe("12.500");
    expect(numeral("1 200.25")).toBe("1200.25");
    expect(numeral("many", 3)).toBe("many");
    expect(numeral("", 3)).toBe("");
    expect(numeral(undefined)).toBe("");
  });
});

describe("partyBody", () => {
  it("says of a household its personal number and residents, and of a legal entity its tax id", () => {
    const values = { name: " A ", personal_id: "415 068", tax_id: "30", residents: "3", is_priority: "on" };
    expect(partyBody({ ...values, subscriber_class: "household" })).toMatchObject({ name: "A", personal_id: "415068", tax_id: "", residents: 3, is_priority: false });
    expect(partyBody({ ...values, subscriber_class: "legal_entity" })).toMatchObject({ personal_id: "", tax_id: "30", residents: 0, is_priority: true });
  });
  it("leaves residents that are no number to the server", () => {
    expect(partyBody({ subscriber_class: "household", residents: "few" })["residents"]).toBe("few");
  });
});

describe("accountBody", () => {
  const values = { enterprise: "SUV", house: "1", starts_on: "2026-01-05", area_m2: "", subscriber_class: "household", name: "A" };
  it("names the meter of what is by meter only", () => {
    const body = accountBody(values, 7, [{ code: "cold_water", how: "meter", meter }, { code: "hot_water", how: "norm", meter }, { code: "sewerage", how: "", meter: {} }], { node: "n" });
    expect(body["services"]).toEqual([
      { service: "cold_water", is_by_norm: false, meter: { serial: "S-1", model_name: "SGV-15", digits: 6, index_m3: "12.500", installed_on: "2026-01-05" } },
      { service: "hot_water", is_by_norm: true, meter: null },
      { service: "sewerage", is_by_norm: false, meter: null },
    ]);
    expect(body).toMatchObject({ street: 7, place: { node: "n" }, area_m2: null });
  });
  it("leaves out the place where nothing hangs on the network", () => {
    expect(accountBody(values, 7, [{ code: "upkeep", how: "", meter: {} }], { node: "n" })["place"]).toBeNull();
  });
});

describe("exchangeBody", () => {
  it("has no last index where no meter hung", () => {
    expect(exchangeBody({ ...meter, day: "2026-02-01" })["last_index_m3"]).toBeNull();
    expect(exchangeBody({ ...meter, day: "2026-02-01", last_index: "7" })["last_index_m3"]).toBe("7.000");
  });
});

describe("circumstanceBody", () => {
  it("has what its address takes, and an unknown last day as none", () => {
    expect(circumstanceBody("end-absence", { id: "4", day_after_last: "2026-02-01" }, [])).toEqual({ id: 4, day_after_last: "2026-02-01" });
    expect(circumstanceBody("values", { kind: "area", valid_from: "2026-01-01", value: "54,3", document: "" }, [])).toEqual({ kind: "area", valid_from: "2026-01-01", value: "54.3", document: "" });
    expect(circumstanceBody("absences", { first_day: "2026-01-01", day_after_last: "", residents: "2", document: "" }, [])).toEqual({ first_day: "2026-01-01", day_after_last: null, residents: 2, document: "" });
    expect(circumstanceBody("benefits", { kind: " K ", share_percent: "50", residents: "x" }, ["cold_water"])).toMatchObject({ kind: "K", share_percent: "50", residents: "x", services: ["cold_water"] });
  });
});

describe("fieldAt", () => {
  it("finds the field of a service's meter", () => {
    const [error] = sentencesOf({ services: [{}, { meter: { serial: ["needed"] } }] });
    expect(error).toEqual({ way: ["services", "1", "meter", "serial"], sentence: "needed" });
    expect(fieldAt(error?.way ?? [])).toEqual({ field: "meter_serial", service: 1 });
    expect(fieldAt(["place", "non_field_errors"])).toEqual({ field: "place", service: null });
    expect(fieldAt(["name"])).toEqual({ field: "name", service: null });
    expect(fieldAt(["services"])).toEqual({ field: "services", service: null });
  });
});
