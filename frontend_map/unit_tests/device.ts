// A datastream for tests.
import type { Series, Stream } from "../src/series_chart";

export function stream(over: Partial<Stream> = {}): Stream {
  return {
    uid: "11111111-1111-1111-1111-111111111111",
    code: "A",
    unit: "m3/h",
    quantity: "flow",
    kind: "mean",
    interval_s: 60,
    zone: "Asia/Tashkent",
    late_after_s: 300,
    silent_after_s: 3600,
    time: 1_000_000,
    first_time: 0,
    value: 1,
    ...over,
  };
}

export function series(points: [time: number, value: number | null][], over: Partial<Series> = {}): Series {
  const values = points.map(([, value]) => value);
  return { resolution: "raw", step_s: 60, source: "raw", time: points.map(([time]) => time), min: values, max: values, mean: values, count: points.map(() => 1), edited: [], ...over };
}
