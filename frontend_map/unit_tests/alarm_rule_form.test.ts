import { describe, expect, it } from "vitest";
import { ruleBody } from "../src/alarm_rule_form";

describe("the form of an alarm rule", () => {
  const common = { name: "Low", severity: "critical" };
  it("states limits with either decimal mark, minutes as seconds, and nothing of other kinds", () => {
    expect(ruleBody({ ...common, name: " Low ", low: "12,5", high: "", raise_after_min: "1.5", silent_after_h: "3" }, "limit", ["c"])).toEqual({ ...common, channels: ["c"], low: 12.5, high: null, raise_after_s: 90 });
    expect(ruleBody({ ...common, low: "1" }, "rate", [])).toEqual({ ...common, channels: [], low: 1, high: null, raise_after_s: 0 });
  });
  it("states hours without data, and a night", () => {
    expect(ruleBody({ ...common, silent_after_h: "1,5", low: "3" }, "missing", [])).toEqual({ ...common, channels: [], silent_after_s: 5400 });
    expect(ruleBody({ ...common, high: "9", night_from: "02:00", night_to: "04:00" }, "night_minimum", [])).toEqual({ ...common, channels: [], low: null, high: 9, night_from: "02:00", night_to: "04:00" });
  });
  it("leaves it to the server to refuse what is no number", () => {
    expect(ruleBody({ ...common, low: "abc", raise_after_min: "x" }, "limit", [])).toMatchObject({ low: "abc", raise_after_s: "x" });
  });
});
