"""Many rows into a table at once: ids taken beforehand, rows by COPY. Inside the caller's transaction."""

from collections.abc import Iterable
from typing import Any

from django.db import connection


def take_ids(table: str, count: int) -> list[int]:
    """So many new ids of the table, in ascending order."""
    if count == 0:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count]
        )
        return [pk for (pk,) in cursor.fetchall()]


def copy_rows(table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows of the named columns, separated by commas; geometries as hexadecimal EWKB.

    Raises django.db.Error (its DataError, IntegrityError and so on) for what the database refuses.
    """
    # Django hands `copy` through to the driver, whose errors are not Django's unless they are made so.
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
