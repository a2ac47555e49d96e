"""What lines and transformers of an electricity network turn into heat."""

from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from assets.models import Network
from balances.periods import DaySpan
from balances.technical_losses.electricity import (
    current_a,
    line_loss_kw,
    loss_hours,
    resistance_ohm_km,
    transformer_loss_kwh,
    utilisation_hours,
)
from balances.technical_losses.selectors.loss_settings import COVERAGE_GATE, LossSettings, PartLoss
from gis_core.database.sql_files import load_sql


def electric_parts(network: Network, period: DaySpan, with_settings: LossSettings) -> list[PartLoss]:
    """Every line and transformer, kWh over the period; unknown: `no_conductor`, `no_rating`, `no_load_known`."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "electric_parts"),
            {
                "network_id": network.pk,
                "since": period.since,
                "until": period.until,
                "time_zone": settings.TIME_ZONE,
            },
        )
        rows = [_Electric(*row) for row in cursor.fetchall()]
    hours = 24.0 * period.days
    return [
        _line(row, hours, with_settings) if row.kind == "line" else _transformer(row, hours, with_settings)
        for row in rows
    ]


@dataclass(frozen=True)
class _Electric:
    """A row of electric_parts.sql."""

    kind: str
    code: str
    zone_id: int | None
    share: float
    length_m: float | None
    conductor: str | None
    rated_kva: float | None
    no_load_kw: float | None
    load_kw: float | None
    voltage_kv: float | None
    squares_a2h: float | None
    greatest_a: float | None
    energy_kwh: float | None
    greatest_kw: float | None
    current_hours: int
    power_hours: int


def _line(row: _Electric, hours: float, with_settings: LossSettings) -> PartLoss:
    """By hourly current where enough hours are known, else by the greatest load and tau."""
    per_km = resistance_ohm_km(row.conductor or "")
    resistance = None if per_km is None or row.length_m is None else per_km * row.length_m / 1000
    facts = {"length_m": row.length_m, "resistance_ohm": resistance}
    if resistance is None:
        return PartLoss(row.kind, row.code, row.zone_id, None, "no_conductor", facts)
    if row.squares_a2h is not None and row.current_hours >= COVERAGE_GATE * hours:
        # Hours without a value count as the mean of the others.
        loss = 3 * row.squares_a2h * resistance / 1000 * hours / row.current_hours
    elif (
        row.greatest_kw
        and row.energy_kwh is not None
        and row.power_hours >= COVERAGE_GATE * hours
        and row.voltage_kv
    ):
        energy = row.energy_kwh * hours / row.power_hours
        greatest = current_a(row.greatest_kw, row.voltage_kv, with_settings.power_factor)
        tau = loss_hours(utilisation_hours(energy, row.greatest_kw), period_hours=hours)
        loss = line_loss_kw(greatest, resistance) * tau
    else:
        return PartLoss(row.kind, row.code, row.zone_id, None, "no_load_known", facts)
    return PartLoss(row.kind, row.code, row.zone_id, loss * row.share, "", facts)


def _transformer(row: _Electric, hours: float, with_settings: LossSettings) -> PartLoss:
    facts = {"rated_kva": row.rated_kva, "no_load_kw": row.no_load_kw, "load_kw": row.load_kw}
    if row.no_load_kw is None or row.load_kw is None or row.rated_kva is None:
        return PartLoss(row.kind, row.code, row.zone_id, None, "no_rating", facts)
    if not row.greatest_kw or row.energy_kwh is None or row.power_hours < COVERAGE_GATE * hours:
        return PartLoss(row.kind, row.code, row.zone_id, None, "no_load_known", facts)
    energy = row.energy_kwh * hours / row.power_hours
    empty, loaded = transformer_loss_kwh(
        no_load_kw=row.no_load_kw,
        load_loss_kw=row.load_kw,
        greatest_kva=row.greatest_kw / with_settings.power_factor,
        rated_kva=row.rated_kva,
        hours=hours,
        loss_h=loss_hours(utilisation_hours(energy, row.greatest_kw), period_hours=hours),
    )
    return PartLoss(row.kind, row.code, row.zone_id, empty + loaded, "", facts)
