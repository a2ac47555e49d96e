"""Periodic work of the outbox."""

from celery import shared_task

from gis_core.messages.services.sending import ask_about_messages, send_messages


@shared_task
def send_due_messages() -> int:
    """Send what waits in the outbox; how many were taken."""
    return send_messages().sent


@shared_task
def ask_about_sent_messages() -> int:
    """Ask about what was taken and of which nothing was heard; how many are settled now."""
    return ask_about_messages()
