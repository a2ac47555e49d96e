"""What was billed and what came in, month by month and place by place."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.ledger.selectors.places import asked_place, unit_of
from gis_core.access import Viewer
from gis_core.database.sql_files import load_sql

# From a million accounts nobody reads all; the worst payers come first.
MOST_ROWS = 500


@dataclass(frozen=True)
class Collected:
    """What was billed for a month and paid on its days, UZS, of a unit; `key` and `name` are empty of the whole.

    What is paid in a month is mostly for the bills of the one before.
    """

    key: str
    name: str
    month: date
    billed: Decimal
    paid: Decimal

    @property
    def rate(self) -> Decimal | None:
        """Paid over billed; None where nothing was billed."""
        return self.paid / self.billed if self.billed > 0 else None


@dataclass(frozen=True)
class CollectionByPlace:
    """The units of a level, those that paid the least of their bills first; `units` is how many there are in all."""

    rows: list[Collected]
    units: int

    @property
    def is_cut(self) -> bool:
        return self.units > len(self.rows)


def collection_by_month(
    viewer: Viewer, *, last_month: date, months: int = 12, parent: str | None = None
) -> list[Collected]:
    """The months up to `last_month`, the earliest first, of all that the viewer sees in `parent`.

    A month without bills and payments has zeros. Raises NotVisible for a parent that the viewer may not see into.
    """
    wanted = [_months_before(last_month, back) for back in range(months - 1, -1, -1)]
    rows, _number = _rows(viewer, "all", parent, wanted[0], last_month, months)
    found = {row.month: row for row in rows}
    nothing = Decimal(0)
    return [found.get(month) or Collected("", "", month, nothing, nothing) for month in wanted]


def collection_by_place(
    viewer: Viewer, *, level: str, month: date, parent: str | None = None, most: int = MOST_ROWS
) -> CollectionByPlace:
    """The units of a level in `parent` in a month, at most `most`: those that paid the least of their bills."""
    rows, units = _rows(viewer, level, parent, month, month, most)
    rows.sort(key=lambda row: (row.rate is None, row.rate or Decimal(0), -row.billed, row.name))
    return CollectionByPlace(rows, units)


def _rows(
    viewer: Viewer, level: str, parent: str | None, first_month: date, last_month: date, most: int
) -> tuple[list[Collected], int]:
    asked: dict[str, Any] = {
        **asked_place(viewer, parent).bound(viewer),
        **unit_of(level),
        "first_month": first_month,
        "last_month": last_month,
        "most": most,
    }
    if level == "all":
        asked["unit"] = "all"
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.ledger", "collection"), asked)
        found = cursor.fetchall()
    return [Collected(key or "", *values[:-1]) for key, *values in found], found[0][-1] if found else 0


def _months_before(month: date, back: int) -> date:
    count = month.year * 12 + month.month - 1 - back
    return date(count // 12, count % 12 + 1, 1)
