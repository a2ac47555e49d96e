"""Technical losses of electric lines and transformers.

Line: loss = 3 R sum(I^2 dt) from hourly current, else 3 I_max^2 R tau with tau = (0.124 + T_max / 10^4)^2 * 8760 hours,
where T_max is the energy over the greatest load (the empirical formula of RD 34.09.254, instruction on technical losses
in grids). Transformer: P0 T + Pk (S_max / S_n)^2 tau. Loss factor 0.15 LF + 0.85 LF^2: that of distribution feeders
(Gustafson and Baylor, IEEE Transactions on Power Systems 3, 1988). Resistances: GOST 839-80, 20 °C; other conductors by
section and material.
"""

import math
import re
from collections.abc import Sequence

HOURS_A_YEAR = 8760.0
# Ohms a kilometre of steel-aluminium conductors by section, mm2 (GOST 839-80).
_STEEL_ALUMINIUM_OHM_KM = {
    16: 1.7818,
    25: 1.1521,
    35: 0.7774,
    50: 0.5951,
    70: 0.4218,
    95: 0.3007,
    120: 0.2440,
    150: 0.2046,
    185: 0.1591,
    240: 0.1182,
    300: 0.0958,
}
# Ohm mm2 a kilometre at 20 °C: the resistivity that cables are reckoned with.
_ALUMINIUM, _COPPER = 29.4, 18.4
# АС, A, AAShv, SIP, ... are of aluminium; M, VVG, ... of copper.
_COPPER_MARKS = re.compile(
    r"^(M|М|VVG|ВВГ|SHVVP|ШВВП|PV|ПВ|SBSHV|СБШВ|SB|СБ|CU|VBBSHV|ВББШВ|N2?XY)", re.IGNORECASE
)
_BARE = re.compile(r"^(AS|АС|AC|ACSR)\s*-?\s*\d", re.IGNORECASE)
_SECTION = re.compile(r"(?:\d+\s*[xх×*]\s*)?(\d+(?:[.,]\d+)?)(?:\s*/\s*\d+)?\s*$", re.IGNORECASE)


def resistance_ohm_km(conductor: str) -> float | None:
    """Ohms a kilometre of a phase at 20 °C by its mark, such as AS-70, AAShv-240, SIP-2 3x70; None if unreadable."""
    text = conductor.strip()
    # A neutral that is named after a plus does not count.
    found = _SECTION.search(text.split("+")[0].strip())
    section = float(found[1].replace(",", ".")) if found else 0.0
    if section <= 0:
        return None
    if _BARE.match(text) and section in _STEEL_ALUMINIUM_OHM_KM:
        return _STEEL_ALUMINIUM_OHM_KM[int(section)]
    return (_COPPER if _COPPER_MARKS.match(text) else _ALUMINIUM) / section


def current_a(power_kw: float, voltage_kv: float, power_factor: float) -> float:
    """The phase current of a balanced three-phase load."""
    return power_kw / (math.sqrt(3) * voltage_kv * power_factor)


def line_loss_kw(current: float, resistance_ohm: float) -> float:
    """Loss in the three phases of a line."""
    return 3 * current**2 * resistance_ohm / 1000


def line_loss_kwh(currents_a: Sequence[float], resistance_ohm: float, *, hours: float = 1.0) -> float:
    """Loss over a series of currents, each of which held for `hours`."""
    return sum(line_loss_kw(current, resistance_ohm) for current in currents_a) * hours


def utilisation_hours(energy_kwh: float, greatest_kw: float) -> float:
    """T_max: how long the greatest load would have run for the energy."""
    return energy_kwh / greatest_kw


def loss_hours(utilisation_h: float, *, period_hours: float = HOURS_A_YEAR) -> float:
    """tau: how long the greatest loss would have run for the losses. `utilisation_h` is scaled to a year and back."""
    yearly = utilisation_h * HOURS_A_YEAR / period_hours
    return (0.124 + yearly / 10_000) ** 2 * period_hours


def loss_factor(load_factor: float) -> float:
    """Mean loss over greatest loss of a feeder, by its load factor."""
    return 0.15 * load_factor + 0.85 * load_factor**2


def transformer_loss_kwh(
    *,
    no_load_kw: float,
    load_loss_kw: float,
    greatest_kva: float,
    rated_kva: float,
    hours: float,
    loss_h: float,
) -> tuple[float, float]:
    """What a transformer loses without load over `hours`, and by its load over tau, kWh."""
    return no_load_kw * hours, load_loss_kw * (greatest_kva / rated_kva) ** 2 * loss_h
