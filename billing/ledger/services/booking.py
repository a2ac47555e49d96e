"""Booking documents other than invoices: on which day of the books, and with which legs."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from django.db import connection

from billing.models import (
    Account,
    BillingMonth,
    CashShift,
    CashSlip,
    LedgerEntry,
    LedgerTransaction,
    PaymentChannelCode,
    PaymentReversal,
    WriteOff,
)


def book_of_money(channel: str) -> str:
    """Where the money of a channel lies when it is paid: what a provider collected is not at the bank yet."""
    return {
        PaymentChannelCode.CASH_DESK: LedgerEntry.Book.CASH,
        PaymentChannelCode.BANK: LedgerEntry.Book.BANK,
    }.get(PaymentChannelCode(channel), LedgerEntry.Book.CLEARING)


def lock_accounts(
    account_ids: list[int], strength: Literal["NO KEY UPDATE", "UPDATE"] = "NO KEY UPDATE"
) -> None:
    """Let nobody else settle these accounts until the transaction ends; bills are posted meanwhile.

    With `UPDATE` nobody writes a row that names them, either: who wrote one already is waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT FROM billing_account WHERE id = ANY (%s) ORDER BY id FOR {strength}", [account_ids]
        )


def booking_day(enterprise_id: int, day: date) -> date:
    """The day on which a document of `day` is booked; see `booking_days`."""
    return booking_days(enterprise_id, [day])[day]


def booking_days(enterprise_id: int, days: Iterable[date]) -> dict[date, date]:
    """The day on which documents of each day are booked: its own, or, in closed months, the first day that is open.

    A month that has no books and lies before a closed one is closed, too. The months stay open until this transaction
    ends; runs and other documents hold them so beside each other. All are opened before any is held: who closes one
    locks the enterprise before the month, and nobody waits for both the other way round.
    """
    asked = sorted(set(days))
    while True:
        months = {day: first_open_month(enterprise_id, day.replace(day=1)) for day in asked}
        if all(
            _hold(enterprise_id, month) == BillingMonth.State.OPEN for month in sorted(set(months.values()))
        ):
            return {day: max(day, month) for day, month in months.items()}


def first_open_month(enterprise_id: int, month: date) -> date:
    """The first month from this one on that takes entries; its books are made where there are none."""
    while not open_month(enterprise_id, month):
        month = _following(month)
    return month


def open_month(enterprise_id: int, month: date) -> bool:
    """Make the books of a month where there are none; False when it takes no entries any more.

    Nobody closes a later month meanwhile: the enterprise is locked first, as closing does.
    """
    if not BillingMonth.objects.filter(enterprise_id=enterprise_id, month=month).exists():
        lock_enterprise(enterprise_id, "SHARE")
        if is_month_shut(enterprise_id, month):
            return False
        BillingMonth.objects.get_or_create(enterprise_id=enterprise_id, month=month)
    return not is_month_shut(enterprise_id, month)


def is_month_shut(enterprise_id: int, month: date) -> bool:
    """Whether a month is closed, or has no books and lies before a closed one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_month_shut(%s, %s)", [enterprise_id, month])
        return bool(cursor.fetchone()[0])


def lock_enterprise(enterprise_id: int, strength: Literal["SHARE", "NO KEY UPDATE"]) -> None:
    """Lock an enterprise's row before those of its months: shared by who opens one, alone by who closes one."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT FROM gis_core_enterprise WHERE id = %s FOR {strength}",
            [enterprise_id],
        )


def _hold(enterprise_id: int, month: date) -> str:
    """The month's state, which stays so until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM billing_billingmonth WHERE enterprise_id = %s AND month = %s FOR SHARE",
            [enterprise_id, month],
        )
        return str(cursor.fetchone()[0])


def _following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


# By what the books name a document.
_SOURCE = {PaymentReversal: "reversal", WriteOff: "write_off", CashSlip: "refund"}


def book(
    document: PaymentReversal | WriteOff | CashSlip,
    *,
    account: Account,
    day: date,
    amount: Decimal,
    against: str,
    channel: str | None = None,
) -> LedgerTransaction:
    """Book a document of one account: `amount` (debit positive) on its receivable, and the rest `against` a book, which
    names its channel where that collected the money."""
    booked_on = booking_day(account.enterprise_id, day)
    head = LedgerTransaction.objects.create(
        enterprise_id=account.enterprise_id,
        division_id=account.division_id,
        month=booked_on.replace(day=1),
        booked_on=booked_on,
        **{_SOURCE[type(document)]: document},
    )
    legs = [(LedgerEntry.Book.RECEIVABLE, account, None, amount), (against, None, channel, -amount)]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            transaction=head,
            division_id=head.division_id,
            book=name,
            account=of_account,
            channel=of_channel,
            amount=value,
        )
        for name, of_account, of_channel, value in legs
    )
    return head


def book_difference(shift: CashShift, day: date) -> LedgerTransaction:
    """Book what was counted in a drawer beyond what should lie there, or what is missing: cash against differences."""
    booked_on = booking_day(shift.enterprise_id, day)
    head = LedgerTransaction.objects.create(
        enterprise_id=shift.enterprise_id,
        division_id=shift.division_id,
        month=booked_on.replace(day=1),
        booked_on=booked_on,
        shift=shift,
    )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(transaction=head, division_id=head.division_id, book=name, amount=amount)
        for name, amount in (
            (LedgerEntry.Book.CASH, shift.difference),
            (LedgerEntry.Book.DIFFERENCES, -shift.difference),
        )
    )
    return head
