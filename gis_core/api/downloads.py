"""Files that are sent to be kept: under a name that every system takes."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from gis_core.table_files import MEDIA_TYPES, table_file


def download(content: bytes, name: str, file_format: str, media_type: str) -> HttpResponse:
    """`content` as the file `name.file_format`; what is no plain letter or digit in the name becomes a line."""
    response = HttpResponse(content, content_type=media_type)
    safe = "".join(
        letter if (letter.isalnum() and letter.isascii()) or letter in "-_." else "_" for letter in name
    )
    response["Content-Disposition"] = f'attachment; filename="{safe}.{file_format}"'
    return response


def table_download(
    file_format: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponse:
    """A table as CSV or XLSX, as gis_core/table_files.py writes it."""
    return download(table_file(file_format, columns, rows), name, file_format, MEDIA_TYPES[file_format])
