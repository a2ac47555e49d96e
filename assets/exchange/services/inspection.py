"""What a file holds, before anything is imported: layers, columns and first rows, and what they would be taken for."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import shapely
from django.conf import settings
from django.utils.translation import gettext_noop as _
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from assets.exchange.services.epanet_import.inp_model import ModelReader
from assets.exchange.services.epanet_import.inp_options import read_options
from assets.exchange.services.epanet_import.inp_text import Findings, read_inp
from assets.exchange.services.export.geo_schema import PIPE_LAYER, TABLES, details_of, line_details
from assets.exchange.services.file_words import (
    choices_of,
    column_of_kinds,
    kinds_meant,
    known_values,
    values_meant,
    words_of_columns,
)
from assets.exchange.services.geo_import.mapping import UNITS, LayerMapping
from assets.exchange.services.geo_import.reading import SourceLayer, detect_format, read_source
from assets.exchange.services.geo_import.rows import (
    LINE_COLUMNS,
    NODE_COLUMNS,
    PLURALS,
    source_of,
    text_of_cell,
)
from assets.models import NodeKind
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

PREVIEWED_ROWS = 20
# What a small map can show and a browser can hold.
PREVIEWED_SHAPES = 1_000
PREVIEWED_VERTICES = 50_000
_SAMPLE_LENGTH = 60
_GEOMETRIES = {0: "points", 1: "lines", 2: "lines", 3: "areas", 4: "points", 5: "lines", 6: "areas"}


def inspect_file(path: Path, *, encoding: str = "", crs: str = "", decimal: str = "") -> dict[str, Any]:
    """What the file is and holds, for a person to decide what it is to be taken for. Nothing is stored.

    `encoding`, `crs` and `decimal` overrule what the file says, as they do in an import. Raises ReportedError for what
    is no file of a network.
    """
    file_format = detect_format(path)
    if file_format is None:
        return _inspected_model(path)
    layers = read_source(path, file_format, encoding=encoding, crs=crs, decimal=decimal)
    choices = {kind: choices_of(kind) for kind in (PIPE_LAYER, *NodeKind.values)}
    known = _known_values(choices)
    return {
        "format": file_format,
        "layers": [_layer(layer, crs, known) for layer in layers],
        "units": [unit for unit in UNITS if unit],
        "targets": {kind: targets_of(kind) for kind in (PIPE_LAYER, *NodeKind.values)},
        "choices": choices,
        "model": None,
    }


def targets_of(kind: str) -> list[str]:
    """The attributes that a row of this kind can have."""
    if kind == PIPE_LAYER:
        columns = [*LINE_COLUMNS, *(column for table in line_details() for column in table.columns)]
    else:
        details = details_of(kind)
        columns = [*NODE_COLUMNS, *(details.columns if details else ())]
    return list(dict.fromkeys(column.name for column in columns))


def _inspected_model(path: Path) -> dict[str, Any]:
    findings = Findings()
    text = read_inp(path, maximum_bytes=settings.NETWORK_UPLOAD_MAX_BYTES, findings=findings)
    options = read_options(text, findings)
    entries = ModelReader(text, options, findings).read()
    findings.raise_if_any()
    counts = Counter(node.kind for node in entries.nodes.values())
    counts.update(link.kind for link in entries.links.values())
    return {
        "format": "epanet",
        "layers": [],
        "units": [],
        "targets": {},
        "choices": {},
        "model": {
            "title": entries.title,
            "flow_units": options.flow_units,
            "is_metric": options.is_metric,
            "headloss": options.headloss,
            "counts": dict(sorted(counts.items())),
            "warnings": findings.warnings[:PREVIEWED_ROWS],
        },
    }


def _layer(layer: SourceLayer, stated_crs: str, known: dict[str, dict[str, str]]) -> dict[str, Any]:
    words = {} if layer.geometry is None else words_of_columns(layer.rows)
    kind_column = column_of_kinds(words)
    kind = guessed_kind(layer, kind_column)
    crs = _crs_of(layer, stated_crs)
    columns = [str(name) for name in layer.rows.columns]
    head = layer.rows.head(PREVIEWED_ROWS)
    return {
        "name": layer.name,
        "rows": len(layer.rows),
        "geometry": geometry_of(layer),
        "crs": None if crs is None else _name_of(crs),
        "srid": None if crs is None else crs.to_epsg(),
        "assumed": layer.assumed,
        "refused": len(layer.refused),
        "kind": kind,
        "kind_column": "" if kind else kind_column,
        "words": words,
        "kinds": {column: kinds_meant(texts) for column, texts in words.items()},
        "values": _meant_values(words, known),
        "is_table": layer.geometry is None and layer.name in TABLES,
        "columns": columns,
        "mapping": _guessed_columns(
            layer, [kind] if kind else kinds_meant(words.get(kind_column, [])).values()
        ),
        "first_rows": [
            [(text_of_cell(value) or "")[:_SAMPLE_LENGTH] for value in row]
            for row in head.itertuples(index=False, name=None)
        ],
        "first_numbers": [str(number) for number in np.asarray(layer.numbers)[:PREVIEWED_ROWS].tolist()],
        "shapes": _shapes(layer, crs),
    }


def _known_values(choices: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, str]]:
    """By attribute, the choice that each word means; where kinds choose from other lists, the first kind's."""
    lists: dict[str, list[str]] = {}
    for of_kind in choices.values():
        lists = of_kind | lists
    return {target: known_values(target, values) for target, values in lists.items()}


def _meant_values(
    words: dict[str, list[str]], known: dict[str, dict[str, str]]
) -> dict[str, dict[str, dict[str, str]]]:
    """By attribute and column, the words that mean one of the attribute's choices."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for target, meanings in known.items():
        for column, texts in words.items():
            if meant := values_meant(meanings, texts):
                found.setdefault(target, {})[column] = meant
    return found


def guessed_kind(layer: SourceLayer, kind_column: str = "") -> str:
    """What the rows are by the layer's name, or by a column that says it (""), else by their geometry."""
    if layer.geometry is None:
        return ""
    name = layer.name.strip().lower().replace(" ", "_")
    name = PLURALS.get(name, name)
    if name == PIPE_LAYER or name in NodeKind.values:
        return name
    if kind_column or any(str(column).casefold() == "kind" for column in layer.rows.columns):
        return ""
    return {"lines": PIPE_LAYER, "points": NodeKind.JUNCTION.value}.get(geometry_of(layer), "")


def geometry_of(layer: SourceLayer) -> str:
    """points, lines, areas or mixed; "" for a table without any."""
    if layer.geometry is None:
        return ""
    kinds = {_GEOMETRIES.get(int(kind), "mixed") for kind in np.unique(shapely.get_type_id(layer.geometry))}
    kinds.discard("mixed")
    return kinds.pop() if len(kinds) == 1 else "mixed"


# What columns are often called elsewhere, offered to whoever imports; an import without a mapping does not use them.
OFTEN_CALLED: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("код", "номер", "номер_объекта", "nomer", "raqam", "raqami", "kod"), ("code", "")),
    **dict.fromkeys(("материал", "materiali", "mat"), ("material", "")),
    **dict.fromkeys(("ду", "диаметр_мм", "диаметр, мм", "diametr_mm", "diametri_mm"), ("diameter_m", "mm")),
    **dict.fromkeys(("год", "год_постройки", "год_прокладки", "yil", "yili"), ("year_installed", "")),
    **dict.fromkeys(("состояние", "статус", "holati"), ("lifecycle", "")),
    **dict.fromkeys(("отметка", "высота", "balandlik"), ("elevation_m", "m")),
}


def _guessed_columns(layer: SourceLayer, kinds: Iterable[str]) -> dict[str, dict[str, str]]:
    found = {}
    wanted = dict.fromkeys(target for kind in kinds for target in targets_of(kind))
    for target in wanted:
        source = source_of(layer.rows, LayerMapping(), target)
        if source is not None:
            found[target] = {"column": source.column, "unit": source.unit}
    for column in map(str, layer.rows.columns):
        target, unit = OFTEN_CALLED.get(column.strip().casefold(), ("", ""))
        if target in wanted and target not in found:
            found[target] = {"column": column, "unit": unit}
    return found


def _crs_of(layer: SourceLayer, stated: str) -> CRS | None:
    try:
        return CRS.from_user_input(stated) if stated else layer.crs
    except CRSError as error:
        raise ReportedError(
            Sentence(_("There is no CRS {stated}."), stated=stated), code="unknown_crs"
        ) from error


def _name_of(crs: CRS) -> str:
    authority = crs.to_authority()
    return f"{crs.name} ({authority[0]}:{authority[1]})" if authority else str(crs.name)


def _shapes(layer: SourceLayer, crs: CRS | None) -> dict[str, Any] | None:
    """The first shapes as GeoJSON, WGS 84, for a small map; None where nobody knows where they lie."""
    if layer.geometry is None or crs is None:
        return None
    shapes = np.array(layer.geometry[:PREVIEWED_SHAPES], dtype=object)
    shapes = shapely.force_2d(shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))])
    vertices = np.cumsum(shapely.get_num_coordinates(shapes))
    shapes = shapes[vertices <= PREVIEWED_VERTICES]
    try:
        transformer = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
        shapes = shapely.transform(
            shapes, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
    except ProjError:
        return None
    west, south, east, north = (shapely.bounds(shapes)[:, side] for side in range(4))
    on_earth = np.isfinite(west + north) & (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)
    collection = shapely.geometrycollections(shapely.set_precision(shapes[on_earth], 0))
    drawn: dict[str, Any] = orjson.loads(shapely.to_geojson(collection))
    return drawn
