"""Bills on paper: a month's, street by street, and along each street in the order in which they are carried."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.ledger.selectors.places import AskedPlace, asked_place
from gis_core.access import Capability, NotVisible, Viewer
from gis_core.database.sql_files import load_sql
from gis_core.models import Enterprise, Street
from gis_core.selectors.organisation import seen_paths


@dataclass(frozen=True)
class StreetBills:
    """The bills of a street in a month: how many, of them handed over, and what they ask for, UZS."""

    key: str
    name: str
    division: str
    bills: int
    handed_over: int
    total: Decimal

    @property
    def missing(self) -> int:
        return self.bills - self.handed_over

    @property
    def percent(self) -> int:
        """Of its bills handed over, percent, rounded down: 100 says all."""
        return 100 * self.handed_over // self.bills


@dataclass(frozen=True)
class BillOnPaper:
    """A bill on its way; `total` is its own, without what stood before."""

    invoice_id: int
    uid: UUID
    number: str
    account: UUID
    account_number: str
    subscriber: str
    house: str
    flat: str
    total: Decimal
    handed_over_on: date | None
    received_by: str | None


def bills_by_street(viewer: Viewer, enterprise: Enterprise, month: date) -> list[StreetBills]:
    """The streets that have bills of a month, of the accounts that the viewer sees, by division and name."""
    asked: dict[str, Any] = {
        "enterprise_id": enterprise.pk,
        "month": month,
        "paths": seen_paths(viewer, Capability.VIEW_SUBSCRIBERS),
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.printing", "bills_by_street"), asked)
        return [StreetBills(*row) for row in cursor.fetchall()]


def bills_of_street(
    viewer: Viewer, enterprise: Enterprise, month: date, street: str
) -> tuple[Street, list[BillOnPaper]]:
    """A street by its key ("QIBRAY/S-12") and its bills in walking order; NotVisible for what is not seen into."""
    place = asked_place(viewer, street)
    if place.street is None:
        raise NotVisible("no such street")
    return place.street, bills_of_place(
        enterprise, month, place, paths=seen_paths(viewer, Capability.VIEW_SUBSCRIBERS)
    )


def bills_of_place(
    enterprise: Enterprise, month: date, place: AskedPlace, *, paths: list[str]
) -> list[BillOnPaper]:
    """The bills of a month in a place in the order in which they are carried, of accounts below `paths` alone."""
    asked: dict[str, Any] = {
        "enterprise_id": enterprise.pk,
        "month": month,
        "paths": paths,
        **place.bounds,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.printing", "bills_of_place"), asked)
        return [BillOnPaper(*row) for row in cursor.fetchall()]
