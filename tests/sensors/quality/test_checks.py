"""The rules against ioos_qc on random series with gaps and missing values, and the others by examples."""

import warnings

import numpy as np
import pytest
from ioos_qc import qartod

from sensors.quality.services import checks
from sensors.quality.services.checks import CheckedSeries

CASES = 300
NAN = float("nan")


def random_series(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """(seconds, values, interval): a walk with steps, plateaus, spikes, missing values and gaps in time."""
    size = int(random.integers(3, 400))
    interval = int(random.choice([1, 60, 300, 900, 3600]))
    steps = np.full(size, interval)
    steps[random.random(size) < 0.05] *= int(random.integers(2, 50))
    if random.random() < 0.3:
        steps = steps + random.integers(0, max(interval // 3, 1), size)
    seconds = 1_760_000_000 + np.cumsum(steps)
    values = np.cumsum(random.normal(0, 1, size)).round(int(random.integers(0, 4)))
    for _ in range(int(random.integers(0, 4))):
        start = int(random.integers(0, size))
        values[start : start + int(random.integers(2, 60))] = values[start]
    values[random.random(size) < 0.03] += random.normal(0, 40)
    values[random.random(size) < random.choice([0.0, 0.05, 0.4])] = NAN
    return seconds, values, interval


def joined(parts: list[tuple[np.ndarray, np.ndarray, int]]) -> CheckedSeries:
    sizes = [len(part[0]) for part in parts]
    return CheckedSeries(
        np.concatenate([part[0] for part in parts]) * 1_000_000,
        np.concatenate([part[1] for part in parts]).astype(float),
        np.cumsum([0, *sizes[:-1]]).astype(np.int64),
    )


def ioos(test: object, **arguments: object) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(np.ma.getdata(test(**arguments)), np.uint8)  # type: ignore[operator]


def stamps(seconds: np.ndarray) -> np.ndarray:
    return seconds.astype("datetime64[s]").astype("datetime64[ns]")


@pytest.fixture(scope="module")
def parts() -> list[tuple[np.ndarray, np.ndarray, int]]:
    random = np.random.default_rng(20261122)
    return [random_series(random) for _ in range(CASES)]


def per_row(parts: list, values: list[float]) -> np.ndarray:
    return np.repeat(np.array(values, float), [len(part[0]) for part in parts])


def differences(ours: np.ndarray, theirs: list[np.ndarray]) -> int:
    return int((ours != np.concatenate(theirs)).sum())


def test_range_is_that_of_ioos_qc(parts: list) -> None:
    random = np.random.default_rng(1)
    fails = [sorted(random.normal(0, 15, 2)) for _ in parts]
    suspects = [sorted(random.uniform(low, high, 2)) for low, high in fails]
    columns = [
        per_row(parts, [float(pair[side]) for pair in pairs])
        for pairs in (fails, suspects)
        for side in (0, 1)
    ]
    theirs = [
        ioos(qartod.gross_range_test, inp=part[1], fail_span=fail, suspect_span=suspect)
        for part, fail, suspect in zip(parts, fails, suspects, strict=True)
    ]
    ours = checks.in_range(joined(parts).values, *columns)
    assert differences(ours, theirs) == 0
    assert set(np.unique(ours)) == {1, 3, 4, 9}


@pytest.mark.parametrize("method", ["average", "differential"])
def test_spike_is_that_of_ioos_qc(parts: list, method: str) -> None:
    random = np.random.default_rng(2)
    suspects = random.uniform(0.1, 3, len(parts)).tolist()
    fails = [
        suspect * factor for suspect, factor in zip(suspects, random.uniform(1, 5, len(parts)), strict=True)
    ]
    theirs = [
        ioos(qartod.spike_test, inp=part[1], suspect_threshold=suspect, fail_threshold=fail, method=method)
        for part, suspect, fail in zip(parts, suspects, fails, strict=True)
    ]
    ours = checks.spike(
        joined(parts), per_row(parts, suspects), per_row(parts, fails), method == "differential"
    )
    assert differences(ours, theirs) == 0
    assert set(np.unique(ours)) == {1, 2, 3, 4, 9}


def test_rate_of_change_is_that_of_ioos_qc(parts: list) -> None:
    random = np.random.default_rng(3)
    suspects = [float(random.uniform(0.2, 3)) / part[2] for part in parts]
    fails = [suspect * 3 for suspect in suspects]
    theirs = [
        ioos(
            qartod.rate_of_change_test,
            inp=part[1],
            tinp=stamps(part[0]),
            threshold=suspect,
            fail_threshold=fail,
        )
        for part, suspect, fail in zip(parts, suspects, fails, strict=True)
    ]
    ours = checks.rate_of_change(joined(parts), per_row(parts, suspects), per_row(parts, fails))
    assert differences(ours, theirs) == 0
    assert set(np.unique(ours)) == {1, 3, 4, 9}


def test_flat_line_is_that_of_ioos_qc(parts: list) -> None:
    random = np.random.default_rng(4)
    suspects = [part[2] * float(random.uniform(0, 12)) for part in parts]
    fails = [
        suspect + part[2] * float(random.uniform(0, 12))
        for part, suspect in zip(parts, suspects, strict=True)
    ]
    tolerances = random.choice([0, 0.001, 0.5, 2], len(parts)).tolist()
    theirs = [
        ioos(
            qartod.flat_line_test,
            inp=part[1],
            tinp=stamps(part[0]),
            suspect_threshold=suspect,
            fail_threshold=fail,
            tolerance=tolerance,
        )
        for part, suspect, fail, tolerance in zip(parts, suspects, fails, tolerances, strict=True)
    ]
    # ioos_qc takes the median step of what it is given, in whole seconds.
    intervals = np.array([np.trunc(np.median(np.diff(part[0]))) for part in parts])
    ours = checks.flat_line(
        joined(parts),
        checks.flat_counts(np.array(suspects), intervals),
        checks.flat_counts(np.array(fails), intervals),
        per_row(parts, tolerances),
    )
    assert differences(ours, theirs) == 0
    assert set(np.unique(ours)) == {1, 3, 4, 9}


def test_short_series_are_told_as_ioos_qc_tells_them() -> None:
    for values in ([1.0], [1.0, 9.0], [NAN, 1.0], [5.0, 5.0, 5.0], [NAN, NAN, NAN]):
        seconds = 1_760_000_000 + np.arange(len(values)) * 60
        part = [(seconds, np.array(values), 60)]
        series = joined(part)
        assert (
            differences(
                checks.spike(series, 1.0, 2.0),
                [ioos(qartod.spike_test, inp=values, suspect_threshold=1, fail_threshold=2)],
            )
            == 0
        ), values
        if len(values) < 2:
            continue
        counts = checks.flat_counts(np.array([60.0]), np.array([60.0]))
        theirs = ioos(
            qartod.flat_line_test,
            inp=values,
            tinp=stamps(seconds),
            suspect_threshold=60,
            fail_threshold=60,
            tolerance=1,
        )
        assert differences(checks.flat_line(series, counts, counts, 1.0), [theirs]) == 0, values


@pytest.mark.parametrize(
    ("before", "after", "digits", "maximum", "consumption", "code"),
    [
        (99998, 3, 5, NAN, 5, checks.UNKNOWN),
        (99998, 3, NAN, NAN, 5, checks.UNKNOWN),
        (99999.9, 0.1, 5, NAN, 0.2, checks.UNKNOWN),
        (99998, 3, 5, 2, NAN, checks.SUSPECT),  # five in an hour, where two are the most
        (99998, 3, 6, NAN, NAN, checks.SUSPECT),  # six digits do not roll over there
        (4321, 0, 5, NAN, NAN, checks.SUSPECT),  # the meter was exchanged
        (998, 3, NAN, NAN, NAN, checks.SUSPECT),  # no meter has three digits
        (50000, 49990, 5, NAN, NAN, checks.SUSPECT),  # turned back
        (100, 105, 5, NAN, 5, checks.GOOD),
        (100, 100, 5, NAN, 0, checks.GOOD),
    ],
)
def test_a_counter_that_falls_has_rolled_over_or_was_reset(
    before: float, after: float, digits: float, maximum: float, consumption: float, code: int
) -> None:
    one = [np.array([float(number)]) for number in (before, after, 1.0, digits, maximum)]
    found, codes, _sizes, _largest = checks.counter_steps(*one)
    assert codes[0] == code
    assert found[0] == pytest.approx(consumption, nan_ok=True, abs=1e-9)
