"""Commercial loss = actual - technical, and how far what was calculated is from what was found (R82, R83)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LossParts:
    """A loss by its parts, all in one unit; None where unknown. `deviation` is calculated less actual."""

    actual: float | None
    technical: float | None
    commercial: float | None
    deviation: float | None
    deviation_percent: float | None


def loss_parts(actual: float | None, technical: float | None) -> LossParts:
    """The parts of an actual loss; commercial loss is never clamped. Percent is of the actual loss."""
    if actual is None or technical is None:
        return LossParts(actual, technical, None, None, None)
    deviation = technical - actual
    return LossParts(
        actual, technical, actual - technical, deviation, 100 * deviation / abs(actual) if actual else None
    )
