"""Simulated truth for the leak search: networks, demand with its patterns, leaks, and what meters and loggers say.

Everything follows from a seed. Hydraulics are EPANET's by wntr, hourly; the facts (patterns of the week and the year,
holidays, growth, noise, offsets, gaps) are those that real feeds show (docs/losses.md).
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import wntr
from numpy.typing import NDArray

from balances.leak_detection.hourly_data import ZoneHours

Floats = NDArray[np.float64]
HOURS = 24
_M3H = 3600.0


@dataclass(frozen=True)
class TrueLeak:
    """A leak that was put in: hours since the start, `growing` from nothing to its size over `grows_h` hours."""

    node: str
    size_m3h: float
    starts_h: int
    ends_h: int
    grows_h: int

    def at(self, hours: Floats) -> Floats:
        """Its flow, m3/h, at hours since the start."""
        grown = np.clip((hours - self.starts_h + 1) / max(self.grows_h, 1), 0, 1)
        return np.where((hours >= self.starts_h) & (hours < self.ends_h), self.size_m3h * grown, 0.0)


@dataclass
class SimulatedTown:
    """What meters and loggers of a town say each hour, and the truth. Flows in m3/h, pressures in m."""

    model_text: str
    loggers: list[str]
    inlets: list[str]
    flows: Floats
    pressures: Floats
    leaks: list[TrueLeak]
    places: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def inflow(self) -> Floats:
        """The zone's net inflow by hour."""
        return self.flows.sum(axis=0)


def hours_of(town: SimulatedTown) -> ZoneHours:
    """The town's hours for the engine, without a database; the loggers' ids are their order."""
    hour = np.arange(town.flows.shape[1])
    return ZoneHours(
        first_hour=0,
        local_hour=hour % 24,
        is_weekend=np.isin((hour // 24) % 7, (5, 6)),
        inflow=town.inflow,
        drivers=town.flows,
        pressures=town.pressures,
        loggers=tuple(range(len(town.loggers))),
    )


def grid_town(seed: int, side: int = 10) -> Any:
    """A looped town of side x side junctions 100 m apart, fed at two corners; some 150 m3/h."""
    rng = np.random.default_rng(seed)
    model = wntr.network.WaterNetworkModel()
    model.options.hydraulic.headloss = "H-W"
    model.options.hydraulic.demand_model = "DD"
    for group in range(6):
        model.add_pattern(f"G{group}", [1.0])
    share = rng.lognormal(0, 0.6, (side, side))
    share *= 150 / _M3H / share.sum()
    for x in range(side):
        for y in range(side):
            model.add_junction(
                f"J{x}_{y}",
                base_demand=float(share[x, y]),
                demand_pattern=f"G{(x * 3 // side) + 3 * (y * 2 // side)}",
                elevation=float(10 + 6 * np.sin(x / 3 + seed) + rng.normal(0, 1)),
                coordinates=(100.0 * x, 100.0 * y),
            )
    for x in range(side):
        for y in range(side):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx >= side or y + dy >= side or (dx and 0 < y < side - 1 and rng.random() < 0.2):
                    continue
                is_main = (dx and y == side // 2) or (dy and x in (0, side - 1))
                diameter = 0.25 if is_main else float(rng.choice([0.08, 0.1, 0.125]))
                model.add_pipe(
                    f"P{x}_{y}_{dx}",
                    f"J{x}_{y}",
                    f"J{x + dx}_{y + dy}",
                    100.0,
                    diameter,
                    float(rng.uniform(90, 135)),
                )
    for number, (x, y, head) in enumerate(((0, 0, 62.0), (side - 1, side - 1, 61.8))):
        model.add_reservoir(f"R{number}", base_head=head, coordinates=(100.0 * x - 50, 100.0 * y - 50))
        model.add_pipe(f"IN{number}", f"R{number}", f"J{x}_{y}", 60.0, 0.25, 120.0)
    return model


def _day_shape(hours: Floats, kind: int) -> Floats:
    """Demand over the local day: dwellings with two peaks, commerce by day, a mixture."""
    hour = hours % HOURS
    dwellings = 0.45 + 0.9 * np.exp(-((hour - 8) ** 2) / 8) + 1.0 * np.exp(-((hour - 19.5) ** 2) / 10)
    commerce = 0.35 + 1.3 * ((hour > 7) & (hour < 19))
    share = (0.1, 0.3, 0.2, 0.5, 0.15, 0.25)[kind]
    return np.asarray((1 - share) * dwellings + share * commerce)


def demand_of(seed: int, days: int) -> Floats:
    """Multipliers of demand by group and hour: week, year, holidays, growth, noise that remembers some hours."""
    rng = np.random.default_rng(seed + 7_000)
    hours = np.arange(days * HOURS, dtype=float)
    day = (hours // HOURS).astype(int)
    phase = rng.uniform(0, 2 * np.pi)
    year = 1 + 0.10 * np.sin(2 * np.pi * hours / (365 * HOURS) + phase) + 0.03 * hours / (365 * HOURS)
    holidays = rng.choice(days, size=max(1, days // 40), replace=False)
    common = _noise(rng, len(hours), 0.015, 0.5) + np.repeat(rng.normal(0, 0.015, days), HOURS)
    found = []
    for group in range(6):
        weekend = np.isin(day % 7, (5, 6)) | np.isin(day, holidays)
        shape = _day_shape(hours - 1.0 * weekend, group) * np.where(weekend, rng.uniform(0.9, 1.08), 1.0)
        found.append(shape * year * (1 + common + _noise(rng, len(hours), 0.03, 0.3)))
    return np.array(found)


def _noise(rng: np.random.Generator, count: int, deviation: float, memory: float) -> Floats:
    white = rng.normal(0, deviation * np.sqrt(1 - memory**2), count)
    found = np.empty(count)
    last = 0.0
    for place, value in enumerate(white):
        last = memory * last + value
        found[place] = last
    return found


def leaks_of(
    seed: int, nodes: list[str], days: int, inflow_m3h: float, quiet_days: int = 45
) -> list[TrueLeak]:
    """A leak every three weeks or so after a quiet beginning, of 1 to 12 % of the inflow, half of them growing."""
    rng = np.random.default_rng(seed + 13_000)
    found = []
    day = quiet_days + float(rng.uniform(0, 10))
    while day < days - 12:
        size = inflow_m3h * float(np.exp(rng.uniform(np.log(0.01), np.log(0.12))))
        starts = int(day * HOURS + rng.integers(0, HOURS))
        lasts = int(rng.uniform(14, 40) * HOURS)
        grows = 0 if rng.random() < 0.5 else int(lasts * rng.uniform(0.3, 0.8))
        found.append(TrueLeak(str(rng.choice(nodes)), size, starts, starts + lasts, grows))
        day += float(rng.uniform(16, 28))
    return found


def simulate(
    seed: int,
    *,
    days: int = 180,
    loggers: int = 12,
    leaks: list[TrueLeak] | None = None,
    model: Any = None,
    base: float = 150.0,
) -> SimulatedTown:
    """A town's measured hours. `model`: another network than the generated one, with groups G0 to G5 as patterns."""
    rng = np.random.default_rng(seed + 29_000)
    network = grid_town(seed) if model is None else model
    junctions = list(network.junction_name_list)
    text = _text_of(network)
    multipliers = demand_of(seed, days)
    hours = np.arange(days * HOURS, dtype=float)
    for group in range(6):
        network.get_pattern(f"G{group}").multipliers = multipliers[group]
    mean = float(multipliers.mean()) * base
    if leaks is None:
        leaks = leaks_of(seed, junctions, days, mean)
    for number, leak in enumerate(leaks):
        network.add_pattern(f"LEAK{number}", leak.at(hours) / leak.size_m3h)
        network.get_node(leak.node).add_demand(leak.size_m3h / _M3H, f"LEAK{number}")
    options = network.options.time
    options.duration = (days * HOURS - 1) * 3600
    options.hydraulic_timestep = options.pattern_timestep = options.report_timestep = 3600
    with tempfile.TemporaryDirectory() as folder:
        done = wntr.sim.EpanetSimulator(network).run_sim(file_prefix=str(Path(folder) / "run"))
    inlets = [f"IN{number}" for number in range(len(network.reservoir_name_list))]
    places = [junctions[i] for i in rng.permutation(len(junctions))[:loggers]]
    pressures = done.node["pressure"][places].to_numpy().T.astype(float)
    flows = done.link["flowrate"][inlets].to_numpy().T.astype(float) * _M3H
    pressures = pressures + rng.uniform(-0.3, 0.3, (loggers, 1)) + rng.normal(0, 0.012, pressures.shape)
    flows = flows * (1 + rng.normal(0, 0.005, flows.shape))
    pressures, flows = np.round(pressures, 3), np.round(flows, 3)
    for series in (*pressures, *flows):
        for _gap in range(max(1, days // 45)):
            begins = int(rng.integers(0, len(hours)))
            series[begins : begins + int(rng.integers(2, 20))] = np.nan
    spots = {name: network.get_node(name).coordinates for name in network.node_name_list}
    return SimulatedTown(text, places, inlets, flows, pressures, leaks, spots)


def _text_of(network: Any) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.inp"
        wntr.network.io.write_inpfile(network, str(path))
        return path.read_text(encoding="utf-8")
