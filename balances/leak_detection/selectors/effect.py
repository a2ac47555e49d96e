"""What the search for leaks brought: losses month by month, events found, water and money saved (R85)."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection

from assets.models import Network
from assets.networks.selectors.zone_nesting import zone_depths
from balances.leak_detection.selectors.back_checks import (
    MOST_DAYS_SAVED,
    NIGHTS,
    back_check,
    repair_day,
)
from balances.models import LeakEvent, ProductionCost
from balances.selectors.leak_events import leak_events_visible_to
from gis_core.access import Capability, Viewer
from gis_core.database.sql_files import load_sql
from gis_core.selectors.organisation import seen_paths

MONTHS_SHOWN = 24
# Before and after are means of so many months.
MONTHS_COMPARED = 3
# Each repair is checked by the nights about it, whose values are read anew.
MOST_CHECKED = 40
_HOURS = 24


@dataclass(frozen=True)
class EffectMonth:
    """A month: losses of the zones whose data suffice, m3; events; what repairs saved in it, m3 and so'm.

    Unknown is None: `saved_cost` is so without a production cost, `cost` where nobody said what the events cost.
    """

    month: date
    zones: int
    supply_m3: Decimal | None
    imbalance_m3: Decimal | None
    detected: int
    found: int
    false_alarms: int
    cost: Decimal | None
    saved_m3: float = 0.0
    saved_cost: float | None = None

    @property
    def share(self) -> float | None:
        """What was lost of the supply."""
        if self.imbalance_m3 is None or not self.supply_m3 or self.supply_m3 < 0:
            return None
        return float(self.imbalance_m3 / self.supply_m3)


@dataclass(frozen=True)
class ComparedLoss:
    """What was lost of the supply of some months, and of how many zones at least and at most."""

    share: float
    fewest_zones: int
    most_zones: int


@dataclass(frozen=True)
class LossEffect:
    """The months, oldest first; the loss in the first and in the last of them that are known.

    `confirmed` repairs took the loss away, `checked` were looked at; `unchecked` older ones were not. Of `unpriced`
    confirmed ones nobody knows what their water costs.
    """

    months: list[EffectMonth]
    before: ComparedLoss | None
    after: ComparedLoss | None
    checked: int
    confirmed: int
    unchecked: int
    unpriced: int

    @property
    def saved_m3(self) -> float:
        return sum(month.saved_m3 for month in self.months)

    @property
    def saved_cost(self) -> float | None:
        known = [month.saved_cost for month in self.months if month.saved_cost is not None]
        return sum(known) if known else None


@dataclass(frozen=True)
class _Saving:
    """What a confirmed repair saves from a day to the day before another one, m3 a day; a m3's cost, so'm, if known."""

    since: date
    until: date
    m3_day: float
    cost_per_m3: Decimal | None

    def within(self, month: date) -> float:
        """m3 saved in a calendar month."""
        ends = (month + timedelta(days=31)).replace(day=1)
        return max(0, (min(self.until, ends) - max(self.since, month)).days) * self.m3_day


def loss_effect(viewer: Viewer, network: Network | None, today: date) -> LossEffect:
    """The effect up to a local day in all that the viewer may see, or in one network, which must come from a scoped
    selector.
    """
    rows = _months(viewer, network, today)
    events = leak_events_visible_to(viewer).filter(
        outcome=LeakEvent.Outcome.FOUND, leak__repaired_at__isnull=False
    )
    if network is not None:
        events = events.filter(network=network)
    # What was repaired earlier saved nothing in these months.
    earliest = today - timedelta(days=MOST_DAYS_SAVED + 31 * MONTHS_SHOWN)
    repaired = _repairs_once(list(events.filter(leak__repaired_at__date__gte=earliest)))
    checks = [(event, back_check(event)) for event in repaired[:MOST_CHECKED]]
    costs = list(ProductionCost.objects.select_related("division"))
    savings = [
        _saving(event, check.drop_m3h, costs, today)
        for event, check in checks
        if check.confirmed and check.drop_m3h is not None
    ]
    months = [_with_savings(month, savings) for month in rows]
    known = [month for month in months if month.share is not None]
    return LossEffect(
        months=months,
        before=_compared(known[:MONTHS_COMPARED]),
        # With fewer months the same ones would be before and after.
        after=_compared(known[-MONTHS_COMPARED:]) if len(known) >= 2 * MONTHS_COMPARED else None,
        checked=sum(check.confirmed is not None for _event, check in checks),
        confirmed=len(savings),
        unchecked=max(0, len(repaired) - MOST_CHECKED),
        unpriced=sum(saving.cost_per_m3 is None for saving in savings),
    )


def _months(viewer: Viewer, network: Network | None, today: date) -> list[EffectMonth]:
    last = today.replace(day=1)
    first = date(last.year - MONTHS_SHOWN // 12, last.month, 1)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.leak_detection", "effect_months"),
            {
                "paths": seen_paths(viewer, Capability.VIEW_BALANCES),
                "network_id": None if network is None else network.pk,
                "first_month": first,
                "last_month": last,
                "time_zone": settings.TIME_ZONE,
            },
        )
        months = [EffectMonth(*row) for row in cursor.fetchall()]
    # From the first month of which anything is known.
    begins = next(
        (place for place, month in enumerate(months) if month.zones or month.detected or month.found),
        len(months),
    )
    return months[begins:]


def _saving(event: LeakEvent, drop_m3h: float, costs: list[ProductionCost], today: date) -> _Saving:
    repaired = repair_day(event)
    if repaired is None:
        raise ValueError("an event without a repair saves nothing")
    until = min(today, repaired + timedelta(days=MOST_DAYS_SAVED))
    above = [
        cost
        for cost in costs
        if event.division.path.startswith(cost.division.path) and cost.valid_from <= repaired
    ]
    nearest = max(above, key=lambda cost: (len(cost.division.path), cost.valid_from), default=None)
    return _Saving(repaired, until, drop_m3h * _HOURS, None if nearest is None else nearest.cost_per_m3)


def _with_savings(month: EffectMonth, savings: list[_Saving]) -> EffectMonth:
    within = [(saving.within(month.month), saving.cost_per_m3) for saving in savings]
    priced = [volume * float(cost) for volume, cost in within if cost is not None and volume > 0]
    return replace(
        month, saved_m3=sum(volume for volume, _cost in within), saved_cost=sum(priced) if priced else None
    )


def _repairs_once(events: list[LeakEvent]) -> list[LeakEvent]:
    """Each repair once, the newest first: of events with one leak record that of the innermost zone; of repairs in one
    zone whose nights overlap the first one, since its fall of the night flow is that of both.
    """
    depths = zone_depths(event.network_id for event in events)
    by_record = {
        event.leak_id: event for event in sorted(events, key=lambda event: (depths[event.zone_id], -event.pk))
    }
    kept: list[LeakEvent] = []
    last: dict[int, date] = {}
    for event in sorted(by_record.values(), key=lambda event: (repair_day(event) or date.max, event.pk)):
        day = repair_day(event)
        if day is None or (event.zone_id in last and (day - last[event.zone_id]).days <= NIGHTS):
            continue
        last[event.zone_id] = day
        kept.append(event)
    return kept[::-1]


def _compared(months: list[EffectMonth]) -> ComparedLoss | None:
    """What was lost of all that was supplied in some months."""
    supply = sum((month.supply_m3 or Decimal(0) for month in months), Decimal(0))
    lost = sum((month.imbalance_m3 or Decimal(0) for month in months), Decimal(0))
    if supply <= 0:
        return None
    zones = [month.zones for month in months]
    return ComparedLoss(float(lost / supply), min(zones), max(zones))
