"""Technical losses of a network by zone, beside what its kept balances lost: water and electricity."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Network
from balances.periods import DaySpan
from balances.technical_losses.deviation import LossParts, loss_parts
from balances.technical_losses.electricity import (
    current_a,
    line_loss_kw,
    loss_hours,
    resistance_ohm_km,
    transformer_loss_kwh,
    utilisation_hours,
)
from balances.technical_losses.water_components import BACKGROUND_N1, REFERENCE_PRESSURE_M
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

COVERAGE_GATE = 0.75
UNITS = {"water": "m3", "electricity": "kWh"}


@dataclass(frozen=True)
class LossSettings:
    """What the registers do not say. `ageing` is the share of the condition factor that a main gains a year."""

    condition_factor: float = 1.0
    ageing: float = 0.0
    power_factor: float = 0.92


@dataclass(frozen=True)
class PartLoss:
    """A main, line or transformer in a zone: its loss over the period; None with the reason why it is unknown."""

    kind: str
    code: str
    zone_id: int | None
    loss: float | None
    reason: str = ""
    facts: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class ZoneTechnicalLoss:
    """A zone with all zones inside it, or (without a code) what lies in none. Amounts are in the commodity's unit."""

    zone_code: str | None
    parent: str | None
    supply: float | None
    parts: LossParts
    known_parts: int
    unknown_parts: int


@dataclass(frozen=True)
class NetworkLosses:
    """The losses of a network's zones, by code, and of its single parts."""

    network: Network
    period: DaySpan
    unit: str
    zones: list[ZoneTechnicalLoss]
    parts: list[PartLoss]
    zone_codes: dict[int, str]


def network_losses(network: Network, period: DaySpan, with_settings: LossSettings) -> NetworkLosses:
    """Technical losses over a period; the network must come from a scoped selector.

    A zone's technical loss is known where that of all its parts is; its actual loss where each month of the period has
    a balance with enough data. Raises ReportedError (`wrong_quantity`) for other than water and electricity.
    """
    if network.commodity not in UNITS:
        raise ReportedError(
            Sentence(
                _(
                    "Technical losses are computed from networks of water and electricity, not of {commodity}."
                ),
                commodity=network.commodity,
            ),
            code="wrong_quantity",
        )
    parts = (
        _mains(network, period, with_settings)
        if network.commodity == "water"
        else _electric(network, period, with_settings)
    )
    kept = _kept(network, period)
    codes = {zone_id: code for zone_id, code, *_rest in kept}
    return NetworkLosses(network, period, UNITS[network.commodity], _zones(kept, parts), parts, codes)


def _kept(network: Network, period: DaySpan) -> list[tuple[Any, ...]]:
    whole = period.since.day == 1 and period.until.day == 1
    months = (period.until.year - period.since.year) * 12 + period.until.month - period.since.month
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "kept_losses"),
            {
                "network_id": network.pk,
                "since": period.since,
                "until": period.until,
                # No number of months is a part of one.
                "months": months if whole else -1,
            },
        )
        return cursor.fetchall()


def _mains(network: Network, period: DaySpan, with_settings: LossSettings) -> list[PartLoss]:
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "water_mains"),
            {
                "network_id": network.pk,
                "since": period.since,
                "until": period.until,
                "condition_factor": with_settings.condition_factor,
                "ageing": with_settings.ageing,
                "reference_m": REFERENCE_PRESSURE_M,
                "exponent": BACKGROUND_N1,
            },
        )
        rows = cursor.fetchall()
    hours = 24 * period.days
    found = []
    for code, zone_id, length_m, connections, pressure_m, factor, background in rows:
        missing = [
            word
            for word, value in (("no_pressure", pressure_m), ("no_connections", connections))
            if value is None
        ]
        facts = {
            "length_m": length_m,
            "connections": connections,
            "pressure_m": pressure_m,
            "condition_factor": factor,
            "background_m3h": background,
        }
        loss = None if background is None else background * hours
        found.append(PartLoss("main", code, zone_id, loss, " ".join(missing), facts))
    return found


def _electric(network: Network, period: DaySpan, with_settings: LossSettings) -> list[PartLoss]:
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


def _zones(kept: list[tuple[Any, ...]], parts: Iterable[PartLoss]) -> list[ZoneTechnicalLoss]:
    """Each zone with what lies in it and in the zones inside it; then what lies in none, if anything does."""
    of_zone: dict[int | None, list[PartLoss]] = defaultdict(list)
    for part in parts:
        of_zone[part.zone_id].append(part)
    ids = {code: zone_id for zone_id, code, *_rest in kept}
    parent_of = {zone_id: ids.get(parent) for zone_id, _code, parent, *_rest in kept}
    inside: dict[int, list[PartLoss]] = defaultdict(list)
    for zone_id in parent_of:
        above: int | None = zone_id
        while above is not None:
            inside[above] += of_zone[zone_id]
            above = parent_of[above]
    rows = [
        _zone(code, parent, supply, imbalance, inside[zone_id])
        for zone_id, code, parent, supply, imbalance in kept
    ]
    if of_zone[None]:
        rows.append(_zone(None, None, None, None, of_zone[None]))
    return rows


def _zone(
    code: str | None, parent: str | None, supply: Any, actual: Any, parts: list[PartLoss]
) -> ZoneTechnicalLoss:
    known = [part.loss for part in parts if part.loss is not None]
    technical = sum(known) if parts and len(known) == len(parts) else None
    return ZoneTechnicalLoss(
        code,
        parent,
        None if supply is None else float(supply),
        loss_parts(None if actual is None else float(actual), technical),
        len(known),
        len(parts) - len(known),
    )
