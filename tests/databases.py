"""Databases made for a test or a benchmark, and dropped after it."""

from django.db import connection


def make_database(name: str, template: str) -> None:
    """A fresh database, whatever was left under its name."""
    drop_database(name)
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def drop_database(name: str) -> None:
    """Drop a database after ending our connections to it; PostgreSQL itself ends its autovacuum workers.

    WITH (FORCE) would need the right to end those, which an ordinary role has not.
    """
    _administer(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' "
        "AND usename = current_user AND pid <> pg_backend_pid()",
        f'DROP DATABASE IF EXISTS "{name}"',
    )


def _administer(*statements: str) -> None:
    """Run statements that cannot run inside the database they concern."""
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        for statement in statements:
            cursor.execute(statement)
