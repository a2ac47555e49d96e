"""Telling the planner about rows that this transaction wrote: autovacuum cannot see them before it commits."""

from django.db import connection


def gather_statistics(*tables: str, waits: bool = True) -> None:
    """Count and sample tables of ours now, so that what follows in this transaction is planned for the rows it wrote.

    Where the planner believes that a table is empty, it reads all of it for each of many rows that refer to it. Without
    `waits` a table is left out that somebody else counts at this moment.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT gather_statistics(%s, waits => %s)", [list(tables), waits])
