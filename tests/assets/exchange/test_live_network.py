"""Devices that EPANET does not know, in a network that it has to compute; and what it computes, stored."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import wntr
from django.contrib.gis.geos import LineString, Point
from django.db import connection
from django.test import Client

from assets.editing.services.devices import place_meters_at_pipe_ends
from assets.models import (
    Demand,
    HydrantDetail,
    LinkResult,
    Network,
    Node,
    NodeResult,
    Pipe,
    SimulationRun,
    ValveDetail,
)
from assets.simulation.selectors.simulations import latest_run, mean_flows, node_series
from assets.simulation.services import simulate_network, simulating
from gis_core.errors import ReportedError
from gis_core.models import Division, Job, RoleAssignment, User
from tests.assets.exchange.exchanging import MODELS, done, import_file, run, run_engine
from tests.assets.importing import library_model

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")


@pytest.fixture
def net3(district: Division) -> Network:
    code, document = import_file(library_model("Net3"), "--place=69.45,41.38")
    assert code == 0, document
    return Network.objects.get(code="N")


def pipe(code: str) -> Pipe:
    return Pipe.objects.get(code=code, is_connector=False)


def make_valve(meter: Node, status: str, valve_type: str = "isolation") -> None:
    """Turn a meter into a valve: the same place in the line."""
    meter.bulk_meter.delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE assets_node SET kind = 'valve' WHERE id = %s", [meter.pk])
    ValveDetail.objects.create(node=meter, node_kind="valve", valve_type=valve_type, status=status)


def test_simulation_equals_wntr(net3: Network) -> None:
    document = done("simulate", "N", "--hours", "24")
    model = wntr.network.WaterNetworkModel(str(library_model("Net3")))
    model.options.time.duration = 24 * 3600
    wanted = wntr.sim.EpanetSimulator(model).run_sim(file_prefix="/tmp/tarmoq-test-wntr")
    assert document["times_s"] == wanted.node["head"].index.tolist()
    assert set(document["nodes"]) == set(model.node_name_list)
    assert set(document["links"]) == set(model.link_name_list)
    for code, series in document["nodes"].items():
        assert series["head_m"] == pytest.approx(wanted.node["head"][code].tolist(), abs=0.01)
        assert series["pressure_m"] == pytest.approx(wanted.node["pressure"][code].tolist(), abs=0.02)
        demand_m3h = (wanted.node["demand"][code] * 3600).tolist()
        assert series["demand_m3h"] == pytest.approx(demand_m3h, rel=1e-3, abs=0.01)
    largest = float(wanted.link["flowrate"].abs().max().max()) * 3600
    for code, series in document["links"].items():
        flow_m3h = (wanted.link["flowrate"][code] * 3600).tolist()
        assert series["flow_m3h"] == pytest.approx(flow_m3h, abs=0.001 * largest)


def test_meters_and_valves_in_the_line_change_nothing(net3: Network, tmp_path: Path) -> None:
    before = tmp_path / "before.inp"
    done("export_network", "N", before, "--format", "epanet")
    places = [(pipe(code).pk, pipe(code).start_node_id, f"M{code}") for code in ("101", "20", "105")]
    places += [(pipe(code).pk, pipe(code).end_node_id, f"V{code}") for code in ("101", "107")]
    devices = place_meters_at_pipe_ends(net3, places, None)
    for device in devices[3:]:
        make_valve(device, "open")
    after = tmp_path / "after.inp"
    document = done("export_network", "N", after, "--format", "epanet")
    assert document["not_kept"] == []
    assert document["adjusted"] == []
    one, other = run_engine(before, tmp_path), run_engine(after, tmp_path)
    assert one.kinds == other.kinds
    assert all(np.array_equal(one.flows[code], other.flows[code]) for code in one.flows)


def test_a_closed_valve_closes_its_pipe_and_a_check_valve_checks_it(net3: Network, tmp_path: Path) -> None:
    shut, checked = place_meters_at_pipe_ends(
        net3,
        [(pipe("101").pk, pipe("101").start_node_id, "S"), (pipe("20").pk, pipe("20").end_node_id, "C")],
        None,
    )
    make_valve(shut, "closed")
    make_valve(checked, "open", "check")
    target = tmp_path / "out.inp"
    done("export_network", "N", target, "--format", "epanet")
    lines = {line.split()[0]: line.split()[-1] for line in _section(target, "[PIPES]")}
    assert lines["101"] == "Closed"
    assert lines["20"] == "CV"


def test_a_device_between_two_pipes_is_a_junction(net3: Network, tmp_path: Path) -> None:
    middle = Node.objects.get(code="117", kind="junction")
    demand_pipes = (
        Pipe.objects.filter(start_node=middle).count() + Pipe.objects.filter(end_node=middle).count()
    )
    assert demand_pipes >= 2
    with connection.cursor() as cursor:
        cursor.execute("UPDATE assets_node SET kind = 'hydrant' WHERE id = %s", [middle.pk])
    HydrantDetail.objects.create(node=middle, node_kind="hydrant")
    document = done("export_network", "N", tmp_path / "out.inp", "--format", "epanet")
    assert document["counts"]["junction"] == 92
    assert document["not_kept"] == []


def _section(path: Path, name: str) -> list[str]:
    text = path.read_text().split(f"{name}\n")[1].split("\n[")[0]
    return [line for line in text.splitlines() if line.strip()]


def test_results_are_stored_for_every_part_of_the_graph(net3: Network) -> None:
    meter = place_meters_at_pipe_ends(net3, [(pipe("101").pk, pipe("101").start_node_id, "M")], None)[0]
    simulation = simulate_network(net3, hours=6, acting_user=None)
    run_row = latest_run(net3)
    assert run_row == simulation.run
    connectors = Pipe.objects.filter(is_connector=True)
    assert connectors.count() == 5
    stored = {row.pipe_id: row for row in LinkResult.objects.filter(pipe__isnull=False)}
    assert set(stored) == set(Pipe.objects.values_list("pk", flat=True))
    through = LinkResult.objects.get(device=meter)
    assert through.flow_m3h == stored[pipe("101").pk].flow_m3h
    assert stored[Pipe.objects.get(code="M/1").pk].flow_m3h == through.flow_m3h
    pump = LinkResult.objects.get(device__code="335")
    assert stored[Pipe.objects.get(code="335/1").pk].flow_m3h == pump.flow_m3h
    assert NodeResult.objects.filter(node=meter).exists()
    ids, flows = mean_flows(run_row)
    assert len(ids) == len(flows) == Pipe.objects.count()
    # Nothing is lost at a node: what comes in goes out or is drawn.
    junction = Node.objects.get(code="119", kind="junction")
    inflow = sum(np.array(stored[edge.pk].flow_m3h) for edge in Pipe.objects.filter(end_node=junction))
    outflow = sum(np.array(stored[edge.pk].flow_m3h) for edge in Pipe.objects.filter(start_node=junction))
    series = node_series(run_row, junction.uid)
    assert series is not None
    assert inflow - outflow == pytest.approx(np.array(series.demand_m3h), abs=0.05)


def test_a_branch_drawn_from_a_valve_is_simulated(net3: Network) -> None:
    #   119 --V/1-- V ------ 101 ------ 10        the connector carries what both lines carry
    #               |
    #               +-- B -- END
    main = pipe("101")
    valve = place_meters_at_pipe_ends(net3, [(main.pk, main.start_node_id, "V")], None)[0]
    make_valve(valve, "open")
    end = Node.objects.create(
        network=net3,
        division=net3.division,
        kind="junction",
        code="END",
        geom=Point(valve.geom.x, valve.geom.y + 0.001, srid=4326),
        elevation_m=10,
    )
    Demand.objects.create(node=end, ordinal=0, base_demand_m3s=0.001)
    branch = Pipe.objects.create(
        network=net3,
        division=net3.division,
        code="B",
        start_node=valve,
        end_node=end,
        geom=LineString(valve.geom, end.geom, srid=4326),
        diameter_m=0.1,
        roughness=100,
    )
    document = done("simulate", "N", "--hours", "2")
    assert document["links"]["B"]["flow_m3h"][0] > 0
    flows = {row.pipe_id: row for row in LinkResult.objects.filter(pipe__isnull=False)}
    connector = Pipe.objects.get(code="V/1")
    away = connector.end_node_id == valve.pk
    through = (1 if away else -1) * np.array(flows[connector.pk].flow_m3h)
    main.refresh_from_db()
    onwards = (1 if main.start_node_id == valve.pk else -1) * np.array(flows[main.pk].flow_m3h)
    assert through == pytest.approx(onwards + np.array(flows[branch.pk].flow_m3h), abs=1e-3)
    assert set(flows[connector.pk].statuses) == {1}


def test_what_copying_rows_breaks_on_is_a_reported_failure(
    net3: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulating, "_array", lambda values: "{no number}")
    code, document = run("simulate", "N", "--hours", "0")
    assert (code, document["error"]["code"]) == (1, "database")
    assert not SimulationRun.objects.exists()


def test_results_go_with_their_elements_and_old_runs_go(net3: Network) -> None:
    for _ in range(6):
        simulate_network(net3, hours=0, acting_user=None)
    assert SimulationRun.objects.count() == 5
    victim = pipe("101")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM assets_pipe WHERE id = %s", [victim.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not LinkResult.objects.filter(pipe_id=victim.pk).exists()


def test_what_epanet_says_is_reported(district: Division, tmp_path: Path) -> None:
    assert import_file(MODELS / "valves_lps_kpa.inp", "--place=69.45,41.38")[0] == 0
    document = done("simulate", "N", "--hours", "12")
    assert any("VSHUT" in warning for warning in document["warnings"])
    # Two reservoirs and nothing else that holds the head: a network cut in two still runs; no source does not.
    Node.objects.filter(kind="reservoir").update(lifecycle="out_of_service")
    code, document = run("simulate", "N", "--hours", "1")
    assert (code, document["error"]["code"]) == (1, "not_runnable")


def test_epanets_own_error_reaches_the_person(net3: Network) -> None:
    net3.engine_options["sections"]["options"] = ["TRIALS many"]
    net3.save()
    with pytest.raises(ReportedError, match="TRIALS") as caught:
        simulate_network(net3, hours=1, acting_user=None)
    assert caught.value.code == "epanet_error"


def test_a_model_cannot_have_files_written(net3: Network, tmp_path: Path) -> None:
    target = tmp_path / "stolen"
    net3.engine_options["sections"]["report"] = [f"FILE {target}"]
    net3.engine_options["sections"]["options"] = [f"HYDRAULICS SAVE {target}", f"MAP {target}"]
    net3.save()
    simulate_network(net3, hours=1, acting_user=None)
    assert not target.exists()
    document = done("export_network", "N", tmp_path / "out.inp", "--format", "epanet")
    assert [entry["reason"] for entry in document["not_kept"]] == [
        "it names a file of another computer",
        "it names a file of another computer",
    ]


@pytest.fixture
def engineer(district: Division) -> Client:
    user = User.objects.create_user(username="engineer", password="a-long-password")
    RoleAssignment.objects.create(user=user, role="engineer", division=district)
    client = Client()
    client.force_login(user)
    return client


def test_simulation_by_rest(
    net3: Network,
    engineer: Client,
    make_user: Any,
    other_district: Division,
    django_capture_on_commit_callbacks: Any,
) -> None:
    address = "/api/v1/networks/N/simulations/"
    with django_capture_on_commit_callbacks(execute=True):
        response = engineer.post(address, {"hours": 2}, content_type="application/json")
    assert response.status_code == 202
    job = Job.objects.get(uid=response.json()["uid"])
    assert job.state == "succeeded", job.error
    [listed] = engineer.get(address).json()
    assert job.result is not None
    assert listed["uid"] == job.result["run"]
    detail = engineer.get(f"/api/v1/simulations/{listed['uid']}/").json()
    assert detail["times_s"] == [0, 3600, 7200]
    uid = pipe("101").uid
    series = engineer.get(f"/api/v1/simulations/{listed['uid']}/series/?pipe={uid}").json()
    assert len(series["flow_m3h"]) == 3
    assert engineer.post(address, {"hours": -1}, content_type="application/json").status_code == 400
    exported = engineer.get("/api/v1/networks/N/export/?format_name=epanet")
    # The answer streams, which the stubs of the test client know nothing of.
    assert b"[PIPES]" in b"".join(cast(Any, exported).streaming_content)
    assert engineer.get("/api/v1/networks/N/export/?format_name=doc").status_code == 400
    stranger = Client()
    stranger.force_login(make_user("engineer", other_district))
    runs = SimulationRun.objects.count()
    for path in (
        address,
        f"/api/v1/simulations/{listed['uid']}/",
        "/api/v1/networks/N/export/?format_name=csv",
    ):
        assert stranger.get(path).status_code == 404
    assert stranger.post(address, {"hours": 1}, content_type="application/json").status_code == 404
    assert SimulationRun.objects.count() == runs


def test_a_live_edit_is_simulated(net3: Network) -> None:
    before = simulate_network(net3, hours=0, acting_user=None)
    flows = dict(zip(before.link_codes, before.flow_m3h[0], strict=True))
    edge = max(Pipe.objects.filter(is_connector=False), key=lambda one: abs(flows[one.code]))
    assert abs(flows[edge.code]) > 1
    Pipe.objects.filter(pk=edge.pk).update(status="closed")
    after = simulate_network(net3, hours=0, acting_user=None)
    assert after.flow_m3h[0, after.link_codes.index(edge.code)] == pytest.approx(0, abs=1e-3)
