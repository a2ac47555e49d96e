"""Reading routes: the streets with how far they have been read, and a street's sheet on which indices are entered."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.selectors.reading_routes import reading_progress, reading_route
from frontend_map.page_access import page
from frontend_map.work_lists import QUEUE_REASONS, reason_in_words
from gis_core.access import Capability, divisions_of
from gis_core.api.downloads import short_table_download
from gis_core.table_files import MEDIA_TYPES

# A meter that was read within so many days has reported, unless another day is asked for.
_DAYS = 25
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
    context: dict[str, Any] = {"since": since, "today": today}
    if not key:
        streets = reading_progress(request.user, since)
        totals = {
            name: sum(getattr(street, name) for street in streets) for name in ("meters", "read", "waiting")
        }
        return render(
            request, "frontend_map/readings.html", {**context, "streets": streets, "totals": totals}
        )
    street, meters = reading_route(request.user, key, since)
    file_format = request.GET.get("file_format", "")
    if file_format in MEDIA_TYPES:
        return _sheet(file_format, street.name, meters)
    context |= {
        "street": street,
        "key": key,
        "meters": meters,
        "missing": sum(1 for meter in meters if meter.state is None),
        "may_read": divisions_of(request.user, Capability.ENTER_READINGS).exists(),
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
