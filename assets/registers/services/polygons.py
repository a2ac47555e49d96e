"""Drawings sent as GeoJSON, taken strictly: flat, finite, on earth, valid, of a bounded size."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib.gis.gdal import GDALException
from django.contrib.gis.geos import GEOSException, GEOSGeometry, MultiPolygon, Point, Polygon
from django.utils.translation import gettext_noop

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

MAXIMUM_VERTICES = 20_000


def multipolygon_of(drawing: Any) -> MultiPolygon:
    """A GeoJSON Polygon or MultiPolygon (longitude, latitude; a third ordinate is dropped) as a MultiPolygon.

    Raises ReportedError (code `bad_geometry`) for anything else, and for a drawing that crosses itself.
    """
    if not isinstance(drawing, dict) or drawing.get("type") not in ("Polygon", "MultiPolygon"):
        raise _bad(Sentence(gettext_noop("The geometry is a GeoJSON Polygon or MultiPolygon.")))
    shape = _shape(drawing)
    if isinstance(shape, Polygon):
        shape = MultiPolygon(shape, srid=4326)
    return check_multipolygon(shape)


def check_multipolygon(shape: Any) -> MultiPolygon:
    """`shape` when it is a valid MultiPolygon in WGS 84; raises ReportedError (code `bad_geometry`)."""
    if not isinstance(shape, MultiPolygon) or shape.empty:
        raise _bad(Sentence(gettext_noop("The geometry is empty.")))
    west, south, east, north = shape.extent
    # Written so that NaN fails too.
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise _bad(
            Sentence(
                gettext_noop(
                    "The geometry is not on earth: longitudes lie within 180 degrees, latitudes within 90."
                )
            )
        )
    if not shape.valid:
        raise _bad(
            Sentence(
                gettext_noop("The geometry is not valid: {valid_reason}."), valid_reason=shape.valid_reason
            )
        )
    return shape


def point_of(drawing: Any) -> Point:
    """A GeoJSON Point (longitude, latitude) as a Point; raises ReportedError (code `bad_geometry`)."""
    if not isinstance(drawing, dict) or drawing.get("type") != "Point":
        raise _bad(Sentence(gettext_noop("The geometry is a GeoJSON Point.")))
    shape = _shape(drawing)
    if not isinstance(shape, Point) or shape.empty:
        raise _bad(Sentence(gettext_noop("The geometry is empty.")))
    if not (abs(shape.x) <= 180 and abs(shape.y) <= 90):
        raise _bad(
            Sentence(
                gettext_noop(
                    "The geometry is not on earth: longitudes lie within 180 degrees, latitudes within 90."
                )
            )
        )
    return shape


def _shape(drawing: dict[str, Any]) -> GEOSGeometry:
    """The geometry of a GeoJSON object with two ordinates a position."""
    try:
        flat = {"type": drawing["type"], "coordinates": _flat(drawing.get("coordinates"), 0)}
        if sum(1 for _ in _positions(flat["coordinates"])) > MAXIMUM_VERTICES:
            raise _bad(
                Sentence(
                    gettext_noop("The geometry has more than {maximum_vertices} vertices."),
                    maximum_vertices=MAXIMUM_VERTICES,
                )
            )
        shape = GEOSGeometry(json.dumps(flat, allow_nan=False))
    except (GDALException, GEOSException, ValueError, TypeError):
        raise _bad(Sentence(gettext_noop("The geometry is not GeoJSON that can be read."))) from None
    shape.srid = 4326
    return shape


def _flat(coordinates: Any, depth: int) -> Any:
    if not isinstance(coordinates, list) or depth > 4:
        raise ValueError("coordinates are lists")
    if coordinates and all(
        isinstance(item, (int, float)) and not isinstance(item, bool) for item in coordinates
    ):
        if len(coordinates) < 2:
            raise ValueError("a position has two ordinates")
        return [float(item) for item in coordinates[:2]]
    return [_flat(item, depth + 1) for item in coordinates]


def _positions(coordinates: Any) -> Iterator[list[float]]:
    if coordinates and isinstance(coordinates[0], float):
        yield coordinates
    else:
        for item in coordinates:
            yield from _positions(item)


def _bad(message: str) -> ReportedError:
    return ReportedError(message, code="bad_geometry")
