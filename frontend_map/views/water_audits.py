"""The water audit of a zone as a page, a table and a sheet; and the page for files of audits."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.models import Zone
from assets.networks.selectors.network_reads import zones_visible_to
from balances.audit.api.views import MOST_BYTES_AT_ONCE
from balances.audit.audit_files import COLUMNS
from balances.audit.costs import LossCosts, loss_costs
from balances.audit.selectors.zone_audits import AuditAssumptions, ZoneAudit, zone_audit
from balances.models import ZoneBalance
from balances.periods import DaySpan, period_of
from balances.selectors.zone_balances import balances_visible_to
from frontend_map.page_access import page
from frontend_map.templatetags.figures import figure, month_name
from frontend_map.water_audit_table import (
    audit_lines,
    component_words,
    flag_words,
    key_figures,
    waterfall_steps,
)
from gis_core.access import Capability, access
from gis_core.api.downloads import download, short_table_download
from gis_core.errors import ReportedError
from gis_core.sentences import in_words
from gis_core.typst_pdf import pdf_of
from gis_core.written_numbers import TwoReadings, decimal_of_text

_SHEET = Path(__file__).parent.parent / "documents" / "water_audit.typ"
_PERIOD = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_LARGEST_PRICE = Decimal("1e9")
# Months that are offered; with them the years that they lie in.
_MONTHS_OFFERED = 36


@dataclass(frozen=True)
class _Asked:
    """What a page of an audit is asked for: the period as it is written, and prices by m3."""

    period_text: str
    period: DaySpan | None
    production_cost: Decimal | None
    tariff: Decimal | None

    @property
    def query(self) -> str:
        values = {
            "period": self.period_text,
            "production_cost": self.production_cost,
            "tariff": self.tariff,
        }
        return urlencode({name: value for name, value in values.items() if value not in (None, "")})


def _price(text: str) -> Decimal | None:
    """A price as people write it; None for what is none."""
    try:
        price = decimal_of_text(text)
    except TwoReadings:
        price = decimal_of_text(text, ".")
    return price if price is not None and 0 <= price < _LARGEST_PRICE else None


def _asked(request: HttpRequest, months: list[date]) -> _Asked:
    text = request.GET.get("period", "")
    period = None
    if _PERIOD.fullmatch(text):
        try:
            period = period_of(text)
        except ValueError:
            period = None
    if period is None and months:
        # A whole year where there is one, else the newest month.
        whole = [
            year for year in {month.year for month in months} if sum(m.year == year for m in months) == 12
        ]
        text = str(max(whole)) if whole else f"{months[0]:%Y-%m}"
        period = period_of(text)
    prices = (_price(request.GET.get(name, "")) for name in ("production_cost", "tariff"))
    return _Asked(text if period else "", period, *prices)


def _months_of(request: HttpRequest, shown: Zone) -> list[date]:
    months = balances_visible_to(request.user).filter(zone=shown, granularity=ZoneBalance.Granularity.MONTH)
    return list(months.order_by("-period_start").values_list("period_start", flat=True)[:_MONTHS_OFFERED])


def _zone_of(request: HttpRequest, uid: UUID) -> Zone:
    zones = zones_visible_to(request.user).select_related("network", "division")
    shown = access(zones, request.user, Capability.VIEW_BALANCES, uid=uid)
    if shown.network.commodity != "water":
        raise Http404
    return shown


@page(Capability.VIEW_BALANCES)
def zone_water_audit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The audit of a zone (`?period=2026&production_cost=&tariff=`); the newest year or month by default."""
    shown = _zone_of(request, uid)
    months = _months_of(request, shown)
    asked = _asked(request, months)
    audit, refusal = None, ""
    if asked.period is not None:
        try:
            audit = zone_audit(shown, asked.period, AuditAssumptions())
        except ReportedError as error:
            refusal = in_words(error.message)
    context: dict[str, Any] = {
        "zone": shown,
        "asked": asked,
        "refusal": refusal,
        "audit": audit,
        "periods": _periods(months, asked),
        "texts": component_words(),
    }
    if audit is not None:
        costs = loss_costs(audit, asked.production_cost, asked.tariff)
        context |= {
            "lines": audit_lines(audit, costs),
            "costs": costs,
            "figures": key_figures(audit),
            "notes": flag_words(audit.result.flags),
            "waterfall": waterfall_steps(audit),
        }
    return render(request, "frontend_map/water_audit.html", context)


def _periods(months: list[date], asked: _Asked) -> list[tuple[str, str]]:
    """Years and months that can be chosen, each as it is written and as it is shown."""
    years = sorted({month.year for month in months}, reverse=True)
    offered = [(str(year), str(year)) for year in years]
    offered += [(f"{month:%Y-%m}", month_name(month)) for month in months]
    if asked.period_text and asked.period_text not in dict(offered):
        offered.insert(0, (asked.period_text, asked.period_text))
    return offered


@page(Capability.VIEW_BALANCES)
def zone_water_audit_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The audit as XLSX, CSV or PDF (`?file_format=`, and as on the page); 404 where there is none."""
    shown = _zone_of(request, uid)
    asked = _asked(request, _months_of(request, shown))
    file_format = request.GET.get("file_format", "pdf")
    if asked.period is None or file_format not in ("pdf", "xlsx", "csv"):
        raise Http404
    try:
        audit = zone_audit(shown, asked.period, AuditAssumptions())
    except ReportedError:
        raise Http404 from None
    costs = loss_costs(audit, asked.production_cost, asked.tariff)
    name = f"water-audit-{shown.network.code}-{shown.code}-{asked.period_text}"
    if file_format == "pdf":
        made_at = datetime.combine(timezone.localdate(), time(), UTC)
        content = pdf_of(_SHEET, _sheet(audit, costs, asked), made_at=made_at)
        return download(content, name, "pdf", "application/pdf")
    columns = ["component", "name", "volume_m3", "limit_95_percent", "cost_uzs"]
    rows = [
        [line.code, line.name, line.volume, line.limit_percent, line.cost]
        for line in audit_lines(audit, costs)
    ]
    result = audit.result
    rows += [
        [code, "", value, None, None]
        for code, value in (
            ("nrw_percent", result.nrw_percent),
            ("uarl_m3", result.uarl),
            ("ili", result.ili),
            ("real_losses_l_connection_day", result.real_losses_l_conn_day),
            ("mains_km", audit.given.mains_length),
            ("connections", audit.given.connections),
            ("average_pressure_m", audit.given.average_pressure),
        )
    ]
    return short_table_download(file_format, name, columns, rows)


def _sheet(audit: ZoneAudit, costs: LossCosts, asked: _Asked) -> dict[str, Any]:
    """All that the sheet shows, as texts ready to print."""
    prices = [
        (_("Production cost, so‘m/m³"), asked.production_cost),
        (_("Tariff, so‘m/m³"), asked.tariff),
    ]
    return {
        "title": _("Water audit"),
        "zone": f"{audit.zone.name} ({audit.zone.code})",
        "network": audit.zone.network.name,
        "period": asked.period_text,
        "columns": [_("Component"), _("Volume, m³"), "± %", _("Cost, so‘m")],
        "lines": [
            {
                "depth": line.depth,
                "name": line.name,
                "volume": figure(line.volume, 3),
                "limit": "" if line.limit_percent is None else figure(line.limit_percent, 1),
                "cost": "" if line.cost is None else figure(line.cost, 0),
                "is_sum": line.is_sum,
            }
            for line in audit_lines(audit, costs)
        ],
        "figures": [[name, value, unit] for name, value, unit in key_figures(audit)],
        "prices": [[name, figure(price, 2)] for name, price in prices if price is not None],
        "notes": flag_words(audit.result.flags),
        "steps": waterfall_steps(audit),
        "words": component_words(),
        "source": _("IWA water balance; AWWA M36. ± is the 95 % limit."),
    }


@page(Capability.VIEW_BALANCES)
def audit_files(request: HttpRequest) -> HttpResponse:
    """A file of audits is sent, and what each comes to is shown; nothing is stored."""
    context = {
        "columns": [*COLUMNS, "hours_per_day"],
        # What a file says letter by letter, in every language.
        "units": "m3, ML, MG, AF; km, mi; m, kPa, psi",
        "forms": "iwa, awwa",
        "limit": "water_supplied_limit95_percent",
        "settings": {"address": reverse("water-audits"), "largestBytes": MOST_BYTES_AT_ONCE},
        "texts": {
            "working": _("Computing…"),
            "tooLarge": _("The file is too large."),
            "audits": _("Audits: {n}"),
            "flagged": _("with flags: {n}"),
            "row": _("Row"),
            "lost": _("This could not be loaded. Check the connection and try again."),
            "first": _("The first {n} are shown; the file holds all."),
        },
    }
    return render(request, "frontend_map/audit_files.html", context)
