"""Rows of a file as nodes and lines of our own, each checked; what is wrong with a row is said of that row."""

import math
import numbers as numbers_abc
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import shapely
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from assets.exchange.services.export.geo_schema import (
    PIPE_LAYER,
    SCHEMA,
    TABLES,
    LayerColumn,
    default_details,
    details_of,
    line_details,
)
from assets.exchange.services.geo_import.mapping import (
    UNITS,
    USUAL_NAMES,
    ColumnMapping,
    LayerMapping,
    Mapping,
    folded,
)
from assets.exchange.services.geo_import.reading import SourceLayer, two_readings
from assets.models import DEVICE_KINDS, LIFECYCLES, NodeKind
from gis_core.errors import ReportedError
from gis_core.sentences import COUNT, Figure, Sentence, Word, Words
from gis_core.written_numbers import TwoReadings, decimal_mark_of, number_of_text

MAXIMUM_VERTICES = 100_000
_LOOKED_AT_ROWS = 10_000
MAXIMUM_NODE_CODE, MAXIMUM_PIPE_CODE = 60, 80
AREA_OF_USE_MARGIN_DEGREES = 1.0
PLURALS = {"pipes": "pipe", "lines": "pipe", "mains": "pipe"} | {f"{kind}s": kind for kind in NodeKind.values}
LINE_COLUMNS = (
    LayerColumn("code", "text", "code"),
    LayerColumn("is_connector", "bool", "is_connector", default=False),
    LayerColumn("start_node", "text", "start_node"),
    LayerColumn("start_class", "text", "start_class"),
    LayerColumn("end_node", "text", "end_node"),
    LayerColumn("end_class", "text", "end_class"),
    LayerColumn("stated_length_m", "float", "stated_length_m"),
    LayerColumn("diameter_m", "float", "diameter_m"),
    LayerColumn("material", "text", "material", default=""),
    LayerColumn("roughness", "float", "roughness"),
    LayerColumn("minor_loss", "float", "minor_loss", default=0.0),
    LayerColumn("year_installed", "int", "year_installed"),
    LayerColumn("status", "text", "status", default="open"),
    LayerColumn("has_check_valve", "bool", "has_check_valve", default=False),
    LayerColumn("lifecycle", "text", "lifecycle", default="in_service"),
)
NODE_COLUMNS = (
    LayerColumn("code", "text", "code"),
    LayerColumn("elevation_m", "float", "elevation_m"),
    LayerColumn("lifecycle", "text", "lifecycle", default="in_service"),
    LayerColumn("installed_on", "date", "installed_on"),
    LayerColumn("zone", "text", "zone"),
    LayerColumn("base_demand_m3s", "float", "base_demand_m3s"),
    LayerColumn("demand_pattern", "text", "demand_pattern"),
)
_TRUE, _FALSE = {"true", "t", "yes", "y", "1", "1.0"}, {"false", "f", "no", "n", "0", "0.0"}
# What the database holds of these columns, said before it refuses: (column, test, reason).
_RULES: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    ("diameter_m", lambda value: (value > 0) & (value < 100), Sentence(_("is not between 0 and 100 m"))),
    ("stated_length_m", lambda value: (value > 0) & (value < 1e9), Sentence(_("is not above 0"))),
    ("roughness", lambda value: value >= 0, Sentence(_("is negative"))),
    ("minor_loss", lambda value: value >= 0, Sentence(_("is negative"))),
    (
        "year_installed",
        lambda value: (value >= 1800) & (value <= 2200),
        Sentence(_("is not between 1800 and 2200")),
    ),
    (
        "lifecycle",
        lambda value: value.isin(LIFECYCLES),
        Sentence(_("is not one of {lifecycles}"), lifecycles=Words(LIFECYCLES)),
    ),
    ("material", lambda value: value.str.len() <= 40, Sentence(_("is longer than 40 characters"))),
)


@dataclass
class Refusals:
    """The rows that are refused, each with its layer, number, element and reason."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, layer: str, number: Any, element: str, reason: str) -> None:
        row = number.item() if isinstance(number, np.generic) else number
        self.rows.append({"layer": layer, "row": row, "element": element, "reason": reason})


@dataclass
class GeoRows:
    """All that a file states. `nodes` and `lines` are tables with `layer`, `number`, `geometry` (WGS 84)."""

    nodes: pd.DataFrame
    lines: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    adjusted: list[dict[str, Any]]
    is_native: bool


def to_rows(layers: list[SourceLayer], mapping: Mapping, *, srid: int | None, refusals: Refusals) -> GeoRows:
    """Sort the layers into nodes, lines and tables, check every row, bring geometry to WGS 84.

    Raises ReportedError when a layer's CRS is not known, or when no layer is of any use.
    """
    is_native = any(
        layer.name == "network"
        and layer.geometry is None
        and "schema" in layer.rows.columns
        and (layer.rows["schema"] == SCHEMA).any()
        for layer in layers
    )
    sorter = _Sorter(mapping, srid, refusals, is_native)
    for layer in layers:
        sorter.take(layer)
    if not sorter.nodes and not sorter.lines and sorter.without_places:
        names = ", ".join(sorter.without_places[:20])
        raise ReportedError(
            Sentence(
                _(
                    "No column of the file holds places ({names}). Name columns wkt, or lon and "
                    "lat, or x and y."
                ),
                names=names,
            ),
            code="no_places",
        )
    if not sorter.nodes and not sorter.lines:
        names = ", ".join(sorted({layer.name for layer in layers})[:20])
        raise ReportedError(
            Sentence(
                _(
                    "No layer of the file is known ({names}). Name layers after kinds (pipe, "
                    "junction, valve, …) or give a mapping file."
                ),
                names=names,
            ),
            code="no_known_layer",
        )
    return GeoRows(
        nodes=_joined(
            sorter.nodes, ["layer", "number", "kind", "geometry", "details", "z", *_names(NODE_COLUMNS)]
        ),
        lines=_joined(
            sorter.lines,
            ["layer", "number", "geometry", "start_z", "end_z", "details", *_names(LINE_COLUMNS)],
        ),
        tables=sorter.tables,
        adjusted=sorter.adjusted,
        is_native=is_native,
    )


def _names(columns: tuple[LayerColumn, ...]) -> list[str]:
    return [column.name for column in columns]


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    frames = [frame for frame in frames if len(frame)]
    if not frames:
        return pd.DataFrame({name: [] for name in columns}, dtype=object)
    return pd.concat([frame.astype(object) for frame in frames], ignore_index=True)


class _Sorter:
    def __init__(self, mapping: Mapping, srid: int | None, refusals: Refusals, is_native: bool) -> None:
        self.mapping = mapping
        self.srid = srid
        self.refusals = refusals
        self.is_native = is_native
        self.nodes: list[pd.DataFrame] = []
        self.lines: list[pd.DataFrame] = []
        self.tables: dict[str, pd.DataFrame] = {}
        self.adjusted: list[dict[str, Any]] = []
        # Layers whose rows are known to be something, and lie nowhere.
        self.without_places: list[str] = []
        self._decimal = ""

    def take(self, layer: SourceLayer) -> None:
        rules = self.mapping.of_layer(layer.name)
        if rules is None:
            self.adjusted.append(
                {"element": f"layer {layer.name}", "reason": Sentence(_("the mapping does not name it"))}
            )
            return
        if self.is_native and layer.name in TABLES:
            self.tables[layer.name] = layer.rows.assign(
                number=layer.numbers, geometry=self._native_geometry(layer)
            )
            return
        if layer.geometry is None:
            self.adjusted.append(
                {"element": f"layer {layer.name}", "reason": Sentence(_("it has no geometry"))}
            )
            if rules.kind or rules.kind_column or self._kinds(layer, rules) is not None:
                self.without_places.append(layer.name)
            return
        kinds = self._kinds(layer, rules)
        if kinds is None:
            reason = Sentence(_("its name is not a kind, and nothing else says what its rows are"))
            self.adjusted.append({"element": f"layer {layer.name}", "reason": reason})
            return
        for explode in (explode_blocks, explode_lines):
            layer, positions, exploded = explode(layer, kinds == PIPE_LAYER)
            kinds = kinds[positions]
            self.adjusted += exploded
        geometry = self._to_wgs84(layer, kinds)
        self._decimal = self.mapping.decimal or decimal_mark_of(_number_texts(layer.rows))
        for kind in dict.fromkeys(kinds[kinds != ""].tolist()):
            chosen = np.flatnonzero(kinds == kind)
            part = SourceLayer(
                layer.name,
                layer.rows.iloc[chosen].reset_index(drop=True),
                np.asarray(layer.numbers)[chosen],
                geometry[chosen],
            )
            if kind == PIPE_LAYER:
                self.lines.append(self._line_rows(part, rules))
            else:
                self.nodes.append(self._node_rows(part, rules, kind))

    def _native_geometry(self, layer: SourceLayer) -> Any:
        return [None] * len(layer.rows) if layer.geometry is None else list(layer.geometry)

    # --- kinds

    def _kinds(self, layer: SourceLayer, rules: LayerMapping) -> Any:
        """The kind of every row ("" for a refused one); None when nothing says it."""
        column = _column_of(layer.rows, rules.kind_column or "kind")
        if rules.kind:
            return np.full(len(layer.rows), rules.kind, dtype=object)
        by_name = layer.name.strip().lower().replace(" ", "_")
        by_name = PLURALS.get(by_name, by_name)
        if column is None:
            known = by_name == PIPE_LAYER or by_name in NodeKind.values
            return np.full(len(layer.rows), by_name, dtype=object) if known else None
        kinds = np.full(len(layer.rows), "", dtype=object)
        for position, word in enumerate(layer.rows[column]):
            text = (text_of_cell(word) or "").strip()
            kind = rules.kinds.get(text, text.lower())
            if kind == PIPE_LAYER or kind in NodeKind.values:
                kinds[position] = kind
            else:
                self.refusals.add(
                    layer.name,
                    layer.numbers[position],
                    text[:80],
                    Sentence(_("there is no kind {text}"), text=repr(text[:80])),
                )
        return kinds

    # --- geometry

    def _to_wgs84(self, layer: SourceLayer, kinds: Any) -> Any:
        """Geometry in longitude and latitude; None in place of what is refused."""
        crs = self._crs(layer)
        geometry = np.array(layer.geometry, dtype=object)
        reasons = [
            layer.refused.get(number, reason)
            for number, reason in zip(
                np.asarray(layer.numbers).tolist(),
                _geometry_reasons(geometry, kinds == PIPE_LAYER),
                strict=True,
            )
        ]
        usable = np.array([reason == "" for reason in reasons], dtype=bool) & (kinds != "")
        # A line of one part, however it is wrapped, is a line.
        single = usable & (shapely.get_type_id(geometry) >= 4)
        geometry[single] = [shapely.get_geometry(shape, 0) for shape in geometry[single]]
        if not (crs.is_geographic and crs.to_authority() in (("EPSG", "4326"), ("OGC", "CRS84"))):
            transformer = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
            geometry[usable] = shapely.transform(
                geometry[usable],
                lambda xyz: np.column_stack([*transformer.transform(xyz[:, 0], xyz[:, 1]), xyz[:, 2]]),
                include_z=True,
            )
        bounds = shapely.bounds(geometry)
        inside = _inside(bounds, crs)
        for position in np.flatnonzero(usable & ~inside).tolist():
            reasons[position] = Sentence(_("it lies outside {crs}"), crs=crs.name)
        for position, reason in enumerate(reasons):
            if reason and kinds[position]:
                self.refusals.add(layer.name, layer.numbers[position], self._element(layer, position), reason)
            if reason:
                geometry[position] = None
        return geometry

    def _element(self, layer: SourceLayer, position: int) -> str:
        """What the row calls itself, "" where it says nothing; an entity of a drawing has a handle at least."""
        for name in ("code", "id", "handle"):
            column = _column_of(layer.rows, name)
            text = None if column is None else text_of_cell(layer.rows[column].iloc[position])
            if text:
                return f"{name} {text}"[:80] if name == "handle" else text[:80]
        return ""

    def _crs(self, layer: SourceLayer) -> CRS:
        """The CRS that is asked for, else the mapping's, else the file's own."""
        stated = f"EPSG:{self.srid}" if self.srid is not None else self.mapping.crs
        try:
            if stated:
                crs = CRS.from_user_input(stated)
            elif layer.crs is not None:
                crs = layer.crs
            elif self.is_native:
                crs = CRS.from_user_input("OGC:CRS84")
            else:
                raise ReportedError(
                    Sentence(
                        _("Layer {layer} does not say its CRS; name it with --srid or in the mapping file."),
                        layer=layer.name,
                    ),
                    code="no_crs",
                )
        except CRSError as error:
            raise ReportedError(
                Sentence(_("There is no CRS {stated}."), stated=stated), code="unknown_crs"
            ) from error
        if not (crs.is_projected or crs.is_geographic or crs.is_compound):
            raise ReportedError(
                Sentence(_("{crs} is not a CRS of places on a map."), crs=crs.name), code="unknown_crs"
            )
        return crs

    # --- attributes

    def _line_rows(self, part: SourceLayer, rules: LayerMapping) -> pd.DataFrame:
        rows = self._columns(part, rules, LINE_COLUMNS)
        keep = np.array([shape is not None for shape in part.geometry], dtype=bool)
        is_bad_status = rows["status"].notna() & ~rows["status"].isin(["open", "closed"])
        for position in np.flatnonzero(is_bad_status & keep).tolist():
            self._refuse(
                part,
                position,
                Sentence(
                    _("its status {value} is neither open nor closed"), value=rows["status"].iloc[position]
                ),
            )
            keep[position] = False
        rows["details"] = _objects(self._details_of_lines(part, rules))
        rows["geometry"] = part.geometry
        rows["layer"], rows["number"] = part.name, part.numbers
        keep &= self._good_values(part, rows, LINE_COLUMNS, MAXIMUM_PIPE_CODE, keep)
        rows = rows[keep].copy()
        z = shapely.get_coordinates(rows["geometry"].to_numpy(dtype=object), include_z=True)[:, 2]
        counts = shapely.get_num_coordinates(rows["geometry"].to_numpy(dtype=object))
        ends = np.cumsum(counts)
        rows["start_z"], rows["end_z"] = z[ends - counts], z[ends - 1]
        return rows

    def _node_rows(self, part: SourceLayer, rules: LayerMapping, kind: str) -> pd.DataFrame:
        rows = self._columns(part, rules, NODE_COLUMNS)
        keep = np.array([shape is not None for shape in part.geometry], dtype=bool)
        table = details_of(kind)
        details: list[dict[str, Any] | None] = [None] * len(rows)
        if table is not None:
            stated = self._columns(part, rules, table.columns)
            details = self._details(part, rules, kind, table.columns, stated, keep)
        rows["details"] = _objects(details)
        rows["geometry"] = part.geometry
        rows["kind"], rows["layer"], rows["number"] = kind, part.name, part.numbers
        keep &= self._good_values(part, rows, NODE_COLUMNS, MAXIMUM_NODE_CODE, keep)
        rows = rows[keep].copy()
        rows["z"] = shapely.get_z(rows["geometry"].to_numpy(dtype=object))
        return rows

    def _details(
        self,
        part: SourceLayer,
        rules: LayerMapping,
        kind: str,
        columns: tuple[LayerColumn, ...],
        stated: pd.DataFrame,
        keep: Any,
    ) -> list[dict[str, Any] | None]:
        """The details of each row, or none where the file says so or states nothing that is needed.

        A device of which nothing is stated gets the usual details when it is made, and is compared by none.
        """
        has = _column_of(part.rows, "has_details")
        required = [column.name for column in columns if column.is_required]
        found: list[dict[str, Any] | None] = []
        flags = (
            [None] * len(stated) if has is None else [_boolean(value) for value in part.rows[has].tolist()]
        )
        names = [column.name for column in columns]
        defaults = default_details(columns)
        for position, values in enumerate(zip(*(stated[name].tolist() for name in names), strict=True)):
            row = {name: value for name, value in zip(names, values, strict=True) if not _missing(value)}
            missing = [name for name in required if name not in row]
            is_bare = not row and (missing or kind in DEVICE_KINDS)
            if is_bare or (flags[position] is False and kind not in DEVICE_KINDS):
                found.append(None)
                continue
            if missing and keep[position]:
                self._refuse(
                    part,
                    position,
                    Sentence(
                        _("a {kind} with details needs {missing}"),
                        kind=Word(kind),
                        missing=", ".join(missing),
                    ),
                )
                keep[position] = False
            found.append(defaults | row)
        return found

    def _details_of_lines(self, part: SourceLayer, rules: LayerMapping) -> list[dict[str, Any] | None]:
        found: list[dict[str, Any] | None] = [None] * len(part.rows)
        for table in line_details():
            stated = self._columns(part, rules, table.columns)
            names = [name for name in stated.columns if stated[name].notna().any()]
            if not names:
                continue
            defaults = {column.name: column.default for column in table.columns}
            for position, values in enumerate(zip(*(stated[name].tolist() for name in names), strict=True)):
                row = {name: value for name, value in zip(names, values, strict=True) if not _missing(value)}
                if row:
                    found[position] = defaults | row
        return found

    def _columns(
        self, part: SourceLayer, rules: LayerMapping, columns: tuple[LayerColumn, ...]
    ) -> pd.DataFrame:
        """The attributes of the rows, converted; a value that is no such thing is refused with its row."""
        converted: dict[str, Any] = {}
        for column in columns:
            source = source_of(part.rows, rules, column.name)
            nothing = pd.Series([None] * len(part.rows), dtype=object)
            if source is None and column.name not in rules.constants:
                converted[column.name] = nothing
                continue
            values = nothing if source is None else part.rows[source.column]
            values = values.astype(object).where(values.notna(), None)
            words = rules.values.get(column.name)
            if words:
                values = values.map(lambda value, words=words: _translated(words, value))
            if column.name in rules.constants:
                constant = rules.constants[column.name]
                values = values.map(lambda value, constant=constant: constant if _missing(value) else value)
            converted[column.name] = self._converted(part, column, values, source)
        return pd.DataFrame(converted)

    def _converted(
        self, part: SourceLayer, column: LayerColumn, values: pd.Series, source: ColumnMapping | None
    ) -> pd.Series:
        if column.kind in ("float", "int"):
            numbers = self._numbers(part, column.name, values)
            bad = numbers.isna() & values.map(lambda value: not _missing(value) and str(value).strip() != "")
            bad |= ~np.isfinite(numbers) & numbers.notna()
            if column.kind == "int":
                bad |= numbers.notna() & (numbers != numbers.round())
            self._refuse_values(part, column.name, values, bad)
            if source is not None and source.unit:
                numbers = numbers * UNITS[source.unit]
            cast = int if column.kind == "int" else float
            return _objects(
                None if is_bad or math.isnan(value) else cast(value)
                for value, is_bad in zip(numbers.tolist(), bad.tolist(), strict=True)
            )
        if column.kind == "bool":
            flags = _objects(map(_boolean, values))
            self._refuse_values(part, column.name, values, flags.isna() & ~values.map(_missing).astype(bool))
            return flags
        if column.kind == "date":
            dates = pd.to_datetime(values, errors="coerce", format="ISO8601")
            self._refuse_values(part, column.name, values, dates.isna() & ~values.map(_missing).astype(bool))
            return _objects(None if pd.isna(moment) else moment.date() for moment in dates)
        lost = values.map(
            lambda value: isinstance(value, float) and value.is_integer() and abs(value) >= 2**53
        )
        for position in np.flatnonzero(lost.to_numpy(dtype=bool)).tolist():
            reason = Sentence(
                _("its {column} {value} has lost its last digits in a column of fractions"),
                column=column.name,
                value=values.iloc[position],
            )
            self._refuse_position(part, position, reason)
        return _objects(map(text_of_cell, values))

    def _numbers(self, part: SourceLayer, name: str, values: pd.Series) -> pd.Series:
        """Numbers of a column, of which some may be texts; what has two readings is refused here."""
        found = []
        for position, value in enumerate(values.tolist()):
            number: Any = value
            if isinstance(value, str):
                try:
                    number = number_of_text(value, self._decimal)
                except TwoReadings:
                    number = None
                    self._refuse_position(part, position, two_readings(name, value))
            elif isinstance(value, bool) or _missing(value) or not isinstance(value, numbers_abc.Real):
                number = float(value) if isinstance(value, bool | Decimal) else None
            found.append(math.nan if number is None else _as_float(number))
        return pd.Series(found, dtype="float64")

    def _refuse_position(self, part: SourceLayer, position: int, reason: str) -> None:
        if part.geometry[position] is not None:
            self._refuse(part, position, reason)
            part.geometry[position] = None

    def _refuse_values(self, part: SourceLayer, name: str, values: pd.Series, bad: pd.Series) -> None:
        for position in np.flatnonzero(bad.to_numpy(dtype=bool)).tolist():
            reason = Sentence(
                _("its {name} {value} cannot be read"),
                name=Word(name),
                value=repr(str(values.iloc[position])[:60]),
            )
            self._refuse_position(part, position, reason)

    def _good_values(
        self, part: SourceLayer, rows: pd.DataFrame, columns: tuple[LayerColumn, ...], longest: int, keep: Any
    ) -> Any:
        """Which rows have possible values; the others are refused."""
        good = np.array([shape is not None for shape in part.geometry], dtype=bool) & keep
        for name, test, reason in _RULES:
            if name not in rows.columns:
                continue
            known = rows[name].notna()
            if not known.any():
                continue
            bad = known.copy()
            stated = rows.loc[known, name]
            stated = stated.astype(str) if name in ("material",) else stated
            bad[known] = ~test(stated.astype("float64") if name not in ("lifecycle", "material") else stated)
            for position in np.flatnonzero(bad.to_numpy(dtype=bool) & good).tolist():
                self._refuse(
                    part,
                    position,
                    Sentence(
                        _("its {name} {value} {reason}"),
                        name=Word(name),
                        value=rows[name].iloc[position],
                        reason=reason,
                    ),
                )
                good[position] = False
        for position, code in enumerate(rows["code"]):
            if code is None or not good[position]:
                continue
            if not code.strip() or len(code) > longest or not code.isprintable():
                self._refuse(
                    part,
                    position,
                    Sentence(_("its code is empty, longer than {longest} or not printable"), longest=longest),
                )
                good[position] = False
        return good

    def _refuse(self, part: SourceLayer, position: int, reason: str) -> None:
        self.refusals.add(part.name, part.numbers[position], self._element(part, position), reason)


def source_of(rows: pd.DataFrame, rules: LayerMapping, target: str) -> ColumnMapping | None:
    """The column an attribute stands in: the mapping's, else the one of its name, else one of its usual names."""
    mapped = rules.columns.get(target)
    if mapped is not None:
        column = _column_of(rows, mapped.column)
        if column is None:
            raise ReportedError(
                Sentence(
                    _(
                        "The mapping takes {target} from a column {column}, which is not there; there "
                        "are: {map}."
                    ),
                    target=target,
                    column=mapped.column,
                    map=", ".join(map(str, rows.columns))[:300],
                ),
                code="bad_mapping",
            )
        return ColumnMapping(column, mapped.unit)
    column = _column_of(rows, target)
    if column is not None:
        return ColumnMapping(column)
    for usual, (meant, unit) in USUAL_NAMES.items():
        if meant == target and (column := _column_of(rows, usual)) is not None:
            return ColumnMapping(column, unit)
    return None


def _column_of(rows: pd.DataFrame, name: str) -> str | None:
    wanted = folded(name)
    # Shapefiles cut names to ten letters.
    found = [column for column in rows.columns if folded(str(column)) in (wanted, wanted[:10])]
    exact = [column for column in found if folded(str(column)) == wanted]
    return next(iter(exact or found), None)


def _geometry_reasons(geometry: Any, is_line: Any) -> list[str]:
    """What is wrong with each geometry, "" for nothing. Lines of several parts are told apart before."""
    types = shapely.get_type_id(geometry)
    empty = shapely.is_empty(geometry) | (types < 0)
    single = np.where(types >= 4, shapely.get_num_geometries(geometry) == 1, True)
    vertices = shapely.get_num_coordinates(geometry)
    finite = _finite(geometry)
    wanted = np.where(is_line, np.isin(types, (1, 5)), np.isin(types, (0, 4)))
    checkable = ~empty & finite & wanted & single & (vertices <= MAXIMUM_VERTICES) & is_line
    simple = np.ones(len(geometry), dtype=bool)
    simple[checkable] = shapely.is_simple(geometry[checkable])
    length = np.ones(len(geometry))
    length[checkable] = shapely.length(geometry[checkable])
    conditions = [
        (types < 0, Sentence(_("it has no geometry"))),
        (empty, Sentence(_("its geometry is empty or broken"))),
        (is_line & np.isin(types, (3, 6)), Sentence(_("it is an area; draw its outline as a line"))),
        (~wanted, Sentence(_("its geometry is of the wrong type for its kind"))),
        (~single, Sentence(_("it has several parts"))),
        (~finite, Sentence(_("its coordinates are not all numbers"))),
        (
            vertices > MAXIMUM_VERTICES,
            Sentence(
                _("it has more than {maximum_vertices} vertices"),
                maximum_vertices=Figure(MAXIMUM_VERTICES, ","),
            ),
        ),
        (checkable & (length == 0), Sentence(_("it has no length"))),
        (~simple, Sentence(_("it crosses itself"))),
    ]
    reasons = [""] * len(geometry)
    for bad, reason in reversed(conditions):
        for position in np.flatnonzero(bad):
            reasons[position] = reason
    return reasons


def _finite(geometry: Any) -> Any:
    coordinates, owner = shapely.get_coordinates(geometry, return_index=True)
    good = np.ones(len(geometry), dtype=bool)
    good[owner[~np.isfinite(coordinates).all(axis=1)]] = False
    return good


def _inside(bounds: Any, crs: CRS) -> Any:
    """Whether bounds (west, south, east, north; degrees) lie on Earth and in the area that the CRS is for."""
    with np.errstate(invalid="ignore"):
        inside = (bounds[:, 0] >= -180) & (bounds[:, 2] <= 180) & (bounds[:, 1] >= -90) & (bounds[:, 3] <= 90)
        area = crs.area_of_use
        if area is not None and crs.is_projected and area.west <= area.east:
            margin = AREA_OF_USE_MARGIN_DEGREES
            inside &= (bounds[:, 0] >= area.west - margin) & (bounds[:, 2] <= area.east + margin)
            inside &= (bounds[:, 1] >= area.south - margin) & (bounds[:, 3] <= area.north + margin)
    return inside


def _objects(values: Iterable[Any]) -> pd.Series:
    """A column that keeps its values as they are; pandas would make numbers with gaps into floats."""
    column = pd.Series(list(values), dtype=object)
    return column.where(column.notna(), None)


def _missing(value: Any) -> bool:
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    )


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def _number_texts(rows: pd.DataFrame) -> list[str]:
    """The texts of a table that hold digits and commas, from its first rows: they show the decimal mark."""
    return [
        value
        for column in rows.columns
        for value in rows[column].head(_LOOKED_AT_ROWS).tolist()
        if isinstance(value, str) and "," in value and len(value) < 40
    ]


def _boolean(value: Any) -> bool | None:
    if _missing(value):
        return None
    text = str(value).strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def _translated(words: dict[str, Any], value: Any) -> Any:
    """What the mapping makes of a file's word; of a number also where it is written without its .0."""
    if _missing(value):
        return value
    text = unicodedata.normalize("NFC", str(value))
    return words.get(text, words.get(text_of_cell(value) or text, value))


def text_of_cell(value: Any) -> str | None:
    """A text; whole numbers, as codes often are, without a decimal point."""
    if _missing(value):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def explode_lines(layer: SourceLayer, is_line: Any) -> tuple[SourceLayer, Any, list[dict[str, Any]]]:
    """Lines of several parts as several rows, each with the attributes of all; joined again where they touch.

    Returns the layer, for each of its rows the position it had, and what was done.
    """
    geometry = np.array(layer.geometry, dtype=object)
    several = is_line & (shapely.get_type_id(geometry) == 5) & (shapely.get_num_geometries(geometry) > 1)
    several &= _finite(geometry)
    if not several.any():
        return layer, np.arange(len(geometry)), []
    adjusted, positions, shapes = [], [], []
    for position in range(len(geometry)):
        if not several[position]:
            positions.append(position)
            shapes.append(geometry[position])
            continue
        merged = shapely.line_merge(geometry[position])
        parts = shapely.get_parts(merged).tolist() if shapely.get_type_id(merged) == 5 else [merged]
        reason = (
            Sentence(_("its parts are joined to one line"))
            if len(parts) == 1
            else Sentence(
                ngettext_lazy("it becomes {count} line", "it becomes {count} lines", COUNT), count=len(parts)
            )
        )
        number = layer.numbers[position]
        adjusted.append({"layer": layer.name, "row": int(number), "element": "", "reason": reason})
        positions += [position] * len(parts)
        shapes += parts
    return _repeated(layer, positions, shapes), np.array(positions), adjusted


def explode_blocks(layer: SourceLayer, is_line: Any) -> tuple[SourceLayer, Any, list[dict[str, Any]]]:
    """Blocks of a drawing that are to be lines as the lines that they are drawn of; answers as `explode_lines`."""
    adjusted, positions, shapes = [], [], []
    for position, number in enumerate(np.asarray(layer.numbers).tolist()):
        inside = layer.lines_inside[number]() if is_line[position] and number in layer.lines_inside else []
        if inside:
            reason = Sentence(
                ngettext_lazy(
                    "it is a block: the {count} line in it is taken",
                    "it is a block: the {count} lines in it are taken",
                    COUNT,
                ),
                count=len(inside),
            )
            adjusted.append({"layer": layer.name, "row": int(number), "element": "", "reason": reason})
        positions += [position] * max(1, len(inside))
        shapes += inside or [layer.geometry[position]]
    if not adjusted:
        return layer, np.arange(len(positions)), []
    return _repeated(layer, positions, shapes), np.array(positions), adjusted


def _repeated(layer: SourceLayer, positions: list[int], shapes: list[Any]) -> SourceLayer:
    """The rows of these positions, each with a shape of its own."""
    return replace(
        layer,
        rows=layer.rows.iloc[positions].reset_index(drop=True),
        numbers=np.asarray(layer.numbers)[positions],
        geometry=np.array([*shapes, None], dtype=object)[:-1],
    )


def node_class(kind: str) -> str:
    """The class of codes that a kind belongs to."""
    return "device" if kind in DEVICE_KINDS else "node"
