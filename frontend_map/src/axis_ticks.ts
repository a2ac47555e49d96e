// What stands at the axes of charts, and how far they reach.
import { clockAt, clockLabel } from "./local_time";
import { figure, locale } from "./page";

const DAY_S = 86_400;
const MOST_DECIMALS = 6;

/** Labels with as many decimals as the step between them needs: 0.25 apart needs two, 2.5 apart one. */
export function numberTicks(values: number[]): string[] {
  const [first = 0, second = first + 1] = values;
  const step = Math.abs(second - first) || 1;
  const isWhole = (number: number): boolean => Math.round(number) > 0 && Math.abs(number - Math.round(number)) < 1e-6 * number;
  let decimals = 0;
  while (decimals < MOST_DECIMALS && !isWhole(step * 10 ** decimals)) decimals++;
  return values.map((value) => figure(value, decimals));
}

/** A time on an axis whose labels are `step_s` apart: month, day or clock, by the clocks of `zone`. */
export function timeTick(seconds: number, step_s: number, zone: string): string {
  const clock = clockAt(seconds, zone);
  const month = locale.months_short[clock.month - 1] ?? "";
  if (step_s >= 25 * DAY_S) return `${month} ${clock.year}`;
  const isMidnight = clock.hour === 0 && clock.minute === 0 && clock.second === 0;
  return step_s >= DAY_S || isMidnight ? `${clock.day} ${month}` : clockLabel(clock, step_s < 60);
}

/** Room above and below; a flat line lies in the middle. */
export function paddedRange(low: number | null, high: number | null): [number, number] {
  const bottom = low ?? 0;
  const top = high ?? 1;
  const room = (top - bottom) * 0.08 || Math.max(Math.abs(top) * 0.02, 0.5);
  // Nothing measured below zero: then zero is the floor, not a bit under it.
  return [bottom >= 0 && bottom - room < 0 ? 0 : bottom - room, top + room];
}
