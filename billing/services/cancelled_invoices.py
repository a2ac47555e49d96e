"""A bill taken back by a credit note; the next run bills again what is right by then."""

from django.db import connection, transaction
from django.db.models import Min
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import first_open_month
from billing.models import BillingRun, Invoice, InvoiceCancellation, InvoiceLine, Repricing
from billing.services.runs import lock_counter, post_due_lines
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change


@transaction.atomic
def cancel_invoice(*, invoice: Invoice, reason: str, acting_user: User | None) -> InvoiceCancellation:
    """Take back a bill's charges that still stand, by a credit note in the first month that is open.

    The account is priced again by the next run, which bills what is right then: the same, when nothing was changed.
    But penalties that are taken back are given up: no run charges them again. Corrections of earlier bills in it stay.
    Raises ReportedError: `reason` where none is given, `cancelled` when it
    was, `nothing_stands` when later bills have taken back all of it, or it has no charges of its own.
    """
    if not reason.strip():
        raise ReportedError(Sentence(_("Say why.")), code="reason")
    enterprise, account = invoice.enterprise, invoice.account
    month = first_open_month(enterprise.pk, invoice.month)
    counter = lock_counter(enterprise, month.year)
    if InvoiceCancellation.objects.filter(invoice=invoice).exists():
        raise ReportedError(
            Sentence(_("The bill {number} was taken back already."), number=invoice.number), code="cancelled"
        )
    with connection.cursor() as cursor:
        asked = {"invoice_id": invoice.pk, "account_id": account.pk}
        cursor.execute(load_sql("billing", "cancelled_lines"), asked)
        cursor.execute("SELECT EXISTS (SELECT FROM due_line)")
        if not cursor.fetchone()[0]:
            raise ReportedError(
                Sentence(
                    _("Nothing of the bill {number} stands that could be taken back."), number=invoice.number
                ),
                code="nothing_stands",
            )
        run = BillingRun.objects.create(
            enterprise=enterprise,
            division=enterprise.division,
            account=account,
            month=month,
            is_penalty=invoice.is_penalty,
        )
        post_due_lines(cursor, run, counter)
    if not invoice.is_penalty:
        _price_again(invoice)
    made = InvoiceCancellation.objects.create(
        invoice=invoice,
        credit_note=run.invoices.get(),
        division_id=invoice.division_id,
        reason=reason,
        cancelled_by=acting_user,
    )
    record_change(
        acting_user=acting_user,
        action="cancel invoice",
        subject=invoice,
        subject_id=invoice.number,
        division=invoice.division,
        new_values={"credit_note": made.credit_note.number, "reason": reason},
    )
    return made


def _price_again(invoice: Invoice) -> None:
    lines = InvoiceLine.objects.filter(invoice=invoice, is_reversal=False)
    Repricing.objects.create(
        enterprise=invoice.enterprise,
        account=invoice.account,
        from_month=lines.aggregate(first=Min("consumption_month"))["first"],
    )
