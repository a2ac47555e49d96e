import { expect, it, test } from "vitest";
import { alarmMarks, type Flag, flagMarks } from "../src/series_marks";
import { stream } from "./device";

const flag = (over: Partial<Flag>): Flag => ({ datastream: "A", time: "2026-01-01T00:00:00Z", end_time: null, rule: "range", severity: "suspect", ...over });
const BEGIN = Date.parse("2026-01-01T00:00:00Z") / 1000;

test.each([
  ["fail", "fail"],
  ["note", "note"],
  ["suspect", "suspect"],
  ["something new", "suspect"],
])("a flag %s is marked as %s", (severity, kind) => {
  expect(flagMarks([flag({ severity })], stream())[0]?.kind).toBe(kind);
});

it("gives a flag of one value some width, and one of a span its own", () => {
  const [point, span] = flagMarks([flag({}), flag({ end_time: "2026-01-01T05:00:00+05:00" })], stream({ interval_s: 900 }));
  expect(point).toMatchObject({ since: BEGIN, until: BEGIN + 180 });
  expect(span).toMatchObject({ since: BEGIN, until: BEGIN });
});

it("marks the alarms of this datastream, open ones to the end of what is shown", () => {
  const started_at = "2026-01-01T00:00:00Z";
  const alarms = [
    { datastream: "A", started_at, ended_at: null },
    { datastream: "A", started_at, ended_at: "2026-01-01T00:01:00Z" },
    { datastream: "B", started_at, ended_at: null },
  ];
  expect(alarmMarks(alarms, "A", BEGIN + 500)).toEqual([
    { kind: "alarm", since: BEGIN, until: BEGIN + 500 },
    { kind: "alarm", since: BEGIN, until: BEGIN + 60 },
  ]);
});

it("never ends an alarm before it began", () => {
  const [mark] = alarmMarks([{ datastream: "A", started_at: "2026-01-01T00:00:00Z", ended_at: null }], "A", BEGIN - 500);
  expect(mark).toMatchObject({ since: BEGIN, until: BEGIN });
});
