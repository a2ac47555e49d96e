"""Meters exchanged and hung for the first time: readings on both, nothing lost, nothing billed twice."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from billing.models import (
    AccountChange,
    ContractServicePoint,
    InvoiceLine,
    Meter,
    MeterInstallation,
    Reading,
    ServicePoint,
)
from billing.services.readings import enter_reading
from gis_core.models import AuditEvent, Division, User
from tests.billing.conftest import read
from tests.billing.desk import (
    DECEMBER,
    FEBRUARY,
    JANUARY,
    MARCH,
    assert_no_day_twice,
    bill,
    days_of,
    fields_of,
    new_account_body,
    post,
    supply_more,
    volume,
)
from tests.sign_in import confirmed
from tests.world import World

Users = Callable[..., User]
DAY = date(2026, 2, 10)
BODY: dict[str, Any] = {
    "day": "2026-02-10",
    "last_index_m3": "126",
    "serial": "X1",
    "model_name": "SGV-20",
    "index_m3": "3",
}


@pytest.fixture
def clerk(read_world: World, make_user: Users) -> Any:
    return confirmed(make_user("clerk", read_world.district))


def address(world: World, position: int = 0) -> str:
    return f"service-points/{world.installations[position].service_point.uid}/exchange-meter/"


def test_an_exchange_bills_the_old_and_the_new(read_world: World, clerk: Any) -> None:
    world, account = read_world, read_world.account(0)
    bill(world, DECEMBER, JANUARY)
    answer = post(clerk, address(world), BODY)
    assert answer.status_code == 201, answer.content
    former = MeterInstallation.objects.get(pk=world.installations[0].pk)
    present = MeterInstallation.objects.get(meter__serial="X1")
    assert (former.validity.upper, present.validity.lower, present.validity.upper) == (DAY, DAY, None)
    assert former.readings.get(read_on=DAY).index_m3 == 126
    assert present.readings.get().index_m3 == 3
    enter_reading(installation=present, read_on=MARCH, index_m3=Decimal(9), source="visit", acting_user=None)
    bill(world, FEBRUARY)
    # December and January 22, then 4 on the old one and 6 on the new one.
    assert volume(account) == 32
    days = days_of(account)
    assert_no_day_twice(days)
    assert days[-2:] == [(FEBRUARY, DAY), (DAY, MARCH)]
    change = account.changes.latest("pk")
    assert (change.kind, change.day, change.detail) == ("meter_exchanged", DAY, "S0 → X1")
    assert change.made_by is not None
    assert AuditEvent.objects.filter(action="exchange meter").count() == 1


def test_it_is_told_on_the_page(read_world: World, clerk: Any) -> None:
    post(clerk, address(read_world), BODY)
    page = clerk.get(f"/accounts/{read_world.account(0).uid}/").content.decode()
    assert "Meter exchanged" in page
    assert "S0 → X1" in page
    assert "Exchange the meter X1" in page


def test_the_first_meter_ends_the_norm(read_world: World, clerk: Any) -> None:
    world = read_world
    supply_more(world)
    body = new_account_body(
        world,
        services=[{"service": "cold_water", "is_by_norm": True}, {"service": "sewerage"}],
        starts_on="2026-01-01",
    )
    uid = post(clerk, "accounts/", body).json()["uid"]
    link = ContractServicePoint.objects.get(contract__account__uid=uid)
    first = {**BODY, "day": "2026-01-15", "last_index_m3": None, "index_m3": "0"}
    answer = post(clerk, f"service-points/{link.service_point.uid}/exchange-meter/", first)
    assert answer.status_code == 201, answer.content
    links = ContractServicePoint.objects.filter(service_point=link.service_point).order_by("validity")
    assert [(row.basis, row.validity.lower, row.validity.upper) for row in links] == [
        ("norm", JANUARY, date(2026, 1, 15)),
        ("meter", date(2026, 1, 15), None),
    ]
    enter_reading(
        installation=MeterInstallation.objects.get(meter__serial="X1"),
        read_on=FEBRUARY,
        index_m3=Decimal(5),
        source="visit",
        acting_user=None,
    )
    bill(world, JANUARY)
    lines = InvoiceLine.objects.filter(invoice__account__uid=uid, service_id="cold_water")
    # 150 l for 3 residents on 14 days, then what the meter counted.
    assert dict(lines.values_list("kind", "quantity")) == {
        "norm": Decimal("6.300"),
        "consumption": Decimal("5.000"),
    }
    sewerage = InvoiceLine.objects.filter(invoice__account__uid=uid, service_id="sewerage")
    assert {line.quantity for line in sewerage} == {Decimal("5.000"), Decimal("6.300")}
    assert AccountChange.objects.get(kind="meter_installed").detail == "X1"


def test_a_meter_that_hangs_before_the_contract_begins_ends_its_norm(read_world: World, clerk: Any) -> None:
    """Said on the 10th of a point that is charged by norm from the 15th on: no day has both a meter and the norm."""
    supply_more(read_world)
    body = new_account_body(
        read_world, services=[{"service": "cold_water", "is_by_norm": True}], starts_on="2026-01-15"
    )
    uid = post(clerk, "accounts/", body).json()["uid"]
    point = ContractServicePoint.objects.get(contract__account__uid=uid).service_point
    first = {**BODY, "day": "2026-01-10", "last_index_m3": None, "index_m3": "0"}
    answer = post(clerk, f"service-points/{point.uid}/exchange-meter/", first)
    assert answer.status_code == 201, answer.content
    links = ContractServicePoint.objects.filter(service_point=point)
    assert [(row.basis, row.validity.lower) for row in links] == [("meter", date(2026, 1, 15))]
    change = AccountChange.objects.get(kind="meter_installed")
    assert str(change.account.uid) == uid


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"last_index_m3": None}, "last_index"),
        ({"last_index_m3": "121"}, "last_index"),
        ({"last_index_m3": "99999"}, "last_index"),
        ({"last_index_m3": "123456"}, "last_index"),
        ({"index_m3": "100000"}, "first_index"),
        ({"serial": "S0"}, "meter_serial"),
        ({"serial": "S1"}, "meter_serial"),
        ({"model_name": ""}, "meter_model"),
        ({"day": "2026-01-15"}, "day"),
        ({"day": "2025-11-01"}, "day"),
        ({"day": "2025-10-01"}, "day"),
    ],
)
def test_refusals_change_nothing(read_world: World, clerk: Any, changed: dict[str, Any], field: str) -> None:
    before = (MeterInstallation.objects.count(), Meter.objects.count(), Reading.objects.count())
    assert list(fields_of(post(clerk, address(read_world), BODY | changed))) == [field]
    assert (MeterInstallation.objects.count(), Meter.objects.count(), Reading.objects.count()) == before
    assert read_world.installations[0].meter.serial == "S0"


def test_a_day_to_come_is_refused(read_world: World, clerk: Any) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert list(fields_of(post(clerk, address(read_world), BODY | {"day": tomorrow.isoformat()}))) == ["day"]


def test_a_removed_meter_may_hang_elsewhere(read_world: World, clerk: Any) -> None:
    assert post(clerk, address(read_world), BODY).status_code == 201
    again = {**BODY, "serial": "S0", "last_index_m3": "130"}
    answer = post(clerk, address(read_world, 1), again)
    assert answer.status_code == 201, answer.content
    assert Meter.objects.get(serial="S0").installations.count() == 2


def test_several_registers_are_refused_in_words(read_world: World, clerk: Any) -> None:
    first = read_world.installations[0]
    MeterInstallation.objects.create(
        meter=first.meter,
        service_point=first.service_point,
        register="night",
        validity=DateRange(date(2025, 11, 1), None),
    )
    answer = post(clerk, address(read_world), BODY)
    assert answer.json()["error"]["code"] == "several_registers"


def test_only_clerks_of_the_division(read_world: World, make_user: Users, other_district: Division) -> None:
    before = MeterInstallation.objects.count()
    for role, division in (
        ("cashier", read_world.district),
        ("crew", read_world.district),
        ("manager", read_world.district),
        ("clerk", other_district),
    ):
        client = confirmed(make_user(role, division))
        assert post(client, address(read_world), BODY).status_code == 404, role
    assert MeterInstallation.objects.count() == before
    assert ServicePoint.objects.count() == 5


def test_nobody_pays_and_it_is_exchanged_all_the_same(read_world: World, clerk: Any) -> None:
    read(read_world, 0, DAY, "126")
    closing = {"day": "2026-02-10"}
    assert post(clerk, f"accounts/{read_world.account(0).uid}/close/", closing).status_code == 200
    later = {**BODY, "day": "2026-02-12", "last_index_m3": "126"}
    assert post(clerk, address(read_world), later).status_code == 201
    assert not AccountChange.objects.filter(kind="meter_exchanged").exists()
