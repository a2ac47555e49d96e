"""Comparing a file's model with what is stored: what is new, what is the same, what differs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from assets.exchange.services.epanet_import.inp_entries import Position
from assets.exchange.services.epanet_import.placement import PlacedModel
from assets.exchange.services.epanet_import.si_model import SiModel, SiNode, SiPipe
from assets.exchange.services.epanet_import.stored_model import StoredModel, StoredModelNode, StoredModelPipe
from assets.models import Network
from gis_core.sentences import Sentence

# A tenth of a millimetre on the ground.
COORDINATE_TOLERANCE_DEGREES = 1e-9
RELATIVE_TOLERANCE = 1e-9


@dataclass
class Comparison:
    """The codes of new elements, the number of equal ones, and what differs (line, element, reason)."""

    new_nodes: list[SiNode] = field(default_factory=list)
    new_devices: list[SiNode] = field(default_factory=list)
    new_pipes: list[SiPipe] = field(default_factory=list)
    new_patterns: list[str] = field(default_factory=list)
    new_curves: list[str] = field(default_factory=list)
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    moved: int = 0

    @property
    def creates_anything(self) -> bool:
        return bool(
            self.new_nodes or self.new_devices or self.new_pipes or self.new_patterns or self.new_curves
        )


def compare(model: SiModel, placed: PlacedModel, network: Network, stored: StoredModel) -> Comparison:
    """Compare every element; nothing is written."""
    comparer = _Comparer(model, placed, stored)
    if not stored.is_empty:
        comparer.compare_settings(network)
    comparer.compare_patterns_and_curves()
    for node in model.nodes.values():
        comparer.compare_node(node)
    for device in model.devices.values():
        comparer.compare_device(device)
    for pipe in model.pipes.values():
        comparer.compare_pipe(pipe)
    return comparer.result


class _Comparer:
    def __init__(self, model: SiModel, placed: PlacedModel, stored: StoredModel) -> None:
        self.model = model
        self.placed = placed
        self.stored = stored
        self.result = Comparison()
        self._far_ends = _far_ends_of_inserted_devices(model, stored)

    def compare_settings(self, network: Network) -> None:
        wanted = self.model.settings | {"engine_options": self.model.engine_options}
        old = {name: getattr(network, name) for name in wanted}
        self._refuse_differences(None, f"network {network.code}", old, wanted)

    def compare_patterns_and_curves(self) -> None:
        for code, multipliers in self.model.patterns.items():
            if code not in self.stored.patterns:
                self.result.new_patterns.append(code)
            else:
                old = {"multipliers": self.stored.patterns[code][1]}
                self._refuse_differences(None, f"pattern {code}", old, {"multipliers": multipliers})
        for code, curve in self.model.curves.items():
            if code not in self.stored.curves:
                self.result.new_curves.append(code)
                continue
            _, kind, x_values, y_values = self.stored.curves[code]
            was: dict[str, Any] = {"kind": kind, "x_values": x_values, "y_values": y_values}
            now: dict[str, Any] = {"kind": curve.kind, "x_values": curve.x_values, "y_values": curve.y_values}
            self._refuse_differences(curve.line, f"curve {code}", was, now)

    def compare_node(self, node: SiNode) -> None:
        stored = self.stored.nodes.get(node.code)
        if stored is None:
            self.result.new_nodes.append(node)
            return
        position = self.placed.positions[node.code]
        is_moved = not _same_place(stored.position, position)
        self.result.moved += is_moved
        old, new = _attributes(stored), _attributes(node)
        if is_moved:
            old["place"], new["place"] = _degrees(stored.position), _degrees(position)
        self._count_or_refuse(node.line, node.label, old, new)

    def compare_device(self, device: SiNode) -> None:
        stored = self.stored.devices.get(device.code)
        if stored is None:
            self.result.new_devices.append(device)
            return
        old, new = _attributes(stored), _attributes(device)
        # Whatever stood in front of the ends before still does: the two connectors carry link and drawing.
        before = self.stored.connectors.get(f"{device.code}/1")
        after = self.stored.connectors.get(f"{device.code}/2")
        if before is not None and after is not None:
            old |= {"start": self._end_code(before.start_id), "end": self._end_code(after.end_id)}
            new |= {"start": device.start, "end": device.end}
            self._add_vertices(
                old, new, device.code, before.points[1:-1] + after.points[1:-1], (before, after)
            )
        self._count_or_refuse(device.line, device.label, old, new)

    def compare_pipe(self, pipe: SiPipe) -> None:
        stored = self.stored.pipes.get(pipe.code)
        if stored is None:
            self.result.new_pipes.append(pipe)
            return
        old = {
            "start": self._end_code(stored.start_id),
            "end": self._end_code(stored.end_id),
            **stored.attributes,
        }
        new = {name: getattr(pipe, name) for name in old}
        self._add_vertices(old, new, pipe.code, stored.points[1:-1], (stored,))
        self._count_or_refuse(pipe.line, pipe.label, old, new)

    def _add_vertices(
        self,
        old: dict[str, Any],
        new: dict[str, Any],
        code: str,
        stored_vertices: list[Position],
        lines: Sequence[StoredModelPipe],
    ) -> None:
        """Compare the drawing too, unless a meter has since been put into it and cut some of it off."""
        ends = {end for line in lines for end in (line.start_id, line.end_id)}
        if ends & self._far_ends.keys():
            return
        vertices = self.placed.vertices.get(code, [])
        same = len(vertices) == len(stored_vertices) and all(map(_same_place, stored_vertices, vertices))
        if not same:
            old["vertices"] = [_degrees(vertex) for vertex in stored_vertices]
            new["vertices"] = [_degrees(vertex) for vertex in vertices]

    def _end_code(self, node_id: int) -> str:
        """The code of the model's node at an end, looking through devices that were put in since."""
        node_id = self._far_ends.get(node_id, node_id)
        node = self.stored.by_id[node_id]
        return node.code if node.code_class == "node" else node.label

    def _count_or_refuse(self, line: int, label: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        if not self._refuse_differences(line, label, old, new):
            self.result.unchanged += 1

    def _refuse_differences(
        self, line: int | None, label: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> bool:
        differences = [
            f"{name} {_short(old.get(name))} → {_short(value)}"
            for name, value in new.items()
            if not _equal(old.get(name), value)
        ]
        if differences:
            reason = Sentence(
                _("differs from what is stored: {differences}"), differences="; ".join(differences)
            )
            self.result.refused.append({"line": line, "element": label, "reason": reason})
        return bool(differences)


def _far_ends_of_inserted_devices(model: SiModel, stored: StoredModel) -> dict[int, int]:
    """Devices the file does not know (meters, put in later) and the node behind each one's connector."""
    unknown = {device.id for device in stored.devices.values() if device.code not in model.devices}
    far_ends: dict[int, int] = {}
    for connector in stored.connectors.values():
        device_id, other_id = connector.start_id, connector.end_id
        if connector.end_id in unknown and connector.code.startswith(
            stored.by_id[connector.end_id].code + "/"
        ):
            device_id, other_id = connector.end_id, connector.start_id
        if device_id in unknown and device_id not in far_ends:
            far_ends[device_id] = other_id
    return far_ends


def _attributes(node: SiNode | StoredModelNode) -> dict[str, Any]:
    return {
        "kind": node.kind,
        "elevation_m": node.elevation_m,
        **node.detail,
        "demands": [list(demand) for demand in node.demands],
    }


def _same_place(one: Position, other: Position) -> bool:
    return (
        abs(one[0] - other[0]) <= COORDINATE_TOLERANCE_DEGREES
        and abs(one[1] - other[1]) <= COORDINATE_TOLERANCE_DEGREES
    )


def _degrees(position: Position) -> str:
    return f"({position[0]:.9f}, {position[1]:.9f})"


def _equal(one: Any, other: Any) -> bool:
    """Equality in which numbers may differ by rounding, at any depth."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-15)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
