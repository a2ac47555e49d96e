"""Parts of a network that nothing supplies: islands, parts behind what is closed, and behind reversed check valves.

Where the network's supply numbers are current, a node with a number is supplied, and only what has none is searched:
from it backwards, against the flow, until a supplied node is met or nothing is left. So the cost is that of the part
cut off.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from assets.models import Network
from assets.models.commodities import rules_of

# How many nodes one run looks at before it leaves the rest undecided.
LOCAL_BUDGET = 20_000
NETWORK_BUDGET = 3_000_000
CHECKS = ("island_without_source", "no_path_to_source", "reversed_check_valve")
_CLOSED, _BOTH_WAYS = 0, 1

_NODES = """
    SELECT facts.node_id, facts.passage, facts.kind = ANY (%(supply)s),
           %(numbered)s AND topology.supply_first IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM assets_brokensupplyspan span
                            WHERE span.network_id = %(network)s
                              AND topology.supply_first BETWEEN span.first AND span.last)
      FROM assets_node_facts facts LEFT JOIN assets_nodetopology topology ON topology.node_id = facts.node_id
     WHERE facts.node_id = ANY (%(nodes)s) AND facts.is_in_service
"""
_PIPES = """
    SELECT id, start_node_id, end_node_id, status = 'open', has_check_valve FROM assets_pipe
     WHERE start_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service'
    UNION
    SELECT id, start_node_id, end_node_id, status = 'open', has_check_valve FROM assets_pipe
     WHERE end_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service'
"""


@dataclass(frozen=True, slots=True)
class _Node:
    passage: int
    is_supplied: bool


@dataclass(frozen=True, slots=True)
class _Pipe:
    id: int
    start: int
    end: int
    is_open: bool
    has_check_valve: bool

    def other(self, node: int) -> int:
        return self.end if node == self.start else self.start


@dataclass
class Unsupplied:
    """A part that nothing supplies: the check that says why, its nodes, and what blocks its way."""

    check: str
    nodes: list[int]
    blocking_nodes: list[int] = field(default_factory=list)
    blocking_pipes: list[int] = field(default_factory=list)


class OverBudget(Exception):
    """The search would look at more of the network than one run may."""


class SourceSearch:
    """Searches of one validation run. What is read of the graph is kept, so that no row is read twice."""

    def __init__(self, cursor: Any, network: Network, supply_kinds: Iterable[str], budget: int) -> None:
        self.cursor = cursor
        self.network = network
        self.supply_kinds = list(supply_kinds)
        self.budget = budget
        self.nodes: dict[int, _Node] = {}
        self.pipes: dict[int, _Pipe] = {}
        self.at: dict[int, set[int]] = defaultdict(set)
        self.expanded: set[int] = set()
        self.supplied: set[int] = set()
        self.unsupplied: set[int] = set()
        self.numbered = self._is_numbered()

    def _is_numbered(self) -> bool:
        # Numbers are given from where the commodity comes; what drains is looked at from its sinks.
        if set(self.supply_kinds) != rules_of(self.network.commodity).supply_kinds:
            return False
        self.cursor.execute(
            "SELECT topology_is_current AND supply_is_numbered FROM assets_networkstate WHERE network_id = %s",
            [self.network.pk],
        )
        row = self.cursor.fetchone()
        return bool(row and row[0])

    def find(self, seeds: Iterable[int]) -> list[Unsupplied]:
        """The unsupplied parts that hold any of the seeds (ids of nodes), each once; raises OverBudget."""
        self._learn(seeds)
        self._judge({seed for seed in seeds if seed in self.nodes and self.nodes[seed].passage != _CLOSED})
        starts = sorted(self.unsupplied)
        parts: list[Unsupplied] = []
        seen: set[int] = set()
        for start in starts:
            if start not in seen:
                part = self._part_around(start)
                seen |= set(part.nodes)
                if len(part.nodes) > 1 or self.at[start]:
                    parts.append(part)
        return self._as_islands(parts)

    def judged(self) -> set[int]:
        """Every node of which this search knows whether it is supplied."""
        return self.supplied | self.unsupplied

    def _learn(self, nodes: Iterable[int]) -> None:
        """Read the nodes that are not known yet."""
        new = [node for node in set(nodes) if node not in self.nodes]
        if not new:
            return
        if len(self.nodes) + len(new) > self.budget:
            raise OverBudget
        self.cursor.execute(
            _NODES,
            {
                "supply": self.supply_kinds,
                "numbered": self.numbered,
                "network": self.network.pk,
                "nodes": new,
            },
        )
        for node, passage, is_source, has_number in self.cursor.fetchall():
            self.nodes[node] = _Node(passage, is_source or has_number)

    def _expand(self, nodes: Iterable[int]) -> None:
        """Read the lines at the nodes, and the nodes at their other ends."""
        new = [node for node in nodes if node not in self.expanded]
        if not new:
            return
        self.cursor.execute(_PIPES, {"nodes": new})
        others: set[int] = set()
        for row in self.cursor.fetchall():
            pipe = _Pipe(*row)
            self.pipes[pipe.id] = pipe
            self.at[pipe.start].add(pipe.id)
            self.at[pipe.end].add(pipe.id)
            others |= {pipe.start, pipe.end}
        self.expanded.update(new)
        self._learn(others)

    def _passes(self, pipe: _Pipe, origin: int) -> bool:
        """Whether the line can bring something from `origin` to its other end."""
        start, end = self.nodes.get(pipe.start), self.nodes.get(pipe.end)
        if start is None or end is None or not pipe.is_open:
            return False
        if origin == pipe.start:
            return _CLOSED not in (start.passage, end.passage)
        return not pipe.has_check_valve and start.passage == end.passage == _BOTH_WAYS

    def _judge(self, wanted: set[int]) -> None:
        """Find out of each wanted node whether it is supplied: search against the flow, then follow it."""
        wanted = {node for node in wanted if node not in self.supplied and node not in self.unsupplied}
        reached = {node for node in wanted if self.nodes[node].is_supplied}
        explored = set(wanted)
        frontier = wanted - reached
        while frontier and not wanted <= reached:
            self._expand(frontier)
            origins = {
                pipe.other(node)
                for node in frontier
                for pipe in (self.pipes[key] for key in self.at[node])
                if self._passes(pipe, pipe.other(node))
            }
            frontier = origins - explored
            explored |= origins
            sources = {
                node
                for node in origins
                if node in reached or node in self.supplied or self.nodes[node].is_supplied
            }
            self._follow(sources, reached, explored)
            frontier -= reached | self.unsupplied
        self.supplied |= reached
        if not wanted <= reached:
            self.unsupplied |= explored - reached

    def _follow(self, sources: set[int], reached: set[int], explored: set[int]) -> None:
        """Add to `reached` what the sources supply within what is explored."""
        queue = list(sources)
        reached |= sources
        while queue:
            node = queue.pop()
            for pipe in (self.pipes[key] for key in self.at[node]):
                other = pipe.other(node)
                if other in explored and other not in reached and self._passes(pipe, node):
                    reached.add(other)
                    queue.append(other)

    def _part_around(self, start: int) -> Unsupplied:
        """The unsupplied nodes that are joined to `start` by open lines, and what blocks the ways into them."""
        part, frontier = {start}, {start}
        devices: set[int] = set()
        blocking: set[int] = set()
        while frontier:
            self._expand(frontier)
            beside = {
                pipe.other(node): pipe
                for node in frontier
                for pipe in (self.pipes[key] for key in self.at[node])
                if self._is_open(pipe) and pipe.other(node) not in part
            }
            self._judge(set(beside))
            for node in list(frontier):
                for pipe in (self.pipes[key] for key in self.at[node]):
                    other = pipe.other(node)
                    if self._is_open(pipe) and other in self.supplied:
                        if pipe.has_check_valve:
                            blocking.add(pipe.id)
                        devices |= {end for end in (node, other) if self.nodes[end].passage > _BOTH_WAYS}
            frontier = {node for node in beside if node in self.unsupplied}
            part |= frontier
        check = "reversed_check_valve" if devices or blocking else "no_path_to_source"
        return Unsupplied(check, sorted(part), sorted(devices), sorted(blocking))

    def _is_open(self, pipe: _Pipe) -> bool:
        ends = (self.nodes.get(pipe.start), self.nodes.get(pipe.end))
        return pipe.is_open and all(end is not None and end.passage != _CLOSED for end in ends)

    def _as_islands(self, parts: list[Unsupplied]) -> list[Unsupplied]:
        """Parts that are joined to nothing supplied, not even by what is closed, become islands, each once."""
        judged: list[Unsupplied] = []
        in_islands: set[int] = set()
        for part in parts:
            if part.check != "no_path_to_source":
                judged.append(part)
            elif part.nodes[0] not in in_islands:
                island = self._island_of(part.nodes)
                if island is None:
                    judged.append(part)
                else:
                    in_islands |= island
                    judged.append(Unsupplied("island_without_source", sorted(island)))
        return judged

    def _island_of(self, nodes: list[int]) -> set[int] | None:
        """All that is joined to the nodes by lines in service, open or not; None when something there is supplied."""
        island, frontier = set(nodes), set(nodes)
        while frontier:
            self._expand(frontier)
            beside = {self.pipes[key].other(node) for node in frontier for key in self.at[node]}
            frontier = {node for node in beside if node in self.nodes and node not in island}
            if any(node in self.supplied or self.nodes[node].is_supplied for node in frontier):
                return None
            island |= frontier
        return island
