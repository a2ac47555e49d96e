"""Bills on paper: a month's by street, printed in the order in which they are carried, and what was handed over."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from billing.printing.selectors.bills import BillOnPaper, bills_by_street, bills_of_street
from billing.printing.selectors.invoice_document import BILL_LANGUAGES
from billing.selectors.months import billed_enterprises, books_months
from frontend_map.page_access import page
from frontend_map.views.billing import chosen_enterprise, shown_month
from gis_core.access import Capability, divisions_of, holds
from gis_core.api.downloads import short_table_download
from gis_core.table_files import MEDIA_TYPES

_COLUMNS = (
    *("street", "house", "flat", "account", "subscriber", "invoice", "total_uzs"),
    *("handed_over_on", "received_by"),
)


@page(Capability.VIEW_SUBSCRIBERS)
def bills(request: HttpRequest) -> HttpResponse:
    """The streets of a month's bills (`?enterprise=&month=`), or one's sheet (`&street=`), also as a file."""
    enterprises = list(billed_enterprises(request.user, Capability.VIEW_SUBSCRIBERS))
    chosen = chosen_enterprise(request, enterprises)
    months = [row.month for row in books_months(request.user, chosen) if row.invoices] if chosen else []
    month = shown_month(request, months)
    query = {} if chosen is None or month is None else {"enterprise": chosen.code, "month": f"{month:%Y-%m}"}
    context: dict[str, Any] = {
        "enterprises": enterprises,
        "enterprise": chosen,
        "months": months,
        "month": month,
        "query": urlencode(query),
        "languages": bill_languages(),
        "today": timezone.localdate(),
        "may_print": chosen is not None
        and divisions_of(request.user, Capability.RUN_BILLING).filter(pk=chosen.division_id).exists(),
        "may_note": holds(request.user, Capability.MANAGE_ACCOUNTS),
        "settings": {
            **{"api": "/api/v1/", "job": reverse("jobs"), "enterprise": chosen.code if chosen else ""},
            "month": month.isoformat() if month else "",
        },
        "texts": {
            "noted": _("Handed over: {number}"),
            "undone": _("Taken back: {number}"),
            "failed": _("It could not be done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    key = request.GET.get("street", "").replace("\x00", "")
    if chosen is None or month is None or not key:
        streets = bills_by_street(request.user, chosen, month) if chosen and month else []
        totals = {name: sum(getattr(one, name) for one in streets) for name in ("bills", "handed_over")}
        return render(request, "frontend_map/bills.html", {**context, "streets": streets, "totals": totals})
    street, rows = bills_of_street(request.user, chosen, month, key)
    file_format = request.GET.get("file_format", "")
    if file_format in MEDIA_TYPES:
        return _sheet(file_format, street.name, rows)
    context |= {
        "street": street,
        "key": key,
        "rows": rows,
        "missing": sum(1 for row in rows if row.handed_over_on is None),
    }
    return render(request, "frontend_map/street_bills.html", context)


def bill_languages() -> list[tuple[str, str]]:
    """The languages that bills are printed in, by their own names."""
    return [(code, get_language_info(code)["name_local"].capitalize()) for code in BILL_LANGUAGES]


def _sheet(file_format: str, street: str, rows: list[BillOnPaper]) -> HttpResponse:
    lines = [
        [
            *(street, row.house, row.flat, row.account_number, row.subscriber, row.number, row.total),
            *(row.handed_over_on, row.received_by),
        ]
        for row in rows
    ]
    return short_table_download(file_format, f"bills-{street}", _COLUMNS, lines)
