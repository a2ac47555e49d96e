"""Numbers for people: thousands apart, in the reader's language, a dash for what is not known."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.formats import number_format

DASH = "–"


def figure(value: Any, decimals: int = 0) -> str:
    """A number with `decimals` places and its thousands apart, in the reader's language; a dash for None."""
    if value is None or value == "":
        return DASH
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = number_format(abs(exact), decimals, use_l10n=True, force_grouping=True)
    # A true minus sign is as wide as a digit.
    return f"−{text}" if exact < 0 else text
