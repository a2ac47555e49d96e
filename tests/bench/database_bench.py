"""The database: migrating from nothing, installing code, cloning, what a search path costs, and a first start.

The first start is `make run` in a copy of the tracked files in a temporary folder, until the first page answers: the
Debian packages are there and nothing else is, so Python packages come from their index.
"""

import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection, transaction

from gis_core.database.installing import install
from gis_core.database.template import BASE_TEMPLATE, connected_to
from tests.bench.looped_network import make_looped_network
from tests.bench.timing import in_turn, seconds
from tests.databases import drop_database, make_database, make_migrated_database
from tests.upgrades.dumps import restore

ROOT = Path(__file__).parents[2]
NAME = "tarmoq_bench_database"
PIPES = 10_000
MIGRATE_GOAL_S, FIRST_START_GOAL_S, FIRST_START_LIMIT_S = 8, 60, 1200


def run() -> list[dict[str, Any]]:
    """The floors: the same tables and functions from a dump, the goal where there is no other way to do the same."""
    try:
        return [_migrating(), _installing(), _cloning(), _row_triggers(), _first_start()]
    finally:
        drop_database(NAME)


def _row(name: str, ours: float, floor: float, unit: str = "s") -> dict[str, Any]:
    return {"name": name, "ours": ours, "floor": floor, "unit": unit, "ratio": ours / floor}


def _migrating() -> dict[str, Any]:
    ours, floor = [], []
    for _ in range(3):
        make_database(NAME, BASE_TEMPLATE)
        with connected_to(NAME):
            ours.append(seconds(lambda: call_command("migrate", verbosity=0, interactive=False)))
        make_database(NAME, BASE_TEMPLATE)
        floor.append(seconds(_restore))
    name = f"migrate from nothing (goal {MIGRATE_GOAL_S} s; floor: a dump)"
    return _row(name, statistics.median(ours), statistics.median(floor))


def _restore() -> None:
    with connected_to(NAME):
        parameters = connection.get_connection_params()
        for name in ("context", "prepare_threshold", "cursor_factory"):
            parameters.pop(name, None)
        with psycopg.connect(**parameters) as raw:
            restore(raw, "v0_2_0")


def _installing() -> dict[str, Any]:
    ours, floor = in_turn(lambda: install(connection, force=True), lambda: install(connection), 5)
    return _row("functions, triggers, views anew (floor: nothing to do)", ours, floor)


def _cloning() -> dict[str, Any]:
    ours, floor = in_turn(lambda: make_migrated_database(NAME), lambda: make_database(NAME, BASE_TEMPLATE), 3)
    return _row("a migrated clone (floor: a clone without tables)", ours, floor)


def _row_triggers() -> dict[str, Any]:
    """A change of each node and pipe: two triggers for each row, and some for each statement."""
    make_looped_network("PATHS", PIPES)
    ours, floor = in_turn(lambda: _change_rows(_nothing), lambda: _change_rows(_forget_paths), 5)
    return _row(f"change of {PIPES:,} pipes (floor: no search path set)", ours, floor)


def _nothing(cursor: Any) -> None:
    """The functions as they are."""


def _forget_paths(cursor: Any) -> None:
    cursor.execute(
        "SELECT format('ALTER FUNCTION %s RESET search_path', oid::regprocedure) FROM pg_proc "
        "WHERE pronamespace = 'public'::regnamespace AND 'search_path=pg_catalog, public, pg_temp' = ANY (proconfig)"
    )
    for (statement,) in cursor.fetchall():
        cursor.execute(statement)


def _change_rows(prepare: Callable[[Any], None]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        prepare(cursor)
        cursor.execute("UPDATE assets_pipe SET roughness = coalesce(roughness, 100) + 1")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def _first_start() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="tarmoq-first-start-") as directory:
        # The server's own user has to reach its cluster below it.
        Path(directory).chmod(0o755)
        clone = Path(directory) / "clone"
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        for name in names.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (clone / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, clone / name)
        ours = _seconds_until_a_page(clone)
        subprocess.run(["make", "clean"], cwd=clone, check=False, capture_output=True, env=_own_environment())
    return _row("first start of make run (floor: the goal)", ours, FIRST_START_GOAL_S)


def _own_environment() -> dict[str, str]:
    others = {"DATABASE_URL", "CELERY_BROKER_URL", "MQTT_URL", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in others}


def _seconds_until_a_page(clone: Path) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with (clone / "first-start.log").open("wb") as log:
        process = subprocess.Popen(
            ["make", "run", f"PORT={port}"],
            cwd=clone,
            stdout=log,
            stderr=log,
            env=_own_environment(),
            start_new_session=True,
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.monotonic() - began > FIRST_START_LIMIT_S:
                    raise RuntimeError((clone / "first-start.log").read_text()[-2000:])
                time.sleep(0.2)
            return time.monotonic() - began
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(120)
            print((clone / "first-start.log").read_text())


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
