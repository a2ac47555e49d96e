"""Gas at standard conditions, and what is stored in the pipes themselves.

V0 = V (p_g + p_bar) / 101.325 * 293.15 / T * 1 / K   (GOST 2939: 20 °C, 101.325 kPa; K: relative compressibility)
p_bar where none is stated: 101.325 (1 - 2.25577e-5 h)^5.25588   (ISO 2533, standard atmosphere, h in m)
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

# One figure, or many at once.
Figures = TypeVar("Figures", float, NDArray[np.float64])

STANDARD_PRESSURE_KPA = 101.325
STANDARD_TEMPERATURE_K = 293.15
_ZERO_CELSIUS_K = 273.15


def standard_m3(
    volume_m3: Figures, *, absolute_kpa: Figures, temperature_c: Figures, compressibility: float = 1.0
) -> Figures:
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


def standard_atmosphere_kpa(elevation_m: float) -> float:
    """The pressure of the standard atmosphere at an elevation above the sea, up to 11 km."""
    return float(STANDARD_PRESSURE_KPA * (1 - 2.25577e-5 * elevation_m) ** 5.25588)


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
