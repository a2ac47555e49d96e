"""What is filtered, chosen or seen, as a file: a spreadsheet, a table, or layers for a GIS or a drawing.

Spreadsheets and tables have titles with units in the reader's language; layers have the attributes' own names.
"""

import csv
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import shapely
import xlsxwriter
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from assets.exchange.services.export.drawing import utm_srid
from assets.exchange.services.export.dxf_file import write_dxf
from assets.exchange.services.export.geo_layers import Layer
from assets.job_kinds import EXPORT_ELEMENTS
from assets.models import Network, NodeKind, rules_of
from assets.networks.selectors.network_reads import networks_visible_to
from assets.workbench.selectors.attributes import PIPE_CLASS, ElementAttribute, attributes_of
from assets.workbench.selectors.element_filters import ElementFilter
from assets.workbench.selectors.elements import all_elements, count_elements
from gis_core.errors import ReportedError
from gis_core.models import Job, User
from gis_core.sentences import Sentence
from gis_core.services.job_files import file_facts, folder_of
from gis_core.services.jobs import Enqueue, ProgressReport, create_job
from gis_core.spreadsheet_cells import element_cell

# Pipes and every kind of node.
ALL_CLASSES = "all"
SUFFIXES = {"xlsx": ".xlsx", "csv": ".csv", "gpkg": ".gpkg", "geojson": ".geojson", "dxf": ".dxf"}
ELEMENT_FORMATS = tuple(SUFFIXES)
ELEMENT_MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "gpkg": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "dxf": "image/vnd.dxf",
}
# About two seconds' worth on one quiet core.
ROWS_AT_ONCE = 10_000
_MAXIMUM_SHEET_ROWS = 1_048_575


@dataclass(frozen=True)
class _Table:
    """The elements of one class: attributes and rows as of `all_elements`."""

    element_class: str
    attributes: tuple[ElementAttribute, ...]
    rows: list[dict[str, Any]]

    @property
    def geometry(self) -> Any:
        return shapely.from_wkb(np.array([bytes(row["wkb"]) for row in self.rows], dtype=object))


def filters_of(network: Network, asked: ElementFilter) -> list[ElementFilter]:
    """One filter for each class that is asked for; raises ReportedError for conditions on all classes at once."""
    if asked.element_class != ALL_CLASSES:
        return [asked]
    if asked.where:
        raise ReportedError(
            Sentence(gettext_noop("Conditions are on attributes of one class; name it, or leave them out.")),
            code="bad_filter",
        )
    kinds = rules_of(network.commodity).kinds
    classes = [PIPE_CLASS, *(str(kind) for kind in NodeKind.values if kind in kinds)]
    return [replace(asked, element_class=element_class, sort=("code",)) for element_class in classes]


def is_long(network: Network, asked: ElementFilter) -> bool:
    """Whether an export is for a job; raises ReportedError for a filter that cannot be."""
    left = ROWS_AT_ONCE
    for one in filters_of(network, asked):
        left -= count_elements(network, one, at_most=left + 1)
        if left < 0:
            return True
    return False


def request_element_export(
    network: Network, asked: ElementFilter, file_format: str, *, acting_user: User, enqueue: Enqueue
) -> Job:
    """Make the job that exports the elements, in the present language."""
    kept = asdict(asked)
    kept["uids"] = None if asked.uids is None else [str(uid) for uid in asked.uids]
    return create_job(
        kind=EXPORT_ELEMENTS,
        division=network.division,
        parameters={
            "network": network.code,
            "format": file_format,
            "filter": kept,
            "language": translation.get_language() or "uz",
        },
        acting_user=acting_user,
        enqueue=enqueue,
    )


def do_element_export(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Write a job's file."""
    assert job.created_by is not None
    given = job.parameters
    network = networks_visible_to(job.created_by).filter(code=given["network"]).first()
    if network is None:
        raise ReportedError(
            Sentence(
                gettext_noop("Network {network} is not seen any more by who asked."), network=given["network"]
            ),
            code="no_such_network",
        )
    kept = dict(given["filter"])
    if kept["uids"] is not None:
        kept["uids"] = [UUID(uid) for uid in kept["uids"]]
    path = folder_of(job) / f"{network.code}{SUFFIXES[given['format']]}"
    with translation.override(given["language"]):
        report_progress("reading and writing", 0, 1)
        counts = write_elements(network, ElementFilter(**kept), given["format"], path)
        report_progress("file", 1, 1)
    return {
        "network": network.code,
        "format": given["format"],
        "counts": counts,
        "file": file_facts(path, ELEMENT_MEDIA_TYPES[given["format"]]),
    }


def write_elements(network: Network, asked: ElementFilter, file_format: str, path: Path) -> dict[str, int]:
    """Write what a filter finds; return how many of each class. Raises ReportedError where there is nothing."""
    tables = [
        _Table(
            one.element_class, attributes_of(one.element_class, network.commodity), all_elements(network, one)
        )
        for one in filters_of(network, asked)
    ]
    tables = [table for table in tables if table.rows]
    if not tables:
        raise ReportedError(Sentence(_("Nothing is found that could be exported.")), code="nothing_found")
    _WRITERS[file_format](network, tables, path)
    return {table.element_class: len(table.rows) for table in tables}


def _header(attribute: ElementAttribute) -> str:
    title = _(attribute.title)
    return f"{title}, {_(attribute.unit)}" if attribute.unit else title


_PLACE = (("lon", gettext_noop("Longitude, °")), ("lat", gettext_noop("Latitude, °")))


def _write_xlsx(network: Network, tables: Sequence[_Table], path: Path) -> None:
    """A sheet for each class; numbers are numbers, days are days, and no text is ever a formula."""
    settings = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), settings) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for table in tables:
            if len(table.rows) > _MAXIMUM_SHEET_ROWS:
                raise ReportedError(
                    Sentence(gettext_noop("A sheet holds 1,048,575 rows; filter, or export CSV.")),
                    code="too_large",
                )
            sheet = book.add_worksheet(_sheet_name(table.element_class))
            sheet.freeze_panes(1, 1)
            headers = [*map(_header, table.attributes), *(_(title) for _name, title in _PLACE)]
            for column, header in enumerate(headers):
                sheet.set_column(column, column, max(10, min(len(header) + 2, 28)))
                sheet.write_string(0, column, header, bold)
            for number, row in enumerate(table.rows, 1):
                for column, value in enumerate(_shown(table, row)):
                    _write_cell(sheet, number, column, value, day)


def _write_cell(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, day)
    else:
        sheet.write_string(row, column, str(value))


def _sheet_name(element_class: str) -> str:
    name = _("pipe") if element_class == PIPE_CLASS else element_class
    if element_class in NodeKind.values:
        name = _(NodeKind(element_class).label)
    return name[:31]


def _shown(table: _Table, row: Mapping[str, Any]) -> Iterator[Any]:
    """A row's values as a person reads them: choices in words."""
    for attribute in table.attributes:
        value = row[attribute.name]
        words = dict(attribute.choices)
        yield _(words[value]) if value in words else value
    for name, _title in _PLACE:
        yield round(row[name], 7)


def _write_csv(network: Network, tables: Sequence[_Table], path: Path) -> None:
    """One table for all classes, UTF-8 with the mark by which spreadsheets know it."""
    names = [_("Kind"), *(_(title) for _name, title in _PLACE)]
    for table in tables:
        names += [header for header in map(_header, table.attributes) if header not in names]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writerow({name: name for name in names})
        for table in tables:
            headers = [*map(_header, table.attributes), *(_(title) for _name, title in _PLACE)]
            for row in table.rows:
                cells = dict(zip(headers, map(element_cell, _shown(table, row)), strict=True))
                writer.writerow({names[0]: _sheet_name(table.element_class), **cells})


def _frame(table: _Table) -> pd.DataFrame:
    """The rows under the attributes' own names, whole numbers with gaps kept whole."""
    names = ["uid", *(attribute.name for attribute in table.attributes)]
    frame = pd.DataFrame([[row[name] for name in names] for row in table.rows], columns=names)
    for attribute in table.attributes:
        if attribute.type == "integer":
            frame[attribute.name] = frame[attribute.name].astype("Int64")
        elif attribute.type == "number":
            frame[attribute.name] = frame[attribute.name].astype("float64")
        elif attribute.type == "truth":
            frame[attribute.name] = frame[attribute.name].astype("boolean")
        elif attribute.type == "date":
            frame[attribute.name] = [
                None if value is None else value.isoformat() for value in frame[attribute.name]
            ]
    return frame


def _write_geopackage(network: Network, tables: Sequence[_Table], path: Path) -> None:
    import geopandas
    import pyogrio

    path.unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for table in tables:
            frame = geopandas.GeoDataFrame(_frame(table), geometry=table.geometry, crs="EPSG:4326")
            pyogrio.write_dataframe(frame, path, layer=table.element_class, driver="GPKG")


def _write_geojson(network: Network, tables: Sequence[_Table], path: Path) -> None:
    """One feature collection (RFC 7946)."""
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"type":"FeatureCollection","name":{json.dumps(network.code)},"features":[\n')
        separator = ""
        for table in tables:
            for row, geometry in zip(table.rows, shapely.to_geojson(table.geometry), strict=True):
                values = {attribute.name: row[attribute.name] for attribute in table.attributes}
                values = {"class": row["class"], "kind": row["kind"], **values}
                text = json.dumps(values, ensure_ascii=False, allow_nan=False, default=str)
                head = f'{{"type":"Feature","id":"{row["uid"]}"'
                file.write(f'{separator}{head},"properties":{text},"geometry":{geometry}}}')
                separator = ",\n"
        file.write("\n]}\n")


def _write_drawing(network: Network, tables: Sequence[_Table], path: Path) -> None:
    """A drawing in metres of the UTM zone: a layer for each class, blocks with the code, polylines."""
    layers = []
    for table in tables:
        rows = pd.DataFrame([_in_metres(row) for row in table.rows]).drop(columns=["wkb", "bbox"])
        kind = "LineString" if table.element_class == PIPE_CLASS else "Point"
        layers.append(Layer(table.element_class, rows, table.geometry, kind))
    places = [(row["lon"], row["lat"]) for table in tables for row in table.rows]
    write_dxf(network, layers, path, utm_srid(places))


def _in_metres(row: Mapping[str, Any]) -> dict[str, Any]:
    """A drawing's attributes are those of exchanged networks, where diameters are in metres."""
    diameter = row.get("diameter_mm")
    return dict(row) if diameter is None else {**row, "diameter_m": diameter / 1000}


_WRITERS: dict[str, Callable[[Network, Sequence[_Table], Path], None]] = {
    "xlsx": _write_xlsx,
    "csv": _write_csv,
    "gpkg": _write_geopackage,
    "geojson": _write_geojson,
    "dxf": _write_drawing,
}
