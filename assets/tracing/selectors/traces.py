"""Traces: what is connected to a node, what feeds it, what it feeds, the shortest way to another, the loops it is on.

Elements that are not in service are no part of any trace. Closed pipes and closed devices stop it; what stopped it is
named. Connectors, which join a device to its neighbours, are followed but not listed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.utils.translation import gettext_noop as _
from scipy.sparse.csgraph import dijkstra

from assets.models import Network, Node
from assets.networks.selectors.as_of import reading_as_of
from assets.topology.selectors.network_graph import CLOSED, Arcs, NetworkGraph, network_graph
from assets.tracing.selectors.flow_directions import flow_arcs
from assets.tracing.selectors.loops import LoopedPart, looped_part
from gis_core.errors import ReportedError
from gis_core.integer_reads import read_columns
from gis_core.sentences import Sentence, Word

TRACE_TYPES = ("connected", "upstream", "downstream", "shortest", "loops")
# The shortest way is looked for within these before it is looked for everywhere: most ways are short.
_SEARCH_LIMITS_M = (3_000.0, 30_000.0, np.inf)
_SEVERAL = 20

Indices = npt.NDArray[Any]


@dataclass(frozen=True)
class Trace:
    """What a trace found, as indices into its graph, with connectors among the pipes.

    `nodes` and `pipes` of a shortest way are in its order, others from the start outwards. `stopped_at` are closed
    devices at which a trace ended. `dirty_areas`: how many areas that nobody validated since they were changed it met.
    """

    type: str
    network: Network
    graph: NetworkGraph
    from_node: int
    to_node: int | None
    nodes: Indices
    pipes: Indices
    stopped_at: Indices
    dirty_areas: int
    direction_from: str | None = None
    loops: LoopedPart | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def listed_pipes(self) -> Indices:
        return self.pipes[~self.graph.is_connector[self.pipes]]

    @property
    def length_m(self) -> float:
        """The length of its pipes, without connectors."""
        return float(self.graph.length_m[self.listed_pipes].sum())

    def as_dict(self, *, limit: int | None = None) -> dict[str, Any]:
        """Codes and figures. `limit`: how many codes of each list at most; the counts are always of all."""
        graph = self.graph
        is_device = graph.is_device[self.nodes]
        parts = {
            "nodes": (graph.node_codes, self.nodes[~is_device]),
            "pipes": (graph.pipe_codes, self.listed_pipes),
            "devices": (graph.node_codes, self.nodes[is_device]),
            "stopped_at": (graph.node_codes, self.stopped_at),
        }
        document: dict[str, Any] = {
            "type": self.type,
            "network": self.network.code,
            "from": graph.node_codes(np.array([self.from_node]))[0],
            "to": None if self.to_node is None else graph.node_codes(np.array([self.to_node]))[0],
            "as_of": None if graph.as_of is None else graph.as_of.isoformat(),
            "direction_from": self.direction_from,
        }
        for name, (codes, indices) in parts.items():
            document[name] = codes(indices if limit is None else indices[:limit])
        document["counts"] = {name: len(indices) for name, (_codes, indices) in parts.items()}
        document["length_m"] = round(self.length_m, 3)
        document["crossed_dirty"] = self.dirty_areas > 0
        document["dirty_areas"] = self.dirty_areas
        document["truncated"] = limit is not None and any(len(part) > limit for _, part in parts.values())
        if self.loops is not None:
            document |= self.loops.as_dict(graph)
        return document | self.details


def trace(
    network: Network,
    *,
    trace_type: str,
    from_node: str,
    to_node: str | None = None,
    as_of: datetime | None = None,
    through_closed: bool = False,
    either_way: bool = False,
    barriers: Sequence[str] = (),
) -> Trace:
    """Trace from a node, named by its code or uid (see `find_node`).

    `connected`: all that hangs together with it by open pipes and devices, whichever way water may pass them; with
    `through_closed` closed ones too. `upstream` and `downstream`: against and along the flow. `shortest`: the way to
    `to_node` by length that water may take; `either_way` disregards check valves, pumps and regulators. `loops`: the
    looped part that the node is in. `barriers` are nodes and devices, named in the same way, that a trace reaches and
    does not pass, as if they were closed. Raises ReportedError for a node that is not there or not in service, and
    ("no_way") when `to_node` cannot be reached.
    """
    _check_options(trace_type, to_node, through_closed, either_way, barriers)
    graph = network_graph(network, as_of=as_of)
    start = _index_of(graph, find_node(network, from_node, as_of=as_of))
    stops = np.array(
        [_index_of(graph, find_node(network, name, as_of=as_of)) for name in barriers], dtype=np.int64
    )
    if start in stops:
        raise ReportedError(Sentence(_("The trace cannot start at one of its barriers.")), code="bad_option")
    if trace_type == "shortest":
        assert to_node is not None
        end = _index_of(graph, find_node(network, to_node, as_of=as_of))
        arcs = graph.arcs("both" if either_way else "permitted").without_leaving(stops)
        return _shortest(network, graph, start, end, arcs, is_directed=not either_way)
    if trace_type == "loops":
        return _loops(network, graph, start)
    if trace_type == "connected":
        arcs = graph.arcs("all" if through_closed else "both").without_leaving(stops)
        return _spread(
            network, graph, start, trace_type, arcs, stops_at_closed=not through_closed, stops=stops
        )
    flow, arcs = flow_arcs(graph, upstream=trace_type == "upstream")
    return _spread(
        network,
        graph,
        start,
        trace_type,
        arcs.without_leaving(stops),
        direction_from=flow.direction_from,
        stops=stops,
    )


def _check_options(
    trace_type: str, to_node: str | None, through_closed: bool, either_way: bool, barriers: Sequence[str]
) -> None:
    """Raise ReportedError for options that the type of trace does not take."""
    if trace_type not in TRACE_TYPES:
        raise ReportedError(
            Sentence(
                _("There is no trace {trace_type}; there are {trace_types}."),
                trace_type=repr(trace_type),
                trace_types=", ".join(TRACE_TYPES),
            ),
            code="bad_type",
        )
    if (to_node is not None) != (trace_type == "shortest"):
        raise ReportedError(
            Sentence(_("The shortest way needs a node to go to (--to); the other traces take none.")),
            code="bad_to",
        )
    if through_closed and trace_type != "connected":
        raise ReportedError(Sentence(_("Only a connected trace can pass what is closed.")), code="bad_option")
    if either_way and trace_type != "shortest":
        raise ReportedError(
            Sentence(_("Only a shortest way can be looked for either way.")), code="bad_option"
        )
    if barriers and trace_type == "loops":
        raise ReportedError(Sentence(_("Loops are looked for without barriers.")), code="bad_option")


def find_node(network: Network, name: str, *, as_of: datetime | None = None) -> Node:
    """The node that a code or uid names. A device and another node may share a code: then it is the other node,
    unless the name says "device:CODE". Raises ReportedError (code "no_such_node").
    """
    nodes = Node.objects.filter(network=network)
    code_class, _colon, code = name.partition(":")
    with reading_as_of(as_of):
        if code_class in ("device", "node") and code:
            found = nodes.filter(code_class=code_class, code=code).first()
        else:
            found = nodes.filter(code=name).order_by("-code_class").first()
        if found is None and (uid := _uid_of(name)) is not None:
            found = nodes.filter(uid=uid).first()
    if found is None:
        raise ReportedError(
            Sentence(_("Network {network} has no node {name}."), network=network.code, name=name[:100]),
            code="no_such_node",
        )
    return found


def _uid_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _index_of(graph: NetworkGraph, node: Node) -> int:
    index = graph.index_of_node(node.pk)
    if index is None:
        raise ReportedError(
            Sentence(
                _("Node {node} is {lifecycle}; only what is in service is traced."),
                node=node.code,
                lifecycle=Word(node.get_lifecycle_display()),
            ),
            code="not_in_service",
        )
    return index


def _spread(
    network: Network,
    graph: NetworkGraph,
    start: int,
    trace_type: str,
    arcs: Arcs,
    *,
    stops_at_closed: bool = True,
    direction_from: str | None = None,
    stops: Indices,
) -> Trace:
    """Everything that the arcs reach from a node. Closed devices and barriers are met, not passed."""
    nodes, _predecessors = arcs.reached_from(start)
    pipes = _distinct(arcs.pipes[arcs.at(nodes)], len(graph.pipe_ids))
    is_closed = graph.passage[nodes] == CLOSED
    if not stops_at_closed:
        is_closed[:] = False
    is_closed |= np.isin(nodes, stops)
    nodes, stopped = nodes[~is_closed], nodes[is_closed]
    return Trace(
        type=trace_type,
        network=network,
        graph=graph,
        from_node=start,
        to_node=None,
        nodes=nodes,
        pipes=pipes,
        stopped_at=stopped,
        dirty_areas=dirty_areas_met(network, graph, np.concatenate((nodes, stopped)), pipes),
        direction_from=direction_from,
    )


def _distinct(pipes: Indices, pipe_count: int) -> Indices:
    """Each pipe once, in order of its first appearance where there are few."""
    if len(pipes) * _SEVERAL > pipe_count:
        seen = np.zeros(pipe_count, bool)
        seen[pipes] = True
        return np.flatnonzero(seen)
    _pipes, first = np.unique(pipes, return_index=True)
    return pipes[np.sort(first)]


def _shortest(
    network: Network, graph: NetworkGraph, start: int, end: int, arcs: Arcs, *, is_directed: bool
) -> Trace:
    for limit in _SEARCH_LIMITS_M:
        distances, predecessors = dijkstra(
            arcs.matrix, directed=True, indices=start, return_predecessors=True, limit=limit
        )
        if np.isfinite(distances[end]):
            break
    else:
        ends = {"start": _code(graph, start), "end": _code(graph, end)}
        raise ReportedError(
            Sentence(
                _("There is no open way from {start} to {end} in the direction that water may pass."), **ends
            )
            if is_directed
            else Sentence(_("There is no open way from {start} to {end}."), **ends),
            code="no_way",
        )
    way = [end]
    while way[-1] != start:
        way.append(int(predecessors[way[-1]]))
    nodes = np.array(way[::-1], dtype=np.int64)
    pipes = np.array(
        [_shortest_pipe(graph, arcs, origin, target) for origin, target in pairwise(nodes)], np.int64
    )
    return Trace(
        type="shortest",
        network=network,
        graph=graph,
        from_node=start,
        to_node=end,
        nodes=nodes,
        pipes=pipes,
        stopped_at=nodes[:0],
        dirty_areas=dirty_areas_met(network, graph, nodes, pipes),
    )


def _shortest_pipe(graph: NetworkGraph, arcs: Arcs, origin: int, target: int) -> int:
    between = [
        arcs.pipes[arc]
        for arc in range(arcs.first[origin], arcs.first[origin + 1])
        if arcs.targets[arc] == target
    ]
    return int(min(between, key=lambda pipe: (graph.length_m[pipe], pipe)))


def _loops(network: Network, graph: NetworkGraph, start: int) -> Trace:
    part = looped_part(graph, start)
    return Trace(
        type="loops",
        network=network,
        graph=graph,
        from_node=start,
        to_node=None,
        nodes=part.nodes,
        pipes=part.pipes,
        stopped_at=part.nodes[:0],
        dirty_areas=dirty_areas_met(network, graph, part.nodes, part.pipes),
        loops=part,
    )


def groups_of(trace_found: Trace) -> dict[str, Any]:
    """What a trace found, grouped: nodes by kind, pipes by diameter and material with lengths (m) and volumes (m3)."""
    graph = trace_found.graph
    found = np.concatenate((trace_found.nodes, trace_found.stopped_at))
    with reading_as_of(graph.as_of), connection.cursor() as cursor:
        cursor.execute(
            "SELECT node.kind, count(*) FROM assets_node node JOIN unnest(%s::bigint[]) wanted (id) USING (id) "
            "GROUP BY 1 ORDER BY 2 DESC, 1",
            [graph.node_ids[found].tolist()],
        )
        nodes = [{"kind": kind, "count": count} for kind, count in cursor.fetchall()]
        cursor.execute(
            "SELECT round((pipe.diameter_m * 1000)::numeric, 1)::float8, pipe.material, count(*), "
            "sum(coalesce(pipe.stated_length_m, pipe.geodesic_length_m)), "
            "sum(coalesce(pipe.stated_length_m, pipe.geodesic_length_m) * pi() / 4 * pipe.diameter_m ^ 2) "
            "FROM assets_pipe pipe JOIN unnest(%s::bigint[]) wanted (id) USING (id) "
            "GROUP BY 1, 2 ORDER BY 1 DESC NULLS LAST, 2",
            [graph.pipe_ids[trace_found.listed_pipes].tolist()],
        )
        pipes = [
            {
                "diameter_mm": diameter,
                "material": material,
                "count": count,
                "length_m": round(length, 3),
                "volume_m3": None if volume is None else round(volume, 3),
            }
            for diameter, material, count, length, volume in cursor.fetchall()
        ]
    known = [group["volume_m3"] for group in pipes if group["volume_m3"] is not None]
    return {"nodes": nodes, "pipes": pipes, "volume_m3": round(sum(known), 3)}


def _code(graph: NetworkGraph, node: int) -> str:
    return graph.node_codes(np.array([node]))[0]


def dirty_areas_met(network: Network, graph: NetworkGraph, nodes: Indices, pipes: Indices) -> int:
    """How many dirty areas hold a part of one of the elements."""
    met: set[int] = set()
    for table, ids in (("assets_node", graph.node_ids[nodes]), ("assets_pipe", graph.pipe_ids[pipes])):
        with reading_as_of(graph.as_of):
            on_dirty_ground = read_columns(
                "SELECT area.id, element.id FROM assets_dirtyarea area "  # noqa: S608
                f"JOIN {table} element ON element.network_id = area.network_id AND element.geom && area.geom "
                "AND ST_Intersects(element.geom, area.geom) WHERE area.network_id = %s",
                [network.pk],
                [("area", "int8"), ("element", "int8")],
            )
        is_met = np.isin(on_dirty_ground["element"], ids)
        met.update(np.unique(on_dirty_ground["area"][is_met]).tolist())
    return len(met)


def geometries_of(trace_found: Trace, *, limit: int) -> list[dict[str, Any]]:
    """The trace as GeoJSON features, nodes first, connectors with the pipes; made by the database.

    At most `limit` nodes and as many pipes, the first ones of the trace.
    """
    graph = trace_found.graph
    features: list[dict[str, Any]] = []
    for class_name, ids in (
        ("node", graph.node_ids[trace_found.nodes[:limit]]),
        ("pipe", graph.pipe_ids[trace_found.pipes[:limit]]),
    ):
        kind = "element.kind" if class_name == "node" else "NULL"
        is_connector = "false" if class_name == "node" else "element.is_connector"
        with reading_as_of(graph.as_of), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT element.uid, element.code, {kind}, {is_connector}, ST_AsGeoJSON(element.geom, 7)::json "  # noqa: S608
                f"FROM assets_{class_name} element JOIN unnest(%s::bigint[]) WITH ORDINALITY wanted (id, place) "
                "ON wanted.id = element.id ORDER BY wanted.place",
                [ids.tolist()],
            )
            features += [
                {
                    "type": "Feature",
                    "id": str(uid),
                    "geometry": geometry,
                    "properties": {
                        "class": class_name,
                        "code": code,
                        "kind": element_kind,
                        "is_connector": joins,
                    },
                }
                for uid, code, element_kind, joins, geometry in cursor.fetchall()
            ]
    return features
