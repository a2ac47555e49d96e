"""The newest values, read again and again: what has come since the last look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from gis_core.access import Viewer
from sensors.selectors.series import datastreams_visible_to

MOST_STREAMS = 1000


@dataclass(frozen=True)
class LatestValue:
    """The newest final value of a datastream, in its unit, and when we had it."""

    datastream_id: int
    time: datetime
    value: float
    received_at: datetime


def latest_values(streams: Sequence[int], *, received_after: datetime | None = None) -> list[LatestValue]:
    """The newest values of datastreams that come from a scoped selector, by id; only later arrivals if asked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datastream_id, time, value, received_at FROM sensors_latestobservation "
            "WHERE datastream_id = ANY (%s) AND (%s::timestamptz IS NULL OR received_at > %s) ORDER BY 1",
            [list(streams), received_after, received_after],
        )
        return [LatestValue(*row) for row in cursor.fetchall()]


def streams_to_follow(viewer: Viewer, *, codes: Sequence[str], network: str | None) -> dict[int, str]:
    """Ids and codes of the visible datastreams with these codes, or of a network; at most 1,000, in order of code."""
    streams = datastreams_visible_to(viewer)
    if codes:
        streams = streams.filter(code__in=codes)
    if network is not None:
        streams = streams.filter(thing__attachment__network__code=network)
    return dict(streams.order_by("code").values_list("pk", "code")[:MOST_STREAMS])
