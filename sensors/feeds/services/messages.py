"""What is in a message of a feed: which points its topic belongs to, and the values with their times in its payload."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.sentences import Sentence
from gis_core.written_numbers import TwoReadings, number_of_text
from sensors.feeds.services.stamps import LocalClock, zone_of
from sensors.models import FeedPoint
from sensors.series.services.observation_arrays import microseconds

TIME_KEYS = ("time", "timestamp", "phenomenonTime", "ts", "datetime", "t")
VALUE_KEYS = ("value", "result", "val", "v")
MOST_ITEMS = 10_000
_LONGEST_NUMBER = 64


class BadMessage(Exception):
    """A message, or an item of it, that cannot be taken."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class TopicRoute:
    """A point of an MQTT source as it is used: `settings` may hold `value`, `time`, `items`, `datastream`
    (paths), `unit`,
    `zone` and `time_unit`."""

    point_id: int
    source_id: int
    levels: tuple[str, ...]
    datastream: str = ""
    template: str = ""
    value_path: str = ""
    time_path: str = ""
    items_path: str = ""
    datastream_path: str = ""
    unit: str = ""
    zone: str = ""
    time_unit: str = ""
    scale: float = 1.0
    shift: float = 0.0

    @classmethod
    def of_point(cls, point: FeedPoint) -> "TopicRoute":
        """The route of a saved point; its datastream must be selected with it."""
        settings: dict[str, Any] = point.settings or {}
        return cls(
            point_id=point.pk,
            source_id=point.source_id,
            levels=tuple(point.address.split("/")),
            datastream=point.datastream.code if point.datastream else "",
            template=point.template,
            value_path=point.field or settings.get("value", ""),
            time_path=settings.get("time", ""),
            items_path=settings.get("items", ""),
            datastream_path=settings.get("datastream", ""),
            unit=settings.get("unit", ""),
            zone=settings.get("zone", ""),
            time_unit=settings.get("time_unit", ""),
            scale=point.scale,
            shift=point.shift,
        )

    def matches(self, levels: Sequence[str]) -> bool:
        """Whether a topic's levels fit the pattern (MQTT 5.0, 4.7)."""
        for place, wanted in enumerate(self.levels):
            if wanted == "#":
                return True
            if place >= len(levels) or wanted not in ("+", levels[place]):
                return False
        return len(levels) == len(self.levels)

    def code_of(self, levels: Sequence[str]) -> str:
        """The datastream's code for a topic: fixed, or its template with {1}, {2} ... and {rest} (what #
        stands for)."""
        if self.datastream:
            return self.datastream
        code = self.template
        for place, level in enumerate(levels, start=1):
            code = code.replace(f"{{{place}}}", level)
        return code.replace("{rest}", "/".join(levels[len(self.levels) - 1 :]))


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a topic pattern, or None."""
    levels = pattern.split("/")
    if not pattern or len(pattern.encode()) > 255 or "\x00" in pattern:
        return Sentence(_("a topic has 1 to 255 bytes and no NUL character"))
    if any("+" in level and level != "+" for level in levels):
        return Sentence(_("+ stands for a whole level"))
    if any("#" in level for level in levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        return Sentence(_("# stands for all the levels at the end"))
    return None


@dataclass
class Item:
    """A value of a message. `time_us` is None where the message says no time."""

    value: float
    time_us: int | None
    datastream: str = ""


@dataclass
class Decoded:
    """The good items of a message, and what was wrong with the others."""

    items: list[Item] = field(default_factory=list)
    bad: list[BadMessage] = field(default_factory=list)


def decode(route: TopicRoute, payload: bytes) -> Decoded:
    """The values in a payload: a number, a JSON object, or a list of objects. Raises BadMessage when nothing
    is in it."""
    number = _number_in(payload)
    if number is not None:
        return Decoded([Item(number, None)])
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        raise BadMessage("bad_payload", Sentence(_("the message is neither a number nor JSON"))) from None
    found = at_path(document, route.items_path) if route.items_path else document
    listed = found if isinstance(found, list) else [found]
    if len(listed) > MOST_ITEMS:
        raise BadMessage(
            "too_many_items", Sentence(_("a message holds at most {most_items} items"), most_items=MOST_ITEMS)
        )
    decoded = Decoded()
    outer = document if isinstance(document, dict) and route.items_path else {}
    for element in listed:
        try:
            decoded.items.append(_item(route, element, outer))
        except BadMessage as problem:
            decoded.bad.append(problem)
    if not listed:
        raise BadMessage("no_value", Sentence(_("the list is empty")))
    return decoded


def _number_in(payload: bytes) -> float | None:
    if len(payload) > _LONGEST_NUMBER:
        return None
    try:
        number = float(payload)
    except ValueError:
        return None
    if not math.isfinite(number):
        raise BadMessage("bad_value", Sentence(_("the value is not a number")))
    return number


def _item(route: TopicRoute, element: Any, outer: Mapping[str, Any]) -> Item:
    if isinstance(element, int | float) and not isinstance(element, bool):
        return Item(number_of(element), None)
    if not isinstance(element, dict):
        raise BadMessage("bad_payload", Sentence(_("an item is a number or an object")))
    value = at_path(element, route.value_path) if route.value_path else _first(element, VALUE_KEYS)
    if value is None:
        raise BadMessage(
            "no_value", Sentence(_("there is no {value_path}"), value_path=route.value_path or VALUE_KEYS[0])
        )
    moment = at_path(element, route.time_path) if route.time_path else _first(element, TIME_KEYS)
    if moment is None and outer:
        moment = at_path(outer, route.time_path) if route.time_path else _first(outer, TIME_KEYS)
    time_us = None if moment is None else instant_us(moment, zone=route.zone, unit=route.time_unit)
    if moment is None and route.time_path:
        raise BadMessage("bad_time", Sentence(_("there is no {time_path}"), time_path=route.time_path))
    datastream = at_path(element, route.datastream_path) if route.datastream_path else ""
    if not isinstance(datastream, str):
        raise BadMessage(
            "unknown_datastream",
            Sentence(_("{datastream_path} is not text"), datastream_path=route.datastream_path),
        )
    return Item(number_of(value), time_us, datastream)


def at_path(document: Any, path: str) -> Any:
    """What a document has at `a.b.0`; None where it has nothing."""
    for step in path.split("."):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def _first(element: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((element[key] for key in keys if element.get(key) is not None), None)


def number_of(value: Any) -> float:
    """A number, also written as a text; raises BadMessage (`bad_value`)."""
    try:
        if isinstance(value, str):
            number = number_of_text(value[:_LONGEST_NUMBER])
        else:
            number = float(value) if isinstance(value, int | float) else None
    except TwoReadings:
        raise BadMessage(
            "bad_value", Sentence(_("{value} may have a decimal comma or part thousands"), value=repr(value))
        ) from None
    except OverflowError:
        number = None
    if number is None or not math.isfinite(number):
        raise BadMessage("bad_value", Sentence(_("{value} is not a number"), value=repr(str(value)[:60])))
    return number


# The units a bare number of time may have, by size: seconds until the year 5138, then milli- and microseconds.
_UNITS_US = {"s": 1_000_000, "ms": 1000, "us": 1}


def instant_us(moment: Any, *, zone: str = "", unit: str = "") -> int:
    """Microseconds since 1970 of a time: ISO 8601, or a number since 1970; raises BadMessage (`bad_time`,
    `no_offset`)."""
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        # Also not for NaN; an integer of hundreds of digits has no float to be looked at.
        if not abs(moment) < 2**62:
            raise BadMessage("bad_time", Sentence(_("{moment} is not a time"), moment=str(moment)[:60]))
        scale = _UNITS_US.get(unit) or (
            1_000_000 if abs(moment) < 1e11 else 1000 if abs(moment) < 1e14 else 1
        )
        if abs(moment) * scale >= 2**62:
            raise BadMessage("bad_time", Sentence(_("{moment} is not a time"), moment=str(moment)[:60]))
        return round(moment * scale)
    try:
        instant = datetime.fromisoformat(_six_digits(moment))
    except (TypeError, ValueError, AttributeError):
        raise BadMessage(
            "bad_time", Sentence(_("{moment} is not a time"), moment=repr(str(moment)[:60]))
        ) from None
    if instant.tzinfo is None:
        if not zone:
            raise BadMessage("no_offset", Sentence(_("the time has no offset from UTC")))
        return _local_us(instant, zone)
    try:
        return microseconds(instant.astimezone(UTC))
    except OverflowError:
        raise BadMessage(
            "bad_time", Sentence(_("{moment} is not a time"), moment=repr(moment[:60]))
        ) from None


def _local_us(instant: datetime, zone: str) -> int:
    import numpy as np

    local_us = (instant - datetime(1970, 1, 1)) // timedelta(microseconds=1)  # noqa: DTZ001 - local, as it was sent
    first, later, _kinds = LocalClock(zone_of(zone)).instants(np.array([local_us], np.int64))
    if int(first[0]) != int(later[0]):
        raise BadMessage("ambiguous_time", Sentence(_("the clock showed this time twice")))
    return int(first[0])


def _six_digits(text: str) -> str:
    """Fractions of a second beyond a microsecond, which network servers send, are cut."""
    point = text.find(".")
    if point < 0:
        return text.strip()
    end = point + 1
    while end < len(text) and text[end].isdigit():
        end += 1
    return (text[:point] + "." + (text[point + 1 : end] + "000000")[:6] + text[end:]).strip()
