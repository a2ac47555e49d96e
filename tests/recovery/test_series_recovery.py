"""T2 and T4 for series: killed writers, packers and roll-ups, a killed PostgreSQL, and a full disk."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection

from gis_core.models import Division
from sensors.models import HourlyValue, Observation
from sensors.series.services.ingestion import load_observations
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.conftest import make_district
from tests.databases import application_url
from tests.recovery.full_disk import limit_size, make_room
from tests.recovery.series_writer import BATCH, START, batch_rows
from tests.sensors.test_series_store import assert_roll_ups_are_right, make_stream, raw_bits

KILLS = 40 if os.environ.get("TARMOQ_PROVE") else 5
SERVER_KILLS = 10 if os.environ.get("TARMOQ_PROVE") else 2
POSTGRES = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.figure


@pytest.fixture
def division(committing_database: None) -> Division:
    return make_district("QIBRAY", "Qibray tumani")


def start(*arguments: str, database: str | None = None) -> subprocess.Popen[str]:
    """The writer process, once it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.recovery.series_writer", *arguments],
        env={
            **os.environ,
            "DATABASE_URL": database or application_url(),
            "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def kill_after(process: subprocess.Popen[str], delay_s: float) -> None:
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert process.stdout is not None
    process.stdout.close()


def acknowledged_batches(path: Path) -> list[int]:
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_t2_a_killed_writer_loses_nothing_it_acknowledged_and_doubles_nothing(
    division: Division, tmp_path: Path
) -> None:
    chance = random.Random(11)
    lost = doubled = 0
    for number in range(KILLS):
        stream = make_stream(division, f"K{number}", interval_s=60)
        path = tmp_path / str(number)
        kill_after(start("write", str(stream.pk), str(path)), chance.uniform(0.05, 1.2))
        batches = acknowledged_batches(path)
        stored = Observation.objects.filter(datastream=stream)
        times = set(stored.values_list("time", flat=True))
        lost += sum(time not in times for batch in batches for _, time, _ in batch_rows(stream.pk, batch))
        # A batch is there whole or not at all.
        assert len(times) % BATCH == 0
        assert len(times) - BATCH * len(batches) in (0, BATCH)
        # What was not acknowledged is sent again.
        for batch in range(len(batches) + 2):
            load_observations(rows=batch_rows(stream.pk, batch), acting_user=None, origin="again")
        doubled += stored.count() - BATCH * (len(batches) + 2)
        refresh_roll_ups()
        assert_roll_ups_are_right(stream)
    print(f"T2 series: kills: {KILLS}; lost: {lost}; doubled: {doubled}")
    assert (lost, doubled) == (0, 0)


@pytest.mark.parametrize("work", [["pack", "2026-03-01"], ["roll-up"]])
def test_t2_killed_packing_and_rolling_up_change_no_value(division: Division, work: list[str]) -> None:
    chance = random.Random(5)
    stream = make_stream(division, "K", interval_s=60)
    for batch in range(200):
        load_observations(rows=batch_rows(stream.pk, batch), acting_user=None, origin="test")
    raw = raw_bits()
    for _ in range(KILLS):
        kill_after(start(*work), chance.uniform(0.0, 0.8))
        assert raw_bits() == raw
        late = (
            stream.pk,
            START.replace(second=chance.randrange(1, 60), microsecond=chance.randrange(10**6)),
            1.0,
        )
        load_observations(rows=[late], acting_user=None, origin="late")
        raw = raw_bits()
    refresh_roll_ups()
    assert_roll_ups_are_right(stream)
    assert sum(HourlyValue.objects.values_list("count", flat=True)) == len(raw)
    print(f"T2 {work[0]}: kills: {KILLS}; lost: 0; doubled: 0")


def test_a_full_disk_refuses_the_batch_whole_and_nothing_is_lost(division: Division) -> None:
    stream = make_stream(division, "K", interval_s=60)
    load_observations(rows=batch_rows(stream.pk, 0), acting_user=None, origin="test")
    limit_size("sensors_observation_2026_03", 40960)
    acknowledged = 0
    with contextlib.suppress(OperationalError):
        for batch in range(1, 100):
            load_observations(rows=batch_rows(stream.pk, batch), acting_user=None, origin="test")
            acknowledged = batch
    assert 1 < acknowledged < 99
    assert Observation.objects.count() == BATCH * (acknowledged + 1)
    make_room("sensors_observation_2026_03")
    for batch in range(acknowledged, 100):
        load_observations(rows=batch_rows(stream.pk, batch), acting_user=None, origin="test")
    assert Observation.objects.count() == BATCH * 100
    refresh_roll_ups()
    assert_roll_ups_are_right(stream)
    print(f"full disk: batches acknowledged before: {acknowledged}; lost: 0; doubled: 0")


# --- a server of its own, to be killed ---


def as_postgres(*command: str) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, capture_output=True, timeout=120)


class Server:
    """A PostgreSQL with the settings under which a crash loses nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.data = directory / "data"

    def start(self) -> None:
        options = (
            f"-c listen_addresses= -c unix_socket_directories={self.directory} "
            "-c fsync=on -c synchronous_commit=on"
        )
        as_postgres(
            *(
                str(POSTGRES / "pg_ctl"),
                "-D",
                str(self.data),
                "-o",
                options,
                "-l",
                str(self.directory / "log"),
            ),
            *("-w", "-t", "60", "start"),
        )

    def kill(self) -> None:
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        # Its children notice and go; a new server does not start before that.
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.CalledProcessError):
                self.start()
                return
            time.sleep(0.2)
        raise AssertionError("the server did not come back")

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.directory), dbname="tarmoq", user="postgres", autocommit=True)

    @property
    def address(self) -> str:
        return f"postgis://postgres@/tarmoq?host={str(self.directory).replace('/', '%2F')}&port=5432"


@pytest.fixture
def server(division: Division) -> Iterator[Server]:
    """A server with the schema of the test database."""
    directory = Path(tempfile.mkdtemp(prefix="tarmoq-t4-", dir="/tmp"))  # the socket's path must be short
    settings = connection.settings_dict
    server = Server(directory)
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        as_postgres(
            str(POSTGRES / "initdb"), "-D", str(server.data), "-A", "trust", "-U", "postgres", "-E", "UTF8"
        )
        server.start()
        as_postgres(
            "psql",
            "-q",
            "-h",
            str(directory),
            "-U",
            "postgres",
            "-c",
            "CREATE ROLE tarmoq; CREATE ROLE tarmoq_app",
        )
        as_postgres("createdb", "-h", str(directory), "-U", "postgres", "tarmoq")
        dump = directory / "schema.sql"
        as_postgres(
            *(
                str(POSTGRES / "pg_dump"),
                "-h",
                settings["HOST"],
                "-p",
                str(settings["PORT"]),
                "-d",
                settings["NAME"],
            ),
            *("-f", str(dump), "--exclude-table-data=spatial_ref_sys"),
        )
        as_postgres("psql", "-q", "-h", str(directory), "-U", "postgres", "-d", "tarmoq", "-f", str(dump))
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            as_postgres(str(POSTGRES / "pg_ctl"), "-D", str(server.data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def stream_on_server(division: Division, request: pytest.FixtureRequest) -> Callable[[], tuple[Server, int]]:
    def make() -> tuple[Server, int]:
        stream = make_stream(division, "K", interval_s=60)
        return request.getfixturevalue("server"), stream.pk

    return make


def test_t4_a_killed_postgresql_loses_nothing_that_was_committed(
    stream_on_server: Callable[[], tuple[Server, int]], tmp_path: Path
) -> None:
    chance = random.Random(4)
    server, stream = stream_on_server()
    lost = 0
    acknowledged: set[int] = set()
    for number in range(SERVER_KILLS):
        path = tmp_path / str(number)
        writer = start("write", str(stream), str(path), database=server.address)
        time.sleep(chance.uniform(0.5, 2))
        server.kill()
        kill_after(writer, 0)
        acknowledged |= set(acknowledged_batches(path))
        with server.connect() as link:
            stored = {time for (time,) in link.execute("SELECT time FROM sensors_observation")}
        lost += sum(at not in stored for batch in acknowledged for _, at, _ in batch_rows(stream, batch))
        assert len(stored) % BATCH == 0
    assert acknowledged
    print(
        f"T4 series: kills of PostgreSQL: {SERVER_KILLS}; batches committed: {len(acknowledged)}; rows lost: {lost}"
    )
    assert lost == 0


def test_an_unreachable_server_is_an_error_and_no_answer(division: Division) -> None:
    """A load that cannot commit raises: nothing is acknowledged on a hope."""
    stream = make_stream(division, "K", interval_s=60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    with psycopg.connect(
        host=connection.settings_dict["HOST"],
        port=connection.settings_dict["PORT"],
        user=connection.settings_dict["USER"],
        dbname=connection.settings_dict["NAME"],
        autocommit=True,
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
    with pytest.raises(DatabaseError):
        load_observations(rows=batch_rows(stream.pk, 0), acting_user=None, origin="test")
    connection.close()
    assert Observation.objects.count() == 0
