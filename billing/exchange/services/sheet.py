"""The rows of a register's file on their way: what they say, whether they are taken, and what would become of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.columns import CellType, WrongCell
from billing.exchange.selectors.headers import known_header
from billing.exchange.selectors.kinds import RegisterKind
from gis_core.sentences import Sentence
from gis_core.table_reading import ReadTable
from gis_core.written_numbers import decimal_mark_of

_NUMBERS = (CellType.DECIMAL, CellType.WHOLE, CellType.NUMBERS)


class RowOutcome(StrEnum):
    """What becomes of a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class RowRefused(Exception):
    """Why a row is not taken, and by which column."""

    def __init__(self, column: str, reason: Sentence) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(eq=False)
class SheetRow:
    """A row by its number in the file; `values` by column, None where a cell is blank.

    `fields` are what the row says of the stored one (`stored`, None where it is new), by the names of the model's
    fields; `parts` is what hangs on it. `note` tells what a person should know of a row that is taken.
    """

    number: int
    values: dict[str, Any]
    refusals: list[tuple[str, Sentence]] = field(default_factory=list)
    outcome: RowOutcome = RowOutcome.UNCHANGED
    fields: dict[str, Any] = field(default_factory=dict)
    stored: Any = None
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    parts: Any = None
    note: Sentence | None = None

    @property
    def is_taken(self) -> bool:
        return not self.refusals

    def refuse(self, column: str, reason: Sentence) -> None:
        self.refusals.append((column, reason))
        self.outcome = RowOutcome.REFUSED

    def __getitem__(self, column: str) -> Any:
        return self.values.get(column)


@dataclass
class Sheet:
    """All rows of a file, and what is to be said of the file as a whole."""

    kind: RegisterKind
    rows: list[SheetRow]
    warnings: list[Sentence] = field(default_factory=list)

    def taken(self) -> list[SheetRow]:
        return [row for row in self.rows if row.is_taken]

    def counts(self) -> dict[str, int]:
        counted = Counter(row.outcome.value for row in self.rows)
        return {outcome.value: counted[outcome.value] for outcome in RowOutcome}


def sheet_of(kind: RegisterKind, table: ReadTable, file: str) -> Sheet:
    """The rows of a file with the values of their cells; cells that are wrong refuse their rows.

    Raises ReportedError for a header that is not the register's.
    """
    header = known_header(kind, table.header, file)
    wanted = {place: column for place, column in header.columns.items() if not column.is_told}
    decimal = _decimal_mark(table, [place for place, column in wanted.items() if column.type in _NUMBERS])
    sheet = Sheet(kind, [])
    sheet.warnings = [
        Sentence(_("The column {column} is not known and was not read."), column=name)
        for name in header.unknown
    ]
    for table_row in table.rows:
        row = SheetRow(table_row.number, {})
        for place, column in wanted.items():
            cell = table_row.cells[place] if place < len(table_row.cells) else None
            try:
                row.values[column.name] = column.value_of(cell, decimal)
            except WrongCell as error:
                row.refuse(column.name, error.reason)
                continue
            if column.is_required and row.values[column.name] in (None, ()):
                row.refuse(column.name, Sentence(_("is required")))
        sheet.rows.append(row)
    return sheet


def _decimal_mark(table: ReadTable, places: Sequence[int]) -> str:
    """The decimal mark that numbers of the file show, else the one that goes with its separator; "" if unknown."""
    cells = (row.cells[place] for row in table.rows for place in places if place < len(row.cells))
    return decimal_mark_of([cell for cell in cells if isinstance(cell, str)]) or table.decimal
