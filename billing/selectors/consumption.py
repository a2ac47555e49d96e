"""Consumption as the balances need it: on two bases, each by zone of the graph.

* billed: what invoices charge, counted in the month the consumption belongs to, reversals included;
* apportioned: what meters counted between two readings, spread over the days between by the weekday profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from assets.models import Zone
from assets.networks.selectors.zone_nesting import zones_inside
from gis_core.access import Capability, Viewer, require
from gis_core.database.sql_files import load_sql

_STAGES = """
SET LOCAL client_min_messages = warning;
DROP TABLE IF EXISTS zone_consumption, zone_billed;
CREATE TEMPORARY TABLE zone_consumption (
    zone_id bigint, day date, metered_m3 numeric(16, 3), unmetered_m3 numeric(16, 3), service_points integer,
    covered_points integer) ON COMMIT DROP;
CREATE TEMPORARY TABLE zone_billed (
    zone_id bigint, month date, metered_m3 numeric(16, 3), unmetered_m3 numeric(16, 3), estimated_m3 numeric(16, 3),
    first_day date, last_day date) ON COMMIT DROP;
"""


def stage_consumption(*, network_ids: list[int], since: date, until: date, as_of: str) -> None:
    """Put the consumption of networks' zones over [since, until) into temporary tables, for a run of SQL to take.

    `since` and `until` are first days of months; `as_of` is an instant or "infinity". The temporary table `zone_member`
    says where each node belongs, day by day. Made are `zone_consumption`, by day on the apportioned basis, and
    `zone_billed`, by consumption month as billed: what they hold say the files of SQL that fill them.
    """
    asked: dict[str, Any] = {
        "network_ids": network_ids,
        "since": since,
        "until": until,
        "first_month": since,
        "last_month": until - timedelta(days=1),
        "as_of": as_of,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STAGES)
        cursor.execute(load_sql("billing", "apportioned_volumes"), asked)
        cursor.execute(load_sql("billing", "billed_volumes"), asked)
        cursor.execute("ANALYZE zone_consumption; ANALYZE zone_billed")


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
                "zone_ids": [zone.pk, *zones_inside(zone)],
                "month": month,
                "earlier": earlier,
                "by_change": by_change,
                "most": limit,
                "skipped": offset,
            },
        )
        rows = cursor.fetchall()
    return [ConsumptionChange(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def people_within(zone: Zone, day: date) -> int | None:
    """How many people are registered with the households supplied in a zone, and in zones inside it, on a day.

    None where nobody is registered there. The zone must come from a scoped selector.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing", "people_within"), {"zone_ids": [zone.pk, *zones_inside(zone)], "day": day}
        )
        people: int | None = cursor.fetchone()[0]
    return people
