"""Which nodes belong to which zone by the graph: zones flooded from their inlets to their boundaries.

    zone Z1 |M1>---a---b---[X]---c---<M2| zone Z2        M1, M2 inlets, X a closed valve

Bulk meters, whatever is closed, and the nodes that a zone's edge names (inlets, outlets, closed boundaries) part the
graph into regions. A region takes the zone whose inlet leads into it, whose outlet leads out of it or whose storage
stands in it; of a zone and one inside it, the inner one. Where none does, it takes the zone of the neighbours beyond
meters that no zone's edge names, or else that of the members it has.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import breadth_first_order, connected_components

from assets.models import Network, Zone, ZoneConnection
from assets.topology.selectors.network_graph import CLOSED, Arcs, NetworkGraph, network_graph
from gis_core.integer_reads import read_columns

_Role = ZoneConnection.Role
_EDGE_ROLES = (_Role.INLET, _Role.OUTLET, _Role.CLOSED)
# A way from one zone into another is shown with so many nodes at most.
LONGEST_WAY_SHOWN = 200

Indices = npt.NDArray[Any]


@dataclass(frozen=True)
class ZoneConflict:
    """A region that several zones claim, and a way inside it from what one claims it by to what another does."""

    zones: list[str]
    nodes: int
    way: list[str]

    def as_dict(self) -> dict[str, Any]:
        return {"zones": self.zones, "nodes": self.nodes, "way": self.way}


@dataclass
class Flooding:
    """Proposed members by the graph. `wanted` holds each node's zone id, 0 for none; nodes in conflict keep theirs.

    `disconnected`: nodes, by the zone they are members of, that nothing of the zone's edge leads to.
    """

    network: Network
    graph: NetworkGraph
    zones: dict[int, Zone]
    present: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.int64]
    conflicts: list[ZoneConflict] = field(default_factory=list)
    conflicting_zones: set[int] = field(default_factory=set)
    disconnected: dict[int, list[int]] = field(default_factory=dict)

    @property
    def changed(self) -> Indices:
        return np.flatnonzero(self.present != self.wanted)

    def as_dict(self, statuses: dict[int, str] | None = None) -> dict[str, Any]:
        changed, codes = self.changed, self.graph.node_codes
        zones = []
        for zone in sorted(self.zones.values(), key=lambda zone: zone.code):
            zones.append(
                {
                    "zone": zone.code,
                    "status": (statuses or {}).get(zone.pk),
                    "members": int((self.wanted == zone.pk).sum()),
                    "add": sorted(codes(changed[self.wanted[changed] == zone.pk])),
                    "remove": sorted(codes(changed[self.present[changed] == zone.pk])),
                    "disconnected": sorted(codes(np.array(self.disconnected.get(zone.pk, []), np.int64))),
                }
            )
        without = np.flatnonzero(self.wanted == 0)
        return {
            "network": self.network.code,
            "zones": zones,
            "conflicts": [conflict.as_dict() for conflict in self.conflicts],
            "without_zone": sorted(codes(without)),
            "changes": len(changed),
        }


def flood(network: Network, *, regulators_bound: bool = False) -> Flooding:
    """Flood the zones of a network; nothing is changed. `regulators_bound`: pressure regulators are boundaries too."""
    graph = network_graph(network)
    zones = {zone.pk: zone for zone in Zone.objects.filter(network=network).defer("geom")}
    present = _present_zones(network, graph)
    flooding = Flooding(network, graph, zones, present, present.copy())
    regions = _Regions(graph, network, regulators_bound)
    claims = _claims(graph, regions)
    for region, seeds in sorted(claims.items()):
        _settle(flooding, regions, region, seeds)
    _spread_over_plain_meters(flooding, regions)
    _take_members(flooding, regions)
    _place_boundaries(flooding, regions)
    return flooding


def _present_zones(network: Network, graph: NetworkGraph) -> npt.NDArray[np.int64]:
    rows = read_columns(
        "SELECT id, zone_id FROM assets_node WHERE network_id = %s AND zone_id IS NOT NULL",
        [network.pk],
        [("id", "int8"), ("zone", "int8")],
    )
    present = np.zeros(len(graph.node_ids), np.int64)
    _, at, found = np.intersect1d(graph.node_ids, rows["id"], assume_unique=True, return_indices=True)
    present[at] = rows["zone"][found]
    return present


class _Regions:
    """The parts of the graph between boundaries: `of_node` is the number of a node's region, -1 for boundaries."""

    def __init__(self, graph: NetworkGraph, network: Network, regulators_bound: bool) -> None:
        self.graph = graph
        self.edges = list(
            ZoneConnection.objects.filter(zone__network=network).values_list("zone_id", "node_id", "role")
        )
        named = {node for _zone, node, role in self.edges if role in _EDGE_ROLES}
        is_named = np.isin(graph.node_ids, list(named))
        self.is_plain_meter = graph.is_of_kind(["bulk_meter"]) & ~is_named
        is_boundary = is_named | self.is_plain_meter | (graph.passage == CLOSED)
        if regulators_bound:
            is_boundary |= graph.is_of_kind(["regulator", "regulator_station"])
        self.is_boundary = is_boundary
        inside = graph.is_open & ~is_boundary[graph.start] & ~is_boundary[graph.end]
        self.arcs: Arcs = graph.arcs_of(inside, inside)
        _count, labels = connected_components(self.arcs.matrix, directed=False)
        self.of_node = np.where(is_boundary, -1, labels)
        self.settled: dict[int, int] = {}
        self.in_conflict: set[int] = set()

    def beyond(self, node: int, *, leaving: bool | None = None) -> set[int]:
        """The nodes beside a boundary; `leaving` True: by pipes that start there, False: by those that end there."""
        graph = self.graph
        ends = []
        if leaving is not False:
            ends.append(graph.end[(graph.start == node) & graph.is_open])
        if leaving is not True:
            ends.append(graph.start[(graph.end == node) & graph.is_open])
        return {int(other) for other in np.concatenate(ends) if self.of_node[other] >= 0}

    def members(self, region: int) -> Indices:
        return np.flatnonzero(self.of_node == region)


def _claims(graph: NetworkGraph, regions: _Regions) -> dict[int, list[tuple[int, int]]]:
    """For each region (zone, node): which zones' edges lead to it, and at which node."""
    claims: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for zone, node_id, role in regions.edges:
        node = graph.index_of_node(node_id)
        if node is None or role == _Role.CLOSED:
            continue
        if role == _Role.STORAGE:
            reached = {node} if regions.of_node[node] >= 0 else set()
        elif graph.is_device[node]:
            reached = regions.beyond(node, leaving=role == _Role.INLET)
        else:
            reached = regions.beyond(node)
        for other in sorted(reached):
            claims[int(regions.of_node[other])].append((zone, other))
    return claims


def _settle(flooding: Flooding, regions: _Regions, region: int, seeds: list[tuple[int, int]]) -> None:
    """Give a region to the zone that claims it, the innermost of nested ones; or note the conflict."""
    claiming = {zone for zone, _node in seeds}
    inner = {
        zone for zone in claiming if not any(zone in _above(flooding.zones, other) for other in claiming)
    }
    members = regions.members(region)
    if len(inner) == 1:
        (zone,) = inner
        regions.settled[region] = zone
        flooding.wanted[members] = zone
        return
    first_of = {zone: node for zone, node in reversed(seeds) if zone in inner}
    one, other = sorted(inner, key=lambda zone: flooding.zones[zone].code)[:2]
    _note_conflict(flooding, regions, region, inner, _way(regions, first_of[one], first_of[other]))


def _above(zones: dict[int, Zone], zone: int) -> set[int]:
    """The zones that hold a zone."""
    above: set[int] = set()
    parent = zones[zone].parent_id
    while parent is not None and parent not in above:
        above.add(parent)
        parent = zones[parent].parent_id if parent in zones else None
    return above


def _note_conflict(
    flooding: Flooding, regions: _Regions, region: int, zones: Iterable[int], way: Indices
) -> None:
    regions.in_conflict.add(region)
    flooding.conflicting_zones.update(zones)
    flooding.conflicts.append(
        ZoneConflict(
            zones=sorted(flooding.zones[zone].code for zone in zones),
            nodes=len(regions.members(region)),
            way=flooding.graph.node_codes(way[:LONGEST_WAY_SHOWN]),
        )
    )


def _way(regions: _Regions, start: int, end: int) -> Indices:
    """The way of fewest pipes inside a region."""
    _order, predecessors = breadth_first_order(regions.arcs.matrix, start, directed=True)
    way = [end]
    while way[-1] != start:
        way.append(int(predecessors[way[-1]]))
    return np.array(way[::-1], np.int64)


def _spread_over_plain_meters(flooding: Flooding, regions: _Regions) -> None:
    """What lies behind a customer's bulk meter is of the zone in front of it, unless zones differ around it."""
    meters = np.flatnonzero(regions.is_plain_meter)
    beside: dict[int, set[int]] = defaultdict(set)
    for meter in meters.tolist():
        around = {int(regions.of_node[node]) for node in regions.beyond(meter)}
        for region in around:
            beside[region] |= around - {region}
    frontier = [region for region in beside if region in regions.settled]
    while frontier:
        reached: dict[int, set[int]] = defaultdict(set)
        for region in frontier:
            for other in beside[region]:
                if other not in regions.settled and other not in regions.in_conflict:
                    reached[other].add(regions.settled[region])
        frontier = []
        for region, zones in reached.items():
            if len(zones) == 1:
                (zone,) = zones
                regions.settled[region] = zone
                flooding.wanted[regions.members(region)] = zone
                frontier.append(region)


def _take_members(flooding: Flooding, regions: _Regions) -> None:
    """Regions that no edge leads to keep to the members they have."""
    has_edge = {zone for zone, _node, role in regions.edges if role in (_Role.INLET, _Role.STORAGE)}
    open_nodes = np.flatnonzero((regions.of_node >= 0) & (flooding.present > 0))
    pairs = np.unique(np.stack((regions.of_node[open_nodes], flooding.present[open_nodes])), axis=1)
    zones_of: dict[int, list[int]] = defaultdict(list)
    for region, zone in pairs.T.tolist():
        if region not in regions.settled and region not in regions.in_conflict:
            zones_of[region].append(zone)
    for region, zones in zones_of.items():
        members = regions.members(region)
        for zone in zones:
            if zone in has_edge:
                lost = members[flooding.present[members] == zone]
                flooding.disconnected.setdefault(zone, []).extend(lost.tolist())
        if len(zones) == 1:
            regions.settled[region] = zones[0]
            flooding.wanted[members] = zones[0]
        else:
            ends = [int(members[flooding.present[members] == zone][0]) for zone in zones[:2]]
            _note_conflict(flooding, regions, region, zones, _way(regions, *ends))


def _place_boundaries(flooding: Flooding, regions: _Regions) -> None:
    """A boundary stays a member of a zone beside it, or else becomes one of what it leads into."""
    inlet_of = {node: zone for zone, node, role in regions.edges if role == _Role.INLET}
    graph = flooding.graph
    boundary = np.flatnonzero(regions.is_boundary)
    if not len(boundary):
        return
    beside = _zones_beside(flooding, regions)
    for node in boundary.tolist():
        zones = beside.get(node, [])
        if not zones or int(flooding.present[node]) in zones:
            continue
        inlet = inlet_of.get(int(graph.node_ids[node]))
        flooding.wanted[node] = inlet if inlet in zones else zones[0]


def _zones_beside(flooding: Flooding, regions: _Regions) -> dict[int, list[int]]:
    """For each boundary the zones of its neighbours, those that its drawing leads into first."""
    graph = flooding.graph
    beside: dict[int, list[int]] = defaultdict(list)
    for here, there in ((graph.start, graph.end), (graph.end, graph.start)):
        at = np.flatnonzero(
            regions.is_boundary[here] & ~regions.is_boundary[there] & (flooding.wanted[there] > 0)
        )
        for node, zone in zip(here[at].tolist(), flooding.wanted[there[at]].tolist(), strict=True):
            if zone not in beside[node]:
                beside[node].append(zone)
    return beside
