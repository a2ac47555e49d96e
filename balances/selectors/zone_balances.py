"""Balances, as a viewer may see them."""

from datetime import date

from django.db.models import QuerySet

from assets.models import Network
from balances.models import ZoneBalance
from gis_core.access import Capability, Viewer, visible


def balances_visible_to(viewer: Viewer) -> QuerySet[ZoneBalance]:
    """Zone balances of the viewer's divisions, with their zones."""
    balances = ZoneBalance.objects.select_related("zone__network").defer("zone__geom")
    return visible(balances, viewer, Capability.VIEW_BALANCES)


def months_of(viewer: Viewer, network: Network) -> list[date]:
    """The first days of the months in which a network has balances that the viewer may see, the earliest first."""
    balances = visible(ZoneBalance.objects.all(), viewer, Capability.VIEW_BALANCES)
    months = balances.filter(zone__network=network, granularity=ZoneBalance.Granularity.MONTH)
    return list(months.order_by("period_start").values_list("period_start", flat=True).distinct())
