"""kill -9 of what takes values in, at random moments, and a broker that is stopped: nothing lost, nothing doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from sensors.models import Correction, Datastream, FeedFile, Observation, QuarantinedRow
from tests.conftest import make_district
from tests.databases import application_url
from tests.recovery.full_disk import limit_size, make_room
from tests.sensors.feeds.brokers import (
    ROOT,
    start_command,
    start_ingester,
    wait_until,
)
from tests.sensors.feeds.conftest import make_stream

IS_FULL = bool(os.environ.get("TARMOQ_PROVE"))
START = datetime(2026, 1, 1, tzinfo=UTC)
CODES = ("P1", "P2", "P3", "P4", "P5")
PUBLISHER = ROOT / "tests" / "bench" / "mqtt_publisher.py"


@pytest.fixture
def streams(committing_database: None) -> list[Datastream]:
    district = make_district("QIBRAY", "Qibray tumani")
    return [make_stream(district, code) for code in CODES]


def counted() -> int:
    connection.close()
    return Observation.objects.count()


@pytest.mark.figure
def test_t2_the_mqtt_ingester_is_killed_at_random_moments(streams, broker, tmp_path: Path) -> None:
    """The publisher keeps sending; the ingester is killed again and again, and the broker is stopped in between."""
    source = random.Random(14)
    messages, kills = (200_000, 12) if IS_FULL else (30_000, 4)
    log = tmp_path / "ingester.log"
    # The first one makes the session, without which the broker would keep nothing.
    ingester = start_ingester(broker.port, application_url(), "--batch", "500", log=log)
    assert wait_until(lambda: "connected to the broker" in log.read_text(), 60)
    publisher = subprocess.Popen([sys.executable, str(PUBLISHER), str(broker.port), str(messages), *CODES])
    for kill in range(kills):
        time.sleep(source.uniform(0.05, 2.0))
        ingester.kill()
        ingester.wait()
        if kill == kills // 2:
            assert publisher.wait(300) == 0
            # Stopped by SIGTERM with messages nobody took, and started again.
            broker.stop()
            broker.start()
        ingester = start_ingester(broker.port, application_url(), "--batch", "500", log=log)
        if source.random() < 0.5:
            assert wait_until(lambda: log.read_text().count("connected to the broker") > 0, 60)
    assert publisher.wait(300) == 0
    try:
        done = wait_until(lambda: counted() >= messages, 300, 0.5)
    finally:
        ingester.terminate()
        ingester.wait(60)
    stored, corrected = counted(), Correction.objects.count()
    print(
        f"T2 MQTT: published {messages}; kills {kills}; lost {messages - stored}; doubled {max(0, stored - messages)}"
    )
    assert done
    assert stored == messages
    assert corrected == 0
    assert QuarantinedRow.objects.count() == 0


@pytest.mark.figure
def test_t2_a_bulk_load_is_killed_and_goes_through_at_the_next_try(streams, tmp_path: Path) -> None:
    source = random.Random(3)
    rows, kills = (2_000_000, 8) if IS_FULL else (200_000, 3)
    path = tmp_path / "year.csv"
    with path.open("w") as stream:
        stream.write("datastream,time,value\n")
        for number in range(rows // len(CODES)):
            stamp = (START + timedelta(seconds=number)).isoformat()
            stream.writelines(f"{code},{stamp},{number % 1000}\n" for code in CODES)
        stream.write("P1,never,1\n")
    log = tmp_path / "ingest.log"

    def start() -> subprocess.Popen[bytes]:
        return start_command(
            "ingest", str(path), "--chunk", "20000", "--json", database=application_url(), log=log
        )

    partial = []
    for _kill in range(kills):
        load = start()
        # Not before the first block is in, otherwise every kill would fall on the start of Python.
        before = counted()
        wait_until(lambda seen=before, it=load: counted() > seen or it.poll() is not None, 30, 0.02)
        time.sleep(source.uniform(0, 0.5))
        load.send_signal(signal.SIGKILL)
        load.wait()
        partial.append(counted())
    load = start()
    assert load.wait(500) == 0, log.read_text()
    stored = counted()
    print(
        f"T2 bulk: rows {rows}; kills {kills} (after {partial} rows); lost {rows - stored}; doubled "
        f"{max(0, stored - rows)}"
    )
    assert any(0 < count < rows for count in partial)
    assert stored == rows
    assert Correction.objects.count() == 0
    assert FeedFile.objects.get().state == "done"
    assert QuarantinedRow.objects.get().line == rows + 2


@pytest.mark.figure
def test_t2_the_watcher_of_a_folder_is_killed_at_random_moments(streams, tmp_path: Path) -> None:
    """Files are dropped whole while the watcher is killed: each is taken in once, and lies in done/ at the end."""
    source = random.Random(8)
    files, rows, kills = (60, 20_000, 12) if IS_FULL else (12, 10_000, 4)
    folder, log = tmp_path / "drop", tmp_path / "watch.log"
    folder.mkdir()

    def start() -> subprocess.Popen[bytes]:
        return start_command(
            "watch_folder",
            str(folder),
            "--settle",
            "0.2",
            "--every",
            "0.1",
            database=application_url(),
            log=log,
        )

    def drop(number: int) -> None:
        code = CODES[number % len(CODES)]
        first = START + timedelta(days=number)
        lines = [f"{code},{(first + timedelta(seconds=row)).isoformat()},{row}\n" for row in range(rows)]
        making = folder / ".making"
        making.write_text("datastream,time,value\n" + "".join(lines))
        making.rename(folder / f"{number:03}.csv")

    seen = []
    watcher = start()
    for number in range(files):
        drop(number)
        if number % (files // kills) == 0:
            before = counted()
            wait_until(lambda seen=before: counted() > seen, 30, 0.02)
            time.sleep(source.uniform(0, 0.3))
            watcher.kill()
            watcher.wait()
            seen.append(counted())
            watcher = start()
    try:
        done = wait_until(lambda: len(list((folder / "done").glob("*.csv"))) == files, 300, 0.2)
    finally:
        watcher.terminate()
        watcher.wait(60)
    stored = counted()
    print(
        f"T2 folder: rows {files * rows}; kills {kills} (after {seen} rows); lost {files * rows - stored}; "
        f"doubled {max(0, stored - files * rows)}"
    )
    assert done, log.read_text()[-3000:]
    assert stored == files * rows
    assert Correction.objects.count() == 0
    assert list((folder / "failed").iterdir()) == []
    assert set(FeedFile.objects.values_list("state", flat=True)) == {"done"}


@pytest.mark.figure
def test_a_full_disk_under_the_mqtt_ingester_loses_nothing(streams, broker, tmp_path: Path) -> None:
    messages = 20_000
    log = tmp_path / "ingester.log"
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition(%s)", [START])
        partition: str = cursor.fetchone()[0]
    limit_size(partition, 262144)
    ingester = start_ingester(broker.port, application_url(), "--batch", "500", log=log)
    try:
        assert wait_until(lambda: "connected to the broker" in log.read_text(), 60)
        publisher = subprocess.Popen(
            [sys.executable, str(PUBLISHER), str(broker.port), str(messages), *CODES]
        )
        assert publisher.wait(300) == 0
        assert wait_until(lambda: "trying again" in log.read_text(), 60)
        while_full = counted()
        time.sleep(2)
        assert counted() == while_full
        make_room(partition)
        done = wait_until(lambda: counted() >= messages, 120, 0.5)
    finally:
        ingester.terminate()
        ingester.wait(60)
    print(f"full disk under MQTT: published {messages}; stored while full {while_full}; stored {counted()}")
    assert done, log.read_text()[-3000:]
    assert 0 < while_full < messages
    assert counted() == messages
    assert Correction.objects.count() == 0
    assert QuarantinedRow.objects.count() == 0
