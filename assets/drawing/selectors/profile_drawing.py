"""A long profile as SVG: ground, pipe by pipe, with the hydraulic grade line and its range over the simulation."""

import math
from collections.abc import Callable, Iterable
from xml.etree import ElementTree as Xml

from assets.drawing.selectors.profiles import Profile, ProfilePoint
from assets.drawing.selectors.svg_parts import add, document, text

WIDTH, HEIGHT = 960, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 20, 44, 96
_STEPS = (1, 2, 5, 10)
# Labels of nodes closer than this would overlap.
_LABEL_SPACING = 16


def profile_svg(profile: Profile) -> str:
    """The drawing as an SVG document; all names in it are text."""
    points = profile.points
    levels = [
        value
        for point in points
        for value in (point.ground_m, point.head_m, point.head_min_m, point.head_max_m)
        if value is not None
    ]
    low, high = (min(levels), max(levels)) if levels else (0.0, 1.0)
    step = _step((high - low) or 1.0, 6)
    low, high = math.floor(low / step) * step, max(math.ceil(high / step) * step, low + step)
    length = profile.length_m or 1.0

    def x(metres: float) -> float:
        return _LEFT + metres / length * (WIDTH - _LEFT - _RIGHT)

    def y(level: float) -> float:
        return _TOP + (high - level) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    title = f"{profile.network.code}: {points[0].code} – {points[-1].code}, {profile.length_m:,.0f} m"
    svg = document(WIDTH, HEIGHT, title)
    text(svg, _LEFT, 20, title, size=14, weight="bold")
    _add_axes(svg, x, y, (low, high, step), length)
    _add_ground(svg, points, x, y)
    _add_grade(svg, points, x, y)
    _add_nodes(svg, points, x)
    _add_legend(svg, points)
    return Xml.tostring(svg, encoding="unicode")


def _step(span: float, parts: int) -> float:
    rough = span / parts
    magnitude = 10 ** math.floor(math.log10(rough))
    return next(magnitude * factor for factor in _STEPS if magnitude * factor >= rough - 1e-12)


Scale = Callable[[float], float]


def _add_axes(
    svg: Xml.Element, x: Scale, y: Scale, levels: tuple[float, float, float], length: float
) -> None:
    low, high, step = levels
    for index in range(round((high - low) / step) + 1):
        level = low + index * step
        add(svg, "line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y(level), y2=y(level), stroke="#dfe3e8")
        text(svg, _LEFT - 6, y(level) + 4, f"{level:g}", anchor="end")
    text(svg, 10, _TOP - 10, "m")
    distance = _step(length, 8)
    for index in range(int(length / distance + 1e-9) + 1):
        at = x(index * distance)
        add(svg, "line", x1=at, x2=at, y1=HEIGHT - _BOTTOM, y2=HEIGHT - _BOTTOM + 5, stroke="#667")
        text(svg, at, HEIGHT - _BOTTOM + 18, f"{index * distance:,.0f}", anchor="middle")


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{'ML'[index > 0]}{px:.2f} {py:.2f}" for index, (px, py) in enumerate(points))


def _add_ground(svg: Xml.Element, points: list[ProfilePoint], x: Scale, y: Scale) -> None:
    line = [(x(point.chainage_m), y(point.ground_m)) for point in points if point.ground_m is not None]
    if not line:
        return
    floor = HEIGHT - _BOTTOM
    area = [(line[0][0], floor), *line, (line[-1][0], floor)]
    add(svg, "path", d=_path(area) + " Z", fill="#efe6d8", stroke="none")
    add(svg, "path", d=_path(line), fill="none", stroke="#8a6d3b", **{"stroke-width": 2})


def _add_grade(svg: Xml.Element, points: list[ProfilePoint], x: Scale, y: Scale) -> None:
    known = [point for point in points if point.head_m is not None]
    if len(known) < 2:
        return
    highest = [(x(p.chainage_m), y(p.head_max_m)) for p in known if p.head_max_m is not None]
    lowest = [(x(p.chainage_m), y(p.head_min_m)) for p in known if p.head_min_m is not None]
    add(svg, "path", d=_path([*highest, *lowest[::-1]]) + " Z", fill="#2a6fb0", stroke="none", opacity=0.18)
    line = [(x(p.chainage_m), y(p.head_m)) for p in known if p.head_m is not None]
    add(svg, "path", d=_path(line), fill="none", stroke="#2a6fb0", **{"stroke-width": 2})


def _add_nodes(svg: Xml.Element, points: list[ProfilePoint], x: Scale) -> None:
    last = -math.inf
    floor = HEIGHT - _BOTTOM
    for position, point in enumerate(points):
        at = x(point.chainage_m)
        add(svg, "line", x1=at, x2=at, y1=floor - 4, y2=floor, stroke="#445")
        is_end = position == len(points) - 1
        if at - last < _LABEL_SPACING and not is_end:
            continue
        if is_end and at - last < _LABEL_SPACING:
            continue
        last = at
        label = text(svg, at + 4, floor + 28, point.code[:14], anchor="end")
        label.set("transform", f"rotate(-55 {at + 4:.2f} {floor + 28})")


def _add_legend(svg: Xml.Element, points: list[ProfilePoint]) -> None:
    entries = [("#8a6d3b", "ground")]
    if any(point.head_m is not None for point in points):
        entries += [("#2a6fb0", "hydraulic grade and its range")]
    at = float(WIDTH - _RIGHT - 300)
    for colour, words in entries:
        add(svg, "line", x1=at, x2=at + 20, y1=16, y2=16, stroke=colour, **{"stroke-width": 3})
        text(svg, at + 26, 20, words)
        at += 90
