"""A database made by release 0.1.0 is brought to the state of a new one, or refused before anything is touched."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from gis_core.database.installing import difference
from tests.databases import application_url
from tests.upgrades.databases import code, database_of, execute, facts, migrate, reference_rows

# What release 0.1.0 used while migrating, and what is new.
NO_LONGER = {
    # Proven as sets (billing/sql/install/12_sets.sql).
    "check_invoice_of_row()",
    "check_ledger_transaction_of_row()",
    "add_finite_checks(text)",
    "check_payment_is_booked()",
    "count_features_of(text,text)",
    "note_tiles_of(text,text,text)",
    "track_history(text)",
}
NEW = {"sensors_guard_partition(regclass)"}
# Bodies that this release changed on purpose, and why.
CHANGED = {
    "check_device_keeps_connectors()",  # says "is not a device"
    "sensors_make_partition(timestamp with time zone)",  # leaves the triggers to sensors_guard_partition
    *(
        # Advisory locks by the numbers of their registry.
        "check_new_pipes_end_at_present_nodes()",
        "check_pipe_ends_at_present_nodes()",
        "check_node_is_removed_with_its_pipes()",
        "check_zone_is_not_above_itself()",
        "merge_feature_counts()",
    ),
    *(
        # Edits of many operations cost each the same.
        "keep_history()",
        "note_network_change()",
        "note_device_change()",
    ),
}
# Facts of tables that migrations after the first ones changed, by table and name.
# Suspicions are events: there is one search for leaks.
GONE_TABLES = {"balances_leaksuspicion"}
CHANGED_FACTS = {
    ("gis_core_job", "job_state_known"),
    # What came on a topic of no division belongs to none, until somebody gives the topic to one.
    ("sensors_quarantinedrow", "division_id"),
    ("sensors_quarantinedrow", "quarantined_row_of_file_or_source"),
    # Bills have lines of every kind: what some of them lack may be null, and the numbers are no cubic metres alone.
    *(
        ("billing_invoiceline", name)
        for name in (
            *("service_point_id", "previous_reading_id", "current_reading_id", "tariff_id", "vat_rate_id"),
            *("vat_percent", "quantity_m3", "price_per_m3", "invoice_line_explains_itself"),
            *("billing_invoiceline_quantity_m3_finite", "billing_invoiceline_price_per_m3_finite"),
        )
    ),
    # What is paid ahead is the subscriber's, too; payments taken back and write-offs stand for transactions.
    ("billing_ledgerentry", "ledger_book_known"),
    ("billing_ledgerentry", "ledger_receivable_names_account"),
    ("billing_ledgertransaction", "ledger_transaction_has_one_source"),
    # Tariffs and rates are told apart by more; a meter has registers; services are rows.
    ("billing_tariff", "price_per_m3"),
    ("billing_tariff", "tariffs_do_not_overlap"),
    ("billing_vatrate", "vat_rates_do_not_overlap"),
    ("billing_meterinstallation", "meter_is_in_one_place_at_a_time"),
    ("billing_meterinstallation", "service_point_has_one_meter_at_a_time"),
    ("billing_servicepoint", "service_point_service_known"),
    # Codes, names and cadastral numbers are one in their division.
    ("assets_building", "assets_building_cadastral_number_632d7729_like"),
    ("assets_building", "assets_building_cadastral_number_key"),
    ("assets_parcel", "assets_parcel_cadastral_number_b4dcf05a_like"),
    ("assets_parcel", "assets_parcel_cadastral_number_key"),
    ("sensors_feedprofile", "sensors_feedprofile_name_04cd6dd1_like"),
    ("sensors_feedprofile", "sensors_feedprofile_name_key"),
    ("sensors_feedsource", "sensors_feedsource_code_ba69f773_like"),
    ("sensors_feedsource", "sensors_feedsource_code_key"),
    ("sensors_regulator", "sensors_regulator_code_f043aed5_like"),
    ("sensors_regulator", "sensors_regulator_code_key"),
    # Years are kept beside months and days.
    ("balances_zonebalance", "zone_balance_billed_by_month"),
    ("balances_zonebalance", "zone_balance_granularity_known"),
}

# Partitions that a test makes.
MONTHS = "_2025_0"


@pytest.fixture
def fresh(migrated_test_database: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """What a new database of this release holds."""
    with django_db_blocker.unblock():
        yield {"facts": facts(), "code": code(), "rows": reference_rows()}


@pytest.fixture
def former(fresh: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The default connection at a database of release 0.1.0; its functions, triggers and views."""
    with database_of("v0_1_0"):
        yield code()


def test_a_former_database_becomes_like_a_new_one(fresh: dict[str, Any], former: dict[str, str]) -> None:
    tables_before, rows_before = facts(), reference_rows()
    said = migrate()
    assert "installed" in said
    assert code() == fresh["code"]
    assert facts() == fresh["facts"]
    # Later migrations add to it; of what was there nothing is lost.
    kept_before = {fact for fact in tables_before if fact.table not in GONE_TABLES}
    assert {fact for fact in kept_before if (fact.table, fact.name) not in CHANGED_FACTS} <= facts()
    rows = reference_rows()
    assert rows == fresh["rows"]
    rows_before["auth_permission"] = [
        row for row in rows_before["auth_permission"] if not str(row[0]).endswith("_leaksuspicion")
    ]
    assert [row for table, kept in rows_before.items() for row in kept if row not in rows[table]] == []
    assert difference(connection).is_none
    applied = {row[0] for row in execute("SELECT app || '.' || name FROM django_migrations")}
    assert {"assets.0001_tables", "assets.0011_feature_counts", "sensors.0002_reference_rows"} <= applied
    assert "nothing changed" in migrate()
    # Killed after the last migration and before anything of this release is recorded beside it: what later
    # migrations changed is not taken back.
    execute("DROP TABLE gis_core_installedcode")
    assert "Mending" not in migrate()
    assert facts() == fresh["facts"]
    assert code() == fresh["code"]


def test_no_guard_of_the_former_release_is_lost(fresh: dict[str, Any], former: dict[str, str]) -> None:
    assert set(former) - set(fresh["code"]) == NO_LONGER
    # Later releases add guards of their own.
    assert set(fresh["code"]) - set(former) >= NEW
    bodies = {name: _body(text) for name, text in former.items() if name in fresh["code"]}
    changed = {name for name, body in bodies.items() if body != _body(fresh["code"][name])}
    # Later releases change more of them; that each still refuses is for the attacks to show.
    assert changed >= CHANGED


def _body(definition: str) -> str:
    """A definition without the search path, the form of SQL bodies, and brackets and casts."""
    text = re.sub(
        r"SET search_path TO [^\n]*|AS \$\w*\$|\$\w*\$|BEGIN ATOMIC|^\s*RETURN |END\s*$",
        "",
        definition,
        flags=re.M,
    )
    text = re.sub(
        r"--[^\n]*|::(character varying|text|double precision|interval)|public\.|[()\s;\"]|\[\]", "", text
    )
    return _shape(text) if "LANGUAGEsql" in text else text


def _shape(text: str) -> str:
    """PostgreSQL writes bound bodies in its own words; what is compared is what is declared before them."""
    return re.split(r"LANGUAGEsql[A-Z0-9]*", text)[0]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM django_migrations WHERE app = 'assets' AND name >= '0005'", "assets.0005_topology"),
        ("DELETE FROM django_migrations WHERE app = 'sensors'", "not all migrations of release 0.1.0"),
        ("DROP TABLE django_migrations", "not all migrations of release 0.1.0"),
        (
            "INSERT INTO django_migrations (app, name, applied) VALUES ('billing', '0009_later', now())",
            "newer release",
        ),
        ("ALTER TABLE assets_zoneflood DROP COLUMN zone_id CASCADE", "assets_zoneflood.zone_id is missing"),
        ("ALTER TABLE assets_network ALTER COLUMN code TYPE text", "column assets_network.code is 'text"),
        ("DROP TABLE sensors_clocklag CASCADE", "table sensors_clocklag is missing"),
        ("ALTER TABLE billing_payment ADD COLUMN note text", "billing_payment.note is not of that release"),
        (
            "ALTER TABLE billing_payment ADD CONSTRAINT own CHECK (amount < 5)",
            "billing_payment.own is not of that",
        ),
    ],
)
def test_others_are_refused_before_anything_is_touched(
    former: dict[str, str], damage: str, words: str
) -> None:
    execute(damage)
    before = facts(), code(), _applied()
    said = migrate()
    assert said.startswith("refused: ")
    assert words in said
    assert (facts(), code(), _applied()) == before


def _applied() -> list[tuple[object, ...]]:
    if not execute("SELECT to_regclass('django_migrations')")[0][0]:
        return []
    return execute("SELECT app, name FROM django_migrations ORDER BY id")


def test_what_can_be_mended_is_mended_and_months_that_are_there_keep_their_triggers(
    fresh: dict[str, Any], former: dict[str, str]
) -> None:
    for statement in (
        "SELECT sensors_make_partition('2025-03-05T00:00Z')",
        "INSERT INTO sensors_packedmonth (month, observations, packed_at) VALUES ('2025-04-01', 0, now())",
        "SELECT sensors_make_partition('2025-04-05T00:00Z')",
        "ALTER TABLE assets_node DROP CONSTRAINT node_code_readable",
        "ALTER TABLE assets_node DROP CONSTRAINT node_in_division CASCADE",
        "ALTER TABLE assets_pipe DROP CONSTRAINT pipe_roughness_not_negative",
        "ALTER TABLE assets_pipe ADD CONSTRAINT pipe_roughness_not_negative CHECK (roughness >= -5)",
        "DROP INDEX pipe_shown_in_division",
        "ALTER TABLE sensors_latestobservation RESET (fillfactor)",
        "DROP FUNCTION refuse_new_identity() CASCADE",
        # An early body of that release had it; its files made it no more.
        "CREATE FUNCTION check_invoice_adds_up() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION made_by_hand() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "CREATE VIEW pipes_by_hand AS SELECT id, code FROM assets_pipe",
    ):
        execute(statement)
    months = {name for name in code() if MONTHS in name}
    assert "observation_once_in_packed_month on sensors_observation_2025_04" in months
    said = migrate()
    assert "Mending" in said
    assert "function check_invoice_adds_up()" in said
    assert {fact for fact in facts() if MONTHS not in fact.table} == fresh["facts"]
    found = code()
    assert {name for name in found if MONTHS in name} == months
    for name in months:
        found.pop(name)
    assert "by_hand" not in said
    assert found.pop("made_by_hand()")
    assert found.pop("pipes_by_hand")
    assert found == fresh["code"]


def test_rows_against_a_constraint_refuse_the_mending(former: dict[str, str]) -> None:
    execute("ALTER TABLE gis_core_division DROP CONSTRAINT division_code_form")
    execute(
        "INSERT INTO gis_core_division (code, name, level, parent_id, parent_path, parent_level) "
        "SELECT 'small letters', 'x', 2, id, 'UZ.', 1 FROM gis_core_division WHERE code = 'UZ'"
    )
    before = facts(), code(), _applied()
    said = migrate()
    assert "cannot be brought to this release's" in said
    assert (facts(), code(), _applied()) == before


def test_the_command_line_refuses_with_exit_code_1(former: dict[str, str]) -> None:
    execute("DELETE FROM django_migrations WHERE app = 'balances'")
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input"],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
    )
    assert done.returncode == 1
    assert "Install that release" in done.stderr
    assert "Traceback" not in done.stderr


def _environment() -> dict[str, str]:
    settings = connection.settings_dict
    address = f"postgis://{settings['USER']}:{quote(settings['PASSWORD'] or '')}@/{settings['NAME']}"
    return {
        **os.environ,
        "DATABASE_URL": application_url(),
        "DATABASE_MIGRATION_URL": f"{address}?host={quote(settings['HOST'], safe='')}&port={settings['PORT'] or 5432}",
    }


@pytest.mark.figure
@pytest.mark.timeout(900)
def test_killed_and_doubled_migrations_leave_a_whole_database(
    fresh: dict[str, Any], former: dict[str, str]
) -> None:
    command = [sys.executable, "manage.py", "migrate", "--no-input"]
    killed = 0
    for delay_s in (0.05, 0.2, 0.35):
        with subprocess.Popen(
            command, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            # From its first words on it works in the database.
            process.stdout.readline()
            time.sleep(delay_s)
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
        assert code() in (former, fresh["code"]), "half of the functions are installed"
    both = [subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(600) for process in both] == [0, 0]
    print(f"upgrade: {killed} of 3 killed with -9, then two at once: code and tables whole")
    assert code() == fresh["code"]
    assert facts() == fresh["facts"]
