"""Booking money that is no subscriber's yet: what came without an owner, what was returned, what providers paid out."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.ledger.services.booking import booking_day
from billing.models import BankSettlement, LedgerEntry, LedgerTransaction, SuspenseItem

_Book = LedgerEntry.Book
# A book, its channel, debit positive.
_Leg = tuple[str, str | None, Decimal]


def book_suspense(items: Sequence[SuspenseItem]) -> None:
    """Dr where the money lies, Cr suspense."""
    _book("suspense", [(item, item.paid_on, _legs(item)) for item in items])


def book_return(item: SuspenseItem) -> None:
    """The same back, on the day of the return."""
    legs = [(book, channel, -amount) for book, channel, amount in _legs(item)]
    if item.returned_on is None:
        raise RuntimeError("what is returned has its day")
    _book("suspense_return", [(item, item.returned_on, legs)])


def book_settlements(settlements: Sequence[BankSettlement]) -> None:
    """Dr bank, Dr fees, Cr what the provider had collected."""
    _book(
        "settlement",
        [
            (
                one,
                one.paid_on,
                [
                    (_Book.BANK, None, one.amount),
                    (_Book.FEES, None, one.fee),
                    (_Book.CLEARING, one.channel, -one.amount - one.fee),
                ],
            )
            for one in settlements
        ],
    )


def _legs(item: SuspenseItem) -> list[_Leg]:
    channel = item.channel if item.book == _Book.CLEARING else None
    return [(item.book, channel, item.amount), (_Book.SUSPENSE, None, -item.amount)]


def _book(source: str, documents: Sequence[tuple[Any, date, list[_Leg]]]) -> None:
    """A transaction with its legs for each document; all of one enterprise."""
    if not documents:
        return
    enterprise_id = documents[0][0].enterprise_id
    days = {day: booking_day(enterprise_id, day) for day in sorted({day for _one, day, _legs in documents})}
    heads = LedgerTransaction.objects.bulk_create(
        LedgerTransaction(
            enterprise_id=enterprise_id,
            division_id=one.division_id,
            month=days[day].replace(day=1),
            booked_on=days[day],
            **{source: one},
        )
        for one, day, _legs in documents
    )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(transaction=head, division_id=head.division_id, book=book, channel=channel, amount=amount)
        for head, (_one, _day, legs) in zip(heads, documents, strict=True)
        for book, channel, amount in legs
        if amount != 0
    )
