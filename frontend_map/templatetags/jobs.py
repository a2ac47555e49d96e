"""What a job is about, for lists of jobs."""

from django import template

from frontend_map.job_results import subject_of
from gis_core.models import Job

register = template.Library()


@register.filter
def subject(job: Job) -> str:
    """KY4 · January 2026: what the job was asked to work on."""
    return subject_of(job)
