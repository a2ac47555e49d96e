"""Clock drift: how far the newest stamp of a delivery lies behind its arrival, day by day, against the days before."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.sql_files import load_sql
from sensors.models import Rule
from sensors.quality.services.catalogue import read_rule_book
from sensors.quality.services.flags import apply_staged

# Fewer deliveries of a day show no clock: one file with a month of values is one delivery.
FEWEST_DELIVERIES = 5
FEWEST_DAYS = 2


def check_clocks(*, day: date | None = None) -> tuple[int, int]:
    """Measure the lags of a UTC day (yesterday) and flag the datastreams whose clock drifts: (added, cleared).

    A delivery is what arrived at one instant, and its newest stamp is as old as the way it took; so the median
    over a day
    changes only when the clock does. It is compared with the median of the days before. Works on raw values of months
    that are not packed.
    """
    day = day or (timezone.now().astimezone(UTC) - timedelta(days=1)).date()
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    # Drift is a matter of instruments: the rule holds for all, with the general parameters, or is switched off for all.
    rows = [row for _path, row in read_rule_book().general if row.rule == Rule.CLOCK_DRIFT and row.is_enabled]
    parameters = rows[0].parameters if rows else {}
    with transaction.atomic(), connection.cursor() as cursor:
        hold(AdvisoryLock.QUALITY)
        cursor.execute(
            load_sql("sensors.quality", "clock_lags"),
            {"since": start, "until": start + timedelta(days=1), "day": day, "fewest": FEWEST_DELIVERIES},
        )
        cursor.execute(load_sql("sensors.quality", "quality_staging"))
        cursor.execute(
            load_sql("sensors.quality", "clock_drift"),
            {
                "since": start,
                "until": start + timedelta(days=1),
                "day": day,
                "days": int(parameters.get("days", 7)),
                "tolerance_s": float(parameters["tolerance_s"]) if rows else None,
                "fewest": FEWEST_DAYS,
            },
        )
        return apply_staged(cursor)
