"""Refunds of receipts after their shift: proposed by the cashier who pays them out, confirmed by a second person."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.cash_desk.services.slips import (
    open_shift_of,
    pay_back,
    require_account_of_desk,
    require_left,
    require_receipt,
)
from billing.ledger.services.booking import book, lock_accounts
from billing.ledger.services.corrections import require_reason
from billing.models import CashSlip, LedgerEntry, WaitingRefund
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_State = WaitingRefund.State


@transaction.atomic
def propose_refund(*, receipt: CashSlip, amount: Decimal, reason: str, acting_user: User) -> WaitingRefund:
    """Propose to pay a receipt back, or a part, out of the acting cashier's open shift. The same again is one.

    ReportedError: `reason`, `not_a_receipt`, `no_shift`, `account` for one that is not the desk's, `amount` for more
    than is left, `refund_waits` where another one waits.
    """
    require_reason(reason)
    require_receipt(receipt)
    require_account_of_desk(receipt.account, open_shift_of(acting_user).desk)
    lock_accounts([receipt.account_id])
    require_left(receipt, amount)
    waiting = WaitingRefund.objects.filter(receipt=receipt, state=_State.OPEN).first()
    if waiting is not None:
        if (waiting.amount, waiting.proposed_by_id) != (amount, acting_user.pk):
            raise ReportedError(
                Sentence(
                    _("A refund of {amount} waits for a second person: confirm it or let it go first."),
                    amount=waiting.amount,
                ),
                code="refund_waits",
            )
        return waiting
    row = WaitingRefund.objects.create(
        enterprise_id=receipt.enterprise_id,
        division_id=receipt.division_id,
        receipt=receipt,
        amount=amount,
        reason=reason,
        proposed_by=acting_user,
    )
    _record(row, "propose refund", acting_user)
    return row


@transaction.atomic
def confirm_refund(*, waiting: WaitingRefund, acting_user: User) -> WaitingRefund:
    """Have it paid out of its proposer's open shift, and book it. ReportedError: `same_person` for who proposed it,
    `refund_decided`, `no_shift` when his shift is closed, `amount` where less is left by now."""
    if waiting.proposed_by_id == acting_user.pk:
        raise ReportedError(
            Sentence(_("A refund is confirmed by somebody else than who proposed it.")), code="same_person"
        )
    _require_open(WaitingRefund.objects.get(pk=waiting.pk))
    slip = pay_back(
        receipt=waiting.receipt,
        amount=waiting.amount,
        reason=waiting.reason,
        cashier=waiting.proposed_by,
        approved_by=acting_user,
    )
    # Its desk and account are locked by now: of two at once the second finds it decided.
    row = _open(waiting)
    book(
        slip,
        account=slip.account,
        day=slip.made_on,
        amount=slip.amount,
        against=LedgerEntry.Book.CASH,
    )
    row.slip = slip
    return _decide(row, _State.CONFIRMED, "confirm refund", acting_user)


@transaction.atomic
def withdraw_refund(*, waiting: WaitingRefund, acting_user: User) -> WaitingRefund:
    """Let it go; it was in no book. ReportedError (`refund_decided`)."""
    return _decide(_open(waiting), _State.WITHDRAWN, "withdraw refund", acting_user)


def _open(waiting: WaitingRefund) -> WaitingRefund:
    rows = WaitingRefund.objects.select_for_update(of=("self",)).select_related(
        "receipt__desk", "receipt__account__division", "proposed_by"
    )
    row = rows.get(pk=waiting.pk)
    _require_open(row)
    return row


def _require_open(row: WaitingRefund) -> None:
    if row.state != _State.OPEN:
        raise ReportedError(Sentence(_("This refund was decided already.")), code="refund_decided")


def _decide(row: WaitingRefund, state: str, action: str, acting_user: User) -> WaitingRefund:
    row.state, row.decided_by, row.decided_at = state, acting_user, timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at", "slip"])
    _record(row, action, acting_user)
    return row


def _record(row: WaitingRefund, action: str, acting_user: User) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row,
        division=row.receipt.account.division,
        new_values={
            "receipt": str(row.receipt),
            "account": row.receipt.account.number,
            "amount": str(row.amount),
            "reason": row.reason,
        },
    )
