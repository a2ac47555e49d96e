"""A part of the network drawn for paper, as SVG in millimetres; labels are apart, since the document sets all texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import shapely

from gis_core.geodesy import LONGEST_LONGITUDE_DEGREE_M, cosine_of_latitude

Box = tuple[float, float, float, float]

# Round denominators of scales, as maps on paper have them.
SCALES = tuple(step * 10**power for power in range(2, 7) for step in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5))
PLAIN = "#12608f"
# A junction that tells a value is drawn larger than one that only says that lines meet.
PLAIN_JUNCTION = "#ffffff"
_HALO = "#ffb000"
_INK = "#0b3a57"
_LABEL_MM = 1.35
_MOST_LABELS = 220
# From this scale on junctions are dots too small to be told apart.
_FINEST_WITHOUT_JUNCTIONS = 5000
_COARSEST_WITH_LARGE_SIGNS = 15_000


class SheetPlane:
    """Degrees to millimetres of a frame on paper: north up, a round scale that takes all of a box."""

    def __init__(self, box: Box, width_mm: float, height_mm: float) -> None:
        west, south, east, north = box
        self.width_mm, self.height_mm = width_mm, height_mm
        self._centre = ((west + east) / 2, (south + north) / 2)
        self._shrink = cosine_of_latitude(self._centre[1])
        width_m = (east - west) * self._shrink * LONGEST_LONGITUDE_DEGREE_M
        height_m = (north - south) * LONGEST_LONGITUDE_DEGREE_M
        needed = max(width_m / width_mm, height_m / height_mm) * 1000
        self.scale = next((scale for scale in SCALES if scale >= needed * 0.999), SCALES[-1])
        self.mm_per_m = 1000 / self.scale

    def millimetres(self, places: Any) -> Any:
        """An array of positions (n, 2) in degrees as millimetres from the upper left corner."""
        east = (places[:, 0] - self._centre[0]) * self._shrink * LONGEST_LONGITUDE_DEGREE_M * self.mm_per_m
        north = (places[:, 1] - self._centre[1]) * LONGEST_LONGITUDE_DEGREE_M * self.mm_per_m
        return np.column_stack([self.width_mm / 2 + east, self.height_mm / 2 - north])

    def box(self) -> Box:
        """What the frame shows: west, south, east, north."""
        half_width = self.width_mm / 2 / self.mm_per_m / LONGEST_LONGITUDE_DEGREE_M / self._shrink
        half_height = self.height_mm / 2 / self.mm_per_m / LONGEST_LONGITUDE_DEGREE_M
        x, y = self._centre
        return x - half_width, y - half_height, x + half_width, y + half_height

    def scale_bar(self) -> tuple[float, float]:
        """A round length of about a sixth of the frame: metres, and millimetres on paper."""
        wished_m = self.width_mm / 6 / self.mm_per_m
        length_m = max((scale for scale in SCALES if scale <= wished_m * 100), default=100) / 100
        return length_m, length_m * self.mm_per_m


@dataclass(frozen=True)
class SheetLine:
    """A pipe: geometry (degrees), colour, width (mm), label, and whether it is chosen."""

    geometry: Any
    colour: str = PLAIN
    width_mm: float = 0.5
    label: str = ""
    is_chosen: bool = False
    is_dashed: bool = False


@dataclass(frozen=True)
class SheetMark:
    """A node: its place, shape (valve, device, source, junction, break), fill, label; `is_first` labels come first."""

    longitude: float
    latitude: float
    shape: str
    fill: str = "#ffffff"
    label: str = ""
    is_chosen: bool = False
    is_first: bool = False


@dataclass
class SheetContent:
    """What is drawn, from below to above: grounds (style, polygon), zones (name, polygon), lines, marks."""

    grounds: list[tuple[str, Any]] = field(default_factory=list)
    zones: list[tuple[str, Any]] = field(default_factory=list)
    lines: list[SheetLine] = field(default_factory=list)
    marks: list[SheetMark] = field(default_factory=list)


_GROUNDS = {"parcel": ("#f3f5ef", "#d9e0d2"), "building": ("#e0e2ea", "#b9bfd0")}


def draw_sheet(plane: SheetPlane, content: SheetContent) -> dict[str, Any]:
    """The drawing for the document: svg, width and height (mm), labels (x, y, text), scale and its bar."""
    width, height = plane.width_mm, plane.height_mm
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}mm" height="{height}mm">'
        f'<defs><clipPath id="sheet"><rect width="{width}" height="{height}"/></clipPath></defs>'
        f'<g clip-path="url(#sheet)"><rect width="{width}" height="{height}" fill="#fbfcfd"/>'
    ]
    for style, ground in content.grounds:
        fill, line = _GROUNDS[style]
        parts.append(_polygons(plane, ground, f'fill="{fill}" stroke="{line}" stroke-width="0.15"'))
    for _name, zone in content.zones:
        look = 'fill="none" stroke="#7048a8" stroke-width="0.5" stroke-dasharray="2.4 1.2"'
        parts.append(_polygons(plane, zone, look))
    drawn = [(line, _path(plane, line.geometry)) for line in content.lines]
    parts += [_stroke(path, _HALO, 2.6, 0.75) for line, path in drawn if line.is_chosen]
    parts += [_stroke(path, line.colour, line.width_mm, dashed=line.is_dashed) for line, path in drawn]
    marks = _placed_marks(plane, content.marks)
    # On a map of a whole town the signs would hide it.
    size = 1.0 if plane.scale <= _COARSEST_WITH_LARGE_SIGNS else 0.55
    parts += [_mark(x, y, mark, size) for mark, x, y in marks]
    parts.append(_north_arrow(width))
    length_m, length_mm = plane.scale_bar()
    parts.append(_bar(height, length_mm))
    parts.append("</g></svg>")
    return {
        "svg": "".join(parts),
        "width": width,
        "height": height,
        "scale": f"1 : {plane.scale:,.0f}".replace(",", " "),
        "bar": f"{length_m:g} m",
        "labels": _labels(plane, content, marks),
    }


def _placed_marks(plane: SheetPlane, marks: Sequence[SheetMark]) -> list[tuple[SheetMark, float, float]]:
    shown = [
        mark
        for mark in marks
        if mark.shape != "junction" or plane.scale < _FINEST_WITHOUT_JUNCTIONS or mark.is_chosen
    ]
    if not shown:
        return []
    places = plane.millimetres(np.array([[mark.longitude, mark.latitude] for mark in shown]))
    return [(mark, float(x), float(y)) for mark, (x, y) in zip(shown, places, strict=True)]


def _ring(plane: SheetPlane, ring: Any) -> str:
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in plane.millimetres(np.asarray(ring.coords)[:, :2]))


def _polygons(plane: SheetPlane, geometry: Any, look: str) -> str:
    rings = [
        _ring(plane, ring) + "Z"
        for part in getattr(geometry, "geoms", [geometry])
        for ring in (part.exterior, *part.interiors)
    ]
    return f'<path d="{"".join(rings)}" {look} fill-rule="evenodd"/>'


def _path(plane: SheetPlane, line: Any) -> str:
    return _ring(plane, line)


def _stroke(path: str, colour: str, width: float, opacity: float = 1.0, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="1.6 1"' if dashed else ""
    return (
        f'<path d="{path}" fill="none" stroke="{escape(colour)}" stroke-width="{width:.2f}" stroke-opacity="{opacity}" '
        f'stroke-linejoin="round" stroke-linecap="round"{dashes}/>'
    )


def _mark(x: float, y: float, mark: SheetMark, size: float) -> str:
    fill = escape(mark.fill)
    radius = 0.5 if fill == PLAIN_JUNCTION else 1
    halo = f'<circle r="2.4" fill="{_HALO}" fill-opacity="0.75"/>' if mark.is_chosen else ""
    sign = {
        "junction": f'<circle r="{radius}" fill="{fill}" stroke="{_INK}" stroke-width="0.2"/>',
        "valve": f'<path d="M-1.5 -0.95L1.5 0.95V-0.95L-1.5 0.95Z" fill="{fill}" stroke="{_INK}" stroke-width="0.25"/>',
        "source": f'<circle r="1.9" fill="{fill}" stroke="#ffffff" stroke-width="0.35"/>',
        "break": '<path d="M-1.7 -1.7L1.7 1.7M-1.7 1.7L1.7 -1.7" stroke="#c92a2a" stroke-width="0.8"/>',
    }.get(
        mark.shape,
        f'<rect x="-1" y="-1" width="2" height="2" rx="0.4" fill="{fill}" stroke="#ffffff" stroke-width="0.25"/>',
    )
    return f'<g transform="translate({x:.2f} {y:.2f}) scale({size})">{halo}{sign}</g>'


def _north_arrow(width: float) -> str:
    x, y = width - 7.0, 5.0
    return (
        f'<circle cx="{x}" cy="{y + 3}" r="5.2" fill="#ffffff" fill-opacity="0.85"/>'
        f'<path d="M{x} {y - 1}l2.2 6.6l-2.2 -1.7z" fill="{_INK}"/>'
        f'<path d="M{x} {y - 1}l-2.2 6.6l2.2 -1.7z" fill="#ffffff" stroke="{_INK}" stroke-width="0.25"/>'
    )


def _bar(height: float, length_mm: float) -> str:
    x, y = 5.0, height - 4.0
    return (
        f'<rect x="{x - 2}" y="{y - 6.5:.2f}" width="{length_mm + 4:.2f}" height="8.5" rx="1" fill="#ffffff" '
        f'fill-opacity="0.85"/><path d="M{x} {y - 1.4:.2f}V{y:.2f}H{x + length_mm:.3f}V{y - 1.4:.2f}" fill="none" '
        f'stroke="{_INK}" stroke-width="0.4"/>'
    )


def _labels(
    plane: SheetPlane, content: SheetContent, marks: Sequence[tuple[SheetMark, float, float]]
) -> list[dict[str, Any]]:
    """Labels that do not lie over each other: zones, then the first marks, chosen ones, others, then pipes."""
    wished: list[tuple[float, float, str, bool]] = []
    for name, zone in content.zones:
        point = zone.representative_point()
        (place,) = plane.millimetres(np.array([[point.x, point.y]]))
        wished.append((float(place[0]), float(place[1]), name, False))
    ordered = sorted(marks, key=lambda one: (not one[0].is_first, not one[0].is_chosen))
    wished += [(x + 2.2, y, mark.label, False) for mark, x, y in ordered if mark.label]
    for line in sorted(content.lines, key=lambda one: (not one.is_chosen, -one.width_mm)):
        if line.label:
            middle = shapely.line_interpolate_point(line.geometry, 0.5, normalized=True)
            (place,) = plane.millimetres(np.array([[middle.x, middle.y]]))
            wished.append((float(place[0]), float(place[1]) - 1.3, line.label, True))
    placed: list[tuple[float, float, float, float]] = []
    labels = []
    for x, y, text, is_line in wished:
        box = (x - 0.3, y - 1.5, x + _LABEL_MM * len(text) + 0.6, y + 1.5)
        is_inside = box[0] > 1 and box[1] > 1 and box[2] < plane.width_mm - 1 and box[3] < plane.height_mm - 9
        if is_inside and not any(_overlap(box, other) for other in placed):
            placed.append(box)
            labels.append({"x": round(x, 2), "y": round(y, 2), "text": text, "is_line": is_line})
        if len(labels) >= _MOST_LABELS:
            break
    return labels


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def width_of(diameter_mm: float | None) -> float:
    """The width of a pipe on paper by its diameter, millimetres."""
    return 0.45 if diameter_mm is None else min(0.35 + diameter_mm / 500, 1.6)


@dataclass(frozen=True)
class Colouring:
    """Colours by an attribute: by steps (the first limit that a value is below), or by values; else `other`."""

    attribute: str = ""
    limits: tuple[float, ...] = ()
    colours: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    other: str = "#8c8c8c"

    def of(self, value: Any) -> str:
        if self.attribute == "":
            return PLAIN
        if value is None or value == "":
            return self.other
        if self.values:
            return self.values.get(str(value), self.other)
        place = sum(1 for limit in self.limits if value >= limit)
        return self.colours[place] if place < len(self.colours) else self.other
