"""What pgBackRest and the private cluster have to agree on, and how PostgreSQL hands on its WAL."""

from __future__ import annotations

import shlex
from pathlib import Path

PROGRAM = "/usr/bin/pgbackrest"
STANZA = "tarmoq"
# The marker lies beside the configuration: while it is not there, PostgreSQL archives nothing.
CONFIGURATION, MARKER = "pgbackrest.conf", "archiving"


def backup_directory(cluster_directory: Path) -> Path:
    """Where configuration, marker and (unless another is named) the repository of a cluster lie."""
    return cluster_directory / "backup"


def archive_command(directory: Path) -> str:
    """What PostgreSQL does with a segment of WAL that is full: nothing, until a first backup was asked for.

    `directory` is that of the backups. Turned off by a command that succeeds and not by archive_mode, which only a new
    start of the server would change.
    """
    marker, config = (shlex.quote(str(directory / name)) for name in (MARKER, CONFIGURATION))
    # PostgreSQL puts a relative path without blanks in the place of %p; a percent sign of ours is doubled.
    command = f"test ! -e {marker} || {PROGRAM} --config={config} --stanza={STANZA} archive-push".replace(
        "%", "%%"
    )
    return f"{command} %p"
