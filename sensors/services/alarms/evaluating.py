"""Evaluating alarm rules on what came in since the last evaluation.

Samples of all pairs of rule and datastream are read and looked at together; only pairs with a sample out of its limits,
or that were out of them before, are gone through one sample after the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone

from gis_core.sql_loader import load_sql
from sensors.models import Alarm, AlarmKind, AlarmRule, AlarmState, AlarmWatch, Datastream
from sensors.services.alarms.lifecycle import Sample, clear_alarm, open_alarm, raise_alarm
from sensors.services.observation_arrays import instant_of, microseconds
from sensors.services.quality.reading import Spans, read_rows

HOUR_US = 3_600_000_000
# How many pairs are read at a time, of the kinds that read values.
PAIRS = 20_000
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
        while True:
            done, up, down = _evaluate(rule, now)
            pairs, raised, cleared = pairs + done, raised + up, cleared + down
            if done < PAIRS or rule.kind not in BY_VALUE:
                break
    return EvaluationResult(pairs, raised, cleared)


@transaction.atomic
def _evaluate(rule: AlarmRule, now: datetime) -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        # Two evaluations of one rule would both raise.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('sensors alarms'), %s)", [rule.pk % 2**31])
    watch_streams(rule)
    pairs = _due_pairs(rule, now)
    if not pairs:
        return 0, 0, 0
    if rule.kind == AlarmKind.MISSING:
        samples = [_silence(pair, now) for pair in pairs]
    elif rule.kind == AlarmKind.NIGHT_MINIMUM:
        samples = _night_samples(rule, pairs, now)
    else:
        samples = _value_samples(rule, pairs)
    return (len(pairs), *_follow(rule, pairs, samples))


def watch_streams(rule: AlarmRule) -> None:
    """Make the rule remember each datastream that it is about.

    What a datastream has when the rule is new is looked at a day back; what comes later, all of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sensors", "alarm_watches"), {"rule": rule.pk})


def _due_pairs(rule: AlarmRule, now: datetime) -> list[Pair]:
    watches = AlarmWatch.objects.filter(rule=rule, datastream__deleted_at=None).select_related(
        "datastream", "datastream__latest"
    )
    found: list[Pair] = []
    for watch in watches.order_by("datastream_id").iterator(chunk_size=5000):
        latest = getattr(watch.datastream, "latest", None)
        if rule.kind == AlarmKind.MISSING:
            # Quiet ones, nearly all, need no look.
            seen = min(latest.time, latest.received_at) if latest else rule.created_at
            is_silent = (now - seen).total_seconds() > (rule.silent_after_s or 0)
            if not (is_silent or watch.side or watch.is_active):
                continue
        elif latest is None or (watch.evaluated_until is not None and latest.time <= watch.evaluated_until):
            continue
        found.append(_pair(rule, watch))
        if len(found) == PAIRS and rule.kind in BY_VALUE:
            break
    return found


def _pair(rule: AlarmRule, watch: AlarmWatch) -> Pair:
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


def _silence(pair: Pair, now: datetime) -> Samples:
    latest = getattr(pair.watch.datastream, "latest", None)
    # A stamp of the future does not make a datastream heard of.
    seen = min(latest.time, latest.received_at) if latest else pair.rule.created_at
    return [(now, (now - seen).total_seconds())]


def _value_samples(rule: AlarmRule, pairs: list[Pair]) -> list[Samples]:
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
    until = np.array([microseconds(pair.watch.datastream.latest.time) + 1 for pair in pairs], np.int64)
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
    for pair in pairs:
        pair.watch.evaluated_until = pair.watch.datastream.latest.time
    return samples


def _night_samples(rule: AlarmRule, pairs: list[Pair], now: datetime) -> list[Samples]:
    """For each local night that is over and covered: its end and the least hourly mean."""
    places = {pair.watch.pk: place for place, pair in enumerate(pairs)}
    samples: list[Samples] = [[] for _ in pairs]
    with connection.cursor() as cursor:
        cursor.execute(load_sql("sensors", "night_minima"), {"watches": list(places), "now": now})
        for watch, night_end, minimum in cursor.fetchall():
            pair = pairs[places[watch]]
            pair.watch.evaluated_until = night_end
            if minimum is not None:
                samples[places[watch]].append((night_end, minimum))
    return samples


def _follow(rule: AlarmRule, pairs: list[Pair], samples: Iterable[Samples]) -> tuple[int, int]:
    """Let each pair's state follow its samples, and its alarm the state: how many were raised and cleared."""
    raised = cleared = 0
    for pair, new in zip(pairs, samples, strict=True):
        moves = _moves(pair, new)
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


def _moves(pair: Pair, samples: Samples) -> list[tuple[bool, Sample]]:
    """When the condition came to hold (True) or to be gone (False) for as long as the rule asks."""
    watch, rule = pair.watch, pair.rule
    moves: list[tuple[bool, Sample]] = []
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
