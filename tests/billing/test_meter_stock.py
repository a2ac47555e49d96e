"""Meters in the store, with crews, hung, taken down, verified and written off."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Meter, MeterMovement, MeterType, ServicePoint
from billing.selectors.meter_stock import StockedMeter, meter_stock, verifications_due
from billing.services.meter_exchange import exchange_meter
from billing.services.meter_stock import (
    move_meters,
    receive_meters,
    take_back_movement,
    verify_meter,
)
from billing.services.meters import NewMeter
from gis_core.access import NotVisible
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from tests.billing.exchange.conftest import bring, taken
from tests.world import World

Users = Callable[..., User]
DAY = date(2026, 3, 2)


@pytest.fixture
def clerk(make_user: Users, district: Division) -> User:
    return make_user("clerk", district)


def receive(world: World, *serials: str, day: date = DAY, model: str = "SGV-20") -> list[Meter]:
    return receive_meters(
        division=world.installations[0].service_point.division,
        serials=serials,
        model_name=model,
        digits=None,
        day=day,
        document="invoice 7",
        acting_user=None,
    )


def move(meters: list[Meter], kind: str, day: date = DAY, **other: str) -> list[MeterMovement]:
    return move_meters(meters=meters, kind=kind, day=day, acting_user=None, **other)


def place_of(viewer: User, serial: str) -> StockedMeter:
    rows, found = meter_stock(viewer, text=serial)
    assert found == 1
    return rows[0]


def refused(work: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ReportedError) as error:
        work()
    return error.value.code, str(error.value.message)


def exchange(point: ServicePoint, serial: str, day: date) -> None:
    exchange_meter(
        service_point=point,
        day=day,
        last_index_m3=Decimal(200),
        new=NewMeter(serial, "", digits=5, index_m3=Decimal(0)),
        acting_user=None,
    )


def test_a_meter_goes_through_the_store_a_crew_a_point_and_out(read_world: World, clerk: User) -> None:
    MeterType.objects.create(name="SGV-20", digits=5, verification_months=60)
    meter = receive(read_world, "N-1")[0]
    assert meter.digits == 5
    assert (place_of(clerk, "N-1").place, place_of(clerk, "N-1").since) == ("store", DAY)
    move([meter], "issued", holder="Crew 1")
    assert place_of(clerk, "Crew 1").place == "issued"
    point = read_world.installations[0].service_point
    exchange(point, "N-1", DAY + timedelta(days=1))
    hung = place_of(clerk, "N-1")
    assert (hung.place, hung.service_point, hung.holder) == ("installed", point.code, "")
    former = read_world.installations[0].meter
    assert place_of(clerk, former.serial).place == "removed"
    # It hangs: it goes through no hands, and is verified all the same.
    code, said = refused(lambda: move([meter], "returned", DAY + timedelta(days=2)))
    assert code == "meter_place"
    assert "N-1" in said
    assert "installed" in said
    move([former], "returned", DAY + timedelta(days=2), document="act 2")
    move([former], "written_off", DAY + timedelta(days=3), document="worn out")
    assert place_of(clerk, former.serial).place == "written_off"
    # What is written off is not hung again.
    code, said = refused(lambda: exchange(point, former.serial, DAY + timedelta(days=4)))
    assert code == "meter_place"
    assert former.serial in said
    rows, found = meter_stock(clerk, place="installed")
    assert (found, "N-1" in {row.serial for row in rows}) == (5, True)
    assert AuditEvent.objects.filter(action__startswith="meter ").count() == 4


def test_moves_are_refused_where_they_do_not_follow(world: World, clerk: User) -> None:
    first, second = receive(world, "N-1", "N-2", "N-2")
    assert refused(lambda: receive(world, "S0"))[0] == "meter_taken"
    assert refused(lambda: receive(world, " "))[0] == "field"
    assert refused(lambda: receive(world, "N-3", day=timezone.localdate() + timedelta(days=1)))[0] == "field"
    assert refused(lambda: move([first], "issued"))[0] == "field"
    assert refused(lambda: move([first], "written_off"))[0] == "field"
    assert refused(lambda: move([first], "received"))[0] == "field"
    assert refused(lambda: move([], "returned"))[0] == "field"
    move([first, second], "issued", holder="Crew 1")
    # One that is not there stops all of them.
    move([second], "returned")
    before = MeterMovement.objects.count()
    assert refused(lambda: move([first, second], "returned", DAY + timedelta(days=1)))[0] == "meter_place"
    assert refused(lambda: move([first], "issued", DAY - timedelta(days=1), holder="x"))[0] == "meter_place"
    assert refused(lambda: move([second], "returned"))[0] == "meter_place"
    assert MeterMovement.objects.count() == before


def take_back(meter: Meter, kind: str) -> MeterMovement:
    movement = MeterMovement.objects.get(meter=meter, kind=kind, taken_back_at=None)
    return take_back_movement(movement=movement, acting_user=None)


def test_what_was_entered_by_mistake_is_taken_back(read_world: World, clerk: User) -> None:
    meter = receive(read_world, "N-1")[0]
    move([meter], "issued", holder="Crew 1")
    # What rests on it first.
    move([meter], "returned", DAY + timedelta(days=1))
    code, said = refused(lambda: take_back(meter, "issued"))
    assert (code, "N-1" in said) == ("meter_place", True)
    take_back(meter, "returned")
    take_back(meter, "issued")
    assert place_of(clerk, "N-1").place == "store"
    # Received on the wrong day: received again, once.
    gone = take_back(meter, "received")
    assert refused(lambda: take_back_movement(movement=gone, acting_user=None))[0] == "taken_back"
    assert receive(read_world, "N-1", day=DAY - timedelta(days=7)) == [meter]
    assert place_of(clerk, "N-1").since == DAY - timedelta(days=7)
    assert refused(lambda: receive(read_world, "N-1"))[0] == "meter_taken"
    # Written off by mistake: it can be hung.
    move([meter], "written_off", document="worn out")
    assert place_of(clerk, "N-1").movement == MeterMovement.objects.get(meter=meter, kind="written_off").pk
    take_back(meter, "written_off")
    point = read_world.installations[0].service_point
    exchange(point, "N-1", DAY + timedelta(days=1))
    assert place_of(clerk, "N-1").place == "installed"
    assert AuditEvent.objects.filter(action="meter movement taken back").count() == 4
    # And a verification that was none.
    verify_meter(meter=meter, day=DAY, is_fit=False, valid_until=None, document="", acting_user=None)
    assert place_of(clerk, "N-1").verified_on == DAY
    take_back(meter, "verified")
    assert place_of(clerk, "N-1").verified_on is None


def test_an_import_refuses_a_written_off_meter_at_its_row(world: World) -> None:
    gone, issued = receive(world, "N-1", "N-2", day=date(2020, 1, 1))
    move([gone], "written_off", date(2020, 5, 1), document="worn out")
    move([issued], "issued", date(2020, 6, 5), holder="Crew 1")
    point = world.installations[0].service_point
    columns = ("meter", "service_point", "installed_on", "removed_on")
    rows = [("N-1", point.code, "2020-02-01", "2020-03-01"), ("N-1", point.code, "2020-04-01", "2020-06-01")]
    report = bring("installations", columns, rows, skips_refused=True)
    assert report.counts == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1}, report.lines
    assert "written off" in str(report.lines)
    # What a row does not tell, the database does, in words.
    with pytest.raises(ReportedError) as error:
        bring("installations", columns, [("N-2", point.code, "2020-06-01", "2020-06-10")])
    assert error.value.code == "meter_place"


def test_what_is_to_be_verified_is_listed_by_street_and_day(world: World, clerk: User) -> None:
    MeterType.objects.create(name="SGV-15", verification_months=12)
    hung = [installation.meter for installation in world.installations]
    hung_on = world.installations[0].validity.lower
    due = hung_on.replace(year=hung_on.year + 1)
    rows, found = verifications_due(clerk, until=due)
    assert (found, {row.due_on for row in rows}) == (5, {due})
    assert verifications_due(clerk, until=due - timedelta(days=1)) == ([], 0)

    def verify(meter: Meter, day: date, is_fit: bool, valid_until: date | None = None) -> None:
        verify_meter(
            meter=meter, day=day, is_fit=is_fit, valid_until=valid_until, document="", acting_user=None
        )

    verify(hung[0], date(2026, 2, 1), True)
    verify(hung[1], date(2026, 2, 1), True, date(2026, 5, 1))
    verify(hung[2], date(2026, 2, 1), False)
    rows, _found = verifications_due(clerk, until=date(2040, 1, 1))
    by_serial = {row.serial: row for row in rows}
    assert by_serial[hung[0].serial].due_on == date(2027, 2, 1)
    assert by_serial[hung[1].serial].due_on == date(2026, 5, 1)
    assert (by_serial[hung[2].serial].due_on, by_serial[hung[2].serial].is_fit) == (date(2026, 2, 1), False)
    street = rows[0]
    assert street.account_number is not None
    houses = [row.house for row in rows]
    assert len(houses) == 5
    key = world.account(0).subscriber.street
    rows, found = verifications_due(clerk, until=date(2040, 1, 1), street=f"{key.division.code}/{key.code}")
    assert found == 5
    with pytest.raises(NotVisible):
        verifications_due(clerk, until=due, street="NOWHERE/1")
    wrong = [
        lambda: verify(hung[0], date(2026, 3, 1), False, date(2027, 1, 1)),
        lambda: verify(hung[0], date(2026, 3, 1), True, date(2026, 3, 1)),
        lambda: verify(hung[0], timezone.localdate() + timedelta(days=1), True),
        lambda: verify(hung[0], date(2026, 2, 1), True),
    ]
    assert [refused(work)[0] for work in wrong] == ["field", "field", "field", "meter_place"]


def test_the_pages_and_rest_of_the_store(
    world: World, client: Client, clerk: User, district: Division
) -> None:
    client.force_login(clerk)

    def post(address: str, body: dict[str, Any]) -> tuple[int, Any]:
        answer = client.post(f"/api/v1/meters/{address}", body, content_type="application/json")
        return answer.status_code, answer.json()

    new = {"division": district.code, "model_name": "SGV-20", "serials": ["N-1", "N-2"], "day": "2026-03-02"}
    status, made = post("receive/", new)
    assert (status, [row["serial"] for row in made]) == (201, ["N-1", "N-2"])
    status, body = post("receive/", new)
    assert (status, body["error"]["code"]) == (400, "meter_taken")
    issued = {"serials": ["N-1"], "kind": "issued", "holder": "Crew 1", "day": "2026-03-02"}
    assert post("move/", issued)[0] == 201
    assert post("move/", {**issued, "serials": ["GONE"]})[0] == 404
    stock = client.get("/api/v1/meters/stock/?place=issued").json()
    assert (stock["found"], stock["rows"][0]["holder"]) == (1, "Crew 1")
    moves = client.get("/api/v1/meter-movements/?meter__serial=N-1").json()["results"]
    assert [row["kind"] for row in moves] == ["received", "issued"]
    page = client.get("/meters/").content.decode()
    assert "N-2" in page
    assert "N-1" not in page
    assert "N-1" in client.get("/meters/?place=issued").content.decode()
    # A page beyond the end, or of too many digits, is the first.
    for number in ("7", "00000019999999999999999", "99999999999999999999", "0", "x"):
        assert "N-2" in client.get(f"/meters/?page={number}").content.decode(), number
    movement = client.get("/api/v1/meters/stock/?q=N-2").json()["rows"][0]["movement"]
    assert f'data-take-back="{movement}"' in page
    answer = client.post(f"/api/v1/meter-movements/{movement}/take-back/")
    assert (answer.status_code, answer.json()["taken_back_by"]) == (200, clerk.username)
    again = client.post(f"/api/v1/meter-movements/{movement}/take-back/")
    assert (again.status_code, again.json()["error"]["code"]) == (400, "taken_back")
    MeterType.objects.create(name="SGV-15", verification_months=12)
    page = client.get("/meters/verifications/?until=2040-01-01").content.decode()
    assert world.installations[0].meter.serial in page
    uid = world.installations[0].meter.uid
    assert post(f"{uid}/verify/", {"day": "2026-03-02", "is_fit": False})[0] == 201
    due = client.get("/api/v1/meter-verifications/?until=2026-03-02").json()
    assert [row["is_fit"] for row in due["rows"]].count(False) == 1
    file = client.get("/api/v1/meter-verifications/?until=2040-01-01&file_format=csv").content.decode(
        "utf-8-sig"
    )
    assert len(file.splitlines()) == 6
    # The meters of the store are offered where one is hung.
    account = world.account(0)
    assert 'list="stocked-meters"' in client.get(f"/accounts/{account.uid}/").content.decode()


def test_movements_come_from_a_file_in_the_order_of_their_days(world: World) -> None:
    receive(world, "N-1")
    columns = ("meter", "kind", "happened_on", "holder", "document")
    report = bring(
        "meter_movements",
        columns,
        [
            ("N-1", "returned", "2026-03-05", None, None),
            ("N-1", "issued", "2026-03-04", "Crew 1", None),
            ("N-1", "issued", "2026-03-06", None, None),
            ("N-9", "returned", "2026-03-05", None, None),
        ],
        skips_refused=True,
    )
    assert report.counts == {"created": 2, "changed": 0, "unchanged": 0, "refused": 2}, report.lines
    assert MeterMovement.objects.filter(meter__serial="N-1").count() == 3
    again = bring("meter_movements", columns, [("N-1", "issued", "2026-03-04", "Crew 2", None)])
    assert again.counts["refused"] == 1
    with pytest.raises(ReportedError) as error:
        bring("meter_movements", columns, [("N-1", "returned", "2026-03-07", None, None)])
    assert error.value.code == "meter_place"
    assert b"Crew 1" in taken("meter_movements")
