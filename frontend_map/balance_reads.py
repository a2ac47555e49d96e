"""What the pages show of balances: the latest month's losses, a zone's history, suspicions of leaks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef

from assets.models import Zone
from balances.models import LeakSuspicion, ZoneBalance
from balances.selectors.zone_balances import balances_visible_to, suspicions_visible_to
from gis_core.access import Viewer


@dataclass(frozen=True)
class ZoneLoss:
    """A zone's balance, its imbalance by supply on the apportioned basis, and the billed one beside it.

    None without enough data, and on the billed basis for days, which are not billed. `limit_share` is the 95 % limit.
    """

    balance: ZoneBalance
    share: Decimal | None
    billed_share: Decimal | None = None
    limit_share: Decimal | None = None
    # Length of the bar, percent of the largest share shown beside it.
    bar_percent: int = 0


@dataclass(frozen=True)
class MonthLosses:
    """A month's totals over the zones that have no zones inside them and whose data suffice, m3.

    `imbalance_m3` and `share` stand on the apportioned basis, with their 95 % limit; the billed ones are beside them.
    """

    month: date
    zones: list[ZoneLoss]
    supply_m3: Decimal
    apportioned_m3: Decimal
    imbalance_m3: Decimal
    limit_m3: Decimal
    billed_imbalance_m3: Decimal
    insufficient_zones: int

    @property
    def share(self) -> Decimal | None:
        return self.imbalance_m3 / self.supply_m3 if self.supply_m3 else None

    @property
    def limit_share(self) -> Decimal | None:
        return self.limit_m3 / self.supply_m3 if self.supply_m3 else None

    @property
    def billed_share(self) -> Decimal | None:
        return self.billed_imbalance_m3 / self.supply_m3 if self.supply_m3 else None


def zone_loss(balance: ZoneBalance) -> ZoneLoss:
    """The shares of a balance; None where they would mislead."""
    supply = balance.supply_m3
    if balance.status != ZoneBalance.Status.SUFFICIENT or not supply or supply < 0:
        return ZoneLoss(balance, None)

    def part(volume: Decimal | None) -> Decimal | None:
        return None if volume is None else volume / supply

    return ZoneLoss(
        balance,
        part(balance.imbalance_apportioned_m3),
        part(balance.imbalance_billed_m3),
        part(balance.limit_95_m3),
    )


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
    zones = _ranked([zone_loss(row) for row in balances.filter(period_start=newest.period_start)])
    usable = [loss.balance for loss in zones if loss.share is not None]
    return MonthLosses(
        month=newest.period_start,
        zones=zones,
        supply_m3=_sum(row.supply_m3 for row in usable),
        apportioned_m3=_sum(row.apportioned_m3 for row in usable),
        imbalance_m3=_sum(row.imbalance_apportioned_m3 for row in usable),
        # The limit of a sum is the root of the summed squares (AWWA M36).
        limit_m3=_sum((row.limit_95_m3 or Decimal(0)) ** 2 for row in usable).sqrt(),
        billed_imbalance_m3=_sum(row.imbalance_billed_m3 for row in usable),
        insufficient_zones=len(zones) - len(usable),
    )


def _sum(volumes: Iterable[Decimal | None]) -> Decimal:
    return sum((volume for volume in volumes if volume is not None), Decimal(0))


def _ranked(losses: Sequence[ZoneLoss]) -> list[ZoneLoss]:
    largest = max((loss.share for loss in losses if loss.share is not None), default=Decimal(0))
    drawn = [
        replace(loss, bar_percent=max(0, round(100 * loss.share / largest)))
        if loss.share is not None and largest > 0
        else loss
        for loss in losses
    ]
    return sorted(drawn, key=lambda loss: (loss.share is None, -(loss.share or 0), loss.balance.zone.code))


def leak_suspicions(viewer: Viewer, limit: int) -> list[LeakSuspicion]:
    """The largest suspicions, with their zones."""
    found = suspicions_visible_to(viewer).defer("zone__geom").order_by("-excess_m3_per_day", "id")
    return list(found[:limit])


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
        months=[zone_loss(row) for row in months[:MAXIMUM_MONTHS]],
        days=list(days[:MAXIMUM_DAYS])[::-1],
        suspicions=list(suspicions_visible_to(viewer).filter(zone=zone).defer("zone__geom")),
    )
