"""Reading and checking the elements of an EPANET file, each finding with its line.

`wntr` reads the same file afterwards and converts the units; but it gives no line numbers, stops at the first
fault, and rejects or misreads forms that EPANET 2.2 accepts. So what each section may hold is checked here as
EPANET 2.2 does it (`input2.c`, `input3.c`), and wntr is given the same model in one canonical form.
"""

from collections.abc import Callable

from django.utils.translation import gettext_noop, ngettext_lazy

from assets.exchange.services.epanet_import.inp_entries import (
    CurveEntry,
    DemandEntry,
    LinkEntry,
    ModelEntries,
    NodeEntry,
    TankEntry,
)
from assets.exchange.services.epanet_import.inp_options import EpanetOptions, parse_number
from assets.exchange.services.epanet_import.inp_rules import check_for_engine
from assets.exchange.services.epanet_import.inp_text import Findings, InpLine, InpText
from gis_core.sentences import COUNT, Figure, Sentence, Word

MAXIMUM_CODE_LENGTH = 60
VALVE_TYPES = ("PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV")
PRESSURE_VALVE_TYPES = frozenset({"PRV", "PSV", "PBV"})
# Beyond any quantity of a network in any unit; infinities and NaN do not pass it either.
LARGEST_NUMBER = 1e12
# Sections that are kept as they are written: they are about runs of the engine and the drawing.
_KEPT_SECTIONS = (
    "CONTROLS",
    "RULES",
    "ENERGY",
    "EMITTERS",
    "QUALITY",
    "SOURCES",
    "REACTIONS",
    "MIXING",
    "REPORT",
    "LEAKAGE",
    "TAGS",
    "LABELS",
    "BACKDROP",
    # What columns of the network state too goes before these lines, in the export as well.
    "OPTIONS",
    "TIMES",
)
# EPANET and wntr write 27 or more sections, [LABELS], [BACKDROP] and [END] last; files made by hand have fewer.
SECTIONS_OF_AN_EXPORT = 20
_DRAWING_SECTIONS = ("COORDINATES", "VERTICES")
_CURVE_HINTS = {"PUMP": "HEAD", "HEAD": "HEADLOSS", "EFFI": "EFFICIENCY", "VOLU": "VOLUME"}


class ModelReader:
    """Reads the sections of one file into `entries`; what is wrong goes to `findings`."""

    def __init__(self, text: InpText, options: EpanetOptions, findings: Findings) -> None:
        self.text = text
        self.options = options
        self.findings = findings
        self.entries = ModelEntries(demand_multiplier=options.demand_multiplier)
        self._metres_per_length = 1.0 if options.is_metric else 0.3048
        self._metres_per_diameter = 0.001 if options.is_metric else 0.0254

    def read(self) -> ModelEntries:
        """Read every section in an order in which references can be looked up."""
        titles = [line.text for line in self.text.lines("TITLE") if line.text]
        self.entries.title = titles[0] if titles else ""
        self._each("PATTERNS", self._read_pattern, 2)
        self._read_curves()
        self._each("JUNCTIONS", self._read_junction, 2)
        self._each("RESERVOIRS", self._read_tank_or_reservoir, 2)
        self._each("TANKS", self._read_tank_or_reservoir, 2)
        self._each("PIPES", self._read_pipe, 6)
        self._each("PUMPS", self._read_pump, 4)
        self._each("VALVES", self._read_valve, 6)
        self._read_demands()
        self._each("STATUS", self._read_status, 2)
        self._each("ENERGY", self._read_energy, 1)
        self._each("CONTROLS", self._check_control, 3)
        self._each("COORDINATES", self._read_coordinates, 3)
        self._each("VERTICES", self._read_vertex, 3)
        for section in _KEPT_SECTIONS:
            kept = [line.text for line in self.text.lines(section) if line.tokens]
            if kept:
                self.entries.kept_text[section.lower()] = kept
        if titles:
            self.entries.kept_text["title"] = titles
        self._check_whole()
        return self.entries

    def _each(self, section: str, read: Callable[[InpLine], None], fewest_tokens: int) -> None:
        for line in self.text.lines(section):
            if not line.tokens:
                continue
            if len(line.tokens) < fewest_tokens:
                self.findings.error(
                    line.number,
                    f"{section} {line.tokens[0]}",
                    Sentence(
                        gettext_noop("the line has {count} values, at least {fewest_tokens} are needed"),
                        count=len(line.tokens),
                        fewest_tokens=fewest_tokens,
                    ),
                )
            else:
                read(line)

    # --- patterns and curves

    def _read_pattern(self, line: InpLine) -> None:
        code = line.tokens[0]
        multipliers = self.entries.patterns.setdefault(code, [])
        if not multipliers:
            self._check_code(code, f"pattern {code}", line)
        for index in range(1, len(line.tokens)):
            multipliers.append(self._number(line, index, f"pattern {code}", "multiplier"))

    def _read_curves(self) -> None:
        hint = ""
        for line in self.text.lines("CURVES"):
            if not line.tokens:
                hint = _CURVE_HINTS.get(line.comment[:4].upper(), hint)
                continue
            code = line.tokens[0]
            if len(line.tokens) < 3:
                self.findings.error(
                    line.number, f"curve {code}", Sentence(gettext_noop("a point needs an x and a y value"))
                )
                continue
            if code not in self.entries.curves:
                self._check_code(code, f"curve {code}", line)
                self.entries.curves[code] = CurveEntry([], [], line.number, hint)
                hint = ""
            curve = self.entries.curves[code]
            x_value = self._number(line, 1, f"curve {code}", "x value")
            if curve.x_values and x_value <= curve.x_values[-1]:
                self.findings.warning(
                    line.number,
                    f"curve {code}",
                    Sentence(gettext_noop("its x values do not increase; EPANET will not run it")),
                )
            curve.x_values.append(x_value)
            curve.y_values.append(self._number(line, 2, f"curve {code}", "y value"))

    # --- nodes

    def _read_junction(self, line: InpLine) -> None:
        code, count = line.tokens[0], len(line.tokens)
        node = NodeEntry(code, "junction", line.number, 0.0)
        if not self._add_node(node, line):
            return
        node.elevation = self._number(line, 1, node.label, "elevation")
        base = self._number(line, 2, node.label, "demand") if count > 2 else 0.0
        pattern = self._pattern(line, 3, node.label) if count > 3 else None
        node.demands = [DemandEntry(base, pattern or self._default_pattern(), "")]

    def _read_tank_or_reservoir(self, line: InpLine) -> None:
        """EPANET takes either section for either: a line of up to three values is a reservoir."""
        code, count = line.tokens[0], len(line.tokens)
        node = NodeEntry(code, "reservoir" if count <= 3 else "tank", line.number, 0.0)
        if not self._add_node(node, line):
            return
        node.elevation = self._number(line, 1, node.label, "head" if count <= 3 else "elevation")
        if count == 3:
            node.pattern = self._pattern(line, 2, node.label)
        elif 3 < count < 6:
            self.findings.error(
                line.number,
                node.label,
                Sentence(
                    gettext_noop("the line has {count} values; a tank needs 6, a reservoir has 2 or 3"),
                    count=count,
                ),
            )
        elif count >= 6:
            node.tank = self._read_tank(line, node.label)

    def _read_tank(self, line: InpLine, label: str) -> TankEntry:
        tokens = line.tokens
        curve = tokens[7] if len(tokens) > 7 and not tokens[7].startswith("*") else None
        tank = TankEntry(
            initial_level=self._number(line, 2, label, "initial level"),
            minimum_level=self._number(line, 3, label, "minimum level"),
            maximum_level=self._number(line, 4, label, "maximum level"),
            diameter=self._number(line, 5, label, "diameter", at_least=0.0),
            minimum_volume=self._number(line, 6, label, "minimum volume", at_least=0.0)
            if len(tokens) > 6
            else 0.0,
            volume_curve=self._curve(line, curve, label),
            can_overflow=len(tokens) > 8 and tokens[8].upper().startswith("YES"),
        )
        if not tank.minimum_level <= tank.initial_level <= tank.maximum_level:
            self.findings.error(
                line.number,
                label,
                Sentence(
                    gettext_noop(
                        "its levels are out of order: minimum {minimum_level}, initial {initial_level}, "
                        "maximum {maximum_level}"
                    ),
                    minimum_level=Figure(tank.minimum_level, "g"),
                    initial_level=Figure(tank.initial_level, "g"),
                    maximum_level=Figure(tank.maximum_level, "g"),
                ),
            )
        if tank.diameter == 0 and curve is None:
            self.findings.error(
                line.number, label, Sentence(gettext_noop("its diameter is 0 and it has no volume curve"))
            )
        return tank

    def _add_node(self, node: NodeEntry, line: InpLine) -> bool:
        first = self.entries.nodes.get(node.code)
        if first is not None:
            self.findings.error(
                line.number,
                node.label,
                Sentence(
                    gettext_noop("the code is taken by {first} in line {line}"),
                    first=first.label,
                    line=first.line,
                ),
            )
            return False
        self._check_code(node.code, node.label, line)
        self.entries.nodes[node.code] = node
        return True

    # --- links

    def _read_pipe(self, line: InpLine) -> None:
        link = self._add_link(line, "pipe")
        if link is None:
            return
        link.length = self._number(line, 3, link.label, "length", above=0.0)
        link.diameter = self._number(line, 4, link.label, "diameter", above=0.0)
        link.roughness = self._number(line, 5, link.label, "roughness", at_least=0.0)
        if not link.length * self._metres_per_length < 1e9:
            self.findings.error(
                line.number,
                link.label,
                Sentence(gettext_noop("its length {token} is longer than any pipe"), token=line.tokens[3]),
            )
        self._check_diameter(line, link, 4)
        rest = line.tokens[6:]
        if len(rest) == 1 and parse_number(rest[0]) is None:
            self._pipe_status(line, link, rest[0])
        elif rest:
            link.minor_loss = self._number(line, 6, link.label, "minor loss", at_least=0.0)
        if len(rest) > 1:
            self._pipe_status(line, link, rest[1])

    def _pipe_status(self, line: InpLine, link: LinkEntry, token: str) -> None:
        word = token.upper()
        if word.startswith("CV"):
            link.has_check_valve = True
        elif word.startswith("CLOS"):
            link.status = "closed"
        elif not word.startswith("OPEN"):
            self.findings.error(
                line.number,
                link.label,
                Sentence(gettext_noop("its status {token} is not one of OPEN, CLOSED and CV"), token=token),
            )

    def _read_pump(self, line: InpLine) -> None:
        link = self._add_link(line, "pump")
        if link is None:
            return
        if parse_number(line.tokens[3]) is not None:
            self._read_old_pump(line, link)
            return
        has_power = False
        for index in range(3, len(line.tokens), 2):
            word = line.tokens[index].upper()
            if index + 1 >= len(line.tokens):
                self.findings.error(
                    line.number,
                    link.label,
                    Sentence(gettext_noop("{token} has no value"), token=line.tokens[index]),
                )
            elif word.startswith("POWE"):
                link.power = self._number(line, index + 1, link.label, "power", above=0.0)
                has_power = True
            elif word.startswith("HEAD"):
                link.curve = self._curve(line, line.tokens[index + 1], link.label)
            elif word.startswith("PATT"):
                link.pattern = self._pattern(line, index + 1, link.label)
            elif word.startswith("SPEE"):
                link.speed = self._number(line, index + 1, link.label, "speed", at_least=0.0)
            else:
                self.findings.error(
                    line.number,
                    link.label,
                    Sentence(
                        gettext_noop("{token} is not one of HEAD, POWER, SPEED and PATTERN"),
                        token=line.tokens[index],
                    ),
                )
                return
        if has_power:
            link.curve = None  # as in EPANET, constant power goes before a curve
        elif link.curve is None and "HEAD" not in line.text.upper():
            self.findings.error(
                line.number, link.label, Sentence(gettext_noop("it has neither a head curve nor a power"))
            )

    def _read_old_pump(self, line: InpLine, link: LinkEntry) -> None:
        """EPANET 1 stated a pump by numbers: its power; or head and flow of one point, or of three."""
        values = [self._number(line, index, link.label, "value") for index in range(3, len(line.tokens))]
        if len(values) == 1:
            link.power = values[0]
            if values[0] <= 0:
                self.findings.error(
                    line.number,
                    link.label,
                    Sentence(gettext_noop("its power {token} is not above 0"), token=line.tokens[3]),
                )
            return
        if len(values) == 2:
            head, flow = values
            points = [(flow, head)]
        elif len(values) >= 5:
            shutoff, head, flow, low_head, high_flow = values[:5]
            points = [(0.0, shutoff), (flow, head), (high_flow, low_head)]
        else:
            self.findings.error(
                line.number,
                link.label,
                Sentence(gettext_noop("it is stated by 1, 2 or 5 numbers, or by keywords")),
            )
            return
        code = f"pump {link.code}"
        self.entries.curves[code] = CurveEntry([x for x, _ in points], [y for _, y in points], line.number)
        link.curve = code

    def _read_valve(self, line: InpLine) -> None:
        link = self._add_link(line, "valve")
        if link is None:
            return
        tokens = line.tokens
        link.status = "active"
        link.valve_type = next((name for name in VALVE_TYPES if tokens[4].upper().startswith(name)), "")
        link.diameter = self._number(line, 3, link.label, "diameter", above=0.0)
        self._check_diameter(line, link, 3)
        if not link.valve_type:
            self.findings.error(
                line.number,
                link.label,
                Sentence(
                    gettext_noop("its type {token} is not one of EPANET's: {valve_types}"),
                    token=tokens[4],
                    valve_types=", ".join(VALVE_TYPES),
                ),
            )
        elif link.valve_type == "GPV":
            link.curve = self._curve(line, tokens[5], link.label)
        else:
            link.setting = self._number(line, 5, link.label, "setting")
        ends = [self.entries.nodes[code] for code in (link.start, link.end) if code in self.entries.nodes]
        storage = next((node for node in ends if node.kind != "junction"), None)
        if storage is not None and link.valve_type in ("PRV", "PSV", "FCV"):
            self.findings.error(
                line.number,
                link.label,
                Sentence(
                    gettext_noop(
                        "a {valve_type} cannot stand right beside {storage}; a pipe has to lie between"
                    ),
                    valve_type=link.valve_type,
                    storage=storage.label,
                ),
            )
        if len(tokens) > 6:
            link.minor_loss = self._number(line, 6, link.label, "minor loss", at_least=0.0)
        if link.valve_type == "PCV" and len(tokens) > 7:
            link.curve = self._curve(line, tokens[7], link.label)

    def _add_link(self, line: InpLine, kind: str) -> LinkEntry | None:
        code, start, end = line.tokens[:3]
        link = LinkEntry(code, kind, line.number, start, end)
        first = self.entries.links.get(code)
        if first is not None:
            self.findings.error(
                line.number,
                link.label,
                Sentence(
                    gettext_noop("the code is taken by {first} in line {line}"),
                    first=first.label,
                    line=first.line,
                ),
            )
            return None
        self._check_code(code, link.label, line)
        self.entries.links[code] = link
        for end_name, node in (("start", start), ("end", end)):
            if node not in self.entries.nodes:
                self.findings.error(
                    line.number,
                    link.label,
                    Sentence(
                        gettext_noop("its {end_name} node {node} is not in the model"),
                        end_name=Word(end_name),
                        node=node,
                    ),
                )
        if start == end:
            self.findings.error(
                line.number,
                link.label,
                Sentence(gettext_noop("both its ends are the node {start}"), start=start),
            )
        return link

    def _check_diameter(self, line: InpLine, link: LinkEntry, index: int) -> None:
        if not link.diameter * self._metres_per_diameter < 100:
            self.findings.error(
                line.number,
                link.label,
                Sentence(gettext_noop("its diameter {token} is above 100 m"), token=line.tokens[index]),
            )

    # --- what is said about elements elsewhere

    def _read_demands(self) -> None:
        """Demands of this section take the place of the junction's own; several add up."""
        seen: set[str] = set()
        for line in self.text.lines("DEMANDS"):
            tokens = line.tokens
            if not tokens:
                continue
            if len(tokens) < 2:
                self.findings.error(
                    line.number, f"demand of {tokens[0]}", Sentence(gettext_noop("the line has no demand"))
                )
                continue
            if tokens[0].upper().startswith("MULT") and tokens[0] not in self.entries.nodes:
                self.entries.demand_multiplier = self._number(line, 1, "DEMANDS MULTIPLY", "factor")
                continue
            node = self.entries.nodes.get(tokens[0])
            if node is None:
                self.findings.error(
                    line.number, f"demand of {tokens[0]}", Sentence(gettext_noop("there is no such junction"))
                )
                continue
            if node.kind != "junction":
                continue  # EPANET passes over demands of tanks and reservoirs
            if node.code not in seen:
                seen.add(node.code)
                node.demands = []
            base = self._number(line, 1, f"demand of {node.code}", "demand")
            pattern = self._pattern(line, 2, f"demand of {node.code}") if len(tokens) > 2 else None
            node.demands.append(DemandEntry(base, pattern or self._default_pattern(), line.comment[:100]))

    def _read_status(self, line: InpLine) -> None:
        tokens = line.tokens
        word = tokens[-1].upper()
        status = "open" if word.startswith("OPEN") else "closed" if word.startswith("CLOS") else "active"
        number = 0.0
        if status == "active" and not word.startswith("ACTI"):
            number = self._number(line, len(tokens) - 1, f"status of {tokens[0]}", "setting", at_least=0.0)
        for link in self._links_of_status(line):
            self._set_status(line, link, status, number)

    def _links_of_status(self, line: InpLine) -> list[LinkEntry]:
        """The link a [STATUS] line names; two codes mean all links whose code lies between them."""
        tokens = line.tokens
        if len(tokens) == 2:
            link = self.entries.links.get(tokens[0])
            if link is None:
                self.findings.error(
                    line.number, f"status of {tokens[0]}", Sentence(gettext_noop("there is no such link"))
                )
            return [link] if link else []
        low, high = tokens[0], tokens[1]
        links = list(self.entries.links.values())
        if low.isdigit() and high.isdigit():
            return [link for link in links if link.code.isdigit() and int(low) <= int(link.code) <= int(high)]
        return [link for link in links if low <= link.code <= high]

    def _set_status(self, line: InpLine, link: LinkEntry, status: str, number: float) -> None:
        if link.has_check_valve:
            self.findings.warning(
                line.number,
                link.label,
                Sentence(gettext_noop("its status is passed over: it has a check valve")),
            )
        elif link.kind == "pump" and status == "active":
            link.speed = number
            link.status = "closed" if number == 0 else "open"
        elif link.kind == "valve":
            link.status = status
            is_number = status == "active" and parse_number(line.tokens[-1]) is not None
            if is_number and link.valve_type != "GPV":
                link.setting = number
        elif status != "active":
            if link.kind == "pump" and status == "open":
                link.speed = 1.0  # EPANET opens a pump at its full speed, whatever [PUMPS] says
            link.status = status

    def _read_energy(self, line: InpLine) -> None:
        words = [token.upper() for token in line.tokens]
        if not words[0].startswith("PUMP") or len(words) < 4 or not words[2].startswith("EFFI"):
            return
        link = self.entries.links.get(line.tokens[1])
        if link is None or link.kind != "pump":
            self.findings.error(
                line.number,
                f"energy of pump {line.tokens[1]}",
                Sentence(gettext_noop("there is no such pump")),
            )
        elif parse_number(line.tokens[3]) is None or line.tokens[3] in self.entries.curves:
            link.efficiency_curve = self._curve(line, line.tokens[3], link.label)

    def _check_control(self, line: InpLine) -> None:
        """A control has to name a link of the model, and a node if it looks at one; its text is kept."""
        words = [token.upper() for token in line.tokens]
        if words[0] == "IF":
            return
        if line.tokens[1] not in self.entries.links:
            self.findings.error(
                line.number,
                "control",
                Sentence(gettext_noop("it acts on {token}, which is not in the model"), token=line.tokens[1]),
            )
        elif len(words) > 5 and words[4].startswith("NODE") and line.tokens[5] not in self.entries.nodes:
            self.findings.error(
                line.number,
                "control",
                Sentence(
                    gettext_noop("it looks at node {token}, which is not in the model"), token=line.tokens[5]
                ),
            )
        elif len(words) < 6:
            self.findings.error(line.number, "control", Sentence(gettext_noop("it is incomplete")))
        elif reason := _control_reason(words):
            self.findings.warning(
                line.number,
                "control",
                Sentence(gettext_noop("{reason}; EPANET will not run it"), reason=reason),
            )

    def _read_coordinates(self, line: InpLine) -> None:
        node = self.entries.nodes.get(line.tokens[0])
        if node is None:
            self.findings.warning(
                line.number,
                f"coordinates of {line.tokens[0]}",
                Sentence(gettext_noop("there is no such node")),
            )
            return
        x = self._number(line, 1, node.label, "x coordinate")
        y = self._number(line, 2, node.label, "y coordinate")
        node.position, node.position_line = (x, y), line.number

    def _read_vertex(self, line: InpLine) -> None:
        link = self.entries.links.get(line.tokens[0])
        if link is None:
            self.findings.warning(
                line.number, f"vertex of {line.tokens[0]}", Sentence(gettext_noop("there is no such link"))
            )
            return
        x = self._number(line, 1, link.label, "x coordinate of a vertex")
        y = self._number(line, 2, link.label, "y coordinate of a vertex")
        link.vertices.append((x, y))
        link.vertices_line = link.vertices_line or line.number

    # --- the model as a whole

    def _check_whole(self) -> None:
        nodes, links, findings = self.entries.nodes, self.entries.links, self.findings
        without_position = sum(node.position is None for node in nodes.values())
        if not self.text.has_end:
            self._check_cut_off(without_position)
        if not any(node.kind == "junction" for node in nodes.values()):
            findings.error(None, "model", Sentence(gettext_noop("it has no junctions")))
        if not links:
            findings.error(None, "model", Sentence(gettext_noop("it has no pipes, pumps or valves")))
        if findings.error_count:
            return
        check_for_engine(self.text, self.entries, findings)
        if all(node.kind == "junction" for node in nodes.values()):
            findings.warning(
                None, "model", Sentence(gettext_noop("it has no tank or reservoir; EPANET will not run it"))
            )
        joined = {link.start for link in links.values()} | {link.end for link in links.values()}
        for node in nodes.values():
            if node.code not in joined:
                findings.warning(node.line, node.label, Sentence(gettext_noop("nothing is joined to it")))

    def _check_cut_off(self, without_position: int) -> None:
        reason = ""
        if not self.text.ends_with_newline:
            reason = Sentence(gettext_noop("its last line has no end and [END] is missing"))
        elif without_position:
            reason = Sentence(
                ngettext_lazy(
                    "[END] is missing and {count} node has no coordinates",
                    "[END] is missing and {count} nodes have no coordinates",
                    COUNT,
                ),
                count=without_position,
            )
        elif self.text.last_section in _DRAWING_SECTIONS and len(self.text.sections) >= SECTIONS_OF_AN_EXPORT:
            # A cut between two lines of the drawing shows in nothing else, and vertices may be most of a file.
            reason = Sentence(
                gettext_noop(
                    "it stops in [{last_section}], and a program that writes so many sections ends with "
                    "[END]; if it is whole, add [END]"
                ),
                last_section=self.text.last_section,
            )
        if reason:
            self.findings.error(
                self.text.line_count,
                "file",
                Sentence(gettext_noop("it is probably cut off: {reason}"), reason=reason),
            )
        else:
            self.findings.warning(self.text.line_count, "file", Sentence(gettext_noop("it has no [END]")))

    # --- single values

    def _number(
        self,
        line: InpLine,
        index: int,
        label: str,
        what: str,
        *,
        above: float | None = None,
        at_least: float | None = None,
    ) -> float:
        """The number at a position of the line; 1.0 stands in for a bad one, so that reading can go on."""
        token = line.tokens[index]
        number = parse_number(token)
        if number is None:
            self.findings.error(
                line.number,
                label,
                Sentence(
                    gettext_noop("its {what} {token} is not a number"), what=Word(what), token=token[:40]
                ),
            )
        elif not abs(number) < LARGEST_NUMBER:
            self.findings.error(
                line.number,
                label,
                Sentence(
                    gettext_noop("its {what} {token} is not a possible number"),
                    what=Word(what),
                    token=token[:40],
                ),
            )
        elif above is not None and not number > above:
            self.findings.error(
                line.number,
                label,
                Sentence(
                    gettext_noop("its {what} {token} is not above {above}"),
                    what=Word(what),
                    token=token[:40],
                    above=Figure(above, "g"),
                ),
            )
        elif at_least is not None and not number >= at_least:
            self.findings.error(
                line.number,
                label,
                Sentence(
                    gettext_noop("its {what} {token} is below {at_least}"),
                    what=Word(what),
                    token=token[:40],
                    at_least=Figure(at_least, "g"),
                ),
            )
        else:
            return number
        return 1.0

    def _pattern(self, line: InpLine, index: int, label: str) -> str | None:
        code = line.tokens[index]
        if code in self.entries.patterns:
            return code
        self.findings.error(
            line.number, label, Sentence(gettext_noop("its pattern {code} is not in the model"), code=code)
        )
        return None

    def _default_pattern(self) -> str | None:
        code = self.options.default_pattern
        return code if code in self.entries.patterns else None

    def _curve(self, line: InpLine, code: str | None, label: str) -> str | None:
        if code is not None and code not in self.entries.curves:
            self.findings.error(
                line.number, label, Sentence(gettext_noop("its curve {code} is not in the model"), code=code)
            )
            return None
        return code

    def _check_code(self, code: str, label: str, line: InpLine) -> None:
        if len(code) > MAXIMUM_CODE_LENGTH:
            self.findings.error(
                line.number,
                label[:80],
                Sentence(
                    gettext_noop("its code is longer than {maximum_code_length} characters"),
                    maximum_code_length=MAXIMUM_CODE_LENGTH,
                ),
            )
        elif not code or not code.isprintable():
            self.findings.error(
                line.number,
                ascii(label),
                Sentence(gettext_noop("its code has characters that cannot be printed")),
            )


def _control_reason(words: list[str]) -> str:
    """What is wrong with LINK x status IF NODE y ABOVE z, or LINK x status AT TIME t (in capitals); "" for nothing."""
    if not words[0].startswith(("LINK", "PIPE", "PUMP", "VALV")):
        return Sentence(gettext_noop("{words} is not one of LINK, PIPE, PUMP and VALVE"), words=words[0][:40])
    if not words[2].startswith(("OPEN", "CLOS")) and parse_number(words[2]) is None:
        return Sentence(gettext_noop("{words} is neither OPEN, CLOSED nor a number"), words=words[2][:40])
    if words[3] == "IF":
        is_sound = len(words) >= 8 and words[6].startswith(("ABOV", "BELO"))
        is_sound = is_sound and parse_number(words[7]) is not None
        return (
            ""
            if is_sound
            else Sentence(gettext_noop("after IF stands NODE, its name, ABOVE or BELOW, and a number"))
        )
    if words[3] == "AT" and words[4].startswith(("TIME", "CLOCK")):
        return ""
    return Sentence(gettext_noop("{words} is neither IF nor AT TIME or AT CLOCKTIME"), words=words[3][:40])
