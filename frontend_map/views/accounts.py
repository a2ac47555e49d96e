"""Subscribers' accounts: search, one account with all its papers, one bill as a page and as a PDF."""

from itertools import pairwise
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from billing.selectors.accounts import account_overview, amounts_of, invoice_visible_to
from billing.selectors.search import MAXIMUM_FOUND, find_accounts
from frontend_map.invoice_document import invoice_pdf
from frontend_map.page_access import page
from gis_core.access import Capability

_MAXIMUM_TEXT = 100


@page(Capability.VIEW_SUBSCRIBERS)
def accounts(request: HttpRequest) -> HttpResponse:
    """Search by any number, name, address or phone. One hit is listed like many."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_MAXIMUM_TEXT]
    found = find_accounts(request.user, text) if text else []
    context = {"text": text, "found": found, "is_full": len(found) >= MAXIMUM_FOUND}
    return render(request, "frontend_map/accounts.html", context)


@page(Capability.VIEW_SUBSCRIBERS)
def account(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One account: what is owed, what was read, billed and paid."""
    overview = account_overview(request.user, uid)
    readings = list(overview.readings)
    context = {
        "overview": overview,
        "account": overview.account,
        "subscriber": overview.subscriber,
        "readings": sorted(readings, key=lambda reading: reading.read_on, reverse=True),
        "consumption": _consumption_series(readings),
    }
    return render(request, "frontend_map/account.html", context)


def _consumption_series(readings: list[Any]) -> dict[str, Any]:
    """Cubic metres between accepted readings of one meter, by the later reading's day."""
    accepted = sorted(
        (reading for reading in readings if reading.state == "accepted"),
        key=lambda reading: (reading.installation_id, reading.read_on),
    )
    steps = [
        (
            later.read_on.isoformat(),
            float(later.index_m3 - earlier.index_m3),
            (later.read_on - earlier.read_on).days,
        )
        for earlier, later in pairwise(accepted)
        if later.installation_id == earlier.installation_id and later.index_m3 >= earlier.index_m3
    ]
    steps.sort()
    return {
        "days": [day for day, _volume, _length in steps],
        "volumes": [volume for _day, volume, _length in steps],
        "lengths": [length for _day, _volume, length in steps],
        "texts": {"consumption": _("Consumption, m³"), "until": _("Until")},
    }


@page(Capability.VIEW_SUBSCRIBERS)
def invoice(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One bill as a page."""
    shown = invoice_visible_to(request.user, uid)
    context = {"invoice": shown, "lines": list(shown.lines.all()), "amounts": amounts_of(shown)}
    return render(request, "frontend_map/invoice.html", context)


@page(Capability.VIEW_SUBSCRIBERS)
def invoice_as_pdf(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One bill as a PDF, shown in the browser under the bill's number."""
    shown = invoice_visible_to(request.user, uid)
    response = HttpResponse(invoice_pdf(shown), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{shown.number}.pdf"'
    response["Cache-Control"] = "private, no-cache"
    return response
