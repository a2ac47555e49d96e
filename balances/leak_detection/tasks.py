"""Work of the leak search that is done by workers: each hour, and when somebody asks for it."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from assets.networks.selectors.by_code import network_by_code
from balances.leak_detection.services.searching import search_everywhere, search_network, searched_zones
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.models import Job
from gis_core.services.jobs import ProgressReport, run_job


@shared_task
def detect_leaks_on_arrival() -> dict[str, int]:
    """Go on with the search in all zones, on what arrived; new leaks are told through the alarms' outbox."""
    zones, events = search_everywhere()
    return {"zones": zones, "events": events}


@shared_task
def run_leak_search_job(uid: str) -> None:
    """Do one search that was asked for."""
    run_job(uid, _search)


def _search(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Each zone commits by itself, so that what was found stays when the job is cancelled."""
    network = network_by_code(job.parameters["network"])
    # What a search remembers is the zone's, whoever asked: with fewer loggers it would begin anew.
    with working_in(EVERYTHING):
        searched = search_network(
            network=network,
            until=timezone.now(),
            acting_user=job.created_by,
            is_told=True,
            report_progress=report_progress,
        )
        return {
            "network": network.code,
            "zones": len(searched),
            "not_searched": len(searched_zones(network)) - len(searched),
            "events": sum(len(search.made) for search in searched),
        }
