"""Where the private servers' files go: every choice that depends on paths, users and permissions.

Two limits of the operating system decide. PostgreSQL refuses to run as root, so root runs it as the
`postgres` user, which must be able to traverse every parent of its data. And the path of a unix socket
has room for 107 bytes.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clone import Clone
from console import StepError

SOCKET_PATH_LIMIT_BYTES = 106
SYSTEM_DIRECTORY = Path("/var/lib/tarmoq")
POSTGRES_PORT = 5432
POSTGRES_SOCKET_NAME = f".s.PGSQL.{POSTGRES_PORT}"


@dataclass(frozen=True)
class OperatingUser:
    """The account that a server runs under. `name` is None when it is the caller's own."""

    name: str | None
    uid: int
    groups: frozenset[int]

    @property
    def process_arguments(self) -> dict[str, Any]:
        """Arguments of subprocess that let a program run under the account."""
        if self.name is None:
            return {}
        return {"user": self.uid, "group": min(self.groups), "extra_groups": []}


@dataclass(frozen=True)
class PostgresPlacement:
    """The directory of the cluster (holding `data`), that of its socket, and its user."""

    directory: Path
    socket_directory: Path
    user: OperatingUser

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def beside(self, directory: Path) -> PostgresPlacement:
        """The place of another cluster of the same user in a directory of its own."""
        name = hashlib.sha256(os.fsencode(directory)).hexdigest()[:10]
        short = Path(f"/tmp/tarmoq-{self.user.uid}-{name}")
        return PostgresPlacement(
            directory, choose_socket_directory(directory / "socket", POSTGRES_SOCKET_NAME, short), self.user
        )


def may_traverse(
    path: Path, uid: int, groups: Collection[int], read_status: Callable[[Path], os.stat_result]
) -> bool:
    """Whether a user may pass through `path` and every directory above it, by the permission bits."""
    for directory in (path, *path.parents):
        status = read_status(directory)
        if status.st_uid == uid:
            needed = stat.S_IXUSR
        elif status.st_gid in groups:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def socket_fits(directory: Path, name: str) -> bool:
    """Whether the socket `name` in `directory` stays within the operating system's limit, in bytes."""
    return len(os.fsencode(directory / name)) <= SOCKET_PATH_LIMIT_BYTES


def choose_socket_directory(preferred: Path, name: str, short: Path) -> Path:
    """`preferred` when the socket's path fits there, otherwise the `short` directory outside the clone."""
    return preferred if socket_fits(preferred, name) else short


def short_directory(clone: Clone, uid: int) -> Path:
    """A short directory outside the clone: root's own place, or one of the user's in /tmp."""
    if uid == 0:
        return SYSTEM_DIRECTORY / clone.short_hash
    return Path(f"/tmp/tarmoq-{uid}-{clone.short_hash}")


def outside_directories(clone: Clone) -> list[Path]:
    """Where this clone may have put files outside itself, as root or as the present user."""
    return [short_directory(clone, uid) for uid in {0, os.geteuid()}]


def operating_user(data: Path) -> OperatingUser:
    """Who runs PostgreSQL: the caller, or for root the owner of an existing cluster, or `postgres`."""
    uid = os.geteuid()
    if uid != 0:
        return OperatingUser(None, uid, frozenset({os.getegid(), *os.getgroups()}))
    try:
        owner = data.stat().st_uid
        account = pwd.getpwuid(owner) if owner != 0 else pwd.getpwnam("postgres")
    except FileNotFoundError:
        account = _postgres_account()
    except KeyError as error:
        raise StepError(
            f"{data} belongs to a user that does not exist", remedy="give it to postgres"
        ) from error
    return OperatingUser(account.pw_name, account.pw_uid, frozenset({account.pw_gid}))


def _postgres_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError as error:
        raise StepError(
            "the operating system has no user `postgres`",
            remedy="run `make setup`: PostgreSQL's package makes it",
        ) from error


def place_postgres(clone: Clone) -> PostgresPlacement:
    """Decide where the clone's cluster lies; makes nothing."""
    link = clone.local / "postgres"
    user = operating_user(link / "data")
    short = short_directory(clone, os.geteuid())
    inside = (
        link if user.name is None or may_traverse(clone.local, user.uid, user.groups, Path.stat) else None
    )
    if inside is None and link.is_dir() and not link.is_symlink():
        raise StepError(
            f"the user {user.name} can no longer reach {link}: a directory above it was closed",
            remedy=f"open the directories above it (chmod o+x), or move it: mv {link} {short}/postgres",
        )
    directory = inside or short / "postgres"
    preferred = (inside or short) / ("socket" if inside else "postgres-socket")
    socket_directory = choose_socket_directory(preferred, POSTGRES_SOCKET_NAME, short / "postgres-socket")
    return PostgresPlacement(directory, socket_directory, user)


def place_redis_socket(clone: Clone) -> Path:
    """Decide where the socket of the clone's Redis lies; makes nothing."""
    name = "redis.sock"
    short = short_directory(clone, os.geteuid()) / "redis"
    return choose_socket_directory(clone.local / "redis", name, short) / name


def make_private_directory(path: Path, user: OperatingUser) -> None:
    """Make a directory that only `user` (and root) may enter, or make sure that an existing one is so.

    In /tmp anybody could have made the directory first; one that is a link or another's is refused.
    """
    if not path.parent.is_dir():
        _make_parent(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {0, user.uid, os.geteuid()}:
            raise StepError(
                f"{path} is not a directory of the user with number {user.uid}",
                remedy="somebody else made it: remove it, then try again",
            ) from None
    except PermissionError as error:
        raise StepError(f"cannot make {path}: {error}", remedy="make its parent writable") from error
    status = path.stat()
    if status.st_uid != user.uid:
        os.chown(path, user.uid, pwd.getpwuid(user.uid).pw_gid)
    if stat.S_IMODE(status.st_mode) != 0o700:
        path.chmod(0o700)


def _make_parent(path: Path) -> None:
    """Make the parents: private ones in /tmp, traversable ones in the system's directory."""
    if path.parent == Path("/tmp"):
        make_private_directory(path, OperatingUser(None, os.geteuid(), frozenset()))
        return
    for directory in (*reversed(path.parents), path):
        if not directory.is_dir():
            directory.mkdir(exist_ok=True)
            directory.chmod(0o755)
