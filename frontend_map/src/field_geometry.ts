// Distances and directions as the crew sees them; what is computed here is good to a few centimetres over a kilometre.

const DEGREE_M = 111_195;

export interface Placed {
  lon: number;
  lat: number;
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Metres between two positions on the sphere. */
export function distanceM(one: Placed, other: Placed): number {
  const dLat = radians(other.lat - one.lat);
  const dLon = radians(other.lon - one.lon);
  const half = Math.sin(dLat / 2) ** 2 + Math.cos(radians(one.lat)) * Math.cos(radians(other.lat)) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(half)));
}

/** Degrees from north, clockwise, from one position to the other. */
export function bearing(one: Placed, other: Placed): number {
  const dLon = radians(other.lon - one.lon);
  const y = Math.sin(dLon) * Math.cos(radians(other.lat));
  const x = Math.cos(radians(one.lat)) * Math.sin(radians(other.lat)) - Math.sin(radians(one.lat)) * Math.cos(radians(other.lat)) * Math.cos(dLon);
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

/** The point of a line (longitudes and latitudes in turn) nearest to a position, on the plane around it. */
export function nearestOnLine(line: readonly number[], from: Placed): Placed {
  const scale = Math.cos(radians(from.lat));
  let best: Placed = { lon: line[0] ?? NaN, lat: line[1] ?? NaN };
  let least = Infinity;
  for (let at = 0; at + 3 < line.length; at += 2) {
    const [x1, y1, x2, y2] = [line[at] as number, line[at + 1] as number, line[at + 2] as number, line[at + 3] as number];
    const [dx, dy] = [(x2 - x1) * scale, y2 - y1];
    const length = dx * dx + dy * dy;
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((from.lon - x1) * scale * dx + (from.lat - y1) * dy) / length));
    const point = { lon: x1 + (x2 - x1) * share, lat: y1 + (y2 - y1) * share };
    const away = ((point.lon - from.lon) * scale) ** 2 + (point.lat - from.lat) ** 2;
    if (away < least) [least, best] = [away, point];
  }
  return best;
}

export type Box = [number, number, number, number];

/** A box of so many metres around a position. */
export function boxAround(place: Placed, metres: number): Box {
  const height = metres / DEGREE_M;
  const width = height / Math.max(0.01, Math.cos(radians(place.lat)));
  return [place.lon - width, place.lat - height, place.lon + width, place.lat + height];
}

export const isWithin = (box: Box, place: Placed): boolean => place.lon >= box[0] && place.lon <= box[2] && place.lat >= box[1] && place.lat <= box[3];

/** Whether a line has a vertex in a box. */
export function lineMeets(box: Box, line: readonly number[]): boolean {
  for (let at = 0; at + 1 < line.length; at += 2) {
    if (isWithin(box, { lon: line[at] as number, lat: line[at + 1] as number })) return true;
  }
  return false;
}

/** The middle vertex of a line, or halfway along one of two vertices. */
export function middleOf(line: readonly number[]): Placed {
  const count = line.length / 2;
  if (count === 2) return { lon: ((line[0] as number) + (line[2] as number)) / 2, lat: ((line[1] as number) + (line[3] as number)) / 2 };
  const at = Math.floor(count / 2) * 2;
  return { lon: line[at] as number, lat: line[at + 1] as number };
}
