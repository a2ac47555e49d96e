"""Audits' figures: worked examples to the printed digits, real audits, units, and what is odd or unknown."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balances.audit.water_balance import (
    LENGTH_UNITS_KM,
    PRESSURE_UNITS_M,
    PSI_M,
    VOLUME_UNITS_M3,
    VOLUMES,
    AuditInput,
    uarl_m3_day,
    water_balance,
)

GALLON_M3 = 0.003785411784


def audit(*volumes: str, **rest: object) -> AuditInput:
    """Volumes in the order of VOLUMES, acre-feet, miles and psi unless told otherwise."""
    stated = {name: Decimal(text) if text else None for name, text in zip(VOLUMES, volumes, strict=True)}
    units = {"volume_unit": "AF", "length_unit": "mi", "pressure_unit": "psi", "uarl_form": "awwa"}
    return AuditInput("A", stated, **{"private_pipe_length": 0.0, **units, **rest})  # type: ignore[arg-type]


# City of Brea 2016, as the AWWA's program printed it.
BREA = audit(
    *("8901.9", "8226.517", "0", "208.933", "22.25475", "22.25475", "85.2065656565665", "20.5662925"),
    days=366.0,
    mains_length=215.1,
    connections=13425.0,
    average_pressure=75.0,
)


def test_worked_example_1_to_the_printed_digits() -> None:
    result = water_balance(BREA)
    assert result.authorized == 8457.70475
    assert f"{result.apparent_losses:.8f}" == "128.02760816"
    assert result.water_losses == 444.19525
    assert f"{result.real_losses:.8f}" == "316.16764184"
    assert result.nrw == 675.383
    assert f"{result.nrw_percent:.5f}" == "7.58695"
    assert f"{result.uarl:.8f}" == "266.93897925"
    assert f"{result.ili:.8f}" == "1.18441916"
    assert f"{result.real_losses_gal_conn_day:.8f}" == "21.02467636"
    assert f"{result.apparent_losses_gal_conn_day:.8f}" == "8.51364489"
    assert result.flags == []
    assert result.limits95 == dict.fromkeys(
        ("water_supplied", "authorized", "water_losses", "real_losses", "nrw")
    )


def test_worked_example_2_from_the_printed_variances() -> None:
    limits = {
        "water_supplied": 100 * 1.96 * 38910.3**0.5 / 29032.56,
        "billed_metered": 100 * 1.96 * 20237.7**0.5 / 24778.64,
    }
    given = audit("29032.56", "24778.64", "", "", "0", "0", "0", "0", volume_unit="MG", limits=limits)
    result = water_balance(given)
    assert result.nrw == 4253.92
    assert {name: None if limit is None else round(limit, 1) for name, limit in result.limits95.items()} == {
        "water_supplied": 1.3,
        "authorized": 1.1,
        "water_losses": 11.2,
        "real_losses": 11.2,
        "nrw": 11.2,
    }


@pytest.mark.parametrize(("feet", "million_gallons"), [(100, 1.43), (20, 0.97)])
def test_worked_example_3_which_a_book_reads_off_a_chart(feet: int, million_gallons: float) -> None:
    daily = uarl_m3_day(
        mains_km=600 * 1.609344,
        connections=60_000,
        private_pipe_km=60_000 * feet * 0.0003048,
        pressure_m=70 * PSI_M,
        form="awwa",
    )
    assert daily / GALLON_M3 / 1e6 == pytest.approx(million_gallons, rel=0.02)


# Audits of 2016 and 2017: volumes, miles, connections, psi, days; then real losses, NRW, gallons a connection and day
# (real, apparent), UARL and ILI as published.
REAL = {
    "leap year, no blanks": (
        ("4359.06", "4002.555", "0", "2.261", "10.89765", "10.89765", "60.9870456852791", "10.0063875"),
        (177.91, 8632, 91, 366),
        (261.455266814722, 356.505, 27.0403405445312, 8.46937529263727, 230.092563813807, 1.13630472224341),
    ),
    "index below one": (
        *(
            (
                *("384.9919807825", "291.0349103669", "", "", "9.20666355"),
                *("0.96247995195625", "2.93974656936262", "0.72758727591725"),
            ),
            (70.9848484848485, 3258, 100, 366),
        ),
        (80.1205930683639, 93.9570704156, 21.9542797144906, 1.26864047353969, None, 0.819579993150612),
    ),
    "lost less than nothing": (
        ("5233.6", "5287", "0", "25.47", "13.084", "13.084", "4.78552997697898", "13.2175"),
        (184.409090909091, 11880, 82, 365),
        (
            *(-123.041029976979, -53.4, -9.24612394701085, 2.33608685139721),
            *(255.315805844335, -0.481917010856727),
        ),
    ),
    "too small for UARL": (
        ("356.163", "257.702", "", "", "0.8904075", "0.8904075", "5.25922448979594", "0.644255"),
        (7.99, 646, 65, 366),
        (90.7767055102041, 98.461, 125.44925682686, 9.3888412125705, None, None),
    ),
    "395 days, which were a year": (
        (
            *("1997.79728506787", "1751.65", "0", "0", "4.99449321266968"),
            *("4.99449321266968", "35.7479591836734", "4.379125"),
        ),
        (43.0, 4252, 62, 395),
        (
            196.03121445886,
            246.147285067873,
            41.1583701224462,
            9.47364728680511,
            60.4503440930796,
            3.24284695810858,
        ),
    ),
    "a large one": (
        (
            *("102484.279126722", "94158.5613162796", "18.9902780158", "44.0446784232", "181.71191848635"),
            *("256.210697816805", "835.2223794803", "235.396403290699"),
        ),
        (2477.0, 233749, 65, 365),
        (6754.14145492941, 8306.72753242677, 25.7956519277762, 5.06747329429642, None, 1.91413839772624),
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_audits(name: str) -> None:
    volumes, (miles, connections, psi, days), told = REAL[name]
    result = water_balance(
        audit(
            *volumes,
            mains_length=float(miles),
            connections=float(connections),
            average_pressure=float(psi),
            days=float(days),
        )
    )
    got = (
        *(result.real_losses, result.nrw, result.real_losses_gal_conn_day),
        *(result.apparent_losses_gal_conn_day, result.uarl, result.ili),
    )
    for figure, expected in zip(got, told, strict=True):
        if expected is not None:
            assert figure == pytest.approx(expected, rel=5e-4)
    is_small = name == "too small for UARL"
    assert (result.uarl is None, result.ili is None, "small_system" in result.flags) == (is_small,) * 3
    assert ("ili_below_1" in result.flags) == (result.ili is not None and result.ili < 1)
    assert ("negative_real_losses" in result.flags) == (name == "lost less than nothing")
    assert ("days_not_a_year" in result.flags) == (days == 395)


def test_a_month_is_counted_by_its_own_days() -> None:
    result, of_year = water_balance(replace(BREA, days=31.0)), water_balance(BREA)
    assert result.uarl == pytest.approx(266.93897925 * 31 / 365)
    assert of_year.uarl == pytest.approx(266.93897925)
    assert result.real_losses_gal_conn_day == pytest.approx(21.02467636 * 365 / 31)
    assert "days_not_a_year" in result.flags


def test_hours_touch_one_figure_alone() -> None:
    whole, half = water_balance(BREA), water_balance(replace(BREA, hours_per_day=12.0))
    assert half.real_losses_l_conn_day == pytest.approx(2 * (whole.real_losses_l_conn_day or 0))
    assert replace(half, real_losses_l_conn_day=0) == replace(whole, real_losses_l_conn_day=0)
    assert whole.real_losses_l_conn_day == pytest.approx(21.02467636 * 3.785411784, rel=2e-6)
    impossible = water_balance(replace(BREA, hours_per_day=0.0))
    assert impossible.real_losses_l_conn_day is None
    assert impossible.flags == ["implausible_hours_per_day"]


def test_the_two_forms_differ_by_less_than_one_percent() -> None:
    american, metric = water_balance(BREA), water_balance(replace(BREA, uarl_form="iwa"))
    assert metric.uarl is not None
    assert american.uarl is not None
    assert 0.004 < abs(metric.uarl / american.uarl - 1) < 0.012


def test_the_limit_of_small_systems_is_exact() -> None:
    at_it = replace(BREA, mains_length=50.0, connections=1400.0)
    assert water_balance(at_it).uarl is not None
    assert water_balance(replace(at_it, connections=1399.0)).uarl is None


def test_what_is_unknown_is_never_zero() -> None:
    result = water_balance(replace(BREA, volumes={**BREA.volumes, "billed_metered": None}))
    assert (result.authorized, result.water_losses, result.real_losses, result.nrw) == (None,) * 4
    assert (result.ili, result.real_losses_l_conn_day, result.nrw_percent) == (None,) * 3
    assert f"{result.apparent_losses:.8f}" == "128.02760816"
    assert f"{result.uarl:.8f}" == "266.93897925"
    assert "missing_billed_metered" in result.flags
    apart = water_balance(replace(BREA, volumes={**BREA.volumes, "unauthorized": None}))
    assert (apart.real_losses, apart.water_losses) == (None, 444.19525)
    without = water_balance(replace(BREA, volumes={**BREA.volumes, "unbilled_unmetered": None}))
    assert (without.water_losses, without.nrw) == (None, 675.383)


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({"connections": 0.0}, "zero_connections"),
        ({"connections": -1.0}, "negative_connections"),
        ({"mains_length": 0.0}, "zero_mains_length"),
        ({"average_pressure": 0.0}, "zero_average_pressure"),
        ({"average_pressure": 900.0}, "implausible_average_pressure"),
        ({"average_pressure": 30.0}, "low_pressure"),
        ({"days": 0.0}, "zero_days"),
        ({"days": None}, "missing_days"),
        ({"average_pressure": None}, "missing_average_pressure"),
        ({"volumes": dict.fromkeys(VOLUMES, Decimal(0))}, "zero_water_supplied"),
        ({"volumes": {**BREA.volumes, "water_supplied": Decimal(8000)}}, "negative_real_losses"),
        ({"volumes": {**BREA.volumes, "water_supplied": Decimal(8000)}}, "negative_water_losses"),
        ({"volumes": {**BREA.volumes, "water_supplied": Decimal(8400)}}, "ili_below_1"),
        ({"volumes": {**BREA.volumes, "water_supplied": Decimal(99999)}}, "ili_implausibly_high"),
        ({"volumes": {**BREA.volumes, "billed_metered": Decimal(-5000)}}, "nrw_above_supplied"),
        (
            {"volumes": {**BREA.volumes, "customer_meter_inaccuracy": Decimal(-500)}},
            "negative_apparent_losses",
        ),
    ],
)
def test_odd_figures_are_flagged_and_kept(changed: dict[str, object], flag: str) -> None:
    given = replace(BREA, **changed)  # type: ignore[arg-type]
    result = water_balance(given)
    assert flag in result.flags
    supplied, authorized = given.volumes["water_supplied"], result.authorized
    assert supplied is not None
    assert authorized is not None
    assert result.water_losses == pytest.approx(float(supplied) - authorized)


def test_limits_are_of_their_own_terms() -> None:
    limits = {"water_supplied": 3.0, "unbilled_metered": 10.0, "unauthorized": 50.0}
    result = water_balance(replace(BREA, limits=limits))
    supplied, unbilled, unauthorized = 8901.9 * 0.03, 208.933 * 0.1, 22.25475 * 0.5
    assert result.limits95 == {
        "water_supplied": pytest.approx(3.0),
        "authorized": pytest.approx(100 * unbilled / 8457.70475),
        "water_losses": pytest.approx(100 * (supplied**2 + unbilled**2) ** 0.5 / 444.19525),
        "real_losses": pytest.approx(
            100 * (supplied**2 + unbilled**2 + unauthorized**2) ** 0.5 / 316.16764184
        ),
        # Unbilled consumption cancels in it.
        "nrw": pytest.approx(100 * supplied / 675.383),
    }


def test_the_limit_of_a_loss_below_zero_is_above_it() -> None:
    volumes = {**BREA.volumes, "water_supplied": Decimal(8000)}
    limit = water_balance(replace(BREA, volumes=volumes, limits={"water_supplied": 3.0})).limits95["nrw"]
    assert limit == pytest.approx(100 * 240 / 226.517)


# How far the acre-feet of the AWWA's program are from exact ones.
_TOLD_GALLONS = 2e-6
_VOLUME = st.decimals(min_value=0, max_value=10**6, places=3)


@settings(max_examples=60)
@given(
    volumes=st.lists(_VOLUME, min_size=8, max_size=8),
    mains=st.floats(100, 5000),
    connections=st.integers(1, 10**6),
    pressure=st.floats(10, 150),
    units=st.tuples(
        st.sampled_from(list(VOLUME_UNITS_M3)),
        st.sampled_from(list(LENGTH_UNITS_KM)),
        st.sampled_from(list(PRESSURE_UNITS_M)),
    ),
    form=st.sampled_from(["iwa", "awwa"]),
)
def test_unit_changes_commute(
    volumes: list[Decimal],
    mains: float,
    connections: int,
    pressure: float,
    units: tuple[str, str, str],
    form: str,
) -> None:
    volume_unit, length_unit, pressure_unit = units
    metric = AuditInput(
        "A",
        dict(zip(VOLUMES, volumes, strict=True)),
        mains_length=mains,
        connections=float(connections),
        average_pressure=pressure,
        uarl_form=form,
    )
    other = replace(
        metric,
        volumes={
            name: value / VOLUME_UNITS_M3[volume_unit]
            for name, value in metric.volumes.items()
            if value is not None
        },
        volume_unit=volume_unit,
        mains_length=mains / LENGTH_UNITS_KM[length_unit],
        length_unit=length_unit,
        average_pressure=pressure / PRESSURE_UNITS_M[pressure_unit],
        pressure_unit=pressure_unit,
    )
    one, two = water_balance(metric), water_balance(other)
    scale = float(VOLUME_UNITS_M3[volume_unit])
    for name in ("authorized", "apparent_losses", "water_losses", "real_losses", "nrw", "uarl"):
        first, second = getattr(one, name), getattr(two, name)
        assert (first is None) == (second is None)
        if first is not None:
            assert second * scale == pytest.approx(first, rel=_TOLD_GALLONS, abs=1e-6)
    for name in ("ili", "nrw_percent", "real_losses_l_conn_day", "real_losses_gal_conn_day"):
        first, second = getattr(one, name), getattr(two, name)
        if first is not None and second is not None:
            assert second == pytest.approx(first, rel=_TOLD_GALLONS, abs=1e-6)
    assert (one.authorized or 0) + (one.water_losses or 0) == pytest.approx(float(volumes[0]), abs=1e-6)
