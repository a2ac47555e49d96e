"""What the registers do not say and is stated when losses are asked for; and a single part with its loss."""

from dataclasses import dataclass, field

COVERAGE_GATE = 0.75


@dataclass(frozen=True)
class HeatNorm:
    """What a metre of insulated pipe may lose, W/m: of a circuit (supply, return), up to a diameter in metres."""

    circuit: str
    up_to_m: float
    watts_m: float


@dataclass(frozen=True)
class LossSettings:
    """What the registers do not say; None is not known.

    `ageing` is the share of the condition factor that a main gains a year. `standard_percent` is the norm of a
    network's losses, percent of what it received. `air_kpa` is the pressure of the air; without it that of the standard
    atmosphere at the meter's elevation counts. `gas_temperature_c` counts where no temperature is measured;
    `gas_leakage_m3_km_day` is what sound gas pipes leak, at standard conditions. `consumed_kwh` is one unit of the
    consumption of heat as billed.
    """

    condition_factor: float = 1.0
    ageing: float = 0.0
    power_factor: float = 0.92
    standard_percent: float | None = None
    air_kpa: float | None = None
    gas_temperature_c: float | None = None
    compressibility: float = 1.0
    gas_leakage_m3_km_day: float | None = None
    cold_water_c: float = 8.0
    heat_norms: tuple[HeatNorm, ...] = ()
    consumed_kwh: float = 1.0


@dataclass(frozen=True)
class PartLoss:
    """A main, line or transformer in a zone: its loss over the period; None with the reason why it is unknown."""

    kind: str
    code: str
    zone_id: int | None
    loss: float | None
    reason: str = ""
    facts: dict[str, float | None] = field(default_factory=dict)
