"""Which network a page shows: the one asked for, else the last one used, else where losses are watched."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assets.models import Network
from assets.networks.selectors.network_reads import first_network, networks_matching, networks_visible_to

_REMEMBERED = "network"
# Offered when what was asked for is not there; the picker finds the others.
_OFFERED = 12
_LONGEST_TEXT = 100


@dataclass(frozen=True)
class NetworkChoice:
    """`chosen` is None when there is none, or when `unknown_code` was asked for and is not the viewer's to see."""

    chosen: Network | None
    unknown_code: str | None = None


def choose_network(request: HttpRequest) -> NetworkChoice:
    """The network of `?network=CODE`, which is then remembered in the session; never another in its place."""
    networks = networks_visible_to(request.user)
    code = request.GET.get("network", "").strip()
    if code:
        chosen = None if "\x00" in code else networks.filter(code=code).first()
        if chosen is None:
            return NetworkChoice(None, code[:_LONGEST_TEXT])
        if request.session.get(_REMEMBERED) != chosen.code:
            request.session[_REMEMBERED] = chosen.code
        return NetworkChoice(chosen)
    remembered = request.session.get(_REMEMBERED)
    last_used = networks.filter(code=remembered).first() if remembered else None
    return NetworkChoice(last_used or first_network(networks))


def unknown_network(request: HttpRequest, code: str) -> HttpResponse:
    """A page that says that there is no such network (404), with the picker and what was perhaps meant."""
    networks = networks_visible_to(request.user)
    alike = [] if "\x00" in code else list(networks_matching(networks, code)[:_OFFERED])
    offered = alike or list(networks[:_OFFERED])
    return render(
        request,
        "frontend_map/network_unknown.html",
        {"unknown_code": code, "offered": offered, "chosen": None, "are_alike": bool(alike)},
        status=404,
    )
