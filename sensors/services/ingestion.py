"""Bulk loading of observations: idempotent, set-based, truthful about every row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from gis_core.models import User
from gis_core.services.audit import record_change
from gis_core.sql_loader import load_sql
from sensors.models import Datastream

ObservationRow = tuple[int, datetime, float]


@dataclass(frozen=True)
class LoadResult:
    """What became of the rows of one load; the four numbers sum to the rows given.

    `unchanged`: already stored with the same value. `conflicting`: already stored with another value, and the
    stored one stands, since raw is immutable. `refused`: not a finite number, or of an unknown datastream.
    """

    inserted: int
    unchanged: int
    conflicting: int
    refused: int

    def as_dict(self) -> dict[str, int]:
        return {
            "inserted": self.inserted,
            "unchanged": self.unchanged,
            "conflicting": self.conflicting,
            "refused": self.refused,
        }


@transaction.atomic
def load_observations(*, rows: Iterable[ObservationRow], acting_user: User | None, origin: str) -> LoadResult:
    """Store (datastream id, aware time, value) rows; the same rows twice change nothing.

    Rows are copied into a staging table, partitions are made for the months that occur, and one statement moves
    what is new. `origin` (a file name, a feed) goes into the audit trail.
    """
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sensors", "staging"))
        with cursor.copy("COPY incoming_observation (datastream_id, time, value) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(load_sql("sensors", "partitions_of_staged"))
        # Without statistics of its own the planner takes the staging table for empty.
        cursor.execute("ANALYZE incoming_observation")
        cursor.execute(load_sql("sensors", "load_observations"))
        inserted = cursor.rowcount
        cursor.execute(load_sql("sensors", "compare_staged"))
        staged, same, other, first, last = cursor.fetchone()
        cursor.execute(load_sql("sensors", "latest_of_staged"))
    result = LoadResult(
        inserted=inserted, unchanged=same - inserted, conflicting=other, refused=staged - same - other
    )
    if inserted:
        _record_load(acting_user, origin, result, first, last)
    return result


def _record_load(
    acting_user: User | None, origin: str, result: LoadResult, first: datetime, last: datetime
) -> None:
    values: dict[str, Any] = {**result.as_dict(), "first": first.isoformat(), "last": last.isoformat()}
    record_change(
        acting_user=acting_user,
        action="load observations",
        subject=Datastream(),
        subject_id=origin[:100],
        division=None,
        new_values=values,
    )


def make_partition(instant: datetime) -> str:
    """Make the monthly partition that holds `instant`, unless it is there; return its name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition(%s)", [instant])
        return str(cursor.fetchone()[0])
