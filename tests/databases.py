"""Databases made for a test or a benchmark, and dropped after it; and who a test is in them.

Tests have the application's rights, by a session of the migrating role that has stepped down. `as_owner` steps up for
what only whoever owns the tables can do: to make a fault, or to change a table. `logged_in_as_application` is the
application itself, for attacks: it can step nowhere.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from gis_core.database.roles import as_migrating_role, server_cursor
from gis_core.database.template import BASE_TEMPLATE, connected_to, template_database

as_owner = as_migrating_role


def make_database(name: str, template: str) -> None:
    """A fresh database, whatever was left under its name."""
    drop_database(name)
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def make_migrated_database(name: str) -> str:
    """A fresh database with everything that migrations make: cloned where that is possible, else migrated.

    Returns what more of the kind are best cloned from. A test database grows with what tests took back, the template
    does not.
    """
    template = template_database(is_shared_server=bool(os.environ.get("DATABASE_URL")))
    make_database(name, template or BASE_TEMPLATE)
    if template is None:
        print(f"{name}: migrated, since this role can make no template", file=sys.stderr)
        with connected_to(name):
            call_command("migrate", verbosity=0, interactive=False)
    return template or name


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
        "AND pg_has_role(usesysid, 'USAGE') AND pid <> pg_backend_pid()",
        f'DROP DATABASE IF EXISTS "{name}"',
    )


def application_url(scheme: str = "postgis") -> str:
    """The address under which the application itself uses the database of this test: for processes that tests start."""
    described = connection.settings_dict
    login = settings.APPLICATION_LOGIN
    user = quote(login["USER"], safe="") + (
        f":{quote(login['PASSWORD'], safe='')}" if login["PASSWORD"] else ""
    )
    where = urlencode(
        {"host": described["HOST"] or "localhost", "port": described["PORT"] or "5432"}, quote_via=quote
    )
    return f"{scheme}://{user}@/{quote(described['NAME'], safe='')}?{where}"


@contextmanager
def logged_in_as_application() -> Iterator[None]:
    """The default connection as the application's own login for the block, which begins a session of its own."""
    described = connection.settings_dict
    former = {name: described[name] for name in ("USER", "PASSWORD", "OPTIONS")}
    connection.close()
    described.update(settings.APPLICATION_LOGIN)
    described["OPTIONS"] = {name: value for name, value in former["OPTIONS"].items() if name != "assume_role"}
    try:
        yield
    finally:
        connection.close()
        described.update(former)


def _administer(*statements: str) -> None:
    """Run statements that cannot run inside the database they concern."""
    with server_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
