"""Gas at standard conditions and heat across the edges of zones, from their meters hour by hour.

Gas: V (p_g + p_air) / 101.325 * 293.15 / T * 1 / K of each hour. Heat: G (h - h_cold) of each meter, so that supply
less return is G1 (h1 - h2) + (G1 - G2) (h2 - h_cold). A meter that gives power (kW) gives heat itself. A meter whose
`properties` say `{"conditions": "standard"}` has a corrector of its own.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from assets.models import Network
from balances.periods import DaySpan
from balances.technical_losses.gas import standard_atmosphere_kpa, standard_m3
from balances.technical_losses.heat import density_kg_m3, enthalpy_kj_kg
from balances.technical_losses.selectors.loss_settings import COVERAGE_GATE, LossSettings
from balances.technical_losses.selectors.piped_parts import KPA_A_METRE
from gis_core.database.sql_files import load_sql

# Enthalpy hardly follows pressure: where none is measured, 0.5 MPa is wrong by less than 0.4 kJ/kg.
_USUAL_HEAT_MPA = 0.5
_COLD_MPA = 0.3
_AIR_MPA = 0.101325

Hours = NDArray[np.float64]


@dataclass(frozen=True)
class MeteredHours:
    """The known hours of a meter: what it measured (m3/h, kW), and beside it; NaN where not known."""

    datastream_id: int
    observed_property: str
    is_standard: bool
    node_id: int
    circuit: str
    elevation_m: float | None
    amount: Hours
    pressure_kpa: Hours
    temperature_c: Hours


@dataclass(frozen=True)
class MeterAmount:
    """What a meter counted forward and backward over a period; None with the reason why it is not known.

    `node_id` and `circuit` (supply, return, or empty) say where it stands.
    """

    forward: float | None
    backward: float | None
    reason: str = ""
    node_id: int | None = None
    circuit: str = ""


@dataclass(frozen=True)
class EdgeAmount:
    """What came into a zone and what went out of it; None with the reasons why it is not known.

    Heat that a zone's own water takes back is not received, what comes back from beyond is not sent.
    """

    received: float | None
    sent: float | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class EdgeAmounts:
    """The edges of a network's zones, and the mean temperature of what its meters measured, °C."""

    of_zone: dict[int, EdgeAmount]
    temperature_c: float | None


def edge_amounts(network: Network, period: DaySpan, with_settings: LossSettings) -> EdgeAmounts:
    """Gas in m3 at standard conditions, or heat in kWh, across the edge of each zone that has one.

    Three quarters of a meter's hours are to be known, with their temperature (and pressure, of gas); the others count
    as their mean.
    """
    with connection.cursor() as cursor:
        cursor.execute(load_sql("balances.technical_losses", "zone_edges"), {"network_id": network.pk})
        edges = cursor.fetchall()
    meters = _metered_hours(sorted({row[1] for row in edges if row[1] is not None}), period)
    hours = 24 * period.days
    convert = _gas_amount if network.commodity == "gas" else _heat_amount
    amounts = {
        meter.datastream_id: replace(
            convert(meter, hours, with_settings),
            node_id=meter.node_id,
            # Power is that of both pipes, on whichever its meter is.
            circuit="" if meter.observed_property == "power" else meter.circuit,
        )
        for meter in meters
    }
    balance = _heat_edge if network.commodity == "heat" else _edge
    of_zone: dict[int, list[tuple[MeterAmount, int]]] = defaultdict(list)
    for zone_id, datastream_id, weight in edges:
        missing = MeterAmount(None, None, "no_meter" if datastream_id is None else "no_readings")
        of_zone[zone_id].append((amounts.get(datastream_id, missing), weight))
    known = [meter.temperature_c[np.isfinite(meter.temperature_c)] for meter in meters]
    warm = np.concatenate(known) if known else np.empty(0)
    return EdgeAmounts(
        {zone_id: balance(parts) for zone_id, parts in of_zone.items()},
        float(warm.mean()) if warm.size else None,
    )


def _metered_hours(streams: Sequence[int], period: DaySpan) -> list[MeteredHours]:
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "metered_hours"),
            {
                "streams": list(streams),
                "since": period.since,
                "until": period.until,
                "time_zone": settings.TIME_ZONE,
            },
        )
        rows = cursor.fetchall()
    return [
        MeteredHours(
            datastream_id,
            quantity,
            is_standard,
            node_id,
            circuit,
            elevation_m,
            np.array(amount, dtype=float),
            np.array(pressure_m, dtype=float) * KPA_A_METRE,
            np.array(temperature_c, dtype=float),
        )
        for (
            datastream_id,
            quantity,
            is_standard,
            node_id,
            circuit,
            elevation_m,
            amount,
            pressure_m,
            temperature_c,
        ) in rows
    ]


def _gas_amount(meter: MeteredHours, hours: int, with_settings: LossSettings) -> MeterAmount:
    if meter.is_standard:
        return _counted(meter.amount, hours, {})
    air_kpa = with_settings.air_kpa
    if air_kpa is None and meter.elevation_m is not None:
        air_kpa = standard_atmosphere_kpa(meter.elevation_m)
    if air_kpa is None:
        return MeterAmount(None, None, "no_air_pressure")
    temperature = meter.temperature_c
    if with_settings.gas_temperature_c is not None:
        temperature = np.where(np.isfinite(temperature), temperature, with_settings.gas_temperature_c)
    volumes = standard_m3(
        meter.amount,
        absolute_kpa=meter.pressure_kpa + air_kpa,
        temperature_c=temperature,
        compressibility=with_settings.compressibility,
    )
    return _counted(volumes, hours, {"no_pressure": meter.pressure_kpa, "no_temperature": temperature})


def _heat_amount(meter: MeteredHours, hours: int, with_settings: LossSettings) -> MeterAmount:
    if meter.observed_property == "power":
        return _counted(meter.amount, hours, {})
    pressure_mpa = (
        np.where(np.isfinite(meter.pressure_kpa), meter.pressure_kpa / 1000, _USUAL_HEAT_MPA) + _AIR_MPA
    )
    cold = enthalpy_kj_kg(with_settings.cold_water_c, _COLD_MPA)
    mass_kg = meter.amount * density_kg_m3(meter.temperature_c, pressure_mpa)
    heat_kwh = mass_kg * (enthalpy_kj_kg(meter.temperature_c, pressure_mpa) - cold) / 3600
    return _counted(heat_kwh, hours, {"no_temperature": meter.temperature_c})


def _counted(amounts: Hours, hours: int, needed: dict[str, Hours]) -> MeterAmount:
    """The sum of the known hours, the others as their mean; under the gate unknown, by the first that is missing."""
    known = amounts[np.isfinite(amounts)]
    if known.size < COVERAGE_GATE * hours:
        reasons = [
            reason
            for reason, values in needed.items()
            if amounts.size >= COVERAGE_GATE * hours and np.isfinite(values).sum() < COVERAGE_GATE * hours
        ]
        return MeterAmount(None, None, reasons[0] if reasons else "no_readings")
    scale = hours / known.size
    return MeterAmount(float(known[known > 0].sum()) * scale, abs(float(known[known < 0].sum())) * scale)


def _edge(parts: Sequence[tuple[MeterAmount, int]]) -> EdgeAmount:
    crossed = [_crossed(amount, weight) for amount, weight in parts]
    known = [one for one in crossed if one is not None]
    if len(known) < len(crossed):
        return _unknown(parts)
    return EdgeAmount(sum(inward for inward, _out in known), sum(outward for _in, outward in known), ())


def _heat_edge(parts: Sequence[tuple[MeterAmount, int]]) -> EdgeAmount:
    """Of pairs of pipes what stays of them: what a return takes out was not received, what it brings was not sent.

    A return is known by the circuit of the pipe that its meter is on, or of all pipes at its node. Of meters whose
    circuit is not known those at one node, one into the zone and one out of it, are a pair.
    """
    received = sent = 0.0
    at_node: dict[int | None, list[tuple[float, float]]] = defaultdict(list)
    for amount, weight in parts:
        crossed = _crossed(amount, weight)
        if crossed is None:
            return _unknown(parts)
        inward, outward = crossed
        if amount.circuit == "return":
            received, sent = received - outward, sent - inward
        elif amount.circuit == "supply":
            received, sent = received + inward, sent + outward
        else:
            at_node[amount.node_id].append(crossed)
    for pair in at_node.values():
        inward, outward = (sum(one[side] for one in pair) for side in (0, 1))
        both = min(inward, outward) if len(pair) > 1 else 0.0
        received, sent = received + inward - both, sent + outward - both
    return EdgeAmount(received, sent, ())


def _crossed(amount: MeterAmount, weight: int) -> tuple[float, float] | None:
    """What a meter of an edge counted into the zone and out of it."""
    if amount.forward is None or amount.backward is None:
        return None
    ways = (amount.forward, amount.backward) if weight > 0 else (amount.backward, amount.forward)
    return abs(weight) * ways[0], abs(weight) * ways[1]


def _unknown(parts: Sequence[tuple[MeterAmount, int]]) -> EdgeAmount:
    reasons = {amount.reason for amount, _weight in parts if amount.reason}
    return EdgeAmount(None, None, tuple(sorted(reasons)))
