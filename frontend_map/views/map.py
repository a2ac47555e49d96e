"""The network map: what it draws comes from tiles and API, this says who is looking at what."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from assets.models import Network, NodeKind
from assets.models.commodities import rules_of
from assets.networks.services.summaries import extent_of_network
from assets.tiles.selectors.tiles import TILE_LAYERS
from balances.selectors.zone_balances import months_of
from frontend_map.base_map import base_map_of
from frontend_map.map_texts import map_texts, tool_texts
from frontend_map.network_choice import choose_network, unknown_network
from frontend_map.page_access import page
from gis_core.access import Capability, capabilities_of

_ANY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class MapTool:
    """One entry of the map's toolbar: its program's name, its symbol, and who may use it."""

    name: str
    icon: str
    capability: Capability


MAP_TOOLS = (
    MapTool("layers", "layers", Capability.VIEW_NETWORK),
    MapTool("losses", "drop", Capability.VIEW_BALANCES),
    MapTool("draw", "edit", Capability.EDIT_NETWORK),
    MapTool("table", "table", Capability.VIEW_NETWORK),
    MapTool("trace", "trace", Capability.VIEW_NETWORK),
    MapTool("isolate", "valve", Capability.VIEW_NETWORK),
    MapTool("validate", "check", Capability.VIEW_NETWORK),
    MapTool("simulate", "pressure", Capability.VIEW_NETWORK),
    MapTool("profile", "profile", Capability.VIEW_NETWORK),
    MapTool("zones", "zone", Capability.VIEW_NETWORK),
    MapTool("plans", "plan", Capability.VIEW_NETWORK),
    MapTool("history", "undo", Capability.VIEW_NETWORK),
    MapTool("time", "clock", Capability.VIEW_NETWORK),
    MapTool("print", "print", Capability.VIEW_NETWORK),
)
# Balances of pressure and flow are those of water that runs in pipes under pressure.
_SIMULATED_COMMODITIES = {"water"}


@page(Capability.VIEW_NETWORK)
def network_map(request: HttpRequest) -> HttpResponse:
    """The map of one network at a time (`?network=CODE`), else the last one used."""
    choice = choose_network(request)
    if choice.unknown_code is not None:
        return unknown_network(request, choice.unknown_code)
    chosen = choice.chosen
    held = capabilities_of(request.user)
    tools = [tool for tool in MAP_TOOLS if tool.capability in held and _suits(tool, chosen)]
    words = tool_texts()
    context = {
        "chosen": chosen,
        "tools": [{"name": tool.name, "icon": tool.icon, "label": words[tool.name]} for tool in tools],
        "settings": _page_settings(request, chosen, sorted(str(capability) for capability in held)),
        "texts": map_texts(),
    }
    return render(request, "frontend_map/map.html", context)


def _page_settings(request: HttpRequest, chosen: Network | None, held: list[str]) -> dict[str, Any]:
    rules = rules_of(chosen.commodity) if chosen else None
    return {
        "network": chosen.code if chosen else None,
        "networkName": chosen.name if chosen else "",
        "commodity": chosen.commodity if chosen else "",
        "snapToleranceM": chosen.snap_tolerance_m if chosen else 0,
        "division": chosen.division.code if chosen else "",
        "extent": extent_of_network(chosen) if chosen else None,
        "capabilities": held,
        "basemap": base_map_of(settings.TARMOQ_BASEMAP_URL, settings.TARMOQ_BASEMAP_ATTRIBUTION),
        "kinds": [kind.value for kind in NodeKind if rules and kind.value in rules.kinds],
        "deviceKinds": [kind.value for kind in NodeKind if rules and kind.value in rules.device_kinds],
        "lossMonths": [f"{month:%Y-%m-%d}" for month in months_of(request.user, chosen)] if chosen else [],
        "tileLayers": list(TILE_LAYERS),
        "addresses": {
            "page": reverse("map"),
            "field": reverse("field"),
            "tiles": reverse("tilejson", args=["LAYER"]),
            "zone": reverse("zone", args=[_ANY]),
            "sensor": reverse("sensor", args=[_ANY]),
            "job": reverse("job", args=[_ANY]),
            "work": reverse("work"),
            "api": "/api/v1/",
            "ogc": "/ogc/",
        },
    }


def _suits(tool: MapTool, network: Network | None) -> bool:
    """Whether a tool has anything to do in this network."""
    if network is None:
        return False
    return network.commodity in _SIMULATED_COMMODITIES or tool.name not in ("simulate", "losses")
