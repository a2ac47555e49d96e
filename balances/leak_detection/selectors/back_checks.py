"""Whether a repair took the loss away: night flow before and after it, and the water that it saved."""

import math
import statistics
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from balances.models import LeakEvent
from balances.night_flow.selectors.nights import NightSettings, night_flows
from balances.night_flow.selectors.zone_edge import zone_streams
from balances.periods import DaySpan
from balances.selectors.leak_events import event_with_history
from gis_core.errors import ReportedError

NIGHTS = 7
# Of seven nights as many must be known.
_LEAST_NIGHTS = 4
# A leak that was mended would have been found by others some time: longer than this nothing is counted as saved.
MOST_DAYS_SAVED = 365
_HOURS = 24


@dataclass(frozen=True)
class BackCheck:
    """Mean net night flow of the nights before and after a repair, m3/h; None until it is known."""

    before_m3h: float | None = None
    after_m3h: float | None = None
    drop_m3h: float | None = None
    limit_95_m3h: float | None = None
    confirmed: bool | None = None


def repair_day(event: LeakEvent) -> date | None:
    """The local day on which the event's leak was repaired, as its record says; None while it is not."""
    if event.leak is None or event.leak.repaired_at is None:
        return None
    return event.leak.repaired_at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def back_check(event: LeakEvent) -> BackCheck:
    """Seven nights before the day of repair against the seven after it; unknown until those are over.

    The drop is confirmed when it is larger than its 95 % limit, which follows from the spread of the nights (Welch).
    """
    repaired = repair_day(event)
    today = timezone.localtime().date()
    if repaired is None or today <= repaired + timedelta(days=NIGHTS):
        return BackCheck()
    try:
        streams = zone_streams(event.zone)
    except ReportedError:
        return BackCheck()
    span = DaySpan(repaired - timedelta(days=NIGHTS), repaired + timedelta(days=NIGHTS + 1))
    nights = night_flows(event.zone, streams, span, NightSettings()).nights
    before = [night.net_m3h for night in nights if night.date < repaired and night.net_m3h is not None]
    after = [night.net_m3h for night in nights if night.date > repaired and night.net_m3h is not None]
    if min(len(before), len(after)) < _LEAST_NIGHTS:
        return BackCheck()
    drop = statistics.fmean(before) - statistics.fmean(after)
    error = math.sqrt(statistics.variance(before) / len(before) + statistics.variance(after) / len(after))
    limit = 1.96 * error
    return BackCheck(statistics.fmean(before), statistics.fmean(after), drop, limit, drop > limit)


def saved_m3(event: LeakEvent, check: BackCheck) -> float | None:
    """What would have leaked since the repair, at most for a year: the confirmed drop times the hours since."""
    repaired = repair_day(event)
    if repaired is None or check.drop_m3h is None:
        return None
    if not check.confirmed:
        return 0.0
    days = min((timezone.localtime().date() - repaired).days, MOST_DAYS_SAVED)
    return check.drop_m3h * _HOURS * days


def event_document(event: LeakEvent) -> dict[str, Any]:
    """The event with its history, its back-check and what its repair saved."""
    check = back_check(event)
    return {
        **event_with_history(event),
        "saved_m3": saved_m3(event, check),
        "back_check": {
            "before_m3h": check.before_m3h,
            "after_m3h": check.after_m3h,
            "drop_m3h": check.drop_m3h,
            "limit_95_m3h": check.limit_95_m3h,
            "confirmed": check.confirmed,
        },
    }
