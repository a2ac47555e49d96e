"""The two roles: the application's, which owns nothing, and the migrating one, which owns tables and functions.

Where DATABASE_MIGRATION_URL is not given there is only one, which is both; everything works then, and whoever has the
application's password can switch off what guards the tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import NO_DB_ALIAS, BaseDatabaseWrapper
from psycopg.pq import TransactionStatus

# What of a connection's settings says who connects, and how; which database stays the connection's own affair.
_LOGIN = ("HOST", "PORT", "USER", "PASSWORD", "OPTIONS")


def application_role() -> str | None:
    """The role that is to have the application's rights and no others; None where one role is both."""
    return settings.APPLICATION_ROLE if settings.MIGRATION_DATABASE else None


@contextmanager
def as_migrating_role(alias: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """The connection as the migrating role's for the block, unless it is that already or there is none.

    A session that logged in as the migrating role and stepped down (`assume_role`, as tests do) steps up, also within a
    transaction. Any other is ended and made anew: within a transaction a RuntimeError.
    """
    connection = connections[alias]
    described = connection.settings_dict
    login = _migrating_login()
    if login is None or described["USER"] == login["USER"]:
        with _stepped_up(connection):
            yield
        return
    if connection.in_atomic_block:
        raise RuntimeError("another role needs a session of its own, and this one has a transaction open")
    former = {name: described[name] for name in _LOGIN}
    connection.close()
    described.update(login)
    try:
        yield
    finally:
        connection.close()
        described.update(former)


@contextmanager
def _stepped_up(connection: BaseDatabaseWrapper) -> Iterator[None]:
    options = connection.settings_dict["OPTIONS"]
    role = options.pop("assume_role", None)
    if role is None:
        yield
        return
    if connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        options["assume_role"] = role
        # A session that began meanwhile is the migrating role's, too. In a transaction that failed nothing can be set,
        # and what is rolled back takes the step with it.
        link = connection.connection
        if link is not None and not link.closed and link.info.transaction_status != TransactionStatus.INERROR:
            with connection.cursor() as cursor:
                cursor.execute(connection.ops.compose_sql("SET ROLE %s", [role]))  # type: ignore[attr-defined]


@contextmanager
def server_cursor() -> Iterator[Any]:
    """A cursor of the migrating role's beside our databases, for statements about them (CREATE DATABASE)."""
    connection = connections[DEFAULT_DB_ALIAS]
    described = {**connection.settings_dict, **(_migrating_login() or {}), "NAME": None}
    described["OPTIONS"] = {
        name: value for name, value in described["OPTIONS"].items() if name != "assume_role"
    }
    server = type(connection)(described, alias=NO_DB_ALIAS)
    try:
        with server.cursor() as cursor:
            yield cursor
    finally:
        server.close()


def _migrating_login() -> dict[str, Any] | None:
    migrating = settings.MIGRATION_DATABASE
    if migrating is None:
        return None
    return {name: migrating[name] for name in _LOGIN} | {"OPTIONS": dict(migrating["OPTIONS"])}
