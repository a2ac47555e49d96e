"""Where an enterprise's months are billed, tried, looked through and closed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.ledger.selectors.state_share import state_receivable
from billing.selectors.months import (
    BooksMonth,
    billed_enterprises,
    books_months,
    exceptions_of,
    proposed_reopening,
)
from frontend_map.page_access import page
from frontend_map.work_lists import reason_in_words
from gis_core.access import Capability, divisions_of
from gis_core.models import Enterprise

_SHOWN = 50


@dataclass(frozen=True)
class Reason:
    """Why accounts could not be billed, and how many."""

    code: str
    words: str
    number: int


@page(Capability.VIEW_SUBSCRIBERS)
def billing(request: HttpRequest) -> HttpResponse:
    """The books of an enterprise (`?enterprise=`), and what a month's last run could not bill (`?month=&reason=`)."""
    enterprises = list(billed_enterprises(request.user, Capability.VIEW_SUBSCRIBERS))
    chosen = chosen_enterprise(request, enterprises)
    months = books_months(request.user, chosen) if chosen else []
    shown = _shown_month(request, months)
    last_closed = max((row.month for row in months if row.is_closed), default=None)
    proposal = proposed_reopening(chosen, last_closed) if chosen and last_closed else None
    context: dict[str, Any] = {
        "enterprises": enterprises,
        "enterprise": chosen,
        "months": months,
        "shown": shown,
        "next_month": _next_month(months),
        "this_month": timezone.localdate().replace(day=1),
        "may_run": chosen is not None
        and divisions_of(request.user, Capability.RUN_BILLING).filter(pk=chosen.division_id).exists(),
        "may_reopen": chosen is not None
        and divisions_of(request.user, Capability.CORRECT_BOOKS).filter(pk=chosen.division_id).exists(),
        "first_open": min((row.month for row in months if not row.is_closed), default=None),
        "last_closed": last_closed,
        "proposal": proposal,
        "is_own_proposal": proposal is not None and proposal.proposed_by_id == request.user.pk,
        "settings": {"api": "/api/v1/", "job": reverse("jobs"), "enterprise": chosen.code if chosen else ""},
        "texts": {
            "sureRun": _("Bill {month} now? What is posted is put right by later bills only."),
            "surePenalties": _(
                "Charge the penalties of {month} now? Payments of its days that come later are put right "
                "by a later bill. Bills that were posted late bear penalties from their printed due day, too."
            ),
            "sureClose": _(
                "Close {month}? It takes no more bills or payments; late ones go into the next open month."
            ),
            "closed": _("{month} is closed."),
            "reopened": _("{month} is open again."),
            "waits": _("{month} stays closed until a second person opens it again, too."),
            "withdrawn": _("Withdrawn: nothing was done."),
            "noReason": _("Say why."),
            "failed": _("It was not done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    if chosen and shown:
        context |= _exceptions(request, chosen, shown.month)
        context["state_owes"] = state_receivable(request.user, chosen, shown.month)
    return render(request, "frontend_map/billing.html", context)


def chosen_enterprise(request: HttpRequest, enterprises: list[Enterprise]) -> Enterprise | None:
    """The one of `?enterprise=`, else the first; Http404 for one that is not among them."""
    code = request.GET.get("enterprise", "")
    if not code:
        return enterprises[0] if enterprises else None
    found = next((enterprise for enterprise in enterprises if enterprise.code == code), None)
    if found is None:
        raise Http404
    return found


def shown_month(request: HttpRequest, months: list[date]) -> date | None:
    """The one of `?month=` (2026-01), else the first; None where there is none."""
    asked = request.GET.get("month", "")
    return next((month for month in months if f"{month:%Y-%m}" == asked), months[0] if months else None)


def _shown_month(request: HttpRequest, months: list[BooksMonth]) -> BooksMonth | None:
    """The month asked for, else the newest that was billed."""
    asked = request.GET.get("month", "")
    found = next((row for row in months if f"{row.month:%Y-%m}" == asked), None)
    return found or next((row for row in months if row.runs), None)


def _next_month(months: list[BooksMonth]) -> date | None:
    """The month that a clerk bills next: the newest that has ended, unless it was run."""
    last = (timezone.localdate().replace(day=1) - timedelta(days=1)).replace(day=1)
    run = {row.month for row in months if row.runs}
    return None if last in run else last


def _exceptions(request: HttpRequest, enterprise: Enterprise, month: date) -> dict[str, Any]:
    found = exceptions_of(request.user, enterprise, month)
    counted = found.order_by().values_list("reason").annotate(number=Count("pk"))
    reasons = [
        Reason(code, reason_in_words(code), number) for code, number in counted.order_by("-number", "reason")
    ]
    reason = request.GET.get("reason", "")
    if reason:
        found = found.filter(reason=reason.replace("\x00", ""))
    sheet = Paginator(found, _SHOWN).get_page(request.GET.get("page"))
    return {
        "reasons": reasons,
        "reason": reason,
        "sheet": sheet,
        "exceptions": [(row, reason_in_words(row.reason)) for row in sheet],
        "query": f"enterprise={enterprise.code}&month={month:%Y-%m}&"
        + (f"reason={reason}&" if reason else ""),
    }
