"""Zone meters and consumption billed elsewhere, for the tests of the database's guards."""

from typing import Any

from balances.models import ImportedConsumption, LeakSearch, MeterDay, ProductionCost, ZoneMeter
from sensors.models import Datastream, Thing
from tests.world import World

ZONE_TABLES: tuple[Any, ...] = (ZoneMeter, ImportedConsumption, ProductionCost, MeterDay, LeakSearch)
# They write; what they refuse is nothing.
ZONE_WRITING_FUNCTIONS = ("balances_note_touched_meters", "balances_forget_meter_days")


def add_zone_rows(world: World) -> None:
    """A meter of Z1 on P1, a volume billed elsewhere, a cost, and a computed day."""
    attachment = world.network.attachments.create(
        division=world.district, node=world.nodes["R"], pipe=world.pipes["P1"], position=0.5
    )
    thing = Thing.objects.create(division=world.district, code="ZM", name="ZM", attachment=attachment)
    stream = Datastream.objects.create(
        thing=thing, division=world.district, code="ZM:flow", observed_property="flow", unit="m3/h"
    )
    ZoneMeter.objects.create(zone=world.zones["Z1"], datastream=stream, role="inlet")
    ImportedConsumption.objects.create(
        zone=world.zones["Z1"],
        first_day="2026-01-01",
        last_day="2026-01-31",
        kind="billed_metered",
        volume_m3=1,
    )
    ProductionCost.objects.create(division=world.district, valid_from="2026-01-01", cost_per_m3=1)
    MeterDay.objects.create(
        datastream=stream, day="2026-01-01", forward_m3=1, backward_m3=0, expected=24, received=24
    )
    LeakSearch.objects.create(
        zone=world.zones["Z1"], since=1, reached=2, version=1, measured_by="a digest", state={}
    )


def _meter(zone: str = "Z1", stream: str = "ZM:flow", network: str = "N1", **values: str) -> str:
    """SQL that makes a meter; the one that there is has ended before."""
    given = {
        "role": "'inlet'",
        "error_percent": "2",
        "from_connection": "false",
        "removed_at": "NULL",
        **values,
    }
    return (
        f"UPDATE balances_zonemeter SET removed_at = now(); "
        f"INSERT INTO balances_zonemeter (zone_id, datastream_id, {', '.join(given)}) "
        f"SELECT zone.id, stream.id, {', '.join(given.values())} FROM assets_zone zone, sensors_datastream stream "
        f"WHERE zone.code = '{zone}' AND stream.code = '{stream}' "
        f"AND zone.network_id = (SELECT id FROM assets_network WHERE code = '{network}')"
    )


def _volume(**values: str) -> str:
    given = {
        "first_day": "'2026-02-01'",
        "last_day": "'2026-02-28'",
        "kind": "'billed_metered'",
        "volume_m3": "1",
        "limit95_percent": "NULL",
        "replaced_at": "NULL",
        **values,
    }
    return (
        f"INSERT INTO balances_importedconsumption (zone_id, {', '.join(given)}) "
        f"SELECT zone_id, {', '.join(given.values())} FROM balances_importedconsumption LIMIT 1"
    )


def _cost(**values: str) -> str:
    given = {"valid_from": "'2026-02-01'", "cost_per_m3": "1", **values}
    return (
        f"INSERT INTO balances_productioncost (division_id, {', '.join(given)}) "
        f"SELECT division_id, {', '.join(given.values())} FROM balances_productioncost LIMIT 1"
    )


def _balance(**values: str) -> str:
    given = {
        "granularity": "'year'",
        "period_start": "'2026-01-01'",
        "input_m3": "1",
        "output_m3": "0",
        "storage_change_m3": "0",
        "billed_m3": "1",
        "billed_from": "NULL",
        "billed_to": "NULL",
        "billed_metered_m3": "1",
        "apportioned_m3": "1",
        "unbilled_m3": "0",
        "supply_coverage": "1",
        "consumption_coverage": "1",
        "service_points": "1",
        "status": "'sufficient'",
        "reasons": "'[]'",
        "computed_at": "now()",
        **values,
    }
    return (
        f"INSERT INTO balances_zonebalance (zone_id, division_id, {', '.join(given)}) "
        f"SELECT id, division_id, {', '.join(given.values())} FROM assets_zone WHERE code = 'Z1' ORDER BY id LIMIT 1"
    )


ZONE_ATTACKS: dict[str, list[str]] = {
    "leak_search_runs_forward": ["UPDATE balances_leaksearch SET reached = since - 1"],
    "zone_meter_once": [_meter().partition("; ")[2]],
    "zone_meter_role_known": [_meter(role="'closed'")],
    "zone_meter_error_plausible": [_meter(error_percent="-1"), _meter(error_percent="101")],
    "zone_meter_times_in_order": [_meter(removed_at="'2000-01-01'")],
    "zone_meter_only_ends": [
        "UPDATE balances_zonemeter SET role = 'outlet'",
        "UPDATE balances_zonemeter SET error_percent = 1",
        "UPDATE balances_zonemeter SET made_at = '2000-01-01'",
        "UPDATE balances_zonemeter SET removed_at = now(); UPDATE balances_zonemeter SET removed_at = NULL",
    ],
    "zone_meter_of_network": [
        _meter(network="N2"),
        _meter(role="'storage'"),
        # D1 hangs on nothing.
        _meter(stream="D1"),
    ],
    "imported_consumption_once": [_volume(first_day="'2026-01-01'", last_day="'2026-01-31'")],
    "imported_consumption_kind_known": [_volume(kind="'stolen'")],
    "imported_consumption_days_in_order": [_volume(last_day="'2026-01-31'")],
    "imported_consumption_not_negative": [_volume(volume_m3="-1")],
    "imported_consumption_limit_plausible": [_volume(limit95_percent="101"), _volume(limit95_percent="-1")],
    "imported_consumption_times_in_order": [_volume(replaced_at="'2000-01-01'")],
    "imported_consumption_only_ends": [
        "UPDATE balances_importedconsumption SET volume_m3 = 2",
        "UPDATE balances_importedconsumption SET replaced_at = now(); "
        "UPDATE balances_importedconsumption SET replaced_at = NULL",
    ],
    "production_cost_once": [_cost(valid_from="'2026-01-01'")],
    "production_cost_not_negative": [_cost(cost_per_m3="-1")],
    "meter_day_counts": [
        "UPDATE balances_meterday SET received = 25",
        "UPDATE balances_meterday SET received = -1",
    ],
    "meter_day_parts_not_negative": [
        "UPDATE balances_meterday SET forward_m3 = -1",
        "UPDATE balances_meterday SET backward_m3 = -1",
    ],
    "zone_balance_year_is_first_day": [_balance(period_start="'2026-02-01'")],
    "zone_balance_billed_days_in_order": [
        _balance(billed_from="'2026-01-02'", billed_to="'2026-01-01'"),
        _balance(billed_from="'2026-01-02'"),
    ],
    "zone_balance_sufficient_without_reasons": [_balance(reasons="'[1]'")],
    "zone_balance_parts_are_numbers": [_balance(billed_metered_m3="'NaN'")],
}
ZONE_CONTROLS = {
    "a meter in the place of the ended one": _meter(),
    "a volume of another month": _volume(),
    "a cost from another day": _cost(),
    "a balance of a year": _balance(),
}
# Triggers look first.
ZONE_WORDS = {
    "zone_meter_role_known": "zone_meter_role_known|zone_meter_of_network",
}
