"""The page for people in the street: their work, what is near, what to record; and its service worker."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assets.field_sync.selectors.forms import forms_of_all_kinds
from assets.networks.selectors.network_reads import (
    NearAsset,
    kinds_that_occur,
    nearest_assets,
    networks_visible_to,
    nodes_visible_to,
    pipes_visible_to,
)
from assets.networks.services.summaries import extent_of_network
from frontend_map.base_map import tile_template_of
from frontend_map.client_texts import asset_kind_texts, compass_texts
from frontend_map.field_texts import field_choices, field_texts
from frontend_map.page_access import page
from gis_core.access import Capability, holds
from gis_core.errors import ReportedError

_SHOWN = 25
_FARTHER = 3
_NEAR_M = 2000
_WORKER = Path(__file__).parents[1] / "static" / "frontend_map" / "build" / "offline_worker.js"


@dataclass(frozen=True)
class NearbyAsset:
    """A near asset in words."""

    asset: NearAsset
    kind: str
    wind: str
    bearing: int | None


# Codes are read by WebAssembly where the browser has no reader of its own; it is compiled, and no text is evaluated.
@csp_update({"script-src": ["'self'", "'wasm-unsafe-eval'"], "media-src": ["'self'", "blob:"]})
@page(Capability.VIEW_NETWORK)
def field(request: HttpRequest) -> HttpResponse:
    """The crew's home; what is nearest works from its address alone (`?lon=&lat=&kind=`), without any program."""
    texts = asset_kind_texts()
    kind = request.GET.get("kind", "")
    longitude, latitude = request.GET.get("lon", "").strip(), request.GET.get("lat", "").strip()
    accuracy = request.GET.get("accuracy", "").strip()
    found: list[NearbyAsset] = []
    error = ""
    if longitude or latitude:
        try:
            found = _neighbours(request, longitude, latitude, kind, texts)
        except ReportedError as reported:
            error = reported.message
    near = [neighbour for neighbour in found if neighbour.asset.distance_m <= _NEAR_M]
    occurring = set(kinds_that_occur(request.user)) | ({kind} & texts.keys())
    context = {
        "longitude": longitude,
        "latitude": latitude,
        "accuracy": accuracy if accuracy.isdecimal() and len(accuracy) < 7 else "",
        "kind": kind,
        "kinds": [(name, texts[name]) for name in texts if name in occurring],
        "found": near or found[:_FARTHER],
        "is_near": bool(near),
        "error": error,
        "is_asked": bool(longitude or latitude) and not error,
        "settings": _settings(request, texts),
    }
    return render(request, "frontend_map/field.html", context)


def _settings(request: HttpRequest, kinds: dict[str, str]) -> dict[str, Any]:
    """What the page's program must know, with a network or without one."""
    viewer = request.user
    networks = list(networks_visible_to(viewer)[:200])
    first = networks[0] if networks else None
    return {
        "viewer": viewer.get_username(),
        "maySync": holds(viewer, Capability.RECORD_FIELD_WORK),
        "seesWork": holds(viewer, Capability.VIEW_WORK),
        "entersReadings": holds(viewer, Capability.ENTER_READINGS),
        "networks": [{"code": network.code, "name": network.name} for network in networks],
        "extent": extent_of_network(first) if first else None,
        "basemap": tile_template_of(settings.TARMOQ_BASEMAP_URL),
        "kinds": kinds,
        "words": field_texts(),
        "choices": field_choices(),
        "forms": forms_of_all_kinds(),
        "leaflet": {"script": static("leaflet/leaflet.js"), "style": static("leaflet/leaflet.css")},
        "worker": reverse("offline-worker"),
        "addresses": {"map": reverse("map"), "login": reverse("login"), "labels": reverse("labels")},
    }


@require_safe
def offline_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root of the site: it may keep only what lies below its own address."""
    if not _WORKER.is_file():
        raise Http404
    response = HttpResponse(_WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@page(Capability.VIEW_NETWORK)
def element(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Where a label's QR code leads: to the element's card on a phone, to the map on a desk."""
    node = nodes_visible_to(request.user).filter(uid=uid).first()
    pipe = pipes_visible_to(request.user).filter(uid=uid).first() if node is None else None
    found = node or pipe
    if found is None:
        raise Http404
    name = "node" if node is not None else "pipe"
    if _is_phone(request):
        return HttpResponseRedirect(f"{reverse('field')}#/asset/{name}/{uid}")
    return HttpResponseRedirect(f"{reverse('map')}?network={found.network.code}&selected={name}:{uid}")


def _is_phone(request: HttpRequest) -> bool:
    """By the browser's own word, or by its name."""
    said = request.headers.get("Sec-CH-UA-Mobile")
    return said == "?1" if said else "Mobi" in request.headers.get("User-Agent", "")


def _neighbours(
    request: HttpRequest, longitude: str, latitude: str, kind: str, texts: dict[str, str]
) -> list[NearbyAsset]:
    nearest = nearest_assets(
        request.user,
        longitude=_degrees(longitude),
        latitude=_degrees(latitude),
        kinds=[kind] if kind else [],
        limit=_SHOWN,
    )
    winds = compass_texts()
    return [
        NearbyAsset(
            asset=asset,
            kind=texts[asset.kind],
            wind="" if asset.bearing_degrees is None else winds[round(asset.bearing_degrees / 45) % 8],
            bearing=None if asset.bearing_degrees is None else round(asset.bearing_degrees),
        )
        for asset in nearest
    ]


def _degrees(text: str) -> float:
    """Degrees with a decimal point or comma; raises ReportedError."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ReportedError(_("Write longitude and latitude as decimal degrees, e.g. 69.3412 and 41.3305."))
    return value
