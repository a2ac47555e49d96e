"""Putting the books right by new rows: a payment that was none is taken back, a lost debt is given up."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import book, lock_accounts
from billing.models import Account, LedgerEntry, Payment, PaymentReversal, WriteOff
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change


@transaction.atomic
def reverse_payment(*, payment: Payment, reason: str, acting_user: User | None) -> PaymentReversal:
    """Take a payment back whole, as of today: its account owes the amount again. The payment's own rows stay.

    ReportedError: `payment_reversed`, `reason` where none is given.
    """
    _require_reason(reason)
    lock_accounts([payment.account_id])
    if PaymentReversal.objects.filter(payment=payment).exists():
        raise ReportedError(Sentence(_("This payment has been taken back already.")), code="payment_reversed")
    account = payment.account
    reversal = PaymentReversal.objects.create(
        enterprise_id=payment.enterprise_id,
        division_id=payment.division_id,
        payment=payment,
        reversed_on=timezone.localdate(),
        reason=reason,
    )
    place, channel = _place_of(payment)
    book(
        reversal,
        account=account,
        day=reversal.reversed_on,
        amount=payment.amount,
        against=place,
        channel=channel,
    )
    record_change(
        acting_user=acting_user,
        action="reverse payment",
        subject=reversal,
        division=account.division,
        old_values={
            "account": account.number,
            "amount": str(payment.amount),
            "reference": payment.reference,
        },
        new_values={"reason": reason},
    )
    return reversal


def _place_of(payment: Payment) -> tuple[str, str | None]:
    """Where a payment's money lies: its book and channel. What was assigned from the suspense is with the bank."""
    leg = LedgerEntry.objects.get(transaction__payment=payment, account=None)
    return (LedgerEntry.Book.BANK if leg.book == LedgerEntry.Book.SUSPENSE else leg.book), leg.channel


@transaction.atomic
def write_off(
    *,
    account: Account,
    amount: Decimal,
    sheet: str,
    reason: str,
    acting_user: User | None,
    day: date | None = None,
) -> WriteOff:
    """Give up a debt, or a part of it, by the sheet of that number. The same sheet twice is one.

    ReportedError: `amount` (not positive, finer than a tiyin, or more than is owed), `reason`, `sheet` where there is
    none or it gave up another amount.
    """
    _require_reason(reason)
    if not sheet:
        raise ReportedError(Sentence(_("Give the number of the sheet.")), code="sheet")
    lock_accounts([account.pk])
    known = WriteOff.objects.filter(account=account, sheet=sheet).first()
    if known is not None:
        if known.amount != amount:
            raise ReportedError(
                Sentence(
                    _("Sheet {sheet} gave up {amount} of this account."), sheet=sheet, amount=known.amount
                ),
                code="sheet",
            )
        return known
    owed = account.entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    if not 0 < amount <= owed or amount != amount.quantize(Decimal("0.01")):
        raise ReportedError(
            Sentence(_("{amount} cannot be written off: {owed} is owed."), amount=amount, owed=max(owed, 0)),
            code="amount",
        )
    given_up = WriteOff.objects.create(
        enterprise_id=account.enterprise_id,
        division_id=account.division_id,
        account=account,
        sheet=sheet,
        written_off_on=day or timezone.localdate(),
        amount=amount,
        reason=reason,
    )
    book(
        given_up,
        account=account,
        day=given_up.written_off_on,
        amount=-amount,
        against=LedgerEntry.Book.WRITE_OFFS,
    )
    record_change(
        acting_user=acting_user,
        action="write off debt",
        subject=given_up,
        division=account.division,
        new_values={"account": account.number, "amount": str(amount), "sheet": sheet, "reason": reason},
    )
    return given_up


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReportedError(Sentence(_("Say why.")), code="reason")
