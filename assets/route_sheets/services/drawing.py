"""The schematic map of a route as SVG, with its labels apart: texts are set by the document, not drawn."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

from gis_core.geodesy import LONGEST_LONGITUDE_DEGREE_M, cosine_of_latitude

Position = tuple[float, float]

WIDTH_MM = 176.0
MINIMUM_HEIGHT_MM, MAXIMUM_HEIGHT_MM = 62.0, 128.0
MARGIN_MM = 11.0
# A route drawn straight along a street needs some ground beside it to be recognised.
MINIMUM_EXTENT_M = 20.0
_SCALE_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Mark:
    """A node or survey point of the drawing: where it is, its shape, its label (empty for none)."""

    position: Position
    shape: str
    label: str = ""


@dataclass(frozen=True)
class Label:
    """A text at a place of the drawing, millimetres from its upper left corner."""

    x_mm: float
    y_mm: float
    text: str
    is_right: bool


@dataclass
class RouteDrawing:
    """What the document needs of a drawing."""

    svg: str
    height_mm: float
    labels: list[Label] = field(default_factory=list)
    scale_m: float = 0.0
    scale_mm: float = 0.0


class Plane:
    """Longitude and latitude to millimetres of the sheet: north up, one scale in both directions."""

    def __init__(self, positions: Sequence[Position]) -> None:
        west, east = min(x for x, _ in positions), max(x for x, _ in positions)
        south, north = min(y for _, y in positions), max(y for _, y in positions)
        self.centre = ((west + east) / 2, (south + north) / 2)
        self._shrink = cosine_of_latitude(self.centre[1])
        width_m = max((east - west) * self._shrink * LONGEST_LONGITUDE_DEGREE_M, MINIMUM_EXTENT_M)
        height_m = max((north - south) * LONGEST_LONGITUDE_DEGREE_M, MINIMUM_EXTENT_M)
        free_mm = WIDTH_MM - 2 * MARGIN_MM
        wished_mm = height_m * free_mm / width_m
        free_height_mm = min(
            max(wished_mm, MINIMUM_HEIGHT_MM - 2 * MARGIN_MM), MAXIMUM_HEIGHT_MM - 2 * MARGIN_MM
        )
        self.height_mm = free_height_mm + 2 * MARGIN_MM
        self.mm_per_m = min(free_mm / width_m, free_height_mm / height_m)

    def metres(self, position: Position) -> Position:
        """East and north of the centre, metres."""
        return (
            (position[0] - self.centre[0]) * self._shrink * LONGEST_LONGITUDE_DEGREE_M,
            (position[1] - self.centre[1]) * LONGEST_LONGITUDE_DEGREE_M,
        )

    def millimetres(self, position: Position) -> Position:
        east, north = self.metres(position)
        return (
            WIDTH_MM / 2 + east * self.mm_per_m,
            self.height_mm / 2 - north * self.mm_per_m,
        )

    def box(self) -> tuple[float, float, float, float]:
        """What the sheet shows: west, south, east, north, degrees."""
        half_width = WIDTH_MM / 2 / self.mm_per_m / LONGEST_LONGITUDE_DEGREE_M / self._shrink
        half_height = self.height_mm / 2 / self.mm_per_m / LONGEST_LONGITUDE_DEGREE_M
        x, y = self.centre
        return (x - half_width, y - half_height, x + half_width, y + half_height)


def draw(
    plane: Plane,
    *,
    route: Sequence[Sequence[Position]],
    context: Iterable[Sequence[Position]],
    grounds: Iterable[tuple[str, Sequence[Position]]],
    marks: Sequence[Mark],
) -> RouteDrawing:
    """Draw grounds (style name and ring), other pipes and the route over them, then marks; labels keep clear."""
    scale_m, scale_mm = _scale(plane)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_MM} {plane.height_mm:.2f}" '
        f'width="{WIDTH_MM}mm" height="{plane.height_mm:.2f}mm">',
        f'<defs><clipPath id="sheet"><rect width="{WIDTH_MM}" height="{plane.height_mm:.2f}" rx="1.5"/></clipPath>'
        '</defs><g clip-path="url(#sheet)">',
        f'<rect width="{WIDTH_MM}" height="{plane.height_mm:.2f}" fill="#f7fafc"/>',
    ]
    for style, ring in grounds:
        fill, line = _GROUNDS[style]
        parts.append(
            f'<polygon points="{_points(plane, ring)}" fill="{fill}" stroke="{line}" stroke-width="0.18"/>'
        )
    for line_positions in context:
        parts.append(_line(plane, line_positions, "#b4c3cf", 0.45))
    for line_positions in route:
        parts.append(_line(plane, line_positions, "#ffffff", 2.2))
    for line_positions in route:
        parts.append(_line(plane, line_positions, "#0b6aa2", 1.15))
    # The first marks are drawn last, on top of the others.
    for mark in reversed(marks):
        parts.append(_mark(*plane.millimetres(mark.position), mark.shape))
    parts.append(_north_arrow(plane, [position for line in route for position in line]))
    parts.append(_scale_bar(plane, scale_mm))
    parts.append("</g></svg>")
    return RouteDrawing("".join(parts), plane.height_mm, _place_labels(plane, marks), scale_m, scale_mm)


_GROUNDS = {
    "parcel": ("#eef2ea", "#cfd8c7"),
    "transport": ("#ece9e4", "#d6cfc4"),
    "building": ("#e0e2ea", "#b9bfd0"),
}


def _points(plane: Plane, positions: Sequence[Position]) -> str:
    return " ".join("{:.3f},{:.3f}".format(*plane.millimetres(position)) for position in positions)


def _line(plane: Plane, positions: Sequence[Position], colour: str, width: float) -> str:
    return (
        f'<polyline points="{_points(plane, positions)}" fill="none" stroke="{escape(colour)}" '
        f'stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _mark(x: float, y: float, shape: str) -> str:
    if shape == "node":
        return (
            f'<circle cx="{x:.3f}" cy="{y:.3f}" r="0.8" fill="#ffffff" stroke="#0b3a57" stroke-width="0.35"/>'
        )
    if shape == "end":
        return (
            f'<circle cx="{x:.3f}" cy="{y:.3f}" r="1.5" fill="#0b3a57" stroke="#ffffff" stroke-width="0.4"/>'
        )
    if shape == "valve":
        return (
            f'<path d="M{x - 1.6:.3f} {y - 1:.3f}L{x + 1.6:.3f} {y + 1:.3f}V{y - 1:.3f}L{x - 1.6:.3f} {y + 1:.3f}Z" '
            'fill="#d9480f" stroke="#ffffff" stroke-width="0.25"/>'
        )
    if shape == "survey":
        return (
            f'<path d="M{x:.3f} {y - 1.3:.3f}L{x + 1.15:.3f} {y + 0.8:.3f}H{x - 1.15:.3f}Z" '
            'fill="#ffffff" stroke="#2b8a3e" stroke-width="0.4"/>'
        )
    return (
        f'<rect x="{x - 1.1:.3f}" y="{y - 1.1:.3f}" width="2.2" height="2.2" rx="0.4" fill="#7048a8" '
        'stroke="#ffffff" stroke-width="0.25"/>'
    )


def _north_arrow(plane: Plane, occupied: Sequence[Position]) -> str:
    """In the upper right corner, or in the upper left one when the route runs through the other."""
    x, y = WIDTH_MM - 7.0, 5.0
    places = [plane.millimetres(position) for position in occupied]
    if any(left > WIDTH_MM - 22 and top < 20 for left, top in places):
        x = 7.0
    return (
        f'<path d="M{x} {y}l2.2 6.6l-2.2 -1.7z" fill="#0b3a57"/>'
        f'<path d="M{x} {y}l-2.2 6.6l2.2 -1.7z" fill="#ffffff" stroke="#0b3a57" stroke-width="0.25"/>'
    )


def _scale(plane: Plane) -> tuple[float, float]:
    """A round length of about a fifth of the sheet: metres and millimetres."""
    wished_m = WIDTH_MM / 5 / plane.mm_per_m
    power = 10 ** math.floor(math.log10(wished_m))
    length_m = max(step * power for step in _SCALE_STEPS if step * power <= wished_m)
    return length_m, length_m * plane.mm_per_m


def _scale_bar(plane: Plane, length_mm: float) -> str:
    x, y = 5.0, plane.height_mm - 5.0
    return (
        f'<rect x="{x - 1.5}" y="{y - 5.2:.2f}" width="{length_mm + 3:.2f}" height="7.4" rx="1" fill="#ffffff" '
        'fill-opacity="0.85"/>'
        f'<path d="M{x} {y - 1.2:.2f}V{y:.2f}H{x + length_mm:.3f}V{y - 1.2:.2f}" fill="none" stroke="#0b3a57" '
        'stroke-width="0.4"/>'
    )


def _place_labels(plane: Plane, marks: Sequence[Mark]) -> list[Label]:
    """Labels right or left of their marks, the first marks first; what would lie over another is left out."""
    placed: list[tuple[float, float, float, float]] = []
    labels = []
    for mark in marks:
        if not mark.label:
            continue
        x, y = plane.millimetres(mark.position)
        width = 1.45 * len(mark.label) + 1
        for is_right in (True, False):
            left = x + 2.0 if is_right else x - 2.0 - width
            box = (left, y - 1.6, left + width, y + 1.6)
            is_inside = box[0] > 1 and box[2] < WIDTH_MM - 1 and box[1] > 1 and box[3] < plane.height_mm - 1
            if is_inside and not any(_overlap(box, other) for other in placed):
                placed.append(box)
                labels.append(Label(left, y, mark.label, is_right))
                break
    return labels


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
