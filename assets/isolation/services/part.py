"""The part of a network that a break drains, grown from the broken pipe to the valves that hold."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assets.models import DEVICE_KINDS

_PIPES = "SELECT * FROM pipes_of_segments(%s::bigint[])"
_NODES = "SELECT * FROM nodes_of_segments(%s::bigint[])"
_AROUND = "SELECT * FROM ways_from_nodes(%s::bigint[], %s::integer[], %s::integer[])"

Span = tuple[int, int]


@dataclass(frozen=True)
class PipeOfPart:
    """A pipe in service, its length and diameter in metres."""

    id: int
    start: int
    end: int
    has_check_valve: bool
    code: str
    is_connector: bool
    length_m: float
    diameter_m: float


@dataclass(frozen=True)
class NodeOfPart:
    """A node in service at an end of such a pipe, with its place in topology (see `NodeTopology`)."""

    id: int
    code: str
    kind: str
    is_boundary: bool
    passage: int
    is_operable: bool
    is_check_valve: bool
    supply_first: int | None
    supply_last: int | None
    supply_pipe: int | None

    @property
    def is_device(self) -> bool:
        return self.kind in DEVICE_KINDS


@dataclass(frozen=True)
class AdjacentElement:
    """A node next to the part: its id, supply number and, where that may be below the part or a broken way, kind."""

    id: int
    supply_first: int | None
    kind: str | None


@dataclass
class IsolatedPart:
    """Everything that drains into a break, as far as valves let it: sets of ids. Loads whole segments.

    `close`: valves to close; `held_by`: closed ones that hold; `passed`: those that would have to be closed but cannot.
    `broken`: spans of supply numbers that are not to be relied on.
    """

    cursor: Any
    inoperable: set[int]
    broken: list[Span] = field(default_factory=list)
    pipes: set[int] = field(default_factory=set)
    nodes: set[int] = field(default_factory=set)
    close: set[int] = field(default_factory=set)
    held_by: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    neighbours: dict[int, AdjacentElement] = field(default_factory=dict)
    pipe_facts: dict[int, PipeOfPart] = field(default_factory=dict)
    node_facts: dict[int, NodeOfPart] = field(default_factory=dict)
    _at_node: dict[int, list[PipeOfPart]] = field(default_factory=dict)

    def grow(self, pipe: int) -> None:
        """Fill in what a break of the pipe drains, the valves around it, and its neighbours."""
        self._load([pipe])
        queue: deque[tuple[PipeOfPart, int | None]] = deque([(self.pipe_facts[pipe], None)])
        self.pipes.add(pipe)
        while queue:
            member, entered_at = queue.popleft()
            for node in (member.start, member.end):
                # Water that may only leave by a pipe's check valve does not come back: what is behind stays.
                if entered_at is not None and member.has_check_valve and entered_at == member.start != node:
                    continue
                if node not in self.node_facts or node == entered_at:
                    continue
                for onward in self._pass_node(node, member):
                    if onward.id not in self.pipes:
                        self.pipes.add(onward.id)
                        queue.append((onward, node))
        self._look_around()

    def supply_spans(self) -> list[Span]:
        """Spans of supply numbers below the part, none inside another."""
        return self._spans_below(self.nodes | self.close)

    def _spans_below(self, blocked: set[int]) -> list[Span]:
        found = sorted(
            (
                (node.supply_first, -(node.supply_last or 0))
                for node in self.node_facts.values()
                if node.supply_first is not None and (node.id in blocked or node.supply_pipe in self.pipes)
            ),
        )
        spans: list[Span] = []
        for first, negative_last in found:
            if not spans or -negative_last > spans[-1][1]:
                spans.append((first, -negative_last))
        return spans

    def _pass_node(self, node: int, by: PipeOfPart) -> list[PipeOfPart]:
        """The pipes that are isolated with the node, reached by one pipe."""
        facts = self.node_facts[node]
        if facts.is_boundary:
            if facts.passage == 0:
                self.held_by.add(node)
                return []
            if facts.is_operable and node not in self.inoperable:
                self.close.add(node)
                return []
            if node not in self.passed:
                self.passed.add(node)
                self._load_around(node)
        self.nodes.add(node)
        if facts.is_check_valve and by.end == node:
            return []
        return self._at_node.get(node, [])

    def _look_around(self) -> None:
        """Neighbours; and a valve with the part on all its sides need not be closed, and closes nothing."""
        valves = self.close | self.held_by
        # Valves that turn out to be of the part widen the spans below it: kinds are asked for as if all were.
        spans = self._spans_below(self.nodes | valves) + self.broken
        self.cursor.execute(_AROUND, [list(self.nodes | valves), *columns_of(spans)])
        beyond = set()
        for pipe, inner, outer, supply_first, kind in self.cursor.fetchall():
            if pipe not in self.pipes:
                beyond.add(inner)
            if outer is not None:
                self.neighbours[outer] = AdjacentElement(outer, supply_first, kind)
        self.nodes |= valves - beyond
        self.close &= beyond
        self.held_by &= beyond
        for node in self.nodes | self.close:
            self.neighbours.pop(node, None)

    def _load_around(self, valve: int) -> None:
        self.cursor.execute(
            "SELECT id FROM assets_pipe WHERE start_node_id = %s "
            "UNION SELECT id FROM assets_pipe WHERE end_node_id = %s",
            [valve, valve],
        )
        unknown = [pipe for (pipe,) in self.cursor.fetchall() if pipe not in self.pipe_facts]
        if unknown:
            self._load(unknown)

    def _load(self, pipes: list[int]) -> None:
        """Load the segments of the pipes with their nodes and the devices that bound them."""
        self.cursor.execute(_PIPES, [pipes])
        ends = set()
        for row in self.cursor.fetchall():
            member = PipeOfPart(*row)
            if member.id in self.pipe_facts:
                continue
            self.pipe_facts[member.id] = member
            for node in {member.start, member.end}:
                self._at_node.setdefault(node, []).append(member)
                ends.add(node)
        self.cursor.execute(_NODES, [list(ends - self.node_facts.keys())])
        for row in self.cursor.fetchall():
            self.node_facts[row[0]] = NodeOfPart(*row)


def columns_of(spans: Sequence[Span]) -> tuple[list[int], list[int]]:
    """Spans as the database takes them: their first and their last numbers."""
    return [first for first, _last in spans], [last for _first, last in spans]
