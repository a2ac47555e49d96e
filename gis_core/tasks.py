"""Periodic work of the core."""

from celery import shared_task

from gis_core.job_kinds import enqueue
from gis_core.services.jobs import abandoned_jobs


@shared_task
def reclaim_abandoned_jobs() -> int:
    """Queue again what a dead worker left behind; return how many jobs that were."""
    jobs = abandoned_jobs()
    for job in jobs:
        enqueue(job.kind, str(job.uid))
    return len(jobs)
