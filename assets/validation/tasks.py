"""Validations done by workers."""

from typing import Any

from celery import shared_task

from assets.networks.selectors.by_code import network_by_code
from assets.validation.services import validate_network as run_validation
from gis_core.models import Job
from gis_core.services.jobs import ProgressReport, run_job


@shared_task
def validate_network(uid: str) -> None:
    """Do a job of kind "validate network": `network` (code), `all` (the whole network, else its dirty ground)."""
    run_job(uid, _validate, as_one_transaction=True)


def _validate(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    result = run_validation(
        network_by_code(job.parameters["network"]),
        acting_user=job.created_by,
        is_everything=bool(job.parameters.get("all")),
        report_progress=report_progress,
    ).as_dict()
    # The findings are a list of their own; the job says how many there are.
    return {key: value for key, value in result.items() if key != "findings"}
