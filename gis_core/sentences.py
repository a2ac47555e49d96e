"""Sentences that are English where they are kept and logged, and the reader's language where they are read."""

from collections.abc import Iterable
from typing import Any, Self

from django.utils.translation import gettext


class Word(str):
    """A value of a sentence that is a word to be translated itself, such as a state."""

    __slots__ = ()

    def in_words(self) -> str:
        return gettext(str(self)) if self else ""


class Words(str):
    """Several of them, with commas between."""

    __slots__ = ("words",)
    words: tuple[str, ...]

    def __new__(cls, words: Iterable[str]) -> Self:
        given = tuple(words)
        made = super().__new__(cls, ", ".join(given))
        made.words = given
        return made

    def in_words(self) -> str:
        return ", ".join(gettext(word) for word in self.words)


class Sentence(str):
    """A text made of a form and its values; the form is marked by gettext_noop where it is written.

    It is its English text, so that logs, jobs and commands keep what they always said.
    """

    __slots__ = ("form", "values")
    form: str
    values: dict[str, Any]

    def __new__(cls, form: str, **values: Any) -> Self:
        made = super().__new__(cls, form.format(**values))
        made.form, made.values = form, values
        return made

    def in_words(self) -> str:
        """The sentence in the active language."""
        return gettext(self.form).format(**{name: in_words(value) for name, value in self.values.items()})


def in_words(value: Any) -> Any:
    """A text for the reader: translated when it is a sentence or a word of ours, else as it is."""
    return value.in_words() if isinstance(value, Sentence | Word | Words) else value
