"""`technical_losses` of gas (standard conditions, line pack) and heat (enthalpy, norms), of networks."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, Point
from django.core.management.base import CommandError

from assets.models import LineDetail, Network, Node, Pipe, Zone, ZoneConnection
from assets.registers.services.attachments import Place, attach
from balances.models import ZoneBalance, ZoneMeter
from balances.technical_losses.gas import standard_atmosphere_kpa
from balances.technical_losses.heat import density_kg_m3
from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from tests.gis_core.test_commands import run
from tests.world import local_midnight

DAYS = 2
HOURS = 24 * DAYS
MARCH = ("--from", "2026-03-01", "--to", "2026-03-02")
UNITS = {"flow": "m3/h", "pressure": "kPa", "temperature": "°C", "power": "kW", "level": "m"}


def network_of(commodity: str, division: Division) -> Network:
    """A source A and an end B in the zone X, with a pipe of 300 mm and 6.3 km between them."""
    network = Network.objects.create(code="N", name="N", commodity=commodity, division=division)
    zone = Zone.objects.create(network=network, division=division, code="X", name="X")
    for code, kind, x in (("A", "source", 69.40), ("B", "junction", 69.45)):
        Node.objects.create(
            network=network,
            division=division,
            code=code,
            kind=kind,
            geom=Point(x, 41.4, srid=4326),
            zone=zone,
        )
    return network


def pipe(network: Network, code: str, length_m: float, **detail: str) -> Pipe:
    start, end = (Node.objects.get(network=network, code=one) for one in "AB")
    made = Pipe.objects.create(
        network=network,
        division=network.division,
        code=code,
        start_node=start,
        end_node=end,
        geom=LineString(start.geom.coords, end.geom.coords, srid=4326),
        diameter_m=0.3,
        stated_length_m=length_m,
    )
    LineDetail.objects.create(pipe=made, **detail)
    return made


def device(
    network: Network,
    node: str,
    role: str | None,
    values: Mapping[str, float | list[float]],
    *,
    on_pipe: str | None = None,
    hours: int = HOURS,
) -> Datastream:
    """A thing at a node whose quantities stood at a value, or at one each hour; the zone's meter in that role.

    Nothing is rolled up: the command does.
    """
    place = Place(Node.objects.get(network=network, code=node).pk)
    if on_pipe is not None:
        place = Place(place.node_id, Pipe.objects.get(network=network, code=on_pipe).pk, 0.9)
    code = f"{node}{Datastream.objects.count()}"
    thing = add_thing(
        code=code,
        name=code,
        division=network.division,
        attachment=attach(network, [place])[0],
        acting_user=None,
    )
    start = local_midnight(date(2026, 3, 1))
    streams = []
    for quantity, value in values.items():
        stream = add_datastream(
            thing=thing,
            code=f"{code}-{quantity}",
            observed_property=quantity,
            unit=UNITS[quantity],
            kind="instant",
            interval_s=3600,
            acting_user=None,
        )
        hourly = value if isinstance(value, list) else [value] * hours
        rows = [(stream.pk, start + timedelta(hours=hour), one) for hour, one in enumerate(hourly)]
        load_observations(rows=rows, acting_user=None, origin="test")
        streams.append(stream)
    if role is not None:
        ZoneMeter.objects.create(zone=Zone.objects.get(code="X"), datastream=streams[0], role=role)
    return streams[0]


def keep_month(zone: Zone, consumed: float) -> ZoneBalance:
    """March as it is kept: everybody's readings, and too little of the meters at the edge."""
    return ZoneBalance.objects.create(
        zone=zone,
        division=zone.division,
        granularity="month",
        period_start=date(2026, 3, 1),
        apportioned_m3=consumed,
        billed_m3=0,
        supply_coverage=0,
        consumption_coverage=1,
        service_points=1,
        status="insufficient",
        reasons=[{"datastream": None, "reason": "coverage"}],
    )


def answer(*arguments: str) -> dict[str, Any]:
    status, document = run("technical_losses", "--network", "N", *MARCH, *arguments)
    assert status == 0, document
    row: dict[str, Any] = document["zones"][0]
    return {**row, "unit": document["unit"], "parts": document.get("parts")}


GAS = ("--air-kpa", "95.2", "--compressibility", "0.9935")


@pytest.fixture
def gas(district: Division) -> Network:
    """The worked example: 12,480 m3 at 300 kPa and 8 °C; in 6.3 km of 300 mm pressure fell from 300 to 285 kPa."""
    network = network_of("gas", district)
    pipe(network, "P", 6300, pressure_class="medium")
    device(network, "A", "inlet", {"flow": 12_480 / HOURS, "pressure": 300.0, "temperature": 8.0})
    return network


def test_gas_at_standard_conditions_and_in_its_pipes(gas: Network) -> None:
    row = answer(*GAS)
    assert (row["unit"], f"{row['received']:.3f}") == ("m3", "51085.641")
    # The meter's own pressure stood still; nobody said what sound pipes leak; no balances are kept.
    assert row["storage_change"] == pytest.approx(0)
    assert (row["technical"], row["standard"], row["actual"], row["commercial"]) == (None,) * 4
    assert (row["unknown_parts"], row["reasons"]) == (1, ["no_consumption"])
    # Nearest to the pipe stands a logger whose pressure fell.
    Node.objects.filter(code="A").update(zone=None)
    device(gas, "B", None, {"pressure": [300.0] * 24 + [285.0] * 24})
    row = answer(*GAS, "--standard-percent", "2", "--gas-leakage-m3-km-day", "10")
    assert f"{row['storage_change']:.3f}" == "-69.188"
    assert f"{row['supply']:.3f}" == f"{51085.641 + 69.188:.3f}"
    assert row["standard"] == pytest.approx(51085.641 * 0.02)
    assert row["technical"] == pytest.approx(10 * 6.3 * DAYS)


def test_gas_by_what_is_stated_and_by_correctors(gas: Network) -> None:
    stated = answer("--compressibility", "0.9935")
    assert (stated["received"], stated["reasons"]) == (None, ["no_air_pressure", "no_consumption"])
    Node.objects.filter(code="A").update(elevation_m=525.4)
    assert standard_atmosphere_kpa(525.4) == pytest.approx(95.2, abs=0.05)
    assert answer("--compressibility", "0.9935")["received"] == pytest.approx(51085.641, rel=2e-4)
    Datastream.objects.filter(observed_property="temperature").update(
        deleted_at=local_midnight(date(2026, 3, 1))
    )
    row = answer(*GAS)
    assert (row["received"], row["storage_change"]) == (None, None)
    assert row["reasons"] == ["no_temperature", "no_consumption", "no_line_pack"]
    assert f"{answer(*GAS, '--gas-temperature-c', '8')['received']:.3f}" == "51085.641"
    Datastream.objects.filter(observed_property="flow").update(properties={"conditions": "standard"})
    assert answer()["received"] == pytest.approx(12_480)


def test_a_device_between_two_zones_that_nothing_measures_is_no_edge_of_both_together(gas: Network) -> None:
    whole, inner = (
        Zone.objects.create(network=gas, division=gas.division, code=code, name=code) for code in ("W", "Y")
    )
    Zone.objects.filter(code__in=["X", "Y"]).update(parent=whole)
    between = Node.objects.get(network=gas, code="B")
    for zone, role in ((Zone.objects.get(code="X"), "outlet"), (inner, "inlet")):
        ZoneConnection.objects.create(zone=zone, node=between, role=role)
    status, document = run("technical_losses", "--network", "N", *MARCH, *GAS)
    rows = {row["zone_code"]: row for row in document["zones"]}
    assert status == 0
    assert f"{rows['W']['received']:.3f}" == "51085.641"
    assert [(rows[code]["received"], rows[code]["reasons"][0]) for code in "XY"] == [(None, "no_meter")] * 2


def test_gas_of_whole_months_has_its_commercial_loss(gas: Network) -> None:
    zone = Zone.objects.get(code="X")
    Datastream.objects.filter(observed_property="flow").update(properties={"conditions": "standard"})
    kept = keep_month(zone, 10_000)
    start = local_midnight(date(2026, 3, 1))
    for stream in Datastream.objects.all():
        value = {"flow": 20.0, "pressure": 300.0, "temperature": 8.0}[stream.observed_property]
        rows = [(stream.pk, start + timedelta(hours=hour), value) for hour in range(HOURS, 31 * 24)]
        load_observations(rows=rows, acting_user=None, origin="test")
    arguments = ("--network", "N", "--from", "2026-03", "--gas-leakage-m3-km-day", "1")
    row = run("technical_losses", *arguments)[1]["zones"][0]
    lost = 12_480 + 20.0 * (31 * 24 - HOURS) - 10_000
    technical = 6.3 * 31
    assert row["actual"] == pytest.approx(lost)
    assert row["delivered"] == pytest.approx(10_000)
    assert row["commercial"] == pytest.approx(lost - technical)
    assert row["deviation"] == pytest.approx(technical - lost)
    ZoneBalance.objects.filter(pk=kept.pk).update(consumption_coverage=0.5)
    row = run("technical_losses", *arguments)[1]["zones"][0]
    assert (row["actual"], row["commercial"], row["delivered"]) == (None, None, None)


def worked_heat(tonnes: float, warmth: float, mpa: float) -> dict[str, float]:
    """What the meters of a pipe measured: tonnes an hour, °C, absolute MPa."""
    flow = 1000 * tonnes / density_kg_m3(warmth, mpa)
    return {"flow": flow, "temperature": warmth, "pressure": 1000 * mpa - 101.325}


def two_pipes(district: Division, hours: int) -> Network:
    """The worked example: 48.6 t/h out at 95 °C and 0.7 MPa, 47.7 t/h back at 61 °C and 0.45 MPa; 1,250 m."""
    network = network_of("heat", district)
    for code, circuit in (("S", "supply"), ("R", "return")):
        pipe(network, code, 1250, circuit=circuit)
    for role, measured in (
        ("inlet", worked_heat(48.6, 95.0, 0.7)),
        ("outlet", worked_heat(47.7, 61.0, 0.45)),
    ):
        device(network, "A", role, measured, hours=hours)
    return network


@pytest.fixture
def heat(district: Division) -> Network:
    return two_pipes(district, HOURS)


def test_heat_of_two_pipes_and_its_norms(heat: Network, tmp_path: Path) -> None:
    # Each meter stands at the same node as the other: the pressure and warmth of its own thing count.
    row = answer("--cold-c", "8", "--supply-w-m", "58", "--return-w-m", "42", "--parts")
    assert row["unit"] == "kWh"
    # What the return took out again was not received, and nothing was sent on.
    assert row["supply"] == row["received"] == pytest.approx(1983.110 * HOURS, rel=1e-6)
    assert row["technical"] == row["standard"] == pytest.approx(143.75 * HOURS)
    assert [part["watts_m"] for part in row["parts"]] == [42, 58]
    bare = answer()
    assert (bare["technical"], bare["standard"], bare["commercial"], bare["unknown_parts"]) == (
        None,
        None,
        None,
        2,
    )
    table = tmp_path / "norms.csv"
    table.write_text("circuit,up_to_diameter_mm,w_m\nsupply,100,30\nsupply,300,58\nsupply,,90\nreturn,,42\n")
    assert answer("--norms", str(table))["technical"] == pytest.approx(143.75 * HOURS)
    Pipe.objects.filter(code="S").update(diameter_m=None)
    parts = answer("--norms", str(table), "--parts")["parts"]
    assert [part["reason"] for part in parts] == ["", "no_diameter"]
    LineDetail.objects.filter(pipe__code="S").update(circuit="")
    assert answer("--norms", str(table), "--parts")["parts"][1]["reason"] == "no_circuit"


def test_heat_that_goes_on_is_delivered_less_what_comes_back(heat: Network) -> None:
    """A fifth of it goes on from B, by meters whose pipes say which is the return."""
    whole = answer("--standard-percent", "2")
    assert whole["standard"] == pytest.approx(0.02 * 1983.110 * HOURS, rel=1e-6)
    for code, role, parts in (
        ("S", "outlet", worked_heat(48.6 / 5, 95.0, 0.7)),
        ("R", "inlet", worked_heat(47.7 / 5, 61.0, 0.45)),
    ):
        device(heat, "B", role, parts, on_pipe=code)
    row = answer("--standard-percent", "2")
    assert row["received"] == pytest.approx(1983.110 * HOURS, rel=1e-6)
    assert row["supply"] == pytest.approx(0.8 * 1983.110 * HOURS, rel=1e-6)
    assert row["standard"] == whole["standard"]
    # Of a tank of hot water nobody knows how warm it is.
    tank = device(heat, "B", None, {"level": 2.0})
    ZoneMeter.objects.create(zone=Zone.objects.get(code="X"), datastream=tank, role="storage")
    row = answer()
    assert (row["storage_change"], row["supply"], row["actual"]) == (None, None, None)
    assert row["reasons"] == ["no_consumption", "no_storage"]


def test_heat_of_a_whole_month_is_received_and_delivered_net(district: Division) -> None:
    hours = 31 * 24
    two_pipes(district, hours)
    keep_month(Zone.objects.get(code="X"), 1_000_000)
    arguments = ("--network", "N", "--from", "2026-03", "--standard-percent", "2")
    norms = ("--supply-w-m", "58", "--return-w-m", "42")
    row = run("technical_losses", *arguments, *norms)[1]["zones"][0]
    received = 1983.110 * hours
    assert row["received"] == pytest.approx(received, rel=1e-6)
    assert row["delivered"] == pytest.approx(1_000_000)
    assert row["standard"] == pytest.approx(0.02 * received, rel=1e-6)
    assert row["actual"] == pytest.approx(received - 1_000_000, rel=1e-6)
    assert row["commercial"] == pytest.approx(received - 1_000_000 - 143.75 * hours, rel=1e-6)


def test_a_heat_meter_that_reckons_itself_is_taken_at_its_word(district: Division) -> None:
    network = network_of("heat", district)
    device(network, "A", "inlet", {"power": 500.0})
    row = answer()
    assert row["received"] == pytest.approx(500 * HOURS)
    assert row["technical"] is None


@pytest.mark.parametrize(
    "table",
    ["", "circuit,w_m\nsupply,5\n", "circuit,up_to_diameter_mm,w_m\nboth,,5\nsupply,x,5\nreturn,,nan\n"],
)
def test_a_table_of_norms_is_refused_whole(heat: Network, tmp_path: Path, table: str) -> None:
    path = tmp_path / "norms.csv"
    path.write_text(table)
    status, document = run("technical_losses", "--network", "N", *MARCH, "--norms", str(path))
    assert (status, document["error"]["code"]) == (1, "bad_rows")
    assert len(document["error"]["details"]) in (0, 3)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--air-kpa", "5"),
        ("--compressibility", "nan"),
        ("--cold-c", "x"),
        ("--norms", "a", "--supply-w-m", "3"),
    ],
)
def test_bad_arguments(db: None, arguments: tuple[str, ...]) -> None:
    with pytest.raises((CommandError, SystemExit)):
        run("technical_losses", "--network", "N", *MARCH, *arguments)
