// Simple facts of GeoJSON shapes.
import type L from "leaflet";

function* positionsOf(geometry: GeoJSON.Geometry): Generator<GeoJSON.Position> {
  if (geometry.type === "GeometryCollection") for (const part of geometry.geometries) yield* positionsOf(part);
  else yield* flat(geometry.coordinates);
}

function* flat(coordinates: readonly unknown[]): Generator<GeoJSON.Position> {
  if (typeof coordinates[0] === "number") yield coordinates as GeoJSON.Position;
  else for (const part of coordinates) if (Array.isArray(part)) yield* flat(part);
}

/** South-west and north-east of a shape, a little apart even for a point; null for an empty one. */
export function boundsOf(...geometries: GeoJSON.Geometry[]): L.LatLngBoundsLiteral | null {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const geometry of geometries)
    for (const [x = 0, y = 0] of positionsOf(geometry)) {
      [west, east] = [Math.min(west, x), Math.max(east, x)];
      [south, north] = [Math.min(south, y), Math.max(north, y)];
    }
  const margin = 0.0004;
  return west > east
    ? null
    : [
        [south - margin, west - margin],
        [north + margin, east + margin],
      ];
}

const EARTH_RADIUS_M = 6_371_008.8;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Metres between two positions [longitude, latitude], on the sphere: good for what is drawn; the server measures exactly. */
export function distanceOf([x1 = 0, y1 = 0]: GeoJSON.Position, [x2 = 0, y2 = 0]: GeoJSON.Position): number {
  const half = Math.sin(radians(y2 - y1) / 2) ** 2 + Math.cos(radians(y1)) * Math.cos(radians(y2)) * Math.sin(radians(x2 - x1) / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(half));
}

/** Degrees from north, clockwise, of the way from one position to another. */
export function bearingOf([x1 = 0, y1 = 0]: GeoJSON.Position, [x2 = 0, y2 = 0]: GeoJSON.Position): number {
  const east = radians(x2 - x1);
  const y = Math.sin(east) * Math.cos(radians(y2));
  const x = Math.cos(radians(y1)) * Math.sin(radians(y2)) - Math.sin(radians(y1)) * Math.cos(radians(y2)) * Math.cos(east);
  return ((Math.atan2(y, x) * 180) / Math.PI + 360) % 360;
}

/** The position that lies so many metres from another in a direction. */
export function positionAt([x = 0, y = 0]: GeoJSON.Position, metres: number, bearing: number): [number, number] {
  const north = (metres * Math.cos(radians(bearing))) / EARTH_RADIUS_M;
  const east = (metres * Math.sin(radians(bearing))) / (EARTH_RADIUS_M * Math.cos(radians(y)));
  return [x + (east * 180) / Math.PI, y + (north * 180) / Math.PI];
}
