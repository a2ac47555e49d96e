"""Where meters are, and which are to be verified."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from billing.ledger.selectors.places import asked_place
from billing.models import MeterMovement, MeterType
from gis_core.access import Capability, NotVisible, Viewer, visible
from gis_core.database.sql_files import load_sql
from gis_core.selectors.organisation import seen_paths

# Where a meter may be, in the words of `billing/sql/meter_stock.sql`.
METER_PLACES = ("store", "issued", "installed", "removed", "written_off")
# Of a file of verifications due.
MOST_DUE = 20_000
DUE_COLUMNS = (
    *(
        "due_on",
        "serial",
        "model",
        "verified_on",
        "is_fit",
        "service_point",
        "account",
        "subscriber",
        "street",
    ),
    *("house", "flat"),
)


@dataclass(frozen=True)
class StockedMeter:
    """A meter and where it is since which day: `holder` has it where it is issued, `account` where it hangs.

    `since` is None of one that lies in the store without a movement. `movement` is that by which it is there, and
    `verification` the last one: they are taken back by these numbers.
    """

    uid: UUID
    serial: str
    model_name: str
    digits: int
    place: str
    since: date | None
    holder: str
    service_point: str | None
    account: UUID | None
    division: str
    verified_on: date | None
    movement: int | None
    verification: int | None


@dataclass(frozen=True)
class VerificationDue:
    """A meter that hangs somewhere and is to be verified by `due_on`; the place is its payer's address."""

    meter: UUID
    serial: str
    model_name: str
    due_on: date
    verified_on: date | None
    is_fit: bool | None
    service_point: str
    account: UUID | None
    account_number: str | None
    subscriber: str | None
    street: str | None
    house: str | None
    flat: str | None


def meter_stock(
    viewer: Viewer, *, place: str = "", text: str = "", most: int = 50, skipped: int = 0
) -> tuple[list[StockedMeter], int]:
    """The viewer's meters in a place today (or anywhere), those there the longest first; and how many in all."""
    asked = {
        "paths": seen_paths(viewer, Capability.VIEW_SUBSCRIBERS),
        "place": place,
        "text": text,
        "day": timezone.localdate(),
        "most": most,
        "skipped": skipped,
    }
    rows = _rows("meter_stock", asked)
    return [StockedMeter(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def verifications_due(
    viewer: Viewer, *, until: date, street: str | None = None, most: int = 50, skipped: int = 0
) -> tuple[list[VerificationDue], int]:
    """The viewer's meters to be verified by `until`, in walking order; of a street by its key ("QIBRAY/S-12").

    And how many there are in all. Raises NotVisible for a street that the viewer does not see into.
    """
    place = asked_place(viewer, street)
    if street and place.street is None:
        raise NotVisible("no such street")
    asked = {
        "paths": seen_paths(viewer, Capability.VIEW_SUBSCRIBERS),
        "street_id": place.street and place.street.pk,
        "day": timezone.localdate(),
        "until": until,
        "most": most,
        "skipped": skipped,
    }
    rows = _rows("meter_verifications_due", asked)
    return [VerificationDue(*row[:-1]) for row in rows], rows[0][-1] if rows else 0


def _rows(name: str, asked: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing", name), asked)
        return list(cursor.fetchall())


def due_row(row: VerificationDue) -> list[Any]:
    """A verification that is due as a row of a table, by DUE_COLUMNS."""
    return [
        *(row.due_on, row.serial, row.model_name, row.verified_on, row.is_fit, row.service_point),
        *(row.account_number, row.subscriber, row.street, row.house, row.flat),
    ]


def meter_movements_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[MeterMovement]:
    """Movements of the meters of the viewer's divisions, the newest first."""
    return visible(
        MeterMovement.objects.select_related("meter", "made_by", "taken_back_by"), viewer, capability
    )


def meter_types() -> QuerySet[MeterType]:
    """The directory of types; it is everybody's."""
    return MeterType.objects.order_by("name")
