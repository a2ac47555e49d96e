"""Cashiers and tabs at once: one key is one receipt, numbers have no gaps, a closed shift has all its receipts."""

from decimal import Decimal
from uuid import uuid4

from django.db.models import Sum

from billing.cash_desk.services.refunds import confirm_refund, propose_refund
from billing.cash_desk.services.shifts import close_shift
from billing.cash_desk.services.slips import cancel_receipt
from billing.models import CashShift, CashSlip, LedgerEntry, Payment
from tests.billing.cash_desk.conftest import make_till
from tests.concurrency.test_accounts import at_once
from tests.conftest import make_district
from tests.world import make_world


def test_a_desk_at_once(committing_database: None) -> None:
    """One world for all of it: making one takes longer than what is tried."""
    till = make_till(make_world(make_district("QIBRAY", "Qibray")))
    key = uuid4()
    assert set(at_once(lambda _number: str(till.take(request_key=key)), 20)) == {"KASSA1-000001"}
    assert Payment.objects.count() == 1

    accounts = (till.account, till.neighbour)
    made = at_once(lambda number: str(till.take(account=accounts[number % 2])), 8)
    assert sorted(made) == [f"KASSA1-{number:06}" for number in range(2, 10)]

    receipt = CashSlip.objects.get(number=2)
    waiting = propose_refund(receipt=receipt, amount=Decimal(60), reason="x", acting_user=till.first)

    def pay_back(number: int) -> str:
        if number % 2:
            return str(confirm_refund(waiting=waiting, acting_user=till.second).slip)
        return str(cancel_receipt(receipt=receipt, reason="x", acting_user=till.first, request_key=uuid4()))

    back = at_once(pay_back, 6)
    # Either it was cancelled or a part was paid back, once.
    assert [answer for answer in back if not answer.startswith("refused")] == ["KASSA1-000010"], back

    def take_or_close(number: int) -> str:
        if number == 3:
            shift = close_shift(shift=till.shift, counted=Decimal(1), reason="raced", acting_user=till.first)
            return str(shift.expected)
        return str(till.take("7"))

    answers = at_once(take_or_close, 8)
    taken = [answer for answer in answers if answer.startswith("KASSA1")]
    assert set(answers) - set(taken) - {"refused: no_shift"} == {answers[3]}
    shift = CashShift.objects.get()
    slips = shift.slips.all()
    assert shift.expected == shift.float_amount + sum(slip.signed_amount for slip in slips)
    assert [slip.number for slip in slips.order_by("number")] == list(range(1, 11 + len(taken)))
    assert LedgerEntry.objects.aggregate(total=Sum("amount"))["total"] == 0
