"""Every advisory lock that we take, in the order in which one transaction may take several.

Keys are pairs: the lock's number and what it is taken for. Two transactions that take their locks in the order of these
numbers cannot wait for each other in a circle; of one number, those with the smaller key first. Functions in `sql/`
that take one write its number with its name in a comment (tests/architecture holds both sides together).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from gis_core.database.limits import patience_s


class AdvisoryLock(IntEnum):
    """What is locked; the key is given in brackets."""

    TEMPLATE = 7_005  # making the migrated template; in the server's own database [0]
    SCHEMA = 7_010  # changing tables, functions and triggers [0]
    OUTBOX = 7_020  # emptying the outbox, over several transactions [0 sending, 1 asking]
    FIELD_CHANGE = 7_105  # a change from the field that may come twice [uid]
    REGISTER_IMPORT = 7_108  # bringing a register in from a file [code of the enterprise]
    NETWORK_IMPORT = 7_110  # a network that may not exist yet [its code]
    NETWORK_EDIT = 7_120  # the graph of a network [network]
    VALIDATION = 7_130  # findings of a network [network]
    SIMULATION_RUNS = 7_140  # which runs of a network are kept [network]
    LEAK_NUMBERS = 7_150  # numbers of leaks [network]
    WORK_NUMBERS = 7_155  # numbers of work orders [network]
    FIELD_RECORD = 7_160  # a record that may come twice [uid]
    REMOVALS = 7_210  # removing elements, against connecting to them [network]
    ZONE_TREE = 7_220  # parents of zones [network]
    TILE_NOTES = 7_230  # merging the notes of changed tiles [0]
    FEATURE_COUNTS = 7_240  # merging the counts of features [0]
    ROLL_UPS = 7_310  # hourly and daily roll-ups [0]
    QUALITY = 7_320  # checking what came in [0]
    ALARM_RULE = 7_330  # evaluating a rule [rule]
    ESTIMATES = 7_340  # filling gaps [datastream]
    STATEMENT_IMPORT = 7_345  # taking a statement or registry of an enterprise [enterprise]
    OBSERVATION_MONTH = 7_350  # making or packing the partition of a month [YYYY_MM]


def hold(lock: AdvisoryLock, key: int | str = 0, *, wait_s: float | None = None) -> None:
    """Wait for the lock and hold it until the transaction ends.

    With `wait_s` the wait ends after so many seconds, or those that the process has, with django.db.OperationalError;
    the transaction is then to be left.
    """
    with connection.cursor() as cursor:
        if wait_s is None:
            cursor.execute(f"SELECT pg_advisory_xact_lock({_pair(key)})", [lock, key])
            return
        cursor.execute(
            f"SET LOCAL lock_timeout = '{int(patience_s(wait_s) * 1000)}ms'; "
            f"SELECT pg_advisory_xact_lock({_pair(key)}); SET LOCAL lock_timeout TO DEFAULT",
            [lock, key],
        )


def hold_for_session(cursor: Any, lock: AdvisoryLock) -> None:
    """Wait for the lock on a connection of one's own and hold it until that ends."""
    cursor.execute("SELECT pg_advisory_lock(%s, 0)", [lock])


def try_to_hold(lock: AdvisoryLock, key: int | str = 0) -> bool:
    """Take the lock until the transaction ends if nobody holds it; whether it was taken."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock({_pair(key)})", [lock, key])
        return bool(cursor.fetchone()[0])


@contextmanager
def held_by_session(lock: AdvisoryLock, key: int = 0) -> Iterator[bool]:
    """Hold the lock over the transactions of the block if nobody holds it; gives whether it is held.

    It goes at the end of the block, or with the connection.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock, key])
        is_held = bool(cursor.fetchone()[0])
    try:
        yield is_held
    finally:
        if is_held:
            _let_go(connection, [lock, key])


def _let_go(connection: BaseDatabaseWrapper, key: list[int]) -> None:
    # A connection that was lost has let go of it.
    if connection.connection is not None and not connection.connection.closed and connection.is_usable():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _pair(key: int | str) -> str:
    """Both halves of a key are integers: texts and ids beyond them are taken by their hash."""
    return "%s, hashtext(%s)" if isinstance(key, str) else "%s, (%s %% 2147483648)::integer"


@contextmanager
def changing_schema(
    connection: BaseDatabaseWrapper, when_waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold AdvisoryLock.SCHEMA on this connection over several transactions: one changes the schema at a time.

    It may be taken again by the same connection, and goes when that ends. `when_waiting` is called once if another
    process has it.
    """
    key: list[int] = [AdvisoryLock.SCHEMA, 0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        if not cursor.fetchone()[0]:
            when_waiting()
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", key)
    try:
        yield
    finally:
        _let_go(connection, key)
