"""Segments and supply of a whole network, computed from nothing with arrays.

A segment is a connected part of what is in service once the devices that bound segments are taken out: what
`wntr.metrics.topographic.valve_segments` makes of a model and its valve layer.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components

from assets.models import Network
from assets.models.commodities import rules_of
from gis_core.integer_reads import positions_in, read_columns

Ids = npt.NDArray[np.int64]

_NODES = """
    SELECT node_id, is_boundary, passage, kind = ANY (%(supply_kinds)s)
      FROM assets_node_facts WHERE network_id = %(network)s AND is_in_service ORDER BY node_id
"""
_PIPES = """
    SELECT id, start_node_id, end_node_id, status = 'open', has_check_valve
      FROM assets_pipe WHERE network_id = %(network)s AND lifecycle = 'in_service' ORDER BY id
"""


@dataclass(frozen=True)
class GraphArrays:
    """What is in service: nodes and pipes sorted by id; ends as indexes of nodes, -1 for an end not in service."""

    node_ids: Ids
    is_boundary: npt.NDArray[np.bool_]
    passage: npt.NDArray[np.int16]
    is_source: npt.NDArray[np.bool_]
    pipe_ids: Ids
    starts: Ids
    ends: Ids
    is_open: npt.NDArray[np.bool_]
    has_check_valve: npt.NDArray[np.bool_]


def read_graph(network: Network) -> GraphArrays:
    """Read the network's graph as it is now."""
    parameters = {"network": network.pk, "supply_kinds": sorted(rules_of(network.commodity).supply_kinds)}
    nodes = read_columns(
        _NODES, parameters, [("id", "int8"), ("boundary", "bool"), ("passage", "int2"), ("source", "bool")]
    )
    pipes = read_columns(
        _PIPES,
        parameters,
        [("id", "int8"), ("start", "int8"), ("end", "int8"), ("open", "bool"), ("check", "bool")],
    )
    return GraphArrays(
        node_ids=nodes["id"],
        is_boundary=nodes["boundary"],
        passage=nodes["passage"],
        is_source=nodes["source"],
        pipe_ids=pipes["id"],
        starts=positions_in(nodes["id"], pipes["start"]),
        ends=positions_in(nodes["id"], pipes["end"]),
        is_open=pipes["open"],
        has_check_valve=pipes["check"],
    )


def segment_labels(graph: GraphArrays) -> tuple[Ids, Ids]:
    """Labels 0, 1, … of the segment of each node and each pipe; -1 for nodes that bound segments."""
    node_count, pipe_count = len(graph.node_ids), len(graph.pipe_ids)
    rows, columns = [], []
    for ends in (graph.starts, graph.ends):
        joined = (ends >= 0) & ~graph.is_boundary[np.maximum(ends, 0)] if node_count else ends >= 0
        rows.append(np.nonzero(joined)[0] + node_count)
        columns.append(ends[joined])
    row, column = np.concatenate(rows), np.concatenate(columns)
    size = node_count + pipe_count
    joins = coo_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=(size, size))
    _count, labels = connected_components(joins, directed=False)
    labels = labels.astype(np.int64)
    node_labels, pipe_labels = labels[:node_count].copy(), labels[node_count:]
    node_labels[graph.is_boundary] = -1
    used, dense = np.unique(np.concatenate([node_labels, pipe_labels]), return_inverse=True)
    dense = dense - (1 if len(used) and used[0] == -1 else 0)
    return dense[:node_count], dense[node_count:]


def passable_arcs(graph: GraphArrays) -> tuple[Ids, Ids, Ids]:
    """From, to (indexes of nodes) and pipe (index) of every way that water can take along one pipe."""
    whole = (graph.starts >= 0) & (graph.ends >= 0) & graph.is_open
    pipes = np.nonzero(whole)[0]
    starts, ends = graph.starts[pipes], graph.ends[pipes]
    forward = (graph.passage[starts] != 0) & (graph.passage[ends] != 0)
    backward = (graph.passage[starts] == 1) & (graph.passage[ends] == 1) & ~graph.has_check_valve[pipes]
    return (
        np.concatenate([starts[forward], ends[backward]]),
        np.concatenate([ends[forward], starts[backward]]),
        np.concatenate([pipes[forward], pipes[backward]]),
    )


@dataclass(frozen=True)
class SupplyNumbers:
    """For each node: its own number, the last number of those supplied through it, the pipe of its way (an index).

    All three are -1 for a node without a way from a source; sources have no pipe.
    """

    first: Ids
    last: Ids
    pipe: Ids


def number_supply(graph: GraphArrays) -> SupplyNumbers:
    """Number the nodes of a tree of ways with the fewest pipes from all sources, parents before children."""
    count = len(graph.node_ids)
    start, end, pipe = passable_arcs(graph)
    sources = np.nonzero(graph.is_source)[0]
    root = count
    row = np.concatenate([np.full(len(sources), root), start])
    column = np.concatenate([sources, end])
    arcs = coo_matrix((np.ones(len(row), dtype=np.int8), (row, column)), shape=(count + 1, count + 1)).tocsr()
    order, parents = breadth_first_order(arcs, root, directed=True, return_predecessors=True)
    order, parents = order.astype(np.int64), parents.astype(np.int64)
    first, size = _preorder(order, parents, count + 1)
    reached = first[:count] >= 0
    last = np.where(reached, first[:count] + size[:count] - 1, -1)
    return SupplyNumbers(
        first[:count], last, _pipes_of_ways(start, end, pipe, parents[:count], reached, root)
    )


def _pipes_of_ways(
    start: Ids, end: Ids, pipe: Ids, parents: Ids, reached: npt.NDArray[np.bool_], root: int
) -> Ids:
    """The pipe between each node and its parent in the tree."""
    width = len(parents) + 1
    keys = start * width + end
    by_key = np.argsort(keys, kind="stable")
    children = np.nonzero(reached & (parents != root))[0]
    pipes = np.full(len(parents), -1, dtype=np.int64)
    if len(children):
        place = np.searchsorted(keys, parents[children] * width + children, sorter=by_key)
        pipes[children] = pipe[by_key[place]]
    return pipes


def _preorder(order: Ids, parents: Ids, count: int) -> tuple[Ids, Ids]:
    """Pre-order numbers and subtree sizes of a breadth-first tree, a level at a time; -1 and 1 where not reached."""
    rank = np.full(count, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    # In breadth-first order the parents' ranks never fall, so a level is a run of it.
    parent_ranks = rank[parents[order[1:]]]
    levels, begin, end = [], 0, 1
    while end < len(order):
        begin, end = end, 1 + int(np.searchsorted(parent_ranks, end))
        levels.append(order[begin:end])
    size = np.ones(count, dtype=np.int64)
    for level in reversed(levels):
        np.add.at(size, parents[level], size[level])
    first = np.full(count, -1, dtype=np.int64)
    first[order[0]] = 0
    for level in levels:
        before = np.cumsum(size[level]) - size[level]
        parent = parents[level]
        is_eldest = np.concatenate([[True], parent[1:] != parent[:-1]])
        offset = before - np.maximum.accumulate(np.where(is_eldest, before, 0))
        first[level] = first[parent] + 1 + offset
    return first, size
