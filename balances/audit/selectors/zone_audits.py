"""The water audit of a zone and period from the system's own data: kept balances, mains, pressure loggers."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Network, Zone
from balances.audit.water_balance import VOLUMES, AuditInput, AuditResult, water_balance
from balances.periods import DaySpan
from balances.technical_losses.selectors.zone_mains import zone_mains
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from sensors.models import Datastream

# Accuracy, at 95 %, of what customers' meters counted in a zone, percent: as the kept balances assume it.
CUSTOMER_METERING_LIMIT_PERCENT = 2.0


@dataclass(frozen=True)
class AuditAssumptions:
    """What no register of ours knows, in percent. Defaults: AWWA M36, but for meters' error, which is a common figure.

    Unauthorised use is of the supply, data handling of billed metered consumption, customers' meters count too little.
    """

    unauthorized_percent: float = 0.25
    data_handling_percent: float = 0.25
    customer_meter_error_percent: float = 2.0
    average_pressure_m: float | None = None
    uarl_form: str = "iwa"
    hours_per_day: float = 24.0


@dataclass(frozen=True)
class ZoneAudit:
    """A zone's audit: volumes in m3, lengths in km, pressure in m of water."""

    zone: Zone
    period: DaySpan
    given: AuditInput
    result: AuditResult
    months: int
    sufficient_months: int
    assumptions: AuditAssumptions


def audited_months(period: DaySpan) -> int:
    """How many months a period has; ReportedError (`bad_period`) when it does not consist of whole ones."""
    if period.since.day != 1 or period.until.day != 1:
        raise ReportedError(
            Sentence(_("A water audit is of a year or of months, not of days.")), code="bad_period"
        )
    return (period.until.year - period.since.year) * 12 + period.until.month - period.since.month


def pressure_loggers(network: Network) -> list[int]:
    """The series of pressure of a network, by id: an audit rests on their daily means."""
    found = Datastream.objects.filter(observed_property="pressure", deleted_at=None)
    return list(found.filter(thing__attachment__network=network).values_list("pk", flat=True))


def zone_audit(zone: Zone, period: DaySpan, assumptions: AuditAssumptions) -> ZoneAudit:
    """The audit; the zone must come from a scoped selector.

    Unless every month of the period has a kept balance with enough data, volumes are unknown and flagged. Raises
    ReportedError: `bad_period`, `no_data` where no month has a balance, `wrong_quantity` for other than water.
    """
    wanted = audited_months(period)
    if zone.network.commodity != "water":
        raise ReportedError(
            Sentence(_("Zone {zone} carries no water; a water audit is of water."), zone=zone.code),
            code="wrong_quantity",
        )
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.audit", "zone_period"),
            {"zone_id": zone.pk, "since": period.since, "until": period.until},
        )
        months, sufficient, *kept = cursor.fetchone()
    if months == 0:
        raise ReportedError(
            Sentence(_("Zone {zone} has no balances of that period; compute them first."), zone=zone.code),
            code="no_data",
        )
    mains = zone_mains(zone, until=period.until)
    given = _given(zone, period, tuple(kept), assumptions, mains.mains_km, is_known=sufficient == wanted)
    return ZoneAudit(zone, period, given, water_balance(given), months, sufficient, assumptions)


def _given(
    zone: Zone,
    period: DaySpan,
    kept: tuple[Decimal | float | None, ...],
    assumptions: AuditAssumptions,
    mains_km: float | None,
    *,
    is_known: bool,
) -> AuditInput:
    supply, metered, unmetered, unbilled, unbilled_metered, limit, connections, pressure = kept
    flags = [
        "assumed_unauthorized",
        "assumed_customer_meter_inaccuracy",
        "assumed_data_handling_errors",
        "private_pipe_length_unknown",
    ]
    volumes: dict[str, Decimal | None]
    limits: dict[str, float] = {}
    if is_known:
        supplied, billed = _litres(supply), _litres(metered)
        counted = _litres(unbilled_metered)
        error = assumptions.customer_meter_error_percent / 100
        volumes = {
            "water_supplied": supplied,
            "billed_metered": billed,
            "billed_unmetered": _litres(unmetered),
            "unbilled_metered": counted,
            "unbilled_unmetered": _litres(unbilled) - counted,
            "unauthorized": _litres(float(supplied) * assumptions.unauthorized_percent / 100),
            "customer_meter_inaccuracy": _litres(float(billed + counted) * error / (1 - error)),
            "data_handling_errors": _litres(float(billed) * assumptions.data_handling_percent / 100),
        }
        limits = _limits(float(supplied), float(billed), limit)
    else:
        volumes = dict.fromkeys(VOLUMES)
        flags = ["insufficient_data"]
    stated = assumptions.average_pressure_m
    return AuditInput(
        audit_id=f"{zone.network.code}/{zone.code} {period.since}..{period.until}",
        volumes=volumes,
        days=float(period.days),
        mains_length=mains_km,
        connections=None if connections is None else float(connections),
        private_pipe_length=0.0,
        average_pressure=stated if stated is not None else None if pressure is None else float(pressure),
        uarl_form=assumptions.uarl_form,
        hours_per_day=assumptions.hours_per_day,
        limits=limits,
        flags=tuple(flags),
    )


def _litres(value: Decimal | float | None) -> Decimal:
    return round(Decimal(value or 0), 3)


def _limits(supplied: float, billed: float, limit_m3: Decimal | float | None) -> dict[str, float]:
    """The kept limit is that of supply less consumption: what consumption leaves of it is the supply's."""
    limits = {"billed_metered": CUSTOMER_METERING_LIMIT_PERCENT}
    if limit_m3 is not None and supplied:
        of_billed = billed * CUSTOMER_METERING_LIMIT_PERCENT / 100
        of_supply = max(0.0, float(limit_m3) ** 2 - of_billed**2) ** 0.5
        limits["water_supplied"] = 100 * of_supply / abs(supplied)
    return limits
