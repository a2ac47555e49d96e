"""A series for a chart: at most 2,000 points for any span, extremes kept, gaps shown as gaps."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min
from django.utils.translation import gettext_noop as _

from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
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


@dataclass(frozen=True)
class _Plan:
    """What is read for one datastream."""

    stream: Datastream
    since: datetime
    until: datetime
    # raw, hours, values or days
    way: str
    step_s: int = 0


def chart_series(
    datastream: Datastream,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> ChartSeries:
    """The series of one datastream, as in `chart_series_of`."""
    return chart_series_of([datastream], since=since, until=until, as_of=as_of)[0]


def chart_series_of(
    datastreams: Sequence[Datastream],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> list[ChartSeries]:
    """Series over [since, until), by default their whole lengths, at the finest resolution of at most 2,000 points.

    With `as_of`, as they were known at that moment. The datastreams must come from a scoped selector. Raises
    ReportedError (`bad_span`) when `until` is not after `since`.
    """
    if since is not None and until is not None and until <= since:
        raise ReportedError(Sentence(_("`until` must be after `since`.")), code="bad_span")
    ids = [stream.pk for stream in datastreams]
    spans = {
        row.datastream_id: (row.first_time, row.time + timedelta(microseconds=1))
        for row in LatestObservation.objects.filter(datastream__in=ids)
    }
    found: dict[int, ChartSeries] = {}
    plans: list[_Plan] = []
    for stream in datastreams:
        first, last = spans.get(stream.pk, (FAR_FUTURE, FAR_FUTURE))
        first, last = max(since or first, first), min(until or last, last)
        if first >= last:
            found[stream.pk] = ChartSeries("raw", stream.interval_s, "final")
        elif raw := _raw(stream, first, last, as_of):
            found[stream.pk] = raw
        else:
            plans.append(_plan(stream, first, last, as_of))
    _read_plans(plans, as_of, found)
    return [found[pk] for pk in ids]


def _raw(
    datastream: Datastream, since: datetime, until: datetime, as_of: datetime | None
) -> ChartSeries | None:
    """Each value, or None where there are too many."""
    if (until - since).total_seconds() > _MOST_RAW * datastream.interval_s * 4:
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
    _fill(series, [(time, 1, value, value, value) for time, value, _edit in rows], datastream.interval_s)
    series.edited = [time for time, _value, edit in rows if edit is not None]
    return series


def _step_s(datastream: Datastream, since: datetime, until: datetime) -> int:
    """The shortest step that gives at most half as many bins as points, and is not shorter than the feed's interval."""
    length_s = (until - since).total_seconds()
    for step_s in STEPS_S:
        if step_s >= datastream.interval_s and length_s / step_s <= _MOST_RAW - 2:
            return step_s
    days = 2
    while length_s / (days * _DAY_S) > _MOST_RAW - 2:
        days += 1
    return days * _DAY_S


def _plan(stream: Datastream, since: datetime, until: datetime, as_of: datetime | None) -> _Plan:
    step_s = _step_s(stream, since, until)
    midnight = since.astimezone(ZoneInfo(stream.time_zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    origin = midnight.astimezone(UTC)
    if step_s > _DAY_S and as_of is None:
        return _Plan(stream, since, until, "days", step_s)
    # Whole bins, counted from a local midnight, so that the first and the last say what they seem to say.
    start = origin + timedelta(seconds=(since - origin).total_seconds() // step_s * step_s)
    end = start + timedelta(seconds=-(-(until - start).total_seconds() // step_s) * step_s)
    in_hours = as_of is None and step_s % _HOUR_S == 0 and origin.minute == 0
    return _Plan(stream, start, end, "hours" if in_hours else "values", step_s)


def _read_plans(plans: list[_Plan], as_of: datetime | None, found: dict[int, ChartSeries]) -> None:
    dirty = _dirty_spans([plan for plan in plans if plan.way == "hours"])
    together: dict[tuple[datetime, datetime, int], list[int]] = defaultdict(list)
    for plan in plans:
        if plan.way == "days":
            found[plan.stream.pk] = _days(plan)
        elif plan.way == "hours" and not (_is_cheap(plan) and _overlaps(plan, dirty)):
            together[plan.since, plan.until, plan.step_s].append(plan.stream.pk)
        else:
            found[plan.stream.pk] = _from_values(plan, as_of)
    for (since, until, step_s), streams in together.items():
        found.update(_from_hours(streams, since, until, step_s))


def _is_cheap(plan: _Plan) -> bool:
    return (plan.until - plan.since).total_seconds() / plan.stream.interval_s <= _MOST_READ


def _dirty_spans(plans: list[_Plan]) -> dict[int, tuple[date, date]]:
    """First and last day with dirty hours, of the datastreams that have some."""
    if not plans:
        return {}
    rows = DirtyBucket.objects.filter(datastream__in=[plan.stream.pk for plan in plans]).values(
        "datastream_id"
    )
    return {
        row["datastream_id"]: (row["first"], row["last"])
        for row in rows.annotate(first=Min("day"), last=Max("day"))
    }


def _overlaps(plan: _Plan, dirty: dict[int, tuple[date, date]]) -> bool:
    span = dirty.get(plan.stream.pk)
    return span is not None and span[0] <= plan.until.date() and span[1] >= plan.since.date()


def _from_hours(streams: list[int], since: datetime, until: datetime, step_s: int) -> dict[int, ChartSeries]:
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sensors.series", "series_hours" if step_s == _HOUR_S else "series_hour_bins"),
            {"streams": streams, "since": since, "until": until, "step_s": step_s},
        )
        rows = cursor.fetchall()
    found = {stream: ChartSeries("bins", step_s, "hourly") for stream in streams}
    for stream, of_stream in groupby(rows, key=itemgetter(0)):
        _fill(found[stream], [row[1:] for row in of_stream], step_s)
    return found


def _from_values(plan: _Plan, as_of: datetime | None) -> ChartSeries:
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("sensors.series", "series_bins"),
            {
                "stream": plan.stream.pk,
                "since": plan.since,
                "until": plan.until,
                "as_of": as_of or FAR_FUTURE,
                "step_s": plan.step_s,
            },
        )
        rows = cursor.fetchall()
    series = ChartSeries("bins", plan.step_s, "final")
    _fill(series, rows, plan.step_s)
    return series


def _days(plan: _Plan) -> ChartSeries:
    """Local days, put together by so many that the points suffice."""
    zone = ZoneInfo(plan.stream.time_zone)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date_part('epoch', (min(day))::timestamp AT TIME ZONE %(zone)s), sum(count), "
            "sum(sum) / sum(count), min(min), max(max) FROM sensors_dailyvalue "
            "WHERE datastream_id = %(stream)s AND day >= %(since)s AND day <= %(until)s "
            "GROUP BY (day - %(since)s::date) / %(days)s ORDER BY 1",
            {
                "zone": plan.stream.time_zone,
                "stream": plan.stream.pk,
                "since": plan.since.astimezone(zone).date(),
                "until": plan.until.astimezone(zone).date(),
                "days": plan.step_s // _DAY_S,
            },
        )
        rows = cursor.fetchall()
    series = ChartSeries("day", plan.step_s, "daily")
    _fill(series, rows, plan.step_s)
    return series


def _fill(series: ChartSeries, rows: list[Any], step_s: int) -> None:
    """Put rows of time, count, mean, min, max in, and a gap where the next is too late."""
    if not rows:
        return
    # A bin may be an hour off where daylight saving changes.
    longest_s = step_s * _GAP_INTERVALS
    times = [row[0] for row in rows]
    gaps = [place for place in range(1, len(rows)) if times[place] - times[place - 1] > longest_s]
    for begin, end in pairwise([0, *gaps, len(rows)]):
        part = rows[begin:end]
        if begin:
            series.append_gap(times[begin - 1] + step_s)
        for column, place in (
            (series.time, 0),
            (series.count, 1),
            (series.mean, 2),
            (series.min, 3),
            (series.max, 4),
        ):
            column.extend([row[place] for row in part])
