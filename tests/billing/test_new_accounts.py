"""A new subscriber at once: everything is there and is billed, or nothing is."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing.models import (
    Account,
    AccountChange,
    AccountValue,
    ContractService,
    Invoice,
    InvoiceLine,
    Meter,
    MeterInstallation,
    Reading,
    ServicePoint,
    Subscriber,
)
from billing.services.readings import enter_reading
from gis_core.models import AuditEvent, Division, Street, User
from tests.billing.desk import (
    FEBRUARY,
    JANUARY,
    bill,
    fields_of,
    new_account_body,
    post,
    supply_more,
)
from tests.billing.test_numbers_given import has_check_digit
from tests.sign_in import confirmed
from tests.world import World, make_world

Users = Callable[..., User]
TABLES = (Subscriber, Account, ServicePoint, Meter, MeterInstallation, Reading, AccountChange, AuditEvent)


@pytest.fixture
def clerk(world: World, make_user: Users) -> Any:
    return confirmed(make_user("clerk", world.district))


def counted() -> list[int]:
    return [table.objects.count() for table in TABLES]  # type: ignore[attr-defined]


def test_everything_is_there_and_the_next_run_bills_it(world: World, clerk: Any) -> None:
    supply_more(world)
    body = new_account_body(world, area_m2="60")
    body["services"] += [{"service": "sewerage"}, {"service": "upkeep"}]
    answer = post(clerk, "accounts/", body)
    assert answer.status_code == 201, answer.content
    account = Account.objects.get(uid=answer.json()["uid"])
    assert has_check_digit(account.number)
    assert account.number == account.subscriber.registry_number == answer.json()["number"]
    assert account.division == world.district
    installation = MeterInstallation.objects.get(meter__serial="NEW-1")
    first = installation.readings.get()
    assert (first.read_on.isoformat(), first.index_m3) == ("2026-01-05", Decimal("7.500"))
    assert installation.service_point.attachment.node == world.nodes["A"]
    assert sorted(ContractService.objects.values_list("service_id", flat=True)) == ["sewerage", "upkeep"]
    assert AccountValue.objects.get().value == 60
    assert list(account.changes.values_list("kind", "day")) == [("opened", account.changes.get().day)]
    assert AuditEvent.objects.filter(action="open account").count() == 1
    enter_reading(
        installation=installation, read_on=FEBRUARY, index_m3=Decimal(12), source="visit", acting_user=None
    )
    bill(world, JANUARY)
    lines = InvoiceLine.objects.filter(invoice__account=account)
    assert dict(lines.values_list("service_id", "quantity")) == {
        "cold_water": Decimal("4.500"),
        "sewerage": Decimal("4.500"),
        # 60 m2 on 27 of 31 days
        "upkeep": Decimal("52.258"),
    }


def test_the_page_and_the_search_show_it(world: World, clerk: Any) -> None:
    answer = post(clerk, "accounts/", new_account_body(world))
    page = clerk.get(f"/accounts/{answer.json()['uid']}/").content.decode()
    for expected in ("Yangi Obunachi", "NEW-1", "Opened", "Exchange the meter NEW-1", "transfer-form"):
        assert expected in page, expected
    assert answer.json()["number"] in clerk.get("/accounts/?q=Yangi Obunachi").content.decode()
    assert "/accounts/new/" in clerk.get("/accounts/").content.decode()
    assert "/accounts/new/" in clerk.get("/").content.decode()


def test_sent_twice_it_is_made_once(world: World, clerk: Any) -> None:
    body = new_account_body(world)
    first = post(clerk, "accounts/", body, **{"Idempotency-Key": "k1"})
    again = post(clerk, "accounts/", body, **{"Idempotency-Key": "k1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Subscriber.objects.filter(name="Yangi Obunachi").count() == 1


def test_given_numbers_are_taken_as_they_are(world: World, clerk: Any) -> None:
    numbers = {"account_number": "OLD/17", "registry_number": "R-9", "contract_number": "2019-4"}
    answer = post(clerk, "accounts/", new_account_body(world, **numbers))
    account = Account.objects.get(uid=answer.json()["uid"])
    assert (account.number, account.subscriber.registry_number) == ("OLD/17", "R-9")
    assert account.contracts.get().number == "2019-4"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"personal_id": "41506870312349"}, "personal_id"),
        ({"subscriber_class": "legal_entity"}, "tax_id"),
        ({"subscriber_class": "legal_entity", "tax_id": "30123456"}, "tax_id"),
        ({"starts_on": "1999-12-31"}, "starts_on"),
        ({"starts_on": "2099-01-01"}, "starts_on"),
        ({"account_number": "17000"}, "account_number"),
        ({"place": None}, "place"),
        ({"place": {"network": "N1", "longitude": 60.0, "latitude": 40.0}}, "place"),
        ({"services": [{"service": "gas"}]}, "services"),
        ({"services": [{"service": "sewerage"}]}, "services"),
        ({"services": [{"service": "cold_water"}, {"service": "upkeep"}]}, "area_m2"),
        (
            {
                "services": [{"service": "cold_water"}, {"service": "upkeep", "is_by_norm": True}],
                "area_m2": "9",
            },
            "services",
        ),
        ({"services": [{"service": "cold_water", "is_by_norm": True}], "residents": 0}, "residents"),
    ],
)
def test_refusals_stand_at_their_field_and_nothing_is_written(
    world: World, clerk: Any, changed: dict[str, Any], field: str
) -> None:
    supply_more(world)
    before = counted()
    assert list(fields_of(post(clerk, "accounts/", new_account_body(world, **changed)))) == [field]
    assert counted() == before


@pytest.mark.parametrize(
    ("meter", "field"),
    [
        # It hangs at another point.
        ({"serial": "S0"}, "meter_serial"),
        ({"installed_on": "2099-01-01"}, "meter_day"),
        ({"index_m3": "100000"}, "first_index"),
        ({"model_name": ""}, "meter_model"),
    ],
)
def test_refusals_of_the_meter(world: World, clerk: Any, meter: dict[str, Any], field: str) -> None:
    body = new_account_body(world)
    body["services"][0]["meter"] |= meter
    before = counted()
    assert list(fields_of(post(clerk, "accounts/", body))) == [field]
    assert counted() == before


def test_the_registry_number_of_another_division_is_taken_too(
    world: World, clerk: Any, other_district: Division
) -> None:
    make_world(other_district, network_code="N2", enterprise_code="SUV2", first=9000)
    answer = post(clerk, "accounts/", new_account_body(world, registry_number="17009000"))
    assert answer.json()["error"]["code"] == "number_taken"
    assert list(fields_of(answer)) == ["registry_number"]


def test_a_meter_of_the_store_is_hung(world: World, clerk: Any) -> None:
    stored = Meter.objects.create(division=world.district, serial="NEW-1", model_name="Old", digits=5)
    assert post(clerk, "accounts/", new_account_body(world)).status_code == 201
    assert stored.installations.count() == 1
    again = post(clerk, "accounts/", new_account_body(world))
    assert list(fields_of(again)) == ["meter_serial"]


def test_a_pipe_and_the_nearest_pipe_are_places(world: World, clerk: Any) -> None:
    near = {"longitude": 69.4035, "latitude": 41.4001}
    for number, place in enumerate(({"pipe": str(world.pipes["P2"].uid), **near}, {"network": "N1", **near})):
        services = [
            {"service": "cold_water", "meter": {"serial": f"P{number}", "model_name": "x", "index_m3": "0"}}
        ]
        answer = post(clerk, "accounts/", new_account_body(world, place=place, services=services))
        assert answer.status_code == 201, answer.content
        attachment = MeterInstallation.objects.get(meter__serial=f"P{number}").service_point.attachment
        # A is at 69.402 and B at 69.404: three quarters of the way.
        assert (attachment.pipe, attachment.node) == (world.pipes["P2"], world.nodes["B"])
        assert attachment.position == pytest.approx(0.75, abs=1e-6)


def test_without_a_meter_it_is_by_norm(world: World, clerk: Any) -> None:
    supply_more(world)
    services = [{"service": "cold_water", "is_by_norm": True}]
    answer = post(clerk, "accounts/", new_account_body(world, services=services, starts_on="2026-01-01"))
    bill(world, JANUARY)
    line = InvoiceLine.objects.get(invoice__account__uid=answer.json()["uid"])
    # 150 l for 3 residents on 31 days
    assert (line.kind, line.quantity) == ("norm", Decimal("13.950"))
    assert line.service_point is not None


def test_a_place_of_a_service_that_needs_none_is_left_out(world: World, clerk: Any) -> None:
    supply_more(world)
    body = new_account_body(world, services=[{"service": "upkeep"}], area_m2="10", place=None)
    assert post(clerk, "accounts/", body).status_code == 201
    assert ServicePoint.objects.count() == 5


@pytest.mark.parametrize("role", ["cashier", "manager", "engineer", "auditor", "crew"])
def test_who_is_no_clerk_opens_nothing(world: World, make_user: Users, role: str) -> None:
    client = confirmed(make_user(role, world.district))
    assert post(client, "accounts/", new_account_body(world)).status_code == 404
    assert client.get("/accounts/new/").status_code == 404
    assert not Subscriber.objects.filter(name="Yangi Obunachi").exists()


def test_what_is_another_divisions_is_not_there(
    world: World, make_user: Users, other_district: Division
) -> None:
    other = make_world(other_district, network_code="N2", enterprise_code="SUV2", first=9000)
    client = confirmed(make_user("clerk", world.district))
    alien_street = Street.objects.get(division__parent=other_district).pk
    for changed in (
        {"enterprise": "SUV2"},
        {"street": alien_street},
        {"place": {"node": str(other.nodes["A"].uid)}},
        {"place": {"pipe": str(other.pipes["P1"].uid), "longitude": 69.4, "latitude": 41.4}},
        {"place": {"network": "N2", "longitude": 69.4, "latitude": 41.4}},
    ):
        assert post(client, "accounts/", new_account_body(world, **changed)).status_code == 404, changed
    assert not Subscriber.objects.filter(name="Yangi Obunachi").exists()


def test_a_clerk_of_the_mahalla_opens_nothing_for_the_district(world: World, make_user: Users) -> None:
    client = confirmed(make_user("clerk", Division.objects.get(code="QIBRAY-M")))
    assert post(client, "accounts/", new_account_body(world)).status_code == 404


def test_an_enterprise_of_a_region_serves_each_district_apart(world: World, make_user: Users) -> None:
    region = world.district.parent
    assert region is not None
    world.enterprise.division = region
    world.enterprise.save()
    client = confirmed(make_user("clerk", world.district))
    answer = post(client, "accounts/", new_account_body(world))
    assert answer.status_code == 201, answer.content
    assert Account.objects.get(uid=answer.json()["uid"]).division == world.district
    assert not Invoice.objects.exists()


def test_streets_are_found_by_their_beginnings_and_added(
    world: World, make_user: Users, other_district: Division
) -> None:
    client = confirmed(make_user("clerk", world.district))
    for typed in ("navo", "Навоий", "ko'chasi navoiy"):
        found = client.get("/api/v1/streets/", {"q": typed}).json()["results"]
        assert [street["name"] for street in found] == ["Navoiy ko‘chasi"], typed
    assert client.get("/api/v1/streets/", {"q": "avoiy"}).json()["results"] == []
    mahalla = "QIBRAY-M"
    made = post(client, "streets/", {"division": mahalla, "name": "  Bobur   ko‘chasi "})
    again = post(client, "streets/", {"division": mahalla, "name": "bobur ko‘chasi"})
    assert (made.status_code, made.json()["name"], made.json()["code"]) == (201, "Bobur ko‘chasi", "2")
    assert again.json() == made.json()
    assert AuditEvent.objects.filter(action="add street").count() == 1
    assert post(client, "streets/", {"division": other_district.code, "name": "X"}).status_code == 404
    assert post(client, "streets/", {"division": mahalla, "name": " "}).status_code == 400
    cashier = confirmed(make_user("cashier", world.district))
    assert post(cashier, "streets/", {"division": mahalla, "name": "Y"}).status_code == 404
