"""The forms in which the commands of the balances take periods and instants."""

from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import datetime
from math import inf, isfinite
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.periods import MOST_DAYS, DaySpan, period_of


def period_argument(text: str) -> DaySpan:
    """The days of a year, month or day; raises ArgumentTypeError."""
    try:
        return period_of(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no period; write it as 2026, 2026-01 or 2026-01-31") from error


def instant_argument(text: str) -> datetime:
    """An instant of ISO 8601 with its offset; raises ArgumentTypeError."""
    try:
        instant: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ArgumentTypeError(
            f"{text!r} is no instant with an offset; write it as 2026-01-31T10:00:00+05:00"
        )
    return instant


def add_period(parser: CommandParser) -> None:
    """Declare `--from`, `--to` and `--period`."""
    form = "YYYY, YYYY-MM or YYYY-MM-DD"
    parser.add_argument("--from", dest="since", type=period_argument, metavar="P", help=form)
    parser.add_argument(
        "--to", dest="until", type=period_argument, metavar="P", help=f"{form}, inclusive; --from if absent"
    )
    parser.add_argument("--period", type=period_argument, metavar="P", help="both at once")


def days_of(options: dict[str, Any]) -> DaySpan:
    """The days asked for; raises CommandError, as argparse does, where they make no period."""
    since, until, period = options["since"], options["until"], options["period"]
    if period is not None:
        if since is not None or until is not None:
            raise CommandError("--period goes without --from and --to", returncode=2)
        since = period
    if since is None:
        raise CommandError("one of --from and --period is required", returncode=2)
    days: DaySpan = since.through(until or since)
    if days.days == 0:
        raise CommandError("--to is before --from", returncode=2)
    if days.days > MOST_DAYS:
        raise CommandError("the period is longer than 40 years", returncode=2)
    return days


def percent_argument(text: str) -> float:
    """A share in percent, 0 to 100; raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise ArgumentTypeError(f"{text!r} is not a percentage from 0 to 100")
    return value


def number_argument(least: float, most: float) -> Callable[[str], float]:
    """How a number within bounds is read; what it returns raises ArgumentTypeError."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = inf
        if not isfinite(value) or not least <= value <= most:
            raise ArgumentTypeError(f"{text!r} is not a number from {least:g} to {most:g}")
        return value

    return parse
