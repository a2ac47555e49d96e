"""Bounding boxes and geometries as clients write them, checked and brought to PostGIS.

Both axes and extent are those of the CRS they are written in. Heights are dropped: features are flat.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from assets.ogc.selectors.reference_systems import (
    STORED_SRID,
    ReferenceSystem,
    require_in_extent,
)
from gis_core.database.sql_fragments import Fragment
from gis_core.errors import ReportedError

MAXIMUM_POSITIONS = 10_000
# Straight edges of a projected box are curves in degrees: so many pieces follow them within millimetres at city size.
_PIECES_OF_AN_EDGE = 64
# What lies on the edge of a projected box meets it, though the way to degrees costs the last digits.
_HAIR_M = 1e-6
_DEPTHS = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}


def _bad(parameter: str, reason: str) -> ReportedError:
    return ReportedError(f"{parameter}: {reason}", code="InvalidParameterValue")


def box_of_text(text: str, system: ReferenceSystem) -> BaseGeometry:
    """The box of the parameter `bbox`: four or six decimal numbers with commas between; raises ReportedError."""
    numbers = []
    for part in text.split(","):
        try:
            number = float(part) if part.isascii() and "_" not in part else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise _bad("bbox", f"{part[:40]!r} is not a number.")
        numbers.append(number)
    return box_of_numbers(numbers, system, "bbox")


def box_of_numbers(numbers: Sequence[float], system: ReferenceSystem, parameter: str) -> BaseGeometry:
    """The box of four or six numbers in the axis order of `system`, x first in the result.

    West may be greater than east where longitudes are meant: the box then crosses the antimeridian and becomes two.
    Raises ReportedError.
    """
    if len(numbers) not in (4, 6):
        raise _bad(parameter, f"a box has four or six numbers; these are {len(numbers)}.")
    half = len(numbers) // 2
    low, high = list(numbers[:half]), list(numbers[half:])
    if half == 3 and low[2] > high[2]:
        raise _bad(parameter, f"the lowest height {low[2]:g} is above the greatest {high[2]:g}.")
    order = (1, 0) if system.is_northing_first else (0, 1)
    (west, south), (east, north) = ([corner[axis] for axis in order] for corner in (low, high))
    for x, y in ((west, south), (east, north)):
        require_in_extent(system, x, y, parameter)
    if south > north:
        raise _bad(parameter, f"its lower edge {south:g} is above its upper edge {north:g}.")
    if west <= east:
        return _rectangle(west, south, east, north)
    if not system.is_geographic:
        raise _bad(parameter, f"its left edge {west:g} is right of its right edge {east:g}.")
    return _united([_rectangle(west, south, 180, north), _rectangle(-180, south, east, north)])


def _rectangle(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """The rectangle, or the line or point it shrinks to."""
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    if west == east and south == north:
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])


def geometry_of_geojson(value: dict[str, Any], system: ReferenceSystem, where: str) -> BaseGeometry:
    """The geometry of a GeoJSON object in the axis order of `system`, x first in the result; raises ReportedError.

    Collections of one dimension become multi-geometries, since set relations are defined for those.
    """
    if value.get("type") == "GeometryCollection":
        members = value.get("geometries")
        if not isinstance(members, list) or not members:
            raise _bad("filter", f"{where}: a GeometryCollection has geometries.")
        return _united([_single(each, system, where) for each in members])
    return _single(value, system, where)


def _single(value: Any, system: ReferenceSystem, where: str) -> BaseGeometry:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _DEPTHS:
        raise _bad("filter", f"{where}: {str(kind)[:40]!r} is not a type of geometry that can stand here.")
    coordinates = value.get("coordinates")
    positions = list(_positions(coordinates, _DEPTHS[kind], where))
    if len(positions) > MAXIMUM_POSITIONS:
        raise _bad("filter", f"{where}: a geometry has at most {MAXIMUM_POSITIONS:,} positions.")
    for x, y in positions:
        across, up = (y, x) if system.is_northing_first else (x, y)
        require_in_extent(system, across, up, f"filter, {where}")
    _require_closed_rings(kind, coordinates, where)
    try:
        geometry = shapely.geometry.shape({"type": kind, "coordinates": coordinates})
    except (ValueError, TypeError, IndexError, shapely.errors.ShapelyError) as error:
        raise _bad("filter", f"{where}: {error}.") from None
    geometry = shapely.force_2d(geometry)
    if system.is_northing_first:
        geometry = shapely.transform(geometry, lambda points: points[:, ::-1])
    if geometry.is_empty or not geometry.is_valid:
        reason = "it is empty" if geometry.is_empty else shapely.is_valid_reason(geometry)
        raise _bad("filter", f"{where}: the {kind} is not valid: {reason}.")
    return geometry


def _positions(value: Any, depth: int, where: str) -> Iterable[tuple[float, float]]:
    if not isinstance(value, list):
        raise _bad("filter", f"{where}: the coordinates are not nested as this type of geometry needs.")
    if depth > 0:
        for each in value:
            yield from _positions(each, depth - 1, where)
        return
    if len(value) not in (2, 3) or not all(_is_number(number) for number in value):
        raise _bad("filter", f"{where}: a position has two or three finite numbers.")
    yield float(value[0]), float(value[1])


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _require_closed_rings(kind: str, coordinates: Any, where: str) -> None:
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(kind, [])
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise _bad("filter", f"{where}: a ring has at least four positions, and the last is the first.")


def _united(members: list[BaseGeometry]) -> BaseGeometry:
    dimensions = {int(shapely.get_dimensions(each)) for each in members}
    if len(dimensions) == 1:
        return shapely.union_all(members)
    return shapely.GeometryCollection(members)


def sql_of(geometry: BaseGeometry, system: ReferenceSystem, *, is_box: bool = False) -> Fragment:
    """The geometry as an SQL constant in EPSG:4326; boxes of projected systems follow their edges closely."""
    if is_box and not system.is_geographic:
        west, south, east, north = geometry.bounds
        edge = max(east - west, north - south) / _PIECES_OF_AN_EDGE
        geometry = shapely.box(west - _HAIR_M, south - _HAIR_M, east + _HAIR_M, north + _HAIR_M)
        geometry = shapely.segmentize(geometry, max(edge, 1.0))
    written = shapely.to_wkb(shapely.set_srid(geometry, system.srid), hex=True, include_srid=True)
    if system.srid == STORED_SRID:
        return Fragment("%s::geometry", (written,))
    return Fragment(f"ST_Transform(%s::geometry, {STORED_SRID})", (written,))
