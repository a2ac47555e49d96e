"""Query parameters taken strictly: an unknown or malformed one is 400 with a message, never ignored."""

import math
import re
from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import overload

from django.utils.translation import gettext_noop as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from gis_core.sentences import said

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# About the ends of the calendar the month before or after has no date.
_MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])(-01)?")


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError for a parameter not in `known`, and for one that is empty or holds a NUL character."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        listed = f"Known parameters: {', '.join(sorted(known))}." if known else "None is taken here."
        raise ValidationError({unknown[0]: [said(_("Unknown parameter. {listed}"), listed=listed)]})
    for name, values in request.query_params.lists():
        for value in values:
            if "\x00" in value:
                raise ValidationError({name: [said(_("{name} holds a NUL character."), name=name)]})
            if not value.strip():
                raise ValidationError({name: [said(_("{name} is empty; leave it out instead."), name=name)]})


def number_parameter(request: Request, name: str) -> float:
    """A required finite decimal number; raises ValidationError."""
    text = request.query_params.get(name, "")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValidationError(
            {name: [said(_("{name} must be a number; it is {text}."), name=name, text=repr(text[:40]))]}
        )
    return value


def limit_parameter(request: Request, *, default: int, maximum: int) -> int:
    """The optional row limit, 1 to `maximum`; raises ValidationError, above the maximum too."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= maximum):
        raise ValidationError(
            {"limit": [said(_("limit must be a whole number from 1 to {maximum}."), maximum=maximum)]}
        )
    return int(text)


def instant_of(text: str) -> datetime:
    """The instant that ISO 8601 text with an offset names, in UTC; raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("the offset from UTC is missing")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("the instant is outside the years 1 to 9999") from None


def instant_parameter(request: Request, name: str) -> datetime | None:
    """The optional instant, in UTC; raises ValidationError."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        return instant_of(text)
    except ValueError:
        raise ValidationError({name: [said(_("Write an instant as 2026-01-31T00:00:00+05:00."))]}) from None


def truth_parameter(request: Request, name: str) -> bool:
    """An optional `true` or `false`; raises ValidationError."""
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise ValidationError({name: [said(_("{name}: expected true or false."), name=name)]})
    return text == "true"


@overload
def choice_parameter(request: Request, name: str, allowed: Collection[str], default: str) -> str: ...
@overload
def choice_parameter(request: Request, name: str, allowed: Collection[str], default: None) -> str | None: ...
def choice_parameter(
    request: Request, name: str, allowed: Collection[str], default: str | None
) -> str | None:
    """An optional word among `allowed`; raises ValidationError."""
    value = request.query_params.get(name, default)
    if value is not None and value not in allowed:
        raise ValidationError(
            {name: [said(_("{name} is one of {allowed}."), name=name, allowed=", ".join(allowed))]}
        )
    return value


def day_parameter(request: Request, name: str) -> date | None:
    """The optional day, as 2026-01-31; raises ValidationError."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not _DAY.fullmatch(text):
        raise ValidationError({name: [said(_("Write a day as 2026-01-31."))]})
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError({name: [said(_("Write a day as 2026-01-31."))]}) from None


def month_parameter(request: Request) -> date | None:
    """The optional month, as 2026-01 or its first day; raises ValidationError."""
    return required_month(request) if "month" in request.query_params else None


def required_month(request: Request) -> date:
    """The month that has to be given, as 2026-01 or its first day; raises ValidationError."""
    text = request.query_params.get("month", "")
    if not _MONTH.fullmatch(text):
        raise ValidationError({"month": [said(_("Write a month as 2026-01."))]})
    return date(int(text[:4]), int(text[5:7]), 1)
