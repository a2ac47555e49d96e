"""Numbers for people: thousands apart, units outside, a dash for what is not known."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

register = template.Library()
DASH = "–"


@register.filter
def figure(value: Any, decimals: int = 0) -> str:
    """A number with `decimals` places and its thousands apart, in the reader's language; a dash for None."""
    if value is None or value == "":
        return DASH
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = number_format(abs(exact), decimals, use_l10n=True, force_grouping=True)
    # A true minus sign is as wide as a digit.
    return f"−{text}" if exact < 0 else text


@register.filter
def share(part: Any, decimals: int = 1) -> str:
    """A share (0.128) in percent: 12.8 %."""
    return DASH if part is None else f"{figure(Decimal(str(part)) * 100, decimals)} %"


@register.filter
def distance(metres: float) -> str:
    """A distance as one says it: 7.4 m, 120 m, 2.8 km."""
    if metres >= 1000:
        return f"{figure(metres / 1000, 1)} km"
    return f"{figure(metres, 1 if metres < 10 else 0)} m"


@register.filter
def month_name(day: date | None) -> str:
    """January 2026, in the reader's language."""
    return DASH if day is None else date_format(day, "F Y")


@register.filter
def translated(words: Any) -> str:
    """A word of the models (see model_words.py) in the reader's language."""
    return gettext(str(words)) if words else ""


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of static/frontend_map/icons.svg, hidden from screen readers: the label stands beside it."""
    address = static("frontend_map/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', address, name)
