"""What the pages show of balances: the latest month's losses, a zone's history, suspicions of leaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef

from assets.models import Zone
from balances.models import LeakSuspicion, ZoneBalance
from balances.selectors.zone_balances import balances_visible_to, suspicions_visible_to
from gis_core.access import Viewer


@dataclass(frozen=True)
class ZoneLoss:
    """A zone's balance and its imbalance by supply on the billed basis; None without enough data."""

    balance: ZoneBalance
    share: Decimal | None
    # Length of the bar, percent of the largest share shown beside it.
    bar_percent: int = 0


@dataclass(frozen=True)
class MonthLosses:
    """A month's totals over the zones that have no zones inside them and whose data suffice, m3."""

    month: date
    zones: list[ZoneLoss]
    supply_m3: Decimal
    billed_m3: Decimal
    imbalance_m3: Decimal
    share: Decimal | None
    insufficient_zones: int


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


def latest_month_losses(viewer: Viewer) -> MonthLosses | None:
    """The newest month that has balances, the zones with the largest share of losses first."""
    balances = (
        balances_visible_to(viewer)
        .filter(granularity=ZoneBalance.Granularity.MONTH)
        .exclude(Exists(Zone.objects.filter(parent=OuterRef("zone"))))
        .defer("zone__geom")
    )
    newest = balances.order_by("-period_start").first()
    if newest is None:
        return None
    rows = list(balances.filter(period_start=newest.period_start))
    usable = [row for row in rows if imbalance_share(row) is not None]
    supply = sum((row.supply_m3 for row in usable), Decimal(0))
    imbalance = sum((row.imbalance_billed_m3 for row in usable), Decimal(0))
    return MonthLosses(
        month=newest.period_start,
        zones=_ranked(rows),
        supply_m3=supply,
        billed_m3=sum((row.billed_m3 for row in usable if row.billed_m3 is not None), Decimal(0)),
        imbalance_m3=imbalance,
        share=imbalance / supply if supply else None,
        insufficient_zones=len(rows) - len(usable),
    )


def _ranked(rows: Sequence[ZoneBalance]) -> list[ZoneLoss]:
    shares = [(row, imbalance_share(row)) for row in rows]
    largest = max((part for _row, part in shares if part is not None), default=Decimal(0))
    losses = [
        ZoneLoss(row, part, max(0, round(100 * part / largest)) if part is not None and largest > 0 else 0)
        for row, part in shares
    ]
    return sorted(losses, key=lambda loss: (loss.share is None, -(loss.share or 0), loss.balance.zone.code))


def leak_suspicions(viewer: Viewer, limit: int) -> list[LeakSuspicion]:
    """The strongest suspicions, with their zones."""
    return list(suspicions_visible_to(viewer).defer("zone__geom")[:limit])


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
