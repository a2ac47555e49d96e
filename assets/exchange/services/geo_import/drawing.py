"""What is drawn in a DXF file as lines and points: curves become lines that stay within a centimetre of them."""

from collections.abc import Iterable
from typing import Any

import shapely

# How far a line may lie from the curve that it stands for, in units of the coordinates: 1 cm.
METRES = 0.01
DEGREES = 1e-7
# Ways to a curve's vertices; both need a distance.
_CURVES = ("ARC", "CIRCLE", "ELLIPSE", "SPLINE")
_EXTENDED_TEXT = 1000


def shape_of(entity: Any, tolerance: float) -> tuple[Any, str]:
    """A shapely point or line (of the drawing's world coordinates) and "", or None and why there is none."""
    kind = entity.dxftype()
    try:
        shape = _shape(entity, kind, tolerance)
    # Drawings of other programs hold curves without control points, radii of zero and the like.
    except (ValueError, TypeError, IndexError, ArithmeticError, AttributeError, RecursionError) as error:
        return None, f"its {kind} cannot be read: {str(error)[:100]}"
    if shape is None:
        return None, f"a {kind} is neither a line nor a point"
    return shape, ""


def _shape(entity: Any, kind: str, tolerance: float) -> Any:
    if kind == "POINT":
        return _point(entity.dxf.location)
    if kind == "INSERT":
        # Blocks, circles and flat polylines state places on a plane of their own, which may be seen from behind.
        return _point(entity.ocs().to_wcs(entity.dxf.insert))
    if kind == "LINE":
        return _line([entity.dxf.start, entity.dxf.end])
    if kind in _CURVES:
        return _line(entity.flattening(tolerance))
    if kind == "LWPOLYLINE" or (kind == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline)):
        return _polyline(entity, kind, tolerance)
    return None


def _polyline(entity: Any, kind: str, tolerance: float) -> Any:
    from ezdxf.path import make_path

    if kind == "LWPOLYLINE" and not entity.has_arc and not entity.dxf.hasattr("extrusion"):
        # Most lines of most drawings: their vertices are what they are.
        height = float(entity.dxf.elevation)
        points = [(x, y, height) for x, y, *_ in entity.get_points()]
        return _line([*points, points[0]] if entity.closed and points else points)
    return _line(make_path(entity).flattening(tolerance))


def _point(place: Any) -> Any:
    x, y, z = place
    return shapely.Point(x, y, z) if z else shapely.Point(x, y)


def _line(vertices: Iterable[Any]) -> Any:
    """A line of its vertices; one that lies at height 0 all along is drawn flat, which says nothing of heights."""
    points = [tuple(vertex) for vertex in vertices]
    if len(points) < 2:
        return shapely.LineString()
    if not any(point[2] for point in points):
        points = [point[:2] for point in points]
    return shapely.LineString(points)


def properties_of(entity: Any) -> dict[str, Any]:
    """What is known of an entity: its block and the block's attributes, and our own extended data."""
    properties: dict[str, Any] = {}
    if entity.dxftype() == "INSERT":
        properties["block"] = entity.dxf.name
        properties |= {attribute.dxf.tag.lower(): attribute.dxf.text for attribute in entity.attribs}
    if entity.has_xdata("TARMOQ"):
        for code, value in entity.get_xdata("TARMOQ"):
            name, equals, text = str(value).partition("=")
            if code == _EXTENDED_TEXT and equals:
                properties[name] = text
    return properties
