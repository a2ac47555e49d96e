"""The application's role owns nothing and has exactly the rights that follow from what guards each table."""

from typing import Any

import pytest
from django.conf import settings
from django.core.checks import Warning
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from assets.models import Network
from gis_core.database.checks import check_installed_code
from gis_core.database.rights import grant_rights, rights_of
from gis_core.database.roles import application_role, as_migrating_role
from gis_core.models import Division
from tests.databases import as_owner, logged_in_as_application

pytestmark = pytest.mark.skipif(
    settings.MIGRATION_DATABASE is None, reason="DATABASE_MIGRATION_URL is not given: one role owns all"
)
ROLE = settings.APPLICATION_ROLE
READ, ADD, ALL = {"SELECT"}, {"SELECT", "INSERT"}, {"SELECT", "INSERT", "UPDATE", "DELETE"}
# A few by hand, so that a mistake in computing them is seen.
EXPECTED = {
    "assets_node": ALL,
    "gis_core_user": ALL,
    "sensors_latestobservation": ALL,
    "gis_core_auditevent": ADD,
    "billing_invoice": ADD,
    "billing_payment": ADD,
    "billing_ledgerentry": ADD,
    "sensors_observation": ADD,
    "sensors_correction": ADD,
    "sensors_seriesedit": ADD,
    "assets_lineage": ADD,
    "assets_workordermove": ADD,
    "assets_edit": {"SELECT", "INSERT", "UPDATE"},
    "billing_reading": {"SELECT", "INSERT", "UPDATE"},
    "assets_rowchange": READ,
    "sensors_packedobservation": READ,
    "sensors_packedmonth": READ,
    "sensors_rawobservation": READ,
    "django_migrations": READ,
    "gis_core_installedcode": READ,
}


def rows(statement: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


@pytest.mark.django_db
def test_every_object_has_exactly_the_intended_rights() -> None:
    rows("SELECT sensors_make_partition('2024-02-05')")
    with as_owner():
        found = rights_of(connection, ROLE)
    assert len(found) > 300
    assert [item for item in found if item.present != item.wanted] == []
    assert {item.name for item in found if item.of_everybody} == {"public"}
    by_name = {item.name: set(item.present) for item in found}
    assert {name: by_name[name] for name in EXPECTED} == EXPECTED
    # They are read by way of their whole, where the second wall stands.
    assert by_name["sensors_observation_2024_02"] == by_name["sensors_correction_2024_02"] == {"INSERT"}
    assert by_name["refuse_change()"] == by_name["keep_history()"] == set()
    assert by_name["keep_bulk_rows(bigint)"] == {"EXECUTE"}


@pytest.mark.django_db
def test_nothing_is_truncated_referred_to_or_given_triggers_by_the_application() -> None:
    tables = rows(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    for right in ("TRUNCATE", "REFERENCES", "TRIGGER"):
        assert [name for (name,) in tables if _has("table", name, right)] == []
    columns = (
        "SELECT attrelid::regclass::text FROM pg_attribute JOIN pg_class class ON class.oid = attrelid "
        "WHERE attacl IS NOT NULL AND relnamespace = 'public'::regnamespace"
    )
    assert rows(columns) == []


def _has(kind: str, name: str, right: str) -> bool:
    return bool(rows(f"SELECT has_{kind}_privilege(%s, %s, %s)", ROLE, name, right)[0][0])


@pytest.mark.django_db
def test_the_application_owns_nothing_and_makes_nothing() -> None:
    assert (
        rows("SELECT objid::regclass FROM pg_shdepend WHERE refobjid = %s::regrole AND deptype = 'o'", ROLE)
        == []
    )
    assert rows(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles WHERE rolname = %s",
        ROLE,
    ) == [(False, False, False, False, False)]
    assert rows("SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole", ROLE) == [(0,)]
    assert not _has("schema", "public", "CREATE")
    database = connection.settings_dict["NAME"]
    assert not _has("database", database, "CREATE")
    # Runs, validation and imports work in temporary tables.
    assert _has("database", database, "TEMPORARY")


def test_rights_that_somebody_gave_or_took_are_put_right(committing_database: None) -> None:
    with as_owner():
        rows_before = rights_of(connection, ROLE)
        with connection.cursor() as cursor:
            cursor.execute(
                f"GRANT UPDATE, TRUNCATE ON billing_payment TO {ROLE}; GRANT SELECT ON gis_core_user TO PUBLIC; "
                f"REVOKE INSERT ON assets_node FROM {ROLE}; GRANT EXECUTE ON FUNCTION keep_history() TO PUBLIC; "
                f"GRANT ALL ON SEQUENCE assets_revision TO {ROLE}; GRANT CREATE ON SCHEMA public TO PUBLIC"
            )
        assert grant_rights(connection) > 0
        assert rights_of(connection, ROLE) == rows_before
        assert grant_rights(connection) == 0


def test_commands_that_change_the_schema_become_the_migrating_role_by_themselves(
    committing_database: None,
) -> None:
    """With the application's own login, as a deployment has it: the session is another for the time of the command."""
    assert application_role() == ROLE
    with logged_in_as_application():
        assert rows("SELECT current_user::text, session_user::text") == [(ROLE, ROLE)]
        with (
            pytest.raises(DatabaseError, match="must be owner"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("ALTER TABLE billing_payment DISABLE TRIGGER ALL")
        call_command("install_database_code", "--force", "--json", stdout=_Nowhere())
        call_command("migrate", interactive=False, verbosity=0)
        assert rows("SELECT current_user::text") == [(ROLE,)]
        with as_migrating_role():
            assert rows(
                "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE relname = 'billing_payment'"
            ) == [(True,)]
        with (
            transaction.atomic(),
            pytest.raises(RuntimeError, match="a session of its own"),
            as_migrating_role(),
        ):
            pass


class _Nowhere:
    def write(self, text: str) -> None:
        """Nobody reads it."""

    def flush(self) -> None:
        """Nothing is kept."""


@pytest.mark.django_db
def test_a_session_steps_down_again_also_after_an_error() -> None:
    assert rows("SELECT current_user::text") == [(ROLE,)]
    with pytest.raises(DatabaseError), transaction.atomic(), as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert rows("SELECT current_user::text") == [(ROLE,)]


def test_an_application_that_owns_its_tables_is_told_what_that_costs(committing_database: None) -> None:
    assert [warning.id for warning in check_installed_code(None)] == []
    with as_owner():
        (warning,) = check_installed_code(None)
    assert isinstance(warning, Warning)
    assert warning.id == "gis_core.W002"
    assert "DATABASE_MIGRATION_URL" in str(warning.hint)


@pytest.mark.django_db
def test_when_something_was_done_is_for_the_database_to_say(district: Division) -> None:
    network = Network.objects.create(code="N", name="N", commodity="water", division=district)
    rows_written = rows(
        "WITH edit AS ("
        "INSERT INTO assets_edit (uid, network_id, division_id, operation, summary, parameters, remarks, made_at) "
        "SELECT gen_random_uuid(), id, division_id, 'x', '', '{}', '[]', %s FROM assets_network WHERE id = %s "
        "RETURNING made_at), audit AS ("
        "INSERT INTO gis_core_auditevent (at, action, object_type, object_id) VALUES (%s, 'x', 'x', 'x') RETURNING at) "
        "SELECT made_at BETWEEN now() AND clock_timestamp(), at BETWEEN now() AND clock_timestamp() FROM edit, audit",
        "2000-01-01",
        network.pk,
        "2099-01-01",
    )
    assert rows_written == [(True, True)]
