"""What it is worth to act against leakage, from figures that are stated: surveys, the economic level, pressure."""

from collections.abc import Sequence
from dataclasses import dataclass

from balances.technical_losses.water_components import (
    Intervention,
    economic_intervention,
    economic_level_m3_year,
    leakage_ratio,
    pressure_benefit_m3,
)

# How leakage follows pressure: fixed holes in stiff pipes 0.5, mixed 1 to 1.15, leaks that widen 1.5 to 2.5.
USUAL_N1 = (0.5, 1.0, 1.15, 1.5, 2.0, 2.5)
# The least and the most that each figure may be, for commands and pages alike: nothing overflows or divides by zero.
_MOST = 1e15
BOUNDS = {
    "survey_cost": (1e-6, _MOST),
    "water_cost_m3": (1e-6, _MOST),
    "rise_m3_day_year": (1e-6, _MOST),
    "background_m3_year": (0.0, _MOST),
    "reported_m3_year": (0.0, _MOST),
    "leakage_m3_year": (0.0, _MOST),
    "pressure_m": (0.1, 10_000.0),
    "new_pressure_m": (0.1, 10_000.0),
    "n1": (0.0, 5.0),
}


@dataclass(frozen=True)
class StatedEconomy:
    """Figures of a system; None is not stated. Money is in so'm, volumes in m3 (a year), pressures in metres.

    `leakage_m3_year` is what is lost now at `pressure_m`.
    """

    survey_cost: float | None = None
    water_cost_m3: float | None = None
    rise_m3_day_year: float | None = None
    background_m3_year: float | None = None
    reported_m3_year: float | None = None
    leakage_m3_year: float | None = None
    pressure_m: float | None = None
    new_pressure_m: float | None = None
    n1: Sequence[float] = USUAL_N1


@dataclass(frozen=True)
class PressureBenefit:
    """What another pressure would save of a year's leakage by one N1; below zero where pressure would rise."""

    n1: float
    ratio: float
    saved_m3_year: float | None
    saved_money_year: float | None


@dataclass(frozen=True)
class LossEconomy:
    """What follows from what is stated; None, and no rows, where something that is needed is not."""

    intervention: Intervention | None
    economic_level_m3_year: float | None
    above_level_m3_year: float | None
    pressure: list[PressureBenefit]


def loss_economy(stated: StatedEconomy) -> LossEconomy:
    """The economic interval of surveys, the economic level of leakage and the benefit of another pressure.

    Raises ValueError for costs, a rise or a pressure that is not above zero.
    """
    intervention = None
    if (
        stated.survey_cost is not None
        and stated.water_cost_m3 is not None
        and stated.rise_m3_day_year is not None
    ):
        intervention = economic_intervention(
            survey_cost=stated.survey_cost,
            water_cost_m3=stated.water_cost_m3,
            rate_of_rise_m3_day_year=stated.rise_m3_day_year,
        )
    level = None
    if intervention and stated.background_m3_year is not None and stated.reported_m3_year is not None:
        level = economic_level_m3_year(
            background_m3_year=stated.background_m3_year,
            reported_m3_year=stated.reported_m3_year,
            unreported_m3_year=intervention.unreported_m3_year,
        )
    above = None if level is None or stated.leakage_m3_year is None else stated.leakage_m3_year - level
    return LossEconomy(intervention, level, above, _benefits(stated))


def _benefits(stated: StatedEconomy) -> list[PressureBenefit]:
    before, after, leakage = stated.pressure_m, stated.new_pressure_m, stated.leakage_m3_year
    if before is None or after is None:
        return []
    if min(before, after) <= 0:
        raise ValueError("pressures are above zero")
    found = []
    for n1 in stated.n1:
        saved = (
            None
            if leakage is None
            else pressure_benefit_m3(leakage_m3=leakage, pressure_m=before, new_pressure_m=after, n1=n1)
        )
        money = None if saved is None or stated.water_cost_m3 is None else saved * stated.water_cost_m3
        found.append(PressureBenefit(n1, leakage_ratio(after, before, n1), saved, money))
    return found
