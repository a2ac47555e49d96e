"""What the layers of an exchanged network are called and what columns they have: the models' own names.

A layer for each kind of node, `pipe` for pipes and connectors, `zone` for zones; and tables without geometry for
what is no place: `network`, `pattern`, `curve`, `demand`, `zone_connection`. Other elements are named by code; where
a node and a device may share one, the column `<name>_class` says which ("node" or "device").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.gis.db import models

from assets.models import Curve, Pattern

# What a file is taken for by the end of its name, where its content does not say.
FORMAT_OF_SUFFIX = {
    ".gpkg": "geopackage",
    ".zip": "shapefile",
    ".geojson": "geojson",
    ".json": "geojson",
    ".csv": "csv",
    ".tsv": "csv",
    ".dxf": "dxf",
}

SCHEMA = "tarmoq-1"
PIPE_LAYER = "pipe"
TABLES = ("network", "pattern", "curve", "demand", "zone", "zone_connection")
NODE_COLUMNS = ("code", "elevation_m", "lifecycle", "installed_on", "zone")
PIPE_FACTS = (
    "stated_length_m",
    "diameter_m",
    "material",
    "roughness",
    "minor_loss",
    "year_installed",
    "status",
    "has_check_valve",
    "lifecycle",
)
PIPE_COLUMNS = (
    "code",
    "is_connector",
    "start_node",
    "start_class",
    "end_node",
    "end_class",
    *PIPE_FACTS,
)
# What the database sets by itself.
_OF_THE_DATABASE = frozenset({"version", "valid_from", "change_id", "node_kind"})


@dataclass(frozen=True)
class LayerColumn:
    """A column of a table of details: `kind` is float, int, bool, date or text; `refers_to` pattern or curve."""

    name: str
    kind: str
    attribute: str
    refers_to: str = ""
    default: Any = None
    is_required: bool = False


@dataclass(frozen=True)
class DetailTable:
    """A table of details of nodes (of the kinds named) or of lines."""

    model: Any
    key: str
    kinds: tuple[str, ...]
    columns: tuple[LayerColumn, ...]

    @property
    def table(self) -> str:
        return str(self.model._meta.db_table)


@cache
def node_details() -> tuple[DetailTable, ...]:
    """The tables of details of nodes."""
    return tuple(_details("node"))


@cache
def line_details() -> tuple[DetailTable, ...]:
    """The tables of details of lines."""
    return tuple(_details("pipe"))


def details_of(kind: str) -> DetailTable | None:
    """The table of details of a kind of node; None where there is none."""
    return next((table for table in node_details() if kind in table.kinds), None)


def default_details(columns: tuple[LayerColumn, ...]) -> dict[str, Any]:
    """What stands in columns of details that nothing is stated of."""
    return {
        column.name: column.default() if callable(column.default) else column.default for column in columns
    }


def _details(key: str) -> Iterator[DetailTable]:
    for model in apps.get_app_config("assets").get_models():
        field = model._meta.pk
        names = {part.name for part in model._meta.get_fields()}
        if not isinstance(field, models.OneToOneField) or field.name != key:
            continue
        if (key == "node") != ("node_kind" in names) or any(
            part.is_relation
            and part.concrete
            and part.name != key
            and part.related_model not in (Pattern, Curve)
            for part in model._meta.get_fields()
        ):
            continue
        kinds = _kinds_of(model)
        if key == "pipe" and not _is_entered(model):
            continue
        yield DetailTable(model, key, kinds, tuple(_columns(model, key)))


def _is_entered(model: Any) -> bool:
    """Tables of what was computed carry no version of their own."""
    return any(part.name == "version" for part in model._meta.get_fields())


def _kinds_of(model: Any) -> tuple[str, ...]:
    for constraint in model._meta.constraints:
        condition = getattr(constraint, "condition", None)
        for child in getattr(condition, "children", ()):
            if isinstance(child, tuple) and child[0] == "node_kind__in":
                return tuple(str(kind) for kind in child[1])
    return ()


def _columns(model: Any, key: str) -> Iterator[LayerColumn]:
    for field in model._meta.concrete_fields:
        if field.name == key or field.name in _OF_THE_DATABASE:
            continue
        refers_to = ""
        if field.is_relation:
            refers_to = "pattern" if field.related_model is Pattern else "curve"
        default = field.default if field.has_default() else None
        if default is None and not field.null:
            default = "" if isinstance(field, models.CharField) else None
        is_required = default is None and not field.null
        yield LayerColumn(field.name, _kind_of(field), field.attname, refers_to, default, is_required)


def _kind_of(field: Any) -> str:
    if isinstance(field, models.BooleanField):
        return "bool"
    if isinstance(field, models.FloatField):
        return "float"
    if isinstance(field, models.IntegerField):
        return "int"
    return "date" if isinstance(field, models.DateField) else "text"
