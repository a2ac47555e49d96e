"""Isolating a pipe: which valves to close, what is then without water, and whom that concerns.

The search is local. The isolated part grows from the pipe to the valves that can be closed. What is beyond it loses
its water when no way from a source is left that avoids the isolated part: most neighbours are cleared at once by their
supply numbers (services/topology), and the rest by a search that goes up against the flow only until it meets a node
that is.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from assets.consumer_providers import consumers_at_attachments, list_consumers_at_attachments
from assets.models import DEVICE_KINDS, SUPPLY_KINDS, Network, Pipe
from assets.services.topology.rebuilding import ensure_topology
from gis_core.access import Viewer
from gis_core.errors import ReportedError
from gis_core.sql_loader import load_sql


@dataclass(frozen=True)
class Isolation:
    """The result. Codes are sorted; devices and connectors are not among nodes and pipes, but among their ids.

    `close`: valves to close; `held_by`: valves that are closed already and hold; `passed`: valves that would have to be
    closed but cannot. `cut_off`: nodes outside the isolated part that lose their last way from a source. Lengths are
    the stated ones where stated, else geodesic; the volume is that of the isolated pipes.
    """

    network: Network
    pipe: str
    close: list[str]
    close_ids: list[int]
    held_by: list[str]
    passed: list[str]
    pipes: list[str]
    pipe_ids: list[int]
    nodes: list[str]
    node_ids: list[int]
    cut_off: list[str]
    cut_off_ids: list[int]
    length_m: float
    volume_m3: float
    attachment_ids: list[int]
    subscribers: int
    priority_count: int
    priority: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.code,
            "pipe": self.pipe,
            "close": self.close,
            "held_by": self.held_by,
            "passed": self.passed,
            "pipes": self.pipes,
            "nodes": self.nodes,
            "cut_off": self.cut_off,
            "length_m": round(self.length_m, 3),
            "volume_m3": round(self.volume_m3, 3),
            "subscribers": self.subscribers,
            "priority_count": self.priority_count,
            "priority": self.priority,
        }


def isolate(
    network: Network,
    *,
    pipe: Pipe,
    at: float = 0.5,
    inoperable: Sequence[str] = (),
    viewer: Viewer | None = None,
) -> Isolation:
    """Isolate a break at `at` (0 to 1) of the pipe. `inoperable`: codes of valves that cannot be closed today.
    `viewer`: whose rights decide which priority customers are listed; None lists all.

    Valves that are broken or not accessible are passed too; closed ones hold; check valves hold against flow back.
    Raises ReportedError when `at` is no share, the pipe is not in service, or a code is no device of the network.
    """
    if not 0 <= at <= 1:
        raise ReportedError("The place on the pipe is a share between 0 and 1.", code="bad_position")
    if pipe.network_id != network.pk:
        raise ReportedError(f"Pipe {pipe.code} is not of network {network.code}.", code="other_network")
    if pipe.lifecycle != "in_service":
        raise ReportedError(
            f"Pipe {pipe.code} is {pipe.get_lifecycle_display()}: there is nothing to isolate.",
            code="not_in_service",
        )
    ensure_topology(network)
    with connection.cursor() as cursor:
        part = _IsolatedPart(cursor, network, _device_ids(cursor, network, inoperable))
        part.grow(pipe.pk)
        supply = _SupplySearch(cursor, network, part)
        found = _described(cursor, network, pipe, part, supply.cut_off())
    return _with_consumers(found, viewer)


def _device_ids(cursor: Any, network: Network, codes: Sequence[str]) -> set[int]:
    cursor.execute(
        "SELECT code, id FROM assets_node WHERE network_id = %s AND code_class = 'device' AND code = ANY (%s)",
        [network.pk, list(codes)],
    )
    found = dict(cursor.fetchall())
    unknown = sorted(set(codes) - set(found))
    if unknown:
        raise ReportedError(
            f"Network {network.code} has no valve {', '.join(unknown)}.",
            code="no_such_valve",
            details=[{"element": code, "reason": "no device has this code"} for code in unknown],
        )
    return set(found.values())


@dataclass(frozen=True)
class _Member:
    """A pipe of a segment with what stands at its ends; boundary: whether that end bounds the segment."""

    pipe: int
    start: int
    end: int
    has_check_valve: bool


@dataclass
class _IsolatedPart:
    """The part that a break drains, as far as valves let it. Loads whole segments."""

    cursor: Any
    network: Network
    inoperable: set[int]
    pipes: set[int] = field(default_factory=set)
    nodes: set[int] = field(default_factory=set)
    close: set[int] = field(default_factory=set)
    held_by: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    _members: dict[int, _Member] = field(default_factory=dict)
    _at_node: dict[int, list[_Member]] = field(default_factory=dict)
    # node -> (is boundary, passage, is operable, is check valve)
    _facts: dict[int, tuple[bool, int, bool, bool]] = field(default_factory=dict)
    _loaded: set[int] = field(default_factory=set)

    def grow(self, pipe: int) -> None:
        """Fill in everything that drains into a break of the pipe."""
        self._load_segments_of_pipes([pipe])
        queue: deque[tuple[_Member, int | None]] = deque([(self._members[pipe], None)])
        self.pipes.add(pipe)
        while queue:
            member, entered_at = queue.popleft()
            for node in (member.start, member.end):
                # Water that may only leave by a pipe's check valve does not come back: what is behind stays.
                if entered_at is not None and member.has_check_valve and entered_at == member.start != node:
                    continue
                if node not in self._facts or node == entered_at:
                    continue
                for onward in self._pass_node(node, member):
                    if onward.pipe not in self.pipes:
                        self.pipes.add(onward.pipe)
                        queue.append((onward, node))
        self._sort_valves()

    def _sort_valves(self) -> None:
        """A valve with the isolated part on all its sides need not be closed, and closes nothing."""
        self.cursor.execute(
            "SELECT start_node_id, end_node_id FROM assets_pipe "
            "WHERE lifecycle = 'in_service' AND id <> ALL (%(pipes)s) "
            "AND (start_node_id = ANY (%(valves)s) OR end_node_id = ANY (%(valves)s))",
            {"pipes": list(self.pipes), "valves": list(self.close | self.held_by)},
        )
        beyond = {node for ends in self.cursor.fetchall() for node in ends}
        self.nodes |= (self.close | self.held_by) - beyond
        self.close &= beyond
        self.held_by &= beyond

    def _pass_node(self, node: int, by: _Member) -> list[_Member]:
        """The pipes that are isolated with the node, reached by one pipe."""
        is_boundary, passage, is_operable, is_check_valve = self._facts[node]
        if is_boundary:
            if passage == 0:
                self.held_by.add(node)
                return []
            if is_operable and node not in self.inoperable:
                self.close.add(node)
                return []
            if node not in self.passed:
                self.passed.add(node)
                self._load_segments_around(node)
        self.nodes.add(node)
        if is_check_valve and by.end == node:
            return []
        return self._at_node.get(node, [])

    def _load_segments_of_pipes(self, pipes: Iterable[int]) -> None:
        self.cursor.execute(
            "SELECT DISTINCT segment_id FROM assets_pipetopology WHERE pipe_id = ANY (%s)", [list(pipes)]
        )
        self._load([segment for (segment,) in self.cursor.fetchall()])

    def _load_segments_around(self, valve: int) -> None:
        self.cursor.execute(
            "SELECT DISTINCT topology.segment_id FROM assets_pipe pipe "
            "JOIN assets_pipetopology topology ON topology.pipe_id = pipe.id "
            "WHERE pipe.start_node_id = %s OR pipe.end_node_id = %s",
            [valve, valve],
        )
        self._load([segment for (segment,) in self.cursor.fetchall()])

    def _load(self, segments: Iterable[int]) -> None:
        wanted = [segment for segment in segments if segment not in self._loaded]
        if not wanted:
            return
        self._loaded.update(wanted)
        self.cursor.execute(
            "SELECT pipe.id, pipe.start_node_id, pipe.end_node_id, pipe.has_check_valve "
            "FROM assets_pipetopology topology JOIN assets_pipe pipe ON pipe.id = topology.pipe_id "
            "WHERE topology.segment_id = ANY (%s)",
            [wanted],
        )
        ends = set()
        for row in self.cursor.fetchall():
            member = _Member(*row)
            self._members[member.pipe] = member
            for node in {member.start, member.end}:
                self._at_node.setdefault(node, []).append(member)
                ends.add(node)
        self.cursor.execute(
            "SELECT topology.node_id, topology.is_boundary, topology.passage, "
            "NOT coalesce(valve.is_broken, false) AND coalesce(valve.is_accessible, true), "
            "coalesce(valve.valve_type = 'check', false) "
            "FROM assets_nodetopology topology LEFT JOIN assets_valvedetail valve ON valve.node_id = topology.node_id "
            "WHERE topology.node_id = ANY (%s)",
            [list(ends - self._facts.keys())],
        )
        for node, *facts in self.cursor.fetchall():
            self._facts[node] = tuple(facts)  # type: ignore[assignment]


@dataclass
class _SupplySearch:
    """Which nodes beyond a part lose their last way from a source when nothing passes the part."""

    cursor: Any
    network: Network
    part: _IsolatedPart

    def cut_off(self) -> set[int]:
        blocked = self.part.nodes | self.part.close
        unsure = self._spans(blocked, self.part.pipes) + self._broken_spans()
        cut: set[int] = set()
        candidates = self._neighbours(blocked) - blocked
        while candidates:
            lost = self._without_way(candidates, blocked, self.part.pipes, unsure)
            lost -= cut
            cut |= lost
            candidates = self._neighbours(lost) - blocked - cut
        return cut - self._without_way_before(cut)

    def _without_way_before(self, nodes: set[int]) -> set[int]:
        """Those that had no way even before; the numbered ones had one unless an edit may have cut it."""
        if not nodes:
            return set()
        broken = self._broken_spans()
        self.cursor.execute(
            "SELECT node_id, supply_first FROM assets_nodetopology WHERE node_id = ANY (%s)", [list(nodes)]
        )
        doubtful = {
            node for node, first in self.cursor.fetchall() if first is None or _is_within(first, broken)
        }
        return self._without_way(doubtful, set(), set(), broken) if doubtful else set()

    def _broken_spans(self) -> list[tuple[int, int]]:
        self.cursor.execute(
            "SELECT first, last FROM assets_brokensupplyspan WHERE network_id = %s", [self.network.pk]
        )
        return list(self.cursor.fetchall())

    def _spans(self, nodes: set[int], pipes: set[int]) -> list[tuple[int, int]]:
        """The supply spans below the nodes and pipes, without those inside another."""
        self.cursor.execute(
            "SELECT supply_first, supply_last FROM assets_nodetopology "
            "WHERE node_id = ANY (%s) AND supply_first IS NOT NULL "
            "UNION SELECT supply_first, supply_last FROM assets_nodetopology "
            "WHERE supply_pipe_id = ANY (%s) AND supply_first IS NOT NULL",
            [list(nodes), list(pipes)],
        )
        spans: list[tuple[int, int]] = []
        for first, last in sorted(self.cursor.fetchall(), key=lambda span: (span[0], -span[1])):
            if not spans or last > spans[-1][1]:
                spans.append((first, last))
        return spans

    def _neighbours(self, nodes: set[int]) -> set[int]:
        if not nodes:
            return set()
        self.cursor.execute(
            "SELECT topology.node_id FROM ("
            "SELECT end_node_id AS id FROM assets_pipe "
            "WHERE start_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service' "
            "UNION SELECT start_node_id FROM assets_pipe "
            "WHERE end_node_id = ANY (%(nodes)s) AND lifecycle = 'in_service') neighbour "
            "JOIN assets_nodetopology topology ON topology.node_id = neighbour.id",
            {"nodes": list(nodes)},
        )
        return {node for (node,) in self.cursor.fetchall()}

    def _without_way(
        self,
        candidates: set[int],
        blocked: set[int],
        blocked_pipes: set[int],
        unsure: list[tuple[int, int]],
    ) -> set[int]:
        """Of the candidates, and of what was followed on the way, the nodes that no source reaches."""
        supplied, frontier = self._judge(candidates, unsure)
        seen, followed = set(candidates), set()
        fed_by: dict[int, list[int]] = {}
        while frontier:
            followed |= frontier
            ways = [
                (origin, node)
                for pipe, origin, node in self._ways_in(frontier)
                if origin not in blocked and pipe not in blocked_pipes
            ]
            new = {origin for origin, _node in ways} - seen
            newly_supplied, _open = self._judge(new, unsure)
            seen |= new
            supplied |= newly_supplied
            for origin, node in ways:
                fed_by.setdefault(origin, []).append(node)
            _spread([origin for origin, _node in ways], supplied, fed_by)
            # What leads only to nodes that have their way already is not followed, unless it leads to another later.
            frontier = {origin for origin, node in ways if node not in supplied} - followed - supplied
        return followed - supplied

    def _judge(self, nodes: set[int], unsure: list[tuple[int, int]]) -> tuple[set[int], set[int]]:
        """Those surely supplied (sources, and numbers outside the unsure spans), and the rest."""
        if not nodes:
            return set(), set()
        self.cursor.execute(
            "SELECT topology.node_id, topology.supply_first, node.kind = ANY (%s) FROM assets_nodetopology topology "
            "JOIN assets_node node ON node.id = topology.node_id WHERE topology.node_id = ANY (%s)",
            [list(SUPPLY_KINDS), list(nodes)],
        )
        supplied = {
            node
            for node, first, is_source in self.cursor.fetchall()
            if is_source or (first is not None and not _is_within(first, unsure))
        }
        return supplied, nodes - supplied

    def _ways_in(self, nodes: set[int]) -> list[tuple[int, int, int]]:
        self.cursor.execute(load_sql("assets", "ways_into_nodes"), {"nodes": list(nodes)})
        return list(self.cursor.fetchall())


def _is_within(number: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first <= number <= last for first, last in spans)


def _spread(origins: Iterable[int], supplied: set[int], fed_by: dict[int, list[int]]) -> None:
    """Whatever a supplied node feeds is supplied; `origins` are where new ways begin."""
    stack = [origin for origin in origins if origin in supplied]
    while stack:
        for fed in fed_by.pop(stack.pop(), ()):
            supplied.add(fed)
            if fed in fed_by:
                stack.append(fed)


def _described(
    cursor: Any, network: Network, pipe: Pipe, part: _IsolatedPart, cut_off: set[int]
) -> Isolation:
    cursor.execute(
        "SELECT id, code, kind = ANY (%s) FROM assets_node WHERE id = ANY (%s)",
        [DEVICE_KINDS, list(part.nodes | cut_off | part.close | part.held_by | part.passed)],
    )
    facts = {pk: (code, is_device) for pk, code, is_device in cursor.fetchall()}
    cursor.execute(
        "SELECT id, code, is_connector, coalesce(stated_length_m, geodesic_length_m), diameter_m "
        "FROM assets_pipe WHERE id = ANY (%s)",
        [list(part.pipes)],
    )
    lines = [row for row in cursor.fetchall() if not row[2]]
    attachments = _attachments(cursor, part, cut_off)

    def codes(ids: Iterable[int]) -> list[str]:
        return sorted(facts[pk][0] for pk in ids)

    def places(ids: Iterable[int]) -> list[int]:
        return [pk for pk in ids if not facts[pk][1]]

    return Isolation(
        network=network,
        pipe=pipe.code,
        close=codes(part.close),
        close_ids=sorted(part.close),
        held_by=codes(part.held_by),
        passed=codes(part.passed),
        pipes=sorted(row[1] for row in lines),
        pipe_ids=sorted(part.pipes),
        nodes=codes(places(part.nodes)),
        node_ids=sorted(part.nodes),
        cut_off=codes(places(cut_off)),
        cut_off_ids=sorted(cut_off),
        length_m=math.fsum(row[3] for row in lines),
        volume_m3=math.fsum(row[3] * math.pi * (row[4] or 0.0) ** 2 / 4 for row in lines),
        attachment_ids=attachments,
        subscribers=0,
        priority_count=0,
        priority=[],
    )


def _with_consumers(isolation: Isolation, viewer: Viewer | None) -> Isolation:
    if not isolation.attachment_ids:
        return isolation
    counts = consumers_at_attachments(isolation.attachment_ids)
    listed = list_consumers_at_attachments("priority", isolation.attachment_ids, viewer=viewer)
    return replace(
        isolation,
        subscribers=counts.get("subscribers", 0),
        priority_count=counts.get("priority", 0),
        priority=listed,
    )


def _attachments(cursor: Any, part: _IsolatedPart, cut_off: set[int]) -> list[int]:
    """What hangs on isolated pipes, at isolated or cut off nodes, or on pipes at cut off nodes."""
    cursor.execute(
        "SELECT id FROM assets_attachment WHERE pipe_id = ANY (%(pipes)s) "
        "UNION SELECT id FROM assets_attachment WHERE pipe_id IS NULL AND node_id = ANY (%(nodes)s) "
        "UNION SELECT attachment.id FROM assets_pipe pipe "
        "JOIN assets_attachment attachment ON attachment.pipe_id = pipe.id "
        "WHERE pipe.start_node_id = ANY (%(cut)s) "
        "UNION SELECT attachment.id FROM assets_pipe pipe "
        "JOIN assets_attachment attachment ON attachment.pipe_id = pipe.id "
        "WHERE pipe.end_node_id = ANY (%(cut)s) ORDER BY 1",
        {"pipes": list(part.pipes), "nodes": list(part.nodes | cut_off), "cut": list(cut_off)},
    )
    return [pk for (pk,) in cursor.fetchall()]
