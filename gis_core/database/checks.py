"""System checks of the database: it has the code's functions, triggers and views, the application owns nothing, and
indexes serve behind the second wall."""

import threading
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError, connections
from django.db.utils import DEFAULT_DB_ALIAS

from gis_core.database.code_files import code_hash
from gis_core.database.installing import recorded

# Commands that need no database must work without one, at once: names that do not resolve can take minutes.
PATIENCE_SECONDS = 3


@dataclass(frozen=True)
class _Found:
    """What the database says: the hash of its code, None when none is recorded; whether we own the tables; whether the
    operators of geometries and texts are marked so that policies let their indexes be used."""

    hash: str | None
    is_owner: bool
    is_marked: bool


@register("database_code")
def check_installed_code(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Warn of another release's functions and triggers, and of an application that owns its tables.

    Silent when there is no database to ask.
    """
    answers: list[_Found] = []
    asking = threading.Thread(target=_ask, args=(answers,), daemon=True)
    asking.start()
    asking.join(PATIENCE_SECONDS)
    if not answers:
        return []
    found = answers[0]
    warnings: list[CheckMessage] = []
    if found.hash != code_hash():
        warnings.append(
            Warning(
                "The functions, triggers and views in the database are not those of the code"
                + ("." if found.hash else ": none were installed by it."),
                hint="Run `manage.py migrate` (tables too) or `manage.py install_database_code`.",
                id="gis_core.W001",
            )
        )
    if found.is_owner:
        warnings.append(
            Warning(
                "The application connects as the owner of its tables: whoever has its password can switch off every "
                "guard of the ledger, the readings and the history, and rewrite them; and the second wall between "
                "divisions does not stand.",
                hint="Make a role that owns nothing for DATABASE_URL and give the owner's address as "
                "DATABASE_MIGRATION_URL (docs/operations.md, Two roles).",
                id="gis_core.W002",
            )
        )
    elif not found.is_marked:
        warnings.append(
            Warning(
                "Maps and search do without their indexes, since this server does not know that their operators tell "
                "nothing of the rows that a user may not see.",
                hint="A superuser runs gis_core/sql/leakproof.sql in this database (docs/operations.md, Extensions).",
                id="gis_core.W003",
            )
        )
    return warnings


def _ask(answers: list[_Found]) -> None:
    """Append what the database says, by way of a connection of this thread's own."""
    connection = connections.create_connection(DEFAULT_DB_ALIAS)
    options = connection.settings_dict.get("OPTIONS", {})
    connection.settings_dict = {
        **connection.settings_dict,
        "OPTIONS": {**options, "connect_timeout": PATIENCE_SECONDS},
    }
    try:
        with connection.cursor() as cursor:
            # A database without any table of ours is about to be migrated.
            cursor.execute(
                "SELECT pg_has_role(relowner, 'USAGE'), "
                "(SELECT proleakproof FROM pg_proc WHERE oid = 'pg_catalog.textlike(text,text)'::regprocedure) "
                "FROM pg_class WHERE oid = to_regclass('public.django_migrations')"
            )
            row = cursor.fetchone()
        if row:
            record = recorded(connection)
            answers.append(_Found(record.hash if record else None, *row))
    except (DatabaseError, RuntimeError):
        # There is none to ask, or whoever runs the checks forbids it (tests that use no database).
        return
    finally:
        connection.close()
