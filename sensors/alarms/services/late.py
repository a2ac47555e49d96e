"""Alarms for values that came late: older than what their rule has looked at already.

The rules look forward in time, each value once. What came, or was changed, behind that point is known from the check of
quality, which has read it; where it lies beyond a limit, the samples from there on are gone through again. A condition
that held for as long as the rule asks, and that no alarm tells of, raises one, with its own times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from django.db import transaction
from django.utils import timezone

from sensors.alarms.services.evaluating import (
    BY_VALUE,
    HOUR_US,
    Move,
    Pair,
    lock_rule,
    moves_of,
    pair_of,
    value_samples,
)
from sensors.alarms.services.lifecycle import clear_alarm, open_alarm, raise_alarm
from sensors.models import Alarm, AlarmKind, AlarmRule, AlarmState, AlarmWatch
from sensors.quality.services.checks import Floats, Ints
from sensors.quality.services.reading import CheckedRows, Spans, edit_codes, touched_rows
from sensors.series.services.observation_arrays import instant_of, microseconds

# What happened longer ago is history that was loaded, and nobody is called for it.
LONGEST_AGO = timedelta(days=31)
ONE_DAY = timedelta(days=1)
# Codes of edits behind values that instruments sent; without an edit it is a raw one.
SENT = ("", "resent")
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Late:
    """The late samples of a watch that are beyond a limit, ascending."""

    watch_id: int
    rule_id: int
    times: list[datetime]


@transaction.atomic
def raise_late(spans: Spans, rows: CheckedRows, *, now: datetime | None = None) -> int:
    """Raise alarms for touched values (`rows` within their `spans`) that rules passed by; how many were raised."""
    now = now or timezone.now()
    touched = touched_rows(spans, rows)
    touched &= rows.times_us >= microseconds(now - LONGEST_AGO)
    if not touched.any():
        return 0
    by_rule: dict[int, list[_Late]] = {}
    for item in _late_watches(_samples_of(spans, rows, touched)):
        by_rule.setdefault(item.rule_id, []).append(item)
    rules = (
        AlarmRule.objects.filter(pk__in=by_rule, is_enabled=True).select_related("division").order_by("pk")
    )
    return sum(_raise_of(rule, by_rule[rule.pk], now) for rule in rules)


@dataclass(frozen=True)
class _Touched:
    """Touched values in the order of (datastream, time), and the rates an hour with which they were reached."""

    streams: Ints
    times_us: Ints
    values: Floats
    rates: Floats


def _samples_of(spans: Spans, rows: CheckedRows, touched: Mask) -> _Touched:
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.diff(rows.values, prepend=np.nan) / (np.diff(rows.times_us, prepend=0) / HOUR_US)
    is_first = np.diff(rows.places, prepend=-1) != 0
    rates[is_first] = np.nan
    # A value that came in between has changed the step to the next one too.
    touched = touched | (np.append(False, touched[:-1]) & ~is_first)
    # What a person or an estimate says calls nobody.
    touched &= np.isin(edit_codes(rows), SENT)
    streams = spans.streams[rows.places]
    order = np.flatnonzero(touched)
    order = order[np.lexsort((rows.times_us[order], streams[order]))]
    return _Touched(streams[order], rows.times_us[order], rows.values[order], rates[order])


def _late_watches(touched: _Touched) -> Iterator[_Late]:
    """Watches that are not active and have a touched sample which is not new to them and beyond a limit."""
    watches = AlarmWatch.objects.filter(
        rule__is_enabled=True,
        rule__kind__in=BY_VALUE,
        is_active=False,
        datastream__in=np.unique(touched.streams).tolist(),
        evaluated_until__gte=instant_of(int(touched.times_us.min())),
    ).values_list(
        "pk",
        "rule_id",
        "datastream_id",
        "evaluated_until",
        "rule__kind",
        "rule__low",
        "rule__high",
        "rule__datastream_id",
        "datastream__unit_factor",
        "rule__created_at",
    )
    for pk, rule, stream, looked_until, kind, low, high, own, factor, created_at in watches:
        assert looked_until is not None, "the filter leaves these out"
        first, last = np.searchsorted(touched.streams, [stream, stream + 1])
        times = touched.times_us[first:last]
        samples = (touched.values if kind == AlarmKind.LIMIT else touched.rates)[first:last]
        # A rule of one datastream speaks in its unit, the others in the canonical one.
        scale = 1.0 if own else factor
        is_late = (samples < (-np.inf if low is None else low / scale)) | (
            samples > (np.inf if high is None else high / scale)
        )
        # What came before there was a rule is looked at a day back, as when a rule is new.
        is_late &= (times <= microseconds(looked_until)) & (times >= microseconds(created_at - ONE_DAY))
        if is_late.any():
            yield _Late(pk, rule, [instant_of(time) for time in times[is_late].tolist()])


def _raise_of(rule: AlarmRule, late: list[_Late], now: datetime) -> int:
    lock_rule(rule)
    late_times = {item.watch_id: item.times for item in late}
    watches = AlarmWatch.objects.filter(pk__in=late_times, datastream__deleted_at=None).select_related(
        "datastream", "datastream__latest"
    )
    pairs = [
        pair_of(rule, watch)
        for watch in watches.order_by("datastream_id")
        if hasattr(watch.datastream, "latest")
    ]
    if not pairs:
        return 0
    looked_until = [pair.watch.evaluated_until for pair in pairs]
    before = timedelta(seconds=rule.raise_after_s)
    for pair in pairs:
        # As if nothing had been looked at since shortly before; this watch is not saved.
        watch = pair.watch
        watch.evaluated_until = (
            late_times[watch.pk][0] - before - 2 * timedelta(seconds=watch.datastream.interval_s)
        )
        watch.side, watch.side_since, watch.is_active = False, None, False
    samples = value_samples(rule, pairs, now)
    raised = 0
    for pair, until, new in zip(pairs, looked_until, samples, strict=True):
        moves = moves_of(pair, [sample for sample in new if until is not None and sample[0] <= until])
        raised += _tell(rule, pair, moves, late_times[pair.watch.pk])
    return raised


def _tell(rule: AlarmRule, pair: Pair, moves: list[Move], late_times: list[datetime]) -> int:
    """Raise, and clear, what no alarm tells of; of several the last is sent to the channels."""
    stream = pair.watch.datastream
    episodes = [
        (move, moves[place + 1] if place + 1 < len(moves) else None)
        for place, move in enumerate(moves)
        if move[0]
    ]
    unknown = [
        (begin, end)
        for begin, end in episodes
        if any(begin[1].since <= time and (end is None or time < end[1].since) for time in late_times)
        and not _is_told(rule, stream.pk, (begin, end))
    ]
    raised = 0
    for place, (begin, end) in enumerate(unknown):
        alarm = open_alarm(rule, stream.pk)
        if alarm is not None and alarm.state != AlarmState.CLEARED:
            # Somebody is called already; two alarms of one condition would say no more.
            break
        is_last = place == len(unknown) - 1
        alarm = raise_alarm(rule=rule, datastream=stream, sample=begin[1], is_told=is_last)
        raised += 1
        if end is not None:
            clear_alarm(alarm=alarm, sample=end[1], acting_user=None, is_told=is_last)
        else:
            # It goes on: the next evaluation finds it active and clears it when it ends.
            AlarmWatch.objects.filter(pk=pair.watch.pk).update(
                side=pair.watch.side, side_since=pair.watch.side_since, is_active=True
            )
    return raised


def _is_told(rule: AlarmRule, datastream_id: int, episode: tuple[Move, Move | None]) -> bool:
    """Whether an alarm, of whatever state, covers some of the episode."""
    begin, end = episode
    alarms = Alarm.objects.filter(rule=rule, datastream_id=datastream_id).exclude(
        ended_at__isnull=False, ended_at__lt=begin[1].since
    )
    return alarms.filter(started_at__lte=end[1].time if end else begin[1].time).exists()
