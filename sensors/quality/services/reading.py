"""Reading final values for the rules: the touched spans and as much around them as the rules look at.

A value's flags depend on its neighbours in time, however far away they are. So each span is read with a margin; where
that margin holds fewer values than the rules need, with a wider one, until there are enough or the series ends.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection

from gis_core.database.binary_copy import bigint, binary_copy, columns_of, instants, instants_of, integer
from sensors.quality.services.checks import Ints

Mask = npt.NDArray[np.bool_]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
# Margins, one after the other, until they hold enough values. The last one reaches over everything.
MARGINS_US = (HOUR_US, DAY_US, 32 * DAY_US, 400 * DAY_US, 300 * 365 * DAY_US)
EARLIEST_US = -630_720_000_000_000  # 1950
LATEST_US = 32_503_680_000_000_000  # the year 3000


@dataclass(frozen=True)
class Spans:
    """Touched spans [since, until) of datastreams, with their first and last stamps; microseconds since 1970."""

    streams: Ints
    since_us: Ints
    until_us: Ints
    first_us: Ints
    last_us: Ints

    def __len__(self) -> int:
        return len(self.streams)

    def at(self, chosen: Any) -> "Spans":
        """Those at the indexes, or where the mask is true."""
        return Spans(
            self.streams[chosen],
            self.since_us[chosen],
            self.until_us[chosen],
            self.first_us[chosen],
            self.last_us[chosen],
        )


@dataclass(frozen=True)
class CheckedRows:
    """Final values in the order of (place, time); `places` are indexes of their spans, `edits` 0 where raw stands."""

    places: Ints
    times_us: Ints
    values: npt.NDArray[np.float64]
    received_us: Ints
    edits: Ints

    def __len__(self) -> int:
        return len(self.places)

    def at(self, chosen: Any) -> "CheckedRows":
        """Those at the indexes, or where the mask is true."""
        return CheckedRows(
            self.places[chosen],
            self.times_us[chosen],
            self.values[chosen],
            self.received_us[chosen],
            self.edits[chosen],
        )


def newest_final(datastream_id: int, since: datetime, until: datetime) -> tuple[datetime, float] | None:
    """Stamp and value of the newest final value of a datastream in [since, until), or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT time, value FROM sensors_final(ARRAY[%s]::bigint[], %s, %s, 'infinity') "
            " ORDER BY time DESC LIMIT 1",
            [datastream_id, since, until],
        )
        found: tuple[datetime, float] | None = cursor.fetchone()
    return found


def read_rows(spans: Spans, before_us: Ints, after_us: Ints) -> CheckedRows:
    """The final values of each span widened by its margins."""
    since = np.maximum(spans.since_us - before_us, EARLIEST_US)
    until = np.minimum(spans.until_us + after_us, LATEST_US)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL client_min_messages = warning; DROP TABLE IF EXISTS wanted_span; "
            "CREATE TEMPORARY TABLE wanted_span (place integer, datastream_id bigint, "
            "since timestamptz, until timestamptz) ON COMMIT DROP"
        )
        with cursor.copy("COPY wanted_span FROM STDIN (FORMAT binary)") as copy:
            columns = [
                integer(np.arange(len(spans))),
                bigint(spans.streams),
                instants(since),
                instants(until),
            ]
            copy.write(binary_copy([(len(spans), columns)]))
        cursor.execute("ANALYZE wanted_span")
        with cursor.copy(_READ) as copy:
            data = b"".join(bytes(part) for part in copy)
    place, time, value, received, edit = columns_of(data, [">i4", ">i8", ">f8", ">i8", ">i8"])
    found = CheckedRows(
        place.astype(np.int64),
        instants_of(time),
        value.astype(np.float64),
        instants_of(received),
        edit.astype(np.int64),
    )
    return found.at(np.lexsort((found.times_us, found.places)))


_READ = """
COPY (
    SELECT wanted.place, final.time, final.value, final.received_at, coalesce(final.edit_id, 0)
      FROM wanted_span wanted
      CROSS JOIN LATERAL sensors_final(ARRAY[wanted.datastream_id], wanted.since, wanted.until, 'infinity') final
) TO STDOUT (FORMAT binary)
"""


@dataclass(frozen=True)
class Margins:
    """How many values each span needs before and after it, and how far its margins reach."""

    before_us: Ints
    after_us: Ints

    @classmethod
    def of(cls, spans: Spans, interval_s: npt.NDArray[np.float64]) -> "Margins":
        """The first margins: an hour, and at least three expected intervals."""
        first = np.maximum(np.int64(MARGINS_US[0]), (3 * interval_s * 1e6).astype(np.int64))
        return cls(first.copy(), first.copy())

    def wider(self, before: Mask, after: Mask) -> "Margins":
        """The next wider margins where the masks say so."""
        steps = np.array(MARGINS_US, np.int64)

        def widened(margins: Ints) -> Ints:
            following = np.searchsorted(steps, margins, side="right")
            return steps[np.minimum(following, len(steps) - 1)]

        return replace(
            self,
            before_us=np.where(before, widened(self.before_us), self.before_us),
            after_us=np.where(after, widened(self.after_us), self.after_us),
        )


def touched_rows(spans: Spans, rows: CheckedRows) -> Mask:
    """Which rows lie within their spans; the others are margin."""
    return np.asarray(
        (rows.times_us >= spans.since_us[rows.places]) & (rows.times_us < spans.until_us[rows.places])
    )


def counts_around(spans: Spans, rows: CheckedRows) -> tuple[Ints, Ints]:
    """How many rows lie before and after each span."""
    before = rows.times_us < spans.since_us[rows.places]
    after = rows.times_us >= spans.until_us[rows.places]
    return (
        np.bincount(rows.places[before], minlength=len(spans)).astype(np.int64),
        np.bincount(rows.places[after], minlength=len(spans)).astype(np.int64),
    )


# Of how many rows of the log the datastreams are taken, and how many rows at most: a row is up to a day of values.
OLDEST, BATCH = 10_000, 30_000


def take_unchecked(streams: list[int] | None) -> tuple[Ints, Ints, Ints]:
    """Take rows out of the log, oldest first: (datastreams, since, until) of runs of hours, in microseconds.

    Hours of one datastream at most a day apart make one span.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datastream_id, day - '1970-01-01'::date, hours FROM sensors_take_unchecked(%s, %s, %s)",
            [streams, OLDEST, BATCH],
        )
        table = np.array(cursor.fetchall(), np.int64).reshape(-1, 3)
    if len(table) == 0:
        return table[:, 0], table[:, 1], table[:, 2]
    hours = table[:, 2]
    # The lowest and the highest bit of a day are enough.
    least = table[:, 1] * 24 + np.frexp(hours & -hours)[1] - 1
    greatest = table[:, 1] * 24 + np.frexp(hours)[1] - 1
    starts = np.ones(len(table), bool)
    starts[1:] = (np.diff(table[:, 0]) != 0) | (least[1:] - greatest[:-1] > 24)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(table)) - 1
    return table[first, 0], least[first] * HOUR_US, (greatest[last] + 1) * HOUR_US


def edit_codes(rows: CheckedRows) -> npt.NDArray[np.object_]:
    """The code of the edit behind each row, '' where raw stands."""
    codes = np.full(len(rows), "", object)
    edited = np.flatnonzero(rows.edits)
    if len(edited):
        ids, which = np.unique(rows.edits[edited], return_inverse=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT id, code FROM sensors_seriesedit WHERE id = ANY (%s)", [ids.tolist()])
            known = dict(cursor.fetchall())
        codes[edited] = np.array([known.get(pk, "") for pk in ids.tolist()], object)[which]
    return codes
