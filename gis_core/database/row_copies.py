"""Many rows into a table at once: ids taken beforehand, rows by COPY. Inside the caller's transaction."""

from collections.abc import Iterable
from itertools import chain, islice
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


# So many go faster one by one than a staging table is made.
_FEW = 50


def copy_rows(table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows of the named columns, separated by commas; geometries as hexadecimal EWKB.

    Into a table behind the second wall they come by way of a temporary one, since PostgreSQL copies into none that has
    policies. Raises django.db.Error (its DataError, IntegrityError and so on) for what the database refuses.
    """
    # Django hands `copy` through to the driver, whose errors are not Django's unless they are made so.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute("SELECT row_security_active(%s)", [table])
        if not cursor.fetchone()[0]:
            _copy(cursor, table, columns, rows)
            return
        remaining = iter(rows)
        few = list(islice(remaining, _FEW))
        if len(few) < _FEW:
            places = ", ".join(["%s"] * (columns.count(",") + 1))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", few)  # noqa: S608 - names of ours
            return
        cursor.execute(
            f"CREATE TEMPORARY TABLE rows_to_copy ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"  # noqa: S608
        )
        _copy(cursor, "rows_to_copy", columns, chain(few, remaining))
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM rows_to_copy")  # noqa: S608
        cursor.execute("DROP TABLE rows_to_copy")


def _copy(cursor: Any, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
