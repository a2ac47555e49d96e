// Which span of a datastream its chart shows.
import type { Span, Stream } from "./series_chart";

const DAY_S = 86_400;
const LEAST_S = 2;
const presets = { day: DAY_S, week: 7 * DAY_S, month: 31 * DAY_S, year: 366 * DAY_S, all: Infinity };

export type Preset = keyof typeof presets;

/** The name of a preset, or null for what is none. */
export function presetOf(name: string | null | undefined): Preset | null {
  const names = Object.keys(presets) as Preset[];
  return names.find((preset) => preset === name) ?? null;
}

/** From the first value to the newest, with a little room. */
export function wholeSpan(stream: Stream, now: number): Span {
  const first = stream.first_time ?? now - DAY_S;
  const margin = Math.max(stream.interval_s, ((stream.time ?? now) - first) * 0.01);
  return { since: first - margin, until: (stream.time ?? now) + margin };
}

export function presetSpan(preset: Preset, stream: Stream, now: number): Span {
  const whole = wholeSpan(stream, now);
  const length = presets[preset];
  if (length === Infinity) return whole;
  // To the minute, so that the span reads well, with a little room behind the newest value.
  const until = Math.ceil(((stream.time ?? whole.until) + length * 0.01) / 60) * 60;
  return { since: until - length, until };
}

/** The span as it can be shown: never past the ends of the whole by more than half a window. */
export function spanWithin(span: Span, whole: Span): Span {
  const width = Math.max(span.until - span.since, LEAST_S);
  const middle = (span.since + span.until) / 2;
  const length = Math.min(width, whole.until - whole.since);
  const since = Math.min(Math.max(middle - length / 2, whole.since - length / 2), whole.until - length / 2);
  return { since, until: since + length };
}

/** The span that an address asks for by its words `since` and `until`; null where they name none. */
export function askedSpan(query: URLSearchParams): Span | null {
  const [since = NaN, until = NaN] = ["since", "until"].map((name) => Date.parse(query.get(name) ?? "") / 1000);
  return until > since ? { since, until } : null;
}
