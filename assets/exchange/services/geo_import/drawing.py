"""What is drawn in a DXF file as lines and points: curves become lines that stay within a centimetre of them.

A block is a point, where it stands. Arrays of blocks are as many points; a block that holds nothing but other blocks
stands for those; and what a block holds on a layer of its own is drawn on that layer, as if it were in no block.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import shapely
from django.utils.translation import gettext_noop as _

from gis_core.sentences import Sentence

# How far a line may lie from the curve that it stands for, in units of the coordinates: 1 cm.
METRES = 0.01
DEGREES = 1e-7
# Ways to a curve's vertices; both need a distance.
_CURVES = ("ARC", "CIRCLE", "ELLIPSE", "SPLINE")
_EXTENDED_TEXT = 1000
# What a block holds and shows no thing: its attributes' definitions and writing.
_NO_DRAWING = ("ATTDEF", "ATTRIB", "TEXT", "MTEXT", "SEQEND")
DEEPEST_BLOCKS = 16
# Drawings of other programs hold curves without control points, radii of zero and the like.
_BROKEN = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError)
MOST_DRAWN = 2_000_000


def shape_of(entity: Any, tolerance: float) -> tuple[Any, str]:
    """A shapely point or line (of the drawing's world coordinates) and "", or None and why there is none."""
    kind = entity.dxftype()
    try:
        shape = _shape(entity, kind, tolerance)
    except _BROKEN:
        return None, Sentence(_("its {kind} is broken"), kind=kind)
    if shape is None:
        return None, Sentence(_("a {kind} is neither a line nor a point"), kind=kind)
    return shape, ""


def _shape(entity: Any, kind: str, tolerance: float) -> Any:
    if kind == "POINT":
        return _point(entity.dxf.location)
    if kind == "INSERT":
        # Blocks, circles and flat polylines state places on a plane of their own, which may be seen from behind.
        return _point(entity.ocs().to_wcs(entity.dxf.insert))
    if kind == "LINE":
        return _line([entity.dxf.start, entity.dxf.end])
    if kind in _CURVES:
        return _line(entity.flattening(tolerance))
    if kind == "LWPOLYLINE" or (kind == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline)):
        return _polyline(entity, kind, tolerance)
    return None


def _polyline(entity: Any, kind: str, tolerance: float) -> Any:
    from ezdxf.path import make_path

    if kind == "LWPOLYLINE" and not entity.has_arc and not entity.dxf.hasattr("extrusion"):
        # Most lines of most drawings: their vertices are what they are.
        height = float(entity.dxf.elevation)
        points = [(x, y, height) for x, y, *_ in entity.get_points()]
        return _line([*points, points[0]] if entity.closed and points else points)
    return _line(make_path(entity).flattening(tolerance))


def _point(place: Any) -> Any:
    x, y, z = place
    return shapely.Point(x, y, z) if z else shapely.Point(x, y)


def _line(vertices: Iterable[Any]) -> Any:
    """A line of its vertices; one that lies at height 0 all along is drawn flat, which says nothing of heights."""
    points = [tuple(vertex) for vertex in vertices]
    if len(points) < 2:
        return shapely.LineString()
    if not any(point[2] for point in points):
        points = [point[:2] for point in points]
    return shapely.LineString(points)


@dataclass
class Drawn:
    """One thing that is drawn: `entity` in world coordinates, on `layer`; what else is known of it in `properties`.

    `number` counts the entities of the drawing from 1; what comes out of blocks is numbered after them.
    """

    number: int
    layer: str
    entity: Any
    properties: dict[str, Any]
    refused: str = ""


class TooMuchDrawn(Exception):
    """Arrays within arrays that stand for more than any network has."""


@dataclass
class Drawing:
    """All that is drawn in a document's model space, blocks resolved."""

    document: Any
    parts_of_symbols: int = 0
    _is_plain: dict[str, bool] = field(default_factory=dict)
    _next_number: int = 0
    _count: int = 0

    def drawn(self) -> Iterator[Drawn]:
        """Raises TooMuchDrawn."""
        entities = list(self.document.modelspace())
        self._next_number = len(entities)
        for number, entity in enumerate(entities, start=1):
            yield from self._of(entity, number, str(entity.dxf.layer), str(entity.dxf.handle), 0)

    def in_paper_space(self) -> int:
        """How many lines, points and blocks are drawn on sheets, which lie nowhere on the ground."""
        drawn = {"POINT", "INSERT", "LINE", "LWPOLYLINE", "POLYLINE", *_CURVES}
        return sum(
            entity.dxftype() in drawn
            for layout in self.document.layouts
            if layout.is_any_paperspace
            for entity in layout
        )

    def _of(self, entity: Any, number: int, layer: str, handle: str, depth: int) -> Iterator[Drawn]:
        self._count += 1
        if self._count > MOST_DRAWN:
            raise TooMuchDrawn
        properties = {"handle": handle} | properties_of(entity)
        if entity.dxftype() != "INSERT":
            yield Drawn(number, layer, entity, properties)
            return
        if self.document.blocks.get(entity.dxf.name) is None:
            reason = Sentence(
                _("it names the block {block}, which the drawing does not hold"), block=entity.dxf.name
            )
            yield Drawn(number, layer, entity, properties, reason)
        elif self._is_reference(entity):
            yield Drawn(
                number,
                layer,
                entity,
                properties,
                Sentence(_("it stands for another drawing; import that one")),
            )
        elif depth > DEEPEST_BLOCKS:
            yield Drawn(
                number,
                layer,
                entity,
                properties,
                Sentence(_("its blocks are more than {deepest_blocks} deep"), deepest_blocks=DEEPEST_BLOCKS),
            )
        elif entity.mcount > 1:
            if self._count + entity.mcount > MOST_DRAWN:
                raise TooMuchDrawn
            for place, one in enumerate(entity.multi_insert()):
                known = properties if place == 0 else _without_code(properties)
                yield from self._of_block(one, number if place == 0 else None, layer, handle, depth, known)
        else:
            yield from self._of_block(entity, number, layer, handle, depth, properties)

    def _of_block(
        self, insert: Any, number: int | None, layer: str, handle: str, depth: int, properties: dict[str, Any]
    ) -> Iterator[Drawn]:
        """A block where it stands, and what it holds for other layers."""
        number = self._new_number() if number is None else number
        if self._is_symbol(insert.dxf.name):
            yield Drawn(number, layer, insert, properties)
            return
        try:
            inside = [part for part in insert.virtual_entities() if part.dxftype() not in _NO_DRAWING]
        except _BROKEN:
            yield Drawn(
                number,
                layer,
                insert,
                properties,
                Sentence(_("its block {block} is broken"), block=insert.dxf.name),
            )
            return
        is_group = all(part.dxftype() == "INSERT" for part in inside) and not insert.attribs
        is_group &= not insert.has_xdata("TARMOQ")
        if not is_group:
            yield Drawn(number, layer, insert, properties)
        for part in inside:
            on = str(part.dxf.layer)
            own = layer if on == "0" else on
            if is_group or own != layer:
                yield from self._of(part, self._new_number(), own, handle, depth + 1)
            elif part.dxftype() == "INSERT":
                self.parts_of_symbols += 1

    def _new_number(self) -> int:
        self._next_number += 1
        return self._next_number

    def _is_reference(self, insert: Any) -> bool:
        block = self.document.blocks.get(insert.dxf.name)
        return block is not None and bool(block.block.is_xref or block.block.is_xref_overlay)

    def _is_symbol(self, name: str) -> bool:
        """Whether a block is drawn all on layer 0, which is its reference's, of lines and curves: most of them are."""
        if name not in self._is_plain:
            block = self.document.blocks.get(name)
            parts = [] if block is None else [part for part in block if part.dxftype() not in _NO_DRAWING]
            self._is_plain[name] = all(
                part.dxftype() != "INSERT" and str(part.dxf.layer) == "0" for part in parts
            )
        return self._is_plain[name]


def _without_code(properties: dict[str, Any]) -> dict[str, Any]:
    """Of an array's blocks the first one has the code that is written once."""
    return {name: value for name, value in properties.items() if name not in ("code", "id")}


def lines_of_block(insert: Any, tolerance: float, depth: int = 0) -> list[Any]:
    """The lines that a block is drawn of, as they lie on the ground."""
    found: list[Any] = []
    if depth > DEEPEST_BLOCKS or insert.block() is None:
        return found
    for part in insert.virtual_entities():
        if part.dxftype() == "INSERT":
            found += lines_of_block(part, tolerance, depth + 1)
            continue
        shape, _reason = shape_of(part, tolerance)
        if shape is not None and shape.geom_type == "LineString" and not shape.is_empty:
            found.append(shape)
    return found


def properties_of(entity: Any) -> dict[str, Any]:
    """What is known of an entity: its block and the block's attributes, and our own extended data."""
    properties: dict[str, Any] = {}
    if entity.dxftype() == "INSERT":
        properties["block"] = entity.dxf.name
        properties |= {attribute.dxf.tag.lower(): attribute.dxf.text for attribute in entity.attribs}
    if entity.has_xdata("TARMOQ"):
        for code, value in entity.get_xdata("TARMOQ"):
            name, equals, text = str(value).partition("=")
            if code == _EXTENDED_TEXT and equals:
                properties[name] = text
    return properties
