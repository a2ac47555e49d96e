"""A drawing of a page's features for the HTML page: lines, areas and points fitted into a box, north up."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH, HEIGHT, MARGIN = 1000.0, 400.0, 12.0
MAXIMUM_DRAWN = 2000


@dataclass
class Outline:
    """SVG paths and the centres of points in a view box of `WIDTH` by `HEIGHT`; `fill` is that of the paths."""

    paths: list[str] = field(default_factory=list)
    points: list[tuple[str, str]] = field(default_factory=list)
    fill: str = "none"


def outline_of(
    geometries: Sequence[dict[str, Any] | None], *, is_northing_first: bool, is_geographic: bool
) -> Outline:
    """The outline of GeoJSON geometries; empty when they have no extent."""
    parts = [part for each in geometries[:MAXIMUM_DRAWN] if each for part in _parts(each)]
    if is_northing_first:
        parts = [(kind, [(y, x) for x, y in positions]) for kind, positions in parts]
    xs = [x for _kind, positions in parts for x, _y in positions]
    ys = [y for _kind, positions in parts for _x, y in positions]
    if not xs:
        return Outline()
    # A degree of longitude is shorter than one of latitude.
    squeeze = math.cos(math.radians(sum(ys) / len(ys))) if is_geographic else 1.0
    across, up = (max(xs) - min(xs)) * squeeze, max(ys) - min(ys)
    scales = [(room - 2 * MARGIN) / size for room, size in ((WIDTH, across), (HEIGHT, up)) if size > 0]
    scale = min(scales, default=1.0)
    left, below = (WIDTH - across * scale) / 2, (HEIGHT - up * scale) / 2

    def place(x: float, y: float) -> tuple[str, str]:
        return (
            f"{left + (x - min_x) * squeeze * scale:.1f}",
            f"{HEIGHT - below - (y - min_y) * scale:.1f}",
        )

    min_x, min_y = min(xs), min(ys)
    outline = Outline()
    for kind, positions in parts:
        placed = [place(x, y) for x, y in positions]
        if kind == "Point":
            outline.points.extend(placed)
            continue
        outline.paths.append("M" + "L".join(",".join(each) for each in placed))
        if kind == "Polygon":
            outline.fill = "#0a6aa122"
    return outline


def _parts(geometry: dict[str, Any]) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """The points, lines and rings of a geometry, each with the kind it is drawn as."""
    kind, coordinates = geometry["type"], geometry.get("coordinates", [])
    if kind == "GeometryCollection":
        for member in geometry["geometries"]:
            yield from _parts(member)
    elif kind.startswith("Multi"):
        for part in coordinates:
            yield from _parts({"type": kind.removeprefix("Multi"), "coordinates": part})
    elif kind == "Point":
        yield kind, [(coordinates[0], coordinates[1])]
    elif kind == "LineString":
        yield kind, [(each[0], each[1]) for each in coordinates]
    else:
        for ring in coordinates:
            yield kind, [(each[0], each[1]) for each in ring]
