"""Gas at standard conditions, and what is stored in the pipes themselves.

V0 = V (p_g + p_bar) / 101.325 * 293.15 / T * 1 / K   (GOST 2939: 20 °C, 101.325 kPa; K: relative compressibility)
"""

import math

STANDARD_PRESSURE_KPA = 101.325
STANDARD_TEMPERATURE_K = 293.15
_ZERO_CELSIUS_K = 273.15


def standard_m3(
    volume_m3: float, *, absolute_kpa: float, temperature_c: float, compressibility: float = 1.0
) -> float:
    """A volume that was measured at a pressure and temperature, at standard conditions."""
    temperature_k = temperature_c + _ZERO_CELSIUS_K
    return (
        volume_m3
        * absolute_kpa
        / STANDARD_PRESSURE_KPA
        * STANDARD_TEMPERATURE_K
        / temperature_k
        / compressibility
    )


def pipe_volume_m3(length_m: float, diameter_m: float) -> float:
    """The room inside a pipe."""
    return math.pi / 4 * diameter_m**2 * length_m


def line_pack_change_m3(
    volume_m3: float,
    *,
    from_absolute_kpa: float,
    to_absolute_kpa: float,
    temperature_c: float,
    compressibility: float = 1.0,
) -> float:
    """Gas that a change of pressure put into pipes, at standard conditions; out of them: negative. It is storage."""
    return standard_m3(
        volume_m3,
        absolute_kpa=to_absolute_kpa - from_absolute_kpa,
        temperature_c=temperature_c,
        compressibility=compressibility,
    )
