"""A page of 1,000 pipes by OGC API - Features, of a network of 1,000,000, against tipg's page of the same table.

Milliseconds over HTTP. The floor is PostGIS making the same 1,000 GeoJSON features from the same columns in one
statement. `ratio` is tipg's time over ours where there is a tipg, else ours over the floor.
"""

import json
import statistics
from typing import Any

from django.db import connection

from tests.bench.scale import LARGE, looped_network
from tests.bench.served import Server, ours, tipg
from tests.bench.tile_bench import bench_token
from tests.bench.timing import seconds

ROUNDS = 15
OURS = "/ogc/collections/pipes/items?limit=1000"
PEERS = "/collections/public.assets_pipe/items?limit=1000&geom-column=geom"
FLOOR = """
SELECT json_agg(ST_AsGeoJSON(page.*, 'geom', 7)::json) FROM (
    SELECT id, uid, code, is_connector, diameter_m, material, roughness, minor_loss, year_installed, status,
           has_check_valve, lifecycle, geodesic_length_m, geom
      FROM assets_pipe WHERE NOT is_connector ORDER BY id LIMIT 1000
) page
"""


def run(pipes: int = LARGE) -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    token = bench_token(looped_network(pipes))
    with ours(token) as server, tipg() as peer:
        rows = [_page("the first page of 1,000 features", server, peer, OURS)]
        later = _next_page(server, OURS)
        if later is not None:
            rows.append(_page("the next page of 1,000 features", server, peer, later))
    return rows


def _page(name: str, server: Server, peer: Server | None, path: str) -> dict[str, Any]:
    ours_ms: list[float] = []
    floor_ms: list[float] = []
    peer_ms: list[float] = []
    for _ in range(ROUNDS):
        ours_ms.append(_milliseconds(server, path))
        floor_ms.append(seconds(_floor) * 1000)
        if peer is not None:
            peer_ms.append(_milliseconds(peer, PEERS))
    row: dict[str, Any] = {
        "name": name,
        "ours": statistics.median(ours_ms),
        "floor": statistics.median(floor_ms),
        "unit": "ms",
    }
    if not peer_ms:
        return row | {"ratio": row["ours"] / row["floor"]}
    row["peer"] = statistics.median(peer_ms)
    print(f"  tipg: {row['peer']:,.1f} ms")
    return row | {"ratio": row["peer"] / row["ours"]}


def _milliseconds(server: Server, path: str) -> float:
    # Identity, so that neither is charged for compressing.
    taken, status, body, _headers = server.get(
        path, **{"Accept-Encoding": "identity", "Accept": "application/geo+json"}
    )
    assert status == 200, f"{server.name}: {status}"
    assert len(json.loads(body)["features"]) == 1000
    return taken * 1000


def _next_page(server: Server, path: str) -> str | None:
    _taken, _status, body, _headers = server.get(
        path, **{"Accept-Encoding": "identity", "Accept": "application/geo+json"}
    )
    links = [link["href"] for link in json.loads(body)["links"] if link["rel"] == "next"]
    return "/" + links[0].split("/", 3)[3] if links else None


def _floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute(FLOOR)
        cursor.fetchone()
