"""The advisory lock of whoever changes the schema: one at a time, whatever program it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db.backends.base.base import BaseDatabaseWrapper

SCHEMA_LOCK = 7_276_401


@contextmanager
def changing_schema(
    connection: BaseDatabaseWrapper, when_waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the lock on this connection; it may be taken again by the same connection, and goes when that ends.

    `when_waiting` is called once if another process has it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SCHEMA_LOCK])
        if not cursor.fetchone()[0]:
            when_waiting()
            cursor.execute("SELECT pg_advisory_lock(%s)", [SCHEMA_LOCK])
    try:
        yield
    finally:
        # A connection that was lost has let go of it.
        if connection.connection is not None and not connection.connection.closed and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SCHEMA_LOCK])
