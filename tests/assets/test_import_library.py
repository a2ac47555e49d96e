"""The six models that wntr ships: every element arrives, exactly, and a second import changes nothing."""

from collections.abc import Iterable
from typing import Any, cast

import pytest
import wntr
from django.db import connection

from assets.models import Network, Node, Pipe, TankDetail
from gis_core.models import AuditEvent, Division
from tests.assets.importing import LIBRARY_MODELS, all_rows, imported, library_model, node, pipe

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")


def read_with_wntr(name: str) -> Any:
    return wntr.network.WaterNetworkModel(str(library_model(name)))


def counts_of(model: Any) -> dict[str, int]:
    return {
        "junction": model.num_junctions,
        "tank": model.num_tanks,
        "reservoir": model.num_reservoirs,
        "pipe": model.num_pipes,
        "pump": model.num_pumps,
        "valve": model.num_valves,
    }


@pytest.mark.parametrize("name", LIBRARY_MODELS)
def test_library_model_arrives_whole_and_once(name: str, district: Division) -> None:
    model = read_with_wntr(name)
    first = imported(library_model(name))
    assert first["created"] == counts_of(model)
    assert (first["unchanged"], first["refused"]) == (0, [])
    assert_same_elements(model)
    assert_ends_are_bit_equal()
    before = all_rows()
    second = imported(library_model(name))
    assert set(second["created"].values()) == {0}
    assert second["unchanged"] == sum(counts_of(model).values())
    assert second["placement"] == first["placement"]
    assert all_rows() == before
    assert AuditEvent.objects.filter(action="import network").count() == 1


def assert_same_elements(model: Any) -> None:
    """Every number that wntr reads is stored, in SI units."""
    stored_nodes = {(row.kind, row.code): row for row in Node.objects.prefetch_related("demands__pattern")}
    for code, junction in model.junctions():
        stored = stored_nodes["junction", code]
        assert stored.elevation_m == junction.elevation
        assert [
            (demand.base_demand_m3s, demand.pattern.code if demand.pattern else None)
            for demand in stored.demands.all()
        ] == [
            (demand.base_value, demand.pattern_name or model.options.hydraulic.pattern)
            for demand in junction.demand_timeseries_list
        ]
    tanks = {tank.node.code: tank for tank in TankDetail.objects.select_related("node")}
    for code, tank in model.tanks():
        assert (tanks[code].initial_level_m, tanks[code].diameter_m) == (tank.init_level, tank.diameter)
    pipes = {
        row.code: row
        for row in Pipe.objects.filter(is_connector=False).select_related("start_node", "end_node")
    }
    for code, link in model.pipes():
        row = pipes[code]
        assert (row.start_node.code, row.end_node.code) == (link.start_node_name, link.end_node_name)
        assert (row.stated_length_m, row.diameter_m) == (link.length, link.diameter)
        assert (row.roughness, row.minor_loss) == (link.roughness, link.minor_loss)
        assert len(row.geom) == len(link.vertices) + 2
        assert row.has_check_valve == link.check_valve
        assert row.status == ("closed" if link.initial_status == wntr.network.LinkStatus.Closed else "open")
    for code, link in [*model.pumps(), *model.valves()]:
        assert_stands_between(code, link)
    network = Network.objects.get()
    assert {row.code: row.multipliers for row in network.patterns.all()} == {
        code: list(pattern.multipliers) for code, pattern in model.patterns()
    }
    assert {row.code for row in network.curves.all()} == set(model.curve_name_list)


def assert_stands_between(code: str, link: Any) -> None:
    before = Pipe.objects.get(code=f"{code}/1", is_connector=True)
    after = Pipe.objects.get(code=f"{code}/2", is_connector=True)
    assert (before.start_node.code, after.end_node.code) == (link.start_node_name, link.end_node_name)
    assert before.end_node == after.start_node
    assert (before.end_node.code, before.end_node.kind) == (code, link.link_type.lower())
    assert before.geodesic_length_m == pytest.approx(after.geodesic_length_m, rel=1e-3, abs=1e-3)


def assert_ends_are_bit_equal() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM assets_pipe p JOIN assets_node a ON a.id = p.start_node_id "
            "JOIN assets_node b ON b.id = p.end_node_id "
            "WHERE ST_AsEWKB(ST_StartPoint(p.geom)) <> ST_AsEWKB(a.geom) "
            "OR ST_AsEWKB(ST_EndPoint(p.geom)) <> ST_AsEWKB(b.geom)"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("name", ["Net1", "Net3", "ky4", "ky10"])
def test_automatic_factor_makes_drawn_and_stated_lengths_agree(name: str, district: Division) -> None:
    imported(library_model(name))
    drawn_m = sum(Pipe.objects.filter(is_connector=False).values_list("geodesic_length_m", flat=True))
    lengths = Pipe.objects.filter(is_connector=False).values_list("stated_length_m", flat=True)
    # Every pipe of the library states its length; one without would fail the sum.
    stated_m = sum(cast("Iterable[float]", lengths))
    assert drawn_m == pytest.approx(stated_m, rel=5e-3)


def test_a_pump_and_a_reservoir_may_share_a_code(district: Division) -> None:
    imported(library_model("Net1"))
    assert node("9", "pump").code_class == "device"
    assert node("9", "reservoir").code_class == "node"
    curve = node("9", "pump").pump.head_curve
    assert curve is not None
    assert curve.kind == "HEAD"
    assert node("9", "reservoir").reservoir.head_m == pytest.approx(800 * 0.3048)
    assert pipe("10").stated_length_m == pytest.approx(10530 * 0.3048)
    assert Network.objects.get().pattern_step_s == 7200


def test_controls_and_options_are_kept(district: Division) -> None:
    imported(library_model("Net3"))
    network = Network.objects.get()
    assert len(network.engine_options["controls"]) == 18
    assert network.engine_options["hydraulic"]["inpfile_units"] == "GPM"
    assert network.engine_options["time"]["duration"] == 168 * 3600
    assert network.name == "EPANET Example Network 3"
