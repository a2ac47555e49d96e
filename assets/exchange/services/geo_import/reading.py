"""From a file to layers of rows: GeoPackage, Shapefile (zip), GeoJSON, CSV and DXF (whose shapes are in `drawing`).

Each format is told by what the file holds, never by its name alone, and is opened by the one driver that belongs to
it: some of GDAL's formats would read other files or addresses that a hostile file names.
"""

import csv
import io
import json
import re
import sqlite3
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy
from pyproj import CRS
from pyproj.exceptions import CRSError

from assets.exchange.services.export.geo_schema import FORMAT_OF_SUFFIX
from assets.exchange.services.geo_import.drawing import (
    DEGREES,
    METRES,
    MOST_DRAWN,
    Drawing,
    TooMuchDrawn,
    lines_of_block,
    shape_of,
)
from assets.exchange.services.geo_import.mapping import folded
from assets.exchange.services.geo_import.shapefiles import (
    MAXIMUM_UNPACKED_BYTES,
    UnfitFile,
    UnpackedShapefile,
    unpack_shapefiles,
    whole_numbers,
)
from gis_core.code_pages import decoded
from gis_core.errors import ReportedError
from gis_core.sentences import COUNT, Figure, Sentence
from gis_core.written_numbers import TwoReadings, decimal_mark_of, number_of_text

MAXIMUM_ROWS = 5_000_000
# Text formats are held in memory many times over.
MAXIMUM_TEXT_BYTES = 400_000_000
_LONGITUDES = ("lon", "longitude", "long", "lng", "долгота", "узунлик", "uzunlik")
_LATITUDES = ("lat", "latitude", "широта", "кенглик", "kenglik")
# The Cyrillic letters look the same and are typed for them.
_EASTINGS = ("x", "х", "easting", "east", "x_coord", "xcoord", "point_x", "coord_x")
_NORTHINGS = ("y", "у", "northing", "north", "y_coord", "ycoord", "point_y", "coord_y")
_WKT_NAMES = ("wkt", "geom", "geometry", "the_geom")
FORMATS = ("geopackage", "shapefile", "geojson", "csv", "dxf")


@dataclass
class SourceLayer:
    """Rows of a layer as they are in the file; `numbers` name the rows, `geometry` is None for plain tables.

    `refused` says of a row's number why it has no geometry that could be taken; `assumed` what the file left unsaid.
    """

    name: str
    rows: pd.DataFrame
    numbers: Any
    geometry: Any = None
    crs: CRS | None = None
    refused: dict[int, str] = field(default_factory=dict)
    assumed: str = ""
    # By a row's number, what gives the lines that a block of a drawing is made of, which are wanted where lines are.
    lines_inside: dict[int, Callable[[], list[Any]]] = field(default_factory=dict)


def detect_format(path: Path) -> str | None:
    """One of FORMATS by what the file holds; None for what is none of them (an EPANET model, perhaps).

    A file that holds none of them is what its name says, so that it is refused as such and not as a bad model.
    """
    suffix = path.suffix.lower()
    if suffix == ".inp":
        return None
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return None
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if suffix in (".csv", ".tsv"):
        return "csv"
    signs = {
        "geopackage": start.startswith(b"SQLite format 3\x00"),
        "shapefile": start.startswith(b"PK\x03\x04"),
        "geojson": text.startswith(b"{"),
        "dxf": start.startswith(b"AutoCAD Binary DXF") or _begins_as_dxf(text),
    }
    return next((name for name, is_one in signs.items() if is_one), FORMAT_OF_SUFFIX.get(suffix))


def _begins_as_dxf(text: bytes) -> bool:
    lines = [line.strip() for line in text.splitlines()[:40]]
    while len(lines) > 2 and lines[0] == b"999":
        lines = lines[2:]
    return lines[:2] == [b"0", b"SECTION"]


def read_source(
    path: Path, file_format: str, *, encoding: str = "", crs: str = "", decimal: str = ""
) -> list[SourceLayer]:
    """All layers of the file. Raises ReportedError for a file that is broken, too large or not what it seems.

    `encoding` is that of the texts of a Shapefile, CSV or DXF file, where the file's own word is not to be taken; `crs`
    that of the coordinates, by which curves of a drawing are flattened; `decimal` the decimal mark of a CSV file.
    """
    readers: dict[str, Callable[[Path], list[SourceLayer]]] = {
        "geopackage": _read_geopackage,
        "shapefile": partial(_read_shapefile, encoding=encoding),
        "geojson": _read_geojson,
        "csv": partial(_read_csv, encoding=encoding, decimal=decimal),
        "dxf": partial(_read_dxf, encoding=encoding, crs=crs),
    }
    size = path.stat().st_size
    if size > (MAXIMUM_UNPACKED_BYTES if file_format == "geopackage" else MAXIMUM_TEXT_BYTES):
        raise _unreadable(
            path, Sentence(_("is too large ({size} MB)"), size=Figure(size / 1000000.0, ",.0f"))
        )
    layers = readers[file_format](path)
    count = sum(len(layer.rows) for layer in layers)
    if count > MAXIMUM_ROWS:
        raise _unreadable(
            path,
            Sentence(
                _("has {count} rows; at most {maximum_rows} are taken"),
                count=Figure(count, ","),
                maximum_rows=Figure(MAXIMUM_ROWS, ","),
            ),
        )
    return layers


def _unreadable(path: Path, reason: str) -> ReportedError:
    return ReportedError(
        Sentence(_("The file {path} {reason}."), path=path.name, reason=reason),
        code="file_unreadable",
        details=[{"line": None, "element": path.name, "reason": reason}],
    )


# --- GeoPackage and Shapefile, by GDAL


def _read_geopackage(path: Path) -> list[SourceLayer]:
    tables = _geopackage_tables(path)
    layers = []
    with tempfile.TemporaryDirectory(prefix="tarmoq-import-") as directory:
        # The driver is chosen by the name's end; a link gives the file one.
        link = Path(directory) / "source.gpkg"
        link.symlink_to(path.resolve())
        for table in tables:
            layers.append(_read_with_gdal(link, table, path))
    return layers


def _geopackage_tables(path: Path) -> list[str]:
    """The names of its tables of features and attributes; views could hide endless queries, so they are left."""
    query = (
        "SELECT contents.table_name FROM gpkg_contents contents JOIN sqlite_master master "
        "ON lower(master.name) = lower(contents.table_name) AND master.type = 'table' "
        "AND master.sql NOT LIKE 'CREATE VIRTUAL%' "
        "WHERE contents.data_type IN ('features', 'attributes') ORDER BY contents.rowid"
    )
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            return [name for (name,) in connection.execute(query).fetchmany(1000)]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise _unreadable(path, Sentence(_("is not a GeoPackage, or a broken one"))) from error


def _read_with_gdal(source: Path, layer: str | None, path: Path, encoding: str = "") -> SourceLayer:
    import geopandas
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # GDAL knows few of the names of encodings; in this one every byte is a letter, to be read again.
            as_bytes = "ISO-8859-1" if encoding else None
            frame = pyogrio.read_dataframe(source, layer=layer, fid_as_index=True, encoding=as_bytes)
            if encoding:
                frame = _read_again(frame, encoding)
            if layer is not None:
                _keep_whole_numbers(source, layer, frame)
    # What the library says names files of the server, and advises its own callers.
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, RuntimeError) as error:
        what = f"its layer {layer}" if layer else "a part of it"
        raise _unreadable(
            path, Sentence(_("cannot be read: {what} is broken or incomplete"), what=what)
        ) from error
    except shapely.errors.ShapelyError as error:
        raise _unreadable(path, Sentence(_("has a broken geometry"))) from error
    numbers = frame.index.to_numpy()
    frame = frame.reset_index(drop=True)
    name = layer or path.stem
    if not isinstance(frame, geopandas.GeoDataFrame):
        return SourceLayer(name, frame, numbers)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    crs = CRS.from_user_input(frame.crs) if frame.crs is not None else None
    return SourceLayer(name, pd.DataFrame(frame.drop(columns=frame.geometry.name)), numbers, geometry, crs)


def _read_again(frame: Any, encoding: str) -> Any:
    """A table whose texts were read byte by byte, in the encoding that they are in."""

    def read(text: Any) -> Any:
        return (
            text.encode("latin-1", "replace").decode(encoding, "replace") if isinstance(text, str) else text
        )

    texts = [name for name, kind in frame.dtypes.items() if kind.kind == "O" and name != "geometry"]
    for name in texts:
        frame[name] = frame[name].astype(object).map(read)
    return frame.rename(columns={name: read(name) for name in frame.columns if name != "geometry"})


def _keep_whole_numbers(source: Path, layer: str, frame: Any) -> None:
    """Columns of whole numbers that were made floats of because a row of them is empty, digit by digit."""
    import pyogrio

    about = pyogrio.read_info(source, layer=layer)
    kinds = dict(zip(about["fields"].tolist(), about["dtypes"].tolist(), strict=True))
    names = [name for name, kind in kinds.items() if "int" in kind and frame[name].dtype.kind == "f"]
    if not names:
        return
    _about, table = pyogrio.raw.read_arrow(source, layer=layer, read_geometry=False, columns=names)
    for name in names:
        frame[name] = pd.Series(table.column(name).to_pylist(), index=frame.index, dtype=object)


def _read_shapefile(path: Path, encoding: str) -> list[SourceLayer]:
    try:
        with (
            zipfile.ZipFile(path) as archive,
            tempfile.TemporaryDirectory(prefix="tarmoq-import-") as directory,
        ):
            return [
                _layer_of(unpacked, path)
                for unpacked in unpack_shapefiles(archive, Path(directory), encoding)
            ]
    except UnfitFile as reason:
        raise _unreadable(path, str(reason)) from reason
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        is_locked = isinstance(error, RuntimeError) and "encrypted" in str(error)
        raise _unreadable(
            path,
            Sentence(_("is locked with a password")) if is_locked else Sentence(_("is a broken archive")),
        ) from error


def _layer_of(unpacked: UnpackedShapefile, path: Path) -> SourceLayer:
    layer = _read_with_gdal(unpacked.stem.with_suffix(".shp"), None, path, unpacked.encoding)
    layer.name = unpacked.name
    layer.assumed = "; ".join(unpacked.assumed)
    floats = [place for place, kind in enumerate(layer.rows.dtypes) if kind.kind == "f"]
    whole = whole_numbers(unpacked.stem.with_suffix(".dbf"), layer.numbers.tolist(), floats)
    for place, numbers in whole.items():
        layer.rows[layer.rows.columns[place]] = pd.Series(numbers, dtype=object)
    layer.numbers = layer.numbers + 1
    return layer


# --- GeoJSON


def _read_geojson(path: Path) -> list[SourceLayer]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        place = f" in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _unreadable(
            path, Sentence(_("is not GeoJSON: its JSON is broken{place}"), place=place)
        ) from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise _unreadable(path, Sentence(_("is not a GeoJSON FeatureCollection")))
    crs = _geojson_crs(document, path)
    groups: dict[str, list[_Feature]] = {}
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise _unreadable(
                path, Sentence(_("has no feature where its feature {number} should be"), number=number)
            )
        properties = dict(feature.get("properties") or {})
        name = str(properties.pop("layer", None) or path.stem)
        if "code" not in properties and "id" not in properties and feature.get("id") is not None:
            properties["id"] = feature["id"]
        groups.setdefault(name, []).append((number, properties, feature.get("geometry")))
    return [_geojson_layer(name, group, crs) for name, group in groups.items()]


# Number in the file, properties, geometry.
_Feature = tuple[int, dict[str, Any], Any]


def _geojson_layer(name: str, features: Sequence[_Feature], crs: CRS) -> SourceLayer:
    rows = _table([properties for _, properties, _ in features])
    geometry = np.array([geometry_of(shape) for _, _, shape in features] + [None], dtype=object)[:-1]
    numbers = np.array([number for number, _, _ in features])
    is_table = all(shape is None for _, _, shape in features)
    return SourceLayer(name, rows, numbers, None if is_table else geometry, crs)


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as a table whose values stay as they are: pandas makes floats of whole numbers beside an empty cell."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pd.DataFrame(
        {name: pd.Series([row.get(name) for row in rows], dtype=object) for name in names},
        index=range(len(rows)),
    )


def _geojson_crs(document: dict[str, Any], path: Path) -> CRS:
    """CRS84 (RFC 7946), or what the older form of GeoJSON names."""
    stated = document.get("crs")
    if not stated:
        return CRS.from_user_input("OGC:CRS84")
    try:
        return CRS.from_user_input(str(stated["properties"]["name"]))
    except (CRSError, KeyError, TypeError) as error:
        raise _unreadable(
            path, Sentence(_("names a CRS that is not known: {stated}"), stated=str(stated)[:100])
        ) from error


def geometry_of(shape: Any) -> Any:
    """A shapely geometry of a GeoJSON one; None for none, an empty point for what is broken."""
    if shape is None:
        return None
    try:
        with np.errstate(invalid="ignore"):  # numbers that are none are found, and said, later
            kind, coordinates = shape["type"], shape["coordinates"]
            if kind == "Point":
                return shapely.Point(*_numbers(coordinates))
            if kind == "LineString":
                return shapely.LineString([_numbers(position) for position in coordinates])
            if kind == "MultiLineString":
                return shapely.MultiLineString([[_numbers(xy) for xy in part] for part in coordinates])
            return shapely.from_geojson(json.dumps(shape))
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, shapely.errors.ShapelyError):
        return shapely.Point()


def _numbers(position: Any) -> tuple[float, ...]:
    if not 2 <= len(position) <= 4:
        raise ValueError("a position has two or three numbers")
    return tuple(float(value) for value in position[:3])


# --- CSV


def _read_csv(path: Path, encoding: str, decimal: str) -> list[SourceLayer]:
    text, assumed = _text_of(path, encoding)
    csv.field_size_limit(100_000_000)
    text, stated, skipped = _without_separator_line(text)
    header = text[:10_000].split("\n")[0]
    # The first of those that cut the header into most names.
    delimiter = stated or max(";\t,|", key=lambda mark: len(_cells(header, mark)))
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        entries = [(reader.line_num + skipped, row) for row in reader]
        rows = _table([row for _, row in entries])
    except csv.Error as error:
        raise _unreadable(
            path, Sentence(_("is not CSV: a quote is not closed, or a cell is too long"))
        ) from error
    if not len(rows) or reader.fieldnames is None:
        raise _unreadable(path, Sentence(_("has no rows")))
    rows = rows[[name for name in rows.columns if isinstance(name, str)]]
    rows = rows.map(_uncell)
    numbers = np.array([number for number, _ in entries])  # as an editor numbers lines
    names = {folded(name): name for name in rows.columns}
    groups = (
        rows.groupby(rows[names["layer"]].fillna(""), sort=False) if "layer" in names else [(path.stem, rows)]
    )
    layers = []
    for name, group in groups:
        frame = group.drop(columns=[names["layer"]]) if "layer" in names else group
        frame = frame.dropna(axis="columns", how="all").reset_index(drop=True)
        layer = SourceLayer(str(name), frame, numbers[group.index.to_numpy()])
        _take_places(layer, decimal)
        layers.append(layer)
    layers[0].assumed = assumed
    return layers


def _without_separator_line(text: str) -> tuple[str, str, int]:
    """The text below a first line such as `sep=;`, the separator that it names, and how many lines that took."""
    first, newline, rest = text.partition("\n")
    stated = re.fullmatch(r'"?sep=(.|\\t|tab)"?[;,]*', first.strip("\r "), re.IGNORECASE)
    if stated is None or not newline:
        return text, "", 0
    return rest, "\t" if len(stated[1]) > 1 else stated[1], 1


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _text_of(path: Path, encoding: str) -> tuple[str, str]:
    """The text of a file, and what was assumed to read it."""
    data = path.read_bytes()
    if not encoding:
        text, found = decoded(data)
        is_code_page = not found.startswith("utf")
        return text, Sentence(
            _("its text is not UTF-8; {upper} is assumed"), upper=found.upper()
        ) if is_code_page else ""
    try:
        return data.decode(encoding).removeprefix("\ufeff"), ""
    except UnicodeDecodeError as error:
        raise _unreadable(
            path,
            Sentence(
                _("is not in {encoding}: {reason} at byte {start}"),
                encoding=encoding,
                reason=error.reason,
                start=error.start,
            ),
        ) from error


def _uncell(value: Any) -> Any:
    """The text of a cell without the apostrophe that marks it as text; None for an empty one."""
    if value is None or value == "":
        return None
    return value[1:] if isinstance(value, str) and value.startswith("'") else value


def _take_places(layer: SourceLayer, decimal: str) -> None:
    """Give the rows of a table the places that its columns hold, and take these columns from it."""
    names = {folded(name): name for name in layer.rows.columns}
    wkt = next((names[key] for key in _WKT_NAMES if key in names), None)
    if wkt is not None:
        texts = layer.rows[wkt].to_numpy(dtype=object)
        layer.geometry = np.array([_from_wkt(text) for text in texts] + [None], dtype=object)[:-1]
        layer.rows = layer.rows.drop(columns=[wkt])
        return
    for eastings, northings, crs in (
        (_LONGITUDES, _LATITUDES, CRS.from_epsg(4326)),
        (_EASTINGS, _NORTHINGS, None),
    ):
        x = next((names[key] for key in eastings if key in names), None)
        y = next((names[key] for key in northings if key in names), None)
        if x is not None and y is not None:
            layer.crs = crs
            # 69,301 is no longitude of thousands.
            mark = decimal or ("," if crs is not None else "")
            coordinates = [_coordinates(layer, name, mark) for name in (x, y)]
            layer.geometry = shapely.points(*coordinates)
            layer.rows = layer.rows.drop(columns=[x, y])
            return


def _coordinates(layer: SourceLayer, name: str, decimal: str) -> Any:
    """A column of coordinates as numbers; a cell that is none is said of its row."""
    texts = ["" if value is None else str(value) for value in layer.rows[name]]
    if decimal != "." and not any("," in text for text in texts):
        decimal = "."
    numbers = np.full(len(texts), np.nan)
    mark = decimal or decimal_mark_of(texts)
    for place, text in enumerate(texts):
        try:
            number = number_of_text(text, mark)
            reason: str = (
                Sentence(_("its {what} {token} is not a number"), what=name, token=repr(text[:40]))
                if text.strip()
                else Sentence(_("it has no geometry"))
            )
        except TwoReadings:
            number, reason = None, two_readings(name, text)
        if number is None:
            layer.refused[int(layer.numbers[place])] = reason
        else:
            numbers[place] = number
    return numbers


def two_readings(name: str, text: str) -> str:
    """Why a number with a comma is not taken."""
    return Sentence(
        _("its {name} {text} may have a decimal comma or part thousands; state decimal in the mapping file"),
        name=name,
        text=repr(text[:40]),
    )


def _from_wkt(text: Any) -> Any:
    if not isinstance(text, str):
        return None
    try:
        return shapely.from_wkt(str(text).rpartition(";")[2])
    except shapely.errors.ShapelyError:
        return shapely.Point()


# --- DXF


def _read_dxf(path: Path, encoding: str, crs: str) -> list[SourceLayer]:
    """Lines, polylines, curves, points and block references; a layer for each layer of the drawing.

    What is none of these is a row too, refused where its layer is wanted.
    """
    import ezdxf

    try:
        document = ezdxf.readfile(path, encoding=encoding or None)
    except (OSError, ezdxf.DXFError, ValueError, KeyError, IndexError, RecursionError) as error:
        raise _unreadable(path, Sentence(_("is not a readable drawing"))) from error
    stated = str(dict(document.header.custom_vars).get("CRS", ""))
    own = _crs_of_drawing(stated)
    tolerance = DEGREES if _is_geographic(crs, own) else METRES
    groups: dict[str, list[tuple[int, dict[str, Any], Any]]] = {}
    refused: dict[str, dict[int, str]] = {}
    blocks: dict[str, dict[int, Callable[[], list[Any]]]] = {}
    drawing = Drawing(document)
    try:
        for drawn in drawing.drawn():
            geometry, reason = shape_of(drawn.entity, tolerance)
            groups.setdefault(drawn.layer, []).append((drawn.number, drawn.properties, geometry))
            if drawn.refused or reason:
                refused.setdefault(drawn.layer, {})[drawn.number] = drawn.refused or reason
            elif drawn.entity.dxftype() == "INSERT":
                inside = partial(lines_of_block, drawn.entity, tolerance)
                blocks.setdefault(drawn.layer, {})[drawn.number] = inside
    except TooMuchDrawn:
        raise _unreadable(
            path,
            Sentence(
                _("stands for more than {most_drawn} things in blocks within blocks"),
                most_drawn=Figure(MOST_DRAWN, ","),
            ),
        ) from None
    layers = []
    for name, entries in groups.items():
        geometry = np.array([shape for _, _, shape in entries] + [None], dtype=object)[:-1]
        numbers = np.array([number for number, _, _ in entries])
        rows = _table([properties for _, properties, _ in entries])
        layer = SourceLayer(name, rows, numbers, geometry, own, refused.get(name, {}))
        layer.lines_inside = blocks.get(name, {})
        layers.append(layer)
    if not layers:
        raise _unreadable(path, Sentence(_("has no lines, points or blocks")))
    layers[0].assumed = _passed_over(drawing)
    return layers


def _crs_of_drawing(stated: str) -> CRS | None:
    try:
        return CRS.from_user_input(stated) if stated.startswith("EPSG:") else None
    except CRSError:
        return None


def _passed_over(drawing: Drawing) -> str:
    """What of a drawing is no row, in words."""
    said = []
    if count := drawing.in_paper_space():
        said.append(
            Sentence(
                ngettext_lazy(
                    "{count} entity of the drawing lies in paper space and is passed over",
                    "{count} entities of the drawing lie in paper space and are passed over",
                    COUNT,
                ),
                count=count,
            )
        )
    if drawing.parts_of_symbols:
        said.append(
            Sentence(
                ngettext_lazy(
                    "{count} block within a block is taken as part of its symbol",
                    "{count} blocks within blocks are taken as parts of their symbols",
                    COUNT,
                ),
                count=drawing.parts_of_symbols,
            )
        )
    return "; ".join(said)


def _is_geographic(stated: str, own: CRS | None) -> bool:
    """Whether coordinates are degrees; a CRS that is not known is refused later, with its name."""
    try:
        crs = CRS.from_user_input(stated) if stated else own
    except CRSError:
        return False
    return crs is not None and crs.is_geographic
