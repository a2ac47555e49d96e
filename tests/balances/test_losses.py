"""Losses by level: sums that agree, scoping, files, the days that bills cover, and the nights of a zone."""

import csv
import io
import json
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from balances.night_flow.selectors.banded_nights import BAND_NIGHTS, banded_nights
from balances.periods import DaySpan
from balances.selectors.loss_summary import LEVELS, loss_summary, trend_of
from balances.selectors.zone_sensors import edge_meters
from billing.models import AccountValue
from billing.selectors.consumption import consumption_changes, people_within, zone_billed_days
from gis_core.access import NotVisible
from gis_core.models import Division, RoleAssignment, User
from tests.conftest import make_district
from tests.frontend_map.conftest import Utility, make_utility

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)


@pytest.fixture
def utility(district: Division) -> Utility:
    return make_utility(district)


@pytest.fixture
def analyst(district: Division) -> User:
    user = User.objects.create_user("analyst", password="a-long-password")
    RoleAssignment.objects.create(user=user, role="analyst", division=district)
    return user


def nest(utility: Utility) -> None:
    """Put all zones but the first into the first."""
    first, *rest = utility.network.zones
    for zone in rest:
        zone.parent = first
        zone.save()


@pytest.mark.parametrize("level", LEVELS)
def test_the_total_is_the_sum_of_the_rows_that_count(utility: Utility, analyst: User, level: str) -> None:
    nest(utility)
    summary = loss_summary(analyst, level=level)
    counted = [row for row in summary.rows if not row.is_outline and row.status == "sufficient"]
    assert counted
    for name in ("supply_m3", "imbalance_apportioned_m3", "imbalance_billed_m3"):
        assert summary.total[name] == sum((getattr(row, name) for row in counted), Decimal(0))
    # The same on every level: the outline is in none of them, nor is the zone that lacks data.
    zones = loss_summary(analyst, level="zone").total
    assert summary.total["supply_m3"] == zones["supply_m3"]
    assert (zones["zones"], zones["sufficient_zones"]) == (
        len(utility.network.zones) - 1,
        len(utility.network.zones) - 2,
    )
    assert float(summary.total["limit_95_m3"]) == pytest.approx(float(zones["limit_95_m3"]), abs=0.002)


def test_rows_say_outline_insufficient_and_no_data_apart(utility: Utility, analyst: User) -> None:
    nest(utility)
    rows = {row.code: row for row in loss_summary(analyst, level="zone", parent="OWN").rows}
    assert rows["Z1"].is_outline
    last = max(rows)
    assert (rows[last].status, rows[last].share("apportioned")) == ("insufficient", None)
    empty = loss_summary(analyst, level="zone", parent="OWN", month=date(2024, 5, 1))
    assert {row.status for row in empty.rows} == {"no_data"}
    assert empty.total["supply_m3"] is None
    assert empty.months == [DECEMBER, JANUARY]


def test_months_and_trend_on_the_basis(utility: Utility, analyst: User) -> None:
    summary = loss_summary(analyst, level="zone", parent="OWN", month=DECEMBER)
    assert summary.month == DECEMBER
    (row,) = [row for row in summary.rows if row.code == "Z1"]
    assert row.share("billed") == pytest.approx(0.34, abs=1e-5)
    later = loss_summary(analyst, level="zone", parent="OWN")
    (row,) = [row for row in later.rows if row.code == "Z1"]
    assert [entry["month"] for entry in trend_of(row, "billed")] == ["2025-12-01", "2026-01-01"]
    assert trend_of(row, "billed")[0]["share"] == pytest.approx(0.34, abs=1e-5)
    assert trend_of(row, "apportioned")[0]["share"] == pytest.approx(0.3433, abs=1e-4)


def test_nobody_sees_the_losses_of_others(utility: Utility, analyst: User) -> None:
    make_utility(make_district("ZANGIOTA", "Zangiota tumani"), "ALIEN")
    assert {row.code for row in loss_summary(analyst, level="network").rows} == {"OWN"}
    whole = loss_summary(analyst, level="republic").total
    assert whole["supply_m3"] == loss_summary(analyst, level="network", parent="QIBRAY").total["supply_m3"]
    for level, parent in (("zone", "ALIEN"), ("network", "ZANGIOTA"), ("zone", "nothing")):
        with pytest.raises(NotVisible):
            loss_summary(analyst, level=level, parent=parent)


def test_files_hold_what_is_shown(utility: Utility, analyst: User) -> None:
    client = Client()
    client.force_login(analyst)
    address = "/api/v1/loss-summary/?level=zone&parent=OWN"
    shown = client.get(address).json()
    text = client.get(f"{address}&file_format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["code"] for row in rows] == [row["code"] for row in shown["rows"]]
    assert rows[0]["supply_m3"] == shown["rows"][0]["supply_m3"]
    collection = json.loads(client.get(f"{address}&file_format=geojson").content)
    assert collection["features"][0]["geometry"]["type"] == "MultiPolygon"
    book = zipfile.ZipFile(io.BytesIO(client.get(f"{address}&file_format=xlsx").content))
    assert b"<v>15000</v>" in book.read("xl/worksheets/sheet1.xml")
    for bad in ("level=street", "basis=guessed", "month=2026-13", "file_format=pdf", "unknown=1"):
        assert client.get(f"/api/v1/loss-summary/?{bad}").status_code == 400, bad


def test_a_cell_is_no_formula(utility: Utility, analyst: User) -> None:
    zone = utility.network.zones[0]
    zone.name = "=1+1"
    zone.save()
    client = Client()
    client.force_login(analyst)
    text = client.get("/api/v1/loss-summary/?level=zone&file_format=csv").content.decode("utf-8-sig")
    assert "'=1+1" in text
    book = zipfile.ZipFile(
        io.BytesIO(client.get("/api/v1/loss-summary/?level=zone&file_format=xlsx").content)
    )
    assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_the_tables_of_a_zone_are_files_for_those_who_may(
    utility: Utility, district: Division, analyst: User
) -> None:
    zone = utility.network.nodes[3].zone
    assert zone is not None
    client = Client()
    client.force_login(analyst)
    for table in ("months", "days", "meters", "nights", "pressures"):
        answer = client.get(f"/api/v1/zones/{zone.uid}/table/?table={table}")
        assert answer.status_code == 200, table
    assert client.get(f"/api/v1/zones/{zone.uid}/table/?table=consumers").status_code == 404
    manager = User.objects.create_user("manager", password="a-long-password")
    RoleAssignment.objects.create(user=manager, role="manager", division=district)
    client.force_login(manager)
    answer = client.get(f"/api/v1/zones/{zone.uid}/table/?table=consumers&month=2026-01")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["billed_m3"], row["month_before_m3"], row["change_m3"]) == ("16.650", "18.250", "-1.600")


def test_bills_and_subscribers_behind_a_zone(utility: Utility, district: Division) -> None:
    node = utility.network.nodes[3]
    assert node.zone is not None
    (covered,) = zone_billed_days(network_id=utility.network.network.pk, month=DECEMBER)
    assert (covered.zone_id, covered.first_day, covered.last_day, covered.mean_days) == (
        node.zone_id,
        date(2025, 12, 1),
        date(2025, 12, 31),
        31.0,
    )
    manager = User.objects.create_user("manager", password="a-long-password")
    RoleAssignment.objects.create(user=manager, role="manager", division=district)
    rows, count = consumption_changes(manager, zone=node.zone, month=JANUARY, by_change=True, limit=10)
    assert (count, rows[0].volume_m3, rows[0].earlier_m3) == (1, Decimal("16.650"), Decimal("18.250"))
    account = utility.account.account
    subscriber = account.subscriber
    subscriber.residents = 4
    subscriber.save()
    assert people_within(node.zone, JANUARY) == 4
    other = next(zone for zone in utility.network.zones if zone != node.zone)
    assert people_within(other, JANUARY) is None
    AccountValue.objects.create(account=account, kind="residents", valid_from=JANUARY, value=6)
    assert [people_within(node.zone, day) for day in (DECEMBER, JANUARY)] == [4, 6]
    stranger = User.objects.create_user("stranger", password="a-long-password")
    with pytest.raises(NotVisible):
        consumption_changes(stranger, zone=node.zone, month=JANUARY, by_change=True, limit=10)


def test_without_flow_a_zone_has_no_night_and_says_which_meter_is_missing(
    utility: Utility, analyst: User
) -> None:
    zone = utility.network.zones[0]
    shown = DaySpan(JANUARY, JANUARY + timedelta(days=BAND_NIGHTS))
    found = banded_nights(zone, shown, shown, date(2026, 3, 1))
    assert found.nights == []
    assert found.refusal is not None
    assert {detail["node"] for detail in found.refusal.details} == {"BU1", "TA1"}
    meters: Any = edge_meters(analyst, zone, JANUARY)
    assert [(meter.connection.node.code, meter.volume_m3) for meter in meters] == [
        ("BU1", None),
        ("TA1", None),
    ]
