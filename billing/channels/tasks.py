"""Periodic work of the channels."""

from celery import shared_task

from billing.channels.services.transactions import expire_due, now_ms


@shared_task
def expire_transactions() -> int:
    """End what providers began too long ago; how many."""
    return expire_due(at_ms=now_ms())
