"""T18: two engineers on one pipe; a bulk edit whose process is killed; edits of one network follow each other."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from assets.editing.services.attributes import set_pipe_attributes
from assets.editing.services.bulk import apply_operations
from assets.models import DirtyArea, Edit, Node, Pipe, RowChange
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import AuditEvent, User
from tests.assets.editing.state import broken_invariants, stored_state
from tests.conftest import make_district
from tests.world import World, make_world

ROUNDS = 20


def make() -> World:
    return make_world(make_district("QIBRAY", "Qibray"))


def together(*works: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment, each in a session of its own; results, or what was raised."""
    barrier = Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            return work()
        except ReportedError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(one, work) for work in works]]


def edit_remark(world: World, uid: str, field: str, value: Any, version: int | None) -> Callable[[], Any]:
    """Read, think, write: what a person's form does, with or without the version they saw."""

    def work() -> Any:
        return set_pipe_attributes(
            world.network, pipe=uid, values={field: value}, acting_user=None, expected_version=version
        )

    return work


@pytest.mark.figure
def test_t18_two_engineers_on_one_pipe_lose_no_update(committing_database: None) -> None:
    world = make()
    pipe = world.pipes["P2"]
    uid, lost, stale = str(pipe.uid), 0, 0
    for number in range(ROUNDS):
        seen = Pipe.objects.get(pk=pipe.pk).version
        results = together(
            *(edit_remark(world, uid, "material", f"{name}{number}", seen) for name in ("first", "second"))
        )
        winners = [result for result in results if not isinstance(result, Exception)]
        losers = [result for result in results if isinstance(result, StaleVersion)]
        assert (len(winners), len(losers)) == (1, 1), results
        stale += 1
        row = Pipe.objects.get(pk=pipe.pk)
        lost += row.version != seen + 1
        assert losers[0].version == row.version
    print(f"T18: {ROUNDS} pairs of edits of one pipe; stale ones refused {stale}; lost updates {lost}")
    assert lost == 0
    assert broken_invariants() == {}


def test_control_without_the_check_an_update_is_lost(committing_database: None) -> None:
    world = make()
    uid = str(world.pipes["P2"].uid)
    results = together(*(edit_remark(world, uid, "material", name, None) for name in ("first", "second")))
    assert not any(isinstance(result, Exception) for result in results)
    # Both were told that theirs is stored, and one of them is not.
    assert Edit.objects.count() == 2
    assert Pipe.objects.get(uid=uid).material in ("first", "second")


def test_a_split_and_a_deletion_at_once(committing_database: None) -> None:
    world = make()
    pipe = Pipe.objects.get(pk=world.pipes["P2"].pk)

    def apply(operation: dict[str, Any]) -> Callable[[], Any]:
        return lambda: apply_operations(world.network, [operation], acting_user=None)

    results = together(
        apply({"op": "split_pipe", "pipe": str(pipe.uid), "position": 0.5, "if_match": pipe.version}),
        apply({"op": "delete_pipe", "pipe": str(pipe.uid), "if_match": pipe.version}),
    )
    failed = [result for result in results if isinstance(result, ReportedError)]
    assert len(failed) == 1
    assert failed[0].code in ("stale_version", "unknown_element")
    assert broken_invariants() == {}


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import django
from django.conf import settings
django.setup()
from django.db import connection
settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = sys.argv[2]
from assets.models import Network
from assets.editing.services import bulk
network = Network.objects.get(code="N1")
pipe = network.pipes.get(code="P2")
operations = [{"op": "split_pipe", "pipe": str(pipe.uid), "position": 0.5, "ref": "r0"}]
operations += [
    {"op": "split_pipe", "pipe": f"#r{n}.pipes.0", "position": 0.7, "ref": f"r{n + 1}"} for n in range(3)
]
run, made = bulk.run_operation, []
def counted(*arguments, **keywords):
    result = run(*arguments, **keywords)
    made.append(result)
    if len(made) == 3:
        print("three done", flush=True)
        sys.stdin.read()
    return result
bulk.run_operation = counted
bulk.apply_operations(network, operations, acting_user=None)
"""


@pytest.mark.figure
def test_a_process_killed_in_the_middle_of_a_bulk_edit_leaves_nothing(committing_database: None) -> None:
    world = make()
    before = stored_state()
    root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, root, connection.settings_dict["NAME"]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "gis_core.settings.test"},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"three done"
        # It holds the network's lock and has written; nobody else sees any of it.
        assert stored_state() == before
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    finally:
        process.kill()
        process.wait(10)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
    assert stored_state() == before
    assert [model.objects.count() for model in (Edit, RowChange, DirtyArea)] == [0, 0, 0]
    assert not AuditEvent.objects.filter(action="bulk").exists()
    # The lock went with the process, as soon as the server noticed that it is gone.
    began = time.monotonic()
    apply_operations(
        world.network,
        [{"op": "split_pipe", "pipe": str(world.pipes["P2"].uid), "position": 0.5}],
        acting_user=User.objects.create(username="after"),
    )
    waited_s = time.monotonic() - began
    print(f"killed in a bulk edit: rows left 0; the next edit waited {waited_s:.1f} s")
    assert Node.objects.filter(code="P2/1").exists()
    assert broken_invariants() == {}
