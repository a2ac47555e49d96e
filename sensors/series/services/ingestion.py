"""Taking observations in: idempotent, in bulk, truthful about every row.

What is newer than everything its datastream has goes straight into the partition of its month, at nearly the speed of a
plain COPY. Anything else is staged and compared: what is stored already stays, what was sent again with another value
becomes a correction beside the raw value.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gis_core.database.sql_files import load_sql
from gis_core.models import User
from gis_core.services.audit import record_change
from sensors.models import Datastream, PackedMonth
from sensors.series.services.observation_arrays import Observations, instant_of, microseconds

ObservationRow = tuple[int, datetime, float]

# Beyond these a stamp or a value is an error of the sender, and partitions would be made for it.
EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)
LONGEST_AHEAD = timedelta(days=366)
GREATEST_VALUE = 1e100
# More values of one instant within one load are refused: each is a correction of the one before.
MOST_REPETITIONS = 8
COPY_COLUMNS = "(datastream_id, time, value)"


@dataclass(frozen=True)
class LoadResult:
    """What became of the rows of one load; the numbers sum to the rows given.

    `unchanged`: already stored with the same value. `corrected`: stored with another value, which stays in raw; the new
    one stands over it in final. `refused`: not a number, of an unknown datastream, stamped outside of 1950 to a year
    ahead, or one value too many of one instant.
    """

    inserted: int
    unchanged: int
    corrected: int
    refused: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def load_observations(*, rows: Iterable[ObservationRow], acting_user: User | None, origin: str) -> LoadResult:
    """Store (datastream id, aware time, value) rows; the same rows twice change nothing.

    `origin` (a file name, a feed) goes into the audit trail and is the reason of corrections.
    """
    return take_observations(Observations.of_rows(rows), acting_user=acting_user, origin=origin)


@transaction.atomic
def take_observations(
    observations: Observations, *, acting_user: User | None, origin: str, is_audited: bool = True
) -> LoadResult:
    """Store observations in the order given; a live feed need not be audited."""
    ordered = observations.at(acceptable(observations)).in_key_order()
    if len(ordered) == 0:
        return LoadResult(0, 0, 0, len(observations))
    repetitions = ordered.repetitions()
    ordered = ordered.at(repetitions < MOST_REPETITIONS)
    repetitions = repetitions[repetitions < MOST_REPETITIONS]
    _make_partitions(ordered)
    is_news = _is_news(ordered, repetitions)
    inserted = corrected = 0
    for repetition in range(int(repetitions.max()) + 1):
        stored = _store(ordered.at((repetitions == repetition) & is_news), acting_user, origin)
        inserted, corrected = inserted + stored[0], corrected + stored[1]
    result = LoadResult(
        inserted=inserted,
        unchanged=len(ordered) - inserted - corrected,
        corrected=corrected,
        refused=len(observations) - len(ordered),
    )
    if is_audited and (inserted or corrected):
        _record_load(acting_user, origin, result, ordered)
    return result


def acceptable(observations: Observations) -> npt.NDArray[np.bool_]:
    """Which rows can be stored: a number, a sane stamp, a datastream that exists."""
    latest_us = microseconds(timezone.now() + LONGEST_AHEAD)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM sensors_datastream WHERE id = ANY (%s) AND deleted_at IS NULL",
            [np.unique(observations.streams).tolist()],
        )
        known = np.array([pk for (pk,) in cursor.fetchall()], np.int64)
    return (
        (np.abs(observations.values) <= GREATEST_VALUE)
        & (observations.times_us >= microseconds(EARLIEST))
        & (observations.times_us <= latest_us)
        & np.isin(observations.streams, known)
    )


def make_partition(instant: datetime) -> str:
    """Make the monthly partition that holds `instant`, unless it is there; return its name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition(%s)", [instant])
        return str(cursor.fetchone()[0])


def _months_of(observations: Observations) -> npt.NDArray[np.datetime64]:
    months: npt.NDArray[np.datetime64] = observations.times_us.view("datetime64[us]").astype("datetime64[M]")
    return months


def _make_partitions(observations: Observations) -> None:
    months = np.unique(_months_of(observations))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sensors_make_partition(month::timestamp AT TIME ZONE 'UTC') FROM unnest(%s::date[]) AS month",
            [[f"{month}-01" for month in months]],
        )


def _store(ordered: Observations, acting_user: User | None, origin: str) -> tuple[int, int]:
    """How many were inserted and how many became corrections."""
    if len(ordered) == 0:
        return 0, 0
    if _is_all_new(ordered):
        try:
            with transaction.atomic():
                _copy_straight(ordered)
            return len(ordered), 0
        except IntegrityError:
            # Somebody stored some of them in the meantime: compare.
            pass
    return _compare_and_store(ordered, acting_user, origin)


def _is_news(ordered: Observations, repetitions: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """All but the values of an instant given several times whose last one is what the feed said last: the load was
    taken before, and the values it took back within itself are not sent again."""
    is_first = repetitions == 0
    is_last = np.append(is_first[1:], True) & ~is_first
    news = np.ones(len(ordered), bool)
    if not is_last.any():
        return news
    last = ordered.at(is_last)
    with connection.cursor() as cursor:
        _stage_and_compare(cursor, last)
        cursor.execute(
            "SELECT datastream_id, (date_part('epoch', time) * 1e6)::bigint FROM compared_observation"
        )
        differing = set(cursor.fetchall())
    said = [key not in differing for key in zip(last.streams.tolist(), last.times_us.tolist(), strict=True)]
    instants = np.cumsum(is_first) - 1
    return ~np.isin(instants, instants[is_last][np.array(said, bool)])


def _is_all_new(ordered: Observations) -> bool:
    starts = np.flatnonzero(np.diff(ordered.streams, prepend=-1))
    streams, first_us = ordered.streams[starts], ordered.times_us[starts]
    with connection.cursor() as cursor:
        # The latest value may be hidden by a correction, which then lies at or after the stamps asked for.
        cursor.execute(
            "SELECT NOT EXISTS (SELECT 1 FROM unnest(%s::bigint[], %s::timestamptz[]) AS incoming (stream, since) "
            "WHERE EXISTS (SELECT 1 FROM sensors_latestobservation latest "
            "               WHERE latest.datastream_id = incoming.stream AND latest.time >= incoming.since) "
            "   OR EXISTS (SELECT 1 FROM sensors_correction correction "
            "               WHERE correction.datastream_id = incoming.stream AND correction.time >= incoming.since))",
            [streams.tolist(), [instant_of(first) for first in first_us.tolist()]],
        )
        return bool(cursor.fetchone()[0])


def _copy_straight(ordered: Observations) -> None:
    months = _months_of(ordered)
    with connection.cursor() as cursor:
        for month in np.unique(months):
            table = f"sensors_observation_{str(month).replace('-', '_')}"
            _copy(cursor, table, ordered.at(months == month))


def _copy(cursor: Any, table: str, observations: Observations) -> None:
    # A copy's errors do not pass Django's cursor: without this they would not be Django's errors.
    with (
        connection.wrap_database_errors,
        cursor.copy(f"COPY {table} {COPY_COLUMNS} FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(observations.binary())


def _compare_and_store(ordered: Observations, acting_user: User | None, origin: str) -> tuple[int, int]:
    with connection.cursor() as cursor:
        _stage_and_compare(cursor, ordered)
        cursor.execute(load_sql("sensors.series", "insert_compared"))
        inserted = cursor.rowcount
        cursor.execute(
            load_sql("sensors.series", "correct_compared"),
            {
                "reason": f"sent again by {origin}"[:300],
                "user": acting_user.pk if acting_user else None,
            },
        )
        return inserted, cursor.rowcount


def _stage_and_compare(cursor: Any, ordered: Observations) -> None:
    """Make `compared_observation`: what differs from what is stored."""
    first_us, last_us = int(ordered.times_us.min()), int(ordered.times_us.max())
    months = np.unique(_months_of(ordered)).astype("datetime64[D]").tolist()
    span: dict[str, Any] = {
        "since": instant_of(first_us),
        "until": instant_of(last_us + 1),
        "has_packed": PackedMonth.objects.filter(month__in=months).exists(),
    }
    cursor.execute(load_sql("sensors.series", "staging"))
    _copy(cursor, "incoming_observation", ordered)
    # Without statistics of its own the planner takes the staging table for empty.
    cursor.execute("ANALYZE incoming_observation")
    cursor.execute(load_sql("sensors.series", "compare_staged"), span)


def _record_load(acting_user: User | None, origin: str, result: LoadResult, stored: Observations) -> None:
    first_us, last_us = stored.times_us.min(), stored.times_us.max()
    record_change(
        acting_user=acting_user,
        action="load observations",
        subject=Datastream(),
        subject_id=origin[:100],
        division=None,
        new_values={
            **result.as_dict(),
            "first": instant_of(first_us).isoformat(),
            "last": instant_of(last_us).isoformat(),
        },
    )
