"""Databases made for a test or a benchmark, and dropped after it."""

import os
import sys

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from gis_core.database.template import BASE_TEMPLATE, connected_to, template_database


def make_database(name: str, template: str) -> None:
    """A fresh database, whatever was left under its name."""
    drop_database(name)
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def make_migrated_database(name: str) -> None:
    """A fresh database with everything that migrations make: cloned where that is possible, else migrated."""
    template = template_database(is_shared_server=bool(os.environ.get("DATABASE_URL")))
    make_database(name, template or BASE_TEMPLATE)
    if template is None:
        print(f"{name}: migrated, since this role can make no template", file=sys.stderr)
        with connected_to(name):
            call_command("migrate", verbosity=0, interactive=False)


def switch_to(name: str) -> None:
    """Let the default connection, and the processes that tests start, use another database of the same server."""
    connection.close()
    connection.settings_dict["NAME"] = name
    settings.DATABASES["default"]["NAME"] = name


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
