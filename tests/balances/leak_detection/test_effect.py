"""The effect of the leak search: what was lost before and after, what repairs saved, and who sees it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from assets.models import LeakRecord, Zone
from balances.leak_detection.selectors import effect
from balances.leak_detection.selectors.back_checks import BackCheck
from balances.leak_detection.selectors.effect import loss_effect
from balances.models import LeakEvent, ProductionCost, ZoneBalance
from balances.services.leak_events import LeakPlace, WantedMove, move_leak_event
from gis_core.models import Division, User
from tests.conftest import make_district
from tests.frontend_map.sample import build_balances, build_network
from tests.security.loss_rows import make_event

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, number, 1) for number in range(3, 10)]
TODAY = date(2025, 9, 21)
CONFIRMED = BackCheck(10.0, 4.0, 6.0, 1.0, True)


@pytest.fixture
def analyst(district: Division, make_user: Callable[..., User]) -> User:
    network = build_network(district, "OWN")
    build_balances(network.zones[:2], MONTHS, daily=False)
    return make_user("analyst", district, "analyst")


def repaired(day: datetime, *, days: int = 0) -> LeakEvent:
    """A leak that was found and repaired."""
    event = make_event(Zone.objects.earliest("pk"), days=days)
    for wanted in (
        WantedMove("open"),
        WantedMove("closed", outcome="found", place=LeakPlace("P1", 0.5), cost=Decimal("150000")),
    ):
        event = move_leak_event(event=event, wanted=wanted, acting_user=None, expected_version=event.version)
    times = dict.fromkeys(("reported_at", "located_at", "repair_started_at", "repaired_at"), day)
    LeakRecord.objects.filter(leak_events=event).update(state="repaired", **times)
    return event


def test_a_confirmed_repair_saves_until_today_and_costs_what_water_does(
    analyst: User, district: Division, monkeypatch: pytest.MonkeyPatch
) -> None:
    repaired(datetime(2025, 7, 22, tzinfo=UTC))
    monkeypatch.setattr(effect, "back_check", lambda _event: CONFIRMED)
    # What water costs is set once for the region.
    region = Division.objects.get(pk=district.parent_id or 0)
    ProductionCost.objects.create(division=region, valid_from=date(2025, 1, 1), cost_per_m3=1200)
    found = loss_effect(analyst, None, TODAY)
    saved = {month.month: month.saved_m3 for month in found.months if month.saved_m3}
    # Ten days of July, August, twenty days of September, 6 m3/h each.
    assert saved == {date(2025, 7, 1): 1440.0, date(2025, 8, 1): 4464.0, date(2025, 9, 1): 2880.0}
    assert (found.saved_m3, found.saved_cost) == (8784.0, 8784.0 * 1200)
    assert (found.checked, found.confirmed, found.unchecked, found.unpriced) == (1, 1, 0, 0)


def test_one_repair_is_counted_once(analyst: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two events with one record, and a second repair of the zone within the nights of the first."""
    first = repaired(datetime(2025, 7, 22, tzinfo=UTC))
    alike = make_event(first.zone, days=5)
    move_leak_event(
        event=alike,
        wanted=WantedMove("closed", outcome="found", leak_number=LeakRecord.objects.get().number),
        acting_user=None,
        expected_version=alike.version,
    )
    repaired(datetime(2025, 7, 25, tzinfo=UTC), days=9)
    monkeypatch.setattr(effect, "back_check", lambda _event: CONFIRMED)
    found = loss_effect(analyst, None, TODAY)
    assert (found.confirmed, found.saved_m3, found.unpriced) == (1, 8784.0, 1)


@pytest.mark.parametrize("check", [BackCheck(), BackCheck(10.0, 9.8, 0.2, 1.0, False)])
def test_what_is_not_confirmed_saves_nothing(
    analyst: User, monkeypatch: pytest.MonkeyPatch, check: BackCheck
) -> None:
    repaired(datetime(2025, 7, 22, tzinfo=UTC))
    monkeypatch.setattr(effect, "back_check", lambda _event: check)
    found = loss_effect(analyst, None, TODAY)
    assert (found.saved_m3, found.saved_cost, found.confirmed) == (0.0, None, 0)


def test_months_add_the_zones_and_begin_with_the_first_that_is_known(analyst: User) -> None:
    found = loss_effect(analyst, None, TODAY)
    assert [month.month for month in found.months] == MONTHS
    assert {month.zones for month in found.months} == {2}
    march = ZoneBalance.objects.filter(granularity="month", period_start=MONTHS[0])
    lost = sum(balance.imbalance_apportioned_m3 or Decimal(0) for balance in march)
    assert (found.months[0].supply_m3, found.months[0].imbalance_m3) == (Decimal("30900.000"), lost)
    assert found.months[0].share == pytest.approx(float(lost / 30900))
    assert found.before is not None
    assert (found.before.fewest_zones, found.before.most_zones) == (2, 2)
    assert found.after == found.before
    # Six months are three before and three after; with fewer the same months would be both.
    assert loss_effect(analyst, None, date(2025, 7, 21)).after is None


def test_others_see_none_of_it(analyst: User, make_user: Callable[..., User]) -> None:
    stranger = make_user("analyst", make_district("ZANGIOTA", "Zangiota tumani"), "stranger")
    found = loss_effect(stranger, None, TODAY)
    assert (found.months, found.before, found.saved_m3) == ([], None, 0.0)
