// What is known of spans of a series, as marks for the chart.
import type { Mark, Stream } from "./series_chart";

export interface Flag {
  datastream: string;
  time: string;
  end_time: string | null;
  rule: string;
  severity: string;
}

export interface Marked {
  datastream: string;
  started_at: string;
  ended_at: string | null;
}

const seconds = (time: string): number => Date.parse(time) / 1000;

export function flagMarks(flags: Flag[], stream: Stream): Mark[] {
  return flags.map((flag) => ({
    kind: flag.severity === "fail" ? "fail" : flag.severity === "note" ? "note" : "suspect",
    since: seconds(flag.time),
    until: seconds(flag.end_time ?? flag.time) + (flag.end_time === null ? stream.interval_s * 0.2 : 0),
  }));
}

/** An alarm that has not ended goes on to `until`. */
export function alarmMarks(alarms: Marked[], code: string, until: number): Mark[] {
  return alarms
    .filter((alarm) => alarm.datastream === code)
    .map((alarm) => ({ kind: "alarm", since: seconds(alarm.started_at), until: alarm.ended_at === null ? Math.max(until, seconds(alarm.started_at)) : seconds(alarm.ended_at) }));
}
