"""SensorThings over HTTP on one web process: data arrays, single observations, and reading out of a long series.

Data arrays are posted as a logger's gateway would: 33 datastreams, 10,000 rows a request, into one gunicorn worker
on the benchmark's database. The floor is PostgreSQL's COPY of the same rows; the peer, where it can be installed,
is django-ogc-sensorthings on one gunicorn worker and a database of its own, given the same requests in turn.
`ratio` is ours over the peer where there is one, else ours over the floor.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection

from gis_core.database.roles import server_cursor
from gis_core.models import Division, RoleAssignment, User
from gis_core.services.tokens import make_token
from sensors.series.services.ingestion import load_observations
from sensors.series.services.observation_arrays import Observations
from tests.bench.served import ROOT, Server, _free_port, _running
from tests.bench.timing import seconds
from tests.databases import application_url

PEER = ROOT / ".local" / "peers" / "sta"
PACKAGES = ["django-ogc-sensorthings", "gunicorn", "psycopg[binary]"]
PEER_DATABASE = "tarmoq_bench_sta_peer"
STREAMS, ROWS, ROUNDS, SINGLES = 33, 10_000, 6, 200
LONG = 1_000_000
START = datetime(2026, 1, 1, tzinfo=UTC)
_SINGLE_WORKER = [
    "--worker-class",
    "gthread",
    "--workers",
    "1",
    "--threads",
    "4",
    "--limit-request-line",
    "8190",
]

_SETTINGS = """
from uuid import UUID
SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 50_000_000
ROOT_URLCONF = "peer_urls"
INSTALLED_APPS = [
    "sensorthings.versions.v1_1",
    "sensorthings.versions.v1_1.backends.django",
    "sensorthings.versions.v1_1.extensions.dataarray",
]
MIDDLEWARE = []
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": %(name)r, "USER": %(user)r,
    "PASSWORD": %(password)r, "HOST": %(host)r, "PORT": %(port)r, "CONN_MAX_AGE": 600}}
SENSORTHINGS_V1_1_SERVICE_URL = "http://127.0.0.1:%(http)d/sta"
SENSORTHINGS_V1_1_BACKEND_ADAPTER = "sensorthings.versions.v1_1.backends.django.adapter.DjangoBackendAdapter"
SENSORTHINGS_V1_1_ID_TYPE = UUID
SENSORTHINGS_V1_1_ID_DELIMITER = "'"
"""
_URLS = """
from django.urls import include, path
urlpatterns = [path("sta/", include("sensorthings.versions.v1_1.urls"))]
"""
_WSGI = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "peer_settings"
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    with _ours() as server, _peer() as peer:
        streams = _made_streams(server, "/sta/v1.1")
        peers = _made_streams(peer, "/sta/v1.1") if peer else []
        rows = [_data_arrays(server, streams, peer, peers), _single(server, streams, peer, peers)]
        rows += _reading(server, streams[0])
    return rows


# --- what is measured ---


def _data_arrays(server: Server, streams: list[Any], peer: Server | None, peers: list[Any]) -> dict[str, Any]:
    ours_s, peer_s, floor_s = [], [], []
    for turn in range(ROUNDS):
        ours_s.append(_post_rows(server, streams, turn))
        if peer:
            peer_s.append(_post_rows(peer, peers, turn))
        floor_s.append(seconds(partial(_copy, streams, turn)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM sensors_observation WHERE datastream_id = ANY (%s)", [streams])
        assert cursor.fetchone()[0] == ROUNDS * ROWS, "rows were lost behind a 201"
    return _row("SensorThings data array, one web process", ROWS, ours_s, floor_s, peer_s, "observations/s")


def _single(server: Server, streams: list[Any], peer: Server | None, peers: list[Any]) -> dict[str, Any]:
    ours_s = [_post_singles(server, streams)]
    peer_s = [_post_singles(peer, peers)] if peer else []
    return _row("SensorThings single observations, one client", SINGLES, ours_s, [], peer_s, "observations/s")


def _reading(server: Server, stream: int) -> list[dict[str, Any]]:
    """Pages of a series of a million values; the floor is the page's rows by hand-written SQL."""
    first = START - timedelta(seconds=LONG + 60)
    rows = ((stream, first + timedelta(seconds=second), second % 977 / 10) for second in range(LONG))
    load_observations(rows=rows, acting_user=None, origin="bench")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    since = (first + timedelta(seconds=LONG // 2)).isoformat().replace("+00:00", "Z")
    base = f"/sta/v1.1/Datastreams({stream})/Observations"
    found = []
    for name, path, condition, order in (
        ("the newest 100 of 1,000,000", f"{base}?$orderby=phenomenonTime%20desc&$top=100", "true", "DESC"),
        (
            "100 of 1,000,000 from an instant on",
            f"{base}?$filter=phenomenonTime%20gt%20{since}&$top=100",
            f"time > '{since}'",
            "",
        ),
    ):
        taken = statistics.median(_milliseconds(server, path) for _turn in range(9))
        statement = (
            f"SELECT time, value FROM sensors_observation WHERE datastream_id = {stream} AND {condition} "
            f"ORDER BY time {order} LIMIT 100"
        )
        floor = statistics.median(seconds(partial(_fetch, statement)) for _turn in range(9))
        found.append(
            {
                "name": f"SensorThings, {name}",
                "ours": taken,
                "floor": floor * 1000,
                "unit": "ms",
                "ratio": taken / (floor * 1000),
            }
        )
    return found


def _row(
    name: str, count: int, ours: list[float], floor: list[float], peer: list[float], unit: str
) -> dict[str, Any]:
    rates = {
        key: round(count / statistics.median(taken)) if taken else 0
        for key, taken in (("ours", ours), ("floor", floor), ("peer", peer))
    }
    if not peer:
        del rates["peer"]
    against = rates.get("peer") or rates["floor"]
    if peer:
        print(f"  django-ogc-sensorthings: {rates['peer']:,} {unit}")
    return {"name": name, **rates, "unit": unit, "ratio": rates["ours"] / against if against else None}


# --- requests ---


def _post_rows(server: Server, streams: list[Any], turn: int) -> float:
    body = json.dumps(_arrays(streams, turn)).encode()
    began = time.perf_counter()
    status, answer, _headers = _post(server, "/sta/v1.1/CreateObservations", body)
    taken = time.perf_counter() - began
    assert status == 201, answer[:300]
    links = json.loads(answer)
    assert len(links) == ROWS
    assert not any(link.lower().startswith("error") for link in links)
    return taken


def _arrays(streams: list[Any], turn: int) -> list[dict[str, Any]]:
    groups = []
    for number, stream in enumerate(streams):
        rows = [
            [
                (START + timedelta(seconds=turn * ROWS + place)).isoformat().replace("+00:00", "Z"),
                place % 997 / 10,
            ]
            for place in range(number, ROWS, len(streams))
        ]
        groups.append(
            {
                "Datastream": {"@iot.id": stream},
                "components": ["phenomenonTime", "result"],
                "dataArray@iot.count": len(rows),
                "dataArray": rows,
            }
        )
    return groups


def _post_singles(server: Server, streams: list[Any]) -> float:
    began = time.perf_counter()
    for place in range(SINGLES):
        time_stamp = (START + timedelta(days=40, seconds=place)).isoformat().replace("+00:00", "Z")
        body = {
            "phenomenonTime": time_stamp,
            "result": place,
            "Datastream": {"@iot.id": streams[place % len(streams)]},
        }
        status, answer, _headers = _post(server, "/sta/v1.1/Observations", json.dumps(body).encode())
        assert status == 201, answer[:300]
    return time.perf_counter() - began


def _post(server: Server, path: str, body: bytes) -> tuple[int, bytes, Any]:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    client.request("POST", path, body, {**server.headers, "Content-Type": "application/json"})
    answer = client.getresponse()
    found = answer.status, answer.read(), answer.headers
    client.close()
    return found


def _milliseconds(server: Server, path: str) -> float:
    taken, status, body, _headers = server.get(path)
    assert status == 200, body[:300]
    assert len(json.loads(body)["value"]) == 100
    return taken * 1000


def _made_streams(server: Server, root: str) -> list[Any]:
    """Datastreams of one thing with a place; their ids."""
    thing = {
        "name": "bench",
        "description": "bench",
        "Locations": [
            {
                "name": "place",
                "description": "place",
                "encodingType": "application/geo+json",
                "location": {"type": "Point", "coordinates": [69.2, 41.3]},
            }
        ],
    }
    thing_id = _created(server, f"{root}/Things", thing)
    sensor = {"name": "s", "description": "s", "encodingType": "application/pdf", "metadata": "m"}
    sensor_id = _created(server, f"{root}/Sensors", sensor)
    observed = {"name": "p", "definition": "http://example.org/p", "description": "p"}
    observed_id = _created(server, f"{root}/ObservedProperties", observed)
    kind = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
    stream = {
        "name": "d",
        "description": "d",
        "observationType": kind,
        "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
        "Thing": {"@iot.id": thing_id},
        "Sensor": {"@iot.id": sensor_id},
        "ObservedProperty": {"@iot.id": observed_id},
    }
    return [_created(server, f"{root}/Datastreams", stream) for _number in range(STREAMS)]


def _created(server: Server, path: str, body: dict[str, Any]) -> Any:
    status, answer, headers = _post(server, path, json.dumps(body).encode())
    assert status == 201, answer[:500]
    link = headers["Location"]
    entity_id = link[link.rindex("(") + 1 : link.rindex(")")]
    return entity_id.strip("'") if entity_id.startswith("'") else int(entity_id)


# --- floors ---


def _copy(streams: list[int], turn: int) -> None:
    """The same rows as one COPY into a plain table with the same key."""
    rows = [
        (stream, START + timedelta(seconds=turn * ROWS + place), place % 997 / 10)
        for number, stream in enumerate(streams)
        for place in range(number, ROWS, len(streams))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS plain_sta (datastream_id bigint, time timestamptz, value float8, "
            "PRIMARY KEY (datastream_id, time))"
        )
        with cursor.copy("COPY plain_sta FROM STDIN (FORMAT binary)") as copy:
            copy.write(Observations.of_rows(rows).binary())


def _fetch(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.fetchall()


# --- servers ---


@contextmanager
def _ours() -> Iterator[Server]:
    user, _made = User.objects.get_or_create(username="bench-sta")
    division = Division.objects.get(code="UZ-TO")
    RoleAssignment.objects.get_or_create(user=user, division=division, role=RoleAssignment.Role.ENGINEER)
    secret = make_token(user=user, name="bench", acting_user=None)[1]
    port = _free_port()
    program = Path(sys.executable).with_name("gunicorn")
    command = [str(program), "gis_core.wsgi:application", "--bind", f"127.0.0.1:{port}", *_SINGLE_WORKER]
    environment = {
        **os.environ,
        "DATABASE_URL": application_url(),
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
    }
    with _running("sta-ours", command, environment, port, "/healthz/"):
        yield Server("ours", port, {"Authorization": f"Bearer {secret}"})


@contextmanager
def _peer() -> Iterator[Server | None]:
    """The peer in an environment of its own below .local; None, with a word why, where it cannot be had."""
    if not _peer_is_installed():
        yield None
        return
    port = _free_port()
    described = connection.settings_dict
    database = {
        "name": PEER_DATABASE,
        "user": described["USER"] or "",
        "password": described["PASSWORD"] or "",
        "host": described["HOST"] or "",
        "port": str(described["PORT"] or 5432),
        "http": port,
    }
    _administer(lambda cursor: cursor.execute(f"DROP DATABASE IF EXISTS {PEER_DATABASE}"))
    _administer(lambda cursor: cursor.execute(f"CREATE DATABASE {PEER_DATABASE}"))
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (
            ("peer_settings", _SETTINGS % database),
            ("peer_urls", _URLS),
            ("peer_wsgi", _WSGI),
        ):
            (Path(folder) / f"{name}.py").write_text(text, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": folder, "DJANGO_SETTINGS_MODULE": "peer_settings"}
        migrate = [str(PEER / "bin" / "python"), "-m", "django", "migrate", "-v", "0"]
        subprocess.run(migrate, env=environment, cwd=folder, check=True, capture_output=True, timeout=120)
        command = [
            str(PEER / "bin" / "gunicorn"),
            "peer_wsgi:application",
            "--bind",
            f"127.0.0.1:{port}",
            *_SINGLE_WORKER,
        ]
        with _running("sta-peer", command, environment, port, "/sta/v1.1/"):
            yield Server("peer", port, {})
    _administer(lambda cursor: cursor.execute(f"DROP DATABASE IF EXISTS {PEER_DATABASE}"))


def _peer_is_installed() -> bool:
    if (PEER / "bin" / "gunicorn").exists():
        return True
    for step in (
        [sys.executable, "-m", "venv", str(PEER)],
        [str(PEER / "bin" / "pip"), "install", "-q", *PACKAGES],
    ):
        done = subprocess.run(step, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            print(
                f"django-ogc-sensorthings cannot be installed here, so it is left out: {done.stderr.strip()[-200:]}"
            )
            return False
    return True


def _administer(work: Callable[[Any], None]) -> None:
    with server_cursor() as cursor:
        work(cursor)
