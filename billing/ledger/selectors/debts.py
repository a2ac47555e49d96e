"""Who owes what on a day, and for how long: by the levels of the country, by street, by account.

Each level is one query over the ledger, so that all of them agree with it and with each other.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.ledger.selectors.places import asked_place, unit_of
from billing.models import Account
from gis_core.access import Viewer
from gis_core.database.sql_files import load_sql

MOST_ROWS = 1000


@dataclass(frozen=True)
class Debts:
    """What a unit's accounts owe, UZS. Overdue is by days past the due day; `debtors` are the accounts with any.

    `balance` = `not_due` + `overdue` - `paid_ahead`.
    """

    key: str
    name: str
    detail: str
    accounts: int
    balance: Decimal
    not_due: Decimal
    to_30: Decimal
    to_90: Decimal
    to_365: Decimal
    older: Decimal
    paid_ahead: Decimal
    debtors: int

    @property
    def overdue(self) -> Decimal:
        return self.to_30 + self.to_90 + self.to_365 + self.older


AMOUNTS = ("balance", "not_due", "to_30", "to_90", "to_365", "older", "paid_ahead")


@dataclass(frozen=True)
class DebtSummary:
    """The units of a level in a parent on a day. `total` is of all of them, also of those beyond `MOST_ROWS`."""

    level: str
    parent: str | None
    as_of: date
    rows: list[Debts]
    total: Debts
    units: int
    crumbs: list[dict[str, str]]

    @property
    def is_cut(self) -> bool:
        return self.units > len(self.rows)


def debt_summary(
    viewer: Viewer, *, level: str, as_of: date, parent: str | None = None, most: int = MOST_ROWS
) -> DebtSummary:
    """Debts of the viewer's accounts at a level, in `parent`: a division's code, or a street's key ("QIBRAY/S-12").

    The units that are overdue most come first. Raises NotVisible for a parent that the viewer may not see into.
    """
    place = asked_place(viewer, parent)
    scope = {**place.bound(viewer), "account_id": None, "as_of": as_of}
    rows, units = _rows(scope, level, most)
    counted = rows if units == len(rows) else _rows(scope, "republic", MOST_ROWS)[0]
    return DebtSummary(level, parent, as_of, rows, _sum(counted), units, place.crumbs)


def account_debts(viewer: Viewer, account: Account, as_of: date) -> Debts:
    """What one account of the viewer's divisions owes on a day, and for how long."""
    scope = {**asked_place(viewer, None).bound(viewer), "account_id": account.pk, "as_of": as_of}
    return _sum(_rows(scope, "account", 1)[0])


def _rows(scope: dict[str, Any], level: str, most: int) -> tuple[list[Debts], int]:
    asked = {**scope, **unit_of(level), "most": most}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.ledger", "ageing"), asked)
        found = cursor.fetchall()
    return [Debts(*values[:-1]) for values in found], found[0][-1] if found else 0


def _sum(rows: list[Debts]) -> Debts:
    added = {name: sum((getattr(row, name) for row in rows), Decimal(0)) for name in AMOUNTS}
    accounts, debtors = sum(row.accounts for row in rows), sum(row.debtors for row in rows)
    return Debts(key="", name="", detail="", accounts=accounts, debtors=debtors, **added)
