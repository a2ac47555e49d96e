"""Reading routes: the streets with how far they have been read, and a street's sheet on which indices are entered."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.exchange.selectors.handheld import HANDHELD, TAKING_ALONG
from billing.exchange.selectors.registers import MOST_BYTES_AT_ONCE
from billing.selectors.reading_routes import reading_progress, reading_route
from frontend_map.file_reports import file_report_texts
from frontend_map.page_access import page
from frontend_map.work_lists import QUEUE_REASONS, reason_in_words
from gis_core.access import Capability, divisions_of, holds
from gis_core.api.downloads import short_table_download
from gis_core.table_files import MEDIA_TYPES

# A meter that was read within so many days has reported, unless another day is asked for.
_DAYS = 25
_MOST_DIVISIONS = 500
_COLUMNS = (
    *(
        "street",
        "house",
        "flat",
        "account",
        "subscriber",
        "meter",
        "register",
        "last_index_m3",
        "last_read_on",
    ),
    *("read_on", "index_m3"),
)


@page(Capability.VIEW_SUBSCRIBERS)
def readings(request: HttpRequest) -> HttpResponse:
    """All streets (`?since=`), or one (`?street=`) as a page or (`&file_format=`) as a sheet to take along."""
    today = timezone.localdate()
    since = _day(request.GET.get("since", "")) or today - timedelta(days=_DAYS)
    key = request.GET.get("street", "").replace("\x00", "")
    context: dict[str, Any] = {
        "since": since,
        "today": today,
        "may_take_along": holds(request.user, TAKING_ALONG),
        "may_read": divisions_of(request.user, Capability.ENTER_READINGS).exists(),
    }
    if not key:
        streets = reading_progress(request.user, since)
        totals = {
            name: sum(getattr(street, name) for street in streets) for name in ("meters", "read", "waiting")
        }
        context |= {
            "streets": streets,
            "totals": totals,
            "divisions": divisions_of(request.user, TAKING_ALONG)
            .order_by("path")
            .values("code", "name")[:_MOST_DIVISIONS],
        }
        return render(request, "frontend_map/readings.html", context)
    street, meters = reading_route(request.user, key, since)
    file_format = request.GET.get("file_format", "")
    if file_format in MEDIA_TYPES:
        return _sheet(file_format, street.name, meters)
    context |= {
        "street": street,
        "key": key,
        "meters": meters,
        "missing": sum(1 for meter in meters if meter.state is None),
        "settings": {
            "api": "/api/v1/",
            "reasons": {code: reason_in_words(code) for code in QUEUE_REASONS},
        },
        "texts": {
            "taken": _("taken"),
            "waits": _("waits: {reason}"),
            "badNumber": _("Give a number."),
            "failed": _("It could not be done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
        },
        "back": f"{reverse('readings')}?since={since.isoformat()}",
    }
    return render(request, "frontend_map/reading_route.html", context)


@page(Capability.ENTER_READINGS)
def handheld(request: HttpRequest) -> HttpResponse:
    """Where a handheld's file is tried and taken in."""
    context = {
        "may_see_routes": holds(request.user, Capability.VIEW_SUBSCRIBERS),
        "settings": {
            "address": reverse("handheld-imports"),
            "largestBytes": MOST_BYTES_AT_ONCE,
            "columns": {column.name: _(column.title) for column in HANDHELD.columns},
        },
        "texts": file_report_texts()
        | {
            "outcomes": {
                "taken": _("taken"),
                "queued": _("waits"),
                "remarked": _("remark kept"),
                "duplicate": _("was entered before"),
                "not_read": _("not read"),
                "unknown_meter": _("unknown meter"),
                "exchanged": _("exchanged since"),
                "other_point": _("row of another point"),
                "unreadable": _("unreadable"),
            },
            "tried": _("This is what an import would do"),
            "taken": _("Taken in"),
        },
    }
    return render(request, "frontend_map/handheld.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _sheet(file_format: str, street: str, meters: list[Any]) -> HttpResponse:
    rows = [
        [
            *(street, meter.house, meter.flat, meter.account_number, meter.subscriber, meter.serial),
            *(meter.register, meter.last_index_m3, meter.last_read_on, None, None),
        ]
        for meter in meters
    ]
    return short_table_download(file_format, f"readings-{street}", _COLUMNS, rows)
