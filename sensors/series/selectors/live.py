"""The newest values, read again and again: what has come since the last look."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection

from gis_core.access import Viewer
from sensors.series.selectors.series import datastreams_visible_to

MOST_STREAMS = 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LatestValue(NamedTuple):
    """The newest final value of a datastream, in its unit, and when we had it."""

    datastream_id: int
    time: datetime
    value: float
    received_at: datetime


def latest_values(streams: Sequence[int]) -> list[LatestValue]:
    """The newest values of datastreams that come from a scoped selector, by id."""
    with connection.cursor() as cursor:
        # Numbers, since making two thousand instants of texts takes longer than all the rest.
        cursor.execute(
            "SELECT datastream_id, (date_part('epoch', time) * 1e6)::bigint, value, "
            "       (date_part('epoch', received_at) * 1e6)::bigint "
            "  FROM sensors_latestobservation WHERE datastream_id = ANY (%s) ORDER BY 1",
            [list(streams)],
        )
        return [
            LatestValue(
                pk, _EPOCH + timedelta(microseconds=time), value, _EPOCH + timedelta(microseconds=received)
            )
            for pk, time, value, received in cursor.fetchall()
        ]


def streams_to_follow(viewer: Viewer, *, codes: Sequence[str], network: str | None) -> dict[int, str]:
    """Ids and codes of the visible datastreams with these codes, or of a network; at most 1,000, in order of code."""
    streams = datastreams_visible_to(viewer)
    if codes:
        streams = streams.filter(code__in=codes)
    if network is not None:
        streams = streams.filter(thing__attachment__network__code=network)
    return dict(streams.order_by("code").values_list("pk", "code")[:MOST_STREAMS])
