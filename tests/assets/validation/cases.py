"""For each check a network that triggers it and a near miss: the least change of it that makes it right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.gis.geos import Point
from django.utils import timezone

from assets.models import Pipe
from tests.assets.validation.sketch import Sketch

Draw = Callable[[Sketch, bool], None]


@dataclass(frozen=True)
class Case:
    """`draw(sketch, is_wrong)` draws the network; `elements` are the codes of the offenders, in order."""

    check: str
    draw: Draw
    elements: tuple[str, ...]
    commodity: str = "water"


CASES: list[Case] = []


def case(check: str, *elements: str, commodity: str = "water") -> Callable[[Draw], Draw]:
    def keep(draw: Draw) -> Draw:
        CASES.append(Case(check, draw, elements, commodity))
        return draw

    return keep


# Topology


@case("orphan_node", "X")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 50)
    if not wrong:
        s.pipe("PX", "A", "X")


@case("node_without_live_pipe", "X")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 50)
    s.pipe("PX", "A", "X", lifecycle="out_of_service" if wrong else "in_service")


@case("duplicate_node", "B", "X")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 200.08 if wrong else 200.12, 0)
    s.node("Y", 300, 0)
    s.pipe("PY", "X", "Y")


@case("end_near_node", "X", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", "B", "C")
    s.node("X", 200, -0.8 if wrong else -1.2)
    s.node("Y", 200, -80)
    s.pipe("PY", "Y", "X")


@case("end_near_pipe", "X", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 50, 0.8 if wrong else 1.2)
    s.node("Y", 50, 60)
    s.pipe("PY", "Y", "X")


@case("node_on_pipe", "X", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 50, 0.08 if wrong else 0.13)
    s.node("Y", 50, 60)
    s.pipe("PY", "Y", "X")


@case("pipe_shorter_than_tolerance", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 200 + (0.09 if wrong else 0.11), 0)
    s.pipe("PX", "B", "X")


@case("zero_length_pipe", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 200 if wrong else 200.02, 0)
    s.pipe("PX", "B", "X")


@case("duplicate_pipe", "P1", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.pipe("PX", "A", "R", via=[(50, 0.01 if wrong else 3)])


@case("overlapping_pipes", "P1", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 40)
    s.pipe("PX", "R", "X", via=[(50, 0.03 if wrong else 0.3)])


@case("crossing_without_node", "P1", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 50, 40)
    s.node("Y", 50, -40 if wrong else 5)
    s.pipe("PX", "X", "Y")


@case("self_crossing_pipe", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 200, 100)
    s.pipe("PX", "B", "X", via=[(300, 0), (300, 50), (250, -20 if wrong else 20)])


@case("repeated_vertices", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.pipe("PX", "B", "X", via=[(250, 9), (250, 9 if wrong else 9.01)])


@case("spike_in_pipe", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 200, 100)
    s.pipe("PX", "B", "X", via=[(230, 50), (203, 2) if wrong else (209, 4)])


@case("too_many_vertices", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    number = 9_999 if wrong else 9_998
    s.pipe("PX", "B", "X", via=[(200 + 100 * (place + 1) / (number + 1), 0) for place in range(number)])


@case("loop_pipe", "PX", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 230, 30)
    s.pipe("PX", "B", "B" if wrong else "X", via=[(250, 0), (250, 30)])


@case("device_connections", "V", "V/1", "V/2", "P3")
def _(s: Sketch, wrong: bool) -> None:
    s.device("V", "valve")
    s.node("C", 150, 50)
    s.demand("C")
    s.pipe("P3", "V" if wrong else "B", "C")


@case("device_direction", "U", "U/1", "U/2")
def _(s: Sketch, wrong: bool) -> None:
    s.device("U", "pump")
    if wrong:
        Pipe.objects.filter(pk=s.pipes["U/2"].pk).delete()
        s.pipe("U/2", "B", "U", is_connector=True)


@case("connector_without_device", "C/1", "B", "X")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.pipe("C/1", "B", "X", is_connector=wrong)


@case("long_connector", "V/1")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("V", 1200 + (5 if wrong else -5), 0, "valve")
    s.node("X", 1300, 0)
    s.pipe("V/1", "B", "V", is_connector=True)
    s.pipe("V/2", "V", "X", is_connector=True)


@case("dead_end_without_cap", "X", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 50)
    s.pipe("PX", "A", "X")
    if not wrong:
        s.attach("X", "PX", 0.9)


@case("check_valves_facing", "A", "P1", "P2")
def _(s: Sketch, wrong: bool) -> None:
    s.node("R", 0, 0, "reservoir")
    s.node("A", 100, 0)
    s.node("B", 200, 0)
    s.pipe("P1", "R", "A", has_check_valve=True)
    s.pipe("P2", *(("B", "A") if wrong else ("A", "B")), has_check_valve=True)


# Lifecycle


@case("absent_end_node", "X", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 50, lifecycle="planned")
    s.pipe("PX", "A", "X", lifecycle="in_service" if wrong else "planned")


@case("attached_to_removed", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 50)
    s.pipe("PX", "A", "X", lifecycle="removed" if wrong else "in_service")
    s.attach("X", "PX", 0.9)


@case("attached_out_of_service", "X")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 100, 50, lifecycle="out_of_service" if wrong else "in_service")
    s.pipe("PX", "A", "X", lifecycle="out_of_service")
    s.attach("X")


@case("node_installed_in_future", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.nodes["B"].installed_on = timezone.localdate() + timedelta(days=2 if wrong else 0)
    s.nodes["B"].save()


@case("pipe_installed_in_future", "PX")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.pipe("PX", "B", "X", year_installed=timezone.localdate().year + wrong)


@case("inoperable_valve", "V")
def _(s: Sketch, wrong: bool) -> None:
    s.device("V", "valve", {"is_broken": wrong, "valve_type": "isolation"})


# Attributes


@case("missing_diameter", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A")
    s.pipes["P1"].diameter_m = None
    s.pipes["P1"].lifecycle = "in_service" if wrong else "planned"
    s.pipes["P1"].save()


@case("missing_roughness", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", roughness=None if wrong else 100)


@case("missing_material", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", material="" if wrong else "cast iron")


@case("missing_elevation", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.nodes["B"].elevation_m = None if wrong else 0.0
    s.nodes["B"].save()


@case("implausible_diameter", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", diameter_m=50 if wrong else 3.9)


@case("implausible_roughness", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", roughness=10 if wrong else 40)


@case("material_before_its_time", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", material="HDPE", year_installed=1948 if wrong else 1962)


@case("material_unfit_for_diameter", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", material="PVC-U", diameter_m=1.4 if wrong else 0.63)


@case("bottleneck", "P2", "P1", "P3")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", "B", "C", diameter_m=0.3)
    s.pipes["P2"].diameter_m = 0.15 if wrong else 0.2
    s.pipes["P2"].save()


@case("diameter_change", "A", "P1", "P2")
def _(s: Sketch, wrong: bool) -> None:
    s.main(diameter_m=0.3)
    s.pipes["P2"].diameter_m = 0.15 if wrong else 0.25
    s.pipes["P2"].save()


@case("material_change", "A", "P1", "P2")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.pipes["P2"].material = "PVC" if wrong else "Steel"
    s.pipes["P2"].save()


@case("length_differs", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", stated_length_m=112 if wrong else 109)


@case("length_contradicts", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", stated_length_m=210 if wrong else 190)


@case("steep_pipe", "P2", "A", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.nodes["B"].elevation_m = 535 if wrong else 525
    s.nodes["B"].save()


@case("elevation_outlier", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", "B", "C")
    s.nodes["B"].elevation_m = 515 if wrong else 512
    s.nodes["B"].save()


@case("elevation_out_of_range", "B")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.nodes["B"].elevation_m = 4700 if wrong else 4600
    s.nodes["B"].save()


@case("outside_division", "X")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    x = s.node("X", 300, 0)
    x.geom = Point(41.4 if wrong else 69.5, 69.4 if wrong else 41.4, srid=4326)
    x.save()
    s.pipe("PX", "B", "X")


@case("node_codes_alike", "A", "a ")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("a " if wrong else "a-", 300, 0)
    s.pipe("PX", "B", "a " if wrong else "a-")


@case("pipe_codes_alike", "P1", "p 1")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.pipe("p 1" if wrong else "p.1", "B", "X")


@case("code_unfit_for_model", "X Y")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    code = "X Y" if wrong else "x" * 31
    s.node(code, 300, 0)
    s.pipe("PX", "B", code)


@case("line_attribute_missing", "P1", commodity="gas")
def _(s: Sketch, wrong: bool) -> None:
    s.main("A", kind="source", line={} if wrong else {"pressure_class": "low"})


@case("voltages_joined", "A", "P1", "P2", commodity="electricity")
def _(s: Sketch, wrong: bool) -> None:
    s.node("R", 0, 0, "source")
    s.node("A", 100, 0, "pole" if wrong else "transformer")
    s.node("B", 200, 0)
    s.pipe("P1", "R", "A", line={"voltage_kv": 10, "conductor": "AS-50"})
    s.pipe("P2", "A", "B", line={"voltage_kv": 0.4, "conductor": "AS-50"})


@case("pressure_classes_joined", "A", "P1", "P2", commodity="gas")
def _(s: Sketch, wrong: bool) -> None:
    s.node("R", 0, 0, "source")
    s.node("A", 100, 0, "junction" if wrong else "regulator_station")
    s.node("B", 200, 0)
    s.pipe("P1", "R", "A", line={"pressure_class": "medium"})
    s.pipe("P2", "A", "B", line={"pressure_class": "low"})


@case("heat_circuits_joined", "A", "P1", "P2", commodity="heat")
def _(s: Sketch, wrong: bool) -> None:
    s.node("R", 0, 0, "boiler_house")
    s.node("A", 100, 0, "heat_chamber" if wrong else "heat_exchanger")
    s.pipe("P1", "R", "A", line={"circuit": "supply"})
    s.pipe("P2", "A", "R", via=[(50, 20)], line={"circuit": "return"})


@case("sewer_runs_uphill", "P1", "A", "B", commodity="sewerage")
def _(s: Sketch, wrong: bool) -> None:
    s.node("A", 0, 0, "manhole", elevation_m=400)
    s.node("B", 100, 0, "outfall", elevation_m=400.5)
    s.pipe("P1", "A", "B", line={"flow_regime": "gravity" if wrong else "pressure"})


# Devices


@case("detail_missing", "T")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("T", 300, 0, "tank", {"none": True} if wrong else None)
    s.pipe("PX", "B", "T")


@case("tank_levels", "T")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("T", 300, 0, "tank", {"initial_level_m": 5.2 if wrong else 5.0})
    s.pipe("PX", "B", "T")


@case("tank_without_volume", "T")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("T", 300, 0, "tank", {"diameter_m": 0 if wrong else 3})
    s.pipe("PX", "B", "T")


@case("pump_without_curve", "U")
def _(s: Sketch, wrong: bool) -> None:
    s.device("U", "pump", {"power_w": 0 if wrong else 10})


@case("pump_curve_not_falling", "U")
def _(s: Sketch, wrong: bool) -> None:
    curve = s.curve("C", [0, 0.01, 0.02], [50, 50 if wrong else 45, 30])
    s.device("U", "pump", {"head_curve": curve})


@case("pump_speed", "U")
def _(s: Sketch, wrong: bool) -> None:
    s.device("U", "pump", {"relative_speed": 0 if wrong else 0.5})


@case("valve_setting_missing", "V")
def _(s: Sketch, wrong: bool) -> None:
    s.device(
        "V", "regulator", {"valve_type": "PRV", "setting": None, "status": "active" if wrong else "open"}
    )


@case("valve_without_curve", "V")
def _(s: Sketch, wrong: bool) -> None:
    curve = None if wrong else s.curve("C", [0, 1], [0, 5], "HEADLOSS")
    s.device("V", "valve", {"valve_type": "GPV", "headloss_curve": curve})


@case("valve_setting_implausible", "V")
def _(s: Sketch, wrong: bool) -> None:
    s.device("V", "regulator", {"valve_type": "PRV", "setting": 300 if wrong else 60})


@case("device_diameter", "V")
def _(s: Sketch, wrong: bool) -> None:
    s.node("R", 0, 0, "reservoir")
    s.node("V", 100, 0, "valve", {"diameter_m": 0.3 if wrong else 0.1})
    s.node("B", 200, 0)
    s.pipe("P1", "R", "V")
    s.pipe("P2", "V", "B")


@case("hydrant_on_thin_pipe", "H")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("H", 300, 0, "hydrant")
    s.pipe("PX", "B", "H", diameter_m=0.08 if wrong else 0.1)


@case("demand_off_junction", "R")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.demand("R" if wrong else "A")


@case("negative_demand", "A")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.demand("A", -0.001 if wrong else 0)


@case("attached_at_far_end", "P1")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.attach("R" if wrong else "A", "P1", 0.7)


# Zones


def _zone(
    s: Sketch, *, inlet: str | None = "inlet", meter: str = "bulk_meter", inside: str | None = "Z"
) -> None:
    """R - A - [M] - B - C with zone Z of B and C, whose inlet is M."""
    s.zone("Z")
    s.node("R", 0, 0, "reservoir")
    s.node("A", 100, 0)
    s.node("M", 150, 0, meter)
    s.node("B", 200, 0, zone="Z")
    s.node("C", 300, 0, zone=inside)
    s.demand("C")
    s.pipe("P1", "R", "A")
    s.pipe("M/1", "A", "M", is_connector=True)
    s.pipe("M/2", "M", "B", is_connector=True)
    s.pipe("P2", "B", "C")
    if inlet:
        s.edge("Z", "M", inlet)


@case("zone_without_source")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s, inlet="outlet" if wrong else "inlet")


@case("zone_disconnected", "X", "Y")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s)
    s.node("X", 100, 100, zone="Z")
    s.node("Y", 200, 100, zone="Z")
    s.pipe("PX", "X", "Y")
    s.pipe("PA", "A" if wrong else "B", "X")


@case("open_zone_boundary", "PX", "C", "X")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s)
    s.node("X", 400, 0)
    s.pipe("PX", "C", "X", status="open" if wrong else "closed")


@case("zone_connection_off_edge", "V")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s)
    s.node("V", 350, 0, "valve", {"status": "closed"})
    s.node("D", 400, 0, zone="Z" if wrong else None)
    s.pipe("V/1", "C", "V", is_connector=True)
    s.pipe("V/2", "V", "D", is_connector=True)
    s.edge("Z", "V", "closed")


@case("zone_connection_reversed", "M", "M/1", "M/2")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s)
    if wrong:
        for code, ends in (("M/1", ("M", "A")), ("M/2", ("B", "M"))):
            s.pipes[code].delete()
            s.pipe(code, *ends, is_connector=True)


@case("closed_boundary_open", "V")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s)
    s.node("V", 350, 0, "valve", {"status": "open" if wrong else "closed"})
    s.node("D", 400, 0)
    s.pipe("V/1", "C", "V", is_connector=True)
    s.pipe("V/2", "V", "D", is_connector=True)
    s.edge("Z", "V", "closed")


@case("inlet_without_meter", "M")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s, meter="valve" if wrong else "bulk_meter")


@case("meter_without_zone", "X")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s)
    s.zone("Y")
    s.node("X", 350, 0, "bulk_meter")
    s.node("D", 400, 0, zone="Y")
    s.pipe("X/1", "C", "X", is_connector=True)
    s.pipe("X/2", "X", "D", is_connector=True)
    if not wrong:
        s.edge("Y", "X", "inlet")


@case("node_outside_its_zone", "C")
def _(s: Sketch, wrong: bool) -> None:
    _zone(s, inside=None if wrong else "Z")
    s.node("D", 400, 0, zone="Z")
    s.pipe("P3", "C", "D")


# Parts of the network


@case("island_without_source", "X", "Y")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.node("Y", 400, 0)
    s.pipe("PX", "X", "Y")
    if not wrong:
        s.pipe("PB", "B", "X")


@case("no_path_to_source", "X", "Y")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.node("Y", 400, 0)
    s.pipe("PX", "X", "Y")
    s.pipe("PB", "B", "X", status="closed" if wrong else "open")


@case("reversed_check_valve", "X", "Y", "PB")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.node("X", 300, 0)
    s.node("Y", 400, 0)
    s.pipe("PX", "X", "Y")
    s.pipe("PB", *(("X", "B") if wrong else ("B", "X")), has_check_valve=True)


# The network as a whole


@case("network_without_source")
def _(s: Sketch, wrong: bool) -> None:
    s.node("A", 0, 0, "junction" if wrong else "reservoir")
    s.node("B", 100, 0)
    s.pipe("P1", "A", "B")


@case("curve_not_ascending")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.curve("C", [0, 0.02, 0.02 if wrong else 0.03], [50, 45, 30])


@case("zone_without_nodes")
def _(s: Sketch, wrong: bool) -> None:
    s.main()
    s.zone("Z")
    if not wrong:
        s.zone("Y", parent="Z")
        s.node("X", 300, 0, zone="Y")
