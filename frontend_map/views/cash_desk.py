"""A cash desk for keyboard and scanner, the collectors' papers, and what a receipt's QR code tells anybody."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.cash_desk.selectors.desk import (
    desks_visible_to,
    open_shift_of_viewer,
    public_receipt,
    refunds_to_confirm,
    shifts_visible_to,
    slips_visible_to,
    totals_of,
    waiting_refunds_visible_to,
)
from billing.cash_desk.selectors.documents import SLIP_LANGUAGES, SLIP_TITLES
from billing.cash_desk.selectors.report import (
    MOST_DAYS,
    MOST_IN_FILE,
    MOST_SHOWN,
    SLIP_COLUMNS,
    slip_cells,
    slips_of_days,
    sum_of,
    totals_by_day,
)
from frontend_map.page_access import page
from gis_core.access import Capability, NotVisible, access, holds
from gis_core.api.downloads import short_table_download
from gis_core.table_files import MEDIA_TYPES

_LATEST = 60


@page(Capability.RECORD_PAYMENTS)
def cash_desk(request: HttpRequest) -> HttpResponse:
    """The viewer's open shift, or where he opens one; `?closed=UID` shows the one that he closed just now."""
    viewer = request.user
    shift = open_shift_of_viewer(viewer)
    context: dict[str, Any] = {
        "shift": shift,
        "refunds": list(refunds_to_confirm(viewer)[:_LATEST]),
        "closed": _closed(request),
        "settings": {
            "api": "/api/v1/",
            "language": _paper_language(),
            "enterprise": shift.desk.enterprise.code if shift else "",
        },
        "texts": _texts(),
        "language": _paper_language(),
    }
    if shift is None:
        desks = desks_visible_to(viewer, Capability.RECORD_PAYMENTS).filter(is_active=True)
        open_desks = set(shifts_visible_to(viewer).filter(closed_at=None).values_list("desk_id", flat=True))
        context["desks"] = [(desk, desk.pk in open_desks) for desk in desks[:200]]
    else:
        slips = slips_visible_to(viewer).filter(shift=shift)
        context |= {
            "totals": totals_of(shift),
            "slips": _shown(list(slips[:_LATEST])),
            "proposed": list(
                waiting_refunds_visible_to(viewer).filter(state="open", proposed_by=viewer.pk)[:_LATEST]
            ),
        }
    return render(request, "frontend_map/cash_desk.html", context)


def _closed(request: HttpRequest) -> dict[str, Any] | None:
    uid = request.GET.get("closed", "")
    if not uid:
        return None
    try:
        shift = access(shifts_visible_to(request.user), request.user, Capability.RECORD_PAYMENTS, uid=uid)
    except NotVisible:
        return None
    return {"shift": shift, "totals": totals_of(shift)} if shift.closed_at else None


def _shown(slips: list[Any]) -> list[dict[str, Any]]:
    """Slips with what became of them: `left` is what can still be paid back."""
    rows = []
    for slip in slips:
        later = list(slip.later_slips.all())
        is_cancelled = any(one.kind == "cancellation" for one in later)
        refunded = sum(one.amount for one in later if one.kind == "refund")
        left = slip.amount - refunded if slip.kind == "receipt" and not is_cancelled else 0
        rows.append(
            {
                "slip": slip,
                "title": _(SLIP_TITLES[slip.kind]),
                "is_cancelled": is_cancelled,
                "refunded": refunded,
                "left": left,
                "may_cancel": left == slip.amount and left > 0,
            }
        )
    return rows


def _paper_language() -> str:
    language = get_language() or ""
    return language if language in SLIP_LANGUAGES else SLIP_LANGUAGES[0]


def _texts() -> dict[str, str]:
    return {
        "owed": _("Owed"),
        "overdue": _("of which overdue"),
        "paidAhead": _("Paid ahead"),
        "none": _("No account was found."),
        "taken": _("{amount} taken for {account}: receipt {number}."),
        "openPaper": _("Open the paper"),
        "cancelled": _("{number} is cancelled: give {amount} back."),
        "proposed": _("The refund waits for a second person."),
        "confirmed": _("The refund is confirmed: it is paid out at the desk of who proposed it."),
        "withdrawn": _("The refund was withdrawn."),
        "cancelTitle": _("Cancel {number}"),
        "refundTitle": _("Propose a refund of {number}"),
        "noAmount": _("Give an amount."),
        "failed": _("It was not done: {reason}"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }


@page(Capability.VIEW_SUBSCRIBERS)
def cash_slips(request: HttpRequest) -> HttpResponse:
    """Papers of some days (`?from=&to=&cashier=&desk=&kind=`), with sums; also as a file (`&file_format=`)."""
    today = timezone.localdate()
    last_day = _day(request.GET.get("to", "")) or today
    first_day = min(_day(request.GET.get("from", "")) or last_day, last_day)
    first_day = max(first_day, last_day - timedelta(days=MOST_DAYS))
    asked = {
        name: request.GET.get(name, "").replace("\x00", "").strip() for name in ("cashier", "desk", "kind")
    }
    if asked["kind"] and asked["kind"] not in SLIP_TITLES:
        raise Http404
    slips = slips_of_days(request.user, first_day=first_day, last_day=last_day, **asked)
    file_format = request.GET.get("file_format", "")
    if file_format in MEDIA_TYPES:
        cells = map(slip_cells, slips[:MOST_IN_FILE])
        return short_table_download(file_format, f"slips-{first_day}-{last_day}", SLIP_COLUMNS, cells)
    totals = totals_by_day(slips)
    sheet = Paginator(slips, MOST_SHOWN).get_page(request.GET.get("page"))
    query = urlencode({"from": first_day.isoformat(), "to": last_day.isoformat(), **asked})
    context = {
        "first_day": first_day,
        "last_day": last_day,
        "today": today,
        "asked": asked,
        "kinds": [(kind, _(words)) for kind, words in SLIP_TITLES.items()],
        "desks": list(desks_visible_to(request.user)[:200]),
        "totals": totals,
        "sum": sum_of(totals, last_day),
        "rows": _shown(list(sheet)),
        "sheet": sheet,
        "query": query + "&",
        "shifts": list(
            shifts_visible_to(request.user).filter(
                opened_at__date__gte=first_day, opened_at__date__lte=last_day
            )[:_LATEST]
        ),
        "language": _paper_language(),
        "may_take": holds(request.user, Capability.RECORD_PAYMENTS),
    }
    return render(request, "frontend_map/cash_slips.html", context)


@require_safe
def receipt(request: HttpRequest, uid: UUID) -> HttpResponse:
    """What a paper's QR code leads to: for anybody who holds it, no more than stands on it, and what became of it."""
    found = public_receipt(uid)
    if found is None:
        raise Http404
    context = {"receipt": found, "title": _(SLIP_TITLES[found.kind])}
    response = render(request, "frontend_map/receipt.html", context)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
