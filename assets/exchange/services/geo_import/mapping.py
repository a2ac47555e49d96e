"""How a file's layers and columns become elements: a mapping file (TOML or JSON), or the names themselves.

crs = "EPSG:32642"                     # only where the file does not say its own
encoding = "cp1251"                    # of the texts of a Shapefile, CSV or DXF file
decimal = ","                          # the decimal mark of numbers that are texts; found where it is left out
[[layers]]
layer = "Truby"                        # the layer's name; "*" for every one that is not named
kind = "pipe"                          # or kind_column = "TYPE" with [layers.kinds] VALVE = "valve"
[layers.columns]
code = "NOMER"
diameter_m = { column = "DN", unit = "mm" }
[layers.values.material]               # the file's words and ours
"чугун" = "cast iron"
[layers.constants]
lifecycle = "in_service"
"""

import json
import tomllib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _

from assets.exchange.services.export.geo_schema import PIPE_LAYER
from assets.models import NodeKind
from gis_core.code_pages import codec_of_name
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.written_numbers import DECIMAL_MARKS

LARGEST_MAPPING_BYTES = 1_000_000
# What a number is multiplied by to be in SI units.
UNITS: dict[str, float] = {
    "mm": 0.001,
    "cm": 0.01,
    "m": 1.0,
    "km": 1000.0,
    "in": 0.0254,
    "inch": 0.0254,
    "ft": 0.3048,
    "l/s": 0.001,
    "m3/h": 1 / 3600,
    "m3/d": 1 / 86400,
    "m3/s": 1.0,
    "kw": 1000.0,
    "w": 1.0,
    "%": 0.01,
    "": 1.0,
}
# Columns that say what they are by their usual names, with the unit these imply.
USUAL_NAMES: dict[str, tuple[str, str]] = {
    "id": ("code", ""),
    "diameter_mm": ("diameter_m", "mm"),
    "diam_mm": ("diameter_m", "mm"),
    "dn": ("diameter_m", "mm"),
    "length_m": ("stated_length_m", ""),
    "year": ("year_installed", ""),
    "elevation": ("elevation_m", ""),
    "type": ("kind", ""),
}
_LAYER_KEYS = frozenset(
    {"layer", "kind", "kind_column", "kinds", "columns", "values", "constants", "code_prefix"}
)


@dataclass(frozen=True)
class ColumnMapping:
    """Which column of the file holds an attribute, and in which unit."""

    column: str
    unit: str = ""


@dataclass(frozen=True)
class LayerMapping:
    """What a layer's rows are and where their attributes stand."""

    layer: str = "*"
    kind: str = ""
    kind_column: str = ""
    kinds: dict[str, str] = field(default_factory=dict)
    columns: dict[str, ColumnMapping] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file; empty, the names of layers and columns speak for themselves."""

    crs: str = ""
    layers: tuple[LayerMapping, ...] = ()
    encoding: str = ""
    decimal: str = ""

    def of_layer(self, name: str) -> LayerMapping | None:
        """The mapping of a layer; None when there is a mapping file and it does not want this layer."""
        if not self.layers:
            return LayerMapping()
        exact = next((layer for layer in self.layers if folded(layer.layer) == folded(name)), None)
        return exact or next((layer for layer in self.layers if layer.layer == "*"), None)


def folded(name: str) -> str:
    """A name as names are compared: in small letters, and composed (a Macintosh writes й as и and a breve)."""
    return unicodedata.normalize("NFC", name).strip().casefold()


def read_mapping(path: Path | None) -> Mapping:
    """Read a mapping file. Raises ReportedError naming what is wrong in it."""
    if path is None:
        return Mapping()
    try:
        if path.stat().st_size > LARGEST_MAPPING_BYTES:
            raise _bad(path, Sentence(_("is larger than 1 MB")))
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = (
            (error.strerror or Sentence(_("no access")))
            if isinstance(error, OSError)
            else Sentence(_("it is not UTF-8"))
        )
        raise _bad(path, Sentence(_("cannot be read: {reason}"), reason=reason)) from error
    return mapping_of_text(text, path)


def mapping_of_text(text: str, path: Path = Path("mapping")) -> Mapping:
    """Parse the text of a mapping file; JSON when it begins with a brace, else TOML."""
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(path, Sentence(_("is neither TOML nor JSON: {error}"), error=str(error)[:200])) from error
    if not isinstance(document, dict):
        raise _bad(path, Sentence(_("is not a table")))
    unknown = sorted(set(document) - {"crs", "encoding", "decimal", "layers"})
    if unknown:
        raise _bad(
            path,
            Sentence(
                _("has an unknown entry {unknown}; known: crs, encoding, decimal, layers"),
                unknown=repr(unknown[0]),
            ),
        )
    layers = document.get("layers", [])
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise _bad(path, Sentence(_("states layers that are not a list of tables")))
    return Mapping(
        str(document.get("crs", "")),
        tuple(_layer(layer, path) for layer in layers),
        _encoding(document.get("encoding", ""), path),
        _decimal(document.get("decimal", ""), path),
    )


def _decimal(mark: Any, path: Path) -> str:
    """The decimal mark, "" where it is to be found in the file."""
    known = DECIMAL_MARKS | {"": "", "auto": ""}
    if not isinstance(mark, str) or mark not in known:
        raise _bad(
            path,
            Sentence(
                _('names the decimal mark {mark}; write decimal = "," or "."'), mark=repr(str(mark)[:20])
            ),
        )
    return known[mark]


def _encoding(name: Any, path: Path) -> str:
    """Python's name of an encoding of texts, which may be written as in a .cpg."""
    if not name:
        return ""
    codec = codec_of_name(name) if isinstance(name, str) else None
    if codec is None:
        raise _bad(
            path, Sentence(_("names an encoding that is not known: {name}"), name=repr(str(name)[:40]))
        )
    return codec


def _layer(entry: dict[str, Any], path: Path) -> LayerMapping:
    name = str(entry.get("layer", "*"))
    unknown = sorted(set(entry) - _LAYER_KEYS)
    if unknown:
        raise _bad(
            path, Sentence(_("layer {name}: unknown entry {unknown}"), name=name, unknown=repr(unknown[0]))
        )
    tables = {key: entry.get(key, {}) for key in ("kinds", "columns", "values", "constants")}
    for key, table in tables.items():
        if not isinstance(table, dict):
            raise _bad(path, Sentence(_("layer {name}: {key} is not a table"), name=name, key=key))
    kind = str(entry.get("kind", ""))
    for known in [kind, *map(str, tables["kinds"].values())]:
        if known and known not in (PIPE_LAYER, *NodeKind.values):
            raise _bad(
                path, Sentence(_("layer {name}: there is no kind {known}"), name=name, known=repr(known))
            )
    return LayerMapping(
        layer=name,
        kind=kind,
        kind_column=str(entry.get("kind_column", "")),
        kinds={str(key): str(value) for key, value in tables["kinds"].items()},
        columns={target: _column(target, value, name, path) for target, value in tables["columns"].items()},
        values={
            target: {unicodedata.normalize("NFC", str(key)): value for key, value in words.items()}
            for target, words in tables["values"].items()
            if isinstance(words, dict)
        },
        constants=tables["constants"],
    )


def _column(target: str, value: Any, layer: str, path: Path) -> ColumnMapping:
    if isinstance(value, str):
        return ColumnMapping(value)
    if isinstance(value, dict) and isinstance(value.get("column"), str):
        unit = str(value.get("unit", "")).lower()
        if unit in UNITS:
            return ColumnMapping(value["column"], unit)
        known = ", ".join(unit for unit in UNITS if unit)
        raise _bad(
            path,
            Sentence(
                _("layer {layer}: {target} has the unit {unit}; known: {known}"),
                layer=layer,
                target=target,
                unit=repr(unit),
                known=known,
            ),
        )
    raise _bad(
        path,
        Sentence(
            _('layer {layer}: write {target} = "COLUMN" or {{ column = "COLUMN", unit = "mm" }}'),
            layer=layer,
            target=target,
        ),
    )


def _bad(path: Path, reason: str) -> ReportedError:
    return ReportedError(
        Sentence(_("The mapping file {path} {reason}."), path=path.name, reason=reason), code="bad_mapping"
    )
