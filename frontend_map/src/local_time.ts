// Instants by the clocks of a time zone. Values are shown in the zone of their datastream, wherever the reader sits.
import { locale } from "./page";

interface Clock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

export function clockAt(seconds: number, zone: string): Clock {
  let format = formats.get(zone);
  if (format === undefined) {
    const digits = "2-digit" as const;
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: digits,
      day: digits,
      hour: digits,
      minute: digits,
      second: digits,
    });
    formats.set(zone, format);
  }
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(new Date(Math.floor(seconds) * 1000))) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

/** Seconds that the zone's clocks are ahead of UTC at an instant. */
export function offsetAt(seconds: number, zone: string): number {
  const { year, month, day, hour, minute, second } = clockAt(seconds, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - Math.floor(seconds);
}

const two = (number: number): string => String(number).padStart(2, "0");

export function offsetLabel(seconds: number, zone: string): string {
  const minutes = Math.round(offsetAt(seconds, zone) / 60);
  if (minutes === 0) return "UTC";
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(Math.abs(minutes) / 60)}${rest === 0 ? "" : `:${two(rest)}`}`;
}

export function clockLabel(clock: Clock, withSeconds = false): string {
  return `${two(clock.hour)}:${two(clock.minute)}${withSeconds ? `:${two(clock.second)}` : ""}`;
}

/** 22 November 2026, 13:05 UTC+5 */
export function timeLabel(seconds: number, zone: string, withOffset = true): string {
  const clock = clockAt(seconds, zone);
  const day = `${clock.day} ${locale.months_in_dates[clock.month - 1] ?? ""} ${clock.year}`;
  const label = `${day}, ${clockLabel(clock, clock.second !== 0)}`;
  return withOffset ? `${label} ${offsetLabel(seconds, zone)}` : label;
}

/** 22 November 2026, 13:05 by the utility's clocks, of an instant as the server writes it. */
export function momentName(instant: string): string {
  const seconds = Math.floor(Date.parse(instant) / 60_000) * 60;
  return timeLabel(seconds, locale.zone, false);
}

/** 22 November 2026: the day of an instant by the utility's clocks. */
export function momentDay(instant: string): string {
  return momentName(instant).split(",")[0] ?? "";
}

/** The value of a field `datetime-local`. */
export function fieldText(seconds: number, zone: string): string {
  const { year, month, day, ...clock } = clockAt(seconds, zone);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${clockLabel({ year, month, day, ...clock }, true)}`;
}

/** Seconds since 1970 of a field `datetime-local`; NaN when it is empty. */
export function instantOf(text: string, zone: string): number {
  const asUtc = Date.parse(`${text}${text.length === 16 ? ":00" : ""}Z`) / 1000;
  if (Number.isNaN(asUtc)) return NaN;
  const guess = asUtc - offsetAt(asUtc, zone);
  return asUtc - offsetAt(guess, zone);
}

export const isoOf = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString();
