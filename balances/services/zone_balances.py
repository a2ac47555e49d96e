"""Computing zone balances from the sensors' supply and billing's consumption.

Sources of the terms: supply = input - output - storage change (IWA water balance, Lambert and Hirner 2000); the
95 % limit of a sum is the root of the summed squares of its terms' limits (AWWA M36). Figures are never clamped:
a negative imbalance is shown as it is.
"""

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.models import BulkMeterDetail, Network, TankDetail, Zone, ZoneConnection
from balances.models import UnbilledConsumption, ZoneBalance
from billing.selectors.consumption import apportioned_volumes, billed_volumes
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.series.selectors.series import daily_flows, midnight_levels

# Below this share of expected observations a balance says "insufficient data" and shows no imbalance.
COVERAGE_GATE = 0.75
# Accuracy, at 95 %, of what customers' meters counted in a zone, as a share. AWWA M36 calls 2 % usual.
CUSTOMER_METERING_LIMIT = 0.02
# How wrong a filled gap may be, as a share of the volume filled in.
FILLED_VOLUME_LIMIT = 0.25


ProgressReport = Callable[[str, int, int], None]
_LITRE = Decimal("0.001")


@dataclass
class _ZoneShape:
    """A zone's edge: meters drawn into it and out of it, tanks that store; and the zones that lie in it.

    Flow may turn: a day's net flow counts as input or output by its actual direction, not by the drawing.
    """

    zone: Zone
    inlets: list[int] = field(default_factory=list)
    outlets: list[int] = field(default_factory=list)
    tanks: list[int] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)


@dataclass
class _Day:
    """What a zone took in, gave away, stored and used on a day; litres as Decimal m3."""

    input_m3: Decimal = Decimal(0)
    output_m3: Decimal = Decimal(0)
    storage_change_m3: Decimal = Decimal(0)
    apportioned_m3: Decimal = Decimal(0)
    unbilled_m3: Decimal = Decimal(0)
    variance: float = 0.0
    expected: int = 0
    received: int = 0
    service_points: int = 0
    covered_points: int = 0
    is_supply_known: bool = True


@transaction.atomic
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
    shapes = _zone_shapes(network)
    if not shapes:
        raise ReportedError(
            Sentence(_("The network {network} has no zones to balance."), network=network.code),
            code="no_zones",
        )
    since, until = first_month, _next_month(last_month)
    days = _collect_days(network, shapes, since, until, report_progress)
    billed = _billed_by_leaf(network, first_month, last_month)
    rows = list(_rows(shapes, days, billed))
    written = _store(rows)
    result = {"zones": len(shapes), "days": (until - since).days, "balances": len(rows), "written": written}
    if written:
        record_change(
            acting_user=acting_user,
            action="compute balances",
            subject=network,
            subject_id=network.code,
            division=network.division,
            new_values={**result, "from": first_month.isoformat(), "to": last_month.isoformat()},
        )
    return result


def _next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _zone_shapes(network: Network) -> dict[int, _ZoneShape]:
    zones = {zone.pk: zone for zone in Zone.objects.filter(network=network).order_by("pk")}
    shapes = {pk: _ZoneShape(zone) for pk, zone in zones.items()}
    for zone in zones.values():
        above: Zone | None = zone
        while above is not None:
            shapes[above.pk].leaves.append(zone.pk)
            above = zones[above.parent_id] if above.parent_id else None
    role_lists = {
        ZoneConnection.Role.INLET: "inlets",
        ZoneConnection.Role.OUTLET: "outlets",
        ZoneConnection.Role.STORAGE: "tanks",
    }
    for link in ZoneConnection.objects.filter(zone__network=network):
        if link.role in role_lists:
            getattr(shapes[link.zone_id], role_lists[ZoneConnection.Role(link.role)]).append(link.node_id)
    return shapes


def _collect_days(
    network: Network,
    shapes: dict[int, _ZoneShape],
    since: date,
    until: date,
    report_progress: ProgressReport | None,
) -> dict[tuple[int, date], _Day]:
    report = report_progress or (lambda message, done, total: None)
    days: dict[tuple[int, date], _Day] = {
        (zone_id, since + timedelta(days=offset)): _Day()
        for zone_id in shapes
        for offset in range((until - since).days)
    }
    report("Balances", 0, 4)
    _add_flows(days, shapes, since, until)
    report("Balances", 1, 4)
    _add_storage(days, shapes, since, until)
    report("Balances", 2, 4)
    _add_consumption(days, network, shapes, since, until)
    report("Balances", 3, 4)
    _add_unbilled(days, shapes, since, until)
    report("Balances", 4, 4)
    return days


def _local_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(settings.TIME_ZONE))


def _to_litre(value: float) -> Decimal:
    return Decimal(value).quantize(_LITRE, rounding=ROUND_HALF_UP)


def _add_flows(
    days: dict[tuple[int, date], _Day], shapes: dict[int, _ZoneShape], since: date, until: date
) -> None:
    meters = sorted({node for shape in shapes.values() for node in shape.inlets + shape.outlets})
    limits = _meter_limits(meters)
    flows = daily_flows(
        meters, since=_local_midnight(since), until=_local_midnight(until), time_zone=settings.TIME_ZONE
    )
    by_meter_and_day = {(flow.node_id, flow.day): flow for flow in flows}
    for (zone_id, day), figures in days.items():
        shape = shapes[zone_id]
        # A zone without any metered edge has no known supply: that is no data, not a supply of zero.
        figures.is_supply_known = bool(shape.inlets or shape.outlets)
        for node in shape.inlets + shape.outlets:
            flow = by_meter_and_day.get((node, day))
            if flow is None:
                figures.is_supply_known = False
                continue
            volume = _to_litre(flow.volume_m3)
            inward = volume if node in shape.inlets else -volume
            if inward >= 0:
                figures.input_m3 += inward
            else:
                figures.output_m3 -= inward
            figures.variance += _variance(flow.volume_m3 * limits.get(node, 0.02))
            figures.variance += _variance(flow.filled_m3 * FILLED_VOLUME_LIMIT)
            figures.expected += flow.expected
            figures.received += flow.received


def _variance(limit: float) -> float:
    """The variance of a quantity with a 95 % limit of `limit` (same unit)."""
    return (limit / 1.96) ** 2


def _meter_limits(node_ids: list[int]) -> dict[int, float]:
    details = BulkMeterDetail.objects.filter(node_id__in=node_ids).values_list("node_id", "error_percent")
    return {node_id: percent / 100 for node_id, percent in details}


def _add_storage(
    days: dict[tuple[int, date], _Day], shapes: dict[int, _ZoneShape], since: date, until: date
) -> None:
    tanks = sorted({node for shape in shapes.values() for node in shape.tanks})
    areas = {
        tank.node_id: math.pi / 4 * tank.diameter_m**2
        for tank in TankDetail.objects.filter(node_id__in=tanks)
    }
    levels = {
        (level.node_id, level.day): level.level_m
        for level in midnight_levels(
            tanks, since=_local_midnight(since), until=_local_midnight(until), time_zone=settings.TIME_ZONE
        )
    }
    for (zone_id, day), figures in days.items():
        for tank in shapes[zone_id].tanks:
            at_start, at_end = levels.get((tank, day)), levels.get((tank, day + timedelta(days=1)))
            if at_start is None or at_end is None or tank not in areas:
                figures.is_supply_known = False
                continue
            figures.storage_change_m3 += _to_litre((at_end - at_start) * areas[tank])


def _add_consumption(
    days: dict[tuple[int, date], _Day],
    network: Network,
    shapes: dict[int, _ZoneShape],
    since: date,
    until: date,
) -> None:
    by_leaf_and_day = {
        (volume.zone_id, volume.day): volume
        for volume in apportioned_volumes(network_id=network.pk, since=since, until=until)
    }
    for (zone_id, day), figures in days.items():
        for leaf in shapes[zone_id].leaves:
            volume = by_leaf_and_day.get((leaf, day))
            if volume is not None:
                figures.apportioned_m3 += volume.volume_m3
                figures.service_points += volume.service_points
                figures.covered_points += volume.covered_points
        figures.variance += _variance(float(figures.apportioned_m3) * CUSTOMER_METERING_LIMIT)


def _add_unbilled(
    days: dict[tuple[int, date], _Day], shapes: dict[int, _ZoneShape], since: date, until: date
) -> None:
    """Spread each authorised unbilled volume evenly over its days, to the litre."""
    zones_above: dict[int, list[int]] = defaultdict(list)
    for zone_id, shape in shapes.items():
        for leaf in shape.leaves:
            zones_above[leaf].append(zone_id)
    records = UnbilledConsumption.objects.filter(
        zone_id__in=list(shapes), started_on__lt=until, ended_on__gt=since
    )
    for record in records:
        length = (record.ended_on - record.started_on).days
        for offset in range(length):
            share = _cumulative(record.volume_m3, offset + 1, length) - _cumulative(
                record.volume_m3, offset, length
            )
            for zone_id in zones_above[record.zone_id]:
                figures = days.get((zone_id, record.started_on + timedelta(days=offset)))
                if figures is not None:
                    figures.unbilled_m3 += share


def _cumulative(volume: Decimal, part: int, whole: int) -> Decimal:
    return (volume * part / whole).quantize(_LITRE, rounding=ROUND_HALF_UP)


def _billed_by_leaf(network: Network, first_month: date, last_month: date) -> dict[tuple[int, date], Decimal]:
    volumes = billed_volumes(network_id=network.pk, first_month=first_month, last_month=last_month)
    return {(volume.zone_id, volume.month): volume.volume_m3 for volume in volumes}


def _rows(
    shapes: dict[int, _ZoneShape],
    days: dict[tuple[int, date], _Day],
    billed: dict[tuple[int, date], Decimal],
) -> Iterable[dict[str, Any]]:
    months: dict[tuple[int, date], list[_Day]] = defaultdict(list)
    for (zone_id, day), figures in days.items():
        yield _row(zone_id, "day", day, [figures], billed_m3=None)
        months[zone_id, day.replace(day=1)].append(figures)
    for (zone_id, month), figures_of_month in months.items():
        volume = sum((billed.get((leaf, month), Decimal(0)) for leaf in shapes[zone_id].leaves), Decimal(0))
        yield _row(zone_id, "month", month, figures_of_month, billed_m3=volume)


def _row(
    zone_id: int, granularity: str, start: date, parts: list[_Day], *, billed_m3: Decimal | None
) -> dict[str, Any]:
    """One stored balance: the sum of its days. A month's supply is known when enough of its days are."""
    known = [part for part in parts if part.is_supply_known]
    expected, received = sum(part.expected for part in parts), sum(part.received for part in parts)
    # A day without supply counts as wholly missing, whatever single meters said.
    supply_coverage = (received / expected if expected else 0.0) * len(known) / len(parts)
    points = sum(part.service_points for part in parts)
    consumption_coverage = sum(part.covered_points for part in parts) / points if points else 1.0
    is_complete = len(known) == len(parts)
    is_sufficient = is_complete and supply_coverage >= COVERAGE_GATE and consumption_coverage >= COVERAGE_GATE
    return {
        "zone_id": zone_id,
        "granularity": granularity,
        "period_start": start.isoformat(),
        "input_m3": _total(parts, "input_m3") if is_complete else None,
        "output_m3": _total(parts, "output_m3") if is_complete else None,
        "storage_change_m3": _total(parts, "storage_change_m3") if is_complete else None,
        "billed_m3": None if billed_m3 is None else str(billed_m3),
        "apportioned_m3": _total(parts, "apportioned_m3"),
        "unbilled_m3": _total(parts, "unbilled_m3"),
        "limit_95_m3": f"{_limit(parts):.3f}" if is_complete else None,
        "supply_coverage": round(supply_coverage, 6),
        "consumption_coverage": round(consumption_coverage, 6),
        "service_points": max(part.service_points for part in parts),
        "status": ZoneBalance.Status.SUFFICIENT if is_sufficient else ZoneBalance.Status.INSUFFICIENT,
    }


def _total(parts: list[_Day], name: str) -> str:
    return str(sum((getattr(part, name) for part in parts), Decimal(0)))


def _limit(parts: list[_Day]) -> float:
    """The 95 % limit of a sum of days. Errors of one meter on its days are alike, so limits add up, not squares."""
    return 1.96 * sum(math.sqrt(part.variance) for part in parts)


def _store(rows: list[dict[str, Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("balances", "upsert_zone_balances"), {"rows": json.dumps(rows)})
        return cursor.rowcount
