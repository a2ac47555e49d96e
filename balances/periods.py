"""Spans of local days as they are asked for: YYYY, YYYY-MM or YYYY-MM-DD."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
# Longer than meters have been read; a slip of the keyboard must not compute for hours.
MOST_DAYS = 40 * 366
# No meter is older, and about the ends of the calendar a day before or after has no date.
KNOWN_YEARS = range(1900, 2201)


@dataclass(frozen=True)
class DaySpan:
    """The local days of [since, until)."""

    since: date
    until: date

    @property
    def days(self) -> int:
        return (self.until - self.since).days

    @property
    def last_day(self) -> date:
        return self.until - timedelta(days=1)

    def through(self, other: "DaySpan") -> "DaySpan":
        """From this span's first day to the last one of another; without days where that one ends before."""
        return DaySpan(self.since, max(self.since, other.until))


def period_of(text: str) -> DaySpan:
    """The days of a year, a month or a day; ValueError for any other text."""
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a period; write 2026, 2026-01 or 2026-01-31")
    year, month, day = (None if part is None else int(part) for part in found.groups())
    if year is None or year not in KNOWN_YEARS:
        raise ValueError(f"{text!r} lies outside the years {KNOWN_YEARS[0]} to {KNOWN_YEARS[-1]}")
    since = date(year, 1 if month is None else month, 1 if day is None else day)
    if day is not None:
        return DaySpan(since, since + timedelta(days=1))
    if month is not None:
        return DaySpan(since, (since + timedelta(days=31)).replace(day=1))
    return DaySpan(since, date(since.year + 1, 1, 1))
