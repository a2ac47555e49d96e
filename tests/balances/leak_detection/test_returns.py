"""Demand that falls and comes back, supply that stops, and a zone without inflow: none of it is a leak."""

import numpy as np
import pytest

from balances.leak_detection.engine import KnownLeak, SearchState, first_step, search
from balances.leak_detection.hourly_data import ZoneHours
from balances.leak_detection.residuals import flow_blocks
from tests.balances.leak_detection.simulated import demand_of

DAYS = 70
FALLS_H = 32 * 24 + 9


def metered(inflow: np.ndarray) -> ZoneHours:
    """Hours of a zone that has meters alone."""
    hour = np.arange(len(inflow))
    return ZoneHours(
        first_hour=0,
        local_hour=hour % 24,
        is_weekend=np.isin((hour // 24) % 7, (5, 6)),
        inflow=inflow,
        drivers=inflow[np.newaxis],
        pressures=np.zeros((0, len(inflow))),
        loggers=(),
    )


def searched(inflow: np.ndarray, opened_h: int | None = None) -> SearchState:
    """The search of all hours; `opened_h`: when a valve V was opened."""
    hours = metered(inflow)

    def valve_of(leak: KnownLeak) -> str | None:
        return "V" if opened_h is not None and abs(leak.started_hour - opened_h) <= 6 else None

    return search(hours, SearchState(first_step(0)), hours.end_hour, valve_of=valve_of)


def usual_inflow(seed: int) -> np.ndarray:
    return np.asarray(150 * demand_of(seed, DAYS).mean(axis=0))


@pytest.mark.parametrize(("days", "share"), [(2, 0.0), (4, 0.85), (9, 0.85), (18, 0.85), (7, 0.0)])
def test_flow_that_comes_back_after_days_is_no_leak(days: int, share: float) -> None:
    inflow = usual_inflow(11)
    inflow[FALLS_H : FALLS_H + 24 * days] *= share
    state = searched(inflow)
    assert state.leaks == []
    if days >= 4:
        falls = [other for other in state.others if other.reason == "demand_shift"]
        assert [other.change < 0 for other in falls] == [True, False]
        assert abs(falls[1].at_hour - (FALLS_H + 24 * days)) <= 12


def test_a_leak_larger_than_the_fall_before_it_is_found() -> None:
    inflow = usual_inflow(11)
    inflow[FALLS_H:] -= 15
    inflow[FALLS_H + 24 * 10 :] += 45
    (leak,) = searched(inflow).leaks
    assert abs(leak.started_hour - (FALLS_H + 240)) <= 24


def test_what_rises_after_a_valve_was_opened_is_a_leak_of_its_own() -> None:
    inflow = usual_inflow(11)
    inflow[FALLS_H:] += 15
    inflow[FALLS_H + 72 :] += 20
    state = searched(inflow, opened_h=FALLS_H)
    (leak,) = state.leaks
    assert abs(leak.started_hour - (FALLS_H + 72)) <= 12
    assert abs(leak.size_m3h - 20) < 8
    assert [(other.reason, other.element) for other in state.others] == [("valve_move", "V")]


def test_a_leak_as_large_as_what_a_valve_brought_and_took_again_is_found() -> None:
    inflow = usual_inflow(11)
    inflow[FALLS_H : FALLS_H + 24 * 8] += 25
    inflow[FALLS_H + 24 * 18 :] += 25
    state = searched(inflow, opened_h=FALLS_H)
    (leak,) = state.leaks
    assert abs(leak.started_hour - (FALLS_H + 24 * 18)) <= 24
    assert [change.kind for change in state.changes] == ["valve", "valve", "leak"]


def test_a_zone_without_inflow_has_no_leak() -> None:
    inflow = np.zeros(DAYS * 24)
    flow = flow_blocks(metered(inflow[: 30 * 24]), 25, ())
    assert flow is not None
    assert flow.spread > 0
    assert searched(inflow).leaks == []
