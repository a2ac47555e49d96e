"""Simulations done by workers."""

from typing import Any

from celery import shared_task

from assets.networks.selectors.by_code import network_by_code
from assets.simulation.services import simulate_network as run_simulation
from gis_core.models import Job
from gis_core.services.jobs import ProgressReport, run_job


@shared_task
def simulate_network(uid: str) -> None:
    """Do a job of kind "simulate network" with the parameters `network` (code) and `hours`; see the run it names."""
    run_job(uid, _simulate, as_one_transaction=True)


def _simulate(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    simulation = run_simulation(
        network_by_code(job.parameters["network"]),
        hours=float(job.parameters["hours"]),
        acting_user=job.created_by,
        report_progress=report_progress,
    )
    run = simulation.run
    return {"network": run.network.code, "run": str(run.uid), "hours": run.hours, "warnings": run.warnings}
