"""Long work: what is queued and running, and how each piece of it ended."""

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from frontend_map.page_access import page
from gis_core.access import Capability, visible
from gis_core.job_kinds import can_stop
from gis_core.models import Job
from gis_core.selectors.organisation import job_visible_to, may_cancel

_SHOWN = 50


@page(Capability.VIEW_JOBS)
def jobs(request: HttpRequest) -> HttpResponse:
    """The newest jobs of the viewer's divisions."""
    shown = visible(
        Job.objects.select_related("created_by", "division").defer("division__boundary"),
        request.user,
        Capability.VIEW_JOBS,
    )
    return render(request, "frontend_map/jobs.html", {"jobs": list(shown[:_SHOWN])})


# One's own job is seen by whoever could ask for it.
@page(Capability.VIEW_DIVISIONS)
def job(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One job; its script asks the API for progress until it has ended."""
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
        },
        "lost": _("The connection was lost; trying again."),
        "can_stop": can_stop(shown.kind),
        "sure": _("Cancel this job? Nothing of what it has done so far will remain."),
        "not_cancelled": _("It could not be cancelled: {reason}"),
        "kept_until": _("kept until {day}"),
    }
    result = json.dumps(shown.result, ensure_ascii=False, indent=2) if shown.result is not None else ""
    return render(
        request,
        "frontend_map/job.html",
        {
            "job": shown,
            "settings": settings,
            "result_text": result,
            "may_cancel": may_cancel(request.user, shown),
        },
    )
