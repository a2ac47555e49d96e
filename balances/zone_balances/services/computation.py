"""Computing zone balances from the sensors' supply and billing's consumption, set-based, and only what changed.

    values of meters --> balances_meterday (a month of a meter at a time, where touched) \\
    readings, bills  --> temporary tables, by zone and day                                --> balances_zonebalance
    what is billed elsewhere -------------------------------------------------------------/

Sources of the terms: supply = input - output - storage change (IWA water balance, Lambert and Hirner 2000); the
95 % limit of a sum is the root of the summed squares of its terms' limits (AWWA M36). Figures are never clamped:
a negative imbalance is shown as it is.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from balances.models import ZoneBalance
from balances.zone_balances.selectors.balance_rows import BalanceRow, balance_rows
from billing.selectors.consumption import stage_consumption
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

# Below this share of expected observations a balance says "insufficient data" and shows no imbalance.
COVERAGE_GATE = 0.75
# Accuracy, at 95 %, of what customers' meters counted in a zone, as a share. AWWA M36 calls 2 % usual.
CUSTOMER_METERING_LIMIT = 0.02
# How wrong a filled gap may be, as a share of the volume filled in.
FILLED_VOLUME_LIMIT = 0.25

ProgressReport = Callable[[str, int, int], None]
_NOW_KNOWN = "infinity"

_STAGES = """
SET LOCAL client_min_messages = warning;
DROP TABLE IF EXISTS zone_member, wanted_meter_month;
CREATE TEMPORARY TABLE zone_member (
    network_id bigint, node_id bigint, zone_id bigint, first_day date, until_day date) ON COMMIT DROP;
CREATE TEMPORARY TABLE wanted_meter_month (datastream_id bigint, month date) ON COMMIT DROP;
"""
# Midnights are interpolated from two days around them; a stamp at midnight is of the day before.
_TAKE_TOUCHES = """
WITH meter AS (
    SELECT DISTINCT meter.datastream_id FROM balances_zonemeter meter
      JOIN assets_zone zone ON zone.id = meter.zone_id AND zone.network_id = ANY (%(network_ids)s)
), taken AS (
    DELETE FROM balances_metertouch touch USING meter WHERE touch.datastream_id = meter.datastream_id
    RETURNING touch.datastream_id, touch.day
), stale AS (
    SELECT DISTINCT taken.datastream_id, date_trunc('month', near.day)::date AS month
      FROM taken JOIN sensors_datastream stream ON stream.id = taken.datastream_id
     CROSS JOIN LATERAL (SELECT CASE WHEN stream.observed_property IN ('flow', 'power') THEN 1 ELSE 3 END AS days) reach
     CROSS JOIN LATERAL (VALUES ((taken.day - reach.days)::timestamp), ((taken.day + reach.days)::timestamp)) near (day)
)
DELETE FROM balances_meterday value USING stale
 WHERE value.datastream_id = stale.datastream_id
   AND value.day >= stale.month AND value.day < stale.month + interval '1 month'
"""
_FORGET = """
DELETE FROM balances_meterday value
 WHERE value.day >= %(since)s AND value.day < %(until)s
   AND value.datastream_id IN (SELECT meter.datastream_id FROM balances_zonemeter meter
                                 JOIN assets_zone zone ON zone.id = meter.zone_id
                                                      AND zone.network_id = ANY (%(network_ids)s))
"""
_WANT_MISSING = """
INSERT INTO wanted_meter_month (datastream_id, month)
SELECT meter.datastream_id, month::date
  FROM (SELECT DISTINCT meter.datastream_id FROM balances_zonemeter meter
          JOIN assets_zone zone ON zone.id = meter.zone_id AND zone.network_id = ANY (%(network_ids)s)
         WHERE meter.removed_at IS NULL OR meter.removed_at > %(as_of)s::timestamptz) meter
 CROSS JOIN generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day', interval '1 month') AS month
 WHERE NOT EXISTS (SELECT FROM balances_meterday value
                    WHERE value.datastream_id = meter.datastream_id AND value.day = month::date)
"""
_STORED_YEARS = """
SELECT DISTINCT extract(year FROM balance.period_start)::integer
  FROM balances_zonebalance balance JOIN assets_zone zone ON zone.id = balance.zone_id
 WHERE zone.network_id = ANY (%(network_ids)s) AND balance.granularity = 'year'
   AND balance.period_start >= date_trunc('year', %(since)s::timestamp) AND balance.period_start < %(until)s
"""


def compute_balances(
    *,
    network: Network,
    first_month: date,
    last_month: date,
    acting_user: User | None,
    report_progress: ProgressReport | None = None,
) -> dict[str, int]:
    """Compute and store the daily and monthly balances of all zones of a network, first to last month inclusive.

    Computing again with the same data writes nothing. Returns the number of zones, days, rows and rows written.
    """
    if first_month.day != 1 or last_month.day != 1 or last_month < first_month:
        raise ReportedError(
            Sentence(_("Give the months as their first days, the earlier one first.")), code="months"
        )
    last_day = _next_month(last_month) - timedelta(days=1)
    report = report_progress or (lambda message, done, total: None)
    report("Balances", 0, 1)
    counts = compute_networks([network], since=first_month, last_day=last_day, acting_user=acting_user)
    report("Balances", 1, 1)
    return counts


@transaction.atomic
def compute_networks(
    networks: Sequence[Network],
    *,
    since: date,
    last_day: date,
    acting_user: User | None,
    is_full: bool = False,
) -> dict[str, int]:
    """Bring the balances of some networks up to date with all that is known, for the months of [since, last_day].

    Whole years among them get a balance, too. A meter's month is computed from its values where these came, changed or
    went, or `is_full`; the rest stands. Returns the number of zones, of days asked for, of balances of these months and
    years, and of those that changed (`written`). Raises ReportedError `no_zones` for a network without zones.
    """
    _refuse_zoneless(networks)
    first_month, until = since.replace(day=1), _next_month(last_day)
    network_ids = sorted(network.pk for network in networks)
    years = whole_years(since, last_day)
    written = _compute(network_ids, first_month, until, years, is_full=is_full, as_of=_NOW_KNOWN)
    zones = Zone.objects.filter(network__in=network_ids).count()
    kept = ZoneBalance.objects.filter(zone__network__in=network_ids)
    balances = kept.filter(granularity__in=["day", "month"], period_start__range=(first_month, until - _DAY))
    result = {
        "zones": zones,
        "days": (last_day - since).days + 1,
        "balances": balances.count() + kept.filter(granularity="year", period_start__in=years).count(),
        "written": written,
    }
    if written:
        _record(networks, acting_user, result, first_month, until - _DAY)
    return result


def balances_as_of(
    networks: Sequence[Network],
    *,
    since: date,
    last_day: date,
    as_of: datetime,
    zone_ids: Sequence[int],
    with_days: bool,
) -> tuple[dict[str, int], list[BalanceRow]]:
    """The balances as they would have been computed at an instant from what was known then. Nothing is stored."""
    _refuse_zoneless(networks)
    first_month, until = since.replace(day=1), _next_month(last_day)
    network_ids = sorted(network.pk for network in networks)
    years = whole_years(since, last_day)
    with transaction.atomic():
        # Computed like any other, and taken back.
        _compute(network_ids, first_month, until, years, is_full=True, as_of=as_of.isoformat())
        rows = balance_rows(
            zone_ids=zone_ids, since=since, last_day=last_day, years=years, with_days=with_days
        )
        zones = Zone.objects.filter(network__in=network_ids).count()
        transaction.set_rollback(True)
    days = (until - first_month).days
    months = (until.year - first_month.year) * 12 + until.month - first_month.month
    counts = {
        "zones": zones,
        "days": (last_day - since).days + 1,
        "balances": zones * (days + months + len(years)),
        "written": 0,
    }
    return counts, rows


_DAY = timedelta(days=1)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def whole_years(since: date, last_day: date) -> list[date]:
    """The first days of the calendar years of which every day lies in [since, last_day]."""
    first = since.year if (since.month, since.day) == (1, 1) else since.year + 1
    last = last_day.year if (last_day.month, last_day.day) == (12, 31) else last_day.year - 1
    return [date(year, 1, 1) for year in range(first, last + 1)]


def _refuse_zoneless(networks: Sequence[Network]) -> None:
    having = set(Zone.objects.filter(network__in=networks).values_list("network_id", flat=True).distinct())
    for network in networks:
        if network.pk not in having:
            raise ReportedError(
                Sentence(_("The network {network} has no zones to balance."), network=network.code),
                code="no_zones",
            )


def _compute(
    network_ids: list[int], since: date, until: date, years: list[date], *, is_full: bool, as_of: str
) -> int:
    """Compute and store the months of [since, until) and the years; the number of rows that changed."""
    asked: dict[str, Any] = {
        "network_ids": network_ids,
        "since": since,
        "until": until,
        "as_of": as_of,
        "time_zone": settings.TIME_ZONE,
    }
    with connection.cursor() as cursor:
        # One at a time: of two that computed one network at once, the one that saw less could write last.
        cursor.execute(
            "SELECT 1 FROM assets_network WHERE id = ANY (%(network_ids)s) ORDER BY id FOR NO KEY UPDATE",
            asked,
        )
        cursor.execute(_STORED_YEARS, asked)
        stale_years = {date(year, 1, 1) for (year,) in cursor.fetchall()} | set(years)
        if stale_years:
            # A stored year must not stay behind its months.
            asked["since"] = since = min(since, *stale_years)
            asked["until"] = until = max(until, *(date(year.year + 1, 1, 1) for year in stale_years))
        _measure(cursor, asked, is_full=is_full)
        cursor.execute(load_sql("balances.zone_balances", "members"), asked)
        cursor.execute("ANALYZE zone_member")
        stage_consumption(network_ids=network_ids, since=since, until=until, as_of=as_of)
        cursor.execute(
            load_sql("balances.zone_balances", "balances"),
            {
                **asked,
                "years": sorted(stale_years),
                "coverage_gate": COVERAGE_GATE,
                "metering_limit": CUSTOMER_METERING_LIMIT,
                "filled_limit": FILLED_VOLUME_LIMIT,
            },
        )
        return int(cursor.rowcount)


def _measure(cursor: Any, asked: dict[str, Any], *, is_full: bool) -> None:
    """Bring the meters' days up to date; also those of months that nobody asked for now are forgotten where touched."""
    cursor.execute(_STAGES)
    cursor.execute(load_sql("balances.zone_balances", "follow_connections"), asked)
    # The touches are taken first: whatever comes in from here on is noted for the next time.
    cursor.execute(_TAKE_TOUCHES, asked)
    if is_full:
        cursor.execute(_FORGET, asked)
    cursor.execute(_WANT_MISSING, asked)
    cursor.execute("ANALYZE wanted_meter_month")
    cursor.execute(load_sql("balances.zone_balances", "meter_days"), asked)
    if cursor.rowcount > _MANY_DAYS:
        cursor.execute("ANALYZE balances_meterday")


# So many new rows make the table's statistics those of another table.
_MANY_DAYS = 10_000


def _record(
    networks: Sequence[Network], acting_user: User | None, result: dict[str, int], first: date, last: date
) -> None:
    for network in networks:
        record_change(
            acting_user=acting_user,
            action="compute balances",
            subject=network,
            subject_id=network.code,
            division=network.division,
            new_values={**result, "from": first.isoformat(), "to": last.isoformat()},
        )
