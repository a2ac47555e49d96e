"""A network as a drawing (DXF R2010, metres): what CAD shows and what it can give back.

ezdxf makes the frame: header, layers, blocks. The entities, of three kinds and always the same, are written as text, as
ezdxf itself would write them: an object of its own for each of them takes several times as long.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.utils.translation import gettext_noop as _
from pyproj import Transformer

from assets.exchange.services.export.empty_cells import is_missing
from assets.exchange.services.export.geo_layers import Layer
from assets.models import Network
from gis_core.sentences import Sentence

APPLICATION = "TARMOQ"
# The attributes that travel with each entity as extended data; the others are in the other formats.
_PIPE_ATTRIBUTES = ("diameter_m", "material", "roughness", "year_installed", "status", "lifecycle")
# A line's ends by name: a device stands nearer to its neighbour than places are told apart.
_END_ATTRIBUTES = ("start_node", "start_class", "end_node", "end_class")
_NODE_ATTRIBUTES = ("elevation_m", "lifecycle")
_TEXT_HEIGHT_M = 1.0
_SYMBOL_RADIUS_M = 0.5
_CLOSED = 1
_SECTION = "  0\nSECTION\n  2\nENTITIES\n"


def write_dxf(network: Network, layers: list[Layer], path: Path, srid: int) -> list[dict[str, Any]]:
    """Write points as blocks with an attribute CODE, lines as polylines; return what is not in the drawing."""
    import ezdxf
    from ezdxf import units

    document = ezdxf.new("R2010", setup=False)
    document.units = units.M
    document.appids.add(APPLICATION)
    document.header.custom_vars.append("CRS", f"EPSG:{srid}")
    document.header.custom_vars.append("NETWORK", network.code)
    transformer = Transformer.from_crs("EPSG:4326", f"EPSG:{srid}", always_xy=True)
    not_kept = []
    owner = document.modelspace().layout_key
    new_handle: Callable[[], str] = document.entitydb.handles.next
    entities: list[Iterator[str]] = []
    for layer in layers:
        document.layers.add(layer.name.upper())
        projected = shapely.transform(
            layer.geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
        if layer.geometry_type == "Point":
            _add_block(document, layer)
            entities.append(_points(layer, projected, new_handle, owner))
        elif layer.geometry_type == "LineString":
            entities.append(_lines(layer, projected, new_handle, owner))
        else:
            entities.append(_areas(layer, projected, new_handle, owner))
        written = {"code", "is_connector", *_END_ATTRIBUTES, *_PIPE_ATTRIBUTES, *_NODE_ATTRIBUTES}
        left = [name for name in layer.rows.columns if name not in written]
        if left:
            reason = Sentence(_("a drawing does not hold {left}"), left=", ".join(left))
            not_kept.append({"element": f"layer {layer.name}", "reason": reason})
    _save(document, entities, path)
    reason = Sentence(_("a drawing holds no patterns, curves, demands, options and zone connections"))
    return [*not_kept, {"element": f"network {network.code}", "reason": reason}]


def _save(document: Any, entities: list[Iterator[str]], path: Path) -> None:
    """Write the frame with the entities in their section."""
    texts = [text for part in entities for text in part]
    frame = io.StringIO()
    # Only now: the header says which handle comes next.
    document.write(frame)
    head, tail = frame.getvalue().split(_SECTION)
    with path.open("w", encoding=document.output_encoding, errors="dxfreplace") as file:
        file.write(head + _SECTION)
        file.writelines(texts)
        file.write(tail)


def _add_block(document: Any, layer: Layer) -> None:
    block = document.blocks.new(layer.name.upper())
    block.add_circle((0, 0), _SYMBOL_RADIUS_M)
    block.add_attdef("CODE", (1.0, 1.0), dxfattribs={"height": _TEXT_HEIGHT_M})


def _points(layer: Layer, points: Any, new_handle: Callable[[], str], owner: str) -> Iterator[str]:
    """Each a reference to its layer's block, with the attribute CODE and the mark of the attributes' end."""
    name = layer.name.upper()
    places = shapely.get_coordinates(points).tolist()
    for (x, y), row in zip(places, layer.rows.to_dict("records"), strict=True):
        reference, end, attribute = new_handle(), new_handle(), new_handle()
        yield (
            f"  0\nINSERT\n  5\n{reference}\n330\n{owner}\n100\nAcDbEntity\n  8\n{name}\n"
            f"100\nAcDbBlockReference\n 66\n1\n  2\n{name}\n 10\n{x!r}\n 20\n{y!r}\n 30\n0.0\n"
            f"{_extended(row, ('code', *_NODE_ATTRIBUTES))}"
            f"  0\nATTRIB\n  5\n{attribute}\n330\n{owner}\n100\nAcDbEntity\n  8\n{name}\n"
            f"100\nAcDbText\n 10\n{x + 1.0!r}\n 20\n{y + 1.0!r}\n 30\n0.0\n 40\n{_TEXT_HEIGHT_M!r}\n"
            f"  1\n{_one_line(row['code'])}\n100\nAcDbAttribute\n  2\nCODE\n 70\n0\n"
            f"  0\nSEQEND\n  5\n{end}\n330\n{reference}\n100\nAcDbEntity\n  8\n{name}\n"
        )


def _lines(layer: Layer, lines: Any, new_handle: Callable[[], str], owner: str) -> Iterator[str]:
    names = ("code", "is_connector", *_END_ATTRIBUTES, *_PIPE_ATTRIBUTES)
    head = _polyline_head(layer, owner)
    for line, row in zip(lines, layer.rows.to_dict("records"), strict=True):
        vertices = shapely.get_coordinates(line).tolist()
        yield head.format(new_handle()) + _vertices(vertices, 0) + _extended(row, names)


def _areas(layer: Layer, areas: Any, new_handle: Callable[[], str], owner: str) -> Iterator[str]:
    head = _polyline_head(layer, owner)
    for area, row in zip(areas, layer.rows.to_dict("records"), strict=True):
        for part in shapely.get_parts(area) if area is not None else ():
            ring = shapely.get_coordinates(shapely.get_exterior_ring(part)).tolist()
            yield head.format(new_handle()) + _vertices(ring, _CLOSED) + _extended(row, ("code",))


def _polyline_head(layer: Layer, owner: str) -> str:
    return f"  0\nLWPOLYLINE\n  5\n{{}}\n330\n{owner}\n100\nAcDbEntity\n  8\n{layer.name.upper()}\n100\nAcDbPolyline\n"


def _vertices(vertices: list[list[float]], flags: int) -> str:
    places = "".join(f" 10\n{x!r}\n 20\n{y!r}\n" for x, y in vertices)
    return f" 90\n{len(vertices)}\n 70\n{flags}\n{places}"


def _one_line(value: Any) -> str:
    """A tag is one line: whatever would end it is a space."""
    return " ".join(str(value).splitlines())


def _extended(row: dict[Any, Any], names: tuple[str, ...]) -> str:
    """Extended data: texts "name=value" (group 1000, at most 255 bytes)."""
    known = [(name, row.get(name)) for name in names if not is_missing(row.get(name))]
    texts = [_one_line(f"{name}={value}"[:200]) for name, value in known if value != ""]
    return f"1001\n{APPLICATION}\n" + "".join(f"1000\n{text}\n" for text in texts)
