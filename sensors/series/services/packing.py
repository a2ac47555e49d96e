"""Packing closed months, and letting old ones go. Both change where values are, never what they are."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import record_change
from sensors.models import Datastream

# A month is left open this long after its end, since loggers report late.
CLOSED_AFTER = timedelta(days=10)


@dataclass(frozen=True)
class PackResult:
    """A packed month: how many values, and bytes on disk with indexes before and after."""

    month: str
    observations: int
    bytes_before: int
    bytes_after: int


def months_to_pack(*, now: datetime | None = None) -> list[date]:
    """Closed months that have values in their plain partition, oldest first."""
    closed_until = ((now or timezone.now()) - CLOSED_AFTER).astimezone(UTC)
    return [
        month for month in _plain_months() if _next_month(month) <= closed_until.date() and _has_rows(month)
    ]


@transaction.atomic
def pack_month(month: date, *, acting_user: User | None = None) -> PackResult:
    """Pack a UTC month. Readers and writers wait for a moment at the end, while the tables change places.

    Raises ReportedError (`month_not_closed`, `month_empty`, `month_in_use`); nothing is changed then.
    """
    month = month.replace(day=1)
    if _next_month(month) > timezone.now().astimezone(UTC).date():
        raise ReportedError(f"{month:%Y-%m} has not ended.", code="month_not_closed")
    if not _exists(f"sensors_observation_{month:%Y_%m}") or not _has_rows(month):
        raise ReportedError(f"{month:%Y-%m} has no values to pack.", code="month_empty")
    hold(AdvisoryLock.OBSERVATION_MONTH, f"{month:%Y_%m}")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM sensors_pack_month(%s)", [month])
            count, bytes_before, bytes_after = cursor.fetchone()
    except OperationalError as error:
        raise ReportedError(
            f"Others are using {month:%Y-%m}, or values of it came in meanwhile; nothing was packed. Try again later.",
            code="month_in_use",
        ) from error
    result = PackResult(f"{month:%Y-%m}", count, bytes_before, bytes_after)
    record_change(
        acting_user=acting_user,
        action="pack month",
        subject=Datastream(),
        subject_id=f"{month:%Y-%m}",
        division=None,
        new_values={"observations": count, "bytes": bytes_after},
    )
    return result


@transaction.atomic
def drop_month(month: date, *, acting_user: User | None = None) -> bool:
    """Let go of a month's raw values and corrections; roll-ups stay. False where there was nothing.

    Raises ReportedError (`month_not_closed`) for a month that has not ended.
    """
    if _next_month(month) > timezone.now().astimezone(UTC).date():
        raise ReportedError(f"{month:%Y-%m} has not ended.", code="month_not_closed")
    with connection.cursor() as cursor:
        # Its audit row is the function's, since nothing else holds that there is one.
        cursor.execute("SELECT sensors_drop_month(%s, %s)", [month, acting_user.pk if acting_user else None])
        return bool(cursor.fetchone()[0])


def months_stored() -> list[date]:
    """Months with a partition of any kind, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits "
            "WHERE inhparent IN ('sensors_observation'::regclass, 'sensors_packedobservation'::regclass) ORDER BY 1"
        )
        return [month for (month,) in cursor.fetchall()]


def _plain_months() -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits "
            "WHERE inhparent = 'sensors_observation'::regclass ORDER BY 1"
        )
        return [month for (month,) in cursor.fetchall()]


def _has_rows(month: date) -> bool:
    with connection.cursor() as cursor:
        # By way of the whole: a month alone is not the application's to read.
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM sensors_observation WHERE time >= %(month)s::timestamp AT TIME ZONE 'UTC' "
            "AND time < (%(month)s::timestamp + interval '1 month') AT TIME ZONE 'UTC')",
            {"month": month},
        )
        return bool(cursor.fetchone()[0])


def _exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        return bool(cursor.fetchone()[0])


def _next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
