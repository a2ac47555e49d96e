"""What the attributes of elements are called and measured in, for people; translated where they are shown."""

from django.utils.translation import gettext_noop as _

TITLES = {
    "code": _("Code"),
    "kind": _("Kind"),
    "lifecycle": _("State"),
    "zone": _("Zone"),
    "elevation_m": _("Elevation"),
    "installed_on": _("Installed on"),
    "status": _("Open or closed"),
    # pipes and lines
    "diameter_mm": _("Diameter"),
    "diameter_m": _("Diameter"),
    "material": _("Material"),
    "length_m": _("Length"),
    "stated_length_m": _("Stated length"),
    "year_installed": _("Year installed"),
    "age_years": _("Age"),
    "roughness": _("Roughness"),
    "minor_loss": _("Minor loss coefficient"),
    "has_check_valve": _("Check valve"),
    "breaks": _("Breaks in ten years"),
    "voltage_kv": _("Voltage"),
    "conductor": _("Conductor"),
    "phases": _("Phases"),
    "placing": _("Placing"),
    "pressure_class": _("Pressure class"),
    "circuit": _("Circuit"),
    "flow_regime": _("Flow regime"),
    # tanks and reservoirs
    "initial_level_m": _("Initial level"),
    "minimum_level_m": _("Lowest level"),
    "maximum_level_m": _("Highest level"),
    "minimum_volume_m3": _("Volume at the lowest level"),
    "volume_curve": _("Volume curve"),
    "can_overflow": _("Can overflow"),
    "head_m": _("Head"),
    "head_pattern": _("Head pattern"),
    # pumps
    "head_curve": _("Head curve"),
    "power_w": _("Power"),
    "relative_speed": _("Relative speed"),
    "speed_pattern": _("Speed pattern"),
    "efficiency_curve": _("Efficiency curve"),
    "is_isolating": _("May shut off a segment"),
    # valves
    "valve_type": _("Type of valve"),
    "setting": _("Setting"),
    "headloss_curve": _("Headloss curve"),
    "is_broken": _("Broken"),
    "is_accessible": _("Accessible"),
    "is_buried": _("Buried"),
    # meters, hydrants, stations
    "serial": _("Serial number"),
    "error_percent": _("Limit of error"),
    "outlet_diameter_mm": _("Diameter of the outlet"),
    "is_for_fire_service": _("For the fire service"),
    "name": _("Name"),
    "capacity": _("Capacity"),
    "capacity_unit": _("Unit of the capacity"),
    # electricity
    "rated_kva": _("Rated power"),
    "primary_kv": _("Primary voltage"),
    "secondary_kv": _("Secondary voltage"),
    "no_load_loss_kw": _("Loss without load"),
    "load_loss_kw": _("Loss at full load"),
    "switch_type": _("Type of switch"),
    "rated_current_a": _("Rated current"),
}

# By the end of a name, the longest first; what has none of these is a plain number, word or day.
UNITS = (
    ("_m3", "m3"),
    ("_mm", "mm"),
    ("_kva", "kVA"),
    ("_kv", "kV"),
    ("_kw", "kW"),
    ("_percent", "%"),
    ("_years", _("years")),
    ("_m", "m"),
    ("_w", "W"),
    ("_a", "A"),
)

# Words of choices that the models keep as identifiers only.
WORDS = {
    "active": _("regulating"),
    "open": _("open"),
    "closed": _("closed"),
    "isolation": _("isolation valve"),
    "check": _("check valve"),
    "PRV": _("pressure reducing (PRV)"),
    "PSV": _("pressure sustaining (PSV)"),
    "PBV": _("pressure breaker (PBV)"),
    "FCV": _("flow control (FCV)"),
    "TCV": _("throttle control (TCV)"),
    "GPV": _("general purpose (GPV)"),
    "PCV": _("positional control (PCV)"),
}

# Labels of the models' choices, which Django's message extraction must find.
CHOICES = (
    _("circuit breaker"),
    _("load-break switch"),
    _("disconnector"),
    _("recloser"),
    _("fuse"),
    _("overhead"),
    _("underground"),
    _("low pressure"),
    _("medium pressure"),
    _("high pressure, class 2"),
    _("high pressure, class 1"),
    _("supply"),
    _("return"),
    _("gravity"),
    _("pressure"),
)


def unit_of(name: str) -> str:
    """The unit that the end of an attribute's name says; empty where it says none."""
    return next((unit for ending, unit in UNITS if name.endswith(ending)), "")


# The names of the templates that migrations bring; those of a utility's own stand as they were written.
TEMPLATE_NAMES = (
    _("PE 32 service"),
    _("PE 63 service"),
    _("PE 110 distribution"),
    _("PE 160 distribution"),
    _("PE 225 main"),
    _("PE 315 main"),
    _("Steel 100 distribution"),
    _("Steel 200 main"),
    _("Steel 500 main"),
    _("Ductile iron 200 main"),
    _("Isolation valve 100"),
    _("Isolation valve 200"),
    _("Hydrant 100"),
    _("Bulk meter 100"),
    _("Junction"),
    _("PVC 160 gravity"),
    _("PVC 200 gravity"),
    _("Concrete 500 collector"),
    _("PE 160 pressure"),
    _("Manhole"),
    _("PE 63 low pressure"),
    _("PE 110 medium pressure"),
    _("Steel 219 high pressure, class 2"),
    _("Steel 325 high pressure, class 1"),
    _("SIP-2 3x70, 0.4 kV overhead"),
    _("AS-50, 10 kV overhead"),
    _("ASB 3x120, 10 kV cable"),
    _("Pole"),
    _("Service cabinet"),
    _("Steel 108 supply"),
    _("Steel 108 return"),
    _("Steel 219 supply"),
    _("Steel 219 return"),
    _("Heat chamber"),
)
