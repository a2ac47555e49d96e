"""Money of unknown owners, and days compared with providers, as people may see them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils import timezone

from billing.models import LedgerEntry, PaymentChannelCode, Reconciliation, SuspenseItem
from gis_core.access import Capability, Viewer, visible

# English names of the channels by their codes, to be translated where they are shown.
CHANNEL_NAMES = dict(PaymentChannelCode.choices)


def suspense_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[SuspenseItem]:
    """Money that came to the enterprises of the viewer's divisions without an owner, the newest first."""
    rows = SuspenseItem.objects.select_related("enterprise", "payment__account", "decided_by")
    return visible(rows, viewer, capability)


def suspense_sums(viewer: Viewer) -> dict[str, Any]:
    """How many are open and their sum, UZS."""
    rows = suspense_visible_to(viewer).filter(state=SuspenseItem.State.OPEN).order_by()
    return {"count": rows.count(), "amount": rows.aggregate(total=Sum("amount"))["total"] or Decimal(0)}


def reconciliations_visible_to(viewer: Viewer) -> QuerySet[Reconciliation]:
    """Days of channels as they were last compared."""
    return visible(Reconciliation.objects.select_related("enterprise"), viewer, Capability.VIEW_SUBSCRIBERS)


def yesterday_first(viewer: Viewer, days: int = 30) -> list[Reconciliation]:
    """The last days' comparisons: yesterday's that differ, then the others that differ, then those that agree."""
    yesterday = timezone.localdate() - timedelta(days=1)
    rows = reconciliations_visible_to(viewer).filter(day__gte=yesterday - timedelta(days=days))
    return sorted(rows, key=lambda row: (row.agrees, row.day != yesterday, -row.day.toordinal(), row.channel))


def clearing_by_channel(viewer: Viewer) -> list[dict[str, Any]]:
    """What each provider has collected and not paid out, UZS, by enterprise."""
    legs = visible(
        LedgerEntry.objects.filter(book=LedgerEntry.Book.CLEARING), viewer, Capability.VIEW_SUBSCRIBERS
    )
    rows = (
        legs.order_by()
        .values("transaction__enterprise__name", "channel")
        .annotate(balance=Sum("amount"))
        .order_by("transaction__enterprise__name", "channel")
    )
    return [dict(row) for row in rows]
