"""Loops of random graphs, with no database, against networkx: bridges, looped parts, independent and shortest loops."""

from collections.abc import Set
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.topology.selectors.network_graph import NetworkGraph
from assets.tracing.selectors.loops import looped_part
from gis_core.integer_reads import Texts


def texts(words: list[str]) -> Texts:
    return Texts("".join(words), np.array([len(word) for word in words], np.int32))


def graph_of(
    node_count: int, pipes: list[tuple[int, int, int]], closed: Set[int] = frozenset()
) -> NetworkGraph:
    """Junctions 0 to n - 1 and open pipes (start, end, length); `closed` are nodes that nothing passes."""
    count = len(pipes)
    ends = np.array([pipe[:2] for pipe in pipes], np.int32).reshape(count, 2)
    return NetworkGraph(
        network_id=0,
        commodity="water",
        revision=0,
        as_of=None,
        node_ids=np.arange(node_count, dtype=np.int64),
        node_kinds=np.zeros(node_count, np.int16),
        passage=np.array([0 if node in closed else 1 for node in range(node_count)], np.int16),
        pipe_ids=np.arange(count, dtype=np.int64),
        start=ends[:, 0],
        end=ends[:, 1],
        length_m=np.array([pipe[2] for pipe in pipes], np.float64),
        is_open=np.ones(count, bool),
        has_check_valve=np.zeros(count, bool),
        is_connector=np.zeros(count, bool),
        _node_codes=texts([f"N{node}" for node in range(node_count)]),
        _pipe_codes=texts([f"P{pipe}" for pipe in range(count)]),
        _node_code_at=np.arange(node_count),
        _pipe_code_at=np.arange(count),
    )


def peer_of(
    node_count: int, pipes: list[tuple[int, int, int]], closed: Set[int] = frozenset()
) -> nx.MultiGraph:
    peer = nx.MultiGraph()
    peer.add_nodes_from(range(node_count))
    for key, (start, end, length) in enumerate(pipes):
        if start not in closed and end not in closed:
            peer.add_edge(start, end, key=key, length=length)
    return peer


def without_bridges(peer: nx.MultiGraph) -> nx.MultiGraph:
    """networkx finds bridges of simple graphs only; parallel edges and loops to the same node are none."""
    simple = nx.Graph((start, end) for start, end in peer.edges() if start != end)
    bridges = {frozenset(edge) for edge in nx.bridges(simple)}
    kept = peer.copy()
    kept.remove_edges_from(
        [
            (start, end, key)
            for start, end, key in peer.edges(keys=True)
            if frozenset((start, end)) in bridges and peer.number_of_edges(start, end) == 1
        ]
    )
    return kept


@st.composite
def graphs(drawing: Any) -> tuple[int, list[tuple[int, int, int]], set[int]]:
    """Rings with chords and branches, so that long loops and bridges are both common."""
    count = drawing(st.integers(2, 24))
    node = st.integers(0, count - 1)
    length = st.integers(1, 9)
    pipes = [(at, at + 1, drawing(length)) for at in range(count - 1) if drawing(st.integers(0, 9))]
    for _ in range(drawing(st.integers(0, 6))):
        pipes.append((drawing(node), drawing(node), drawing(length)))
    closed = drawing(st.sets(node, max_size=2))
    return count, pipes, closed


@settings(max_examples=300, deadline=None)
@given(drawn=graphs(), at=st.integers(0, 23))
def test_looped_parts_are_those_of_networkx(
    drawn: tuple[int, list[tuple[int, int, int]], set[int]], at: int
) -> None:
    count, pipes, closed = drawn
    start = at % count
    part = looped_part(graph_of(count, pipes, closed), start)
    peer = peer_of(count, pipes, closed)
    kept = without_bridges(peer)
    expected = kept.subgraph(nx.node_connected_component(kept, start))
    assert set(part.nodes.tolist()) == set(expected)
    assert set(part.pipes.tolist()) == {key for _, _, key in expected.edges(keys=True)}
    assert part.independent_loops == expected.number_of_edges() - len(expected) + 1
    whole = peer.subgraph(nx.node_connected_component(peer, start))
    assert part.independent_loops_connected == whole.number_of_edges() - len(whole) + 1
    covered = {pipe for _, loop in part.loops for pipe in loop}
    at_start = {key for _, _, key in expected.edges(start, keys=True)}
    assert at_start <= covered
    for nodes, loop in part.loops:
        assert nodes[0] == start
        assert len(set(nodes)) == len(nodes) == len(loop) == len(set(loop))
        for origin, target, key in zip(nodes, [*nodes[1:], start], loop, strict=True):
            assert expected.has_edge(origin, target, key=key)
    for key in at_start:
        origin, target = pipes[key][:2]
        other = target if origin == start else origin
        rest = expected.copy()
        rest.remove_edge(start, other, key=key)
        shortest = pipes[key][2] + nx.dijkstra_path_length(rest, other, start, weight="length")
        lengths = [sum(pipes[pipe][2] for pipe in loop) for _, loop in part.loops if key in loop]
        assert min(lengths) == shortest


@pytest.mark.parametrize("size", [4, 5, 40])
def test_a_ring_is_one_loop_with_no_bridge(size: int) -> None:
    pipes = [(at, (at + 1) % size, 1) for at in range(size)] + [(0, size, 1)]
    part = looped_part(graph_of(size + 1, pipes), 2)
    assert len(part.nodes) == len(part.pipes) == size
    assert (len(part.loops), part.independent_loops) == (1, 1)
    assert looped_part(graph_of(size + 1, pipes), size).loops == []
