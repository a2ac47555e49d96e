"""Buildings' meters as the registers hold them: their flats' shares, by the engine that prices the flats."""

from datetime import date
from typing import Any

from django.db import connection, transaction

from billing.models import GroupMeter
from billing.pricing.selectors.buildings import (
    MeteredBuilding,
    read_shares,
    share_buildings,
    shares_answer,
)
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.database.sql_files import load_sql

# As far as what flats are charged for by themselves needs the engine: quantities, no money.
_STEPS = ("month_parts", "stretches", "pieces_table", "cut_stretches")


def stage_registers(cursor: Any) -> None:
    """Make the staged tables anew and fill them for `asked_month`, with the shares that `staged_share` holds."""
    cursor.execute(load_sql("billing.pricing", "staging"))
    cursor.execute(load_sql("billing.pricing", "stage_accounts"))


def stage_shares() -> None:
    """Fill `staged_share` with the shares of buildings that the accounts of `asked_month` have.

    All flats of such a building are staged for it, whether they are asked for or not, and whether the session sees
    them or not: the share of one is what the others leave, for whoever asks. What is staged of neighbours is dropped
    with the next staging; only the figures of the shares stay.
    """
    with working_in(EVERYTHING), connection.cursor() as unscoped:
        _stage_whole_buildings(unscoped)
    # A session takes its scope when a cursor is made: this one gives it back its own, for the caller's cursor to go on.
    connection.cursor().close()


def _stage_whole_buildings(cursor: Any) -> None:
    cursor.execute(load_sql("billing.pricing", "shares_asked"))
    cursor.execute("SELECT EXISTS (SELECT FROM staged_building)")
    if not cursor.fetchone()[0]:
        return
    cursor.execute("ALTER TABLE asked_month RENAME TO asked_by_caller")
    cursor.execute(
        "CREATE TEMPORARY TABLE asked_month ON COMMIT DROP AS "
        "SELECT DISTINCT flat.account_id, building.month FROM staged_building building "
        "JOIN billing_groupmeterflat flat ON flat.group_meter_id = building.group_meter_id "
        "AND flat.validity @> building.month"
    )
    cursor.execute("ANALYZE asked_month")
    stage_registers(cursor)
    for step in ("stage_building_meters", *_STEPS, "building_tables", "stage_building_flats"):
        cursor.execute(load_sql("billing.pricing", step))
    share_buildings(cursor)
    cursor.execute(load_sql("billing.pricing", "note_shares"))
    cursor.execute("DROP TABLE asked_month")
    cursor.execute("ALTER TABLE asked_by_caller RENAME TO asked_month")


def price_building(group_meter: GroupMeter, month: date) -> dict[str, Any]:
    """What a building's meter shows in a month (its first day), and the shares of its flats; nothing is stored.

    Returns `{"cases": [answer], "document": {"cases": [document]}}`; the document, priced as a file, has the same
    answer. Where the meter's quantity is not known (not read and without history), there is no document and the
    answer says `building_not_read`.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS asked_month")
            cursor.execute(
                "CREATE TEMPORARY TABLE asked_month ON COMMIT DROP AS SELECT account_id, %s::date AS month "
                "FROM billing_groupmeterflat WHERE group_meter_id = %s AND validity @> %s::date",
                [month, group_meter.pk, month],
            )
            stage_shares()
            found = _registered(cursor, group_meter, month)
        transaction.set_rollback(True)
    return found


def _registered(cursor: Any, group_meter: GroupMeter, month: date) -> dict[str, Any]:
    head = {"id": group_meter.name, "month": f"{month:%Y-%m}"}
    # A flat may have several buildings' meters, of several services.
    cursor.execute("SELECT building_no FROM staged_building WHERE group_meter_id = %s", [group_meter.pk])
    number = next((row[0] for row in cursor.fetchall()), None)
    quantity = None
    if number is not None:
        cursor.execute("SELECT quantity FROM metered_building WHERE building_no = %s", [number])
        quantity = next((row[0] for row in cursor.fetchall()), None)
    if number is None or quantity is None:
        answer = {**head, "shares": [], "remainder": None, "exceptions": [{"reason": "building_not_read"}]}
        return {"cases": [answer], "document": {"cases": []}}
    cursor.execute(
        "SELECT number, weight, metered FROM staged_flat WHERE building_no = %s ORDER BY flat_no", [number]
    )
    flats = cursor.fetchall()
    weight = "area_m2" if group_meter.share_by == GroupMeter.ShareBy.AREA else "residents"
    building = {
        "service": group_meter.service_id,
        "quantity": f"{quantity:f}",
        "share_by": group_meter.share_by,
        "flats": [
            {"flat": flat, weight: f"{share:f}", "metered": None if metered is None else f"{metered:f}"}
            for flat, share, metered in flats
        ],
    }
    shared = MeteredBuilding(head["id"], month, quantity, flats)
    return {
        "cases": [shares_answer(shared, read_shares(cursor)[number])],
        "document": {"cases": [{**head, "building": building}]},
    }
