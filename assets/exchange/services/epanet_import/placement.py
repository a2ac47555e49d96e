"""Bringing a drawing to the ground: from a file's coordinates to longitude and latitude (WGS 84).

Two ways: the drawing is in a known CRS (`srid`), or it is free and its middle is put at a place, scaled from
metres, feet, or by the ratio of stated to drawn pipe lengths (`auto`). Free drawings are laid out in the
azimuthal equidistant projection about that place: distances from it are true, and 50 km away lengths across
are 10 mm per kilometre off (r^2 / 6 R^2; Snyder, Map Projections - A Working Manual, 1987, ch. 25).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop as _
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from assets.exchange.services.epanet_import.inp_entries import Position
from assets.exchange.services.epanet_import.inp_text import MAXIMUM_FINDINGS
from assets.exchange.services.epanet_import.si_model import SiModel, SiNode, SiPipe
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence

COORDINATE_UNITS = ("auto", "m", "ft")
METRES_PER_FOOT = 0.3048
# How far outside the area that its registry states for a CRS coordinates may lie, degrees.
AREA_OF_USE_MARGIN_DEGREES = 1.0
# A drawing that reaches further from its middle than this covers more than half of the Earth.
LARGEST_RADIUS_M = 10_000_000.0
# A pipe is drawn by so many times too long or short that its length says nothing of the drawing's scale.
FAR_OFF = 10.0
# The ratio of all lengths together is trusted up to so many times the median of the pipes'.
LARGEST_PULL = 2.0
# A node is so many sizes of the drawing away from its middle that it is none of it.
FAR_AWAY = 20.0
# One of so many nodes may be lost; where more are, nothing says which of them are right.
MOST_LOST = 4
FEWEST_NODES = 5

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class ModelPlacement:
    """How the user says the drawing lies: either an EPSG number, or a place with the drawing's unit."""

    srid: int | None = None
    place: Position | None = None
    coordinate_unit: str = "auto"

    def __post_init__(self) -> None:
        if (self.srid is None) == (self.place is None):
            raise ReportedError(
                Sentence(_("Say either the CRS of the model (srid) or where its middle lies (place)."))
            )
        if self.coordinate_unit not in COORDINATE_UNITS:
            raise ReportedError(
                Sentence(
                    _("The coordinate unit is one of {coordinate_units}."),
                    coordinate_units=", ".join(COORDINATE_UNITS),
                )
            )
        if self.place is not None and not (abs(self.place[0]) <= 180 and abs(self.place[1]) <= 90):
            raise ReportedError(
                Sentence(_("A place has a longitude within 180 degrees and a latitude within 90."))
            )

    def as_dict(self) -> dict[str, Any]:
        """The part of a network's stored placement that the user chose."""
        if self.srid is not None:
            return {"mode": "srid", "srid": self.srid}
        return {"mode": "place", "centre": list(self.place or ()), "coordinate_unit": self.coordinate_unit}


@dataclass(frozen=True)
class _Lost:
    """Nodes and links whose coordinates mean nothing, by code, with what is wrong with them."""

    nodes: dict[str, str]
    lines: dict[str, str]

    def is_straight(self, link: SiNode | SiPipe) -> bool:
        """Whether a link's vertices are left out: theirs or those of an end mean nothing."""
        return link.code in self.lines or bool({link.start, link.end} & self.nodes.keys())


@dataclass
class PlacedModel:
    """Longitude and latitude of each node and of each link's vertices, by code; and how they were come by."""

    positions: dict[str, Position]
    vertices: dict[str, list[Position]]
    placement: dict[str, Any]
    adjusted: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)


def place_model(model: SiModel, placement: ModelPlacement, stored: dict[str, Any]) -> PlacedModel:
    """Place every node and vertex.

    `stored` is the placement the network already has, or empty. When the user chooses the same again, its
    scale and middle are used and not computed anew: a file that has grown then lies where it lay before.
    Raises ReportedError for an unknown CRS, coordinates outside it, or a drawing larger than half the Earth.
    """
    lost = _lost(model)
    if placement.srid is not None:
        _refuse_without_coordinates(model)
        transformer = _transformer_of(placement.srid)
        record = placement.as_dict()
    else:
        record = _free_placement(model, placement, stored, lost)
    middle_x, middle_y = record.get("drawing_centre") or _drawing_centre(model, lost)
    drawing, adjusted = _drawing_positions(model, (middle_x, middle_y), lost.nodes)
    links = [link for link in model.links if link.vertices and not lost.is_straight(link)]
    flat = [*drawing.values(), *(vertex for link in links for vertex in link.vertices)]
    x, y = np.array(flat, dtype=np.float64).reshape(-1, 2).T
    if placement.srid is not None:
        longitude, latitude = _from_crs(x, y, transformer)
        _refuse_outside(model, drawing, links, longitude, latitude, placement.srid)
    else:
        longitude, latitude = _from_free_drawing(x, y, record)
    points = list(zip(longitude.tolist(), latitude.tolist(), strict=True))
    positions = dict(zip(drawing, points, strict=False))
    vertices: dict[str, list[Position]] = {}
    done = len(drawing)
    for link in links:
        vertices[link.code] = points[done : done + len(link.vertices)]
        done += len(link.vertices)
    # What lost its meaning with the place of an end is drawn straight.
    vertices |= {link.code: [] for link in model.links if link.vertices and link.code not in vertices}
    return PlacedModel(positions, vertices, record, adjusted, _warnings(model, lost))


# --- free drawings


def _free_placement(
    model: SiModel, placement: ModelPlacement, stored: dict[str, Any], lost: _Lost
) -> dict[str, Any]:
    chosen = placement.as_dict()
    if stored and all(stored.get(key) == value for key, value in chosen.items()):
        return stored
    factor = {"m": 1.0, "ft": METRES_PER_FOOT}.get(placement.coordinate_unit) or _automatic_factor(
        model, lost
    )
    return chosen | {"scale_factor": factor, "drawing_centre": list(_drawing_centre(model, lost))}


def _drawing_centre(model: SiModel, lost: _Lost) -> Position:
    """The middle of the box around all nodes and vertices that have coordinates of any meaning."""
    points = [
        node.position
        for code, node in model.nodes.items()
        if node.position is not None and code not in lost.nodes
    ]
    points += [vertex for link in model.links if not lost.is_straight(link) for vertex in link.vertices]
    if not points:
        return (0.0, 0.0)
    x, y = np.array(points).T
    return (float((x.min() + x.max()) / 2), float((y.min() + y.max()) / 2))


def _automatic_factor(model: SiModel, lost: _Lost) -> float:
    """Metres per unit of the drawing: stated over drawn length of all pipes whose ends are drawn.

    Where a few pipes, whose drawing or length is not meant so, take it far from the median of the pipes' own ratios,
    those far off that median do not count.
    """
    lengths = np.array(list(_lengths(model, lost))).reshape(-1, 2)
    stated_m, drawn = lengths.T
    is_drawn = drawn > 0
    if not is_drawn.any():
        return 1.0
    ratio = float(np.median(stated_m[is_drawn] / drawn[is_drawn]))
    overall = float(stated_m.sum() / drawn.sum())
    if ratio / LARGEST_PULL <= overall <= ratio * LARGEST_PULL:
        return overall
    expected = np.where(is_drawn, drawn, 1.0) * ratio
    # Pipes that are drawn as points count as long as they are few: their lengths are in the sum as they always were.
    counts = ~is_drawn | ((stated_m <= expected * FAR_OFF) & (stated_m >= expected / FAR_OFF))
    return float(stated_m[counts].sum() / drawn[counts].sum())


def _lengths(model: SiModel, lost: _Lost) -> Iterator[tuple[float, float]]:
    """Stated length in metres and drawn length of each pipe whose ends are drawn."""
    for pipe in model.pipes.values():
        start, end = model.nodes[pipe.start].position, model.nodes[pipe.end].position
        if start is None or end is None or lost.is_straight(pipe):
            continue
        line = np.array([start, *pipe.vertices, end])
        yield pipe.stated_length_m, float(np.hypot(*np.diff(line, axis=0).T).sum())


# --- places without meaning


@dataclass(frozen=True)
class _Extent:
    """Where a drawing lies: its middle, and how far from it anything may be."""

    middle: FloatArray
    reach: float
    zero_means_nothing: bool

    def is_lost(self, points: FloatArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of the points lie where nothing of the drawing can be."""
        is_far = np.hypot(*(points - self.middle).T) > self.reach
        return np.asarray(is_far | ((points == 0).all(axis=1) & self.zero_means_nothing), bool)


def _extent_of(model: SiModel) -> _Extent | None:
    """By the box of the middle four fifths of the nodes; None for so few nodes that nothing can be said.

    0, 0 means nothing where two nodes stand there exactly, or where that is outside of the rest.
    """
    points = np.array([node.position for node in model.nodes.values() if node.position is not None])
    if len(points) < FEWEST_NODES:
        return None
    at_zero = (points == 0).all(axis=1)
    rest = points[~at_zero] if at_zero.sum() > 1 else points
    if len(rest) == 0:
        return _Extent(np.zeros(2), np.inf, zero_means_nothing=True)
    low, high = np.quantile(rest, [0.1, 0.9], axis=0)
    if len(rest) < 4 * FEWEST_NODES:
        # A tenth of a few nodes is none of them.
        low, high = np.quantile(rest, [0.25, 0.75], axis=0)
    middle, size = (low + high) / 2, float(np.hypot(*(high - low)))
    longest = max((pipe.stated_length_m for pipe in model.pipes.values()), default=0.0)
    is_outside = (middle - 2 * (high - low) > 0) | (middle + 2 * (high - low) < 0)
    return _Extent(
        middle,
        FAR_AWAY * (size if size > 0 else longest),
        zero_means_nothing=bool(at_zero.sum() > 1 or is_outside.any()),
    )


def _strays(model: SiModel, extent: _Extent) -> dict[str, str]:
    """Nodes whose coordinates mean nothing, with what is wrong with them: 0, 0 or swapped or somewhere else altogether.

    Nodes that lie far away count as lost only if they are few; those at 0, 0 however many they are.
    """
    placed = {code: node.position for code, node in model.nodes.items() if node.position is not None}
    points = np.array(list(placed.values()))
    lost = extent.is_lost(points)
    is_zero = lost & (points == 0).all(axis=1)
    if (lost & ~is_zero).sum() > len(placed) / MOST_LOST:
        lost = is_zero
    swapped = ~extent.is_lost(points[:, ::-1])
    found: dict[str, str] = {}
    for place in np.flatnonzero(lost).tolist():
        x, y = points[place].tolist()
        code = list(placed)[place]
        where = f"({x:.10g}, {y:.10g})"
        found[code] = Sentence(
            _("its coordinates {where} lie far from all others, as if x and y were swapped")
            if swapped[place] and not is_zero[place]
            else _("its coordinates {where} lie far from all others"),
            where=where,
        )
    return found


def _lost(model: SiModel) -> _Lost:
    """What of a model's coordinates means nothing. A link that ends at a stray is drawn straight without a word."""
    extent = _extent_of(model)
    if extent is None:
        return _Lost({}, {})
    nodes = _strays(model, extent)
    lines: dict[str, str] = {}
    for link in model.links:
        if link.vertices and not {link.start, link.end} & nodes.keys():
            is_lost = extent.is_lost(np.array(link.vertices))
            if is_lost.any():
                x, y = link.vertices[int(np.flatnonzero(is_lost)[0])]
                lines[link.code] = Sentence(
                    _("its vertex ({x}, {y}) lies far from all nodes"),
                    x=Figure(x, ".10g"),
                    y=Figure(y, ".10g"),
                )
    return _Lost(nodes, lines)


def _warnings(model: SiModel, lost: _Lost) -> list[dict[str, Any]]:
    """How many nodes were put among their neighbours, each of them, and each link that is drawn straight."""
    lines = [
        {
            "line": link.line,
            "element": link.label,
            "reason": Sentence(_("{lines}; it is drawn straight"), lines=lost.lines[link.code]),
        }
        for link in model.links
        if link.code in lost.lines
    ]
    strays = lost.nodes
    if not strays:
        return lines[:MAXIMUM_FINDINGS]
    whole: dict[str, Any] = {
        "line": None,
        "element": "coordinates",
        "reason": Sentence(
            _("{number} of {all} nodes lie far from all others and are put among their neighbours"),
            number=len(strays),
            all=len(model.nodes),
        ),
    }
    each: list[dict[str, Any]] = [
        {
            "line": model.nodes[code].position_line,
            "element": model.nodes[code].label,
            "reason": Sentence(_("{reason}; it is put among its neighbours"), reason=reason),
        }
        for code, reason in strays.items()
    ]
    return [whole, *each, *lines][:MAXIMUM_FINDINGS]


def _from_free_drawing(x: FloatArray, y: FloatArray, record: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    factor, (centre_x, centre_y) = record["scale_factor"], record["drawing_centre"]
    longitude, latitude = record["centre"]
    east_m, north_m = (x - centre_x) * factor, (y - centre_y) * factor
    radius_m = float(np.hypot(east_m, north_m).max())
    if not radius_m <= LARGEST_RADIUS_M:
        raise ReportedError(
            Sentence(
                _(
                    "Scaled by {factor} the drawing reaches {radius_m} km from its middle, over more "
                    "than half of the Earth. Choose another coordinate unit: auto scales by the stated "
                    "pipe lengths."
                ),
                factor=Figure(factor, "g"),
                radius_m=Figure(radius_m / 1000, ",.0f"),
            ),
            code="drawing_too_large",
        )
    plane = CRS.from_proj4(
        f"+proj=aeqd +lat_0={latitude!r} +lon_0={longitude!r} +datum=WGS84 +units=m +type=crs"
    )
    return Transformer.from_crs(plane, CRS.from_epsg(4326), always_xy=True).transform(east_m, north_m)


# --- drawings in a CRS


def _transformer_of(srid: int) -> Transformer:
    try:
        crs = CRS.from_epsg(srid)
        if not (crs.is_projected or crs.is_geographic):
            raise ReportedError(
                Sentence(
                    _(
                        "EPSG:{srid} ({crs}) is not a CRS of places on a map; the model needs a "
                        "projected or a geographic one."
                    ),
                    srid=srid,
                    crs=crs.name,
                ),
                code="unknown_crs",
            )
        return Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
    except (CRSError, ProjError, OverflowError) as error:
        raise ReportedError(
            Sentence(
                _(
                    "There is no CRS with the number EPSG:{srid}. Models in Uzbekistan often use "
                    "32641, 32642 (UTM) or 28471, 28472 (Pulkovo 1942)."
                ),
                srid=srid,
            ),
            code="unknown_crs",
        ) from error


def _from_crs(x: FloatArray, y: FloatArray, transformer: Transformer) -> tuple[FloatArray, FloatArray]:
    longitude, latitude = transformer.transform(x, y)
    return np.asarray(longitude), np.asarray(latitude)


def _refuse_without_coordinates(model: SiModel) -> None:
    if all(node.position is None for node in model.nodes.values()):
        raise ReportedError(
            Sentence(
                _("No node of the model has coordinates, so it cannot lie in a CRS. Import it with a place.")
            ),
            code="no_coordinates",
        )


def _refuse_outside(
    model: SiModel,
    drawing: dict[str, Position],
    links: list[SiNode | SiPipe],
    longitude: FloatArray,
    latitude: FloatArray,
    srid: int,
) -> None:
    """Refuse points that the CRS does not cover: they are a sign that the model lies in another one."""
    crs = CRS.from_epsg(srid)
    area = crs.area_of_use
    inside = (
        np.isfinite(longitude) & np.isfinite(latitude) & (np.abs(longitude) <= 180) & (np.abs(latitude) <= 90)
    )
    if area is not None:
        margin = AREA_OF_USE_MARGIN_DEGREES
        width = (area.east - area.west) % 360 or 360.0
        from_west = np.mod(np.where(inside, longitude, 0) - area.west + margin, 360)
        inside &= (from_west <= width + 2 * margin) | (width + 2 * margin >= 360)
        inside &= (latitude >= area.south - margin) & (latitude <= area.north + margin)
    if inside.all():
        return
    labels = [(node.label, node.position_line) for node in model.nodes.values()]
    labels += [(link.label, link.vertices_line) for link in links for _ in link.vertices]
    points = [*drawing.values(), *(vertex for link in links for vertex in link.vertices)]
    outside = np.flatnonzero(~inside).tolist()
    details = [
        {
            "line": labels[index][1],
            "element": labels[index][0],
            "reason": Sentence(
                _("({x}, {y}) is outside EPSG:{srid}"),
                x=Figure(points[index][0], ".10g"),
                y=Figure(points[index][1], ".10g"),
                srid=srid,
            ),
        }
        for index in outside[:1000]
    ]
    where: str = (
        Sentence(
            _("longitudes {west} to {east}, latitudes {south} to {north}"),
            west=Figure(area.west, "g"),
            east=Figure(area.east, "g"),
            south=Figure(area.south, "g"),
            north=Figure(area.north, "g"),
        )
        if area
        else ""
    )
    first = details[0]
    raise ReportedError(
        Sentence(
            _(
                "{number} of {all} points lie outside EPSG:{srid} ({crs}; {where}). The first is "
                "{element} in line {line}: {reason}. Is this the model's CRS, with x to the east and "
                "y to the north?"
            ),
            number=len(outside),
            all=len(points),
            srid=srid,
            crs=crs.name,
            where=where,
            element=first["element"],
            line=first["line"],
            reason=first["reason"],
        ),
        code="outside_crs",
        details=details,
    )


# --- nodes without coordinates


def _drawing_positions(
    model: SiModel, centre: Position, strays: Mapping[str, str]
) -> tuple[dict[str, Position], list[dict[str, Any]]]:
    """The drawing position of every node; those without one get the mean of their neighbours, outwards."""
    placed = {
        code: node.position
        for code, node in model.nodes.items()
        if node.position is not None and code not in strays
    }
    missing = {code: node for code, node in model.nodes.items() if code not in placed}
    adjusted = []
    if missing:
        neighbours = _neighbours(model)
        reason: str = Sentence(_("it has no coordinates and stands at the mean of its neighbours"))
        while missing:
            found = _means_of_neighbours(missing, neighbours, placed)
            if not found:
                found = dict.fromkeys(missing, centre)
                reason = Sentence(
                    _("neither it nor anything joined to it has coordinates; it stands in the model's middle")
                )
            placed |= found
            for code in found:
                node = missing.pop(code)
                why = reason
                if code in strays:
                    why = Sentence(
                        _("{reason}; it stands at the mean of its neighbours"), reason=strays[code]
                    )
                adjusted.append({"line": node.line, "element": node.label, "reason": why})
    return {code: placed[code] for code in model.nodes}, adjusted


def _means_of_neighbours(
    missing: dict[str, SiNode], neighbours: dict[str, list[str]], placed: dict[str, Position]
) -> dict[str, Position]:
    found = {}
    for code in missing:
        around = [placed[other] for other in neighbours.get(code, ()) if other in placed]
        if around:
            found[code] = (
                sum(x for x, _ in around) / len(around),
                sum(y for _, y in around) / len(around),
            )
    return found


def _neighbours(model: SiModel) -> dict[str, list[str]]:
    neighbours: dict[str, list[str]] = {}
    for link in model.links:
        neighbours.setdefault(link.start, []).append(link.end)
        neighbours.setdefault(link.end, []).append(link.start)
    return neighbours
