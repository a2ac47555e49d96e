"""Files of water audits, CSV or XLSX, as audits to compute: a row each, in the units that the row names.

Faults that make a figure unreadable refuse the whole file, each with its row; figures that are only odd are taken and
flagged (balances/audit/water_balance.py), since real audits hold odd figures.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as _

from balances.audit.water_balance import (
    LENGTH_UNITS_KM,
    PRESSURE_UNITS_M,
    UARL_FORMS,
    VOLUME_UNITS_M3,
    VOLUMES,
    AuditInput,
)
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.table_reading import Cell, ReadTable, TableRow, UnfitCell, read_table
from gis_core.written_numbers import TwoReadings, decimal_mark_of, decimal_of_text

MOST_AUDITS = 100_000
LONGEST_ID = 200
_QUANTITIES = ("days", "mains_length", "connections", "private_pipe_length", "average_pressure")
_OPTIONAL = ("hours_per_day",)
_UNITS = {
    "volume_unit": tuple(VOLUME_UNITS_M3),
    "length_unit": tuple(LENGTH_UNITS_KM),
    "pressure_unit": tuple(PRESSURE_UNITS_M),
    "uarl_form": UARL_FORMS,
}
# What a unit is of: where none of these is stated, the unit may be blank.
_STATED_IN = {
    "volume_unit": VOLUMES,
    "length_unit": ("mains_length", "private_pipe_length"),
    "pressure_unit": ("average_pressure",),
    "uarl_form": ("mains_length", "connections", "average_pressure"),
}
_LIMIT_ENDING = "_limit95_percent"
COLUMNS = ("audit_id", "days", *VOLUMES, *_QUANTITIES[1:], *_UNITS)
_LARGEST = Decimal("1e18")


@dataclass
class _Row:
    """A row being read: its cells by column, and what is wrong with it."""

    number: int
    audit_id: str
    cells: dict[str, Cell]
    decimal: str
    faults: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, column: str, reason: str) -> None:
        value = self.cells.get(column)
        text = value.text if isinstance(value, UnfitCell) else "" if value is None else str(value)
        self.faults.append(
            {
                "row": self.number,
                "audit_id": self.audit_id,
                "column": column,
                "value": text[:60],
                "reason": reason,
            }
        )

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        if isinstance(value, UnfitCell):
            self.refuse(column, value.reason)
            return ""
        return "" if value is None else str(value).strip()

    def number_of(self, column: str) -> Decimal | None:
        """The number in a column, None where it is blank or refused."""
        value = self.cells.get(column)
        if isinstance(value, UnfitCell):
            self.refuse(column, value.reason)
            return None
        if value is None or value == "":
            return None
        try:
            number = _decimal(value, self.decimal)
        except TwoReadings:
            number = None
        if number is None:
            self.refuse(column, Sentence(_("not a number")))
        elif not number.is_finite() or abs(number) > _LARGEST:
            self.refuse(column, Sentence(_("too large a number")))
            return None
        return number


def _decimal(value: Cell, decimal: str) -> Decimal | None:
    if isinstance(value, str):
        return decimal_of_text(value, decimal)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Decimal(repr(value))


def audits_of_file(data: bytes, name: str) -> list[AuditInput]:
    """The audits in a file, in its order.

    Raises ReportedError: `empty_file`, `unreadable_file` and the like (gis_core/table_reading.py), `missing_columns`
    and `column_twice` (details: `column`), `no_data` without any row, `bad_rows` (details: `row`, which counts from 1
    with the header, `audit_id`, `column`, `value`, `reason`).
    """
    table = read_table(data, name, most_rows=MOST_AUDITS)
    columns = _columns(table, name)
    if not table.rows:
        raise ReportedError(Sentence(_("{file} has no audits below its header."), file=name), code="no_data")
    decimal = _decimal_mark(table, columns)
    seen: Counter[str] = Counter()
    audits, faults = [], []
    for row in table.rows:
        read = _row(row, columns, decimal)
        seen[read.audit_id] += 1
        audits.append(_audit(read, is_repeated=seen[read.audit_id] > 1))
        faults += read.faults
    if faults:
        raise ReportedError(
            Sentence(
                _("{file}: nothing was computed, since {count} cells cannot be understood."),
                file=name,
                count=len(faults),
            ),
            code="bad_rows",
            details=faults,
        )
    return audits


def _columns(table: ReadTable, name: str) -> list[str]:
    columns = [text.strip().casefold().replace(" ", "_") for text in table.header]
    missing = [column for column in COLUMNS if column not in columns]
    # A limit of something that is no volume is a slip of the pen: without a word it would count for nothing.
    missing += [
        column
        for column in columns
        if column.endswith(_LIMIT_ENDING) and column.removesuffix(_LIMIT_ENDING) not in VOLUMES
    ]
    if missing:
        raise ReportedError(
            Sentence(
                _("{file} lacks columns of a water audit, or names limits of no volume: {columns}."),
                file=name,
                columns=", ".join(missing),
            ),
            code="missing_columns",
            details=[{"column": column} for column in missing],
        )
    twice = sorted(column for column, count in Counter(columns).items() if column and count > 1)
    if twice:
        raise ReportedError(
            Sentence(_("{file} has a column twice: {columns}."), file=name, columns=", ".join(twice)),
            code="column_twice",
            details=[{"column": column} for column in twice],
        )
    return columns


def _decimal_mark(table: ReadTable, columns: list[str]) -> str:
    """The decimal mark of the file: as its numbers show it, else as its separator suggests."""
    numeric = {*VOLUMES, *_QUANTITIES, *_OPTIONAL}
    texts = [
        cell
        for row in table.rows
        for column, cell in zip(columns, row.cells, strict=False)
        if isinstance(cell, str) and (column in numeric or column.endswith(_LIMIT_ENDING))
    ]
    return decimal_mark_of(texts) or table.decimal or "."


def _row(row: TableRow, columns: list[str], decimal: str) -> _Row:
    cells = dict(zip(columns, row.cells, strict=False))
    read = _Row(row.number, "", cells, decimal)
    read.audit_id = read.text("audit_id")
    if len(row.cells) > len(columns):
        read.refuse("", Sentence(_("more cells than the header has")))
    if len(read.audit_id) > LONGEST_ID:
        read.refuse("audit_id", Sentence(_("too long")))
    return read


def _audit(row: _Row, *, is_repeated: bool) -> AuditInput:
    quantities = {
        column: None if (number := row.number_of(column)) is None else float(number)
        for column in (*_QUANTITIES, *_OPTIONAL)
    }
    flags = ["repeated_audit_id"] if is_repeated else []
    return AuditInput(
        audit_id=row.audit_id,
        volumes={name: row.number_of(name) for name in VOLUMES},
        **quantities,  # type: ignore[arg-type]
        **{column: _unit(row, column) for column in _UNITS},  # type: ignore[arg-type]
        limits=dict(_limits(row)),
        flags=tuple(flags if row.audit_id else [*flags, "missing_audit_id"]),
    )


def _unit(row: _Row, column: str) -> str:
    known = _UNITS[column]
    text = row.text(column)
    if not text and all(row.cells.get(name) in (None, "") for name in _STATED_IN[column]):
        return known[0]
    for unit in known:
        if unit.casefold() == text.casefold():
            return unit
    if not isinstance(row.cells.get(column), UnfitCell):
        row.refuse(column, Sentence(_("not one of {values}"), values=", ".join(known)))
    return known[0]


def _limits(row: _Row) -> Iterator[tuple[str, float]]:
    for name in VOLUMES:
        column = name + _LIMIT_ENDING
        limit = row.number_of(column)
        if limit is not None and limit < 0:
            row.refuse(column, Sentence(_("below zero")))
        elif limit is not None:
            yield name, float(limit)
