"""A database of a former release, the default connection on it, and what can be compared of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import psycopg
from django.core.management import CommandError, call_command
from django.db import connection, connections

from gis_core.database.catalogue import TableFact, table_facts
from gis_core.database.former_release import plain
from tests.databases import as_owner, drop_database, make_database, switch_to
from tests.upgrades.dumps import restore


@contextmanager
def database_of(release: str | None, *, template: str = "template_tarmoq") -> Iterator[None]:
    """The default connection at a database of its own: as `release` left it, or a plain clone of `template`."""
    original = connection.settings_dict["NAME"]
    name = f"{original}_upgrade"
    connections.close_all()
    make_database(name, template)
    switch_to(name)
    try:
        if release:
            parameters = {**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}
            parameters.pop("context", None)
            parameters.pop("prepare_threshold", None)
            with psycopg.connect(**parameters) as raw:
                restore(raw, release)
        # Before it is migrated the application has no rights in it.
        with as_owner():
            yield
    finally:
        connections.close_all()
        switch_to(original)
        drop_database(name)


def migrate() -> str:
    """Run our migrate; what it said, or the words with which it refused."""
    out = StringIO()
    try:
        call_command("migrate", interactive=False, stdout=out, stderr=StringIO())
    except CommandError as error:
        return f"refused: {error}"
    return out.getvalue()


def execute(statement: str) -> list[tuple[object, ...]]:
    """Run a statement as the owner of the tables; its rows."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def facts() -> set[TableFact]:
    """The tables, without what a restored dump writes otherwise."""
    return {
        TableFact(fact.table, fact.what, fact.name, plain(fact.definition))
        for fact in table_facts(connection)
    }


def code() -> dict[str, str]:
    """Every function, trigger and view of ours in PostgreSQL's own words."""
    return dict(
        execute(
            """
            SELECT proc.oid::regprocedure::text, pg_get_functiondef(proc.oid) FROM pg_proc proc
             WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND NOT EXISTS (
                   SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = proc.oid AND deptype = 'e')
            UNION ALL
            SELECT tgname || ' on ' || tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL
            SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'
               AND viewname NOT IN ('geography_columns', 'geometry_columns')
            """
        )  # type: ignore[arg-type]
    )


def reference_rows() -> dict[str, list[tuple[object, ...]]]:
    """What a new database starts with, without keys and moments."""
    return {
        table: execute(f"SELECT {columns} FROM {table} ORDER BY {columns}")
        for table, columns in {
            "gis_core_division": "code, name, level, path",
            "assets_commoditykind": "commodity, kind",
            "assets_materiallife": "code, name, names, life_years",
            "assets_verificationpolicy": "commodity, kind, interval_months",
            "billing_vatrate": "validity, percent",
            "billing_consumptionprofile": "subscriber_class, iso_weekday, weight",
            "sensors_feedprofile": "name, settings::text",
            "sensors_feedsource": "code, kind, is_active",
            "sensors_feedpoint": "address, template",
            "sensors_feedstate": "state",
            "sensors_qualityrule": "observed_property, kind, rule, parameters::text, is_enabled",
            "sensors_observedproperty": "code, name, definition",
            "sensors_sensor": "code, name, encoding_type",
            "auth_permission": "codename",
        }.items()
    }
