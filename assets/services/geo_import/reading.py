"""From a file to layers of rows: GeoPackage, Shapefile (zip), GeoJSON, CSV and DXF.

Each format is told by what the file holds, never by its name alone, and is opened by the one driver that belongs to
it: some of GDAL's formats would read other files or addresses that a hostile file names.
"""

import csv
import io
import json
import sqlite3
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from assets.services.network_import.inp_text import decode_text
from gis_core.errors import ReportedError

MAXIMUM_ROWS = 5_000_000
MAXIMUM_UNPACKED_BYTES = 2_000_000_000
# Text formats are held in memory many times over.
MAXIMUM_TEXT_BYTES = 400_000_000
# Real shapefiles shrink to a tenth; bombs to a thousandth.
MAXIMUM_RATIO = 100
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_LONGITUDES = ("lon", "longitude", "long", "lng")
_LATITUDES = ("lat", "latitude")
_WKT_NAMES = ("wkt", "geom", "geometry", "the_geom")
FORMATS = ("geopackage", "shapefile", "geojson", "csv", "dxf")


@dataclass
class SourceLayer:
    """Rows of a layer as they are in the file; `numbers` name the rows, `geometry` is None for plain tables."""

    name: str
    rows: pd.DataFrame
    numbers: Any
    geometry: Any = None
    crs: CRS | None = None


def detect_format(path: Path) -> str | None:
    """One of FORMATS by what the file holds; None for what is none of them (an EPANET model, perhaps)."""
    if path.suffix.lower() == ".inp":
        return None
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return None
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    signs = {
        "geopackage": start.startswith(b"SQLite format 3\x00"),
        "shapefile": start.startswith(b"PK\x03\x04"),
        "geojson": text.startswith(b"{"),
        "dxf": start.startswith(b"AutoCAD Binary DXF") or _begins_as_dxf(text),
    }
    return next((name for name, is_one in signs.items() if is_one), None)


def _begins_as_dxf(text: bytes) -> bool:
    lines = [line.strip() for line in text.splitlines()[:40]]
    while len(lines) > 2 and lines[0] == b"999":
        lines = lines[2:]
    return lines[:2] == [b"0", b"SECTION"]


def read_source(path: Path, file_format: str) -> list[SourceLayer]:
    """All layers of the file. Raises ReportedError for a file that is broken, too large or not what it seems."""
    readers = {
        "geopackage": _read_geopackage,
        "shapefile": _read_shapefile,
        "geojson": _read_geojson,
        "csv": _read_csv,
        "dxf": _read_dxf,
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


def _read_with_gdal(source: Path, layer: str | None, path: Path) -> SourceLayer:
    import geopandas
    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = pyogrio.read_dataframe(source, layer=layer, fid_as_index=True)
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


def _read_shapefile(path: Path) -> list[SourceLayer]:
    try:
        with (
            zipfile.ZipFile(path) as archive,
            tempfile.TemporaryDirectory(prefix="tarmoq-import-") as directory,
        ):
            stems = _unpack_shapefiles(archive, Path(directory), path)
            layers = []
            for name, stem in stems.items():
                layer = _read_with_gdal(stem.with_suffix(".shp"), None, path)
                layer.name = name
                layer.numbers = layer.numbers + 1
                layers.append(layer)
            return layers
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        raise _unreadable(path, f"is a broken archive: {error}") from error


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


def _read_csv(path: Path) -> list[SourceLayer]:
    text = decode_text(path.read_bytes())
    csv.field_size_limit(100_000_000)
    header = text[:10_000].split("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = pd.DataFrame(list(reader), dtype=object)
    except csv.Error as error:
        raise _unreadable(path, f"is no CSV: {error}") from error
    if not len(rows) or reader.fieldnames is None:
        raise _unreadable(path, "has no rows")
    rows = rows[[name for name in rows.columns if isinstance(name, str)]]
    rows = rows.map(_uncell)
    numbers = np.arange(2, len(rows) + 2)  # as an editor numbers the lines of plain rows
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
    return layers


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


def _read_dxf(path: Path) -> list[SourceLayer]:
    """Lines, polylines, points and block references; a layer for each layer of the drawing and shape."""
    import ezdxf

    try:
        document = ezdxf.readfile(path)
    except (OSError, ezdxf.DXFError, ValueError, KeyError, IndexError, RecursionError) as error:
        raise _unreadable(path, f"is no readable drawing: {str(error)[:200]}") from error
    stated = dict(document.header.custom_vars)
    crs = CRS.from_user_input(stated["CRS"]) if str(stated.get("CRS", "")).startswith("EPSG:") else None
    groups: dict[str, list[tuple[int, dict[str, Any], Any]]] = {}
    for number, entity in enumerate(document.modelspace(), start=1):
        geometry = _dxf_geometry(entity)
        if geometry is not None:
            properties = {"handle": entity.dxf.handle} | _dxf_properties(entity)
            groups.setdefault(str(entity.dxf.layer), []).append((number, properties, geometry))
    layers = []
    for name, entries in groups.items():
        geometry = np.array([shape for _, _, shape in entries] + [None], dtype=object)[:-1]
        numbers = np.array([number for number, _, _ in entries])
        rows = pd.DataFrame([properties for _, properties, _ in entries])
        layers.append(SourceLayer(name, rows, numbers, geometry, crs))
    if not layers:
        raise _unreadable(path, "has no lines, points or blocks")
    return layers


def _dxf_geometry(entity: Any) -> Any:
    kind = entity.dxftype()
    if kind in ("POINT", "INSERT"):
        place = entity.dxf.location if kind == "POINT" else entity.dxf.insert
        return shapely.Point(*place)
    if kind == "LINE":
        return _line([tuple(entity.dxf.start), tuple(entity.dxf.end)])
    if kind == "LWPOLYLINE":
        points = [(x, y) for x, y, *_ in entity.get_points()]
        return _line([*points, points[0]] if entity.closed and points else points)
    if kind == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline):
        return _line([tuple(vertex.dxf.location) for vertex in entity.vertices])
    return None


def _line(points: list[Any]) -> Any:
    return shapely.LineString(points) if len(points) > 1 else shapely.LineString()


def _dxf_properties(entity: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if entity.dxftype() == "INSERT":
        properties["block"] = entity.dxf.name
        properties |= {attribute.dxf.tag.lower(): attribute.dxf.text for attribute in entity.attribs}
    if entity.has_xdata("TARMOQ"):
        for code, value in entity.get_xdata("TARMOQ"):
            name, equals, text = str(value).partition("=")
            if code == 1000 and equals:
                properties[name] = text
    return properties
