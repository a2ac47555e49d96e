"""Deferred constraints, asked before the end of the transaction."""

from django.db import connection


def check_constraints_now() -> None:
    """Check what is deferred, so that a refusal is raised here; later changes are deferred again.

    Where many rows came, the planner is told of them first: the checks are queries for each row. Raises
    django.db.IntegrityError or DataError; the transaction is then to be left.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT gather_statistics_of_changes(); SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
