"""What the pages show of balances: a zone's history."""

from dataclasses import dataclass
from decimal import Decimal

from assets.models import Zone
from balances.models import LeakEvent, ZoneBalance
from balances.selectors.leak_events import running_leaks_visible_to
from balances.selectors.zone_balances import balances_visible_to
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

    @property
    def is_outside_limit(self) -> bool:
        """Whether what is missing, or too much, is more than errors of meters and missing data explain."""
        return self.share is not None and self.limit_share is not None and abs(self.share) > self.limit_share


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


@dataclass(frozen=True)
class ZoneHistory:
    """All that is known of a zone: `months` newest first; `days` of two years, oldest first; leaks that run."""

    months: list[ZoneLoss]
    days: list[ZoneBalance]
    leaks: list[LeakEvent]


MAXIMUM_DAYS = 731
MAXIMUM_MONTHS = 60


def zone_history(viewer: Viewer, zone: Zone) -> ZoneHistory:
    """The balances and running leaks of one zone, as far as the viewer may see them."""
    balances = balances_visible_to(viewer).filter(zone=zone).defer("zone__geom")
    months = balances.filter(granularity=ZoneBalance.Granularity.MONTH).order_by("-period_start")
    days = balances.filter(granularity=ZoneBalance.Granularity.DAY).order_by("-period_start")
    return ZoneHistory(
        months=[zone_loss(row) for row in months[:MAXIMUM_MONTHS]],
        days=list(days[:MAXIMUM_DAYS])[::-1],
        leaks=list(running_leaks_visible_to(viewer).filter(zone=zone)),
    )
