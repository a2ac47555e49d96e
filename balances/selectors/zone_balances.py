"""Balances, as a viewer may see them."""

from datetime import date

from django.db.models import QuerySet

from assets.models import Network
from balances.models import ZoneBalance, ZoneMeter
from gis_core.access import Capability, Viewer, visible


def balances_visible_to(viewer: Viewer) -> QuerySet[ZoneBalance]:
    """Zone balances of the viewer's divisions, with their zones."""
    balances = ZoneBalance.objects.select_related("zone__network").defer("zone__geom")
    return visible(balances, viewer, Capability.VIEW_BALANCES)


def balances_unit(network: Network) -> str:
    """The unit of a network's balances, m3 or kWh: those of heat are energy where a meter gives power, else water."""
    if network.commodity == "heat":
        powers = ZoneMeter.objects.filter(
            zone__network=network, removed_at=None, datastream__observed_property="power"
        )
        return "kWh" if powers.exists() else "m3"
    return "kWh" if network.commodity == "electricity" else "m3"


def months_of(viewer: Viewer, network: Network) -> list[date]:
    """The first days of the months in which a network has balances that the viewer may see, the earliest first."""
    balances = visible(ZoneBalance.objects.all(), viewer, Capability.VIEW_BALANCES)
    months = balances.filter(zone__network=network, granularity=ZoneBalance.Granularity.MONTH)
    return list(months.order_by("period_start").values_list("period_start", flat=True).distinct())
