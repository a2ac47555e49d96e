"""From lines and points to a graph: which ends are one node, and where a line is cut.

    a ------- b   c ------- d        ends b and c within the tolerance: one node
    a ----+---- b                    an end (or a point) within the tolerance of a line's inside cuts the line
          |
    a ----------- b
          |                          lines that cross without an end do not connect
          c

Distances are metres in the azimuthal equidistant projection about the data's middle: 500 km away they are 0.1 %
off, which for a tolerance of 0.1 m is 0.1 mm.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]

_NONE = -1


@dataclass
class Piece:
    """A line, or what is left of it between two cuts: `line` is its row, `rank` counts along it from 0."""

    line: int
    rank: int
    start: int
    end: int
    coordinates: FloatArray
    length_m: float
    share: float


@dataclass
class Topology:
    """Places (longitude, latitude): the given ones first, then `new_places`; pieces between them; refused lines."""

    places: FloatArray
    given_count: int
    pieces: list[Piece]
    refused: dict[int, str] = field(default_factory=dict)
    # For each new place the line whose end it is, and whether it is the line's start.
    origin: list[tuple[int, bool]] = field(default_factory=list)


def build_topology(
    given: FloatArray,
    lines: Any,
    stated_start: IntArray,
    stated_end: IntArray,
    *,
    tolerance_m: float,
    split: bool = True,
) -> Topology:
    """Join lines to places.

    `given` are places (n, 2); `lines` shapely lines, both in longitude and latitude; `stated_start` and
    `stated_end` name the place of a line's end where the file says it, else -1. Lines with both ends stated are
    taken as they are: neither snapped nor cut.
    """
    builder = _Builder(given, lines, stated_start, stated_end, tolerance_m)
    builder.find_ends()
    builder.refuse_degenerate()
    builder.join_free_ends()
    return builder.pieces(split)


class _Builder:
    def __init__(
        self, given: FloatArray, lines: Any, stated_start: IntArray, stated_end: IntArray, tolerance_m: float
    ) -> None:
        self.given = given
        self.lines = np.asarray(lines, dtype=object)
        self.tolerance_m = tolerance_m
        self.flat, self.owner = shapely.get_coordinates(self.lines, return_index=True)
        counts = np.bincount(self.owner, minlength=len(self.lines))
        self.last = np.cumsum(counts) - 1
        self.first = self.last - counts + 1
        self.project = _projection(np.vstack([given, self.flat]))
        self.flat_m = self.project(self.flat)
        self.given_m = self.project(given)
        self.is_stated = (stated_start != _NONE) & (stated_end != _NONE)
        self.start, self.end = stated_start.copy(), stated_end.copy()
        self.refused: dict[int, str] = {}
        self.origin: list[tuple[int, bool]] = []
        self.new: list[FloatArray] = []

    def find_ends(self) -> None:
        """Ends to given places: the stated one if it is near enough, else the nearest within the tolerance."""
        tree = cKDTree(self.given_m) if len(self.given_m) else None
        for ends, vertex, name in ((self.start, self.first, "start"), (self.end, self.last, "end")):
            at = self.flat_m[vertex]
            stated = np.flatnonzero(ends != _NONE)
            if len(stated):
                away = np.hypot(*(at[stated] - self.given_m[ends[stated]]).T)
                for line, distance in zip(
                    stated[away > self.tolerance_m], away[away > self.tolerance_m], strict=True
                ):
                    self.refused[int(line)] = f"its {name} is {distance:.2f} m from the node it names"
            if tree is not None:
                free = np.flatnonzero(ends == _NONE)
                _, nearest = tree.query(at[free], distance_upper_bound=self.tolerance_m)
                found = nearest < len(self.given_m)
                ends[free[found]] = nearest[found]

    def refuse_degenerate(self) -> None:
        """Loops back to one node and lines shorter than the tolerance connect nothing."""
        steps = np.hypot(*np.diff(self.flat_m, axis=0).T) if len(self.flat_m) > 1 else np.empty(0)
        steps = np.where(self.owner[1:] == self.owner[:-1], steps, 0.0)
        self.length_m = np.bincount(self.owner[1:], weights=steps, minlength=len(self.lines))
        apart = np.hypot(*(self.flat_m[self.first] - self.flat_m[self.last]).T)
        for line in np.flatnonzero(~self.is_stated & (self.length_m < self.tolerance_m)):
            reason = f"it is {self.length_m[line]:.3f} m long, shorter than the tolerance of {self.tolerance_m:g} m"
            self.refused.setdefault(int(line), reason)
        loops = (apart <= self.tolerance_m) & ~self.is_stated
        loops |= (self.start == self.end) & (self.start != _NONE)
        for line in np.flatnonzero(loops):
            self.refused.setdefault(int(line), "it leads back to the node where it begins")

    def join_free_ends(self) -> None:
        """Free ends that are within the tolerance of each other become one new place, the first of them."""
        good = np.ones(len(self.lines), dtype=bool)
        good[list(self.refused)] = False
        lines = np.concatenate(
            [np.flatnonzero((self.start == _NONE) & good), np.flatnonzero((self.end == _NONE) & good)]
        )
        if not len(lines):
            return
        start_count = int(((self.start == _NONE) & good).sum())
        vertices = np.concatenate([self.first[lines[:start_count]], self.last[lines[start_count:]]])
        at = self.flat_m[vertices]
        pairs = cKDTree(at).query_pairs(self.tolerance_m, output_type="ndarray")
        links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(at), len(at)))
        count, label = connected_components(links, directed=False)
        # A place lies at the first end that belongs to it, by the order of the lines.
        order = np.lexsort((np.arange(len(lines)) >= start_count, lines))
        first_of = np.full(count, -1)
        for position in order[::-1]:
            first_of[label[position]] = position
        self.new = [self.flat[vertices[first_of]]]
        self.origin = [(int(lines[position]), bool(position < start_count)) for position in first_of]
        place = len(self.given) + label
        self.start[lines[:start_count]] = place[:start_count]
        self.end[lines[start_count:]] = place[start_count:]
        # Chains of near ends may have made a loop of a line that was none.
        for line in np.flatnonzero((self.start == self.end) & (self.start != _NONE)):
            self.refused.setdefault(int(line), "both its ends come to lie on one node")

    def pieces(self, split: bool) -> Topology:
        places = np.vstack([self.given, *self.new]) if self.new else self.given.copy()
        good = np.ones(len(self.lines), dtype=bool)
        good[list(self.refused)] = False
        cuts = self._cuts(places, good) if split else {}
        self.flat[self.first[good]] = places[self.start[good]]
        self.flat[self.last[good]] = places[self.end[good]]
        found: list[Piece] = []
        for line in np.flatnonzero(good).tolist():
            coordinates = self.flat[self.first[line] : self.last[line] + 1]
            ends = (int(self.start[line]), int(self.end[line]))
            length_m = float(self.length_m[line])
            if line in cuts:
                found += self._cut(line, coordinates, ends, length_m, cuts[line], places)
            else:
                found.append(Piece(line, 0, *ends, coordinates, length_m, 1.0))
        return Topology(places, len(self.given), found, self.refused, self.origin)

    def _cuts(self, places: FloatArray, good: Any) -> dict[int, list[tuple[float, int]]]:
        """For each line that a place lies on: how far along (metres) and which place, in order."""
        candidates = np.flatnonzero(good & ~self.is_stated)
        if not len(candidates) or not len(places):
            return {}
        metric: Any = shapely.linestrings(self.flat_m, indices=self.owner)[candidates]
        points: Any = shapely.points(np.vstack([self.given_m, self.project(places[len(self.given) :])]))
        point, which = shapely.STRtree(metric).query(points, predicate="dwithin", distance=self.tolerance_m)
        line = candidates[which]
        inner = (point != self.start[line]) & (point != self.end[line])
        point, line, which = point[inner], line[inner], which[inner]
        along: Any = shapely.line_locate_point(metric[which], points[point])
        # Beside an end that belongs to another place there is nothing to cut.
        inside = (along > self.tolerance_m) & (along < self.length_m[line] - self.tolerance_m)
        cuts: dict[int, list[tuple[float, int]]] = {}
        for index in np.flatnonzero(inside):
            cuts.setdefault(int(line[index]), []).append((float(along[index]), int(point[index])))
        return {key: sorted(values) for key, values in cuts.items()}

    def _cut(
        self,
        line: int,
        coordinates: FloatArray,
        ends: tuple[int, int],
        length_m: float,
        cuts: list[tuple[float, int]],
        places: FloatArray,
    ) -> list[Piece]:
        metric = self.flat_m[self.first[line] : self.last[line] + 1]
        reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(metric, axis=0).T))])
        stops = [(0.0, ends[0])]
        for along, place in cuts:
            # A second place within the tolerance of the last stop would leave a piece of no length.
            if along - stops[-1][0] > self.tolerance_m and place != stops[-1][1]:
                stops.append((along, place))
        stops.append((length_m, ends[1]))
        pieces = []
        for rank, ((here, start), (there, end)) in enumerate(pairwise(stops)):
            inner = coordinates[(reached > here) & (reached < there)]
            if rank == 0 or rank == len(stops) - 2:
                inner = coordinates[1:-1][(reached[1:-1] > here) & (reached[1:-1] < there)]
            drawn = np.vstack([places[start][None], inner, places[end][None]])
            pieces.append(Piece(line, rank, start, end, drawn, there - here, (there - here) / length_m))
        return pieces


def _projection(points: FloatArray) -> Any:
    """A function from longitude and latitude to metres about the middle of some points."""
    west, south = points.min(axis=0).tolist() if len(points) else (0.0, 0.0)
    east, north = points.max(axis=0).tolist() if len(points) else (0.0, 0.0)
    plane = CRS.from_proj4(
        f"+proj=aeqd +lat_0={(south + north) / 2!r} +lon_0={(west + east) / 2!r} +datum=WGS84 +units=m +type=crs"
    )
    transformer = Transformer.from_crs(CRS.from_epsg(4326), plane, always_xy=True)

    def project(places: FloatArray) -> FloatArray:
        if not len(places):
            return np.empty((0, 2))
        return np.column_stack(transformer.transform(places[:, 0], places[:, 1]))

    return project
