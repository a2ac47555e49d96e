"""Papers of a cash desk: money is taken, and a receipt cancelled in the shift in which it was made."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max
from django.utils.translation import gettext_noop as _

from billing.cash_desk.services.shifts import lock_desk
from billing.ledger.services.booking import lock_accounts
from billing.ledger.services.corrections import require_reason, take_back
from billing.models import Account, CashDesk, CashShift, CashSlip, Payment, slip_number
from billing.services.field_refusals import refused_field
from billing.services.payments import record_payment, refuse_large
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_Kind = CashSlip.Kind


def open_shift_of(cashier: User) -> CashShift:
    """The shift that a cashier has open; ReportedError (`no_shift`) when there is none."""
    shifts = CashShift.objects.select_related("desk__division")
    shift = shifts.filter(cashier=cashier, closed_at=None).first()
    if shift is None:
        raise ReportedError(
            Sentence(_("{name} has no shift open at a cash desk."), name=cashier.username), code="no_shift"
        )
    return shift


@transaction.atomic
def take_money(
    *,
    account: Account,
    amount: Decimal,
    tendered: Decimal | None,
    request_key: UUID,
    acting_user: User,
) -> CashSlip:
    """Book what a cashier takes for an account in his open shift, and make the receipt. The same key again is the
    same receipt.

    `tendered` is what was handed over the counter. ReportedError: `no_shift`, `amount`, `tendered`, `account` for one
    that is not the desk's, `request_key` for a key that was used for something else.
    """
    known = _known(request_key, acting_user)
    if known is not None:
        return _same(known, _Kind.RECEIPT, account, amount)
    shift = _locked_shift(acting_user)
    known = _known(request_key, acting_user)
    if known is not None:
        return _same(known, _Kind.RECEIPT, account, amount)
    desk = shift.desk
    if amount > settings.PAYMENT_AT_MOST:
        raise refused_field(
            "amount",
            _("{amount} is more than can be entered by hand, {most}."),
            amount=amount,
            most=settings.PAYMENT_AT_MOST,
        )
    if tendered is not None and tendered < amount:
        raise refused_field("tendered", _("That is less than what is to be paid."))
    require_account_of_desk(account, desk)
    lock_accounts([account.pk])
    refuse_large(account, amount)
    number = _next_number(shift)
    payment = record_payment(
        account=account,
        amount=amount,
        paid_on=_day_of_the_books(),
        channel=Payment.Channel.CASH_DESK,
        reference=slip_number(desk.code, number),
        acting_user=acting_user,
        entered_by=acting_user,
    )
    slip = _made(shift, number, payment, _Kind.RECEIPT, amount, request_key, tendered=tendered)
    _record(slip, "take money at a cash desk", acting_user)
    return slip


@transaction.atomic
def cancel_receipt(*, receipt: CashSlip, reason: str, request_key: UUID, acting_user: User) -> CashSlip:
    """Take a receipt back whole in the shift in which the same cashier made it; its account owes the amount again.

    ReportedError: `reason`, `not_a_receipt`, `other_shift` where it is another's or the shift is closed,
    `payment_reversed` for one that was cancelled, `receipt_refunded`, `request_key`.
    """
    require_reason(reason)
    require_receipt(receipt)
    lock_desk(receipt.desk_id)
    known = _known(request_key, acting_user)
    if known is not None:
        return _same(known, _Kind.CANCELLATION, receipt.account, receipt.amount)
    shift = CashShift.objects.select_related("desk").get(pk=receipt.shift_id)
    if shift.closed_at is not None or shift.cashier_id != acting_user.pk:
        raise ReportedError(
            Sentence(
                _("A receipt is cancelled by its cashier in the shift in which he made it: propose a refund.")
            ),
            code="other_shift",
        )
    lock_accounts([receipt.account_id])
    if left_of(receipt) != receipt.amount and not hasattr(receipt.payment, "reversal"):
        raise ReportedError(
            Sentence(_("A part of it was paid back: propose a refund of the rest.")), code="receipt_refunded"
        )
    number = _next_number(shift)
    reversal = take_back(payment=receipt.payment, reason=reason, acting_user=acting_user)
    slip = _made(
        shift,
        number,
        receipt.payment,
        _Kind.CANCELLATION,
        receipt.amount,
        request_key,
        receipt=receipt,
        reversal=reversal,
        reason=reason,
    )
    _record(slip, "cancel receipt", acting_user)
    return slip


@transaction.atomic
def pay_back(
    *,
    receipt: CashSlip,
    amount: Decimal,
    reason: str,
    cashier: User,
    approved_by: User,
) -> CashSlip:
    """The slip by which a cashier pays a part of a receipt back out of his open shift; `approved_by` writes it.

    ReportedError: `no_shift`, `amount` where less is left, `account` for a shift at another enterprise's desk.
    """
    # Who confirms may have rights below the desk only: its shift, and its papers for others, are not shown to him.
    with working_in(EVERYTHING):
        shift = _locked_shift(cashier)
        number = _next_number(shift)
    require_account_of_desk(receipt.account, shift.desk)
    lock_accounts([receipt.account_id])
    require_left(receipt, amount)
    return _made(
        shift,
        number,
        receipt.payment,
        _Kind.REFUND,
        amount,
        None,
        receipt=receipt,
        reason=reason,
        approved_by=approved_by,
    )


@transaction.atomic
def count_print(*, slip: CashSlip, acting_user: User) -> int:
    """How often the slip has been printed with this time; the first print is the original."""
    CashSlip.objects.filter(pk=slip.pk).update(prints=F("prints") + 1)
    slip.refresh_from_db(fields=["prints"])
    if slip.prints > 1:
        _record(slip, "print copy of slip", acting_user)
    return slip.prints


def left_of(receipt: CashSlip) -> Decimal:
    """What of a receipt was neither cancelled nor paid back."""
    if CashSlip.objects.filter(receipt=receipt, kind=_Kind.CANCELLATION).exists():
        return Decimal(0)
    back = CashSlip.objects.filter(receipt=receipt, kind=_Kind.REFUND)
    return receipt.amount - sum(back.values_list("amount", flat=True), Decimal(0))


def require_left(receipt: CashSlip, amount: Decimal) -> None:
    """ReportedError (`amount`) for what cannot be paid back of a receipt any more."""
    left = left_of(receipt)
    if not 0 < amount <= left or amount != amount.quantize(Decimal("0.01")):
        raise refused_field(
            "amount",
            _("{amount} cannot be paid back: {left} is left of the receipt."),
            code="amount",
            amount=amount,
            left=left,
        )


def require_account_of_desk(account: Account, desk: CashDesk) -> None:
    """ReportedError (`account`) for an account of another enterprise, or outside the desk's division."""
    is_own = account.enterprise_id == desk.enterprise_id
    if not is_own or not account.division.path.startswith(desk.division.path):
        raise ReportedError(Sentence(_("This desk takes no money for that account.")), code="account")


def require_receipt(slip: CashSlip) -> None:
    """ReportedError (`not_a_receipt`) for a cancellation or a refund."""
    if slip.kind != _Kind.RECEIPT:
        raise ReportedError(Sentence(_("{number} is not a receipt."), number=str(slip)), code="not_a_receipt")


def _locked_shift(cashier: User) -> CashShift:
    """The cashier's open shift with its desk locked: it stays open until the transaction ends."""
    shift = open_shift_of(cashier)
    desk = lock_desk(shift.desk_id)
    shift = open_shift_of(cashier)
    if shift.desk_id != desk.pk:
        raise ReportedError(Sentence(_("The shift was closed meanwhile.")), code="no_shift")
    shift.desk = desk
    return shift


def _next_number(shift: CashShift) -> int:
    last = CashSlip.objects.filter(desk=shift.desk_id).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def _day_of_the_books() -> date:
    """The database's day, which it writes on the slip; it may turn while this is done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (now() AT TIME ZONE 'Asia/Tashkent')::date")
        return cursor.fetchone()[0]


def _made(
    shift: CashShift,
    number: int,
    payment: Payment,
    kind: str,
    amount: Decimal,
    request_key: UUID | None,
    **further: object,
) -> CashSlip:
    slip = CashSlip(
        desk=shift.desk,
        shift=shift,
        enterprise_id=shift.enterprise_id,
        division_id=payment.account.division_id,
        account=payment.account,
        kind=kind,
        number=number,
        payment=payment,
        amount=amount,
        made_by_id=shift.cashier_id,
        made_on=_day_of_the_books(),
        **further,
    )
    if request_key is not None:
        slip.request_key = request_key
    slip.save()
    return slip


def _known(request_key: UUID, cashier: User) -> CashSlip | None:
    slips = CashSlip.objects.select_related("desk", "account", "payment", "shift")
    return slips.filter(request_key=request_key, made_by=cashier).first()


def _same(slip: CashSlip, kind: str, account: Account, amount: Decimal) -> CashSlip:
    if (slip.kind, slip.account_id, slip.amount) != (kind, account.pk, amount):
        raise ReportedError(
            Sentence(_("This was sent before as {number}, with other values."), number=str(slip)),
            code="request_key",
        )
    return slip


def _record(slip: CashSlip, action: str, acting_user: User) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=slip,
        division=slip.account.division,
        new_values={
            "number": str(slip),
            "account": slip.account.number,
            "amount": str(slip.amount),
            **({"reason": slip.reason} if slip.reason else {}),
            **({"print": slip.prints} if slip.prints else {}),
        },
    )
