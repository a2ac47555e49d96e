"""Estimates: exact where the truth is known, only where asked, once, and giving way to what was measured."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from gis_core.errors import ReportedError
from gis_core.models import Division
from sensors.models import Datastream, Observation, SeriesEdit
from sensors.quality.services.checking import check_quality
from sensors.quality.services.estimating import estimate_gaps
from tests.sensors.quality.test_checking import load, make_stream, open_flags

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def flow(district: Division) -> Datastream:
    return make_stream(district, "F1", "flow", "m3/h", "mean", 3600)


def weekly(time: datetime) -> float:
    """A flow that repeats every week."""
    return 20 + 10 * math.sin(time.hour / 24 * 2 * math.pi) + time.weekday()


def rows_without(stream: Datastream, hours: int, gap: range) -> list[tuple[int, datetime, float]]:
    times = [START + hour * HOUR for hour in range(hours) if hour not in gap]
    return [(stream.pk, time, weekly(time)) for time in times]


def final(stream: Datastream) -> dict[datetime, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT time, value FROM sensors_final(ARRAY[%s]::bigint[], '-infinity', 'infinity', 'infinity')",
            [stream.pk],
        )
        return dict(cursor.fetchall())


def estimate(stream: Datastream, first: int = 0, last: int = 2000, **options: object):
    span = {"since": START + first * HOUR, "until": START + last * HOUR}
    return estimate_gaps(datastream=stream, acting_user=None, **span, **options)  # type: ignore[arg-type]


def test_a_short_gap_is_interpolated_and_its_flag_goes(flow: Datastream) -> None:
    load([(flow.pk, START, 10.0), (flow.pk, START + 3 * HOUR, 16.0), (flow.pk, START + 4 * HOUR, 1.0)])
    check_quality()
    assert {flag[0] for flag in open_flags(flow)} == {"gap"}
    raw = Observation.objects.count()
    assert estimate(flow, is_dry_run=True).values == 2
    assert not SeriesEdit.objects.exists()
    assert estimate(flow).values == 2
    assert [final(flow)[START + hour * HOUR] for hour in (1, 2)] == [12, 14]
    edit = SeriesEdit.objects.get()
    assert (edit.code, edit.method) == ("estimated", "interpolation")
    check_quality()
    assert not open_flags(flow)
    assert Observation.objects.count() == raw
    # Again there is nothing to do.
    assert estimate(flow).values == 0
    assert SeriesEdit.objects.count() == 1


def test_a_long_gap_takes_the_profile_of_the_weekday(flow: Datastream) -> None:
    gap = range(24 * 16 + 5, 24 * 17 + 5)
    load(rows_without(flow, 24 * 35, gap))
    assert estimate(flow, method="interpolation").gaps[0].reason == "the gap is too long to be interpolated"
    result = estimate(flow)
    assert (result.values, result.gaps[0].method) == (24, "profile")
    values = final(flow)
    for hour in gap:
        time = START + hour * HOUR
        assert values[time] == pytest.approx(weekly(time))


def test_no_more_is_filled_than_was_asked(flow: Datastream) -> None:
    gap = range(24 * 16, 24 * 17)
    load(rows_without(flow, 24 * 35, gap))
    before = set(final(flow))
    assert estimate(flow, 24 * 16 + 10, 24 * 16 + 14).values == 4
    assert set(final(flow)) - before == {START + (24 * 16 + hour) * HOUR for hour in range(10, 14)}


def test_without_examples_nothing_is_made_up(flow: Datastream) -> None:
    load(rows_without(flow, 72, range(20, 40)))
    result = estimate(flow)
    assert result.values == 0
    assert "too few" in result.gaps[0].reason


@pytest.mark.parametrize(("flow_unit", "counter_unit"), [("m3/h", "m3"), ("l/s", "m3"), ("m3/h", "l")])
def test_scaled_values_sum_to_what_the_counter_counted(
    district: Division, flow_unit: str, counter_unit: str
) -> None:
    flow = make_stream(district, "F1", "flow", flow_unit, "mean", 3600)
    counter = make_stream(district, "C1", "counter", counter_unit, "counter", 86400)
    gap = range(24 * 16 + 5, 24 * 16 + 29)
    load(rows_without(flow, 24 * 35, gap))
    start, end = START + 24 * 16 * HOUR, START + 24 * 18 * HOUR
    # Flows of weekly() in m3 over the two days would be about 1,100; the counter says 1,300 m3.
    volume = 1300.7 / counter.unit_factor
    if flow_unit == "l/s":
        volume *= 3.6
    load([(counter.pk, start, 5000.0), (counter.pk, end, 5000.0 + volume)])
    result = estimate(flow, counter=counter)
    assert (result.values, result.gaps[0].method) == (24, "counter"), result
    values = final(flow)
    hours = [values[start + hour * HOUR] for hour in range(1, 49)]
    counted = final(counter)
    wanted = (counted[end] - counted[start]) * counter.unit_factor / flow.unit_factor
    assert math.fsum(hours) == pytest.approx(wanted, rel=1e-14, abs=0)
    # In the shape of the profile: higher at the sixth hour than at the eighteenth.
    assert values[START + (24 * 17 + 4) * HOUR] > values[START + (24 * 16 + 18) * HOUR]


def test_a_counter_that_says_less_than_was_measured_fills_nothing(
    flow: Datastream, district: Division
) -> None:
    counter = make_stream(district, "C1", "counter", "m3", "counter", 86400)
    load(rows_without(flow, 24 * 35, range(24 * 16 + 5, 24 * 16 + 29)))
    load([(counter.pk, START + 24 * 16 * HOUR, 5000.0), (counter.pk, START + 24 * 18 * HOUR, 5001.0)])
    result = estimate(flow, counter=counter)
    assert result.values == 0
    assert "more than the counter" in result.gaps[0].reason


def test_what_is_measured_later_goes_before_the_estimate(flow: Datastream) -> None:
    load([(flow.pk, START, 10.0), (flow.pk, START + 2 * HOUR, 14.0)])
    estimate(flow)
    assert final(flow)[START + HOUR] == 12
    load([(flow.pk, START + HOUR, 13.5)])
    assert final(flow)[START + HOUR] == 13.5


def test_what_failed_is_replaced_only_when_asked(flow: Datastream) -> None:
    load([(flow.pk, START, 10.0), (flow.pk, START + HOUR, 9e9), (flow.pk, START + 2 * HOUR, 14.0)])
    check_quality()
    assert estimate(flow).values == 0
    assert estimate(flow, include_failed=True).values == 1
    assert final(flow)[START + HOUR] == 12
    assert Observation.objects.get(datastream=flow, time=START + HOUR).value == 9e9
    check_quality()
    assert estimate(flow, include_failed=True).values == 0


def test_bad_requests_are_refused(flow: Datastream) -> None:
    for options, code in (
        ({"first": 5, "last": 5}, "bad_span"),
        ({"last": 24 * 500}, "bad_span"),
        ({"method": "magic"}, "unknown_method"),
        ({"method": "counter"}, "bad_counter"),
        ({"counter": flow}, "bad_counter"),
    ):
        with pytest.raises(ReportedError) as refused:
            estimate(flow, **options)  # type: ignore[arg-type]
        assert refused.value.code == code
