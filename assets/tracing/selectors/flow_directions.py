"""Which way water flows in each pipe: from the last simulation where there is one, else from where the sources are.

Without a simulation water is taken to come by the shortest way that valves permit: every node has its distance from the
nearest source, and flow runs from the smaller to the larger. Where a pipe passes one way only, it runs that way. Pipes
between equally distant nodes, and those no source reaches, are followed both ways.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import dijkstra

from assets.models import SimulationRun
from assets.models.commodities import rules_of
from assets.topology.selectors.network_graph import Arcs, Mask, NetworkGraph
from gis_core.integer_reads import read_columns

# Below this share of the network's largest mean flow the sign of a flow is the solver's noise.
_NO_FLOW_SHARE = 1e-6


@dataclass(frozen=True)
class Flow:
    """Pipes in which water may run from start to end, and from end to start.

    `direction_from` says what it rests on: "simulation", "sources", or "slope" for what runs by gravity along its
    drawing.
    """

    direction_from: str
    forward: Mask
    backward: Mask
    run_id: int | None = None

    @property
    def nbytes(self) -> int:
        return int(self.forward.nbytes + self.backward.nbytes)


def flow_of(graph: NetworkGraph) -> Flow:
    """The flow in a network; in the past it rests on the sources, since the simulation is of the present."""
    if rules_of(graph.commodity).follows_slope:
        return graph.kept(
            "flow by slope", lambda: Flow("slope", graph.forward, np.zeros(len(graph.pipe_ids), bool))
        )
    run = None if graph.as_of is not None else _latest_run(graph.network_id)
    if run is None:
        return graph.kept("flow from sources", lambda: _from_sources(graph))
    if graph.kept("latest run", lambda: run) != run:
        graph.forget("flow")
        graph.forget("latest run")
    return graph.kept(f"flow of run {run}", lambda: _from_simulation(graph, run))


def flow_arcs(graph: NetworkGraph, *, upstream: bool) -> tuple[Flow, Arcs]:
    """The flow, and arcs along it, or against it for `upstream`."""
    flow = flow_of(graph)
    key = f"flow arcs {flow.direction_from} {flow.run_id} {upstream}"
    return flow, graph.kept(key, lambda: graph.arcs_of(flow.forward, flow.backward, reverse=upstream))


def _latest_run(network_id: int) -> int | None:
    return (
        SimulationRun.objects.filter(network_id=network_id)
        .order_by("-pk")
        .values_list("pk", flat=True)
        .first()
    )


def _from_sources(graph: NetworkGraph) -> Flow:
    sources = np.flatnonzero(graph.is_supply)
    if not len(sources):
        return Flow("sources", graph.forward, graph.backward)
    distance = dijkstra(graph.arcs("permitted").matrix, directed=True, indices=sources, min_only=True)
    near, far = distance[graph.start], distance[graph.end]
    forward = graph.forward & ((near <= far) | ~graph.backward)
    backward = graph.backward & ((far <= near) | ~graph.forward)
    return Flow("sources", forward, backward)


def _from_simulation(graph: NetworkGraph, run: int) -> Flow:
    flows = _mean_flows(graph, run)
    known = np.isfinite(flows)
    largest = np.abs(flows[known]).max() if known.any() else 0.0
    moves = known & (np.abs(flows) > _NO_FLOW_SHARE * largest)
    otherwise = _from_sources(graph)
    forward = np.where(moves, flows > 0, otherwise.forward) & graph.is_open
    backward = np.where(moves, flows < 0, otherwise.backward) & graph.is_open
    return Flow("simulation", forward, backward, run)


def _mean_flows(graph: NetworkGraph, run: int) -> npt.NDArray[np.float64]:
    """Mean flow of each pipe over the run, m3/h along its drawing; NaN where the run has none.

    A device's flow is that of its connectors: they are drawn in its direction. Other connectors carry what the one
    other pipe of their device carries.
    """
    flows = np.full(len(graph.pipe_ids), np.nan)
    results = read_columns(
        "SELECT coalesce(pipe_id, 0), coalesce(device_id, 0), mean_flow_m3h FROM assets_linkresult WHERE run_id = %s",
        [run],
        [("pipe", "int8"), ("device", "int8"), ("flow", "float8")],
    )
    of_pipe = results["pipe"] > 0
    _, at, found = np.intersect1d(
        graph.pipe_ids, results["pipe"][of_pipe], assume_unique=True, return_indices=True
    )
    flows[at] = results["flow"][of_pipe][found]
    of_device = np.full(len(graph.node_ids), np.nan)
    _, at, found = np.intersect1d(
        graph.node_ids, results["device"][~of_pipe], assume_unique=True, return_indices=True
    )
    of_device[at] = results["flow"][~of_pipe][found]
    for ends in (graph.start, graph.end):
        flows = np.where(np.isnan(flows) & graph.is_connector, of_device[ends], flows)
    return _continued(graph, flows)


def _continued(graph: NetworkGraph, flows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Give pipes at a device between two pipes the flow of the other one."""
    node_count = len(graph.node_ids)
    degree = np.bincount(graph.start, minlength=node_count) + np.bincount(graph.end, minlength=node_count)
    through = graph.is_device & (degree == 2)
    for _round in range(2):
        unknown = np.isnan(flows)
        if not unknown.any():
            break
        # What runs out of each node by the pipes that are known, and how many of them there are.
        known = np.where(unknown, 0.0, flows)
        out = np.bincount(graph.start, weights=known, minlength=node_count) - np.bincount(
            graph.end, weights=known, minlength=node_count
        )
        is_known = (~unknown).astype(float)
        count = np.bincount(graph.start, weights=is_known, minlength=node_count) + np.bincount(
            graph.end, weights=is_known, minlength=node_count
        )
        settles = through & (count == 1)
        by_start = unknown & settles[graph.start]
        flows = np.where(by_start, -out[graph.start], flows)
        by_end = unknown & ~by_start & settles[graph.end]
        flows = np.where(by_end, out[graph.end], flows)
    return flows
