"""One hour of 100,000 datastreams at 5 minutes: taken, checked and rolled up as the workers do it."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from django.utils import timezone

from sensors.quality.services.checking import check_quality
from sensors.series.services.ingestion import take_observations
from sensors.series.services.observation_arrays import Observations, microseconds
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.bench.series_bench import make_streams
from tests.bench.timing import seconds

STREAMS, ROUNDS = 100_000, 12
ALLOWED_S = 300.0


def run() -> list[dict[str, Any]]:
    """1.2 million values in twelve rounds; after each round a look at quality and roll-ups, as the beat has it."""
    streams = make_streams("HOUR", STREAMS)
    began = (timezone.now() - timedelta(hours=2)).replace(minute=0, second=0, microsecond=0)
    spent = {"taken": 0.0, "checked": 0.0, "rolled up": 0.0}
    for number in range(ROUNDS):
        round_ = _round(streams, began, number)
        spent["taken"] += seconds(partial(take_observations, round_, acting_user=None, origin="hour"))
        spent["checked"] += seconds(check_quality)
        spent["rolled up"] += seconds(refresh_roll_ups)
    total = sum(spent.values())
    return [
        _row("an hour of 100,000 datastreams: taken, checked and rolled up", total),
        *(_row(f"   of this {part}", figure) for part, figure in spent.items()),
    ]


def _round(streams: Any, began: datetime, number: int) -> Observations:
    at = microseconds(began + timedelta(minutes=5 * number))
    values = np.round(
        40 + 5 * np.sin(streams) + np.random.default_rng(number).normal(0, 0.5, len(streams)), 2
    )
    return Observations(streams, np.full(len(streams), at), values)


def _row(name: str, spent_s: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": spent_s,
        "floor": ALLOWED_S,
        "unit": "s of 300",
        "ratio": spent_s / ALLOWED_S,
    }
