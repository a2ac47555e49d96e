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
from django.utils.translation import gettext_noop
from pyproj import CRS, Transformer
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis_core.sentences import Figure, Sentence, Word

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
    arcs = _cut_rings(given, lines, stated_start, stated_end, tolerance_m, split=split)
    builder = _Builder(given, arcs.lines, stated_start[arcs.owner], stated_end[arcs.owner], tolerance_m)
    builder.refused |= arcs.refused
    builder.find_ends()
    builder.refuse_degenerate()
    builder.join_free_ends()
    return _of_whole_lines(builder.pieces(split), arcs)


# --- rings


@dataclass
class _Arcs:
    """The lines with every closed one cut open: `owner` is the line that each is of, `share` how much of it it is."""

    lines: list[Any]
    owner: IntArray
    share: list[float]
    refused: dict[int, str]


def _cut_rings(
    given: FloatArray,
    lines: Any,
    stated_start: IntArray,
    stated_end: IntArray,
    tolerance_m: float,
    *,
    split: bool,
) -> _Arcs:
    """Cut closed lines where others end on them, or given places lie.

        +---1---+          a ring main that two branches leave: two arcs between the same two nodes; where it begins
        |       2---       in the file is no place of its own
        +-------+

    A ring that one branch leaves is cut half-way round too: an arc that leads back to its own node is no pipe.
    """
    lines = list(lines)
    whole = _Arcs(lines, np.arange(len(lines)), [1.0] * len(lines), {})
    closed, is_short = _closed_and_short(given, lines, stated_start, stated_end, tolerance_m)
    if not len(closed):
        return whole
    is_ring = set(closed.tolist())
    free = [
        place
        for number, line in enumerate(lines)
        if number not in is_ring and not is_short[number]
        for place in shapely.get_coordinates(line)[[0, -1]]
    ]
    places = np.vstack([given, np.array(free).reshape(-1, 2)])
    project = _projection(np.vstack([places, *(shapely.get_coordinates(lines[ring]) for ring in closed)]))
    points: Any = shapely.points(project(places)) if len(places) else np.empty(0, dtype=object)
    tree = shapely.STRtree(points)
    arcs = _Arcs([], np.empty(0, np.int64), [], {})
    owners: list[int] = []
    for number, line in enumerate(lines):
        parts = [(line, 1.0)]
        if number in is_ring:
            ring = _Ring(shapely.get_coordinates(line), project, tolerance_m)
            near = tree.query(ring.metric, predicate="dwithin", distance=tolerance_m)
            cuts = ring.cuts(points[near], places[near])
            if cuts and split:
                parts = ring.arcs(cuts)
            else:
                arcs.refused[len(owners)] = _WHOLE_RING if split else _WHOLE_RING_UNSPLIT
        for part, share in parts:
            arcs.lines.append(part)
            arcs.share.append(share)
            owners.append(number)
    arcs.owner = np.array(owners, np.int64)
    return arcs


_WHOLE_RING = (
    "it leads back to the node where it begins, and nothing branches from it; draw it as two lines, or put a junction "
    "on it"
)
_WHOLE_RING_UNSPLIT = "it leads back to the node where it begins; rings are cut only where lines are split"


def _closed_and_short(
    given: FloatArray, lines: list[Any], stated_start: IntArray, stated_end: IntArray, tolerance_m: float
) -> tuple[IntArray, Any]:
    """Lines that end where they begin and are longer than that, except where both ends are stated; and which lines
    are too short to be any."""
    if not lines:
        return np.empty(0, np.int64), np.empty(0, bool)
    flat, owner = shapely.get_coordinates(np.array(lines, dtype=object), return_index=True)
    last = np.cumsum(np.bincount(owner, minlength=len(lines))) - 1
    first = np.concatenate([[0], last[:-1] + 1])
    metric = _projection(np.vstack([given, flat]))(flat)
    steps = np.hypot(*np.diff(metric, axis=0).T)
    steps = np.where(owner[1:] == owner[:-1], steps, 0.0)
    length_m = np.bincount(owner[1:], weights=steps, minlength=len(lines))
    apart_m = np.hypot(*(metric[first] - metric[last]).T)
    is_closed = (apart_m <= tolerance_m) & (length_m > 4 * tolerance_m)
    is_free = (stated_start == _NONE) | (stated_end == _NONE)
    return np.flatnonzero(is_closed & is_free), length_m < tolerance_m


class _Ring:
    """A closed line: its vertices in degrees without the last, and how far round each of them is in metres."""

    def __init__(self, coordinates: FloatArray, project: Any, tolerance_m: float) -> None:
        self.vertices = coordinates[:-1]
        closed = np.vstack([self.vertices, self.vertices[:1]])
        metric = project(closed)
        self.metric: Any = shapely.LineString(metric)
        self.reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(metric, axis=0).T))])
        self.length_m = float(self.reached[-1])
        self.closed = closed
        self.tolerance_m = tolerance_m

    def cuts(self, points: Any, places: FloatArray) -> list[tuple[float, FloatArray]]:
        """Where to cut: how far round, and the place. Points close to one another are one cut, of the first of them."""
        found: list[tuple[float, FloatArray]] = []
        for point, place in zip(points, places, strict=True):
            along = float(shapely.line_locate_point(self.metric, point)) % self.length_m
            if all(self._apart(along, other) > 2 * self.tolerance_m for other, _ in found):
                found.append((along, place))
        found.sort(key=lambda cut: cut[0])
        return [*found, self._half_way(found[0][0])] if len(found) == 1 else found

    def _apart(self, one: float, other: float) -> float:
        between = abs(one - other)
        return min(between, self.length_m - between)

    def _half_way(self, along: float) -> tuple[float, FloatArray]:
        """The vertex that is the furthest from a cut, or where there is none to speak of, the place half-way round."""
        apart = [self._apart(along, here) for here in self.reached[:-1].tolist()]
        furthest = int(np.argmax(apart))
        if apart[furthest] > self.length_m / 8:
            return float(self.reached[furthest]), self.vertices[furthest]
        half = (along + self.length_m / 2) % self.length_m
        place = [np.interp(half, self.reached, self.closed[:, axis]) for axis in (0, 1)]
        return half, np.array(place)

    def arcs(self, cuts: list[tuple[float, FloatArray]]) -> list[tuple[Any, float]]:
        """The line from each cut to the next one, and its share of the ring."""
        cuts = sorted(cuts, key=lambda cut: cut[0])
        found = []
        for (here, start), (there, end) in pairwise([*cuts, cuts[0]]):
            length_m = (there - here) % self.length_m
            round_m = (self.reached[:-1] - here) % self.length_m
            inner = np.flatnonzero(
                (round_m > self.tolerance_m / 10) & (round_m < length_m - self.tolerance_m / 10)
            )
            inner = inner[np.argsort(round_m[inner])]
            drawn = np.vstack([start[None], self.vertices[inner], end[None]])
            found.append((shapely.LineString(drawn), length_m / self.length_m))
        return found


def _of_whole_lines(topology: Topology, arcs: _Arcs) -> Topology:
    """The pieces of arcs as pieces of the lines that these are of, counted along them."""
    ranks: dict[int, int] = {}
    for piece in topology.pieces:
        piece.share *= arcs.share[piece.line]
        piece.line = int(arcs.owner[piece.line])
        piece.rank = ranks[piece.line] = ranks.get(piece.line, -1) + 1
    topology.refused = {int(arcs.owner[arc]): reason for arc, reason in topology.refused.items()}
    topology.origin = [(int(arcs.owner[arc]), is_start) for arc, is_start in topology.origin]
    return topology


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
                    self.refused[int(line)] = Sentence(
                        gettext_noop("its {name} is {distance} m from the node it names"),
                        name=Word(name),
                        distance=Figure(distance, ".2f"),
                    )
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
            reason = Sentence(
                gettext_noop("it is {length_m} m long, shorter than the tolerance of {tolerance_m} m"),
                length_m=Figure(self.length_m[line], ".3f"),
                tolerance_m=Figure(self.tolerance_m, "g"),
            )
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
