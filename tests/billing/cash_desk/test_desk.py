"""Money at a cash desk: shifts, receipts, cancellations, refunds; what counts afterwards."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.cash_desk.services.desks import set_desk
from billing.cash_desk.services.refunds import confirm_refund, propose_refund, withdraw_refund
from billing.cash_desk.services.shifts import close_shift, open_shift
from billing.cash_desk.services.slips import cancel_receipt, count_print
from billing.ledger.selectors.collection import collection_by_month
from billing.ledger.selectors.debts import account_debts
from billing.ledger.selectors.statement import statement_of
from billing.ledger.services.corrections import reverse_payment
from billing.models import CashShift, CashSlip, LedgerEntry, Payment, WaitingPayment, WaitingRefund
from billing.services.payments import confirm_payment, enter_payment, withdraw_payment
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from tests.billing.cash_desk.conftest import Till
from tests.conftest import under

pytestmark = pytest.mark.django_db


def refused(code: str, do: Callable[[], Any]) -> ReportedError:
    with pytest.raises(ReportedError) as error:
        do()
    assert error.value.code == code, error.value.message
    return error.value


def cancel(till: Till, slip: CashSlip, user: User | None = None, **changed: Any) -> CashSlip:
    given: dict[str, Any] = {"reason": "wrong account", "request_key": uuid4()}
    return cancel_receipt(receipt=slip, acting_user=user or till.first, **(given | changed))


def close(till: Till, counted: str, reason: str = "", user: User | None = None) -> CashShift:
    return close_shift(
        shift=till.shift, counted=Decimal(counted), reason=reason, acting_user=user or till.first
    )


def propose(till: Till, slip: CashSlip, amount: str, user: User | None = None) -> WaitingRefund:
    return propose_refund(
        receipt=slip, amount=Decimal(amount), reason="paid twice", acting_user=user or till.first
    )


def refund(till: Till, slip: CashSlip, amount: str) -> CashSlip:
    row = confirm_refund(waiting=propose(till, slip, amount), acting_user=till.second)
    assert row.slip is not None
    return row.slip


def test_a_receipt_is_a_payment_under_its_number(till: Till, books_balance: Callable[[], bool]) -> None:
    owed = till.owed()
    slip = till.take("1500.50", tendered=Decimal(2000))
    assert str(slip) == "KASSA1-000001"
    assert (slip.payment.reference, slip.payment.channel) == ("KASSA1-000001", "cash_desk")
    assert (slip.payment.entered_by, slip.payment.paid_on) == (till.first, timezone.localdate())
    assert till.owed() == owed - Decimal("1500.50")
    assert str(till.take(account=till.neighbour)) == "KASSA1-000002"
    assert books_balance()
    assert "take money at a cash desk" in AuditEvent.objects.values_list("action", flat=True)


def test_a_double_click_is_one_receipt(till: Till) -> None:
    key = uuid4()
    slip = till.take(request_key=key)
    assert till.take(request_key=key).pk == slip.pk
    refused("request_key", lambda: till.take("101", request_key=key))
    refused("request_key", lambda: till.take(account=till.neighbour, request_key=key))
    close(till, "50100")
    # The answer was lost and the shift closed meanwhile: it is still the same receipt.
    assert till.take(request_key=key).pk == slip.pk
    assert Payment.objects.count() == 1


def test_what_is_refused_at_the_desk(till: Till, settings: Any) -> None:
    for amount in ("0", "-5", "0.001"):
        refused("amount", lambda amount=amount: till.take(amount))  # type: ignore[misc]
    refused("field", lambda: till.take("100", tendered=Decimal("99.99")))
    refused("field", lambda: till.take("10000000000.01"))
    refused("no_shift", lambda: till.take(acting_user=till.second))
    settings.PAYMENT_ALONE_AT_MOST = Decimal(150)
    till.take("100")
    assert "second person" in refused("amount", lambda: till.take("60")).message
    till.take("50")
    assert [slip.number for slip in CashSlip.objects.order_by("number")] == [1, 2]


def test_a_desk_takes_money_in_its_division_and_enterprise_only(till: Till) -> None:
    close(till, "50000")
    mahalla = till.account.division
    if mahalla.pk == till.desk.division_id:
        mahalla = type(mahalla).objects.get(parent=till.desk.division)
    small = set_desk(
        enterprise=till.desk.enterprise,
        code="K2",
        name="Mahalla",
        division=mahalla,
        is_active=None,
        acting_user=None,
    )
    open_shift(desk=small, float_amount=Decimal(0), acting_user=till.second)
    if till.account.division.path.startswith(mahalla.path):
        assert str(till.take(acting_user=till.second)) == "K2-000001"
    else:
        refused("account", lambda: till.take(acting_user=till.second))


def test_one_shift_a_desk_and_one_a_cashier(till: Till) -> None:
    other = set_desk(
        enterprise=till.desk.enterprise,
        code="KASSA2",
        name="Ikkinchi",
        division=None,
        is_active=None,
        acting_user=till.first,
    )
    # A second tab opens the same shift.
    again = open_shift(desk=till.desk, float_amount=Decimal(1), acting_user=till.first)
    assert (again.pk, again.float_amount) == (till.shift.pk, Decimal(50_000))
    nothing = Decimal(0)
    refused("shift_open", lambda: open_shift(desk=other, float_amount=nothing, acting_user=till.first))
    refused("shift_open", lambda: open_shift(desk=till.desk, float_amount=nothing, acting_user=till.second))
    refused("field", lambda: open_shift(desk=other, float_amount=Decimal(-1), acting_user=till.second))
    set_desk(
        enterprise=other.enterprise,
        code="KASSA2",
        name=None,
        division=None,
        is_active=False,
        acting_user=None,
    )
    refused("desk_closed", lambda: open_shift(desk=other, float_amount=nothing, acting_user=till.second))
    close(till, "50000")
    assert open_shift(desk=till.desk, float_amount=nothing, acting_user=till.second).number == 2


def test_a_shift_is_closed_by_a_count(till: Till, books_balance: Callable[[], bool]) -> None:
    till.take("1000")
    cancel(till, till.take("300"))
    unexplained = refused("reason", lambda: close(till, "50900"))
    assert "51" not in unexplained.message, "the refusal does not count for the cashier"
    done = close(till, "50900", "change given wrongly")
    assert (done.expected, done.difference) == (Decimal(51_000), Decimal(-100))
    legs = LedgerEntry.objects.filter(transaction__shift=done).order_by("book")
    assert [(leg.book, leg.amount) for leg in legs] == [
        ("cash", Decimal(-100)),
        ("differences", Decimal(100)),
    ]
    assert books_balance()
    refused("shift_closed", lambda: close(till, "51000"))
    refused("no_shift", till.take)


def test_a_shift_without_a_difference_books_nothing(till: Till) -> None:
    done = close(till, "50000")
    assert (done.difference, LedgerEntry.objects.filter(transaction__shift=done).count()) == (0, 0)


def test_a_receipt_is_cancelled_in_its_shift_by_its_cashier(
    till: Till, books_balance: Callable[[], bool]
) -> None:
    owed, slip = till.owed(), till.take("700")
    refused("other_shift", lambda: cancel(till, slip, till.second))
    refused("reason", lambda: cancel(till, slip, reason=" "))
    key = uuid4()
    back = cancel(till, slip, request_key=key)
    assert cancel(till, slip, request_key=key).pk == back.pk
    assert (str(back), back.receipt, back.amount) == ("KASSA1-000002", slip, Decimal(700))
    assert till.owed() == owed
    assert Payment.objects.get(pk=slip.payment_id).state == "reversed"
    refused("payment_reversed", lambda: cancel(till, slip))
    refused("not_a_receipt", lambda: cancel(till, back))
    later = till.take("800")
    close(till, "50800")
    refused("other_shift", lambda: cancel(till, later))
    # Nor by the books' other way.
    refused(
        "cash_receipt", lambda: reverse_payment(payment=later.payment, reason="x", acting_user=till.second)
    )
    assert books_balance()


def test_a_refund_is_of_two_people_and_of_what_is_left(till: Till, books_balance: Callable[[], bool]) -> None:
    owed, slip = till.owed(), till.take("1000")
    close(till, "51000")
    refused("no_shift", lambda: propose(till, slip, "10"))
    till.shift = open_shift(desk=till.desk, float_amount=Decimal(5000), acting_user=till.first)
    refused("amount", lambda: propose(till, slip, "1000.01"))
    row = propose(till, slip, "400")
    assert propose(till, slip, "400").pk == row.pk
    refused("refund_waits", lambda: propose(till, slip, "300"))
    refused("same_person", lambda: confirm_refund(waiting=row, acting_user=till.first))
    done = confirm_refund(waiting=row, acting_user=till.second)
    assert done.slip is not None
    assert (str(done.slip), done.slip.made_by, done.slip.approved_by, done.slip.shift) == (
        "KASSA1-000002",
        till.first,
        till.second,
        till.shift,
    )
    assert till.owed() == owed - 600
    assert Payment.objects.get(pk=slip.payment_id).state == "posted"
    for decide in (confirm_refund, withdraw_refund):
        refused("refund_decided", lambda decide=decide: decide(waiting=row, acting_user=till.second))  # type: ignore[misc]
    refused("amount", lambda: propose(till, slip, "600.01"))
    refund(till, slip, "600")
    assert Payment.objects.get(pk=slip.payment_id).state == "reversed"
    assert till.owed() == owed
    assert close(till, "4000").difference == 0
    assert books_balance()


def test_a_refund_is_paid_out_of_an_open_shift(till: Till) -> None:
    slip = till.take("1000")
    row = propose(till, slip, "1000")
    close(till, "51000")
    assert (
        till.first.username
        in refused("no_shift", lambda: confirm_refund(waiting=row, acting_user=till.second)).message
    )
    assert withdraw_refund(waiting=row, acting_user=till.first).state == "withdrawn"


def test_a_refund_is_proposed_at_a_desk_that_can_pay_it(till: Till) -> None:
    slip = till.take("1000")
    close(till, "51000")
    elsewhere = Division.objects.create(
        code="OTHER-M", name="Other", level=Division.Level.MAHALLA, **under(till.desk.division)
    )
    small = set_desk(
        enterprise=till.desk.enterprise,
        code="K3",
        name="Elsewhere",
        division=elsewhere,
        is_active=None,
        acting_user=None,
    )
    open_shift(desk=small, float_amount=Decimal(5000), acting_user=till.first)
    refused("account", lambda: propose(till, slip, "10"))


def test_a_part_paid_back_forbids_to_cancel(till: Till) -> None:
    slip = till.take("1000")
    refund(till, slip, "1")
    refused("receipt_refunded", lambda: cancel(till, slip))


def test_what_was_paid_back_counts_nowhere_as_paid(till: Till) -> None:
    today = timezone.localdate()
    viewer = User.objects.create(username="all", is_superuser=True)

    def told() -> tuple[Any, ...]:
        debts = account_debts(viewer, till.account, today)
        paid = collection_by_month(viewer, last_month=today.replace(day=1), months=1)[0].paid
        return debts.balance, debts.overdue, debts.older, debts.to_365, paid

    slip = till.take("300")
    one = told()
    other = till.take("200")
    refund(till, other, "200")
    assert told() == one
    refund(till, slip, "100")
    assert told()[0] == one[0] + 100
    assert told()[-1] == one[-1] - 100
    rows = statement_of(till.account).rows
    assert [(row.kind, row.amount) for row in rows[-2:]] == [
        ("refund", Decimal(200)),
        ("refund", Decimal(100)),
    ]
    assert rows[-1].payment_uid == slip.payment.uid
    assert rows[-1].balance == till.owed()


def test_numbers_of_a_desk_are_not_taken_by_hand(till: Till) -> None:
    def enter(reference: str) -> Any:
        return enter_payment(
            account=till.account,
            amount=Decimal(5),
            paid_on=timezone.localdate(),
            channel="cash_desk",
            reference=reference,
            acting_user=till.second,
        )

    refused("reference", lambda: enter("KASSA1-000001"))
    enter("KASSA9-000001")
    refused(
        "refused_by_database",
        lambda: set_desk(
            enterprise=till.desk.enterprise,
            code="KASSA9",
            name="x",
            division=None,
            is_active=None,
            acting_user=None,
        ),
    )


def test_a_payment_that_waits_takes_no_number_of_a_desk(till: Till, settings: Any) -> None:
    def make(code: str) -> Any:
        return set_desk(
            enterprise=till.desk.enterprise,
            code=code,
            name="x",
            division=None,
            is_active=None,
            acting_user=None,
        )

    settings.PAYMENT_ALONE_AT_MOST = Decimal(1)
    waiting = enter_payment(
        account=till.account,
        amount=Decimal(5),
        paid_on=timezone.localdate(),
        channel="cash_desk",
        reference="KASSA9-000001",
        acting_user=till.second,
    )
    assert isinstance(waiting, WaitingPayment)
    refused("refused_by_database", lambda: make("KASSA9"))
    withdraw_payment(waiting=waiting, acting_user=till.second)
    make("KASSA9")
    # One that was entered at the same moment as the desk was made.
    values = WaitingPayment.objects.filter(pk=waiting.pk).values(
        "enterprise_id", "division_id", "account_id", "channel", "paid_on", "amount", "entered_by_id"
    )
    between = WaitingPayment.objects.create(**values[0], reference="KASSA1-000001")
    refused("reference", lambda: confirm_payment(waiting=between, acting_user=till.first))
    withdraw_payment(waiting=between, acting_user=till.first)
    settings.PAYMENT_ALONE_AT_MOST = Decimal(1000)
    assert str(till.take()) == "KASSA1-000001"


def test_prints_are_counted(till: Till) -> None:
    slip = till.take()
    assert [count_print(slip=slip, acting_user=till.first) for _time in range(2)] == [1, 2]
