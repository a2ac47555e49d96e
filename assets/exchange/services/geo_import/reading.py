"""From a file to layers of rows: GeoPackage, Shapefile (zip), GeoJSON, CSV and DXF (whose shapes are in `drawing`).

Each format is told by what the file holds, never by its name alone, and is opened by the one driver that belongs to
it: some of GDAL's formats would read other files or addresses that a hostile file names.
"""

import codecs
import csv
import io
import json
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from assets.exchange.services.epanet_import.inp_text import decode_text
from assets.exchange.services.export.geo_schema import FORMAT_OF_SUFFIX
from assets.exchange.services.geo_import.drawing import DEGREES, METRES, properties_of, shape_of
from gis_core.errors import ReportedError

MAXIMUM_ROWS = 5_000_000
MAXIMUM_UNPACKED_BYTES = 2_000_000_000
# Text formats are held in memory many times over.
MAXIMUM_TEXT_BYTES = 400_000_000
# Real shapefiles shrink to a tenth; bombs to a thousandth.
MAXIMUM_RATIO = 100
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
# The byte of a .dbf that names its code page; none, and Windows' "ANSI", which is another one in every country.
_DBF_CODE_PAGE_BYTE = 29
_UNSAID_CODE_PAGES = (0x00, 0x57)
# Texts cut to a column's width may end within a letter; more broken letters than this share are another code page.
_BROKEN_SHARE = 0.05
_LOOKED_AT_BYTES = 50_000_000
_LONGITUDES = ("lon", "longitude", "long", "lng")
_LATITUDES = ("lat", "latitude")
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


def read_source(path: Path, file_format: str, *, encoding: str = "", crs: str = "") -> list[SourceLayer]:
    """All layers of the file. Raises ReportedError for a file that is broken, too large or not what it seems.

    `encoding` is that of the texts of a Shapefile, CSV or DXF file, where the file's own word is not to be taken; `crs`
    that of the coordinates, by which curves of a drawing are flattened.
    """
    readers: dict[str, Callable[[Path], list[SourceLayer]]] = {
        "geopackage": _read_geopackage,
        "shapefile": partial(_read_shapefile, encoding=encoding),
        "geojson": _read_geojson,
        "csv": partial(_read_csv, encoding=encoding),
        "dxf": partial(_read_dxf, encoding=encoding, crs=crs),
    }
    size = path.stat().st_size
    if size > (MAXIMUM_UNPACKED_BYTES if file_format == "geopackage" else MAXIMUM_TEXT_BYTES):
        raise _unreadable(path, f"is too large ({size / 1e6:,.0f} MB)")
    layers = readers[file_format](path)
    count = sum(len(layer.rows) for layer in layers)
    if count > MAXIMUM_ROWS:
        raise _unreadable(path, f"has {count:,} rows; at most {MAXIMUM_ROWS:,} are taken")
    return layers


def _unreadable(path: Path, reason: str) -> ReportedError:
    return ReportedError(
        f"The file {path.name} {reason}.",
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
        raise _unreadable(path, f"is no GeoPackage: {error}") from error


def _read_with_gdal(source: Path, layer: str | None, path: Path, encoding: str = "") -> SourceLayer:
    import geopandas
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = pyogrio.read_dataframe(source, layer=layer, fid_as_index=True, encoding=encoding or None)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, RuntimeError) as error:
        raise _unreadable(path, f"cannot be read: {str(error)[:300]}") from error
    except shapely.errors.ShapelyError as error:
        raise _unreadable(path, f"has a broken geometry: {str(error)[:300]}") from error
    numbers = frame.index.to_numpy()
    frame = frame.reset_index(drop=True)
    name = layer or path.stem
    if not isinstance(frame, geopandas.GeoDataFrame):
        return SourceLayer(name, frame, numbers)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    crs = CRS.from_user_input(frame.crs) if frame.crs is not None else None
    return SourceLayer(name, pd.DataFrame(frame.drop(columns=frame.geometry.name)), numbers, geometry, crs)


def _read_shapefile(path: Path, encoding: str) -> list[SourceLayer]:
    try:
        with (
            zipfile.ZipFile(path) as archive,
            tempfile.TemporaryDirectory(prefix="tarmoq-import-") as directory,
        ):
            stems = _unpack_shapefiles(archive, Path(directory), path)
            layers = []
            for name, stem in stems.items():
                guessed = "" if encoding else _guessed_encoding(stem)
                layer = _read_with_gdal(stem.with_suffix(".shp"), None, path, encoding or guessed)
                layer.name = name
                if guessed:
                    layer.assumed = f"its .dbf does not say the encoding of its texts; {guessed} is assumed"
                layer.numbers = layer.numbers + 1
                layers.append(layer)
            return layers
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise _unreadable(path, f"is a broken archive: {error}") from error


def _guessed_encoding(stem: Path) -> str:
    """The encoding of texts that none is stated for, by what they hold; "" where one is, or none is needed."""
    code_page_file = stem.with_suffix(".cpg")
    if code_page_file.exists() and code_page_file.read_bytes().strip():
        return ""
    with stem.with_suffix(".dbf").open("rb") as file:
        table = file.read(_LOOKED_AT_BYTES)
    if len(table) < 32 or table[_DBF_CODE_PAGE_BYTE] not in _UNSAID_CODE_PAGES:
        return ""
    header_length = int.from_bytes(table[8:10], "little")
    # Names of columns, then the rows; what lies between are counts and offsets.
    texts = b" ".join(
        [*(table[at : at + 11] for at in range(32, header_length - 1, 32)), table[header_length:]]
    )
    letters = len(texts) - len(texts.translate(None, bytes(range(0x80, 0x100))))
    if not letters:
        return ""
    broken = texts.decode("utf-8", "replace").count("\ufffd")
    if broken <= letters * _BROKEN_SHARE:
        return "UTF-8"
    try:
        texts.decode("cp1251")
    except UnicodeDecodeError:
        return "ISO-8859-1"
    return "CP1251"


def _unpack_shapefiles(archive: zipfile.ZipFile, directory: Path, path: Path) -> dict[str, Path]:
    """Unpack the parts of shapefiles under names of our own; return their stems by layer name."""
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and Path(member.filename).suffix.lower() in _SHAPEFILE_PARTS
        and "__MACOSX" not in member.filename
    ]
    shapes = [member for member in members if member.filename.lower().endswith(".shp")]
    if not shapes:
        raise _unreadable(path, "holds no shapefile (.shp)")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    if len(members) > 500 or unpacked > MAXIMUM_UNPACKED_BYTES:
        raise _unreadable(
            path, f"unpacks to {unpacked / 1e6:,.0f} MB in {len(members)} files, which is too much"
        )
    if unpacked > 10_000_000 and unpacked / packed > MAXIMUM_RATIO:
        raise _unreadable(path, f"unpacks to {unpacked / packed:,.0f} times its size, as no shapefile does")
    stems: dict[str, Path] = {}
    for number, shape in enumerate(shapes):
        stem = directory / f"layer{number}"
        for member in members:
            if Path(member.filename).with_suffix("") == Path(shape.filename).with_suffix(""):
                _unpack_one(archive, member, stem.with_suffix(Path(member.filename).suffix.lower()), path)
        if not stem.with_suffix(".dbf").exists() or not stem.with_suffix(".shx").exists():
            raise _unreadable(path, f"lacks the .dbf or .shx of {Path(shape.filename).name}")
        stems[Path(shape.filename).stem] = stem
    return stems


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, path: Path) -> None:
    """Unpack what the archive said it holds and no more: the directory of a bomb lies."""
    remaining = member.file_size
    with archive.open(member) as source, target.open("wb") as file:
        while block := source.read(1_000_000):
            remaining -= len(block)
            if remaining < 0:
                raise _unreadable(path, f"holds more than it states in {member.filename[:100]}")
            file.write(block)


# --- GeoJSON


def _read_geojson(path: Path) -> list[SourceLayer]:
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"is no GeoJSON: {str(error)[:200]}") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        raise _unreadable(path, "is no GeoJSON FeatureCollection")
    crs = _geojson_crs(document, path)
    groups: dict[str, list[tuple[int, dict[str, Any], Any]]] = {}
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise _unreadable(path, f"has no feature where its feature {number} should be")
        properties = dict(feature.get("properties") or {})
        name = str(properties.pop("layer", None) or path.stem)
        if "code" not in properties and "id" not in properties and feature.get("id") is not None:
            properties["id"] = feature["id"]
        groups.setdefault(name, []).append((number, properties, feature.get("geometry")))
    layers = []
    for name, entries in groups.items():
        rows = pd.DataFrame([properties for _, properties, _ in entries])
        geometry = np.array([geometry_of(shape) for _, _, shape in entries] + [None], dtype=object)[:-1]
        numbers = np.array([number for number, _, _ in entries])
        is_table = all(shape is None for _, _, shape in entries)
        layers.append(SourceLayer(name, rows, numbers, None if is_table else geometry, crs))
    return layers


def _geojson_crs(document: dict[str, Any], path: Path) -> CRS:
    """CRS84 (RFC 7946), or what the older form of GeoJSON names."""
    stated = document.get("crs")
    if not stated:
        return CRS.from_user_input("OGC:CRS84")
    try:
        return CRS.from_user_input(str(stated["properties"]["name"]))
    except (CRSError, KeyError, TypeError) as error:
        raise _unreadable(path, f"names a CRS that is not known: {str(stated)[:100]}") from error


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


def _read_csv(path: Path, encoding: str) -> list[SourceLayer]:
    text, assumed = _text_of(path, encoding)
    csv.field_size_limit(100_000_000)
    header = text[:10_000].split("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        entries = [(reader.line_num, row) for row in reader]
        rows = pd.DataFrame([row for _, row in entries], dtype=object)
    except csv.Error as error:
        raise _unreadable(path, f"is no CSV: {error}") from error
    if not len(rows) or reader.fieldnames is None:
        raise _unreadable(path, "has no rows")
    rows = rows[[name for name in rows.columns if isinstance(name, str)]]
    rows = rows.map(_uncell)
    numbers = np.array([number for number, _ in entries])  # as an editor numbers lines
    names = {name.strip().lower(): name for name in rows.columns}
    groups = (
        rows.groupby(rows[names["layer"]].fillna(""), sort=False) if "layer" in names else [(path.stem, rows)]
    )
    layers = []
    for name, group in groups:
        frame = group.drop(columns=[names["layer"]]) if "layer" in names else group
        frame = frame.dropna(axis="columns", how="all").reset_index(drop=True)
        geometry, crs = _csv_geometry(frame)
        used = [names[key] for key in (*_WKT_NAMES, *_LONGITUDES, *_LATITUDES) if key in names]
        frame = frame.drop(columns=[column for column in used if column in frame.columns])
        layers.append(SourceLayer(str(name), frame, numbers[group.index.to_numpy()], geometry, crs))
    layers[0].assumed = assumed
    return layers


def _text_of(path: Path, encoding: str) -> tuple[str, str]:
    """The text of a file, and what was assumed to read it."""
    data = path.read_bytes()
    if not encoding:
        text = decode_text(data)
        is_utf8 = text.encode("utf-8", "replace") == data.removeprefix(codecs.BOM_UTF8)
        return text, "" if is_utf8 else "its text is no UTF-8; CP1251 is assumed"
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"is not in {encoding}: {error}") from error


def _uncell(value: Any) -> Any:
    """The text of a cell without the apostrophe that marks it as text; None for an empty one."""
    if value is None or value == "":
        return None
    return value[1:] if isinstance(value, str) and value.startswith("'") else value


def _csv_geometry(frame: pd.DataFrame) -> tuple[Any, CRS | None]:
    names = {name.strip().lower(): name for name in frame.columns}
    wkt = next((names[key] for key in _WKT_NAMES if key in names), None)
    if wkt is not None:
        texts = frame[wkt].to_numpy(dtype=object)
        return np.array([_from_wkt(text) for text in texts] + [None], dtype=object)[:-1], None
    x = next((names[key] for key in _LONGITUDES if key in names), None)
    y = next((names[key] for key in _LATITUDES if key in names), None)
    crs: CRS | None = CRS.from_epsg(4326)
    if x is None or y is None:
        x, y, crs = names.get("x"), names.get("y"), None
    if x is None or y is None:
        return None, None
    return shapely.points(pd.to_numeric(frame[x], "coerce"), pd.to_numeric(frame[y], "coerce")), crs


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
        raise _unreadable(path, f"is no readable drawing: {str(error)[:200]}") from error
    stated = str(dict(document.header.custom_vars).get("CRS", ""))
    own = CRS.from_user_input(stated) if stated.startswith("EPSG:") else None
    tolerance = DEGREES if _is_geographic(crs, own) else METRES
    groups: dict[str, list[tuple[int, dict[str, Any], Any]]] = {}
    refused: dict[str, dict[int, str]] = {}
    for number, entity in enumerate(document.modelspace(), start=1):
        name = str(entity.dxf.layer)
        geometry, reason = shape_of(entity, tolerance)
        properties = {"handle": entity.dxf.handle} | properties_of(entity)
        groups.setdefault(name, []).append((number, properties, geometry))
        if reason:
            refused.setdefault(name, {})[number] = reason
    layers = []
    for name, entries in groups.items():
        geometry = np.array([shape for _, _, shape in entries] + [None], dtype=object)[:-1]
        numbers = np.array([number for number, _, _ in entries])
        rows = pd.DataFrame([properties for _, properties, _ in entries])
        layers.append(SourceLayer(name, rows, numbers, geometry, own, refused.get(name, {})))
    if not layers:
        raise _unreadable(path, "has no lines, points or blocks")
    return layers


def _is_geographic(stated: str, own: CRS | None) -> bool:
    """Whether coordinates are degrees; a CRS that is not known is refused later, with its name."""
    try:
        crs = CRS.from_user_input(stated) if stated else own
    except CRSError:
        return False
    return crs is not None and crs.is_geographic
