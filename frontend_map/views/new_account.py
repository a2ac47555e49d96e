"""A new subscriber in one screen: who, where, from which place of the network, what is supplied, and the contract."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.networks.selectors.network_reads import networks_visible_to
from billing.selectors.new_accounts import (
    SUBSCRIBER_CLASSES,
    divisions_with_streets,
    enterprises_to_open_for,
    services_to_supply,
)
from frontend_map.base_map import tile_template_of
from frontend_map.client_texts import asset_kind_texts
from frontend_map.network_choice import choose_network
from frontend_map.page_access import page
from gis_core.access import Capability

_MOST_NETWORKS = 500
_ANY = "00000000-0000-0000-0000-000000000000"


@page(Capability.MANAGE_ACCOUNTS)
def new_account(request: HttpRequest) -> HttpResponse:
    """The form; what it says is checked and written by `POST /api/v1/accounts/`."""
    networks = list(networks_visible_to(request.user).order_by("name")[:_MOST_NETWORKS])
    chosen = choose_network(request).chosen
    context = {
        "classes": SUBSCRIBER_CLASSES,
        "enterprises": enterprises_to_open_for(request.user),
        "divisions": divisions_with_streets(request.user),
        "networks": networks,
        "chosen_network": chosen,
        "services": services_to_supply(),
        "today": timezone.localdate(),
        "settings": {
            "api": "/api/v1/",
            "account": reverse("account", args=[_ANY]),
            "any": _ANY,
            "basemap": tile_template_of(settings.TARMOQ_BASEMAP_URL),
            "tiles": reverse("tilejson", args=["LAYER"]),
        },
        "texts": new_account_texts(),
    }
    return render(request, "frontend_map/new_account.html", context)


def new_account_texts() -> dict[str, Any]:
    """What the page says from its program."""
    return {
        "kinds": asset_kind_texts(),
        "away": _("{distance} m from the click"),
        "nothingNear": _("Nothing of this network is near. Click closer to a pipe."),
        "noStreet": _("Choose a street of the register, or add it."),
        "streetAdded": _("{street} is in the register now, and chosen."),
        "badNumber": _("Give a number."),
        "needed": _("This is needed."),
        "noService": _("Choose at least one service."),
        "noPlace": _("Click on the map where the supply comes from."),
        "failed": _("It could not be done: {reason}"),
        "loadFailed": _("This could not be loaded. Check the connection and try again."),
    }
