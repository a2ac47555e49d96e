import { describe, expect, it, test } from "vitest";
import { clockAt, clockLabel, fieldText, instantOf, isoOf, momentDay, momentName, offsetAt, offsetLabel, timeLabel } from "../src/local_time";

const at = (iso: string): number => Date.parse(iso) / 1000;
const DAY_S = 86_400;
const ZONES = ["Asia/Tashkent", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"];

describe("clocks", () => {
  it("are those of the datastream's zone, not the machine's", () => {
    expect(clockAt(at("2026-11-22T08:05:09Z"), "Asia/Tashkent")).toEqual({ year: 2026, month: 11, day: 22, hour: 13, minute: 5, second: 9 });
  });
  it("turn the day, the month and the year at midnight in Tashkent", () => {
    expect(clockAt(at("2026-12-31T18:59:59Z"), "Asia/Tashkent")).toMatchObject({ year: 2026, month: 12, day: 31, hour: 23 });
    expect(clockAt(at("2026-12-31T19:00:00Z"), "Asia/Tashkent")).toMatchObject({ year: 2027, month: 1, day: 1, hour: 0 });
  });
  it("know the 29th of February", () => {
    expect(clockAt(at("2028-02-28T19:00:00Z"), "Asia/Tashkent")).toMatchObject({ month: 2, day: 29 });
    expect(clockAt(at("2026-02-28T19:00:00Z"), "Asia/Tashkent")).toMatchObject({ month: 3, day: 1 });
  });
  it("show a fraction of a second as the second that it lies in, also before 1970", () => {
    expect(clockAt(59.999, "UTC").second).toBe(59);
    expect(clockAt(-0.001, "UTC")).toMatchObject({ year: 1969, hour: 23, second: 59 });
  });
});

test.each([
  ["2026-07-01T00:00:00Z", "Asia/Tashkent", "UTC+5", 18_000],
  ["2026-01-01T00:00:00Z", "Europe/Berlin", "UTC+1", 3600],
  ["2026-07-01T00:00:00Z", "Europe/Berlin", "UTC+2", 7200],
  ["2026-03-29T00:59:59Z", "Europe/Berlin", "UTC+1", 3600],
  ["2026-03-29T01:00:00Z", "Europe/Berlin", "UTC+2", 7200],
  ["2026-07-01T00:00:00Z", "America/New_York", "UTC−4", -14_400],
  ["2026-07-01T00:00:00Z", "America/St_Johns", "UTC−2:30", -9000],
  ["2026-07-01T00:00:00Z", "Asia/Kathmandu", "UTC+5:45", 20_700],
  ["2026-07-01T00:00:00Z", "UTC", "UTC", 0],
])("at %s clocks of %s are %s", (iso, zone, label, offset) => {
  expect(offsetLabel(at(iso), zone)).toBe(label);
  expect(offsetAt(at(iso) + 0.7, zone)).toBe(offset);
});

describe("labels", () => {
  it("have seconds only where there are some", () => {
    expect(timeLabel(at("2026-11-22T08:05:00Z"), "Asia/Tashkent")).toBe("22 November 2026, 13:05 UTC+5");
    expect(timeLabel(at("2026-11-22T08:05:07Z"), "Asia/Tashkent")).toBe("22 November 2026, 13:05:07 UTC+5");
    expect(timeLabel(at("2026-11-22T08:05:00Z"), "Asia/Tashkent", false)).toBe("22 November 2026, 13:05");
    expect(clockLabel({ year: 2026, month: 1, day: 1, hour: 0, minute: 7, second: 5 }, true)).toBe("00:07:05");
  });
});

describe("fields", () => {
  it("hold local time with seconds", () => {
    expect(fieldText(at("2026-01-31T19:00:05Z"), "Asia/Tashkent")).toBe("2026-02-01T00:00:05");
  });
  it("are read with and without seconds", () => {
    expect(isoOf(instantOf("2026-02-01T00:00", "Asia/Tashkent"))).toBe("2026-01-31T19:00:00.000Z");
    expect(isoOf(instantOf("2026-02-01T00:00:05", "Asia/Tashkent"))).toBe("2026-01-31T19:00:05.000Z");
  });
  it.each(["", "nonsense", "2026-13-01T00:00"])("say nothing with %j", (text) => {
    expect(instantOf(text, "Asia/Tashkent")).toBeNaN();
  });
  // Every quarter of an hour of the days on which clocks are changed, and of the turn of the year. Where clocks go
  // back, a time comes twice, and either is right.
  it.each(ZONES)("show after the round trip what they showed before, in %s", (zone) => {
    const begin = at("2026-01-01T00:07:31Z");
    for (let day = begin; day < begin + 366 * DAY_S; day += DAY_S) {
      if (day !== begin && offsetAt(day - DAY_S, zone) === offsetAt(day + DAY_S, zone)) continue;
      for (let seconds = day - DAY_S; seconds < day + DAY_S; seconds += 900) {
        const text = fieldText(seconds, zone);
        const back = instantOf(text, zone);
        if (fieldText(back, zone) !== text) expect.fail(`${text} became ${fieldText(back, zone)}`);
        if (Math.abs(back - seconds) > 3600) expect.fail(`${text} lies ${back - seconds} s off`);
      }
    }
  });
  it("take a time that clocks leave out for the instant an hour before or after it", () => {
    expect(isoOf(instantOf("2026-03-29T02:30", "Europe/Berlin"))).toBe("2026-03-29T01:30:00.000Z");
    expect(isoOf(instantOf("2026-03-08T02:30", "America/New_York"))).toBe("2026-03-08T06:30:00.000Z");
  });
  it("have an hour that lasts twice as long when clocks go back", () => {
    expect(instantOf("2026-10-25T03:00", "Europe/Berlin") - instantOf("2026-10-25T01:59:59", "Europe/Berlin")).toBe(7201);
  });
});

it("rounds instants to the millisecond", () => {
  expect(isoOf(1.0006)).toBe("1970-01-01T00:00:01.001Z");
});

test("an instant of the server is told by the utility's clocks, to the minute", () => {
  expect(momentName("2026-11-22T20:05:59.123456Z")).toBe("23 November 2026, 01:05");
  expect(momentName("2026-11-22T20:05:59+05:00")).toBe("22 November 2026, 20:05");
  expect(momentDay("2026-11-22T19:00:00Z")).toBe("23 November 2026");
});
