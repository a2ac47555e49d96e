"""Heat of water in two pipes, and what well-kept pipes lose.

Q = G1 (h1 - h2) + (G1 - G2) (h2 - h_cold): rules for commercial metering of heat of open systems. Enthalpy of liquid
water: IAPWS-IF97, region 1 (Revised Release on the Industrial Formulation 1997, table 2).
"""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

# One figure, or many at once.
Figures = TypeVar("Figures", float, NDArray[np.float64])

_R_KJ_KG_K = 0.461526
_PRESSURE_MPA, _TEMPERATURE_K = 16.53, 1386.0
_ZERO_CELSIUS_K = 273.15
# Exponents of pressure and temperature, and coefficient, of each term of the dimensionless Gibbs energy.
_TERMS = (
    (0, -2, 0.14632971213167), (0, -1, -0.84548187169114), (0, 0, -3.756360367204), (0, 1, 3.3855169168385),
    (0, 2, -0.95791963387872), (0, 3, 0.15772038513228), (0, 4, -0.016616417199501), (0, 5, 0.81214629983568e-3),
    (1, -9, 0.28319080123804e-3), (1, -7, -0.60706301565874e-3), (1, -1, -0.018990068218419),
    (1, 0, -0.032529748770505), (1, 1, -0.021841717175414), (1, 3, -0.5283835796993e-4), (2, -3, -0.47184321073267e-3),
    (2, 0, -0.30001780793026e-3), (2, 1, 0.47661393906987e-4), (2, 3, -0.44141845330846e-5),
    (2, 17, -0.72694996297594e-15), (3, -4, -0.31679644845054e-4), (3, 0, -0.28270797985312e-5),
    (3, 6, -0.85205128120103e-9), (4, -5, -0.22425281908e-5), (4, -2, -0.65171222895601e-6),
    (4, 10, -0.14341729937924e-12), (5, -8, -0.40516996860117e-6), (8, -11, -0.12734301741641e-8),
    (8, -6, -0.17424871230634e-9), (21, -29, -0.68762131295531e-18), (23, -31, 0.14478307828521e-19),
    (29, -38, 0.26335781662795e-22), (30, -39, -0.11947622640071e-22), (31, -40, 0.18228094581404e-23),
    (32, -41, -0.93537087292458e-25),
)  # fmt: skip
# Fittings, supports and chambers lose besides the pipes.
LOCAL_LOSSES = 1.15


def enthalpy_kj_kg(temperature_c: Figures, pressure_mpa: Figures) -> Figures:
    """Specific enthalpy of liquid water, 0 to 350 °C, at an absolute pressure up to 100 MPa that keeps it liquid."""
    pressure = 7.1 - pressure_mpa / _PRESSURE_MPA
    inverse = _TEMPERATURE_K / (temperature_c + _ZERO_CELSIUS_K)
    slope: Figures = sum(  # type: ignore[assignment]  # sum() begins with an int
        factor * pressure**i * j * (inverse - 1.222) ** (j - 1) for i, j, factor in _TERMS
    )
    return _R_KJ_KG_K * _TEMPERATURE_K * slope


def density_kg_m3(temperature_c: Figures, pressure_mpa: Figures) -> Figures:
    """Density of liquid water, by the same release: what a meter's cubic metre weighs."""
    pressure = 7.1 - pressure_mpa / _PRESSURE_MPA
    temperature_k = temperature_c + _ZERO_CELSIUS_K
    inverse = _TEMPERATURE_K / temperature_k
    slope = sum(-factor * i * pressure ** (i - 1) * (inverse - 1.222) ** j for i, j, factor in _TERMS if i)
    return 1000 * _PRESSURE_MPA / (_R_KJ_KG_K * temperature_k * slope)


def heat_kw(
    *,
    supply_t_h: float,
    return_t_h: float,
    supply_kj_kg: float,
    return_kj_kg: float,
    cold_kj_kg: float,
) -> float:
    """Heat that was delivered through two pipes, water that did not come back counted from the cold source on."""
    kj_h = supply_t_h * (supply_kj_kg - return_kj_kg) + (supply_t_h - return_t_h) * (
        return_kj_kg - cold_kj_kg
    )
    return kj_h * 1000 / 3600


def standard_loss_kw(pipes: Iterable[tuple[float, float]], *, local: float = LOCAL_LOSSES) -> float:
    """Standard loss of pipes, each with its norm in W/m and its length in m; `local`: what fittings add."""
    return local * sum(watts_m * length_m for watts_m, length_m in pipes) / 1000
