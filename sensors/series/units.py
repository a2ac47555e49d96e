"""Units of measurement: for every quantity the symbols that are understood, and what one of each is in the
canonical unit.

Canonical units: metres of water for pressure, m3/h for flow, m for level, m3 for volumes and counters, °C,
mg/l, NTU, µS/cm,
kW, kWh, V, A and %. Conversion factors are those of NIST SP 811 (2008), appendix B; water columns are at 4 °C
(conventional
density 1,000 kg/m3, g = 9.80665 m/s2).
"""

import unicodedata

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_GALLON_M3 = 0.003785411784  # US
_FOOT_M = 0.3048
_FOOT3_M3 = _FOOT_M**3
_PASCAL_M = 1 / 9806.65
_ACRE_FOOT_M3 = 1233.48183754752

_VOLUMES: dict[str, float] = {
    "m3": 1.0,
    "l": 0.001,
    "hl": 0.1,
    "dm3": 0.001,
    "ml": 1e-6,
    "Ml": 1000.0,
    "gal": _GALLON_M3,
    "Mgal": _GALLON_M3 * 1e6,
    "ft3": _FOOT3_M3,
    "acre-ft": _ACRE_FOOT_M3,
}
_LENGTHS: dict[str, float] = {
    "m": 1.0,
    "km": 1000.0,
    "dm": 0.1,
    "cm": 0.01,
    "mm": 0.001,
    "ft": _FOOT_M,
    "in": 0.0254,
}
_ENERGIES: dict[str, float] = {
    "kWh": 1.0,
    "Wh": 0.001,
    "MWh": 1000.0,
    "GWh": 1e6,
    "J": 1 / 3.6e6,
    "kJ": 1 / 3600,
    "MJ": 1 / 3.6,
    "GJ": 1000 / 3.6,
    "Gcal": 1163.0,
}
_CONCENTRATIONS: dict[str, float] = {
    "mg/l": 1.0,
    "g/m3": 1.0,
    "ppm": 1.0,
    "µg/l": 0.001,
    "ppb": 0.001,
    "g/l": 1000.0,
}

# What one of each unit is in the canonical unit, which stands first.
FACTORS: dict[str, dict[str, float]] = {
    "pressure": {
        "m": 1.0,
        "mH2O": 1.0,
        "mwc": 1.0,
        "cmH2O": 0.01,
        "mmH2O": 0.001,
        "Pa": _PASCAL_M,
        "hPa": 100 * _PASCAL_M,
        "kPa": 1e3 * _PASCAL_M,
        "MPa": 1e6 * _PASCAL_M,
        "bar": 1e5 * _PASCAL_M,
        "mbar": 100 * _PASCAL_M,
        "psi": 6894.757293168 * _PASCAL_M,
        "atm": 101325 * _PASCAL_M,
        "kgf/cm2": 10.0,
        "at": 10.0,
        "ft": _FOOT_M,
        "cm": 0.01,
    },
    "flow": {
        "m3/h": 1.0,
        "m3/s": 3600.0,
        "m3/min": 60.0,
        "m3/d": 1 / 24,
        "l/s": 3.6,
        "l/min": 0.06,
        "l/h": 0.001,
        "l/d": 0.001 / 24,
        "Ml/d": 1000 / 24,
        "gpm": _GALLON_M3 * 60,
        "gph": _GALLON_M3,
        "MGD": _GALLON_M3 * 1e6 / 24,
        "ft3/s": _FOOT3_M3 * 3600,
        "cfs": _FOOT3_M3 * 3600,
        "acre-ft/d": _ACRE_FOOT_M3 / 24,
    },
    "level": _LENGTHS,
    "volume": _VOLUMES,
    "counter": _VOLUMES,
    "temperature": {"°C": 1.0},
    "chlorine": _CONCENTRATIONS,
    "turbidity": {"NTU": 1.0, "FNU": 1.0, "FTU": 1.0},
    "conductivity": {"µS/cm": 1.0, "mS/cm": 1000.0, "mS/m": 10.0, "S/m": 1e4},
    "ph": {"": 1.0, "pH": 1.0},
    "power": {"kW": 1.0, "W": 0.001, "MW": 1000.0, "hp": 0.745699871582},
    "energy": _ENERGIES,
    "voltage": {"V": 1.0, "mV": 0.001, "kV": 1000.0},
    "current": {"A": 1.0, "mA": 0.001, "kA": 1000.0},
    "position": {"%": 1.0, "1": 100.0},
}
# Quantities whose values have no canonical unit: anything is taken as it is.
FREE_QUANTITIES = frozenset({"other", "state"})

# How the same unit is written elsewhere, after `_plain`.
_ALIASES: dict[str, str] = {
    "m3/hr": "m3/h",
    "m3h": "m3/h",
    "cmh": "m3/h",
    "m3/hour": "m3/h",
    "m3/day": "m3/d",
    "cmd": "m3/d",
    "m3/sec": "m3/s",
    "lps": "l/s",
    "ls": "l/s",
    "l/sec": "l/s",
    "lpm": "l/min",
    "lph": "l/h",
    "l/hr": "l/h",
    "l/hour": "l/h",
    "l/day": "l/d",
    "mld": "Ml/d",
    "gal/min": "gpm",
    "mgd": "MGD",
    "litre": "l",
    "liter": "l",
    "litres": "l",
    "liters": "l",
    "gallon": "gal",
    "gallons": "gal",
    "cubic metre": "m3",
    "mwg": "m",
    "mh20": "mH2O",
    "mca": "m",
    "metre": "m",
    "meter": "m",
    "metres": "m",
    "meters": "m",
    "feet": "ft",
    "inch": "in",
    "kgf/sm2": "kgf/cm2",
    "kg/cm2": "kgf/cm2",
    "c": "°C",
    "degc": "°C",
    "deg c": "°C",
    "celsius": "°C",
    "us/cm": "µS/cm",
    "ug/l": "µg/l",
    "percent": "%",
}


def _plain(symbol: str) -> str:
    """One spelling of a symbol: m³ and m^3 are m3, the two micro signs are one, litres are small."""
    text = unicodedata.normalize("NFKC", symbol.strip()).replace("^", "").replace("μ", "µ").replace("µ", "µ")
    text = text.replace("**", "").replace("º", "°").replace("·", "")
    for numerator in ("ML", "GL"):
        if text == numerator or text.startswith(f"{numerator}/"):
            return numerator[0] + "l" + text[2:]
    amount, slash, per = text.partition("/")
    if amount in ("L", "mL", "hL"):
        amount = amount[:-1] + "l"
    return amount + slash + ("l" if per == "L" else per)


def written_unit(symbol: str) -> str:
    """A unit as it is written for people: m³/h."""
    return symbol.replace("m3", "m³").replace("ft3", "ft³").replace("cm2", "cm²")


def unit_of(quantity: str, symbol: str) -> str:
    """The symbol as we write it. Raises ReportedError (`unknown_unit`) with the list of known ones."""
    if quantity in FREE_QUANTITIES:
        return symbol.strip()
    known = FACTORS.get(quantity)
    if known is None:
        raise ReportedError(
            Sentence(
                _("{quantity} is not an observed property; known are {listed}."),
                quantity=repr(quantity),
                listed=", ".join([*FACTORS, *sorted(FREE_QUANTITIES)]),
            ),
            code="unknown_property",
        )
    plain = _plain(symbol)
    folded = plain.casefold()
    for candidate in (plain, _ALIASES.get(folded, "")):
        if candidate in known and (candidate or quantity == "ph"):
            return candidate
    # Where only one unit is written so but for capitals, that one is meant; W and MW differ from w and mw too little.
    matching = [unit for unit in known if unit.casefold() == folded]
    if len(matching) == 1 and folded:
        return matching[0]
    raise ReportedError(
        Sentence(
            _("{symbol} is not a unit of {quantity}; known are {known}."),
            symbol=repr(symbol),
            quantity=quantity,
            known=", ".join(unit for unit in known if unit),
        ),
        code="unknown_unit",
    )


def unit_factor(quantity: str, symbol: str) -> float:
    """What one `symbol` is in the canonical unit of `quantity`; 1 for quantities without one. Raises as `unit_of`."""
    if quantity in FREE_QUANTITIES:
        return 1.0
    return FACTORS[quantity][unit_of(quantity, symbol)]


def conversion(quantity: str, source: str, target: str) -> tuple[float, float]:
    """(factor, offset) by which a value in `source` becomes one in `target`: value * factor + offset.

    Temperatures may come in °F and K, which have another zero. Raises ReportedError (`unknown_unit`).
    """
    if _plain(source) == _plain(target):
        return 1.0, 0.0
    if quantity == "temperature":
        zeros = {
            "°f": (5 / 9, -160 / 9),
            "f": (5 / 9, -160 / 9),
            "degf": (5 / 9, -160 / 9),
            "k": (1.0, -273.15),
        }
        if _plain(source).casefold() in zeros:
            return zeros[_plain(source).casefold()]
    if quantity in FREE_QUANTITIES:
        raise ReportedError(
            Sentence(_("{source} cannot be turned into {target}."), source=repr(source), target=repr(target)),
            code="unknown_unit",
        )
    ratio = unit_factor(quantity, source) / unit_factor(quantity, target)
    return ratio, 0.0
