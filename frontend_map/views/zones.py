"""A zone's page: its balance by month and day, what sensors say of it, who is behind a number, and its leak events."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.models import Zone, ZoneConnection
from assets.networks.selectors.network_reads import zones_visible_to
from balances.models import LeakEventState, ZoneBalance
from balances.night_flow.selectors.banded_nights import BandedNights, banded_nights
from balances.periods import DaySpan
from balances.selectors.leak_events import leak_events_visible_to
from balances.selectors.zone_balances import balances_unit
from balances.selectors.zone_sensors import edge_meters, zone_pressures
from billing.selectors.consumption import consumption_changes, zone_billed_days
from frontend_map.balance_reads import ZoneHistory, ZoneLoss, zone_history
from frontend_map.loss_texts import event_state_words, zone_texts
from frontend_map.page_access import page
from frontend_map.views.losses import spark_points
from gis_core.access import Capability, Viewer, access, divisions_of
from gis_core.sentences import in_words
from sensors.series.units import written_unit

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
CONSUMERS_SHOWN = 25
# Two months of nights and pressures before the end of the month shown.
_NIGHTS_SHOWN = 62


@page(Capability.VIEW_BALANCES)
def zone(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One zone in one month (`?month=&consumers=&order=`); 404 when it lies outside the viewer's divisions."""
    zones = zones_visible_to(request.user).select_related("parent", "division")
    shown = access(zones, request.user, Capability.VIEW_BALANCES, uid=uid)
    history = zone_history(request.user, shown)
    loss = _chosen(history, request.GET.get("month", ""))
    month = loss.balance.period_start if loss else None
    until = _after(month) if month else None
    unit = balances_unit(shown.network)
    events = leak_events_visible_to(request.user).filter(zone=shown).order_by("-detected_at")
    context: dict[str, Any] = {
        "zone": shown,
        "children": list(shown.children.order_by("code").only("uid", "name", "code")),
        "history": history,
        "loss": loss,
        "month": month,
        "events": [{"event": event, "state": event_state_words()[event.state]} for event in events[:20]],
        # The newest leak that runs and is not done with is the one whose place is asked for.
        "placed": events.filter(ended_at=None).exclude(state=LeakEventState.CLOSED).first(),
        "connection_roles": dict(ZoneConnection.Role.choices),
        "daily": _daily_series(history, shown, unit),
        "unit": unit,
        "texts": {**zone_texts(), "unit": written_unit(unit)},
        "waterfall": _waterfall(loss),
    }
    if month and until:
        context |= {
            "covered": next(
                (
                    row
                    for row in zone_billed_days(network_id=shown.network_id, month=month)
                    if row.zone_id == shown.pk
                ),
                None,
            ),
            "month_length": (until - month).days,
            "meters": _meters(request.user, shown, month),
            "nights": _nights(
                banded_nights(
                    shown,
                    DaySpan(until - timedelta(days=_NIGHTS_SHOWN), until),
                    DaySpan(month, until),
                    timezone.localdate(),
                )
            ),
            "pressures": [
                {"shown": row, "spark": spark_points([mean for _day, mean in row.days])}
                for row in zone_pressures(request.user, shown, month, until)
            ],
            **_consumers(request, shown, month),
        }
    return render(request, "frontend_map/zone.html", context)


def _after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _chosen(history: ZoneHistory, wanted: str) -> ZoneLoss | None:
    """The month that is asked for, or the newest; None without any."""
    if _MONTH.fullmatch(wanted):
        for loss in history.months:
            if f"{loss.balance.period_start:%Y-%m}" == wanted:
                return loss
    return history.months[0] if history.months else None


def _waterfall(loss: ZoneLoss | None) -> list[dict[str, Any]]:
    """From the input down to what is lost: each bar with its volume, m3, as text; empty without enough data."""
    if loss is None or loss.share is None:
        return []
    balance = loss.balance
    steps = [
        ("input", balance.input_m3, "total"),
        ("output", balance.output_m3, "minus"),
        ("storageChange", balance.storage_change_m3, "minus"),
        ("supply", balance.supply_m3, "total"),
        ("consumption", balance.apportioned_m3, "minus"),
        ("unbilled", balance.unbilled_m3, "minus"),
        ("losses", balance.imbalance_apportioned_m3, "total"),
    ]
    return [{"name": name, "volume": str(volume), "kind": kind} for name, volume, kind in steps]


def _meters(viewer: Viewer, zone: Zone, month: date) -> list[dict[str, Any]]:
    return [
        {"meter": meter, "spark": spark_points([day.volume_m3 for day in meter.days])}
        for meter in edge_meters(viewer, zone, month)
    ]


def _nights(found: BandedNights) -> dict[str, Any]:
    return {
        "found": found,
        "refusal": in_words(found.refusal.message) if found.refusal else "",
        "series": {
            "days": [one.night.date.isoformat() for one in found.nights],
            "flow": [one.night.net_m3h for one in found.nights],
            "low": [one.low_m3h for one in found.nights],
            "high": [one.high_m3h for one in found.nights],
            "background": [one.night.background_m3h for one in found.nights],
        },
    }


def _consumers(request: HttpRequest, zone: Zone, month: date) -> dict[str, Any]:
    """The page of subscribers that is asked for; nothing for those who may not see subscribers here."""
    if not divisions_of(request.user, Capability.VIEW_SUBSCRIBERS).filter(pk=zone.division_id).exists():
        return {"shows_consumers": False}
    by_change = request.GET.get("order") == "change"
    asked = request.GET.get("consumers", "1")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 7 and int(asked) > 0 else 1
    rows, count = consumption_changes(
        request.user,
        zone=zone,
        month=month,
        by_change=by_change,
        limit=CONSUMERS_SHOWN,
        offset=(number - 1) * CONSUMERS_SHOWN,
    )
    first = (number - 1) * CONSUMERS_SHOWN
    return {
        "shows_consumers": True,
        "consumers": rows,
        "consumer_count": count,
        "by_change": by_change,
        "earlier_month": (month - timedelta(days=1)).replace(day=1),
        "consumers_from": first + 1,
        "consumers_to": first + len(rows),
        "earlier_page": number - 1 if number > 1 else None,
        "later_page": number + 1 if first + len(rows) < count else None,
    }


def _daily_series(history: ZoneHistory, zone: Zone, unit: str) -> dict[str, Any]:
    """Columns for the chart; a missing day, or one without enough data, leaves a gap instead of a number."""
    days = history.days
    by_day = {day.period_start: day for day in days}
    length = (days[-1].period_start - days[0].period_start).days + 1 if days else 0
    calendar = [days[0].period_start + timedelta(days=position) for position in range(length)]
    rows = [by_day.get(day) for day in calendar]
    imbalance = [_known(row, "imbalance_apportioned_m3") for row in rows]
    limits = [_known(row, "limit_95_m3") for row in rows]
    return {
        "zone": zone.code,
        "days": [day.isoformat() for day in calendar],
        "supply": [_known(row, "supply_m3") for row in rows],
        "consumption": [None if row is None else float(row.apportioned_m3) for row in rows],
        "imbalance": imbalance,
        "low": [
            None if value is None or limit is None else value - limit
            for value, limit in zip(imbalance, limits, strict=True)
        ],
        "high": [
            None if value is None or limit is None else value + limit
            for value, limit in zip(imbalance, limits, strict=True)
        ],
        "marks": [timezone.localdate(leak.started_at).isoformat() for leak in history.leaks],
        "texts": {
            "day": _("Day"),
            "supply": _("Supply"),
            "consumption": _("Consumption (apportioned)"),
            "imbalance": _("Imbalance"),
            "low": _("lower limit"),
            "high": _("upper limit"),
            "unit": _("kWh a day") if unit == "kWh" else _("m³ a day"),
            "mark": _("leak begins"),
        },
    }


def _known(row: ZoneBalance | None, name: str) -> float | None:
    if row is None or row.status != ZoneBalance.Status.SUFFICIENT:
        return None
    value = getattr(row, name)
    return None if value is None else float(value)
