"""Registries of payments, as the post, banks and providers send them: CSV or XLSX with a total in the last row."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as _

from billing.channels.services.statements.rows import (
    CUT_FILE,
    MOST_ROWS,
    NO_AMOUNT,
    NO_DAY,
    OTHER_FORMAT,
    WRONG_TOTAL,
    BadStatementRows,
    MoneyRow,
    ReadStatement,
    amount_of,
    day_of,
    refused,
)
from gis_core.table_reading import Cell, ReadTable, TableRow, UnfitCell, read_table

_COLUMNS = ("reference", "account", "paid_on", "amount")
_TOTAL = "TOTAL"
_LONGEST = {"reference": 60, "account": 20}
NO_REFERENCE = _("no reference")
NO_ACCOUNT_NAMED = _("no account")


def read_registry(data: bytes, name: str) -> ReadStatement:
    """The payments of a registry. ReportedError: `other_format`, `cut_file`, `total`, `unreadable_row`, and those of
    tables."""
    table = read_table(data, name, most_rows=MOST_ROWS + 1)
    places = _places(table)
    if not table.rows or _text(_cell(table.rows[-1], 0)).upper() != _TOTAL:
        raise refused("cut_file", CUT_FILE, line=table.rows[-1].number if table.rows else 1)
    bad = BadStatementRows()
    rows = [row for line in table.rows[:-1] if (row := _row(line, places, bad)) is not None]
    count, total = _stated(table.rows[-1], bad)
    bad.raise_any()
    found = sum((row.amount for row in rows), Decimal(0))
    if count != len(rows) or total != found:
        raise refused(
            "total",
            WRONG_TOTAL,
            line=table.rows[-1].number,
            stated=f"{count}; {total}",
            found=f"{len(rows)}; {found}",
        )
    return ReadStatement("registry", table.encoding, rows)


def _places(table: ReadTable) -> dict[str, int]:
    names = [name.strip().casefold() for name in table.header]
    if any(name not in names for name in _COLUMNS) or len(set(names)) != len(names):
        raise refused("other_format", OTHER_FORMAT, name="registry")
    return {name: names.index(name) for name in (*_COLUMNS, "payer") if name in names}


# More than anybody pays, and less than cannot be rounded any more.
_BEYOND = Decimal(10**13)


def _cell(row: TableRow, place: int) -> Cell:
    return row.cells[place] if place < len(row.cells) else None


def _text(value: Cell) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.strip() if isinstance(value, str) else str(value)


def _amount(value: Cell) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        # A spreadsheet keeps numbers in binary: what it shows is the shortest text that gives the same.
        exact = Decimal(repr(value))
        is_payable = exact.is_finite() and abs(exact) < _BEYOND and exact == exact.quantize(Decimal("0.01"))
        return exact if is_payable else None
    return amount_of(value) if isinstance(value, str) else None


def _day(value: Cell) -> date | None:
    if isinstance(value, date):
        return value
    return day_of(value) if isinstance(value, str) and len(value) == 10 else None


def _row(line: TableRow, places: dict[str, int], bad: BadStatementRows) -> MoneyRow | None:
    for cell in line.cells:
        if isinstance(cell, UnfitCell):
            bad.add(line.number, cell.reason)
            return None
    values: dict[str, Any] = {name: _cell(line, place) for name, place in places.items()}
    amount, paid_on = _amount(values["amount"]), _day(values["paid_on"])
    reference, account = _text(values["reference"]), _text(values["account"])
    for is_wrong, reason in (
        (not 0 < len(reference) <= _LONGEST["reference"] or not reference.isprintable(), NO_REFERENCE),
        (not 0 < len(account) <= _LONGEST["account"] or not account.isprintable(), NO_ACCOUNT_NAMED),
        (paid_on is None, NO_DAY),
        (amount is None or not 0 < amount < Decimal(10**13), NO_AMOUNT),
    ):
        if is_wrong:
            bad.add(line.number, reason)
            return None
    if amount is None or paid_on is None:
        return None
    return MoneyRow(
        line=line.number,
        paid_on=paid_on,
        amount=amount,
        reference=reference,
        numbered_on=paid_on,
        payer=_text(values.get("payer"))[:300],
        account=account,
    )


def _stated(row: TableRow, bad: BadStatementRows) -> tuple[int, Decimal]:
    count, total = _text(_cell(row, 1)), _amount(_cell(row, 2))
    if not count.isdecimal() or len(count) > 9 or total is None:
        bad.add(row.number, NO_AMOUNT)
        return 0, Decimal(0)
    return int(count), total
