"""All feeds on one page: what came, what should have come, who is silent, and what was refused."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from frontend_map.client_texts import age_texts
from frontend_map.feed_reads import (
    newest_files,
    quarantine_of,
    received_against_expected,
    shown_prefixes,
    sources_now,
)
from frontend_map.page_access import page
from frontend_map.sensor_reads import count_by_state, devices_with_state
from gis_core.access import Capability, holds

_MAXIMUM_TEXT = 40


@page(Capability.VIEW_SENSORS)
def feeds(request: HttpRequest) -> HttpResponse:
    """The state of everything that brings values in (`?reason=CODE` narrows the quarantine)."""
    moment = timezone.now()
    reason = request.GET.get("reason", "").replace("\x00", "")[:_MAXIMUM_TEXT]
    sources = sources_now(request.user, moment)
    counts = count_by_state(devices_with_state(request.user, moment))
    context = {
        "received": received_against_expected(request.user, moment),
        "counts": counts,
        "sources": sources,
        "troubled": sum(now.state in ("quiet", "failing") for now in sources),
        "files": newest_files(request.user),
        "quarantine": quarantine_of(request.user, reason),
        "reason": reason,
        "may_settle": holds(request.user, Capability.EDIT_SENSORS),
        "may_give_topics": holds(request.user, Capability.MANAGE_USERS),
        "prefixes": shown_prefixes(request.user),
        "moment": moment,
        "settings": {"api": "/api/v1/feeds/"},
        "texts": age_texts()
        | {
            "retried": _("Tried again: {taken} taken, {waiting} still refused."),
            "dismissed": _("Taken off the list: {n} rows."),
            "failed": _("It could not be done: {reason}"),
            "loadFailed": _("This could not be loaded. Check the connection and try again."),
            "choose": _("Choose rows first."),
            "given": _("{prefix} is given to {division}."),
            "takenBack": _("{prefix} is taken back; nobody listens there any more."),
        },
    }
    return render(request, "frontend_map/feeds.html", context)
