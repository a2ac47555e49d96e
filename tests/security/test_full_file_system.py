"""A data directory on a file system that fills: what was committed stays, refusals are told, and it comes back.

A cluster of its own on a small tmpfs, filled by a file beside it. Needs root, which may mount. Making the tables takes
a minute, so in `make prove`; that a full or absent database is answered with 503 is in tests/gis_core/test_limits.py.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.local_stack.conftest import clone, local_stack  # noqa: F401 -- fixtures

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ROOT = Path(__file__).resolve().parents[2]
SIZE_MB = 600
LEFT_BYTES = 256 * 1024
LocalStack = Callable[[str], ModuleType]


@pytest.fixture
def cluster(local_stack: LocalStack, clone: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:  # noqa: F811
    if not os.environ.get("TARMOQ_PROVE"):
        pytest.skip("a minute of migrations: in make prove")
    if os.geteuid() != 0:
        pytest.skip("NOT PROVEN HERE: only root may mount the small file system")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    made = local_stack("postgres_cluster").private_cluster(clone)
    directory = made.placement.directory
    directory.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=755", "tmpfs", str(directory)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"NOT PROVEN HERE: this root may not mount: {mounted.stderr}")
    try:
        made.create()
        made.start()
        made.prepare()
        address = local_stack("environment_file").database_url(made.socket_directory, 5432, user="tarmoq")
        local_stack("environment_file").update(clone.environment_file, {"DATABASE_URL": address})
        yield made
    finally:
        made.stop()
        subprocess.run(["umount", str(directory)], check=True)
        for path in (made.socket_directory, *local_stack("placement").outside_directories(clone)):
            shutil.rmtree(path, ignore_errors=True)


def run(clone: Any, local_stack: LocalStack, *words: str, **environment: str) -> Any:  # noqa: F811
    known = local_stack("environment_file").read(clone.environment_file)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **known, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else done.stderr


@pytest.mark.figure
def test_what_was_committed_stays_and_refusals_are_told(
    local_stack: LocalStack,  # noqa: F811
    clone: Any,  # noqa: F811
    cluster: Any,
) -> None:
    program = ("-m", "tests.security.full_disk_program")
    migrated = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", "--no-input", "-v", "0"],
        env={**os.environ, **local_stack("environment_file").read(clone.environment_file)},
        check=False,
    )
    assert migrated.returncode == 0
    made = run(clone, local_stack, *program, "make")[1]
    account = {"TARMOQ_TEST_ACCOUNT": made["account"]}
    before = run(clone, local_stack, *program, made["secret"], "0", "20", **account)[1]
    assert (len(before["taken"]), before["refused"]) == (20, None), before

    ballast = cluster.placement.directory / "ballast"
    room = os.statvfs(cluster.placement.directory)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - LEFT_BYTES)
    full = run(clone, local_stack, *program, made["secret"], "100", "100000", **account)[1]
    assert full["refused"] == 503, full
    if cluster.query("SELECT 1")[0] != 0:
        # It went down with its log: a command says so and ends with 1.
        words = (str(ROOT / "manage.py"), "one_time_password", "cashier", "--json")
        code, told = run(clone, local_stack, *words)
        assert (code, told["error"]["code"]) == (1, "database"), told

    ballast.unlink()
    began = time.monotonic()
    if cluster.postmaster() is None:
        # As `make run` does with a server that ended.
        cluster.start()
    while cluster.query("SELECT 1")[0] != 0 and time.monotonic() - began < 60:
        time.sleep(0.5)
    after = run(clone, local_stack, *program, made["secret"], "900000", "20", **account)[1]
    seconds = time.monotonic() - began
    assert (len(after["taken"]), after["refused"]) == (20, None), after
    found = run(clone, local_stack, *program, "references")[1]
    taken = {*before["taken"], *full["taken"], *after["taken"]}
    lost = taken - set(found["references"])
    doubled = len(found["references"]) - len(set(found["references"]))
    # What was refused is not there, unless its answer was lost after the commit; that is one at most.
    beyond = set(found["references"]) - taken
    print(
        f"full file system: {len(full['taken'])} payments until it was full, then {full['refused']}; "
        f"lost {len(lost)}, doubled {doubled}; taken again after {seconds:.1f} s"
    )
    assert (lost, doubled, len(beyond) <= 1) == (set(), 0, True)
    assert float(found["sum_of_books"]) == 0
