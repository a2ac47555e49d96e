"""The model of a file in SI units, ready to be compared with what is stored and to be written."""

from dataclasses import dataclass, field
from typing import Any

from assets.exchange.services.epanet_import.inp_entries import Position


@dataclass(slots=True)
class SiNode:
    """A node or a device. `detail` holds the columns of its details, patterns and curves by their codes.

    Devices also know the codes of the nodes they stand between and the vertices their link is drawn along.
    """

    code: str
    kind: str
    line: int
    elevation_m: float | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    demands: list[tuple[float, str | None, str]] = field(default_factory=list)
    position: Position | None = None
    position_line: int | None = None
    start: str = ""
    end: str = ""
    vertices: list[Position] = field(default_factory=list)
    vertices_line: int | None = None

    @property
    def label(self) -> str:
        return f"{self.kind} {self.code}"


@dataclass(slots=True)
class SiPipe:
    """A pipe between two nodes named by their codes."""

    code: str
    line: int
    start: str
    end: str
    stated_length_m: float
    diameter_m: float
    roughness: float
    minor_loss: float
    status: str
    has_check_valve: bool
    vertices: list[Position]
    vertices_line: int | None

    @property
    def label(self) -> str:
        return f"pipe {self.code}"


@dataclass(slots=True)
class SiCurve:
    """A curve; an empty kind means that nothing says what it is for, and that its values are the file's."""

    kind: str
    x_values: list[float]
    y_values: list[float]
    line: int


@dataclass
class SiModel:
    """Nodes (junctions, tanks, reservoirs), devices (pumps, valves) and pipes by code, in file order."""

    title: str
    nodes: dict[str, SiNode]
    devices: dict[str, SiNode]
    pipes: dict[str, SiPipe]
    patterns: dict[str, list[float]]
    curves: dict[str, SiCurve]
    settings: dict[str, Any]
    engine_options: dict[str, Any]

    @property
    def links(self) -> list[SiNode | SiPipe]:
        """Pipes, then devices: all that is drawn as a line in the file."""
        return [*self.pipes.values(), *self.devices.values()]
