"""Tables that people send about zones: rows of texts by column, and what is wrong with rows, all of it at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from gis_core.errors import ReportedError
from gis_core.sentences import COUNT, Sentence
from gis_core.table_reading import UnfitCell, read_table
from gis_core.written_numbers import TwoReadings, decimal_mark_of, decimal_of_text

MOST_ROWS = 2_000_000
LARGEST_FILE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class ZoneTableRow:
    """A row by its number in the file, which counts from 1 with the header; a missing cell is an empty text."""

    number: int
    values: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass
class BadRows:
    """What is wrong with the rows of a file; nothing of it is done then."""

    names: tuple[str, ...]
    found: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: ZoneTableRow, reason: str) -> None:
        self.found.append({"row": row.number, **{name: row[name] for name in self.names}, "reason": reason})

    def refuse(self) -> None:
        """Raise ReportedError `bad_rows` when there are any."""
        if self.found:
            raise ReportedError(
                Sentence(
                    ngettext_lazy(
                        "{count} row is wrong; nothing was changed.",
                        "{count} rows are wrong; nothing was changed.",
                        COUNT,
                    ),
                    count=len({entry["row"] for entry in self.found}),
                ),
                code="bad_rows",
                details=sorted(self.found, key=lambda entry: int(entry["row"])),
            )


def file_data(path: Path) -> bytes:
    """The bytes of a file; ReportedError `unreadable_file` when it is not to be had."""
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ReportedError(
                Sentence(_("{file} is larger than 256 MB."), file=path.name), code="unreadable_file"
            )
        return path.read_bytes()
    except OSError as error:
        raise ReportedError(
            Sentence(_("{file} cannot be read: {reason}."), file=path.name, reason=error.strerror or ""),
            code="unreadable_file",
        ) from error


def table_rows(
    data: bytes, name: str, *, required: Sequence[str], bad: BadRows
) -> tuple[list[ZoneTableRow], str]:
    """The rows of a CSV or XLSX table, and its decimal mark ("" unknown). Cells that say no value are bad.

    Raises ReportedError as `read_table` does, and `bad_rows` where required columns are missing.
    """
    table = read_table(data, name, most_rows=MOST_ROWS)
    header = [cell.strip().casefold() for cell in table.header]
    missing = [column for column in required if column not in header]
    twice = sorted({column for column in header if column and header.count(column) > 1})
    if missing or twice:
        reason = (
            Sentence(_("the columns {columns} are missing"), columns=", ".join(missing))
            if missing
            else Sentence(_("the columns {columns} are there twice"), columns=", ".join(twice))
        )
        bad.add(ZoneTableRow(1, {}), reason)
        bad.refuse()
    rows = []
    for source in table.rows:
        cells = dict(zip(header, source.cells, strict=False))
        row = ZoneTableRow(source.number, {column: _text(cell) for column, cell in cells.items()})
        for cell in source.cells:
            if isinstance(cell, UnfitCell):
                bad.add(row, cell.reason)
        if len(source.cells) > len(header):
            bad.add(row, Sentence(_("the row has more cells than the header")))
        if any("\x00" in value for value in row.values.values()):
            bad.add(row, Sentence(_("a NUL character is not text")))
        rows.append(row)
    return rows, decimal_mark_of(_numbers_in(rows)) or table.decimal


_NUMBER_COLUMNS = ("volume_m3", "connections", "limit95_percent", "error_percent")


def _numbers_in(rows: Sequence[ZoneTableRow]) -> list[str]:
    return [row[column] for row in rows for column in _NUMBER_COLUMNS if row[column]]


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, UnfitCell):
        return cell.text
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def number_in(row: ZoneTableRow, column: str, decimal: str) -> Decimal | Sentence | None:
    """The number of a cell, None for an empty one, or why it is none."""
    text = row[column]
    if not text:
        return None
    try:
        number = decimal_of_text(text, decimal)
    except TwoReadings:
        number = None
    if number is None:
        return Sentence(_("{column} is no number: {text}"), column=column, text=text[:60])
    return number
