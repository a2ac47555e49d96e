"""What the state owes for benefits and subsidies in a month, line by line: the file for social protection."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from billing.models import InvoiceLine, LedgerEntry
from gis_core.access import Capability, Viewer, visible
from gis_core.models import Enterprise

STATE_SHARE_COLUMNS = (
    *("month", "account", "registry_number", "subscriber", "personal_id", "address", "service", "kind"),
    *("from", "to", "quantity", "share_percent", "net_uzs", "vat_uzs", "total_uzs", "invoice"),
)


def state_share(viewer: Viewer, enterprise: Enterprise, month: date) -> QuerySet[InvoiceLine]:
    """The lines of a month's bills that the state pays, of the viewer's divisions; corrections are among them."""
    lines = InvoiceLine.objects.filter(
        invoice__enterprise=enterprise, invoice__month=month, kind__in=["benefit", "subsidy"]
    )
    lines = lines.select_related("service", "invoice__account__subscriber__street")
    return visible(lines, viewer, Capability.VIEW_SUBSCRIBERS, division="invoice__division").order_by(
        "invoice__account__number", "id"
    )


def state_share_rows(lines: QuerySet[InvoiceLine]) -> Iterator[list[Any]]:
    """Rows of STATE_SHARE_COLUMNS; money is what the state owes, and what it gets back is negative."""
    for line in lines.iterator(chunk_size=2000):
        account = line.invoice.account
        subscriber = account.subscriber
        yield [
            *(line.invoice.month, account.number, subscriber.registry_number, subscriber.name),
            *(subscriber.personal_id, subscriber.address, line.service_id, line.kind),
            *(line.consumption_from, line.consumption_to, line.quantity, line.share_percent),
            *(-line.net, -line.vat, -line.net - line.vat, line.invoice.number),
        ]


def state_receivable(viewer: Viewer, enterprise: Enterprise, month: date) -> Decimal:
    """What was booked on the state in a month, UZS: the sum of the file."""
    legs = LedgerEntry.objects.filter(
        book=LedgerEntry.Book.STATE, transaction__enterprise=enterprise, transaction__month=month
    )
    total = visible(legs, viewer, Capability.VIEW_SUBSCRIBERS).aggregate(total=Sum("amount"))["total"]
    return total or Decimal(0)
