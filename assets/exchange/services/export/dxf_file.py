"""A network as a drawing (DXF R2010, metres): what CAD shows and what it can give back."""

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Transformer

from assets.exchange.services.export.empty_cells import is_missing
from assets.exchange.services.export.geo_layers import Layer
from assets.models import Network

APPLICATION = "TARMOQ"
# The attributes that travel with each entity as extended data; the others are in the other formats.
_PIPE_ATTRIBUTES = ("diameter_m", "material", "roughness", "year_installed", "status", "lifecycle")
# A line's ends by name: a device stands nearer to its neighbour than places are told apart.
_END_ATTRIBUTES = ("start_node", "start_class", "end_node", "end_class")
_NODE_ATTRIBUTES = ("elevation_m", "lifecycle")
_TEXT_HEIGHT_M = 1.0
_SYMBOL_RADIUS_M = 0.5


def write_dxf(network: Network, layers: list[Layer], path: Path, srid: int) -> list[dict[str, Any]]:
    """Write points as blocks with an attribute CODE, lines as polylines; return what is not in the drawing."""
    import ezdxf
    from ezdxf import units

    document = ezdxf.new("R2010", setup=False)
    document.units = units.M
    document.appids.add(APPLICATION)
    document.header.custom_vars.append("CRS", f"EPSG:{srid}")
    document.header.custom_vars.append("NETWORK", network.code)
    space = document.modelspace()
    transformer = Transformer.from_crs("EPSG:4326", f"EPSG:{srid}", always_xy=True)
    not_kept = []
    for layer in layers:
        document.layers.add(layer.name.upper())
        projected = shapely.transform(
            layer.geometry, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))
        )
        if layer.geometry_type == "Point":
            _add_points(document, space, layer, projected)
        elif layer.geometry_type == "LineString":
            _add_lines(space, layer, projected)
        else:
            _add_areas(space, layer, projected)
        written = {"code", "is_connector", *_END_ATTRIBUTES, *_PIPE_ATTRIBUTES, *_NODE_ATTRIBUTES}
        left = [name for name in layer.rows.columns if name not in written]
        if left:
            reason = f"a drawing does not hold {', '.join(left)}"
            not_kept.append({"element": f"layer {layer.name}", "reason": reason})
    document.saveas(path)
    reason = "a drawing holds no patterns, curves, demands, options and zone connections"
    return [*not_kept, {"element": f"network {network.code}", "reason": reason}]


def _add_points(document: Any, space: Any, layer: Layer, points: Any) -> None:
    name = layer.name.upper()
    block = document.blocks.new(name)
    block.add_circle((0, 0), _SYMBOL_RADIUS_M)
    block.add_attdef("CODE", (1.0, 1.0), dxfattribs={"height": _TEXT_HEIGHT_M})
    for position, row in zip(
        shapely.get_coordinates(points).tolist(), layer.rows.to_dict("records"), strict=True
    ):
        reference = space.add_blockref(name, position, dxfattribs={"layer": name})
        reference.add_attrib(
            "CODE",
            row["code"],
            (position[0] + 1.0, position[1] + 1.0),
            dxfattribs={"height": _TEXT_HEIGHT_M, "layer": name},
        )
        reference.set_xdata(APPLICATION, _extended(row, ("code", *_NODE_ATTRIBUTES)))


def _add_lines(space: Any, layer: Layer, lines: Any) -> None:
    name = layer.name.upper()
    names = ("code", "is_connector", *_END_ATTRIBUTES, *_PIPE_ATTRIBUTES)
    for line, row in zip(lines, layer.rows.to_dict("records"), strict=True):
        polyline = space.add_lwpolyline(shapely.get_coordinates(line).tolist(), dxfattribs={"layer": name})
        polyline.set_xdata(APPLICATION, _extended(row, names))


def _add_areas(space: Any, layer: Layer, areas: Any) -> None:
    name = layer.name.upper()
    for area, row in zip(areas, layer.rows.to_dict("records"), strict=True):
        for part in shapely.get_parts(area) if area is not None else ():
            ring = shapely.get_coordinates(shapely.get_exterior_ring(part)).tolist()
            outline = space.add_lwpolyline(ring, close=True, dxfattribs={"layer": name})
            outline.set_xdata(APPLICATION, _extended(row, ("code",)))


def _extended(row: dict[Any, Any], names: tuple[str, ...]) -> list[tuple[int, str]]:
    """Extended data: texts "name=value" (group 1000, at most 255 bytes)."""
    known = [(name, row.get(name)) for name in names if not is_missing(row.get(name))]
    return [(1000, f"{name}={value}"[:200]) for name, value in known if value != ""]
