// Losses as heat: each zone is filled with points that share its loss, so that the heat has the zone's shape.
import type { Position } from "./zone_centre";

export interface HeatZone {
  polygons: Position[][][];
  /** Volume lost, m³; nothing and less than nothing give no heat. */
  loss_m3: number;
}

export interface HeatPoint {
  longitude: number;
  latitude: number;
  /** 0 to 1: the loss per point, 1 where it is greatest. */
  weight: number;
}

// About as many points over all zones; more would be drawn no better.
const POINTS = 1500;

function isInside(polygon: Position[][], x: number, y: number): boolean {
  let inside = false;
  for (const ring of polygon) {
    for (let at = 0, before = ring.length - 1; at < ring.length; before = at, at += 1) {
      const [x1 = 0, y1 = 0] = ring[at] ?? [];
      const [x2 = 0, y2 = 0] = ring[before] ?? [];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
    }
  }
  return inside;
}

function boxOf(polygons: Position[][][]): { west: number; south: number; east: number; north: number } {
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const [x = 0, y = 0] of polygons.flat(2)) {
    box.west = Math.min(box.west, x);
    box.east = Math.max(box.east, x);
    box.south = Math.min(box.south, y);
    box.north = Math.max(box.north, y);
  }
  return box;
}

export interface Heat {
  points: HeatPoint[];
  /** The side of the grid's squares, degrees of longitude. */
  step: number;
  /** The loss by area that the weight 1 stands for, m³ per km². */
  most_m3_km2: number;
}

const KM_PER_DEGREE = 111.32;

/** Points over the zones on one grid of squares; their weights are the zone's loss by its area. */
export function heatOf(zones: HeatZone[]): Heat {
  const nothing: Heat = { points: [], step: 1, most_m3_km2: 0 };
  const boxes = zones.map((zone) => boxOf(zone.polygons));
  const area = boxes.reduce((sum, box) => sum + Math.max(0, box.east - box.west) * Math.max(0, box.north - box.south), 0);
  if (!(area > 0) || !Number.isFinite(area)) return nothing;
  const middle = boxes[0] === undefined ? 0 : (boxes[0].south + boxes[0].north) / 2;
  // A degree of longitude is shorter than one of latitude: on the ground the grid has squares.
  const shrink = Math.cos((middle * Math.PI) / 180);
  const step = Math.sqrt(area / POINTS / shrink);
  const rise = step * shrink;
  const found: HeatPoint[] = [];
  for (const [index, zone] of zones.entries()) {
    const box = boxes[index];
    if (box === undefined || !(zone.loss_m3 > 0)) continue;
    const inside: [number, number][] = [];
    for (let x = (Math.floor(box.west / step) + 0.5) * step; x < box.east; x += step) {
      for (let y = (Math.floor(box.south / rise) + 0.5) * rise; y < box.north; y += rise) {
        if (zone.polygons.some((polygon) => isInside(polygon, x, y))) inside.push([x, y]);
      }
    }
    // A zone smaller than the grid still shows.
    if (inside.length === 0) inside.push([(box.west + box.east) / 2, (box.south + box.north) / 2]);
    for (const [longitude, latitude] of inside) found.push({ longitude, latitude, weight: zone.loss_m3 / inside.length });
  }
  const most = found.reduce((greatest, point) => Math.max(greatest, point.weight), 0);
  if (most === 0) return nothing;
  const side = step * shrink * KM_PER_DEGREE;
  return { points: found.map((point) => ({ ...point, weight: point.weight / most })), step, most_m3_km2: most / side ** 2 };
}
