"""A zone's page: its balance by month and day, its edge, and what is suspected."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from assets.models import ZoneConnection
from assets.selectors.network_reads import zones_visible_to
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
    """Columns for the chart; a day without enough data leaves a gap instead of a number."""
    enough = [day.status == ZoneBalance.Status.SUFFICIENT for day in days]
    return {
        "days": [day.period_start.isoformat() for day in days],
        "supply": _column(enough, [day.supply_m3 for day in days]),
        "consumption": [float(day.apportioned_m3) for day in days],
        "imbalance": _column(enough, [day.imbalance_apportioned_m3 for day in days]),
        "texts": {
            "day": _("Day"),
            "supply": _("Supply"),
            "consumption": _("Consumption (apportioned)"),
            "imbalance": _("Imbalance"),
            "unit": _("m³ a day"),
        },
    }


def _column(enough: list[bool], values: list[Any]) -> list[float | None]:
    return [
        float(value) if is_enough and value is not None else None
        for is_enough, value in zip(enough, values, strict=True)
    ]
