"""What the leak search reaches on simulated towns: `python -m tests.balances.leak_detection.reached SEED ...`.

Prints, by size of the leak in percent of the mean inflow, how many were found, how soon, and how wrong their size
was; false events; and the whole in a table for docs/losses.md. Detection alone: no database is asked.
"""

import sys
from dataclasses import dataclass, field

import numpy as np

from balances.leak_detection.engine import KnownLeak, SearchState, first_step, search
from tests.balances.leak_detection.simulated import SimulatedTown, TrueLeak, hours_of, simulate

CLASSES = ((0, 2), (2, 5), (5, 10), (10, 100))


@dataclass
class Reached:
    """Found and false events of towns; sizes' errors are shares of the leak's flow at detection."""

    found: dict[tuple[int, int], list[float | None]] = field(default_factory=dict)
    size_errors: list[float] = field(default_factory=list)
    false: int = 0
    towns: int = 0

    def add(self, town: SimulatedTown, state: SearchState) -> None:
        """Count one town's search."""
        pairs, false = matched(town, state)
        self.towns += 1
        self.false += len(false)
        mean = float(np.nanmean(town.inflow))
        for leak, event in pairs:
            percent = 100 * leak.size_m3h / mean
            kind = next(one for one in CLASSES if one[0] <= percent < one[1])
            delay = None if event is None else (event.decided_hour - leak.starts_h) / 24
            self.found.setdefault(kind, []).append(delay)
            if event is not None and percent >= 2:
                true = float(leak.at(np.array([event.decided_hour - 1.0]))[0])
                self.size_errors.append(abs(event.size_m3h - true) / max(true, 0.1))

    def table(self) -> str:
        """Markdown."""
        lines = ["| Leak, % of inflow | Leaks | Found | Median days to find |", "|---|---|---|---|"]
        for kind in CLASSES:
            delays = self.found.get(kind, [])
            known = [delay for delay in delays if delay is not None]
            days = f"{float(np.median(known)):.1f}" if known else "-"
            lines.append(f"| {kind[0]} to {kind[1]} | {len(delays)} | {len(known)} | {days} |")
        lines.append(
            f"\nFalse events: {self.false} in {self.towns} towns; median error of size at detection: "
            f"{100 * float(np.median(self.size_errors or [float('nan')])):.0f} %"
        )
        return "\n".join(lines)


def matched(
    town: SimulatedTown, state: SearchState
) -> tuple[list[tuple[TrueLeak, KnownLeak | None]], list[KnownLeak]]:
    """Each leak with its event, by onset; an event decided while no leak ran, or a second one of it, is false."""
    pairs = []
    for number, leak in enumerate(town.leaks):
        for event in state.leaks:
            if leak.starts_h < event.decided_hour <= leak.ends_h + 12:
                until = leak.starts_h + leak.grows_h
                off = max(leak.starts_h - event.started_hour, event.started_hour - until, 0)
                pairs.append((off + (12 if leak.grows_h else 0), number, event.number))
    taken: dict[int, int] = {}
    for _off, number, event_number in sorted(pairs):
        if number not in taken and event_number not in taken.values():
            taken[number] = event_number
    events = {event.number: event for event in state.leaks}
    found = [(leak, events.get(taken.get(number, -1))) for number, leak in enumerate(town.leaks)]
    return found, [event for event in state.leaks if event.number not in taken.values()]


def main(seeds: list[int]) -> None:
    """Simulate, search and count."""
    reached = Reached()
    for seed in seeds:
        town = simulate(seed)
        hours = hours_of(town)
        reached.add(town, search(hours, SearchState(first_step(hours.first_hour)), hours.end_hour))
        print(f"after seed {seed}:\n{reached.table()}\n", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
