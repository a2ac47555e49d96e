"""What an EPANET file states, element by element, in the file's own units and codes."""

from dataclasses import dataclass, field

Position = tuple[float, float]


@dataclass(slots=True)
class DemandEntry:
    """One demand of a junction; no pattern means constant."""

    base: float
    pattern: str | None
    category: str


@dataclass(slots=True)
class TankEntry:
    """Levels above the tank's bottom, its diameter, its smallest volume and what else shapes it."""

    initial_level: float
    minimum_level: float
    maximum_level: float
    diameter: float
    minimum_volume: float
    volume_curve: str | None
    can_overflow: bool


@dataclass(slots=True)
class NodeEntry:
    """A junction, tank or reservoir; `elevation` is a reservoir's head, `pattern` the head's."""

    code: str
    kind: str
    line: int
    elevation: float
    pattern: str | None = None
    tank: TankEntry | None = None
    demands: list[DemandEntry] = field(default_factory=list)
    position: Position | None = None
    position_line: int | None = None

    @property
    def label(self) -> str:
        return f"{self.kind} {self.code}"


@dataclass(slots=True)
class LinkEntry:
    """A pipe, pump or valve from `start` to `end`, drawn along `vertices`."""

    code: str
    kind: str
    line: int
    start: str
    end: str
    status: str = "open"
    vertices: list[Position] = field(default_factory=list)
    vertices_line: int | None = None
    diameter: float = 0.0
    minor_loss: float = 0.0
    # pipes
    length: float = 0.0
    roughness: float = 0.0
    has_check_valve: bool = False
    # valves
    valve_type: str = ""
    setting: float | None = None
    # pumps
    power: float | None = None
    speed: float = 1.0
    pattern: str | None = None
    efficiency_curve: str | None = None
    # a pump's head curve, a general purpose valve's head-loss curve
    curve: str | None = None

    @property
    def label(self) -> str:
        return f"{self.kind} {self.code}"


@dataclass(slots=True)
class CurveEntry:
    """The points of a curve, and what a comment above it says it is for (an EPANET keyword, or nothing)."""

    x_values: list[float]
    y_values: list[float]
    line: int
    hint: str = ""


@dataclass
class ModelEntries:
    """All that is imported of one file."""

    title: str = ""
    nodes: dict[str, NodeEntry] = field(default_factory=dict)
    links: dict[str, LinkEntry] = field(default_factory=dict)
    patterns: dict[str, list[float]] = field(default_factory=dict)
    curves: dict[str, CurveEntry] = field(default_factory=dict)
    demand_multiplier: float = 1.0
    kept_text: dict[str, list[str]] = field(default_factory=dict)
