"""Reading routes: which street has been read, and a street's meters in the order in which one walks past them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection

from billing.ledger.selectors.places import asked_place
from gis_core.access import NotVisible, Viewer
from gis_core.database.sql_files import load_sql
from gis_core.models import Street


@dataclass(frozen=True)
class StreetProgress:
    """The meters of a street: all, those read since the day asked for, and of these those that wait."""

    key: str
    name: str
    division: str
    meters: int
    read: int
    waiting: int

    @property
    def missing(self) -> int:
        return self.meters - self.read

    @property
    def percent(self) -> int:
        """Of its meters read, percent, rounded down: 100 says all."""
        return 100 * self.read // self.meters


@dataclass(frozen=True)
class MeterToRead:
    """A meter on its route. `state` is that of what was read since the day asked for: accepted, queued or None;
    `remark` is the last one of a controller since then.
    """

    installation: UUID
    serial: str
    register: str
    digits: int
    account: UUID
    account_number: str
    subscriber: str
    house: str
    flat: str
    last_index_m3: Decimal | None
    last_read_on: date | None
    state: str | None
    remark: str | None
    remarked_on: date | None


def reading_progress(viewer: Viewer, since: date) -> list[StreetProgress]:
    """The streets whose accounts the viewer sees, by division and name."""
    asked = {"paths": asked_place(viewer, None).bound(viewer)["paths"], "since": since}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing", "reading_progress"), asked)
        return [StreetProgress(*row) for row in cursor.fetchall()]


def reading_route(viewer: Viewer, street: str, since: date) -> tuple[Street, list[MeterToRead]]:
    """A street by its key ("QIBRAY/S-12") and its meters in walking order; NotVisible for what is not seen into."""
    place = asked_place(viewer, street)
    if place.street is None:
        raise NotVisible("no such street")
    bound = place.bound(viewer)
    asked = {"paths": bound["paths"], "street_id": bound["street_id"], "since": since}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing", "reading_route"), asked)
        return place.street, [MeterToRead(*row) for row in cursor.fetchall()]
