"""The home page: a section for each thing that the viewer's roles are about."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from assets.networks.selectors.network_reads import network_figures
from billing.selectors.accounts import billing_summary
from frontend_map.balance_reads import latest_month_losses, leak_suspicions
from frontend_map.page_access import page
from gis_core.access import Capability, capabilities_of, roles_of, visible
from gis_core.models import Job

_SHOWN_ZONES = 6
_SHOWN_SUSPICIONS = 5
_SHOWN_JOBS = 5


@page(None)
def home(request: HttpRequest) -> HttpResponse:
    """Cards by capability, in the order of the viewer's first role."""
    held = capabilities_of(request.user)
    context: dict[str, Any] = {"roles": roles_of(request.user)}
    if Capability.VIEW_NETWORK in held:
        context["networks"] = network_figures(request.user)
    if Capability.VIEW_BALANCES in held:
        losses = latest_month_losses(request.user)
        context |= {
            "shows_losses": True,
            "losses": losses,
            "top_zones": losses.zones[:_SHOWN_ZONES] if losses else [],
            "hidden_zones": max(0, len(losses.zones) - _SHOWN_ZONES) if losses else 0,
            "suspicions": leak_suspicions(request.user, _SHOWN_SUSPICIONS),
        }
    if Capability.VIEW_JOBS in held:
        jobs = visible(Job.objects.select_related("created_by"), request.user, Capability.VIEW_JOBS)
        context |= {"shows_jobs": True, "jobs": list(jobs[:_SHOWN_JOBS])}
    if Capability.VIEW_SUBSCRIBERS in held:
        context |= {"shows_accounts": True, "billing": billing_summary(request.user)}
    return render(request, "frontend_map/home.html", context)
