"""The rules themselves, over many series at once.

The definitions of range, spike, rate of change and flat line are those of ioos_qc 3 (QARTOD manuals of US IOOS), and so
are the codes. A `Series` holds several series one after the other; every parameter is a number for all or one for each
row, and NaN where it is not to be tested. Values that are NaN are missing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Limit = float | Floats

GOOD, UNKNOWN, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9
SECOND_US = 1_000_000


@dataclass(frozen=True)
class CheckedSeries:
    """Series side by side: stamps in microseconds since 1970 UTC ascending within each, values, and where each starts.

    `starts` are indexes of the first row of each series, which has at least one.
    """

    times_us: Ints
    values: Floats
    starts: Ints

    def __len__(self) -> int:
        return len(self.values)

    @property
    def ends(self) -> Ints:
        """One past the last row of each series."""
        return np.append(self.starts[1:], len(self)).astype(np.int64)

    def is_first(self) -> npt.NDArray[np.bool_]:
        """Which rows are the first of their series."""
        mask = np.zeros(len(self), bool)
        mask[self.starts] = True
        return mask

    def is_last(self) -> npt.NDArray[np.bool_]:
        """Which rows are the last of their series."""
        mask = np.zeros(len(self), bool)
        mask[self.ends - 1] = True
        return mask

    def spread(self, of_each: Ints) -> Ints:
        """One value of each series, repeated for each of its rows."""
        return np.repeat(of_each, self.ends - self.starts)


def in_range(
    values: Floats, fail_minimum: Limit, fail_maximum: Limit, suspect_minimum: Limit, suspect_maximum: Limit
) -> Codes:
    """Gross range test: FAIL outside of what the instrument can measure, SUSPECT outside of what is usual."""
    codes = np.full(len(values), GOOD, np.uint8)
    codes[~np.isfinite(values)] = MISSING
    with np.errstate(invalid="ignore"):
        codes[(values < suspect_minimum) | (values > suspect_maximum)] = SUSPECT
        codes[(values < fail_minimum) | (values > fail_maximum)] = FAIL
    return codes


def spike_measure(series: CheckedSeries, is_differential: npt.NDArray[np.bool_] | bool = False) -> Floats:
    """How far each value lies off its neighbours; NaN for the first and last of a series and beside missing values.

    `average`: from the midpoint of the two neighbours. `differential`: the smaller of the steps to and from it where
    they run in opposite directions, else 0.
    """
    values = np.where(np.isfinite(series.values), series.values, np.nan)
    measure = np.full(len(series), np.nan)
    if len(series) < 3:
        return measure
    before, middle, after = values[:-2], values[1:-1], values[2:]
    with np.errstate(invalid="ignore", over="ignore"):
        average = np.abs(middle - (before + after) / 2)
        rise, fall = middle - before, after - middle
        differential = np.where(rise * fall >= 0, 0.0, np.minimum(np.abs(rise), np.abs(fall)))
    differential[np.isnan(rise) | np.isnan(fall)] = np.nan
    chosen = is_differential[1:-1] if isinstance(is_differential, np.ndarray) else is_differential
    measure[1:-1] = np.where(chosen, differential, average)
    measure[series.is_first() | series.is_last()] = np.nan
    return measure


def spike(
    series: CheckedSeries, suspect: Limit, fail: Limit, is_differential: npt.NDArray[np.bool_] | bool = False
) -> Codes:
    """Spike test: the measure is above a threshold."""
    measure = spike_measure(series, is_differential)
    codes = np.full(len(series), GOOD, np.uint8)
    with np.errstate(invalid="ignore"):
        codes[measure > suspect] = SUSPECT
        codes[measure > fail] = FAIL
    codes[np.isnan(measure)] = UNKNOWN
    codes[~np.isfinite(series.values)] = MISSING
    return codes


def rate_measure(series: CheckedSeries) -> Floats:
    """Units per second since the value before; 0 for the first of a series, NaN beside missing values.

    Steps count in whole seconds, as in ioos_qc; those below one second as they are.
    """
    values = np.where(np.isfinite(series.values), series.values, np.nan)
    measure = np.zeros(len(series))
    step_us = np.diff(series.times_us)
    seconds = np.where(step_us >= SECOND_US, step_us // SECOND_US, step_us / SECOND_US)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        measure[1:] = np.abs(np.diff(values) / seconds)
    measure[series.starts] = 0.0
    return measure


def rate_of_change(series: CheckedSeries, suspect: Limit, fail: Limit) -> Codes:
    """Rate of change test, thresholds in units per second."""
    measure = rate_measure(series)
    codes = np.full(len(series), GOOD, np.uint8)
    with np.errstate(invalid="ignore"):
        codes[measure > suspect] = SUSPECT
        codes[measure > fail] = FAIL
    codes[~np.isfinite(series.values)] = MISSING
    return codes


def _rolling_range(values: Floats, length: int) -> Floats:
    """Greatest minus least of the `length` values that end at each row; missing ones are passed over."""
    least, greatest = values.copy(), values.copy()
    width = 1
    while width * 2 <= length:
        least[width:] = np.fmin(least[width:], least[:-width])
        greatest[width:] = np.fmax(greatest[width:], greatest[:-width])
        width *= 2
    shift = length - width
    if shift:
        least[shift:], greatest[shift:] = (
            np.fmin(least[shift:], least[:-shift]),
            np.fmax(greatest[shift:], greatest[:-shift]),
        )
    return np.asarray(np.abs(greatest - least))


def flat_counts(threshold_s: Floats, interval_s: Floats) -> Ints:
    """How many values before one it is compared with, for thresholds in seconds; -1 where not tested (NaN)."""
    counts = np.full(len(threshold_s), -1, np.int64)
    is_tested = np.isfinite(threshold_s)
    counts[is_tested] = np.trunc(threshold_s[is_tested]) / np.maximum(interval_s[is_tested], 1.0)
    return counts


def flat_measure(series: CheckedSeries, counts: Ints) -> Floats:
    """The range of the last `counts` values before each row and its own; NaN where there are not as many.

    `counts` has one number for each series; -1 tests nothing.
    """
    measure = np.full(len(series), np.nan)
    values = np.where(np.isfinite(series.values), series.values, np.nan)
    places = np.arange(len(series)) - series.spread(series.starts)
    of_row = series.spread(counts)
    for count in np.unique(counts[counts >= 0]).tolist():
        # Where a row has that many before it in its own series, the window holds no other series' values.
        rows = np.flatnonzero(of_row == count)
        ranges = _rolling_range(values[rows], count + 1)
        is_whole = places[rows] >= count
        measure[rows[is_whole]] = ranges[is_whole]
    return measure


def flat_line(series: CheckedSeries, suspect_counts: Ints, fail_counts: Ints, tolerance: Limit) -> Codes:
    """Flat line test: the values of a window lie within less than `tolerance`."""
    codes = np.full(len(series), GOOD, np.uint8)
    is_tested = series.spread(series.ends - series.starts) >= 3
    for counts, code in ((suspect_counts, SUSPECT), (fail_counts, FAIL)):
        with np.errstate(invalid="ignore"):
            codes[(flat_measure(series, counts) < tolerance) & is_tested] = code
    codes[~np.isfinite(series.values) & is_tested] = MISSING
    return codes


def steps_s(series: CheckedSeries) -> Floats:
    """Seconds since the stamp before; NaN for the first of a series."""
    steps = np.full(len(series), np.nan)
    steps[1:] = np.diff(series.times_us) / SECOND_US
    steps[series.starts] = np.nan
    return steps


def changes(series: CheckedSeries) -> Floats:
    """Difference from the value before; NaN for the first of a series."""
    differences = np.full(len(series), np.nan)
    differences[1:] = np.diff(series.values)
    differences[series.starts] = np.nan
    return differences


FEWEST_DIGITS = 4


def register_sizes(values_before: Floats, digits: Floats) -> Floats:
    """What a counter shows at most plus one: ten to its digits; NaN digits are taken from the reading before.

    No meter has fewer than FEWEST_DIGITS: a counter that falls from 998 to 3 was reset.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        shown = np.floor(np.log10(np.maximum(np.floor(values_before), 1.0))) + 1
    shown = np.maximum(shown, FEWEST_DIGITS)
    return np.asarray(10.0 ** np.where(np.isnan(digits), shown, digits))


# Without a known largest consumption, a step of more than this share of the register is no consumption.
LARGEST_SHARE = 0.1


def counter_steps(
    before: Floats, after: Floats, hours: Floats, digits: Floats, maximum_per_hour: Floats
) -> tuple[Floats, Codes, Floats, Floats]:
    """Consumption between two readings of a counter, and how it came about.

    `digits` before the decimal mark and `maximum_per_hour` may be NaN. Returns (consumption, code, register size,
    largest plausible consumption): GOOD where the counter grew; UNKNOWN where it fell and having passed its
    largest reading
    gives a plausible consumption (99998 -> 3 on five digits is 5): a rollover; SUSPECT where it fell otherwise: a
    reset, a meter that was exchanged or turned back, after which the consumption is not known (NaN).
    """
    sizes = register_sizes(before, digits)
    largest = np.where(np.isnan(maximum_per_hour), sizes * LARGEST_SHARE, maximum_per_hour * hours)
    consumption = after - before
    codes = np.full(len(before), GOOD, np.uint8)
    has_fallen = consumption < 0
    rolled = consumption + sizes
    is_rollover = has_fallen & (rolled >= 0) & (rolled <= largest)
    codes[has_fallen] = SUSPECT
    codes[is_rollover] = UNKNOWN
    # Rounded to what six decimals of a counter can say: 3 - 99998 + 100000 in floating point.
    consumption = np.where(is_rollover, np.round(rolled, 6), np.where(has_fallen, np.nan, consumption))
    return consumption, codes, sizes, largest
