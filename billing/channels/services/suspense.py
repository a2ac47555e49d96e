"""Deciding whose money it is that came without an owner: assigned to an account, or returned to the payer."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.channels.services.money import book_return
from billing.models import Account, LedgerEntry, SuspenseItem
from billing.services.payments import NewPayment, record_payments
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_State = SuspenseItem.State


@transaction.atomic
def assign_suspense(*, item: SuspenseItem, account: Account, acting_user: User | None) -> SuspenseItem:
    """Book the money as a payment of an account of the same enterprise: Dr suspense, Cr receivable.

    ReportedError: `suspense_decided`; `amount` of what the bank took back; `reference_used`.
    """
    row = _open(item)
    if row.amount < 0:
        raise ReportedError(
            Sentence(_("The bank took this money back; it is no payment of an account.")), code="amount"
        )
    new = NewPayment(account, row.amount, row.paid_on, row.reference)
    [payment] = record_payments(
        payments=[new], channel=row.channel, acting_user=acting_user, book=LedgerEntry.Book.SUSPENSE
    )
    row.payment = payment
    return _decide(row, _State.ASSIGNED, acting_user, {"account": account.number})


@transaction.atomic
def return_suspense(*, item: SuspenseItem, reason: str, acting_user: User | None) -> SuspenseItem:
    """Book the money as sent back, today. ReportedError: `suspense_decided`, `reason` where none is given."""
    if not reason.strip():
        raise ReportedError(Sentence(_("Say why.")), code="reason")
    row = _open(item)
    row.returned_on, row.return_reason = timezone.localdate(), reason.strip()
    decided = _decide(row, _State.RETURNED, acting_user, {"reason": row.return_reason})
    book_return(decided)
    return decided


def _open(item: SuspenseItem) -> SuspenseItem:
    row = SuspenseItem.objects.select_for_update(of=("self",)).select_related("division").get(pk=item.pk)
    if row.state != _State.OPEN:
        raise ReportedError(Sentence(_("This money was decided already.")), code="suspense_decided")
    return row


def _decide(row: SuspenseItem, state: str, acting_user: User | None, values: dict[str, str]) -> SuspenseItem:
    row.state, row.decided_by, row.decided_at = state, acting_user, timezone.now()
    row.save(update_fields=["state", "payment", "returned_on", "return_reason", "decided_by", "decided_at"])
    record_change(
        acting_user=acting_user,
        action=f"suspense {state}",
        subject=row,
        division=row.division,
        old_values={"amount": str(row.amount), "reference": row.reference, "reason": row.reason},
        new_values=values,
    )
    return row
