"""Random models: written by wntr in a random unit, imported, read back from the database, compared with wntr.

The models have what real ones have and tidy ones have not: parallel pipes, nodes on one spot, pumps and
valves without length, codes shared by a pump and a reservoir, several demands, nodes nobody drew.
"""

import math
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import wntr
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.models import Demand, Network, Node, Pipe
from gis_core.models import Division
from tests.assets.importing import Tolerance, all_rows, imported

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")

EXAMPLES = 600 if os.environ.get("TARMOQ_PROVE") else 25
UNITS = ["CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD"]
# wntr writes numbers with 11 digits, demands and coordinates with a few less.
NUMBERS: Tolerance = {"rel": 1e-6, "abs": 1e-7}

_coordinates = st.tuples(
    st.integers(-5, 5).map(lambda n: n * 37.5), st.integers(-5, 5).map(lambda n: n * 41.25)
)
_positive = st.floats(0.05, 5000, allow_nan=False)


@st.composite
def models(draw: st.DrawFn) -> Any:
    """A wntr model of up to a dozen nodes."""
    model = wntr.network.WaterNetworkModel()
    model.options.hydraulic.headloss = draw(st.sampled_from(["H-W", "D-W", "C-M"]))
    patterns = draw(
        st.lists(st.lists(st.floats(0, 9).map(lambda x: round(x, 4)), min_size=1, max_size=8), max_size=3)
    )
    for index, multipliers in enumerate(patterns):
        model.add_pattern(f"PT{index}", multipliers)
    model.add_curve("C1", "HEAD", [(0.03, 40.0)])
    model.add_curve("C3", "HEAD", [(0.0, 60.0), (0.02, 50.0), (0.04, 20.0)])
    model.add_curve("G", "HEADLOSS", [(0.0, 0.0), (0.05, 4.0)])
    pattern = st.sampled_from([None, *(f"PT{index}" for index in range(len(patterns)))])
    codes = [str(number) for number in range(1, draw(st.integers(2, 12)) + 1)]
    for index, code in enumerate(codes):
        _add_node(draw, model, code, index, pattern)
    pairs = st.sampled_from([(a, b) for a in codes for b in codes if a != b])
    # Link codes run through the same numbers: pipe 3, pump 4 and node 3 live side by side.
    for index in range(draw(st.integers(1, 16))):
        _add_link(draw, model, str(index + 1), draw(pairs), pattern)
    return model


def _add_node(draw: st.DrawFn, model: Any, code: str, index: int, pattern: Any) -> None:
    kind = "junction" if index == 0 else draw(st.sampled_from(["junction"] * 4 + ["tank", "reservoir"]))
    at, elevation = draw(_coordinates), draw(st.floats(-400, 4000))
    if kind == "tank":
        low, high = sorted((draw(st.floats(0, 20)), draw(st.floats(0, 20))))
        model.add_tank(code, elevation, (low + high) / 2, low, high, draw(_positive), 0.0, coordinates=at)
    elif kind == "reservoir":
        model.add_reservoir(code, elevation, draw(pattern), coordinates=at)
    else:
        model.add_junction(code, draw(st.floats(-0.1, 0.5)), draw(pattern), elevation, at)
        for _ in range(draw(st.integers(0, 2))):
            model.get_node(code).add_demand(draw(st.floats(0, 0.5)), draw(pattern))


def _add_link(draw: st.DrawFn, model: Any, code: str, ends: tuple[str, str], pattern: Any) -> None:
    kind = draw(st.sampled_from(["pipe"] * 5 + ["pump", "valve", "valve"]))
    diameter = draw(st.floats(0.02, 3))
    if kind == "pipe":
        status = draw(st.sampled_from(["OPEN", "CLOSED", "CV"]))
        model.add_pipe(
            code,
            *ends,
            draw(_positive),
            diameter,
            draw(st.floats(0.01, 150)),
            draw(st.floats(0, 9)),
            "OPEN" if status == "CV" else status,
            status == "CV",
        )
    elif kind == "pump":
        head = draw(st.sampled_from(["C1", "C3", None]))
        model.add_pump(
            code,
            *ends,
            "HEAD" if head else "POWER",
            head or draw(_positive),
            draw(st.floats(0.5, 1.5)),
            draw(pattern),
        )
    else:
        # EPANET takes some valves only between junctions.
        is_between_junctions = all(model.get_node(end).node_type == "Junction" for end in ends)
        valve_types = ["PBV", "TCV", "GPV"] + ["PRV", "PSV", "FCV"] * is_between_junctions
        valve_type = draw(st.sampled_from(valve_types))
        setting = "G" if valve_type == "GPV" else draw(st.floats(0.01, 90))
        model.add_valve(code, *ends, diameter, valve_type, draw(st.floats(0, 9)), setting)
    model.get_link(code)._vertices = draw(st.lists(_coordinates, max_size=3))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(model=models(), units=st.sampled_from(UNITS))
def test_round_trip(district: Division, model: Any, units: str) -> None:
    with tempfile.TemporaryDirectory() as directory, transaction.atomic():
        path = Path(directory) / "model.inp"
        wntr.network.write_inpfile(model, str(path), units=units)
        result = imported(path)
        assert result["created"] == {
            "junction": model.num_junctions,
            "tank": model.num_tanks,
            "reservoir": model.num_reservoirs,
            "pipe": model.num_pipes,
            "pump": model.num_pumps,
            "valve": model.num_valves,
        }
        assert_nodes(model)
        assert_pipes(model, result)
        assert_devices(model, result)
        before = all_rows()
        assert imported(path)["unchanged"] == sum(result["created"].values())
        assert all_rows() == before
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def assert_nodes(model: Any) -> None:
    stored = {row.code: row for row in Node.objects.filter(code_class="node")}
    assert set(stored) == set(model.node_name_list)
    for code, node in model.nodes():
        assert stored[code].kind == node.node_type.lower()
        height = node.base_head if node.node_type == "Reservoir" else node.elevation
        assert stored[code].elevation_m == pytest.approx(height, **NUMBERS)
        if node.node_type == "Junction":
            known = {None: None} | {code: code for code in model.pattern_name_list}
            wanted = [
                (demand.base_value, known.get(demand.pattern_name)) for demand in node.demand_timeseries_list
            ]
            found = list(
                Demand.objects.filter(node=stored[code])
                .order_by("ordinal")
                .values_list("base_demand_m3s", "pattern__code")
            )
            assert [pattern for _, pattern in found] == [pattern for _, pattern in wanted]
            assert [base for base, _ in found] == pytest.approx([base for base, _ in wanted], **NUMBERS)
    assert {row.code: row.multipliers for row in Network.objects.get().patterns.all()} == {
        code: pytest.approx(list(pattern.multipliers), abs=1e-6) for code, pattern in model.patterns()
    }


def told_to_be_straight(result: dict[str, Any], link: Any) -> bool:
    """Whether the import says that it left out a link's vertices: they, or an end, lie far from all nodes."""
    strays = {entry["element"] for entry in result["warnings"] if "far from all" in str(entry["reason"])}
    ends = {f"{end.node_type.lower()} {end.name}" for end in (link.start_node, link.end_node)}
    return bool(strays & {*ends, f"{link.link_type.lower()} {link.name}"})


def assert_pipes(model: Any, result: dict[str, Any]) -> None:
    stored = {
        row.code: row
        for row in Pipe.objects.filter(is_connector=False).select_related("start_node", "end_node")
    }
    assert set(stored) == set(model.pipe_name_list)
    for code, link in model.pipes():
        row = stored[code]
        assert (row.start_node.code, row.end_node.code) == (link.start_node_name, link.end_node_name)
        assert (row.geom.coords[0], row.geom.coords[-1]) == (
            row.start_node.geom.coords,
            row.end_node.geom.coords,
        )
        assert len(row.geom) == 2 + (0 if told_to_be_straight(result, link) else len(link.vertices))
        assert row.has_check_valve == link.check_valve
        assert row.status == ("closed" if link.initial_status.name == "Closed" else "open")
        found = (row.stated_length_m, row.diameter_m, row.roughness, row.minor_loss)
        assert found == pytest.approx(
            (link.length, link.diameter, link.roughness, link.minor_loss), **NUMBERS
        )


def assert_devices(model: Any, result: dict[str, Any]) -> None:
    adjusted = {entry["element"] for entry in result["adjusted"]}
    factor = result["placement"]["scale_factor"]
    devices = {
        row.code: row for row in Node.objects.filter(code_class="device").select_related("pump", "valve")
    }
    connectors = {
        row.code: row
        for row in Pipe.objects.filter(is_connector=True).select_related("start_node", "end_node")
    }
    links = [*model.pumps(), *model.valves()]
    assert set(devices) == {code for code, _ in links}
    assert len(connectors) == 2 * len(links)
    for code, link in links:
        before, after = connectors[f"{code}/1"], connectors[f"{code}/2"]
        assert before.end_node == after.start_node == devices[code]
        assert (before.start_node.code, after.end_node.code) == (link.start_node_name, link.end_node_name)
        is_straight = told_to_be_straight(result, link)
        assert len(before.geom) + len(after.geom) == 4 + (0 if is_straight else len(link.vertices))
        drawn = [link.start_node.coordinates, *link.vertices, link.end_node.coordinates]
        drawn_m = factor * sum(math.dist(one, other) for one, other in pairwise(drawn))
        # Ends closer than the snap tolerance on the ground are one place, however far in the drawing.
        assert is_straight or (f"{devices[code].kind} {code}" in adjusted) == (drawn_m < 0.1)
        assert before.geodesic_length_m > 0.049
        if link.link_type == "Pump":
            pump = devices[code].pump
            assert pump.relative_speed == pytest.approx(link.speed_timeseries.base_value, **NUMBERS)
            assert (pump.speed_pattern.code if pump.speed_pattern else None) == link.speed_pattern_name
            if link.pump_type == "POWER":
                assert pump.power_w == pytest.approx(link.power, **NUMBERS)
            else:
                assert pump.head_curve is not None
                assert pump.head_curve.code == link.pump_curve_name
        else:
            valve = devices[code].valve
            assert valve.valve_type == link.valve_type
            if link.valve_type != "GPV":
                assert valve.setting == pytest.approx(link.initial_setting, **NUMBERS)
