"""Drawing small networks for the checks: coordinates are metres east and north of a place in the division."""

from typing import Any

from django.contrib.gis.geos import LineString, Point
from django.db.models import Model
from pyproj import Geod

from assets.models import (
    Attachment,
    BulkMeterDetail,
    Curve,
    Demand,
    HydrantDetail,
    LineDetail,
    Network,
    Node,
    Pipe,
    PumpDetail,
    ReservoirDetail,
    TankDetail,
    ValveDetail,
    Zone,
    ZoneConnection,
)
from gis_core.models import Division

PLACE = (69.4, 41.4)
_GEOD = Geod(ellps="WGS84")
_DETAILS: dict[str, type[Model]] = {
    "tank": TankDetail,
    "reservoir": ReservoirDetail,
    "pump": PumpDetail,
    "valve": ValveDetail,
    "regulator": ValveDetail,
    "bulk_meter": BulkMeterDetail,
    "hydrant": HydrantDetail,
}
_DEFAULT_DETAILS: dict[str, dict[str, Any]] = {
    "tank": {"initial_level_m": 2, "minimum_level_m": 0, "maximum_level_m": 5, "diameter_m": 10},
    "reservoir": {"head_m": 520},
    "pump": {"power_w": 1000},
}


def at(east_m: float, north_m: float) -> tuple[float, float]:
    """Longitude and latitude of a place of the drawing."""
    longitude, latitude, _ = _GEOD.fwd(*PLACE, 90, east_m)
    longitude, latitude, _ = _GEOD.fwd(longitude, latitude, 0, north_m)
    return longitude, latitude


class Sketch:
    """A network of one division, in which everything is as it should be unless said otherwise."""

    def __init__(self, district: Division, commodity: str = "water", code: str = "S") -> None:
        self.network = Network.objects.create(code=code, name=code, commodity=commodity, division=district)
        self.of: dict[str, Any] = {"network": self.network, "division": district}
        self.nodes: dict[str, Node] = {}
        self.pipes: dict[str, Pipe] = {}
        self.zones: dict[str, Zone] = {}

    def node(
        self,
        code: str,
        east_m: float = 0,
        north_m: float = 0,
        kind: str = "junction",
        details: dict[str, Any] | None = None,
        **facts: Any,
    ) -> Node:
        zone = facts.pop("zone", None)
        node = Node.objects.create(
            **self.of,
            code=code,
            kind=kind,
            geom=Point(*at(east_m, north_m), srid=4326),
            **{"elevation_m": 480.0, "zone": self.zones[zone] if zone else None, **facts},
        )
        if kind in _DETAILS and details != {"none": True}:
            _DETAILS[kind]._default_manager.create(
                node=node, node_kind=kind, **{**_DEFAULT_DETAILS.get(kind, {}), **(details or {})}
            )
        self.nodes[code] = node
        return node

    def pipe(
        self, code: str, start: str, end: str, via: list[tuple[float, float]] | None = None, **facts: Any
    ) -> Pipe:
        line = facts.pop("line", {})
        first, last = self.nodes[start], self.nodes[end]
        pipe = Pipe.objects.create(
            **self.of,
            code=code,
            start_node=first,
            end_node=last,
            geom=LineString(
                first.geom.coords, *[at(*place) for place in via or []], last.geom.coords, srid=4326
            ),
            **{"diameter_m": 0.1, "material": "steel", "roughness": 130, **facts},
        )
        if line:
            LineDetail.objects.create(pipe=pipe, **line)
        self.pipes[code] = pipe
        return pipe

    def zone(self, code: str, parent: str | None = None) -> Zone:
        self.zones[code] = Zone.objects.create(
            **self.of, code=code, name=code, parent=self.zones[parent] if parent else None
        )
        return self.zones[code]

    def edge(self, zone: str, node: str, role: str) -> None:
        ZoneConnection.objects.create(zone=self.zones[zone], node=self.nodes[node], role=role)

    def demand(self, node: str, base_m3s: float = 0.001) -> None:
        Demand.objects.create(node=self.nodes[node], base_demand_m3s=base_m3s)

    def attach(self, node: str, pipe: str | None = None, position: float | None = None) -> Attachment:
        return Attachment.objects.create(
            **self.of, node=self.nodes[node], pipe=self.pipes[pipe] if pipe else None, position=position
        )

    def curve(self, code: str, x_values: list[float], y_values: list[float], kind: str = "HEAD") -> Curve:
        return Curve.objects.create(
            network=self.network, code=code, kind=kind, x_values=x_values, y_values=y_values
        )

    def main(self, *codes: str, kind: str = "reservoir", **facts: Any) -> None:
        """A reservoir R and junctions 100 m apart to its east, joined by pipes P1, P2, …; the last has a demand."""
        self.node("R", 0, 0, kind)
        before = "R"
        for place, code in enumerate(codes or ("A", "B"), start=1):
            self.node(code, 100 * place, 0)
            self.pipe(f"P{place}", before, code, **facts)
            before = code
        self.demand(before)

    def device(self, code: str, kind: str, details: dict[str, Any] | None = None, **facts: Any) -> None:
        """A main R - A - [device] - B with connectors of the device, all drawn from R to B."""
        self.node("R", 0, 0, "reservoir")
        self.node("A", 100, 0)
        self.node(code, 150, 0, kind, details)
        self.node("B", 200, 0)
        self.demand("B")
        self.pipe("P1", "R", "A")
        self.pipe(f"{code}/1", "A", code, is_connector=True)
        self.pipe(f"{code}/2", code, "B", is_connector=True)
