"""Periods as people write them: a year, a month or a day."""

import re
from datetime import date, timedelta

_PERIOD = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
# Longer than meters have been read; a slip of the keyboard must not compute for hours.
MOST_DAYS = 40 * 366


def period_of(text: str) -> tuple[date, date] | None:
    """First and last day, both inclusive, of `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; None for anything else."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        if found[3]:
            return date(year, month, day), date(year, month, day)
        if found[2]:
            first = date(year, month, 1)
            return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return date(year, 1, 1), date(year, 12, 31)
    except (ValueError, OverflowError):
        return None
