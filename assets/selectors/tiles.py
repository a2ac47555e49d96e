"""Vector tiles of the network, built wholly by PostGIS (sql/tile_*.sql) for the divisions of the viewer."""

from dataclasses import dataclass

from django.contrib.gis.db.models import Extent
from django.db import connection

from assets.models import Node, Zone
from assets.selectors.network_reads import division_patterns, networks_visible_to
from gis_core.access import Capability, NotVisible, Viewer, visible
from gis_core.sql_loader import load_sql

# A tile of zoom 22 is 7 m wide: nothing of a network is finer.
MAXIMUM_ZOOM = 22


@dataclass(frozen=True)
class TileLayer:
    """A layer as TileJSON describes it. Clients enlarge tiles of `maximum_zoom` beyond it."""

    name: str
    minimum_zoom: int
    maximum_zoom: int
    fields: dict[str, str]


TILE_LAYERS = {
    layer.name: layer
    for layer in (
        TileLayer("zones", 0, 16, {"uid": "String", "code": "String", "name": "String"}),
        TileLayer(
            "pipes",
            8,
            18,
            {
                "uid": "String",
                "code": "String",
                "diameter_mm": "Number",
                "status": "String",
                "lifecycle": "String",
                "is_connector": "Boolean",
            },
        ),
        TileLayer(
            "nodes", 8, 18, {"uid": "String", "code": "String", "kind": "String", "lifecycle": "String"}
        ),
    )
}


def tile(viewer: Viewer, layer: str, z: int, x: int, y: int, *, network_code: str | None = None) -> bytes:
    """The tile as Mapbox Vector Tile bytes, empty where nothing is shown.

    Raises NotVisible for an unknown layer, an address outside the tile pyramid, or a network that the viewer
    cannot see.
    """
    if layer not in TILE_LAYERS or z > MAXIMUM_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotVisible("no such tile")
    _require_network(viewer, network_code)
    if z < TILE_LAYERS[layer].minimum_zoom:
        return b""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets", f"tile_{layer}"),
            {"z": z, "x": x, "y": y, "patterns": division_patterns(viewer), "network": network_code},
        )
        content, _features = cursor.fetchone()
    return bytes(content)


def layer_of(viewer: Viewer, layer: str, *, network_code: str | None = None) -> TileLayer:
    """The description of a layer; raises NotVisible like `tile`."""
    if layer not in TILE_LAYERS:
        raise NotVisible("no such layer")
    _require_network(viewer, network_code)
    return TILE_LAYERS[layer]


def extent_of(viewer: Viewer, *, network_code: str | None = None) -> tuple[float, float, float, float] | None:
    """West, south, east and north of the visible nodes and zones in degrees; None when there is nothing."""
    extents = []
    for rows in (Node.objects.all(), Zone.objects.all()):
        shown = visible(rows, viewer, Capability.VIEW_NETWORK)
        if network_code is not None:
            shown = shown.filter(network__code=network_code)
        extents.append(shown.order_by().aggregate(extent=Extent("geom"))["extent"])
    known = [extent for extent in extents if extent is not None]
    if not known:
        return None
    return (
        min(extent[0] for extent in known),
        min(extent[1] for extent in known),
        max(extent[2] for extent in known),
        max(extent[3] for extent in known),
    )


def _require_network(viewer: Viewer, network_code: str | None) -> None:
    if network_code is not None and not networks_visible_to(viewer).filter(code=network_code).exists():
        raise NotVisible("no such network")
