"""Booking documents other than invoices: on which day of the books, and with which legs."""

from datetime import date
from decimal import Decimal

from django.db import connection

from billing.models import (
    Account,
    BillingMonth,
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


def lock_accounts(account_ids: list[int]) -> None:
    """Let nobody else settle these accounts until the transaction ends; bills are posted meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM billing_account WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE", [account_ids]
        )


def booking_day(enterprise_id: int, day: date) -> date:
    """The day on which a document of `day` is booked: its own, or, in closed months, the first day that is open.

    The month stays open until this transaction ends; runs and other documents hold it so beside each other.
    """
    month = day.replace(day=1)
    while not _is_held_open(enterprise_id, month):
        month = _following(month)
    return max(day, month)


def _is_held_open(enterprise_id: int, month: date) -> bool:
    BillingMonth.objects.get_or_create(enterprise_id=enterprise_id, month=month)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM billing_billingmonth WHERE enterprise_id = %s AND month = %s FOR SHARE",
            [enterprise_id, month],
        )
        return str(cursor.fetchone()[0]) == BillingMonth.State.OPEN


def _following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def book(
    document: PaymentReversal | WriteOff,
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
        **{"reversal" if isinstance(document, PaymentReversal) else "write_off": document},
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
