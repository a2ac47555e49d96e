"""Sentences that are English where they are kept and logged, and the reader's language where they are read."""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.utils import translation
from django.utils.formats import get_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

# The name of the value that decides between one and many.
COUNT = "count"
# The English that is kept is made in this language, whatever the asker's.
_KEPT_IN = "en"
# A form with fewer letters of its own would be found in sentences that were never made from it.
_FEWEST_LETTERS = 3
# Of a kept list as many entries are put into the reader's words: each is looked for among some 700 forms.
MOST_TOLD = 2_000
# What kept JSON calls its texts of ours.
_TOLD = ("reason", "message", "explanation")
# The places of forms that hold a word of ours.
_WORDS = {
    "end",
    "end_name",
    "kind",
    "lifecycle",
    "reason",
    "role",
    "rule",
    "state",
    "state_2",
    "to",
    "what",
    "why",
}
_PLACE = re.compile(r"{(\w+)}")


class Word(str):
    """A value of a sentence that is a word to be translated itself, such as a state."""

    __slots__ = ()

    def in_words(self) -> str:
        return gettext(str(self)) if self else ""


class Words(str):
    """Several of them, or sentences, with commas between."""

    __slots__ = ("words",)
    words: tuple[str, ...]

    def __new__(cls, words: Iterable[str]) -> Self:
        given = tuple(words)
        made = super().__new__(cls, ", ".join(given))
        made.words = given
        return made

    def in_words(self) -> str:
        return ", ".join(
            word.in_words() if isinstance(word, Sentence) else gettext(word) for word in self.words
        )


class Figure(str):
    """A number of a sentence, written by a format specification of Python; with the marks of the reader's language."""

    __slots__ = ()

    def __new__(cls, number: Any, form: str = ",") -> Self:
        return super().__new__(cls, format(number, form))

    def in_words(self) -> str:
        marks = {",": get_format("THOUSAND_SEPARATOR"), ".": get_format("DECIMAL_SEPARATOR")}
        return "".join(marks.get(sign, sign) for sign in self)


class Sentence(str):
    """A text made of a form and its values; the form is marked by gettext_noop where it is written.

    Where words follow a count, the form is ngettext_lazy(one, many, COUNT). It is its English text, so
    that logs, jobs and commands keep what they always said.
    """

    __slots__ = ("form", "values")
    form: str | Promise
    values: dict[str, Any]

    def __new__(cls, form: str | Promise, **values: Any) -> Self:
        made = super().__new__(cls, _filled(form, values))
        made.form, made.values = form, values
        return made

    def in_words(self) -> str:
        """The sentence in the active language."""
        said = {name: in_words(value) for name, value in self.values.items()}
        if isinstance(self.form, Promise):
            return str(self.form.format(**said))  # type: ignore[attr-defined]
        return gettext(self.form).format(**said)


def _filled(form: str | Promise, values: dict[str, Any]) -> str:
    if isinstance(form, Promise):
        with translation.override(_KEPT_IN):
            return str(form.format(**values))  # type: ignore[attr-defined]
    return form.format(**values)


def said(form: str | Promise, **values: Any) -> str:
    """A sentence in the active language at once: for errors that cannot carry one, such as those of serializers."""
    return Sentence(form, **values).in_words()


def in_words(value: Any) -> Any:
    """A text for the reader: translated when it is a sentence or a word of ours, else as it is."""
    return value.in_words() if isinstance(value, Sentence | Word | Words | Figure) else value


def told(text: str) -> str:
    """A text of ours that was kept in English, in the active language: found among the forms of the catalogue.

    What is kept (a job's error, why a row was refused, what a check found) is one text, whose form is not kept with
    it. A text that no form fits stays as it is.
    """
    language = translation.get_language()
    if not text or language is None or language == _KEPT_IN:
        return text
    return _told(str(text), language)


def told_in(kept: Any) -> Any:
    """JSON that was kept, such as a job's result, with its reasons and messages as `told` says them."""
    if isinstance(kept, list):
        return [*map(told_in, kept[:MOST_TOLD]), *kept[MOST_TOLD:]]
    if isinstance(kept, dict):
        return {
            name: told(value) if name in _TOLD and isinstance(value, str) else told_in(value)
            for name, value in kept.items()
        }
    return kept


@lru_cache(maxsize=4096)
def _told(text: str, language: str) -> str:
    whole = gettext(text)
    if whole != text:
        return whole
    for form in _forms():
        if form.landmark in text:
            values = values_in(text, form.english)
            if values is not None:
                return form.filled(
                    {name: _told_value(name, value, language) for name, value in values.items()}
                )
    for mark, most in (("; ", -1), (": ", 1)):
        parts = text.split(mark, most)
        if len(parts) > 1:
            return mark.join(_told_value("", part, language) for part in parts)
    return text


def _told_value(name: str, value: str, language: str) -> str:
    """A value is put into words when it is a sentence itself, or a word by the name of its place: codes stay."""
    return _told(value, language) if " " in value or name in _WORDS else value


def values_in(text: str, form: str) -> dict[str, str] | None:
    """The values with which the form gives the text; None where it cannot give it."""
    found = _pattern(form).fullmatch(text)
    return None if found is None else found.groupdict()


@lru_cache(maxsize=2048)
def _pattern(form: str) -> re.Pattern[str]:
    parts: list[str] = []
    seen: set[str] = set()
    for place, part in enumerate(_PLACE.split(form)):
        if place % 2 == 0:
            parts.append(re.escape(part.replace("{{", "{").replace("}}", "}")))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.*?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


@dataclass(frozen=True)
class _Form:
    """A form of the catalogue with places: its longest piece of text, and how much it says in letters."""

    english: str
    one: str
    many: str
    landmark: str
    letters: int

    def filled(self, values: dict[str, str]) -> str:
        if not self.many:
            return gettext(self.one).format(**values)
        count = values.get(COUNT, "").replace(",", "")
        return ngettext(self.one, self.many, int(count) if count.isdecimal() else 1).format(**values)


@cache
def _forms() -> list[_Form]:
    """The forms with places of our catalogues; those that say most come first."""
    found = [form for one, many in _messages().items() for form in _forms_of(one, many)]
    return sorted(found, key=lambda form: -form.letters)


def _forms_of(one: str, many: str) -> Iterator[_Form]:
    for english in {one, many} - {""}:
        pieces = _PLACE.split(english)[::2]
        letters = sum(sign.isalpha() for piece in pieces for sign in piece)
        if len(pieces) > 1 and letters >= _FEWEST_LETTERS:
            yield _Form(english, one, many, max(pieces, key=len), letters)


def _messages() -> dict[str, str]:
    """The messages of our compiled catalogues, with their English plurals or "", which gettext's own reader drops."""
    found: dict[str, str] = {}
    for path in Path(settings.BASE_DIR).glob("*/locale/*/LC_MESSAGES/django.mo"):
        data = path.read_bytes()
        number, start = struct.unpack_from("<2I", data, 8)
        for place in range(number):
            size, offset = struct.unpack_from("<2I", data, start + 8 * place)
            one, _zero, many = data[offset : offset + size].decode().partition("\x00")
            # What has a context is a word, not a sentence. Catalogues made from others repeat the singular.
            if "\x04" not in one and (one not in found or many != one):
                found[one] = many
    return found
