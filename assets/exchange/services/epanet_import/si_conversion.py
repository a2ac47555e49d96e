"""From the entries of a file to SI units, through wntr.

wntr is given the checked model in a canonical form: neutral names (so that no code of the file can trip it),
explicit units, one form of each statement. Only what has a unit goes through it; codes, statuses and
references are taken from the entries themselves.
"""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _

from assets.exchange.services.epanet_import.inp_entries import LinkEntry, ModelEntries, NodeEntry
from assets.exchange.services.epanet_import.inp_model import PRESSURE_VALVE_TYPES
from assets.exchange.services.epanet_import.inp_options import EpanetOptions
from assets.exchange.services.epanet_import.inp_text import Findings
from assets.exchange.services.epanet_import.si_model import SiCurve, SiModel, SiNode, SiPipe
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

DEFAULT_PATTERN_STEP_S = 3600
# The kinds a curve can have, the first going before the others when a curve is used in several ways.
_CURVE_KINDS = ("HEAD", "HEADLOSS", "VOLUME", "EFFICIENCY", "")


def to_si(entries: ModelEntries, options: EpanetOptions, findings: Findings) -> SiModel:
    """Convert the whole model; raise ReportedError when wntr cannot read it after all."""
    water_network = _read_with_wntr(_canonical_text(entries, options))
    converter = _Converter(entries, options, findings, water_network)
    return converter.convert()


def _read_with_wntr(text: str) -> Any:
    import wntr  # takes seconds to import, and most commands never need it

    with tempfile.TemporaryDirectory(prefix="tarmoq-import-") as directory:
        path = Path(directory) / "model.inp"
        path.write_text(text, encoding="utf-8")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return wntr.network.WaterNetworkModel(str(path))
        except Exception as error:
            cause = error.__cause__ or error
            raise ReportedError(
                Sentence(
                    _("The model cannot be read: {type}: {cause}"), type=type(cause).__name__, cause=cause
                ),
                code="model_unreadable",
            ) from error


def _canonical_text(entries: ModelEntries, options: EpanetOptions) -> str:
    """The model as wntr reads it without fail: nodes n0, n1, …, links l0, l1, …, curves c0, c1, …"""
    # wntr knows no cubic metres per second; litres, a thousand times as many, are the same.
    flow_scale = 1000.0 if options.flow_units == "CMS" else 1.0
    node_names = {code: f"n{index}" for index, code in enumerate(entries.nodes)}
    curve_names = {code: f"c{index}" for index, code in enumerate(entries.curves)}
    lines = ["[OPTIONS]", f"UNITS {'LPS' if options.flow_units == 'CMS' else options.flow_units}"]
    lines += [f"HEADLOSS {options.headloss}", *options.canonical_lines, "[TIMES]", *_canonical_times(options)]
    lines += ["[CURVES]", *_canonical_curves(entries, curve_names)]
    node_lines: dict[str, list[str]] = {"junction": [], "tank": [], "reservoir": []}
    demand_lines = []
    for node in entries.nodes.values():
        name = node_names[node.code]
        node_lines[node.kind].append(f"{name} {_canonical_node(node, flow_scale)}")
        if len(node.demands) > 1:
            demand_lines += [f"{name} {demand.base * flow_scale!r}" for demand in node.demands]
    link_lines: dict[str, list[str]] = {"pipe": [], "pump": [], "valve": []}
    for index, link in enumerate(entries.links.values()):
        statement = _canonical_link(link, options, curve_names, flow_scale)
        link_lines[link.kind].append(f"l{index} {node_names[link.start]} {node_names[link.end]} {statement}")
    for kind, statements in (node_lines | link_lines).items():
        lines += [f"[{kind.upper()}S]", *statements]
    return "\n".join([*lines, "[DEMANDS]", *demand_lines, "[END]", ""])


def _canonical_times(options: EpanetOptions) -> Iterator[str]:
    for key, seconds in options.times_s.items():
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if key == "START CLOCKTIME":
            # wntr takes AM and PM only, and 12 with AM for midnight.
            hours = seconds // 3600 % 24
            clock = f"{hours}:{seconds // 60 % 60:02}:{seconds % 60:02} {'PM' if hours == 12 else 'AM'}"
        yield f"{key} {clock}"


def _canonical_curves(entries: ModelEntries, curve_names: dict[str, str]) -> Iterator[str]:
    used = {link.curve for link in entries.links.values()}
    for code, curve in entries.curves.items():
        if code in used:
            for x, y in zip(curve.x_values, curve.y_values, strict=True):
                yield f"{curve_names[code]} {x!r} {y!r}"


def _canonical_node(node: NodeEntry, flow_scale: float) -> str:
    if node.tank is not None:
        tank = node.tank
        return (
            f"{node.elevation!r} {tank.initial_level!r} {tank.minimum_level!r} {tank.maximum_level!r} "
            f"{tank.diameter!r} {tank.minimum_volume!r}"
        )
    if node.kind == "reservoir":
        return repr(node.elevation)
    return f"{node.elevation!r} {node.demands[0].base * flow_scale!r}"


def _canonical_link(
    link: LinkEntry, options: EpanetOptions, curve_names: dict[str, str], flow_scale: float
) -> str:
    if link.kind == "pipe":
        return f"{link.length!r} {link.diameter!r} {_readable_roughness(link)!r} {link.minor_loss!r} OPEN"
    if link.kind == "pump":
        return f"POWER {link.power!r}" if link.curve is None else f"HEAD {curve_names[link.curve]}"
    if link.valve_type == "GPV":
        return f"{link.diameter!r} GPV {curve_names[link.curve or '']} {link.minor_loss!r}"
    setting = link.setting or 0.0
    if link.valve_type in PRESSURE_VALVE_TYPES:
        setting = options.pressure_setting(setting)
    elif link.valve_type == "FCV":
        setting *= flow_scale
    # wntr reads no PCV; a TCV's setting has no unit either.
    valve_type = "TCV" if link.valve_type == "PCV" else link.valve_type
    return f"{link.diameter!r} {valve_type} {setting!r} {link.minor_loss!r}"


def _readable_roughness(link: LinkEntry) -> float:
    """wntr refuses the roughness 0 of a smooth pipe, which EPANET takes: it converts a 1 instead."""
    return link.roughness if link.roughness > 0 else 1.0


class _Converter:
    """Puts wntr's values and the entries' codes together."""

    def __init__(
        self, entries: ModelEntries, options: EpanetOptions, findings: Findings, water_network: Any
    ) -> None:
        self.entries = entries
        self.options = options
        self.findings = findings
        self.water_network = water_network
        self.curves: dict[str, SiCurve] = {}
        self.curve_codes: dict[tuple[str, str], str] = {}

    def convert(self) -> SiModel:
        self._convert_curves()
        nodes = {
            node.code: self._node(node, self.water_network.get_node(f"n{index}"))
            for index, node in enumerate(self.entries.nodes.values())
        }
        devices: dict[str, SiNode] = {}
        pipes: dict[str, SiPipe] = {}
        for index, link in enumerate(self.entries.links.values()):
            converted = self.water_network.get_link(f"l{index}")
            if link.kind == "pipe":
                pipes[link.code] = self._pipe(link, converted)
            else:
                devices[link.code] = self._device(link, converted)
        return SiModel(
            title=self.entries.title,
            nodes=nodes,
            devices=devices,
            pipes=pipes,
            patterns=self.entries.patterns,
            curves=self.curves,
            settings=self._settings(),
            engine_options=self._engine_options(),
        )

    def _node(self, entry: NodeEntry, converted: Any) -> SiNode:
        node = SiNode(
            entry.code, entry.kind, entry.line, position=entry.position, position_line=entry.position_line
        )
        if entry.tank is not None:
            node.elevation_m = float(converted.elevation)
            node.detail = {
                "initial_level_m": float(converted.init_level),
                "minimum_level_m": float(converted.min_level),
                "maximum_level_m": float(converted.max_level),
                "diameter_m": float(converted.diameter),
                "minimum_volume_m3": float(converted.min_vol),
                "volume_curve": self._curve_code(entry.tank.volume_curve, "VOLUME"),
                "can_overflow": entry.tank.can_overflow,
            }
        elif entry.kind == "reservoir":
            node.elevation_m = float(converted.base_head)
            node.detail = {"head_m": node.elevation_m, "head_pattern": entry.pattern}
        else:
            node.elevation_m = float(converted.elevation)
            node.demands = [
                (float(demand.base_value), stated.pattern, stated.category)
                for stated, demand in zip(entry.demands, converted.demand_timeseries_list, strict=True)
            ]
        return node

    @staticmethod
    def _pipe(entry: LinkEntry, converted: Any) -> SiPipe:
        return SiPipe(
            code=entry.code,
            line=entry.line,
            start=entry.start,
            end=entry.end,
            stated_length_m=float(converted.length),
            diameter_m=float(converted.diameter),
            roughness=float(converted.roughness) * (1.0 if entry.roughness > 0 else entry.roughness),
            minor_loss=entry.minor_loss,
            status=entry.status,
            has_check_valve=entry.has_check_valve,
            vertices=entry.vertices,
            vertices_line=entry.vertices_line,
        )

    def _device(self, entry: LinkEntry, converted: Any) -> SiNode:
        device = SiNode(entry.code, entry.kind, entry.line, start=entry.start, end=entry.end)
        device.vertices, device.vertices_line = entry.vertices, entry.vertices_line
        if entry.kind == "pump":
            device.detail = {
                "head_curve": self._curve_code(entry.curve, "HEAD"),
                "power_w": float(converted.power) if entry.curve is None else None,
                "relative_speed": entry.speed,
                "speed_pattern": entry.pattern,
                "efficiency_curve": self._curve_code(entry.efficiency_curve, "EFFICIENCY"),
                "status": entry.status,
            }
        else:
            is_set = entry.valve_type != "GPV"
            device.detail = {
                "valve_type": entry.valve_type,
                "diameter_m": float(converted.diameter),
                "setting": float(converted.initial_setting) if is_set else None,
                "minor_loss": entry.minor_loss,
                "headloss_curve": self._curve_code(
                    entry.curve, "" if entry.valve_type == "PCV" else "HEADLOSS"
                ),
                "status": entry.status,
            }
        return device

    def _curve_code(self, code: str | None, kind: str) -> str | None:
        return None if code is None else self.curve_codes[code, kind]

    def _convert_curves(self) -> None:
        """Convert each curve for what it is used for; used in two ways, it becomes two curves."""
        uses: dict[str, set[str]] = {code: set() for code in self.entries.curves}
        for node in self.entries.nodes.values():
            if node.tank is not None and node.tank.volume_curve is not None:
                uses[node.tank.volume_curve].add("VOLUME")
        kinds = {"pump": "HEAD", "GPV": "HEADLOSS", "PCV": ""}
        for link in self.entries.links.values():
            if link.curve is not None:
                uses[link.curve].add(kinds[link.valve_type or link.kind])
            if link.efficiency_curve is not None:
                uses[link.efficiency_curve].add("EFFICIENCY")
        for code, entry in self.entries.curves.items():
            if not uses[code] and not entry.hint:
                self.findings.warning(
                    entry.line,
                    f"curve {code}",
                    Sentence(_("nothing uses it: its values are kept in the file's units")),
                )
            for rank, kind in enumerate(sorted(uses[code] or {entry.hint}, key=_CURVE_KINDS.index)):
                name = code if rank == 0 else f"{code} ({kind.lower() or 'as written'})"
                self.curve_codes[code, kind] = name
                self.curves[name] = self._curve(kind, entry.x_values, entry.y_values, entry.line)

    def _curve(self, kind: str, x_values: list[float], y_values: list[float], line: int) -> SiCurve:
        from wntr.epanet.util import FlowUnits, HydParam
        from wntr.epanet.util import to_si as convert

        is_cms = self.options.flow_units == "CMS"
        units = FlowUnits.SI if is_cms else FlowUnits[self.options.flow_units]
        x_param = {"VOLUME": HydParam.Length, "": None}.get(kind, HydParam.Flow)
        y_param = {
            "VOLUME": HydParam.Volume,
            "HEAD": HydParam.HydraulicHead,
            "HEADLOSS": HydParam.HydraulicHead,
        }.get(kind)

        def converted(values: list[float], param: Any) -> list[float]:
            return (
                [float(convert(units, value, param)) for value in values]
                if param is not None
                else list(values)
            )

        return SiCurve(kind, converted(x_values, x_param), converted(y_values, y_param), line)

    def _settings(self) -> dict[str, Any]:
        """What the network states for all its elements, under the names of its columns."""
        default = self.options.default_pattern
        return {
            "headloss_formula": self.options.headloss,
            "pattern_step_s": self.options.times_s.get("PATTERN TIMESTEP") or DEFAULT_PATTERN_STEP_S,
            "default_pattern_code": default if default in self.entries.patterns else "",
            "demand_multiplier": self.entries.demand_multiplier,
        }

    def _engine_options(self) -> dict[str, Any]:
        """Run options in wntr's form (SI), and the sections that are kept as text, in the file's units."""
        wntr_options = self.water_network.options.to_dict()
        hydraulic = wntr_options["hydraulic"] | {
            "inpfile_units": self.options.flow_units,
            "inpfile_pressure_units": self.options.pressure_unit or None,
            "pattern": self._settings()["default_pattern_code"] or None,
            "demand_multiplier": self.entries.demand_multiplier,
        }
        time = wntr_options["time"] | (
            {"statistic": self.options.statistic} if self.options.statistic else {}
        )
        kept = dict(self.entries.kept_text)
        return {
            "time": time,
            "hydraulic": hydraulic,
            "quality": {
                "option": self.options.quality,
                "diffusivity": wntr_options["quality"]["diffusivity"],
                "tolerance": wntr_options["quality"]["tolerance"],
            },
            "controls": kept.pop("controls", []),
            "rules": kept.pop("rules", []),
            "sections": kept,
            "unread_options": self.options.unread,
        }
