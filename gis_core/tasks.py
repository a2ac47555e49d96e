"""Periodic work of the core."""

from celery import shared_task

from gis_core.job_kinds import enqueue
from gis_core.services.job_files import remove_old_files
from gis_core.services.jobs import abandoned_jobs
from gis_core.services.kept_answers import forget_old_answers
from gis_core.services.open_sessions import forget_ended_sessions


@shared_task
def reclaim_abandoned_jobs() -> int:
    """Queue again what a dead worker left behind; return how many jobs that were."""
    jobs = abandoned_jobs()
    for job in jobs:
        enqueue(job.kind, str(job.uid))
    return len(jobs)


@shared_task
def forget_answers() -> int:
    """Remove answers to POSTs with an `Idempotency-Key` after a week; return how many."""
    return forget_old_answers()


@shared_task
def forget_sessions() -> int:
    """Remove sessions that are over; return how many."""
    return forget_ended_sessions()


@shared_task
def remove_old_job_files() -> int:
    """Remove what jobs made some days ago; return of how many jobs."""
    return remove_old_files()
