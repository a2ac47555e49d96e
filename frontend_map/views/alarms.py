"""Alarms of all devices: what is open, and what was."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from frontend_map.client_texts import alarm_filter_labels, alarm_texts
from frontend_map.page_access import page
from frontend_map.sensor_reads import (
    ALARM_GROUPS,
    MOST_LISTED_ALARMS,
    count_alarms,
    listed_alarms,
)
from gis_core.access import Capability, holds

_API = "/api/v1/alarms/"


@page(Capability.VIEW_SENSORS)
def alarms(request: HttpRequest) -> HttpResponse:
    """The viewer's alarms (`?state=open|cleared|closed`), the newest first."""
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in ALARM_GROUPS else "open"
    counts = count_alarms(request.user)
    labels = alarm_filter_labels()
    shown = listed_alarms(request.user, chosen)
    context = {
        "chosen": chosen,
        "tabs": [{"name": name, "label": labels[name], "count": counts[name]} for name in ALARM_GROUPS],
        "alarms": shown,
        "is_cut": len(shown) == MOST_LISTED_ALARMS,
        "may_handle": holds(request.user, Capability.HANDLE_ALARMS),
        "may_dispatch": holds(request.user, Capability.DISPATCH_WORK),
        "settings": {"api": _API},
        "texts": alarm_texts(),
    }
    return render(request, "frontend_map/alarms.html", context)
