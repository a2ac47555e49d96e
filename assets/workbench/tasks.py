"""The workbench's work that is done by workers."""

from celery import shared_task

from assets.workbench.services.element_export import do_element_export
from gis_core.services.jobs import run_job


@shared_task
def export_elements(uid: str) -> None:
    """Do a job of kind "export elements"; its result is a file (see `request_element_export` for its parameters)."""
    run_job(uid, do_element_export)
