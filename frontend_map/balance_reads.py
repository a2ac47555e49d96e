"""What the pages show of balances: a zone's history."""

from dataclasses import dataclass
from decimal import Decimal

from assets.models import Zone
from balances.models import LeakSuspicion, ZoneBalance
from balances.selectors.zone_balances import balances_visible_to, suspicions_visible_to
from gis_core.access import Viewer


@dataclass(frozen=True)
class ZoneLoss:
    """A zone's balance and its imbalance by supply on the billed basis; None without enough data."""

    balance: ZoneBalance
    share: Decimal | None


def imbalance_share(balance: ZoneBalance) -> Decimal | None:
    """Imbalance by supply on the billed basis (apportioned for days); None where it would mislead."""
    imbalance = (
        balance.imbalance_billed_m3
        if balance.granularity == ZoneBalance.Granularity.MONTH
        else balance.imbalance_apportioned_m3
    )
    if balance.status != ZoneBalance.Status.SUFFICIENT or imbalance is None or not balance.supply_m3:
        return None
    return imbalance / balance.supply_m3


@dataclass(frozen=True)
class ZoneHistory:
    """All that is known of a zone's balance: `months` newest first; `days` of two years, oldest first."""

    months: list[ZoneLoss]
    days: list[ZoneBalance]
    suspicions: list[LeakSuspicion]


MAXIMUM_DAYS = 731
MAXIMUM_MONTHS = 60


def zone_history(viewer: Viewer, zone: Zone) -> ZoneHistory:
    """The balances and suspicions of one zone, as far as the viewer may see them."""
    balances = balances_visible_to(viewer).filter(zone=zone).defer("zone__geom")
    months = balances.filter(granularity=ZoneBalance.Granularity.MONTH).order_by("-period_start")
    days = balances.filter(granularity=ZoneBalance.Granularity.DAY).order_by("-period_start")
    return ZoneHistory(
        months=[ZoneLoss(row, imbalance_share(row)) for row in months[:MAXIMUM_MONTHS]],
        days=list(days[:MAXIMUM_DAYS])[::-1],
        suspicions=list(suspicions_visible_to(viewer).filter(zone=zone).defer("zone__geom")),
    )
