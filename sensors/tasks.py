"""Periodic work of the sensors."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sensors.services.ingestion import make_partition


@shared_task
def make_partitions_ahead() -> list[str]:
    """Make the partitions of this month and the two after it, before the first value of a month arrives."""
    now = timezone.now()
    return [make_partition(now + timedelta(days=days)) for days in (0, 31, 62)]
