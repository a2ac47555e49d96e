"""Estimates for values that are missing: by interpolation, by the profile of the same weekday, or scaled to a counter.

An estimate is a correction of code `estimated` with its method, beside raw like any other; what a feed brings later
for the same instant goes before it. Only instants without a trusted value are filled, and none outside of what
was asked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from sensors.models import Datastream, DatastreamKind, QualityFlag, SeriesEdit
from sensors.quality.services.checks import counter_steps
from sensors.series.services.observation_arrays import instant_of, microseconds
from sensors.series.services.series_edits import edit_series

AUTO, INTERPOLATION, PROFILE, COUNTER = "auto", "interpolation", "profile", "counter"
METHODS = (AUTO, INTERPOLATION, PROFILE, COUNTER)
LONGEST_SPAN = timedelta(days=400)
# Gaps longer than this are not interpolated: what lies between is not known.
LONGEST_INTERPOLATED = timedelta(hours=3)
# A profile is the mean of the same weekday and time of day in so many weeks before and after, of so many at least.
PROFILE_WEEKS, FEWEST_LIKE = 4, 2
# A step is a gap where it is longer than this many intervals.
GAP_STEPS = 1.5


@dataclass(frozen=True)
class Filled:
    """One gap: its missing instants, how they were filled, or why they were not."""

    first: datetime
    last: datetime
    count: int
    method: str
    reason: str = ""


@dataclass(frozen=True)
class EstimateResult:
    """What became of the gaps of a datastream; `values` is how many instants were (or would be) filled."""

    datastream: str
    values: int
    gaps: list[Filled] = field(default_factory=list)
    is_dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "datastream": self.datastream,
            "values": self.values,
            "dry_run": self.is_dry_run,
            "gaps": [
                {
                    "first": gap.first.isoformat(),
                    "last": gap.last.isoformat(),
                    "count": gap.count,
                    "method": gap.method,
                    "reason": gap.reason,
                }
                for gap in self.gaps
            ],
        }


Values = dict[int, float]


@transaction.atomic
def estimate_gaps(
    *,
    datastream: Datastream,
    since: datetime,
    until: datetime,
    acting_user: User | None,
    method: str = AUTO,
    counter: Datastream | None = None,
    include_failed: bool = False,
    is_dry_run: bool = False,
) -> EstimateResult:
    """Fill what is missing in [since, until), and with `include_failed` replace what a rule said cannot be.

    `auto` interpolates gaps up to LONGEST_INTERPOLATED and takes the counter, where one is given, or else the
    profile for longer ones. Raises ReportedError (`bad_span`, `unknown_method`, `bad_counter`).
    """
    _refuse(datastream, since, until, method, counter)
    # Two at a time would fill the same gap twice.
    hold(AdvisoryLock.ESTIMATES, datastream.pk)
    trusted = _trusted(datastream, since, until, include_failed)
    gaps: list[Filled] = []
    total = 0
    for missing in _missing(datastream, trusted, since, until):
        estimates, used, why = _estimate(datastream, missing, trusted, method, counter)
        gaps.append(Filled(instant_of(missing[0]), instant_of(missing[-1]), len(estimates), used, why))
        total += len(estimates)
        if estimates and not is_dry_run:
            edit_series(
                datastream=datastream,
                corrections=[(instant_of(time), value) for time, value in sorted(estimates.items())],
                code=SeriesEdit.Code.ESTIMATED,
                method=used,
                reason=f"gap of {len(missing)} values filled by {used}",
                acting_user=acting_user,
            )
    return EstimateResult(datastream.code, total, gaps, is_dry_run)


def _refuse(
    datastream: Datastream, since: datetime, until: datetime, method: str, counter: Datastream | None
) -> None:
    if not since < until <= since + LONGEST_SPAN:
        raise ReportedError(
            Sentence(_("Give a span of at most 400 days, since before until.")), code="bad_span"
        )
    if method not in METHODS:
        raise ReportedError(
            Sentence(
                _("{method} is not a method; known are {methods}."),
                method=repr(method),
                methods=", ".join(METHODS),
            ),
            code="unknown_method",
        )
    if method == COUNTER and counter is None:
        raise ReportedError(Sentence(_("Name the counter to scale to.")), code="bad_counter")
    if counter is not None and (
        counter.kind != DatastreamKind.COUNTER or counter.observed_property != "counter"
    ):
        raise ReportedError(
            Sentence(_("{counter} is not a counter."), counter=counter.code), code="bad_counter"
        )
    if counter is not None and datastream.observed_property != "flow":
        raise ReportedError(Sentence(_("Only flows are scaled to a counter.")), code="bad_counter")
    if datastream.kind == DatastreamKind.COUNTER and method == PROFILE:
        raise ReportedError(
            Sentence(_("A counter has no profile; it is interpolated.")), code="unknown_method"
        )


def _final(datastream: Datastream, since: datetime, until: datetime) -> Values:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT time, value FROM sensors_final(ARRAY[%s]::bigint[], %s, %s, 'infinity')",
            [datastream.pk, since, until],
        )
        return {microseconds(time): value for time, value in cursor.fetchall()}


def _trusted(datastream: Datastream, since: datetime, until: datetime, include_failed: bool) -> Values:
    """Final values with the weeks around that a profile needs, without those that failed."""
    around = timedelta(weeks=PROFILE_WEEKS, days=1)
    values = _final(datastream, since - around, until + around)
    failed = QualityFlag.objects.filter(
        datastream=datastream,
        severity="fail",
        cleared_at=None,
        end_time=None,
        time__gte=since - around,
        time__lt=until + around,
    ).values_list("time", flat=True)
    for time in failed:
        # What failed is no example for others; it is replaced itself only when asked.
        if include_failed or not since <= time < until:
            values.pop(microseconds(time), None)
    return values


def _missing(datastream: Datastream, trusted: Values, since: datetime, until: datetime) -> list[list[int]]:
    """The expected instants of [since, until) without a value, gap by gap; only between two values."""
    step = datastream.interval_s * 1_000_000
    first, last = microseconds(since), microseconds(until)
    times = sorted(trusted)
    gaps = []
    for before, after in pairwise(times):
        if after - before <= GAP_STEPS * step or after <= first or before >= last:
            continue
        # Half an interval before the value that ends the gap there is no room for another.
        expected = range(before + step, after - step // 2 + 1, step)
        missing = [time for time in expected if first <= time < last]
        if missing:
            gaps.append(missing)
    return gaps


def _estimate(
    datastream: Datastream, missing: list[int], trusted: Values, method: str, counter: Datastream | None
) -> tuple[Values, str, str]:
    """(estimates, the method used, why there are none)."""
    before, after = _neighbours(trusted, missing)
    is_short = after - before <= LONGEST_INTERPOLATED // timedelta(microseconds=1)
    is_counter = datastream.kind == DatastreamKind.COUNTER
    used = method
    if method == AUTO:
        # A counter only grows, so that the line between two readings is right on average however long it is.
        used = INTERPOLATION if is_short or is_counter else COUNTER if counter is not None else PROFILE
    if used == INTERPOLATION:
        if not (is_short or is_counter):
            return {}, used, "the gap is too long to be interpolated"
        if is_counter and trusted[after] < trusted[before]:
            return {}, used, "the counter fell in the gap"
        return _interpolated(missing, before, after, trusted), used, ""
    shape = _profile(datastream, missing, trusted)
    if used == PROFILE:
        is_whole = len(shape) == len(missing)
        return (shape, used, "") if is_whole else ({}, used, "too few values of the same weekday and time")
    assert counter is not None
    return (*_scaled(datastream, missing, shape, counter),)


def _neighbours(trusted: Values, missing: list[int]) -> tuple[int, int]:
    times = sorted(trusted)
    place = int(np.searchsorted(times, missing[0]))
    return times[place - 1], times[place]


def _interpolated(missing: list[int], before: int, after: int, trusted: Values) -> Values:
    low, high = trusted[before], trusted[after]
    return {time: low + (high - low) * ((time - before) / (after - before)) for time in missing}


def _profile(datastream: Datastream, missing: Sequence[int], trusted: Values) -> Values:
    """Means of the same local weekday and time of day, in the weeks around; those with too few are left out."""
    zone = ZoneInfo(datastream.time_zone)
    tolerance = datastream.interval_s * 500_000
    times = np.array(sorted(trusted), np.int64)
    found: Values = {}
    for time in missing:
        local = instant_of(time).astimezone(zone)
        alike = []
        for week in range(-PROFILE_WEEKS, PROFILE_WEEKS + 1):
            # The clock's time of day, which is what people live by, also over a change of the clock.
            wanted = (local.replace(tzinfo=None) + timedelta(weeks=week)).replace(
                tzinfo=zone, fold=local.fold
            )
            value = _nearest(times, trusted, microseconds(wanted), tolerance) if week else None
            if value is not None:
                alike.append(value)
        if len(alike) >= FEWEST_LIKE:
            found[time] = math.fsum(alike) / len(alike)
    return found


def _nearest(times: Any, trusted: Values, wanted: int, tolerance: int) -> float | None:
    place = int(np.searchsorted(times, wanted))
    near = [int(times[index]) for index in (place - 1, place) if 0 <= index < len(times)]
    best = min(near, key=lambda time: abs(time - wanted), default=None)
    return trusted[best] if best is not None and abs(best - wanted) <= tolerance else None


def _scaled(
    datastream: Datastream, missing: list[int], shape: Values, counter: Datastream
) -> tuple[Values, str, str]:
    """Flows whose volume, with what was measured between the readings around the gap, is what was counted."""
    readings = _readings_around(counter, missing[0], missing[-1])
    if readings is None:
        return {}, COUNTER, "the counter has no reading on either side of the gap"
    (start, low), (end, high) = readings
    consumption = counter_steps(
        *(np.array([number]) for number in (low, high, (end - start) / 3.6e9, math.nan, math.nan))
    )[0][0]
    if not math.isfinite(consumption):
        return {}, COUNTER, "the counter was reset in the gap"
    step = datastream.interval_s * 1_000_000
    # A flow stamped t is the mean over the interval that ends at t.
    between = _final(datastream, instant_of(start + 1), instant_of(end + 1))
    expected = [time for time in missing if start < time <= end]
    if len(expected) != len(missing):
        return {}, COUNTER, "the gap reaches beyond the readings"
    free = round((end - start) / step) - len(
        {time // step for time in between} - {time // step for time in missing}
    )
    if free != len(missing):
        return {}, COUNTER, "values are missing between the readings besides those of the gap"
    measured = math.fsum(value for time, value in between.items() if time not in set(missing))
    # Both in the datastream's unit: a sum of flows times an interval is a volume.
    wanted = (
        consumption * counter.unit_factor / datastream.unit_factor / (datastream.interval_s / 3600) - measured
    )
    if wanted < 0:
        return {}, COUNTER, "the measured flows are more than the counter counted"
    return _with_sum(missing, shape, wanted), COUNTER, ""


def _with_sum(missing: list[int], shape: Values, wanted: float) -> Values:
    """Values in proportion to the shape (or alike, without one) whose exact sum is `wanted`."""
    weights = [max(shape.get(time, 0.0), 0.0) for time in missing]
    if len(shape) < len(missing) or math.fsum(weights) <= 0:
        weights = [1.0] * len(missing)
    whole = math.fsum(weights)
    values = [wanted * weight / whole for weight in weights]
    # What rounding left goes into the largest, until the sum is the wanted number itself.
    largest = max(range(len(values)), key=values.__getitem__)
    for _pass in range(4):
        left = math.fsum([wanted, *(-value for value in values)])
        if left == 0:
            break
        values[largest] += left
    return dict(zip(missing, values, strict=True))


def _readings_around(
    counter: Datastream, first: int, last: int
) -> tuple[tuple[int, float], tuple[int, float]] | None:
    """The last reading before the gap's first interval ended and the first one after its last."""
    reach = timedelta(days=62)
    readings = _final(counter, instant_of(first) - reach, instant_of(last) + reach)
    earlier = [time for time in readings if time < first]
    later = [time for time in readings if time >= last]
    if not earlier or not later:
        return None
    start, end = max(earlier), min(later)
    return (start, readings[start]), (end, readings[end])
