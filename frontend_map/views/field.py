"""The page for people in the street: what is near, how far, and in which direction."""

import math
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from assets.networks.selectors.network_reads import ASSET_KINDS, NearAsset, nearest_assets
from frontend_map.client_texts import asset_kind_texts, compass_texts
from frontend_map.page_access import page
from gis_core.access import Capability
from gis_core.errors import ReportedError

_SHOWN = 25


@dataclass(frozen=True)
class NearbyAsset:
    """A near asset in words."""

    asset: NearAsset
    kind: str
    wind: str
    bearing: int | None


@page(Capability.VIEW_NETWORK)
def field(request: HttpRequest) -> HttpResponse:
    """Works from its address alone (`?lon=&lat=&kind=`); the script only fills in where the phone is."""
    texts = asset_kind_texts()
    kind = request.GET.get("kind", "")
    longitude, latitude = request.GET.get("lon", "").strip(), request.GET.get("lat", "").strip()
    found: list[NearbyAsset] = []
    error = ""
    if longitude or latitude:
        try:
            found = _neighbours(request, longitude, latitude, kind, texts)
        except ReportedError as reported:
            error = reported.message
    context = {
        "longitude": longitude,
        "latitude": latitude,
        "kind": kind,
        "kinds": [(name, texts[name]) for name in ASSET_KINDS],
        "found": found,
        "error": error,
        "is_asked": bool(longitude or latitude) and not error,
    }
    return render(request, "frontend_map/field.html", context)


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
