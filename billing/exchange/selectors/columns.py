"""Columns of registers: what a cell may hold, and the value that it states."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from gis_core.sentences import Sentence
from gis_core.table_reading import Cell, UnfitCell
from gis_core.written_numbers import TwoReadings, decimal_of_text

LANGUAGES = ("en", "ru", "uz", "uz-cyrl")
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
# Excel's days count from here; its 29 February 1900 never was.
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(18_264, 73_051)  # 1950 to 2099
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_OUR_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{1,2})")
_OUR_MONTH = re.compile(r"(\d{1,2})[./](\d{4})")
_TRUE = {"yes", "true", "1", "да", "ha", "ҳа", "+"}
_FALSE = {"no", "false", "0", "нет", "yo‘q", "yo'q", "yoq", "йўқ", "-"}
_LIST_MARKS = re.compile(r"[|;\n]")


class CellType(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    WHOLE = "whole number"
    DECIMAL = "decimal number"
    DAY = "day"
    MONTH = "month"
    TRUTH = "yes or no"
    CHOICE = "one of"
    CODES = "list of codes"
    NUMBERS = "list of numbers"


class WrongCell(Exception):
    """Why a cell is not taken."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Column:
    """A column by its code. `title` and `meaning` are English messages; `example` stands in the template and documents.

    A text is at most `longest` long. Numbers lie in [`least`, `most`], with at most `decimals` digits behind the
    mark. A column that is only written (`is_told`) is not read.
    """

    name: str
    title: str
    meaning: str
    type: CellType = CellType.TEXT
    is_required: bool = False
    is_told: bool = False
    example: str = ""
    longest: int = 200
    least: Decimal = Decimal(0)
    most: Decimal = Decimal("9999999999")
    decimals: int = 0
    choices: tuple[tuple[str, str], ...] = ()

    def needed(self) -> "Column":
        """The same column, required."""
        return replace(self, is_required=True)

    def value_of(self, cell: Cell, decimal: str) -> Any:
        """The value of a cell: None where it is blank. `decimal` is the file's decimal mark, "" if unknown.

        Raises WrongCell.
        """
        if isinstance(cell, UnfitCell):
            raise WrongCell(cell.reason)
        if cell is None or cell == "":
            return None
        return _READERS[self.type](self, cell, decimal)

    def titles(self) -> set[str]:
        """The names by which a file may call it: its code, and its title in every language."""
        found = {plain_name(self.name)}
        for language in LANGUAGES:
            with translation.override(language):
                found.add(plain_name(gettext(self.title)))
        return found


def plain_name(text: str) -> str:
    """A heading without case, blanks and signs, by which headings are compared."""
    return re.sub(r"[^\w]|_", "", text.casefold())


def _text(column: Column, cell: Cell, _decimal: str) -> str:
    if isinstance(cell, bool):
        text = "yes" if cell else "no"
    elif isinstance(cell, float) and cell.is_integer():
        # A spreadsheet makes numbers of account numbers.
        text = str(int(cell))
    else:
        text = cell.isoformat() if isinstance(cell, date) else str(cell)
    if len(text) > column.longest:
        raise WrongCell(Sentence(_("is longer than {longest} characters"), longest=column.longest))
    if any(ord(sign) < 32 or sign in "\x7f\ufffe\uffff" or "\ud800" <= sign <= "\udfff" for sign in text):
        raise WrongCell(Sentence(_("holds a sign that is no text")))
    return text


def _number(column: Column, cell: Cell, decimal: str) -> Decimal:
    shown = str(cell)[:40]
    if isinstance(cell, bool | date):
        raise WrongCell(Sentence(_("{text} is not a number"), text=shown))
    try:
        number = decimal_of_text(cell, decimal) if isinstance(cell, str) else Decimal(repr(cell))
    except TwoReadings:
        raise WrongCell(
            Sentence(_("{text} may be read in two ways; write it with a decimal point"), text=shown)
        ) from None
    if number is None or not number.is_finite():
        raise WrongCell(Sentence(_("{text} is not a number"), text=shown))
    if not column.least <= number <= column.most:
        raise WrongCell(
            Sentence(
                _("{text} is not from {least} to {most}"), text=shown, least=column.least, most=column.most
            )
        )
    return number


def _decimal(column: Column, cell: Cell, decimal: str) -> Decimal:
    number = _number(column, cell, decimal)
    rounded = round(number, column.decimals)
    # What a spreadsheet computed has digits that nobody wrote.
    is_noise = isinstance(cell, float) and abs(rounded - number) < Decimal("1e-9")
    if rounded != number and not is_noise:
        raise WrongCell(
            Sentence(
                _("{text} has more than {decimals} digits behind the decimal mark"),
                text=str(cell)[:40],
                decimals=column.decimals,
            )
        )
    return rounded


def _whole(column: Column, cell: Cell, decimal: str) -> int:
    number = _number(column, cell, decimal)
    if number != int(number):
        raise WrongCell(Sentence(_("{text} is not a whole number"), text=str(cell)[:40]))
    return int(number)


def _day(_column: Column, cell: Cell, _decimal: str) -> date:
    wrong = WrongCell(
        Sentence(_("{text} is not a day; write it as 2026-01-31 or 31.01.2026"), text=str(cell)[:40])
    )
    if isinstance(cell, date):
        day = cell
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        if cell not in _EXCEL_DAYS:
            raise wrong
        day = _EXCEL_EPOCH + timedelta(days=int(cell))
    else:
        text = str(cell)
        iso, ours = _ISO_DAY.fullmatch(text), _OUR_DAY.fullmatch(text)
        try:
            if iso:
                day = date(int(iso[1]), int(iso[2]), int(iso[3]))
            elif ours:
                day = date(int(ours[3]), int(ours[2]), int(ours[1]))
            else:
                raise wrong
        except ValueError:
            raise wrong from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise WrongCell(
            Sentence(
                _("{text} is not in the years {first} to {last}"),
                text=day.isoformat(),
                first=_FIRST_YEAR,
                last=_LAST_YEAR,
            )
        )
    return day


def _month(column: Column, cell: Cell, decimal: str) -> date:
    wrong = WrongCell(Sentence(_("{text} is not a month; write it as 2026-01"), text=str(cell)[:40]))
    text = str(cell)
    iso, ours = _MONTH.fullmatch(text), _OUR_MONTH.fullmatch(text)
    if iso or ours:
        year, month = (iso[1], iso[2]) if iso else (ours[2], ours[1])  # type: ignore[index]
        try:
            return _day(column, date(int(year), int(month), 1), decimal)
        except ValueError:
            raise wrong from None
    try:
        day = _day(column, cell, decimal)
    except WrongCell:
        raise wrong from None
    if day.day != 1:
        raise wrong
    return day


def _truth(_column: Column, cell: Cell, _decimal: str) -> bool:
    text = str(cell).casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise WrongCell(Sentence(_("{text} is neither yes nor no"), text=str(cell)[:40]))


def _choice(column: Column, cell: Cell, _decimal: str) -> str:
    value = _values_by_word(column.choices).get(plain_name(str(cell)))
    if value is None:
        raise WrongCell(
            Sentence(
                _("{text} is none of {known}"),
                text=str(cell)[:40],
                known=", ".join(value for value, _label in column.choices),
            )
        )
    return value


@cache
def _values_by_word(choices: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The values of a choice by themselves, and by their labels in every language."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        with translation.override(language):
            found |= {plain_name(gettext(label)): value for value, label in choices}
    return found | {plain_name(value): value for value, _label in choices}


def _codes(column: Column, cell: Cell, _decimal: str) -> tuple[str, ...]:
    parts = [part.strip() for part in re.split(r"[|;,\n]", _list_text(column, cell))]
    codes = tuple(part for part in parts if part)
    if len(set(codes)) != len(codes):
        raise WrongCell(Sentence(_("names something twice")))
    return codes


def _numbers(column: Column, cell: Cell, decimal: str) -> tuple[Decimal, ...]:
    if not isinstance(cell, str):
        return (_decimal(column, cell, decimal),)
    parts = [part.strip() for part in _LIST_MARKS.split(_list_text(column, cell))]
    return tuple(_decimal(column, part, decimal) for part in parts if part)


def _list_text(column: Column, cell: Cell) -> str:
    if len(str(cell)) > column.longest:
        raise WrongCell(Sentence(_("is longer than {longest} characters"), longest=column.longest))
    return str(cell)


_READERS: dict[CellType, Callable[[Column, Cell, str], Any]] = {
    CellType.TEXT: _text,
    CellType.WHOLE: _whole,
    CellType.DECIMAL: _decimal,
    CellType.DAY: _day,
    CellType.MONTH: _month,
    CellType.TRUTH: _truth,
    CellType.CHOICE: _choice,
    CellType.CODES: _codes,
    CellType.NUMBERS: _numbers,
}
