"""Loops of a network: the part around a node that no one pipe can split, and its loops.

A pipe is on a loop unless it is a bridge. Bridges are found in one pass over the whole graph: every pipe outside a
spanning tree gets a random number of 63 bits, and a tree pipe the exclusive or of the numbers of those whose loop it is
on; it is zero for bridges, and for others with a chance of 2^-63 (Pritchard and Thurimella 2011, "Fast computation of
small cuts via cycle space sampling").
"""

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.csgraph import breadth_first_order

from assets.topology.selectors.network_graph import CLOSED, Arcs, Mask, NetworkGraph, grouped_arcs

# How many nodes are visited at most for one loop; on looped streets a loop takes some tens.
LOOP_SEARCH_NODES = 200_000
_SEED = 20_111_101


@dataclass(frozen=True)
class LoopedPart:
    """The nodes and pipes (with connectors) that stay connected to a node when any one pipe is shut.

    `loops` are the shortest loops through the node, one for each of its pipes that is on a loop, each once, as (nodes,
    pipes) in order from the node; `independent_loops` is how many independent ones the part has (pipes - nodes + 1),
    and `independent_loops_connected` how many all has that is connected to the node. `loops_left_out` counts pipes of
    the node whose loop is longer than the search goes.
    """

    nodes: npt.NDArray[Any]
    pipes: npt.NDArray[Any]
    loops: list[tuple[list[int], list[int]]]
    independent_loops: int
    independent_loops_connected: int
    loops_left_out: int

    def as_dict(self, graph: NetworkGraph) -> dict[str, Any]:
        return {
            "loops": [_described(graph, nodes, pipes) for nodes, pipes in self.loops],
            "independent_loops": self.independent_loops,
            "independent_loops_connected": self.independent_loops_connected,
            "loops_left_out": self.loops_left_out,
        }


def _described(graph: NetworkGraph, nodes: list[int], pipes: list[int]) -> dict[str, Any]:
    at, along = np.array(nodes, np.int64), np.array(pipes, np.int64)
    along = along[~graph.is_connector[along]]
    is_device = graph.is_device[at]
    return {
        "nodes": graph.node_codes(at[~is_device]),
        "devices": graph.node_codes(at[is_device]),
        "pipes": graph.pipe_codes(along),
        "length_m": round(float(graph.length_m[along].sum()), 3),
    }


def looped_part(graph: NetworkGraph, start: int) -> LoopedPart:
    """The looped part that a node is in: only the node itself where it is on no loop."""
    passable = graph.is_open & (graph.passage[graph.start] != CLOSED) & (graph.passage[graph.end] != CLOSED)
    arcs = graph.kept("arcs of loops", lambda: graph.arcs_of(passable, passable))
    order, predecessors = arcs.reached_from(start)
    pipes = np.unique(arcs.pipes[arcs.at(order)])
    independent_connected = len(pipes) - len(order) + 1
    kept = pipes[~_bridges(graph, order, predecessors, pipes)]
    inner = _both_ways(graph, kept)
    nodes, _ = breadth_first_order(inner.matrix, start, directed=True)
    inside = np.unique(inner.pipes[inner.at(nodes)])
    loops, left_out = _shortest_loops(graph, inner, start)
    return LoopedPart(nodes, inside, loops, len(inside) - len(nodes) + 1, independent_connected, left_out)


def _both_ways(graph: NetworkGraph, pipes: npt.NDArray[Any]) -> Arcs:
    start, end = graph.start[pipes], graph.end[pipes]
    return grouped_arcs(
        len(graph.node_ids),
        np.concatenate((start, end)),
        np.concatenate((end, start)),
        np.concatenate((pipes, pipes)).astype(np.int32),
        graph.length_m,
    )


def _bridges(
    graph: NetworkGraph, order: npt.NDArray[Any], predecessors: npt.NDArray[Any], pipes: npt.NDArray[Any]
) -> Mask:
    """Which of the pipes of one connected part are on no loop; `order` is its breadth-first order from its first."""
    place = np.full(len(graph.node_ids), -1, np.int64)
    place[order] = np.arange(len(order))
    start, end = place[graph.start[pipes]], place[graph.end[pipes]]
    parent = np.zeros(len(order), np.int64)
    parent[1:] = place[predecessors[order[1:]]]
    # The tree pipe of each node: the first that joins it to its parent.
    child = np.where(
        (start != end) & (parent[end] == start) & (end > 0),
        end,
        np.where((start != end) & (parent[start] == end) & (start > 0), start, -1),
    )
    candidates = np.flatnonzero(child >= 0)
    tree_children, first = np.unique(child[candidates], return_index=True)
    tree = candidates[first]
    is_tree = np.zeros(len(pipes), bool)
    is_tree[tree] = True
    numbers = np.random.default_rng(_SEED).integers(1, 2**63 - 1, size=len(pipes), dtype=np.int64)
    sums = np.zeros(len(order), np.int64)
    chords = np.flatnonzero(~is_tree)
    np.bitwise_xor.at(sums, start[chords], numbers[chords])
    np.bitwise_xor.at(sums, end[chords], numbers[chords])
    _sum_up(sums, parent)
    is_bridge = np.zeros(len(pipes), bool)
    is_bridge[tree] = sums[tree_children] == 0
    return is_bridge


def _sum_up(sums: npt.NDArray[np.int64], parent: npt.NDArray[np.int64]) -> None:
    """Let every node hold the exclusive or of its whole subtree. In breadth-first order parents never go back, so each
    level is a stretch, and the children of one parent stand together."""
    levels = [0, 1]
    while levels[-1] < len(parent):
        levels.append(int(np.searchsorted(parent[1:], levels[-1]) + 1))
    for begin, after in zip(levels[-2:0:-1], levels[:1:-1], strict=True):
        parents = parent[begin:after]
        firsts = np.flatnonzero(np.concatenate(([True], parents[1:] != parents[:-1])))
        sums[parents[firsts]] ^= np.bitwise_xor.reduceat(sums[begin:after], firsts)


def _shortest_loops(
    graph: NetworkGraph, inner: Arcs, start: int
) -> tuple[list[tuple[list[int], list[int]]], int]:
    """For each pipe of the node the shortest loop that begins with it."""
    loops: dict[frozenset[int], tuple[list[int], list[int]]] = {}
    left_out = 0
    for arc in range(inner.first[start], inner.first[start + 1]):
        pipe, neighbour = int(inner.pipes[arc]), int(inner.targets[arc])
        if neighbour == start:
            loops.setdefault(frozenset([pipe]), ([start], [pipe]))
            continue
        back = _way_back(graph, inner, neighbour, start, pipe)
        if back is None:
            left_out += 1
            continue
        nodes, pipes = back
        loops.setdefault(frozenset([pipe, *pipes]), ([start, *nodes[:-1]], [pipe, *pipes]))
    return list(loops.values()), left_out


def _way_back(
    graph: NetworkGraph, inner: Arcs, origin: int, target: int, without: int
) -> tuple[list[int], list[int]] | None:
    """The shortest way that does not use one pipe, None if it lies beyond the search."""
    distance = {origin: 0.0}
    came: dict[int, tuple[int, int]] = {}
    queue = [(0.0, origin)]
    settled: set[int] = set()
    while queue and len(settled) < LOOP_SEARCH_NODES:
        so_far, node = heapq.heappop(queue)
        if node in settled:
            continue
        if node == target:
            return _way(came, origin, target)
        settled.add(node)
        for arc in range(inner.first[node], inner.first[node + 1]):
            pipe, neighbour = int(inner.pipes[arc]), int(inner.targets[arc])
            length = so_far + float(graph.length_m[pipe])
            if pipe != without and length < distance.get(neighbour, np.inf):
                distance[neighbour] = length
                came[neighbour] = (node, pipe)
                heapq.heappush(queue, (length, neighbour))
    return None


def _way(came: dict[int, tuple[int, int]], origin: int, target: int) -> tuple[list[int], list[int]]:
    nodes, pipes = [target], []
    while nodes[-1] != origin:
        node, pipe = came[nodes[-1]]
        nodes.append(node)
        pipes.append(pipe)
    return nodes[::-1], pipes[::-1]
