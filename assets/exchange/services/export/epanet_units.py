"""From SI back to the units of an EPANET file: the exact inverse of the import's conversion.

wntr's factors are asked for, not copied, so that both directions always agree. Some models are so sensitive that
the thirteenth digit of a tank's diameter moves a pump's switching within days; so the number that is written is
the shortest whose conversion is the stored value to the last bit.
"""

from functools import cache
from typing import Any

US_FLOW_UNITS = frozenset({"CFS", "GPM", "MGD", "IMGD", "AFD"})


@cache
def _factor(flow_units: str, parameter: str, darcy_weisbach: bool = False) -> float:
    """SI units per unit of the file."""
    if flow_units == "CMS":
        flow_units = "SI" if parameter == "Flow" else "LPS"
    from wntr.epanet.util import FlowUnits, HydParam, to_si

    return float(to_si(FlowUnits[flow_units], 1.0, HydParam[parameter], darcy_weisbach=darcy_weisbach))


def number(value: float) -> str:
    """The shortest decimal that is read back as just this number."""
    return repr(float(value)).removesuffix(".0")


def _inverse(value_si: float, factor: float) -> str:
    """The shortest decimal that, multiplied by the factor, is the value."""
    if factor == 1.0 or value_si == 0.0:
        return number(value_si)
    value = value_si / factor
    for digits in (6, 9, 12, 15, 16):
        text = f"{value:.{digits}g}"
        if float(text) * factor == value_si:
            return text
    return number(value)


class EpanetUnits:
    """The units of one file; each method takes SI and returns the number to write."""

    def __init__(
        self,
        flow_units: str,
        *,
        headloss_formula: str = "H-W",
        specific_gravity: float = 1.0,
        pressure_unit: str | None = None,
    ) -> None:
        self.flow_units = flow_units
        self._is_darcy_weisbach = headloss_formula == "D-W"
        self.specific_gravity = specific_gravity
        self._is_kpa = flow_units not in US_FLOW_UNITS and (pressure_unit or "").startswith("KPA")

    @property
    def is_metric(self) -> bool:
        return self.flow_units not in US_FLOW_UNITS

    @property
    def flow_m3s(self) -> float:
        """m3/s per unit of flow."""
        return _factor(self.flow_units, "Flow")

    @property
    def length_m(self) -> float:
        """Metres per unit of length and head."""
        return _factor(self.flow_units, "Length")

    def flow(self, flow_m3s: float) -> str:
        return _inverse(flow_m3s, self.flow_m3s)

    def length(self, length_m: float) -> str:
        return _inverse(length_m, self.length_m)

    def diameter(self, diameter_m: float) -> str:
        return _inverse(diameter_m, _factor(self.flow_units, "PipeDiameter"))

    def volume(self, volume_m3: float) -> str:
        return _inverse(volume_m3, _factor(self.flow_units, "Volume"))

    def power(self, power_w: float) -> str:
        return _inverse(power_w, _factor(self.flow_units, "Power"))

    def roughness(self, roughness: float) -> str:
        return _inverse(roughness, _factor(self.flow_units, "RoughnessCoeff", self._is_darcy_weisbach))

    def pressure(self, pressure_m: float) -> str:
        """A valve's pressure setting; see `Options.pressure_setting` of the import for the constants."""
        if not self._is_kpa and self.specific_gravity == 1.0:
            return _inverse(pressure_m, _factor(self.flow_units, "Pressure"))
        value = pressure_m / _factor(self.flow_units, "Pressure")
        if self._is_kpa:
            value = value / 0.3048 * (6.895 * 0.4333)
        return f"{value * self.specific_gravity:.14g}"

    def valve_setting(self, valve_type: str, setting: float) -> str:
        if valve_type in ("PRV", "PSV", "PBV"):
            return self.pressure(setting)
        return self.flow(setting) if valve_type == "FCV" else number(setting)

    def curve_point(self, kind: str, x: float, y: float) -> tuple[str, str]:
        if kind == "VOLUME":
            return self.length(x), self.volume(y)
        if kind in ("HEAD", "HEADLOSS"):
            return self.flow(x), self.length(y)
        return (self.flow(x), number(y)) if kind == "EFFICIENCY" else (number(x), number(y))


def units_of(headloss_formula: str, engine_options: dict[str, Any]) -> EpanetUnits:
    """The units in which a network's model was stated; litres per second for one that never was in a file."""
    hydraulic = engine_options.get("hydraulic") or {}
    return EpanetUnits(
        hydraulic.get("inpfile_units") or "LPS",
        headloss_formula=headloss_formula,
        specific_gravity=float(hydraulic.get("specific_gravity") or 1.0),
        pressure_unit=hydraulic.get("inpfile_pressure_units"),
    )
