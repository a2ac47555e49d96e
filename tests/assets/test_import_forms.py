"""Everything EPANET 2.2 accepts arrives, in SI units, whatever form and unit it is written in."""

from pathlib import Path
from typing import Any

import pytest
import wntr
from django.conf import settings
from wntr.epanet.util import FlowUnits

from assets.editing.services.devices import place_meter_at_pipe_end
from assets.models import Curve, Demand, Network, Node, NodeKind, Pattern, Pipe
from gis_core.models import AuditEvent, Division
from tests.assets.importing import Tolerance, all_rows, imported, library_model, node, pipe, run_import

SMALL = (Path(settings.BASE_DIR) / "fixtures" / "networks" / "small.inp").read_text()
ALL_UNITS = ["CFS", "GPM", "MGD", "IMGD", "AFD", "LPS", "LPM", "MLD", "CMH", "CMD"]

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:wntr")


@pytest.fixture
def import_text(tmp_path: Path, district: Division) -> Any:
    def do(text: str, *arguments: str, encoding: str = "utf-8") -> dict[str, Any]:
        path = tmp_path / "model.inp"
        path.write_bytes(text.encode(encoding))
        return imported(path, *arguments)

    return do


def test_every_value_of_the_small_model(import_text: Any) -> None:
    result = import_text(SMALL)
    assert result["created"] == {"junction": 4, "tank": 1, "reservoir": 1, "pipe": 4, "pump": 1, "valve": 1}
    assert (result["adjusted"], result["warnings"]) == ([], [])
    network = Network.objects.get()
    assert (network.headloss_formula, network.pattern_step_s, network.default_pattern_code) == (
        "H-W",
        7200,
        "",
    )
    assert list(
        Demand.objects.filter(node__code="J2").values_list("base_demand_m3s", "pattern__code", "category")
    ) == [(1.25e-3, "DAY", "households"), (0.75e-3, None, "industry")]
    tank = node("T1", "tank").tank
    assert (tank.initial_level_m, tank.minimum_level_m, tank.maximum_level_m, tank.diameter_m) == (
        3,
        1,
        5,
        12,
    )
    assert tank.volume_curve is not None
    assert (tank.volume_curve.code, tank.volume_curve.kind, tank.volume_curve.y_values) == (
        "VOL",
        "VOLUME",
        [0, 700],
    )
    assert (pipe("P2").has_check_valve, pipe("P2").minor_loss, pipe("P3").status) == (True, 0.5, "closed")
    assert (pipe("P1").diameter_m, pipe("P1").roughness) == (0.2, 130)
    pump = node("PU1", "pump").pump
    assert pump.speed_pattern is not None
    assert pump.head_curve is not None
    assert (pump.relative_speed, pump.speed_pattern.code, pump.status) == (1.2, "DAY", "open")
    assert (pump.head_curve.x_values, pump.head_curve.y_values) == ([0.01], [40])
    valve = node("V1", "valve").valve
    assert (valve.valve_type, valve.setting, valve.diameter_m, valve.status) == ("PRV", 35, 0.15, "active")
    assert Pattern.objects.get().multipliers == [0.5, 1.0, 1.5, 1.0]
    assert len(pipe("P4").geom) == 3
    assert len(Pipe.objects.get(code="PU1/1").geom) + len(Pipe.objects.get(code="PU1/2").geom) == 5
    assert network.engine_options["controls"] == ["LINK PU1 CLOSED IF NODE T1 ABOVE 4.5"]


@pytest.mark.parametrize("headloss", ["H-W", "D-W"])
@pytest.mark.parametrize("units", ALL_UNITS)
def test_the_same_model_in_every_unit(units: str, headloss: str, tmp_path: Path, district: Division) -> None:
    model = model_of_all_quantities(headloss)
    path = tmp_path / "model.inp"
    wntr.network.write_inpfile(model, str(path), units=units)
    imported(path)
    metres: Tolerance = {"rel": 1e-6, "abs": 1e-9}
    assert Network.objects.get().engine_options["hydraulic"]["inpfile_units"] == units
    assert node("J1", "junction").elevation_m == pytest.approx(400.5, **metres)
    assert node("J1", "junction").demands.get().base_demand_m3s == pytest.approx(0.0123, **metres)
    assert pipe("P").stated_length_m == pytest.approx(123.4, **metres)
    assert pipe("P").diameter_m == pytest.approx(0.25, **metres)
    assert pipe("P").roughness == pytest.approx(0.0005 if headloss == "D-W" else 130, **metres)
    assert node("T", "tank").tank.minimum_volume_m3 == pytest.approx(7.5, **metres)
    assert node("R", "reservoir").reservoir.head_m == pytest.approx(450.25, **metres)
    assert node("POWER", "pump").pump.power_w == pytest.approx(5000, **metres)
    assert node("PRV", "valve").valve.setting == pytest.approx(30, **metres)
    assert node("FCV", "valve").valve.setting == pytest.approx(0.02, **metres)
    assert node("TCV", "valve").valve.setting == pytest.approx(12.5, **metres)
    curves = {curve.code: curve for curve in Curve.objects.all()}
    # wntr writes the points of curves with six decimals only.
    for code, kind, x, y in [("H", "HEAD", 0.05, 40), ("G", "HEADLOSS", 0.05, 3), ("V", "VOLUME", 4, 300)]:
        assert curves[code].kind == kind
        assert curves[code].x_values[-1] == pytest.approx(x, rel=1e-4)
        assert curves[code].y_values[-1] == pytest.approx(y, rel=1e-4)


def model_of_all_quantities(headloss: str) -> Any:
    model = wntr.network.WaterNetworkModel()
    model.options.hydraulic.headloss = headloss
    model.add_pattern("p", [1.0, 2.0])
    model.add_curve("H", "HEAD", [(0.0, 50.0), (0.02, 48.0), (0.05, 40.0)])
    model.add_curve("G", "HEADLOSS", [(0.0, 0.0), (0.05, 3.0)])
    model.add_curve("V", "VOLUME", [(0.0, 0.0), (4.0, 300.0)])
    for index, code in enumerate(["J1", "J2", "J3", "J4", "J5", "J6", "J7"]):
        model.add_junction(code, 0.0123, "p", 400.5, (index * 10.0, 0.0))
    model.add_reservoir("R", 450.25, coordinates=(0.0, 20.0))
    model.add_tank("T", 420.0, 2.0, 1.0, 3.5, 9.0, 7.5, "V", coordinates=(70.0, 20.0))
    model.add_pipe("P", "J1", "J2", 123.4, 0.25, 0.0005 if headloss == "D-W" else 130)
    model.add_pipe("Q", "J7", "T", 50, 0.25, 0.0005 if headloss == "D-W" else 130)
    model.add_pump("HEAD", "R", "J1", "HEAD", "H")
    model.add_pump("POWER", "R", "J1", "POWER", 5000.0)
    model.add_valve("PRV", "J2", "J3", 0.2, "PRV", 0.1, 30.0)
    model.add_valve("FCV", "J3", "J4", 0.2, "FCV", 0.1, 0.02)
    model.add_valve("TCV", "J4", "J5", 0.2, "TCV", 0.1, 12.5)
    model.add_valve("GPV", "J5", "J6", 0.2, "GPV", 0.1, "G")
    model.add_valve("PSV", "J6", "J7", 0.2, "PSV", 0.1, 20.0)
    return model


def test_flow_units_default_to_gallons_per_minute(import_text: Any) -> None:
    import_text(SMALL.replace(" Units     LPS\n", ""))
    assert pipe("P1").stated_length_m == pytest.approx(120 * 0.3048)
    assert node("V1", "valve").valve.setting == pytest.approx(35 / 0.4333 * 0.3048)
    assert FlowUnits.GPM.factor * 1.5 == pytest.approx(node("J1", "junction").demands.get().base_demand_m3s)


# Valid forms: what is replaced by what, and what must then be stored.
FORMS: list[tuple[str, str, str, Any]] = [
    ("[JUNCTIONS]", "[junc]", "node('J1', 'junction').elevation_m", 400),
    ("[COORDINATES]", "[COORDS]", "pipe('P1').geodesic_length_m > 1", True),
    (" J3   395        0", "\tJ3\t395", "node('J3', 'junction').demands.get().base_demand_m3s", 0),
    ("200       130 ", "200       0 ", "pipe('P1').roughness", 0),
    (" J3   395        0", ' "J3" 395 ; "a remark"', "node('J3', 'junction').elevation_m", 395),
    ("130        0     Open", "130 Closed", "pipe('P1').status", "closed"),
    ("130        0     Open", "130 CV", "pipe('P1').has_check_valve", True),
    ("200       130        0     Open", "200  130 ; remark", "pipe('P1').minor_loss", 0),
    ("HEAD LIFT SPEED 1.1 PATTERN DAY", "power 7.5", "node('PU1', 'pump').pump.power_w", 7500),
    ("HEAD LIFT SPEED 1.1 PATTERN DAY", "7.5", "node('PU1', 'pump').pump.power_w", 7500),
    ("HEAD LIFT SPEED 1.1 PATTERN DAY", "40 10", "node('PU1', 'pump').pump.head_curve.y_values", [40]),
    (
        "HEAD LIFT SPEED 1.1 PATTERN DAY",
        "50 40 10 20 15",
        "node('PU1', 'pump').pump.head_curve.x_values",
        [0, 0.01, 0.015],
    ),
    (" PU1  1.2", " PU1  Closed", "node('PU1', 'pump').pump.status", "closed"),
    (" PU1  1.2", " PU1  0", "node('PU1', 'pump').pump.status", "closed"),
    (" PU1  1.2", " V1  Open", "node('V1', 'valve').valve.status", "open"),
    (" PU1  1.2", " V1  28", "node('V1', 'valve').valve.setting", 28),
    (" PU1  1.2", " P1 P4 Closed", "pipe('P4').status", "closed"),
    (" PU1  1.2", " P1 Closed", "pipe('P1').status", "closed"),
    (" R1   410", " R1   410  DAY", "node('R1', 'reservoir').reservoir.head_pattern.code", "DAY"),
    ("0          VOL", "0 * YES", "node('T1', 'tank').tank.can_overflow", True),
    ("0          VOL", "0 VOL NO", "node('T1', 'tank').tank.can_overflow", False),
    ("12        0          VOL", "0  0 VOL", "node('T1', 'tank').tank.diameter_m", 0),
    ("12        0          VOL", "12", "node('T1', 'tank').tank.minimum_volume_m3", 0),
    ("PRV  35", "PCV  35", "node('V1', 'valve').valve.valve_type", "PCV"),
    ("PRV  35", "GPV  LIFT", "node('V1', 'valve').valve.headloss_curve.code", "LIFT (headloss)"),
    ("35  0.2", "35", "node('V1', 'valve').valve.minor_loss", 0),
    ("Units     LPS", "UNITS CMH\nPRESSURE KPA", "round(node('V1', 'valve').valve.setting, 3)", 3.571),
    ("Units     LPS", "UNITS CMS", "node('J1', 'junction').demands.get().base_demand_m3s", 1.5),
    ("Units     LPS", "UNITS SI", "node('J1', 'junction').demands.get().base_demand_m3s", 1.5e-3),
    ("Units     LPS", "Units LPS\nPattern DAY", "node('J1', 'junction').demands.get().pattern.code", "DAY"),
    ("Units     LPS", "Units LPS\nPattern DAY", "node('J2', 'junction').demands.last().pattern.code", "DAY"),
    ("Units     LPS", "Units LPS\nDemand Multiplier 1.3", "Network.objects.get().demand_multiplier", 1.3),
    (" J2   1.25", " MULTIPLY 2\n J2   1.25", "Network.objects.get().demand_multiplier", 2),
    ("Units     LPS", "Units LPS\nSegments 100\nMap x.map\nVerify y", "pipe('P1').diameter_m", 0.2),
    ("Timestep  2:00", "Timestep  90 MIN", "Network.objects.get().pattern_step_s", 5400),
    ("Timestep  2:00", "Timestep  0.5", "Network.objects.get().pattern_step_s", 1800),
    ("Timestep  2:00", "Timestep  1:30:30", "Network.objects.get().pattern_step_s", 5430),
    (
        "Pattern Timestep  2:00",
        "Start ClockTime 1:00 PM",
        "Network.objects.get().engine_options['time']['start_clocktime']",
        13 * 3600,
    ),
    (
        "Pattern Timestep  2:00",
        "Start ClockTime 12:30 AM\nStatistic None\nRule Timestep 0:06",
        "Network.objects.get().engine_options['time']['start_clocktime']",
        1800,
    ),
    (
        "[TIMES]",
        '[REPORT]\nStatus Full\nNodes J1 J2\n[TAGS]\nNODE J1 tag\n[LABELS]\n1 2 "a b"\n'
        "[MIXING]\nT1 2COMP 0.5\n"
        "[SOURCES]\nR1 CONCEN 1.0 DAY\n[ENERGY]\nGlobal Price 0.1\nPump PU1 Effic LIFT\n[EMITTERS]\nJ1 0.1\n"
        "[QUALITY]\nJ1 1\n[REACTIONS]\nOrder Bulk 1\n[BACKDROP]\nDIMENSIONS 0 0 1 1\n[ROUGHNESS]\n[TIMES]",
        "node('PU1', 'pump').pump.efficiency_curve.kind",
        "EFFICIENCY",
    ),
    (
        "[TIMES]",
        "[RULES]\nRULE 1\nIF TANK T1 LEVEL BELOW 2\nTHEN PUMP PU1 STATUS = OPEN\nPRIORITY 1\n[TIMES]",
        "len(Network.objects.get().engine_options['rules'])",
        4,
    ),
    (" J1   400 ", "; a remark [PIPES]\n\n J1   4e2 ", "node('J1', 'junction').elevation_m", 400),
]


@pytest.mark.parametrize(("old", "new", "expression", "expected"), FORMS)
def test_form_that_epanet_accepts(
    old: str, new: str, expression: str, expected: Any, import_text: Any
) -> None:
    assert old in SMALL
    import_text(SMALL.replace(old, new, 1))
    names = {"node": node, "pipe": pipe, "Network": Network, "Node": Node}
    found = eval(expression, names)
    assert found == pytest.approx(expected) if isinstance(expected, int | float | list) else found == expected


def test_line_ends_byte_order_mark_and_code_pages(import_text: Any, tmp_path: Path) -> None:
    text = (
        SMALL.replace("A small model", "Тизим: Қибрай")
        .replace(" J1 ", " УЗ-1 ")
        .replace("  J1  ", "  УЗ-1  ")
    )
    import_text("\ufeff" + text.replace("\n", "\r\n"))
    assert Network.objects.get().name.startswith("Тизим")
    assert node("УЗ-1", "junction").elevation_m == 400
    path = tmp_path / "cyrillic.inp"
    path.write_bytes(SMALL.replace("A small model", "Малая модель").replace("\n", "\r").encode("cp1251"))
    assert imported(path, network="M")["created"]["junction"] == 4
    assert Network.objects.get(code="M").name.startswith("Малая модель")


def test_missing_end_is_a_warning_when_nothing_else_is_missing(import_text: Any) -> None:
    result = import_text(SMALL.replace("[END]\n", ""))
    assert [warning["reason"] for warning in result["warnings"]] == ["it has no [END]"]


def test_export_that_lacks_only_its_end_is_whole(tmp_path: Path, district: Division) -> None:
    path = tmp_path / "model.inp"
    path.write_bytes(library_model("Net1").read_bytes().replace(b"[END]\r\n", b"").replace(b"[END]", b""))
    result = imported(path)
    assert result["created"]["pipe"] == 12
    assert [warning["reason"] for warning in result["warnings"]] == ["it has no [END]"]


def test_oddities_are_warned_of(import_text: Any) -> None:
    text = SMALL.replace("J4  180  200", "J4  180  200\n J9 1 2").replace(
        "LIFT 10 40", "LIFT 10 40\n IDLE 1 2"
    )
    result = import_text(
        text.replace(" R1   410", " R1   410\n R2 410").replace("R1  -40  0", "R1  -40  0\n R2 0 9")
    )
    assert {(warning["element"], warning["reason"]) for warning in result["warnings"]} == {
        ("coordinates of J9", "there is no such node"),
        ("reservoir R2", "nothing is joined to it"),
        ("curve IDLE", "nothing uses it: its values are kept in the file's units"),
    }


def test_nodes_without_coordinates_stand_among_their_neighbours(import_text: Any) -> None:
    result = import_text(SMALL.replace(" J3  100  200\n", ""))
    assert [entry["element"] for entry in result["adjusted"]] == ["junction J3"]
    neighbours = [node("J2", "junction"), node("T1", "tank"), node("J4", "junction")]
    middle = sum(neighbour.geom.x for neighbour in neighbours) / 3
    assert node("J3", "junction").geom.x == pytest.approx(middle, abs=1e-8)


def test_model_without_any_coordinates(import_text: Any) -> None:
    result = import_text(SMALL[: SMALL.index("[COORDINATES]")] + "[END]")
    assert result["placement"]["scale_factor"] == 1
    assert len(result["adjusted"]) == 8  # six nodes, and two devices with coincident ends
    assert {
        (round(point.x, 6), round(point.y, 6))
        for point in Node.objects.filter(kind="junction").values_list("geom", flat=True)
    } == {(69.45, 41.38)}


def test_devices_with_coincident_ends_get_connectors_of_a_decimetre(import_text: Any) -> None:
    text = SMALL.replace("J4  180  200", "J4  100  200").replace(
        " V1   J3    J4  150  PRV  35  0.2",
        " V1   J3    J4  150  PRV  35  0.2\n V2   J3    J4  150  TCV  35  0.2",
    )
    result = import_text(text)
    assert [entry["element"] for entry in result["adjusted"]] == ["valve V1", "valve V2"]
    lengths = Pipe.objects.filter(code__startswith="V").values_list("geodesic_length_m", flat=True)
    assert list(lengths) == pytest.approx([0.1] * 4, abs=1e-6)
    assert node("V1", "valve").geom != node("V2", "valve").geom
    assert result["created"]["pipe"] == 4


def test_scale_and_centre(import_text: Any) -> None:
    result = import_text(SMALL, "--coordinate-unit=ft")
    assert result["placement"] == {
        "mode": "place",
        "centre": [69.45, 41.38],
        "coordinate_unit": "ft",
        "scale_factor": 0.3048,
        "drawing_centre": [70.0, 140.0],
    }
    assert pipe("P1").geodesic_length_m == pytest.approx(30.48, rel=1e-6)


def test_model_in_a_crs(import_text: Any) -> None:
    shifted = SMALL
    for line in [
        "J1  0    0",
        "J2  100  0",
        "J3  100  200",
        "J4  180  200",
        "R1  -40  0",
        "T1  100  280",
        "P4  50  40",
        "PU1 -20 10",
    ]:
        code, x, y = line.split()
        shifted = shifted.replace(line, f"{code} {int(x) + 500000} {int(y) + 4580000}")
    result = import_text(shifted, "--srid=32642")
    assert result["placement"] == {"mode": "srid", "srid": 32642}
    assert node("J1", "junction").geom.x == pytest.approx(69, abs=1e-9)
    # UTM is drawn at 0.9996 on its central meridian.
    assert pipe("P1").geodesic_length_m == pytest.approx(100 / 0.9996, rel=1e-6)


def test_new_elements_extend_the_network_where_it_lies(import_text: Any) -> None:
    first = import_text(SMALL)
    place = node("J1", "junction").geom.coords
    longer = SMALL.replace(" J4   390        1.0", " J4   390        1.0\n J5   388        2.0")
    longer = longer.replace("100       110", "100       110\n P5   J4    J5  500  100 110")
    second = import_text(longer.replace("J4  180  200", "J4  180  200\n J5  700  200"))
    assert second["created"] == {"junction": 1, "tank": 0, "reservoir": 0, "pipe": 1, "pump": 0, "valve": 0}
    assert second["unchanged"] == 12
    assert second["placement"] == first["placement"]
    assert node("J1", "junction").geom.coords == place
    assert pipe("P5").start_node.geom.coords == pipe("P5").geom.coords[0]
    assert AuditEvent.objects.filter(action="import network").count() == 2


def test_a_meter_put_in_since_is_no_difference(import_text: Any) -> None:
    import_text(SMALL)
    for code, at in (("P1", "end_node"), ("P4", "start_node")):
        place_meter_at_pipe_end(
            pipe=pipe(code), node=getattr(pipe(code), at), code=f"M{code}", acting_user=None
        )
    before = all_rows()
    assert import_text(SMALL)["unchanged"] == 12
    assert all_rows() == before
    assert Node.objects.filter(kind=NodeKind.BULK_METER).count() == 2


def test_audit_row_says_who_and_what(district: Division, make_user: Any) -> None:
    user = make_user("engineer", district)
    result = imported(library_model("Net1"), f"--user={user.username}")
    event = AuditEvent.objects.get(action="import network")
    assert (event.user, event.division, event.object_id) == (user, district, "N")
    assert event.new_values is not None
    assert event.new_values["file_sha256"] == result["file_sha256"]
    assert event.new_values["created"]["pipe"] == 12


def test_progress_goes_to_stderr_and_one_document_to_stdout(district: Division) -> None:
    code, document, errors = run_import(library_model("Net1"))
    assert code == 0
    assert document["network"] == "N"
    assert "Writing" in errors
