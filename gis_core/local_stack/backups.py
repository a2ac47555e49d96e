"""Backups of the private cluster by pgBackRest: its configuration, archiving of WAL, and restoring into a new cluster.

`manage.py backup` takes backups (gis_core/services/backups.py). Nothing is archived before the first one: the file
`archiving` beside the configuration says that there is a repository to archive to.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import environment_file
from archiving import CONFIGURATION, PROGRAM, STANZA, backup_directory
from clone import Clone
from console import StepError, say, step
from placement import POSTGRES_PORT, OperatingUser, make_private_directory
from postgres_cluster import APPLICATION_ROLE, PROGRAMS, Cluster, private_cluster

# What an operator may set; kept in .local/environment, so that each `make up` writes the same.
VARIABLES = (
    "TARMOQ_BACKUP_REPOSITORY",
    "TARMOQ_BACKUP_KEEP_FULL",
    "TARMOQ_BACKUP_S3_KEY",
    "TARMOQ_BACKUP_S3_SECRET",
    "TARMOQ_BACKUP_PASSPHRASE",
)
KEPT_FULL = "4"
RECOVERY_SECONDS = 24 * 3600

_S3_REMEDY = "write it as s3://bucket/path?endpoint=host&region=name"


def directory_of(cluster: Cluster) -> Path:
    """Where configuration, marker and (unless another is named) the repository of a cluster lie."""
    return backup_directory(cluster.placement.directory)


def write_configuration(clone: Clone, cluster: Cluster) -> dict[str, str]:
    """Write pgBackRest's configuration as its owner may read it alone; what `.local/environment` must say of it.

    Raises StepError for a repository that cannot be used.
    """
    kept = environment_file.read(clone.environment_file)
    asked = {name: os.environ.get(name) or kept.get(name, "") for name in VARIABLES}
    directory = directory_of(cluster)
    user = cluster.placement.user
    make_private_directory(directory, user)
    text = configuration(cluster, directory, asked)
    if not asked["TARMOQ_BACKUP_REPOSITORY"].startswith("s3://"):
        make_private_directory(_folder(directory, asked), user)
    path = directory / CONFIGURATION
    making = directory / f"{CONFIGURATION}.making"
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chown(making, user.uid, -1)
    making.replace(path)
    return {"TARMOQ_BACKUP_CONFIG": str(path), **{name: value for name, value in asked.items() if value}}


def _folder(directory: Path, asked: Mapping[str, str]) -> Path:
    named = asked["TARMOQ_BACKUP_REPOSITORY"]
    if named and not Path(named).is_absolute():
        raise StepError(f"TARMOQ_BACKUP_REPOSITORY is not a whole path: {named}", remedy="begin it with /")
    return Path(named) if named else directory / "repository"


def configuration(cluster: Cluster, directory: Path, asked: Mapping[str, str]) -> str:
    """pgbackrest.conf for a cluster: repository, retention, and how to reach the server."""
    repository = asked["TARMOQ_BACKUP_REPOSITORY"]
    options = {
        **(
            _s3_options(asked)
            if repository.startswith("s3://")
            else {"repo1-path": str(_folder(directory, asked))}
        ),
        "repo1-retention-full": asked["TARMOQ_BACKUP_KEEP_FULL"] or KEPT_FULL,
        "compress-type": "lz4",
        "process-max": "2",
        "start-fast": "y",
        "archive-timeout": "60",
        "log-path": str(directory),
        "lock-path": str(directory),
        "log-level-file": "off",
    }
    if asked["TARMOQ_BACKUP_PASSPHRASE"]:
        options |= {
            "repo1-cipher-type": "aes-256-cbc",
            "repo1-cipher-pass": asked["TARMOQ_BACKUP_PASSPHRASE"],
        }
    server = {
        "pg1-path": str(cluster.data),
        "pg1-socket-path": str(cluster.socket_directory),
        "pg1-port": str(POSTGRES_PORT),
        "pg1-user": "postgres",
    }
    lines = [
        "# Written by the set-up (make up).",
        "[global]",
        *_lines(options),
        "",
        f"[{STANZA}]",
        *_lines(server),
    ]
    return "\n".join(lines) + "\n"


def _s3_options(asked: Mapping[str, str]) -> dict[str, str]:
    address = urlsplit(asked["TARMOQ_BACKUP_REPOSITORY"])
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    if not address.netloc or not query.get("endpoint") or not query.get("region"):
        raise StepError("TARMOQ_BACKUP_REPOSITORY names no bucket, endpoint or region", remedy=_S3_REMEDY)
    if not asked["TARMOQ_BACKUP_S3_KEY"] or not asked["TARMOQ_BACKUP_S3_SECRET"]:
        raise StepError(
            "a repository in S3 needs TARMOQ_BACKUP_S3_KEY and TARMOQ_BACKUP_S3_SECRET",
            remedy="set them, then make up",
        )
    return {
        "repo1-type": "s3",
        "repo1-s3-bucket": address.netloc,
        "repo1-path": address.path or "/",
        "repo1-s3-endpoint": query["endpoint"],
        "repo1-s3-region": query["region"],
        "repo1-s3-uri-style": "path",
        "repo1-s3-key": asked["TARMOQ_BACKUP_S3_KEY"],
        "repo1-s3-key-secret": asked["TARMOQ_BACKUP_S3_SECRET"],
    }


def _lines(options: Mapping[str, str]) -> list[str]:
    for name, value in options.items():
        if "\n" in value or value != value.strip():
            raise StepError(
                f"the value of {name} has blanks around it or a line break", remedy="write it without"
            )
    return [f"{name}={value}" for name, value in options.items()]


# --- restoring ---------------------------------------------------------------------------------------------


def restore(clone: Clone, arguments: list[str]) -> int:
    """Restore into a new cluster, as of an instant when one is given; the new server is left running.

    The cluster that is in use is not touched. The new one archives nothing: its WAL is not for that repository.
    """
    parser = argparse.ArgumentParser(prog="make restore", description=restore.__doc__)
    parser.add_argument("--into", required=True, help="a folder that does not exist yet, for the new cluster")
    parser.add_argument(
        "--at", help="an instant with its offset (2026-11-29T12:00:00+05:00); without one the newest state"
    )
    options = parser.parse_args(arguments)
    at = _instant(options.at)
    source = private_cluster(clone)
    config = directory_of(source) / CONFIGURATION
    if not config.exists():
        raise StepError("this clone has no backups", remedy="make up, then .venv/bin/python manage.py backup")
    target = _new_cluster(clone, source, Path(options.into))
    began = time.monotonic()
    with step(f"restoring into {target.placement.directory}"):
        _run_restore(source.placement.user, config, target, at)
    with step("PostgreSQL: replaying the archive"):
        _await_recovery(target)
    seconds = time.monotonic() - began
    say(f"restored in {seconds:.1f} s" + (f" as of {at.isoformat()}" if at else ""))
    address = environment_file.database_url(target.socket_directory, POSTGRES_PORT, user=APPLICATION_ROLE)
    say(f"  address  {address}")
    say(f"  stop     {PROGRAMS / 'pg_ctl'} stop -D {target.data}   (as the user who owns it)")
    say("  docs/backups.md says how it takes the place of the cluster in use")
    return 0


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise StepError(f"--at is not an instant: {text}", remedy="like 2026-11-29T12:00:00+05:00") from error
    if at.tzinfo is None:
        raise StepError(f"--at has no offset from UTC: {text}", remedy="like 2026-11-29T12:00:00+05:00")
    return at


def _new_cluster(clone: Clone, source: Cluster, directory: Path) -> Cluster:
    directory = directory.absolute()
    if directory.exists():
        raise StepError(
            f"{directory} is there already", remedy="name a folder that does not exist; nothing was changed"
        )
    placement = source.placement.beside(directory)
    make_private_directory(directory, placement.user)
    make_private_directory(placement.data, placement.user)
    return Cluster(
        placement, clone.log / "postgres-restored.log", start_seconds=RECOVERY_SECONDS, archives=False
    )


def _run_restore(user: OperatingUser, config: Path, target: Cluster, at: datetime | None) -> None:
    wanted = ["--type=time", f"--target={at:%Y-%m-%d %H:%M:%S.%f%z}", "--target-action=promote"] if at else []
    command = [
        *(PROGRAM, f"--config={config}", f"--stanza={STANZA}", f"--pg1-path={target.data}"),
        *("--archive-mode=off", "--log-level-console=warn", *wanted, "restore"),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", **user.process_arguments
    )
    if done.returncode != 0:
        message = (done.stderr or done.stdout).strip()
        raise StepError(
            f"pgBackRest refused: {message[-2000:]}",
            remedy="manage.py backup --list says which instants there are; the new folder may be removed",
        )


def _await_recovery(target: Cluster) -> None:
    """Start the server and wait until it has replayed what was asked for and takes writes."""
    target.start()
    deadline = time.monotonic() + RECOVERY_SECONDS
    while target.query("SELECT pg_is_in_recovery()") != (0, "f"):
        if target.postmaster() is None or time.monotonic() > deadline:
            raise StepError(
                "the restored cluster did not come up",
                log=target.log,
                remedy="see the end of the log; an instant before the first backup or in the future cannot be reached",
            )
        time.sleep(0.2)
