"""Pipes of gas and heat: what sound ones lose by their norms, and what gas stands in them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from assets.models import Network
from balances.periods import DaySpan
from balances.technical_losses.gas import line_pack_change_m3, pipe_volume_m3
from balances.technical_losses.heat import standard_loss_kw
from balances.technical_losses.selectors.loss_settings import HeatNorm, LossSettings, PartLoss
from gis_core.database.sql_files import load_sql

KPA_A_METRE = 9.80665


@dataclass(frozen=True)
class PressedPipe:
    """A pipe in a zone; pressures at the first and last hours of the period, metres of water above the air."""

    code: str
    zone_id: int | None
    length_m: float
    diameter_m: float | None
    circuit: str | None
    start_m: float | None
    end_m: float | None
    elevation_m: float | None


def pressed_pipes(network: Network, period: DaySpan) -> list[PressedPipe]:
    """The pipes in service, half of one between two zones in each."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "pressed_pipes"),
            {
                "network_id": network.pk,
                "since": period.since,
                "until": period.until,
                "time_zone": settings.TIME_ZONE,
            },
        )
        return [PressedPipe(*row) for row in cursor.fetchall()]


def gas_parts(pipes: Iterable[PressedPipe], days: int, with_settings: LossSettings) -> list[PartLoss]:
    """What sound pipes leak by the norm that is stated, m3 at standard conditions; without one: `no_norm`."""
    norm = with_settings.gas_leakage_m3_km_day
    return [
        PartLoss(
            "main",
            pipe.code,
            pipe.zone_id,
            None if norm is None else norm * pipe.length_m / 1000 * days,
            "no_norm" if norm is None else "",
            {"length_m": pipe.length_m, "diameter_m": pipe.diameter_m},
        )
        for pipe in pipes
    ]


def heat_parts(pipes: Iterable[PressedPipe], days: int, with_settings: LossSettings) -> list[PartLoss]:
    """Standard losses of pipes, kWh; unknown: `no_circuit`, `no_diameter` (where norms tell diameters), `no_norm`."""
    found = []
    for pipe in pipes:
        watts, reason = _norm_of(pipe, with_settings.heat_norms)
        loss = None if watts is None else standard_loss_kw([(watts, pipe.length_m)]) * 24 * days
        facts = {"length_m": pipe.length_m, "diameter_m": pipe.diameter_m, "watts_m": watts}
        found.append(PartLoss("main", pipe.code, pipe.zone_id, loss, reason, facts))
    return found


def _norm_of(pipe: PressedPipe, norms: Sequence[HeatNorm]) -> tuple[float | None, str]:
    """The norm of the least diameter that the pipe does not exceed."""
    if not norms:
        return None, "no_norm"
    if not pipe.circuit:
        return None, "no_circuit"
    of_circuit = sorted(
        (norm for norm in norms if norm.circuit == pipe.circuit), key=lambda norm: norm.up_to_m
    )
    if of_circuit and pipe.diameter_m is None and of_circuit[0].up_to_m != float("inf"):
        return None, "no_diameter"
    wide_enough = [norm for norm in of_circuit if (pipe.diameter_m or 0.0) <= norm.up_to_m]
    return (wide_enough[0].watts_m, "") if wide_enough else (None, "no_norm")


def line_pack_by_zone(
    pipes: Iterable[PressedPipe], *, temperature_c: float | None, with_settings: LossSettings
) -> dict[int | None, float | None]:
    """Gas that came to stand in the pipes of each zone itself, m3 at standard conditions; out of them: negative.

    None where a diameter, a pressure at an end of the period, or the gas's temperature is not known.
    """
    packed: dict[int | None, list[float | None]] = defaultdict(list)
    for pipe in pipes:
        if None in (pipe.diameter_m, pipe.start_m, pipe.end_m, temperature_c):
            packed[pipe.zone_id].append(None)
            continue
        # Only the difference counts: the pressure of the air falls out.
        packed[pipe.zone_id].append(
            line_pack_change_m3(
                pipe_volume_m3(pipe.length_m, pipe.diameter_m or 0.0),
                from_absolute_kpa=KPA_A_METRE * (pipe.start_m or 0.0),
                to_absolute_kpa=KPA_A_METRE * (pipe.end_m or 0.0),
                temperature_c=temperature_c or 0.0,
                compressibility=with_settings.compressibility,
            )
        )
    return {zone_id: sum_known(changes) for zone_id, changes in packed.items()}


def sum_known(values: Iterable[float | None]) -> float | None:
    """The sum, None where one of them is not known."""
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
