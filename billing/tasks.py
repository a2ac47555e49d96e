"""Long work of billing."""

from datetime import date
from typing import Any

from celery import shared_task

from billing.models import Account
from billing.printing.services.bill_files import do_print
from billing.services.penalties import charge_penalties
from billing.services.runs import run_billing
from gis_core.models import Job
from gis_core.selectors.organisation import division_by_code, enterprise_by_code
from gis_core.services.jobs import ProgressReport, run_job


@shared_task
def run_billing_job(uid: str) -> None:
    """Do one billing job; a run commits its parts itself, and goes on in them when the job is done again."""
    run_job(uid, do_bill)


@shared_task
def print_bills_job(uid: str) -> None:
    """Do one job of printing."""
    run_job(uid, do_print)


def do_bill(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Bill what a job asks for."""
    enterprise = enterprise_by_code(job.parameters["enterprise"])
    number, division = job.parameters.get("account"), job.parameters.get("division")
    asked: dict[str, Any] = {
        "enterprise": enterprise,
        "account": Account.objects.get(enterprise=enterprise, number=number) if number else None,
        "division": division_by_code(division) if division else None,
        "month": date.fromisoformat(job.parameters["month"]),
        "is_trial": job.parameters["trial"],
        "acting_user": job.created_by,
    }
    # Jobs from before there were penalties do not say.
    if job.parameters.get("penalties"):
        report_progress("Billing", 0, 1)
        result = charge_penalties(**asked)
    else:
        result = run_billing(**asked, job=job, report_progress=report_progress)
    report_progress("Billing", 1, 1)
    return {
        key: value if isinstance(value, int | dict) else str(value) for key, value in result.as_dict().items()
    }
