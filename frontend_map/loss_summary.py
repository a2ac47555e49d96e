"""The month's losses of water as the home page sums them up: on the apportioned basis, the billed one beside it.

The apportioned basis is the sound one: it sets what meters counted on exactly these days against the supply of these
days. Bills run over other days than the month's, so the billed basis is told with the days that it covers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt

from django.db.models import Exists, OuterRef

from assets.models import Zone
from balances.models import ZoneBalance
from balances.selectors.zone_balances import balances_visible_to
from billing.selectors.consumption import BilledSpan, billed_span
from gis_core.access import Viewer

_ZERO = Decimal(0)


@dataclass(frozen=True)
class ZoneShare:
    """A zone's apportioned imbalance by its supply; None without enough data."""

    balance: ZoneBalance
    # Whole m3: what the zone's shown supply leaves over its shown consumption.
    imbalance_m3: Decimal | None
    share: Decimal | None
    # Length of the bar, percent of the largest share of the list.
    bar_percent: int


@dataclass(frozen=True)
class MonthLosses:
    """Totals of a month, m3, over the zones that have no zones inside them and whose data suffice.

    They are sums of whole cubic metres as each zone shows them, so that a reader can add them up. `limit_m3` is half
    the width of the 95 % interval: the zones' own limits as independent errors, None where a zone has none.
    """

    month: date
    zones: list[ZoneShare]
    supply_m3: Decimal
    consumption_m3: Decimal
    unbilled_m3: Decimal
    limit_m3: Decimal | None
    billed_m3: Decimal | None
    days: BilledSpan | None
    insufficient_zones: int

    @property
    def imbalance_m3(self) -> Decimal:
        return self.supply_m3 - self.consumption_m3 - self.unbilled_m3

    @property
    def share(self) -> Decimal | None:
        return self.imbalance_m3 / self.supply_m3 if self.supply_m3 else None

    @property
    def limit_share(self) -> Decimal | None:
        return self.limit_m3 / self.supply_m3 if self.supply_m3 and self.limit_m3 is not None else None

    @property
    def billed_imbalance_m3(self) -> Decimal | None:
        return None if self.billed_m3 is None else self.supply_m3 - self.billed_m3 - self.unbilled_m3

    @property
    def billed_share(self) -> Decimal | None:
        imbalance = self.billed_imbalance_m3
        return None if imbalance is None or not self.supply_m3 else imbalance / self.supply_m3


def month_losses(viewer: Viewer) -> MonthLosses | None:
    """The newest month that has balances of water, its zones by their share of losses, the largest first."""
    balances = (
        balances_visible_to(viewer)
        .filter(granularity=ZoneBalance.Granularity.MONTH, zone__network__commodity="water")
        .exclude(Exists(Zone.objects.filter(parent=OuterRef("zone"))))
    )
    newest = balances.order_by("-period_start").first()
    if newest is None:
        return None
    rows = list(balances.filter(period_start=newest.period_start))
    usable = [row for row in rows if _share(row) is not None]
    limits = [row.limit_95_m3 for row in usable]
    billed = [row.billed_m3 for row in usable]
    has_bills = bool(billed) and None not in billed
    return MonthLosses(
        month=newest.period_start,
        zones=_ranked(rows),
        supply_m3=_total(row.supply_m3 for row in usable),
        consumption_m3=_total(row.apportioned_m3 for row in usable),
        unbilled_m3=_total(row.unbilled_m3 for row in usable),
        limit_m3=_limit([value for value in limits if value is not None]) if None not in limits else None,
        billed_m3=_total(billed) if has_bills else None,
        days=billed_span([row.zone_id for row in usable], newest.period_start) if has_bills else None,
        insufficient_zones=len(rows) - len(usable),
    )


def _share(balance: ZoneBalance) -> Decimal | None:
    imbalance = balance.imbalance_apportioned_m3
    if balance.status != ZoneBalance.Status.SUFFICIENT or imbalance is None or not balance.supply_m3:
        return None
    return imbalance / balance.supply_m3


def _shown_imbalance(balance: ZoneBalance) -> Decimal | None:
    if _share(balance) is None or balance.supply_m3 is None:
        return None
    return _total([balance.supply_m3]) - _total([balance.apportioned_m3]) - _total([balance.unbilled_m3])


def _total(volumes: Iterable[Decimal | None]) -> Decimal:
    return Decimal(sum(value.quantize(Decimal(1), ROUND_HALF_UP) for value in volumes if value is not None))


def _limit(limits: list[Decimal]) -> Decimal:
    return Decimal(sqrt(sum(float(limit) ** 2 for limit in limits)))


def _ranked(rows: list[ZoneBalance]) -> list[ZoneShare]:
    shares = [(row, _share(row)) for row in rows]
    largest = max((part for _row, part in shares if part is not None), default=_ZERO)
    zones = [
        ZoneShare(
            row,
            _shown_imbalance(row),
            part,
            max(0, round(100 * part / largest)) if part is not None and largest > 0 else 0,
        )
        for row, part in shares
    ]
    return sorted(zones, key=lambda zone: (zone.share is None, -(zone.share or 0), zone.balance.zone.code))
