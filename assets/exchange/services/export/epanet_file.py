"""Writing the hydraulic model as an EPANET 2.2 input file, in the units in which it was once stated."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

from assets.exchange.services.export.drawing import DrawingPlane, drawing_of
from assets.exchange.services.export.epanet_names import Names
from assets.exchange.services.export.epanet_sections import SectionWriter
from assets.exchange.services.export.epanet_units import EpanetUnits, number, units_of
from assets.exchange.services.export.hydraulic_model import (
    HydraulicLink,
    HydraulicModel,
    HydraulicNode,
    pipe_length_m,
    to_hydraulic_model,
)
from assets.exchange.services.export.live_graph import LiveGraph, LiveNode, LivePipe, read_live_graph
from assets.models import Network

# For pipes of which nothing is known, where nothing is known of any: a small new main.
_DEFAULT_DIAMETER_M = 0.1
_SMOOTH_M = 1e-9
_DEFAULT_ROUGHNESS = {"H-W": 130.0, "D-W": 0.0001, "C-M": 0.012}
# As much as closed; EPANET's own largest number is beyond what some programs read.
_CLOSED_LOSS = 1e8
_CURVE_COMMENTS = {"HEAD": "PUMP", "EFFICIENCY": "EFFICIENCY", "VOLUME": "VOLUME", "HEADLOSS": "HEADLOSS"}
# The sections kept as text, in EPANET's order.
_TEXT_SECTIONS = (
    "energy",
    "emitters",
    "quality",
    "sources",
    "reactions",
    "mixing",
    "report",
    "tags",
    "labels",
    "backdrop",
)
_HYDRAULIC_NUMBERS = {
    "viscosity": "VISCOSITY",
    "specific_gravity": "SPECIFIC GRAVITY",
    "trials": "TRIALS",
    "accuracy": "ACCURACY",
    "emitter_exponent": "EMITTER EXPONENT",
    "checkfreq": "CHECKFREQ",
    "maxcheck": "MAXCHECK",
    "damplimit": "DAMPLIMIT",
}


@dataclass
class RunSettings:
    """What a simulation changes in the file: its duration, and that nothing but hydraulics is run."""

    duration_s: int


@dataclass
class EpanetFile:
    """The text of the file, the model it was made of, and what it does not hold or holds otherwise."""

    text: str
    model: HydraulicModel
    graph: LiveGraph
    units: EpanetUnits
    drawing: DrawingPlane
    report_step_s: int = 3600
    not_kept: list[dict[str, Any]] = field(default_factory=list)
    adjusted: list[dict[str, Any]] = field(default_factory=list)
    renamed: list[dict[str, Any]] = field(default_factory=list)


def write_epanet(network: Network, *, run: RunSettings | None = None) -> EpanetFile:
    """The network in service as an EPANET 2.2 file (UTF-8). Lengths, flows and settings in the file's units.

    `not_kept`, `adjusted` (element, reason) and `renamed` (element, code, epanet_id) say all that differs.
    """
    graph = read_live_graph(network)
    return _Writer(network, graph, to_hydraulic_model(graph), run).write()


class _Writer:
    def __init__(
        self, network: Network, graph: LiveGraph, model: HydraulicModel, run: RunSettings | None
    ) -> None:
        self.network = network
        self.graph = graph
        self.model = model
        self.run = run
        self.options: dict[str, Any] = network.engine_options or {}
        self.kept: dict[str, list[str]] = dict(self.options.get("sections") or {})
        self.units = units_of(network.headloss_formula, self.options)
        positions = [node.anchor.position for node in model.nodes]
        self.drawing = drawing_of(network.placement or {}, positions)
        self.patterns, self.curves = Names("pattern"), Names("curve")
        self.node_names, self.link_names = Names("node"), Names("link")
        self.constant_pattern = ""

    def write(self) -> EpanetFile:
        self._name_all()
        sections = SectionWriter(
            nodes=self.node_names.by_code,
            links=self.link_names.by_code,
            patterns=self.patterns.by_code,
            curves=self.curves.by_code,
        )
        lines: list[str] = []
        for header, content in self._sections(sections):
            lines += [f"[{header}]", *content, ""]
        lines.append("[END]")
        renamed = [
            entry
            for names in (self.node_names, self.link_names, self.patterns, self.curves)
            for entry in names.renamed
        ]
        return EpanetFile(
            text="\n".join(lines) + "\n",
            model=self.model,
            graph=self.graph,
            units=self.units,
            drawing=self.drawing,
            report_step_s=int((self.options.get("time") or {}).get("report_timestep") or 3600),
            not_kept=[*self.model.not_kept, *sections.left_out],
            adjusted=self.model.adjusted,
            renamed=renamed,
        )

    # --- names

    def _name_all(self) -> None:
        for names, codes in ((self.patterns, self.graph.patterns), (self.curves, self.graph.curves)):
            names.reserve(codes)
            for code in codes:
                names.give(code, keeps=True)
        self._name(self.node_names, self.model.nodes)
        self._name(self.link_names, self.model.links)
        constant = Names("pattern")
        constant.reserve(self.patterns.by_code.values())
        self.constant_pattern = constant.give("CONSTANT", keeps="CONSTANT" not in self.graph.patterns)

    def _name(self, names: Names, parts: list[Any]) -> None:
        """Whoever comes first keeps the code: real nodes before devices, pipes before pumps and valves."""
        by_right = sorted(parts, key=_naming_order)
        first: dict[str, int] = {}
        for part in by_right:
            first.setdefault(part.code, id(part))
        names.reserve(first)
        for part in by_right:
            label = f"{part.kind} {part.code}"
            part.name = names.give(part.code, keeps=first[part.code] == id(part), label=label)

    # --- sections

    def _sections(self, sections: SectionWriter) -> Iterator[tuple[str, list[str]]]:
        yield "TITLE", self._title()
        yield from self._node_sections()
        yield from self._link_sections()
        yield "DEMANDS", list(self._demands())
        yield "STATUS", list(self._statuses())
        yield "PATTERNS", list(self._patterns())
        yield "CURVES", list(self._curves())
        yield "CONTROLS", sections.lines("controls", self.options.get("controls") or [])
        yield "RULES", sections.lines("rules", self.options.get("rules") or [])
        for name in _TEXT_SECTIONS:
            if self.run is None or name == "emitters":
                content = sections.lines(name, self.kept.get(name) or [])
                if name == "energy":
                    content += list(self._efficiencies())
                yield name.upper(), content
        sections.leave_out("leakage", self.kept.get("leakage") or [])
        if self.run is not None:
            yield "REPORT", ["STATUS NO", "SUMMARY NO", "MESSAGES YES", "NODES NONE", "LINKS NONE"]
        yield "TIMES", self._times()
        yield "OPTIONS", self._options(sections)
        if self.run is None:
            yield "COORDINATES", list(self._coordinates())
            yield "VERTICES", list(self._vertices())

    def _title(self) -> list[str]:
        title = self.kept.get("title") or [self.network.name]
        return [line for line in title if not line.lstrip().startswith("[")]

    def _node_sections(self) -> Iterator[tuple[str, list[str]]]:
        written: dict[str, list[str]] = {"junction": [], "reservoir": [], "tank": []}
        form = {"junction": self._junction, "reservoir": self._reservoir, "tank": self._tank}
        for node in self.model.nodes:
            written[node.kind].append(form[node.kind](node))
        for kind, lines in written.items():
            yield f"{kind.upper()}S", lines

    def _junction(self, node: HydraulicNode) -> str:
        return f"{node.name} {self.units.length(self._elevation_m(node.anchor))} 0"

    def _elevation_m(self, node: LiveNode) -> float:
        if node.elevation_m is None:
            self.model.adjust(node.label, "no elevation is stated for it: 0 m")
        return node.elevation_m or 0.0

    def _reservoir(self, node: HydraulicNode) -> str:
        detail = node.anchor.detail
        head_m = detail.get("head_m", node.anchor.elevation_m or 0.0)
        pattern = detail.get("head_pattern")
        return (
            f"{node.name} {self.units.length(head_m)} {self.patterns.by_code.get(pattern or '', '')}".rstrip()
        )

    def _tank(self, node: HydraulicNode) -> str:
        detail, units = node.anchor.detail, self.units
        levels = [detail["initial_level_m"], detail["minimum_level_m"], detail["maximum_level_m"]]
        parts = [node.name, units.length(self._elevation_m(node.anchor)), *map(units.length, levels)]
        parts += [units.length(detail["diameter_m"]), units.volume(detail["minimum_volume_m3"])]
        curve = detail["volume_curve"]
        if curve is not None or detail["can_overflow"]:
            parts.append(self.curves.by_code[curve] if curve is not None else "*")
        if detail["can_overflow"]:
            parts.append("YES")
        return " ".join(parts)

    def _link_sections(self) -> Iterator[tuple[str, list[str]]]:
        pipes = [link for link in self.model.links if link.kind == "pipe"]
        yield "PIPES", list(self._pipes(pipes))
        yield "PUMPS", [self._pump(link) for link in self.model.links if link.kind == "pump"]
        yield "VALVES", [self._valve(link) for link in self.model.links if link.kind == "valve"]

    def _pipes(self, links: list[HydraulicLink]) -> Iterator[str]:
        pipes = [link.source for link in links if isinstance(link.source, LivePipe)]
        diameters = [pipe.diameter_m for pipe in pipes if pipe.diameter_m is not None]
        roughnesses = [pipe.roughness for pipe in pipes if pipe.roughness]
        usual_diameter_m = median(diameters) if diameters else _DEFAULT_DIAMETER_M
        usual_roughness = (
            median(roughnesses) if roughnesses else _DEFAULT_ROUGHNESS[self.network.headloss_formula]
        )
        for link, pipe in zip(links, pipes, strict=True):
            roughness = self._roughness(pipe)
            missing = [
                f"{what}: {text}"
                for what, value, text in (
                    ("diameter", pipe.diameter_m, f"{usual_diameter_m * 1000:g} mm"),
                    ("roughness", roughness, f"{usual_roughness:g}"),
                )
                if value is None
            ]
            if missing and not pipe.is_connector:
                self.model.adjust(
                    pipe.label, f"not stated, the network's median is taken: {', '.join(missing)}"
                )
            yield " ".join(
                [
                    link.name,
                    *self._ends(link),
                    self.units.length(pipe_length_m(pipe)),
                    self.units.diameter(pipe.diameter_m or usual_diameter_m),
                    self.units.roughness(usual_roughness if roughness is None else roughness),
                    number(pipe.minor_loss),
                    "CV" if link.has_check_valve else "Closed" if link.is_closed else "Open",
                ]
            )

    def _roughness(self, pipe: LivePipe) -> float | None:
        """wntr reads no roughness of 0: a smooth pipe has next to none; by the other formulas 0 states nothing."""
        if pipe.roughness != 0:
            return pipe.roughness
        return _SMOOTH_M if self.network.headloss_formula == "D-W" else None

    def _ends(self, link: HydraulicLink) -> tuple[str, str]:
        return self.model.nodes[link.start].name, self.model.nodes[link.end].name

    def _pump(self, link: HydraulicLink) -> str:
        detail = _detail(link)
        parts = [link.name, *self._ends(link)]
        if detail["head_curve"] is not None:
            parts += ["HEAD", self.curves.by_code[detail["head_curve"]]]
        else:
            parts += ["POWER", self.units.power(detail["power_w"])]
        if detail["relative_speed"] != 1.0:
            parts += ["SPEED", number(detail["relative_speed"])]
        if detail["speed_pattern"] is not None:
            parts += ["PATTERN", self.patterns.by_code[detail["speed_pattern"]]]
        return " ".join(parts)

    def _valve(self, link: HydraulicLink) -> str:
        detail = _detail(link)
        valve_type = detail["valve_type"]
        diameter_m = detail["diameter_m"]
        if diameter_m is None:
            diameter_m = _DEFAULT_DIAMETER_M
            self.model.adjust(f"valve {link.code}", f"no diameter is stated for it: {diameter_m * 1000:g} mm")
        if valve_type == "GPV":
            setting = self.curves.by_code[detail["headloss_curve"]]
        elif valve_type == "PCV":
            # Of EPANET 2.3: its setting says how far it is open, from which its loss follows.
            valve_type, setting = "TCV", number(self._loss_of_opening(detail))
            self.model.adjust(
                f"valve {link.code}",
                f"EPANET 2.2 has no PCV: it is a TCV of the loss {setting} at its setting",
            )
        else:
            setting = self.units.valve_setting(valve_type, detail["setting"] or 0.0)
        parts = [link.name, *self._ends(link), self.units.diameter(diameter_m), valve_type, setting]
        parts.append(number(detail["minor_loss"]))
        return " ".join(parts)

    def _loss_of_opening(self, detail: dict[str, Any]) -> float:
        """The loss coefficient of a positional control valve (EPANET 2.3, hydcoeffs.c): that of the open valve by the
        square of the share of its flow that the opening lets pass, in percent, from its curve or in proportion."""
        opening = max(0.0, min(100.0, detail["setting"] or 0.0))
        curve = self.graph.curves.get(detail["headloss_curve"] or "")
        passing = opening
        if curve is not None:
            points = sorted(zip(curve.x_values, curve.y_values, strict=True))
            passing = _interpolated(points, opening)
        if detail["minor_loss"] == 0 or passing >= 100:
            return float(detail["minor_loss"])
        return float(min(detail["minor_loss"] / max(passing / 100, 1e-4) ** 2, _CLOSED_LOSS))

    def _demands(self) -> Iterator[str]:
        default = self.network.default_pattern_code
        for node in self.model.nodes:
            if node.kind != "junction":
                continue
            for member in node.members:
                live = self.graph.nodes[member]
                if live.lifecycle != "in_service":
                    continue
                for base_m3s, pattern, category in live.demands:
                    # A line without a pattern would get the network's default one.
                    constant = self.constant_pattern if default else ""
                    named = self.patterns.by_code[pattern] if pattern is not None else constant
                    text = f"{node.name} {self.units.flow(base_m3s)} {named}".rstrip()
                    yield f"{text} ;{category}" if category else text

    def _statuses(self) -> Iterator[str]:
        for link in self.model.links:
            if link.kind == "pump" and _detail(link)["status"] == "closed":
                yield f"{link.name} Closed"
            elif link.kind == "valve" and _detail(link)["status"] != "active":
                yield f"{link.name} {_detail(link)['status'].capitalize()}"

    def _patterns(self) -> Iterator[str]:
        for code, multipliers in self.graph.patterns.items():
            for start in range(0, len(multipliers), 6):
                values = " ".join(number(value) for value in multipliers[start : start + 6])
                yield f"{self.patterns.by_code[code]} {values}"
        if self._needs_constant():
            yield f"{self.constant_pattern} 1"

    def _needs_constant(self) -> bool:
        if not self.network.default_pattern_code:
            return self._has_pattern_called_1()
        return any(pattern is None for node in self.graph.nodes.values() for _, pattern, _ in node.demands)

    def _has_pattern_called_1(self) -> bool:
        """EPANET takes it for the default pattern of a file that names none."""
        return "1" in self.patterns.by_code.values()

    def _curves(self) -> Iterator[str]:
        for code, curve in self.graph.curves.items():
            if curve.kind in _CURVE_COMMENTS:
                yield f";{_CURVE_COMMENTS[curve.kind]}:"
            for x, y in zip(curve.x_values, curve.y_values, strict=True):
                yield " ".join([self.curves.by_code[code], *self.units.curve_point(curve.kind, x, y)])

    def _efficiencies(self) -> Iterator[str]:
        for link in self.model.links:
            if link.kind == "pump" and _detail(link)["efficiency_curve"] is not None:
                curve = self.curves.by_code[_detail(link)["efficiency_curve"]]
                yield f"PUMP {link.name} EFFICIENCY {curve}"

    # --- options and times

    def _times(self) -> list[str]:
        stated = self.kept.get("times")
        lines = _times_of(self.options.get("time") or {}) if stated is None else list(stated)
        left_out: list[tuple[str, ...]] = [("PATT", "TIME")]
        if self.run is not None:
            left_out += [("DURA",), ("STAT",)]
        lines = [line for line in lines if not _begins(line, left_out)]
        if self.run is not None:
            lines.append(f"DURATION {_clock(self.run.duration_s)}")
        return [*lines, f"PATTERN TIMESTEP {_clock(self.network.pattern_step_s)}"]

    def _options(self, sections: SectionWriter) -> list[str]:
        stated = self.kept.get("options")
        if stated is None:
            stated = _options_of(self.options)
        kept = sections.options(stated)
        if self.run is not None:
            kept = [line for line in kept if not _begins(line, [("QUAL",), ("MAP",)])] + ["QUALITY NONE"]
        return [
            f"UNITS {self.units.flow_units}",
            f"HEADLOSS {self.network.headloss_formula}",
            *self._default_pattern(),
            f"DEMAND MULTIPLIER {number(self.network.demand_multiplier)}",
            *kept,
        ]

    def _default_pattern(self) -> list[str]:
        """The option that names it. wntr refuses a file that names a pattern which is not in it."""
        default = self.patterns.by_code.get(self.network.default_pattern_code, "")
        if not default and self._has_pattern_called_1():
            default = self.constant_pattern
        return [f"PATTERN {default}"] if default else []

    # --- drawing

    def _coordinates(self) -> Iterator[str]:
        yield f";{self.drawing.name}"
        places = self.drawing.coordinates(node.anchor.position for node in self.model.nodes)
        for node, (x, y) in zip(self.model.nodes, places, strict=True):
            yield f"{node.name} {x:.12g} {y:.12g}"

    def _vertices(self) -> Iterator[str]:
        drawn = [(link.name, vertex) for link in self.model.links for vertex in link.vertices]
        places = self.drawing.coordinates(vertex for _, vertex in drawn)
        for (name, _), (x, y) in zip(drawn, places, strict=True):
            yield f"{name} {x:.12g} {y:.12g}"


def _naming_order(part: HydraulicNode | HydraulicLink) -> tuple[bool, int]:
    if isinstance(part, HydraulicNode):
        return (part.anchor.is_device, part.anchor.id)
    return (part.kind != "pipe", part.source.id)


def _detail(link: HydraulicLink) -> dict[str, Any]:
    if not isinstance(link.source, LiveNode):
        raise TypeError("only devices have details")
    return link.source.detail


def _interpolated(points: list[tuple[float, float]], x: float) -> float:
    """The y of a line through points at x, level beyond its ends."""
    for (left, low), (right, high) in pairwise(points):
        if left <= x <= right and right > left:
            return low + (high - low) * (x - left) / (right - left)
    return points[0][1] if x < points[0][0] else points[-1][1]


def _begins(line: str, beginnings: list[tuple[str, ...]]) -> bool:
    """Whether a line begins with the words of one of these; EPANET knows a word by its first four letters."""
    words = tuple(word[:4] for word in line.upper().split())
    return any(words[: len(beginning)] == beginning for beginning in beginnings)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _times_of(time: dict[str, Any]) -> list[str]:
    """[TIMES] of a network whose own text was not kept, from wntr's form of it (seconds)."""
    keys = {
        "duration": "DURATION",
        "hydraulic_timestep": "HYDRAULIC TIMESTEP",
        "quality_timestep": "QUALITY TIMESTEP",
        "rule_timestep": "RULE TIMESTEP",
        "pattern_start": "PATTERN START",
        "report_timestep": "REPORT TIMESTEP",
        "report_start": "REPORT START",
        "start_clocktime": "START CLOCKTIME",
    }
    lines = [f"{name} {_clock(time[key])}" for key, name in keys.items() if time.get(key)]
    return lines or ["DURATION 24:00:00"]


def _options_of(options: dict[str, Any]) -> list[str]:
    """[OPTIONS] of a network whose own text was not kept: the numbers that no unit changes."""
    hydraulic = options.get("hydraulic") or {}
    lines = [
        f"{name} {number(hydraulic[key])}"
        for key, name in _HYDRAULIC_NUMBERS.items()
        if hydraulic.get(key) is not None
    ]
    return [*lines, *(options.get("unread_options") or [])]


def element_counts(model: HydraulicModel) -> dict[str, int]:
    """Elements by EPANET's kinds, all of them named even at 0."""
    counted = Counter([node.kind for node in model.nodes] + [link.kind for link in model.links])
    return {kind: counted[kind] for kind in ("junction", "tank", "reservoir", "pipe", "pump", "valve")}
