"""Checking what came in: the touched spans of all datastreams at once, flags beside the values, raw untouched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction

from gis_core.database.locks import AdvisoryLock, hold
from sensors.models import Rule, Severity
from sensors.models.quality import RESET
from sensors.quality.services import checks
from sensors.quality.services.catalogue import Parameters, RuleBook, StreamKey, read_rule_book
from sensors.quality.services.checks import FAIL, SUSPECT, CheckedSeries, Floats, Ints
from sensors.quality.services.flags import FlagSink, Zones
from sensors.quality.services.neighbours import check_neighbours
from sensors.quality.services.reading import (
    CheckedRows,
    Margins,
    Spans,
    counts_around,
    edit_codes,
    read_rows,
    take_unchecked,
    touched_rows,
)
from sensors.series.services.observation_arrays import microseconds

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint8]

Follow = Callable[[Spans, CheckedRows], object]

# What a person set or an estimate filled in is not judged by rules about instruments.
NOT_JUDGED = ("edited", "estimated")
# With fewer steps than this a series does not show its interval.
FEWEST_STEPS = 5


@dataclass(frozen=True)
class CheckResult:
    """What one run looked at and found: `flagged` flags are new, `cleared` ones no longer hold."""

    datastreams: int = 0
    values: int = 0
    flagged: int = 0
    cleared: int = 0

    def plus(self, other: "CheckResult") -> "CheckResult":
        return CheckResult(
            self.datastreams + other.datastreams,
            self.values + other.values,
            self.flagged + other.flagged,
            self.cleared + other.cleared,
        )


def check_quality(
    *, streams: Sequence[int] | None = None, batches: int | None = None, follow: Follow | None = None
) -> CheckResult:
    """Check what came in or changed since the last check (of all datastreams without `streams`), until nothing is left.

    `follow` is given what was read, within the transaction of its batch, when its flags are stored.
    One at a time: of two that checked one span at once, the one that saw less could write last. Roll-ups should be
    fresh, for the neighbours are compared by them.
    """
    result = CheckResult()
    book = read_rule_book()
    done = 0
    while batches is None or done < batches:
        taken = _check_batch(list(streams) if streams is not None else None, book, follow)
        if taken is None:
            break
        result = result.plus(taken)
        done += 1
    return result


@transaction.atomic
def _check_batch(streams: list[int] | None, book: RuleBook, follow: Follow | None) -> CheckResult | None:
    _lock()
    ids, since_us, until_us = take_unchecked(streams)
    if len(ids) == 0:
        return None
    return _check(ids, since_us, until_us, book, follow)


@transaction.atomic
def recheck(
    *, streams: Sequence[int], since: datetime, until: datetime, follow: Follow | None = None
) -> CheckResult:
    """Check [since, until) of some datastreams anew, e.g. after their rules changed; `follow` as in check_quality."""
    _lock()
    ids = np.array(sorted(set(streams)), np.int64)
    result = CheckResult()
    book = read_rule_book()
    for part in np.array_split(ids, max(1, len(ids) // 1000)):
        bounds = np.full((2, len(part)), 0, np.int64)
        bounds[0], bounds[1] = microseconds(since), microseconds(until)
        result = result.plus(_check(part, bounds[0], bounds[1], book, follow))
    return result


def _lock() -> None:
    hold(AdvisoryLock.QUALITY)


@dataclass(frozen=True)
class Settings:
    """The rules of each span as arrays: NaN where a rule or a parameter does not apply."""

    profiles: list[dict[str, Parameters]]
    profile_of_span: Ints
    interval_s: Floats

    def number(self, rule: str, name: str, default: float = np.nan) -> Floats:
        """A parameter of each span; `default` where the rule applies and does not give it."""
        table = [
            float(profile[rule].get(name, default)) if rule in profile else np.nan
            for profile in self.profiles
        ]
        return np.array(table, np.float64)[self.profile_of_span]

    def applies(self, rule: str) -> Mask:
        """To which spans a rule applies."""
        return np.array([rule in profile for profile in self.profiles], bool)[self.profile_of_span]

    def is_word(self, rule: str, name: str, word: str) -> Mask:
        """For which spans a parameter is `word`."""
        table = [rule in profile and profile[rule].get(name) == word for profile in self.profiles]
        return np.array(table, bool)[self.profile_of_span]


def _check(ids: Ints, since_us: Ints, until_us: Ints, book: RuleBook, follow: Follow | None) -> CheckResult:
    spans, settings = _described(ids, since_us, until_us, book)
    if len(spans) == 0:
        return CheckResult()
    rows, counts = _read_enough(spans, settings)
    sink = FlagSink()
    zones = _zones(spans, rows, counts)
    if len(rows):
        _flag_values(sink, spans, rows, settings, zones, counts)
    found, cleared = sink.store(spans.streams, zones)
    if follow is not None:
        follow(spans, rows)
    beside = check_neighbours(spans.streams, spans.since_us, spans.until_us)
    return CheckResult(
        datastreams=len(np.unique(spans.streams)),
        values=int(touched_rows(spans, rows).sum()),
        flagged=found + beside[0],
        cleared=cleared + beside[1],
    )


def _described(ids: Ints, since_us: Ints, until_us: Ints, book: RuleBook) -> tuple[Spans, Settings]:
    """The spans of datastreams that still exist, and the rules of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stream.id, division.path, observed_property, kind, unit_factor, interval_s, "
            "       (date_part('epoch', coalesce(latest.first_time, 'epoch')) * 1e6)::bigint, "
            "       (date_part('epoch', coalesce(latest.time, 'epoch')) * 1e6)::bigint "
            "  FROM sensors_datastream stream JOIN gis_core_division division ON division.id = stream.division_id "
            "  LEFT JOIN sensors_latestobservation latest ON latest.datastream_id = stream.id "
            " WHERE stream.id = ANY (%s) AND stream.deleted_at IS NULL ORDER BY stream.id",
            [np.unique(ids).tolist()],
        )
        described = cursor.fetchall()
    profiles: list[dict[str, Parameters]] = []
    general: dict[StreamKey, int] = {}
    profile_of: list[int] = []
    for pk, path, quantity, kind, factor, _interval, _first, _last in described:
        key = StreamKey(path, quantity, kind, factor)
        if key not in general:
            general[key] = len(profiles)
            profiles.append(book.general_for(key))
        place = general[key]
        if pk in book.own:
            profiles.append(book.with_own(pk, profiles[place]))
            place = len(profiles) - 1
        profile_of.append(place)
    known = np.array([row[0] for row in described], np.int64)
    kept = np.isin(ids, known)
    which = np.searchsorted(known, ids[kept])

    def column(number: int, form: type) -> npt.NDArray[Any]:
        return (
            np.array([row[number] for row in described], form)[which]
            if len(described)
            else np.array([], form)
        )

    spans = Spans(ids[kept], since_us[kept], until_us[kept], column(6, np.int64), column(7, np.int64))
    settings = Settings(
        profiles, np.array(profile_of, np.int64)[which] if profile_of else which, column(5, np.float64)
    )
    return spans, settings


def _flat_counts(settings: Settings, interval_s: Floats) -> tuple[Ints, Ints]:
    return (
        checks.flat_counts(settings.number(Rule.FLAT_LINE, "suspect_s"), interval_s),
        checks.flat_counts(settings.number(Rule.FLAT_LINE, "fail_s"), interval_s),
    )


def _read_enough(spans: Spans, settings: Settings) -> tuple[CheckedRows, tuple[Ints, Ints]]:
    """Rows of the spans with as many before and after as the rules look at, and the flat line's counts."""
    margins = Margins.of(spans, settings.interval_s)
    rows = read_rows(spans, margins.before_us, margins.after_us)
    while True:
        counts = _flat_counts(settings, _interval_shown(spans, rows, settings.interval_s))
        longest = np.maximum(counts[0], counts[1])
        before, after = counts_around(spans, rows)
        may_be_flat = _may_be_flat(spans, rows, settings.number(Rule.FLAT_LINE, "tolerance"))
        has_later = spans.last_us >= spans.until_us
        # Values after the span may have been flat only with those before it, and no longer be.
        needed = np.where(may_be_flat | has_later, np.maximum(longest, 0) + 1, 2)
        more_before = (before < np.maximum(needed, 2)) & (spans.since_us - margins.before_us > spans.first_us)
        more_after = (after < np.maximum(longest + 1, 2)) & (
            spans.until_us + margins.after_us <= spans.last_us
        )
        poor = np.flatnonzero(more_before | more_after)
        if len(poor) == 0:
            return rows, counts
        margins = margins.wider(more_before, more_after)
        again = read_rows(spans.at(poor), margins.before_us[poor], margins.after_us[poor])
        kept = rows.at(~(more_before | more_after)[rows.places])
        rows = _joined(kept, again, poor)


def _joined(rows: CheckedRows, again: CheckedRows, places: Ints) -> CheckedRows:
    both = CheckedRows(
        np.concatenate([rows.places, places[again.places]]),
        np.concatenate([rows.times_us, again.times_us]),
        np.concatenate([rows.values, again.values]),
        np.concatenate([rows.received_us, again.received_us]),
        np.concatenate([rows.edits, again.edits]),
    )
    return both.at(np.lexsort((both.times_us, both.places)))


def _may_be_flat(spans: Spans, rows: CheckedRows, tolerance: Floats) -> Mask:
    """Where all values up to the first touched one lie within the tolerance: a flat line may have begun before."""
    first_touched = np.full(len(spans), np.iinfo(np.int64).max)
    touched = rows.times_us >= spans.since_us[rows.places]
    np.minimum.at(first_touched, rows.places[touched], rows.times_us[touched])
    until_then = rows.times_us <= first_touched[rows.places]
    places, values = rows.places[until_then], rows.values[until_then]
    least, greatest = np.full(len(spans), np.inf), np.full(len(spans), -np.inf)
    np.minimum.at(least, places, values)
    np.maximum.at(greatest, places, values)
    with np.errstate(invalid="ignore"):
        return np.asarray((greatest - least < tolerance) & np.isfinite(least))


def _interval_shown(spans: Spans, rows: CheckedRows, declared_s: Floats) -> Floats:
    """The interval of each span: the declared one, or the median of its steps where that is less than half or more
    than twice of it."""
    if len(rows) < 2:
        return declared_s
    same = rows.places[1:] == rows.places[:-1]
    places, steps = rows.places[1:][same], np.diff(rows.times_us)[same] / 1e6
    order = np.lexsort((steps, places))
    places, steps = places[order], steps[order]
    sizes = np.bincount(places, minlength=len(spans))
    starts = np.cumsum(sizes) - sizes
    median = declared_s.copy()
    enough = sizes >= FEWEST_STEPS
    middle = starts[enough] + sizes[enough] // 2
    lower = np.where(sizes[enough] % 2 == 0, middle - 1, middle)
    median[enough] = (steps[middle] + steps[lower]) / 2
    is_other = (median > 2 * declared_s) | (median * 2 < declared_s)
    return np.where(is_other, np.maximum(np.trunc(median), 1.0), declared_s)


def _zones(spans: Spans, rows: CheckedRows, counts: tuple[Ints, Ints]) -> Zones:
    """For each kind of rule, in which stamps of a span its flags are computed anew."""
    sizes = np.bincount(rows.places, minlength=len(spans)).astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    before, after = counts_around(spans, rows)
    top = max(len(rows) - 1, 0)
    times = rows.times_us if len(rows) else np.zeros(1, np.int64)
    previous = times[np.clip(starts + before - 1, 0, top)]
    following = times[np.clip(starts + sizes - after, 0, top)]
    since, until = spans.since_us, spans.until_us
    ahead = np.minimum(np.maximum(np.maximum(counts[0], counts[1]), 1), after)
    last_flat = times[np.clip(starts + sizes - after + ahead - 1, 0, top)]
    next_until = np.where(after > 0, following + 1, until)
    return Zones(
        point=(since, until),
        step=(np.where(before > 0, previous + 1, since), next_until),
        spike=(np.where(before > 0, previous, since), next_until),
        flat=(since, np.where(after > 0, last_flat + 1, until)),
    )


def _flag_values(
    sink: FlagSink,
    spans: Spans,
    rows: CheckedRows,
    settings: Settings,
    zones: Zones,
    counts: tuple[Ints, Ints],
) -> None:
    starts = np.flatnonzero(np.diff(rows.places, prepend=-1))
    series = CheckedSeries(rows.times_us, rows.values, starts)
    codes = edit_codes(rows)
    is_judged = ~np.isin(codes, NOT_JUDGED)
    _flag_points(sink, spans, rows, settings, zones, is_judged)
    _flag_shapes(sink, rows, series, settings, zones, is_judged, counts)
    _flag_steps(sink, rows, series, settings, zones, is_judged & (codes != "resent"), codes)


def _flag_points(
    sink: FlagSink, spans: Spans, rows: CheckedRows, settings: Settings, zones: Zones, is_judged: Mask
) -> None:
    inside = zones.holds("point", rows) & is_judged
    values, places = rows.values, rows.places
    limits = {
        name: settings.number(Rule.RANGE, name)[places]
        for name in ("fail_minimum", "fail_maximum", "suspect_minimum", "suspect_maximum")
    }
    codes = checks.in_range(values, **limits)
    for code, low, high in (
        (FAIL, limits["fail_minimum"], limits["fail_maximum"]),
        (SUSPECT, limits["suspect_minimum"], limits["suspect_maximum"]),
    ):
        hit = (codes == code) & inside
        with np.errstate(invalid="ignore"):
            threshold = np.where(values > high, high, low)
        sink.add(Rule.RANGE, hit, rows, code, values, threshold)
    tolerance = settings.number(Rule.NEGATIVE, "tolerance", 0.0)[places]
    is_fail = settings.is_word(Rule.NEGATIVE, "severity", "fail")[places]
    with np.errstate(invalid="ignore"):
        is_negative = (values < -tolerance) & inside
    for code, chosen in ((FAIL, is_negative & is_fail), (SUSPECT, is_negative & ~is_fail)):
        sink.add(Rule.NEGATIVE, chosen, rows, code, values, -tolerance)
    ahead_s = (rows.times_us - rows.received_us) / 1e6
    suspect, fail = (settings.number(Rule.FUTURE_STAMP, name)[places] for name in ("suspect_s", "fail_s"))
    with np.errstate(invalid="ignore"):
        failed, doubtful = (ahead_s > fail) & inside, (ahead_s > suspect) & inside
    sink.add(Rule.FUTURE_STAMP, failed, rows, FAIL, ahead_s, fail)
    sink.add(Rule.FUTURE_STAMP, doubtful & ~failed, rows, SUSPECT, ahead_s, suspect)


def _flag_shapes(
    sink: FlagSink,
    rows: CheckedRows,
    series: CheckedSeries,
    settings: Settings,
    zones: Zones,
    is_judged: Mask,
    counts: tuple[Ints, Ints],
) -> None:
    places = rows.places
    suspect, fail = (settings.number(Rule.SPIKE, name)[places] for name in ("suspect", "fail"))
    is_differential = settings.is_word(Rule.SPIKE, "method", "differential")[places]
    inside = zones.holds("spike", rows) & is_judged
    measure = checks.spike_measure(series, is_differential)
    codes = checks.spike(series, suspect, fail, is_differential)
    sink.add_coded(Rule.SPIKE, codes, inside, rows, measure, (suspect, fail))

    suspect, fail = (
        settings.number(Rule.RATE_OF_CHANGE, name)[places] for name in ("suspect_per_s", "fail_per_s")
    )
    inside = zones.holds("step", rows) & is_judged
    codes = checks.rate_of_change(series, suspect, fail)
    sink.add_coded(Rule.RATE_OF_CHANGE, codes, inside, rows, checks.rate_measure(series), (suspect, fail))

    tolerance = settings.number(Rule.FLAT_LINE, "tolerance")[places]
    inside = zones.holds("flat", rows) & is_judged
    of_series = places[series.starts]
    codes = checks.flat_line(series, counts[0][of_series], counts[1][of_series], tolerance)
    suspect, fail = (settings.number(Rule.FLAT_LINE, name)[places] for name in ("suspect_s", "fail_s"))
    sink.add_coded(Rule.FLAT_LINE, codes, inside, rows, rows.values, (suspect, fail))


def _flag_steps(
    sink: FlagSink,
    rows: CheckedRows,
    series: CheckedSeries,
    settings: Settings,
    zones: Zones,
    is_judged: Mask,
    codes: npt.NDArray[np.object_],
) -> None:
    places = rows.places
    inside = zones.holds("step", rows)
    steps_s, interval_s = checks.steps_s(series), settings.interval_s[places]
    # A gap is about values that are not there, whoever made those around it.
    suspect, fail = (settings.number(Rule.GAP, name)[places] for name in ("suspect_steps", "fail_steps"))
    missing = np.ceil(np.nan_to_num(steps_s / interval_s)) - 1
    with np.errstate(invalid="ignore"):
        failed, doubtful = (steps_s > fail * interval_s) & inside, (steps_s > suspect * interval_s) & inside
    start_us = (
        rows.times_us - np.nan_to_num(steps_s * 1e6).astype(np.int64) + (interval_s * 1e6).astype(np.int64)
    )
    for code, hit, steps in ((FAIL, failed, fail), (SUSPECT, doubtful & ~failed, suspect)):
        sink.add(Rule.GAP, hit, rows, code, missing, steps, start_us=start_us, end_us=rows.times_us)

    share = settings.number(Rule.DUPLICATE, "step_share", 0.0)[places]
    with np.errstate(invalid="ignore"):
        twice = (steps_s < share * interval_s) & inside & is_judged
    sink.add(Rule.DUPLICATE, twice, rows, SUSPECT, steps_s, share * interval_s)
    resent = (codes == "resent") & inside & settings.applies(Rule.DUPLICATE)[places]
    sink.add(Rule.DUPLICATE, resent, rows, SUSPECT, rows.values, np.full(len(rows), np.nan))

    counted = settings.applies(Rule.ROLLOVER)[places] & inside
    if counted.any():
        _flag_counters(sink, rows, series, settings, counted)


def _flag_counters(
    sink: FlagSink, rows: CheckedRows, series: CheckedSeries, settings: Settings, counted: Mask
) -> None:
    places = rows.places
    before = np.full(len(rows), np.nan)
    before[1:] = rows.values[:-1]
    before[series.starts] = np.nan
    digits, most = (settings.number(Rule.ROLLOVER, name)[places] for name in ("digits", "maximum_per_hour"))
    hours = checks.steps_s(series) / 3600
    consumption, codes, sizes, largest = checks.counter_steps(before, rows.values, hours, digits, most)
    rolled = (codes == checks.UNKNOWN) & counted
    sink.add(Rule.ROLLOVER, rolled, rows, 0, consumption, sizes, severity=Severity.NOTE)
    was_reset = (codes == SUSPECT) & counted
    rolled_m = rows.values - before + sizes
    sink.add(RESET, was_reset, rows, SUSPECT, rolled_m, largest)
