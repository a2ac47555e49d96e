"""An account's statement: each document of the books with what was owed after it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from billing.models import Account
from gis_core.database.sql_files import load_sql


@dataclass(frozen=True)
class StatementRow:
    """One document as it was booked. `amount` positive is charged, negative is paid or given up; `balance` follows it.

    `kind` is invoice, payment, reversal or refund (of a payment) or write_off.
    """

    booked_on: date
    kind: str
    number: str
    invoice_uid: UUID | None
    payment_uid: UUID | None
    document_day: date
    reason: str
    amount: Decimal
    balance: Decimal

    @property
    def paid(self) -> Decimal:
        """What it took off the debt."""
        return -self.amount


@dataclass(frozen=True)
class Statement:
    """What happened on an account from `first_day` to `last_day` (None: no end). opening + charged - paid = closing."""

    first_day: date | None
    last_day: date | None
    opening: Decimal
    rows: list[StatementRow]

    @property
    def newest_first(self) -> list[StatementRow]:
        return self.rows[::-1]

    @property
    def charged(self) -> Decimal:
        return sum((row.amount for row in self.rows if row.amount > 0), Decimal(0))

    @property
    def paid(self) -> Decimal:
        return -sum((row.amount for row in self.rows if row.amount < 0), Decimal(0))

    @property
    def closing(self) -> Decimal:
        return self.rows[-1].balance if self.rows else self.opening


def statement_of(account: Account, first_day: date | None = None, last_day: date | None = None) -> Statement:
    """The account's statement of the days given, both included, in its currency; the caller has checked access.

    Bills are booked at their month's end: those of the month that runs may lie ahead.
    """
    asked = {"account_id": account.pk, "first_day": first_day, "last_day": last_day}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.ledger", "statement"), asked)
        rows = [StatementRow(*values) for values in cursor.fetchall()]
    if rows:
        return Statement(first_day, last_day, rows[0].balance - rows[0].amount, rows)
    if first_day is None:
        return Statement(first_day, last_day, Decimal(0), rows)
    before = account.entries.filter(transaction__booked_on__lt=first_day).aggregate(total=Sum("amount"))
    return Statement(first_day, last_day, before["total"] or Decimal(0), rows)
