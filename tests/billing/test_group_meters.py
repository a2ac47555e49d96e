"""A building's meter is shared among its flats by the run, as the document of a building is priced."""

import json
import os
import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from assets.models import Attachment
from billing.models import (
    Account,
    AccountValue,
    BillingException,
    ContractServicePoint,
    GivenQuantity,
    GroupMeter,
    GroupMeterFlat,
    InvoiceLine,
    Meter,
    MeterInstallation,
    Repricing,
    ServicePoint,
)
from billing.pricing.selectors.accounts import ask_for, price_account
from billing.pricing.selectors.documents import price_document
from billing.pricing.selectors.registered_buildings import price_building, stage_shares
from billing.selectors.consumption import stage_consumption
from billing.services.readings import enter_reading
from gis_core.database.scope import of_division, working_in
from gis_core.models import Division
from tests.billing.conftest import read
from tests.billing.other_documents_oracle import building_by_oracle
from tests.billing.test_engine_runs import assert_bills_are_prices, bill
from tests.conftest import under
from tests.world import World

DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)
BUILDINGS = 500 if os.environ.get("TARMOQ_PROVE") else 4

pytestmark = pytest.mark.django_db


def add_building(world: World, shares: dict[int, int | str], share_by: str = "residents") -> GroupMeter:
    """A meter for the first four subscribers; those in `shares` have no figure of their own, but this weight."""
    point = ServicePoint.objects.create(
        division=world.installations[0].service_point.division,
        code="BUILDING",
        attachment=Attachment.objects.create(
            network=world.network, division=world.district, node=world.nodes["A"]
        ),
    )
    MeterInstallation.objects.create(
        meter=Meter.objects.create(division=point.division, serial="GROUP", model_name="VMX"),
        service_point=point,
        validity=DateRange(date(2025, 1, 1), None),
    )
    building = GroupMeter.objects.create(
        enterprise=world.enterprise,
        division=point.division,
        service_point=point,
        service_id="cold_water",
        share_by=share_by,
        name="Navoiy ko‘chasi, 1",
    )
    for position in range(4):
        account = world.account(position)
        GroupMeterFlat.objects.create(
            group_meter=building,
            account=account,
            service_id="cold_water",
            validity=DateRange(date(2025, 1, 1), None),
        )
        if position in shares:
            ContractServicePoint.objects.filter(contract__account=account).update(basis="share")
            AccountValue.objects.create(
                account=account, kind=share_by, valid_from=date(2025, 1, 1), value=Decimal(shares[position])
            )
    return building


def read_building(building: GroupMeter, day: date, index: str) -> None:
    enter_reading(
        installation=MeterInstallation.objects.get(service_point=building.service_point),
        read_on=day,
        index_m3=Decimal(index),
        source="visit",
        acting_user=None,
    )


def volumes(month: date) -> dict[str, Decimal]:
    """What stands billed of the building's flats in a month, by account."""
    return {
        row["invoice__account__number"]: row["volume"]
        for row in InvoiceLine.objects.filter(
            consumption_month=month, is_volume=True, invoice__account__number__lt="17004"
        )
        .order_by()
        .values("invoice__account__number")
        .annotate(volume=Sum("quantity_m3"))
        if row["volume"]
    }


def test_flats_without_a_meter_share_what_the_others_leave(world: World) -> None:
    """100 m3, of which two meters counted 10 and 20: three residents get 42, two 28."""
    building = add_building(world, {2: 3, 3: 2})
    for day, index in ((DECEMBER, "1000"), (JANUARY, "1100")):
        read_building(building, day, index)
    for position, used in ((0, "10"), (1, "20")):
        read(world, position, DECEMBER, "0")
        read(world, position, JANUARY, used)
    result = bill(world.enterprise, DECEMBER)
    assert volumes(DECEMBER) == {
        "17000": Decimal(10),
        "17001": Decimal(20),
        "17002": Decimal(42),
        "17003": Decimal(28),
    }
    assert "building_not_read" not in result.exceptions
    for position in range(4):
        assert assert_bills_are_prices(world.account(position), [DECEMBER])
    found = price_building(building, DECEMBER)
    assert found["document"]["cases"][0]["building"]["quantity"] == "100.000"
    assert price_document(json.dumps(found["document"]))["cases"] == found["cases"]
    account = price_account(world.account(2), DECEMBER)
    assert account["document"]["cases"][0]["services"][0]["shares"] == [
        {"month": "2025-12", "quantity": "42.000"}
    ]
    assert price_document(json.dumps(account["document"]))["cases"] == account["cases"]


def test_a_flats_late_reading_changes_its_neighbours_shares_in_the_next_run(world: World) -> None:
    """One flat is estimated at first; the bills sum to the building's meter before its reading and after it."""
    building = add_building(world, {2: 1, 3: 1})
    for day, index in ((date(2025, 11, 1), "0"), (DECEMBER, "100"), (JANUARY, "200"), (FEBRUARY, "300")):
        read_building(building, day, index)
    for position in (0, 1):
        for day, index in ((date(2025, 11, 1), "0"), (DECEMBER, "30")):
            read(world, position, day, index)
    read(world, 0, JANUARY, "40")
    bill(world.enterprise, date(2025, 11, 1))
    bill(world.enterprise, DECEMBER)
    assert volumes(DECEMBER)["17001"] == Decimal(31)
    assert sum(volumes(DECEMBER).values()) == Decimal(100)
    read(world, 1, JANUARY, "51")
    noted = set(Repricing.objects.values_list("account__number", flat=True))
    assert noted >= {"17001", "17002", "17003"}
    # The run of one account leaves the others' notes.
    bill(world.enterprise, DECEMBER, account=world.account(1))
    bill(world.enterprise, DECEMBER)
    assert volumes(DECEMBER) == {
        "17000": Decimal(10),
        "17001": Decimal(21),
        "17002": Decimal("34.5"),
        "17003": Decimal("34.5"),
    }
    assert bill(world.enterprise, DECEMBER).lines == 0


def test_what_cannot_be_shared_is_an_exception_and_no_line(world: World) -> None:
    building = add_building(world, {3: 0})
    result = bill(world.enterprise, DECEMBER)
    assert result.exceptions["building_not_read"] == 1
    assert price_building(building, DECEMBER)["cases"][0]["exceptions"] == [{"reason": "building_not_read"}]
    read_building(building, DECEMBER, "0")
    read_building(building, JANUARY, "5")
    assert bill(world.enterprise, DECEMBER).exceptions["no_weights"] == 1
    for position in range(3):
        read(world, position, DECEMBER, "0")
        read(world, position, JANUARY, "10")
    assert bill(world.enterprise, DECEMBER).exceptions["negative_remainder"] == 1
    assert price_building(building, DECEMBER)["cases"][0]["remainder"] == "-25.000"
    named = BillingException.objects.filter(reason="negative_remainder")
    assert [found.account.number for found in named] == ["17003"]
    assert "17003" not in volumes(DECEMBER)


def test_a_quantity_that_a_clerk_gives_is_a_figure_like_a_meters(world: World) -> None:
    building = add_building(world, {2: 5, 3: 1})
    read_building(building, DECEMBER, "0")
    read_building(building, JANUARY, "100")
    for position in (0, 1):
        read(world, position, DECEMBER, "0")
        read(world, position, JANUARY, "10")
    GivenQuantity.objects.create(
        account=world.account(2), service_id="cold_water", month=DECEMBER, quantity=Decimal("12.5")
    )
    bill(world.enterprise, DECEMBER)
    assert volumes(DECEMBER)["17002"] == Decimal("12.5")
    assert volumes(DECEMBER)["17003"] == Decimal("67.5")


def zone_volumes(world: World, month: date, until: date) -> dict[str, tuple[Decimal, Decimal]]:
    """What the apportioned basis counts in each zone over a month: by meters, and billed without one, m3."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS zone_member; CREATE TEMPORARY TABLE zone_member ON COMMIT DROP AS "
            "SELECT network_id, id AS node_id, zone_id, '-infinity'::date AS first_day, 'infinity'::date AS until_day "
            "FROM assets_node WHERE zone_id IS NOT NULL"
        )
        stage_consumption(network_ids=[world.network.pk], since=month, until=until, as_of="infinity")
        cursor.execute(
            "SELECT code, sum(metered_m3), sum(unmetered_m3) FROM zone_consumption consumption "
            "JOIN assets_zone zone ON zone.id = consumption.zone_id GROUP BY code"
        )
        return {code: (metered, unmetered) for code, metered, unmetered in cursor.fetchall()}


def test_a_zone_counts_a_buildings_meter_until_its_shares_are_billed(world: World) -> None:
    """Flats 0 to 2 and the building stand in zone Z1, flat 3 in Z2. Flats are registered from January on."""
    building = add_building(world, {2: 3, 3: 2})
    GroupMeterFlat.objects.update(validity=DateRange(JANUARY, None))
    nothing = Decimal(0)
    for day, index in ((DECEMBER, "1000"), (JANUARY, "1100"), (FEBRUARY, "1200")):
        read_building(building, day, index)
    for position in (0, 1):
        for day, index in ((DECEMBER, "0"), (JANUARY, "10"), (FEBRUARY, "30")):
            read(world, position, day, index)
    # No flat of December is known of: all meters count. In January the building counts, its flats' meters do not.
    unbilled = {"Z1": (Decimal(100), nothing), "Z2": (nothing, nothing)}
    billed = {"Z1": (Decimal(40), Decimal(36)), "Z2": (nothing, Decimal(24))}
    for expected in (unbilled, billed):
        assert zone_volumes(world, DECEMBER, JANUARY)["Z1"] == (Decimal(120), nothing)
        assert zone_volumes(world, JANUARY, FEBRUARY) == expected
        bill(world.enterprise, JANUARY)
    assert sum(sum(each) for each in zone_volumes(world, JANUARY, FEBRUARY).values()) == 100
    GroupMeterFlat.objects.all().delete()
    assert zone_volumes(world, JANUARY, FEBRUARY)["Z1"] == (Decimal(140), Decimal(36))


def test_flats_count_themselves_while_their_building_is_not_read(world: World) -> None:
    building = add_building(world, {2: 3, 3: 2})
    for day, index in ((DECEMBER, "0"), (JANUARY, "10")):
        read(world, 0, day, index)
    assert zone_volumes(world, DECEMBER, JANUARY)["Z1"][0] == 10
    for day, index in ((DECEMBER, "1000"), (JANUARY, "1100")):
        read_building(building, day, index)
    assert zone_volumes(world, DECEMBER, JANUARY)["Z1"][0] == 100


def random_building(world: World, dice: random.Random) -> GroupMeter:
    """Readings around the month, some missing; weights that may be nothing."""
    share_by = dice.choice(("residents", "area"))
    sharing = dice.sample(range(4), dice.randint(1, 4))
    weights: dict[int, int | str] = {
        position: dice.randint(0, 6) if share_by == "residents" else f"{dice.randint(0, 9000) / 100:.2f}"
        for position in sharing
    }
    building = add_building(world, weights, share_by)
    days = [DECEMBER, date(2025, 12, dice.randint(12, 28)), JANUARY, date(2026, 1, dice.randint(3, 28))]
    for position in (None, *range(4)):
        index = 0
        for day in sorted(set(dice.sample(days, dice.randint(2, 4)))):
            index += dice.randint(0, 400_000 if position is None else 60_000)
            value = f"{index / 1000:.3f}"
            if position is None:
                read_building(building, day, value)
            elif position not in sharing:
                read(world, position, day, value)
    if dice.random() < 0.3:
        meter = dice.choice(range(4))
        AccountValue.objects.update_or_create(
            account=world.account(meter),
            kind="residents",
            valid_from=date(2025, 12, 10),
            defaults={"value": dice.randint(0, 4)},
        )
    return building


@pytest.mark.parametrize("seed", range(BUILDINGS))
def test_random_buildings_are_shared_as_the_oracle_shares_their_documents(world: World, seed: int) -> None:
    dice = random.Random(seed)
    building = random_building(world, dice)
    for month in (DECEMBER, JANUARY):
        bill(world.enterprise, month)
        found = price_building(building, month)
        for document, answer in zip(found["document"]["cases"], found["cases"], strict=False):
            assert answer == building_by_oracle(document)
            own = {flat["flat"] for flat in document["building"]["flats"] if flat["metered"] is not None}
            lines = InvoiceLine.objects.filter(consumption_month=month)
            for flat in document["building"]["flats"]:
                billed = lines.filter(invoice__account__number=flat["flat"], is_volume=True)
                total = billed.aggregate(total=Sum("quantity_m3"))["total"] or Decimal(0)
                share = {each["flat"]: each["quantity"] for each in answer["shares"]}.get(flat["flat"])
                if flat["flat"] in own:
                    assert total == Decimal(flat["metered"]), (month, flat)
                else:
                    assert total == Decimal(share or 0), (month, flat)
            if answer["shares"]:
                assert sum(Decimal(each["quantity"]) for each in answer["shares"]) == Decimal(
                    answer["remainder"]
                )
        for position in range(4):
            assert_bills_are_prices(world.account(position), [month])


def test_the_price_of_a_building_is_asked_for_by_its_point(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    add_building(world, {2: 3, 3: 2})
    call_command("price", "--building", "BUILDING", "--month", "2025-12", "--json")
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["cases"][0]["exceptions"] == [{"reason": "building_not_read"}]
    for asked in (["--building", "NONE", "--month", "2025-12"], ["--building", "BUILDING"]):
        with pytest.raises(SystemExit):
            call_command("price", *asked)
    assert Account.objects.exists()


def test_another_way_to_share_and_other_flats_are_noticed(world: World) -> None:
    """70 m3 are shared by residents, then by area, then by one flat alone: a run prices anew what was noted only."""
    building = add_building(world, {2: 3, 3: 2})
    for day, index in ((DECEMBER, "1000"), (JANUARY, "1100")):
        read_building(building, day, index)
    for position, used in ((0, "10"), (1, "20")):
        read(world, position, DECEMBER, "0")
        read(world, position, JANUARY, used)
    for position in (2, 3):
        AccountValue.objects.create(
            account=world.account(position), kind="area", valid_from=date(2025, 1, 1), value=Decimal(50)
        )
    bill(world.enterprise, DECEMBER)
    GroupMeter.objects.update(share_by="area")
    bill(world.enterprise, DECEMBER)
    assert (volumes(DECEMBER)["17002"], volumes(DECEMBER)["17003"]) == (Decimal(35), Decimal(35))
    GroupMeterFlat.objects.filter(account=world.account(3)).update(
        validity=DateRange(date(2025, 1, 1), DECEMBER)
    )
    bill(world.enterprise, DECEMBER)
    assert volumes(DECEMBER)["17002"] == Decimal(70)
    assert "17003" not in volumes(DECEMBER)


def other_mahalla(world: World) -> Division:
    """Beside the one where all points and accounts are."""
    return Division.objects.create(
        code="OTHER-M", name="Tinchlik", level=Division.Level.MAHALLA, **under(world.district)
    )


def test_shares_are_the_same_for_whoever_sees_a_part_of_the_building(world: World) -> None:
    """The account of a flat moved to another mahalla, whose clerk sees none of the others."""
    building = add_building(world, {2: 3, 3: 2})
    for day, index in ((DECEMBER, "1000"), (JANUARY, "1100")):
        read_building(building, day, index)
    for position in (0, 1):
        read(world, position, DECEMBER, "0")
        read(world, position, JANUARY, "10")
    mahalla = other_mahalla(world)
    Account.objects.filter(number="17002").update(division=mahalla)
    account = world.account(2)
    numbers = dict(Account.objects.values_list("pk", "number"))
    with working_in(of_division(mahalla.pk)), connection.cursor() as cursor:
        assert list(Account.objects.all()) == [account]
        ask_for(cursor, [(account.pk, DECEMBER)])
        stage_shares()
        cursor.execute("SELECT number FROM billing_account")
        assert cursor.fetchall() == [("17002",)]
        cursor.execute("SELECT account_id, quantity FROM staged_share")
        shares = {numbers[flat]: quantity for flat, quantity in cursor.fetchall()}
        assert list(Account.objects.all()) == [account]
    assert shares == {"17002": Decimal(48), "17003": Decimal(32)}


def test_no_session_puts_a_building_at_a_contracts_point_that_it_does_not_see(world: World) -> None:
    account, point = world.account(0), world.installations[0].service_point
    mahalla = other_mahalla(world)
    ServicePoint.objects.filter(pk=point.pk).update(division=mahalla)
    with working_in(of_division(mahalla.pk)):
        assert not Account.objects.filter(pk=account.pk).exists()
        with pytest.raises(IntegrityError, match="a contract has point"):
            GroupMeter.objects.create(
                enterprise=world.enterprise,
                division=mahalla,
                service_point=point,
                service_id="cold_water",
                share_by="area",
                name="x",
            )
