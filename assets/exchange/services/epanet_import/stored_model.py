"""What a network already holds, in the form in which a file's model is compared with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db.models import Func, TextField

from assets.exchange.services.epanet_import.inp_entries import Position
from assets.models import Demand, Network, Node, Pipe, PumpDetail, ReservoirDetail, TankDetail, ValveDetail

_DETAIL_COLUMNS: dict[Any, tuple[str, ...]] = {
    TankDetail: (
        "initial_level_m",
        "minimum_level_m",
        "maximum_level_m",
        "diameter_m",
        "minimum_volume_m3",
        "volume_curve",
        "can_overflow",
    ),
    ReservoirDetail: ("head_m", "head_pattern"),
    PumpDetail: ("head_curve", "power_w", "relative_speed", "speed_pattern", "efficiency_curve", "status"),
    ValveDetail: ("valve_type", "diameter_m", "setting", "minor_loss", "headloss_curve", "status"),
}
_REFERENCES = frozenset(
    {"volume_curve", "head_pattern", "head_curve", "speed_pattern", "efficiency_curve", "headloss_curve"}
)


class AsHexWKB(Func):
    """A geometry as hexadecimal WKB, every bit of its coordinates."""

    function = "encode"
    template = "encode(ST_AsBinary(%(expressions)s), 'hex')"
    output_field = TextField()


@dataclass(slots=True)
class StoredModelNode:
    """A node or device as stored."""

    id: int
    kind: str
    code: str
    code_class: str
    elevation_m: float | None
    position: Position
    detail: dict[str, Any] = field(default_factory=dict)
    demands: list[tuple[float, str | None, str]] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.kind} {self.code}"


@dataclass(slots=True)
class StoredModelPipe:
    """A pipe or connector as stored; `points` includes its ends."""

    code: str
    start_id: int
    end_id: int
    attributes: dict[str, Any]
    points: list[Position]


@dataclass
class StoredModel:
    """All that is compared; nodes and devices by code, connectors by their own code."""

    nodes: dict[str, StoredModelNode] = field(default_factory=dict)
    devices: dict[str, StoredModelNode] = field(default_factory=dict)
    by_id: dict[int, StoredModelNode] = field(default_factory=dict)
    pipes: dict[str, StoredModelPipe] = field(default_factory=dict)
    connectors: dict[str, StoredModelPipe] = field(default_factory=dict)
    patterns: dict[str, tuple[int, list[float]]] = field(default_factory=dict)
    curves: dict[str, tuple[int, str, list[float], list[float]]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.by_id or self.patterns or self.curves)


def read_stored_model(network: Network) -> StoredModel:
    """Read the whole network."""
    stored = StoredModel()
    points = Node.objects.filter(network=network).order_by("id")
    rows = points.values_list("id", "kind", "code", "code_class", "elevation_m", AsHexWKB("geom"))
    for pk, kind, code, code_class, elevation_m, wkb in rows:
        node = StoredModelNode(pk, kind, code, code_class, elevation_m, _points(wkb, header=5)[0])
        stored.by_id[pk] = node
        (stored.devices if code_class == "device" else stored.nodes)[code] = node
    if not stored.by_id:
        _read_patterns_and_curves(network, stored)
        return stored
    _read_details(network, stored)
    _read_pipes(network, stored)
    _read_patterns_and_curves(network, stored)
    return stored


def _read_details(network: Network, stored: StoredModel) -> None:
    for model, columns in _DETAIL_COLUMNS.items():
        fields = [f"{column}__code" if column in _REFERENCES else column for column in columns]
        for pk, *values in model.objects.filter(node__network=network).values_list("node_id", *fields):
            stored.by_id[pk].detail = dict(zip(columns, values, strict=True))
    demands = Demand.objects.filter(node__network=network).order_by("node_id", "ordinal")
    for pk, base_m3s, pattern, category in demands.values_list(
        "node_id", "base_demand_m3s", "pattern__code", "category"
    ):
        stored.by_id[pk].demands.append((base_m3s, pattern, category))


def _read_pipes(network: Network, stored: StoredModel) -> None:
    columns = ("stated_length_m", "diameter_m", "roughness", "minor_loss", "status", "has_check_valve")
    rows: Iterable[Any] = (
        Pipe.objects.filter(network=network)
        .order_by("id")
        .values_list("is_connector", "code", "start_node_id", "end_node_id", AsHexWKB("geom"), *columns)
    )
    for is_connector, code, start_id, end_id, wkb, *values in rows:
        pipe = StoredModelPipe(
            code, start_id, end_id, dict(zip(columns, values, strict=True)), _points(wkb, header=9)
        )
        (stored.connectors if is_connector else stored.pipes)[code] = pipe


def _read_patterns_and_curves(network: Network, stored: StoredModel) -> None:
    for pattern in network.patterns.all():
        stored.patterns[pattern.code] = (pattern.pk, pattern.multipliers)
    for curve in network.curves.all():
        stored.curves[curve.code] = (curve.pk, curve.kind, curve.x_values, curve.y_values)


def _points(wkb: str, *, header: int) -> list[Position]:
    """The coordinates of a little-endian WKB point or line, whose header has so many bytes."""
    values = np.frombuffer(bytes.fromhex(wkb), dtype="<f8", offset=header)
    return [(x, y) for x, y in values.reshape(-1, 2).tolist()]
