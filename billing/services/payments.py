"""Taking payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import book_of_money, booking_days, lock_accounts
from billing.models import Account, CashDesk, Payment, WaitingPayment
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

# Payments by hand for one account are one amount when they come within this time of each other.
COUNTED_TOGETHER = timedelta(days=1)
_BOOKED = "record payment"


@dataclass(frozen=True)
class NewPayment:
    """Money received for an account; `amount` in its currency. `reference` is the payer's own key."""

    account: Account
    amount: Decimal
    paid_on: date
    reference: str


def record_payment(
    *,
    account: Account,
    amount: Decimal,
    paid_on: date,
    channel: str,
    reference: str,
    acting_user: User | None,
    entered_by: User | None = None,
) -> Payment:
    """Book one payment, as `record_payments` does."""
    new = NewPayment(account, amount, paid_on, reference)
    return record_payments(payments=[new], channel=channel, acting_user=acting_user, entered_by=entered_by)[0]


@transaction.atomic
def record_payments(
    *,
    payments: Sequence[NewPayment],
    channel: str,
    acting_user: User | None,
    book: str = "",
    entered_by: User | None = None,
) -> list[Payment]:
    """Book payments of one enterprise, in the order given; all or none. The same channel and reference twice is one.
    `entered_by` is who typed them in: somebody else takes them back.

    The money lies in `book`, by default that of its channel. A payment settles what is owed, and what is left over is
    paid ahead. When its month is closed it is booked on the first day that is open. Raises ReportedError for an amount
    that is not positive or finer than a tiyin, for a day that is none, and for a reference that was used for another
    payment.
    """
    for new in payments:
        _require_amount(new.amount)
        _require_plausible_day(new.paid_on)
    if not payments:
        return []
    enterprise_id = payments[0].account.enterprise_id
    lock_accounts(sorted({new.account.pk for new in payments}))
    # A payment sent again after its month was closed is still the same payment.
    known = _known(enterprise_id, channel, payments)
    unknown = list({new.reference: new for new in payments if new.reference not in known}.values())
    days = booking_days(enterprise_id, (new.paid_on for new in unknown))
    booked = _book(enterprise_id, channel, book or book_of_money(channel), unknown, days, entered_by)
    if len(booked) < len(unknown):
        known |= _known(enterprise_id, channel, unknown)
    made = {payment.reference: payment for payment in Payment.objects.filter(pk__in=booked)}
    _record_booked(list(made.values()), channel, acting_user)
    found = {**known, **made}
    for new in payments:
        _require_same(found[new.reference], new.account, new.amount)
    return [found[new.reference] for new in payments]


def _known(enterprise_id: int, channel: str, payments: Sequence[NewPayment]) -> dict[str, Payment]:
    rows = Payment.objects.filter(
        enterprise_id=enterprise_id, channel=channel, reference__in={new.reference for new in payments}
    )
    return {row.reference: row for row in rows}


def _book(
    enterprise_id: int,
    channel: str,
    book: str,
    payments: Sequence[NewPayment],
    days: dict[date, date],
    entered_by: User | None,
) -> list[int]:
    """The keys of the payments that were booked now, and not meanwhile by somebody else."""
    if not payments:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing.ledger", "book_payments"),
            {
                "enterprise_id": enterprise_id,
                "channel": channel,
                "book": book,
                "entered_by_id": None if entered_by is None else entered_by.pk,
                "account_ids": [new.account.pk for new in payments],
                "references": [new.reference for new in payments],
                "amounts": [new.amount for new in payments],
                "paid_on": [new.paid_on for new in payments],
                "booked_on": [days[new.paid_on] for new in payments],
            },
        )
        return [key for (key,) in cursor.fetchall()]


def _record_booked(payments: Sequence[Payment], channel: str, acting_user: User | None) -> None:
    """One event for a payment; one for all of a file of them, whose rows name what was paid."""
    if not payments:
        return
    first = payments[0]
    if len(payments) == 1:
        told = {"account": first.account.number, "amount": str(first.amount), "reference": first.reference}
    else:
        told = {"payments": str(len(payments)), "amount": str(sum(payment.amount for payment in payments))}
    record_change(
        acting_user=acting_user,
        action=_BOOKED if len(payments) == 1 else "record payments",
        subject=first,
        division=first.account.division,
        new_values={**told, "channel": channel},
    )


def enter_payment(
    *,
    account: Account,
    amount: Decimal,
    paid_on: date,
    channel: str,
    reference: str,
    acting_user: User,
) -> Payment | WaitingPayment:
    """Book a payment that a person entered; one that brings what was entered for its account within a day, by whomever,
    above PAYMENT_ALONE_AT_MOST waits for a second person: so does the last part of a large one that is split.

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
    _require_no_number_of_a_desk(account, channel, reference)
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
    with transaction.atomic():
        # Of two at once the second counts the first.
        lock_accounts([account.pk])
        if amount + _entered_lately(account, channel, reference) > settings.PAYMENT_ALONE_AT_MOST:
            return _let_wait(account, amount, paid_on, channel, reference, acting_user)
        return record_payment(
            account=account,
            amount=amount,
            paid_on=paid_on,
            channel=channel,
            reference=reference,
            acting_user=acting_user,
            entered_by=acting_user,
        )


def _require_no_number_of_a_desk(account: Account, channel: str, reference: str) -> None:
    """ReportedError (`reference`) for what a receipt of a desk is, or will be, numbered: it would end the desk."""
    code, _line, number = reference.rpartition("-")
    if (
        channel == Payment.Channel.CASH_DESK
        and number.isdigit()
        and CashDesk.objects.filter(enterprise_id=account.enterprise_id, code=code).exists()
    ):
        raise ReportedError(
            Sentence(
                _("{reference} is a number of a cash desk's receipts: give another one."), reference=reference
            ),
            code="reference",
        )


def refuse_large(account: Account, amount: Decimal) -> None:
    """ReportedError (`amount`) for what no one books alone, with what was entered for the account within a day.

    The account is locked, so that of two at once the second counts the first.
    """
    if amount + _entered_lately(account, "", "") > settings.PAYMENT_ALONE_AT_MOST:
        raise ReportedError(
            Sentence(
                _(
                    "One person takes at most {most} for an account in a day. Enter it on the account's page: "
                    "a second person books it."
                ),
                most=settings.PAYMENT_ALONE_AT_MOST,
            ),
            code="amount",
        )


def _entered_lately(account: Account, channel: str, reference: str) -> Decimal:
    """What was entered for the account and booked within the last day and not taken back, but for this very payment.

    When that was says the audit trail, which the database dates. What two people booked counts, too: what one enters
    after it would otherwise be one person's part of it.
    """
    lately = timezone.now() - COUNTED_TOGETHER
    entered = Payment.objects.filter(account=account, reversal=None).exclude(entered_by=None)
    amounts = {
        str(uid): amount
        for uid, amount in entered.exclude(channel=channel, reference=reference).values_list("uid", "amount")
    }
    booked = AuditEvent.objects.filter(
        object_type=Payment._meta.label, object_id__in=amounts, action=_BOOKED, at__gt=lately
    )
    return sum((amounts[uid] for uid in set(booked.values_list("object_id", flat=True))), Decimal(0))


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
    """Book a payment that waited. ReportedError: `same_person` for who entered it, `payment_decided`, `reference` for
    one that has come to be a number of a cash desk; and as `record_payment`."""
    row = _open(waiting)
    if row.entered_by_id == acting_user.pk:
        raise ReportedError(
            Sentence(_("A large payment is booked by somebody else than who entered it.")), code="same_person"
        )
    _require_no_number_of_a_desk(row.account, row.channel, row.reference)
    row.payment = record_payment(
        account=row.account,
        amount=row.amount,
        paid_on=row.paid_on,
        channel=row.channel,
        reference=row.reference,
        acting_user=acting_user,
        entered_by=row.entered_by,
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
