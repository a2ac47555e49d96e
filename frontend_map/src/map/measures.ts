// What is typed while drawing: a length with a bearing, or coordinates.
import { numberIn } from "../page";
import { bearingOf, distanceOf, positionAt } from "./shapes";

/** Length in metres, the bearing of the last stretch and the number of bends of a line. */
export function measuresOf(line: readonly GeoJSON.Position[]): { length: number; bearing: number | null; bends: number } {
  let length = 0;
  for (let index = 1; index < line.length; index += 1) length += distanceOf(line[index - 1] ?? [], line[index] ?? []);
  const last = line.at(-1);
  // The pointer may rest on the last bend: the stretch before it is the one that has a direction.
  const before = [...line].reverse().find((position) => last !== undefined && distanceOf(position, last) > 0.001);
  return { length, bearing: before === undefined || last === undefined ? null : bearingOf(before, last), bends: Math.max(0, line.length - 2) };
}

/**
 * The next position that a text names after the last one: `25` (metres straight on, or towards the pointer), `25 @ 90`
 * (metres and degrees from north), or `41.3111 69.2797` (in either order within `near`'s surroundings). Null for anything else.
 */
export function positionIn(text: string, last: GeoJSON.Position | null, towards: number | null, near: GeoJSON.Position): [number, number] | null {
  const parts = text.trim().split(/\s*@\s*/);
  if (parts.length === 2 && last !== null) {
    const [metres, bearing] = parts.map(numberIn);
    return metres !== undefined && bearing !== undefined && metres > 0 && Number.isFinite(bearing) ? positionAt(last, metres, bearing) : null;
  }
  const numbers = text.trim().split(/[\s;]+|,\s+/).map(numberIn);
  if (numbers.some((number) => !Number.isFinite(number))) return null;
  const [first = NaN, second] = numbers;
  if (numbers.length === 1) return last !== null && towards !== null && first > 0 ? positionAt(last, first, towards) : null;
  if (numbers.length !== 2 || second === undefined) return null;
  const [nearX = 0, nearY = 0] = near;
  const asLatLon = Math.hypot(second - nearX, first - nearY);
  const asLonLat = Math.hypot(first - nearX, second - nearY);
  const position: [number, number] = asLatLon <= asLonLat ? [second, first] : [first, second];
  return Math.abs(position[1]) <= 90 && Math.abs(position[0]) <= 180 ? position : null;
}
