"""T17: base backup and archived WAL, restored to a moment into a new cluster, with an equal ledger."""

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

# The set-up leaves its servers running when it ends; here the process that started them goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROOT = Path(__file__).resolve().parents[2]
LocalStack = Callable[[str], ModuleType]


@pytest.fixture
def cluster(local_stack: LocalStack, clone: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A private cluster of its own, running, with its `.local/environment`; gone at the end."""
    for name in ("DATABASE_URL", *local_stack("backups").VARIABLES):
        monkeypatch.delenv(name, raising=False)
    made = local_stack("postgres_cluster").private_cluster(clone)
    made.create()
    made.start()
    made.prepare()
    values = local_stack("backups").write_configuration(clone, made)
    address = local_stack("environment_file").database_url(made.socket_directory, 5432, user="tarmoq")
    local_stack("environment_file").update(clone.environment_file, {"DATABASE_URL": address, **values})
    yield made
    made.stop()
    for path in (
        made.placement.directory,
        made.socket_directory,
        *local_stack("placement").outside_directories(clone),
    ):
        shutil.rmtree(path, ignore_errors=True)


def manage(clone: Any, local_stack: LocalStack, *words: str, code: int = 0) -> dict[str, Any]:
    """The JSON of one of our commands on the cluster's database."""
    return _run(clone, local_stack, [str(ROOT / "manage.py"), *words, "--json"], code)


def ledger(clone: Any, local_stack: LocalStack, *words: str, **environment: str) -> dict[str, Any]:
    return _run(clone, local_stack, ["-m", "tests.local_stack.ledger_writer", *words], 0, **environment)


def _run(
    clone: Any, local_stack: LocalStack, words: list[str], code: int, **environment: str
) -> dict[str, Any]:
    known = local_stack("environment_file").read(clone.environment_file)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **known, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1] if code == 0 else done.stdout)
    return found


def test_the_ledger_of_a_moment_comes_back_and_damage_is_found(
    local_stack: LocalStack, clone: Any, cluster: Any, tmp_path: Path
) -> None:
    refused = manage(clone, local_stack, "backup", "--verify", code=1)
    assert refused["error"]["code"] == "no_backup"
    assert not (cluster.placement.directory / "backup" / "archiving").exists()
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "migrate", "--no-input", "-v", "0"],
        env={**os.environ, **local_stack("environment_file").read(clone.environment_file)},
        check=True,
    )
    ledger(clone, local_stack, "make")
    ledger(clone, local_stack, "pay", "0", "5")
    taken = manage(clone, local_stack, "backup")
    assert taken["type"] == "full"
    wanted = ledger(clone, local_stack, "pay", "5", "5")
    time.sleep(1.1)
    later = ledger(clone, local_stack, "pay", "10", "5")
    assert later["hash"] != wanted["hash"]
    second = manage(clone, local_stack, "backup")
    assert second["type"] == "incr"
    assert [row["label"] for row in manage(clone, local_stack, "backup", "--list")["backups"]] == [
        taken["label"],
        second["label"],
    ]

    folder = tmp_path / "restored" if cluster.placement.user.name is None else _place_of_another_user(cluster)
    began = time.monotonic()
    assert local_stack("backups").restore(clone, ["--into", str(folder), "--at", wanted["at"]]) == 0
    seconds = time.monotonic() - began
    restored = local_stack("postgres_cluster").Cluster(cluster.placement.beside(folder), clone.log / "r.log")
    try:
        address = local_stack("environment_file").database_url(restored.socket_directory, 5432, user="tarmoq")
        found = ledger(clone, local_stack, "hash", DATABASE_URL=address)
        assert (found["hash"], found["entries"]) == (wanted["hash"], wanted["entries"])
        # The one in use goes on, and what the new one writes goes into no archive.
        assert ledger(clone, local_stack, "hash")["hash"] == later["hash"]
        assert restored.query("SHOW archive_mode") == (0, "off")
        ledger(clone, local_stack, "pay", "20", "1", DATABASE_URL=address)
    finally:
        restored.stop()
        shutil.rmtree(folder)
    print(f"T17: restored to a moment in {seconds:.1f} s, {found['entries']} ledger entries, hash equal")

    assert manage(clone, local_stack, "backup", "--verify")["verified"] == 2
    repository = cluster.placement.directory / "backup" / "repository"
    victim = max((repository / "backup").rglob("*.lz4"), key=lambda path: path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-9])
    assert manage(clone, local_stack, "backup", "--verify", code=1)["error"]["code"] in (
        "backup_damaged",
        "backup_failed",
    )


def _place_of_another_user(cluster: Any) -> Path:
    """Root's temporary directory is closed to the user postgres: beside the cluster there is room."""
    return Path(f"{cluster.placement.directory}-restored")


def test_an_instant_that_cannot_be_reached_is_told(
    local_stack: LocalStack, clone: Any, cluster: Any, tmp_path: Path
) -> None:
    step_error = local_stack("console").StepError
    restore = local_stack("backups").restore
    with pytest.raises(step_error, match="has no offset"):
        restore(clone, ["--into", str(tmp_path / "new"), "--at", "2026-01-01T00:00:00"])
    with pytest.raises(step_error, match="is not an instant"):
        restore(clone, ["--into", str(tmp_path / "new"), "--at", "yesterday"])
    with pytest.raises(step_error, match="is there already"):
        restore(clone, ["--into", str(tmp_path)])
    with pytest.raises(step_error, match="pgBackRest refused"):
        restore(clone, ["--into", str(_place_of_another_user(cluster))])


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"TARMOQ_BACKUP_REPOSITORY": "backups"}, "not a whole path"),
        ({"TARMOQ_BACKUP_REPOSITORY": "s3://bucket/x"}, "no bucket, endpoint or region"),
        ({"TARMOQ_BACKUP_REPOSITORY": "s3://b/x?endpoint=e&region=r"}, "needs TARMOQ_BACKUP_S3_KEY"),
        ({"TARMOQ_BACKUP_PASSPHRASE": "a\nrepo1-path=/"}, "line break"),
    ],
)
def test_a_repository_that_cannot_be_used_is_refused(
    local_stack: LocalStack, clone: Any, asked: dict[str, str], complaint: str
) -> None:
    backups = local_stack("backups")
    cluster = local_stack("postgres_cluster").private_cluster(clone)
    with pytest.raises(local_stack("console").StepError, match=complaint):
        backups.configuration(cluster, clone.local, {**dict.fromkeys(backups.VARIABLES, ""), **asked})


def test_a_repository_in_s3_is_configured(local_stack: LocalStack, clone: Any) -> None:
    backups = local_stack("backups")
    asked = {
        **dict.fromkeys(backups.VARIABLES, ""),
        "TARMOQ_BACKUP_REPOSITORY": "s3://water/tarmoq?endpoint=s3.example&region=uz",
        "TARMOQ_BACKUP_S3_KEY": "key",
        "TARMOQ_BACKUP_S3_SECRET": "secret",
        "TARMOQ_BACKUP_PASSPHRASE": "a long one",
    }
    text = backups.configuration(local_stack("postgres_cluster").private_cluster(clone), clone.local, asked)
    for line in (
        "repo1-type=s3",
        "repo1-s3-bucket=water",
        "repo1-path=/tarmoq",
        "repo1-s3-endpoint=s3.example",
    ):
        assert line in text.splitlines()
    assert "repo1-cipher-pass=a long one" in text.splitlines()
