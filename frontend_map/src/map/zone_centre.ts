// Where a zone's name is written.

export type Position = number[];
/** Latitude and longitude, as Leaflet wants them. */
export type Centre = [latitude: number, longitude: number];

/** The middle of the largest part by its outer ring, of a multipolygon in longitude and latitude; null for an empty one. */
export function centreOf(polygons: Position[][][] | undefined): Centre | null {
  let largest: Position[] = [];
  let area = 0;
  for (const [ring = []] of polygons ?? []) {
    const other = doubleArea(ring);
    if (largest.length > 0 && Math.abs(other) <= Math.abs(area)) continue;
    largest = ring;
    area = other;
  }
  const [origin] = largest;
  if (origin === undefined) return null;
  const [originX = 0, originY = 0] = origin;
  let x = 0;
  let y = 0;
  for (const [one, other] of sidesOf(largest)) {
    const cross = one.x * other.y - other.x * one.y;
    x += (one.x + other.x) * cross;
    y += (one.y + other.y) * cross;
  }
  return area === 0 ? [originY, originX] : [originY + y / (3 * area), originX + x / (3 * area)];
}

interface Point {
  x: number;
  y: number;
}

/** The sides of a ring, measured from its first corner: near it the differences keep their digits. */
function sidesOf(ring: Position[]): [Point, Point][] {
  const [originX = 0, originY = 0] = ring[0] ?? [];
  const corners = ring.map(([x = 0, y = 0]): Point => ({ x: x - originX, y: y - originY }));
  return corners.slice(1).map((corner, index) => [corners[index] ?? corner, corner]);
}

/** Twice the area, with the sign of the ring's direction. */
function doubleArea(ring: Position[]): number {
  return sidesOf(ring).reduce((sum, [one, other]) => sum + one.x * other.y - other.x * one.y, 0);
}
