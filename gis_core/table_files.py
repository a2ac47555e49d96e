"""Tables as files for a spreadsheet: CSV and XLSX. Nothing in them is computed when they are opened."""

import csv
import io
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.utils import timezone

from gis_core.spreadsheet_cells import text_cell

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_WIDTH = 18
_PART_CHARACTERS = 64 * 1024


def table_file(
    file_format: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    text_columns: Collection[int] = (),
) -> bytes:
    """The table in a format of MEDIA_TYPES; the columns' names carry their units. None is an empty cell.

    What is typed into `text_columns` of an XLSX file, by their places, stays text: zeros before a number are kept.
    """
    if file_format == "xlsx":
        with write_xlsx(columns, rows, text_columns) as file:
            return file.read()
    return b"".join(csv_parts(columns, rows))


def csv_parts(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """The table as CSV in parts of some 64 kB; no more rows are held than one part has."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    # With the mark, without which Excel reads UTF-8 as something else.
    text.write("\ufeff")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if text.tell() > _PART_CHARACTERS:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str):
        return _day_or_time(value) if isinstance(value, date) else str(value)
    return text_cell(value)


def _day_or_time(value: date) -> str:
    """ISO 8601; an instant by the clocks of here, with their offset."""
    is_instant = isinstance(value, datetime) and timezone.is_aware(value)
    return (timezone.localtime(value) if is_instant else value).isoformat()  # type: ignore[arg-type]


def write_xlsx(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], text_columns: Collection[int] = ()
) -> IO[bytes]:
    """The table as XLSX in a file without a name, at its beginning; rows are written as they come, and not held."""
    folder = tempfile.mkdtemp(prefix="tarmoq-table-")
    content = tempfile.TemporaryFile()  # noqa: SIM115 -- whoever asked closes it
    try:
        _write_book(content, folder, columns, rows, text_columns)
    except BaseException:
        content.close()
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    content.seek(0)
    return content


def _write_book(
    content: IO[bytes],
    folder: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    text_columns: Collection[int],
) -> None:
    options = {
        "constant_memory": True,
        "tmpdir": folder,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet()
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, columns, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(0, len(columns) - 1), _WIDTH)
        as_text = book.add_format({"num_format": "@"})
        for place in text_columns:
            sheet.set_column(place, place, _WIDTH, as_text)
        for number, row in enumerate(rows, start=1):
            for position, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_string(number, position, _day_or_time(value))
                elif isinstance(value, date):
                    sheet.write_datetime(number, position, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
                elif value is not None:
                    sheet.write(number, position, float(value) if isinstance(value, Decimal) else value)
