"""Observations as arrays, and their binary form for PostgreSQL's COPY: many times faster than rows of objects."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_core.database.binary_copy import bigint, binary_copy, double, instants

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware instant."""
    return (instant - EPOCH) // _MICROSECOND


def instant_of(time_us: int) -> datetime:
    """The instant of microseconds since 1970-01-01 UTC."""
    return EPOCH + timedelta(microseconds=int(time_us))


@dataclass(frozen=True)
class Observations:
    """Observations side by side: datastream ids, microseconds since 1970-01-01 UTC, values; equally long."""

    streams: npt.NDArray[np.int64]
    times_us: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[int, datetime, float]]) -> "Observations":
        """From (datastream id, aware time, value) tuples."""
        listed = list(rows)
        return cls(
            np.fromiter((row[0] for row in listed), np.int64, len(listed)),
            np.fromiter((microseconds(row[1]) for row in listed), np.int64, len(listed)),
            np.fromiter((row[2] for row in listed), np.float64, len(listed)),
        )

    def __len__(self) -> int:
        return len(self.streams)

    def at(self, chosen: Any) -> "Observations":
        """Those at the indexes, or where the mask is true."""
        return Observations(self.streams[chosen], self.times_us[chosen], self.values[chosen])

    def in_key_order(self) -> "Observations":
        """Ordered by datastream and time; several with one key stay in the order they were given in."""
        return self.at(np.lexsort((self.times_us, self.streams)))

    def repetitions(self) -> npt.NDArray[np.int64]:
        """For each, how many with its key come before it; needs key order."""
        places = np.arange(len(self))
        is_first = np.ones(len(self), bool)
        is_first[1:] = (np.diff(self.streams) != 0) | (np.diff(self.times_us) != 0)
        starts: npt.NDArray[np.int64] = places - np.maximum.accumulate(np.where(is_first, places, 0))
        return starts

    def binary(self) -> bytes:
        """As a binary COPY of (datastream_id bigint, time timestamptz, value double precision)."""
        columns = [bigint(self.streams), instants(self.times_us), double(self.values)]
        return binary_copy([(len(self), columns)])
