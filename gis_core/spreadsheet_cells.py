"""Texts in files that spreadsheets open: what would be computed there is marked as text."""

from typing import Any

# What a spreadsheet takes for the start of a formula (OWASP, CSV injection); and the mark itself, to be told apart.
_MARKED_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def text_cell(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(_MARKED_STARTS) else text


def element_cell(value: Any) -> Any:
    """A value of a table of elements: truth as imports read it, texts by `text_cell`, others as they are."""
    if isinstance(value, bool):
        return str(value).lower()
    return text_cell(value) if isinstance(value, str) else value


def value_of_text_cell(text: str) -> str:
    """The text that `text_cell` made this one of."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_MARKED_STARTS) else text
