"""Bringing parcels and buildings in from a file: GeoJSON, GeoPackage or zipped Shapefile, in any CRS.

All or nothing by default: one bad row refuses the file, and the report says of every bad row what is wrong with it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas
import pandas
from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiPolygon, Polygon
from pyproj.exceptions import CRSError
from shapely import force_2d

from assets.exchange.services.geo_import.mapping import folded
from assets.exchange.services.geo_import.reading import SourceLayer, detect_format, read_source
from assets.models import Building, Parcel
from assets.models.cadastre import CADASTRAL_NUMBER
from assets.registers.services.polygons import check_multipolygon
from assets.registers.services.refusals import UNUSABLE_NUMBER, saying_refusals
from gis_core.errors import ReportedError
from gis_core.models import Division, Street, User
from gis_core.services.audit import record_change

LAYERS = ("parcels", "buildings")
MAXIMUM_FILE_BYTES = 512 * 1024 * 1024
_WGS84 = 4326
_COMMON = ("cadastral_number", "street", "house")
# What a column may be called in a file when no mapping says so; compared in small letters.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "parcels": (*_COMMON, "land_use"),
    "buildings": (*_COMMON, "parcel", "purpose", "storeys", "year_built"),
}


@dataclass
class CadastreImport:
    """What an import did or would do. `refused`: row (from 1), cadastral number, reason; `warnings` likewise."""

    layer: str
    rows: int
    created: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    is_dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "rows": self.rows,
            "created": self.created,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "warnings": self.warnings,
            "dry_run": self.is_dry_run,
        }


def import_cadastre(
    *,
    path: Path,
    layer: str,
    division: Division,
    acting_user: User | None,
    mapping: Mapping[str, str] | None = None,
    srid: int | None = None,
    source_layer: str | None = None,
    is_dry_run: bool = False,
    takes_good_rows: bool = False,
) -> CadastreImport:
    """Import parcels or buildings into a division.

    `mapping` names the file's column for each of our fields; `srid` is the CRS of a file that does not say its own.
    Rows stored already with the same drawing count as unchanged. With `takes_good_rows` bad rows are left out, else
    they refuse the file: ReportedError with the rows in its details, and nothing is stored. A dry run stores nothing.
    """
    frame = _read(path, source_layer, srid)
    columns = _columns(frame, layer, mapping or {})
    result = CadastreImport(layer, len(frame), is_dry_run=is_dry_run)
    rows = _CadastreRows(layer, division, columns, result)
    new = [
        row
        for number, record in enumerate(frame.itertuples(index=False), 1)
        if (row := rows.take(number, record))
    ]
    if result.refused and not takes_good_rows and not is_dry_run:
        raise ReportedError(
            f"{len(result.refused)} of {result.rows} rows cannot be taken; nothing was imported.",
            code="rows_refused",
            details=result.refused,
        )
    result.created = len(new)
    if new and not is_dry_run:
        with saying_refusals():
            manager: Any = type(new[0]).objects
            manager.bulk_create(new, batch_size=1000)
            record_change(
                acting_user=acting_user,
                action=f"import {layer}",
                subject=division,
                subject_id=division.code,
                division=division,
                new_values={"file": path.name, "created": len(new), "unchanged": result.unchanged},
            )
    return result


def _read(path: Path, source_layer: str | None, srid: int | None) -> geopandas.GeoDataFrame:
    """The file's features in WGS 84; raises ReportedError."""
    if not path.is_file():
        raise ReportedError(f"There is no file {path.name}.", code="no_file")
    if path.stat().st_size > MAXIMUM_FILE_BYTES:
        raise ReportedError("The file is larger than 512 MB.", code="too_large")
    file_format = detect_format(path)
    if file_format not in ("geopackage", "shapefile", "geojson"):
        raise ReportedError(
            "The file cannot be read: it is neither GeoJSON, GeoPackage nor a zipped Shapefile.",
            code="unreadable",
        )
    try:
        layers = read_source(path, file_format)
    except ReportedError as error:
        raise ReportedError(f"The file cannot be read: {error.message}", code="unreadable") from error
    frame = _frame(_chosen(layers, file_format, source_layer))
    if frame.crs is None:
        if srid is None:
            raise ReportedError("The file does not say its CRS; give --srid.", code="no_crs")
        frame = _with_crs(frame, srid)
    try:
        return frame.to_crs(_WGS84)
    except (CRSError, RuntimeError) as error:
        raise ReportedError("The file's CRS is not known.", code="bad_crs") from error


def _chosen(layers: list[SourceLayer], file_format: str, name: str | None) -> list[SourceLayer]:
    """The layer that is named, else the first one; all of a GeoJSON file, which has one. Raises ReportedError."""
    if name is not None:
        found = [layer for layer in layers if folded(layer.name) == folded(name)]
        if not found:
            names = ", ".join(layer.name for layer in layers[:20])
            raise ReportedError(f"The file has no layer {name}; it has {names}.", code="unreadable")
        return found
    if file_format == "shapefile" and len(layers) != 1:
        raise ReportedError(f"The zip has {len(layers)} Shapefiles; it must have one.", code="unreadable")
    return layers if file_format == "geojson" else layers[:1]


def _frame(layers: list[SourceLayer]) -> geopandas.GeoDataFrame:
    """Layers of one CRS as one table, in the order of the file's rows."""
    placed = [layer for layer in layers if layer.geometry is not None]
    if not placed:
        raise ReportedError("The file has no geometries.", code="no_geometry")
    rows = pandas.concat(
        [
            layer.rows.astype(object).assign(geometry=list(layer.geometry), number=layer.numbers)
            for layer in placed
        ]
    )
    rows = rows.sort_values("number", kind="stable").drop(columns="number").reset_index(drop=True)
    return geopandas.GeoDataFrame(rows, geometry="geometry", crs=placed[0].crs)


def _with_crs(frame: geopandas.GeoDataFrame, srid: int) -> geopandas.GeoDataFrame:
    try:
        return frame.set_crs(srid)
    except CRSError as error:
        raise ReportedError(f"EPSG:{srid} is not known.", code="bad_crs") from error


def _columns(frame: geopandas.GeoDataFrame, layer: str, mapping: Mapping[str, str]) -> dict[str, int]:
    """The place of each of our fields among the file's columns; raises ReportedError for a mapping that misses."""
    if layer not in LAYERS:
        raise ReportedError(f"The layer is one of {', '.join(LAYERS)}.", code="bad_layer")
    unknown = sorted(set(mapping) - set(FIELDS[layer]))
    if unknown:
        raise ReportedError(
            f"{unknown[0]} is not a field of {layer}: {', '.join(FIELDS[layer])}.", code="bad_mapping"
        )
    names = {folded(str(name)): place for place, name in enumerate(frame.columns)}
    found = {"geometry": names["geometry"]}
    for name in FIELDS[layer]:
        column = folded(mapping.get(name, name))
        if column in names:
            found[name] = names[column]
        elif column[:10] in names:
            # Shapefiles cut names at ten characters.
            found[name] = names[column[:10]]
        elif name in mapping:
            raise ReportedError(f"The file has no column {mapping[name]}.", code="bad_mapping")
    if "cadastral_number" not in found:
        raise ReportedError(
            "The file has no column cadastral_number; name its column in the mapping.", code="bad_mapping"
        )
    return found


class _CadastreRows:
    """Turns rows of the file into rows of ours, noting what is refused."""

    def __init__(
        self, layer: str, division: Division, columns: dict[str, int], result: CadastreImport
    ) -> None:
        self._model: type[Parcel] | type[Building] = Parcel if layer == "parcels" else Building
        self._division = division
        self._columns = columns
        self._result = result
        self._stored = set(
            self._model.objects.filter(division=division).values_list("cadastral_number", flat=True)
        )
        self._seen: set[str] = set()
        self._streets = {
            name.casefold(): pk
            for pk, name in Street.objects.filter(division__path__startswith=division.path)
            .order_by("-id")
            .values_list("pk", "name")
        }
        self._parcels = dict(
            Parcel.objects.filter(division=division).values_list("cadastral_number", "pk")
            if layer == "buildings"
            else ()
        )

    def take(self, number: int, record: Any) -> Parcel | Building | None:
        """The row to store; None when it is refused or stored already."""
        name = self._text(record, "cadastral_number")
        try:
            geom = self._drawing(record[self._columns["geometry"]])
            return self._row(number, record, name, geom)
        except ReportedError as error:
            self._result.refused.append({"row": number, "element": name, "reason": error.message})
            return None

    def _row(self, number: int, record: Any, name: str, geom: MultiPolygon) -> Parcel | Building | None:
        if not re.match(CADASTRAL_NUMBER, name) or len(name) > 60:
            raise ReportedError(UNUSABLE_NUMBER)
        if name in self._seen:
            raise ReportedError("The cadastral number stands in the file twice.")
        self._seen.add(name)
        if name in self._stored:
            self._refuse_another_drawing(name, geom)
            return None
        row = self._model(division=self._division, cadastral_number=name, geom=geom)
        row.house = self._text(record, "house")[:20]
        street = self._text(record, "street")
        row.street_id = self._streets.get(street.casefold()) if street else None
        if street and row.street_id is None:
            self._warn(number, name, f"The street {street} is not in the register.")
        if isinstance(row, Parcel):
            row.land_use = self._word(number, name, record, "land_use", Parcel.LandUse.values)
        else:
            self._fill_building(number, name, record, row)
        return row

    def _fill_building(self, number: int, name: str, record: Any, row: Building) -> None:
        row.purpose = self._word(number, name, record, "purpose", Building.Purpose.values)
        row.storeys = self._whole(record, "storeys", 1, 200)
        row.year_built = self._whole(record, "year_built", 1000, 2200)
        parcel = self._text(record, "parcel")
        if parcel:
            row.parcel_id = self._parcels.get(parcel)
            if row.parcel_id is None:
                raise ReportedError(f"There is no parcel {parcel} in the division.")

    def _refuse_another_drawing(self, name: str, geom: MultiPolygon) -> None:
        stored = self._model.objects.get(division=self._division, cadastral_number=name)
        if not stored.geom.equals(geom):
            raise ReportedError("It is registered with another drawing.")
        self._result.unchanged += 1

    @staticmethod
    def _drawing(value: Any) -> MultiPolygon:
        if value is None or value.is_empty:
            raise ReportedError("The geometry is empty.")
        try:
            geom = GEOSGeometry(memoryview(force_2d(value).wkb), srid=_WGS84)
        except (GEOSException, ValueError):
            raise ReportedError("The geometry cannot be read.") from None
        if isinstance(geom, Polygon):
            geom = MultiPolygon(geom, srid=_WGS84)
        if not isinstance(geom, MultiPolygon):
            raise ReportedError(f"The geometry is a {value.geom_type}, not a polygon.")
        return check_multipolygon(geom)

    def _value(self, record: Any, name: str) -> Any:
        place = self._columns.get(name)
        value = None if place is None else record[place]
        return None if pandas.isna(value) else value

    def _text(self, record: Any, name: str) -> str:
        value = self._value(record, name)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            value = int(value)
        return "" if value is None else str(value).strip().replace("\x00", "")

    def _whole(self, record: Any, name: str, least: int, most: int) -> int | None:
        text = self._text(record, name)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not (least <= value <= most and value == int(value)):
            raise ReportedError(f"{name} must be a whole number from {least} to {most}; it is {text[:40]}.")
        return int(value)

    def _word(self, number: int, name: str, record: Any, field_name: str, allowed: list[str]) -> str:
        text = self._text(record, field_name).lower()
        if text and text not in allowed:
            self._warn(number, name, f"{field_name} {text[:40]} is not known; it is kept as other.")
        return text if text in allowed else "other"

    def _warn(self, number: int, name: str, reason: str) -> None:
        self._result.warnings.append({"row": number, "element": name, "reason": reason})
