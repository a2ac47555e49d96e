"""Taking rows out of the logs of what came in: by index and place, whatever statistics say of such tables."""

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper

from gis_core.models import Division
from sensors.quality.services.reading import take_unchecked
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.databases import as_owner
from tests.sensors.quality.test_checking import make_stream

DAYS = 5000


def read_in_a_row(cursor: CursorWrapper, table: str) -> int:
    """How many rows this transaction has read by going through the whole table."""
    cursor.execute("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = %s", [table])
    return int(cursor.fetchone()[0])


def add_hours(cursor: CursorWrapper, streams: list[int]) -> None:
    cursor.execute(
        "INSERT INTO sensors_dirtybucket (datastream_id, day, hours) "
        "SELECT stream, '2010-01-01'::date + day, 3 FROM unnest(%s::bigint[]) stream, generate_series(1, %s) day",
        [streams, DAYS],
    )


@pytest.mark.parametrize("is_named", [True, False])
def test_a_log_that_was_empty_when_last_looked_at_is_not_read_whole(
    district: Division, is_named: bool
) -> None:
    streams = [make_stream(district, f"S{number}").pk for number in range(2)]
    with connection.cursor() as cursor:
        add_hours(cursor, streams)
        # As autovacuum finds them between two looks: pages, and nothing in them.
        cursor.execute("DELETE FROM sensors_dirtybucket; DELETE FROM sensors_uncheckedbucket")
        with as_owner():
            cursor.execute("ANALYZE sensors_dirtybucket, sensors_uncheckedbucket")
        add_hours(cursor, streams)
        before = [
            read_in_a_row(cursor, table) for table in ("sensors_dirtybucket", "sensors_uncheckedbucket")
        ]
        named = streams[:1] if is_named else None
        taken, since_us, until_us = take_unchecked(named)
        assert set(taken.tolist()) == set(named or streams)
        # Hours of days that follow each other are one span.
        assert len(since_us) == len(until_us) == (1 if is_named else 2)
        assert refresh_roll_ups(streams=named).days == DAYS * (1 if is_named else 2)
        after = [read_in_a_row(cursor, table) for table in ("sensors_dirtybucket", "sensors_uncheckedbucket")]
        cursor.execute("SELECT count(*) FROM sensors_dirtybucket")
        (dirty,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM sensors_uncheckedbucket")
        (unchecked,) = cursor.fetchone()
    assert after == before
    assert (dirty, unchecked) == ((DAYS, DAYS) if is_named else (0, 0))
