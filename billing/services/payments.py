"""Taking payments."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from billing.models import Account, BillingMonth, LedgerEntry, LedgerTransaction, Payment
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import record_change


@transaction.atomic
def record_payment(
    *,
    account: Account,
    amount: Decimal,
    paid_on: date,
    channel: str,
    reference: str,
    acting_user: User | None,
) -> Payment:
    """Book a payment; the same channel and reference twice is one payment, however often it is sent.

    Raises ReportedError for an amount that is not positive or finer than a tiyin, for a reference that was used
    for another payment, and for a closed month.
    """
    if amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise ReportedError(f"{amount} is not an amount that can be paid.", code="amount")
    _require_plausible_day(paid_on)
    known = Payment.objects.filter(
        enterprise_id=account.enterprise_id, channel=channel, reference=reference
    ).first()
    # A payment sent again after its month was closed is still the same payment.
    if known is not None:
        _require_same(known, account, amount)
        return known
    month = paid_on.replace(day=1)
    BillingMonth.objects.get_or_create(enterprise_id=account.enterprise_id, month=month)
    books = BillingMonth.objects.select_for_update(of=("self",), no_key=True).get(
        enterprise_id=account.enterprise_id, month=month
    )
    if books.state == BillingMonth.State.CLOSED:
        raise ReportedError(f"The month {month:%Y-%m} is closed; book the payment on a day of an open month.")
    payment, created = Payment.objects.get_or_create(
        enterprise_id=account.enterprise_id,
        channel=channel,
        reference=reference,
        defaults={
            "account": account,
            "division_id": account.division_id,
            "paid_on": paid_on,
            "amount": amount,
        },
    )
    if not created:
        _require_same(payment, account, amount)
        return payment
    _book(payment, month)
    record_change(
        acting_user=acting_user,
        action="record payment",
        subject=payment,
        division=account.division,
        new_values={
            "account": account.number,
            "amount": str(amount),
            "channel": channel,
            "reference": reference,
        },
    )
    return payment


def _require_plausible_day(paid_on: date) -> None:
    if not 2000 <= paid_on.year <= timezone.localdate().year + 1:
        raise ReportedError(f"{paid_on} is not a day on which a payment can be booked.", code="day")


def _require_same(payment: Payment, account: Account, amount: Decimal) -> None:
    if payment.account_id != account.pk or payment.amount != amount:
        raise ReportedError(
            f"The reference {payment.reference} was used for another payment.", code="reference_used"
        )


def _book(payment: Payment, month: date) -> None:
    head = LedgerTransaction.objects.create(
        enterprise_id=payment.enterprise_id,
        division_id=payment.division_id,
        month=month,
        booked_on=payment.paid_on,
        payment=payment,
    )
    legs = [
        (LedgerEntry.Book.CASH, None, payment.amount),
        (LedgerEntry.Book.RECEIVABLE, payment.account_id, -payment.amount),
    ]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=head, division_id=payment.division_id, book=book, account_id=account_id, amount=amount
        )
        for book, account_id, amount in legs
    )
