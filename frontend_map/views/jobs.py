"""Long work: starting it, what is queued and running, and how each piece of it ended."""

from datetime import timedelta
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.exchange.services.export import EXPORT_FORMATS
from billing.selectors.months import billed_enterprises
from frontend_map.job_results import KEPT_BY_PARTS, advice_on, result_of
from frontend_map.network_choice import choose_network
from frontend_map.page_access import page
from gis_core.access import Capability, Viewer, capabilities_of
from gis_core.models import Job
from gis_core.selectors.organisation import (
    job_visible_to,
    jobs_visible_to,
    may_cancel,
)

_SHOWN = 50
# What is asked for by which kind of work: names of the form's fields.
_FIELDS = {
    "validate": ("network",),
    "simulate": ("network", "hours"),
    "balances": ("network", "first_month", "last_month"),
    "leaks": ("network",),
    "billing": ("enterprise", "month", "trial"),
    "export": ("network", "format"),
}


@page(Capability.VIEW_JOBS)
def jobs(request: HttpRequest) -> HttpResponse:
    """The viewer's jobs (`?state=`), the newest first, and a form that starts one."""
    shown = jobs_visible_to(request.user).defer("division__boundary", "result")
    state = request.GET.get("state", "")
    state = state if state in Job.State.values else ""
    sheet = Paginator(shown.filter(state=state) if state else shown, _SHOWN).get_page(request.GET.get("page"))
    starts = _starts(request.user)
    context = {
        "jobs": list(sheet),
        "sheet": sheet,
        "query": f"state={state}&" if state else "",
        "chosen_state": state,
        "states": [(value.value, _(value.label)) for value in Job.State],
        "starts": starts,
        "chosen_start": request.GET.get("start", ""),
        "fields": {name for start in starts for name in _FIELDS[start[0]]},
        "chosen": choose_network(request).chosen,
        "enterprises": list(billed_enterprises(request.user, Capability.RUN_BILLING)),
        "formats": EXPORT_FORMATS,
        "last_month": _month_before(),
        "settings": {
            "api": "/api/v1/",
            "job": "/jobs/",
            "fields": _FIELDS,
            "lost": _("The connection was lost; trying again."),
            "ready": _("The file has been made: your browser keeps it."),
        },
    }
    return render(request, "frontend_map/jobs.html", context)


def _starts(viewer: Viewer) -> list[tuple[str, str]]:
    """The kinds of work that the viewer may start, with their words."""
    held = capabilities_of(viewer)
    kinds = [
        ("validate", _("Check a network"), Capability.EDIT_NETWORK),
        ("simulate", _("Simulate a network with EPANET"), Capability.EDIT_NETWORK),
        ("balances", _("Compute zone balances"), Capability.COMPUTE_BALANCES),
        ("leaks", _("Search a network for leaks"), Capability.HANDLE_LEAK_EVENTS),
        ("billing", _("Bill a month"), Capability.RUN_BILLING),
        ("export", _("Export a network"), Capability.VIEW_NETWORK),
    ]
    return [(name, label) for name, label, capability in kinds if capability in held]


def _month_before() -> str:
    first = timezone.localdate().replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


# One's own job is seen by whoever could ask for it.
@page(Capability.VIEW_DIVISIONS)
def job(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One job; its script asks the API for progress and opens the page anew when it has ended."""
    shown = job_visible_to(request.user, uid)
    settings = {
        "address": f"/api/v1/jobs/{shown.uid}/",
        "states": {state.value: _(state.label) for state in Job.State},
        # What long edits and exports report as they go.
        "messages": {
            "operations": _("operations"),
            "reading and writing": _("reading and writing"),
            "checksum": _("checksum"),
            "file": _("file"),
            "Billing": _("Billing"),
        },
        "lost": _("The connection was lost; trying again."),
        "sure": _("Cancel this job? What it has done so far remains.")
        if shown.kind in KEPT_BY_PARTS
        else _("Cancel this job? Nothing of what it has done so far will remain."),
        "not_cancelled": _("It could not be cancelled: {reason}"),
        "kept_until": _("kept until {day}"),
    }
    return render(
        request,
        "frontend_map/job.html",
        {
            "job": shown,
            "settings": settings,
            "result": result_of(shown),
            "advice": advice_on(shown),
            "may_cancel": may_cancel(request.user, shown),
        },
    )
