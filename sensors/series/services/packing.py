"""Packing closed months, and letting old ones go. Both change where values are, never what they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import record_change
from sensors.models import Datastream, PackedMonth

# A month is left open this long after its end, since loggers report late.
CLOSED_AFTER = timedelta(days=10)
LOCK_TIMEOUT_S = 10


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
    span = {"since": _first_instant(month), "until": _first_instant(_next_month(month))}
    with connection.cursor() as cursor:
        hold(AdvisoryLock.OBSERVATION_MONTH, f"{month:%Y_%m}")
        bytes_before = _bytes_of(cursor, f"sensors_observation_{month:%Y_%m}") + _bytes_of(
            cursor, f"sensors_packedobservation_{month:%Y_%m}"
        )
        cursor.execute(
            "CREATE TABLE new_packed (LIKE sensors_packedobservation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        )
        with _generous_memory(cursor):
            cursor.execute(load_sql("sensors.series", "pack_month"), span)
        _change_places(cursor, month, span)
        count = _packed_count(cursor, month)
        bytes_after = _bytes_of(cursor, f"sensors_packedobservation_{month:%Y_%m}")
    PackedMonth.objects.update_or_create(
        month=month, defaults={"observations": count, "packed_at": timezone.now()}
    )
    result = PackResult(f"{month:%Y-%m}", count, bytes_before, bytes_after)
    _record(acting_user, "pack month", month, {"observations": count, "bytes": bytes_after})
    return result


@transaction.atomic
def drop_month(month: date, *, acting_user: User | None = None) -> bool:
    """Let go of a month's raw values and corrections; roll-ups stay. False where there was nothing."""
    tables = [
        name
        for kind in ("observation", "packedobservation", "correction")
        if _exists(name := f"sensors_{kind}_{month:%Y_%m}")
    ]
    if not tables:
        return False
    with connection.cursor() as cursor:
        # Hours that are still dirty would be computed from nothing.
        cursor.execute(
            "DELETE FROM sensors_dirtybucket WHERE day >= %s AND day < %s", [month, _next_month(month)]
        )
        for table in tables:
            cursor.execute(f"DROP TABLE {table}")
    PackedMonth.objects.filter(month=month).delete()
    _record(acting_user, "drop month", month, {"tables": tables})
    return True


def months_stored() -> list[date]:
    """Months with a partition of any kind, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits "
            "WHERE inhparent IN ('sensors_observation'::regclass, 'sensors_packedobservation'::regclass) ORDER BY 1"
        )
        return [month for (month,) in cursor.fetchall()]


def _change_places(cursor: Any, month: date, span: dict[str, Any]) -> None:
    """Put the new packed rows in the place of the plain partition; late writers are made to wait, or we give up."""
    plain, packed = f"sensors_observation_{month:%Y_%m}", f"sensors_packedobservation_{month:%Y_%m}"
    cursor.execute("ALTER TABLE new_packed ADD PRIMARY KEY (datastream_id, first_time)")
    try:
        with transaction.atomic():
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
            cursor.execute(
                "LOCK TABLE sensors_observation, sensors_packedobservation IN ACCESS EXCLUSIVE MODE"
            )
            cursor.execute("SET LOCAL lock_timeout = 0")
    except OperationalError as error:
        raise ReportedError(
            f"Others are using {month:%Y-%m}; nothing was packed. Try again later.", code="month_in_use"
        ) from error
    # What came in while we packed is in the partition, but not in the new rows.
    cursor.execute(
        f"SELECT (SELECT count(*) FROM {plain}) + (SELECT coalesce(sum(count), 0) FROM sensors_packedobservation "  # noqa: S608
        "WHERE first_time >= %(since)s AND first_time < %(until)s) = (SELECT coalesce(sum(count), 0) FROM new_packed)",
        span,
    )
    if not cursor.fetchone()[0]:
        raise ReportedError(
            f"Values of {month:%Y-%m} came in meanwhile; nothing was packed. Try again.", code="month_in_use"
        )
    cursor.execute(f"DROP TABLE {plain}")
    cursor.execute(f"DROP TABLE IF EXISTS {packed}")
    cursor.execute(f"ALTER TABLE new_packed RENAME TO {packed}")
    cursor.execute(f"ALTER INDEX new_packed_pkey RENAME TO {packed}_pkey")
    cursor.execute(
        f"ALTER TABLE sensors_packedobservation ATTACH PARTITION {packed} FOR VALUES FROM (%(since)s) TO (%(until)s)",
        span,
    )
    # A partition is emptied past the triggers of the whole.
    cursor.execute(
        f"CREATE TRIGGER packed_observation_is_not_truncated BEFORE TRUNCATE ON {packed} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    cursor.execute(f"ANALYZE {packed}")


def _packed_count(cursor: Any, month: date) -> int:
    cursor.execute(f"SELECT coalesce(sum(count), 0) FROM sensors_packedobservation_{month:%Y_%m}")  # noqa: S608
    return int(cursor.fetchone()[0])


def _bytes_of(cursor: Any, table: str) -> int:
    cursor.execute("SELECT coalesce(pg_total_relation_size(to_regclass(%s)), 0)", [table])
    return int(cursor.fetchone()[0])


@contextmanager
def _generous_memory(cursor: Any) -> Iterator[None]:
    """Sorting a month in memory saves writing it to disk twice."""
    cursor.execute("SET LOCAL work_mem = '128MB'")
    yield
    cursor.execute("SET LOCAL work_mem TO DEFAULT")


def _plain_months() -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM') FROM pg_inherits "
            "WHERE inhparent = 'sensors_observation'::regclass ORDER BY 1"
        )
        return [month for (month,) in cursor.fetchall()]


def _has_rows(month: date) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM sensors_observation_{month:%Y_%m})")  # noqa: S608
        return bool(cursor.fetchone()[0])


def _exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        return bool(cursor.fetchone()[0])


def _first_instant(month: date) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=UTC)


def _next_month(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def _record(acting_user: User | None, action: str, month: date, values: dict[str, Any]) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=Datastream(),
        subject_id=f"{month:%Y-%m}",
        division=None,
        new_values=values,
    )
