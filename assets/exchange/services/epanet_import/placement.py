"""Bringing a drawing to the ground: from a file's coordinates to longitude and latitude (WGS 84).

Two ways: the drawing is in a known CRS (`srid`), or it is free and its middle is put at a place, scaled from
metres, feet, or by the ratio of stated to drawn pipe lengths (`auto`). Free drawings are laid out in the
azimuthal equidistant projection about that place: distances from it are true, and 50 km away lengths across
are 10 mm per kilometre off (r^2 / 6 R^2; Snyder, Map Projections - A Working Manual, 1987, ch. 25).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from assets.exchange.services.epanet_import.inp_entries import Position
from assets.exchange.services.epanet_import.si_model import SiModel, SiNode
from gis_core.errors import ReportedError

COORDINATE_UNITS = ("auto", "m", "ft")
METRES_PER_FOOT = 0.3048
# How far outside the area that its registry states for a CRS coordinates may lie, degrees.
AREA_OF_USE_MARGIN_DEGREES = 1.0
# A drawing that reaches further from its middle than this covers more than half of the Earth.
LARGEST_RADIUS_M = 10_000_000.0

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Placement:
    """How the user says the drawing lies: either an EPSG number, or a place with the drawing's unit."""

    srid: int | None = None
    place: Position | None = None
    coordinate_unit: str = "auto"

    def __post_init__(self) -> None:
        if (self.srid is None) == (self.place is None):
            raise ReportedError("Say either the CRS of the model (srid) or where its middle lies (place).")
        if self.coordinate_unit not in COORDINATE_UNITS:
            raise ReportedError(f"The coordinate unit is one of {', '.join(COORDINATE_UNITS)}.")
        if self.place is not None and not (abs(self.place[0]) <= 180 and abs(self.place[1]) <= 90):
            raise ReportedError("A place has a longitude within 180 degrees and a latitude within 90.")

    def as_dict(self) -> dict[str, Any]:
        """The part of a network's stored placement that the user chose."""
        if self.srid is not None:
            return {"mode": "srid", "srid": self.srid}
        return {"mode": "place", "centre": list(self.place or ()), "coordinate_unit": self.coordinate_unit}


@dataclass
class PlacedModel:
    """Longitude and latitude of each node and of each link's vertices, by code; and how they were come by."""

    positions: dict[str, Position]
    vertices: dict[str, list[Position]]
    placement: dict[str, Any]
    adjusted: list[dict[str, Any]] = field(default_factory=list)


def place_model(model: SiModel, placement: Placement, stored: dict[str, Any]) -> PlacedModel:
    """Place every node and vertex.

    `stored` is the placement the network already has, or empty. When the user chooses the same again, its
    scale and middle are used and not computed anew: a file that has grown then lies where it lay before.
    Raises ReportedError for an unknown CRS, coordinates outside it, or a drawing larger than half the Earth.
    """
    if placement.srid is not None:
        _refuse_without_coordinates(model)
        transformer = _transformer_of(placement.srid)
        record = placement.as_dict()
    else:
        record = _free_placement(model, placement, stored)
    middle_x, middle_y = record.get("drawing_centre") or _drawing_centre(model)
    drawing, adjusted = _drawing_positions(model, (middle_x, middle_y))
    links = [link for link in model.links if link.vertices]
    flat = [*drawing.values(), *(vertex for link in links for vertex in link.vertices)]
    x, y = np.array(flat, dtype=np.float64).reshape(-1, 2).T
    if placement.srid is not None:
        longitude, latitude = _from_crs(x, y, transformer)
        _refuse_outside(model, drawing, longitude, latitude, placement.srid)
    else:
        longitude, latitude = _from_free_drawing(x, y, record)
    points = list(zip(longitude.tolist(), latitude.tolist(), strict=True))
    positions = dict(zip(drawing, points, strict=False))
    vertices: dict[str, list[Position]] = {}
    done = len(drawing)
    for link in links:
        vertices[link.code] = points[done : done + len(link.vertices)]
        done += len(link.vertices)
    return PlacedModel(positions, vertices, record, adjusted)


# --- free drawings


def _free_placement(model: SiModel, placement: Placement, stored: dict[str, Any]) -> dict[str, Any]:
    chosen = placement.as_dict()
    if stored and all(stored.get(key) == value for key, value in chosen.items()):
        return stored
    factor = {"m": 1.0, "ft": METRES_PER_FOOT}.get(placement.coordinate_unit) or _automatic_factor(model)
    return chosen | {"scale_factor": factor, "drawing_centre": list(_drawing_centre(model))}


def _drawing_centre(model: SiModel) -> Position:
    """The middle of the box around all nodes and vertices that have coordinates."""
    points = [node.position for node in model.nodes.values() if node.position is not None]
    points += [vertex for link in model.links for vertex in link.vertices]
    if not points:
        return (0.0, 0.0)
    x, y = np.array(points).T
    return (float((x.min() + x.max()) / 2), float((y.min() + y.max()) / 2))


def _automatic_factor(model: SiModel) -> float:
    """Metres per unit of the drawing: stated over drawn length of all pipes whose ends are drawn."""
    stated_m = drawn = 0.0
    for pipe in model.pipes.values():
        start, end = model.nodes[pipe.start].position, model.nodes[pipe.end].position
        if start is not None and end is not None:
            line = np.array([start, *pipe.vertices, end])
            drawn += float(np.hypot(*np.diff(line, axis=0).T).sum())
            stated_m += pipe.stated_length_m
    return stated_m / drawn if drawn > 0 else 1.0


def _from_free_drawing(x: FloatArray, y: FloatArray, record: dict[str, Any]) -> tuple[FloatArray, FloatArray]:
    factor, (centre_x, centre_y) = record["scale_factor"], record["drawing_centre"]
    longitude, latitude = record["centre"]
    east_m, north_m = (x - centre_x) * factor, (y - centre_y) * factor
    radius_m = float(np.hypot(east_m, north_m).max())
    if not radius_m <= LARGEST_RADIUS_M:
        raise ReportedError(
            f"Scaled by {factor:g} the drawing reaches {radius_m / 1000:,.0f} km from its middle, "
            "over more than half of the Earth. Choose another coordinate unit: auto scales by the stated "
            "pipe lengths.",
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
                f"EPSG:{srid} ({crs.name}) is not a CRS of places on a map; the model needs a projected or a "
                "geographic one.",
                code="unknown_crs",
            )
        return Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
    except (CRSError, ProjError, OverflowError) as error:
        raise ReportedError(
            f"There is no CRS with the number EPSG:{srid}. Models in Uzbekistan often use 32641, 32642 (UTM) "
            "or 28471, 28472 (Pulkovo 1942).",
            code="unknown_crs",
        ) from error


def _from_crs(x: FloatArray, y: FloatArray, transformer: Transformer) -> tuple[FloatArray, FloatArray]:
    longitude, latitude = transformer.transform(x, y)
    return np.asarray(longitude), np.asarray(latitude)


def _refuse_without_coordinates(model: SiModel) -> None:
    if all(node.position is None for node in model.nodes.values()):
        raise ReportedError(
            "No node of the model has coordinates, so it cannot lie in a CRS. Import it with a place.",
            code="no_coordinates",
        )


def _refuse_outside(
    model: SiModel,
    drawing: dict[str, Position],
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
    links = [link for link in model.links if link.vertices]
    labels = [(node.label, node.position_line) for node in model.nodes.values()]
    labels += [(link.label, link.vertices_line) for link in links for _ in link.vertices]
    points = [*drawing.values(), *(vertex for link in links for vertex in link.vertices)]
    outside = np.flatnonzero(~inside).tolist()
    details = [
        {
            "line": labels[index][1],
            "element": labels[index][0],
            "reason": f"({points[index][0]:.10g}, {points[index][1]:.10g}) is outside EPSG:{srid}",
        }
        for index in outside[:1000]
    ]
    where = (
        f"longitudes {area.west:g} to {area.east:g}, latitudes {area.south:g} to {area.north:g}"
        if area
        else ""
    )
    first = details[0]
    raise ReportedError(
        f"{len(outside)} of {len(points)} points lie outside EPSG:{srid} ({crs.name}; {where}). The first is "
        f"{first['element']} in line {first['line']}: {first['reason']}. "
        "Is this the model's CRS, with x to the east and y to the north?",
        code="outside_crs",
        details=details,
    )


# --- nodes without coordinates


def _drawing_positions(model: SiModel, centre: Position) -> tuple[dict[str, Position], list[dict[str, Any]]]:
    """The drawing position of every node; those without one get the mean of their neighbours, outwards."""
    placed = {code: node.position for code, node in model.nodes.items() if node.position is not None}
    missing = {code: node for code, node in model.nodes.items() if node.position is None}
    adjusted = []
    if missing:
        neighbours = _neighbours(model)
        reason = "it has no coordinates and stands at the mean of its neighbours"
        while missing:
            found = _means_of_neighbours(missing, neighbours, placed)
            if not found:
                found = dict.fromkeys(missing, centre)
                reason = (
                    "neither it nor anything joined to it has coordinates; it stands in the model's middle"
                )
            placed |= found
            for code in found:
                node = missing.pop(code)
                adjusted.append({"line": node.line, "element": node.label, "reason": reason})
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
