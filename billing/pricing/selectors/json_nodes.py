"""A JSON document read strictly: every value knows its JSON Pointer, and says what is wrong with it."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from django.utils.translation import gettext_noop

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"(19|20|21|22)[0-9]{2}-[0-9]{2}")
# The years of months that are priced, as the form above has them.
FIRST_YEAR, LAST_YEAR = 1900, 2299
_LARGEST_WHOLE = 1_000_000
_LONGEST_TEXT = 500
# A case that the registers printed may say what a written one cannot: days on which a service or a value ends.
PRINTED = "printed_from_registers"


class MalformedDocument(Exception):
    """What a document says cannot be taken; `path` is the JSON Pointer to the wrong or missing value."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class _NoNumberOfOurs:
    """A number as JSON writes it that is no exact number here: a float, or one of endless length."""

    text: str


class _Members(dict[str, Any]):
    """An object of JSON that remembers a key written twice."""

    repeated: str | None = None


def read_json(text: str) -> Any:
    """The document of a text; floats and repeated keys stay visible. Raises ReportedError if it is no JSON."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_members_of,
            parse_float=_NoNumberOfOurs,
            parse_int=_whole_of,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        reason = gettext_noop("it is nested too deeply") if isinstance(error, RecursionError) else str(error)
        raise ReportedError(
            Sentence(gettext_noop("The file is not JSON: {reason}."), reason=reason), code="json"
        ) from None


def _members_of(pairs: list[tuple[str, Any]]) -> _Members:
    members = _Members(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        members.repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return members


def _whole_of(text: str) -> int | _NoNumberOfOurs:
    return int(text) if len(text) <= 20 else _NoNumberOfOurs(text)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no value of JSON")


@lru_cache(100_000)
def _number_of(written: str) -> Decimal | None:
    return Decimal(written) if _NUMBER.fullmatch(written) else None


@lru_cache(100_000)
def _day_of(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


class JsonNode:
    """A value with its pointer. Each reader returns the value in its type or raises MalformedDocument.

    A file holds hundreds of thousands: a pointer is put together only when something is wrong.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: Any, parent: "JsonNode | None" = None, key: str | int = "") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    @property
    def path(self) -> str:
        """The JSON Pointer from the document to the value."""
        return "" if self._parent is None else self._parent.within(self._key)

    def fail(self, form: str, **values: Any) -> NoReturn:
        raise MalformedDocument(self.path, Sentence(form, **values))

    def within(self, key: str | int) -> str:
        """The pointer of a member or element."""
        return f"{self.path}/{str(key).replace('~', '~0').replace('/', '~1')}"

    def members(self, required: Collection[str], optional: Collection[str] = ()) -> "dict[str, JsonNode]":
        """The members of an object that has all the required keys, and no key beyond the optional ones."""
        if not isinstance(self.value, dict):
            self.fail(gettext_noop("This is to be an object."))
        repeated = getattr(self.value, "repeated", None)
        if repeated is not None:
            raise MalformedDocument(
                self.within(repeated), Sentence(gettext_noop("The key {key} is written twice."), key=repeated)
            )
        for key in self.value:
            if key not in required and key not in optional:
                raise MalformedDocument(
                    self.within(key), Sentence(gettext_noop("The key {key} is not known here."), key=key)
                )
        for key in required:
            if key not in self.value:
                raise MalformedDocument(
                    self.within(key), Sentence(gettext_noop("The key {key} is missing."), key=key)
                )
        return {key: JsonNode(value, self, key) for key, value in self.value.items()}

    def refuse_unless_printed(self) -> None:
        """Refuse a member that only documents printed from registers have; those say `printed_from_registers`."""
        case = self
        while case._parent is not None:
            case = case._parent
        if not isinstance(case.value, dict) or case.value.get(PRINTED) is not True:
            self.fail(gettext_noop("The key {key} is not known here."), key=self._key)

    def elements(self) -> "list[JsonNode]":
        """The elements of a list, which may be empty."""
        if not isinstance(self.value, list):
            self.fail(gettext_noop("This is to be a list."))
        return [JsonNode(value, self, place) for place, value in enumerate(self.value)]

    def some_elements(self) -> "list[JsonNode]":
        """The elements of a list of at least one."""
        found = self.elements()
        if not found:
            self.fail(gettext_noop("This list is empty."))
        return found

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            self.fail(gettext_noop("This is to be a text."))
        if len(self.value) > _LONGEST_TEXT or "\0" in self.value:
            self.fail(gettext_noop("This text is too long or has signs that cannot be kept."))
        if not self.value.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in self.value):
            self.fail(gettext_noop("This text is too long or has signs that cannot be kept."))
        return self.value

    def flag(self) -> bool:
        """true or false."""
        if not isinstance(self.value, bool):
            self.fail(gettext_noop("This is to be true or false."))
        return self.value

    def number(self, *, at_most: int | None = None) -> Decimal:
        """An exact number of zero or more, written as a string or an integer."""
        value = self.value
        if isinstance(value, _NoNumberOfOurs):
            self.fail(
                gettext_noop('{number} is no exact number; write it as a string, such as "12.5".'),
                number=value.text[:40],
            )
        if isinstance(value, bool) or not isinstance(value, int | str):
            self.fail(gettext_noop("This is to be a number, written as a string or an integer."))
        number = _number_of(str(value))
        if number is None:
            written = str(value)[:40]
            if written.startswith("-"):
                self.fail(gettext_noop("{number} is negative."), number=written)
            self.fail(gettext_noop("{number} is not readable as a number."), number=written)
        if at_most is not None and number > at_most:
            self.fail(gettext_noop("{number} is above {limit}."), number=value, limit=at_most)
        return number

    def whole(self, *, at_least: int = 0, at_most: int = _LARGEST_WHOLE) -> int:
        """A whole number within bounds."""
        number = self.number()
        if number != number.to_integral_value():
            self.fail(gettext_noop("{number} is to be a whole number."), number=self.value)
        if not at_least <= number <= at_most:
            self.fail(
                gettext_noop("{number} is not between {least} and {most}."),
                number=self.value,
                least=at_least,
                most=at_most,
            )
        return int(number)

    def day(self) -> date:
        """A date, written as 2026-01-31."""
        if not isinstance(self.value, str) or not _DAY.fullmatch(self.value):
            self.fail(gettext_noop("This is to be a date, written as 2026-01-31."))
        day = _day_of(self.value)
        if day is None:
            self.fail(gettext_noop("{date} is no date of the calendar."), date=self.value)
        return day

    def month(self) -> date:
        """The first day of a month, written as 2026-01; from 1900 to 2299."""
        if not isinstance(self.value, str) or not _MONTH.fullmatch(self.value):
            self.fail(gettext_noop("This is to be a month, written as 2026-01."))
        month = _day_of(f"{self.value}-01")
        if month is None:
            self.fail(gettext_noop("{date} is no date of the calendar."), date=self.value)
        return month
