"""A zone's page: its balance by month and day, its edge, and what is suspected."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from assets.models import ZoneConnection
from assets.networks.selectors.network_reads import zones_visible_to
from balances.models import ZoneBalance
from frontend_map.balance_reads import zone_history
from frontend_map.page_access import page
from gis_core.access import Capability, access


@page(Capability.VIEW_BALANCES)
def zone(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One zone; 404 when it lies outside the viewer's divisions."""
    shown = access(zones_visible_to(request.user), request.user, Capability.VIEW_BALANCES, uid=uid)
    history = zone_history(request.user, shown)
    connections = shown.connections.select_related("node").defer("node__geom").order_by("role", "node__code")
    context = {
        "zone": shown,
        "history": history,
        "latest": history.months[0] if history.months else None,
        "connections": list(connections),
        "daily": _daily_series(history.days),
        "connection_roles": dict(ZoneConnection.Role.choices),
    }
    return render(request, "frontend_map/zone.html", context)


def _daily_series(days: list[ZoneBalance]) -> dict[str, Any]:
    """Columns for the chart; a missing day, or one without enough data, leaves a gap instead of a number."""
    by_day = {day.period_start: day for day in days}
    length = (days[-1].period_start - days[0].period_start).days + 1 if days else 0
    calendar = [days[0].period_start + timedelta(days=position) for position in range(length)]
    rows = [by_day.get(day) for day in calendar]
    return {
        "days": [day.isoformat() for day in calendar],
        "supply": [_known(row, "supply_m3") for row in rows],
        "consumption": [None if row is None else float(row.apportioned_m3) for row in rows],
        "imbalance": [_known(row, "imbalance_apportioned_m3") for row in rows],
        "texts": {
            "day": _("Day"),
            "supply": _("Supply"),
            "consumption": _("Consumption (apportioned)"),
            "imbalance": _("Imbalance"),
            "unit": _("m³ a day"),
        },
    }


def _known(row: ZoneBalance | None, name: str) -> float | None:
    if row is None or row.status != ZoneBalance.Status.SUFFICIENT:
        return None
    value = getattr(row, name)
    return None if value is None else float(value)
