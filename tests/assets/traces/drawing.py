"""Small networks for the tests of traces, written from a list of elements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.geos import LineString, Point
from django.db import transaction

from assets.models import (
    BulkMeterDetail,
    HydrantDetail,
    Network,
    Node,
    Pipe,
    PumpDetail,
    ReservoirDetail,
    TankDetail,
    ValveDetail,
)
from gis_core.models import Division

WEST, SOUTH, STEP = 69.4, 41.4, 0.001


@dataclass
class Drawn:
    """A network with its nodes and pipes by code."""

    network: Network
    nodes: dict[str, Node] = field(default_factory=dict)
    pipes: dict[str, Pipe] = field(default_factory=dict)


@transaction.atomic
def draw(
    division: Division,
    nodes: Mapping[str, str | tuple[str, dict[str, Any]]],
    pipes: Iterable[tuple[str, str, str] | tuple[str, str, str, dict[str, Any]]],
    *,
    code: str = "T",
    commodity: str = "water",
) -> Drawn:
    """Nodes {code: kind or (kind, {details, lifecycle, elevation_m, zone})}; pipes (code, start, end[, values])."""
    network = Network.objects.create(code=code, name=code, commodity=commodity, division=division)
    drawn = Drawn(network)
    for position, (node_code, described) in enumerate(nodes.items()):
        kind, values = described if isinstance(described, tuple) else (described, {})
        own = {name: values[name] for name in ("lifecycle", "elevation_m", "zone") if name in values}
        place = Point(WEST + STEP * (position % 10), SOUTH + STEP * (position // 10), srid=4326)
        node = Node.objects.create(
            network=network, division=division, code=node_code, kind=kind, geom=place, **own
        )
        details = {name: value for name, value in values.items() if name not in own}
        _add_detail(node, kind, details)
        drawn.nodes[node_code] = node
    for pipe_code, start, end, *more in pipes:
        values = dict(more[0]) if more else {}
        points = [drawn.nodes[start].geom.coords, drawn.nodes[end].geom.coords]
        if start == end:
            x, y = points[0]
            points = [points[0], (x + STEP / 3, y), (x, y + STEP / 3), points[0]]
        drawn.pipes[pipe_code] = Pipe.objects.create(
            network=network,
            division=division,
            code=pipe_code,
            start_node=drawn.nodes[start],
            end_node=drawn.nodes[end],
            geom=LineString(*points, srid=4326),
            **({"diameter_m": 0.2, "stated_length_m": 100.0} | values),
        )
    return drawn


def _add_detail(node: Node, kind: str, details: dict[str, Any]) -> None:
    if kind in ("valve", "regulator"):
        ValveDetail.objects.create(node=node, node_kind=kind, **({"status": "open"} | details))
    elif kind == "pump":
        PumpDetail.objects.create(node=node, **({"power_w": 1000.0} | details))
    elif kind in ("reservoir", "source"):
        ReservoirDetail.objects.create(node=node, node_kind=kind, **({"head_m": 500.0} | details))
    elif kind == "tank":
        TankDetail.objects.create(
            node=node,
            **(
                {"initial_level_m": 2, "minimum_level_m": 0, "maximum_level_m": 5, "diameter_m": 10} | details
            ),
        )
    elif kind == "bulk_meter":
        BulkMeterDetail.objects.create(node=node, **details)
    elif kind == "hydrant":
        HydrantDetail.objects.create(node=node, **details)
