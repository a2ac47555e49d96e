"""Keeping the derived topology up to date with each edit, without looking at the rest of the network.

What an edit changed stands in its row changes. Around each change a search goes out from all places at once; searches
that meet are one segment, and the last one that goes on need not end, since all that it has not seen stays as it was.
The cost is that of the smaller parts (a side of a new cut), never that of the network.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from assets.models import Edit, Network, Segment
from assets.topology.services.supply_following import follow_supply


@dataclass
class Touched:
    """What an edit changed of the topology: ids of nodes and pipes, with the ends that the pipes had and have."""

    nodes: set[int] = field(default_factory=set)
    pipes: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)


def follow_edit(network: Network, edit: Edit) -> None:
    """Bring segments and supply numbers in line with what the edit changed.

    Does nothing while the network's topology is not current: whoever needs it has it rebuilt.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assets_networkstate SET revision = nextval('assets_revision') WHERE network_id = %s "
            "RETURNING topology_is_current",
            [network.pk],
        )
        row = cursor.fetchone()
        if row is None or not row[0]:
            return
        touched = _touched(cursor, edit)
        if not (touched.nodes or touched.pipes):
            return
        follow_supply(cursor, network, touched.nodes, touched.pipes, lambda: _refresh_rows(cursor, touched))
        _Resegmentation(cursor, network, touched).run()


def forget_topology(network: Network) -> None:
    """The network's segments and supply numbers are not current: whoever needs them has them computed anew."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT note_change_of_networks(ARRAY[%s]::bigint[], true)", [network.pk])


def _touched(cursor: Any, edit: Edit) -> Touched:
    """The edit's changes that matter: a diameter, a place or a name changes no segment."""
    touched = Touched()
    cursor.execute("SELECT * FROM topological_changes(%s)", [edit.pk])
    for element, row_id, ends in cursor.fetchall():
        if element == "node":
            touched.nodes.add(row_id)
        else:
            touched.pipes.add(row_id)
            touched.ends.update(ends)
    return touched


def _refresh_rows(cursor: Any, touched: Touched) -> None:
    """Bring the rows of the touched elements in line; what is not in service has none. New pipes get theirs later."""
    cursor.execute(
        "SELECT refresh_topology_rows(%s::bigint[], %s::bigint[])",
        [list(touched.nodes), list(touched.pipes)],
    )


@dataclass
class _Part:
    """A connected part as far as it has been seen. `seen` maps its vertices to the segment they had."""

    frontier: set[int] = field(default_factory=set)
    nodes: dict[int, int | None] = field(default_factory=dict)
    pipes: dict[int, int | None] = field(default_factory=dict)

    def absorb(self, other: "_Part") -> None:
        self.frontier |= other.frontier
        self.nodes |= other.nodes
        self.pipes |= other.pipes

    def labels(self) -> Counter[int]:
        """How many of the seen vertices had which segment."""
        return Counter(
            segment for seen in (self.nodes, self.pipes) for segment in seen.values() if segment is not None
        )

    @property
    def size(self) -> int:
        return len(self.nodes) + len(self.pipes)


class _Resegmentation:
    """Finds the connected parts around an edit and gives each its segment."""

    def __init__(self, cursor: Any, network: Network, touched: Touched) -> None:
        self.cursor = cursor
        self.network = network
        self.touched = touched
        self.parts: dict[int, _Part] = {}
        self.part_of_node: dict[int, int] = {}
        self.part_of_pipe: dict[int, int] = {}
        self.parent: dict[int, int] = {}

    def run(self) -> None:
        self._start()
        while True:
            active = [key for key, part in self.parts.items() if part.frontier]
            if not active:
                break
            if len(active) == 1 and self.parts[active[0]].labels():
                break
            self._expand(active)
        self._assign()

    def _start(self) -> None:
        """One part for each touched node, each end of a touched pipe, and each pipe there."""
        around = self.touched.nodes | self.touched.ends
        for node, segment in self._segments_of_nodes(around).items():
            self._add_node(self._new_part(), node, segment)
        # Pipes at devices that bound segments, and touched pipes, whose ends may all be such devices.
        for pipe, start, end, segment in self._pipes(around, self.touched.pipes):
            key = self._new_part()
            self._add_pipe(key, pipe, segment)
            for end_node, end_segment in (start, end):
                if end_node is not None:
                    self._add_node(key, end_node, end_segment)

    def _segments_of_nodes(self, nodes: Iterable[int]) -> dict[int, int | None]:
        self.cursor.execute(
            "SELECT node_id, segment_id FROM assets_nodetopology WHERE node_id = ANY (%s) AND NOT is_boundary",
            [list(nodes)],
        )
        return dict(self.cursor.fetchall())

    def _pipes(
        self, nodes: Iterable[int], pipes: Iterable[int]
    ) -> list[tuple[int, tuple[int | None, int | None], tuple[int | None, int | None], int | None]]:
        """Pipes in service at the nodes, and those named: each with its ends that lie in segments."""
        self.cursor.execute(
            "SELECT * FROM pipes_around(%s::bigint[], %s::bigint[])", [list(nodes), list(pipes)]
        )
        return [(row[0], (row[1], row[2]), (row[3], row[4]), row[5]) for row in self.cursor.fetchall()]

    def _new_part(self) -> int:
        key = len(self.parent)
        self.parent[key] = key
        self.parts[key] = _Part()
        return key

    def _root(self, key: int) -> int:
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def _join(self, one: int, other: int) -> int:
        one, other = self._root(one), self._root(other)
        if one == other:
            return one
        if self.parts[one].size < self.parts[other].size:
            one, other = other, one
        self.parent[other] = one
        self.parts[one].absorb(self.parts.pop(other))
        return one

    def _add_node(self, key: int, node: int, segment: int | None) -> None:
        key = self._root(key)
        if node in self.part_of_node:
            self._join(key, self.part_of_node[node])
            return
        self.part_of_node[node] = key
        self.parts[key].nodes[node] = segment
        self.parts[key].frontier.add(node)

    def _add_pipe(self, key: int, pipe: int, segment: int | None) -> None:
        key = self._root(key)
        if pipe in self.part_of_pipe:
            self._join(key, self.part_of_pipe[pipe])
            return
        self.part_of_pipe[pipe] = key
        self.parts[key].pipes[pipe] = segment

    def _expand(self, active: list[int]) -> None:
        """One step outwards for all parts that can go on."""
        frontier = set()
        for key in active:
            frontier |= self.parts[key].frontier
            self.parts[key].frontier = set()
        for pipe, start, end, segment in self._pipes(frontier, ()):
            inner = next(node for node, _segment in (start, end) if node in frontier)
            key = self._root(self.part_of_node[inner])
            self._add_pipe(key, pipe, segment)
            for node, node_segment in (start, end):
                if node is not None:
                    self._add_node(key, node, node_segment)

    def _assign(self) -> None:
        """Give segments: the unfinished part keeps its largest, then the finished ones from large to small.

        A segment that the unfinished part brought together with another goes over to it whole: what of it lies in
        finished parts is set apart right after.
        """
        taken: set[int] = set()
        seen: set[int] = set()
        segments: list[tuple[_Part, int | None]] = []
        for part in sorted(self.parts.values(), key=lambda part: (not part.frontier, -part.size)):
            labels = set(part.labels())
            seen |= labels
            free = labels - taken
            segment = self._largest(free) if free else None
            if part.frontier:
                segment = self._new_segments(1)[0] if segment is None else segment
                self._move_all(labels - {segment}, segment)
                taken |= labels
            if segment is not None:
                taken.add(segment)
            segments.append((part, segment))
        new = iter(self._new_segments(sum(segment is None for _part, segment in segments)))
        self._set_all([(part, next(new) if segment is None else segment) for part, segment in segments])
        self.cursor.execute(
            "DELETE FROM assets_segment WHERE id = ANY (%s) AND member_count = 0", [list(seen)]
        )

    def _new_segments(self, count: int) -> list[int]:
        made = Segment.objects.bulk_create(Segment(network=self.network) for _ in range(count))
        return [segment.pk for segment in made]

    def _largest(self, segments: set[int]) -> int:
        if len(segments) == 1:
            return next(iter(segments))
        by_size = Segment.objects.filter(pk__in=segments).order_by("-member_count", "pk")
        return by_size.values_list("pk", flat=True)[0]

    def _move_all(self, old: set[int], new: int) -> None:
        for table in ("nodetopology", "pipetopology") if old else ():
            self.cursor.execute(
                f"UPDATE assets_{table} SET segment_id = %s WHERE segment_id = ANY (%s)",  # noqa: S608
                [new, list(old)],
            )

    def _set_all(self, segments: list[tuple[_Part, int]]) -> None:
        """Put the members of all parts into their segments: a few statements, however many parts an edit made."""
        if len(segments) == 1:
            ((part, segment),) = segments
            self.cursor.execute(
                "SELECT put_into_segment(%s, %s, %s::bigint[], %s::bigint[])",
                [self.network.pk, segment, list(part.nodes), list(part.pipes)],
            )
            return
        nodes = [(node, segment) for part, segment in segments for node in part.nodes]
        pipes = [(pipe, segment) for part, segment in segments for pipe in part.pipes]
        self.cursor.execute(
            "UPDATE assets_nodetopology topology SET segment_id = new.segment "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS new (node, segment) "
            "WHERE topology.node_id = new.node AND topology.segment_id IS DISTINCT FROM new.segment",
            [[node for node, _ in nodes], [segment for _, segment in nodes]],
        )
        self.cursor.execute(
            "INSERT INTO assets_pipetopology AS topology (pipe_id, network_id, segment_id) "
            "SELECT new.pipe, %s, new.segment FROM unnest(%s::bigint[], %s::bigint[]) AS new (pipe, segment) "
            "ON CONFLICT (pipe_id) DO UPDATE SET segment_id = excluded.segment_id "
            "WHERE topology.segment_id <> excluded.segment_id",
            [self.network.pk, [pipe for pipe, _ in pipes], [segment for _, segment in pipes]],
        )
