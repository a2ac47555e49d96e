"""Payments in the books: what is owed first, the rest ahead; bills use that up; late ones in the open month."""

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum
from django.utils import timezone

from billing.ledger.services.corrections import (
    confirm_write_off,
    propose_write_off,
    reverse_payment,
    withdraw_write_off,
)
from billing.models import (
    Account,
    BillingMonth,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    WaitingWriteOff,
    WriteOff,
)
from billing.services.months import close_month, reopen_month
from billing.services.payments import NewPayment, enter_payment, record_payment, record_payments
from billing.services.runs import run_billing
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, User
from tests.billing.conftest import read
from tests.world import World, somebody

DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)


def books(account: Account) -> dict[str, Decimal]:
    """What stands on the account in each of its books; nothing is left out."""
    rows = account.entries.order_by().values_list("book").annotate(total=Sum("amount"))
    return {book: total for book, total in rows if total}


def pay(account: Account, amount: str, day: date, reference: str) -> Payment:
    return record_payment(
        account=account,
        amount=Decimal(amount),
        paid_on=day,
        channel="bank",
        reference=reference,
        acting_user=None,
    )


def bill(world: World, month: date) -> None:
    run_billing(enterprise=world.enterprise, month=month, acting_user=None)


def test_what_is_left_over_is_paid_ahead_and_bills_use_it_up(read_world: World) -> None:
    bill(read_world, DECEMBER)
    account = read_world.account(0)
    owed = books(account)["receivable"]
    pay(account, str(owed + 100), date(2026, 1, 5), "1")
    assert books(account) == {"advances": Decimal(-100)}
    pay(account, "7", date(2026, 1, 6), "2")
    assert books(account) == {"advances": Decimal(-107)}
    bill(read_world, JANUARY)
    [january] = account.invoices.filter(month=JANUARY)
    assert books(account) == {"receivable": january.total - 107}
    legs = LedgerEntry.objects.filter(transaction__invoice=january, account=account)
    assert dict(legs.values_list("book", "amount")) == {
        "receivable": january.total - 107,
        "advances": Decimal(107),
    }


def test_more_is_ahead_than_a_bill_asks(read_world: World) -> None:
    account = read_world.account(0)
    pay(account, "1000000", date(2025, 12, 5), "1")
    bill(read_world, DECEMBER)
    [december] = account.invoices.all()
    assert books(account) == {"advances": december.total - 1_000_000}


def test_a_credit_settles_what_is_owed_and_the_rest_is_ahead(read_world: World) -> None:
    bill(read_world, DECEMBER)
    bill(read_world, JANUARY)
    account = read_world.account(0)
    owed = books(account)["receivable"]
    pay(account, str(owed - 10), date(2026, 2, 3), "1")
    # 22 m3 were billed over the two months; the last reading was wrong, and eleven of them were not used.
    read(read_world, 0, date(2026, 2, 1), "111")
    bill(read_world, FEBRUARY)
    credit = account.invoices.get(month=FEBRUARY).total
    assert credit < -10
    assert books(account) == {"advances": credit + 10}


def test_many_at_once_settle_one_after_the_other(read_world: World) -> None:
    bill(read_world, DECEMBER)
    account, neighbour = read_world.account(0), read_world.account(1)
    owed = books(account)["receivable"]
    news = [
        NewPayment(account, owed - 5, date(2026, 1, 4), "1"),
        NewPayment(neighbour, Decimal(3), date(2026, 1, 4), "2"),
        NewPayment(account, Decimal(8), date(2026, 1, 3), "3"),
        NewPayment(account, Decimal(2), date(2026, 1, 9), "4"),
    ]
    made = record_payments(payments=news, channel="bank", acting_user=None)
    assert [payment.reference for payment in made] == ["1", "2", "3", "4"]
    assert books(account) == {"advances": Decimal(-5)}
    third = LedgerEntry.objects.filter(transaction__payment=made[2], account=account)
    assert dict(third.values_list("book", "amount")) == {"receivable": -5, "advances": -3}
    # Sent again they are the same, and one of them with another amount spoils them all.
    entries = LedgerEntry.objects.count()
    assert record_payments(payments=news, channel="bank", acting_user=None) == made
    with pytest.raises(ReportedError) as refused:
        record_payments(
            payments=[
                NewPayment(account, Decimal(1), date(2026, 1, 4), "5"),
                NewPayment(account, Decimal(9), date(2026, 1, 9), "4"),
            ],
            channel="bank",
            acting_user=None,
        )
    assert (refused.value.code, LedgerEntry.objects.count()) == ("reference_used", entries)
    assert AuditEvent.objects.filter(action="record payments").count() == 1
    assert record_payments(payments=[], channel="bank", acting_user=None) == []


def test_a_late_one_is_booked_on_the_first_open_day(read_world: World) -> None:
    for month in (DECEMBER, JANUARY):
        bill(read_world, month)
        close_month(enterprise=read_world.enterprise, month=month, acting_user=None)
    late = pay(read_world.account(0), "5", date(2025, 12, 10), "late")
    head = LedgerTransaction.objects.get(payment=late)
    assert (late.paid_on, head.month, head.booked_on) == (date(2025, 12, 10), FEBRUARY, FEBRUARY)
    in_time = LedgerTransaction.objects.get(
        payment=pay(read_world.account(0), "5", date(2026, 2, 10), "in time")
    )
    assert (in_time.month, in_time.booked_on) == (FEBRUARY, date(2026, 2, 10))


def test_revenue_is_told_by_service(read_world: World) -> None:
    bill(read_world, DECEMBER)
    revenue = LedgerEntry.objects.filter(book="revenue")
    assert set(revenue.values_list("service_id", flat=True)) == {"cold_water"}
    assert not LedgerEntry.objects.exclude(book="revenue").filter(service__isnull=False).exists()


def test_a_payment_is_taken_back_once_and_whole(read_world: World) -> None:
    bill(read_world, DECEMBER)
    account = read_world.account(0)
    owed = books(account)
    payment = pay(account, "20", date(2026, 1, 5), "1")
    assert payment.state == "posted"
    with pytest.raises(ReportedError) as refused:
        reverse_payment(payment=payment, reason=" ", acting_user=None)
    assert refused.value.code == "reason"
    reversal = reverse_payment(payment=payment, reason="bounced", acting_user=None)
    assert (books(account), reversal.payment.state) == (owed, "reversed")
    legs = LedgerEntry.objects.filter(transaction__payment=payment) | LedgerEntry.objects.filter(
        transaction__reversal__payment=payment
    )
    assert {row["book"]: row["total"] for row in legs.values("book").annotate(total=Sum("amount"))} == {
        "bank": 0,
        "receivable": 0,
    }
    with pytest.raises(ReportedError) as refused:
        reverse_payment(payment=payment, reason="again", acting_user=None)
    assert refused.value.code == "payment_reversed"
    # Its reference stays used: the same payment sent again is not booked anew.
    assert pay(account, "20", date(2026, 1, 5), "1") == payment


def propose(account: Account, amount: Decimal, sheet: str = "A-1") -> WaitingWriteOff:
    return propose_write_off(
        account=account, amount=amount, sheet=sheet, reason="dead", acting_user=somebody()
    )


def second_person() -> User:
    return User.objects.get_or_create(username="second person")[0]


def test_no_more_is_written_off_than_is_owed(read_world: World) -> None:
    bill(read_world, DECEMBER)
    account = read_world.account(0)
    owed = books(account)["receivable"]
    for amount in (owed + Decimal("0.01"), Decimal(0), Decimal(-1), Decimal("0.001")):
        with pytest.raises(ReportedError) as refused:
            propose(account, amount)
        assert refused.value.code == "amount"
    first = propose(account, owed - 1)
    assert propose(account, owed - 1) == first
    with pytest.raises(ReportedError) as refused:
        propose(account, Decimal(1))
    assert (refused.value.code, books(account)) == ("sheet", {"receivable": owed})
    confirm_write_off(waiting=first, acting_user=second_person())
    assert books(account) == {"receivable": Decimal(1)}
    given_up = LedgerEntry.objects.filter(book="write_offs").aggregate(total=Sum("amount"))["total"]
    assert given_up == owed - 1


def test_a_debt_is_written_off_by_two_people(read_world: World) -> None:
    bill(read_world, DECEMBER)
    account = read_world.account(0)
    owed = books(account)
    row = propose(account, Decimal(100))
    with pytest.raises(ReportedError) as refused:
        confirm_write_off(waiting=row, acting_user=somebody())
    assert (refused.value.code, books(account)) == ("same_person", owed)
    # What was let go may be proposed again under the same sheet; what was decided is decided.
    withdraw_write_off(waiting=row, acting_user=somebody())
    with pytest.raises(ReportedError) as refused:
        confirm_write_off(waiting=row, acting_user=second_person())
    assert refused.value.code == "write_off_decided"
    again = propose(account, Decimal(100))
    # Of what was paid in the meantime nothing is written off.
    pay(account, str(owed["receivable"] - 99), date(2026, 1, 5), "1")
    with pytest.raises(ReportedError) as refused:
        confirm_write_off(waiting=again, acting_user=second_person())
    assert refused.value.code == "amount"
    done = propose(account, Decimal(99), "A-2")
    assert confirm_write_off(waiting=done, acting_user=second_person()).state == "confirmed"
    sheet = WriteOff.objects.get()
    assert (sheet.proposed_by, sheet.confirmed_by) == (somebody(), second_person())
    assert sum(books(account).values(), Decimal(0)) == 0


def test_who_enters_a_payment_does_not_take_it_back(read_world: World) -> None:
    account = read_world.account(0)
    payment = enter_payment(
        account=account,
        amount=Decimal(20),
        paid_on=timezone.localdate(),
        channel="bank",
        reference="1",
        acting_user=somebody(),
    )
    assert isinstance(payment, Payment)
    for who in (somebody(), None):
        with pytest.raises(ReportedError) as refused:
            reverse_payment(payment=payment, reason="mine", acting_user=who)
        assert (refused.value.code, payment.state) == ("same_person", "posted")
    assert (
        reverse_payment(payment=payment, reason="bounced", acting_user=second_person()).reversed_by
        == second_person()
    )


def test_months_are_opened_again_from_the_last_one_back(
    read_world: World, make_user: Callable[..., User]
) -> None:
    manager = make_user("manager", read_world.enterprise.division)
    for month in (DECEMBER, JANUARY):
        bill(read_world, month)
        close_month(enterprise=read_world.enterprise, month=month, acting_user=None)

    second = make_user("manager", read_world.enterprise.division, username="second-manager")

    def reopen(month: date, reason: str = "a bill was wrong", by: User | None = second) -> str:
        try:
            return reopen_month(
                enterprise=read_world.enterprise, month=month, reason=reason, acting_user=by
            ).books.state
        except ReportedError as error:
            return error.code

    assert reopen(DECEMBER) == "later_month_closed"
    assert reopen(JANUARY, "") == "reason"
    assert reopen(date(2030, 1, 1)) == "month"
    assert reopen(JANUARY, by=None) == "no_user"
    # The first one's wish waits, however often it is repeated; a second person's opens the month.
    assert [reopen(JANUARY, by=manager), reopen(JANUARY, by=manager)] == ["closed", "closed"]
    assert [reopen(JANUARY), reopen(JANUARY)] == ["open", "open"]
    assert [reopen(DECEMBER, by=manager), reopen(DECEMBER)] == ["closed", "open"]
    assert AuditEvent.objects.filter(action="reopen month", user=second).count() == 2
    assert AuditEvent.objects.filter(action="propose: reopen month", user=manager).count() == 2
    # It is closed once more, and one reopening opens it once.
    close_month(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    assert LedgerTransaction.objects.get(
        payment=pay(read_world.account(0), "5", date(2025, 12, 10), "1")
    ).month == JANUARY  # fmt: skip


def test_months_are_closed_in_their_order_and_none_opens_before_a_closed_one(read_world: World) -> None:
    enterprise = read_world.enterprise

    def close(month: date) -> str:
        try:
            return close_month(enterprise=enterprise, month=month, acting_user=None).state
        except ReportedError as error:
            return error.code

    for month in (DECEMBER, JANUARY):
        bill(read_world, month)
    assert [close(month) for month in (JANUARY, DECEMBER, JANUARY, JANUARY)] == [
        *("earlier_month_open", "closed", "closed", "closed")
    ]
    # November never had books. What is dated in it is booked where December's late payments are.
    november = date(2025, 11, 1)
    assert close(november) == "later_month_closed"
    late = pay(read_world.account(0), "5", date(2025, 11, 10), "1")
    assert LedgerTransaction.objects.get(payment=late).booked_on == FEBRUARY
    for is_trial in (True, False):
        with pytest.raises(ReportedError) as refused:
            run_billing(enterprise=enterprise, month=november, acting_user=None, is_trial=is_trial)
        assert refused.value.code == "month_closed"
    assert not BillingMonth.objects.filter(month=november).exists()


def test_whatever_happens_advances_are_never_owed(read_world: World) -> None:
    """A random year of payments, reversals, write-offs and bills put right: the books agree after each step."""
    chance = random.Random(31)
    accounts = [read_world.account(position) for position in range(5)]
    months = iter((DECEMBER, JANUARY, FEBRUARY))
    for step in range(90):
        account = chance.choice(accounts)
        balance = sum(books(account).values(), Decimal(0))
        match chance.randrange(7):
            case 0 if step % 3 == 0 and (month := next(months, None)):
                bill(read_world, month)
            case 1 if payment := account.payments.filter(reversal=None).first():
                reverse_payment(payment=payment, reason="random", acting_user=None)
            case 2 if balance > 0:
                amount = min(balance, Decimal(chance.randrange(1, 500_00)) / 100)
                confirm_write_off(waiting=propose(account, amount, f"S{step}"), acting_user=second_person())
            case 3:
                read(read_world, accounts.index(account), FEBRUARY, str(chance.randrange(112, 140)))
            case _:
                amount = Decimal(chance.randrange(1, 30_000_00)) / 100
                pay(account, str(amount), date(2026, 2, chance.randrange(1, 28)), f"R{step}")
        for one in accounts:
            held = books(one)
            assert held.get("advances", 0) <= 0, step
        total = LedgerEntry.objects.aggregate(total=Sum("amount"))["total"]
        assert not total
