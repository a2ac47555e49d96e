"""Bills on paper that are handed over to subscribers, and the note of it taken back."""

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import BillDelivery, Invoice
from billing.services.field_refusals import refused_field
from gis_core.models import User
from gis_core.services.audit import record_change

# So many numbers of bills are told in a line of the audit.
_TOLD = 50


@transaction.atomic
def hand_over(
    *, invoices: Sequence[Invoice], day: date, received_by: str = "", acting_user: User | None
) -> int:
    """Note that bills were handed over on a day; return how many were not noted before, which stay as they were.

    Raises ReportedError at `handed_over_on` for a day to come, and for one before a bill was issued.
    """
    if day > timezone.localdate():
        raise refused_field(
            "handed_over_on", _("It is said when the day has come: {day} lies ahead."), day=day
        )
    early = next((invoice for invoice in invoices if invoice.issued_on > day), None)
    if early is not None:
        raise refused_field(
            "handed_over_on", _("The bill {number} is of {day}."), number=early.number, day=early.issued_on
        )
    known = set(BillDelivery.objects.filter(invoice__in=invoices).values_list("invoice_id", flat=True))
    fresh = [invoice for invoice in invoices if invoice.pk not in known]
    # Of two who note the same bill at once the first one did.
    BillDelivery.objects.bulk_create(
        [
            BillDelivery(
                invoice=invoice,
                division_id=invoice.division_id,
                handed_over_on=day,
                received_by=received_by,
                recorded_by=acting_user,
            )
            for invoice in fresh
        ],
        ignore_conflicts=True,
    )
    _record("hand over bills", fresh, acting_user, {"day": day.isoformat(), "received_by": received_by})
    return len(fresh)


@transaction.atomic
def take_back_hand_over(*, invoices: Sequence[Invoice], acting_user: User | None) -> int:
    """Take back the note that bills were handed over; return of how many there was one."""
    noted = BillDelivery.objects.select_for_update(of=("self",)).select_related("invoice__enterprise")
    rows = list(noted.filter(invoice__in=invoices))
    BillDelivery.objects.filter(pk__in=[row.pk for row in rows]).delete()
    _record("take back hand-over of bills", [row.invoice for row in rows], acting_user, {})
    return len(rows)


def _record(
    action: str, invoices: Sequence[Invoice], acting_user: User | None, values: dict[str, str]
) -> None:
    if not invoices:
        return
    record_change(
        acting_user=acting_user,
        action=action,
        subject=invoices[0].enterprise,
        division=invoices[0].enterprise.division,
        new_values={
            "bills": len(invoices),
            "numbers": [invoice.number for invoice in invoices[:_TOLD]],
            **values,
        },
    )
