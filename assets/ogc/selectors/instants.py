"""Times as RFC 3339 writes them, and the intervals of OGC API - Features."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from gis_core.errors import ReportedError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A plus sign that was not percent-encoded arrives as a blank.
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,12})?([Zz]|[+\- ][0-9]{2}:[0-9]{2})"
)
OPEN = ".."


def instant_of(text: str) -> date | datetime:
    """A full-date as date, a date-time as datetime in UTC; raises ValueError. Fractions are cut to microseconds."""
    if _DATE.fullmatch(text):
        return date.fromisoformat(text)
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date-time or full-date")
    day, clock, fraction, offset = match.groups()
    offset = "+00:00" if offset in "Zz" else offset.replace(" ", "+")
    parsed = datetime.fromisoformat(
        f"{day}T{clock}{(fraction or '')[:7].ljust(7, '0') if fraction else ''}{offset}"
    )
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def first_moment(value: date | datetime) -> datetime:
    """The moment at which a day (in UTC) or an instant begins."""
    return value if isinstance(value, datetime) else datetime.combine(value, time.min, UTC)


def last_moment(value: date | datetime) -> datetime:
    """The last moment, to the microsecond, of a day (in UTC) or of an instant."""
    if isinstance(value, datetime):
        return value
    return datetime.combine(value, time.max, UTC)


def last_day(value: datetime) -> date:
    """The day in UTC that an instant falls on."""
    return value.astimezone(UTC).date()


@dataclass(frozen=True)
class TimeSpan:
    """A closed interval; None is an open end."""

    start: date | datetime | None
    end: date | datetime | None


def interval_of_parameter(text: str) -> TimeSpan:
    """The value of `datetime`: an instant, or two with a slash, one of which may be `..` or empty.

    Raises ReportedError.
    """
    parts = text.split("/")
    try:
        if len(parts) == 1:
            instant = instant_of(parts[0])
            return TimeSpan(instant, instant)
        if len(parts) != 2:
            raise ValueError("more than one slash")
        start, end = (None if part in ("", OPEN) else instant_of(part) for part in parts)
    except ValueError as error:
        raise _unreadable(text, str(error)) from None
    if start is None and end is None:
        raise _unreadable(text, "an interval has at least one end")
    if start is not None and end is not None and first_moment(start) > last_moment(end):
        raise _unreadable(text, "it ends before it starts")
    return TimeSpan(start, end)


def _unreadable(text: str, reason: str) -> ReportedError:
    return ReportedError(
        f"datetime: {text[:100]!r} is not an instant or interval: {reason}. Write 2026-01-31T00:00:00Z, "
        "2026-01-01T00:00:00Z/2026-01-31T00:00:00Z or 2026-01-01T00:00:00Z/..",
        code="InvalidParameterValue",
    )
