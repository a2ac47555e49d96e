"""Which nodes lose their last way from a source when nothing passes a part of the network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from assets.isolation.services.part import IsolatedPart, Span, columns_of


@dataclass
class SupplySearch:
    """A search up against the flow from the part's neighbours, which ends at nodes that are surely supplied.

    Surely supplied are sources, and nodes whose supply number lies neither below the part nor below a way that an edit
    may have cut (the part's `broken`).
    """

    cursor: Any
    part: IsolatedPart
    supply_kinds: frozenset[str]

    def cut_off(self) -> set[int]:
        """Ids of the nodes outside the part that had a way from a source and have none."""
        blocked = self.part.nodes | self.part.close
        unsure = self.part.supply_spans() + self.part.broken
        candidates = {
            node.id
            for node in self.part.neighbours.values()
            if not self._is_sure(node.supply_first, node.kind, unsure)
        }
        cut: set[int] = set()
        while candidates:
            lost = self._without_way(candidates, blocked, self.part.pipes, unsure) - cut
            cut |= lost
            candidates = self._unsure_neighbours(lost, unsure) - blocked - cut
        return cut - self._without_way_before(cut)

    def _without_way_before(self, nodes: set[int]) -> set[int]:
        """Those that had no way even before; the numbered ones had one unless an edit may have cut it."""
        if not nodes:
            return set()
        self.cursor.execute(
            "SELECT node_id, supply_first FROM assets_nodetopology WHERE node_id = ANY (%s)", [list(nodes)]
        )
        doubtful = {
            node
            for node, first in self.cursor.fetchall()
            if first is None or _is_within(first, self.part.broken)
        }
        return self._without_way(doubtful, set(), set(), self.part.broken) if doubtful else set()

    def _unsure_neighbours(self, nodes: set[int], unsure: list[Span]) -> set[int]:
        if not nodes:
            return set()
        self.cursor.execute(
            "SELECT topology.node_id, topology.supply_first, node.kind FROM ("
            "SELECT end_node_id AS id FROM assets_pipe "
            "WHERE start_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service' "
            "UNION SELECT start_node_id FROM assets_pipe "
            "WHERE end_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service') neighbour "
            "JOIN assets_nodetopology topology ON topology.node_id = neighbour.id "
            "JOIN assets_node node ON node.id = neighbour.id",
            {"nodes": list(nodes)},
        )
        return {
            node for node, first, kind in self.cursor.fetchall() if not self._is_sure(first, kind, unsure)
        }

    def _without_way(
        self, candidates: set[int], blocked: set[int], blocked_pipes: set[int], unsure: list[Span]
    ) -> set[int]:
        """Of the candidates, none of them surely supplied, and of what was followed: nodes that no source reaches."""
        supplied: set[int] = set()
        frontier, followed = set(candidates), set()
        fed_by: dict[int, list[int]] = {}
        while frontier:
            followed |= frontier
            ways = []
            for pipe, origin, node, supply_first, _last, kind in self._ways_in(frontier, unsure):
                if origin in blocked or pipe in blocked_pipes:
                    continue
                ways.append((origin, node))
                fed_by.setdefault(origin, []).append(node)
                # A candidate is not sure by its number, whatever the number says.
                if origin not in followed and self._is_sure(supply_first, kind, unsure):
                    supplied.add(origin)
            _spread([origin for origin, _node in ways], supplied, fed_by)
            # What leads only to nodes that have their way already is not followed, unless it leads to another later.
            frontier = {origin for origin, node in ways if node not in supplied} - followed - supplied
        return followed - supplied

    def _is_sure(self, supply_first: int | None, kind: str | None, unsure: Sequence[Span]) -> bool:
        return kind in self.supply_kinds or (
            supply_first is not None and not _is_within(supply_first, unsure)
        )

    def _ways_in(
        self, nodes: set[int], unsure: Sequence[Span]
    ) -> list[tuple[int, int, int, int | None, int | None, str | None]]:
        self.cursor.execute(
            "SELECT * FROM ways_into_nodes(%s::bigint[], %s::integer[], %s::integer[])",
            [list(nodes), *columns_of(unsure)],
        )
        return list(self.cursor.fetchall())


def _is_within(number: int, spans: Sequence[Span]) -> bool:
    return any(first <= number <= last for first, last in spans)


def _spread(origins: Iterable[int], supplied: set[int], fed_by: dict[int, list[int]]) -> None:
    """Whatever a supplied node feeds is supplied; `origins` are where new ways begin."""
    stack = [origin for origin in origins if origin in supplied]
    while stack:
        for fed in fed_by.pop(stack.pop(), ()):
            supplied.add(fed)
            if fed in fed_by:
                stack.append(fed)
