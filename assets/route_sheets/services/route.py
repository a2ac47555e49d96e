"""A route: pipes end to end, given one after another or found as the shortest way between two nodes."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_noop
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from assets.models import Lifecycle, Network, Node, Pipe
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

MAXIMUM_PIPES = 500
# How many connectors may lie between two pipes of a list: a device has one or two, a station a few more.
_MAXIMUM_CONNECTORS = 8


@dataclass(frozen=True)
class RouteStep:
    """One pipe of a route, walked along its drawing or against it."""

    pipe: Pipe
    is_forward: bool

    @property
    def from_node(self) -> Node:
        return self.pipe.start_node if self.is_forward else self.pipe.end_node

    @property
    def to_node(self) -> Node:
        return self.pipe.end_node if self.is_forward else self.pipe.start_node

    @property
    def length_m(self) -> float:
        """The stated length, else the drawn one."""
        return self.pipe.stated_length_m or self.pipe.geodesic_length_m or 0.0

    @property
    def positions(self) -> list[tuple[float, float]]:
        """Longitude and latitude of the drawing's vertices, in the direction of walking."""
        vertices = [(x, y) for x, y, *_ in self.pipe.geom.coords]
        return vertices if self.is_forward else vertices[::-1]


@dataclass(frozen=True)
class PipeRoute:
    """Steps of which each begins where the one before ended. Device connectors are steps too."""

    network: Network
    steps: list[RouteStep]

    @property
    def nodes(self) -> list[Node]:
        """All nodes in order, one more than there are steps."""
        return [self.steps[0].from_node, *(step.to_node for step in self.steps)]

    @cached_property
    def chainages_m(self) -> list[float]:
        """The distance of each node from the first, metres."""
        found = [0.0]
        for step in self.steps:
            found.append(found[-1] + step.length_m)
        return found

    @property
    def length_m(self) -> float:
        return self.chainages_m[-1]

    @property
    def pipes(self) -> list[Pipe]:
        """The pipes proper, without connectors."""
        return [step.pipe for step in self.steps if not step.pipe.is_connector]


def route_of_pipes(network: Network, codes: Sequence[str]) -> PipeRoute:
    """The route along pipes named one after another; connectors of devices between them are added.

    Raises ReportedError for an unknown or repeated pipe, more than 500 pipes, or two pipes that do not meet.
    """
    if not codes:
        raise ReportedError(Sentence(gettext_noop("Name at least one pipe.")), code="no_pipes")
    if len(codes) > MAXIMUM_PIPES:
        raise ReportedError(
            Sentence(
                gettext_noop("A route sheet has at most {maximum_pipes} pipes."), maximum_pipes=MAXIMUM_PIPES
            ),
            code="too_long",
        )
    rows = _pipes(network).filter(code__in=set(codes), is_connector=False)
    known = {pipe.code: pipe for pipe in rows}
    missing = [code for code in codes if code not in known]
    if missing:
        raise ReportedError(
            Sentence(
                gettext_noop("Network {network} has no pipe {missing}."),
                network=network.code,
                missing=missing[0],
            ),
            code="unknown_pipe",
            details=[{"element": f"pipe {code}", "reason": "unknown"} for code in missing],
        )
    if len(set(codes)) < len(codes):
        raise ReportedError(Sentence(gettext_noop("A pipe is named twice.")), code="repeated_pipe")
    return PipeRoute(network, _chain(network, [known[code] for code in codes]))


def _chain(network: Network, pipes: list[Pipe]) -> list[RouteStep]:
    """Turn each pipe the way it is walked; the first by where the second begins."""
    if len(pipes) == 1:
        return [RouteStep(pipes[0], True)]
    links = _Connectors(network)
    for is_forward in (True, False):
        first = RouteStep(pipes[0], is_forward)
        bridge = links.between(first.to_node.pk, {pipes[1].start_node_id, pipes[1].end_node_id})
        if bridge is None:
            continue
        steps: list[RouteStep] = [first]
        for position, pipe in enumerate(pipes[1:], start=1):
            bridge = links.between(steps[-1].to_node.pk, {pipe.start_node_id, pipe.end_node_id})
            if bridge is None:
                if is_forward and position > 1:
                    break
                raise _do_not_meet(pipes[position - 1], pipe)
            steps += bridge
            at = steps[-1].to_node.pk
            steps.append(RouteStep(pipe, at == pipe.start_node_id))
        else:
            return steps
        raise _do_not_meet(pipes[position - 1], pipes[position])
    raise _do_not_meet(pipes[0], pipes[1])


def _do_not_meet(one: Pipe, other: Pipe) -> ReportedError:
    return ReportedError(
        Sentence(
            gettext_noop("The pipes {one} and {other} do not follow one another."),
            one=one.code,
            other=other.code,
        ),
        code="not_a_chain",
        details=[
            {
                "element": f"pipe {other.code}",
                "reason": Sentence(gettext_noop("does not begin where {one} ends"), one=one.code),
            }
        ],
    )


class _Connectors:
    """The device connectors of a network, looked up as they are needed."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def between(self, start: int, goals: set[int]) -> list[RouteStep] | None:
        """The connectors from a node to one of the goals: none when it is one itself, None when there is no way."""
        came: dict[int, RouteStep | None] = {start: None}
        queue = deque([(start, 0)])
        while queue:
            node, depth = queue.popleft()
            if node in goals:
                return _walked(came, node)
            if depth == _MAXIMUM_CONNECTORS:
                continue
            for step in self._from(node):
                if step.to_node.pk not in came:
                    came[step.to_node.pk] = step
                    queue.append((step.to_node.pk, depth + 1))
        return None

    def _from(self, node: int) -> list[RouteStep]:
        rows = _pipes(self._network).filter(is_connector=True)
        return [RouteStep(pipe, True) for pipe in rows.filter(start_node_id=node)] + [
            RouteStep(pipe, False) for pipe in rows.filter(end_node_id=node)
        ]


def _walked(came: dict[int, RouteStep | None], node: int) -> list[RouteStep]:
    steps: list[RouteStep] = []
    step = came[node]
    while step is not None:
        steps.append(step)
        step = came[step.from_node.pk]
    return steps[::-1]


def route_between(network: Network, start: Node, goal: Node) -> PipeRoute:
    """The shortest way from one node to another over all pipes that are not removed, whatever flows in them.

    Raises ReportedError when the nodes are the same, are not connected, or the way has more than 500 pipes.
    """
    if start.pk == goal.pk:
        raise ReportedError(
            Sentence(gettext_noop("The route begins and ends at the same node.")), code="no_way"
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, start_node_id, end_node_id, coalesce(stated_length_m, geodesic_length_m, 0) "
            "FROM assets_pipe WHERE network_id = %s AND lifecycle <> %s ORDER BY id",
            [network.pk, Lifecycle.REMOVED],
        )
        rows = cursor.fetchall()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    ends = np.array([row[1:3] for row in rows], dtype=np.int64).reshape(-1, 2)
    lengths = np.array([row[3] for row in rows], dtype=float)
    nodes = np.unique(ends)
    if start.pk not in nodes or goal.pk not in nodes:
        raise _no_way(start, goal)
    tails, heads = np.searchsorted(nodes, ends[:, 0]), np.searchsorted(nodes, ends[:, 1])
    first, best = _best_pipes(tails, heads, lengths)
    # A length of zero would be no edge at all to the library.
    weights = np.maximum(lengths[best], 1e-9)
    graph = csr_matrix((weights, (first[:, 0], first[:, 1])), shape=(len(nodes), len(nodes)))
    source, target = int(np.searchsorted(nodes, start.pk)), int(np.searchsorted(nodes, goal.pk))
    _, before = dijkstra(graph, directed=False, indices=source, return_predecessors=True)
    if before[target] < 0:
        raise _no_way(start, goal)
    pipe_between = {(int(a), int(b)): int(ids[i]) for (a, b), i in zip(first, best, strict=True)}
    return PipeRoute(network, _steps_back(network, nodes, before, source, target, pipe_between))


def _best_pipes(tails: np.ndarray, heads: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of nodes that pipes join, each once, with the row of the shortest of its pipes; loops left out."""
    pairs = np.sort(np.column_stack([tails, heads]), axis=1)
    order = np.lexsort((lengths, pairs[:, 1], pairs[:, 0]))
    order = order[pairs[order, 0] != pairs[order, 1]]
    ordered = pairs[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[is_first], order[is_first]


def _steps_back(
    network: Network,
    nodes: np.ndarray,
    before: np.ndarray,
    source: int,
    target: int,
    pipe_between: dict[tuple[int, int], int],
) -> list[RouteStep]:
    walked: list[tuple[int, int]] = []
    at = target
    while at != source:
        previous = int(before[at])
        walked.append((pipe_between[min(previous, at), max(previous, at)], int(nodes[previous])))
        at = previous
        if len(walked) > 2 * MAXIMUM_PIPES:
            raise ReportedError(
                Sentence(
                    gettext_noop("A route sheet has at most {maximum_pipes} pipes."),
                    maximum_pipes=MAXIMUM_PIPES,
                ),
                code="too_long",
            )
    found = _pipes(network).in_bulk([pipe for pipe, _ in walked])
    return [RouteStep(found[pipe], found[pipe].start_node_id == node) for pipe, node in reversed(walked)]


def _no_way(start: Node, goal: Node) -> ReportedError:
    return ReportedError(
        Sentence(gettext_noop("No pipes lead from {start} to {goal}."), start=start.code, goal=goal.code),
        code="no_way",
    )


def _pipes(network: Network) -> QuerySet[Pipe]:
    rows = Pipe.objects.filter(network=network).exclude(lifecycle=Lifecycle.REMOVED)
    return rows.select_related("start_node", "end_node", "line")
