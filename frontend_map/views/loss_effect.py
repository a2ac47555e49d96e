"""What the search for leaks brought: losses month by month, events, water and money saved, as a page and a table."""

from dataclasses import astuple, fields
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from assets.models import Network
from balances.leak_detection.selectors.effect import MONTHS_COMPARED, EffectMonth, LossEffect, loss_effect
from frontend_map.page_access import page
from gis_core.access import Capability, access, visible
from gis_core.api.downloads import short_table_download

# More networks do not fit a list; the others are reached by their address.
_NETWORKS_OFFERED = 200


@page(Capability.VIEW_BALANCES)
def effect(request: HttpRequest) -> HttpResponse:
    """The effect in all that the viewer may see, or in one network (`?network=`)."""
    network = _network(request)
    found = loss_effect(request.user, network, timezone.localdate())
    networks = visible(Network.objects.filter(zones__isnull=False), request.user, Capability.VIEW_BALANCES)
    context = {
        "effect": found,
        "network": network,
        "networks": list(networks.distinct().order_by("name")[:_NETWORKS_OFFERED]),
        "months": _with_bars(found),
        "compared": MONTHS_COMPARED,
        "file_query": urlencode({"network": network.code} if network else {}),
    }
    return render(request, "frontend_map/loss_effect.html", context)


@page(Capability.VIEW_BALANCES)
def effect_file(request: HttpRequest) -> HttpResponse:
    """The same months as CSV or XLSX (`?file_format=`)."""
    file_format = request.GET.get("file_format", "xlsx")
    if file_format not in ("csv", "xlsx"):
        raise Http404
    network = _network(request)
    rows = loss_effect(request.user, network, timezone.localdate()).months
    columns = [column.name for column in fields(EffectMonth)]
    name = f"loss-effect-{network.code if network else 'all'}"
    return short_table_download(file_format, name, columns, [astuple(row) for row in rows])


def _network(request: HttpRequest) -> Network | None:
    code = request.GET.get("network", "").replace("\x00", "")
    if not code:
        return None
    return access(
        Network.objects.select_related("division"), request.user, Capability.VIEW_BALANCES, code=code
    )


def _with_bars(found: LossEffect) -> list[dict[str, Any]]:
    """Each month, the newest first, with its bars' widths in percent and the way to its losses."""
    most_share = max((month.share or 0.0 for month in found.months), default=0.0)
    most_saved = max((month.saved_m3 for month in found.months), default=0.0)
    return [
        {
            "row": month,
            "share_percent": _percent(month.share, most_share),
            "saved_percent": _percent(month.saved_m3, most_saved),
            "address": f"{reverse('losses')}?{urlencode({'level': 'network', 'month': f'{month.month:%Y-%m}'})}",
        }
        for month in reversed(found.months)
    ]


def _percent(value: float | None, most: float) -> int:
    return 0 if value is None or most <= 0 else round(max(0.0, value) / most * 100)
