"""Comparing a day of a channel with the provider's register of it, and booking what is missing here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext_noop as _

from billing.channels.services.statements.registry import read_registry
from billing.channels.services.statements.rows import MoneyRow
from billing.channels.services.transactions import State, now_ms
from billing.models import Account, LedgerEntry, Payment, ProviderTransaction, Reconciliation
from billing.services.payments import NewPayment, record_payments
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

# The page shows as many; the command tells all.
_MOST_KEPT = 1_000


@dataclass
class Compared:
    """A day's payments of ours and theirs, and what one side lacks or states otherwise."""

    ours: list[Payment]
    theirs: list[MoneyRow] | None
    matched: int = 0
    missing_here: list[MoneyRow] = field(default_factory=list)
    missing_there: list[Payment] = field(default_factory=list)
    different: list[tuple[MoneyRow, Payment]] = field(default_factory=list)


def reconcile(
    *,
    enterprise: Enterprise,
    channel: str,
    day: date,
    register: bytes | None = None,
    file: str = "",
    books: bool = False,
    acting_user: User | None,
) -> dict[str, Any]:
    """Compare, keep the result, and with `books` book what the register has and we have not, once.

    Without a register the day agrees when nothing is left at the provider. ReportedError: those of registries; `day`
    for rows of another one, `reference_used` for one that is there twice; `account` where what is to be booked names
    none; `register` where there is none.
    """
    theirs = read_registry(register, file).rows if register is not None else None
    if books and theirs is None:
        raise ReportedError(Sentence(_("Give the register from which to book.")), code="register")
    _require_sense(theirs or [], day)
    with transaction.atomic():
        compared = _compare(enterprise, channel, day, theirs)
        if books:
            booked = _book_missing(enterprise, channel, compared.missing_here, acting_user)
            compared = _compare(enterprise, channel, day, theirs)
        result = _told(enterprise, channel, day, compared)
        if books:
            result["booked"] = booked
        _keep(enterprise, channel, day, result)
    return result


def _require_sense(rows: Sequence[MoneyRow], day: date) -> None:
    """The rows are of the day, and each transaction is there once: twice it would count as two of ours."""
    seen: set[str] = set()
    for row in rows:
        if row.paid_on != day:
            said = Sentence(_("The row is of {day}."), day=row.paid_on)
            raise ReportedError(said, code="day", details=[{"line": row.line, "reason": said}])
        if row.reference in seen:
            said = Sentence(_("The reference {reference} is there twice."), reference=row.reference)
            raise ReportedError(said, code="reference_used", details=[{"line": row.line, "reason": said}])
        seen.add(row.reference)


def _compare(enterprise: Enterprise, channel: str, day: date, theirs: list[MoneyRow] | None) -> Compared:
    ours = list(
        Payment.objects.select_related("account")
        .filter(enterprise=enterprise, channel=channel, paid_on=day)
        # What was taken back on its own day is in no register.
        .filter(Q(reversal=None) | Q(reversal__reversed_on__gt=day))
        .order_by("pk")
    )
    found = Compared(ours, theirs)
    if theirs is None:
        return found
    by_reference = {payment.reference: payment for payment in ours}
    # Booked on another day, or taken back: known all the same, and never booked twice.
    elsewhere = {
        payment.reference: payment
        for payment in Payment.objects.select_related("account").filter(
            enterprise=enterprise,
            channel=channel,
            reference__in=[row.reference for row in theirs if row.reference not in by_reference],
        )
    }
    seen: set[str] = set()
    for row in theirs:
        seen.add(row.reference)
        payment = by_reference.get(row.reference)
        if payment is None and row.reference in elsewhere:
            found.different.append((row, elsewhere[row.reference]))
        elif payment is None:
            found.missing_here.append(row)
        elif (payment.amount, payment.account.number) != (row.amount, row.account):
            found.different.append((row, payment))
        else:
            found.matched += 1
    found.missing_there = [payment for payment in ours if payment.reference not in seen]
    return found


def _book_missing(
    enterprise: Enterprise, channel: str, rows: Sequence[MoneyRow], acting_user: User | None
) -> int:
    """The provider has the money: it is booked under the provider's own reference, so that its call finds it."""
    # What was begun here is held first, as the provider's own call holds it.
    begun = {
        row.provider_id: row
        for row in ProviderTransaction.objects.select_for_update(of=("self",))
        .filter(enterprise=enterprise, channel=channel, provider_id__in=[one.reference for one in rows])
        .order_by("pk")
    }
    accounts = {
        account.number: account
        for account in Account.objects.filter(
            enterprise=enterprise, number__in={row.account for row in rows}, currency="UZS"
        )
    }
    new = []
    for row in rows:
        if row.account not in accounts:
            said = Sentence(_("There is no account {number}."), number=row.account)
            raise ReportedError(said, code="account", details=[{"line": row.line, "reason": said}])
        new.append(NewPayment(accounts[row.account], row.amount, row.paid_on, row.reference))
    made = record_payments(payments=new, channel=channel, acting_user=acting_user)
    for payment in made:
        _perform_begun(begun.get(payment.reference), payment)
    return len(made)


def _perform_begun(row: ProviderTransaction | None, payment: Payment) -> None:
    """A created row of the same account and sum is performed by this; one that has ended stays as it ended."""
    if row is None or row.state != State.CREATED:
        return
    if (row.account_id, row.amount_tiyin) == (payment.account_id, int(payment.amount * 100)):
        row.payment, row.state, row.performed_at_ms = payment, State.PERFORMED, now_ms()
        row.save(update_fields=["payment", "state", "performed_at_ms"])


def clearing_balance(enterprise: Enterprise, channel: str) -> Decimal:
    """What a provider has collected and not paid out."""
    legs = LedgerEntry.objects.filter(
        book=LedgerEntry.Book.CLEARING, channel=channel, transaction__enterprise=enterprise
    )
    return legs.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _told(enterprise: Enterprise, channel: str, day: date, compared: Compared) -> dict[str, Any]:
    balance = clearing_balance(enterprise, channel)
    differences = bool(compared.missing_here or compared.missing_there or compared.different)
    return {
        "enterprise": enterprise.code,
        "channel": channel,
        "date": day.isoformat(),
        "ours": _counted([payment.amount for payment in compared.ours]),
        "theirs": None if compared.theirs is None else _counted([row.amount for row in compared.theirs]),
        "matched": compared.matched,
        "missing_here": [_row_told(row) for row in compared.missing_here],
        "missing_there": [_payment_told(payment) for payment in compared.missing_there],
        "different": [
            {"reference": row.reference, "ours": _payment_told(payment), "theirs": _row_told(row)}
            for row, payment in compared.different
        ],
        "clearing_balance": f"{balance:.2f}",
        "agrees": balance == 0 if compared.theirs is None else not differences,
    }


def _counted(amounts: Sequence[Decimal]) -> dict[str, Any]:
    return {"count": len(amounts), "amount": f"{sum(amounts, Decimal(0)):.2f}"}


def _row_told(row: MoneyRow) -> dict[str, str]:
    return {"reference": row.reference, "account": row.account, "amount": f"{row.amount:.2f}"}


def _payment_told(payment: Payment) -> dict[str, str]:
    return {
        "reference": payment.reference,
        "account": payment.account.number,
        "amount": f"{payment.amount:.2f}",
        "paid_on": payment.paid_on.isoformat(),
        "state": payment.state,
    }


def _keep(enterprise: Enterprise, channel: str, day: date, result: dict[str, Any]) -> None:
    """For the page that shows what differed yesterday. A later look without a register keeps what the register said."""
    theirs = result["theirs"]
    if theirs is None and Reconciliation.objects.filter(
        enterprise=enterprise, channel=channel, day=day, their_count__isnull=False
    ):
        return
    differences = [
        {"kind": kind, **row}
        for kind in ("missing_here", "missing_there", "different")
        for row in result[kind]
    ]
    row, _is_new = Reconciliation.objects.update_or_create(
        enterprise=enterprise,
        channel=channel,
        day=day,
        defaults={
            "division_id": enterprise.division_id,
            "our_count": result["ours"]["count"],
            "our_amount": Decimal(result["ours"]["amount"]),
            "their_count": theirs["count"] if theirs else None,
            "their_amount": Decimal(theirs["amount"]) if theirs else None,
            "matched": result["matched"],
            "differences": differences[:_MOST_KEPT],
            "clearing_balance": Decimal(result["clearing_balance"]),
            "agrees": result["agrees"],
        },
    )
    record_change(
        acting_user=None,
        action="reconcile channel",
        subject=row,
        division=enterprise.division,
        new_values={
            name: result[name] for name in ("date", "ours", "theirs", "matched", "clearing_balance", "agrees")
        },
        subject_id=f"{enterprise.code} {channel} {day}",
    )
