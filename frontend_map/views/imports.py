"""Bringing networks in from files: the wizard, and what was imported before."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from assets.editing.selectors.edits import networks_editable_by
from assets.exchange.selectors.imports import ImportDone, imports_visible_to
from assets.models import Network
from frontend_map.client_texts import import_texts
from frontend_map.page_access import page
from gis_core.access import Capability, divisions_of


@page(Capability.EDIT_NETWORK)
def imports(request: HttpRequest) -> HttpResponse:
    """A file is chosen, looked at, tried and imported; below it the imports of the viewer's networks."""
    networks = networks_editable_by(request.user).order_by("name", "code")
    divisions = divisions_of(request.user, Capability.EDIT_NETWORK).order_by("path").values("code", "name")
    page_settings = {
        "networks": [
            {
                "code": network.code,
                "name": network.name,
                "division": network.division.code,
                "commodity": network.commodity,
            }
            for network in networks
        ],
        "largestBytes": settings.NETWORK_UPLOAD_MAX_BYTES,
        "addresses": {
            "inspect": reverse("import-inspections"),
            "import": reverse("network-imports"),
            "jobs": "/api/v1/jobs/",
            "networks": "/api/v1/networks/",
            "map": reverse("map"),
            "page": reverse("imports"),
        },
    }
    context = {
        "networks": networks,
        "divisions": divisions,
        "commodities": Network.Commodity.choices,
        "done": [_row(one) for one in imports_visible_to(request.user)],
        "settings": page_settings,
        "texts": import_texts(),
    }
    return render(request, "frontend_map/imports.html", context)


def _row(one: ImportDone) -> dict[str, Any]:
    return {
        "edit": one.edit,
        "is_own": one.is_own,
        "elements": one.elements,
        "map": f"{reverse('map')}?network={one.edit.network.code}",
    }
