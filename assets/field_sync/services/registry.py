"""The kinds of changes that phones send, and what else an area to take along holds.

Apps above this one add their own when they start (`AppConfig.ready`): billing the readings of meters.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from assets.field_sync.services.applying import Act
from gis_core.access import Capability, Viewer

Box = tuple[float, float, float, float]
CurrentState = Callable[[Mapping[str, Any], Viewer], dict[str, Any]]


@dataclass(frozen=True)
class ChangeKind:
    """How a kind of change is applied, what it needs, and how what it changes stands now (for conflicts)."""

    act: Act
    capability: Capability
    current: CurrentState | None = None


@dataclass(frozen=True)
class AreaSection:
    """Further rows of an area: their columns, and JSON arrays of their values for a box, as far as one may see them."""

    columns: tuple[str, ...]
    capability: Capability
    rows: Callable[[Box, Viewer], list[list[Any]]]


change_kinds: dict[str, ChangeKind] = {}
area_sections: dict[str, AreaSection] = {}


def register_change_kind(name: str, kind: ChangeKind) -> None:
    """Declare how changes called `name` are applied; the last registration holds."""
    change_kinds[name] = kind


def register_area_section(name: str, section: AreaSection) -> None:
    """Declare further rows of an area under `name`; the last registration holds."""
    area_sections[name] = section
