"""The network map: what it draws comes from tiles and API, this says who is looking at what."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from assets.networks.selectors.network_reads import networks_visible_to
from assets.tiles.selectors.tiles import extent_of
from frontend_map.client_texts import map_texts
from frontend_map.network_choice import choose_network, unknown_network
from frontend_map.page_access import page
from gis_core.access import Capability, holds


@page(Capability.VIEW_NETWORK)
def network_map(request: HttpRequest) -> HttpResponse:
    """The map of one network at a time (`?network=CODE`), else the last one used."""
    choice = choose_network(request)
    if choice.unknown_code is not None:
        return unknown_network(request, choice.unknown_code)
    chosen = choice.chosen
    networks = list(networks_visible_to(request.user))
    page_settings = {
        "network": chosen.code if chosen else None,
        "extent": extent_of(request.user, network_code=chosen.code) if chosen else None,
        "showsBalances": holds(request.user, Capability.VIEW_BALANCES),
        "showsSensors": holds(request.user, Capability.VIEW_SENSORS),
        "basemap": getattr(settings, "TARMOQ_BASEMAP_URL", ""),
        "selected": request.GET.get("selected", ""),
        "addresses": {
            "page": reverse("map"),
            "field": reverse("field"),
            "tiles": reverse("tilejson", args=["LAYER"]),
            "zone": reverse("zone", args=["00000000-0000-0000-0000-000000000000"]),
            "sensor": reverse("sensor", args=["00000000-0000-0000-0000-000000000000"]),
            "api": "/api/v1/",
        },
    }
    return render(
        request,
        "frontend_map/map.html",
        {"networks": networks, "chosen": chosen, "settings": page_settings, "texts": map_texts()},
    )
