"""Timing for the benchmarks."""

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(ours: Callable[[], object], floor: Callable[[], object], times: int) -> tuple[float, float]:
    """Median seconds of ours and of the floor, run alternately."""
    pairs = [(seconds(ours), seconds(floor)) for _ in range(times)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)
