"""Rules that learn: neighbours in the network, and the clock of an instrument."""

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.gis.geos import Point
from django.db import connection

from assets.models import Network, Node
from assets.registers.services.attachments import Place, attach
from gis_core.models import Division
from sensors.models import ClockLag, Datastream, NeighbourBaseline, QualityFlag
from sensors.quality.services.checking import check_quality
from sensors.quality.services.clocks import check_clocks
from sensors.quality.services.neighbours import learn_neighbours
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.sensors.quality.test_checking import load, make_stream

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def streams(district: Division) -> list[Datastream]:
    """Four pressures within some hundred metres, a fifth far away."""
    network = Network.objects.create(code="N1", name="N1", commodity="water", division=district)
    made = []
    for number, east in enumerate((0.0, 0.001, 0.002, 0.003, 0.5)):
        node = Node.objects.create(
            network=network,
            division=district,
            code=f"J{number}",
            kind="junction",
            geom=Point(69.4 + east, 41.4, srid=4326),
        )
        place = attach(network, [Place(node.pk)])[0]
        thing = add_thing(code=f"T{number}", name="x", division=district, attachment=place, acting_user=None)
        made.append(
            add_datastream(
                thing=thing,
                code=f"T{number}:p",
                observed_property="pressure",
                unit="m",
                kind="instant",
                interval_s=3600,
                acting_user=None,
            )
        )
    return made


def pressure(number: int, hour: int) -> float:
    return 40 - 3 * number + 4 * math.sin(hour / 24 * 2 * math.pi) + 0.3 * math.sin(hour * (number + 1.7))


def test_an_hour_that_leaves_its_neighbours_is_flagged(streams: list[Datastream]) -> None:
    hours = 24 * 14
    load(
        [
            (one.pk, START + hour * HOUR, pressure(n, hour))
            for n, one in enumerate(streams)
            for hour in range(hours)
        ]
    )
    refresh_roll_ups()
    check_quality()
    assert learn_neighbours(until=START + hours * HOUR) == 4
    baseline = NeighbourBaseline.objects.get(datastream=streams[0])
    assert baseline.neighbours == [streams[1].pk, streams[2].pk, streams[3].pk]
    assert baseline.offsets == pytest.approx([3, 6, 9], abs=0.4)
    assert baseline.correlation is not None
    assert baseline.correlation > 0.9
    # A day later the first one is 9 m too low for two hours; the others go on.
    late = range(hours, hours + 24)
    load(
        [
            (
                one.pk,
                START + hour * HOUR,
                pressure(n, hour) - (9 if n == 0 and hour in (hours + 5, hours + 6) else 0),
            )
            for n, one in enumerate(streams)
            for hour in late
        ]
    )
    refresh_roll_ups()
    check_quality()
    flags = QualityFlag.objects.filter(rule="neighbours", cleared_at=None).order_by("time")
    assert [(flag.datastream_id, flag.time) for flag in flags] == [
        (streams[0].pk, START + (hours + shift) * HOUR) for shift in (5, 6)
    ]
    assert flags[0].measure == pytest.approx(-9, abs=1)
    # When the hours are corrected, the flags go.
    load([(streams[0].pk, START + (hours + shift) * HOUR, pressure(0, hours + shift)) for shift in (5, 6)])
    refresh_roll_ups()
    check_quality()
    assert not flags.all().exists()


def test_a_clock_that_drifts_is_flagged_for_its_day(district: Division) -> None:
    good, bad = make_stream(district, "G"), make_stream(district, "B")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sensors_make_partition('2026-02-28'), sensors_make_partition('2026-03-01')")
        for day in range(8):
            for hour in range(24):
                arrived = START + timedelta(days=day, hours=hour)
                for stream, drift in ((good, 0), (bad, 600 if day == 7 else 0)):
                    stamp = arrived - timedelta(seconds=20 + drift + hour)
                    cursor.execute(
                        "INSERT INTO sensors_observation (datastream_id, time, value, received_at) "
                        "VALUES (%s, %s, 1, %s)",
                        [stream.pk, stamp, arrived],
                    )
    for day in range(8):
        check_clocks(day=date(2026, 3, 1 + day))
    flag = QualityFlag.objects.get(rule="clock_drift")
    assert (flag.datastream_id, flag.time.date(), round(flag.measure or 0, -1)) == (
        bad.pk,
        date(2026, 3, 8),
        600,
    )
    assert ClockLag.objects.filter(datastream=bad).count() == 8


def test_a_file_of_a_month_shows_no_clock(district: Division) -> None:
    stream = make_stream(district, "G")
    load([(stream.pk, START + hour * HOUR, 1.0) for hour in range(240)])
    check_clocks(day=date(2026, 3, 3))
    assert not ClockLag.objects.exists()
