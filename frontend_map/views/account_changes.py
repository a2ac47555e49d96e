"""The log of allotments and cancellations: what became of accounts, by participant, kind and day."""

from datetime import date, timedelta
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.selectors.account_changes import CHANGE_KINDS, changes_between
from frontend_map.page_access import page
from gis_core.access import Capability

_SHOWN = 50
_MAXIMUM_TEXT = 100
# What is shown to whoever names no days.
_DAYS = 30


@page(Capability.VIEW_SUBSCRIBERS)
def account_changes(request: HttpRequest) -> HttpResponse:
    """Changes from day to day (`?since=&until=&kind=&q=&page=`), of the last month where nothing is asked."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_MAXIMUM_TEXT]
    kind = request.GET.get("kind", "")
    kind = kind if kind in dict(CHANGE_KINDS) else ""
    since = _day(request.GET.get("since", ""))
    if "since" not in request.GET:
        since = timezone.localdate() - timedelta(days=_DAYS)
    until = _day(request.GET.get("until", ""))
    found = changes_between(request.user, since=since, until=until, kind=kind, text=text)
    sheet = Paginator(found, _SHOWN).get_page(request.GET.get("page"))
    asked = {
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
        "kind": kind,
        "q": text,
    }
    context = {**asked, "text": text, "kinds": CHANGE_KINDS, "sheet": sheet, "query": urlencode(asked) + "&"}
    return render(request, "frontend_map/account_changes.html", context)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
