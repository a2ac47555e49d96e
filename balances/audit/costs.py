"""What a zone's losses are worth: real losses at what water costs to make, apparent ones at what it sells for (M36)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from balances.audit.selectors.zone_audits import ZoneAudit


@dataclass(frozen=True)
class LossCosts:
    """Money, two decimals; None where the volume or its price is unknown."""

    real: Decimal | None
    apparent: Decimal | None

    @property
    def total(self) -> Decimal | None:
        return None if self.real is None or self.apparent is None else self.real + self.apparent


def loss_costs(audit: ZoneAudit, production_cost: Decimal | None, tariff: Decimal | None) -> LossCosts:
    """The costs of an audit's losses; prices are by m3."""
    return LossCosts(
        _worth(audit.result.real_losses, production_cost), _worth(audit.result.apparent_losses, tariff)
    )


def _worth(volume_m3: float | None, price: Decimal | None) -> Decimal | None:
    if volume_m3 is None or price is None:
        return None
    return (round(Decimal(volume_m3), 3) * price).quantize(Decimal("0.01"), ROUND_HALF_UP)
