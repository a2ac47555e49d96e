"""A tile of the demonstration's pipes against raw ST_AsMVT of the same rows with the same attributes."""

import math
from collections.abc import Callable
from typing import Any

from django.db import connection

from assets.selectors.tiles import tile
from fixtures.demonstration.plan import PLACE
from gis_core.models import User
from tests.bench.timing import in_turn

ROUNDS = 40
RAW = """
SELECT ST_AsMVT(shown, 'pipes', 4096, 'geom', 'id') FROM (
    SELECT id, uid::text, code, round((diameter_m * 1000)::numeric)::integer AS diameter_mm, status, lifecycle,
           is_connector, ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s)) AS geom
      FROM assets_pipe
     WHERE geom && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4326)
) shown WHERE geom IS NOT NULL
"""


def run() -> list[dict[str, Any]]:
    """Tiles in the middle of the demonstration's network; it must be loaded (the billing benchmark does that)."""
    viewer = User.objects.get(username="engineer")
    rows = []
    for zoom in (15, 13, 11):
        x, y = _tile_at(*PLACE, zoom)
        ours, floor = in_turn(_ours(viewer, zoom, x, y), _raw(zoom, x, y), ROUNDS)
        rows.append(
            {
                "name": f"a tile of pipes at zoom {zoom}, against raw ST_AsMVT",
                "ours": ours * 1000,
                "floor": floor * 1000,
                "unit": "ms",
                "ratio": ours / floor,
            }
        )
    return rows


def _ours(viewer: User, z: int, x: int, y: int) -> Callable[[], object]:
    return lambda: tile(viewer, "pipes", z, x, y)


def _raw(z: int, x: int, y: int) -> Callable[[], object]:
    def fetch() -> None:
        with connection.cursor() as cursor:
            cursor.execute(RAW, {"z": z, "x": x, "y": y})
            cursor.fetchone()

    return fetch


def _tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """The web mercator tile that holds a place."""
    across = 2**zoom
    x = int((longitude + 180) / 360 * across)
    y = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * across)
    return x, y
