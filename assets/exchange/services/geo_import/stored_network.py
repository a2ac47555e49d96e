"""What a network already holds, in the form in which rows of a file are compared with it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from assets.exchange.services.export.geo_schema import PIPE_COLUMNS, line_details, node_details
from assets.exchange.services.export.live_graph import AsHexWKB
from assets.models import Curve, Demand, Network, Node, Pattern, Pipe, Zone, ZoneConnection

NodeKey = tuple[str, str]  # class of codes, code


@dataclass(slots=True)
class StoredLayerNode:
    """A node with everything a row may state of it."""

    id: int
    kind: str
    place: int
    position: tuple[float, float]
    values: dict[str, Any]
    details: dict[str, Any] | None = None
    demands: list[tuple[float, str | None, str]] = field(default_factory=list)


@dataclass(slots=True)
class StoredLayerPipe:
    """A pipe or connector; ends by the ids of their nodes."""

    id: int
    start_id: int
    end_id: int
    coordinates: Any
    values: dict[str, Any]
    details: dict[str, Any] | None = None


@dataclass
class StoredNetwork:
    """All of it by code; `places` (longitude, latitude) in the order of `node_of_place`."""

    nodes: dict[NodeKey, StoredLayerNode] = field(default_factory=dict)
    places: Any = None
    node_of_place: list[NodeKey] = field(default_factory=list)
    pipes: dict[tuple[bool, str], StoredLayerPipe] = field(default_factory=dict)
    pipe_by_drawing: dict[bytes, tuple[bool, str]] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    patterns: dict[str, Pattern] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    connections: set[tuple[str, int]] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        return not (self.nodes or self.zones or self.patterns or self.curves)


def read_stored_network(network: Network) -> StoredNetwork:
    """Read the whole network."""
    stored = StoredNetwork(places=np.empty((0, 2)))
    stored.zones = {zone.code: zone for zone in Zone.objects.filter(network=network)}
    stored.patterns = {row.code: row for row in Pattern.objects.filter(network=network)}
    stored.curves = {row.code: row for row in Curve.objects.filter(network=network)}
    _read_nodes(network, stored)
    if stored.nodes:
        _read_pipes(network, stored)
    connections = ZoneConnection.objects.filter(zone__network=network)
    stored.connections = set(connections.values_list("zone__code", "node_id"))
    return stored


def _read_nodes(network: Network, stored: StoredNetwork) -> None:
    columns = ("id", "kind", "code_class", "code", "elevation_m", "lifecycle", "installed_on", "zone__code")
    rows = list(Node.objects.filter(network=network).order_by("id").values_list(*columns, AsHexWKB("geom")))
    if not rows:
        return
    stored.places = shapely.get_coordinates(shapely.from_wkb([row[-1] for row in rows]))
    by_id: dict[int, StoredLayerNode] = {}
    positions = [(x, y) for x, y in stored.places.tolist()]
    for place, (pk, kind, code_class, code, elevation_m, lifecycle, installed_on, zone, _) in enumerate(rows):
        values = {
            "elevation_m": elevation_m,
            "lifecycle": lifecycle,
            "installed_on": installed_on,
            "zone": zone,
        }
        node = StoredLayerNode(pk, kind, place, positions[place], values)
        stored.nodes[code_class, code] = by_id[pk] = node
        stored.node_of_place.append((code_class, code))
    for table in node_details():
        names = [f"{column.name}__code" if column.refers_to else column.name for column in table.columns]
        for pk, *facts in table.model.objects.filter(node__network=network).values_list("node_id", *names):
            by_id[pk].details = {column.name: fact for column, fact in zip(table.columns, facts, strict=True)}
    demands = Demand.objects.filter(node__network=network).order_by("node_id", "ordinal")
    stated = ("node_id", "base_demand_m3s", "pattern__code", "category")
    for pk, base_m3s, pattern, category in demands.values_list(*stated):
        by_id[pk].demands.append((base_m3s, pattern, category))


def _read_pipes(network: Network, stored: StoredNetwork) -> None:
    columns = [name for name in PIPE_COLUMNS if not name.startswith(("start_", "end_"))]
    rows = list(
        Pipe.objects.filter(network=network)
        .order_by("id")
        .values_list("id", "start_node_id", "end_node_id", *columns, AsHexWKB("geom"))
    )
    if not rows:
        return
    by_id: dict[int, StoredLayerPipe] = {}
    flat, owner = shapely.get_coordinates(shapely.from_wkb([row[-1] for row in rows]), return_index=True)
    breaks = np.cumsum(np.bincount(owner, minlength=len(rows)))[:-1]
    for row, coordinates in zip(rows, np.split(flat, breaks), strict=True):
        values = dict(zip(columns, row[3:-1], strict=True))
        key = (values.pop("is_connector"), values.pop("code"))
        stored.pipes[key] = by_id[row[0]] = StoredLayerPipe(row[0], row[1], row[2], coordinates, values)
        stored.pipe_by_drawing[coordinates.tobytes()] = key
    for table in line_details():
        names = [column.name for column in table.columns]
        for pk, *facts in table.model.objects.filter(pipe__network=network).values_list("pipe_id", *names):
            by_id[pk].details = dict(zip(names, facts, strict=True))
