"""Technical losses of electricity, gas and heat, against worked figures."""

import pytest

from balances.technical_losses.deviation import loss_parts
from balances.technical_losses.electricity import (
    HOURS_A_YEAR,
    current_a,
    line_loss_kw,
    line_loss_kwh,
    loss_factor,
    loss_hours,
    resistance_ohm_km,
    transformer_loss_kwh,
    utilisation_hours,
)
from balances.technical_losses.gas import line_pack_change_m3, pipe_volume_m3, standard_m3
from balances.technical_losses.heat import enthalpy_kj_kg, heat_kw, standard_loss_kw

RESISTANCE_OHM = 4.2 * 0.422


def test_a_line_by_its_greatest_load() -> None:
    greatest = current_a(1500, 10, 0.92)
    assert f"{greatest:.4f}" == "94.1332"
    assert f"{line_loss_kw(greatest, RESISTANCE_OHM):.4f}" == "47.1160"
    utilisation = utilisation_hours(5_256_000, 1500)
    hours = loss_hours(utilisation)
    assert (utilisation, f"{hours:.3f}") == (3504, "1971.485")
    lost = line_loss_kw(greatest, RESISTANCE_OHM) * hours
    assert f"{lost:.1f}" == "92888.5"
    assert f"{100 * lost / 5_256_000:.5f}" == "1.76729"


def test_a_feeder_by_its_loss_factor() -> None:
    factor = loss_factor(5_256_000 / 1500 / HOURS_A_YEAR)
    assert factor == pytest.approx(0.196)
    lost = line_loss_kw(current_a(1500, 10, 0.92), RESISTANCE_OHM) * factor * HOURS_A_YEAR
    assert f"{lost:.1f}" == "80896.3"


def test_hourly_currents_weigh_by_their_squares() -> None:
    assert line_loss_kwh([10, 20, 0], 2.0) == pytest.approx(3 * 2 * (100 + 400) / 1000)
    assert line_loss_kwh([94.1332] * 3, RESISTANCE_OHM) == pytest.approx(3 * 47.1160, rel=1e-5)
    # A quarter of an hour of each.
    assert line_loss_kwh([40.0] * 4, 1.0, hours=0.25) == pytest.approx(line_loss_kwh([40.0], 1.0))


def test_tau_of_a_part_of_a_year() -> None:
    assert loss_hours(3504 / 4, period_hours=HOURS_A_YEAR / 4) == pytest.approx(loss_hours(3504) / 4)


def test_a_transformer() -> None:
    empty, loaded = transformer_loss_kwh(
        no_load_kw=0.95,
        load_loss_kw=5.5,
        greatest_kva=310,
        rated_kva=400,
        hours=8760,
        loss_h=loss_hours(3504),
    )
    assert f"{empty:.0f}" == "8322"
    assert f"{loaded:.3f}" == "6512.677"
    assert f"{empty + loaded:.3f}" == "14834.677"


@pytest.mark.parametrize(
    ("conductor", "ohm_km"),
    [
        ("AS-70", 0.4218),
        ("АС-70/11", 0.4218),
        ("AS-120", 0.2440),
        ("AAShv-240", 29.4 / 240),
        ("SIP-2 3x70", 29.4 / 70),
        ("SIP-2 3x50+1x54.6", 29.4 / 50),
        ("VVG 4x16", 18.4 / 16),
        ("wire", None),
        ("", None),
    ],
)
def test_resistance_by_the_conductors_mark(conductor: str, ohm_km: float | None) -> None:
    assert resistance_ohm_km(conductor) == (None if ohm_km is None else pytest.approx(ohm_km))


def test_gas_at_standard_conditions() -> None:
    volume = standard_m3(12_480, absolute_kpa=300 + 95.2, temperature_c=8, compressibility=0.9935)
    assert f"{volume:.3f}" == "51085.641"
    assert standard_m3(1, absolute_kpa=101.325, temperature_c=20) == pytest.approx(1)


def test_line_pack() -> None:
    room = pipe_volume_m3(6_300, 0.3)
    assert f"{room:.4f}" == "445.3208"
    packed = line_pack_change_m3(
        room, from_absolute_kpa=395.2, to_absolute_kpa=380.2, temperature_c=8, compressibility=0.9935
    )
    assert f"{packed:.3f}" == "-69.188"


def test_heat_of_two_pipes() -> None:
    supply, back, cold = enthalpy_kj_kg(95, 0.7), enthalpy_kj_kg(61, 0.45), 33.9199
    assert (f"{supply:.4f}", f"{back:.4f}") == ("398.4878", "255.6978")
    heat = heat_kw(supply_t_h=48.6, return_t_h=47.7, supply_kj_kg=supply, return_kj_kg=back, cold_kj_kg=cold)
    assert f"{heat:.3f}" == "1983.110"


@pytest.mark.parametrize(
    ("kelvin", "mpa", "kj_kg"), [(300, 3, 115.331273), (300, 80, 184.142828), (500, 3, 975.542239)]
)
def test_enthalpy_at_the_points_of_its_standard(kelvin: float, mpa: float, kj_kg: float) -> None:
    assert enthalpy_kj_kg(kelvin - 273.15, mpa) == pytest.approx(kj_kg, abs=1e-6)


def test_cold_water() -> None:
    assert f"{enthalpy_kj_kg(8, 0.3):.4f}" == "33.9199"


def test_standard_loss_of_heat_pipes() -> None:
    assert f"{standard_loss_kw([(58, 1250), (42, 1250)]):.2f}" == "143.75"


def test_commercial_loss_is_what_technical_loss_leaves() -> None:
    parts = loss_parts(1000.0, 1200.0)
    assert (parts.commercial, parts.deviation, parts.deviation_percent) == (-200, 200, 20)
    assert loss_parts(None, 5.0).commercial is None
    assert loss_parts(0.0, 5.0).deviation_percent is None
