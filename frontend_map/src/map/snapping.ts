// What a drawn point snaps to: the network's own nodes and lines near by, at the places that the server keeps.
import Flatbush from "flatbush";
import type L from "leaflet";
import { fetchJson } from "../page";
import type { Workspace } from "./workspace";

export interface SnapTarget {
  position: [number, number];
  /** What stands there: a node, or a line that would be split. */
  node: string | null;
  pipe: string | null;
  code: string;
}

interface GroundFeature {
  id: string;
  geometry: { type: string; coordinates: unknown };
  properties: { code: string };
}

// Under this zoom too much would have to be fetched, and nobody draws.
const NEAREST_ZOOM = 15;
const MOST = "2000";
const NODE_REACH_PX = 14;
const LINE_REACH_PX = 10;
const METRES_PER_DEGREE = 111_320;

type Position = [number, number];

export interface GroundNode {
  uid: string;
  code: string;
  position: Position;
}

export interface GroundLine {
  uid: string;
  code: string;
  positions: Position[];
}

/** Nodes and the straight parts of lines, found by a box of degrees without looking at all of them. */
export class GroundIndex {
  private readonly parts: GroundLine[];
  private readonly nodeTree: Flatbush | null;
  private readonly partTree: Flatbush | null;

  constructor(
    private readonly nodes: readonly GroundNode[],
    lines: readonly GroundLine[],
  ) {
    this.parts = lines.flatMap(({ uid, code, positions }) => positions.slice(1).map((to, index) => ({ uid, code, positions: [positions[index] ?? to, to] })));
    this.nodeTree = treeOf(nodes.map(({ position }) => [position]));
    this.partTree = treeOf(this.parts.map(({ positions }) => positions));
  }

  near(west: number, south: number, east: number, north: number): { nodes: GroundNode[]; lines: GroundLine[] } {
    return {
      nodes: (this.nodeTree?.search(west, south, east, north) ?? []).flatMap((index) => this.nodes[index] ?? []),
      lines: (this.partTree?.search(west, south, east, north) ?? []).flatMap((index) => this.parts[index] ?? []),
    };
  }
}

function treeOf(shapes: readonly Position[][]): Flatbush | null {
  if (shapes.length === 0) return null;
  const tree = new Flatbush(shapes.length);
  for (const shape of shapes) {
    const [xs, ys] = [shape.map(([x]) => x), shape.map(([, y]) => y)];
    tree.add(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys));
  }
  tree.finish();
  return tree;
}

export class SnapGround {
  private index = new GroundIndex([], []);
  private covered: L.LatLngBounds | null = null;
  private asked = 0;

  constructor(private readonly workspace: Workspace) {}

  /** Fetch what lies in view and a little around, unless it is known already. */
  async cover(force = false): Promise<void> {
    const { map } = this.workspace;
    if (map.getZoom() < NEAREST_ZOOM) return;
    const view = map.getBounds();
    if (!force && this.covered?.contains(view) === true) return;
    const ask = (this.asked += 1);
    const wide = view.pad(0.3);
    const found = await this.within(wide.toBBoxString());
    // A later question has been answered meanwhile.
    if (ask !== this.asked) return;
    this.covered = wide;
    this.index = new GroundIndex(found.nodes, found.lines);
  }

  /** What the server takes to stand at a typed place, whether it is in view or not. */
  async standingAt([longitude, latitude]: [number, number]): Promise<SnapTarget | null> {
    const reach = this.workspace.settings.snapToleranceM;
    const up = reach / METRES_PER_DEGREE;
    const across = up / Math.cos((latitude * Math.PI) / 180);
    const { nodes, lines } = await this.within([longitude - across, latitude - up, longitude + across, latitude + up].join());
    const metres: Projected = ([x, y]) => ({ x: ((x - longitude) / across) * reach, y: ((y - latitude) / up) * reach });
    return nearestNode(nodes, { x: 0, y: 0 }, metres, reach) ?? nearestLine(lines, { x: 0, y: 0 }, metres, reach);
  }

  private async within(bbox: string): Promise<{ nodes: GroundNode[]; lines: GroundLine[] }> {
    const { settings, network } = this.workspace;
    const query = new URLSearchParams({ f: "json", network, limit: MOST, bbox });
    const read = (collection: string): Promise<{ features: GroundFeature[] }> => fetchJson(`${settings.addresses.ogc}collections/${collection}/items?${query}`);
    const [nodes, lines] = await Promise.all([read("nodes"), read("pipes")]);
    return {
      nodes: nodes.features.map(({ id, geometry, properties }) => ({ uid: id, code: properties.code, position: geometry.coordinates as [number, number] })),
      lines: lines.features.map(({ id, geometry, properties }) => ({ uid: id, code: properties.code, positions: geometry.coordinates as [number, number][] })),
    };
  }

  /** The node, else the line, that lies within reach of a place on the screen. */
  at(place: L.LatLngExpression): SnapTarget | null {
    const { map } = this.workspace;
    const spot = map.latLngToContainerPoint(place);
    const project: Projected = ([longitude, latitude]) => map.latLngToContainerPoint([latitude, longitude]);
    // Only what lies about the pointer is measured in pixels: this runs at each of its moves.
    const reach: L.PointTuple = [NODE_REACH_PX, NODE_REACH_PX];
    const [one, other] = [map.containerPointToLatLng(spot.subtract(reach)), map.containerPointToLatLng(spot.add(reach))];
    const { nodes, lines } = this.index.near(one.lng, other.lat, other.lng, one.lat);
    return nearestNode(nodes, spot, project, NODE_REACH_PX) ?? nearestLine(lines, spot, project, LINE_REACH_PX);
  }
}

type Projected = (position: [number, number]) => { x: number; y: number };

export function nearestNode(nodes: readonly GroundNode[], spot: { x: number; y: number }, project: Projected, reach: number): SnapTarget | null {
  let [best, nearest]: [SnapTarget | null, number] = [null, reach];
  for (const { uid, code, position } of nodes) {
    const { x, y } = project(position);
    const distance = Math.hypot(x - spot.x, y - spot.y);
    if (distance <= nearest) [best, nearest] = [{ position, node: uid, pipe: null, code }, distance];
  }
  return best;
}

export function nearestLine(lines: readonly GroundLine[], spot: { x: number; y: number }, project: Projected, reach: number): SnapTarget | null {
  let [best, nearest]: [SnapTarget | null, number] = [null, reach];
  for (const { uid, code, positions } of lines)
    for (let index = 1; index < positions.length; index += 1) {
      const [from, to] = [positions[index - 1], positions[index]];
      if (from === undefined || to === undefined) continue;
      const [one, other] = [project(from), project(to)];
      const [dx, dy] = [other.x - one.x, other.y - one.y];
      const length = dx * dx + dy * dy;
      const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((spot.x - one.x) * dx + (spot.y - one.y) * dy) / length));
      const distance = Math.hypot(one.x + share * dx - spot.x, one.y + share * dy - spot.y);
      if (distance < nearest) [best, nearest] = [{ position: [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])], node: null, pipe: uid, code }, distance];
    }
  return best;
}

/** The point [longitude, latitude] of a line that lies nearest to a place, measured as on the ground. */
export function nearestOf(positions: readonly Position[], place: { lat: number; lng: number }): Position {
  const across = Math.cos((place.lat * Math.PI) / 180);
  const project: Projected = ([longitude, latitude]) => ({ x: longitude * across, y: latitude });
  const line = { uid: "", code: "", positions: [...positions] };
  return nearestLine([line], project([place.lng, place.lat]), project, Infinity)?.position ?? [place.lng, place.lat];
}
