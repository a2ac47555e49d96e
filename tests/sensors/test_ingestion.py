"""Bulk loading of observations: idempotent, immutable, and truthful about every row."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from gis_core.models import AuditEvent, Division
from sensors.models import Datastream, LatestObservation, Observation, Thing
from sensors.series.services.ingestion import LoadResult, load_observations, make_partition
from sensors.series.services.registers import add_datastream, add_thing

START = datetime(2025, 12, 31, 22, tzinfo=UTC)


@pytest.fixture
def stream(district: Division) -> Datastream:
    thing: Thing = add_thing(code="T1", name="Logger", division=district, attachment=None, acting_user=None)
    return add_datastream(
        thing=thing,
        code="T1:flow",
        observed_property="flow",
        unit="m3/h",
        kind="mean",
        interval_s=3600,
        acting_user=None,
    )


def load(rows) -> LoadResult:
    return load_observations(rows=rows, acting_user=None, origin="test")


def hours(stream: Datastream, count: int, value: float = 1.0):
    return [(stream.pk, START + timedelta(hours=hour), value + hour) for hour in range(count)]


def final_values(stream: Datastream, as_of: str = "infinity") -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT value FROM sensors_final(ARRAY[%s]::bigint[], '-infinity', 'infinity', %s) ORDER BY time",
            [stream.pk, as_of],
        )
        return [value for (value,) in cursor.fetchall()]


def test_rows_go_into_the_partition_of_their_month(stream: Datastream) -> None:
    assert load(hours(stream, 6)) == LoadResult(6, 0, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text, count(*) FROM sensors_observation GROUP BY 1 ORDER BY 1"
        )
        assert cursor.fetchall() == [("sensors_observation_2025_12", 2), ("sensors_observation_2026_01", 4)]


def test_the_same_rows_twice_change_nothing(stream: Datastream) -> None:
    load(hours(stream, 50))
    events = AuditEvent.objects.count()
    assert load(hours(stream, 50)) == LoadResult(0, 50, 0, 0)
    assert Observation.objects.count() == 50
    assert AuditEvent.objects.count() == events


def test_another_value_becomes_a_correction_and_raw_stays(stream: Datastream) -> None:
    load(hours(stream, 3))
    assert load(hours(stream, 4, value=9.0)) == LoadResult(1, 0, 3, 0)
    assert list(Observation.objects.order_by("time").values_list("value", flat=True)) == [1, 2, 3, 12]
    assert final_values(stream) == [9, 10, 11, 12]
    # The same again changes nothing, and going back is one more correction.
    assert load(hours(stream, 4, value=9.0)) == LoadResult(0, 4, 0, 0)
    assert load(hours(stream, 1)) == LoadResult(0, 0, 1, 0)
    assert final_values(stream) == [1, 10, 11, 12]


def test_a_key_repeated_within_one_load_counts_once(stream: Datastream) -> None:
    row = (stream.pk, START, 5.0)
    assert load([row, row, (stream.pk, START, 6.0)]) == LoadResult(1, 1, 1, 0)
    assert Observation.objects.get().value == 5.0
    assert final_values(stream) == [6.0]


def test_one_instant_takes_a_bounded_number_of_values_in_one_load(stream: Datastream) -> None:
    assert load([(stream.pk, START, float(number)) for number in range(1000)]) == LoadResult(1, 0, 7, 992)
    assert final_values(stream) == [7.0]


def test_values_that_are_no_numbers_and_unknown_streams_are_refused_and_counted(stream: Datastream) -> None:
    rows = [
        (stream.pk, START, math.nan),
        (stream.pk, START + timedelta(hours=1), math.inf),
        (stream.pk + 1000, START, 1.0),
        (stream.pk, START + timedelta(hours=2), 4.0),
    ]
    assert load(rows) == LoadResult(1, 0, 0, 3)


def test_late_rows_do_not_set_the_latest_value_back(stream: Datastream) -> None:
    load([(stream.pk, START + timedelta(hours=5), 7.0)])
    load([(stream.pk, START, 1.0)])
    assert LatestObservation.objects.get(datastream=stream).value == 7.0
    load([(stream.pk, START + timedelta(hours=6), 8.0)])
    assert LatestObservation.objects.get(datastream=stream).value == 8.0


def test_a_partition_is_made_once(db: None) -> None:
    instant = datetime(2031, 5, 31, 23, 59, tzinfo=UTC)
    assert make_partition(instant) == make_partition(instant) == "sensors_observation_2031_05"
