"""Numbers for people: thousands apart, units outside, a dash for what is not known."""

from datetime import date, datetime
from decimal import Decimal
from math import floor, isfinite, log10
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from gis_core.figures import DASH, figure
from gis_core.sentences import told
from sensors.series.units import written_unit

register = template.Library()
register.filter("figure", figure)


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


_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
)


@register.filter
def browser_name(agent: str) -> str:
    """A browser's own long name as people know it: Firefox, Windows."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), agent[:40] or DASH)
    system = next((name for mark, name in (*_SYSTEMS, ("Linux", "Linux")) if mark in agent), "")
    return f"{browser}, {system}" if system else browser


@register.filter
def month_name(day: date | None) -> str:
    """January 2026, in the reader's language."""
    return DASH if day is None else date_format(day, "F Y")


@register.filter
def measured(value: float | None, quantity: str = "") -> str:
    """A measured value with four digits or so; counters and volumes to the litre. The page's chart.ts does the same."""
    if value is None or not isfinite(value):
        return DASH
    if quantity in ("counter", "volume"):
        return figure(value, 3)
    if quantity == "state" and float(value).is_integer():
        return figure(value)
    size = floor(log10(abs(value))) if value else 0
    return figure(value, min(4, max(0, 3 - size)) if value else 0)


@register.filter
def unit(symbol: str) -> str:
    """A unit as it is written for people: m³/h."""
    return written_unit(symbol)


@register.filter
def local_time(moment: datetime | None, zone: str = "Asia/Tashkent") -> str:
    """22 November 2026, 13:05 UTC+5: an instant by the clocks of a time zone, with how far these are from UTC."""
    if moment is None:
        return DASH
    local = moment.astimezone(ZoneInfo(zone))
    minutes = round((local.utcoffset() or local - local).total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    offset = f"{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    return f"{date_format(local, 'j E Y, H:i')} UTC{offset if minutes else ''}"


def age_words(number: str | int) -> list[tuple[int, str]]:
    """(seconds in the unit, words for `number` of it) from days down to seconds."""
    return [
        (86_400, gettext("%(number)s d ago") % {"number": number}),
        (3600, gettext("%(number)s h ago") % {"number": number}),
        (60, gettext("%(number)s min ago") % {"number": number}),
        (1, gettext("%(number)s s ago") % {"number": number}),
    ]


@register.filter
def age(seconds: float | None) -> str:
    """How long ago: 5 min ago. A clock that runs ahead of ours is said to."""
    if seconds is None:
        return DASH
    if seconds < -60:
        return gettext("ahead of the clock")
    # Two of a unit are told in the smaller one: 90 minutes, not one hour.
    for unit_s, _words in age_words(0):
        if seconds >= 2 * unit_s or unit_s == 1:
            number = max(0, floor(seconds / unit_s))
            return dict(age_words(figure(number)))[unit_s]
    return DASH


@register.filter
def translated(words: Any) -> str:
    """A word of the models (see model_words.py) in the reader's language."""
    return gettext(str(words)) if words else ""


@register.filter
def told_here(text: Any) -> str:
    """A sentence of ours that is kept in English, in the reader's language."""
    return told(str(text)) if text else ""


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of static/frontend_map/icons.svg, hidden from screen readers: the label stands beside it."""
    address = static("frontend_map/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', address, name)
