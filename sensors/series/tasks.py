"""Periodic work of the series."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sensors.series.services.ingestion import make_partition
from sensors.series.services.packing import months_to_pack, pack_month
from sensors.series.services.roll_ups import refresh_roll_ups


@shared_task
def make_partitions_ahead() -> list[str]:
    """Make the partitions of this month and the two after it, before the first value of a month arrives."""
    now = timezone.now()
    return [make_partition(now + timedelta(days=days)) for days in (0, 31, 62)]


@shared_task
def keep_roll_ups() -> int:
    """Bring the roll-ups up to date; how many datastream-days were dirty."""
    return refresh_roll_ups(limit=200_000).days


@shared_task
def pack_closed_months() -> list[str]:
    """Pack the months that have been closed for long enough, and those that got late values since."""
    return [pack_month(month).month for month in months_to_pack()]
