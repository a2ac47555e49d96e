"""Components of real losses and their economy, against worked figures."""

import pytest

from balances.technical_losses.water_components import (
    UNAVOIDABLE,
    background_m3h,
    burst_m3,
    economic_intervention,
    economic_level_m3_year,
    leakage_ratio,
    pressure_benefit_m3,
    unavoidable_m3_day,
)


def test_background_leakage_of_a_zone() -> None:
    flow = background_m3h(mains_km=41.2, connections=2850, pressure_m=38, condition_factor=1.5)
    assert f"{flow:.5f}" == "4.35943"
    assert f"{24 * flow:.3f}" == "104.626"


def test_at_fifty_metres_it_is_the_component_of_uarl() -> None:
    daily = unavoidable_m3_day(mains_km=10, connections=100, private_pipe_km=0, pressure_m=50)["background"]
    # 9.6 l/km/day/m and 0.6 l/connection/day/m are 20 l/km/h and 1.25 l/connection/h there.
    assert 24 * background_m3h(mains_km=10, connections=100, pressure_m=50) == pytest.approx(daily)


def test_the_components_sum_to_uarl() -> None:
    assert sum(part.mains for part in UNAVOIDABLE.values()) == pytest.approx(18)
    assert sum(part.connection for part in UNAVOIDABLE.values()) == pytest.approx(0.8)
    assert sum(part.private_pipe for part in UNAVOIDABLE.values()) == pytest.approx(25)
    parts = unavoidable_m3_day(mains_km=41.2, connections=2850, private_pipe_km=3, pressure_m=38)
    assert sum(parts.values()) == pytest.approx((18 * 41.2 + 0.8 * 2850 + 25 * 3) * 38 / 1000)


def test_a_burst() -> None:
    lost = burst_m3(flow_m3h=12, at_pressure_m=50, pressure_m=38, n1=1, days=3)
    assert f"{lost:.2f}" == "656.64"


@pytest.mark.parametrize(
    ("n1", "ratio"), [(0.5, "0.894"), (1, "0.800"), (1.5, "0.716"), (2, "0.640"), (2.5, "0.572")]
)
def test_a_fifth_less_pressure(n1: float, ratio: str) -> None:
    assert f"{leakage_ratio(40, 50, n1):.3f}" == ratio
    saved = pressure_benefit_m3(leakage_m3=1000, pressure_m=50, new_pressure_m=40, n1=n1)
    assert saved == pytest.approx(1000 * (1 - float(ratio)), abs=0.5)


def test_the_economic_interval() -> None:
    found = economic_intervention(survey_cost=54e6, water_cost_m3=1350, rate_of_rise_m3_day_year=30)
    assert f"{found.interval_months:.4f}" == "32.4345"
    assert f"{found.percent_a_year:.4f}" == "36.9976"
    assert f"{found.budget_a_year / 1e6:.3f}" == "19.979"
    assert f"{found.unreported_m3_year:.0f}" == "14799"
    exact_years = (2 * 54e6 / (365 * 1350 * 30)) ** 0.5
    assert found.interval_months == pytest.approx(12 * exact_years, rel=1e-4)
    level = economic_level_m3_year(
        background_m3_year=38_188.6, reported_m3_year=9_000, unreported_m3_year=found.unreported_m3_year
    )
    assert level == pytest.approx(38_188.6 + 9_000 + 14_799, abs=0.5)


@pytest.mark.parametrize("wrong", ["survey_cost", "water_cost_m3", "rate_of_rise_m3_day_year"])
def test_without_a_cost_or_a_rise_there_is_no_interval(wrong: str) -> None:
    stated = {"survey_cost": 1.0, "water_cost_m3": 1.0, "rate_of_rise_m3_day_year": 1.0, wrong: 0.0}
    with pytest.raises(ValueError, match="above zero"):
        economic_intervention(**stated)
