"""The system check that the database has the functions, triggers and views of the code."""

import threading
from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError, connections
from django.db.utils import DEFAULT_DB_ALIAS

from gis_core.database.code_files import code_hash
from gis_core.database.installing import recorded

# Commands that need no database must work without one, at once: names that do not resolve can take minutes.
PATIENCE_SECONDS = 3


@register("database_code")
def check_installed_code(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Warn when another release's functions and triggers are installed; silent when there is no database to ask."""
    found: list[str | None] = []
    asking = threading.Thread(target=_ask, args=(found,), daemon=True)
    asking.start()
    asking.join(PATIENCE_SECONDS)
    if not found or found[0] == code_hash():
        return []
    return [
        Warning(
            "The functions, triggers and views in the database are not those of the code"
            + ("." if found[0] else ": none were installed by it."),
            hint="Run `manage.py migrate` (tables too) or `manage.py install_database_code`.",
            id="gis_core.W001",
        )
    ]


def _ask(found: list[str | None]) -> None:
    """Append the recorded hash, or None when none is recorded, by way of a connection of this thread's own."""
    connection = connections.create_connection(DEFAULT_DB_ALIAS)
    options = connection.settings_dict.get("OPTIONS", {})
    connection.settings_dict = {
        **connection.settings_dict,
        "OPTIONS": {**options, "connect_timeout": PATIENCE_SECONDS},
    }
    try:
        with connection.cursor() as cursor:
            # A database without any table of ours is about to be migrated.
            cursor.execute("SELECT to_regclass('public.django_migrations') IS NOT NULL")
            is_migrated = cursor.fetchone()[0]
        if is_migrated:
            record = recorded(connection)
            found.append(record.hash if record else None)
    except (DatabaseError, RuntimeError):
        # There is none to ask, or whoever runs the checks forbids it (tests that use no database).
        return
    finally:
        connection.close()
