"""Designing district metered areas from the graph: which nodes belong together, and where meters must stand.

Communities of the graph are found by the Louvain method (Blondel et al. 2008, in networkx), which keeps the pipes
between communities few; small ones are merged until the wished number is left. Every pipe between two areas gets a
bulk meter, so nothing about the hydraulics changes.
"""

from collections import defaultdict
from dataclasses import dataclass

import networkx as nx
from django.db import connection, transaction

from assets.editing.services.devices import place_meters_at_pipe_ends
from assets.models import BulkMeterDetail, Demand, Network, Node, NodeKind, Pipe, Zone, ZoneConnection
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import record_change

# A connector holds a device and its neighbours in one area: no boundary runs through a pumping station.
_CONNECTOR_WEIGHT = 1000.0
_OUTSIDE_KINDS = {NodeKind.RESERVOIR.value, NodeKind.SOURCE.value}


@dataclass(frozen=True)
class ZoneDesign:
    """The zones made: the whole network as the parent, its areas, and the meters by zone boundary."""

    parent: Zone
    areas: list[Zone]
    meter_codes: list[str]


@transaction.atomic
def design_zones(
    *,
    network: Network,
    area_count: int,
    code_prefix: str,
    seed: int,
    meter_error_percent: float,
    acting_user: User | None,
) -> ZoneDesign:
    """Divide a network without zones into `area_count` metered areas below one zone for the whole.

    `meter_error_percent` is the limit, at 95 %, of the accuracy class of the meters to be installed.
    Deterministic for a seed. Raises ReportedError when the network has zones already or too few nodes.
    """
    if network.zones.exists():
        raise ReportedError(f"The network {network.code} has zones already.", code="zones_exist")
    graph = _graph(network)
    areas = _communities(graph, area_count, seed)
    if len(areas) < area_count:
        raise ReportedError(
            f"The network {network.code} is too small for {area_count} areas.", code="too_small"
        )
    parent = Zone.objects.create(
        network=network, division_id=network.division_id, code=f"{code_prefix}-00", name=f"{network.name}"
    )
    zones = [
        Zone.objects.create(
            network=network,
            division_id=network.division_id,
            parent=parent,
            code=f"{code_prefix}-{number:02}",
            name=f"{network.name}, area {number}",
        )
        for number in range(1, len(areas) + 1)
    ]
    zone_of_node = {node: zone for zone, members in zip(zones, areas, strict=True) for node in members}
    for zone, members in zip(zones, areas, strict=True):
        Node.objects.filter(pk__in=members).update(zone=zone)
    meters = _meter_boundaries(network, zone_of_node, parent, code_prefix, acting_user)
    BulkMeterDetail.objects.filter(node__network=network, node__code__in=meters).update(
        error_percent=meter_error_percent
    )
    _connect_tanks(network, zone_of_node, parent)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets.zones", "draw_zones"), {"network_id": network.pk, "parent_id": parent.pk}
        )
    record_change(
        acting_user=acting_user,
        action="design zones",
        subject=network,
        subject_id=network.code,
        division=network.division,
        new_values={"areas": len(zones), "meters": len(meters), "seed": seed},
    )
    return ZoneDesign(parent, zones, meters)


def _graph(network: Network) -> nx.Graph:
    """The network without its sources; edges weigh more where pipes run in parallel, nodes carry their demand."""
    graph = nx.Graph()
    outside = set(network.nodes.filter(kind__in=_OUTSIDE_KINDS).values_list("pk", flat=True))
    graph.add_nodes_from(sorted(set(network.nodes.values_list("pk", flat=True)) - outside), demand=0.0)
    pipes = network.pipes.order_by("pk").values_list("start_node_id", "end_node_id", "is_connector")
    for start, end, is_connector in pipes:
        if start in outside or end in outside or start == end:
            continue
        weight = _CONNECTOR_WEIGHT if is_connector else 1.0
        weight += graph.get_edge_data(start, end, {"weight": 0.0})["weight"]
        graph.add_edge(start, end, weight=weight)
    demands = Demand.objects.filter(node__network=network).values_list("node_id", "base_demand_m3s")
    for node, demand in demands:
        if node in graph:
            graph.nodes[node]["demand"] += max(demand, 0.0)
    return graph


def _communities(graph: nx.Graph, count: int, seed: int) -> list[list[int]]:
    """Connected communities, merged until `count` are left; the smallest demand joins its closest neighbour."""
    found = nx.community.louvain_communities(graph, weight="weight", seed=seed)
    members: dict[int, set[int]] = {}
    for community in found:
        for component in nx.connected_components(graph.subgraph(community)):
            members[min(component)] = set(component)
    owner = {node: label for label, nodes in members.items() for node in nodes}
    demand = {label: sum(graph.nodes[node]["demand"] for node in nodes) for label, nodes in members.items()}
    while len(members) > count:
        smallest = min(members, key=lambda label: (demand[label], label))
        shared: dict[int, int] = defaultdict(int)
        for node in members[smallest]:
            for neighbour in graph.neighbors(node):
                if owner[neighbour] != smallest:
                    shared[owner[neighbour]] += 1
        if not shared:
            break
        # Most shared pipes first: each of them would else need a meter.
        target = min(shared, key=lambda label: (-shared[label] / (demand[label] + 1e-9) ** 0.5, label))
        for node in members[smallest]:
            owner[node] = target
        members[target] |= members.pop(smallest)
        demand[target] += demand.pop(smallest)
    return [sorted(members[label]) for label in sorted(members)]


def _meter_boundaries(
    network: Network, zone_of_node: dict[int, Zone], parent: Zone, code_prefix: str, acting_user: User | None
) -> list[str]:
    """Put a meter on every pipe whose ends lie in different areas (or outside all), and name it on both sides."""
    wanted: list[tuple[int, int, str]] = []
    sides: dict[str, tuple[Zone | None, Zone | None]] = {}
    pipes = Pipe.objects.filter(network=network, is_connector=False).order_by("pk")
    for pipe in pipes.only("pk", "start_node_id", "end_node_id"):
        start, end = zone_of_node.get(pipe.start_node_id), zone_of_node.get(pipe.end_node_id)
        if start == end:
            continue
        code = f"{code_prefix}-M{len(wanted) + 1:02}"
        wanted.append((pipe.pk, pipe.end_node_id, code))
        sides[code] = (start, end)
    meters = {meter.code: meter for meter in place_meters_at_pipe_ends(network, wanted, acting_user)}
    connections = []
    for code, (start, end) in sides.items():
        meter = meters[code]
        if start is not None:
            connections.append(ZoneConnection(zone=start, node=meter, role=ZoneConnection.Role.OUTLET))
        if end is not None:
            connections.append(ZoneConnection(zone=end, node=meter, role=ZoneConnection.Role.INLET))
        if start is None:
            connections.append(ZoneConnection(zone=parent, node=meter, role=ZoneConnection.Role.INLET))
        elif end is None:
            connections.append(ZoneConnection(zone=parent, node=meter, role=ZoneConnection.Role.OUTLET))
    ZoneConnection.objects.bulk_create(connections)
    return sorted(sides)


def _connect_tanks(network: Network, zone_of_node: dict[int, Zone], parent: Zone) -> None:
    tanks = network.nodes.filter(kind=NodeKind.TANK).order_by("pk")
    ZoneConnection.objects.bulk_create(
        ZoneConnection(zone=zone, node=tank, role=ZoneConnection.Role.STORAGE)
        for tank in tanks
        for zone in (zone_of_node[tank.pk], parent)
    )
