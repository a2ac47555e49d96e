"""Balances and suspicions, as a viewer may see them."""

from datetime import date, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Value

from assets.models import Network
from balances.models import LeakEvent, LeakEventState, LeakSuspicion, ZoneBalance
from gis_core.access import Capability, Viewer, visible


def balances_visible_to(viewer: Viewer) -> QuerySet[ZoneBalance]:
    """Zone balances of the viewer's divisions, with their zones."""
    balances = ZoneBalance.objects.select_related("zone__network").defer("zone__geom")
    return visible(balances, viewer, Capability.VIEW_BALANCES)


def suspicions_visible_to(viewer: Viewer) -> QuerySet[LeakSuspicion]:
    """Leak suspicions of the viewer's divisions, the strongest first."""
    suspicions = LeakSuspicion.objects.select_related("zone__network").defer("zone__geom")
    return visible(suspicions, viewer, Capability.VIEW_BALANCES)


def open_suspicions_visible_to(viewer: Viewer) -> QuerySet[LeakSuspicion]:
    """Suspicions that nobody is done with: not those whose event, of the same zone and days, is closed."""
    week = timedelta(days=7)
    closed = LeakEvent.objects.filter(
        zone=OuterRef("zone"),
        state=LeakEventState.CLOSED,
        started_at__gte=OuterRef("started_on") - Value(week),
        started_at__lt=OuterRef("started_on") + Value(week),
    )
    return suspicions_visible_to(viewer).exclude(Exists(closed))


def months_of(viewer: Viewer, network: Network) -> list[date]:
    """The first days of the months in which a network has balances that the viewer may see, the earliest first."""
    balances = visible(ZoneBalance.objects.all(), viewer, Capability.VIEW_BALANCES)
    months = balances.filter(zone__network=network, granularity=ZoneBalance.Granularity.MONTH)
    return list(months.order_by("period_start").values_list("period_start", flat=True).distinct())
