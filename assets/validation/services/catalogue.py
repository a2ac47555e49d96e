"""The checks: what each looks for, how bad it is, how it is explained, and what would mend it.

A local check is one statement in sql/checks/ that reads the elements on the checked ground and their neighbours by
index. Checks of islands, zones and of the network as a whole are in `islands`, `zones` and the same folder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from assets.models import Finding, Network
from assets.validation.services import repairs
from gis_core.sentences import told, values_in

Text = str | Promise
Scope = Literal["local", "zone", "component", "network"]
ERROR, WARNING, NOTE = Finding.Severity.ERROR, Finding.Severity.WARNING, Finding.Severity.NOTE

_C = Network.Commodity
WATER = frozenset({_C.WATER.value})
PRESSURISED = frozenset({_C.WATER.value, _C.GAS.value, _C.HEAT.value})
PIPED = PRESSURISED | {_C.SEWERAGE.value}
# Electricity is switched by hand into shapes in which parts are dead on purpose.
FLOWING = frozenset({_C.WATER.value, _C.GAS.value, _C.HEAT.value, _C.ELECTRICITY.value})
ALL = frozenset(_C.values)


@dataclass(frozen=True)
class Check:
    """One check. `explanation` is filled with what was found: {node}, {pipe}, {others} (codes), the check's facts.

    Scopes: "local" looks at an element and its neighbours; "zone" at one zone; "component" at a part of the network
    cut off from the rest; "network" at all of it, so it is run only when all of it is checked.
    """

    code: str
    severity: Finding.Severity
    title: Text
    explanation: Text
    scope: Scope = "local"
    commodities: frozenset[str] = ALL
    repair: Callable[[dict[str, Any]], dict[str, Any] | None] | None = None
    repair_title: Text = ""


def _check(code: str, severity: Finding.Severity, title: Text, explanation: Text, **more: Any) -> Check:
    return Check(code, severity, title, explanation, **more)


_TOPOLOGY = (
    _check(
        "orphan_node",
        ERROR,
        _("Orphan node"),
        _("No line ends at {node}."),
        repair=repairs.delete_lonely_node,
        repair_title=_("Delete the node"),
    ),
    _check(
        "node_without_live_pipe",
        WARNING,
        _("Node without a line in service"),
        _("{node} is in service, but none of its lines is."),
    ),
    _check(
        "duplicate_node",
        ERROR,
        _("Two nodes at one place"),
        _("{node} and {node2} lie {distance_m} m from each other, within the tolerance."),
        repair=repairs.merge_nodes,
        repair_title=_("Connect the lines of the later node to the earlier, and delete it"),
    ),
    _check(
        "end_near_node",
        WARNING,
        _("Line ends beside a node"),
        _("The line that ends at {node} stops {distance_m} m before {other}."),
    ),
    _check(
        "end_near_pipe",
        WARNING,
        _("Line ends beside a line"),
        _("The line that ends at {node} stops {distance_m} m before the line {other}."),
    ),
    _check(
        "node_on_pipe",
        ERROR,
        _("Node on a line that does not end there"),
        _("{node} lies on the line {pipe} ({distance_m} m from it), which does not end there."),
        repair=repairs.split_at_node,
        repair_title=_("Split the line at the node"),
    ),
    _check(
        "pipe_shorter_than_tolerance",
        WARNING,
        _("Line shorter than the tolerance"),
        _("{pipe} is {length_m} m long; the tolerance is {tolerance_m} m."),
    ),
    _check("zero_length_pipe", ERROR, _("Line without length"), _("The drawing of {pipe} has no length.")),
    _check(
        "duplicate_pipe",
        ERROR,
        _("Duplicate line"),
        _("{pipe} and {pipe2} join the same nodes along the same way."),
        repair=repairs.delete_duplicate_pipe,
        repair_title=_("Delete the later of the two lines"),
    ),
    _check(
        "overlapping_pipes",
        WARNING,
        _("Lines on top of each other"),
        _("{pipe} and {pipe2} run along the same way for {length_m} m."),
    ),
    _check(
        "crossing_without_node",
        WARNING,
        _("Crossing without a node"),
        _("{pipe} and {pipe2} cross at {number} place(s) where there is no node."),
    ),
    _check(
        "self_crossing_pipe",
        WARNING,
        _("Line crosses itself"),
        _("The drawing of {pipe} crosses or touches itself."),
    ),
    _check(
        "repeated_vertices",
        NOTE,
        _("Repeated vertices"),
        _("{number} vertices of {pipe} repeat the one before."),
        repair=repairs.redraw_without_repeats,
        repair_title=_("Remove the repeated vertices"),
    ),
    _check("spike_in_pipe", WARNING, _("Spike in a line"), _("{pipe} turns back on itself.")),
    _check("too_many_vertices", NOTE, _("Too many vertices"), _("{pipe} is drawn with {number} vertices.")),
    _check("loop_pipe", ERROR, _("Line back to the same node"), _("{pipe} starts and ends at {others}.")),
    _check(
        "device_connections",
        ERROR,
        _("Device without two lines"),
        _("{node} sits in a line, so it needs exactly two lines; it has {number}."),
    ),
    _check(
        "device_direction",
        ERROR,
        _("Device without a direction"),
        _(
            "The lines of {node} are both drawn towards it or both away from it, so its direction is not known."
        ),
    ),
    _check(
        "connector_without_device",
        ERROR,
        _("Connector without a device"),
        _("Neither end of the connector {pipe} is a device."),
    ),
    _check(
        "long_connector",
        WARNING,
        _("Long connector"),
        _("The connector {pipe} of a device is {length_m} m long."),
    ),
    _check(
        "dead_end_without_cap",
        WARNING,
        _("Dead end without a cap"),
        _("The line {others} ends at {node} with nothing behind it: no consumer, hydrant, valve or demand."),
        commodities=PRESSURISED,
    ),
    _check(
        "check_valves_facing",
        ERROR,
        _("Check valves against each other"),
        _("Nothing can pass {node}: the check valves of {others} are opposed."),
        commodities=PRESSURISED,
    ),
    _check(
        "open_zone_boundary",
        WARNING,
        _("Open zone boundary"),
        _(
            "{pipe} leads from one zone to another, or out of one, and neither end is set down as an edge of the zone."
        ),
    ),
)
_LIFECYCLE = (
    _check(
        "absent_end_node",
        ERROR,
        _("Line in service at a node that is not"),
        _("{pipe} is in service but ends at {node}, which is {lifecycle}."),
    ),
    _check(
        "attached_to_removed",
        ERROR,
        _("Something attached to what is removed"),
        _("{number} attachment(s) hang on {element}, which is removed."),
    ),
    _check(
        "attached_out_of_service",
        WARNING,
        _("Something attached to what is not in service"),
        _("{number} attachment(s) hang on {element}, which is {lifecycle}."),
    ),
    _check(
        "node_installed_in_future",
        WARNING,
        _("Node installed in the future"),
        _("{node} is in service but installed on {day}."),
    ),
    _check(
        "pipe_installed_in_future",
        WARNING,
        _("Line installed in the future"),
        _("{pipe} is in service but installed in {year}."),
    ),
    _check("inoperable_valve", WARNING, _("Valve that cannot be operated"), _("{node} is {why}.")),
)
_ATTRIBUTES = (
    _check(
        "missing_diameter",
        ERROR,
        _("Diameter missing"),
        _("The diameter of {pipe} is not known."),
        commodities=PIPED,
    ),
    _check(
        "missing_roughness",
        WARNING,
        _("Roughness missing"),
        _("The roughness of {pipe} is not known."),
        commodities=WATER,
    ),
    _check(
        "missing_material",
        NOTE,
        _("Material missing"),
        _("The material of {pipe} is not known."),
        commodities=PIPED,
    ),
    _check(
        "missing_elevation",
        WARNING,
        _("Elevation missing"),
        _("The elevation of {node} is not known."),
        commodities=frozenset({"water", "sewerage", "heat"}),
    ),
    _check(
        "implausible_diameter",
        ERROR,
        _("Implausible diameter"),
        _("The diameter of {pipe} is {diameter_m} m."),
        commodities=PIPED,
        repair=repairs.divide_diameter,
        repair_title=_("Read the diameter as millimetres"),
    ),
    _check(
        "implausible_roughness",
        WARNING,
        _("Implausible roughness"),
        _("The roughness of {pipe} is {roughness}, which {formula} does not know."),
        commodities=WATER,
    ),
    _check(
        "material_before_its_time",
        WARNING,
        _("Line older than its material"),
        _("{pipe} of {material} was installed in {year}; the material came into use about {since}."),
        commodities=PIPED,
    ),
    _check(
        "material_unfit_for_diameter",
        WARNING,
        _("Material not made in this diameter"),
        _("{pipe} is of {material} with a diameter of {diameter_m} m."),
        commodities=PIPED,
    ),
    _check(
        "bottleneck",
        WARNING,
        _("Bottleneck"),
        _("{pipe} has {diameter_m} m between lines of {beside_m} m and more ({others})."),
        commodities=PIPED,
    ),
    _check(
        "diameter_change",
        NOTE,
        _("Change of diameter at a plain junction"),
        _("{others} of {wider_m} m and {thinner_m} m meet at {node}."),
        commodities=PIPED,
    ),
    _check(
        "material_change",
        NOTE,
        _("Change of material at a plain junction"),
        _("{others} of {material} and {other} meet at {node}."),
        commodities=PIPED,
    ),
    _check(
        "length_differs",
        NOTE,
        _("Stated and drawn lengths differ"),
        _("{pipe} is stated as {stated_m} m and drawn as {drawn_m} m."),
    ),
    _check(
        "length_contradicts",
        WARNING,
        _("Stated and drawn lengths contradict each other"),
        _("{pipe} is stated as {stated_m} m but drawn as {drawn_m} m."),
    ),
    _check(
        "steep_pipe",
        WARNING,
        _("Line too steep"),
        _("{pipe} rises or falls by {rise_m} m over {length_m} m."),
        commodities=PIPED,
    ),
    _check(
        "elevation_outlier",
        WARNING,
        _("Elevation unlike its neighbours'"),
        _("{node} lies at {elevation_m} m; its neighbours at {lowest_m} m to {highest_m} m."),
        commodities=PIPED,
    ),
    _check(
        "elevation_out_of_range", ERROR, _("Elevation out of range"), _("{node} lies at {elevation_m} m.")
    ),
    _check("outside_division", WARNING, _("Outside the division"), _("{node} lies outside {division}.")),
    _check(
        "node_codes_alike",
        WARNING,
        _("Codes of nodes alike"),
        _("The codes “{node}” and “{node2}” differ only by blanks or capitals."),
    ),
    _check(
        "pipe_codes_alike",
        WARNING,
        _("Codes of lines alike"),
        _("The codes “{pipe}” and “{pipe2}” differ only by blanks or capitals."),
    ),
    _check(
        "code_unfit_for_model",
        NOTE,
        _("Code unfit for the hydraulic engine"),
        _("The code “{code}” is over 31 characters or has blanks, quotes or semicolons."),
        commodities=WATER,
        repair=repairs.strip_code,
        repair_title=_("Replace blanks, quotes and semicolons in the code"),
    ),
    _check(
        "line_attribute_missing",
        ERROR,
        _("Attribute of the commodity missing"),
        _("{attribute} of {pipe} is not known."),
        commodities=frozenset({"gas", "electricity", "heat"}),
    ),
    _check(
        "voltages_joined",
        ERROR,
        _("Different voltages joined"),
        _("Lines of {values} kV meet at {node}."),
        commodities=frozenset({"electricity"}),
    ),
    _check(
        "pressure_classes_joined",
        ERROR,
        _("Different pressure classes joined"),
        _("Lines of pressure classes {values} meet at {node}, which does not regulate."),
        commodities=frozenset({"gas"}),
    ),
    _check(
        "heat_circuits_joined",
        ERROR,
        _("Supply and return joined"),
        _("Supply and return lines meet at {node}."),
        commodities=frozenset({"heat"}),
    ),
    _check(
        "sewer_runs_uphill",
        ERROR,
        _("Gravity sewer runs uphill"),
        _("The end of {pipe} lies {rise_m} m above its start."),
        commodities=frozenset({"sewerage"}),
    ),
)
_DEVICES = (
    _check(
        "detail_missing",
        ERROR,
        _("Details missing"),
        _("The {kind} {node} has none of the details of its kind."),
    ),
    _check(
        "tank_levels",
        ERROR,
        _("Tank level out of range"),
        _("{node} starts at {level_m} m, outside {minimum_m} m to {maximum_m} m."),
        repair=repairs.clamp_tank_level,
        repair_title=_("Start at the nearest allowed level"),
    ),
    _check("tank_without_volume", ERROR, _("Tank without volume"), _("{node} can hold nothing.")),
    _check(
        "pump_without_curve",
        ERROR,
        _("Pump without curve or power"),
        _("{node} has neither a head curve nor a power."),
    ),
    _check(
        "pump_curve_not_falling",
        ERROR,
        _("Pump curve does not fall"),
        _("The head of {node} (curve {curve}) does not fall with its flow."),
    ),
    _check(
        "pump_speed",
        WARNING,
        _("Implausible pump speed"),
        _("{node} runs at {speed} times its nominal speed."),
    ),
    _check(
        "valve_setting_missing",
        ERROR,
        _("Valve without a setting"),
        _("{node} ({type}) is to act but has no setting."),
    ),
    _check(
        "valve_without_curve",
        ERROR,
        _("General-purpose valve without a curve"),
        _("{node} has no head-loss curve."),
    ),
    _check(
        "valve_setting_implausible",
        WARNING,
        _("Implausible valve setting"),
        _("{node} ({type}) is set to {setting}."),
    ),
    _check(
        "device_diameter",
        WARNING,
        _("Device does not fit its lines"),
        _("The {kind} {node} has {diameter_m} m between lines of {thinner_m} m and {wider_m} m."),
    ),
    _check(
        "hydrant_on_thin_pipe",
        WARNING,
        _("Hydrant on a thin line"),
        _("The widest line at the fire hydrant {node} has {diameter_m} m; 0.1 m are asked for."),
        commodities=WATER,
    ),
    _check(
        "demand_off_junction",
        WARNING,
        _("Demand where none is drawn"),
        _("{node} is a {kind} with a demand."),
        commodities=WATER,
    ),
    _check(
        "negative_demand",
        NOTE,
        _("Negative demand"),
        _("{node} feeds the network by a negative demand."),
        commodities=WATER,
    ),
    _check(
        "service_on_transmission_main",
        WARNING,
        _("Service on a transmission main"),
        _("{consumers} consumer(s) are served from {pipe} of {diameter_m} m."),
        commodities=PRESSURISED,
    ),
    _check(
        "attached_at_far_end",
        NOTE,
        _("Attached at the farther end"),
        _("{number} attachment(s) on {pipe} count at the end that is farther from them."),
    ),
)
_ZONES = (
    _check(
        "zone_without_source",
        ERROR,
        _("Zone without a source"),
        _("Zone {zone} has no inlet, no storage and no source of its own."),
        scope="zone",
    ),
    _check(
        "zone_disconnected",
        WARNING,
        _("Zone in pieces"),
        _(
            "{number} node(s) of zone {zone}, {node} among them, are not joined to its inlets through the zone."
        ),
        scope="zone",
    ),
    _check(
        "zone_connection_off_edge",
        WARNING,
        _("Zone edge inside or outside its zone"),
        _("{node} is set down as {role} of zone {zone} but does not lie on its edge."),
    ),
    _check(
        "zone_connection_reversed",
        ERROR,
        _("Zone inlet or outlet reversed"),
        _(
            "{node} is an {role} of zone {zone}, but its lines are drawn the other way; its flow counts backwards."
        ),
    ),
    _check(
        "closed_boundary_open",
        ERROR,
        _("Closed boundary that is open"),
        _("{node} is set down as a closed boundary of zone {zone}, but the valve is open."),
    ),
    _check(
        "inlet_without_meter",
        NOTE,
        _("Inlet or outlet without a meter"),
        _("{node}, {role} of zone {zone}, is not a bulk meter."),
    ),
    _check(
        "meter_without_zone",
        NOTE,
        _("Bulk meter of no zone"),
        _("{node} is neither inlet nor outlet of a zone."),
    ),
    _check(
        "node_outside_its_zone",
        NOTE,
        _("Node not in its neighbours' zone"),
        _("All neighbours of {node} are of zone {zone}."),
        repair=repairs.join_zone,
        repair_title=_("Put the node into the zone"),
    ),
)
_COMPONENTS = (
    _check(
        "island_without_source",
        ERROR,
        _("Disconnected island"),
        _("{number} node(s), {node} among them, are joined to nothing that supplies them."),
        scope="component",
        commodities=ALL,
    ),
    _check(
        "no_path_to_source",
        WARNING,
        _("No way from a source"),
        _("{number} node(s), {node} among them, are joined to a source only by what is closed."),
        scope="component",
        commodities=FLOWING,
    ),
    _check(
        "reversed_check_valve",
        ERROR,
        _("Reversed check valve"),
        _("{number} node(s), {node} among them, could be supplied only against the direction of {others}."),
        scope="component",
        commodities=PRESSURISED,
    ),
)
_NETWORK = (
    _check(
        "network_without_source",
        ERROR,
        _("Network without a source"),
        _("Nothing supplies the network {network}."),
        scope="network",
    ),
    _check(
        "curve_not_ascending",
        ERROR,
        _("Curve not in order"),
        _("The points of curve {curve} do not follow each other in rising order."),
        scope="network",
    ),
    _check(
        "zone_without_nodes", NOTE, _("Zone without nodes"), _("No node is of zone {zone}."), scope="network"
    ),
)

CATALOGUE: dict[str, Check] = {
    check.code: check
    for check in (*_TOPOLOGY, *_LIFECYCLE, *_ATTRIBUTES, *_DEVICES, *_ZONES, *_COMPONENTS, *_NETWORK)
}


def explanation_in_words(code: str, kept: str) -> str:
    """What a finding of the check `code` says, kept in English, in the active language."""
    check = CATALOGUE.get(code)
    values = None if check is None else values_in(kept, _english_form(code))
    if check is None or values is None:
        return kept
    return str(check.explanation).format(**{name: told(value) for name, value in values.items()})


@cache
def _english_form(code: str) -> str:
    with override("en"):
        return str(CATALOGUE[code].explanation)
