"""What the hours before a moment did not lead to expect: of inflow in m3/h, of each logger in m, by blocks of 24 hours.

Blocks end at the moment of decision, so that each holds every hour of the day once. A leak shows in them as a step:

* Inflow by two measures of which season and growth move only one: the block's mean, and the night's share beyond the
  usual ratio of night to day. Both rise by the size of a leak; they are weighed by the inverse of their covariance.
* Each logger regressed on flow, levels and the hour of the day (`plain`: a leak's drop at a given inflow), and then on
  all other loggers (`lone`: what neighbours do not share), by the inverse of the residuals' covariance. Means of 24
  hours of `lone` repeat to some millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from balances.leak_detection.hourly_data import Floats, Integers, ZoneHours

BLOCK_H = 24
# A block or a logger's training needs this share of its hours.
LEAST_COVERAGE = 0.6
_NIGHT = (1, 2, 3, 4)
_LEAST_SPREAD_M = 0.002
# Of the inflow's mean: closer than this no meter repeats.
_LEAST_SPREAD_SHARE = 0.002
# Nor this, m3/h: the inflow of a zone may be nothing at all for weeks.
_LEAST_SPREAD_M3H = 1e-3
# Less than this is rounding: a driver that never moved says nothing.
_LEAST_DRIVER_SPREAD = 1e-6
_RIDGE = 0.02
# A day's shape needs so many days.
_LEAST_ALIKE = 5
_HARMONICS = 4


@dataclass(frozen=True)
class FlowBlocks:
    """Blocks' unexpected inflow, m3/h, oldest first, its spread in training, how far it remembers, usual inflow.

    `means` is what their means alone say of it.
    """

    values: Floats
    means: Floats
    spread: float
    memory: float
    usual: float


@dataclass(frozen=True)
class PressureBlocks:
    """Blocks' unexpected pressure by logger (rows: loggers), m, and their spreads in training; NaN: unusable."""

    plain: Floats
    lone: Floats
    plain_spread: Floats
    lone_spread: Floats


def flow_blocks(hours: ZoneHours, training: int, changes: Sequence[int]) -> FlowBlocks | None:
    """The blocks of `hours`, whose first `training` blocks teach what is usual; None where too few are known.

    `changes`: hours since 1970 at which something known began or ended; each has a level of its own.
    """
    count = len(hours) // BLOCK_H
    inflow = hours.inflow[-count * BLOCK_H :].reshape(count, BLOCK_H)
    clock = hours.local_hour[-count * BLOCK_H :].reshape(count, BLOCK_H)
    weekend = hours.is_weekend[-count * BLOCK_H :].reshape(count, BLOCK_H).mean(axis=1)
    begins = hours.end_hour - BLOCK_H * np.arange(count, 0, -1)
    regimes = np.searchsorted(np.sort(np.array(changes, dtype=np.int64)), begins, side="right")
    filled = _filled(inflow, clock, training, regimes)
    known = np.isfinite(inflow).mean(axis=1) >= LEAST_COVERAGE
    taught = known.copy()
    taught[training:] = False
    if taught.sum() < 10:
        return None
    night = np.where(np.isin(clock, _NIGHT), filled, 0).sum(axis=1) / np.isin(clock, _NIGHT).sum(axis=1).clip(
        1
    )
    mean = filled.mean(axis=1)
    usual = float(np.median(mean[taught]))
    ratio = float(np.clip(np.median(night[taught]) / usual, 0.0, 0.85)) if usual > 0 else 0.0
    both = np.array([mean, (night - ratio * mean) / (1 - ratio)])
    design = _design(count, hours.end_hour, changes, weekend, taught)
    residuals = both - _predicted(design, both, taught)
    weights = _best_weights(residuals[:, taught], usual)
    values = weights @ residuals
    values[~known] = np.nan
    means = np.where(known, residuals[0], np.nan)
    spread, memory = _spread(values[taught])
    least = max(_LEAST_SPREAD_SHARE * abs(usual), _LEAST_SPREAD_M3H)
    return FlowBlocks(values, means, max(spread, least), memory, usual)


def _filled(inflow: Floats, clock: Integers, training: int, regimes: Integers) -> Floats:
    """Hours without a value as the same hour of the day was in training, moved to the block's level.

    `regimes`: of each block, how many known changes lie before it. What a leak adds is no multiple of the day's
    shape: a night that is missing is filled from days with the same leaks, and where training has too few of them,
    from the others with what the block's known hours have more than theirs.
    """
    filled = inflow.copy()
    gaps = ~np.isfinite(filled)
    for regime in np.unique(regimes[gaps.any(axis=1)]):
        rows = regimes == regime
        alike = np.flatnonzero(rows[:training])
        has_alike = len(alike) >= _LEAST_ALIKE
        taught = alike if has_alike else np.arange(training)
        expected = _usual_day(inflow[taught], clock[taught])[clock[rows]]
        missing = gaps[rows]
        known = np.where(missing, 0, filled[rows]).sum(axis=1)
        usual = np.where(missing, 0, expected).sum(axis=1)
        if has_alike:
            level = np.where(missing.all(axis=1), 1.0, known / usual.clip(1e-9))
            moved = expected * level[:, None]
        else:
            moved = expected + ((known - usual) / (~missing).sum(axis=1).clip(1))[:, None]
        filled[rows] = np.where(missing, moved, filled[rows])
    return filled


def _usual_day(inflow: Floats, clock: Integers) -> Floats:
    """The median of each hour of the day; of hours that are never known the mean of the others, else nothing."""
    usual = np.full(24, np.nan)
    for hour in range(24):
        past = inflow[clock == hour]
        past = past[np.isfinite(past)]
        if len(past):
            usual[hour] = np.median(past)
    return np.where(np.isfinite(usual), usual, np.nanmean(usual) if np.isfinite(usual).any() else 0.0)


def _design(count: int, end_hour: int, changes: Sequence[int], weekend: Floats, taught: Floats) -> Floats:
    """Columns of what is known of a block: one, its share of weekend, the share of it after each known change."""
    ends = end_hour - BLOCK_H * np.arange(count - 1, -1, -1)
    columns = [np.ones(count), weekend]
    for change in changes:
        after = np.clip((ends - change) / BLOCK_H, 0, 1)
        # A level that training does not know yet cannot be learned from it.
        if after[taught].sum() >= 1 and (1 - after[taught]).sum() >= 1:
            columns.append(after)
    return np.array(columns).T


def _predicted(design: Floats, values: Floats, taught: Floats) -> Floats:
    """Least squares on the taught blocks, twice: the second time without the worst outliers (holidays)."""
    use = taught.copy()
    found = np.zeros_like(values)
    for _round in range(2):
        coefficients = np.linalg.lstsq(design[use], values[:, use].T, rcond=None)[0]
        found = (design @ coefficients).T
        off = np.abs(values - found)[0]
        limit = 3.5 * 1.4826 * np.median(off[taught]) + 1e-9
        use = taught & (off <= limit)
    return found


def _best_weights(residuals: Floats, usual: float) -> Floats:
    """Weights of two measures of one quantity that make its variance least."""
    floor = max((_LEAST_SPREAD_SHARE * usual) ** 2, 1e-9)
    covariance = np.cov(residuals) + np.eye(2) * floor
    solved = np.linalg.solve(covariance, np.ones(2))
    weights = np.clip(solved / solved.sum(), 0, 1)
    return np.asarray(weights / weights.sum())


def _spread(values: Floats) -> tuple[float, float]:
    """A robust standard deviation of known values, and their correlation with the one before, 0 to 0.8."""
    known = values[np.isfinite(values)]
    if len(known) < 5:
        return float("inf"), 0.0
    robust = 1.4826 * float(np.median(np.abs(known - np.median(known))))
    plain = float(known.std())
    middle = known - known.mean()
    memory = float((middle[1:] * middle[:-1]).mean() / max((middle**2).mean(), 1e-12))
    return max(robust, 0.8 * plain), float(np.clip(memory, 0.0, 0.8))


def _wide_spreads(rows: Floats) -> Floats:
    """As `_spread`, of each row, widened for what a row remembers; infinite where too little is known."""
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    usable = count >= 5
    filled = np.where(known, rows, 0.0)
    mean = filled.sum(axis=1) / count.clip(1)
    filled = np.where(known, rows, mean[:, None])
    middle = np.median(filled, axis=1)
    off = np.where(known, filled - middle[:, None], 0.0)
    robust = 1.4826 * np.median(np.abs(off), axis=1)
    plain = np.sqrt((off**2).sum(axis=1) / count.clip(1))
    memory = (off[:, 1:] * off[:, :-1]).mean(axis=1) / np.maximum((off**2).mean(axis=1), 1e-12)
    memory = np.clip(memory, 0.0, 0.8)
    widened = np.maximum(robust, 0.8 * plain) * np.sqrt((1 + memory) / (1 - memory))
    return np.where(usable, widened, np.inf)


@dataclass(frozen=True)
class PressureFit:
    """What training taught of the loggers: rows that are usable, how pressures follow flows, how loggers go together.

    Spreads are those of blocks' means, m, infinite where too little was known.
    """

    usable: NDArray[np.bool_]
    scales: Floats
    changes: tuple[int, ...]
    coefficients: Floats
    covariance: Floats
    plain_spread: Floats
    lone_spread: Floats


def fit_pressures(hours: ZoneHours, changes: Sequence[int]) -> PressureFit | None:
    """Learn from all of `hours`; None where no logger is usable. `changes` as in `flow_blocks`."""
    count = len(hours) // BLOCK_H
    hours = hours.between(hours.end_hour - count * BLOCK_H, hours.end_hour)
    usable = np.isfinite(hours.pressures).mean(axis=1) >= LEAST_COVERAGE
    used = tuple(
        change
        for change in changes
        if change - hours.first_hour >= BLOCK_H and hours.end_hour - change >= BLOCK_H
    )
    scales = _scales(hours)
    features = _features(hours, scales, used)
    taught = np.isfinite(features).all(axis=1)
    if taught.sum() < 10 * BLOCK_H or not usable.any():
        return None
    coefficients = _coefficients(hours.pressures[usable], features, taught)
    plain = hours.pressures[usable] - (features @ coefficients).T
    filled = np.where(np.isfinite(plain), plain, 0.0)[:, taught]
    covariance = filled @ filled.T / filled.shape[1]
    covariance += np.diag(_RIDGE * np.diag(covariance) + 1e-6)
    lone = _without_neighbours(plain, covariance)
    spreads = [
        np.maximum(_wide_spreads(_block_means(rows, count)), _LEAST_SPREAD_M) for rows in (plain, lone)
    ]
    return PressureFit(usable, scales, used, coefficients, covariance, spreads[0], spreads[1])


def pressure_blocks(fit: PressureFit, hours: ZoneHours) -> PressureBlocks:
    """The blocks of `hours` by what a fit expects; rows of all loggers, NaN where one is not usable."""
    count = len(hours) // BLOCK_H
    features = _features(hours, fit.scales, fit.changes)
    plain = hours.pressures[fit.usable] - (features @ fit.coefficients).T
    lone = _without_neighbours(plain, fit.covariance)
    blocks = [np.full((len(fit.usable), count), np.nan) for _measure in range(2)]
    spreads = [np.full(len(fit.usable), np.inf) for _measure in range(2)]
    for number, (rows, spread) in enumerate(((plain, fit.plain_spread), (lone, fit.lone_spread))):
        blocks[number][fit.usable] = _block_means(rows, count)
        spreads[number][fit.usable] = spread
    return PressureBlocks(blocks[0], blocks[1], spreads[0], spreads[1])


def _scales(hours: ZoneHours) -> Floats:
    """Mean and spread of what drives pressures, a row each; a spread of next to 0 where it says nothing."""
    rows = [hours.inflow, *hours.drivers]
    return np.array(
        [(np.nanmean(row), np.nanstd(row)) if np.isfinite(row).any() else (0.0, 0.0) for row in rows]
    )


def _features(hours: ZoneHours, scales: Floats, changes: Sequence[int]) -> Floats:
    angle = 2 * np.pi * hours.local_hour / 24
    weekend = hours.is_weekend.astype(float)
    columns = [np.ones(len(hours)), weekend]
    for row, (mean, spread) in zip([hours.inflow, *hours.drivers], scales, strict=True):
        if spread > _LEAST_DRIVER_SPREAD:
            centred = (row - mean) / spread
            columns += [centred, centred**2]
    for harmonic in range(1, _HARMONICS + 1):
        wave = [np.cos(harmonic * angle), np.sin(harmonic * angle)]
        columns += wave
        if harmonic <= 2:
            columns += [part * weekend for part in wave]
    stamps = hours.first_hour + np.arange(len(hours))
    columns += [(stamps >= change).astype(float) for change in changes]
    return np.array(columns).T


def unexpected_pressures(hours: ZoneHours, training_h: int, changes: Sequence[int]) -> Floats:
    """Each logger's residual, m, on flow, levels and the clock, learned from the first `training_h` hours."""
    fit = fit_pressures(hours.between(hours.first_hour, hours.first_hour + training_h), changes)
    found = np.full(hours.pressures.shape, np.nan)
    if fit is not None:
        features = _features(hours, fit.scales, fit.changes)
        found[fit.usable] = hours.pressures[fit.usable] - (features @ fit.coefficients).T
    return found


def _coefficients(values: Floats, features: Floats, taught: Any) -> Floats:
    """Least squares of each row on the features; three rounds, in which outliers are drawn in (Huber)."""
    known = np.isfinite(values)
    design = features[taught]
    gram = design.T @ design + 1e-6 * len(design) * np.eye(design.shape[1])
    learned, there = values[:, taught], known[:, taught]
    mean = np.where(there, learned, 0.0).sum(axis=1) / there.sum(axis=1).clip(1)
    aim = np.where(there, learned, mean[:, None])
    coefficients = np.zeros((design.shape[1], len(values)))
    for _round in range(3):
        coefficients = np.linalg.solve(gram, design.T @ aim.T)
        predicted = (design @ coefficients).T
        off = np.where(there, learned - predicted, 0.0)
        limit = 3 * 1.4826 * np.median(np.abs(off), axis=1, keepdims=True) + 1e-9
        aim = predicted + np.clip(off, -limit, limit)
    return np.asarray(coefficients)


def _without_neighbours(plain: Floats, covariance: Floats) -> Floats:
    """Of each logger what the others do not share: (C⁻¹e)ᵢ/(C⁻¹)ᵢᵢ, the residual of regressing it on all of them."""
    known = np.isfinite(plain)
    filled = _conditional_fill(np.where(known, plain, 0.0), known, covariance)
    inverse = np.linalg.inv(covariance)
    found = (inverse @ filled) / np.diag(inverse)[:, None]
    return np.where(known, found, np.nan)


def _conditional_fill(filled: Floats, known: Any, covariance: Floats) -> Floats:
    """Missing residuals as the known ones of the same hour let expect them."""
    lacking = np.flatnonzero(~known.all(axis=0) & known.any(axis=0))
    if not len(lacking):
        return filled
    patterns, members = np.unique(known[:, lacking], axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        there = patterns[:, number]
        columns = lacking[members.reshape(-1) == number]
        solved = np.linalg.solve(covariance[np.ix_(there, there)], filled[np.ix_(there, columns)])
        filled[np.ix_(~there, columns)] = covariance[np.ix_(~there, there)] @ solved
    return filled


def _block_means(rows: Floats, count: int) -> Floats:
    blocks = rows.reshape(len(rows), count, BLOCK_H)
    known = np.isfinite(blocks)
    share = known.mean(axis=2)
    means = np.where(known, blocks, 0.0).sum(axis=2) / known.sum(axis=2).clip(1)
    return np.where(share >= LEAST_COVERAGE, means, np.nan)
