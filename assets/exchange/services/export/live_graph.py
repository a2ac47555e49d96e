"""The network as it is now, read for an export: nodes with details and demands, pipes with their drawing."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assets.exchange.services.epanet_import.stored_model import AsHexWKB
from assets.models import (
    DEVICE_KINDS,
    Curve,
    Demand,
    Network,
    Node,
    Pattern,
    Pipe,
    PumpDetail,
    ReservoirDetail,
    TankDetail,
    ValveDetail,
)

Position = tuple[float, float]

_DETAIL_COLUMNS: dict[Any, tuple[str, ...]] = {
    TankDetail: (
        "initial_level_m",
        "minimum_level_m",
        "maximum_level_m",
        "diameter_m",
        "minimum_volume_m3",
        "volume_curve__code",
        "can_overflow",
    ),
    ReservoirDetail: ("head_m", "head_pattern__code"),
    PumpDetail: (
        "head_curve__code",
        "power_w",
        "relative_speed",
        "speed_pattern__code",
        "efficiency_curve__code",
        "status",
    ),
    ValveDetail: ("valve_type", "diameter_m", "setting", "minor_loss", "headloss_curve__code", "status"),
}


@dataclass(slots=True)
class LiveNode:
    """A node as stored; `detail` is empty where none is stored, `demands` are (m3/s, pattern, category)."""

    id: int
    kind: str
    code: str
    elevation_m: float | None
    lifecycle: str
    position: Position
    detail: dict[str, Any] = field(default_factory=dict)
    demands: list[tuple[float, str | None, str]] = field(default_factory=list)

    @property
    def is_device(self) -> bool:
        return self.kind in DEVICE_KINDS

    @property
    def label(self) -> str:
        return f"{self.kind} {self.code}"


@dataclass(slots=True)
class LivePipe:
    """A pipe or connector as stored; `points` include its ends."""

    id: int
    code: str
    is_connector: bool
    start_id: int
    end_id: int
    points: list[Position]
    stated_length_m: float | None
    geodesic_length_m: float
    diameter_m: float | None
    roughness: float | None
    minor_loss: float
    status: str
    has_check_valve: bool
    lifecycle: str

    @property
    def label(self) -> str:
        return f"{'connector' if self.is_connector else 'pipe'} {self.code}"


@dataclass
class LiveGraph:
    """All of a network, in the order in which it was entered."""

    nodes: dict[int, LiveNode]
    pipes: list[LivePipe]
    patterns: dict[str, list[float]]
    curves: dict[str, Curve]


def read_live_graph(network: Network) -> LiveGraph:
    """Read the whole network in a handful of queries."""
    nodes: dict[int, LiveNode] = {}
    node_columns = ("id", "kind", "code", "elevation_m", "lifecycle")
    stored: Any = Node.objects.filter(network=network).order_by("id")
    for row in stored.values_list(*node_columns, AsHexWKB("geom")):
        node = LiveNode(*(*row[:5], _points(row[5], header=5)[0]))
        nodes[node.id] = node
    for model, names in _DETAIL_COLUMNS.items():
        keys = [name.removesuffix("__code") for name in names]
        rows: Any = model.objects.filter(node__network=network).values_list("node_id", *names)
        for pk, *values in rows:
            nodes[pk].detail = dict(zip(keys, values, strict=True))
    demands = Demand.objects.filter(node__network=network).order_by("node_id", "ordinal")
    columns = ("node_id", "base_demand_m3s", "pattern__code", "category")
    for pk, base_m3s, pattern, category in demands.values_list(*columns):
        nodes[pk].demands.append((base_m3s, pattern, category))
    return LiveGraph(
        nodes=nodes,
        pipes=_read_pipes(network),
        patterns=dict(
            Pattern.objects.filter(network=network).order_by("id").values_list("code", "multipliers")
        ),
        curves={curve.code: curve for curve in Curve.objects.filter(network=network).order_by("id")},
    )


def _read_pipes(network: Network) -> list[LivePipe]:
    rows: Any = (
        Pipe.objects.filter(network=network)
        .order_by("id")
        .values_list(
            "id",
            "code",
            "is_connector",
            "start_node_id",
            "end_node_id",
            AsHexWKB("geom"),
            "stated_length_m",
            "geodesic_length_m",
            "diameter_m",
            "roughness",
            "minor_loss",
            "status",
            "has_check_valve",
            "lifecycle",
        )
    )
    return [LivePipe(*(*row[:5], _points(row[5], header=9), *row[6:])) for row in rows]


def _points(wkb: str, *, header: int) -> list[Position]:
    """The coordinates of a little-endian WKB point or line, whose header has so many bytes."""
    values = np.frombuffer(bytes.fromhex(wkb), dtype="<f8", offset=header)
    return [(x, y) for x, y in values.reshape(-1, 2).tolist()]
