"""An area of about 5,000 elements to take along, over HTTP from gunicorn, and fifty changes sent back.

The floor of the area is raw SQL of the same rows' uids, codes and geometries over one database connection; that of the
changes is so many inserts, each with its commit.
"""

import json
import statistics
from typing import Any
from uuid import uuid4

from django.db import connection

from assets.models import Node
from tests.bench.scale import LARGE, looped_network
from tests.bench.served import Server, ours
from tests.bench.tile_bench import MIDDLE, bench_token
from tests.bench.timing import seconds

WANTED = 5_000
_TIMES = 5
_RAW = """
SELECT uid::text, code, ST_AsBinary(geom)
  FROM assets_node WHERE geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)
UNION ALL
SELECT uid::text, code, ST_AsBinary(geom)
  FROM assets_pipe WHERE geom && ST_MakeEnvelope(%(w)s, %(s)s, %(e)s, %(n)s, 4326)
"""
_INSERT = (
    "INSERT INTO assets_fieldchange (uid, user_id, kind, digest, answer, applied_at) "
    "SELECT gen_random_uuid(), (SELECT min(id) FROM gis_core_user), 'bench', repeat('0', 64), '{}', now()"
)
Box = tuple[float, float, float, float]


def run(pipes: int = LARGE) -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    network = looped_network(pipes)
    box = _box_of(WANTED)
    with ours(bench_token(network)) as server:
        return [*_area(server, box, pipes), _changes(server)]


def _box_of(elements: int) -> Box:
    """The smallest square around the network's middle, by doubling and halving, that holds so many elements."""
    low, high = 0.0, 0.5
    for _step in range(18):
        half = (low + high) / 2
        low, high = (low, half) if _count(_square(half)) >= elements else (half, high)
    return _square(high)


def _square(half: float) -> Box:
    return (MIDDLE[0] - half, MIDDLE[1] - half, MIDDLE[0] + half, MIDDLE[1] + half)


def _count(box: Box) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_RAW}) found", _named(box))
        found: int = cursor.fetchone()[0]
        return found


def _named(box: Box) -> dict[str, float]:
    return dict(zip("wsen", box, strict=True))


def _area(server: Server, box: Box, pipes: int) -> list[dict[str, Any]]:
    path = "/api/v1/field/area/?bbox=" + ",".join(f"{part:.6f}" for part in box)
    taken, floor, size, rows = [], [], 0, 0
    for _time in range(_TIMES):
        second, status, body, headers = server.get(path)
        assert status == 200, body[:200]
        assert headers.get("Content-Encoding") == "gzip"
        taken.append(second)
        size = len(body)
        floor.append(seconds(lambda: _raw(box)))
        rows = _count(box)
    name = f"offline area of {rows:,} elements of {pipes:,} pipes"
    ours_s, floor_s = statistics.median(taken), statistics.median(floor)
    return [
        {"name": name, "ours": ours_s, "floor": floor_s, "unit": "s", "ratio": ours_s / floor_s},
        {"name": f"{name}, compressed", "ours": size / 1e3, "floor": size / 1e3, "unit": "kB", "ratio": 1.0},
    ]


def _raw(box: Box) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_RAW, _named(box))
        cursor.fetchall()


def _changes(server: Server) -> dict[str, Any]:
    """Fifty verifications sent at once, a change a transaction."""
    import http.client

    uids = [str(uid) for uid in Node.objects.order_by("pk").values_list("uid", flat=True)[:50]]
    changes = [
        {
            "uid": str(uuid4()),
            "kind": "verification",
            "content": {"node": uid, "verified_on": "2026-01-01", "method": "visual"},
        }
        for uid in uids
    ]

    def send() -> None:
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        headers = {**server.headers, "Content-Type": "application/json"}
        client.request("POST", "/api/v1/field/sync/", json.dumps({"changes": changes}), headers)
        answer = client.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:200]
        client.close()

    def floor() -> None:
        with connection.cursor() as cursor:
            for _number in range(len(changes)):
                cursor.execute(_INSERT)

    ours_s, floor_s = seconds(send), seconds(floor)
    return {
        "name": "50 changes from a phone",
        "ours": ours_s,
        "floor": floor_s,
        "unit": "s",
        "ratio": ours_s / floor_s,
    }
