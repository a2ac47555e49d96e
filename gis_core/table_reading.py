"""Tables that people send, CSV and XLSX, as rows of cells; what a spreadsheet would compute is not taken for a value.

    bytes of a file --read_table--> ReadTable(header, rows of cells: texts, numbers, days, truths, or UnfitCell)

The opposite of gis_core/table_files.py: what that marks as text (gis_core/spreadsheet_cells.py) is unmarked here.
"""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.translation import gettext_noop as _
from openpyxl.utils.exceptions import InvalidFileException

from gis_core.code_pages import decoded
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence
from gis_core.spreadsheet_cells import value_of_text_cell

MOST_COLUMNS = 200
_MOST_UNPACKED_BYTES = 600_000_000
_MOST_RATIO = 200
_LONGEST_CELL = 32_767
# A sheet that was formatted to its end has a million rows without anything in them.
_MOST_BLANK_ROWS = 10_000
_ZIP, _OLD_EXCEL, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_SEPARATORS = (";", "\t", ",", "|")
_BLANKS = " \t\r\n\u00a0\u202f\ufeff"


@dataclass(frozen=True)
class UnfitCell:
    """A cell that says no value: a formula, or an error that one gave."""

    text: str
    reason: Sentence


Cell = str | int | float | date | bool | UnfitCell | None


@dataclass(frozen=True)
class TableRow:
    """A row by its number in the file, which counts from 1 with the header; blank cells at its end are left out."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ReadTable:
    """The first row that is not blank, as texts, and those below it. `encoding` is "xlsx", or that of a CSV file.

    `decimal` is "," where the cells are parted by semicolons, as programs do that write decimal commas; else "".
    """

    header: tuple[str, ...]
    rows: tuple[TableRow, ...]
    encoding: str
    decimal: str = ""


def read_table(data: bytes, name: str, *, most_rows: int) -> ReadTable:
    """The table in a CSV file (any of our encodings and separators) or the first sheet of an XLSX file.

    Raises ReportedError (`empty_file`, `unreadable_file`, `too_many_rows`, `too_many_columns`).
    """
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise ReportedError(Sentence(_("{file} is empty."), file=name), code="empty_file")
    if data.startswith((_OLD_EXCEL, _PDF)):
        raise ReportedError(
            Sentence(_("{file} is neither XLSX nor CSV; save it as one of these."), file=name),
            code="unreadable_file",
        )
    if data.startswith(_ZIP):
        return _table(_xlsx_rows(data, name, most_rows), name, "xlsx", "")
    return _csv_table(data, name, most_rows)


def _table(rows: Iterable[TableRow], name: str, encoding: str, decimal: str) -> ReadTable:
    found = list(rows)
    if not found:
        raise ReportedError(Sentence(_("{file} is empty."), file=name), code="empty_file")
    header = tuple(
        "" if cell is None or isinstance(cell, UnfitCell) else str(cell) for cell in found[0].cells
    )
    return ReadTable(header, tuple(found[1:]), encoding, decimal)


def _bounded(rows: Iterable[TableRow], name: str, most_rows: int) -> Iterator[TableRow]:
    """The rows that are not blank; more than `most_rows` below the header are refused."""
    count = 0
    for row in rows:
        if not row.cells:
            continue
        count += 1
        if count > most_rows + 1:
            raise ReportedError(
                Sentence(
                    _("{file} has more than {most_rows} rows; cut it into several files."),
                    file=name,
                    most_rows=Figure(most_rows),
                ),
                code="too_many_rows",
            )
        if len(row.cells) > MOST_COLUMNS:
            raise ReportedError(
                Sentence(
                    _("{file} has more than {most_columns} columns."), file=name, most_columns=MOST_COLUMNS
                ),
                code="too_many_columns",
            )
        yield row


def _trimmed(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    end = len(cells)
    while end and cells[end - 1] in (None, ""):
        end -= 1
    return tuple(cells[:end])


# --- CSV


def _csv_table(data: bytes, name: str, most_rows: int) -> ReadTable:
    text, encoding = decoded(data)
    # Where the file says itself that it is UTF-8, what is not is told of the cell that holds it.
    is_marked = encoding == "utf-8-sig"
    if "\x00" in text or ("\ufffd" in text and not is_marked):
        raise ReportedError(
            Sentence(
                _("{file} is no text in {encoding}: save it as CSV in UTF-8, or as XLSX."),
                file=name,
                encoding=encoding,
            ),
            code="unreadable_file",
        )
    first = next((line for line in text.splitlines() if line.strip(_BLANKS)), "")
    separator = max(_SEPARATORS, key=lambda mark: len(_cells_of_line(first, mark)))
    rows = _bounded(_csv_rows(text, separator, name), name, most_rows)
    return _table(rows, name, encoding.removesuffix("-sig"), "," if separator == ";" else "")


def _cells_of_line(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _csv_rows(text: str, separator: str, name: str) -> Iterator[TableRow]:
    # strict: a quotation mark that never closes must not swallow the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, cells in enumerate(reader, start=1):
            yield TableRow(number, _trimmed([_text_value(cell) for cell in cells]))
    except csv.Error as error:
        raise ReportedError(
            Sentence(
                _("{file}, row {row}: a quotation mark is not closed, or a cell is too long."),
                file=name,
                row=reader.line_num,
            ),
            code="unreadable_file",
        ) from error


def _text_value(text: str) -> Cell:
    plain = text.strip(_BLANKS)
    if "\ufffd" in plain:
        return UnfitCell(plain[:60], Sentence(_("the cell is no text in {encoding}"), encoding="UTF-8"))
    if plain.startswith("=") and len(plain) > 1:
        return UnfitCell(plain[:60], Sentence(_("a formula is not taken; write its value")))
    return value_of_text_cell(plain)


# --- XLSX


def _xlsx_rows(data: bytes, name: str, most_rows: int) -> Iterator[TableRow]:
    unreadable = ReportedError(
        Sentence(_("{file} is no XLSX file, or is damaged."), file=name), code="unreadable_file"
    )
    try:
        _refuse_bombs(data, name)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        if not book.worksheets:
            raise unreadable
        sheet = book.worksheets[0]
        # What the file says of its own size may be anything.
        sheet.reset_dimensions()
        yield from _bounded(_sheet_rows(sheet), name, most_rows)
    except (
        *(zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError, KeyError, ValueError),
        *(TypeError, AttributeError, IndexError, OSError, EOFError, NotImplementedError, RuntimeError),
    ) as error:
        # The library says what is damaged by whatever its parts raise.
        raise unreadable from error


def _refuse_bombs(data: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if (
        len(members) > 2_000
        or unpacked > max(_MOST_RATIO * len(data), 10_000_000)
        or unpacked > _MOST_UNPACKED_BYTES
    ):
        raise ReportedError(
            Sentence(
                _("{file} unpacks to {megabytes} MB, which is too much."),
                file=name,
                megabytes=Figure(unpacked / 1e6, ",.0f"),
            ),
            code="unreadable_file",
        )


def _sheet_rows(sheet: Any) -> Iterator[TableRow]:
    blank = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
        row = TableRow(number, _trimmed([_sheet_value(cell) for cell in cells]))
        blank = 0 if row.cells else blank + 1
        if blank > _MOST_BLANK_ROWS:
            return
        yield row


def _sheet_value(cell: Any) -> Cell:
    value, kind = cell.value, cell.data_type
    if value is None:
        return None
    if kind == "f":
        shown = value if isinstance(value, str) else getattr(value, "text", None) or "="
        return UnfitCell(str(shown)[:60], Sentence(_("a formula is not taken; write its value")))
    if kind == "e":
        return UnfitCell(str(value)[:60], Sentence(_("the cell holds an error of a formula")))
    if isinstance(value, str):
        return value_of_text_cell(value.strip(_BLANKS)[:_LONGEST_CELL])
    if isinstance(value, datetime):
        is_day = not (value.hour or value.minute or value.second or value.microsecond)
        return value.date() if is_day else value.isoformat(sep=" ")
    return value if isinstance(value, bool | int | float | date) else str(value)
