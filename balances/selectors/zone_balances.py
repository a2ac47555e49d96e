"""Balances and suspicions, as a viewer may see them."""

from django.db.models import QuerySet

from balances.models import LeakSuspicion, ZoneBalance
from gis_core.access import Capability, Viewer, visible


def balances_visible_to(viewer: Viewer) -> QuerySet[ZoneBalance]:
    """Zone balances of the viewer's divisions, with their zones."""
    balances = ZoneBalance.objects.select_related("zone__network").defer("zone__geom")
    return visible(balances, viewer, Capability.VIEW_BALANCES)


def suspicions_visible_to(viewer: Viewer) -> QuerySet[LeakSuspicion]:
    """Leak suspicions of the viewer's divisions, the strongest first."""
    suspicions = LeakSuspicion.objects.select_related("zone__network").defer("zone__geom")
    return visible(suspicions, viewer, Capability.VIEW_BALANCES)
