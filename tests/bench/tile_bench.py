"""Tiles of a network of 1,000,000 pipes, over HTTP from gunicorn, against tipg on the same table in the same run.

Cold: every tile is asked for once after the cache was emptied. The floor is raw ST_AsMVT of the same rows with the same
attributes over one database connection, without HTTP, rights or cache. `peer` is tipg's figure (its tiles hold all
columns of the table; it takes no attributes away at low zooms). Throughput: four connections asking without pause;
there `ratio` is ours over the peer's, and the floor is the web server's own answer that does nothing (/healthz/).
"""

import gzip
import math
import statistics
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.db import connection

from assets.models import Network
from gis_core.models import RoleAssignment, User
from gis_core.services.tokens import make_token
from tests.bench.scale import LARGE, looped_network
from tests.bench.served import Server, median_ms, ours, tipg
from tests.bench.timing import seconds

# The south-west of the middle of the network that tests/bench/looped_network.py makes at its default place.
MIDDLE = (69.4, 41.3)
STREET_ZOOMS = (16, 15, 14, 13)
LOW_ZOOMS = (12, 11, 10, 9, 8, 7, 6, 5)
RAW = """
SELECT ST_AsMVT(shown, 'pipes', 4096, 'geom', 'id') FROM (
    SELECT id, uid::text, code, round((diameter_m * 1000)::numeric)::integer AS diameter_mm, status, lifecycle,
           is_connector, ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s)) AS geom
      FROM assets_pipe
     WHERE geom && ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4326)
) shown WHERE geom IS NOT NULL
"""
Tile = tuple[int, int, int]


def run(pipes: int = LARGE) -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    network = looped_network(pipes)
    token = bench_token(network)
    rows: list[dict[str, Any]] = []
    with ours(token) as server, tipg() as peer:
        median_ms(server, [_ours(tile) for tile in _around(15, 8)])
        for zoom in (*STREET_ZOOMS, *LOW_ZOOMS):
            rows += _cold(server, peer if zoom >= 10 else None, zoom)
        for zoom in (15, 13, 10):
            rows += _warm(server, peer, zoom)
    return rows


def bench_token(network: Network) -> str:
    """The token of an engineer of the network's division."""
    user, _made = User.objects.get_or_create(username="bench-maps")
    RoleAssignment.objects.get_or_create(
        user=user, division=network.division, role=RoleAssignment.Role.ENGINEER
    )
    return make_token(user=user, name="bench", acting_user=None)[1]


def _cold(server: Server, peer: Server | None, zoom: int) -> list[dict[str, Any]]:
    """Milliseconds and kilobytes of tiles that nobody asked for before."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE assets_tilecache")
    tiles = _around(zoom, 12 if zoom >= 13 else 4 if zoom >= 9 else 1)
    ours_ms: list[float] = []
    floor_ms: list[float] = []
    peer_ms: list[float] = []
    sizes: list[int] = []
    peer_sizes: list[int] = []
    # In turn, so that a machine that slows down slows all of them.
    for tile in tiles:
        taken, status, body, _headers = server.get(_ours(tile))
        assert status == 200
        ours_ms.append(taken * 1000)
        sizes.append(len(gzip.decompress(body)))
        if zoom >= 10:
            floor_ms.append(seconds(partial(_raw, tile)) * 1000)
        if peer is not None and (zoom > 10 or not peer_ms):
            taken, status, body, headers = peer.get(_peers(tile))
            assert status == 200
            peer_ms.append(taken * 1000)
            peer_sizes.append(
                len(gzip.decompress(body)) if headers.get("content-encoding") == "gzip" else len(body)
            )
    kilobytes = max(sizes) / 1000
    row: dict[str, Any] = {
        "name": f"tile of pipes, zoom {zoom}, cold, {kilobytes:,.0f} kB",
        "ours": statistics.median(ours_ms),
        # Raw tiles of the lowest zooms hold a million pipes each; there the floor is the limit that was set.
        "floor": statistics.median(floor_ms) if floor_ms else 300.0,
        "unit": "ms",
        "kilobytes": kilobytes,
    }
    if peer_ms:
        row |= {"peer": statistics.median(peer_ms), "peer_kilobytes": max(peer_sizes) / 1000}
        print(f"  tipg, zoom {zoom}: {row['peer']:,.1f} ms, {row['peer_kilobytes']:,.0f} kB")
    return [row | {"ratio": row["ours"] / row["floor"]}]


def _warm(server: Server, peer: Server | None, zoom: int) -> list[dict[str, Any]]:
    """Answers a second when all has been asked before."""
    tiles = _around(zoom, 6)
    etags = {tile: server.get(_ours(tile))[3]["ETag"] for tile in tiles}
    # Every worker learns who asks before it counts.
    server.per_second([(_ours(tile), {}) for tile in tiles], seconds=1)
    warm = server.per_second([(_ours(tile), {}) for tile in tiles])
    known = server.per_second([(_ours(tile), {"If-None-Match": etags[tile]}) for tile in tiles])
    nothing = server.per_second([("/healthz/", {})], seconds=2)
    theirs = peer.per_second([(_peers(tile), {}) for tile in tiles]) if peer is not None else None
    rows = []
    for what, figure in (("200", warm), ("304", known)):
        row = {
            "name": f"warm tiles, zoom {zoom}, {what}, a second",
            "ours": figure,
            "floor": nothing,
            "unit": "1/s",
            "ratio": figure / theirs if theirs else figure / nothing,
        }
        rows.append(row if theirs is None else row | {"peer": theirs})
    if theirs is not None:
        print(f"  tipg, zoom {zoom}: {theirs:,.1f} tiles a second")
    return rows


def _around(zoom: int, count: int) -> list[Tile]:
    """Tiles about the middle of the network, the nearest first."""
    x, y = _tile_at(*MIDDLE, zoom)
    reach = range(-2, 3) if count > 1 else range(1)
    places: Sequence[Tile] = sorted(
        ((zoom, x + east, y + south) for east in reach for south in reach),
        key=lambda tile: (abs(tile[1] - x) + abs(tile[2] - y), tile),
    )
    return list(places[:count])


def _ours(tile: Tile) -> str:
    return f"/tiles/pipes/{tile[0]}/{tile[1]}/{tile[2]}.pbf"


def _peers(tile: Tile) -> str:
    path = "/collections/public.assets_pipe/tiles/WebMercatorQuad"
    return f"{path}/{tile[0]}/{tile[1]}/{tile[2]}?geom-column=geom"


def _raw(tile: Tile) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAW, {"z": tile[0], "x": tile[1], "y": tile[2]})
        cursor.fetchone()


def _tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """The web mercator tile that holds a place."""
    across = 2**zoom
    x = int((longitude + 180) / 360 * across)
    y = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * across)
    return x, y
