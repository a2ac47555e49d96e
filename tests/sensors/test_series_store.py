"""The store: final over raw, states of the past, roll-ups against a slow oracle, packing bit for bit, retention."""

import math
import random
import struct
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from gis_core.errors import ReportedError
from gis_core.models import Division, User
from sensors.models import (
    DailyValue,
    Datastream,
    DirtyBucket,
    HourlyValue,
    LatestObservation,
    Observation,
    PackedMonth,
    SeriesEdit,
)
from sensors.series.selectors.charts import chart_series
from sensors.series.services.ingestion import load_observations
from sensors.series.services.packing import drop_month, months_to_pack, pack_month
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.roll_ups import refresh_roll_ups
from sensors.series.services.series_edits import edit_series, undo_series_edit

MARCH = date(2026, 3, 1)
START = datetime(2026, 3, 1, tzinfo=UTC)
Rows = list[tuple[int, datetime, float]]


def make_stream(
    division: Division, code: str, interval_s: int = 300, time_zone: str = "Asia/Tashkent"
) -> Datastream:
    thing = add_thing(code=code, name="Logger", division=division, attachment=None, acting_user=None)
    stream = add_datastream(
        thing=thing,
        code=f"{code}:p",
        observed_property="pressure",
        unit="m",
        kind="instant",
        interval_s=interval_s,
        acting_user=None,
    )
    stream.time_zone = time_zone
    stream.save()
    return stream


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "T1")


def load(rows: Rows) -> Any:
    return load_observations(rows=rows, acting_user=None, origin="test")


def final(stream: Datastream, as_of: datetime | str = "infinity") -> dict[datetime, float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT time, value FROM sensors_final(ARRAY[%s]::bigint[], '2000-01-01', '2100-01-01', %s)",
            [stream.pk, as_of],
        )
        return dict(cursor.fetchall())


def now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        return cursor.fetchone()[0]


def raw_bits() -> list[tuple[Any, ...]]:
    rows = Observation.objects.order_by("datastream_id", "time").values_list(
        "datastream_id", "time", "value", "received_at"
    )
    return [(stream, time, struct.pack(">d", value), received) for stream, time, value, received in rows]


# --- final = raw + edits ---


def test_an_edit_needs_a_reason_and_a_number(stream: Datastream) -> None:
    load([(stream.pk, START, 1.0)])
    for corrections, reason, code in (
        ([], "why", "no_values"),
        ([(START, 2.0)], " ", "no_reason"),
        ([(START, math.nan)], "why", "bad_value"),
    ):
        with pytest.raises(ReportedError) as refused:
            edit_series(
                datastream=stream, corrections=corrections, code="edited", reason=reason, acting_user=None
            )
        assert refused.value.code == code
    assert not SeriesEdit.objects.exists()


def test_edits_lie_over_raw_and_the_past_can_be_read_as_of_any_moment(
    stream: Datastream, make_user: Any, district: Division
) -> None:
    load([(stream.pk, START, 1.0), (stream.pk, START + timedelta(minutes=5), 2.0)])
    admin: User = make_user("engineer", district)
    before = now()
    edit = edit_series(
        datastream=stream, corrections=[(START, 5.0)], code="edited", reason="spike", acting_user=admin
    )
    edited = now()
    edit_series(
        datastream=stream, corrections=[(START, None)], code="deleted", reason="broken", acting_user=admin
    )
    later = START + timedelta(minutes=5)
    assert final(stream) == {later: 2.0}
    assert final(stream, edited) == {START: 5.0, later: 2.0}
    assert final(stream, before) == {START: 1.0, later: 2.0}
    assert [value for _stream, _time, value, _ in raw_bits()] == [
        struct.pack(">d", 1.0),
        struct.pack(">d", 2.0),
    ]
    undo_series_edit(edit=edit, reason="it was right", acting_user=admin)
    assert final(stream) == {START: 1.0, later: 2.0}
    assert edit.made_by == admin


def test_a_persons_word_stands_over_later_feeds_and_an_estimate_gives_way(stream: Datastream) -> None:
    gap = START + timedelta(minutes=5)
    load([(stream.pk, START, 1.0)])
    edit_series(
        datastream=stream, corrections=[(START, 9.0)], code="edited", reason="read on site", acting_user=None
    )
    edit_series(datastream=stream, corrections=[(gap, 1.5)], code="estimated", reason="gap", acting_user=None)
    assert final(stream) == {START: 9.0, gap: 1.5}
    load([(stream.pk, START, 1.25), (stream.pk, gap, 1.75)])
    assert final(stream) == {START: 9.0, gap: 1.75}


def test_a_clock_that_jumps_back_changes_no_order(stream: Datastream) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition(%s)", [START])
        cursor.execute(
            "INSERT INTO sensors_observation (datastream_id, time, value, received_at) "
            "VALUES (%s, %s, 1, now() + interval '1 day')",
            [stream.pk, START],
        )
    load([(stream.pk, START, 2.0)])
    assert final(stream) == {START: 2.0}
    edit_series(
        datastream=stream, corrections=[(START, 3.0)], code="estimated", reason="spike", acting_user=None
    )
    assert final(stream) == {START: 3.0}


def test_the_latest_value_is_the_newest_final_one(stream: Datastream) -> None:
    times = [START + timedelta(minutes=5 * step) for step in range(3)]
    load([(stream.pk, time, float(step)) for step, time in enumerate(times)])
    edit_series(
        datastream=stream, corrections=[(times[2], None)], code="deleted", reason="x", acting_user=None
    )
    assert LatestObservation.objects.get().value == 1.0
    edit_series(datastream=stream, corrections=[(times[1], 7.0)], code="edited", reason="x", acting_user=None)
    assert LatestObservation.objects.get().value == 7.0
    # What is hidden is not new: loading it again changes nothing.
    assert load([(stream.pk, times[2], 2.0)]).as_dict() == {
        "inserted": 0,
        "unchanged": 1,
        "corrected": 0,
        "refused": 0,
    }
    for time in times:
        edit_series(
            datastream=stream, corrections=[(time, None)], code="deleted", reason="x", acting_user=None
        )
    assert not LatestObservation.objects.exists()


# --- roll-ups ---


def slow_buckets(stream: Datastream, key: Any) -> dict[Any, tuple[int, float, float, float, float, float]]:
    buckets: dict[Any, list[float]] = defaultdict(list)
    for time, value in sorted(final(stream).items()):
        buckets[key(time)].append(value)
    return {
        bucket: (len(values), math.fsum(values), min(values), max(values), values[0], values[-1])
        for bucket, values in buckets.items()
    }


def assert_roll_ups_are_right(stream: Datastream) -> None:
    zone = ZoneInfo(stream.time_zone)
    columns = ("count", "sum", "min", "max", "first", "last")
    hourly = {
        row.hour: tuple(getattr(row, name) for name in columns)
        for row in HourlyValue.objects.filter(datastream=stream)
    }
    daily = {
        row.day: tuple(getattr(row, name) for name in columns)
        for row in DailyValue.objects.filter(datastream=stream)
    }
    hours = slow_buckets(stream, lambda time: time.replace(minute=0, second=0, microsecond=0))
    days = slow_buckets(stream, lambda time: time.astimezone(zone).date())
    for found, expected in ((hourly, hours), (daily, days)):
        assert found.keys() == expected.keys()
        for bucket, values in expected.items():
            assert found[bucket] == pytest.approx(values, rel=1e-12)


@pytest.mark.parametrize(
    "time_zone", ["Europe/Rome", "Asia/Tashkent", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
)
def test_late_corrected_and_deleted_data_recompute_only_their_buckets(
    district: Division, time_zone: str
) -> None:
    chance = random.Random(7)
    stream = make_stream(district, f"T-{time_zone}", time_zone=time_zone)
    # A fortnight around the end of daylight saving in Europe and Australia.
    first = datetime(2026, 3, 27, tzinfo=UTC)
    for step in range(12):
        times = [first + timedelta(minutes=5 * chance.randrange(14 * 288)) for _ in range(300)]
        load([(stream.pk, time, chance.uniform(0, 50)) for time in times])
        stored = sorted(final(stream))
        chosen = chance.sample(stored, 20)
        edit_series(
            datastream=stream,
            corrections=[(time, None if chance.random() < 0.5 else chance.uniform(0, 50)) for time in chosen],
            code=chance.choice(["edited", "estimated", "deleted"]),
            reason="x",
            acting_user=None,
        )
        assert DirtyBucket.objects.exists()
        if step % 3 == 0:
            refresh_roll_ups()
            assert_roll_ups_are_right(stream)
    edit_series(
        datastream=stream,
        corrections=[(time, None) for time in final(stream) if time < first + timedelta(days=2)],
        code="deleted",
        reason="x",
        acting_user=None,
    )
    refresh_roll_ups()
    assert_roll_ups_are_right(stream)
    assert not DirtyBucket.objects.exists()


def test_only_what_was_touched_is_computed_again(stream: Datastream) -> None:
    load([(stream.pk, START + timedelta(minutes=5 * step), 1.0) for step in range(288 * 3)])
    refresh_roll_ups()
    HourlyValue.objects.update(sum=-1.0)
    load([(stream.pk, START + timedelta(hours=30, minutes=1), 3.0)])
    refresh_roll_ups()
    assert list(HourlyValue.objects.exclude(sum=-1.0).values_list("hour", flat=True)) == [
        START + timedelta(hours=30)
    ]


def test_days_of_23_and_25_hours_are_whole(district: Division) -> None:
    stream = make_stream(district, "ROME", interval_s=3600, time_zone="Europe/Rome")
    for day, hours in ((date(2026, 3, 29), 23), (date(2025, 10, 26), 25), (date(2026, 3, 30), 24)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Rome")).astimezone(UTC)
        load([(stream.pk, midnight + timedelta(hours=hour), 1.0) for hour in range(hours)])
        refresh_roll_ups()
        row = DailyValue.objects.get(datastream=stream, day=day)
        assert (row.count, row.sum, row.coverage) == (hours, float(hours), 1.0)


def test_coverage_counts_intervals_that_have_a_value(stream: Datastream) -> None:
    # Twelve values in one interval of five minutes are one twelfth of the hour.
    load([(stream.pk, START + timedelta(seconds=second), 1.0) for second in range(12)])
    refresh_roll_ups()
    assert HourlyValue.objects.get().coverage == pytest.approx(1 / 12)
    assert HourlyValue.objects.get().mean == 1.0
    assert DailyValue.objects.get().coverage == pytest.approx(1 / 288)


# --- packing ---


def irregular(stream: Datastream, chance: random.Random, count: int) -> Rows:
    times = {START + timedelta(microseconds=chance.randrange(31 * 86_400 * 10**6)) for _ in range(count)}
    return [
        (stream.pk, time, chance.choice([1, -1]) * chance.random() * 10 ** chance.randrange(-20, 20))
        for time in times
    ]


def test_a_packed_month_reads_the_same_bit_for_bit(district: Division) -> None:
    chance = random.Random(3)
    regular, odd, edges = (make_stream(district, code) for code in ("REG", "ODD", "EDGE"))
    load(
        [(regular.pk, START + timedelta(minutes=5 * n), round(chance.uniform(0, 80), 2)) for n in range(1000)]
    )
    load(irregular(odd, chance, 700))
    values = [
        0.0,
        -0.0,
        0.1,
        1 / 3,
        5e-324,
        1e99,
        -1e99,
        32767.0,
        327.67,
        327.68,
        2147483646.0,
        2147483647.0,
        0.000001,
    ]
    load([(edges.pk, START + timedelta(minutes=5 * n), value) for n, value in enumerate(values)])
    load([(edges.pk, START + timedelta(hours=9, seconds=n), n / 8) for n in range(300)])
    edit_series(datastream=regular, corrections=[(START, 1.5)], code="edited", reason="x", acting_user=None)
    refresh_roll_ups()
    raw, finals = raw_bits(), [final(stream) for stream in (regular, odd, edges)]
    result = pack_month(MARCH)
    assert result.observations == len(raw)
    assert raw_bits() == raw
    assert [final(stream) for stream in (regular, odd, edges)] == finals
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('sensors_observation_2026_03')")
        assert cursor.fetchone()[0] is None
    assert not DirtyBucket.objects.exists()


def test_values_that_came_one_by_one_keep_when_they_came(stream: Datastream) -> None:
    for n in range(40):
        load([(stream.pk, START + timedelta(minutes=5 * n), n / 4)])
    raw = raw_bits()
    assert len({received for *_rest, received in raw}) == 40
    pack_month(MARCH)
    assert raw_bits() == raw
    middle = raw[19][3]
    assert len(final(stream, middle)) == 20


def test_a_packed_month_takes_late_values_once(stream: Datastream) -> None:
    rows: Rows = [(stream.pk, START + timedelta(minutes=5 * n), float(n)) for n in range(600)]
    load(rows)
    pack_month(MARCH)
    assert load(rows).as_dict() == {"inserted": 0, "unchanged": 600, "corrected": 0, "refused": 0}
    late = (stream.pk, START + timedelta(minutes=7), 70.0)
    assert load([late, (*rows[5][:2], 55.0)]).as_dict() == {
        "inserted": 1,
        "unchanged": 0,
        "corrected": 1,
        "refused": 0,
    }
    refresh_roll_ups()
    assert_roll_ups_are_right(stream)
    raw = raw_bits()
    assert months_to_pack() == [MARCH]
    pack_month(MARCH)
    assert raw_bits() == raw
    assert PackedMonth.objects.get().observations == 601
    assert final(stream)[rows[5][1]] == 55.0


def test_the_database_refuses_a_second_value_for_a_packed_instant(stream: Datastream) -> None:
    load([(stream.pk, START, 1.0)])
    pack_month(MARCH)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition(%s)", [START])
        for table in ("sensors_observation", "sensors_observation_2026_03"):
            with (
                pytest.raises(IntegrityError, match="observation_once_in_packed_month"),
                transaction.atomic(),
            ):
                cursor.execute(
                    f"INSERT INTO {table} (datastream_id, time, value) VALUES (%s, %s, 2)", [stream.pk, START]
                )


def test_only_ended_months_with_values_are_packed(stream: Datastream) -> None:
    for month, code in ((date(2199, 1, 1), "month_not_closed"), (date(2025, 1, 1), "month_empty")):
        with pytest.raises(ReportedError) as refused:
            pack_month(month)
        assert refused.value.code == code


def test_a_regular_feed_packs_to_at_most_15_bytes_an_observation(district: Division) -> None:
    chance = random.Random(1)
    streams = [make_stream(district, f"R{n}") for n in range(3)]
    load(
        [
            (stream.pk, START + timedelta(minutes=5 * n), round(chance.uniform(20, 60), 2))
            for stream in streams
            for n in range(8928)
        ]
    )
    result = pack_month(MARCH)
    assert result.bytes_after / result.observations <= 15
    assert result.bytes_before / result.observations > 80


def test_retention_drops_the_values_of_a_month_and_keeps_its_roll_ups(stream: Datastream) -> None:
    load([(stream.pk, START + timedelta(minutes=5 * n), 1.0) for n in range(20)])
    edit_series(datastream=stream, corrections=[(START, 2.0)], code="edited", reason="x", acting_user=None)
    refresh_roll_ups()
    pack_month(MARCH)
    load([(stream.pk, START + timedelta(seconds=1), 1.0)])
    assert drop_month(MARCH)
    assert not drop_month(MARCH)
    refresh_roll_ups()
    assert final(stream) == {}
    assert HourlyValue.objects.filter(datastream=stream).count() == 2


def test_values_too_small_to_be_divided_hold_nothing_up(stream: Datastream) -> None:
    """The mean of 5e-324 and 0 is no number of PostgreSQL's, which refuses it."""
    tiny = 5e-324
    load([(stream.pk, START, tiny), (stream.pk, START + timedelta(minutes=5), 0.0)])
    load([(stream.pk, START + timedelta(hours=1), -1.5)])
    refresh_roll_ups()
    hour = HourlyValue.objects.get(datastream=stream, hour=START)
    assert (hour.count, hour.mean, hour.max, hour.first) == (2, 0.0, tiny, tiny)
    day = DailyValue.objects.get(datastream=stream)
    assert (day.count, day.sum, day.max) == (3, -1.5, tiny)
    until = START + timedelta(days=30)
    load([(stream.pk, until - timedelta(minutes=5 * number), tiny) for number in range(2000)])
    chart = chart_series(stream, since=until - timedelta(days=6), until=until)
    assert (chart.resolution, chart.source) == ("bins", "final")
    assert set(chart.mean) <= {0.0, None}
    assert set(chart.max) <= {tiny, None}


def test_packed_values_are_not_taken_away(stream: Datastream) -> None:
    load([(stream.pk, START, 1.0)])
    pack_month(MARCH)
    for attack in (
        "DELETE FROM sensors_packedobservation",
        "DELETE FROM sensors_packedobservation_2026_03",
        "TRUNCATE sensors_packedobservation",
        "TRUNCATE sensors_packedobservation_2026_03",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(attack)
