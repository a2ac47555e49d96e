"""Writing segments and supply numbers of a whole network: for a network without them, or changed outside edits."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Count

from assets.models import Network, NetworkState, NodeTopology, PipeTopology
from assets.networks.services.locking import lock_network
from assets.topology.services.partition import (
    GraphArrays,
    SupplyNumbers,
    number_supply,
    read_graph,
    segment_labels,
)
from gis_core.database.row_copies import copy_rows, take_ids
from gis_core.database.statistics import gather_statistics

# Beyond this many cut ways it costs less to number anew than to search around them.
MAXIMUM_BROKEN_SPANS = 16


def ensure_topology(network: Network) -> None:
    """Make segments and supply numbers current; costs one query when they are."""
    state = NetworkState.objects.get(network=network)
    if not (state.topology_is_current and state.supply_is_numbered):
        rebuild_topology(network)


def refresh_stale_topologies() -> list[str]:
    """Make current what was current once, and number anew where more ways are cut than searches should go around.

    Returns the codes of the networks worked on. For a worker, from time to time: readers are right without it, but
    slower.
    """
    stale = Network.objects.filter(state__topology_is_current=False, segments__isnull=False).distinct()
    cut = Network.objects.annotate(cuts=Count("broken_supply_spans")).filter(
        cuts__gt=MAXIMUM_BROKEN_SPANS, state__topology_is_current=True
    )
    worked = []
    for network in stale:
        rebuild_topology(network)
        worked.append(network.code)
    for network in cut:
        renumber_supply(network)
        worked.append(network.code)
    return worked


@transaction.atomic
def rebuild_topology(network: Network) -> None:
    """Compute all segments and supply numbers of the network anew and store them."""
    lock_network(network)
    # From here on a change outside an edit waits for this transaction, and then marks the state again.
    state = NetworkState.objects.select_for_update().get(network=network)
    graph = read_graph(network)
    node_labels, pipe_labels = segment_labels(graph)
    with connection.cursor() as cursor:
        for table in ("nodetopology", "pipetopology", "brokensupplyspan", "segment"):
            cursor.execute(f"DELETE FROM assets_{table} WHERE network_id = %s", [network.pk])  # noqa: S608
        segment_ids = _write_segments(network, node_labels, pipe_labels)
        _write_members(network, graph, segment_ids, (node_labels, pipe_labels), number_supply(graph))
    gather_statistics("assets_nodetopology", "assets_pipetopology", "assets_segment")
    state.topology_is_current = True
    state.supply_is_numbered = True
    state.save(update_fields=["topology_is_current", "supply_is_numbered"])


@transaction.atomic
def renumber_supply(network: Network) -> None:
    """Number the ways of supply anew, after edits cut some; segments stay."""
    lock_network(network)
    state = NetworkState.objects.select_for_update().get(network=network)
    if not state.topology_is_current:
        rebuild_topology(network)
        return
    graph = read_graph(network)
    numbers = number_supply(graph)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE renumbered "
            "(node_id bigint, first integer, last integer, pipe_id bigint) ON COMMIT DROP"
        )
        copy_rows(
            "renumbered",
            "node_id, first, last, pipe_id",
            _number_rows(graph, numbers, np.arange(len(graph.node_ids))),
        )
        cursor.execute("ANALYZE renumbered")
        cursor.execute(
            "UPDATE assets_nodetopology topology SET supply_first = renumbered.first, supply_last = renumbered.last, "
            "supply_pipe_id = renumbered.pipe_id FROM renumbered WHERE topology.node_id = renumbered.node_id "
            "AND (topology.supply_first, topology.supply_last, topology.supply_pipe_id) "
            "IS DISTINCT FROM (renumbered.first, renumbered.last, renumbered.pipe_id)"
        )
        cursor.execute("DROP TABLE renumbered")
        cursor.execute("DELETE FROM assets_brokensupplyspan WHERE network_id = %s", [network.pk])
    state.supply_is_numbered = True
    state.save(update_fields=["supply_is_numbered"])


def _write_segments(network: Network, node_labels: Any, pipe_labels: Any) -> Sequence[int]:
    members = np.concatenate([node_labels[node_labels >= 0], pipe_labels])
    ids = take_ids("assets_segment", int(members.max()) + 1 if len(members) else 0)
    copy_rows(
        "assets_segment",
        "id, network_id, member_count",
        ((pk, network.pk, 0) for pk in ids),
    )
    return ids


def _write_members(
    network: Network,
    graph: GraphArrays,
    segment_ids: Sequence[int],
    labels: tuple[Any, Any],
    numbers: SupplyNumbers,
) -> None:
    node_labels, pipe_labels = labels
    nodes = np.argsort(_neighbourhoods(graph, node_labels, pipe_labels), kind="stable")
    pipes = np.argsort(pipe_labels, kind="stable")
    rows = zip(
        _number_rows(graph, numbers, nodes),
        node_labels[nodes].tolist(),
        graph.is_boundary[nodes].tolist(),
        graph.passage[nodes].tolist(),
        strict=True,
    )
    copy_rows(
        "assets_nodetopology",
        "node_id, supply_first, supply_last, supply_pipe_id, network_id, segment_id, is_boundary, passage",
        (
            (*number, network.pk, segment_ids[label] if label >= 0 else None, boundary, passage)
            for number, label, boundary, passage in rows
        ),
    )
    copy_rows(
        "assets_pipetopology",
        "pipe_id, network_id, segment_id",
        (
            (pk, network.pk, segment_ids[label])
            for pk, label in zip(graph.pipe_ids[pipes].tolist(), pipe_labels[pipes].tolist(), strict=True)
        ),
    )


def _neighbourhoods(graph: GraphArrays, node_labels: Any, pipe_labels: Any) -> Any:
    """The segment by which each node is stored: its own, and for a device that bounds some, one of those.

    A search reads whole segments: what stands on one page is read at once.
    """
    places = node_labels.copy()
    for ends in (graph.starts, graph.ends):
        at_boundary = np.nonzero((ends >= 0) & graph.is_boundary[np.maximum(ends, 0)])[0]
        places[ends[at_boundary]] = pipe_labels[at_boundary]
    return places


def _number_rows(graph: GraphArrays, numbers: SupplyNumbers, order: Any) -> Iterable[tuple[Any, ...]]:
    pipe_ids = graph.pipe_ids.tolist()
    for pk, first, last, pipe in zip(
        graph.node_ids[order].tolist(),
        numbers.first[order].tolist(),
        numbers.last[order].tolist(),
        numbers.pipe[order].tolist(),
        strict=True,
    ):
        is_reached = first >= 0
        yield (
            pk,
            first if is_reached else None,
            last if is_reached else None,
            pipe_ids[pipe] if pipe >= 0 else None,
        )


Partition = frozenset[frozenset[tuple[str, int]]]


def partition_from_nothing(network: Network) -> Partition:
    """The segments that a computation from nothing gives: sets of ("node", id) and ("pipe", id)."""
    graph = read_graph(network)
    node_labels, pipe_labels = segment_labels(graph)
    members = [
        (label, ("node", pk))
        for label, pk in zip(node_labels.tolist(), graph.node_ids.tolist(), strict=True)
        if label >= 0
    ] + [
        (label, ("pipe", pk)) for label, pk in zip(pipe_labels.tolist(), graph.pipe_ids.tolist(), strict=True)
    ]
    return _grouped(members)


def stored_partition(network: Network) -> Partition:
    """The segments as they are stored, in the form of `partition_from_nothing`."""
    nodes = NodeTopology.objects.filter(network=network, segment__isnull=False)
    pipes = PipeTopology.objects.filter(network=network)
    return _grouped(
        [(segment, ("node", pk)) for segment, pk in nodes.values_list("segment_id", "node_id")]
        + [(segment, ("pipe", pk)) for segment, pk in pipes.values_list("segment_id", "pipe_id")]
    )


def _grouped(members: Iterable[tuple[int, tuple[str, int]]]) -> Partition:
    groups: dict[int, set[tuple[str, int]]] = {}
    for label, member in members:
        groups.setdefault(label, set()).add(member)
    return frozenset(frozenset(group) for group in groups.values())
