"""A series for a chart: at most 2,000 points for any span, extremes kept, gaps shown as gaps."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from gis_core.errors import ReportedError
from gis_core.sql_loader import load_sql
from sensors.models import Datastream, DirtyBucket, LatestObservation

MOST_POINTS = 2000
# Raw values are shown up to here: between any two of them may be a gap, which is a point too.
_MOST_RAW = MOST_POINTS // 2
_HOUR_S, _DAY_S = 3600, 86_400
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, _DAY_S)
# A value later than this many expected intervals after the one before it leaves a gap.
_GAP_INTERVALS = 1.5
# How many values a chart reads one by one before it takes the roll-up instead.
_MOST_READ = 500_000
FAR_FUTURE = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass
class ChartSeries:
    """Columns of points in ascending time. A point without values is a gap that begins there.

    `resolution` is `raw` (each value; min = max = mean), `bins` of `step_s` seconds, or local `day`s. `source` says
    what was read: `final` values or the `hourly` or `daily` roll-up. Values are in the datastream's unit; times are
    seconds since 1970-01-01 UTC at the value's stamp or the bin's start.
    """

    resolution: str
    step_s: int
    source: str
    time: list[float] = field(default_factory=list)
    min: list[float | None] = field(default_factory=list)
    max: list[float | None] = field(default_factory=list)
    mean: list[float | None] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    # Instants whose final value is not the raw one.
    edited: list[float] = field(default_factory=list)

    def append(
        self, time: float, count: int, mean: float | None, low: float | None, high: float | None
    ) -> None:
        self.time.append(time)
        self.count.append(count)
        self.mean.append(mean)
        self.min.append(low)
        self.max.append(high)

    def append_gap(self, time: float) -> None:
        self.append(time, 0, None, None, None)


def chart_series(
    datastream: Datastream,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> ChartSeries:
    """The series over [since, until), by default its whole length, at the finest resolution of at most 2,000 points.

    With `as_of`, as it was known at that moment. The datastream must come from a scoped selector. Raises ReportedError
    (`bad_span`) when `until` is not after `since`.
    """
    span = _span(datastream, since, until)
    if span is None:
        return ChartSeries("raw", 0, "final")
    first, last = span
    raw = _raw(datastream, first, last, as_of)
    if raw is not None:
        return raw
    step_s = _step_s(datastream, first, last)
    if step_s > _DAY_S:
        return (
            _days(datastream, first, last)
            if as_of is None
            else _binned(datastream, first, last, step_s, as_of)
        )
    return _binned(datastream, first, last, step_s, as_of)


def _span(
    datastream: Datastream, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime] | None:
    """The asked span, cut to where the datastream has values; None where it has none."""
    if since is not None and until is not None and until <= since:
        raise ReportedError("`until` must be after `since`.", code="bad_span")
    latest = LatestObservation.objects.filter(datastream=datastream).first()
    if latest is None:
        return None
    first = max(since, latest.first_time) if since else latest.first_time
    after_last = latest.time + timedelta(microseconds=1)
    last = min(until, after_last) if until else after_last
    return (first, last) if first < last else None


def _raw(
    datastream: Datastream, since: datetime, until: datetime, as_of: datetime | None
) -> ChartSeries | None:
    """Each value, or None where there are too many."""
    if (until - since).total_seconds() > _MOST_RAW * datastream.interval_s * 20:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_part('epoch', final.time), final.value, final.edit_id "
            "FROM sensors_final(ARRAY[%s]::bigint[], %s, %s, %s) final ORDER BY 1 LIMIT %s",
            [datastream.pk, since, until, as_of or FAR_FUTURE, _MOST_RAW + 1],
        )
        rows = cursor.fetchall()
    if len(rows) > _MOST_RAW:
        return None
    series = ChartSeries("raw", datastream.interval_s, "final")
    longest_s = datastream.interval_s * _GAP_INTERVALS
    before = None
    for time, value, edit in rows:
        if before is not None and time - before > longest_s:
            series.append_gap(before + datastream.interval_s)
        series.append(time, 1, value, value, value)
        if edit is not None:
            series.edited.append(time)
        before = time
    return series


def _step_s(datastream: Datastream, since: datetime, until: datetime) -> int:
    """The shortest step that gives at most half as many bins as points, and is not shorter than the feed's interval."""
    length_s = (until - since).total_seconds()
    for step_s in STEPS_S:
        if step_s >= datastream.interval_s and length_s / step_s <= _MOST_RAW - 1:
            return step_s
    days = 1
    while length_s / (days * _DAY_S) > _MOST_RAW - 1:
        days += 1
    return max(days, 2) * _DAY_S


def _binned(
    datastream: Datastream, since: datetime, until: datetime, step_s: int, as_of: datetime | None
) -> ChartSeries:
    from_hours = as_of is None and step_s % _HOUR_S == 0 and not _is_cheap_and_dirty(datastream, since, until)
    zone = ZoneInfo(datastream.time_zone)
    origin = since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    if from_hours and origin.minute:
        from_hours = False
    # Whole bins, so that the first and the last say what they seem to say.
    start = origin + timedelta(seconds=(since - origin).total_seconds() // step_s * step_s)
    end = start + timedelta(seconds=-(-(until - start).total_seconds() // step_s) * step_s)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sensors", "series_hour_bins" if from_hours else "series_bins"),
            {
                "stream": datastream.pk,
                "since": start,
                "until": end,
                "as_of": as_of or FAR_FUTURE,
                "step_s": step_s,
                "origin": start,
            },
        )
        rows = cursor.fetchall()
    series = ChartSeries("bins", step_s, "hourly" if from_hours else "final")
    _fill(
        series,
        [(start_.timestamp(), count, total, low, high) for start_, count, total, low, high in rows],
        step_s,
    )
    return series


def _is_cheap_and_dirty(datastream: Datastream, since: datetime, until: datetime) -> bool:
    """Whether the hours are not up to date, and the values few enough to be read instead."""
    if (until - since).total_seconds() / datastream.interval_s > _MOST_READ:
        return False
    return DirtyBucket.objects.filter(
        datastream=datastream, day__gte=since.astimezone(UTC).date(), day__lte=until.astimezone(UTC).date()
    ).exists()


def _days(datastream: Datastream, since: datetime, until: datetime) -> ChartSeries:
    """Local days, put together by so many that the points suffice."""
    zone = ZoneInfo(datastream.time_zone)
    days = _step_s(datastream, since, until) // _DAY_S
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_part('epoch', (min(day))::timestamp AT TIME ZONE %(zone)s), sum(count), sum(sum), min(min), "
            "max(max) "
            "FROM sensors_dailyvalue WHERE datastream_id = %(stream)s AND day >= %(since)s AND day <= %(until)s "
            "GROUP BY (day - %(since)s::date) / %(days)s ORDER BY 1",
            {
                "zone": datastream.time_zone,
                "stream": datastream.pk,
                "since": since.astimezone(zone).date(),
                "until": until.astimezone(zone).date(),
                "days": days,
            },
        )
        rows = cursor.fetchall()
    series = ChartSeries("day", days * _DAY_S, "daily")
    _fill(series, rows, days * _DAY_S)
    return series


def _fill(series: ChartSeries, rows: list[Any], step_s: int) -> None:
    before = None
    for time, count, total, low, high in rows:
        # A bin may be an hour off where daylight saving changes.
        if before is not None and time - before > step_s * _GAP_INTERVALS:
            series.append_gap(before + step_s)
        series.append(time, int(count), total / int(count), low, high)
        before = time
