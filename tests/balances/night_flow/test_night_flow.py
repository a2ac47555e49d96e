"""Night flow: the worked example, the least rolling hour against a plain oracle, gaps, tanks, edges and pressure."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.management.base import CommandError

from assets.models import Curve, TankDetail, Zone, ZoneConnection
from balances.models import ZoneBalance
from balances.night_flow.leakage import day_factor_h, legitimate_m3h, percentile
from balances.night_flow.selectors.banded_nights import banded_nights
from balances.periods import DaySpan
from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from tests.balances.test_zone_balances import stream_at
from tests.gis_core.test_commands import run
from tests.world import World, local_midnight, make_world

DAY = date(2026, 3, 10)
# The tank of the small world is 10 m wide.
AREA_M2 = np.pi / 4 * 100
PRESSURES_M = [52] * 6 + [44] * 3 + [40] * 9 + [43] * 4 + [50] * 2


def send(stream: Datastream, values: dict[float, float], day: date = DAY) -> None:
    """Values by hour since a local midnight."""
    start = local_midnight(day)
    rows = [
        (stream.pk, start + timedelta(seconds=round(3600 * hour)), value) for hour, value in values.items()
    ]
    load_observations(rows=rows, acting_user=None, origin="test")


def answer(*arguments: str) -> dict[str, Any]:
    code, document = run("night_flow", "--zone", "Z1", *arguments)
    assert code == 0, document
    return document


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def streams(world: World) -> dict[str, Datastream]:
    """Hourly series: two meters, the tank's level, a pressure logger."""
    made = {code: stream_at(world.nodes[code], "flow", "m3/h", "mean") for code in ("M1", "M2")}
    made["T"] = stream_at(world.nodes["T"], "level", "m", "instant")
    made["A"] = stream_at(world.nodes["A"], "pressure", "m", "instant")
    return made


def send_example(streams: dict[str, Datastream], day: date = DAY) -> None:
    """41.4 m3/h in, 10 out, 4.2 into the tank from two to three; more in the other hours."""
    send(streams["M1"], {hour: 41.4 if hour == 3 else 60.0 + hour for hour in range(1, 25)}, day)
    send(streams["M2"], dict.fromkeys(range(1, 25), 10.0), day)
    send(streams["T"], {hour: 2.0 + (4.2 / AREA_M2 if hour >= 3 else 0.0) for hour in range(25)}, day)
    send(streams["A"], dict(enumerate(map(float, PRESSURES_M))), day)


def test_the_worked_example(streams: dict[str, Datastream]) -> None:
    send_example(streams)
    document = answer("--from", "2026-03-10", "--population", "5200")
    assert list(document) == ["zone_code", "leakage_m3", "limit_95_m3", "nights"]
    (night,) = document["nights"]
    assert list(night) == [
        *(
            "date",
            "at",
            "min_flow_m3h",
            "storage_m3h",
            "legitimate_m3h",
            "net_m3h",
            "pressure_m",
            "day_factor_h",
        ),
        *("leakage_m3_day", "percentile20_m3h", "background_m3h", "burst_m3h", "coverage", "status"),
    ]
    assert (night["date"], night["at"]) == ("2026-03-10", "2026-03-10T03:00:00+05:00")
    assert night["min_flow_m3h"] == pytest.approx(31.4)
    assert night["storage_m3h"] == pytest.approx(4.2)
    assert night["legitimate_m3h"] == pytest.approx(3.12)
    assert f"{night['net_m3h']:.2f}" == "24.08"
    assert (night["pressure_m"], night["coverage"], night["status"]) == (52, 1, "sufficient")
    assert f"{night['day_factor_h']:.4f}" == "20.2581"
    assert f"{night['leakage_m3_day']:.3f}" == "487.815"
    assert document["leakage_m3"] == night["leakage_m3_day"]
    # 1 % of each meter, half of the legitimate use
    limit = ((0.414) ** 2 + 0.1**2 + 1.56**2) ** 0.5
    assert document["limit_95_m3"] == pytest.approx(limit * night["day_factor_h"])
    # one night is no percentile; without a kept balance nobody knows the connections
    assert (night["percentile20_m3h"], night["background_m3h"], night["burst_m3h"]) == (None, None, None)


def test_a_night_is_shown_with_the_band_of_those_before_it(
    world: World, streams: dict[str, Datastream]
) -> None:
    """Fifty nights of a flow that grows by 1 m3/h a night, of which the last three are shown."""
    first = DAY - timedelta(days=49)
    for number in range(50):
        send(streams["M1"], dict.fromkeys(range(1, 25), 20.0 + number), first + timedelta(days=number))
        send(streams["M2"], dict.fromkeys(range(1, 25), 10.0), first + timedelta(days=number))
        send(streams["T"], dict.fromkeys(range(25), 2.0), first + timedelta(days=number))
    shown = DaySpan(DAY - timedelta(days=2), DAY + timedelta(days=1))
    tomorrow = DAY + timedelta(days=1)
    found = banded_nights(world.zones["Z1"], shown, DaySpan(DAY, tomorrow), tomorrow)
    assert [one.night.date for one in found.nights] == [DAY - timedelta(days=back) for back in (2, 1, 0)]
    assert [one.night.net_m3h for one in found.nights] == pytest.approx([57.0, 58.0, 59.0])
    # The 28 nights before the last one had 31 to 58 m3/h.
    last = found.nights[-1]
    assert [last.low_m3h, last.high_m3h] == pytest.approx([36.4, 52.6])
    assert found.people is None
    assert found.leakage_m3 == pytest.approx(59.0 * 24)
    early = banded_nights(world.zones["Z1"], DaySpan(first, DAY), DaySpan(first, DAY), DAY).nights
    assert [one.low_m3h is None for one in early[:9]] == [True] * 7 + [False] * 2


def test_nights_to_come_are_not_counted_as_missing_ones(world: World, streams: dict[str, Datastream]) -> None:
    send_example(streams)
    month = DaySpan(DAY.replace(day=1), date(2026, 4, 1))
    rest = DaySpan(DAY, month.until)
    found = banded_nights(world.zones["Z1"], rest, rest, DAY + timedelta(days=1))
    assert [one.night.date for one in found.nights] == [DAY]
    assert found.leakage_m3 == found.nights[0].night.leakage_m3_day
    assert banded_nights(world.zones["Z1"], month, month, date(2026, 2, 1)).nights == []


def test_n1_and_an_unknown_population(streams: dict[str, Datastream]) -> None:
    send_example(streams)
    flat = answer("--from", "2026-03-10", "--n1", "0")["nights"][0]
    assert flat["day_factor_h"] == pytest.approx(24)
    assert flat["legitimate_m3h"] is None
    assert flat["net_m3h"] == pytest.approx(31.4 - 4.2)


def test_background_and_burst(world: World, streams: dict[str, Datastream]) -> None:
    send_example(streams)
    ZoneBalance.objects.create(
        zone=world.zones["Z1"],
        division=world.district,
        granularity="month",
        period_start=date(2026, 2, 1),
        apportioned_m3=0,
        billed_m3=0,
        supply_coverage=0,
        consumption_coverage=0,
        service_points=400,
        status="insufficient",
    )
    night = answer("--from", "2026-03-10", "--icf", "1.5")["nights"][0]
    # 300 m of mains, see test_water_audit_command
    background = (20 * 0.3 + 1.25 * 400) / 1000 * 1.5 * (52 / 50) ** 1.5
    assert night["background_m3h"] == pytest.approx(background)
    assert night["burst_m3h"] == pytest.approx(27.2 - background)


def test_the_rolling_hour_is_not_the_clock_hour(world: World, streams: dict[str, Datastream]) -> None:
    """Five-minute values against a plain oracle; the level of the tank every five minutes, too."""
    Datastream.objects.filter(pk__in=[streams[code].pk for code in ("M1", "M2", "T")]).update(interval_s=300)
    generator = np.random.default_rng(7)
    steps = np.arange(1, 73)
    series = {code: 20 + 15 * generator.random(72) for code in ("M1", "M2")}
    level = np.concatenate([[2.0], 2.0 + np.cumsum(generator.normal(0, 0.01, 72))])
    for code, values in series.items():
        send(streams[code], dict(zip(steps / 12, values, strict=True)))
    send(streams["T"], dict(zip(np.arange(73) / 12, level, strict=True)))
    flows = [
        (np.mean(series["M1"][end - 12 : end]) - np.mean(series["M2"][end - 12 : end]), end)
        for end in range(12, 73)
    ]
    stored = {end: (level[end] - level[end - 12]) * AREA_M2 for end in range(12, 73)}
    least, end = min((flow - stored[end], end) for flow, end in flows)
    night = answer("--from", "2026-03-10")["nights"][0]
    assert night["net_m3h"] == pytest.approx(least, abs=1e-9)
    assert night["storage_m3h"] == pytest.approx(stored[end], abs=1e-9)
    assert datetime.fromisoformat(night["at"]) == local_midnight(DAY) + timedelta(minutes=5 * int(end))
    assert end % 12 != 0


def test_meters_of_different_intervals(world: World, streams: dict[str, Datastream]) -> None:
    Datastream.objects.filter(pk=streams["M1"].pk).update(interval_s=900)
    send(streams["M1"], {step / 4: 40.0 - step for step in range(1, 25)})
    send(streams["M2"], {hour: float(hour) for hour in range(1, 7)})
    send(streams["T"], dict.fromkeys(range(7), 2.0))
    night = answer("--from", "2026-03-10")["nights"][0]
    # from five to six: quarters 21 to 24 and the sixth hour
    assert night["net_m3h"] == pytest.approx(40 - 22.5 - 6)


def test_a_stamp_a_little_off_counts_for_its_interval(streams: dict[str, Datastream]) -> None:
    send_example(streams)
    whole = answer("--from", "2026-03-10")["nights"][0]
    shifted = DAY + timedelta(days=3)
    send(streams["M1"], {hour - 0.01: 41.4 if hour == 3 else 60.0 + hour for hour in range(1, 25)}, shifted)
    send(streams["M2"], {hour - 0.005: 10.0 for hour in range(1, 25)}, shifted)
    send(streams["T"], {hour: 2.0 + (4.2 / AREA_M2 if hour >= 3 else 0.0) for hour in range(25)}, shifted)
    night = answer("--from", shifted.isoformat())["nights"][0]
    assert (night["net_m3h"], night["at"][11:]) == (pytest.approx(whole["net_m3h"]), whole["at"][11:])


def test_a_night_with_gaps_has_no_figures_and_counts_as_the_mean(streams: dict[str, Datastream]) -> None:
    for ahead in range(5):
        day = DAY + timedelta(days=ahead)
        # One value of six is missing on the third night, two on the fourth, all on the fifth.
        missing = {2: {5}, 3: {5, 6}, 4: set(range(1, 25))}.get(ahead, set())
        send(streams["M1"], {hour: 20.0 + ahead for hour in range(1, 25) if hour not in missing}, day)
        send(streams["M2"], dict.fromkeys(range(1, 25), 5.0), day)
        send(streams["T"], dict.fromkeys(range(25), 2.0), day)
    document = answer("--from", "2026-03-10", "--to", "2026-03-14")
    nights = document["nights"]
    assert [night["status"] for night in nights] == ["sufficient"] * 3 + ["insufficient"] * 2
    assert [night["net_m3h"] for night in nights] == [15, 16, 17, None, None]
    assert [round(night["coverage"], 3) for night in nights] == [1, 1, 0.833, 0.667, 0]
    assert all(nights[3][name] is None for name in ("at", "min_flow_m3h", "storage_m3h", "leakage_m3_day"))
    # No pressure is known: it counts as flat.
    assert [night["pressure_m"] for night in nights] == [None] * 5
    assert document["leakage_m3"] == pytest.approx(5 * 16 * 24)
    assert document["limit_95_m3"] > 1.96 * 24 * (2 + 4 / 3) ** 0.5


def test_without_any_night_the_sum_is_unknown(streams: dict[str, Datastream]) -> None:
    document = answer("--from", "2026-03")
    assert (document["leakage_m3"], document["limit_95_m3"], len(document["nights"])) == (None, None, 31)


def test_one_silent_meter_of_many_is_not_zero(streams: dict[str, Datastream]) -> None:
    send(streams["M1"], dict.fromkeys(range(1, 25), 20.0))
    send(streams["T"], dict.fromkeys(range(25), 2.0))
    night = answer("--from", "2026-03-10")["nights"][0]
    assert (night["status"], night["coverage"], night["net_m3h"]) == ("insufficient", 0, None)


def test_the_percentile_looks_back_seven_nights(streams: dict[str, Datastream]) -> None:
    for ahead in range(9):
        day = DAY + timedelta(days=ahead)
        send(streams["M1"], dict.fromkeys(range(1, 25), 20.0 + ahead**2), day)
        send(streams["M2"], dict.fromkeys(range(1, 25), 5.0), day)
        send(streams["T"], dict.fromkeys(range(25), 2.0), day)
    nets = [15.0 + ahead**2 for ahead in range(9)]
    nights = answer("--from", "2026-03-10", "--to", "2026-03-18")["nights"]
    told = [night["percentile20_m3h"] for night in nights]
    assert told[:3] == [None] * 3
    for place in range(3, 9):
        assert told[place] == pytest.approx(np.percentile(nets[max(0, place - 6) : place + 1], 20))
    # The nights before the period count, whoever asks for it.
    assert answer("--from", "2026-03-18")["nights"][0]["percentile20_m3h"] == pytest.approx(told[8])


def test_a_day_without_pressure_has_the_mean_factor_of_the_others(streams: dict[str, Datastream]) -> None:
    send_example(streams)
    day = DAY + timedelta(days=1)
    send(streams["M1"], dict.fromkeys(range(1, 25), 30.0), day)
    send(streams["M2"], dict.fromkeys(range(1, 25), 10.0), day)
    send(streams["T"], dict.fromkeys(range(25), 2.0), day)
    send(streams["A"], dict.fromkeys(range(12), 40.0), day)
    first, second = answer("--from", "2026-03-10", "--to", "2026-03-11")["nights"]
    assert second["pressure_m"] is None
    assert second["day_factor_h"] == first["day_factor_h"]
    assert second["leakage_m3_day"] == pytest.approx(20 * first["day_factor_h"])


def test_a_tank_by_its_curve(world: World, streams: dict[str, Datastream]) -> None:
    curve = Curve.objects.create(
        network=world.network, code="V", kind="VOLUME", x_values=[0, 2, 4], y_values=[0, 100, 400]
    )
    TankDetail.objects.filter(node=world.nodes["T"]).update(volume_curve=curve)
    send(streams["M1"], {hour: 60.0 if hour != 4 else 50.0 for hour in range(1, 25)})
    send(streams["M2"], dict.fromkeys(range(1, 25), 0.0))
    send(streams["T"], {hour: 1.9 if hour < 4 else 2.1 for hour in range(25)})
    night = answer("--from", "2026-03-10")["nights"][0]
    # A tenth of a metre below the bend is 5 m3, above it 15.
    assert (night["storage_m3h"], night["net_m3h"]) == (pytest.approx(20), pytest.approx(30))


def test_a_parent_has_its_childrens_meters_and_what_they_share_cancels(
    world: World, streams: dict[str, Datastream]
) -> None:
    whole = Zone.objects.create(network=world.network, division=world.district, code="Z0", name="All")
    Zone.objects.filter(code__in=["Z1", "Z2"]).update(parent=whole)
    send_example(streams)
    code, document = run("night_flow", "--zone", "Z0", "--from", "2026-03-10")
    assert code == 0
    night = document["nights"][0]
    assert (night["min_flow_m3h"], night["storage_m3h"]) == (pytest.approx(41.4), pytest.approx(4.2))


def test_units_of_the_meter(world: World, streams: dict[str, Datastream]) -> None:
    Datastream.objects.filter(pk=streams["M1"].pk).update(unit="l/s", unit_factor=3.6)
    send(streams["M1"], dict.fromkeys(range(1, 25), 10.0))
    send(streams["M2"], dict.fromkeys(range(1, 25), 6.0))
    send(streams["T"], dict.fromkeys(range(25), 2.0))
    assert answer("--from", "2026-03-10")["nights"][0]["net_m3h"] == pytest.approx(30)


def test_an_unmeasured_edge_is_told(world: World) -> None:
    code, document = run("night_flow", "--zone", "Z1", "--from", "2026-03-10")
    assert (code, document["error"]["code"]) == (1, "no_datastream")
    assert [detail["node"] for detail in document["error"]["details"]] == ["M1", "M2", "T"]
    ZoneConnection.objects.all().delete()
    code, document = run("night_flow", "--zone", "Z2", "--from", "2026-03-10")
    assert (code, document["error"]["code"]) == (1, "no_datastream")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2026-13"),
        ("--from", "2026-03-10", "--to", "2026-03-09"),
        ("--from", "2000", "--to", "2026"),
        ("--from", "2026", "--n1", "9"),
        ("--from", "2026", "--population", "-1"),
        ("--from", "2026", "--icf", "0"),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run("night_flow", "--zone", "Z1", *arguments)


def test_the_formulas() -> None:
    assert legitimate_m3h(5200) == pytest.approx(3.12)
    assert f"{day_factor_h(PRESSURES_M, 52, 1.15):.4f}" == "20.2581"
    assert day_factor_h([40.0] * 18, 40.0, 1.5) == pytest.approx(24)
    assert day_factor_h([40.0] * 23, 40.0, 1.5, hours=23) == pytest.approx(23)
    generator = np.random.default_rng(1)
    for size in range(1, 9):
        values = list(generator.normal(size=size))
        assert percentile(values, 0.2) == pytest.approx(np.percentile(values, 20))


def test_what_people_say_of_a_zones_meters_stands_before_the_graph(
    world: World, streams: dict[str, Datastream]
) -> None:
    """A second logger on the pipe beside the meter is the zone's inlet instead of it."""
    send_example(streams)
    spare = stream_at(world.nodes["B"], "flow", "m3/h", "mean")
    send(spare, dict.fromkeys(range(1, 25), 20.0))
    graph = run("night_flow", "--zone", "Z1", "--from", "2026-03-10")[1]["nights"][0]["min_flow_m3h"]
    for stream, how in ((streams["M1"], ["--remove"]), (spare, [])):
        code, said = run(
            *("set_zone_meter", "--zone", "Z1", "--datastream", stream.code, "--role", "inlet"), *how
        )
        assert code == 0, said
    (night,) = answer("--from", "2026-03-10")["nights"]
    assert graph == pytest.approx(31.4)
    assert night["min_flow_m3h"] == pytest.approx(20.0 - 10.0)


def test_a_period_is_both_ends_at_once(streams: dict[str, Datastream]) -> None:
    send_example(streams)
    whole = answer("--from", "2026-03-01", "--to", "2026-03")
    assert answer("--period", "2026-03") == whole
    assert len(whole["nights"]) == 31
    with pytest.raises(CommandError):
        run("night_flow", "--zone", "Z1")


def test_a_tank_of_parent_and_child_is_counted_once(world: World, streams: dict[str, Datastream]) -> None:
    """Whatever error each of the two says that its level has."""
    send_example(streams)
    alone = answer("--from", "2026-03-10")["nights"][0]["storage_m3h"]
    world.zones["Z2"].parent = world.zones["Z1"]
    world.zones["Z2"].save()
    for zone, error in (("Z1", "1"), ("Z2", "5")):
        code, said = run(
            *("set_zone_meter", "--zone", zone, "--datastream", streams["T"].code, "--role", "storage"),
            *("--error-percent", error),
        )
        assert code == 0, said
    assert answer("--from", "2026-03-10")["nights"][0]["storage_m3h"] == pytest.approx(alone)
