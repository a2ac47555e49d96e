"""Consumption as the balances need it: on two bases, each by zone of the graph.

* billed: what invoices charge, counted in the month the consumption belongs to, reversals included;
* apportioned: what meters counted between two readings, spread over the days between by the weekday profile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection
from django.db.models import Avg, Max, Min, Sum

from billing.models import InvoiceLine
from gis_core.database.sql_files import load_sql


@dataclass(frozen=True)
class BilledVolume:
    """m3 billed to the service points of a zone for a consumption month."""

    zone_id: int
    month: date
    volume_m3: Decimal


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
class BilledDays:
    """Over how many days the bills of a month run, by service point: the fewest, the most and the mean."""

    fewest: int
    most: int
    mean: float


def billed_days(zones: Sequence[int], month: date) -> BilledDays | None:
    """The days that lie between the readings behind the consumption billed to the zones for a month; None without."""
    points = (
        InvoiceLine.objects.filter(
            consumption_month=month, is_reversal=False, service_point__attachment__node__zone__in=zones
        )
        .order_by()
        .values("service_point")
        .annotate(span=Sum("days"))
    )
    found = points.aggregate(fewest=Min("span"), most=Max("span"), mean=Avg("span"))
    return None if found["mean"] is None else BilledDays(found["fewest"], found["most"], float(found["mean"]))


def apportioned_volumes(*, network_id: int, since: date, until: date) -> list[ApportionedVolume]:
    """Apportioned m3 per zone and day of [since, until); the days of a pair of readings sum to its difference."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing", "apportioned_volumes"),
            {"network_id": network_id, "since": since, "until": until},
        )
        return [ApportionedVolume(*row) for row in cursor.fetchall()]
