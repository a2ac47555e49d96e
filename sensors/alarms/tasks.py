"""Periodic work of the alarms, and of the check of quality that they follow."""

from celery import shared_task

from sensors.alarms.services.evaluating import evaluate_alarms
from sensors.alarms.services.late import raise_late
from sensors.alarms.services.sending import send_notifications
from sensors.quality.services.checking import check_quality
from sensors.series.services.roll_ups import refresh_roll_ups


@shared_task
def keep_quality_and_alarms() -> dict[str, int]:
    """Roll up and check what came in, then evaluate the alarm rules on it."""
    refresh_roll_ups(limit=200_000)
    checked = check_quality(batches=20, follow=raise_late)
    evaluated = evaluate_alarms()
    return {"values": checked.values, "flagged": checked.flagged, "raised": evaluated.raised}


@shared_task
def send_due_notifications() -> int:
    """Send what waits in the outbox; how many got through."""
    return send_notifications().sent
