"""Periodic work of the outbox: each by one worker at a time."""

from celery import shared_task

from gis_core.database.locks import AdvisoryLock, held_by_session
from gis_core.messages.services.sending import ask_about_messages, send_messages


@shared_task
def send_due_messages() -> int:
    """Send what waits in the outbox; how many were taken."""
    with held_by_session(AdvisoryLock.OUTBOX, 0) as is_ours:
        return send_messages().sent if is_ours else 0


@shared_task
def ask_about_sent_messages() -> int:
    """Ask about what was taken and of which nothing was heard; how many are settled now."""
    with held_by_session(AdvisoryLock.OUTBOX, 1) as is_ours:
        return ask_about_messages() if is_ours else 0
