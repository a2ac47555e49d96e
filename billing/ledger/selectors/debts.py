"""Who owes what on a day, and for how long: by the levels of the country, by street, by account.

Each level is one query over the ledger, so that all of them agree with it and with each other.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from gis_core.access import Capability, NotVisible, Viewer
from gis_core.database.sql_files import load_sql
from gis_core.models import Division, Street
from gis_core.selectors.organisation import division_seen_into, divisions_down_to, seen_paths, sees_into

LEVELS = ("republic", "region", "district", "mahalla", "street", "account")
MOST_ROWS = 1000
_CAPABILITY = Capability.VIEW_SUBSCRIBERS
_DIVISION_LEVELS = {
    "republic": Division.Level.REPUBLIC,
    "region": Division.Level.REGION,
    "district": Division.Level.DISTRICT,
    "mahalla": Division.Level.MAHALLA,
}


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
    street = _street_of(viewer, parent) if parent and "/" in parent else None
    division = division_seen_into(viewer, parent, _CAPABILITY) if parent and street is None else None
    scope = {
        "paths": seen_paths(viewer, _CAPABILITY),
        "parent_path": division.path if division else "",
        "street_id": street.pk if street else None,
        "as_of": as_of,
    }
    rows, units = _rows(scope, level, most)
    counted = rows if units == len(rows) else _rows(scope, "republic", MOST_ROWS)[0]
    return DebtSummary(level, parent, as_of, rows, _sum(counted), units, _crumbs(street, division))


def _rows(scope: dict[str, Any], level: str, most: int) -> tuple[list[Debts], int]:
    asked = {
        **scope,
        "unit": level if level in ("street", "account") else "division",
        "level": _DIVISION_LEVELS.get(level, Division.Level.MAHALLA),
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.ledger", "ageing"), asked)
        found = cursor.fetchall()
    return [Debts(*values[:-1]) for values in found], found[0][-1] if found else 0


def _sum(rows: list[Debts]) -> Debts:
    added = {name: sum((getattr(row, name) for row in rows), Decimal(0)) for name in AMOUNTS}
    accounts, debtors = sum(row.accounts for row in rows), sum(row.debtors for row in rows)
    return Debts(key="", name="", detail="", accounts=accounts, debtors=debtors, **added)


def _street_of(viewer: Viewer, key: str) -> Street:
    division, _slash, code = key.partition("/")
    street = Street.objects.select_related("division").filter(division__code=division, code=code).first()
    if street is None or not sees_into(viewer, street.division, _CAPABILITY):
        raise NotVisible("no such street")
    return street


def _crumbs(street: Street | None, division: Division | None) -> list[dict[str, str]]:
    """The divisions from the top down to the parent, and the street, each with the level of what lies in it."""
    lowest = street.division if street is not None else division
    crumbs = []
    if lowest is not None:
        crumbs = [
            {"key": one.code, "name": one.name, "level": level_inside(one.level)}
            for one in divisions_down_to(lowest)
        ]
    if street is not None:
        crumbs.append(
            {"key": f"{street.division.code}/{street.code}", "name": street.name, "level": "account"}
        )
    return crumbs


def level_inside(level: int) -> str:
    """The level on which what lies in a division of a level is shown."""
    inside = {
        Division.Level.REPUBLIC: "region",
        Division.Level.REGION: "district",
        Division.Level.DISTRICT: "mahalla",
    }
    return inside.get(Division.Level(level), "street")
