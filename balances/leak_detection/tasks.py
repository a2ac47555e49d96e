"""Periodic work of the leak search."""

from celery import shared_task

from balances.leak_detection.services.searching import search_everywhere


@shared_task
def detect_leaks_on_arrival() -> dict[str, int]:
    """Go on with the search in all zones, on what arrived; new leaks are told through the alarms' outbox."""
    zones, events = search_everywhere()
    return {"zones": zones, "events": events}
