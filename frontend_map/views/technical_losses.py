"""Technical losses of a network beside what it lost, by zone and by main, line or transformer; and their economy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
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
from balances.technical_losses.economy import BOUNDS, StatedEconomy, loss_economy
from balances.technical_losses.selectors.loss_settings import HeatNorm, LossSettings, PartLoss
from balances.technical_losses.selectors.network_losses import UNITS, NetworkLosses, network_losses
from frontend_map.page_access import page
from frontend_map.stated_figures import FigureField, StatedFigure, stated_figures
from gis_core.access import Capability, access, visible
from gis_core.api.downloads import short_table_download
from sensors.series.units import FACTORS

_NETWORKS_OFFERED = 200
_MONTHS_OFFERED = 36
_PARTS_SHOWN = 20
MOST_PIPES = 20_000


@page(Capability.VIEW_BALANCES)
def technical(request: HttpRequest) -> HttpResponse:
    """A network's technical losses of a month or year (`?network=&period=`, and what its registers do not say)."""
    offered = _offered(request)
    network = _network(request, offered)
    months = [] if network is None else _months(request, network)
    period, text = _period(request.GET.get("period", ""), months)
    stated = _stated(request, network)
    found = _losses(network, period, stated)
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
        "why_not_metered": _why_not_metered(found) if found else [],
        "stated": list(stated.values()),
        "file_query": urlencode(
            {
                "network": network.code if network else "",
                "period": text,
                **{name: figure.text for name, figure in stated.items()},
            }
        ),
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
    found = _losses(network, period, _stated(request, network))
    parts, codes = (found.parts, found.zone_codes) if found else ([], {})
    rows = [[part.kind, part.code, codes.get(part.zone_id or 0), part.loss, part.reason] for part in parts]
    unit = f"_{found.unit.lower()}" if found else ""
    name = f"technical-losses-{network.code if network else 'none'}-{text or 'none'}"
    columns = ["kind", "code", "zone", f"loss{unit}", "unknown_because"]
    return short_table_download(file_format, name, columns, rows)


def _losses(
    network: Network | None, period: DaySpan | None, stated: Mapping[str, StatedFigure]
) -> NetworkLosses | None:
    """None where nothing can be computed here."""
    if network is None or period is None or network.commodity not in UNITS or _is_too_large(network):
        return None
    values = {name: figure.value for name, figure in stated.items()}
    norms = tuple(
        HeatNorm(circuit, inf, watts)
        for circuit in ("supply", "return")
        if (watts := values.pop(f"{circuit}_w_m", None)) is not None
    )
    known: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    return network_losses(network, period, replace(LossSettings(heat_norms=norms), **known))


def _stated(request: HttpRequest, network: Network | None) -> dict[str, StatedFigure]:
    fields = {
        "water": [FigureField("condition_factor", _("Infrastructure condition factor"), 0.01, 100, 1)],
        "electricity": [FigureField("power_factor", "cos φ", 0.1, 1, 0.92)],
        "gas": [
            FigureField("air_kpa", _("Air pressure, kPa (else by elevation)"), 50, 120),
            FigureField("gas_temperature_c", _("Gas temperature where none is measured, °C"), -60, 80),
            FigureField("compressibility", _("Relative compressibility K"), 0.2, 2, 1),
            FigureField("gas_leakage_m3_km_day", _("Leakage of sound pipes, m³/km/day"), 0, 10_000),
        ],
        "heat": [
            FigureField("cold_water_c", _("Cold water, °C"), 0, 40, 8),
            FigureField("supply_w_m", _("Norm of supply pipes, W/m"), 0, 10_000),
            FigureField("return_w_m", _("Norm of return pipes, W/m"), 0, 10_000),
            FigureField(
                "consumed_kwh", _("kWh in a unit of billed heat"), 0.001, FACTORS["energy"]["GWh"], 1
            ),
        ],
    }
    if network is None or network.commodity not in fields:
        return {}
    percent = FigureField("standard_percent", _("Standard loss, % of what was received"), 0, 100)
    return stated_figures(request.GET, [*fields[network.commodity], percent])


@page(Capability.VIEW_BALANCES)
def economy(request: HttpRequest) -> HttpResponse:
    """The economic interval of surveys, the economic level of leakage and the benefit of another pressure."""
    labels = {
        "survey_cost": _("A survey of the whole system, so‘m"),
        "water_cost_m3": _("A lost m³, so‘m"),
        "rise_m3_day_year": _("Rise of unreported leakage, m³/day in a year"),
        "background_m3_year": _("Background leakage, m³ a year"),
        "reported_m3_year": _("Reported bursts, m³ a year"),
        "leakage_m3_year": _("Leakage now, m³ a year"),
        "pressure_m": _("Pressure now, m"),
        "new_pressure_m": _("Pressure wanted, m"),
    }
    fields = [FigureField(name, label, *BOUNDS[name]) for name, label in labels.items()]
    stated = stated_figures(request.GET, fields)
    values: dict[str, Any] = {name: figure.value for name, figure in stated.items()}
    found = loss_economy(StatedEconomy(**values))
    return render(
        request, "frontend_map/loss_economy.html", {"stated": list(stated.values()), "economy": found}
    )


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
        "no_norm": _("no norm is stated for it"),
        "no_circuit": _("its circuit is not in the register"),
        "no_diameter": _("its diameter is not in the register"),
    }
    counts = {code: sum(code in part.reason.split() for part in parts) for code in words}
    return [(words[code], count) for code, count in counts.items() if count]


def _why_not_metered(found: NetworkLosses) -> list[tuple[str, int]]:
    """Why what zones lost is not known, in words, and of how many zones."""
    words = {
        "no_balance": _("not every month has a balance with enough data"),
        "no_meter": _("nothing measures their edge"),
        "no_readings": _("their meters gave too few values"),
        "no_pressure": _("no pressure is measured beside a meter"),
        "no_temperature": _("no temperature is measured beside a meter"),
        "no_air_pressure": _("the pressure of the air is not known"),
        "no_consumption": _("the consumption of whole months is not known"),
        "no_line_pack": _("what stands in their pipes is not known"),
        "no_storage": _("the heat in their storages is not known"),
    }
    counts = {code: sum(code in row.flows.reasons for row in found.zones) for code in words}
    return [(words[code], count) for code, count in counts.items() if count]
