"""Query parameters taken strictly: an unknown or malformed one is 400 with a message, never ignored."""

import math
from collections.abc import Collection
from datetime import UTC, datetime

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


def refuse_unknown(request: Request, known: Collection[str]) -> None:
    """Raise ValidationError for a parameter not in `known`, and for one that is empty or holds a NUL character."""
    unknown = sorted(set(request.query_params) - set(known))
    if unknown:
        listed = f"Known parameters: {', '.join(sorted(known))}." if known else "None is taken here."
        raise ValidationError({unknown[0]: [f"Unknown parameter. {listed}"]})
    for name, values in request.query_params.lists():
        for value in values:
            if "\x00" in value:
                raise ValidationError({name: [f"{name} holds a NUL character."]})
            if not value.strip():
                raise ValidationError({name: [f"{name} is empty; leave it out instead."]})


def number_parameter(request: Request, name: str) -> float:
    """A required finite decimal number; raises ValidationError."""
    text = request.query_params.get(name, "")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValidationError({name: [f"{name} must be a number; it is {text[:40]!r}."]})
    return value


def limit_parameter(request: Request, *, default: int, maximum: int) -> int:
    """The optional row limit, 1 to `maximum`; raises ValidationError, above the maximum too."""
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= maximum):
        raise ValidationError({"limit": [f"limit must be a whole number from 1 to {maximum}."]})
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
        raise ValidationError({name: ["Write an instant as 2026-01-31T00:00:00+05:00."]}) from None


def truth_parameter(request: Request, name: str) -> bool:
    """An optional `true` or `false`; raises ValidationError."""
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise ValidationError({name: [f"{name}: expected true or false."]})
    return text == "true"
