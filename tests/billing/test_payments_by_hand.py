"""Payments entered by hand: bounds of amount and day, and a second person for large ones."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.ledger.services.corrections import reverse_payment
from billing.models import (
    Account,
    BillingMonth,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    WaitingPayment,
)
from billing.services import payments
from billing.services.payments import confirm_payment, enter_payment, record_payment, withdraw_payment
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from tests.world import World

LARGE = Decimal("50000000.01")


@pytest.fixture
def account(read_world: World) -> Account:
    return read_world.account(0)


@pytest.fixture
def people(make_user: Any, account: Account) -> tuple[User, User]:
    second = User.objects.create_user("second")
    second.role_assignments.create(role="cashier", division=account.division)
    return make_user("cashier", account.division), second


def enter(account: Account, user: User, **changed: Any) -> Payment | WaitingPayment:
    given: dict[str, Any] = {
        "amount": Decimal(100),
        "paid_on": timezone.localdate(),
        "channel": "bank",
        "reference": "R1",
    }
    return enter_payment(account=account, acting_user=user, **(given | changed))


def test_amounts_and_days_have_bounds(account: Account, people: tuple[User, User]) -> None:
    user, today = people[0], timezone.localdate()
    for changed, code in (
        ({"amount": Decimal("10000000000.01")}, "amount"),
        ({"amount": Decimal("9" * 16)}, "amount"),
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal(-5)}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"amount": Decimal("50000000.001")}, "amount"),
        ({"paid_on": today + timedelta(days=1)}, "day"),
        ({"paid_on": today - timedelta(days=93)}, "day"),
        ({"paid_on": date(1, 1, 1)}, "day"),
        ({"paid_on": date(9999, 12, 31)}, "day"),
    ):
        with pytest.raises(ReportedError) as refused:
            enter(account, user, **changed)
        assert refused.value.code == code, changed
    assert not Payment.objects.exists()
    assert not WaitingPayment.objects.exists()
    for number, days in enumerate((0, 92)):
        assert isinstance(
            enter(account, user, paid_on=today - timedelta(days=days), reference=str(number)), Payment
        )


def test_bounds_are_settings(account: Account, people: tuple[User, User], settings: Any) -> None:
    settings.PAYMENT_AT_MOST, settings.PAYMENT_ALONE_AT_MOST = Decimal(50), Decimal(10)
    settings.PAYMENT_OLDEST_DAYS = 0
    with pytest.raises(ReportedError):
        enter(account, people[0], amount=Decimal(51))
    with pytest.raises(ReportedError):
        enter(account, people[0], amount=Decimal(5), paid_on=timezone.localdate() - timedelta(days=1))
    assert isinstance(enter(account, people[0], amount=Decimal(11)), WaitingPayment)


def test_a_large_payment_is_booked_by_a_second_person(account: Account, people: tuple[User, User]) -> None:
    first, second = people
    assert isinstance(enter(account, first, amount=Decimal("50000000.00"), reference="alone"), Payment)
    waiting = enter(account, first, amount=LARGE)
    assert isinstance(waiting, WaitingPayment)
    # Sent again, it waits once; with another amount it is another payment's reference.
    again = enter(account, second, amount=LARGE)
    assert (again.pk, WaitingPayment.objects.count()) == (waiting.pk, 1)
    with pytest.raises(ReportedError) as refused:
        enter(account, first, amount=LARGE + 1)
    assert refused.value.code == "reference_used"
    booked = LedgerEntry.objects.count()
    with pytest.raises(ReportedError) as refused:
        confirm_payment(waiting=waiting, acting_user=first)
    assert (refused.value.code, LedgerEntry.objects.count()) == ("same_person", booked)
    confirmed = confirm_payment(waiting=waiting, acting_user=second)
    assert confirmed.payment is not None
    assert (confirmed.payment.amount, LedgerEntry.objects.count()) == (LARGE, booked + 2)
    for decide in (confirm_payment, withdraw_payment):
        with pytest.raises(ReportedError) as refused:
            decide(waiting=waiting, acting_user=second)
        assert refused.value.code == "payment_decided"
    # And sent once more after all: it is booked already.
    assert enter(account, first, amount=LARGE).pk == confirmed.payment.pk
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"enter large payment", "confirm large payment", "record payment"} <= actions


def test_a_large_payment_in_parts_waits_from_the_part_that_makes_it_large(
    read_world: World, account: Account, people: tuple[User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = people
    part = Decimal("20000000.00")
    assert isinstance(enter(account, first, amount=part, reference="1"), Payment)
    assert isinstance(enter(account, second, amount=part, reference="2"), Payment)
    # By whomever, through whichever channel, of whichever day.
    changed = {"channel": "cash", "paid_on": timezone.localdate() - timedelta(days=3)}
    waiting = enter(account, first, amount=part, reference="3", **changed)
    assert isinstance(waiting, WaitingPayment)
    # What was booked is booked when it is sent again, and another account's is its own.
    assert isinstance(enter(account, first, amount=part, reference="2"), Payment)
    assert isinstance(enter(read_world.account(1), first, amount=part, reference="4"), Payment)
    assert isinstance(enter(account, first, amount=Decimal("10000000.00"), reference="5"), Payment)
    assert isinstance(enter(account, first, amount=Decimal("0.01"), reference="6"), WaitingPayment)
    # What was taken back does not count, nor what came from a bank, nor what is longer ago.
    reverse_payment(payment=Payment.objects.get(reference="1"), reason="bounced", acting_user=second)
    record_payment(
        account=account,
        amount=part,
        paid_on=timezone.localdate(),
        channel="bank",
        reference="of the bank",
        acting_user=first,
    )
    assert isinstance(enter(account, first, amount=part, reference="7"), Payment)
    monkeypatch.setattr(payments, "COUNTED_TOGETHER", timedelta(0))
    assert isinstance(enter(account, first, amount=part, reference="8"), Payment)


def test_one_that_is_let_go_was_in_no_book(account: Account, people: tuple[User, User]) -> None:
    waiting = enter(account, people[0], amount=LARGE)
    assert isinstance(waiting, WaitingPayment)
    withdraw_payment(waiting=waiting, acting_user=people[0])
    assert not Payment.objects.exists()
    # The reference is free again.
    assert isinstance(enter(account, people[0], amount=Decimal(5)), Payment)


def test_one_of_a_month_that_was_closed_meanwhile_is_booked_on_the_next_open_day(
    account: Account, people: tuple[User, User]
) -> None:
    waiting = enter(account, people[0], amount=LARGE)
    assert isinstance(waiting, WaitingPayment)
    month = BillingMonth.objects.create(
        enterprise_id=account.enterprise_id, month=waiting.paid_on.replace(day=1), state="open"
    )
    BillingMonth.objects.filter(pk=month.pk).update(state="closed")
    confirmed = confirm_payment(waiting=waiting, acting_user=people[1])
    assert confirmed.payment is not None
    booked = LedgerTransaction.objects.get(payment=confirmed.payment)
    assert (confirmed.payment.paid_on, booked.booked_on) == (waiting.paid_on, booked.month)
    assert booked.month == (month.month + timedelta(days=31)).replace(day=1)


def test_by_rest_and_on_the_page(
    account: Account, people: tuple[User, User], make_user: Any, other_district: Division
) -> None:
    clients = []
    for user in (*people, make_user("cashier", other_district), make_user("auditor", account.division)):
        client = Client()
        client.force_login(user)
        clients.append(client)
    own, other, alien, auditor = clients
    page = f"/accounts/{account.uid}/"
    body = {
        "account": str(account.uid),
        "channel": "bank",
        "reference": "R1",
        "paid_on": timezone.localdate().isoformat(),
        "amount": str(LARGE),
    }
    future = body | {"paid_on": (timezone.localdate() + timedelta(days=1)).isoformat()}
    assert own.post("/api/v1/payments/", json.dumps(future), "application/json").status_code == 400
    made = own.post("/api/v1/payments/", json.dumps(body), "application/json")
    assert (made.status_code, made.json()["state"]) == (202, "open")
    address = f"/api/v1/waiting-payments/{made.json()['uid']}/"
    shown = own.get(page).content.decode()
    assert ('data-decide="confirm"' in shown, 'data-decide="withdraw"' in shown) == (False, True)
    assert 'data-decide="confirm"' in other.get(page).content.decode()
    assert "payment-form" not in auditor.get(page).content.decode()
    assert own.post(f"{address}confirm/").json()["error"]["code"] == "same_person"
    for client in (alien, auditor):
        assert client.post(f"{address}confirm/").status_code == 404
    assert alien.get(address).status_code == 404
    confirmed = other.post(f"{address}confirm/")
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "confirmed")
    assert Payment.objects.get().amount == LARGE
