"""Backups of the database server by pgBackRest: taking, listing and verifying them.

pgBackRest copies the cluster's files and archives its WAL, so that any instant since the oldest kept backup can be
restored (`make restore`; docs/backups.md). It runs on the server's own machine as the owner of the cluster. What the
set-up made is configured by it; elsewhere TARMOQ_BACKUP_CONFIG names the operator's own pgbackrest.conf.
"""

import json
import os
import pwd
import subprocess
import time
from configparser import ConfigParser
from configparser import Error as ConfigurationError
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from gis_core.errors import ReportedError
from gis_core.local_stack.archiving import MARKER, PROGRAM, STANZA

FULL_EVERY = timedelta(days=7)
_NOT_FOUND = (
    "There is no configuration of pgBackRest{where}. `make up` writes one for the private cluster; for a server of "
    "your own write it as docs/backups.md says, name it in TARMOQ_BACKUP_CONFIG and run this on the server's machine."
)


@dataclass(frozen=True)
class Backup:
    """One backup in the repository; times are those of its first and last moment, sizes in bytes."""

    label: str
    kind: str
    began_at: datetime
    ended_at: datetime
    database_bytes: int
    stored_bytes: int
    has_errors: bool


@dataclass(frozen=True)
class BackupList:
    """The backups of a repository, oldest first, and the span of WAL that is archived."""

    backups: list[Backup]
    first_wal: str | None
    last_wal: str | None


def take_backup(*, kind: str = "auto") -> tuple[Backup, float]:
    """Take a backup and drop what retention no longer keeps; the backup and how many seconds it took.

    `kind` is full, diff, incr, or auto: full when the last full one is a week old, else incr. Archiving begins with the
    first backup. Raises ReportedError when pgBackRest refuses, with its words.
    """
    began = time.monotonic()
    config = _configuration()
    if not _marker(config).exists():
        _begin_archiving(config)
    _pgbackrest(config, "stanza-create")
    _pgbackrest(config, f"--type={_kind_due(config) if kind == 'auto' else kind}", "backup")
    return list_backups().backups[-1], time.monotonic() - began


def list_backups() -> BackupList:
    """What the repository holds. Raises ReportedError when it cannot be read."""
    (stanza,) = json.loads(_pgbackrest(_configuration(), "--output=json", "info")) or [{}]
    archives = stanza.get("archive", [])
    return BackupList(
        backups=[_backup(row) for row in stanza.get("backup", [])],
        first_wal=archives[-1]["min"] if archives else None,
        last_wal=archives[-1]["max"] if archives else None,
    )


def verify_backups() -> float:
    """Read every file of the repository and compare it with its checksum; how many seconds that took.

    Raises ReportedError with pgBackRest's list of what is missing or damaged.
    """
    began = time.monotonic()
    if not list_backups().backups:
        raise ReportedError(
            "There is no backup to verify yet: `manage.py backup` takes one.", code="no_backup"
        )
    said = _pgbackrest(_configuration(), "--output=text", "--verbose", "verify")
    if "status: error" in said:
        raise ReportedError(f"The repository is damaged: {said.strip()[-2000:]}", code="backup_damaged")
    return time.monotonic() - began


def _backup(row: dict[str, Any]) -> Backup:
    began, ended = (datetime.fromtimestamp(row["timestamp"][name], UTC) for name in ("start", "stop"))
    size = row["info"]
    return Backup(
        label=row["label"],
        kind=row["type"],
        began_at=began,
        ended_at=ended,
        database_bytes=size["size"],
        stored_bytes=size["repository"]["delta"],
        has_errors=bool(row.get("error")),
    )


def _kind_due(config: Path) -> str:
    full = [backup for backup in list_backups().backups if backup.kind == "full" and not backup.has_errors]
    is_due = not full or full[-1].began_at < datetime.now(UTC) - FULL_EVERY
    return "full" if is_due else "incr"


def _configuration() -> Path:
    path = Path(settings.BACKUP_CONFIG) if settings.BACKUP_CONFIG else None
    if path is None or not path.is_file():
        raise ReportedError(
            _NOT_FOUND.format(where=f" at {path}" if path else ""), code="no_backup_configuration"
        )
    return path


def _marker(config: Path) -> Path:
    return config.with_name(MARKER)


def _begin_archiving(config: Path) -> None:
    """Let PostgreSQL hand its WAL to pgBackRest; beside a configuration of the operator's own he sees to that."""
    if os.access(config.parent, os.W_OK):
        _marker(config).touch(mode=0o644)


def _pgbackrest(config: Path, *words: str) -> str:
    """Run pgBackRest as the owner of the cluster; what it says. Raises ReportedError with its refusal."""
    command = [PROGRAM, f"--config={config}", f"--stanza={STANZA}", "--log-level-console=error", *words]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and words of our own
            command, capture_output=True, text=True, check=False, cwd="/", **_as_owner(config)
        )
    except FileNotFoundError:
        raise ReportedError(
            "pgBackRest is not installed: apt-get install pgbackrest.", code="no_pgbackrest"
        ) from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise ReportedError(f"pgBackRest refused: {said}", code="backup_failed")
    return done.stdout


def _as_owner(config: Path) -> dict[str, Any]:
    """Arguments that let a program run as the owner of the cluster. Raises ReportedError when we may not."""
    parsed = ConfigParser(interpolation=None)
    try:
        parsed.read_string(config.read_text(encoding="utf-8"))
        data = Path(parsed[STANZA]["pg1-path"])
        owner = data.stat().st_uid
    except (ConfigurationError, KeyError, OSError) as error:
        raise ReportedError(
            f"{config} cannot be used: {error}. It needs a section [{STANZA}] with pg1-path.",
            code="bad_configuration",
        ) from error
    if os.geteuid() == owner:
        return {}
    account = pwd.getpwuid(owner)
    if os.geteuid() != 0:
        raise ReportedError(
            f"{data} belongs to {account.pw_name}: run this as that user or as root.", code="not_owner"
        )
    return {"user": owner, "group": account.pw_gid, "extra_groups": []}
