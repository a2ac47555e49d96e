"""Periodic work of the regulators."""

from celery import shared_task

from sensors.regulators.services.controlling import regulate


@shared_task
def regulate_set_points() -> int:
    """Look at every regulator; how many commands were given."""
    return regulate().commands
