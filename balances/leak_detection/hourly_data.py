"""The hours of a zone as the search is given them: never more than those up to the hour that it decides at."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class ZoneHours:
    """Consecutive hours of a zone. Flows in m3/h, pressures and levels in m; what is not known is NaN.

    `first_hour` counts hours since 1970 (UTC); `local_hour` is the hour of the local day, `is_weekend` its day's kind;
    `inflow` is what flows in less what flows out and into storage; `drivers` (rows by hours) are what pressures
    follow beside demand: the edge's meters, the tanks' levels. Rows of `pressures` are in the order of `loggers`.
    """

    first_hour: int
    local_hour: Integers
    is_weekend: NDArray[np.bool_]
    inflow: Floats
    drivers: Floats
    pressures: Floats
    loggers: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.inflow)

    @property
    def end_hour(self) -> int:
        """The first hour after them."""
        return self.first_hour + len(self)

    def between(self, since: int, until: int) -> "ZoneHours":
        """A copy of the hours [since, until), counted since 1970: nothing of the others can be reached from it."""
        part = slice(max(0, since - self.first_hour), max(0, until - self.first_hour))
        return ZoneHours(
            first_hour=max(since, self.first_hour),
            local_hour=self.local_hour[part].copy(),
            is_weekend=self.is_weekend[part].copy(),
            inflow=self.inflow[part].copy(),
            drivers=self.drivers[:, part].copy(),
            pressures=self.pressures[:, part].copy(),
            loggers=self.loggers,
        )
