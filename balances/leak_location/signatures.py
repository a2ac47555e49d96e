"""Signatures of leaks: how heads at the loggers change by 1 m3/h at each node while the metered inflow stays.

EPANET's solution of an hour is made linear about itself: of each link the slope of its head loss, of each junction its
balance. One factorisation gives the sensitivities of all loggers to all nodes (the adjoint equations), so that no
node needs a run of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Hazen-Williams; near enough for the other two formulas.
_EXPONENT = 1.852
_LEAST_FLOW_M3H = 0.05
_LEAST_SLOPE = 1e-7
_CLOSED, _ACTIVE = 2, 4


@dataclass(frozen=True)
class SolvedHour:
    """EPANET's solution of an hour: heads, m, and demands by node, flows, m3/h, and states by link."""

    head_m: Floats
    demand_m3h: Floats
    flow_m3h: Floats
    status: Floats


@dataclass(frozen=True)
class ModelLinks:
    """Links by the indexes of their ends; `kinds` are EPANET's words, small. `is_fixed`: nodes of given head."""

    starts: Integers
    ends: Integers
    kinds: tuple[str, ...]
    is_fixed: NDArray[np.bool_]


def link_slopes(links: ModelLinks, hours: Sequence[SolvedHour]) -> list[Floats]:
    """dh/dq of each link by hour, m per m3/h, from what the hours themselves show of it."""
    losses = np.array([np.abs(hour.head_m[links.starts] - hour.head_m[links.ends]) for hour in hours])
    flows = np.abs(np.array([hour.flow_m3h for hour in hours]))
    most = flows.argmax(axis=0)
    columns = np.arange(flows.shape[1])
    largest = np.maximum(flows[most, columns], _LEAST_FLOW_M3H)
    resistance = losses[most, columns] / largest**_EXPONENT
    is_pump = np.array([kind == "pump" for kind in links.kinds])
    slopes = []
    for flow in flows:
        slope = _EXPONENT * resistance * np.maximum(flow, _LEAST_FLOW_M3H) ** (_EXPONENT - 1)
        # A pump of one point: its head falls by two thirds of it per design flow (EPANET 2.2 manual, "Pump curves").
        gain = 2 / 3 * losses[most, columns] / largest
        slopes.append(np.maximum(np.where(is_pump, gain, slope), _LEAST_SLOPE))
    return slopes


def head_sensitivities(links: ModelLinks, hour: SolvedHour, slope: Floats, loggers: Integers) -> Floats:
    """d head / d demand, m per m3/h: a row a logger, a column a node. Tanks and reservoirs hold their heads."""
    nodes, count = len(hour.head_m), len(links.starts)
    free = np.flatnonzero(~links.is_fixed)
    place = np.full(nodes, -1)
    place[free] = np.arange(len(free))
    rows: list[Integers] = []
    columns: list[Integers] = []
    values: list[Floats] = []

    def put(row: Integers, column: Integers, value: Floats) -> None:
        kept = (row >= 0) & (column >= 0)
        rows.append(row[kept])
        columns.append(column[kept])
        values.append(value[kept])

    line = np.arange(count)
    link_row = len(free) + line
    one = np.ones(count)
    put(place[links.ends], link_row, one)
    put(place[links.starts], link_row, -one)
    put(np.arange(len(free)), np.arange(len(free)), np.full(len(free), -1e-9))
    at_start, at_end, by_flow = _link_equations(links, hour, slope)
    put(link_row, place[links.starts], at_start)
    put(link_row, place[links.ends], at_end)
    put(link_row, link_row, by_flow)
    size = len(free) + count
    matrix = csc_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
    )
    wanted = np.zeros((size, len(loggers)))
    known = place[loggers] >= 0
    wanted[place[loggers][known], np.flatnonzero(known)] = 1.0
    adjoint = splu(matrix).solve(wanted, trans="T")
    found = np.zeros((len(loggers), nodes))
    found[:, free] = adjoint[: len(free)].T
    return found


def _link_equations(links: ModelLinks, hour: SolvedHour, slope: Floats) -> tuple[Floats, Floats, Floats]:
    """Coefficients of each link's equation for the head at its start, at its end, and its flow."""
    kinds = np.array(links.kinds)
    shut = (hour.status <= _CLOSED) | ((hour.status == _ACTIVE) & (kinds == "fcv"))
    reducing = (hour.status == _ACTIVE) & (kinds == "prv")
    sustaining = (hour.status == _ACTIVE) & (kinds == "psv")
    breaking = (hour.status == _ACTIVE) & (kinds == "pbv")
    # An active valve whose held side has a given head cannot hold it: it passes.
    reducing &= ~links.is_fixed[links.ends]
    sustaining &= ~links.is_fixed[links.starts]
    at_start = np.where(shut | reducing, 0.0, 1.0)
    at_end = np.where(shut | sustaining, 0.0, np.where(reducing, 1.0, -1.0))
    by_flow = np.where(shut, 1.0, np.where(reducing | sustaining | breaking, 0.0, -slope))
    return at_start, at_end, by_flow


def with_kept_inflow(sensitivities: Floats, demand_m3h: Floats, members: Integers) -> Floats:
    """The same while other demand of the members shrinks, each by its share, so that the metered inflow stays."""
    weights = np.clip(demand_m3h[members], 0.0, None)
    total = weights.sum()
    if total <= 0:
        return sensitivities
    usual = sensitivities[:, members] @ (weights / total)
    return sensitivities - usual[:, None]
