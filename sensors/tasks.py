"""Periodic work of the sensors."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from sensors.alarms.services.evaluating import evaluate_alarms
from sensors.alarms.services.sending import send_notifications
from sensors.quality.services.checking import check_quality
from sensors.quality.services.clocks import check_clocks
from sensors.quality.services.neighbours import learn_neighbours
from sensors.regulators.services.controlling import regulate
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


@shared_task
def keep_quality_and_alarms() -> dict[str, int]:
    """Roll up and check what came in, then evaluate the alarm rules on it."""
    refresh_roll_ups(limit=200_000)
    checked = check_quality(batches=20)
    evaluated = evaluate_alarms()
    return {"values": checked.values, "flagged": checked.flagged, "raised": evaluated.raised}


@shared_task
def send_due_notifications() -> int:
    """Send what waits in the outbox; how many got through."""
    return send_notifications().sent


@shared_task
def regulate_set_points() -> int:
    """Look at every regulator; how many commands were given."""
    return regulate().commands


@shared_task
def learn_quality() -> int:
    """Yesterday's clock lags, and what is usual between neighbours; how many datastreams have neighbours."""
    check_clocks()
    return learn_neighbours()
