"""Technical losses of a network beside what its balances lost, by zone and by main, line or transformer."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from assets.models import Network, Node, Pipe
from balances.models import ZoneBalance
from balances.periods import DaySpan, period_of
from balances.selectors.zone_balances import balances_visible_to
from balances.technical_losses.selectors.network_losses import (
    UNITS,
    LossSettings,
    NetworkLosses,
    PartLoss,
    network_losses,
)
from frontend_map.page_access import page
from gis_core.access import Capability, access, visible
from gis_core.api.downloads import short_table_download

_NETWORKS_OFFERED = 200
_MONTHS_OFFERED = 36
_PARTS_SHOWN = 20
MOST_PIPES = 20_000


@page(Capability.VIEW_BALANCES)
def technical(request: HttpRequest) -> HttpResponse:
    """A network's technical losses of a month or year (`?network=&period=`)."""
    offered = _offered(request)
    network = _network(request, offered)
    months = [] if network is None else _months(request, network)
    period, text = _period(request.GET.get("period", ""), months)
    found = _losses(network, period)
    context = {
        "network": network,
        "is_too_large": found is None and network is not None and _is_too_large(network),
        "most_pipes": MOST_PIPES,
        "networks": offered,
        "months": months,
        "years": sorted({text[:4] for text in months}, reverse=True),
        "period": text,
        "unit": found.unit if found else "",
        "zones": _zones(found) if found else [],
        "parts": _largest(found) if found else [],
        "parts_in_all": len(found.parts) if found else 0,
        "unknown": _unknown(found.parts) if found else [],
        "file_query": urlencode({"network": network.code if network else "", "period": text}),
    }
    return render(request, "frontend_map/technical_losses.html", context)


@page(Capability.VIEW_BALANCES)
def technical_file(request: HttpRequest) -> HttpResponse:
    """Every main, line and transformer with its loss, as CSV or XLSX (`?network=&period=&file_format=`)."""
    network = _network(request, _offered(request))
    file_format = request.GET.get("file_format", "xlsx")
    months = [] if network is None else _months(request, network)
    period, text = _period(request.GET.get("period", ""), months)
    if file_format not in ("csv", "xlsx"):
        raise Http404
    found = _losses(network, period)
    parts, codes = (found.parts, found.zone_codes) if found else ([], {})
    rows = [[part.kind, part.code, codes.get(part.zone_id or 0), part.loss, part.reason] for part in parts]
    unit = f"_{found.unit.lower()}" if found else ""
    name = f"technical-losses-{network.code if network else 'none'}-{text or 'none'}"
    columns = ["kind", "code", "zone", f"loss{unit}", "unknown_because"]
    return short_table_download(file_format, name, columns, rows)


def _losses(network: Network | None, period: DaySpan | None) -> NetworkLosses | None:
    """None where nothing can be computed here."""
    if network is None or period is None or network.commodity not in UNITS or _is_too_large(network):
        return None
    return network_losses(network, period, LossSettings())


def _is_too_large(network: Network) -> bool:
    """Each main looks for the loggers near it: of larger networks an operator asks by command."""
    return Pipe.objects.filter(network=network)[: MOST_PIPES + 1].count() > MOST_PIPES


def _offered(request: HttpRequest) -> list[Network]:
    networks = visible(Network.objects.all(), request.user, Capability.VIEW_BALANCES)
    zoned = networks.filter(commodity__in=UNITS, zones__isnull=False).distinct()
    return list(zoned.order_by("name")[:_NETWORKS_OFFERED])


def _network(request: HttpRequest, offered: Sequence[Network]) -> Network | None:
    code = request.GET.get("network", "").replace("\x00", "")
    if not code:
        return offered[0] if offered else None
    networks = Network.objects.select_related("division")
    return access(networks, request.user, Capability.VIEW_BALANCES, code=code)


def _months(request: HttpRequest, network: Network) -> list[str]:
    """The months that have balances, the newest first, as 2026-01."""
    balances = balances_visible_to(request.user).filter(
        zone__network=network, granularity=ZoneBalance.Granularity.MONTH
    )
    starts = balances.order_by("-period_start").values_list("period_start", flat=True).distinct()
    return [f"{start:%Y-%m}" for start in starts[:_MONTHS_OFFERED]]


def _period(text: str, months: Sequence[str]) -> tuple[DaySpan | None, str]:
    """The period that is asked for, or the newest month; of days nothing is kept, so that a day is none."""
    try:
        period = period_of(text) if len(text) in (4, 7) else None
    except ValueError:
        period = None
    if period is not None:
        return period, text
    return (period_of(months[0]), months[0]) if months else (None, "")


def _zones(found: NetworkLosses) -> list[dict[str, Any]]:
    """Each row with its zone, None for what lies in none."""
    zones = {zone.code: zone for zone in found.network.zones.only("code", "name", "uid")}
    return [{"row": row, "zone": zones.get(row.zone_code or "")} for row in found.zones]


def _largest(found: NetworkLosses) -> list[dict[str, Any]]:
    """The parts that lose most, each with its zone and the way to it on the map."""
    known = sorted((part for part in found.parts if part.loss is not None), key=_loss, reverse=True)[
        :_PARTS_SHOWN
    ]
    codes = [part.code for part in known]
    uids: dict[tuple[str, str], Any] = {}
    for kind, model in (("node", Node), ("pipe", Pipe)):
        rows = model.objects.filter(network=found.network, code__in=codes).values_list("code", "uid")
        uids |= {(kind, code): uid for code, uid in rows}
    return [
        {
            "part": part,
            "zone": "" if part.zone_id is None else found.zone_codes[part.zone_id],
            "address": _on_map(found.network, part, uids),
        }
        for part in known
    ]


def _loss(part: PartLoss) -> float:
    return part.loss or 0.0


def _on_map(network: Network, part: PartLoss, uids: dict[tuple[str, str], Any]) -> str:
    kind = "node" if part.kind == "transformer" else "pipe"
    query = {"network": network.code}
    if (kind, part.code) in uids:
        query["selected"] = f"{kind}:{uids[kind, part.code]}"
    return f"{reverse('map')}?{urlencode(query)}"


def _unknown(parts: Sequence[PartLoss]) -> list[tuple[str, int]]:
    """Why losses of parts are not known, in words, and of how many."""
    words = {
        "no_pressure": _("no pressure is measured"),
        "no_connections": _("no connections are known"),
        "no_conductor": _("the conductor is not in the register"),
        "no_load_known": _("its load is not measured"),
        "no_rating": _("its rating is not in the register"),
    }
    counts = {code: sum(code in part.reason.split() for part in parts) for code in words}
    return [(words[code], count) for code, count in counts.items() if count]
