"""Files that are sent to be kept: under a name that every system takes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any

from django.http import HttpResponse, StreamingHttpResponse

from gis_core.answer_budget import file_budget
from gis_core.table_files import MEDIA_TYPES, csv_parts, table_file, write_xlsx

# What is shorter is made as a whole before it is sent: errors can be told, and its length.
HELD_BYTES = 1024**2
_BLOCK_BYTES = 256 * 1024


def download(content: bytes, name: str, file_format: str, media_type: str) -> HttpResponse:
    """`content` as the file `name.file_format`; what is no plain letter or digit in the name becomes a line."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = _disposition(name, file_format)
    return response


def table_download(
    file_format: str,
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    text_columns: Sequence[int] = (),
) -> HttpResponse | StreamingHttpResponse:
    """A table as CSV or XLSX, as gis_core/table_files.py writes it, its rows taken as they are written.

    Raises AnswerTooLarge; CSV that grows too large once a part is sent is broken off.
    """
    counted = _counted(rows)
    if file_format == "xlsx":
        parts = _file_parts(write_xlsx(columns, counted, text_columns))
    else:
        parts = csv_parts(columns, counted)
    response = answer_of_parts(parts, MEDIA_TYPES[file_format])
    response["Content-Disposition"] = _disposition(name, file_format)
    return response


def short_table_download(
    file_format: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponse:
    """A table of a page, which is short: made as a whole, within the limits of documents."""
    return download(table_file(file_format, columns, rows), name, file_format, MEDIA_TYPES[file_format])


def answer_of_parts(parts: Iterable[bytes], media_type: str) -> HttpResponse | StreamingHttpResponse:
    """An answer of parts: short ones are made before they are sent, longer ones while they are."""
    held, size_bytes, remaining = [], 0, iter(parts)
    for part in remaining:
        held.append(part)
        size_bytes += len(part)
        if size_bytes > HELD_BYTES:
            return StreamingHttpResponse(chain(held, remaining), content_type=media_type)
    return HttpResponse(b"".join(held), content_type=media_type)


def _counted(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    budget = file_budget()
    for number, row in enumerate(rows, start=1):
        budget.take(entities=1)
        if number % 1000 == 0:
            budget.look_at_clock()
        yield row


def _file_parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def _disposition(name: str, file_format: str) -> str:
    safe = "".join(
        letter if (letter.isalnum() and letter.isascii()) or letter in "-_." else "_" for letter in name
    )
    return f'attachment; filename="{safe}.{file_format}"'
