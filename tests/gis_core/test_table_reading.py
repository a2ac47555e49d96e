"""Tables that people send: encodings, separators, spreadsheets, and what is no table."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from gis_core.errors import ReportedError
from gis_core.table_files import table_file
from gis_core.table_reading import UnfitCell, read_table
from gis_core.written_numbers import decimal_of_text

TEXT = "номер{0}улица\r\n007{0}Бухоро кўчаси\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_any_encoding_and_separator_gives_the_same_cells(encoding: str, separator: str) -> None:
    text = TEXT.format(separator).replace("ў", "у") if encoding == "cp1251" else TEXT.format(separator)
    table = read_table(text.encode(encoding), "a.csv", most_rows=10)
    assert table.header == ("номер", "улица")
    assert [(row.number, row.cells[0], str(row.cells[1])[:6]) for row in table.rows] == [(2, "007", "Бухоро")]
    assert table.decimal == ("," if separator == ";" else "")


def test_rows_are_counted_as_in_the_file_and_blank_ones_passed_over() -> None:
    table = read_table(b"\n\na,b\n\n1,\n,,\n2,3\n", "a.csv", most_rows=10)
    assert [(row.number, row.cells) for row in table.rows] == [(5, ("1",)), (7, ("2", "3"))]


def test_what_a_spreadsheet_would_compute_is_no_value() -> None:
    cells = read_table(b"a,b,c,d\n=1+1,+998901234567,-5,'=1+1\n", "a.csv", most_rows=10).rows[0].cells
    assert isinstance(cells[0], UnfitCell)
    assert cells[1:] == ("+998901234567", "-5", "=1+1")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["a", "b", "c"])
    sheet.append(["=1+1", "'+998901234567", "plain"])
    content = io.BytesIO()
    book.save(content)
    cells = read_table(content.getvalue(), "a.xlsx", most_rows=10).rows[0].cells
    assert isinstance(cells[0], UnfitCell)
    assert cells[1:] == ("+998901234567", "plain")


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_what_we_write_is_read_as_it_was(file_format: str) -> None:
    rows: list[list[Any]] = [
        ["0012", "=cmd|x", "+998", "-", date(2026, 1, 31), 3],
        [None, 'a;b\n"c"', "@x", "x", None, 4],
    ]
    content = table_file(file_format, ["a", "b", "c", "d", "e", "f"], rows, text_columns={0})
    found = [row.cells for row in read_table(content, f"a.{file_format}", most_rows=10).rows]
    day = date(2026, 1, 31) if file_format == "xlsx" else "2026-01-31"
    number = (3, 4) if file_format == "xlsx" else ("3", "4")
    empty = None if file_format == "xlsx" else ""
    assert found[0] == ("0012", "=cmd|x", "+998", "-", day, number[0])
    assert found[1] == (empty, 'a;b\n"c"', "@x", "x", empty, number[1])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b" \r\n\t", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"%PDF-1.7 whatever", "unreadable_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an old spreadsheet", "unreadable_file"),
        (b"PK\x03\x04 and then nothing", "unreadable_file"),
        (b"a,b\x00\x01\n1,2\n", "unreadable_file"),
        (b'a,b\n"1,2\n3,4\n', "unreadable_file"),
        (b"a\n" + b"1\n" * 11, "too_many_rows"),
        (b"," * 300 + b"x\n", "too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes, code: str) -> None:
    with pytest.raises(ReportedError) as refused:
        read_table(content, "file.csv", most_rows=10)
    assert refused.value.code == code
    assert "file.csv" in refused.value.message


def test_a_zip_that_is_no_spreadsheet_and_one_that_explodes_are_refused() -> None:
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "no spreadsheet")
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 40_000_000)
    for content, words in ((other, "damaged"), (bomb, "unpacks to 40 MB")):
        with pytest.raises(ReportedError, match=words):
            read_table(content.getvalue(), "file.xlsx", most_rows=10)


def test_a_sheet_that_says_a_wrong_size_is_read_to_its_end() -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        for row in range(1, 8):
            sheet.write_row(row, 0, [row, row])
    damaged = io.BytesIO()
    with zipfile.ZipFile(content) as source, zipfile.ZipFile(damaged, "w") as target:
        for name in source.namelist():
            part = source.read(name).replace(b'<dimension ref="A1:B8"/>', b'<dimension ref="A1:A1"/>')
            target.writestr(name, part)
    table = read_table(damaged.getvalue(), "a.xlsx", most_rows=10)
    assert [row.cells for row in table.rows] == [(row, row) for row in range(1, 8)]


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1 234,50", "", "1234.50"),
        ("0.10", "", "0.10"),
        ("122,5", ",", "122.5"),
        ("−3", "", "-3"),
        ("x", "", None),
    ],
)
def test_numbers_stay_exact(text: str, decimal: str, number: str | None) -> None:
    found = decimal_of_text(text, decimal)
    assert found == (None if number is None else Decimal(number))
