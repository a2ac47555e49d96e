"""Periodic work of quality besides the check of what came in, which alarms follow (sensors.alarms.tasks)."""

from celery import shared_task

from sensors.quality.services.clocks import check_clocks
from sensors.quality.services.neighbours import learn_neighbours


@shared_task
def learn_quality() -> int:
    """Yesterday's clock lags, and what is usual between neighbours; how many datastreams have neighbours."""
    check_clocks()
    return learn_neighbours()
