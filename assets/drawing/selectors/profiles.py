"""The long profile of a route: ground and hydraulic grade along its length."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from django.utils.translation import gettext_noop as _

from assets.models import Network, Node, NodeResult, SimulationRun
from assets.topology.selectors.network_graph import NetworkGraph, network_graph
from assets.tracing.selectors.traces import find_node, trace
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

MAXIMUM_POINTS = 20_000


@dataclass(frozen=True)
class ProfilePoint:
    """A node of the route. Elevations and heads in metres above the datum, pressures in metres of water.

    `is_interpolated`: the ground is not known there and taken from its neighbours. Heads are those of the last
    simulation at the time asked for, and the least and largest over the run; None where it has none, as at devices.
    """

    chainage_m: float
    code: str
    kind: str
    ground_m: float | None
    is_interpolated: bool
    head_m: float | None = None
    head_min_m: float | None = None
    head_max_m: float | None = None

    @property
    def pressure_m(self) -> float | None:
        return None if self.head_m is None or self.ground_m is None else self.head_m - self.ground_m

    def as_dict(self) -> dict[str, Any]:
        values = {
            "ground_m": self.ground_m,
            "head_m": self.head_m,
            "pressure_m": self.pressure_m,
            "head_min_m": self.head_min_m,
            "head_max_m": self.head_max_m,
        }
        return {
            "chainage_m": round(self.chainage_m, 3),
            "node": self.code,
            "kind": self.kind,
            "is_interpolated": self.is_interpolated,
            **{name: None if value is None else round(value, 3) for name, value in values.items()},
        }


@dataclass(frozen=True)
class Profile:
    """Points in order and the pipes between them. `time_s`: of the heads, seconds since the run's beginning."""

    network: Network
    points: list[ProfilePoint]
    pipes: list[dict[str, Any]]
    run: SimulationRun | None
    time_s: int | None

    @property
    def length_m(self) -> float:
        return self.points[-1].chainage_m

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.code,
            "from": self.points[0].code,
            "to": self.points[-1].code,
            "length_m": round(self.length_m, 3),
            "run": None if self.run is None else str(self.run.uid),
            "time_s": self.time_s,
            "points": [point.as_dict() for point in self.points],
            "pipes": self.pipes,
        }


def profile_between(network: Network, first: str, last: str, *, time_s: int | None = None) -> Profile:
    """The profile along the shortest open way between two nodes (codes or uids), whichever way water runs in it.

    `time_s`: the time of the heads, the nearest one that the run has; by default its beginning. Raises ReportedError as
    `trace` does.
    """
    way = trace(network, trace_type="shortest", from_node=first, to_node=last, either_way=True)
    return _profile(network, way.graph, way.nodes.tolist(), way.pipes.tolist(), time_s)


def profile_of_pipes(
    network: Network, codes: Sequence[str], *, first: str | None = None, time_s: int | None = None
) -> Profile:
    """The profile along named pipes, each of which begins where the one before ends; devices between them are passed.

    `first` says at which end of the first pipe to begin; it is needed for a single pipe to be read against its drawing.
    Raises ReportedError ("no_such_pipe", "not_in_line").
    """
    if not codes:
        raise ReportedError(Sentence(_("Name at least one pipe.")), code="no_pipes")
    graph = network_graph(network)
    pipes = _pipes_in_service(network, graph, codes)
    start = None if first is None else graph.index_of_node(find_node(network, first).pk)
    nodes, way = _in_line(graph, pipes, start)
    return _profile(network, graph, nodes, way, time_s)


def _pipes_in_service(network: Network, graph: NetworkGraph, codes: Sequence[str]) -> list[int]:
    ids = dict(network.pipes.filter(is_connector=False, code__in=list(codes)).values_list("code", "pk"))
    pipes = []
    for code in codes:
        index = graph.index_of_pipe(ids[code]) if code in ids else None
        if index is None:
            raise ReportedError(
                Sentence(
                    _("Network {network} has no pipe {code} in service."),
                    network=network.code,
                    code=code[:100],
                ),
                code="no_such_pipe",
            )
        pipes.append(index)
    return pipes


def _in_line(graph: NetworkGraph, pipes: list[int], start: int | None) -> tuple[list[int], list[int]]:
    """The nodes and pipes of a way along the pipes, with the connectors of the devices between them."""
    ends = [(int(graph.start[pipe]), int(graph.end[pipe])) for pipe in pipes]
    if start is None:
        forwards = len(pipes) == 1 or _way_over_devices(graph, ends[0][1], set(ends[1])) is not None
        start = ends[0][0] if forwards else ends[0][1]
    nodes, way = [start], []
    for pipe, (one, other) in zip(pipes, ends, strict=True):
        joined = _way_over_devices(graph, nodes[-1], {one, other})
        if joined is None:
            raise ReportedError(
                Sentence(
                    _("Pipe {listed} does not begin where the one before it ends."),
                    listed=graph.pipe_codes(np.array([pipe]))[0],
                ),
                code="not_in_line",
            )
        nodes += joined[0]
        way += joined[1]
        nodes.append(other if nodes[-1] == one else one)
        way.append(pipe)
    return nodes, way


def _way_over_devices(
    graph: NetworkGraph, start: int, targets: set[int]
) -> tuple[list[int], list[int]] | None:
    """The nodes after `start`, and the connectors, on a way of a few connectors to one of the targets."""
    arcs = graph.arcs("all")
    ways: list[tuple[int, list[int], list[int]]] = [(start, [], [])]
    seen = {start}
    for _step in range(6):
        onward: list[tuple[int, list[int], list[int]]] = []
        for node, nodes, pipes in ways:
            if node in targets:
                return nodes, pipes
            for arc in range(arcs.first[node], arcs.first[node + 1]):
                pipe, other = int(arcs.pipes[arc]), int(arcs.targets[arc])
                if graph.is_connector[pipe] and other not in seen:
                    seen.add(other)
                    onward.append((other, [*nodes, other], [*pipes, pipe]))
        ways = onward
    return None


def _profile(
    network: Network, graph: NetworkGraph, nodes: list[int], pipes: list[int], time_s: int | None
) -> Profile:
    if len(nodes) > MAXIMUM_POINTS:
        raise ReportedError(
            Sentence(
                _("The route has {count} nodes; at most {maximum_points} are drawn."),
                count=len(nodes),
                maximum_points=MAXIMUM_POINTS,
            ),
            code="too_long",
        )
    at, along = np.array(nodes, np.int64), np.array(pipes, np.int64)
    # Connectors are drawn short and state no length; they take no part in the chainage, as in lengths everywhere.
    lengths = np.where(graph.is_connector[along], 0.0, graph.length_m[along])
    chainages = np.concatenate(([0.0], np.cumsum(lengths)))
    ids = graph.node_ids[at].tolist()
    elevations = dict(Node.objects.filter(pk__in=ids).values_list("pk", "elevation_m"))
    known = np.array([np.nan if elevations.get(pk) is None else elevations[pk] for pk in ids], float)
    ground = _interpolated(chainages, known)
    run = SimulationRun.objects.filter(network=network).order_by("-pk").first()
    moment, heads = _heads(run, ids, time_s)
    points = [
        ProfilePoint(
            chainage_m=float(chainage),
            code=code,
            kind=graph.kind_of(node),
            ground_m=None if np.isnan(level) else float(level),
            is_interpolated=bool(np.isnan(own)),
            **heads.get(pk, {}),
        )
        for node, pk, code, chainage, level, own in zip(
            nodes, ids, graph.node_codes(at), chainages, ground, known, strict=True
        )
    ]
    return Profile(network, points, _described_pipes(network, graph, along, chainages), run, moment)


def _interpolated(chainages: Any, known: Any) -> Any:
    """Unknown levels between known ones by chainage, those beyond the ends as the nearest; NaN if none is known."""
    is_known = ~np.isnan(known)
    if not is_known.any():
        return known
    return np.where(is_known, known, np.interp(chainages, chainages[is_known], known[is_known]))


def _heads(
    run: SimulationRun | None, ids: list[int], time_s: int | None
) -> tuple[int | None, dict[int, dict[str, float]]]:
    if run is None or not run.times_s:
        return None, {}
    nearest = min(range(len(run.times_s)), key=lambda index: abs(run.times_s[index] - (time_s or 0)))
    rows = NodeResult.objects.filter(run=run, node_id__in=ids).values_list("node_id", "head_m")
    heads = {
        pk: {"head_m": series[nearest], "head_min_m": min(series), "head_max_m": max(series)}
        for pk, series in rows
    }
    return run.times_s[nearest], heads


def _described_pipes(
    network: Network, graph: NetworkGraph, along: Any, chainages: Any
) -> list[dict[str, Any]]:
    facts = {
        pk: (diameter, material)
        for pk, diameter, material in network.pipes.filter(pk__in=graph.pipe_ids[along].tolist()).values_list(
            "pk", "diameter_m", "material"
        )
    }
    return [
        {
            "pipe": code,
            "from_m": round(float(begin), 3),
            "to_m": round(float(end), 3),
            "diameter_m": facts.get(pk, (None, ""))[0],
            "material": facts.get(pk, (None, ""))[1],
        }
        for code, pk, is_connector, (begin, end) in zip(
            graph.pipe_codes(along),
            graph.pipe_ids[along].tolist(),
            graph.is_connector[along].tolist(),
            pairwise(chainages),
            strict=True,
        )
        if not is_connector
    ]
