"""The graph of a network in memory: arrays of what is in service, ready for searches over all of it.

A compiled graph belongs to one revision of its network (`NetworkState.revision`, which every change moves), so it is
never stale; a few are kept per process, within a bound of memory. A million pipes take about 150 MB.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order

from assets.models import DEVICE_KINDS, Network, NetworkState, NodeKind
from assets.models.commodities import rules_of
from assets.networks.selectors.as_of import reading_as_of
from gis_core.integer_reads import Texts, positions_in, read_with_texts

MAXIMUM_BYTES = 800_000_000
MAXIMUM_GRAPHS = 12
# Searches take an edge of no length for no edge.
_SHORTEST_M = 1e-6
_KINDS = [str(kind) for kind in NodeKind.values]
CLOSED, ALONG_DRAWING = 0, 2

Indices = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Arcs:
    """Directed arcs by their origin: those of node i are `pipes[first[i]:first[i + 1]]`, leading to `targets`.

    `matrix` is the same as a sparse matrix of lengths, for scipy; parallel pipes stay apart in it.
    """

    first: Indices
    targets: Indices
    pipes: Indices
    matrix: csr_matrix

    @property
    def nbytes(self) -> int:
        return int(self.first.nbytes + self.targets.nbytes + self.pipes.nbytes + self.matrix.data.nbytes)

    def at(self, nodes: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The numbers of the arcs that leave some nodes."""
        counts = self.first[nodes + 1] - self.first[nodes]
        begins = np.repeat(self.first[nodes] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        return begins + np.arange(len(begins))

    def without_leaving(self, nodes: npt.NDArray[Any]) -> "Arcs":
        """The same arcs but those that leave some nodes: these are reached and not passed."""
        if len(nodes) == 0:
            return self
        leaves = np.zeros(len(self.first) - 1, bool)
        leaves[nodes] = True
        origins = np.repeat(np.arange(len(leaves)), np.diff(self.first))
        stays = ~leaves[origins]
        counts = np.where(leaves, 0, np.diff(self.first))
        first = np.concatenate(([0], np.cumsum(counts))).astype(self.first.dtype)
        matrix = csr_matrix(
            (self.matrix.data[stays], self.matrix.indices[stays], first), shape=self.matrix.shape
        )
        return Arcs(first, self.targets[stays], self.pipes[stays], matrix)

    def reached_from(self, node: int) -> tuple[Indices, Indices]:
        """The nodes reached from one, nearest in steps first, and the predecessor of each node (negative for none)."""
        order, predecessors = breadth_first_order(self.matrix, node, directed=True)
        return order, predecessors


@dataclass
class NetworkGraph:
    """Everything in service, by index: nodes 0 to n - 1 in the order of their ids, pipes with connectors likewise.

    `passage` of a node: 0 nothing passes, 1 both ways, 2 only along the drawing. Lengths are the stated ones where
    stated, else geodesic, in metres.
    """

    network_id: int
    commodity: str
    revision: int
    as_of: datetime | None
    node_ids: npt.NDArray[np.int64]
    node_kinds: npt.NDArray[np.int16]
    passage: npt.NDArray[np.int16]
    pipe_ids: npt.NDArray[np.int64]
    start: Indices
    end: Indices
    length_m: npt.NDArray[np.float64]
    is_open: Mask
    has_check_valve: Mask
    is_connector: Mask
    _node_codes: Texts
    _pipe_codes: Texts
    _node_code_at: npt.NDArray[np.int64]
    _pipe_code_at: npt.NDArray[np.int64]
    _kept: dict[str, Any] = field(default_factory=dict)

    def node_codes(self, nodes: npt.NDArray[Any]) -> list[str]:
        return self._node_codes.at(self._node_code_at[nodes])

    def pipe_codes(self, pipes: npt.NDArray[Any]) -> list[str]:
        return self._pipe_codes.at(self._pipe_code_at[pipes])

    def index_of_node(self, node_id: int) -> int | None:
        """The index of a node, None when it is not in service."""
        return _index_in(self.node_ids, node_id)

    def index_of_pipe(self, pipe_id: int) -> int | None:
        """The index of a pipe, None when it or one of its ends is not in service."""
        return _index_in(self.pipe_ids, pipe_id)

    @cached_property
    def is_device(self) -> Mask:
        return self.is_of_kind(DEVICE_KINDS)

    @cached_property
    def is_supply(self) -> Mask:
        return self.is_of_kind(rules_of(self.commodity).supply_kinds)

    def is_of_kind(self, kinds: Any) -> Mask:
        """Which nodes are of some kinds."""
        return np.isin(self.node_kinds, [_KINDS.index(str(kind)) for kind in kinds])

    def kind_of(self, node: int) -> str:
        return _KINDS[int(self.node_kinds[node])]

    @cached_property
    def forward(self) -> Mask:
        """Pipes that water may pass from their start to their end."""
        return self.is_open & (self.passage[self.start] != CLOSED)

    @cached_property
    def backward(self) -> Mask:
        """Pipes that water may pass from their end to their start."""
        held = (self.passage[self.end] != CLOSED) & (self.passage[self.end] != ALONG_DRAWING)
        return self.is_open & ~self.has_check_valve & held & (self.passage[self.start] != ALONG_DRAWING)

    def arcs(self, name: str) -> Arcs:
        """Arcs that searches follow, made when first asked for.

        "both": whatever is open, whichever way; a closed device is reached but not left. "permitted": as water may
        pass. "all": closed ones too.
        """
        if name == "all":
            masks = (np.ones(len(self.pipe_ids), bool), np.ones(len(self.pipe_ids), bool))
        elif name == "both":
            passes = self.passage != CLOSED
            masks = (self.is_open & passes[self.start], self.is_open & passes[self.end])
        else:
            masks = (self.forward, self.backward)
        return self.kept(f"arcs {name}", lambda: self.arcs_of(*masks))

    def kept(self, key: str, make: Any) -> Any:
        """Something derived from this graph, made once."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def forget(self, beginning: str) -> None:
        """Drop what was derived under keys that begin so."""
        for key in [key for key in self._kept if key.startswith(beginning)]:
            del self._kept[key]

    def arcs_of(self, forward: Mask, backward: Mask, *, reverse: bool = False) -> Arcs:
        """Arcs along the pipes of `forward` and against those of `backward`; `reverse` turns each round."""
        along, against = np.flatnonzero(forward), np.flatnonzero(backward)
        origins = np.concatenate((self.start[along], self.end[against]))
        targets = np.concatenate((self.end[along], self.start[against]))
        pipes = np.concatenate((along, against)).astype(np.int32)
        if reverse:
            origins, targets = targets, origins
        return grouped_arcs(len(self.node_ids), origins, targets, pipes, self.length_m)

    @property
    def nbytes(self) -> int:
        """What it takes in memory, in bytes, about."""
        own = [value for value in vars(self).values() if isinstance(value, np.ndarray)]
        derived = sum(getattr(value, "nbytes", 0) for value in self._kept.values())
        return (
            sum(array.nbytes for array in own) + derived + self._node_codes.nbytes + self._pipe_codes.nbytes
        )


def grouped_arcs(
    node_count: int,
    origins: npt.NDArray[Any],
    targets: npt.NDArray[Any],
    pipes: Indices,
    length_m: npt.NDArray[np.float64],
) -> Arcs:
    """Arcs sorted by origin."""
    # Turning a matrix from rows to columns is a counting sort: row k holds one entry, in the column of arc k's origin.
    count = len(origins)
    by_arc = csr_matrix(
        (np.ones(count, np.int8), origins.astype(np.int32), np.arange(count + 1, dtype=np.int32)),
        shape=(count, node_count),
    )
    by_origin = by_arc.tocsc()
    order = by_origin.indices
    sorted_targets = targets[order].astype(np.int32)
    sorted_pipes = pipes[order]
    lengths = np.maximum(length_m[sorted_pipes], _SHORTEST_M)
    first = by_origin.indptr.astype(np.int32)
    matrix = csr_matrix((lengths, sorted_targets, first), shape=(node_count, node_count))
    return Arcs(first, sorted_targets, sorted_pipes, matrix)


def network_graph(network: Network, *, as_of: datetime | None = None) -> NetworkGraph:
    """The compiled graph of a network as it is, or as it was at a moment."""
    for _attempt in range(3):
        revision = _revision(network)
        key = (network.pk, revision, as_of)
        known = _cache.get(key)
        if known is not None:
            return known
        graph = _compiled(network, revision, as_of)
        # Nodes and pipes are read one after the other; a change in between shows in the revision.
        if _revision(network) == revision:
            break
    _cache.put(key, graph)
    return graph


def _revision(network: Network) -> int:
    return NetworkState.objects.values_list("revision", flat=True).get(network=network)


def _compiled(network: Network, revision: int, as_of: datetime | None) -> NetworkGraph:
    nodes, node_codes = _read_nodes(network, as_of)
    pipes, pipe_codes = _read_pipes(network, as_of)
    node_order, pipe_order = _sorted(nodes["id"]), _sorted(pipes["id"])
    node_ids = nodes["id"][node_order]
    start, end = (
        positions_in(node_ids, pipes[name][pipe_order]).astype(np.int32) for name in ("start", "end")
    )
    # A pipe whose end is not in service leads nowhere.
    whole = np.flatnonzero((start >= 0) & (end >= 0))
    pipe_order = pipe_order[whole]
    return NetworkGraph(
        network_id=network.pk,
        commodity=network.commodity,
        revision=revision,
        as_of=as_of,
        node_ids=node_ids,
        node_kinds=nodes["kind"][node_order],
        passage=nodes["passage"][node_order],
        pipe_ids=pipes["id"][pipe_order],
        start=start[whole],
        end=end[whole],
        length_m=pipes["length_m"][pipe_order],
        is_open=pipes["is_open"][pipe_order],
        has_check_valve=pipes["has_check_valve"][pipe_order],
        is_connector=pipes["is_connector"][pipe_order],
        _node_codes=node_codes,
        _pipe_codes=pipe_codes,
        _node_code_at=node_order,
        _pipe_code_at=pipe_order,
    )


def _read_nodes(network: Network, as_of: datetime | None) -> tuple[dict[str, Any], Texts]:
    """The facts of the nodes come from the view of the topology; its own query reads the past too."""
    facts = "assets_node_facts"
    if as_of is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rtrim(pg_get_viewdef(%s::regclass), ';')", [facts])
            facts = f"({cursor.fetchone()[0]})".replace("%", "%%")
    with reading_as_of(as_of):
        return read_with_texts(
            "SELECT facts.node_id, facts.passage, (array_position(%(kinds)s::text[], facts.kind::text) - 1)::int2, "  # noqa: S608
            f"facts.code FROM {facts} facts WHERE facts.network_id = %(network)s AND facts.is_in_service",
            {"kinds": _KINDS, "network": network.pk},
            [("id", "int8"), ("passage", "int2"), ("kind", "int2")],
            "code",
        )


def _read_pipes(network: Network, as_of: datetime | None) -> tuple[dict[str, Any], Texts]:
    with reading_as_of(as_of):
        return read_with_texts(
            "SELECT id, start_node_id, end_node_id, coalesce(stated_length_m, geodesic_length_m), status = 'open', "
            "has_check_valve, is_connector, code "
            "FROM assets_pipe WHERE network_id = %(network)s AND lifecycle = 'in_service'",
            {"network": network.pk},
            [
                ("id", "int8"),
                ("start", "int8"),
                ("end", "int8"),
                ("length_m", "float8"),
                ("is_open", "bool"),
                ("has_check_valve", "bool"),
                ("is_connector", "bool"),
            ],
            "code",
        )


def _sorted(ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    if len(ids) < 2 or bool((ids[1:] > ids[:-1]).all()):
        return np.arange(len(ids))
    return np.argsort(ids, kind="stable")


def _index_in(sorted_ids: npt.NDArray[np.int64], wanted: int) -> int | None:
    at = int(np.searchsorted(sorted_ids, wanted))
    return at if at < len(sorted_ids) and sorted_ids[at] == wanted else None


class _GraphCache:
    """The graphs last used, no more than the bounds allow; the newest stays whatever its size."""

    def __init__(self) -> None:
        self._graphs: OrderedDict[Any, NetworkGraph] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> NetworkGraph | None:
        with self._lock:
            graph = self._graphs.get(key)
            if graph is not None:
                self._graphs.move_to_end(key)
            return graph

    def put(self, key: Any, graph: NetworkGraph) -> None:
        with self._lock:
            # Of the present only the newest revision is of use.
            for old in [
                known for known in self._graphs if known[0] == key[0] and known[2] == key[2] and known != key
            ]:
                del self._graphs[old]
            self._graphs[key] = graph
            while len(self._graphs) > 1 and (
                len(self._graphs) > MAXIMUM_GRAPHS
                or sum(kept.nbytes for kept in self._graphs.values()) > MAXIMUM_BYTES
            ):
                self._graphs.popitem(last=False)


_cache = _GraphCache()
