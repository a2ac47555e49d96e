"""`technical_losses`: mains by their own pressure and age, lines and transformers by their load, zones and parents."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, Point
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from assets.models import LineDetail, Network, Node, Pipe, TransformerDetail, Zone
from assets.registers.services.attachments import Place, attach
from balances.models import ZoneBalance, ZoneMeter
from balances.selectors.loss_summary import loss_summary
from gis_core.models import Division, User
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.balances.test_zone_balances import stream_at
from tests.gis_core.test_commands import run
from tests.world import World, local_midnight, make_world

DAYS = 31


@pytest.fixture
def world(district: Division) -> World:
    """The small world; January 2026 has a balance of Z1 (10 points) and Z2 (4), of which Z1 lost 500 m3."""
    made = make_world(district)
    for code, points, lost in (("Z1", 10, 500), ("Z2", 4, 0)):
        ZoneBalance.objects.create(
            zone=made.zones[code],
            division=district,
            granularity="month",
            period_start=date(2026, 1, 1),
            input_m3=1000 + lost,
            output_m3=0,
            storage_change_m3=0,
            apportioned_m3=1000,
            billed_m3=1000,
            limit_95_m3=1,
            supply_coverage=1,
            consumption_coverage=1,
            service_points=points,
            status="sufficient",
        )
    return made


def pressure(world: World, code: str, metres: float) -> None:
    stream = stream_at(world.nodes[code], "pressure", "m", "instant")
    fill(stream, metres)


def fill(stream: Datastream, value: float, day: date = date(2026, 1, 1), hours: int = 24 * DAYS) -> None:
    start = local_midnight(day)
    rows = [(stream.pk, start + timedelta(hours=hour), value) for hour in range(hours)]
    load_observations(rows=rows, acting_user=None, origin="test")
    refresh_roll_ups()


def answer(*arguments: str) -> dict[str, Any]:
    code, document = run("technical_losses", *arguments)
    assert code == 0, document
    return document


def test_each_main_by_its_own_length_pressure_and_age(world: World) -> None:
    pressure(world, "A", 50.0)
    pressure(world, "C", 32.0)
    Pipe.objects.filter(code="P2").update(year_installed=2006, stated_length_m=300)
    document = answer(
        "--network", "N1", "--from", "2026-01", "--icf", "1.5", "--ageing-percent", "2", "--parts"
    )
    mains = {part["code"]: part for part in document["parts"]}
    # P2 (300 m), P4 and P3 (100 m) lie in Z1, which has ten connections; P1 lies in no zone.
    assert {code: main["zone_code"] for code, main in mains.items()} == {
        "P1": None,
        "P2": "Z1",
        "P3": "Z1",
        "P4": "Z1",
    }
    assert mains["P2"]["condition_factor"] == pytest.approx(1.5 * (1 + 0.02 * 20))
    assert mains["P2"]["connections"] == pytest.approx(6)
    assert mains["P2"]["background_m3h"] == pytest.approx((20 * 0.3 + 1.25 * 6) / 1000 * 2.1)
    assert mains["P3"]["condition_factor"] == 1.5
    assert mains["P3"]["pressure_m"] == 50
    assert (mains["P1"]["loss"], mains["P1"]["reason"]) == (None, "no_connections")
    zones = {row["zone_code"]: row for row in document["zones"]}
    technical = sum(mains[code]["background_m3h"] for code in ("P2", "P3", "P4")) * 24 * DAYS
    first = zones["Z1"]
    assert first["technical"] == pytest.approx(technical)
    assert (first["actual"], first["supply"]) == (500, 1500)
    assert first["commercial"] == pytest.approx(500 - technical)
    assert first["deviation"] == pytest.approx(technical - 500)
    assert first["deviation_percent"] == pytest.approx(100 * (technical - 500) / 500)
    # No main lies in Z2: nothing is known of it.
    assert (zones["Z2"]["technical"], zones["Z2"]["commercial"]) == (None, None)
    assert (zones[None]["technical"], zones[None]["unknown_parts"]) == (None, 1)


def test_a_main_between_two_zones_is_halved(world: World) -> None:
    Node.objects.filter(code="M2").update(zone=world.zones["Z2"])
    pressure(world, "A", 50.0)
    document = answer("--network", "N1", "--from", "2026-01", "--parts")
    halves = [part for part in document["parts"] if part["code"] == "P3"]
    assert [(part["zone_code"], part["length_m"]) for part in halves] == [("Z1", 50), ("Z2", 50)]
    one = answer("--zone", "Z2", "--from", "2026-01", "--parts")
    assert [row["zone_code"] for row in one["zones"]] == ["Z2"]
    assert [part["code"] for part in one["parts"]] == ["P3"]


def test_a_parent_has_what_its_children_have(world: World) -> None:
    whole = Zone.objects.create(network=world.network, division=world.district, code="Z0", name="All")
    Zone.objects.filter(code="Z1").update(parent=whole)
    pressure(world, "A", 50.0)
    rows = {row["zone_code"]: row for row in answer("--network", "N1", "--from", "2026-01")["zones"]}
    assert rows["Z0"]["technical"] == pytest.approx(rows["Z1"]["technical"])
    assert (rows["Z0"]["actual"], rows["Z1"]["parent"]) == (None, "Z0")


def test_without_pressure_or_whole_months_it_is_unknown(world: World) -> None:
    row = answer("--zone", "Z1", "--from", "2026-01")["zones"][0]
    assert (row["technical"], row["actual"], row["commercial"], row["unknown_parts"]) == (None, 500, None, 3)
    pressure(world, "A", 50.0)
    row = answer("--zone", "Z1", "--from", "2026-01-01", "--to", "2026-01-30")["zones"][0]
    assert (row["actual"], row["commercial"]) == (None, None)
    assert row["technical"] > 0


@pytest.fixture
def grid(district: Division) -> Network:
    """A 10 kV line of 4.2 km and a transformer of 400 kVA in zone E1."""
    network = Network.objects.create(code="E", name="E", commodity="electricity", division=district)
    zone = Zone.objects.create(network=network, division=district, code="E1", name="Feeder 1")
    nodes = [
        Node.objects.create(
            network=network,
            division=district,
            code=code,
            kind=kind,
            geom=Point(x, 41.4, srid=4326),
            zone=zone,
        )
        for code, kind, x in (("F1", "feeder_head", 69.40), ("TP", "transformer", 69.45))
    ]
    line = Pipe.objects.create(
        network=network,
        division=district,
        code="L1",
        start_node=nodes[0],
        end_node=nodes[1],
        geom=LineString(nodes[0].geom.coords, nodes[1].geom.coords, srid=4326),
        stated_length_m=4200,
    )
    LineDetail.objects.create(pipe=line, voltage_kv=10, conductor="AS-70", phases=3)
    TransformerDetail.objects.create(
        node=nodes[1], rated_kva=400, primary_kv=10, secondary_kv=0.4, no_load_loss_kw=0.95, load_loss_kw=5.5
    )
    return network


def measured(place: Place, network: Network, quantity: str, unit: str) -> Datastream:
    attachment = attach(network, [place])[0]
    code = f"{quantity}-{place.node_id}-{place.pipe_id}"
    thing = add_thing(
        code=code, name=code, division=network.division, attachment=attachment, acting_user=None
    )
    return add_datastream(
        thing=thing,
        code=code,
        observed_property=quantity,
        unit=unit,
        kind="instant",
        interval_s=3600,
        acting_user=None,
    )


def test_a_line_by_its_hourly_current(grid: Network) -> None:
    line = Pipe.objects.get(code="L1")
    stream = measured(Place(line.start_node_id, line.pk, 0.0), grid, "current", "A")
    fill(stream, 94.1332, hours=24 * 25)
    document = answer("--network", "E", "--from", "2026-01", "--parts")
    found = {part["code"]: part for part in document["parts"]}
    # 25 of 31 days came; the others count as their mean.
    expected = 3 * 94.1332**2 * 4.2 * 0.4218 / 1000 * 24 * 31
    assert found["L1"]["loss"] == pytest.approx(expected)
    assert (found["TP"]["loss"], found["TP"]["reason"]) == (None, "no_load_known")
    assert (document["unit"], document["zones"][0]["technical"]) == ("kWh", None)


def test_a_line_and_a_transformer_by_their_greatest_load(grid: Network) -> None:
    line = Pipe.objects.get(code="L1")
    start = local_midnight(date(2026, 1, 1))
    for place, power in ((Place(line.start_node_id, line.pk, 0.0), 1500.0), (Place(line.end_node_id), 285.2)):
        stream = measured(place, grid, "power", "kW")
        # Two fifths of the hours at the greatest load: T_max is 3,504 hours a year.
        rows = [(stream.pk, start + timedelta(hours=hour), power * (hour % 5 < 2)) for hour in range(24 * 30)]
        load_observations(rows=rows, acting_user=None, origin="test")
    refresh_roll_ups()
    arguments = ("--network", "E", "--from", "2026-01-01", "--to", "2026-01-30", "--parts")
    found = {part["code"]: part["loss"] for part in answer(*arguments)["parts"]}
    share = 30 / 365
    assert found["L1"] == pytest.approx(92_888.5 / 0.422 * 0.4218 * share, rel=1e-5)
    assert found["TP"] == pytest.approx((8322 + 6512.677) * share, rel=1e-5)


def test_a_zone_of_electricity_is_balanced_by_its_power(
    grid: Network, world: World, make_user: Callable[..., User]
) -> None:
    analyst = make_user("analyst", world.district)
    power = measured(Place(Node.objects.get(code="F1").pk), grid, "power", "kW")
    fill(power, 100.0)
    status, _set = run("set_zone_meter", "--zone", "E1", "--datastream", power.code, "--role", "inlet")
    assert status == 0
    # A pump's power is no flow of water.
    pump = measured(Place(world.nodes["A"].pk), world.network, "power", "kW")
    refused = run("set_zone_meter", "--zone", "Z1", "--datastream", pump.code, "--role", "inlet")[1]
    assert refused["error"]["code"] == "wrong_quantity"
    with pytest.raises(IntegrityError, match="zone_meter_of_network"), transaction.atomic():
        ZoneMeter.objects.create(zone=world.zones["Z1"], datastream=pump, role="inlet")
    status, document = run("compute_balances", "--network", "E", "--from", "2026-01")
    assert (status, document["rows"][0]["input_m3"]) == (0, "74400.000")
    row = answer("--network", "E", "--from", "2026-01", "--standard-percent", "5")["zones"][0]
    assert (row["received"], row["delivered"], row["standard"]) == (74_400, 0, 3_720)
    assert (row["actual"], row["technical"], row["commercial"]) == (74_400, None, None)
    # Energy is not added to water.
    country = loss_summary(analyst, level="network", month=date(2026, 1, 1))
    assert [found.code for found in country.rows] == ["N1"]
    assert [found.code for found in loss_summary(analyst, level="zone", parent="E").rows] == ["E1"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--network", "N9"), "no_network"),
        (("--zone", "Z9"), "no_zone"),
        (("--network", "S"), "wrong_quantity"),
    ],
)
def test_what_cannot_be_answered(district: Division, arguments: tuple[str, ...], code: str) -> None:
    Network.objects.create(code="S", name="S", commodity="sewerage", division=district)
    status, document = run("technical_losses", *arguments, "--from", "2026")
    assert (status, document["error"]["code"]) == (1, code)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2026"),
        ("--network", "N1", "--from", "2026-02", "--to", "2026-01"),
        ("--network", "N1", "--from", "2026", "--icf", "0"),
        ("--network", "N1", "--from", "2026", "--ageing-percent", "-1"),
        ("--network", "N1", "--from", "2026", "--power-factor", "2"),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run("technical_losses", *arguments)
