"""Evaluating alarm rules on what came in since the last evaluation.

Samples of all pairs of rule and datastream are read and looked at together; only pairs with a sample out of its limits,
or that were out of them before, are gone through one sample after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.sql_files import load_sql
from sensors.alarms.services.lifecycle import Sample, clear_alarm, open_alarm, raise_alarm
from sensors.models import Alarm, AlarmKind, AlarmRule, AlarmState, AlarmWatch, Datastream
from sensors.quality.services.reading import Spans, newest_final, read_rows
from sensors.series.services.observation_arrays import instant_of, microseconds

HOUR_US = 3_600_000_000
# How many pairs are looked at in a transaction.
PAIRS = 20_000
# Clocks of several machines agree to this.
CLOCK_TOLERANCE = timedelta(minutes=1)
BY_VALUE = (AlarmKind.LIMIT, AlarmKind.RATE)


@dataclass(frozen=True)
class EvaluationResult:
    """How many pairs of rule and datastream had something new, and what became of their alarms."""

    pairs: int = 0
    raised: int = 0
    cleared: int = 0


@dataclass
class Pair:
    """A watch with the limits of its rule in the datastream's unit."""

    watch: AlarmWatch
    rule: AlarmRule
    low: float
    high: float
    hysteresis: float


def evaluate_alarms(*, now: datetime | None = None) -> EvaluationResult:
    """Evaluate all enabled rules; hourly roll-ups should be fresh for night minima. `now` is for missing data."""
    now = now or timezone.now()
    pairs = raised = cleared = 0
    rules = AlarmRule.objects.filter(is_enabled=True).select_related("division").order_by("pk")
    for rule in rules:
        after: int | None = 0
        while after is not None:
            done, up, down, after = _evaluate(rule, now, after)
            pairs, raised, cleared = pairs + done, raised + up, cleared + down
    return EvaluationResult(pairs, raised, cleared)


@transaction.atomic
def _evaluate(rule: AlarmRule, now: datetime, after: int) -> tuple[int, int, int, int | None]:
    """Look at the next PAIRS pairs, of datastreams after `after`: (pairs, raised, cleared, where to go on or None)."""
    lock_rule(rule)
    if after == 0:
        watch_streams(rule)
        _return_to(rule, now)
    if rule.kind == AlarmKind.NIGHT_MINIMUM:
        raised, cleared = follow(rule, *(nights := _nights(rule, now)))
        return len(nights[0]), raised, cleared, None
    pairs = _due_pairs(rule, now, after)
    if not pairs:
        return 0, 0, 0, None
    if rule.kind == AlarmKind.MISSING:
        samples = [_silence(pair, now) for pair in pairs]
    else:
        samples = value_samples(rule, pairs, now)
    raised, cleared = follow(rule, pairs, samples)
    return len(pairs), raised, cleared, pairs[-1].watch.datastream_id if len(pairs) == PAIRS else None


def lock_rule(rule: AlarmRule) -> None:
    """Until the transaction ends: two that look at one rule at once would both raise."""
    hold(AdvisoryLock.ALARM_RULE, rule.pk)


def watch_streams(rule: AlarmRule) -> None:
    """Make the rule remember each datastream that it is about.

    What a datastream has when the rule is new is looked at a day back; what comes later, all of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sensors.alarms", "alarm_watches"), {"rule": rule.pk})


def _return_to(rule: AlarmRule, now: datetime) -> None:
    """Forget what was looked at in the future: the clock ran ahead then, and what comes until there is new."""
    ahead = now + CLOCK_TOLERANCE
    looked_ahead, turned_ahead = Q(evaluated_until__gt=ahead), Q(side_since__gt=ahead)
    AlarmWatch.objects.filter(looked_ahead | turned_ahead, rule=rule).update(
        evaluated_until=Case(When(looked_ahead, then=Value(now)), default=F("evaluated_until")),
        side_since=Case(When(turned_ahead, then=None), default=F("side_since")),
    )


def _due_pairs(rule: AlarmRule, now: datetime, after: int) -> list[Pair]:
    """The pairs that have something to look at; the database passes over the others, which may be nearly all."""
    watches = _watches(rule).filter(datastream__gt=after)
    latest = F("datastream__latest__time")
    if rule.kind == AlarmKind.MISSING:
        quiet_since = now - timedelta(seconds=rule.silent_after_s or 0)
        heard = Coalesce(Least(latest, F("datastream__latest__received_at")), Value(rule.created_at))
        due = Q(heard__lt=quiet_since) | Q(heard__gt=now + CLOCK_TOLERANCE) | Q(side=True) | Q(is_active=True)
        watches = watches.alias(heard=heard).filter(due)
    else:
        # What is stamped in the future waits for its time: else all that comes until then would be old already.
        due = Q(evaluated_until=None) | Q(evaluated_until__lt=Least(latest, now))
        watches = watches.filter(due, datastream__latest__first_time__lte=now)
    return [pair_of(rule, watch) for watch in watches.order_by("datastream_id")[:PAIRS]]


def _watches(rule: AlarmRule) -> QuerySet[AlarmWatch]:
    """The rule's watches with what of their datastreams is needed, since there may be 100,000 of them."""
    own = ("rule", "evaluated_until", "side", "side_since", "is_active", "last_value")
    stream = [f"datastream__{name}" for name in ("unit_factor", "interval_s", "division", "code")]
    latest = [f"datastream__latest__{name}" for name in ("first_time", "time", "received_at")]
    return (
        AlarmWatch.objects.filter(rule=rule, datastream__deleted_at=None)
        .select_related("datastream", "datastream__latest")
        .only(*own, *stream, *latest)
    )


def pair_of(rule: AlarmRule, watch: AlarmWatch) -> Pair:
    # A rule of one datastream speaks in its unit, the others in the canonical one.
    factor = 1.0 if rule.datastream_id else watch.datastream.unit_factor
    if rule.kind == AlarmKind.MISSING:
        return Pair(watch, rule, -np.inf, float(rule.silent_after_s or 0), 0.0)
    return Pair(
        watch,
        rule,
        -np.inf if rule.low is None else rule.low / factor,
        np.inf if rule.high is None else rule.high / factor,
        rule.hysteresis / factor,
    )


Samples = list[tuple[datetime, float]]
# Raised (True) or cleared, and by which sample.
Move = tuple[bool, Sample]


def _silence(pair: Pair, now: datetime) -> Samples:
    latest = getattr(pair.watch.datastream, "latest", None)
    # A stamp of the future does not make a datastream heard of.
    seen = min(latest.time, latest.received_at) if latest else pair.rule.created_at
    if seen > now + CLOCK_TOLERANCE:
        # Nor does our own clock that ran ahead when the value came.
        seen = _heard_until(pair, now)
    return [(now, (now - seen).total_seconds())]


def _heard_until(pair: Pair, now: datetime) -> datetime:
    """When a datastream with values of the future was heard of: its newest value of the past, as far as it counts."""
    quiet_since = now - timedelta(seconds=pair.rule.silent_after_s or 0)
    newest = newest_final(pair.watch.datastream_id, quiet_since, now + CLOCK_TOLERANCE)
    return newest[0] if newest else quiet_since - CLOCK_TOLERANCE


def value_samples(rule: AlarmRule, pairs: list[Pair], now: datetime) -> list[Samples]:
    """New final values of each pair, or their rates an hour; none where all of them are well within the limits."""
    streams = np.array([pair.watch.datastream_id for pair in pairs], np.int64)
    first = [pair.watch.datastream.latest.first_time for pair in pairs]
    since = np.array(
        [
            microseconds(pair.watch.evaluated_until) + 1
            if pair.watch.evaluated_until
            else microseconds(start)
            for pair, start in zip(pairs, first, strict=True)
        ],
        np.int64,
    )
    until = np.array(
        [microseconds(min(pair.watch.datastream.latest.time, now)) + 1 for pair in pairs], np.int64
    )
    spans = Spans(streams, since, until, since, until)
    is_rate = rule.kind == AlarmKind.RATE
    intervals = np.array([pair.watch.datastream.interval_s for pair in pairs], np.int64) * 1_000_000
    # A rate needs the value before: it is looked for as far back as a gap may be and still be a step.
    margins = np.maximum(HOUR_US, 12 * intervals) if is_rate else np.zeros(len(pairs), np.int64)
    rows = read_rows(spans, margins, np.zeros(len(pairs), np.int64))
    values = rows.values
    if is_rate:
        same = np.diff(rows.places, prepend=-1) == 0
        steps = np.diff(rows.times_us, prepend=0) / HOUR_US
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(same, np.diff(rows.values, prepend=np.nan) / steps, np.nan)
    is_new = (rows.times_us >= since[rows.places]) & np.isfinite(values)
    low, high = (np.array([getattr(pair, side) for pair in pairs])[rows.places] for side in ("low", "high"))
    is_out = is_new & ((values < low) | (values > high))
    stirred = np.zeros(len(pairs), bool)
    stirred[rows.places[is_out]] = True
    stirred |= np.array([pair.watch.side or pair.watch.is_active for pair in pairs])
    samples: list[Samples] = [[] for _ in pairs]
    for place, time, value in zip(
        *(column[is_new & stirred[rows.places]].tolist() for column in (rows.places, rows.times_us, values)),
        strict=True,
    ):
        samples[place].append((instant_of(time), value))
    read_until = np.zeros(len(pairs), np.int64)
    np.maximum.at(read_until, rows.places, rows.times_us)
    for pair, start, time in zip(pairs, since.tolist(), read_until.tolist(), strict=True):
        if time >= start:
            pair.watch.evaluated_until = instant_of(time)
    return samples


def _nights(rule: AlarmRule, now: datetime) -> tuple[list[Pair], list[Samples]]:
    """Pairs with local nights that are over; of each that is covered, its end and the least hourly mean."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sensors.alarms", "night_minima"), {"rule": rule.pk, "now": now})
        rows = cursor.fetchall()
    watches = _watches(rule).in_bulk({watch for watch, _end, _minimum in rows})
    pairs = {pk: pair_of(rule, watch) for pk, watch in sorted(watches.items())}
    samples: dict[int, Samples] = {pk: [] for pk in pairs}
    for pk, night_end, minimum in rows:
        if pk in pairs:
            pairs[pk].watch.evaluated_until = night_end
            if minimum is not None:
                samples[pk].append((night_end, minimum))
    return list(pairs.values()), list(samples.values())


def follow(rule: AlarmRule, pairs: list[Pair], samples: Iterable[Samples]) -> tuple[int, int]:
    """Let each pair's state follow its samples, and its alarm the state: how many were raised and cleared."""
    raised = cleared = 0
    for pair, new in zip(pairs, samples, strict=True):
        moves = moves_of(pair, new)
        if not moves:
            continue
        # Of what happened since the last look, the last raising and the last clearing are told.
        told = {is_raised: place for place, (is_raised, _sample) in enumerate(moves)}
        for place, (is_raised, sample) in enumerate(moves):
            is_told = told[is_raised] == place
            if is_raised:
                raise_alarm(rule=rule, datastream=pair.watch.datastream, sample=sample, is_told=is_told)
                raised += 1
            else:
                alarm = open_alarm(rule, pair.watch.datastream_id)
                if alarm is not None and alarm.state != AlarmState.CLEARED:
                    clear_alarm(alarm=alarm, sample=sample, acting_user=None, is_told=is_told)
                    cleared += 1
                elif alarm is not None:
                    # Cleared by hand before the condition was gone.
                    Alarm.objects.filter(pk=alarm.pk).update(ended_at=sample.since)
    _save([pair.watch for pair in pairs])
    return raised, cleared


def _save(watches: list[AlarmWatch]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sensors_alarmwatch watch SET evaluated_until = given.evaluated_until, side = given.side, "
            "       side_since = given.side_since, is_active = given.is_active, last_value = given.last_value "
            "  FROM unnest(%s::bigint[], %s::timestamptz[], %s::boolean[], %s::timestamptz[], %s::boolean[], "
            "              %s::float8[]) AS given (id, evaluated_until, side, side_since, is_active, last_value) "
            " WHERE watch.id = given.id",
            [
                [getattr(watch, name) for watch in watches]
                for name in ("pk", "evaluated_until", "side", "side_since", "is_active", "last_value")
            ],
        )


def moves_of(pair: Pair, samples: Samples) -> list[Move]:
    """When the condition came to hold (True) or to be gone (False) for as long as the rule asks."""
    watch, rule = pair.watch, pair.rule
    moves: list[Move] = []
    for time, value in samples:
        is_out = value > pair.high or value < pair.low
        is_back = pair.low + pair.hysteresis <= value <= pair.high - pair.hysteresis
        side = True if is_out else False if is_back else watch.side
        if side != watch.side or watch.side_since is None:
            watch.side, watch.side_since = side, time
        held_s = (time - watch.side_since).total_seconds()
        if side and not watch.is_active and held_s >= rule.raise_after_s:
            watch.is_active = True
            moves.append((True, Sample(time, watch.side_since, value)))
        elif not side and watch.is_active and held_s >= rule.clear_after_s:
            watch.is_active = False
            moves.append((False, Sample(time, watch.side_since, value)))
        watch.last_value = value
    return moves


@transaction.atomic
def forget_watches(rule: AlarmRule, acting_user: Any, note: str) -> int:
    """A rule that was changed or switched off starts anew: its alarms are cleared; how many those were."""
    AlarmWatch.objects.filter(rule=rule).delete()
    active = Alarm.objects.filter(rule=rule, state__in=[AlarmState.RAISED, AlarmState.ACKNOWLEDGED])
    for alarm in active:
        clear_alarm(alarm=alarm, sample=None, acting_user=acting_user, note=note)
    return len(active)


def streams_of(rule: AlarmRule) -> list[Datastream]:
    """The datastreams a rule is about, by code."""
    ids = AlarmWatch.objects.filter(rule=rule).values("datastream_id")
    return list(Datastream.objects.filter(pk__in=ids).order_by("code"))
