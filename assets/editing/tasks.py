"""Long edits done by workers."""

from celery import shared_task

from assets.editing.services.edit_jobs import do_edit, do_undo
from gis_core.services.jobs import run_job


@shared_task
def edit_network(uid: str) -> None:
    """Do a job of kind "edit network": the edit and the job's success are one transaction."""
    run_job(uid, do_edit, as_one_transaction=True)


@shared_task
def undo_edit(uid: str) -> None:
    """Do a job of kind "undo edit": the undo and the job's success are one transaction."""
    run_job(uid, do_undo, as_one_transaction=True)
