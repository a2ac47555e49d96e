// What values become by an edit.

export interface Point {
  /** Seconds since 1970. */
  time: number;
  value: number;
}

/** The values just before and after those to be edited, between which a line can be drawn. */
export interface Neighbours {
  before: Point | null;
  after: Point | null;
}

export const noNeighbours: Neighbours = { before: null, after: null };

/** The new values, null for a deleted one; null as a whole where the fields do not say it yet. */
export function correctedValues(action: string, points: Point[], { before, after }: Neighbours, number: number): (number | null)[] | null {
  if (action === "delete") return points.map(() => null);
  if (action === "line") {
    if (before === null || after === null) return null;
    const slope = (after.value - before.value) / (after.time - before.time);
    return points.map((point) => before.value + slope * (point.time - before.time));
  }
  if (!Number.isFinite(number)) return null;
  return points.map((point) => (action === "set" ? number : point.value + number));
}

/** To the microsecond: an edit changes the value at exactly its instant. */
export function isoExactly(seconds: number): string {
  const whole = Math.floor(seconds);
  const micros = Math.round((seconds - whole) * 1e6);
  if (micros >= 1e6) return isoExactly(whole + 1);
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}
