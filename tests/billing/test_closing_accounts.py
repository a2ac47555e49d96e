"""An account is closed with a last reading, and opened again while no bill rests on it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from billing.models import AccountChange, Contract, Reading
from gis_core.models import AuditEvent, Division, User
from tests.billing.desk import (
    DECEMBER,
    FEBRUARY,
    JANUARY,
    MARCH,
    bill,
    days_of,
    fields_of,
    post,
    volume,
)
from tests.sign_in import confirmed
from tests.world import World

Users = Callable[..., User]
DAY = date(2026, 1, 15)


@pytest.fixture
def clerk(read_world: World, make_user: Users) -> Any:
    return confirmed(make_user("clerk", read_world.district))


def close(world: World, client: Any, **changed: Any) -> Any:
    body = {
        "day": DAY.isoformat(),
        "note": "Uy buzildi",
        "last_indexes": [{"installation": str(world.installations[0].uid), "index_m3": "115"}],
        **changed,
    }
    return post(client, f"accounts/{world.account(0).uid}/close/", body)


def reopen(world: World, client: Any) -> Any:
    return post(client, f"accounts/{world.account(0).uid}/reopen/", {})


def test_the_last_days_are_billed_and_no_later_ones(read_world: World, clerk: Any) -> None:
    account = read_world.account(0)
    assert close(read_world, clerk).status_code == 200
    bill(read_world, DECEMBER, JANUARY, FEBRUARY, MARCH)
    assert volume(account) == 15
    assert max(to for _from, to in days_of(account)) == DAY
    change = account.changes.latest("pk")
    assert (change.kind, change.day, change.detail) == ("closed", DAY, "Uy buzildi")
    assert AuditEvent.objects.filter(action="close account").count() == 1
    page = clerk.get(f"/accounts/{account.uid}/").content.decode()
    assert "Uy buzildi" in page
    assert 'id="reopen"' not in page


def test_undone_everything_goes_on(read_world: World, clerk: Any) -> None:
    account = read_world.account(0)
    close(read_world, clerk)
    assert 'id="reopen"' in clerk.get(f"/accounts/{account.uid}/").content.decode()
    answer = reopen(read_world, clerk)
    assert answer.status_code == 200, answer.content
    contract = Contract.objects.get(account=account)
    assert contract.validity.upper is None
    assert contract.service_points.get().validity.upper is None
    # What was read stays read.
    assert Reading.objects.filter(installation=read_world.installations[0], read_on=DAY).exists()
    bill(read_world, DECEMBER, JANUARY)
    assert volume(account) == 22
    assert account.changes.latest("pk").kind == "reopened"
    assert reopen(read_world, clerk).json()["error"]["code"] == "not_closed"


def test_a_bill_since_keeps_it_closed(read_world: World, clerk: Any) -> None:
    close(read_world, clerk)
    bill(read_world, DECEMBER, JANUARY)
    answer = reopen(read_world, clerk)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "billed_since")
    assert Contract.objects.get(account=read_world.account(0)).validity.upper == DAY


def test_a_bill_before_does_not(read_world: World, clerk: Any) -> None:
    bill(read_world, DECEMBER, JANUARY)
    close(read_world, clerk)
    assert reopen(read_world, clerk).status_code == 200
    bill(read_world, FEBRUARY)
    assert volume(read_world.account(0)) > 22


def test_a_transfer_is_not_undone(read_world: World, clerk: Any) -> None:
    body = {
        "day": DAY.isoformat(),
        "subscriber_class": "household",
        "name": "Keyingi",
        "last_indexes": [{"installation": str(read_world.installations[0].uid), "index_m3": "115"}],
    }
    post(clerk, f"accounts/{read_world.account(0).uid}/transfer/", body)
    assert reopen(read_world, clerk).json()["error"]["code"] == "not_closed"


def test_a_point_taken_over_keeps_it_closed(read_world: World, clerk: Any) -> None:
    close(read_world, clerk)
    link = Contract.objects.get(account=read_world.account(1)).service_points.get()
    link.pk = None
    link.service_point = read_world.installations[0].service_point
    link.validity = (date(2026, 2, 1), None)  # type: ignore[assignment]
    link.save()
    assert reopen(read_world, clerk).json()["error"]["code"] == "point_taken"


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"day": "2025-11-01"}, "day"), ({"day": "2099-01-01"}, "day"), ({"last_indexes": []}, "meter")],
)
def test_refusals_change_nothing(read_world: World, clerk: Any, changed: dict[str, Any], field: str) -> None:
    expected = str(read_world.installations[0].uid) if field == "meter" else field
    assert list(fields_of(close(read_world, clerk, **changed))) == [expected]
    assert not AccountChange.objects.filter(kind="closed").exists()
    assert Contract.objects.get(account=read_world.account(0)).validity.upper is None


def test_closed_twice_is_refused(read_world: World, clerk: Any) -> None:
    assert close(read_world, clerk).status_code == 200
    assert list(fields_of(close(read_world, clerk))) == ["day"]


def test_only_clerks_of_the_division(read_world: World, make_user: Users, other_district: Division) -> None:
    for role, division in (
        ("cashier", read_world.district),
        ("manager", read_world.district),
        ("clerk", other_district),
    ):
        client = confirmed(make_user(role, division))
        assert close(read_world, client).status_code == 404, role
        assert reopen(read_world, client).status_code == 404, role
    assert not AccountChange.objects.filter(kind="closed").exists()
