"""Traces on a looped network of 1,000,000 pipes: the whole of it, and what feeds a node through some 10,000 pipes.

Ours is the call of the service, from the name of the node to the codes of all that was found, with the look for dirty
ground. The floor is scipy's bare breadth-first search over the same arrays; the peer is networkx on a graph of the same
elements, already built, without codes. "Cold" is reading and compiling the graph, against SQL that sends the same rows.
"""

import statistics
from collections.abc import Callable
from typing import Any

import networkx as nx
from django.db import connection
from scipy.sparse.csgraph import breadth_first_order

from assets.models import Network
from assets.topology.selectors import network_graph as graphs
from assets.topology.selectors.network_graph import NetworkGraph, network_graph
from assets.tracing.selectors.flow_directions import flow_arcs
from assets.tracing.selectors.traces import Trace, trace
from tests.bench.scale import LARGE, looped_network
from tests.bench.timing import seconds

WANTED_PIPES = 10_000
_ROUNDS = 5


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    network = looped_network(LARGE)
    rows = [_cold(network)]
    graph = network_graph(network)
    rows.append(_connected(network, graph))
    rows.append(_upstream(network, graph))
    return rows


def _cold(network: Network) -> dict[str, Any]:
    def compile_graph() -> None:
        graphs._cache = graphs._GraphCache()
        network_graph(network)

    def send_rows() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT array_agg(id), array_agg(start_node_id), array_agg(end_node_id), string_agg(code, ''), "
                "array_agg(coalesce(stated_length_m, geodesic_length_m)) FROM assets_pipe WHERE network_id = %s",
                [network.pk],
            )
            cursor.execute(
                "SELECT array_agg(node_id), array_agg(passage), string_agg(code, '') FROM assets_node_facts "
                "WHERE network_id = %s",
                [network.pk],
            )

    return _row(
        f"graph of {LARGE:,} pipes, read and compiled", _median(compile_graph), _median(send_rows), "s"
    )


def _connected(network: Network, graph: NetworkGraph) -> dict[str, Any]:
    def ours() -> Trace:
        found = trace(network, trace_type="connected", from_node="J0")
        found.as_dict()
        return found

    arcs = graph.arcs("both")
    start = ours().from_node
    peer_graph = nx.Graph()
    peer_graph.add_edges_from(zip(graph.start.tolist(), graph.end.tolist(), strict=True))
    peer = _median(lambda: nx.node_connected_component(peer_graph, start), rounds=1)
    floor = _median(lambda: breadth_first_order(arcs.matrix, start))
    return _row(
        f"connected trace of {LARGE:,} pipes", _median(ours), floor, "s", peer=peer, peer_name="networkx"
    )


def _upstream(network: Network, graph: NetworkGraph) -> dict[str, Any]:
    node, pipes = _node_fed_by(network, WANTED_PIPES)

    def ours() -> None:
        trace(network, trace_type="upstream", from_node=node).as_dict()

    flow, arcs = flow_arcs(graph, upstream=True)
    start = trace(network, trace_type="upstream", from_node=node).from_node
    peer_graph = nx.DiGraph()
    for mask, origins, targets in (
        (flow.forward, graph.start, graph.end),
        (flow.backward, graph.end, graph.start),
    ):
        peer_graph.add_edges_from(zip(origins[mask].tolist(), targets[mask].tolist(), strict=True))
    peer = _median(lambda: nx.ancestors(peer_graph, start))
    floor = _median(lambda: breadth_first_order(arcs.matrix, start))
    name = f"upstream trace of {pipes:,} of {LARGE:,} pipes"
    return _row(
        name,
        1000 * _median(ours, rounds=21),
        1000 * floor,
        "ms",
        peer=1000 * peer,
        peer_name="networkx",
    )


def _node_fed_by(network: Network, wanted: int) -> tuple[str, int]:
    """The junction, of some down one street, whose upstream trace has nearest to so many pipes; and how many."""
    columns = round((LARGE / 2) ** 0.5)
    found: list[tuple[int, str, int]] = []
    for row in range(20, 300, 10):
        code = f"J{row * columns + columns // 3}"
        pipes = len(trace(network, trace_type="upstream", from_node=code).listed_pipes)
        found.append((abs(pipes - wanted), code, pipes))
    _, code, pipes = min(found)
    return code, pipes


def _median(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    work()
    return statistics.median(seconds(work) for _ in range(rounds))


def _row(name: str, ours: float, floor: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "ours": ours, "floor": floor, "unit": unit, "ratio": ours / floor, **more}
