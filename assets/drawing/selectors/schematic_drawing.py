"""A zone's schematic as SVG: layers from left to right, or from top to bottom for a narrow screen."""

from collections import defaultdict
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from assets.drawing.selectors.schematics import Party, Schematic, SchematicLink
from assets.drawing.selectors.svg_parts import add, document, text

DIRECTIONS = ("right", "down")
BOX_WIDTH, BOX_HEIGHT = 150.0, 54.0
_MARGIN, _HEAD = 24.0, 56.0
# Between boxes: along the flow there is room for the names of meters, across it for one line of them.
_GAP_ALONG = {"right": 150.0, "down": 84.0}
_GAP_ACROSS = {"right": 34.0, "down": 24.0}
_LABEL_HEIGHT = 18.0
_LETTER = 7.6
_FILLS = {
    "zone": ("#e3effa", "#2a6fb0"),
    "own": ("#ffffff", "#2a6fb0"),
    "source": ("#d9f0ec", "#12796a"),
    "storage": ("#eef7ff", "#4b86b4"),
    "outside": ("#f2f2f4", "#8a909c"),
}
_LONGEST = 18
_LINE, _CLOSED = "#445", "#b3261e"

Point = tuple[float, float]
Controls = tuple[Point, Point, Point, Point]


@dataclass(frozen=True)
class _Rect:
    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "_Rect") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


def schematic_svg(schematic: Schematic, *, direction: str = "right") -> str:
    """The drawing as an SVG document; all names in it are text."""
    places = _places(schematic, direction)
    width = max((rect.x + rect.width for rect in places.values()), default=300.0) + _MARGIN
    height = max((rect.y + rect.height for rect in places.values()), default=120.0) + _MARGIN + 30
    title = f"{schematic.network.code}, zone {schematic.zone.code}"
    name = schematic.zone.name if schematic.zone.name != schematic.zone.code else ""
    # Long names of the drawing itself need their room too.
    width = max(width, 2 * _MARGIN + 9.0 * max(len(title), len(name[:40])), 320.0)
    # Labels may stand a little beyond the boxes.
    svg = document(width + 2 * _MARGIN, height + 2 * _MARGIN, title)
    _add_arrowhead(svg)
    text(svg, _MARGIN, 24, title, size=15, weight="bold")
    if name:
        text(svg, _MARGIN, 42, name[:60], size=12, fill="#556")
    lines, labels = add(svg, "g"), add(svg, "g")
    taken = list(places.values())
    pairs: dict[frozenset[str], int] = defaultdict(int)
    for link in schematic.links:
        between = frozenset((link.start, link.end))
        ends = _anchors(places[link.start], places[link.end], pairs[between], direction)
        pairs[between] += 1
        controls = _bezier(*ends, direction)
        _add_line(lines, link, controls)
        if link.code:
            place = _free_place(controls, len(_shortened(link.code)) * _LETTER + 28, taken)
            taken.append(place)
            _add_label(labels, link, place)
    for key, rect in places.items():
        _add_box(svg, schematic.parties[key], rect)
    return Xml.tostring(svg, encoding="unicode")


def _places(schematic: Schematic, direction: str) -> dict[str, _Rect]:
    """Boxes in their layers, in each layer near what feeds them."""
    layer_of = schematic.layers()
    layers: dict[int, list[str]] = defaultdict(list)
    for key in schematic.parties:
        layers[layer_of[key]].append(key)
    feeding: dict[str, list[str]] = defaultdict(list)
    for link in schematic.links:
        feeding[link.end].append(link.start)
    rank: dict[str, float] = {}
    for layer in sorted(layers):
        layers[layer].sort(
            key=lambda key: (_mean([rank[other] for other in feeding[key] if other in rank]), key)
        )
        rank |= {key: float(position) for position, key in enumerate(layers[layer])}
    most = max((len(keys) for keys in layers.values()), default=0)
    across = (BOX_HEIGHT if direction == "right" else BOX_WIDTH) + _GAP_ACROSS[direction]
    along = (BOX_WIDTH if direction == "right" else BOX_HEIGHT) + _GAP_ALONG[direction]
    places = {}
    for layer, keys in layers.items():
        shift = (most - len(keys)) * across / 2
        for position, key in enumerate(keys):
            far, wide = layer * along, shift + position * across
            x, y = (far, wide) if direction == "right" else (wide, far)
            places[key] = _Rect(_MARGIN + x, _HEAD + y, BOX_WIDTH, BOX_HEIGHT)
    return places


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _add_arrowhead(svg: Xml.Element) -> None:
    definitions = add(svg, "defs")
    marker = add(
        definitions, "marker", id="arrow", viewBox="0 0 10 10", refX=9, refY=5, markerWidth=7, markerHeight=7
    )
    marker.set("orient", "auto-start-reverse")
    add(marker, "path", d="M0 0 L10 5 L0 10 z", fill="#445")


def _add_box(svg: Xml.Element, party: Party, rect: _Rect) -> None:
    fill, stroke = _FILLS[party.kind]
    box = add(
        svg,
        "rect",
        x=rect.x,
        y=rect.y,
        width=rect.width,
        height=rect.height,
        rx=18 if party.kind == "storage" else 5,
        fill=fill,
        stroke=stroke,
    )
    box.set("stroke-width", "1.6")
    if party.kind in ("own", "outside"):
        box.set("stroke-dasharray", "5 3")
    middle = rect.x + rect.width / 2
    caption = _shortened(party.caption, 21)
    text(
        svg,
        middle,
        rect.y + (24 if caption else 32),
        _shortened(party.code),
        anchor="middle",
        size=14,
        weight="bold",
    )
    if caption:
        text(svg, middle, rect.y + 42, caption, anchor="middle", size=10, fill="#556")


def _shortened(words: str, longest: int = _LONGEST) -> str:
    return words if len(words) <= longest else words[: longest - 1] + "…"


def _add_line(parent: Xml.Element, link: SchematicLink, controls: Controls) -> None:
    """A curve from box to box; closed boundaries are dashed, and what only stands there has no arrow."""
    is_closed = link.role == "closed"
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = controls
    curve = add(
        parent,
        "path",
        d=f"M{x1:.1f} {y1:.1f} C{x2:.1f} {y2:.1f} {x3:.1f} {y3:.1f} {x4:.1f} {y4:.1f}",
        fill="none",
        stroke=_CLOSED if is_closed else _LINE,
    )
    curve.set("stroke-width", "1.6")
    if is_closed:
        curve.set("stroke-dasharray", "6 4")
    elif link.role != "storage":
        curve.set("marker-end", "url(#arrow)")


def _add_label(parent: Xml.Element, link: SchematicLink, rect: _Rect) -> None:
    """The device's code with its sign: a meter, or a cross for what is closed."""
    is_closed = link.role == "closed"
    box = add(parent, "rect", x=rect.x, y=rect.y, width=rect.width, height=rect.height, rx=9, fill="#ffffff")
    box.set("stroke", _CLOSED if is_closed else _LINE)
    sign, colour = ("✕", _CLOSED) if is_closed else ("◉", "#12796a")
    text(parent, rect.x + 7, rect.y + 13, sign, size=11, fill=colour)
    text(parent, rect.x + 21, rect.y + 13, _shortened(link.code))


def _anchors(start: _Rect, end: _Rect, repeat: int, direction: str) -> tuple[Point, Point]:
    """Where a link leaves and enters: the facing sides, each further link a little apart."""
    shift = ((repeat + 1) // 2) * (1 if repeat % 2 else -1)
    if direction == "right":
        offset = max(min(shift * 10.0, BOX_HEIGHT / 2 - 5), -BOX_HEIGHT / 2 + 5)
        ahead = end.x > start.x
        begin_x = start.x + (start.width if ahead or end.x == start.x else 0)
        end_x = end.x + (0 if ahead else end.width)
        middle = start.height / 2 + offset
        return (begin_x, start.y + middle), (end_x, end.y + middle)
    offset = max(min(shift * 24.0, BOX_WIDTH / 2 - 10), -BOX_WIDTH / 2 + 10)
    ahead = end.y > start.y
    begin_y = start.y + (start.height if ahead or end.y == start.y else 0)
    end_y = end.y + (0 if ahead else end.height)
    middle = start.width / 2 + offset
    return (start.x + middle, begin_y), (end.x + middle, end_y)


def _bezier(begin: Point, end: Point, direction: str) -> Controls:
    """The control points of a link's curve. One that goes back, or stays in its layer, swings out at its ends."""
    bend = 46.0
    (x1, y1), (x2, y2) = begin, end
    if direction == "right":
        ahead = 1 if x2 >= x1 else -1
        return begin, (x1 + bend * ahead, y1), (x2 - bend * (ahead if x2 != x1 else -1), y2), end
    ahead = 1 if y2 >= y1 else -1
    return begin, (x1, y1 + bend * ahead), (x2, y2 - bend * (ahead if y2 != y1 else -1)), end


def _on_curve(controls: Controls, share: float) -> Point:
    rest = 1 - share
    weights = (rest**3, 3 * rest**2 * share, 3 * rest * share**2, share**3)
    return (
        sum(weight * point[0] for weight, point in zip(weights, controls, strict=True)),
        sum(weight * point[1] for weight, point in zip(weights, controls, strict=True)),
    )


def _free_place(controls: Controls, width: float, taken: list[_Rect]) -> _Rect:
    """A place for a label on its curve, or else near it, that covers neither a box nor another label."""
    for step in range(60):
        shift = ((step + 1) // 2) * (1 if step % 2 else -1) * (_LABEL_HEIGHT + 2) / 2
        for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
            x, y = _on_curve(controls, share)
            rect = _Rect(max(x - width / 2, 2.0), y - _LABEL_HEIGHT / 2 + shift, width, _LABEL_HEIGHT)
            if rect.y >= _HEAD - _LABEL_HEIGHT / 2 and not any(rect.meets(other) for other in taken):
                return rect
    return rect
