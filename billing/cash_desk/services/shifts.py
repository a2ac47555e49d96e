"""Shifts of cash desks: opened with a float, closed by a count."""

from decimal import Decimal

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import book_difference
from billing.models import CashDesk, CashShift
from billing.services.field_refusals import refused_field
from gis_core.database.refusals import constraint_of, refusal_of
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_TAKEN = {
    "cash_shift_open_once_a_desk": _("Another cashier has a shift open at this desk."),
    "cash_shift_open_once_a_cashier": _("You have a shift open at another desk: close it first."),
}


def lock_desk(desk_id: int) -> CashDesk:
    """The desk, at which nobody else writes until the transaction ends. It is locked before any account."""
    rows = CashDesk.objects.select_related("enterprise", "division").select_for_update(
        of=("self",), no_key=True
    )
    return rows.get(pk=desk_id)


@transaction.atomic
def open_shift(*, desk: CashDesk, float_amount: Decimal, acting_user: User) -> CashShift:
    """Open a shift of the acting cashier. One that he has open at this desk is answered again: a second tab's.

    ReportedError: `float_amount`, `desk_closed` for one out of use, `shift_open` where there is another.
    """
    _require_cash(float_amount, "float_amount")
    desk = lock_desk(desk.pk)
    mine = CashShift.objects.filter(desk=desk, cashier=acting_user, closed_at=None).first()
    if mine is not None:
        return mine
    if not desk.is_active:
        raise ReportedError(Sentence(_("This desk is not in use.")), code="desk_closed")
    try:
        with transaction.atomic():
            shift = CashShift.objects.create(
                desk=desk,
                enterprise_id=desk.enterprise_id,
                division_id=desk.division_id,
                cashier=acting_user,
                float_amount=float_amount,
            )
    except IntegrityError as error:
        taken = _TAKEN.get(constraint_of(error))
        raise ReportedError(Sentence(taken), code="shift_open") if taken else refusal_of(error) from error
    shift.refresh_from_db()
    _record(shift, "open cash shift", acting_user, {"float": str(float_amount)})
    return shift


@transaction.atomic
def close_shift(*, shift: CashShift, counted: Decimal, reason: str, acting_user: User) -> CashShift:
    """Close a shift by what was counted in the drawer; a difference is booked, and has a reason.

    What should lie there the database computes now. The count is not blind: the sums of the open shift are shown, from
    which it follows. ReportedError: `counted`, `shift_closed`, `reason` for a difference without.
    """
    _require_cash(counted, "counted")
    desk = lock_desk(shift.desk_id)
    row = CashShift.objects.get(pk=shift.pk)
    if row.closed_at is not None:
        raise ReportedError(Sentence(_("This shift was closed already.")), code="shift_closed")
    # Of the moment for the constraint; the database writes its own, and what should lie there.
    row.counted, row.expected, row.reason = counted, counted, reason.strip()
    row.closed_by, row.closed_at = acting_user, timezone.now()
    try:
        with transaction.atomic():
            row.save(update_fields=["counted", "expected", "reason", "closed_by", "closed_at"])
    except IntegrityError as error:
        if constraint_of(error) != "cash_shift_difference_says_why":
            raise refusal_of(error) from error
        raise refused_field(
            "reason", _("This is not what should lie in the drawer. Count again, or say why."), code="reason"
        ) from error
    row.refresh_from_db()
    if row.difference and row.closed_at is not None:
        book_difference(row, timezone.localdate(row.closed_at))
    _record(
        row,
        "close cash shift",
        acting_user,
        {"counted": str(counted), "expected": str(row.expected), "reason": row.reason, "desk": desk.code},
    )
    return row


def _record(shift: CashShift, action: str, acting_user: User, values: dict[str, str]) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=shift,
        division=shift.division,
        new_values={"desk": shift.desk.code, "shift": shift.number, **values},
    )


def _require_cash(amount: Decimal, field: str) -> None:
    if not 0 <= amount <= settings.PAYMENT_AT_MOST or amount != amount.quantize(Decimal("0.01")):
        raise refused_field(field, _("{amount} cannot lie in a drawer."), amount=amount)
