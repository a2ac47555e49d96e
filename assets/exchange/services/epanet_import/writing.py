"""Writing new elements: set by set, by COPY, with ids taken beforehand."""

import os
import struct
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_noop as _

from assets.exchange.services.epanet_import.comparison import Comparison
from assets.exchange.services.epanet_import.device_layout import place_device
from assets.exchange.services.epanet_import.inp_entries import Position
from assets.exchange.services.epanet_import.placement import PlacedModel
from assets.exchange.services.epanet_import.si_model import SiModel, SiNode, SiPipe
from assets.exchange.services.epanet_import.stored_model import StoredModel
from assets.models import Curve, Network, Pattern
from gis_core.database.row_copies import copy_rows, take_ids
from gis_core.sentences import Sentence

_WGS84 = 4326
_NODE_COLUMNS = "id, uid, network_id, division_id, kind, code, geom, elevation_m, lifecycle"
_PIPE_COLUMNS = (
    "id, uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom, "
    "stated_length_m, diameter_m, material, roughness, minor_loss, status, has_check_valve, lifecycle"
)
_DETAIL_TABLES = {
    "tank": (
        "assets_tankdetail",
        "initial_level_m minimum_level_m maximum_level_m diameter_m minimum_volume_m3 volume_curve_id "
        "can_overflow",
    ),
    "reservoir": ("assets_reservoirdetail", "head_m head_pattern_id"),
    "pump": (
        "assets_pumpdetail",
        "head_curve_id power_w relative_speed speed_pattern_id efficiency_curve_id status",
    ),
    "valve": (
        "assets_valvedetail",
        "valve_type diameter_m setting minor_loss headloss_curve_id status is_broken is_accessible is_buried",
    ),
}


class ModelWriter:
    """Writes the new elements of one comparison into one network, inside the caller's transaction."""

    def __init__(self, network: Network, model: SiModel, placed: PlacedModel, stored: StoredModel) -> None:
        self.network = network
        self.model = model
        self.stored = stored
        self.vertices = placed.vertices
        self.adjusted = list(placed.adjusted)
        # What is stored stays where it is to the last bit: new lines must end exactly there.
        self.positions = placed.positions | {code: node.position for code, node in stored.nodes.items()}
        self.node_ids = {code: node.id for code, node in stored.nodes.items()}
        self.references: dict[str, dict[str, int]] = {
            "pattern": {code: row[0] for code, row in stored.patterns.items()},
            "curve": {code: row[0] for code, row in stored.curves.items()},
        }

    def write(self, comparison: Comparison) -> None:
        """Write patterns and curves, then nodes and devices, their details and demands, then lines."""
        self._write_patterns_and_curves(comparison)
        ids = take_ids("assets_node", len(comparison.new_nodes) + len(comparison.new_devices))
        node_ids, device_ids = ids[: len(comparison.new_nodes)], ids[len(comparison.new_nodes) :]
        node_rows = []
        for pk, node in zip(node_ids, comparison.new_nodes, strict=True):
            self.node_ids[node.code] = pk
            node_rows.append(self._node_row(pk, node, self.positions[node.code]))
        device_rows, connector_rows = self._place_devices(device_ids, comparison.new_devices)
        copy_rows("assets_node", _NODE_COLUMNS, node_rows + device_rows)
        self._write_details(zip(ids, [*comparison.new_nodes, *comparison.new_devices], strict=True))
        self._write_demands(zip(node_ids, comparison.new_nodes, strict=True))
        pipe_ids = take_ids("assets_pipe", len(comparison.new_pipes) + len(connector_rows))
        rows = [self._pipe_row(pipe) for pipe in comparison.new_pipes] + connector_rows
        copy_rows("assets_pipe", _PIPE_COLUMNS, ((pk, *row) for pk, row in zip(pipe_ids, rows, strict=True)))

    def _write_patterns_and_curves(self, comparison: Comparison) -> None:
        patterns = Pattern.objects.bulk_create(
            Pattern(network=self.network, code=code, multipliers=self.model.patterns[code])
            for code in comparison.new_patterns
        )
        curves = Curve.objects.bulk_create(
            Curve(
                network=self.network,
                code=code,
                kind=self.model.curves[code].kind,
                x_values=self.model.curves[code].x_values,
                y_values=self.model.curves[code].y_values,
            )
            for code in comparison.new_curves
        )
        self.references["pattern"] |= {pattern.code: pattern.pk for pattern in patterns}
        self.references["curve"] |= {curve.code: curve.pk for curve in curves}

    def _node_row(self, pk: int, node: SiNode, position: Position) -> tuple[Any, ...]:
        return (
            pk,
            new_uid(),
            self.network.pk,
            self.network.division_id,
            node.kind,
            node.code,
            point_hex(position),
            node.elevation_m,
            "in_service",
        )

    def _place_devices(
        self, ids: Sequence[int], devices: Sequence[SiNode]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Rows of the devices and of their connectors."""
        device_rows, connector_rows = [], []
        rank_by_place: dict[Position, int] = {}
        for pk, device in zip(ids, devices, strict=True):
            start, end = self.positions[device.start], self.positions[device.end]
            rank = rank_by_place.get(start, 0)
            rank_by_place[start] = rank + 1
            place = place_device(start, self.vertices.get(device.code, []), end, rank)
            if place.is_beside:
                reason = Sentence(
                    _("its ends coincide in the drawing: it stands 0.1 m beside them on connectors of 0.1 m")
                )
                self.adjusted.append({"line": device.line, "element": device.label, "reason": reason})
            device_rows.append(self._node_row(pk, device, place.position))
            connector_rows.append(
                self._connector_row(f"{device.code}/1", device, self.node_ids[device.start], pk, place.before)
            )
            connector_rows.append(
                self._connector_row(f"{device.code}/2", device, pk, self.node_ids[device.end], place.after)
            )
        return device_rows, connector_rows

    def _connector_row(
        self, code: str, device: SiNode, start_id: int, end_id: int, line: list[Position]
    ) -> tuple[Any, ...]:
        return (
            new_uid(),
            self.network.pk,
            self.network.division_id,
            code,
            True,
            start_id,
            end_id,
            line_hex(line),
            None,
            device.detail.get("diameter_m"),
            "",
            None,
            0.0,
            "open",
            False,
            "in_service",
        )

    def _pipe_row(self, pipe: SiPipe) -> tuple[Any, ...]:
        line = [self.positions[pipe.start], *self.vertices.get(pipe.code, ()), self.positions[pipe.end]]
        return (
            new_uid(),
            self.network.pk,
            self.network.division_id,
            pipe.code,
            False,
            self.node_ids[pipe.start],
            self.node_ids[pipe.end],
            line_hex(line),
            pipe.stated_length_m,
            pipe.diameter_m,
            "",
            pipe.roughness,
            pipe.minor_loss,
            pipe.status,
            pipe.has_check_valve,
            "in_service",
        )

    def _write_details(self, nodes: Iterable[tuple[int, SiNode]]) -> None:
        rows: dict[str, list[tuple[Any, ...]]] = {kind: [] for kind in _DETAIL_TABLES}
        for pk, node in nodes:
            if node.kind not in rows:
                continue
            facts = [self._detail_value(name, value) for name, value in node.detail.items()]
            condition = (False, True, False) if node.kind == "valve" else ()  # broken, accessible, buried
            rows[node.kind].append((pk, node.kind, *facts, *condition))
        for kind, (table, columns) in _DETAIL_TABLES.items():
            copy_rows(table, ", ".join(["node_id", "node_kind", *columns.split()]), rows[kind])

    def _detail_value(self, name: str, value: Any) -> Any:
        """A column's value; patterns and curves by their ids."""
        reference = name.rpartition("_")[2]
        if value is None or reference not in self.references:
            return value
        return self.references[reference][value]

    def _write_demands(self, nodes: Iterable[tuple[int, SiNode]]) -> None:
        patterns = self.references["pattern"]
        copy_rows(
            "assets_demand",
            "node_id, ordinal, base_demand_m3s, pattern_id, category",
            (
                (pk, ordinal, base_m3s, patterns[pattern] if pattern is not None else None, category)
                for pk, node in nodes
                for ordinal, (base_m3s, pattern, category) in enumerate(node.demands)
            ),
        )


def new_uid() -> str:
    """A random UUID (RFC 9562, version 4) as text; ten times as fast as making objects of them."""
    digits = os.urandom(16).hex()
    return f"{digits[:12]}4{digits[13:16]}{'89ab'[int(digits[16], 16) % 4]}{digits[17:]}"


def point_hex(position: Position) -> str:
    """Hexadecimal EWKB: every bit of the coordinates reaches the database."""
    return struct.pack("<BIIdd", 1, 0x20000001, _WGS84, *position).hex()


def line_hex(points: Sequence[Position]) -> str:
    flat = [coordinate for point in points for coordinate in point]
    return struct.pack(f"<BIII{len(flat)}d", 1, 0x20000002, _WGS84, len(points), *flat).hex()
