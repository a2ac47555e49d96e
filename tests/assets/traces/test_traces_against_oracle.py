"""Traces of random small networks against networkx on the same elements, written down independently."""

import math
import os
from typing import Any

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.tracing.selectors.traces import trace
from gis_core.errors import ReportedError
from gis_core.models import Division
from tests.assets.traces.drawing import draw

EXAMPLES = 60 if os.environ.get("TARMOQ_PROVE") else 15
KINDS = (
    "junction",
    "junction",
    "junction",
    "tank",
    "reservoir",
    "open",
    "closed",
    "check",
    "PRV",
    "pump",
    "off",
)
DEVICES: dict[str, tuple[str, dict[str, Any]]] = {
    "open": ("valve", {"valve_type": "isolation", "status": "open"}),
    "closed": ("valve", {"valve_type": "isolation", "status": "closed"}),
    "check": ("valve", {"valve_type": "check", "status": "open"}),
    "PRV": ("valve", {"valve_type": "PRV", "status": "active", "setting": 30.0}),
    "pump": ("pump", {"status": "open"}),
    "off": ("pump", {"status": "closed"}),
}
PASSAGE = {"closed": "none", "off": "none", "check": "along", "PRV": "along", "pump": "along"}
LIVES = ("in_service", "in_service", "in_service", "in_service", "out_of_service", "planned")


@st.composite
def networks(drawing: Any) -> tuple[dict[str, tuple[str, str]], list[tuple[str, str, str, dict[str, Any]]]]:
    """Nodes {code: (kind or device, lifecycle)} and pipes, loops to the same node and parallel ones among them."""
    count = drawing(st.integers(2, 9))
    nodes = {
        f"N{number}": (drawing(st.sampled_from(KINDS)), drawing(st.sampled_from(LIVES)))
        for number in range(count)
    }
    codes = list(nodes)
    pipes = []
    for number in range(drawing(st.integers(1, 14))):
        values = {
            "stated_length_m": float(drawing(st.integers(1, 6)) * 10),
            "status": drawing(st.sampled_from(["open", "open", "open", "closed"])),
            "has_check_valve": drawing(st.sampled_from([False, False, False, True])),
            "lifecycle": drawing(st.sampled_from(LIVES)),
            "is_connector": drawing(st.sampled_from([False, False, True])),
        }
        pipes.append((f"P{number}", drawing(st.sampled_from(codes)), drawing(st.sampled_from(codes)), values))
    return nodes, pipes


class Oracle:
    """The same network, element by element."""

    def __init__(
        self, nodes: dict[str, tuple[str, str]], pipes: list[tuple[str, str, str, dict[str, Any]]]
    ) -> None:
        self.kind = {code: kind for code, (kind, life) in nodes.items() if life == "in_service"}
        self.pipes = [
            pipe
            for pipe in pipes
            if pipe[3]["lifecycle"] == "in_service" and pipe[1] in self.kind and pipe[2] in self.kind
        ]
        self.real = {code for code, _, _, values in self.pipes if not values["is_connector"]}

    def passage(self, node: str) -> str:
        return PASSAGE.get(self.kind[node], "both")

    def ways(self, *, directed: bool, closed_too: bool = False) -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        graph.add_nodes_from(self.kind)
        for code, start, end, values in self.pipes:
            if values["status"] == "closed" and not closed_too:
                continue
            for origin, target, is_along in ((start, end, True), (end, start, False)):
                if not closed_too and self.passage(origin) == "none":
                    continue
                if (
                    directed
                    and not is_along
                    and (values["has_check_valve"] or "along" in (self.passage(start), self.passage(end)))
                ):
                    continue
                graph.add_edge(
                    origin, target, key=f"{code}{is_along}", code=code, length=values["stated_length_m"]
                )
        return graph

    def flow(self) -> nx.MultiDiGraph:
        ways = self.ways(directed=True)
        sources = [code for code, kind in self.kind.items() if kind in ("tank", "reservoir")]
        distance = dict.fromkeys(self.kind, math.inf)
        if sources:
            distance |= nx.multi_source_dijkstra_path_length(ways, sources, weight="length")
        flow = nx.MultiDiGraph()
        flow.add_nodes_from(self.kind)
        for origin, target, key, values in ways.edges(keys=True, data=True):
            back = values["code"] + ("False" if key.endswith("True") else "True")
            one_way = not ways.has_edge(target, origin, back)
            if distance[origin] <= distance[target] or one_way:
                flow.add_edge(origin, target, key=key, code=values["code"])
        return flow


def spread(graph: nx.MultiDiGraph, start: str) -> tuple[set[str], set[str]]:
    nodes = {start} | nx.descendants(graph, start)
    pipes = {values["code"] for _, _, values in graph.out_edges(nodes, data=True)}
    return nodes, pipes


def found(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    names = [*document["nodes"], *document["devices"], *document["stopped_at"]]
    assert len(names) == len(set(names))
    assert len(document["pipes"]) == len(set(document["pipes"]))
    return set(names), set(document["pipes"])


@pytest.fixture
def place(district: Division) -> Division:
    return district


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=networks(), number=st.integers(0, 10**6))
def test_traces_agree_with_networkx(place: Division, drawn: Any, number: int) -> None:
    nodes, pipes = drawn
    network = draw(
        place,
        {
            code: (DEVICES[kind][0], DEVICES[kind][1] | {"lifecycle": life})
            if kind in DEVICES
            else (kind, {"lifecycle": life})
            for code, (kind, life) in nodes.items()
        },
        pipes,
        code=f"T{number}-{len(nodes)}",
    ).network
    try:
        oracle = Oracle(nodes, pipes)
        for start, (_kind, life) in nodes.items():
            if life != "in_service":
                with pytest.raises(ReportedError, match="only what is in service"):
                    trace(network, trace_type="connected", from_node=start)
                continue
            _compare_spread(network, oracle, start)
            _compare_shortest(network, oracle, start)
            _compare_loops(network, oracle, start)
    finally:
        network.pipes.all().delete()
        for detail in ("valve", "pump", "reservoir", "tank"):
            for node in network.nodes.filter(**{f"{detail}__isnull": False}):
                getattr(node, detail).delete()
        network.nodes.all().delete()
        network.delete()


def _compare_spread(network: Any, oracle: Oracle, start: str) -> None:
    flow = oracle.flow()
    expected = {
        "connected": spread(oracle.ways(directed=False), start),
        "downstream": spread(flow, start),
        "upstream": spread(flow.reverse(), start),
    }
    for trace_type, (nodes, pipes) in expected.items():
        document = trace(network, trace_type=trace_type, from_node=start).as_dict()
        assert found(document) == (nodes, pipes & oracle.real), trace_type
        assert set(document["stopped_at"]) == {node for node in nodes if oracle.passage(node) == "none"}
        assert document["direction_from"] == (None if trace_type == "connected" else "sources")
        assert not document["crossed_dirty"]
    nodes, pipes = spread(oracle.ways(directed=False, closed_too=True), start)
    through = trace(network, trace_type="connected", from_node=start, through_closed=True).as_dict()
    assert found(through) == (nodes, pipes & oracle.real)
    assert through["length_m"] == pytest.approx(
        sum(values["stated_length_m"] for code, *_, values in oracle.pipes if code in pipes & oracle.real)
    )


def _compare_shortest(network: Any, oracle: Oracle, start: str) -> None:
    for either_way in (False, True):
        ways = oracle.ways(directed=not either_way)
        reached = nx.single_source_dijkstra_path_length(ways, start, weight="length")
        for end in oracle.kind:
            if end not in reached:
                with pytest.raises(ReportedError, match="no open way"):
                    trace(network, trace_type="shortest", from_node=start, to_node=end, either_way=either_way)
                continue
            way = trace(network, trace_type="shortest", from_node=start, to_node=end, either_way=either_way)
            graph = way.graph
            codes, pipes = graph.node_codes(way.nodes), graph.pipe_codes(way.pipes)
            assert (codes[0], codes[-1]) == (start, end)
            assert sum(graph.length_m[way.pipes]) == pytest.approx(reached[end])
            for origin, target, pipe in zip(codes[:-1], codes[1:], pipes, strict=True):
                assert pipe in {values["code"] for values in ways.get_edge_data(origin, target).values()}


def _compare_loops(network: Any, oracle: Oracle, start: str) -> None:
    graph = nx.MultiGraph()
    graph.add_nodes_from(oracle.kind)
    for code, origin, target, values in oracle.pipes:
        if values["status"] == "open" and "none" not in (oracle.passage(origin), oracle.passage(target)):
            graph.add_edge(origin, target, key=code, length=values["stated_length_m"])
    component = graph.subgraph(nx.node_connected_component(graph, start)).copy()
    cut = [
        key
        for origin, target, key in list(component.edges(keys=True))
        if _is_bridge(component, origin, target, key)
    ]
    kept = component.copy()
    kept.remove_edges_from([edge for edge in component.edges(keys=True) if edge[2] in cut])
    part = kept.subgraph(nx.node_connected_component(kept, start))
    result = trace(network, trace_type="loops", from_node=start)
    document = result.as_dict()
    inside = {key for _, _, key in part.edges(keys=True)}
    assert set(result.graph.node_codes(result.nodes)) == set(part.nodes)
    assert set(result.graph.pipe_codes(result.pipes)) == inside
    assert document["independent_loops"] == part.number_of_edges() - part.number_of_nodes() + 1
    assert document["independent_loops_connected"] == component.number_of_edges() - len(component) + 1
    at_start = [key for origin, target, key in part.edges(start, keys=True)]
    assert bool(document["loops"]) == bool(at_start)
    for nodes, pipes in result.loops.loops if result.loops else []:
        names, codes = result.graph.node_codes(_array(nodes)), result.graph.pipe_codes(_array(pipes))
        assert names[0] == start
        assert len(set(names)) == len(names)
        assert len(set(codes)) == len(codes) == len(names)
        for origin, target, code in zip(names, [*names[1:], start], codes, strict=True):
            assert part.has_edge(origin, target, key=code)
        first = codes[0]
        rest = part.copy()
        other = names[1] if len(names) > 1 else start
        rest.remove_edge(start, other, key=first)
        shortest = nx.dijkstra_path_length(rest, other, start, weight="length")
        along = sum(part.edges[edge]["length"] for edge in part.edges(keys=True) if edge[2] in codes[1:])
        assert along == pytest.approx(shortest)


def _is_bridge(graph: nx.MultiGraph, origin: str, target: str, key: str) -> bool:
    without = graph.copy()
    without.remove_edge(origin, target, key=key)
    return not nx.has_path(without, origin, target)


def _array(values: list[int]) -> Any:
    import numpy as np

    return np.array(values, np.int64)
