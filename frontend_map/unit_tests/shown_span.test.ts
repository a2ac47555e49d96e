import { describe, expect, it, test } from "vitest";
import { askedSpan, presetOf, presetSpan, spanWithin, wholeSpan } from "../src/shown_span";
import { stream } from "./device";

const DAY = 86_400;

test.each(["toString", "constructor", "__proto__", "", "weeks", null, undefined])("%s is no preset", (name) => {
  expect(presetOf(name)).toBeNull();
});
test.each(["day", "week", "month", "year", "all"] as const)("%s is a preset", (name) => {
  expect(presetOf(name)).toBe(name);
});

describe("the whole", () => {
  it("has a hundredth of its length for room, and never less than one interval", () => {
    expect(wholeSpan(stream({ first_time: 0, time: 10_000, interval_s: 60 }), 0)).toEqual({ since: -100, until: 10_100 });
    expect(wholeSpan(stream({ first_time: 5, time: 5, interval_s: 60 }), 0)).toEqual({ since: -55, until: 65 });
  });
  it("is the day up to now without values", () => {
    expect(wholeSpan(stream({ first_time: null, time: null, interval_s: 60 }), DAY)).toEqual({ since: -864, until: DAY + 864 });
  });
});

describe("a preset", () => {
  it("ends behind the newest value, at a whole minute", () => {
    const span = presetSpan("day", stream({ time: 1_000_001 }), 0);
    expect(span.until % 60).toBe(0);
    expect(span.until).toBeGreaterThanOrEqual(1_000_001 + 864);
    expect(span.until - span.since).toBe(DAY);
  });
  it("of everything is the whole", () => {
    expect(presetSpan("all", stream(), 7)).toEqual(wholeSpan(stream(), 7));
  });
});

describe("a chosen span", () => {
  const whole = { since: 0, until: 1000 };
  it.each([
    [{ since: 100, until: 200 }, { since: 100, until: 200 }],
    [{ since: 100, until: 100 }, { since: 99, until: 101 }],
    [{ since: -5000, until: 5000 }, { since: -500, until: 500 }],
    [{ since: -900, until: -800 }, { since: -50, until: 50 }],
    [{ since: 1900, until: 2000 }, { since: 950, until: 1050 }],
  ])("%j becomes %j", (span, expected) => {
    expect(spanWithin(span, whole)).toEqual(expected);
  });
});

test.each([
  ["since=1970-01-01T00:00:01Z&until=1970-01-01T00:00:03Z", { since: 1, until: 3 }],
  ["since=1970-01-01T00:00:03Z&until=1970-01-01T00:00:03Z", null],
  ["since=1970-01-01T00:00:03Z", null],
  ["since=yesterday&until=today", null],
  ["", null],
])("the address ?%s asks for %j", (query, expected) => {
  expect(askedSpan(new URLSearchParams(query))).toEqual(expected);
});
