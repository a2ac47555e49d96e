"""Lines of bills in words: the explanation of each, from what was kept with it."""

from typing import Any

from billing.models import InvoiceLine
from billing.pricing.selectors.explanations import explanation_of


def explained(line: InvoiceLine) -> str:
    """The whole computation of a line in the active language; what a correction takes back is explained as it was."""
    inputs: dict[str, Any] = line.inputs or _of_two_readings(line)
    sign = -1 if line.is_reversal else 1
    return explanation_of(
        {
            **inputs,
            "kind": line.kind,
            "line_from": line.consumption_from,
            "line_to": line.consumption_to,
            "quantity": None if line.quantity is None else sign * line.quantity,
            "price": _shown(line.price),
            "coefficient": line.coefficient.normalize(),
            "share_percent": _shown(line.share_percent),
            "vat_percent": _shown(line.vat_percent),
            "vat_included": line.vat_included,
        }
    )


def _shown(number: Any) -> Any:
    return None if number is None else number.normalize()


def _of_two_readings(line: InvoiceLine) -> dict[str, Any]:
    """What is known of a line from before inputs were kept: water between two readings at one price."""
    previous, current, tariff = line.previous_reading, line.current_reading, line.tariff
    assert previous is not None
    assert current is not None
    assert tariff is not None
    meter = current.installation.meter
    whole = current.index_m3 - previous.index_m3
    if whole < 0:
        whole += 10**meter.digits
    quantity = line.quantity or 0
    return {
        "unit": "m3",
        "basis": "meter",
        "rule": "shared",
        "days": line.days,
        "piece_quantity": abs(quantity),
        "tariff_from": tariff.validity.lower,
        "readings": [
            {
                "meter": meter.serial,
                "pair_from": previous.read_on,
                "pair_to": current.read_on,
                "pair_days": (current.read_on - previous.read_on).days,
                "previous": previous.index_m3,
                "current": current.index_m3,
                "quantity": whole,
                "factor": 1,
                "multiplier": 1,
            }
        ],
    }
