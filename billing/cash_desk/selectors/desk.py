"""Desks, shifts, slips and waiting refunds, as a viewer may see them; totals of a shift."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet, Sum

from billing.models import CashDesk, CashShift, CashSlip, LedgerEntry, WaitingRefund
from billing.selectors.accounts import masked_name
from gis_core.access import Capability, Viewer, visible
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.models import User

_Kind = CashSlip.Kind


def desks_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[CashDesk]:
    """Cash desks of the viewer's divisions."""
    return visible(CashDesk.objects.select_related("enterprise", "division"), viewer, capability)


def shifts_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[CashShift]:
    """Shifts of the viewer's desks, the newest first."""
    shifts = CashShift.objects.select_related("desk__enterprise", "division", "cashier", "closed_by")
    return visible(shifts, viewer, capability)


def slips_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[CashSlip]:
    """Papers of cash desks for accounts of the viewer's divisions, the newest first."""
    slips = CashSlip.objects.select_related(
        *("desk__enterprise", "shift", "account__subscriber__street", "account__division", "payment"),
        *("receipt__desk", "made_by", "approved_by"),
    ).prefetch_related("later_slips")
    return visible(slips, viewer, capability)


def waiting_refunds_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[WaitingRefund]:
    """Refunds that somebody proposed for accounts of the viewer's divisions, with who decided about them."""
    rows = WaitingRefund.objects.select_related(
        *("receipt__desk", "receipt__account__subscriber", "receipt__account__division"),
        *("proposed_by", "decided_by", "slip__desk"),
    )
    return visible(rows, viewer, capability)


def refunds_to_confirm(viewer: Viewer) -> QuerySet[WaitingRefund]:
    """Those that wait for the viewer: others proposed them."""
    rows = waiting_refunds_visible_to(viewer, Capability.RECORD_PAYMENTS).filter(
        state=WaitingRefund.State.OPEN
    )
    return rows.exclude(proposed_by=viewer.pk) if isinstance(viewer, User) else rows.none()


def open_shift_of_viewer(viewer: Viewer) -> CashShift | None:
    """The shift that the viewer has open at a desk."""
    return shifts_visible_to(viewer).filter(cashier=viewer.pk, closed_at=None).first()


@dataclass(frozen=True)
class ShiftTotals:
    """Sums and numbers of a shift's slips by kind, in its currency. `expected` is what should lie in the drawer."""

    receipts: Decimal
    receipt_count: int
    cancellations: Decimal
    cancellation_count: int
    refunds: Decimal
    refund_count: int
    float_amount: Decimal

    @property
    def expected(self) -> Decimal:
        return self.float_amount + self.receipts - self.cancellations - self.refunds


def totals_of(shift: CashShift) -> ShiftTotals:
    """What the slips of a shift add up to."""
    rows = shift.slips.order_by().values("kind").annotate(amount=Sum("amount"), number=Count("pk"))
    found = {row["kind"]: (row["amount"], row["number"]) for row in rows}
    receipts, cancellations, refunds = (found.get(kind.value, (Decimal(0), 0)) for kind in _Kind)
    return ShiftTotals(*receipts, *cancellations, *refunds, shift.float_amount)


def balance_after(slip: CashSlip) -> Decimal:
    """What the account owed when the slip had been booked: positive is owed."""
    name, key = {
        _Kind.RECEIPT: ("payment", slip.payment_id),
        _Kind.CANCELLATION: ("reversal", slip.reversal_id),
        _Kind.REFUND: ("refund", slip.pk),
    }[_Kind(slip.kind)]
    booked = LedgerEntry.objects.filter(**{f"transaction__{name}": key})
    head = booked.values_list("transaction", flat=True)[:1]
    total = LedgerEntry.objects.filter(account=slip.account_id, transaction__lte=head).aggregate(
        total=Sum("amount")
    )["total"]
    return total or Decimal(0)


@dataclass(frozen=True)
class PublicReceipt:
    """What a paper's QR code tells whoever holds it: no more than the paper itself."""

    number: str
    kind: str
    enterprise: str
    phone: str
    made_on: Any
    amount: Decimal
    name: str
    is_cancelled: bool
    refunded: Decimal


def public_receipt(uid: UUID) -> PublicReceipt | None:
    """The slip of that key, for anybody who knows it; None when there is none."""
    with working_in(EVERYTHING):
        slips = CashSlip.objects.select_related("desk__enterprise", "account__subscriber")
        try:
            slip = slips.filter(uid=uid).first()
        except ValidationError:
            return None
        if slip is None:
            return None
        later = list(slip.later_slips.all())
        return PublicReceipt(
            number=str(slip),
            kind=slip.kind,
            enterprise=slip.desk.enterprise.name,
            phone=slip.desk.enterprise.phone,
            made_on=slip.made_on,
            amount=slip.amount,
            name=masked_name(slip.account),
            is_cancelled=any(one.kind == _Kind.CANCELLATION for one in later),
            refunded=sum((one.amount for one in later if one.kind == _Kind.REFUND), Decimal(0)),
        )
