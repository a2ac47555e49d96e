"""Balances and suspicions, as a viewer may see them."""

from datetime import date

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


def balanced_months(viewer: Viewer, network_code: str) -> list[date]:
    """The months for which the network has balances, oldest first."""
    months = balances_visible_to(viewer).filter(
        zone__network__code=network_code, granularity=ZoneBalance.Granularity.MONTH
    )
    return list(months.order_by("period_start").values_list("period_start", flat=True).distinct())


def monthly_balances(viewer: Viewer, network_code: str, month: date) -> list[ZoneBalance]:
    """The balances of a network's zones for one month, by zone code."""
    balances = balances_visible_to(viewer).filter(
        zone__network__code=network_code, granularity=ZoneBalance.Granularity.MONTH, period_start=month
    )
    return list(balances.order_by("zone__code"))
