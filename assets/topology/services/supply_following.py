"""Keeping supply numbers usable after an edit.

A number says: there is a way from a source through exactly the nodes whose spans hold this number. An edit that may
have cut such a way is repaired on the spot where a pipe or one new node bridges it (a split, a merge, a device put in);
else the span below the cut is set down as broken, and searches go around it until the network is numbered anew.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from assets.models import Network
from assets.models.commodities import rules_of

_CHILDREN = """
    SELECT node_id, supply_first, supply_last FROM assets_nodetopology
     WHERE supply_pipe_id = ANY (%s) AND supply_first IS NOT NULL
"""
_STATES = """
    SELECT topology.node_id, topology.supply_first, topology.supply_last, topology.passage,
           topology.supply_pipe_id IS NOT NULL OR node.kind = ANY (%s)
      FROM assets_nodetopology topology JOIN assets_node node ON node.id = topology.node_id
     WHERE topology.node_id = ANY (%s) AND topology.supply_first IS NOT NULL
"""
_ABOVE = """
    SELECT origin.node_id, origin.supply_first, origin.supply_last
      FROM assets_nodetopology topology
      JOIN assets_pipe pipe ON pipe.id = topology.supply_pipe_id
      JOIN assets_nodetopology origin
        ON origin.node_id = CASE WHEN pipe.start_node_id = topology.node_id THEN pipe.end_node_id
                                 ELSE pipe.start_node_id END
     WHERE topology.node_id = %s
"""
# A node put into a way shares its child's span; so many such nodes in a row are looked through.
_MAXIMUM_SHARED = 50

Span = tuple[int, int]


@dataclass(frozen=True)
class _Way:
    pipe: int
    origin: int
    span: Span | None


def follow_supply(
    cursor: Any,
    network: Network,
    nodes: Iterable[int],
    pipes: Iterable[int],
    refresh_rows: Callable[[], None],
) -> None:
    """Mend or mark the ways of supply that changed nodes and pipes (ids) may have cut.

    `refresh_rows` brings the rows of the changed nodes in line; it is called after their old state is read.
    """
    changed = list(nodes)
    supply_kinds = sorted(rules_of(network.commodity).supply_kinds)
    cursor.execute(_STATES, [supply_kinds, changed])
    before = {row[0]: row[1:] for row in cursor.fetchall()}
    refresh_rows()
    cursor.execute(_STATES, [supply_kinds, changed])
    after = {row[0]: row[1:] for row in cursor.fetchall()}
    broken: list[Span] = []
    for node, (first, last, passage, _has_way) in before.items():
        _first, _last, passage_now, has_way = after.get(node, (None, None, 0, False))
        if not has_way or passage_now not in (passage, 1):
            broken.append((first, last))
    cursor.execute(_CHILDREN, [list(pipes)])
    for child, first, last in cursor.fetchall():
        if not _mend(cursor, child, (first, last)):
            broken.append((first, last))
    _mark_broken(cursor, network, broken)


def _mark_broken(cursor: Any, network: Network, spans: Iterable[Span]) -> None:
    for first, last in spans:
        cursor.execute(
            "INSERT INTO assets_brokensupplyspan (network_id, first, last) SELECT %s, %s, %s "
            "WHERE NOT EXISTS (SELECT 1 FROM assets_brokensupplyspan "
            "WHERE network_id = %s AND first <= %s AND last >= %s)",
            [network.pk, first, last, network.pk, first, last],
        )


def _mend(cursor: Any, child: int, span: Span) -> bool:
    """Give the child a way from a node above it, directly or through one node that has no number; whether it worked."""
    ways = _ways_in(cursor, [child])
    for way in ways.get(child, ()):
        if _is_above(cursor, way, child, span):
            _set_way(cursor, child, way.pipe, None)
            return True
    between = {way.origin: way for way in ways.get(child, ()) if way.span is None}
    for middle, ways_in in _ways_in(cursor, list(between)).items():
        for way in ways_in:
            if way.origin != child and _is_above(cursor, way, child, span):
                _set_way(cursor, middle, way.pipe, span)
                _set_way(cursor, child, between[middle].pipe, None)
                return True
    return False


def _ways_in(cursor: Any, nodes: list[int]) -> dict[int, list[_Way]]:
    ways: dict[int, list[_Way]] = {}
    if nodes:
        cursor.execute("SELECT * FROM ways_into_nodes(%s::bigint[], '{}', '{}')", [nodes])
        for pipe, origin, target, first, last, _kind in cursor.fetchall():
            ways.setdefault(target, []).append(_Way(pipe, origin, None if first is None else (first, last)))
    return ways


def _is_above(cursor: Any, way: _Way, child: int, span: Span) -> bool:
    """Whether the way's origin gets its water from above the child: its span holds the child's, not by the child."""
    if way.span is None or not (way.span[0] <= span[0] and span[1] <= way.span[1]):
        return False
    node, its_span = way.origin, way.span
    for _step in range(_MAXIMUM_SHARED):
        if node == child:
            return False
        if its_span != span:
            return True
        cursor.execute(_ABOVE, [node])
        row = cursor.fetchone()
        if row is None:
            return True
        node, its_span = row[0], (row[1], row[2])
    return False


def _set_way(cursor: Any, node: int, pipe: int, span: Span | None) -> None:
    if span is None:
        cursor.execute("UPDATE assets_nodetopology SET supply_pipe_id = %s WHERE node_id = %s", [pipe, node])
    else:
        cursor.execute(
            "UPDATE assets_nodetopology SET supply_pipe_id = %s, supply_first = %s, supply_last = %s "
            "WHERE node_id = %s",
            [pipe, *span, node],
        )
