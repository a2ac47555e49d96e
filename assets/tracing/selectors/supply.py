"""Which nodes water still reaches from a source when some elements are shut."""

from collections.abc import Collection

import numpy as np
from scipy.sparse.csgraph import dijkstra

from assets.topology.selectors.network_graph import Mask, NetworkGraph


def supplied(
    graph: NetworkGraph, *, shut_nodes: Collection[int] = (), shut_pipes: Collection[int] = ()
) -> Mask:
    """Nodes (by index) that a source reaches on ways that pass none of the shut nodes and pipes (by id)."""
    node_is_shut = np.isin(graph.node_ids, list(shut_nodes))
    pipe_is_shut = np.isin(graph.pipe_ids, list(shut_pipes))
    pipe_is_shut |= node_is_shut[graph.start] | node_is_shut[graph.end]
    sources = np.flatnonzero(graph.is_supply & ~node_is_shut)
    if not len(sources):
        return np.zeros(len(graph.node_ids), bool)
    arcs = graph.arcs_of(graph.forward & ~pipe_is_shut, graph.backward & ~pipe_is_shut)
    steps = dijkstra(arcs.matrix, directed=True, indices=sources, min_only=True, unweighted=True)
    return np.asarray(np.isfinite(steps))
