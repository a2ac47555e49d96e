"""`loss_economy`: the worked example of surveys, the economic level, and pressure by N1."""

from math import isfinite
from typing import Any

import pytest
from django.core.management.base import CommandError

from balances.technical_losses.economy import BOUNDS
from tests.gis_core.test_commands import run

SURVEYS = ("--survey-cost", "54e6", "--water-cost-m3", "1350", "--rise-m3-day-year", "30")


def economy(*arguments: str) -> dict[str, Any]:
    status, document = run("loss_economy", *arguments)
    assert status == 0
    return document


def test_the_worked_example() -> None:
    found = economy(*SURVEYS, "--background-m3-year", "38188.6", "--reported-m3-year", "9000")
    interval = found["intervention"]
    assert f"{interval['interval_months']:.4f}" == "32.4345"
    assert f"{interval['percent_a_year']:.4f}" == "36.9976"
    assert f"{interval['budget_a_year'] / 1e6:.3f}" == "19.979"
    assert f"{interval['unreported_m3_year']:.0f}" == "14799"
    assert found["economic_level_m3_year"] == pytest.approx(38_188.6 + 9_000 + 14_799, abs=0.5)
    assert (found["above_level_m3_year"], found["pressure"]) == (None, [])


def test_another_pressure_by_n1() -> None:
    pressures = ("--pressure-m", "50", "--new-pressure-m", "40")
    rows = economy("--leakage-m3-year", "1000", "--water-cost-m3", "1350", *pressures)["pressure"]
    assert [f"{row['ratio']:.3f}" for row in rows] == ["0.894", "0.800", "0.774", "0.716", "0.640", "0.572"]
    assert rows[1]["saved_m3_year"] == pytest.approx(200)
    assert rows[1]["saved_money_year"] == pytest.approx(200 * 1350)
    (alone,) = economy(*pressures, "--n1", "1")["pressure"]
    assert (alone["saved_m3_year"], alone["saved_money_year"]) == (None, None)
    rise = economy("--leakage-m3-year", "10", "--pressure-m", "40", "--new-pressure-m", "50", "--n1", "1")
    assert rise["pressure"][0]["saved_m3_year"] == pytest.approx(-2.5)


def test_what_is_not_stated_is_not_known() -> None:
    found = economy(*SURVEYS[:4], "--background-m3-year", "1", "--reported-m3-year", "0")
    assert (found["intervention"], found["economic_level_m3_year"]) == (None, None)
    above = economy(
        *SURVEYS, "--background-m3-year", "0", "--reported-m3-year", "0", "--leakage-m3-year", "20000"
    )
    assert above["above_level_m3_year"] == pytest.approx(20_000 - 14_799, abs=0.5)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--survey-cost", "0"),
        ("--pressure-m", "-1"),
        ("--leakage-m3-year", "nan"),
        ("--n1", "1"),
        ("--pressure-m", "50", "--new-pressure-m", "40", "--n1", "1000000"),
        ("--pressure-m", "1e-300", "--new-pressure-m", "40"),
        ("--survey-cost", "1e-300", *SURVEYS[2:]),
    ],
)
def test_bad_arguments(arguments: tuple[str, ...]) -> None:
    with pytest.raises((CommandError, SystemExit)):
        run("loss_economy", *arguments)


@pytest.mark.parametrize("end", [0, 1])
def test_figures_at_their_bounds_are_reckoned_with(end: int) -> None:
    extremes = [f"--{name.replace('_', '-')}={bounds[end]:g}" for name, bounds in BOUNDS.items()]
    found = economy(*extremes)
    assert isfinite(found["intervention"]["percent_a_year"])
    assert [row["ratio"] for row in found["pressure"]] == [1.0]
    far = economy(
        "--pressure-m", "0.1", "--new-pressure-m", "10000", "--leakage-m3-year", "1e15", "--n1", "5"
    )
    assert isfinite(far["pressure"][0]["saved_m3_year"])
