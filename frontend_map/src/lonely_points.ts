// Values that a line does not show, because there is a gap on both sides.

type Values = ArrayLike<number | null | undefined>;

/** Their indexes from `first` to `last`; those of all values where there is room for dots. */
export function lonelyPoints(values: Values, first: number, last: number, isRoomy: boolean): number[] {
  const isGap = (index: number): boolean => values[index] === null || values[index] === undefined;
  const found: number[] = [];
  for (let i = Math.max(0, first); i <= Math.min(last, values.length - 1); i++) {
    if (!isGap(i) && (isRoomy || (isGap(i - 1) && isGap(i + 1)))) found.push(i);
  }
  return found;
}
