"""Points and lines as clients send them, and places on a line.

Coordinates are longitude and latitude (EPSG:4326), lengths geodesic metres on the WGS 84 ellipsoid.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from django.utils.translation import gettext_noop as _
from shapely import LineString as PlanarLine

from gis_core.errors import ReportedError
from gis_core.geodesy import GEOD
from gis_core.sentences import Sentence

MAXIMUM_VERTICES = 100_000
# A vertex closer to the straight line between its neighbours than this says nothing.
COLLINEAR_M = 0.001


Position = tuple[float, float]
Line = list[Position]


@dataclass(frozen=True)
class LinePlace:
    """A place on a line: after vertex `index`, at `point`, `along_m` from the start of a line of `length_m`.

    `is_vertex` says that `point` is the vertex `index` itself. `distance_m` is how far the asked-for point lies off.
    """

    index: int
    point: Position
    is_vertex: bool
    along_m: float
    length_m: float
    distance_m: float = 0.0

    @property
    def share(self) -> float:
        """Where on the line, 0 at its start and 1 at its end."""
        return self.along_m / self.length_m if self.length_m > 0 else 0.0


def refuse_geometry(reason: str, explanation: str) -> ReportedError:
    """The error for a geometry that cannot be taken; `reason` is a word for programs."""
    return ReportedError(
        explanation, code="bad_geometry", details=[{"element": "geometry", "reason": reason}]
    )


def parse_point(value: Any) -> Position:
    """A GeoJSON Point, or [longitude, latitude]; raises ReportedError with the reason."""
    if isinstance(value, dict):
        if value.get("type") != "Point":
            raise refuse_geometry("not_a_point", Sentence(_("Expected a GeoJSON geometry of type Point.")))
        value = value.get("coordinates")
    if not isinstance(value, list | tuple) or len(value) == 0:
        raise refuse_geometry("empty", Sentence(_("The point is empty; it is [longitude, latitude].")))
    return _position(value)


def parse_line(value: Any) -> tuple[Line, int]:
    """A GeoJSON LineString, or a list of positions, and how many doubled vertices were left out of it.

    Raises ReportedError: not_a_line, empty, too_many_vertices, three_dimensional, not_a_number, out_of_range,
    no_length, self_crossing.
    """
    if isinstance(value, dict):
        if value.get("type") != "LineString":
            raise refuse_geometry(
                "not_a_line", Sentence(_("Expected a GeoJSON geometry of type LineString."))
            )
        value = value.get("coordinates")
    if not isinstance(value, list | tuple):
        raise refuse_geometry(
            "not_a_line", Sentence(_("A line is a list of positions [longitude, latitude]."))
        )
    if len(value) < 2:
        raise refuse_geometry("empty", Sentence(_("A line has at least two positions.")))
    if len(value) > MAXIMUM_VERTICES:
        raise refuse_geometry(
            "too_many_vertices",
            Sentence(
                _("The line has {value} vertices; at most {maximum_vertices} are taken."),
                value=f"{len(value):,}",
                maximum_vertices=f"{MAXIMUM_VERTICES:,}",
            ),
        )
    positions = [_position(item) for item in value]
    line = without_doubles(positions)
    if len(line) < 2:
        raise refuse_geometry("no_length", Sentence(_("All positions of the line are the same.")))
    refuse_self_crossing(line)
    return line, len(positions) - len(line)


def refuse_self_crossing(line: Line) -> None:
    """Raise ReportedError when a line crosses or touches itself. Its ends may meet: that is a loop, not a crossing."""
    if len(line) > 2 and not PlanarLine(line).is_simple:
        raise refuse_geometry("self_crossing", Sentence(_("The line crosses itself.")))


def _position(value: Any) -> Position:
    if not isinstance(value, list | tuple):
        raise refuse_geometry("not_a_line", Sentence(_("A position is [longitude, latitude].")))
    if len(value) > 2:
        raise refuse_geometry(
            "three_dimensional",
            Sentence(_("Positions have a longitude and a latitude only; elevations belong to nodes.")),
        )
    if len(value) < 2 or any(isinstance(part, bool) or not isinstance(part, int | float) for part in value):
        raise refuse_geometry(
            "not_a_number", Sentence(_("A position is two numbers: [longitude, latitude]."))
        )
    try:
        x, y = float(value[0]), float(value[1])
    except OverflowError:
        raise refuse_geometry("out_of_range", Sentence(_("A coordinate is outside the world."))) from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise refuse_geometry("not_a_number", Sentence(_("A coordinate is not a finite number.")))
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        raise refuse_geometry(
            "out_of_range", Sentence(_("Longitudes lie between -180 and 180, latitudes between -90 and 90."))
        )
    return (x, y)


def without_doubles(line: Line) -> Line:
    """The line without vertices that repeat the one before them."""
    return [point for index, point in enumerate(line) if index == 0 or point != line[index - 1]]


def distance_m(one: Position, other: Position) -> float:
    """Geodesic distance."""
    return float(GEOD.inv(*one, *other)[2])


def length_m(line: Line) -> float:
    """Geodesic length."""
    return float(GEOD.line_length([x for x, _ in line], [y for _, y in line]))


def _segment_lengths_m(line: Line) -> npt.NDArray[np.float64]:
    lengths = GEOD.line_lengths([x for x, _ in line], [y for _, y in line])
    return np.asarray(lengths, dtype=np.float64).reshape(-1)[: len(line) - 1]


def place_at_share(line: Line, share: float) -> LinePlace:
    """The place at a share (0 to 1) of the line's length."""
    lengths = _segment_lengths_m(line)
    total = float(lengths.sum())
    wanted = share * total
    ends = np.cumsum(lengths)
    index = min(int(np.searchsorted(ends, wanted)), len(lengths) - 1)
    before = float(ends[index] - lengths[index])
    part = (wanted - before) / float(lengths[index]) if lengths[index] > 0 else 0.0
    return _place(line, index, min(max(part, 0.0), 1.0), before, float(lengths[index]), total)


def nearest_place(line: Line, point: Position) -> LinePlace:
    """The place of the line nearest to a point, with its geodesic distance from it."""
    scale = math.cos(math.radians(point[1])) or 1e-9
    vertices = (np.asarray(line, dtype=float) - np.asarray(point)) * (scale, 1.0)
    starts, runs = vertices[:-1], vertices[1:] - vertices[:-1]
    squares = (runs**2).sum(axis=1)
    parts = np.clip(
        np.divide(-(starts * runs).sum(axis=1), squares, out=np.zeros(len(runs)), where=squares > 0), 0.0, 1.0
    )
    index = int((((starts + runs * parts[:, None]) ** 2).sum(axis=1)).argmin())
    lengths = _segment_lengths_m(line)
    before = float(lengths[:index].sum())
    place = _place(line, index, float(parts[index]), before, float(lengths[index]), float(lengths.sum()))
    return LinePlace(
        place.index,
        place.point,
        place.is_vertex,
        place.along_m,
        place.length_m,
        distance_m(place.point, point),
    )


def _place(
    line: Line, index: int, part: float, before_m: float, segment_m: float, total_m: float
) -> LinePlace:
    start, end = line[index], line[index + 1]
    point = (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
    along_m = before_m + segment_m * part
    if part == 0.0 or point == start:
        return LinePlace(index, start, True, before_m, total_m)
    if part == 1.0 or point == end:
        return LinePlace(index + 1, end, True, before_m + segment_m, total_m)
    return LinePlace(index, point, False, along_m, total_m)


def cut(line: Line, place: LinePlace) -> tuple[Line, Line]:
    """The line up to the place and from it; all other vertices stay as they are."""
    if place.is_vertex:
        return line[: place.index + 1], line[place.index :]
    return [*line[: place.index + 1], place.point], [place.point, *line[place.index + 1 :]]


def joined(first: Line, second: Line) -> Line:
    """One line of two that meet; the meeting point is left out where it lies on the straight between its neighbours."""
    before, meeting, after = first[-2], first[-1], second[1]
    if nearest_place([before, after], meeting).distance_m <= COLLINEAR_M and before != after:
        return [*first[:-1], *second[1:]]
    return [*first, *second[1:]]
