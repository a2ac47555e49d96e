"""The nights of a zone: least hour, legitimate use, pressure, and the leakage that follows."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from assets.models import Zone
from balances.night_flow.leakage import (
    DEFAULT_N1,
    FLAT_DAY_FACTOR_H,
    day_factor_h,
    legitimate_m3h,
    percentile,
)
from balances.night_flow.selectors.zone_edge import EdgeStream, ZoneStreams, curve_of
from balances.periods import DaySpan
from balances.technical_losses.selectors.zone_mains import ZoneMains, zone_mains
from balances.technical_losses.water_components import background_m3h
from gis_core.database.sql_files import load_sql

COVERAGE_GATE = 0.75
PERCENTILE_NIGHTS = 7
# Of the seven nights as many must be known.
_LEAST_NIGHTS = 4
PERCENTILE_SHARE = 0.2
# How far, at 95 %, legitimate night use may be from its norm, as a share of it.
_LEGITIMATE_LIMIT = 0.5
_HOUR_S = 3600
_FINEST_STEP_S = 60


@dataclass(frozen=True)
class NightSettings:
    """What the flow of a night is read with. `population` None: legitimate use is not known and not taken off."""

    n1: float = DEFAULT_N1
    population: int | None = None
    condition_factor: float = 1.0


@dataclass(frozen=True)
class NightLeakage:
    """A local night and its day; None where unknown. Flows in m3/h, `at` the end of the least hour."""

    date: date
    coverage: float
    at: datetime | None = None
    min_flow_m3h: float | None = None
    storage_m3h: float | None = None
    legitimate_m3h: float | None = None
    net_m3h: float | None = None
    pressure_m: float | None = None
    day_factor_h: float | None = None
    leakage_m3_day: float | None = None
    percentile20_m3h: float | None = None
    background_m3h: float | None = None
    burst_m3h: float | None = None
    limit_95_m3_day: float | None = None

    @property
    def status(self) -> str:
        return "insufficient" if self.net_m3h is None else "sufficient"


@dataclass(frozen=True)
class NightFlows:
    """The nights of a zone, oldest first, and their leakage, m3, with its 95 % limit; None where no night is known."""

    zone: Zone
    nights: list[NightLeakage]
    leakage_m3: float | None
    limit_95_m3: float | None


def night_flows(
    zone: Zone, streams: ZoneStreams, period: DaySpan, with_settings: NightSettings
) -> NightFlows:
    """The nights of the period's days by what measures the zone (`zone_edge.zone_streams`).

    Nights below the gate of coverage have no figures and count in the sum as the mean of the others. The six nights
    before the period are read too, for the rolling percentile.
    """
    early = DaySpan(period.since - timedelta(days=PERCENTILE_NIGHTS - 1), period.until)
    found = _least_hours(streams, early, with_settings)
    pressures = _pressures(streams.loggers, early)
    mains = zone_mains(zone, until=period.until)
    nights: list[NightLeakage] = []
    for place, night in enumerate(found):
        seven = found[max(0, place - PERCENTILE_NIGHTS + 1) : place + 1]
        known = [one.net_m3h for one in seven if one.net_m3h is not None]
        low = None
        if night.net_m3h is not None and len(known) >= _LEAST_NIGHTS:
            low = percentile(known, PERCENTILE_SHARE)
        night_pressures = pressures.get(night.date, {})
        nights.append(
            _with_pressure(replace(night, percentile20_m3h=low), night_pressures, mains, with_settings)
        )
    shown = _with_leakage([night for night in nights if night.date >= period.since])
    return NightFlows(zone, shown, *leakage_of(shown))


def _least_hours(streams: ZoneStreams, period: DaySpan, with_settings: NightSettings) -> list[NightLeakage]:
    finest = min(meter.interval_s for meter in streams.meters)
    # A step that divides the hour, so that an hour is a whole number of them.
    step_s = max(
        step for step in range(1, _HOUR_S + 1) if _HOUR_S % step == 0 and step <= max(finest, _FINEST_STEP_S)
    )
    pieces = [(tank, piece) for tank in streams.tanks for piece in curve_of(tank)]
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.night_flow", "night_minima"),
            {
                "streams": [meter.datastream_id for meter in streams.meters],
                "signs": [meter.sign for meter in streams.meters],
                "factors": [meter.factor for meter in streams.meters],
                "intervals": [meter.interval_s for meter in streams.meters],
                "tanks": [tank.datastream_id for tank in streams.tanks],
                "tank_factors": [tank.factor for tank in streams.tanks],
                "tank_intervals": [tank.interval_s for tank in streams.tanks],
                "segment_tank": [tank.datastream_id for tank, _piece in pieces],
                "segment_low": [piece.low for _tank, piece in pieces],
                "segment_base": [piece.base for _tank, piece in pieces],
                "segment_volume": [piece.volume_m3 for _tank, piece in pieces],
                "segment_slope": [piece.slope for _tank, piece in pieces],
                "since": period.since,
                "until": period.until,
                "step_s": step_s,
                "steps_before": _HOUR_S // step_s - 1,
                "time_zone": settings.TIME_ZONE,
            },
        )
        return [_night(row, streams.meters, with_settings) for row in cursor.fetchall()]


def _night(row: tuple[Any, ...], meters: list[EdgeStream], with_settings: NightSettings) -> NightLeakage:
    day, at, flow, storage, meter_flows, coverage = row
    if at is None or coverage < COVERAGE_GATE:
        return NightLeakage(day, coverage)
    population = with_settings.population
    legitimate = None if population is None else legitimate_m3h(population)
    errors = [value * meter.error_percent / 100 for value, meter in zip(meter_flows, meters, strict=True)]
    limit = math.sqrt(sum(error**2 for error in errors) + (_LEGITIMATE_LIMIT * (legitimate or 0)) ** 2)
    return NightLeakage(
        date=day,
        coverage=coverage,
        at=at.astimezone(ZoneInfo(settings.TIME_ZONE)),
        min_flow_m3h=flow,
        storage_m3h=storage,
        legitimate_m3h=legitimate,
        net_m3h=flow - storage - (legitimate or 0),
        # Of the hour; the day's follows with the day factor.
        limit_95_m3_day=limit,
    )


def _pressures(loggers: list[EdgeStream], period: DaySpan) -> dict[date, dict[datetime, float]]:
    if not loggers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.night_flow", "hourly_pressures"),
            {
                "streams": [logger.datastream_id for logger in loggers],
                "factors": [logger.factor for logger in loggers],
                "kinds": [logger.kind for logger in loggers],
                "intervals": [logger.interval_s for logger in loggers],
                "since": period.since,
                "until": period.until,
                "time_zone": settings.TIME_ZONE,
            },
        )
        found: dict[date, dict[datetime, float]] = {}
        for day, hour, pressure in cursor.fetchall():
            found.setdefault(day, {})[hour] = pressure
        return found


def _with_pressure(
    night: NightLeakage, by_hour: dict[datetime, float], mains: ZoneMains, with_settings: NightSettings
) -> NightLeakage:
    """The night with its pressure, the day factor and what leaks in the background, where they are known."""
    if night.at is None:
        return night
    at_night = _pressure_of_hour(by_hour, night.at)
    if at_night is None or at_night <= 0:
        return night
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight, next_midnight = (
        datetime.combine(night.date + timedelta(days=ahead), time(), tzinfo=zone).timestamp()
        for ahead in (0, 1)
    )
    hours = (next_midnight - midnight) / _HOUR_S
    factor = None
    if len(by_hour) >= COVERAGE_GATE * hours and min(by_hour.values()) >= 0:
        factor = day_factor_h(list(by_hour.values()), at_night, with_settings.n1, hours=hours)
    background = None
    if mains.mains_km is not None and mains.connections is not None:
        background = background_m3h(
            mains_km=mains.mains_km,
            connections=mains.connections,
            pressure_m=at_night,
            condition_factor=with_settings.condition_factor,
        )
    return replace(
        night,
        pressure_m=at_night,
        day_factor_h=factor,
        background_m3h=background,
        burst_m3h=None if background is None or night.net_m3h is None else night.net_m3h - background,
    )


def _pressure_of_hour(by_hour: dict[datetime, float], ends: datetime) -> float | None:
    """The mean over the hour that ends at an instant, by the clock hours that it lies in; None unless all are known."""
    total = 0.0
    starts = ends.timestamp() - _HOUR_S
    weight = 0.0
    for hour, pressure in by_hour.items():
        begins = hour.timestamp()
        share = min(begins + _HOUR_S, starts + _HOUR_S) - max(begins, starts)
        if share > 0:
            total += pressure * share
            weight += share
    return total / weight if weight >= _HOUR_S - 1 else None


def _with_leakage(nights: list[NightLeakage]) -> list[NightLeakage]:
    """The nights with the leakage of their days; where a day's pressure is not known, by the mean factor of the others.

    Where none is known the pressure is taken as flat: 24 hours.
    """
    factors = [night.day_factor_h for night in nights if night.day_factor_h is not None]
    usual = statistics.fmean(factors) if factors else FLAT_DAY_FACTOR_H
    done = []
    for night in nights:
        if night.net_m3h is None:
            done.append(replace(night, limit_95_m3_day=None))
            continue
        factor = usual if night.day_factor_h is None else night.day_factor_h
        done.append(
            replace(
                night,
                day_factor_h=factor,
                leakage_m3_day=night.net_m3h * factor,
                limit_95_m3_day=None if night.limit_95_m3_day is None else night.limit_95_m3_day * factor,
            )
        )
    return done


def leakage_of(nights: Sequence[NightLeakage]) -> tuple[float | None, float | None]:
    """Leakage of all nights, m3, and its 95 % limit; None where unknown.

    A meter's error is alike on all nights, so that limits add up; what missing nights may be off by follows from the
    spread of the known ones, and is not known from a single night.
    """
    known = [night.leakage_m3_day for night in nights if night.leakage_m3_day is not None]
    if not known:
        return None, None
    missing = len(nights) - len(known)
    mean = statistics.fmean(known)
    measured = sum(night.limit_95_m3_day or 0 for night in nights) * len(nights) / len(known)
    if missing == 0:
        return sum(known), measured
    if len(known) < 2:
        return sum(known) + missing * mean, None
    spread = statistics.stdev(known)
    filled = 1.96 * spread * math.sqrt(missing + missing**2 / len(known))
    return sum(known) + missing * mean, math.hypot(measured, filled)
