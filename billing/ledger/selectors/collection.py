"""What was billed and what came in, month by month and place by place."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.ledger.selectors.places import asked_place, unit_of
from gis_core.access import Viewer
from gis_core.database.sql_files import load_sql


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


def collection_by_month(
    viewer: Viewer, *, last_month: date, months: int = 12, parent: str | None = None
) -> list[Collected]:
    """The months up to `last_month`, the earliest first, of all that the viewer sees in `parent`.

    A month without bills and payments has zeros. Raises NotVisible for a parent that the viewer may not see into.
    """
    wanted = [_months_before(last_month, back) for back in range(months - 1, -1, -1)]
    found = {row.month: row for row in _rows(viewer, "all", parent, wanted[0], last_month)}
    nothing = Decimal(0)
    return [found.get(month) or Collected("", "", month, nothing, nothing) for month in wanted]


def collection_by_place(
    viewer: Viewer, *, level: str, month: date, parent: str | None = None
) -> list[Collected]:
    """The units of a level in `parent` in a month, those that paid the least of their bills first."""
    rows = _rows(viewer, level, parent, month, month)
    return sorted(rows, key=lambda row: (row.rate is None, row.rate or Decimal(0), -row.billed, row.name))


def _rows(
    viewer: Viewer, level: str, parent: str | None, first_month: date, last_month: date
) -> list[Collected]:
    asked: dict[str, Any] = {
        **asked_place(viewer, parent).bound(viewer),
        **unit_of(level),
        "first_month": first_month,
        "last_month": last_month,
    }
    if level == "all":
        asked["unit"] = "all"
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.ledger", "collection"), asked)
        return [Collected(key or "", *values) for key, *values in cursor.fetchall()]


def _months_before(month: date, back: int) -> date:
    count = month.year * 12 + month.month - 1 - back
    return date(count // 12, count % 12 + 1, 1)
