"""Consumption as the balances need it: on two bases, each by zone of the graph.

* billed: what invoices charge, counted in the month the consumption belongs to, reversals included;
* apportioned: what meters counted between two readings, spread over the days between by the weekday profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection

from assets.models import Zone
from gis_core.access import Capability, Viewer, require
from gis_core.database.sql_files import load_sql


@dataclass(frozen=True)
class BilledVolume:
    """m3 billed to a zone's service points for a consumption month; of it what was estimated, and unmetered."""

    zone_id: int
    month: date
    volume_m3: Decimal
    estimated_m3: Decimal
    unmetered_m3: Decimal


@dataclass(frozen=True)
class ApportionedVolume:
    """m3 consumed by the service points of a zone on a day; how many points there are and how many are covered."""

    zone_id: int
    day: date
    volume_m3: Decimal
    service_points: int
    covered_points: int


def billed_volumes(*, network_id: int, first_month: date, last_month: date) -> list[BilledVolume]:
    """Billed m3 per zone and consumption month, first to last month inclusive; exact to the litre."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing", "billed_volumes"),
            {"network_id": network_id, "first_month": first_month, "last_month": last_month},
        )
        return [BilledVolume(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class BilledSpan:
    """Over how many days the bills of a month run, by service point: the fewest, the most and the mean."""

    fewest: int
    most: int
    mean: float


def billed_span(zones: Sequence[int], month: date) -> BilledSpan | None:
    """The days that lie between the readings behind the consumption billed to the zones for a month; None without."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing", "billed_span"), {"zones": list(zones), "month": month})
        fewest, most, mean = cursor.fetchone()
    return None if mean is None else BilledSpan(fewest, most, mean)


def apportioned_volumes(*, network_id: int, since: date, until: date) -> list[ApportionedVolume]:
    """Apportioned m3 per zone and day of [since, until); the days of a pair of readings sum to its difference."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing", "apportioned_volumes"),
            {"network_id": network_id, "since": since, "until": until},
        )
        return [ApportionedVolume(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class ZoneBilledDays:
    """The days that a month's bills cover in a zone: the earliest and the latest, and the mean of its points."""

    zone_id: int
    first_day: date
    last_day: date
    mean_days: float
    service_points: int


def zone_billed_days(*, network_id: int, month: date) -> list[ZoneBilledDays]:
    """The days that the bills of a consumption month cover, for each zone of the network that has any."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing", "billed_days"), {"network_id": network_id, "month": month})
        return [ZoneBilledDays(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class ConsumptionChange:
    """What a service point was billed for a month and for the month before, m3."""

    account_uid: UUID
    account_number: str
    subscriber: str
    service_point: str
    volume_m3: Decimal
    earlier_m3: Decimal

    @property
    def change_m3(self) -> Decimal:
        return self.volume_m3 - self.earlier_m3


def consumption_changes(
    viewer: Viewer, *, zone: Zone, month: date, by_change: bool, limit: int, offset: int = 0
) -> tuple[list[ConsumptionChange], int]:
    """A page of the service points in a zone and in the zones inside it, the largest first; and how many there are.

    Raises NotVisible unless the viewer may see subscribers in the zone's division.
    """
    require(viewer, Capability.VIEW_SUBSCRIBERS, zone.division)
    earlier = (month - timedelta(days=1)).replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing", "consumption_changes"),
            {
                "zone_ids": _zones_within(zone),
                "month": month,
                "earlier": earlier,
                "by_change": by_change,
                "most": limit,
                "skipped": offset,
            },
        )
        rows = cursor.fetchall()
    return [ConsumptionChange(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def _zones_within(zone: Zone) -> list[int]:
    """The zone and all zones inside it, however deep."""
    found = [zone.pk]
    level = found
    while level:
        level = list(Zone.objects.filter(parent_id__in=level).values_list("pk", flat=True))
        found = found + level
    return found
