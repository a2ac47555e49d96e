"""Numbers as people and programs write them: signs apart, blanks between thousands, commas for points.

    "+ 0.081"  "−0,5"  "1 234,5"  "1.234,5"  "1'234.5"  "１２"  "1,2E+03"

What may be read in two ways, such as 1,234, is not read unless the decimal mark is stated.
"""

import re
import unicodedata
from decimal import Decimal

DECIMAL_MARKS = {",": ",", "comma": ",", ".": ".", "point": "."}
# Minus signs and dashes that programs put for a minus, and the blanks and ticks that part thousands.
MINUS_SIGNS = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"
THOUSANDS_SIGNS = "\u0020\u00a0\u2009\u202f\u2007'\u2019\u02bc`"
_MINUS = str.maketrans(dict.fromkeys(MINUS_SIGNS, "-"))
_SIGN_APART = re.compile(r"^([+-])\s+")
_GROUPS = re.compile(f"(?<=\\d)[{THOUSANDS_SIGNS}](?=\\d{{3}}(?!\\d))")
_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$")
_TWO_READINGS = re.compile(r"^[+-]?[1-9]\d{0,2},\d{3}$")


class TwoReadings(ValueError):
    """A comma that may be a decimal mark or part thousands."""


def number_of_text(text: str, decimal: str = "") -> float | None:
    """The number that a text states; None where it states none. `decimal` is its mark, "" where it is to be found.

    Raises TwoReadings for such as 1,234 where the mark is not known.
    """
    plain = _plain(text, decimal)
    return None if plain is None else float(plain)


def decimal_of_text(text: str, decimal: str = "") -> Decimal | None:
    """The exact number that a text states, as `number_of_text` reads it."""
    plain = _plain(text, decimal)
    return None if plain is None else Decimal(plain)


def _plain(text: str, decimal: str) -> str | None:
    """The number with digits, a point and a sign alone; None where the text states none."""
    # Full-width digits and signs are made plain.
    plain = unicodedata.normalize("NFKC", text).strip().translate(_MINUS)
    plain = _GROUPS.sub("", _SIGN_APART.sub(r"\1", plain))
    plain = _with_point(plain, decimal)
    return plain if _NUMBER.match(plain) else None


def _with_point(text: str, decimal: str) -> str:
    """The text with a point for its decimal mark, and nothing between its thousands."""
    if decimal == "," or (not decimal and text.rfind(",") > text.rfind(".") >= 0):
        return _ungrouped(text, ".").replace(",", ".", 1) if text.count(",") <= 1 else text
    if decimal == "." or "." in text:
        return _ungrouped(text, ",")
    if text.count(",") > 1:
        return _ungrouped(text, ",")
    if _TWO_READINGS.match(text):
        raise TwoReadings(text)
    return text.replace(",", ".")


def _ungrouped(text: str, mark: str) -> str:
    """Without the mark, where it parts groups of three digits and nothing else."""
    if mark not in text:
        return text
    whole = re.match(rf"^[+-]?\d{{1,3}}(?:\{mark}\d{{3}})+(?!\d)", text)
    return whole[0].replace(mark, "") + text[whole.end() :] if whole else text


def decimal_mark_of(texts: list[str]) -> str:
    """The decimal mark that some numbers of a file show beyond doubt; "" where none does, or both are seen."""
    seen = {
        mark
        for text in texts
        for mark, pattern in _BEYOND_DOUBT.items()
        if pattern.match(_GROUPS.sub("", text.strip()))
    }
    return seen.pop() if len(seen) == 1 else ""


_BEYOND_DOUBT = {
    ",": re.compile(r"^[+-]?(0?,\d+|0,\d+|[1-9]\d*,(\d{1,2}|\d{4,})|[1-9]\d{3,},\d+|\d{1,3}(\.\d{3})+,\d+)$"),
    ".": re.compile(r"^[+-]?(0?\.\d+|[1-9]\d*\.\d+|\d{1,3}(,\d{3})+\.\d+)$"),
}
