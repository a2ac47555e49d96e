"""T3: kill -9 of Redis while values come in and the workers roll them up; what is due is due by the database."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sensors.models import Datastream, DirtyBucket, Observation
from sensors.series.services.ingestion import load_observations
from tests.conftest import make_district
from tests.databases import application_url
from tests.sensors.feeds.brokers import ROOT, server_module, wait_until
from tests.sensors.test_series_store import assert_roll_ups_are_right, make_stream

KILLS = 12 if os.environ.get("TARMOQ_PROVE") else 3
START = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = 60


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Any]:
    # A socket's path has little room.
    with tempfile.TemporaryDirectory(prefix="tarmoq-") as short:
        (tmp_path / "data").mkdir(mode=0o700)
        server = server_module("redis_server").RedisServer(
            tmp_path / "data", Path(short) / "redis.sock", tmp_path / "redis.pid", tmp_path / "redis.log"
        )
        server.start()
        yield server
        server.stop()


@pytest.fixture
def stream(committing_database: None) -> Datastream:
    return make_stream(make_district("QIBRAY", "Qibray tumani"), "R", interval_s=60)


def start(redis: Any, log: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": application_url(),
        "CELERY_BROKER_URL": f"redis+socket://{redis.socket_path}",
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
        "PYTHONWARNINGS": "ignore",
    }
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "gis_core.celery_app", *words],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


@pytest.mark.figure
def test_t3_redis_is_killed_and_nothing_that_is_due_is_forgotten(
    redis: Any, stream: Datastream, tmp_path: Path
) -> None:
    chance = random.Random(3)
    log = tmp_path / "celery.log"
    schedule = str(tmp_path / "schedule")
    programs = [
        start(redis, log, "worker", "--queues", "celery,urgent", "--concurrency", "1", "--loglevel", "INFO"),
        start(redis, log, "beat", "--schedule", schedule, "--max-interval", "2", "--loglevel", "INFO"),
    ]
    rows = 0
    try:
        assert wait_until(lambda: "ready." in log.read_text(), 60), log.read_text()
        for number in range(KILLS):
            moments = [START + timedelta(hours=number, minutes=minute) for minute in range(ROWS)]
            values = [(stream.pk, moment, float(minute)) for minute, moment in enumerate(moments)]
            load_observations(rows=values, acting_user=None, origin="test")
            rows += ROWS
            time.sleep(chance.uniform(0, 3))
            os.kill(redis.process_id(), signal.SIGKILL)
            time.sleep(chance.uniform(0, 2))
            redis.start()
        began = time.monotonic()
        done = wait_until(lambda: not DirtyBucket.objects.exists(), 120, 0.5)
        recovered_s = time.monotonic() - began
        assert all(program.poll() is None for program in programs), log.read_text()[-2000:]
    finally:
        for program in programs:
            program.terminate()
        for program in programs:
            program.wait(60)
    stored = Observation.objects.count()
    print(
        f"T3: kills of Redis {KILLS}; values lost {rows - stored}; hours not rolled up "
        f"{DirtyBucket.objects.count()}; all done {recovered_s:.1f} s after the last start"
    )
    assert done, log.read_text()[-3000:]
    assert stored == rows
    assert_roll_ups_are_right(stream)
