"""Taking payments."""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import Account, BillingMonth, LedgerEntry, LedgerTransaction, Payment, WaitingPayment
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
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
    _require_amount(amount)
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
    if _held_state(account.enterprise_id, month) == BillingMonth.State.CLOSED:
        raise ReportedError(
            Sentence(
                _("The month {month} is closed; book the payment on a day of an open month."),
                month=f"{month:%Y-%m}",
            )
        )
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


def _held_state(enterprise_id: int, month: date) -> str:
    """The state of a month that is there, and stays so until this transaction ends.

    Runs and other payments hold it so beside each other; only its closing waits for them, and they for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM billing_billingmonth WHERE enterprise_id = %s AND month = %s FOR SHARE",
            [enterprise_id, month],
        )
        return str(cursor.fetchone()[0])


def enter_payment(
    *,
    account: Account,
    amount: Decimal,
    paid_on: date,
    channel: str,
    reference: str,
    acting_user: User,
) -> Payment | WaitingPayment:
    """Book a payment that a person entered; one above PAYMENT_ALONE_AT_MOST waits for a second person.

    ReportedError as `record_payment`, and for what lies outside of the bounds of what is entered by hand: `amount`
    above PAYMENT_AT_MOST, `day` in the future or more than PAYMENT_OLDEST_DAYS ago.
    """
    if amount > settings.PAYMENT_AT_MOST:
        raise ReportedError(
            Sentence(
                _("{amount} is more than can be entered by hand, {most}."),
                amount=amount,
                most=settings.PAYMENT_AT_MOST,
            ),
            code="amount",
        )
    today = timezone.localdate()
    if not today - timedelta(days=settings.PAYMENT_OLDEST_DAYS) <= paid_on <= today:
        raise ReportedError(
            Sentence(
                _("By hand a payment is entered for today or the {days} days before, not {paid_on}."),
                days=settings.PAYMENT_OLDEST_DAYS,
                paid_on=paid_on,
            ),
            code="day",
        )
    if amount <= settings.PAYMENT_ALONE_AT_MOST:
        return record_payment(
            account=account,
            amount=amount,
            paid_on=paid_on,
            channel=channel,
            reference=reference,
            acting_user=acting_user,
        )
    return _let_wait(account, amount, paid_on, channel, reference, acting_user)


@transaction.atomic
def _let_wait(
    account: Account, amount: Decimal, paid_on: date, channel: str, reference: str, acting_user: User
) -> Payment | WaitingPayment:
    _require_amount(amount)
    key = {"enterprise_id": account.enterprise_id, "channel": channel, "reference": reference}
    known = Payment.objects.filter(**key).first()
    if known is not None:
        _require_same(known, account, amount)
        return known
    row, is_new = WaitingPayment.objects.get_or_create(
        **key,
        state=WaitingPayment.State.OPEN,
        defaults={
            "account": account,
            "division_id": account.division_id,
            "paid_on": paid_on,
            "amount": amount,
            "entered_by": acting_user,
        },
    )
    if not is_new:
        _require_same(row, account, amount)
        return row
    _record_waiting(row, "enter large payment", acting_user)
    return row


@transaction.atomic
def confirm_payment(*, waiting: WaitingPayment, acting_user: User) -> WaitingPayment:
    """Book a payment that waited. ReportedError: `same_person` for who entered it, `payment_decided`; and as
    `record_payment`."""
    row = _open(waiting)
    if row.entered_by_id == acting_user.pk:
        raise ReportedError(
            Sentence(_("A large payment is booked by somebody else than who entered it.")), code="same_person"
        )
    row.payment = record_payment(
        account=row.account,
        amount=row.amount,
        paid_on=row.paid_on,
        channel=row.channel,
        reference=row.reference,
        acting_user=acting_user,
    )
    return _decide(row, WaitingPayment.State.CONFIRMED, "confirm large payment", acting_user)


@transaction.atomic
def withdraw_payment(*, waiting: WaitingPayment, acting_user: User) -> WaitingPayment:
    """Let a payment go that was entered wrongly; it was in no book. ReportedError (`payment_decided`)."""
    return _decide(_open(waiting), WaitingPayment.State.WITHDRAWN, "withdraw large payment", acting_user)


def _open(waiting: WaitingPayment) -> WaitingPayment:
    rows = WaitingPayment.objects.select_for_update(of=("self",)).select_related(
        "account__division", "entered_by"
    )
    row = rows.get(pk=waiting.pk)
    if row.state != WaitingPayment.State.OPEN:
        raise ReportedError(Sentence(_("This payment was decided already.")), code="payment_decided")
    return row


def _decide(row: WaitingPayment, state: str, action: str, acting_user: User) -> WaitingPayment:
    row.state, row.decided_by, row.decided_at = state, acting_user, timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at", "payment"])
    _record_waiting(row, action, acting_user)
    return row


def _record_waiting(row: WaitingPayment, action: str, acting_user: User) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row,
        division=row.account.division,
        new_values={
            "account": row.account.number,
            "amount": str(row.amount),
            "paid_on": row.paid_on.isoformat(),
            "channel": row.channel,
            "reference": row.reference,
        },
    )


def _require_amount(amount: Decimal) -> None:
    if amount <= 0 or amount != amount.quantize(Decimal("0.01")):
        raise ReportedError(
            Sentence(_("{amount} is not an amount that can be paid."), amount=amount), code="amount"
        )


def _require_plausible_day(paid_on: date) -> None:
    if not 2000 <= paid_on.year <= timezone.localdate().year + 1:
        raise ReportedError(
            Sentence(_("{paid_on} is not a day on which a payment can be booked."), paid_on=paid_on),
            code="day",
        )


def _require_same(payment: Payment | WaitingPayment, account: Account, amount: Decimal) -> None:
    if payment.account_id != account.pk or payment.amount != amount:
        raise ReportedError(
            Sentence(
                _("The reference {reference} was used for another payment."), reference=payment.reference
            ),
            code="reference_used",
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
