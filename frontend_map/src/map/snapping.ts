// What a drawn point snaps to: the network's own nodes and lines near by, at the places that the server keeps.
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

export class SnapGround {
  private nodes: { uid: string; code: string; position: [number, number] }[] = [];
  private lines: { uid: string; code: string; positions: [number, number][] }[] = [];
  private covered: L.LatLngBounds | null = null;
  private asked = 0;

  constructor(private readonly workspace: Workspace) {}

  /** Fetch what lies in view and a little around, unless it is known already. */
  async cover(force = false): Promise<void> {
    const { map, settings, network } = this.workspace;
    if (map.getZoom() < NEAREST_ZOOM) return;
    const view = map.getBounds();
    if (!force && this.covered?.contains(view) === true) return;
    const ask = (this.asked += 1);
    const wide = view.pad(0.3);
    const query = new URLSearchParams({ f: "json", network, limit: MOST, bbox: wide.toBBoxString() });
    const read = (collection: string): Promise<{ features: GroundFeature[] }> => fetchJson(`${settings.addresses.ogc}collections/${collection}/items?${query}`);
    const [nodes, lines] = await Promise.all([read("nodes"), read("pipes")]);
    // A later question has been answered meanwhile.
    if (ask !== this.asked) return;
    this.covered = wide;
    this.nodes = nodes.features.map(({ id, geometry, properties }) => ({ uid: id, code: properties.code, position: geometry.coordinates as [number, number] }));
    this.lines = lines.features.map(({ id, geometry, properties }) => ({ uid: id, code: properties.code, positions: geometry.coordinates as [number, number][] }));
  }

  /** The node, else the line, that lies within reach of a place on the screen. */
  at(place: L.LatLngExpression): SnapTarget | null {
    const { map } = this.workspace;
    const spot = map.latLngToContainerPoint(place);
    const project: Projected = ([longitude, latitude]) => map.latLngToContainerPoint([latitude, longitude]);
    return nearestNode(this.nodes, spot, project, NODE_REACH_PX) ?? nearestLine(this.lines, spot, project, LINE_REACH_PX);
  }
}

type Projected = (position: [number, number]) => { x: number; y: number };

export function nearestNode(nodes: readonly { uid: string; code: string; position: [number, number] }[], spot: { x: number; y: number }, project: Projected, reach: number): SnapTarget | null {
  let [best, nearest]: [SnapTarget | null, number] = [null, reach];
  for (const { uid, code, position } of nodes) {
    const { x, y } = project(position);
    const distance = Math.hypot(x - spot.x, y - spot.y);
    if (distance <= nearest) [best, nearest] = [{ position, node: uid, pipe: null, code }, distance];
  }
  return best;
}

export function nearestLine(lines: readonly { uid: string; code: string; positions: [number, number][] }[], spot: { x: number; y: number }, project: Projected, reach: number): SnapTarget | null {
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
