"""Long work of the balances."""

from datetime import date
from typing import Any

from celery import shared_task

from assets.networks.selectors.by_code import network_by_code
from balances.zone_balances.services.computation import compute_balances
from gis_core.models import Job
from gis_core.services.jobs import ProgressReport, run_job


@shared_task
def run_balance_job(uid: str) -> None:
    """Do one balance job."""
    run_job(uid, _compute, as_one_transaction=True)


def _compute(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    return dict(
        compute_balances(
            network=network_by_code(job.parameters["network"]),
            first_month=date.fromisoformat(job.parameters["first_month"]),
            last_month=date.fromisoformat(job.parameters["last_month"]),
            acting_user=job.created_by,
            report_progress=report_progress,
        )
    )
