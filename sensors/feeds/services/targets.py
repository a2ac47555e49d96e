"""Which datastream a code means to a feed, and how its values become those of the datastream."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import Division
from gis_core.sentences import Sentence
from sensors.feeds.services.forms import SeriesName
from sensors.models import Datastream
from sensors.series.services.ingestion import EARLIEST, GREATEST_VALUE, LONGEST_AHEAD
from sensors.series.services.observation_arrays import microseconds
from sensors.series.units import conversion


@dataclass(frozen=True)
class Target:
    """A datastream and what its values are multiplied by and added to."""

    datastream_id: int
    division_id: int
    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class NoTarget:
    """Why there is none."""

    code: str
    reason: str


class Targets:
    """Datastreams by code, within a division; looked up once each."""

    def __init__(self, division: Division | None) -> None:
        self._division = division
        self._streams: dict[str, tuple[int, int, str, str] | None] = {}

    def forget(self) -> None:
        """Look everything up again, since datastreams may have been made."""
        self._streams.clear()

    def find(self, wanted: Iterable[SeriesName]) -> list[Target | NoTarget]:
        """The target of each series, in their order."""
        listed = list(wanted)
        self._look_up({series.datastream for series in listed} - self._streams.keys())
        return [self._target(series) for series in listed]

    def _look_up(self, codes: set[str]) -> None:
        sound = [code for code in codes if code and "\x00" not in code and len(code) <= 100]
        self._streams.update(dict.fromkeys(codes))
        streams = Datastream.objects.filter(code__in=sound, deleted_at=None)
        if self._division is not None:
            streams = streams.filter(division__path__startswith=self._division.path)
        for pk, code, division_id, quantity, unit in streams.values_list(
            "pk", "code", "division_id", "observed_property", "unit"
        ):
            self._streams[code] = (pk, division_id, quantity, unit)

    def _target(self, series: SeriesName) -> Target | NoTarget:
        stream = self._streams[series.datastream]
        if stream is None:
            return NoTarget(
                "unknown_datastream",
                Sentence(_("there is no datastream {datastream}"), datastream=repr(series.datastream[:100])),
            )
        pk, division_id, quantity, unit = stream
        if not series.unit:
            return Target(pk, division_id)
        try:
            return Target(pk, division_id, *conversion(quantity, series.unit, unit))
        except ReportedError as error:
            return NoTarget("unknown_unit", error.message)


def sane(
    times_us: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether each time, and each value, can be stored."""
    latest_us = microseconds(timezone.now() + LONGEST_AHEAD)
    is_time = (times_us >= microseconds(EARLIEST)) & (times_us <= latest_us)
    return is_time, np.abs(values) <= GREATEST_VALUE
