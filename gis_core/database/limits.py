"""How long a statement, a wait for a lock and an idle transaction may last, by what the process is for.

Commands that a person runs have no limits: he is there to end them.
"""

from dataclasses import dataclass

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError
from psycopg import InterfaceError as PsycopgInterfaceError
from psycopg import OperationalError as PsycopgOperationalError
from psycopg.errors import (
    AdminShutdown,
    CannotConnectNow,
    CrashShutdown,
    DeadlockDetected,
    DiskFull,
    LockNotAvailable,
    QueryCanceled,
)


@dataclass(frozen=True)
class ConnectionLimits:
    """In seconds."""

    statement_s: int
    lock_s: int
    idle_in_transaction_s: int


# A person waits for the answer, and a thread of few is taken as long.
WEB = ConnectionLimits(statement_s=15, lock_s=3, idle_in_transaction_s=60)
# A job reads whole files and computes whole networks between two statements of a transaction.
JOBS = ConnectionLimits(statement_s=2 * 3600, lock_s=300, idle_in_transaction_s=2 * 3600)


_of_process: list[ConnectionLimits] = []


def limit_connections(limits: ConnectionLimits) -> None:
    """Give every connection that this process makes from now on these limits; what the address says comes after."""
    _of_process[:] = [limits]
    options = settings.DATABASES[DEFAULT_DB_ALIAS]["OPTIONS"]
    options["options"] = (
        f"-c statement_timeout={limits.statement_s}s -c lock_timeout={limits.lock_s}s "
        f"-c idle_in_transaction_session_timeout={limits.idle_in_transaction_s}s {options.get('options', '')}"
    ).strip()


def patience_s(wanted_s: float) -> float:
    """How long this process may wait for a lock for which it would wait `wanted_s`."""
    return min([wanted_s, *(limits.lock_s for limits in _of_process)])


class OutcomeUnknown(OperationalError):
    """The connection was lost while a transaction was being committed: it was, or was not, and nobody said which."""


def is_busy(error: BaseException) -> bool:
    """Whether the database gave up waiting for what others hold: the same may work in a moment."""
    return isinstance(error, DatabaseError) and isinstance(
        error.__cause__, LockNotAvailable | DeadlockDetected
    )


def is_full_or_away(error: BaseException) -> bool:
    """Whether the database has no room for what was to be written, or went away or is not back yet.

    A file system that fills under its log ends all its sessions; it comes back by itself when there is room.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    if isinstance(cause, DiskFull | AdminShutdown | CrashShutdown | CannotConnectNow):
        return True
    # No server said why: the connection is gone.
    return isinstance(cause, PsycopgOperationalError | PsycopgInterfaceError) and cause.sqlstate is None


def is_away(error: BaseException) -> bool:
    """Whether the database went away, or is not back yet: what it was asked for last may have been done or not."""
    return is_full_or_away(error) and not isinstance(error.__cause__, DiskFull)


def took_too_long(error: BaseException) -> bool:
    """Whether the database ended a statement at its limit."""
    return isinstance(error, DatabaseError) and isinstance(error.__cause__, QueryCanceled)
