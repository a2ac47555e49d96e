"""A migrated database by hash, from which the application's, each test worker's and the benchmarks' are cloned.

Cloning takes a tenth of a second, migrating some seconds. The template's name is a hash of all that it was made from,
so that nobody gets a stale one; nobody can connect to it, so that nothing in it changes.
"""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections

from gis_core.database.locks import AdvisoryLock, hold_for_session
from gis_core.database.roles import server_cursor
from gis_core.local_stack.schema_files import template_name

# Has the extensions, which no role of ours can make.
BASE_TEMPLATE = "template_tarmoq"
PREFIX = "tarmoq_template_"
# Where several clones share a server, another clone's template is left as long as it is used now and then.
UNUSED_DAYS = 7


def template_database(
    *, is_shared_server: bool, say: Callable[[str], None] = lambda text: None
) -> str | None:
    """The name of the migrated template, made when it is not there; None when this role may make no databases.

    Whoever comes second waits for the first. `is_shared_server`: whether other clones' databases may be on the server;
    otherwise the templates of other hashes are dropped.
    """
    name = template_name(Path(settings.BASE_DIR))
    with server_cursor() as cursor:
        if not _may_make_databases(cursor):
            return None
        hold_for_session(cursor, AdvisoryLock.TEMPLATE)
        if not _is_whole(cursor, name):
            say("making a migrated template")
            _make(cursor, name)
        cursor.execute(f"COMMENT ON DATABASE \"{name}\" IS 'used {datetime.now(UTC).isoformat()}'")
        _drop_others(cursor, name, is_shared_server=is_shared_server)
    return name


def _may_make_databases(cursor: Any) -> bool:
    cursor.execute(
        "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user "
        "AND EXISTS (SELECT FROM pg_database WHERE datname = %s)",
        [BASE_TEMPLATE],
    )
    row = cursor.fetchone()
    return bool(row and row[0])


def _is_whole(cursor: Any, name: str) -> bool:
    """It is marked as a template when it is complete; one without the mark was interrupted."""
    cursor.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name])
    row = cursor.fetchone()
    return bool(row and row[0])


def _make(cursor: Any, name: str) -> None:
    making = f"{name}_making"
    _drop(cursor, name)
    _drop(cursor, making)
    cursor.execute(f'CREATE DATABASE "{making}" TEMPLATE "{BASE_TEMPLATE}"')
    with connected_to(making):
        call_command("migrate", verbosity=0, interactive=False)
    cursor.execute(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true')


@contextlib.contextmanager
def connected_to(name: str) -> Iterator[None]:
    """The default connection at another database of the same server for the block."""
    former = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = former


def _drop_others(cursor: Any, name: str, *, is_shared_server: bool) -> None:
    cursor.execute(
        "SELECT datname, coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database "
        "WHERE starts_with(datname, %s) AND datname <> %s AND pg_has_role(datdba, 'USAGE')",
        [PREFIX, name],
    )
    for other, comment in cursor.fetchall():
        if not is_shared_server or _is_old(comment):
            # Somebody may be cloning it at this moment; then the next one drops it.
            with contextlib.suppress(DatabaseError):
                _drop(cursor, other)


def _is_old(comment: str) -> bool:
    try:
        used = datetime.fromisoformat(comment.removeprefix("used "))
    except ValueError:
        return False
    return used < datetime.now(UTC) - timedelta(days=UNUSED_DAYS)


def _drop(cursor: Any, name: str) -> None:
    cursor.execute("SELECT datistemplate FROM pg_database WHERE datname = %s", [name])
    row = cursor.fetchone()
    if row is None:
        return
    if row[0]:
        cursor.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE false')
    cursor.execute(f'DROP DATABASE "{name}"')
