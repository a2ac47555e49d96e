"""Keeping hourly and daily roll-ups equal to the final values, by recomputing the buckets that were touched."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.sql_files import load_sql

# How many rows of the log one transaction takes: a row is up to a day of one datastream.
BATCH = 20_000


@dataclass(frozen=True)
class RollUpResult:
    """How many datastream-days of dirty hours were worked off."""

    days: int


def refresh_roll_ups(*, streams: Sequence[int] | None = None, limit: int | None = None) -> RollUpResult:
    """Recompute the dirty buckets of the datastreams (all without `streams`), at most `limit` rows of the log.

    One at a time: of two that computed one bucket at once, the one that saw less could write last. Whoever comes second
    waits. Values that come in meanwhile make new rows in the log, which the next call takes.
    """
    taken = 0
    while limit is None or taken < limit:
        batch = BATCH if limit is None else min(BATCH, limit - taken)
        days = _refresh_batch(list(streams) if streams is not None else None, batch)
        taken += days
        if days == 0:
            break
    return RollUpResult(taken)


@transaction.atomic
def _refresh_batch(streams: list[int] | None, batch: int) -> int:
    with connection.cursor() as cursor:
        hold(AdvisoryLock.ROLL_UPS)
        cursor.execute("SET LOCAL client_min_messages = warning; DROP TABLE IF EXISTS taken_bucket")
        cursor.execute(
            "CREATE TEMPORARY TABLE taken_bucket ON COMMIT DROP AS SELECT * FROM sensors_take_dirty(%s, %s)",
            [streams, batch],
        )
        taken: int = cursor.rowcount
        if taken > 0:
            cursor.execute("ANALYZE taken_bucket")
            cursor.execute(load_sql("sensors.series", "refresh_roll_ups"))
            cursor.execute(load_sql("sensors.series", "refresh_days"))
        return taken
