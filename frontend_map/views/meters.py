"""Meters: where they are, what goes in and out of the store, and which are to be verified."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.selectors.meter_stock import (
    DUE_COLUMNS,
    METER_PLACES,
    MOST_DUE,
    due_row,
    meter_stock,
    meter_types,
    verifications_due,
)
from frontend_map.page_access import page
from gis_core.access import Capability, divisions_of, holds
from gis_core.api.downloads import short_table_download
from gis_core.table_files import MEDIA_TYPES

_SHOWN = 50
_MAXIMUM_TEXT = 40
_PAGE_DIGITS = 8
# Verifications of so many days ahead are shown, unless another day is asked for.
_DAYS_AHEAD = 60
_PLACE_WORDS = {
    "store": gettext_noop("in the store"),
    "issued": gettext_noop("issued"),
    "installed": gettext_noop("installed"),
    "removed": gettext_noop("taken down"),
    "written_off": gettext_noop("written off"),
}


@page(Capability.VIEW_SUBSCRIBERS)
def meters(request: HttpRequest) -> HttpResponse:
    """Meters in a place (`?place=&q=&page=`), the store's where nothing is asked."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_MAXIMUM_TEXT]
    place = request.GET.get("place", "" if text else "store")
    place = place if place in METER_PLACES else ""
    rows, found, number = _page_of(
        _page_number(request),
        lambda skipped: meter_stock(request.user, place=place, text=text, most=_SHOWN, skipped=skipped),
    )
    asked = {"place": place, "q": text}
    divisions = (
        divisions_of(request.user, Capability.MANAGE_ACCOUNTS).defer("boundary").order_by("level", "name")
    )
    context: dict[str, Any] = {
        **asked,
        "text": text,
        "places": [(code, _(_PLACE_WORDS[code])) for code in METER_PLACES],
        "rows": [(row, _(_PLACE_WORDS[row.place])) for row in rows],
        "sheet": _sheet(rows, found, number),
        "found": found,
        "query": urlencode(asked) + "&",
        "types": list(meter_types()[:200]),
        "divisions": list(divisions[:200]),
        "today": timezone.localdate(),
        "may_manage": holds(request.user, Capability.MANAGE_ACCOUNTS),
        "settings": {"api": "/api/v1/"},
        "texts": {
            "received": _("Received: {number}"),
            "moved": _("Entered: {number}"),
            "verified": _("The verification of {serial} is entered."),
            "noneChosen": _("Choose the meters first."),
            "takenBack": _("It was taken back."),
            "sureTakeBack": _("Take back what was entered of {serial}? It then counts as never entered."),
            "sureWriteOff": _("Write {number} meters off? They are never hung again."),
            "failed": _("It was not done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    return render(request, "frontend_map/meters.html", context)


@page(Capability.VIEW_SUBSCRIBERS)
def meter_verifications(request: HttpRequest) -> HttpResponse:
    """Meters to be verified (`?until=&street=&page=`), in walking order, also as a file (`&file_format=`)."""
    until = _day(request.GET.get("until", "")) or timezone.localdate() + timedelta(days=_DAYS_AHEAD)
    street = request.GET.get("street", "").replace("\x00", "").strip()
    file_format = request.GET.get("file_format", "")
    is_file = file_format in MEDIA_TYPES
    rows, found, number = _page_of(
        1 if is_file else _page_number(request),
        lambda skipped: verifications_due(
            request.user,
            until=until,
            street=street or None,
            most=MOST_DUE if is_file else _SHOWN,
            skipped=skipped,
        ),
    )
    if is_file:
        return short_table_download(file_format, "verifications-due", DUE_COLUMNS, map(due_row, rows))
    asked = {"until": until.isoformat(), **({"street": street} if street else {})}
    context = {
        "until": until,
        "street": street,
        "rows": rows,
        "found": found,
        "sheet": _sheet(rows, found, number),
        "query": urlencode(asked) + "&",
        "today": timezone.localdate(),
        "may_manage": holds(request.user, Capability.MANAGE_ACCOUNTS),
        "settings": {"api": "/api/v1/"},
        "texts": {
            "verified": _("The verification of {serial} is entered."),
            "failed": _("It was not done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
    }
    return render(request, "frontend_map/meter_verifications.html", context)


class _Counted(Paginator):
    """Pages of what was counted by the query that brought one of them."""

    def __init__(self, found: int) -> None:
        super().__init__([], _SHOWN)
        self._found = found

    @cached_property
    def count(self) -> int:
        return self._found


def _sheet(rows: list[Any], found: int, number: int) -> Page:
    return Page(rows, number, _Counted(found))


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) < _PAGE_DIGITS
    return max(int(text), 1) if is_number else 1


def _page_of(number: int, rows_after: Callable[[int], tuple[list[Any], int]]) -> tuple[list[Any], int, int]:
    """The rows of a page, how many there are in all, and the page's number: the first beyond the end."""
    rows, found = rows_after((number - 1) * _SHOWN)
    if rows or number == 1:
        return rows, found, number
    return *rows_after(0), 1


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
