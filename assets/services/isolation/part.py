"""The part of a network that a break drains, grown from the broken pipe to the valves that hold."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from assets.models import DEVICE_KINDS

_PIPES = """
    SELECT pipe.id, pipe.start_node_id, pipe.end_node_id, pipe.has_check_valve, pipe.code, pipe.is_connector,
           coalesce(pipe.stated_length_m, pipe.geodesic_length_m), coalesce(pipe.diameter_m, 0)
      FROM assets_pipetopology topology JOIN assets_pipe pipe ON pipe.id = topology.pipe_id
     WHERE topology.segment_id = ANY (ARRAY(
               SELECT segment_id FROM assets_pipetopology WHERE pipe_id = ANY (%(pipes)s)))
"""
_NODES = """
    SELECT topology.node_id, node.code, node.kind, topology.is_boundary, topology.passage,
           NOT coalesce(valve.is_broken, false) AND coalesce(valve.is_accessible, true),
           coalesce(valve.valve_type = 'check', false),
           topology.supply_first, topology.supply_last, topology.supply_pipe_id
      FROM assets_nodetopology topology
      JOIN assets_node node ON node.id = topology.node_id
      LEFT JOIN assets_valvedetail valve ON valve.node_id = topology.node_id
     WHERE topology.node_id = ANY (%(nodes)s)
"""
_AROUND = """
    SELECT way.pipe_id, way.inner_id, topology.node_id, topology.supply_first, node.kind
      FROM (SELECT id AS pipe_id, start_node_id AS inner_id, end_node_id AS outer_id FROM assets_pipe
             WHERE start_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service'
            UNION ALL
            SELECT id, end_node_id, start_node_id FROM assets_pipe
             WHERE end_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service') way
      LEFT JOIN assets_nodetopology topology ON topology.node_id = way.outer_id
      LEFT JOIN assets_node node ON node.id = topology.node_id
"""


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
class Neighbour:
    """A node next to the part: its id, supply number and kind."""

    id: int
    supply_first: int | None
    kind: str


@dataclass
class IsolatedPart:
    """Everything that drains into a break, as far as valves let it: sets of ids. Loads whole segments.

    `close`: valves to close; `held_by`: closed ones that hold; `passed`: those that would have to be closed but cannot.
    """

    cursor: Any
    inoperable: set[int]
    pipes: set[int] = field(default_factory=set)
    nodes: set[int] = field(default_factory=set)
    close: set[int] = field(default_factory=set)
    held_by: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    neighbours: dict[int, Neighbour] = field(default_factory=dict)
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

    def supply_spans(self) -> list[tuple[int, int]]:
        """Spans of supply numbers below the part, none inside another."""
        blocked = self.nodes | self.close
        found = sorted(
            (
                (node.supply_first, -(node.supply_last or 0))
                for node in self.node_facts.values()
                if node.supply_first is not None and (node.id in blocked or node.supply_pipe in self.pipes)
            ),
        )
        spans: list[tuple[int, int]] = []
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
        self.cursor.execute(_AROUND, {"nodes": list(self.nodes | valves)})
        beyond = set()
        for pipe, inner, outer, supply_first, kind in self.cursor.fetchall():
            if pipe not in self.pipes:
                beyond.add(inner)
            if outer is not None:
                self.neighbours[outer] = Neighbour(outer, supply_first, kind)
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
        self.cursor.execute(_PIPES, {"pipes": pipes})
        ends = set()
        for row in self.cursor.fetchall():
            member = PipeOfPart(*row)
            if member.id in self.pipe_facts:
                continue
            self.pipe_facts[member.id] = member
            for node in {member.start, member.end}:
                self._at_node.setdefault(node, []).append(member)
                ends.add(node)
        self.cursor.execute(_NODES, {"nodes": list(ends - self.node_facts.keys())})
        for row in self.cursor.fetchall():
            self.node_facts[row[0]] = NodeOfPart(*row)
