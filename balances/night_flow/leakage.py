"""From the least hour of a night to the leakage of its day.

    net night flow = inflow - outflow - storage - legitimate night use
    leakage a day  = net night flow * day factor,   day factor = sum over the day's hours of (P / P_night)^N1, hours
    burst          = net night flow - background leakage

Sources: UK Water Industry Research, *Managing Leakage* (1994, report F: night flow, rolling 20th percentile); FAVAD
(May 1994); night use of 6 % of people with 10 litres: SANFLOW user guide (Water Research Commission, 1999).
"""

from collections.abc import Sequence

ACTIVE_AT_NIGHT = 0.06
NIGHT_USE_L = 10.0
DEFAULT_N1 = 1.15
FLAT_DAY_FACTOR_H = 24.0


def legitimate_m3h(population: int) -> float:
    """Legitimate night use of a population, m3/h."""
    return population * ACTIVE_AT_NIGHT * NIGHT_USE_L / 1000


def day_factor_h(
    pressures_m: Sequence[float], night_pressure_m: float, n1: float, *, hours: float = 24.0
) -> float:
    """The hours that the night's leakage would have to run to lose what the day does.

    `pressures_m` are means of the day's hours; where some are missing, the others stand for the day's `hours`.
    """
    ratios = [(pressure / night_pressure_m) ** n1 for pressure in pressures_m]
    return float(sum(ratios) * hours / len(ratios))


def percentile(values: Sequence[float], share: float) -> float:
    """The percentile of a few values, between two of them in proportion (as `numpy.percentile`)."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
