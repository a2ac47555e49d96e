"""Periodic work of the topology."""

from celery import shared_task

from assets.topology.services.rebuilding import refresh_stale_topologies


@shared_task
def refresh_topologies() -> None:
    """Make segments and supply numbers current where a change outside edits, or many cut ways, left them behind."""
    refresh_stale_topologies()
