"""The sequential search: steps over hours, is given only those up to the step, and decides what began, grew or ended.

At each step the last k blocks of 24 hours are compared with those before them, for several k (generalised likelihood
ratio over the onset; Basseville and Nikiforov, *Detection of Abrupt Changes*, 1993), in inflow and in each logger that
its neighbours do not explain; both are weighed by their own spreads. A change that is decided becomes a level of its
own in what follows, so that it is found once. Everything that a decision needs beside the hours is in `SearchState`.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from balances.leak_detection.hourly_data import Floats, ZoneHours
from balances.leak_detection.residuals import (
    BLOCK_H,
    FlowBlocks,
    PressureBlocks,
    PressureFit,
    fit_pressures,
    flow_blocks,
    pressure_blocks,
)

# Decisions are made every so many hours, on so many blocks at most.
STEP_H = 3
TRAINING_BLOCKS = 35
LEAST_TRAINING_BLOCKS = 18
_HORIZONS = ((3, (1, 2, 3)), (14, (4, 5, 7, 10, 14)))
# Long spans change little within a day.
_SLOW_STEP_H = 24
WINDOW_H = (TRAINING_BLOCKS + 15) * BLOCK_H
# After a change nothing is decided on hours nearer than this to it: repairs and refills are not leaks.
_SETTLING_H = 48
# Of a leak that is not plain at least these hours are seen before it is called one: its size is wrong otherwise.
_LEAST_SEEN_H = 18
_PLAIN = 2.0
_AGAIN_H = 7 * BLOCK_H
_AT_ONCE_H = 6 * BLOCK_H
# Hours that must be seen of flow that comes back after demand fell, and hours from before the fall to judge it by.
_LEAST_RETURN_H = 12
_LEAST_BEFORE_H = 7 * BLOCK_H
_NEAR_H = 7 * BLOCK_H


@dataclass(frozen=True)
class Thresholds:
    """When a change counts; tuned on seeds that are not reported (docs/losses.md). Scores are in standard errors."""

    score: float = 5.5
    # One block alone must be plain, since holidays last a day.
    score_of_one_block: float = 8.0
    score_of_two_blocks: float = 6.5
    # Without loggers that agree, by inflow alone.
    flow_alone: float = 6.0
    # A rise that inflow does not bear out is not a leak.
    least_flow: float = 2.0
    plain_fall: float = 4.0
    least_share: float = 0.006
    alike: float = 0.75
    alike_at_once: float = 0.2
    # Flow is back when it is off the level before the fall by at most this share of the fall, or rose by as much.
    returned: float = 0.4


@dataclass
class KnownChange:
    """What was decided: `kind` leak, growth, end, fault, demand, valve; hours since 1970; size of the step, m3/h."""

    kind: str
    at_hour: int
    decided_hour: int
    size_m3h: float
    leak: int | None = None
    logger: int | None = None


@dataclass
class KnownLeak:
    """A leak found: what was known when it was decided, and what is known now. Hours since 1970, m3/h.

    `evidence`: logger (None: inflow), change in m or m3/h, score. `drop`: unexpected change of each logger in spreads.
    """

    number: int
    kind: str
    started_hour: int
    started_from: int
    started_to: int
    decided_hour: int
    size_m3h: float
    limit_m3h: float
    score: float
    evidence: list[tuple[int | None, float, float]]
    drop: dict[str, float]
    now_size_m3h: float
    ended_hour: int | None = None


@dataclass
class OtherFinding:
    """A change that is no leak, with its reason: sensor_fault, demand_shift, or valve_move of the valve `element`.

    Who keeps the events knows more: `zone_inside`, of a leak that zones inside this one show.
    """

    reason: str
    at_hour: int
    decided_hour: int
    logger: int | None
    change: float
    unit: str
    score: float
    element: str | None = None


@dataclass
class SearchState:
    """All that a search remembers from one step to the next."""

    next_hour: int
    changes: list[KnownChange] = field(default_factory=list)
    leaks: list[KnownLeak] = field(default_factory=list)
    others: list[OtherFinding] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For storing; `from_dict` is its inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "SearchState":
        """The state that `as_dict` wrote."""
        leaks = [{**leak, "evidence": [tuple(part) for part in leak["evidence"]]} for leak in stored["leaks"]]
        return cls(
            next_hour=stored["next_hour"],
            changes=[KnownChange(**change) for change in stored["changes"]],
            leaks=[KnownLeak(**leak) for leak in leaks],
            others=[OtherFinding(**other) for other in stored["others"]],
        )


@dataclass(frozen=True)
class _Shift:
    """The last `blocks` blocks against those before: of inflow in m3/h and standard errors, of each logger likewise."""

    blocks: int
    flow: float
    flow_score: float
    flow_error: float
    plain: Floats
    plain_score: Floats
    lone_score: Floats
    score: float
    sign: int
    # What the means of the blocks alone say of inflow, m3/h.
    mean_change: float = math.nan


# The code of the valve whose turning explains a rise, None where none does.
ValveOf = Callable[[KnownLeak], str | None]


def search(
    hours: ZoneHours,
    state: SearchState,
    until: int,
    *,
    thresholds: Thresholds | None = None,
    valve_of: ValveOf = lambda _leak: None,
) -> SearchState:
    """Step from `state.next_hour` to before `until`, hours since 1970; changes and returns the state.

    Each step is given a copy of the hours that lie before it, and nothing else. `valve_of` is asked of each rise that
    would be a new leak: what a valve explains is a new level of the inflow, and what rises later is no growth of it.
    """
    limits = thresholds or Thresholds()
    last = min(until, hours.end_hour)
    fits = _Fits()
    while state.next_hour <= last:
        moment = state.next_hour
        window = hours.between(moment - WINDOW_H, moment)
        if _has_spoken(window):
            _decide(window, state, moment, limits, fits, valve_of)
        state.next_hour += STEP_H
    return state


def _has_spoken(window: ZoneHours) -> bool:
    """Whether the last hour has a value. In silence nothing is decided: a decision would carry the stamp of a value
    before it, and who asks up to that stamp would not be told of it.
    """
    last = (window.inflow[-1:], window.drivers[:, -1:], window.pressures[:, -1:])
    return any(bool(np.isfinite(values).any()) for values in last)


def first_step(first_hour: int) -> int:
    """The first step over hours that begin at `first_hour`: on the grid of steps that all searches share."""
    earliest = first_hour + (LEAST_TRAINING_BLOCKS + 1) * BLOCK_H
    return -(-earliest // STEP_H) * STEP_H


class _Fits:
    """Fits of the loggers, one a day: made of the hours before that day alone, they are the same whoever makes them."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, int], PressureFit | None] = {}

    def of(self, window: ZoneHours, moment: int, tested: int, changes: list[int]) -> PressureFit | None:
        """The fit for decisions at a moment about the last `tested` blocks."""
        ends = moment - moment % BLOCK_H - tested * BLOCK_H
        key = (ends, tested, len(changes))
        if key not in self._made:
            if len(self._made) > 4 * len(_HORIZONS):
                self._made.clear()
            self._made[key] = fit_pressures(window.between(ends - TRAINING_BLOCKS * BLOCK_H, ends), changes)
        return self._made[key]


def _decide(
    window: ZoneHours,
    state: SearchState,
    moment: int,
    limits: Thresholds,
    fits: _Fits,
    valve_of: ValveOf,
) -> None:
    _estimate_again(window, state, moment)
    muted = {
        change.logger
        for change in state.changes
        if change.kind == "fault" and change.logger is not None and moment - change.at_hour < WINDOW_H
    }
    shifts = list(_shifts(window, state, moment, muted, fits))
    counted = [shift for shift in shifts if shift.score >= _needed(shift, limits)]
    # The span that stands out most is judged: of longer ones inflow may say otherwise, for what it did before.
    best = max(counted, key=lambda shift: shift.score, default=None)
    if best is None:
        _look_for_faults(shifts, window, state, moment, limits)
    elif best.sign > 0:
        _settle_rise(best, window, state, moment, limits, valve_of)
    else:
        newest = min(shifts, key=lambda shift: shift.blocks)
        _settle_fall(best, newest, window, state, moment, limits)


def _needed(shift: _Shift, limits: Thresholds) -> float:
    return {1: limits.score_of_one_block, 2: limits.score_of_two_blocks}.get(shift.blocks, limits.score)


def _shifts(
    window: ZoneHours, state: SearchState, moment: int, muted: set[int], fits: "_Fits"
) -> Iterable[_Shift]:
    """Every onset that may be tested now."""
    changes = [change.at_hour for change in state.changes]
    latest = max((max(change.at_hour, change.decided_hour - BLOCK_H) for change in state.changes), default=0)
    allowed = (moment - latest - _SETTLING_H) // BLOCK_H
    count = len(window) // BLOCK_H
    for horizon, lengths in _HORIZONS:
        if lengths[0] > 3 and moment % _SLOW_STEP_H:
            continue
        tested = min(horizon, allowed, count - LEAST_TRAINING_BLOCKS)
        if tested < lengths[0]:
            continue
        blocks = min(count, TRAINING_BLOCKS + tested)
        part = window.between(moment - blocks * BLOCK_H, moment)
        training = blocks - tested
        flow = flow_blocks(part, training, changes)
        pressure = None
        if len(part.loggers):
            fit = fits.of(window, moment, tested, changes)
            pressure = (
                None if fit is None else pressure_blocks(fit, part.between(moment - tested * BLOCK_H, moment))
            )
        if pressure is not None:
            rows = [row for row, logger in enumerate(part.loggers) if logger in muted]
            pressure.lone[rows] = np.nan
            pressure.plain[rows] = np.nan
        base = _since_latest(training, blocks, latest, moment)
        for length in lengths:
            if length <= tested and flow is not None:
                shift = _shift(flow, pressure, length, base)
                if shift is not None:
                    yield shift


def _since_latest(training: int, blocks: int, latest: int, moment: int) -> int:
    """How many training blocks lie after the latest change: its level is known from those alone."""
    after = (moment - latest) // BLOCK_H - (blocks - training)
    return int(np.clip(after, 1, training))


def _shift(flow: FlowBlocks, pressure: PressureBlocks | None, length: int, base: int) -> _Shift | None:
    values = flow.values[-length:]
    if np.isfinite(values).sum() < max(1, 0.6 * length) or not math.isfinite(flow.spread):
        return None
    widening = math.sqrt((1 + flow.memory) / (1 - flow.memory))
    error = flow.spread * widening * math.sqrt(1 / length + 1 / base)
    change = float(np.nanmean(values))
    mean_change = float(np.nanmean(flow.means[-length:]))
    flow_score = change / error
    if pressure is None:
        empty = np.zeros(0)
        sign = 1 if change > 0 else -1
        return _Shift(
            length, change, flow_score, error, empty, empty, empty, abs(flow_score), sign, mean_change
        )
    known = np.isfinite(pressure.lone[:, -length:]).sum(axis=1) >= max(1, 0.6 * length)
    scale = math.sqrt(1 / length + 1 / base)
    plain = np.where(known, _means(pressure.plain[:, -length:]), 0.0)
    lone_score = np.where(known, _means(pressure.lone[:, -length:]), 0.0) / (pressure.lone_spread * scale)
    plain_score = plain / (pressure.plain_spread * scale)
    found = _scored(length, change, flow_score, error, plain, plain_score, lone_score, int(known.sum()))
    return replace(found, mean_change=mean_change)


def _means(rows: Floats) -> Floats:
    known = np.isfinite(rows)
    return np.asarray(np.where(known, rows, 0.0).sum(axis=1) / known.sum(axis=1).clip(1))


def _scored(
    length: int,
    change: float,
    flow_score: float,
    error: float,
    plain: Floats,
    plain_score: Floats,
    lone_score: Floats,
    known: int,
) -> _Shift:
    """Inflow and the logger that stands out most, together; of many loggers one stands out by chance.

    Inflow says whether it rose or fell. A logger may do either in a leak: at a given inflow pressures fall near it and
    rise where others then draw less.
    """
    chance = 2 * math.log(max(known, 1))
    furthest = float(np.abs(lone_score).max(initial=0.0))
    score = math.sqrt(flow_score**2 + max(0.0, furthest**2 - chance))
    sign = 1 if change > 0 else -1
    return _Shift(length, change, flow_score, error, plain, plain_score, lone_score, score, sign)


def _settle_rise(
    shift: _Shift,
    window: ZoneHours,
    state: SearchState,
    moment: int,
    limits: Thresholds,
    valve_of: ValveOf,
) -> None:
    usual = _usual(window)
    lone = float(np.abs(shift.lone_score).max(initial=0.0))
    if shift.flow_score < limits.least_flow:
        if _is_one_logger(shift, limits):
            _keep_fault(shift, window, state, moment)
        return
    if lone < 3.0 and (shift.flow_score < limits.flow_alone or shift.blocks < 3):
        return
    if shift.flow < limits.least_share * usual:
        return
    if _settle_return(shift, window, state, moment, limits):
        return
    latest = _latest(state)
    onset, earliest, not_after = _onset(window, shift, moment, latest)
    # Blocks that began before the leak did hold a part of it.
    if moment - onset < _LEAST_SEEN_H and shift.score < _PLAIN * _needed(shift, limits):
        return
    size = _size(window, shift, onset, moment, state)
    drop = {
        str(logger): float(value)
        for logger, value in zip(window.loggers, shift.plain_score, strict=False)
        if value != 0
    }
    grown = _grown(state, drop, moment, limits)
    if grown is not None:
        is_rest = moment - grown.decided_hour <= _AT_ONCE_H
        whole = _size_against_before(window, state, grown, moment, shift.blocks) if is_rest else None
        grown.now_size_m3h = grown.now_size_m3h + size if whole is None else whole
        state.changes.append(KnownChange("growth", onset, moment, size, grown.number))
        return
    leak = KnownLeak(
        number=len(state.leaks),
        kind=_kind(window, shift, latest),
        started_hour=onset,
        started_from=earliest,
        started_to=not_after,
        decided_hour=moment,
        size_m3h=size,
        limit_m3h=1.96 * shift.flow_error * size / shift.flow,
        score=shift.score,
        evidence=_evidence(window, shift),
        drop=drop,
        now_size_m3h=size,
    )
    _keep_rise(leak, valve_of(leak), state)


def _keep_rise(leak: KnownLeak, valve: str | None, state: SearchState) -> None:
    """A new leak, or the level since a valve was turned."""
    onset, moment, size = leak.started_hour, leak.decided_hour, leak.size_m3h
    if valve is None:
        state.changes.append(KnownChange("leak", onset, moment, size, leak.number))
        state.leaks.append(leak)
        return
    state.changes.append(KnownChange("valve", onset, moment, size))
    state.others.append(OtherFinding("valve_move", onset, moment, None, size, "m3/h", leak.score, valve))


def _settle_fall(
    shift: _Shift, newest: _Shift, window: ZoneHours, state: SearchState, moment: int, limits: Thresholds
) -> None:
    """A known leak ended or shrank; else demand fell, or a leak from before the data was mended."""
    if shift.flow_score > -limits.least_flow:
        if _is_one_logger(shift, limits):
            _keep_fault(shift, window, state, moment)
        return
    # A leak that began by day has not reached a night yet: against its mean the block's night looks low.
    if shift.mean_change > 0:
        return
    onset, _from, _to = _onset(window, shift, moment, _latest(state))
    ended = _ended(state, shift, window, limits)
    if ended is not None:
        ended.now_size_m3h = max(0.0, ended.now_size_m3h + shift.flow)
        if ended.now_size_m3h < 0.4 * max(ended.size_m3h, -shift.flow):
            ended.now_size_m3h, ended.ended_hour = 0.0, max(onset, ended.started_hour)
        state.changes.append(KnownChange("end", onset, moment, shift.flow, ended.number))
        return
    # Not urgent: the newest hours must show it plainly, or it is the past of a leak that has just begun.
    if newest.flow_score > -limits.plain_fall:
        return
    # What a valve brought and took again does not come back: a rise after it is a leak.
    kind = "valve" if _is_valve_back(state, shift) else "demand"
    state.changes.append(KnownChange(kind, onset, moment, shift.flow))
    state.others.append(OtherFinding("demand_shift", onset, moment, None, shift.flow, "m3/h", shift.score))


def _is_valve_back(state: SearchState, shift: _Shift) -> bool:
    """Whether a fall is about as large as what the newest turning of a valve added, and that still flows."""
    sizes = [change.size_m3h for change in state.changes if change.kind == "valve"]
    return bool(sizes) and sizes[-1] > 0 and 0.5 <= -shift.flow / sizes[-1] <= 2


@dataclass(frozen=True)
class _Return:
    """Of the flow since demand fell: when it rose; m3/h: the fall and the rise by the days about each, and how far it
    is now off the level before the fall."""

    rose_hour: int
    fall: float
    rise: float
    returned: float


def _settle_return(
    shift: _Shift, window: ZoneHours, state: SearchState, moment: int, limits: Thresholds
) -> bool:
    """Whether a rise is the end of a fall of demand that is kept, or too new to tell: neither is a leak."""
    for fall in _open_falls(state, window):
        back = _return_after(window, fall, moment)
        if back is None or back.fall <= 0 or back.rise <= 0:
            continue
        is_level = abs(back.returned) <= max(limits.returned * back.fall, 2 * shift.flow_error)
        is_size = abs(back.rise - back.fall) <= limits.returned * back.fall
        if not (is_level or is_size):
            continue
        if moment - back.rose_hour >= _LEAST_RETURN_H:
            state.changes.append(KnownChange("demand", back.rose_hour, moment, back.rise))
            state.others.append(
                OtherFinding("demand_shift", back.rose_hour, moment, None, back.rise, "m3/h", shift.score)
            )
        return True
    return False


def _open_falls(state: SearchState, window: ZoneHours) -> list[KnownChange]:
    """Falls of demand within the window that did not end yet, oldest first: what ends one ends those after it."""
    falls: list[KnownChange] = []
    for change in state.changes:
        if change.kind != "demand" or change.at_hour < window.first_hour:
            continue
        falls = [*falls, change] if change.size_m3h < 0 else []
    return falls


def _return_after(window: ZoneHours, fall: KnownChange, moment: int) -> _Return | None:
    """The step back up that fits the hours since a fall best; None where too little is known of before or since."""
    place = fall.at_hour - window.first_hour
    before = slice(max(0, place - 21 * BLOCK_H), place)
    if np.isfinite(window.inflow[before]).sum() < _LEAST_BEFORE_H:
        return None
    signal = _against(window, before)[place:]
    known = np.isfinite(signal)
    if known.sum() < 2 * _LEAST_RETURN_H:
        return None
    total = np.cumsum(np.where(known, signal, 0.0))
    count = np.cumsum(known)
    fallen = total[:-1] / count[:-1].clip(1)
    returned = (total[-1] - total[:-1]) / (count[-1] - count[:-1]).clip(1)
    gains = count[:-1] * (count[-1] - count[:-1]) * np.where(returned > fallen, returned - fallen, 0.0) ** 2
    rose = int(gains.argmax()) + 1
    # Seasons move what a long fall is measured by: each step is taken from the days about it.
    near, after = signal[max(0, rose - _NEAR_H) : rose], signal[rose:]
    if not (
        np.isfinite(near).any() and np.isfinite(signal[:_NEAR_H][:rose]).any() and np.isfinite(after).any()
    ):
        return None
    level = float(np.nanmean(after))
    return _Return(
        rose_hour=fall.at_hour + rose,
        fall=-float(np.nanmean(signal[:_NEAR_H][:rose])),
        rise=float(np.nanmean(after[:_NEAR_H]) - np.nanmean(near)),
        returned=level,
    )


def _look_for_faults(
    shifts: list[_Shift], window: ZoneHours, state: SearchState, moment: int, limits: Thresholds
) -> None:
    """One logger that moved alone and far, while inflow did not."""
    for shift in shifts:
        if shift.blocks <= 3 and _is_one_logger(shift, limits) and abs(shift.flow_score) < 2:
            _keep_fault(shift, window, state, moment)
            return


def _is_one_logger(shift: _Shift, limits: Thresholds) -> bool:
    if not len(shift.lone_score):
        return False
    order = np.sort(np.abs(shift.lone_score))
    second = order[-2] if len(order) > 1 else 0.0
    return bool(order[-1] >= 2 * limits.score and second < 0.35 * order[-1] and shift.blocks >= 2)


def _keep_fault(shift: _Shift, window: ZoneHours, state: SearchState, moment: int) -> None:
    row = int(np.abs(shift.lone_score).argmax())
    onset = moment - shift.blocks * BLOCK_H
    logger = window.loggers[row]
    state.changes.append(KnownChange("fault", onset, moment, 0.0, logger=logger))
    change, score = float(shift.plain[row]), float(abs(shift.lone_score[row]))
    state.others.append(OtherFinding("sensor_fault", onset, moment, logger, change, "m", score))


def _size(window: ZoneHours, shift: _Shift, onset: int, moment: int, state: SearchState) -> float:
    """The leak's flow at the decision: since its onset where that is days ago, else what the blocks say."""
    if shift.blocks >= 4:
        return shift.flow
    span, latest = max(moment - onset, 6), _latest(state)
    signal = _hourly_signal(window, span, latest)
    known = signal[np.isfinite(signal)]
    if len(known) < 4:
        return shift.flow
    # What a valve has brought of late is not in the level before it, nor is it the leak's.
    newest = max(state.changes, key=lambda change: change.at_hour, default=None)
    brought = 0.0
    if newest is not None and newest.kind == "valve" and not _is_settled(window, span, latest):
        brought = newest.size_m3h
    return max(float(known.mean()) - brought, 0.3 * shift.flow)


def _is_settled(window: ZoneHours, span: int, latest: int) -> bool:
    """Whether enough days lie between the latest change and the last hours to know the level by those alone."""
    return len(window) - span - (latest - window.first_hour) >= 5 * BLOCK_H


def _estimate_again(window: ZoneHours, state: SearchState, moment: int) -> None:
    """A week after a leak was found its size is known better: of the last seven blocks against those before it."""
    for leak in state.leaks:
        if leak.ended_hour is not None or moment != leak.decided_hour + _AGAIN_H:
            continue
        if any(change.decided_hour > leak.decided_hour for change in state.changes):
            continue
        size = _size_against_before(window, state, leak, moment, 7)
        if size is not None:
            leak.now_size_m3h = size


def _size_against_before(
    window: ZoneHours, state: SearchState, leak: KnownLeak, moment: int, last: int
) -> float | None:
    """The inflow of the last blocks against that before the leak began, m3/h; None where too little is known."""
    tested = -(-(moment - leak.started_hour) // BLOCK_H)
    training = len(window) // BLOCK_H - tested
    before = [change.at_hour for change in state.changes if change.decided_hour < leak.decided_hour]
    flow = flow_blocks(window, training, before) if training >= 10 else None
    if flow is None or np.isfinite(flow.values[-last:]).sum() < max(1, last // 2):
        return None
    return max(float(np.nanmean(flow.values[-last:])), 0.0)


def _latest(state: SearchState) -> int:
    return max((change.at_hour for change in state.changes), default=0)


def _usual(window: ZoneHours) -> float:
    known = window.inflow[np.isfinite(window.inflow)]
    return float(known.mean()) if len(known) else 0.0


def _cosine(one: dict[str, float], other: dict[str, float]) -> float | None:
    """How alike two patterns over loggers are, -1 to 1; None where they share too few."""
    shared = [key for key in one if key in other]
    if len(shared) < 3:
        return None
    first, second = (np.array([pattern[key] for key in shared]) for pattern in (one, other))
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / size if size > 0 else None


def _grown(state: SearchState, drop: dict[str, float], moment: int, limits: Thresholds) -> KnownLeak | None:
    """The known leak that a rise is more of: it looks alike at the loggers, or without them was growing of late."""
    best: tuple[float, KnownLeak] | None = None
    for leak in state.leaks:
        if leak.ended_hour is not None:
            continue
        alike = _cosine(leak.drop, drop)
        if alike is None:
            grows = leak.kind == "growing" and moment - leak.decided_hour < 21 * BLOCK_H
            alike = 0.9 if grows or moment - leak.decided_hour <= _AT_ONCE_H else 0.0
        # What follows a find at once is most of all the rest of it.
        needed = limits.alike_at_once if moment - leak.decided_hour <= _AT_ONCE_H else limits.alike
        if alike >= needed and (best is None or alike > best[0]):
            best = (alike, leak)
    return best[1] if best else None


def _ended(state: SearchState, shift: _Shift, window: ZoneHours, limits: Thresholds) -> KnownLeak | None:
    """The known leak whose pattern is gone, or without a pattern the one nearest in size."""
    rise = {
        str(logger): -float(value)
        for logger, value in zip(window.loggers, shift.plain_score, strict=False)
        if value != 0
    }
    best: tuple[float, KnownLeak] | None = None
    for leak in state.leaks:
        if leak.ended_hour is not None:
            continue
        alike = _cosine(leak.drop, rise)
        nearness = math.exp(-abs(math.log(max(-shift.flow, 1e-3) / max(leak.now_size_m3h, 1e-3))))
        fits = nearness if alike is None else 0.5 * nearness + 0.5 * alike
        if fits >= 0.5 and (best is None or fits > best[0]):
            best = (fits, leak)
    return best[1] if best else None


def _onset(window: ZoneHours, shift: _Shift, moment: int, latest: int) -> tuple[int, int, int]:
    """When the shift began, and the hours that it may have: by the step that fits the tested blocks' hours best."""
    span = shift.blocks * BLOCK_H + BLOCK_H // 2
    signal = _hourly_signal(window, span, latest)
    total = np.nancumsum(np.where(np.isfinite(signal), signal, 0.0)[::-1])[::-1]
    lengths = np.cumsum(np.isfinite(signal)[::-1])[::-1].clip(1)
    gains = np.where(total * shift.sign > 0, total**2 / lengths, 0.0)
    tested = gains[: span - 3]
    spread = float(np.nanvar(np.diff(signal))) / 2 if np.isfinite(signal).sum() > 3 else 1.0
    best = int(tested.argmax())
    near = np.flatnonzero(tested >= tested[best] - 8 * max(spread, 1e-12))
    start = moment - span
    return start + best, start + int(near.min()), start + int(near.max())


def _hourly_signal(window: ZoneHours, span: int, latest: int) -> Floats:
    """The inflow of the last hours less that of the same hours of the day and week before them."""
    end = len(window) - span
    # The level before the latest change is another one, unless too few days have passed since.
    since = max(end - 21 * BLOCK_H, 0)
    if _is_settled(window, span, latest):
        since = max(since, latest - window.first_hour)
    return _against(window, slice(since, end))[-span:]


def _against(window: ZoneHours, before: slice) -> Floats:
    """The inflow less the median of the same hours of the day and week in a part of the window."""
    usual = np.full(len(window), np.nan)
    for hour in range(24):
        for weekend in (False, True):
            here = (window.local_hour == hour) & (window.is_weekend == weekend)
            past = window.inflow[before][here[before]]
            if np.isfinite(past).any():
                usual[here] = np.nanmedian(past)
    return window.inflow - usual


def _kind(window: ZoneHours, shift: _Shift, latest: int) -> str:
    """`growing` when the tested blocks rise in themselves, else `burst`."""
    if shift.blocks < 4:
        return "burst"
    signal = _hourly_signal(window, shift.blocks * BLOCK_H, latest)
    days = signal.reshape(shift.blocks, BLOCK_H)
    known = np.isfinite(days).mean(axis=1) > 0.5
    if known.sum() < 4:
        return "burst"
    means = np.nanmean(days[known], axis=1)
    half = len(means) // 2
    return "growing" if means[half:].mean() - means[:half].mean() > 0.35 * abs(shift.flow) else "burst"


def _evidence(window: ZoneHours, shift: _Shift) -> list[tuple[int | None, float, float]]:
    """Inflow first, then the loggers that stand out most, at most five."""
    found: list[tuple[int | None, float, float]] = [(None, shift.flow, shift.flow_score)]
    for row in np.argsort(-np.abs(shift.lone_score))[:5]:
        score = float(abs(shift.lone_score[row]))
        if score >= 3:
            found.append((window.loggers[row], float(shift.plain[row]), score))
    return found


# The engine's version: a stored state of another one is not gone on from.
ENGINE_VERSION = 4
