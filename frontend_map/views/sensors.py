"""Devices of the field: a list with their newest values, and one device with its series."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from assets.models import Node
from frontend_map.base_map import tile_template_of
from frontend_map.client_texts import age_texts, device_texts, filter_labels
from frontend_map.page_access import page
from frontend_map.sensor_reads import (
    SHOWN_FLAGS,
    STATES,
    alarms_of,
    chart_alarms,
    chart_flags,
    chart_streams,
    count_by_state,
    devices_now,
    devices_with_state,
    edits_of,
    flags_of,
    matching,
    place_of,
    streams_of,
    with_open_alarms,
)
from gis_core.access import Capability, access, divisions_of
from sensors.models import Thing
from sensors.series.selectors.series import things_visible_to

_SHOWN = 50
_MAXIMUM_TEXT = 100
_FILTERS = ("ok", "late", "silent", "bare", "alarm")


@page(Capability.VIEW_SENSORS)
def sensors(request: HttpRequest) -> HttpResponse:
    """The viewer's devices by code (`?q=&state=&page=`); `state` is ok, late, silent, bare, or alarm."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_MAXIMUM_TEXT]
    chosen = request.GET.get("state", "")
    moment = timezone.now()
    found = matching(devices_with_state(request.user, moment), text)
    counts = count_by_state(found)
    with_alarms = with_open_alarms(found, request.user)
    shown = found
    if chosen == "alarm":
        shown = with_alarms
    elif chosen in _FILTERS:
        shown = found.filter(state=chosen)
    sheet = Paginator(shown.order_by("code"), _SHOWN).get_page(request.GET.get("page"))
    counts["alarm"] = with_alarms.count()
    labels = filter_labels()
    context = {
        "text": text,
        "chosen": chosen if chosen in _FILTERS else "",
        "all_count": sum(counts[state] for state in STATES),
        "tabs": [{"name": name, "label": labels[name], "count": counts[name]} for name in _FILTERS],
        "devices": devices_now(request.user, list(sheet.object_list), moment),
        "sheet": sheet,
        "query": urlencode({"q": text, "state": chosen}),
        "texts": age_texts(),
    }
    return render(request, "frontend_map/sensors.html", context)


@page(Capability.VIEW_SENSORS)
def sensor(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One device; 404 when it lies outside the viewer's divisions."""
    thing = access(things_visible_to(request.user), request.user, Capability.VIEW_SENSORS, uid=uid)
    moment = timezone.now()
    streams = streams_of(request.user, thing, moment)
    may_edit = divisions_of(request.user, Capability.EDIT_SERIES).filter(pk=thing.division_id).exists()
    may_handle = divisions_of(request.user, Capability.HANDLE_ALARMS).filter(pk=thing.division_id).exists()
    place = place_of(thing)
    flags, alarms = flags_of(request.user, streams), alarms_of(request.user, thing)
    context = {
        "thing": thing,
        "node": thing.attachment.node if thing.attachment else None,
        "streams": streams,
        "state": _worst([now.state for now in streams]),
        "edits": edits_of(request.user, thing),
        "flags": flags[:SHOWN_FLAGS],
        "alarms": alarms,
        "place": place,
        "may_edit": may_edit,
        "may_make_rules": divisions_of(request.user, Capability.EDIT_SENSORS)
        .filter(pk=thing.division_id)
        .exists(),
        "may_handle": may_handle,
        "settings": _settings(thing, place, may_edit)
        | {"streams": chart_streams(streams), "alarms": chart_alarms(alarms), "flags": chart_flags(flags)},
        "texts": device_texts(),
    }
    return render(request, "frontend_map/sensor.html", context)


def _worst(states: list[str]) -> str:
    return next((state for state in ("silent", "late", "ok") if state in states), "bare")


def _settings(thing: Thing, place: tuple[float, float] | None, may_edit: bool) -> dict[str, Any]:
    """Addresses and rights for the page's program."""
    node: Node | None = thing.attachment.node if thing.attachment else None
    return {
        "thing": str(thing.uid),
        "mayEdit": may_edit,
        "place": place,
        "node": str(node.uid) if node else None,
        "network": thing.attachment.network.code if thing.attachment else None,
        "basemap": tile_template_of(settings.TARMOQ_BASEMAP_URL),
        "addresses": {
            "api": "/api/v1/",
            "tiles": reverse("tilejson", args=["LAYER"]),
            "flags": "/api/v1/quality-flags/",
            "alarms": "/api/v1/alarms/",
        },
    }
