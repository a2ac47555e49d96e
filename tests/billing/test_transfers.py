"""A premise goes to another subscriber: each pays for his days, debt stays where it was made."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from billing.models import (
    Account,
    AccountChange,
    AccountValue,
    Contract,
    InvoiceLine,
    LedgerEntry,
    Reading,
    Subscriber,
)
from billing.pricing.selectors.accounts import price_account
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
    post,
    volume,
)
from tests.billing.test_engine_runs import assert_bills_are_prices, assert_books_agree
from tests.billing.test_numbers_given import has_check_digit
from tests.sign_in import confirmed
from tests.world import World

Users = Callable[..., User]
DAY = date(2026, 1, 15)


@pytest.fixture
def clerk(read_world: World, make_user: Users) -> Any:
    return confirmed(make_user("clerk", read_world.district))


def body(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "day": DAY.isoformat(),
        "subscriber_class": "household",
        "name": "Keyingi Egasi",
        "residents": 2,
        "last_indexes": [{"installation": str(world.installations[0].uid), "index_m3": "115"}],
        **changed,
    }


def address(world: World) -> str:
    return f"accounts/{world.account(0).uid}/transfer/"


def transfer(world: World, clerk: Any, **changed: Any) -> Account:
    answer = post(clerk, address(world), body(world, **changed))
    assert answer.status_code == 201, answer.content
    return Account.objects.get(uid=answer.json()["uid"])


def test_each_party_is_billed_for_its_days(read_world: World, clerk: Any) -> None:
    former = read_world.account(0)
    taken = transfer(read_world, clerk)
    bill(read_world, DECEMBER, JANUARY)
    # 10 and 5 m3, then 7: together what the meter counted.
    assert [volume(former), volume(taken)] == [Decimal(15), Decimal(7)]
    days = days_of(former, taken)
    assert_no_day_twice(days)
    assert (DAY, FEBRUARY) in days_of(taken)
    assert max(to for _from, to in days_of(former)) == DAY
    for account in (former, taken):
        assert_bills_are_prices(account, [DECEMBER, JANUARY])
    assert_books_agree()


def test_one_entered_after_the_bill_is_put_right(read_world: World, clerk: Any) -> None:
    former = read_world.account(0)
    bill(read_world, DECEMBER, JANUARY)
    assert volume(former) == 22
    taken = transfer(read_world, clerk)
    read(read_world, 0, MARCH, "130")
    bill(read_world, FEBRUARY)
    assert [volume(former), volume(taken)] == [Decimal(15), Decimal(15)]
    assert_no_day_twice(days_of(former, taken))
    assert InvoiceLine.objects.filter(invoice__account=former, is_reversal=True).exists()
    assert_books_agree()


def test_the_new_account_has_all_of_the_premise_and_nothing_of_the_person(
    read_world: World, clerk: Any
) -> None:
    former = read_world.account(0)
    for day, value in ((date(2025, 11, 1), 50), (date(2026, 1, 10), 60), (date(2026, 3, 1), 70)):
        AccountValue.objects.create(account=former, kind="area", valid_from=day, value=value)
    AccountValue.objects.create(account=former, kind="residents", valid_from=date(2025, 11, 1), value=5)
    taken = transfer(read_world, clerk)
    assert has_check_digit(taken.number)
    assert (taken.subscriber.name, taken.subscriber.residents) == ("Keyingi Egasi", 2)
    assert taken.subscriber.address == former.subscriber.address
    assert (taken.division, taken.enterprise) == (former.division, former.enterprise)
    assert list(taken.values.values_list("kind", "valid_from", "value")) == [
        ("area", DAY, Decimal(60)),
        ("area", date(2026, 3, 1), Decimal(70)),
    ]
    ended, begun = Contract.objects.get(account=former), Contract.objects.get(account=taken)
    assert (ended.validity.upper, begun.validity.lower, begun.validity.upper) == (DAY, DAY, None)
    assert [link.service_point for link in begun.service_points.all()] == [
        read_world.installations[0].service_point
    ]
    assert former.changes.get(kind="transferred_to").other_account == taken
    assert taken.changes.get().other_account == former
    assert AuditEvent.objects.filter(action="transfer account").count() == 1
    former.refresh_from_db()
    assert former.subscriber.name == "Subscriber 0"


def test_debt_stays_with_the_former_party(read_world: World, clerk: Any) -> None:
    former = read_world.account(0)
    bill(read_world, DECEMBER)
    owed = former.invoices.get().total
    taken = transfer(read_world, clerk)
    page = clerk.get(f"/accounts/{former.uid}/").content.decode()
    assert "No contract today" in page
    assert taken.number in page
    assert LedgerEntry.objects.filter(account=taken).count() == 0
    assert sum(entry.amount for entry in LedgerEntry.objects.filter(account=former)) == owed


def test_a_preview_says_what_the_transfer_then_does(read_world: World, clerk: Any) -> None:
    former = read_world.account(0)
    bill(read_world, DECEMBER)
    counts = (Account.objects.count(), Reading.objects.count(), Contract.objects.count())
    answer = post(clerk, address(read_world), body(read_world, preview=True))
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (Account.objects.count(), Reading.objects.count(), Contract.objects.count()) == counts
    # 10 m3 at 1,000 with 12 % owed; 5 m3 to be billed.
    assert (found["balance"], found["to_bill"]) == ("11200.00", "5600.00")
    assert found["points"] == [read_world.installations[0].service_point.code]
    assert found["readings"] == [{"meter": "S0", "index_m3": "115.000"}]
    taken = transfer(read_world, clerk)
    assert taken.contracts.get().number.startswith("C-")
    bill(read_world, JANUARY, FEBRUARY)
    since = former.invoices.exclude(month=DECEMBER)
    assert sum(invoice.total for invoice in since) == Decimal("5600.00")
    assert former.invoices.count() == 2
    assert price_account(former, FEBRUARY)["cases"] == []


def test_a_reading_of_that_day_is_enough(read_world: World, clerk: Any) -> None:
    read(read_world, 0, DAY, "114")
    taken = transfer(read_world, clerk, last_indexes=[])
    bill(read_world, DECEMBER, JANUARY)
    assert volume(taken) == 8


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"personal_id": "41506870312349"}, "personal_id"),
        ({"subscriber_class": "legal_entity"}, "tax_id"),
        ({"day": "2025-11-01"}, "day"),
        ({"day": "2025-10-01"}, "day"),
        ({"account_number": "17001"}, "account_number"),
    ],
)
@pytest.mark.parametrize("preview", [True, False])
def test_refusals_change_nothing(
    read_world: World, clerk: Any, changed: dict[str, Any], field: str, preview: bool
) -> None:
    before = (Subscriber.objects.count(), Reading.objects.count(), AuditEvent.objects.count())
    answer = post(clerk, address(read_world), body(read_world, preview=preview, **changed))
    if answer.status_code == 400 and "error" not in answer.json():
        assert list(answer.json()) == [field]
    else:
        assert list(fields_of(answer)) == [field]
    assert (Subscriber.objects.count(), Reading.objects.count(), AuditEvent.objects.count()) == before


def test_refusals_of_last_indexes_stand_at_their_meter(read_world: World, clerk: Any) -> None:
    uid = str(read_world.installations[0].uid)
    other = str(read_world.installations[1].uid)
    for given, field in (
        ([], uid),
        ([{"installation": uid, "index_m3": "109"}], uid),
        ([{"installation": uid, "index_m3": "123"}], uid),
        ([{"installation": uid, "index_m3": "115"}, {"installation": other, "index_m3": "1"}], other),
    ):
        answer = post(clerk, address(read_world), body(read_world, last_indexes=given))
        assert list(fields_of(answer)) == [field], given
    tomorrow = timezone.localdate() + timedelta(days=1)
    answer = post(clerk, address(read_world), body(read_world, day=tomorrow.isoformat()))
    assert list(fields_of(answer)) == ["day"]
    assert not AccountChange.objects.filter(kind="transferred_to").exists()


def test_it_is_taken_over_once(read_world: World, clerk: Any) -> None:
    transfer(read_world, clerk)
    assert list(fields_of(post(clerk, address(read_world), body(read_world)))) == ["day"]


def test_only_clerks_of_the_division(read_world: World, make_user: Users, other_district: Division) -> None:
    for role, division in (
        ("cashier", read_world.district),
        ("manager", read_world.district),
        ("auditor", read_world.district),
        ("clerk", other_district),
    ):
        client = confirmed(make_user(role, division))
        for preview in (True, False):
            answer = post(client, address(read_world), body(read_world, preview=preview))
            assert answer.status_code == 404, role
    assert Account.objects.count() == 5
