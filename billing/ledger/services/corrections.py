"""Putting the books right by new rows: a payment that was none is taken back, a lost debt is given up."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import book, lock_accounts
from billing.models import (
    Account,
    BankFileRow,
    CashSlip,
    LedgerEntry,
    Payment,
    PaymentReversal,
    WaitingWriteOff,
    WriteOff,
)
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change


@transaction.atomic
def reverse_payment(*, payment: Payment, reason: str, acting_user: User | None) -> PaymentReversal:
    """Take a payment back whole, as of today: its account owes the amount again. The payment's own rows stay.

    ReportedError: `payment_reversed`, `same_person` for who entered it or brought its registry, `reason` where none is
    given, `cash_receipt` for money of a cash desk, which is paid back there.
    """
    require_reason(reason)
    if CashSlip.objects.filter(payment=payment).exists():
        raise ReportedError(
            Sentence(
                _(
                    "This money was taken at a cash desk: its cashier cancels the receipt in his shift, "
                    "later it is paid back there."
                )
            ),
            code="cash_receipt",
        )
    if not may_take_back(payment, acting_user):
        raise ReportedError(
            Sentence(
                _(
                    "A payment that was entered by hand, or brought as a registry, is taken back by somebody else than "
                    "who did so."
                )
            ),
            code="same_person",
        )
    return take_back(payment=payment, reason=reason, acting_user=acting_user)


def take_back(*, payment: Payment, reason: str, acting_user: User | None) -> PaymentReversal:
    """Book a payment back whole, whoever entered it. ReportedError (`payment_reversed`)."""
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
        reversed_by=acting_user,
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


def may_take_back(payment: Payment, user: User | None) -> bool:
    """Whether it was somebody else who typed the payment in or brought the registry that it came by."""
    brought = (
        BankFileRow.objects.filter(file_format="registry")
        .filter(Q(payment=payment, state=BankFileRow.State.POSTED) | Q(suspense__payment=payment))
        .values_list("taken_by", flat=True)
    )
    by = {payment.entered_by_id, *brought} - {None}
    return not by or (user is not None and user.pk not in by)


def _place_of(payment: Payment) -> tuple[str, str | None]:
    """Where a payment's money lies: its book and channel. What was assigned from the suspense is with the bank."""
    leg = LedgerEntry.objects.get(transaction__payment=payment, account=None)
    return (LedgerEntry.Book.BANK if leg.book == LedgerEntry.Book.SUSPENSE else leg.book), leg.channel


@transaction.atomic
def propose_write_off(
    *, account: Account, amount: Decimal, sheet: str, reason: str, acting_user: User
) -> WaitingWriteOff:
    """Propose to give up a debt, or a part of it, by the sheet of that number; a second person does it.

    The same sheet twice is one. ReportedError: `amount` (not positive, finer than a tiyin, or more than is owed),
    `reason`, `sheet` where there is none or it was for another amount.
    """
    require_reason(reason)
    if not sheet:
        raise ReportedError(Sentence(_("Give the number of the sheet.")), code="sheet")
    lock_accounts([account.pk])
    known = (
        WaitingWriteOff.objects.filter(account=account, sheet=sheet)
        .exclude(state=WaitingWriteOff.State.WITHDRAWN)
        .first()
    )
    if known is not None:
        _require_sheet_of(known.amount, amount, sheet)
        return known
    given_up = WriteOff.objects.filter(account=account, sheet=sheet).first()
    if given_up is not None:
        raise ReportedError(
            Sentence(
                _("Sheet {sheet} gave up {amount} of this account."), sheet=sheet, amount=given_up.amount
            ),
            code="sheet",
        )
    _require_owed(account, amount)
    row = WaitingWriteOff.objects.create(
        division_id=account.division_id,
        account=account,
        sheet=sheet,
        amount=amount,
        reason=reason,
        proposed_by=acting_user,
    )
    _record_write_off(row, "propose write-off", acting_user)
    return row


@transaction.atomic
def confirm_write_off(*, waiting: WaitingWriteOff, acting_user: User) -> WaitingWriteOff:
    """Give up the debt as of today. ReportedError: `same_person` for who proposed it, `write_off_decided`, and `amount`
    where less is owed by now."""
    row = _open_write_off(waiting)
    if row.proposed_by_id == acting_user.pk:
        raise ReportedError(
            Sentence(_("A debt is written off by somebody else than who proposed it.")), code="same_person"
        )
    account = row.account
    _require_owed(account, row.amount)
    given_up = WriteOff.objects.create(
        enterprise_id=account.enterprise_id,
        division_id=account.division_id,
        account=account,
        sheet=row.sheet,
        written_off_on=timezone.localdate(),
        amount=row.amount,
        reason=row.reason,
        proposed_by=row.proposed_by,
        confirmed_by=acting_user,
    )
    book(
        given_up,
        account=account,
        day=given_up.written_off_on,
        amount=-row.amount,
        against=LedgerEntry.Book.WRITE_OFFS,
    )
    row.write_off = given_up
    return _decide_write_off(row, WaitingWriteOff.State.CONFIRMED, "write off debt", acting_user)


@transaction.atomic
def withdraw_write_off(*, waiting: WaitingWriteOff, acting_user: User) -> WaitingWriteOff:
    """Let a proposal go; it was in no book. ReportedError (`write_off_decided`)."""
    return _decide_write_off(
        _open_write_off(waiting), WaitingWriteOff.State.WITHDRAWN, "withdraw write-off", acting_user
    )


def _open_write_off(waiting: WaitingWriteOff) -> WaitingWriteOff:
    lock_accounts([waiting.account_id])
    rows = WaitingWriteOff.objects.select_for_update(of=("self",)).select_related(
        "account__division", "proposed_by"
    )
    row = rows.get(pk=waiting.pk)
    if row.state != WaitingWriteOff.State.OPEN:
        raise ReportedError(Sentence(_("This write-off was decided already.")), code="write_off_decided")
    return row


def _decide_write_off(row: WaitingWriteOff, state: str, action: str, acting_user: User) -> WaitingWriteOff:
    row.state, row.decided_by, row.decided_at = state, acting_user, timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at", "write_off"])
    _record_write_off(row, action, acting_user)
    return row


def _record_write_off(row: WaitingWriteOff, action: str, acting_user: User) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row,
        division=row.account.division,
        new_values={
            "account": row.account.number,
            "amount": str(row.amount),
            "sheet": row.sheet,
            "reason": row.reason,
        },
    )


def _require_sheet_of(known: Decimal, amount: Decimal, sheet: str) -> None:
    if known != amount:
        raise ReportedError(
            Sentence(_("Sheet {sheet} is of {amount} of this account."), sheet=sheet, amount=known),
            code="sheet",
        )


def _require_owed(account: Account, amount: Decimal) -> None:
    owed = account.entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    if not 0 < amount <= owed or amount != amount.quantize(Decimal("0.01")):
        raise ReportedError(
            Sentence(_("{amount} cannot be written off: {owed} is owed."), amount=amount, owed=max(owed, 0)),
            code="amount",
        )


def require_reason(reason: str) -> None:
    """ReportedError (`reason`) where none is given."""
    if not reason.strip():
        raise ReportedError(Sentence(_("Say why.")), code="reason")
