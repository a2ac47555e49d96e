"""Residents, absences and benefits entered at the desk: the next run bills them, and ends put right what was billed."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Absence, AccountValue, Benefit, InvoiceLine
from gis_core.models import AuditEvent, Division, User
from tests.billing.desk import FEBRUARY, JANUARY, bill, fields_of, new_account_body, post, supply_more
from tests.sign_in import confirmed
from tests.world import World

Users = Callable[..., User]


@pytest.fixture
def clerk(world: World, make_user: Users) -> Any:
    return confirmed(make_user("clerk", world.district))


@pytest.fixture
def uid(world: World, clerk: Any) -> str:
    """Three residents by norm from 1 January 2026: 0.15 m3 a day each."""
    supply_more(world)
    body = new_account_body(
        world, services=[{"service": "cold_water", "is_by_norm": True}], starts_on="2026-01-01"
    )
    return str(post(clerk, "accounts/", body).json()["uid"])


def quantity(uid: str, kind: str = "norm") -> Decimal:
    lines = InvoiceLine.objects.filter(invoice__account__uid=uid, kind=kind)
    return sum((line.quantity or Decimal(0) for line in lines), Decimal(0))


def test_residents_count_from_their_day(world: World, clerk: Any, uid: str) -> None:
    for day, number in (("2026-01-01", "3"), ("2026-01-11", "5"), ("2026-01-11", "4")):
        body = {"kind": "residents", "valid_from": day, "value": number, "document": "Uy daftari"}
        assert post(clerk, f"accounts/{uid}/values/", body).status_code == 201
    assert AccountValue.objects.filter(account__uid=uid).count() == 2
    bill(world, JANUARY)
    # 10 days of three, 21 of four.
    assert quantity(uid) == Decimal("17.100")
    event = AuditEvent.objects.filter(action="set residents").latest("pk")
    assert (event.old_values, event.new_values) == (
        {"value": "5.000000", "document": "Uy daftari"},
        {"value": "4.000000", "from": "2026-01-11", "document": "Uy daftari"},
    )


def test_an_absence_is_ended_and_the_bill_put_right(world: World, clerk: Any, uid: str) -> None:
    body = {"first_day": "2026-01-01", "residents": 1, "document": "Ma’lumotnoma"}
    made = post(clerk, f"accounts/{uid}/absences/", body)
    assert made.status_code == 201, made.content
    bill(world, JANUARY)
    assert quantity(uid) == Decimal("9.300")
    ended = post(
        clerk, f"accounts/{uid}/end-absence/", {"id": made.json()["id"], "day_after_last": "2026-01-11"}
    )
    assert ended.status_code == 200, ended.content
    bill(world, FEBRUARY)
    lines = InvoiceLine.objects.filter(invoice__account__uid=uid, consumption_month=JANUARY)
    # Away on 10 days: 0.45 m3 a day less 1.5.
    assert sum(line.quantity or 0 for line in lines) == Decimal("12.450")
    page = clerk.get(f"/accounts/{uid}/").content.decode()
    assert "Ma’lumotnoma" in page
    assert 'data-circumstance="end-absence"' not in page


def test_a_benefit_is_taken_off_and_ended(world: World, clerk: Any, uid: str) -> None:
    body = {
        "kind": "Urush faxriysi",
        "first_day": "2026-01-01",
        "residents": 1,
        "share_percent": "50",
        "services": ["cold_water"],
    }
    made = post(clerk, f"accounts/{uid}/benefits/", body)
    assert made.status_code == 201, made.content
    bill(world, JANUARY)
    assert quantity(uid, "benefit") == Decimal("4.650")
    page = clerk.get(f"/accounts/{uid}/").content.decode()
    assert "Urush faxriysi" in page
    assert 'data-circumstance="end-benefit"' in page
    end = {"id": made.json()["id"], "day_after_last": "2026-02-01"}
    assert post(clerk, f"accounts/{uid}/end-benefit/", end).status_code == 200
    bill(world, FEBRUARY)
    february = InvoiceLine.objects.filter(invoice__account__uid=uid, consumption_month=FEBRUARY)
    assert not february.filter(kind="benefit").exists()


@pytest.mark.parametrize(
    ("address", "changed", "field"),
    [
        ("values", {"value": "2.5"}, "value"),
        ("values", {"valid_from": "1999-01-01"}, "valid_from"),
        ("absences", {"first_day": "1999-01-01"}, "first_day"),
        ("absences", {"day_after_last": "2026-01-01"}, "day_after_last"),
        ("benefits", {"share_percent": "0"}, "share_percent"),
        ("benefits", {"share_percent": "100.01"}, "share_percent"),
        ("benefits", {"services": ["cold_water", "gas"]}, "services"),
    ],
)
def test_refusals_stand_at_their_field(
    clerk: Any, uid: str, address: str, changed: dict[str, Any], field: str
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "values": {"kind": "residents", "valid_from": "2026-01-01", "value": "2"},
        "absences": {"first_day": "2026-01-01", "residents": 1},
        "benefits": {
            "kind": "x",
            "first_day": "2026-01-01",
            "residents": 1,
            "share_percent": "10",
            "services": ["cold_water"],
        },
    }
    answer = post(clerk, f"accounts/{uid}/{address}/", bodies[address] | changed)
    assert list(fields_of(answer)) == [field]
    assert not AccountValue.objects.exists()
    assert not Absence.objects.exists()
    assert not Benefit.objects.exists()


def test_what_is_of_another_account_or_division_is_not_there(
    world: World, clerk: Any, uid: str, make_user: Users, other_district: Division
) -> None:
    absence = Absence.objects.create(account=world.account(0), validity=(date(2026, 1, 1), None), residents=1)
    end = {"id": absence.pk, "day_after_last": "2026-02-01"}
    assert post(clerk, f"accounts/{uid}/end-absence/", end).status_code == 404
    for role, division in (("clerk", other_district), ("cashier", world.district)):
        client = confirmed(make_user(role, division, username=f"{role}-x"))
        body = {"kind": "residents", "valid_from": "2026-01-01", "value": "2"}
        assert post(client, f"accounts/{uid}/values/", body).status_code == 404
        assert post(client, f"accounts/{world.account(0).uid}/end-absence/", end).status_code == 404
    absence.refresh_from_db()
    assert absence.validity.upper is None
