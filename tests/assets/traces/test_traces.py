"""Traces by name: what closed things stop, the past, dirty ground, the direction of flow, and what is refused.

R ==P1==> A --P2-- B --c1-- (V) --P3-- C --P4-- D          V isolation valve, R reservoir
                   |                   |
                   P5 (check valve B>E)  P6 planned to F
                   |
                   E
"""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import wntr
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from assets.editing.services.attributes import set_node_attributes, set_pipe_attributes
from assets.models import DirtyArea, Network, Node, ValveDetail
from assets.simulation.services import simulate_network
from assets.topology.selectors.network_graph import network_graph
from assets.tracing.selectors.flow_directions import flow_of
from assets.tracing.selectors.traces import trace
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from tests.assets.importing import imported, library_model
from tests.assets.traces.drawing import Drawn, draw


@pytest.fixture
def drawn(district: Division) -> Drawn:
    return draw(
        district,
        {
            "R": "reservoir",
            "A": "junction",
            "B": "junction",
            "V": ("valve", {"valve_type": "isolation"}),
            "C": "junction",
            "D": "junction",
            "E": "junction",
            "F": ("junction", {"lifecycle": "planned"}),
        },
        [
            ("P1", "R", "A"),
            ("P2", "A", "B"),
            ("V/1", "B", "V", {"is_connector": True, "stated_length_m": None}),
            ("P3", "V", "C"),
            ("P4", "C", "D"),
            ("P5", "B", "E", {"has_check_valve": True}),
            ("P6", "C", "F", {"lifecycle": "planned"}),
        ],
    )


def run(trace_type: str, start: str, *more: str, network: str = "T") -> tuple[int, dict[str, Any], str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    try:
        with redirect_stderr(stderr):
            call_command(
                "trace",
                network,
                "--type",
                trace_type,
                "--from",
                start,
                *more,
                "--json",
                stdout=stdout,
                stderr=stderr,
            )
    except SystemExit as error:
        code = int(error.code or 0)
    return code, json.loads(stdout.getvalue()), stderr.getvalue()


def test_the_command_answers_with_codes_and_figures(drawn: Drawn) -> None:
    code, document, _ = run("connected", "A")
    assert code == 0
    assert (document["type"], document["network"], document["from"], document["to"]) == (
        "connected",
        "T",
        "A",
        None,
    )
    assert sorted(document["nodes"]) == ["A", "B", "C", "D", "E", "R"]
    assert sorted(document["pipes"]) == ["P1", "P2", "P3", "P4", "P5"]
    assert document["devices"] == ["V"]
    assert document["stopped_at"] == []
    assert document["length_m"] == 500
    assert document["counts"] == {"nodes": 6, "pipes": 5, "devices": 1, "stopped_at": 0}
    assert (document["crossed_dirty"], document["dirty_areas"], document["truncated"]) == (False, 0, False)
    assert document["as_of"] is None
    assert document["direction_from"] is None


def test_up_and_down_the_flow(drawn: Drawn) -> None:
    upstream, downstream = run("upstream", "C")[1], run("downstream", "B")[1]
    assert upstream["direction_from"] == downstream["direction_from"] == "sources"
    assert (set(upstream["nodes"]), upstream["devices"]) == ({"C", "B", "A", "R"}, ["V"])
    assert set(upstream["pipes"]) == {"P1", "P2", "P3"}
    assert set(downstream["nodes"]) == {"B", "C", "D", "E"}
    assert set(downstream["pipes"]) == {"P3", "P4", "P5"}


def test_a_shortest_way_is_in_order(drawn: Drawn) -> None:
    way = run("shortest", "R", "--to", "D")[1]
    assert way["nodes"] == ["R", "A", "B", "C", "D"]
    assert way["pipes"] == ["P1", "P2", "P3", "P4"]
    assert (way["devices"], way["length_m"]) == (["V"], 400)
    code, document, errors = run("shortest", "E", "--to", "A")
    assert (code, document["error"]["code"]) == (1, "no_way")
    assert "no open way from E to A" in errors
    assert run("shortest", "E", "--to", "A", "--either-way")[1]["pipes"] == ["P5", "P2"]
    here = run("shortest", "A", "--to", "A")[1]
    assert (here["nodes"], here["pipes"], here["length_m"]) == (["A"], [], 0)


def test_a_closed_valve_stops_and_is_named(drawn: Drawn) -> None:
    ValveDetail.objects.update(status="closed")
    document = run("connected", "A")[1]
    assert (sorted(document["nodes"]), document["devices"]) == (["A", "B", "E", "R"], [])
    assert document["stopped_at"] == ["V"]
    through = run("connected", "A", "--through-closed")[1]
    assert (len(through["nodes"]), through["devices"], through["stopped_at"]) == (6, ["V"], [])
    assert run("connected", "V")[1]["stopped_at"] == ["V"]
    assert run("downstream", "A")[1]["stopped_at"] == ["V"]


def test_the_past_is_traced_as_it_was(drawn: Drawn) -> None:
    before = timezone.now()
    network, user = drawn.network, User.objects.create_user("editor", password="x" * 12)
    set_node_attributes(
        network, node=drawn.nodes["V"].uid, values={"details": {"status": "closed"}}, acting_user=user
    )
    between = timezone.now()
    set_pipe_attributes(network, pipe=drawn.pipes["P2"].uid, values={"status": "closed"}, acting_user=user)
    assert sorted(run("connected", "A")[1]["nodes"]) == ["A", "R"]
    then = run("connected", "A", "--as-of", between.isoformat())[1]
    assert sorted(then["nodes"]) == ["A", "B", "E", "R"]
    assert then["stopped_at"] == ["V"]
    first = run("connected", "A", "--as-of", before.isoformat())[1]
    assert sorted(first["nodes"]) == ["A", "B", "C", "D", "E", "R"]
    assert first["as_of"] == before.isoformat()
    code, document, _ = run("connected", "A", "--as-of", "1999-12-31")
    assert (code, document["error"]["code"]) == (1, "no_such_node")
    assert run("connected", "A", "--as-of", "yesterday")[1]["error"]["code"] == "bad_as_of"


def test_a_trace_says_whether_it_crossed_dirty_ground(drawn: Drawn) -> None:
    user = User.objects.create_user("editor", password="x" * 12)
    set_pipe_attributes(
        drawn.network, pipe=drawn.pipes["P4"].uid, values={"diameter_m": 0.3}, acting_user=user
    )
    assert DirtyArea.objects.count() == 1
    across = run("connected", "A")[1]
    assert (across["crossed_dirty"], across["dirty_areas"]) == (True, 1)
    beside = run("shortest", "R", "--to", "B")[1]
    assert (beside["crossed_dirty"], beside["dirty_areas"]) == (False, 0)
    DirtyArea.objects.all().delete()
    assert not run("connected", "A")[1]["crossed_dirty"]


def test_a_change_outside_any_edit_is_seen(drawn: Drawn) -> None:
    assert len(trace(drawn.network, trace_type="connected", from_node="A").nodes) == 7
    drawn.pipes["P4"].delete()
    assert len(trace(drawn.network, trace_type="connected", from_node="A").nodes) == 6


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("connected", "X"), "no_such_node"),
        (("connected", "F"), "not_in_service"),
        (("shortest", "A", "--to", "X"), "no_such_node"),
        (("shortest", "A"), "bad_to"),
        (("upstream", "A", "--to", "B"), "bad_to"),
        (("upstream", "A", "--through-closed"), "bad_option"),
        (("connected", "A", "--either-way"), "bad_option"),
        (("connected", "00000000-0000-0000-0000-000000000000"), "no_such_node"),
    ],
)
def test_what_cannot_be_traced_is_said(drawn: Drawn, arguments: tuple[str, ...], code: str) -> None:
    status, document, errors = run(*arguments)
    assert (status, document["error"]["code"]) == (1, code)
    assert document["error"]["message"] in errors


def test_nodes_go_by_uid_and_devices_by_their_prefix(drawn: Drawn, district: Division) -> None:
    Node.objects.filter(code="V").update(code="A")
    by_code, by_uid = run("connected", "A")[1], run("connected", str(drawn.nodes["A"].uid))[1]
    assert by_code == by_uid
    graph = trace(drawn.network, trace_type="connected", from_node="device:A")
    assert graph.graph.kind_of(graph.from_node) == "valve"
    assert trace(drawn.network, trace_type="connected", from_node="node:A").as_dict() == by_code


def test_loops_around_a_node(district: Division) -> None:
    draw(
        district,
        {"R": "reservoir", **dict.fromkeys("ABCDE", "junction")},
        [
            ("P1", "R", "A"),
            ("P2", "A", "B"),
            ("P3", "B", "C"),
            ("P4", "C", "A"),
            ("P5", "C", "D"),
            ("P6", "D", "B"),
            ("P7", "D", "E"),
        ],
    )
    document = run("loops", "A")[1]
    assert (sorted(document["nodes"]), sorted(document["pipes"])) == (
        ["A", "B", "C", "D"],
        ["P2", "P3", "P4", "P5", "P6"],
    )
    assert (document["independent_loops"], document["independent_loops_connected"]) == (2, 2)
    assert len(document["loops"]) == 1, "the loop from either side is the same one"
    assert set(document["loops"][0]["pipes"]) == {"P2", "P3", "P4"}
    assert document["loops"][0]["length_m"] == 300
    alone = run("loops", "E")[1]
    assert (alone["nodes"], alone["pipes"], alone["loops"]) == (["E"], [], [])
    assert (alone["independent_loops"], alone["independent_loops_connected"]) == (0, 2)


def test_sewers_flow_along_their_drawing(district: Division) -> None:
    draw(
        district,
        {"M1": "manhole", "M2": "manhole", "M3": "manhole", "O": "outfall"},
        [("S1", "M1", "M3"), ("S2", "M2", "M3"), ("S3", "M3", "O")],
        commodity="sewerage",
    )
    document = run("upstream", "O")[1]
    assert document["direction_from"] == "slope"
    assert set(document["nodes"]) == {"O", "M1", "M2", "M3"}
    assert set(run("downstream", "M1")[1]["nodes"]) == {"M1", "M3", "O"}


def test_the_simulation_says_which_way_water_flows(district: Division) -> None:
    """Two reservoirs: by distance both feed the middle; the higher one pushes all the way through."""
    drawn = draw(
        district,
        {
            "LOW": ("reservoir", {"head_m": 480.0, "elevation_m": 480.0}),
            "HIGH": ("reservoir", {"head_m": 560.0, "elevation_m": 560.0}),
            **{code: ("junction", {"elevation_m": 400.0}) for code in "ABC"},
        },
        [
            ("P1", "LOW", "A", {"roughness": 110.0}),
            ("P2", "A", "B", {"roughness": 110.0}),
            ("P3", "B", "C", {"roughness": 110.0, "stated_length_m": 900.0}),
            ("P4", "C", "HIGH", {"roughness": 110.0}),
        ],
    )
    before = run("upstream", "B")[1]
    assert (before["direction_from"], set(before["nodes"])) == ("sources", {"B", "A", "LOW", "C", "HIGH"})
    simulate_network(drawn.network, hours=0, acting_user=None)
    after = run("upstream", "B")[1]
    assert (after["direction_from"], set(after["nodes"])) == ("simulation", {"B", "C", "HIGH"})
    assert set(run("downstream", "HIGH")[1]["nodes"]) == {"HIGH", "C", "B", "A", "LOW"}
    then = run("upstream", "B", "--as-of", timezone.now().isoformat())[1]
    assert then["direction_from"] == "sources", "the simulation is of the present"


def test_flow_directions_of_a_library_model_are_those_of_wntr(district: Division) -> None:
    imported(library_model("Net3"))
    network = Network.objects.get(code="N")
    simulate_network(network, hours=24, acting_user=None)
    graph = network_graph(network)
    flow = flow_of(graph)
    model = wntr.network.WaterNetworkModel(str(library_model("Net3")))
    model.options.time.duration = 24 * 3600
    flows = wntr.sim.EpanetSimulator(model).run_sim(file_prefix="/tmp/tarmoq-trace").link["flowrate"].mean()
    index = dict(
        zip(graph.pipe_codes(np.arange(len(graph.pipe_ids))), range(len(graph.pipe_ids)), strict=True)
    )
    compared = 0
    for name in model.pipe_name_list:
        # What is closed now stays closed for us, though a control of the model opens it later.
        is_open = str(model.get_link(name).initial_status).lower() != "closed"
        if is_open and abs(flows[name]) > 1e-3 * flows.abs().max():
            at = index[name]
            assert (bool(flow.forward[at]), bool(flow.backward[at])) == (flows[name] > 0, flows[name] < 0), (
                name
            )
            compared += 1
    assert compared > 80
    for pump in model.pump_name_list:
        if flows[pump] > 1e-3 * flows.abs().max():
            for connector in (f"{pump}/1", f"{pump}/2"):
                assert flow.forward[index[connector]]
                assert not flow.backward[index[connector]]


@pytest.mark.parametrize("model", ["Net3", "ky4", "Net6"])
def test_connected_parts_of_library_models_are_those_of_wntr(district: Division, model: str) -> None:
    import networkx as nx

    imported(library_model(model))
    water = wntr.network.WaterNetworkModel(str(library_model(model)))
    graph = nx.MultiGraph()
    graph.add_nodes_from(water.node_name_list)
    for name, link in water.links():
        if str(link.initial_status).lower() != "closed":
            graph.add_edge(link.start_node_name, link.end_node_name, key=name)
    network = Network.objects.get(code="N")
    for component in list(nx.connected_components(graph))[:5]:
        start = min(component)
        document = trace(network, trace_type="connected", from_node=start).as_dict()
        assert set(document["nodes"]) == component
        links = {key for _, _, key in graph.edges(component, keys=True)}
        assert set(document["pipes"]) == links & set(water.pipe_name_list)
        assert set(document["devices"]) == links - set(water.pipe_name_list)


def test_rest_answers_as_the_command_does(
    drawn: Drawn, make_user: Callable[..., User], other_district: Division
) -> None:
    client = Client()
    client.force_login(make_user("crew", drawn.network.division))
    address = "/api/v1/networks/T/trace/"
    assert client.get(address, {"type": "upstream", "from": "C"}).json() == run("upstream", "C")[1]
    document = client.get(
        address, {"type": "connected", "from": "A", "geometry": "true", "limit": "2"}
    ).json()
    assert document["truncated"] is True
    assert len(document["nodes"]) == len(document["pipes"]) == 2
    assert document["counts"]["nodes"] == 6
    features = document["features"]["features"]
    assert [feature["properties"]["class"] for feature in features] == ["node", "node", "pipe", "pipe"]
    assert features[0]["geometry"]["type"] == "Point"
    for query, status in (
        ({"type": "connected"}, 400),
        ({"from": "A"}, 400),
        ({"type": "sideways", "from": "A"}, 400),
        ({"type": "connected", "from": "Z"}, 400),
        ({"type": "connected", "from": "A", "limit": "0"}, 400),
        ({"type": "connected", "from": "A", "limit": "50001"}, 400),
        ({"type": "connected", "from": "A", "geometry": "maybe"}, 400),
        ({"type": "connected", "from": "A", "as_of": "soon"}, 400),
        ({"type": "connected", "from": "A", "more": "x"}, 400),
        ({"type": "connected", "from": "A\x00"}, 400),
    ):
        assert client.get(address, query).status_code == status, query
    assert client.get("/api/v1/networks/NONE/trace/", {"type": "connected", "from": "A"}).status_code == 404
    stranger = Client()
    stranger.force_login(make_user("crew", other_district))
    assert stranger.get(address, {"type": "connected", "from": "A"}).status_code == 404


def test_the_cache_keeps_within_its_bounds(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    from assets.topology.selectors import network_graph as module

    cache = module._GraphCache()
    monkeypatch.setattr(module, "_cache", cache)
    monkeypatch.setattr(module, "MAXIMUM_GRAPHS", 2)
    moments = [timezone.now() + timedelta(seconds=number) for number in range(4)]
    for moment in moments:
        network_graph(drawn.network, as_of=moment)
    assert [key[2] for key in cache._graphs] == moments[-2:]
    monkeypatch.setattr(module, "MAXIMUM_BYTES", 1)
    network_graph(drawn.network)
    assert len(cache._graphs) == 1, "the newest stays whatever its size"
    with pytest.raises(ReportedError):
        trace(drawn.network, trace_type="connected", from_node="X")


def test_a_barrier_is_reached_and_not_passed(drawn: Drawn) -> None:
    code, found, _said = run("connected", "A", "--barrier", "V")
    assert code == 0
    assert (set(found["nodes"]), found["stopped_at"]) == ({"R", "A", "B", "E"}, ["V"])
    assert set(found["pipes"]) == {"P1", "P2", "P5"}


def test_a_shortest_way_does_not_lead_through_a_barrier(drawn: Drawn) -> None:
    assert run("shortest", "A", "--to", "D")[0] == 0
    code, _found, said = run("shortest", "A", "--to", "D", "--barrier", "C")
    assert code == 1
    assert "no open way" in said
    code, _found, said = run("connected", "A", "--barrier", "A")
    assert code == 1
    assert "cannot start" in said


def test_a_trace_is_grouped_by_kind_and_size(
    client: Client, make_user: Callable[..., User], drawn: Drawn
) -> None:
    client.force_login(make_user("crew", drawn.network.division))
    address = "/api/v1/networks/T/trace/?type=connected&from=A&groups=true&barrier=V"
    groups = client.get(address).json()["groups"]
    assert {group["kind"]: group["count"] for group in groups["nodes"]} == {
        "junction": 3,
        "reservoir": 1,
        "valve": 1,
    }
    assert sum(group["count"] for group in groups["pipes"]) == 3
    assert groups["volume_m3"] == round(sum(group["volume_m3"] or 0 for group in groups["pipes"]), 3)
