"""Raw SQL that names another person than the session works for (gis_core/sql/install/40_who_acts.sql).

Triggers of one name stand on many tables: each is attacked on every table of the list.
"""

from datetime import UTC, date, datetime

from django.contrib.admin.models import LogEntry
from django.db import connection

from assets.models import ZoneFlood
from billing.models import Meter, MeterMovement
from gis_core.models import User
from sensors.models import FeedSource, QuarantinedRow
from tests.security.finding_rows import add_findings
from tests.world import World

# Who holds no role and did nothing; and who sees everything, for whom the sessions work.
_NAMED, ACTING = "somebody-else", "the-director"
WORKS = f"SELECT act_as((SELECT id FROM gis_core_user WHERE username = '{ACTING}')); "
OTHER = f"(SELECT id FROM gis_core_user WHERE username = '{_NAMED}')"

# Columns that lead to a user and do not say who did something, and why.
OF_OTHER_USERS = {
    **dict.fromkeys(
        (
            "gis_core_roleassignment.user_id",
            "gis_core_apitoken.user_id",
            "gis_core_keptanswer.user_id",
            "gis_core_secondfactor.user_id",
            "gis_core_passkey.user_id",
            "gis_core_recoverycode.user_id",
            "gis_core_opensession.user_id",
        ),
        "says whose it is; an administrator gives roles and takes tokens of others",
    ),
    **dict.fromkeys(
        (
            "assets_workorder.assignee_id",
            "assets_workordermove.assignee_id",
            "balances_leakevent.assignee_id",
            "balances_leakeventmove.assigned_to_id",
        ),
        "says to whom it is given",
    ),
    "billing_payment.entered_by_id": "one that waited was entered by the first of two: payment_names_who_entered_it",
    "billing_cashslip.made_by_id": "a refund is written by who confirms it: cash_slip_is_made_in_a_shift",
    "billing_writeoff.proposed_by_id": "is who proposed the sheet that is confirmed: write_off_was_proposed",
    "gis_core_user_groups.user_id": "is not used",
    "gis_core_user_user_permissions.user_id": "is not used",
}


def add_director(world: World) -> None:
    """The users of these attacks, and rows of tables that have none yet."""
    User.objects.create(username=_NAMED)
    User.objects.create(username=ACTING, is_superuser=True)
    add_findings(world, range(1))
    source = FeedSource.objects.create(division=world.district, code="quarantined", name="x", kind="mqtt")
    QuarantinedRow.objects.create(
        division=world.district, source=source, raw="x", code="x", reason="x", digest="x"
    )
    meter = Meter.objects.create(division=world.district, serial="SIGNED", model_name="SGV-15")
    MeterMovement.objects.create(
        meter=meter, division=world.district, kind="received", happened_on=date(2026, 1, 2)
    )
    author = User.objects.get(username="enterer")
    LogEntry.objects.create(user=author, action_flag=1, object_repr="x")
    ZoneFlood.objects.create(zone=world.zones["Z1"], flooded_at=datetime(2026, 1, 5, tzinfo=UTC))


def columns_of_users() -> dict[str, list[str]]:
    """The columns that lead to users, by their tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, array_agg(attname::text ORDER BY attname) FROM pg_constraint "
            "JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] "
            "WHERE contype = 'f' AND confrelid = 'gis_core_user'::regclass GROUP BY 1"
        )
        return dict(cursor.fetchall())


def held_columns() -> set[str]:
    """`table.column` of what is held to the session."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass || '.' || convert_from(rtrim(tgargs, '\\x00'::bytea), 'UTF8') FROM pg_trigger "
            "WHERE tgfoid = 'refuse_another_person'::regproc"
        )
        return {name for (name,) in cursor.fetchall()}


def signature_attacks() -> dict[str, list[str]]:
    """Attacks by the names of the triggers; of tables that have rows also those that change them."""
    attacks: dict[str, list[str]] = {}
    for held in sorted(held_columns()):
        table, column = held.split(".")
        # What else the row lacks is asked after its first triggers.
        attacks.setdefault(f"a_{column}_acts", []).append(
            f"{WORKS}INSERT INTO {table} ({column}) VALUES ({OTHER})"
        )
        if _is_held(table, f"a_{column}_stays") and _has_rows(table):
            attacks.setdefault(f"a_{column}_stays", []).append(
                f"{WORKS}UPDATE {table} SET {column} = {OTHER}"
            )
    return attacks


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
        return bool(cursor.fetchone()[0])


def _is_held(table: str, trigger: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s)",
            [table, trigger],
        )
        return bool(cursor.fetchone()[0])
