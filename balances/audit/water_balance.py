"""The water balance of an audit (IWA; AWWA manual M36): losses, UARL, infrastructure leakage index, 95 % limits.

    authorized A  = billed metered + billed unmetered + unbilled metered + unbilled unmetered
    water losses  = supplied - A
    apparent      = unauthorized + customer-meter inaccuracy + data-handling errors
    real          = water losses - apparent
    NRW           = water losses + unbilled metered + unbilled unmetered

Sources: Lambert and Hirner, *Losses from Water Supply Systems*, IWA Blue Pages (2000); AWWA manual M36, 4th edition;
limits: Thornton, *Water Loss Control* (2008), chapter 7. Nothing is clamped: what cannot be is named in `flags`.
"""

import math
from dataclasses import dataclass, field
from decimal import Decimal

# What one of each unit is in m3, km and metres of water (NIST SP 811; water of 1,000 kg/m3, g = 9.80665 m/s2).
GALLON_M3 = Decimal("0.003785411784")
VOLUME_UNITS_M3 = {
    "m3": Decimal(1),
    "ML": Decimal(1000),
    "MG": GALLON_M3 * 10**6,
    "AF": Decimal("1233.48183754752"),
}
# The AWWA's program takes an acre-foot for so many gallons where it reckons a day's loss of a connection, and for so
# many in UARL (exactly: 325,851.42857). So do figures in gallons here, which then agree with its printed digits.
_AF_GALLONS, _AF_GALLONS_IN_UARL = 325_851.0, 325_851.427242
MILE_KM = 1.609344
LENGTH_UNITS_KM = {"km": 1.0, "mi": MILE_KM}
PSI_M = 6894.757293168 / 9806.65
PRESSURE_UNITS_M = {"m": 1.0, "kPa": 1000 / 9806.65, "psi": PSI_M}
UARL_FORMS = ("iwa", "awwa")

VOLUMES = (
    "water_supplied",
    "billed_metered",
    "billed_unmetered",
    "unbilled_metered",
    "unbilled_unmetered",
    "unauthorized",
    "customer_meter_inaccuracy",
    "data_handling_errors",
)
# Many suppliers have none of these and leave the cell blank; the others a supplier without knowledge leaves blank.
BLANK_IS_NONE = ("billed_unmetered", "unbilled_metered", "private_pipe_length")
_AUTHORIZED = VOLUMES[1:5]
_APPARENT = VOLUMES[5:]
# The volumes that each result is a sum of, up to their signs: in NRW unbilled consumption cancels.
_TERMS = {
    "water_supplied": ("water_supplied",),
    "authorized": _AUTHORIZED,
    "water_losses": ("water_supplied", *_AUTHORIZED),
    "real_losses": ("water_supplied", *_AUTHORIZED, *_APPARENT),
    "nrw": ("water_supplied", "billed_metered", "billed_unmetered"),
}
YEAR_DAYS = 365
# A year counts as 365 days, a leap year too. Spans about a year are slips in the dates of a year's audit.
_ABOUT_A_YEAR = range(350, 401)
# Below this UARL is not defined: 32 * mains (miles) + connections.
SMALL_SYSTEM = 3000
_PRESSURES_M = (5.0, 150.0)
_LOW_PRESSURE_PSI = 35.0
_HIGH_ILI = 20.0


@dataclass(frozen=True)
class AuditInput:
    """An audit as it is stated: volumes in `volume_unit` over `days`, lengths and pressure in their units; None: blank.

    `limits` are 95 % limits in percent of the volume of that name.
    """

    audit_id: str
    volumes: dict[str, Decimal | None]
    volume_unit: str = "m3"
    days: float | None = YEAR_DAYS
    mains_length: float | None = None
    connections: float | None = None
    private_pipe_length: float | None = None
    length_unit: str = "km"
    average_pressure: float | None = None
    pressure_unit: str = "m"
    uarl_form: str = "iwa"
    hours_per_day: float | None = None
    limits: dict[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditResult:
    """What an audit comes to. Volumes in the audit's unit over its days; None where not known or not defined."""

    audit_id: str
    authorized: float | None
    apparent_losses: float | None
    water_losses: float | None
    real_losses: float | None
    nrw: float | None
    nrw_percent: float | None
    uarl: float | None
    ili: float | None
    real_losses_l_conn_day: float | None
    real_losses_gal_conn_day: float | None
    apparent_losses_gal_conn_day: float | None
    limits95: dict[str, float | None]
    flags: list[str]


def uarl_m3_day(
    *, mains_km: float, connections: float, private_pipe_km: float, pressure_m: float, form: str
) -> float:
    """Unavoidable annual real losses, m3 a day, by the form `iwa` or `awwa`, whatever the system's size.

    IWA: (18 Lm + 0.8 Nc + 25 Lp) P litres with km and metres; AWWA: (5.41 Lm + 0.15 Nc + 7.5 Lp) P gallons with miles
    and psi (Lambert et al., AQUA 48, 1999; AWWA M36). Rounded coefficients make them differ by about 0.8 %.
    """
    if form == "awwa":
        miles, private_miles = mains_km / MILE_KM, private_pipe_km / MILE_KM
        gallons = (5.41 * miles + 0.15 * connections + 7.5 * private_miles) * pressure_m / PSI_M
        return gallons * float(GALLON_M3)
    return (18 * mains_km + 0.8 * connections + 25 * private_pipe_km) * pressure_m / 1000


def water_balance(given: AuditInput) -> AuditResult:
    """The balance of an audit. Never raises: what is unknown or not defined is None, what is odd is flagged."""
    volumes = {
        name: Decimal(0) if value is None and name in BLANK_IS_NONE else value
        for name, value in given.volumes.items()
    }
    supplied = volumes["water_supplied"]
    authorized = _sum(volumes, _AUTHORIZED)
    apparent = _sum(volumes, _APPARENT)
    losses = None if supplied is None or authorized is None else supplied - authorized
    real = None if losses is None or apparent is None else losses - apparent
    unbilled = _sum(volumes, ("unbilled_metered", "unbilled_unmetered"))
    nrw = _nrw(volumes, losses, unbilled)
    results = {
        "water_supplied": supplied,
        "authorized": authorized,
        "water_losses": losses,
        "real_losses": real,
        "nrw": nrw,
    }
    period_days = counted_days(given.days)
    uarl = _uarl(given, period_days)
    ili = float(real) / uarl if real is not None and uarl else None
    hours = 24.0 if given.hours_per_day is None else given.hours_per_day
    unit_m3 = float(VOLUME_UNITS_M3[given.volume_unit])
    gallons = _AF_GALLONS if given.volume_unit == "AF" else unit_m3 / float(GALLON_M3)
    real_litres = _per_connection_day(given, real, 1000 * unit_m3, period_days)
    return AuditResult(
        audit_id=given.audit_id,
        authorized=_number(authorized),
        apparent_losses=_number(apparent),
        water_losses=_number(losses),
        real_losses=_number(real),
        nrw=_number(nrw),
        nrw_percent=_number(100 * nrw / supplied) if nrw is not None and supplied else None,
        uarl=uarl,
        ili=ili,
        real_losses_l_conn_day=real_litres * 24 / hours
        if real_litres is not None and 0 < hours <= 24
        else None,
        real_losses_gal_conn_day=_per_connection_day(given, real, gallons, period_days),
        apparent_losses_gal_conn_day=_per_connection_day(given, apparent, gallons, period_days),
        limits95={name: _limit_percent(given, volumes, name, results[name]) for name in _TERMS},
        flags=[*given.flags, *_input_flags(given), *_result_flags(results, apparent, ili)],
    )


def counted_days(days: float | None) -> float | None:
    """The days that figures per day divide by; None where they are not known or not a span."""
    if days is None or days <= 0:
        return None
    return YEAR_DAYS if _ABOUT_A_YEAR.start <= days < _ABOUT_A_YEAR.stop else days


def _sum(volumes: dict[str, Decimal | None], names: tuple[str, ...]) -> Decimal | None:
    known = [value for name in names if (value := volumes[name]) is not None]
    return sum(known, Decimal(0)) if len(known) == len(names) else None


def _nrw(
    volumes: dict[str, Decimal | None], losses: Decimal | None, unbilled: Decimal | None
) -> Decimal | None:
    """WL + UM + UU; as that is S - BM - BU, it is known where unbilled consumption is not."""
    if losses is not None and unbilled is not None:
        return losses + unbilled
    supplied, billed = volumes["water_supplied"], _sum(volumes, ("billed_metered", "billed_unmetered"))
    return None if supplied is None or billed is None else supplied - billed


def _uarl(given: AuditInput, period_days: float | None) -> float | None:
    """UARL over the audit's days in its unit; None for small systems and where a figure is missing or below zero."""
    mains, connections, pressure = given.mains_length, given.connections, given.average_pressure
    private = given.private_pipe_length or 0.0
    if mains is None or connections is None or pressure is None or period_days is None:
        return None
    if mains < 0 or connections < 0 or private < 0 or pressure <= 0 or _is_small(given):
        return None
    unit_km = LENGTH_UNITS_KM[given.length_unit]
    daily_m3 = uarl_m3_day(
        mains_km=mains * unit_km,
        connections=connections,
        private_pipe_km=private * unit_km,
        pressure_m=pressure * PRESSURE_UNITS_M[given.pressure_unit],
        form=given.uarl_form,
    )
    if given.volume_unit == "AF" and given.uarl_form == "awwa":
        return daily_m3 / float(GALLON_M3) / _AF_GALLONS_IN_UARL * period_days
    return daily_m3 * period_days / float(VOLUME_UNITS_M3[given.volume_unit])


def _is_small(given: AuditInput) -> bool:
    if given.mains_length is None or given.connections is None:
        return False
    # Miles stay as they were stated: a system that is exactly at the limit is not small.
    factor = 1.0 if given.length_unit == "mi" else LENGTH_UNITS_KM[given.length_unit] / MILE_KM
    return 32 * given.mains_length * factor + given.connections < SMALL_SYSTEM


def _per_connection_day(
    given: AuditInput, volume: Decimal | None, unit: float, period_days: float | None
) -> float | None:
    """A volume times `unit`, which is what one of its unit is in the wanted one, by connection and day."""
    if volume is None or not given.connections or given.connections < 0 or period_days is None:
        return None
    return float(volume) * unit / period_days / given.connections


def _limit_percent(
    given: AuditInput, volumes: dict[str, Decimal | None], name: str, value: Decimal | None
) -> float | None:
    """1.96 sqrt(sum of variances) in percent of the value; a term without a stated limit adds none.

    None where no term of it has a limit, or the value is zero or unknown. Variance of V with limit c: (V c / 1.96)^2.
    """
    stated = [term for term in _TERMS[name] if term in given.limits]
    if not stated or not value:
        return None
    variance = sum((float(volumes[term] or 0) * given.limits[term] / 100 / 1.96) ** 2 for term in stated)
    return 100 * 1.96 * math.sqrt(variance) / abs(float(value))


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _input_flags(given: AuditInput) -> list[str]:
    quantities: dict[str, Decimal | float | None] = {
        **given.volumes,
        "days": given.days,
        "mains_length": given.mains_length,
        "connections": given.connections,
        "private_pipe_length": given.private_pipe_length,
        "average_pressure": given.average_pressure,
    }
    flags = []
    for name, value in quantities.items():
        if value is None:
            flags.append(f"blank_{name}_is_none" if name in BLANK_IS_NONE else f"missing_{name}")
        elif value < 0:
            flags.append(f"negative_{name}")
        elif value == 0 and name in (
            "water_supplied",
            "days",
            "mains_length",
            "connections",
            "average_pressure",
        ):
            flags.append(f"zero_{name}")
    if given.days is not None and given.days not in (365, 366):
        flags.append("days_not_a_year")
    if _is_small(given):
        flags.append("small_system")
    if given.hours_per_day is not None and not 0 < given.hours_per_day <= 24:
        flags.append("implausible_hours_per_day")
    return flags + _pressure_flags(given)


def _pressure_flags(given: AuditInput) -> list[str]:
    if given.average_pressure is None or given.average_pressure <= 0:
        return []
    metres = given.average_pressure * PRESSURE_UNITS_M[given.pressure_unit]
    low, high = _PRESSURES_M
    if not low <= metres <= high:
        return ["implausible_average_pressure"]
    # The coefficients of UARL are not proven below it; the AWWA's own program shows none there.
    return ["low_pressure"] if metres < _LOW_PRESSURE_PSI * PSI_M else []


def _result_flags(
    results: dict[str, Decimal | None], apparent: Decimal | None, ili: float | None
) -> list[str]:
    flags = [
        f"negative_{name}"
        for name, value in (*results.items(), ("apparent_losses", apparent))
        if value is not None and value < 0 and name not in ("water_supplied", "authorized")
    ]
    supplied, nrw = results["water_supplied"], results["nrw"]
    if supplied is not None and nrw is not None and nrw > supplied:
        flags.append("nrw_above_supplied")
    if ili is not None and ili < 1:
        flags.append("ili_below_1")
    if ili is not None and ili > _HIGH_ILI:
        flags.append("ili_implausibly_high")
    return flags
