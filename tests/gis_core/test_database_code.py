"""Functions, triggers and views are installed by files: anew when these change, all or nothing, with a record."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections

from gis_core.database import installing
from gis_core.database.code_files import CodeFile, code_files, code_hash
from gis_core.database.installing import difference, install, recorded
from gis_core.database.wall import let_triggers_see_all
from gis_core.errors import ReportedError
from tests.databases import as_owner
from tests.upgrades.databases import code, execute

pytestmark = pytest.mark.usefixtures("committing_database")


def with_file(text: str) -> tuple[CodeFile, ...]:
    return (*code_files(), CodeFile("balances/sql/install/99_test.sql", text))


def command(*arguments: str) -> tuple[int, dict[str, Any]]:
    out = StringIO()
    try:
        call_command("install_database_code", "--json", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(end.code or 0), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_nothing_is_run_while_nothing_changed() -> None:
    before = execute("SELECT xmin::text, hash FROM gis_core_installedcode")
    assert not install(connection).is_changed
    assert execute("SELECT xmin::text, hash FROM gis_core_installedcode") == before
    assert recorded(connection) is not None
    assert before[0][1] == code_hash()


def test_files_can_run_over_themselves() -> None:
    before = code()
    for _ in range(2):
        for file in code_files():
            execute(file.text)
        let_triggers_see_all(connection)
    assert code() == before


def test_what_leaves_the_files_leaves_the_database() -> None:
    before = code()
    files = with_file(
        """
        CREATE OR REPLACE FUNCTION tried() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE OR REPLACE TRIGGER tried AFTER INSERT ON gis_core_job FOR EACH ROW EXECUTE FUNCTION tried();
        CREATE OR REPLACE VIEW tried_view AS SELECT id FROM gis_core_job;
        """
    )
    assert install(connection, files=files).is_changed
    assert {"tried()", "tried on gis_core_job", "tried_view"} == set(code()) - set(before)
    outcome = install(connection)
    assert outcome.removed == ["function tried()", "trigger tried ON gis_core_job", "view tried_view"]
    assert code() == before


def test_a_function_may_change_what_it_returns_and_what_it_is_given() -> None:
    made = "CREATE OR REPLACE FUNCTION tried(a integer) RETURNS {} LANGUAGE sql RETURN {}; "
    view = "CREATE OR REPLACE VIEW tried_view AS SELECT tried(1) AS value"
    install(connection, files=with_file(made.format("integer", "a") + view))
    install(connection, files=with_file(made.format("text", "a::text || 'x'") + view))
    assert execute("SELECT value FROM tried_view") == [("1x",)]
    other = made.replace("a integer", "b bigint, c text DEFAULT ''").format("text", "c")
    install(connection, files=with_file(other))
    assert [name for name in code() if name.startswith("tried")] == ["tried(bigint,text)"]


def test_a_refused_file_changes_nothing() -> None:
    before = code(), execute("SELECT hash FROM gis_core_installedcode")
    with pytest.raises(ReportedError, match=r"99_test.sql was refused.*no_such_table"):
        install(connection, files=with_file("CREATE OR REPLACE VIEW tried AS SELECT * FROM no_such_table"))
    assert (code(), execute("SELECT hash FROM gis_core_installedcode")) == before


def test_what_others_made_stays_and_what_they_need_stays() -> None:
    execute("CREATE VIEW a_report AS SELECT code, grade FROM assets_pipecondition")
    execute("CREATE FUNCTION a_helper() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
    execute(
        "CREATE TABLE a_table (at date, due date GENERATED ALWAYS AS (verification_due_on(at, at, 1)) STORED)"
    )
    before = code()
    assert install(connection, force=True).removed == []
    assert code() == before
    without = tuple(
        replace(
            file, text=re.sub(r"CREATE OR REPLACE VIEW assets_pipecondition.*", "", file.text, flags=re.S)
        )
        for file in code_files()
    )
    with pytest.raises(ReportedError, match=r"assets_pipecondition is no longer part.*a_report"):
        install(connection, files=without)
    assert code() == before


def test_a_hand_replaced_function_is_found_and_repaired() -> None:
    before = code()
    execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
    )
    execute("ALTER TABLE billing_payment DISABLE TRIGGER payment_is_booked")
    status, document = command("--check")
    assert status == 1
    assert document["error"]["code"] == "database_code_differs"
    assert document["error"]["details"] == [
        {"changed": "function refuse_change()"},
        {"changed": "trigger payment_is_booked ON billing_payment"},
    ]
    status, document = command()
    assert (status, code() == before) == (1, False)
    assert "--force installs them anew" in document["error"]["message"]
    assert command("--force")[1]["is_changed"] is True
    assert command("--check") == (0, {"hash": code_hash(), "is_current": True, "is_changed": False})
    assert code() == before


def test_a_dropped_trigger_is_made_again_without_being_asked() -> None:
    before = code()
    execute("DROP TRIGGER payment_is_booked ON billing_payment")
    assert difference(connection).missing == ["trigger payment_is_booked ON billing_payment"]
    assert command()[1]["is_changed"] is True
    assert code() == before


def test_two_at_once_install_one_after_the_other(django_db_blocker: Any) -> None:
    outcomes = []

    def work() -> None:
        with django_db_blocker.unblock():
            outcomes.append(install(connection, files=with_file("SELECT 1")).is_changed)
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, True]


def test_tables_in_use_are_waited_for_and_then_said(
    monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> None:
    monkeypatch.setattr(installing, "LOCK_TIMEOUT", "300ms")
    before = code()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN; SELECT count(*) FROM billing_payment")
        with pytest.raises(ReportedError, match="while tables are in use"):
            install(connection, force=True)
    finally:
        other.close()
    assert code() == before


def test_check_warns_of_another_release(migrated_test_database: None) -> None:
    from gis_core.database.checks import check_installed_code

    def warnings() -> dict[str | None, str]:
        # Here we are the owner, which is a warning of its own.
        return {
            warning.id: str(warning)
            for warning in check_installed_code(None)
            if warning.id != "gis_core.W002"
        }

    assert warnings() == {}
    execute("UPDATE gis_core_installedcode SET hash = 'another'")
    assert list(warnings()) == ["gis_core.W001"]
    execute("DELETE FROM gis_core_installedcode")
    assert "none were installed" in warnings()["gis_core.W001"]


def test_every_function_is_safe_whoever_it_belongs_to() -> None:
    """Names are bound to our schema: by a fixed search path that ends in pg_temp, or when the function is made."""
    rows = execute(
        """
        SELECT proc.oid::regprocedure::text, proconfig, prosqlbody IS NOT NULL,
               prosecdef AND prorettype <> 'trigger'::regtype FROM pg_proc proc
         WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
               SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = proc.oid AND deptype = 'e')
        """
    )
    path = "search_path=pg_catalog, public, pg_temp"
    unsafe = [name for name, settings, is_bound, _ in rows if not is_bound and path not in (settings or [])]  # type: ignore[operator]
    assert len(rows) > 90
    assert unsafe == []
    assert {str(name).partition("(")[0] for name, _, _, is_definer in rows if is_definer} == DEFINERS


# These change tables while the application runs; sensors_guard_partition is called by the others.
MAKERS = {"sensors_make_partition", "sensors_guard_partition", "sensors_pack_month", "sensors_drop_month"}
# Beside triggers, these do as the owner what the application may not: with partitions, the planner's statistics, logs.
DEFINERS = {
    *MAKERS - {"sensors_guard_partition"},
    "gather_statistics",
    "keep_bulk_rows",
    # It sees to the scope itself (docs/adr/0026-second-wall.md).
    "look_up_tile",
}


def test_only_makers_of_partitions_change_tables() -> None:
    changing = {
        name
        for (name, body) in execute(
            """
            SELECT proname, prosrc FROM pg_proc proc WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
                   SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = proc.oid AND deptype = 'e')
            """
        )
        if re.search(
            r"\b(CREATE (?!TEMPORARY)|(?<!COMMIT )DROP (?!TABLE (IF EXISTS )?placed)|ALTER |GRANT |REVOKE |SET ROLE"
            r"|SET SESSION)",
            str(body),
        )
    }
    assert changing == MAKERS


def test_no_constraint_or_index_needs_a_function_of_ours() -> None:
    """Tables come first and functions after them, so nothing about a table may rest on one."""
    assert (
        execute(
            """
        SELECT pg_describe_object(depend.classid, depend.objid, depend.objsubid), refobjid::regprocedure::text
          FROM pg_depend depend JOIN pg_proc proc ON proc.oid = refobjid AND refclassid = 'pg_proc'::regclass
         WHERE pronamespace = 'public'::regnamespace
           AND depend.classid NOT IN ('pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_proc'::regclass)
           AND NOT EXISTS (SELECT FROM pg_depend own
                            WHERE own.classid = 'pg_proc'::regclass AND own.objid = proc.oid AND own.deptype = 'e')
        """
        )
        == []
    )


@pytest.fixture(autouse=True)
def _unblocked(committing_database: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), as_owner():
        yield
