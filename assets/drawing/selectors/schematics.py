"""The schematic of a zone: where its water comes from and goes to, through which meters, and what parts it from others.

+--------+          +------+          +------+
| source |--(M1)--->| Z1   |--(M2)--->| Z2   |        boxes: sources, zones, tanks, what lies outside
+--------+          +------+          +------+        arrows: meters in the direction of their drawing
                        |                 |           dashed with a cross: closed valves
                        +- - - [X] - - - -+
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
from django.utils.translation import gettext_noop as _

from assets.models import Network, Node, Pipe, Zone, ZoneConnection
from assets.models.commodities import rules_of
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_Role = ZoneConnection.Role
# From an inlet a source is looked for this many pipes up; further away it is another part of the network.
_SOURCE_REACH = 6
MAXIMUM_PARTIES = 200
MAXIMUM_LINKS = 1000


@dataclass(frozen=True)
class Party:
    """A box: kind "zone", "own" (what of the zone is in none of its parts), "source", "storage" or "outside"."""

    key: str
    kind: str
    code: str
    caption: str = ""


@dataclass(frozen=True)
class SchematicLink:
    """A meter or a closed boundary between two parties; a storage's link has no code of its own."""

    start: str
    end: str
    code: str
    role: str


@dataclass
class Schematic:
    """Parties by key, links between them, and each party's layer, counted from where water comes from."""

    network: Network
    zone: Zone
    parties: dict[str, Party] = field(default_factory=dict)
    links: list[SchematicLink] = field(default_factory=list)

    def layers(self) -> dict[str, int]:
        """The layer of each party: after all that feed it. Where parties feed each other in a circle, what is nearer to
        the sources comes first.
        """
        graph = nx.DiGraph()
        graph.add_nodes_from(sorted(self.parties))
        graph.add_edges_from(
            (link.start, link.end)
            for link in self.links
            if link.role != _Role.CLOSED and link.start != link.end
        )
        place = _places_from_sources(graph, self.parties)
        circle_of = {
            key: number for number, keys in enumerate(nx.strongly_connected_components(graph)) for key in keys
        }
        graph.remove_edges_from(
            [
                (start, end)
                for start, end in graph.edges
                if circle_of[start] == circle_of[end] and place[end] < place[start]
            ]
        )
        return {key: layer for layer, keys in enumerate(nx.topological_generations(graph)) for key in keys}

    def as_dict(self) -> dict[str, Any]:
        layers = self.layers()
        return {
            "network": self.network.code,
            "zone": self.zone.code,
            "parties": [
                {
                    "key": party.key,
                    "kind": party.kind,
                    "code": party.code,
                    "caption": party.caption,
                    "layer": layers[party.key],
                }
                for party in self.parties.values()
            ],
            "links": [
                {"from": link.start, "to": link.end, "code": link.code, "role": link.role}
                for link in self.links
            ],
        }


def _places_from_sources(graph: nx.DiGraph, parties: dict[str, Party]) -> dict[str, tuple[int, str]]:
    """How many links each party is from a source, or from what nothing feeds, or else from the first of all."""
    roots = [key for key in graph if parties[key].kind == "source"]
    roots = roots or [key for key in graph if not graph.in_degree(key)] or list(graph)[:1]
    steps: dict[str, int] = {}
    for root in roots:
        for key, distance in nx.single_source_shortest_path_length(graph, root).items():
            steps[key] = min(distance, steps.get(key, distance))
    return {key: (steps.get(key, 0), key) for key in graph}


def schematic_of(network: Network, zone: Zone) -> Schematic:
    """The schematic of one zone, with the zones directly inside it as boxes; ReportedError when it is too large."""
    schematic = Schematic(network, zone)
    box_of = _boxes(schematic)
    edges = list(
        ZoneConnection.objects.filter(zone__in=[zone, *zone.children.all()])
        .select_related("node", "zone")
        .defer("zone__geom")
        .order_by("node__code", "pk")
    )
    devices = _by_node(edges)
    if len(devices) > MAXIMUM_LINKS:
        raise ReportedError(
            Sentence(
                _("Zone {zone} has {count} connections; at most {maximum_links} are drawn."),
                zone=zone.code,
                count=len(devices),
                maximum_links=MAXIMUM_LINKS,
            ),
            code="too_large",
        )
    sides = _Sides(network, schematic, box_of)
    for node, roles in devices:
        if roles == {_Role.STORAGE}:
            _add_storage(schematic, node, box_of)
        else:
            _add_device(schematic, sides, node, roles)
    _add_sources(schematic, box_of)
    if len(schematic.parties) > MAXIMUM_PARTIES:
        raise ReportedError(
            Sentence(
                _("Zone {zone} has {count} parts; at most {maximum_parties} are drawn."),
                zone=zone.code,
                count=len(schematic.parties),
                maximum_parties=MAXIMUM_PARTIES,
            ),
            code="too_large",
        )
    _drop_unused(schematic)
    return schematic


def _boxes(schematic: Schematic) -> dict[int, str]:
    """Make the boxes of the zone's parts; return the box of every zone inside it."""
    zones = list(Zone.objects.filter(network=schematic.network).defer("geom"))
    inside: dict[int | None, list[Zone]] = {}
    for zone in zones:
        inside.setdefault(zone.parent_id, []).append(zone)
    parts = inside.get(schematic.zone.pk, [])
    key = f"zone {schematic.zone.code}"
    box_of = {schematic.zone.pk: key}
    schematic.parties[key] = Party(
        key, "own" if parts else "zone", schematic.zone.code, _caption(schematic.zone)
    )
    for part in sorted(parts, key=lambda zone: zone.code):
        key = f"zone {part.code}"
        schematic.parties[key] = Party(key, "zone", part.code, _caption(part))
        below = [part]
        while below:
            zone = below.pop()
            box_of[zone.pk] = key
            below += inside.get(zone.pk, [])
    return box_of


def _caption(zone: Zone) -> str:
    return "" if zone.name == zone.code else zone.name


def _by_node(edges: Iterable[ZoneConnection]) -> list[tuple[Node, set[str]]]:
    found: dict[int, tuple[Node, set[str]]] = {}
    for edge in edges:
        found.setdefault(edge.node_id, (edge.node, set()))[1].add(edge.role)
    return list(found.values())


class _Sides:
    """What lies on either side of a device."""

    def __init__(self, network: Network, schematic: Schematic, box_of: dict[int, str]) -> None:
        self.schematic = schematic
        self.box_of = box_of
        self.supply_kinds = rules_of(network.commodity).supply_kinds
        self.zone_codes = dict(network.zones.values_list("pk", "code"))

    def party(self, device: Node, *, upstream: bool) -> str:
        """The key of the party beyond the device; made if it is outside the zone."""
        beside = _neighbours([device.pk], upstream=upstream)
        for node in beside:
            if node.zone_id in self.box_of:
                return self.box_of[node.zone_id]
        if upstream:
            source = self._source_above(device, beside)
            if source is not None:
                return self._make("source", source.code, source.get_kind_display())
        for node in beside:
            if node.zone_id is not None:
                return self._make("outside", self.zone_codes[node.zone_id], "another zone")
        return self._make("outside", "…", "outside any zone")

    def _source_above(self, device: Node, beside: list[Node]) -> Node | None:
        """The one source that leads to the device, where it is near; None where there are several, or zones between."""
        seen = {device.pk}
        frontier = beside
        for _step in range(_SOURCE_REACH):
            sources = [node for node in frontier if node.kind in self.supply_kinds]
            if sources:
                return sources[0] if len(sources) == 1 else None
            seen |= {node.pk for node in frontier}
            frontier = [
                node
                for node in _neighbours([node.pk for node in frontier if node.zone_id is None], upstream=None)
                if node.pk not in seen
            ]
        return None

    def _make(self, kind: str, code: str, caption: str) -> str:
        key = f"{kind} {code}"
        self.schematic.parties.setdefault(key, Party(key, kind, code, caption))
        return key


def _neighbours(nodes: list[int], *, upstream: bool | None) -> list[Node]:
    """The nodes at the other ends of pipes in service: those that end there, those that start there, or both."""
    pipes = Pipe.objects.filter(lifecycle="in_service")
    ids: set[int] = set()
    if upstream is not False:
        ids |= set(pipes.filter(end_node__in=nodes).values_list("start_node", flat=True))
    if upstream is not True:
        ids |= set(pipes.filter(start_node__in=nodes).values_list("end_node", flat=True))
    return list(Node.objects.filter(pk__in=ids, lifecycle="in_service").order_by("pk"))


def _add_device(schematic: Schematic, sides: _Sides, node: Node, roles: set[str]) -> None:
    start, end = sides.party(node, upstream=True), sides.party(node, upstream=False)
    role = next(role for role in (_Role.CLOSED, _Role.INLET, _Role.OUTLET, _Role.STORAGE) if role in roles)
    schematic.links.append(SchematicLink(start, end, node.code, str(role)))


def _add_storage(schematic: Schematic, node: Node, box_of: dict[int, str]) -> None:
    box = box_of.get(node.zone_id or 0, f"zone {schematic.zone.code}")
    key = f"storage {node.code}"
    schematic.parties[key] = Party(key, "storage", node.code, node.get_kind_display())
    schematic.links.append(SchematicLink(box, key, "", str(_Role.STORAGE)))


def _add_sources(schematic: Schematic, box_of: dict[int, str]) -> None:
    """Sources that stand in the zone itself."""
    kinds = rules_of(schematic.network.commodity).supply_kinds
    inside = Node.objects.filter(zone__in=list(box_of), kind__in=kinds, lifecycle="in_service")
    shown = {party.code for party in schematic.parties.values() if party.kind == "storage"}
    for node in inside.order_by("code")[: MAXIMUM_PARTIES + 1]:
        if node.code in shown:
            continue
        key = f"source {node.code}"
        schematic.parties.setdefault(key, Party(key, "source", node.code, node.get_kind_display()))
        schematic.links.append(SchematicLink(key, box_of[node.zone_id or 0], "", "source"))


def _drop_unused(schematic: Schematic) -> None:
    """What of the zone is in none of its parts is a box only where something leads to it."""
    key = f"zone {schematic.zone.code}"
    used = {end for link in schematic.links for end in (link.start, link.end)}
    if schematic.parties[key].kind == "own" and key not in used:
        del schematic.parties[key]
