"""Zone balances on the small world, against figures worked out by hand."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from assets.models import Node, Zone, ZoneConnection
from assets.registers.services.attachments import Place, attach
from balances.models import UnbilledConsumption, ZoneBalance
from balances.zone_balances.services.computation import compute_balances
from billing.services.runs import run_billing
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from tests.billing.conftest import read
from tests.world import World, local_midnight, make_world

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)
HOURS = 31 * 24


@dataclass
class MeteredWorld(World):
    """The small world with datastreams at its meters and its tank."""

    meters: dict[str, Datastream]
    tank: Datastream
    # Sent by the first `compute`, so that a test can have something else sent: raw values cannot be taken back.
    feeds: dict[Datastream, dict[int, float]]


def stream_at(node: Node, observed_property: str, unit: str, kind: str) -> Datastream:
    attachment = attach(node.network, [Place(node.pk)])[0]
    thing = add_thing(
        code=node.code, name=node.code, division=node.division, attachment=attachment, acting_user=None
    )
    return add_datastream(
        thing=thing,
        code=f"{node.code}:{observed_property}",
        observed_property=observed_property,
        unit=unit,
        kind=kind,
        interval_s=3600,
        acting_user=None,
    )


def send(stream: Datastream, values: dict[int, float]) -> None:
    """Store values by hour since local midnight of the first of December."""
    start = local_midnight(DECEMBER)
    rows = [(stream.pk, start + timedelta(hours=hour), value) for hour, value in values.items()]
    load_observations(rows=rows, acting_user=None, origin="test")


@pytest.fixture
def world(district: Division) -> MeteredWorld:
    """December: 4 m3/h enter Z1, 1.5 of them go on to Z2; the tank rises by a metre on the third."""
    made = make_world(district)
    meters = {code: stream_at(made.nodes[code], "flow", "m3/h", "mean") for code in ("M1", "M2")}
    tank = stream_at(made.nodes["T"], "level", "m", "instant")
    feeds = {
        meters["M1"]: dict.fromkeys(range(1, HOURS + 1), 4.0),
        meters["M2"]: dict.fromkeys(range(1, HOURS + 1), 1.5),
        tank: {hour: 2.0 if hour < 60 else 3.0 for hour in range(HOURS + 1)},
    }
    world = MeteredWorld(**vars(made), meters=meters, tank=tank, feeds=feeds)
    for position in range(5):
        read(world, position, DECEMBER, "100")
        read(world, position, JANUARY, str(100 + 31 * (position + 1)))
    run_billing(enterprise=world.enterprise, month=DECEMBER, acting_user=None)
    return world


def compute(world: MeteredWorld) -> dict[str, int]:
    for stream, values in world.feeds.items():
        send(stream, values)
    world.feeds.clear()
    return compute_balances(
        network=world.network, first_month=DECEMBER, last_month=DECEMBER, acting_user=None
    )


def month_of(code: str) -> ZoneBalance:
    return ZoneBalance.objects.get(zone__code=code, granularity="month")


def test_a_month_by_hand(world: MeteredWorld) -> None:
    compute(world)
    first, second = month_of("Z1"), month_of("Z2")
    assert (first.input_m3, first.output_m3) == (Decimal(4 * HOURS), Decimal("1.5") * HOURS)
    # a metre in a tank of 10 m: pi / 4 * 100 m2
    assert first.storage_change_m3 == Decimal("78.540")
    assert first.supply_m3 == Decimal("1781.460")
    # subscribers 0, 1 and 2 hang on A and B and used 31, 62 and 93 m3; 3 and 4 hang on C
    assert first.billed_m3 == first.apportioned_m3 == Decimal(186)
    assert second.billed_m3 == Decimal(31 * 9)
    assert second.supply_m3 == Decimal("1116.000")
    assert second.imbalance_billed_m3 == Decimal(1116 - 279)
    assert (first.supply_coverage, first.consumption_coverage, first.status) == (1, 1, "sufficient")


def test_days_sum_to_their_month(world: MeteredWorld) -> None:
    compute(world)
    days = list(ZoneBalance.objects.filter(zone__code="Z1", granularity="day"))
    month = month_of("Z1")
    assert len(days) == 31
    for name in ("input_m3", "output_m3", "storage_change_m3", "apportioned_m3", "imbalance_apportioned_m3"):
        assert sum(getattr(day, name) for day in days) == getattr(month, name)
    rise = next(day for day in days if day.storage_change_m3)
    assert rise.period_start == date(2025, 12, 3)


def test_computing_again_writes_nothing_and_a_correction_only_its_rows(world: MeteredWorld) -> None:
    assert compute(world)["written"] == 64
    assert compute(world)["written"] == 0
    read(world, 3, JANUARY, "100.5")
    run_billing(enterprise=world.enterprise, month=DECEMBER, acting_user=None)
    assert compute(world)["written"] == 32
    assert month_of("Z2").billed_m3 == Decimal("155.5")


def test_apportioned_days_sum_to_the_readings_to_the_litre(world: MeteredWorld) -> None:
    read(world, 0, date(2026, 1, 30), "137.777")
    compute(world)
    compute_balances(network=world.network, first_month=JANUARY, last_month=JANUARY, acting_user=None)
    z1 = {
        balance.period_start: balance
        for balance in ZoneBalance.objects.filter(zone__code="Z1", granularity="day")
    }
    assert sum(balance.apportioned_m3 for balance in z1.values()) == Decimal("186") + Decimal("6.777")
    assert z1[date(2025, 12, 6)].apportioned_m3 > z1[date(2025, 12, 8)].apportioned_m3
    # Of three points one has been read after the first of January, and that until the thirtieth.
    assert z1[date(2026, 1, 5)].consumption_coverage == pytest.approx(1 / 3, abs=1e-6)
    assert z1[date(2026, 1, 30)].consumption_coverage == 0


def test_a_gap_is_filled_and_lowers_the_coverage(world: MeteredWorld) -> None:
    meter = world.meters["M1"]
    with_gap = {hour: 4.0 for hour in range(1, HOURS + 1) if not 100 <= hour < 112}
    world.feeds[meter] = with_gap
    compute(world)
    balance = month_of("Z1")
    assert balance.input_m3 == Decimal(4 * HOURS)
    assert 0.99 < balance.supply_coverage < 1
    assert balance.status == "sufficient"


def test_below_the_gate_there_is_no_number_of_zero(world: MeteredWorld) -> None:
    meter = world.meters["M2"]
    world.feeds[meter] = dict.fromkeys(range(1, HOURS // 3), 1.5)
    compute(world)
    balance = month_of("Z2")
    assert balance.status == "insufficient"
    assert balance.supply_coverage < 0.75


def test_a_silent_meter_means_no_supply_not_zero(world: MeteredWorld) -> None:
    world.feeds[world.meters["M1"]] = {}
    compute(world)
    balance = month_of("Z1")
    assert balance.input_m3 is None
    assert balance.imbalance_billed_m3 is None
    assert balance.status == "insufficient"


def test_flow_that_turns_counts_by_its_direction(world: MeteredWorld) -> None:
    meter = world.meters["M2"]
    world.feeds[meter] = dict.fromkeys(range(1, HOURS + 1), -1.0)
    compute(world)
    assert (month_of("Z2").input_m3, month_of("Z2").output_m3) == (Decimal(0), Decimal(HOURS))
    assert month_of("Z1").output_m3 == 0


def test_a_parent_zone_holds_its_parts(world: MeteredWorld) -> None:
    whole = Zone.objects.create(network=world.network, division=world.district, code="Z0", name="All")
    Zone.objects.filter(code__in=["Z1", "Z2"]).update(parent=whole)
    for node, role in (("M1", "inlet"), ("T", "storage")):
        ZoneConnection.objects.create(zone=whole, node=world.nodes[node], role=role)
    compute(world)
    parts = [month_of("Z1"), month_of("Z2")]
    for name in ("billed_m3", "apportioned_m3", "supply_m3", "imbalance_billed_m3"):
        assert getattr(month_of("Z0"), name) == sum(getattr(part, name) for part in parts)


def test_unbilled_authorised_consumption_is_taken_off(world: MeteredWorld) -> None:
    UnbilledConsumption.objects.create(
        zone=world.zones["Z2"],
        division=world.district,
        started_on=date(2025, 12, 30),
        ended_on=date(2026, 1, 2),
        volume_m3=Decimal("1.000"),
        purpose="flushing",
    )
    compute(world)
    assert month_of("Z2").unbilled_m3 == Decimal("0.667")
    assert month_of("Z2").imbalance_billed_m3 == Decimal(1116 - 279) - Decimal("0.667")


def test_months_must_be_first_days_in_order(world: MeteredWorld) -> None:
    with pytest.raises(ReportedError, match="first days"):
        compute_balances(network=world.network, first_month=JANUARY, last_month=DECEMBER, acting_user=None)


def test_a_month_does_not_depend_on_the_months_computed_with_it(world: MeteredWorld) -> None:
    meter = world.meters["M1"]
    world.feeds[meter] = {hour: 4.0 + hour // (31 * 24) for hour in range(1, 2 * HOURS + 1) if hour % 100 > 9}
    compute(world)
    alone = month_of("Z1").input_m3
    compute_balances(network=world.network, first_month=DECEMBER, last_month=JANUARY, acting_user=None)
    assert (
        ZoneBalance.objects.get(zone__code="Z1", granularity="month", period_start=DECEMBER).input_m3 == alone
    )
    again = compute_balances(network=world.network, first_month=JANUARY, last_month=JANUARY, acting_user=None)
    assert again["written"] == 0


def test_a_stamp_a_little_off_counts_for_its_interval(world: MeteredWorld) -> None:
    stream = world.meters["M1"]
    start = local_midnight(DECEMBER)
    rows = [(stream.pk, start + timedelta(hours=hour, seconds=-3), 4.0) for hour in range(1, HOURS + 1)]
    load_observations(rows=rows, acting_user=None, origin="test")
    world.feeds[stream] = {}
    compute(world)
    assert (month_of("Z1").input_m3, month_of("Z1").supply_coverage) == (Decimal(4 * HOURS), 1)


def test_the_power_of_a_pump_at_the_edge_measures_no_water(world: MeteredWorld) -> None:
    ZoneConnection.objects.create(zone=world.zones["Z2"], node=world.nodes["C"], role="inlet")
    send(stream_at(world.nodes["C"], "power", "kW", "mean"), dict.fromkeys(range(1, HOURS + 1), 7.5))
    compute(world)
    month = month_of("Z2")
    assert (month.input_m3, month.supply_m3, month.status) == (None, None, "insufficient")
    assert {"datastream": None, "reason": "no_meter", "node": "C"} in month.reasons
    with connection.cursor() as cursor:
        edges = load_sql("balances.technical_losses", "zone_edges")
        cursor.execute(edges, {"network_id": world.network.pk})
        assert (world.zones["Z2"].pk, None, 1) in cursor.fetchall()
