"""Component analysis of real losses of water, and what it is worth to act against them.

Background and burst estimates (BABE): Lambert, Brown, Takizawa and Weimer, *A review of performance indicators for real
losses from water supply systems*, AQUA 48 (1999). FAVAD: Thornton and Lambert (2005), L1/L0 = (P1/P0)^N1. Economic
intervention: Lambert and Lalonde, *Using practical predictions of economic intervention frequency* (IWA Leakage 2005).
"""

import math
from dataclasses import dataclass

HOURS_A_DAY = 24
# Where background leakage is stated, and how it follows pressure.
REFERENCE_PRESSURE_M = 50.0
BACKGROUND_N1 = 1.5
_MONTHS_SQUARED = 0.789


@dataclass(frozen=True)
class Component:
    """A component of unavoidable losses, l/day and metre of pressure: per km of mains, connection, km of pipe."""

    mains: float
    connection: float
    private_pipe: float


UNAVOIDABLE = {
    "background": Component(9.6, 0.60, 16.0),
    "reported": Component(5.8, 0.04, 1.9),
    "unreported": Component(2.6, 0.16, 7.1),
}


def unavoidable_m3_day(
    *, mains_km: float, connections: float, private_pipe_km: float, pressure_m: float
) -> dict[str, float]:
    """Unavoidable losses by component, m3 a day; they sum to UARL (18, 0.8 and 25 l/day/m)."""
    return {
        name: (part.mains * mains_km + part.connection * connections + part.private_pipe * private_pipe_km)
        * pressure_m
        / 1000
        for name, part in UNAVOIDABLE.items()
    }


def background_m3h(
    *, mains_km: float, connections: float, pressure_m: float, condition_factor: float = 1.0
) -> float:
    """Background leakage, m3/h: 20 l/km/h and 1.25 l/connection/h at 50 m, with the infrastructure condition factor."""
    at_reference = (20 * mains_km + 1.25 * connections) / 1000
    return at_reference * condition_factor * (pressure_m / REFERENCE_PRESSURE_M) ** BACKGROUND_N1


def burst_m3(*, flow_m3h: float, at_pressure_m: float, pressure_m: float, n1: float, days: float) -> float:
    """What a burst loses in its days at `pressure_m`, m3, whose flow is stated at another pressure."""
    return flow_m3h * leakage_ratio(pressure_m, at_pressure_m, n1) * HOURS_A_DAY * days


def leakage_ratio(pressure_m: float, at_pressure_m: float, n1: float) -> float:
    """Leakage at a pressure over that at another one (FAVAD)."""
    return float((pressure_m / at_pressure_m) ** n1)


def pressure_benefit_m3(*, leakage_m3: float, pressure_m: float, new_pressure_m: float, n1: float) -> float:
    """What a lower pressure would have saved of a leakage, m3; below zero where the pressure would rise."""
    return leakage_m3 * (1 - leakage_ratio(new_pressure_m, pressure_m, n1))


@dataclass(frozen=True)
class Intervention:
    """How often a zone's mains are worth surveying. Money is in the unit of the survey's cost."""

    interval_months: float
    percent_a_year: float
    budget_a_year: float
    unreported_m3_year: float


def economic_intervention(
    *, survey_cost: float, water_cost_m3: float, rate_of_rise_m3_day_year: float
) -> Intervention:
    """The economic interval of active leakage control: sqrt(2 CI / (365 CV RR)) years.

    CI: cost of a survey of the whole system; CV: variable cost of water; RR: how much unreported leakage grows, m3/day
    in a year. At that interval a year's surveys cost as much as the water of unreported leaks. In months it is
    sqrt(0.789 CI / (CV RR)), for 2 * 144 / 365 = 0.789 in the source. Raises ValueError unless all are above zero.
    """
    if min(survey_cost, water_cost_m3, rate_of_rise_m3_day_year) <= 0:
        raise ValueError("costs and the rate of rise are above zero")
    months = math.sqrt(_MONTHS_SQUARED * survey_cost / (water_cost_m3 * rate_of_rise_m3_day_year))
    budget = survey_cost * 12 / months
    return Intervention(months, 1200 / months, budget, budget / water_cost_m3)


def economic_level_m3_year(
    *, background_m3_year: float, reported_m3_year: float, unreported_m3_year: float
) -> float:
    """The economic level of leakage: what is left where surveys are made at the economic interval."""
    return background_m3_year + reported_m3_year + unreported_m3_year
