"""The file of a controller's handheld: which columns it has, and the meters of a place that it takes along."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.columns import CellType, Column
from billing.exchange.selectors.exporting import for_format
from billing.exchange.selectors.kinds import METER, READINGS, REGISTER, SERVICE_POINT, RegisterKind
from billing.ledger.selectors.places import AskedPlace
from billing.models.metering import IMPLAUSIBLE_M3_PER_DAY
from gis_core.access import Capability, Viewer
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import seen_paths
from gis_core.sentences import Figure, Sentence

# Whoever takes a route along sees names and addresses of many; whoever brings it back enters readings.
TAKING_ALONG = Capability.RUN_BILLING


def _told(name: str, title: str, meaning: str, example: str) -> Column:
    return Column(name, title, meaning, is_told=True, example=example)


_READ_ON, _INDEX = (column for column in READINGS.columns if column.name in ("read_on", "index_m3"))

HANDHELD = RegisterKind(
    "handheld",
    _("Handheld"),
    _("The meters of a route for a controller’s handheld, with empty columns for what is read."),
    (
        _told("walking_order", _("Order"), _("In which one walks past the meters"), "1"),
        _told("division", _("Division"), _("In which the street lies"), "Qibray"),
        _told("street", _("Street"), _("Its name"), "Navoiy ko‘chasi"),
        _told("house", _("House"), _("Number of the house"), "12A"),
        _told("flat", _("Flat"), _("Number of the flat"), "7"),
        _told("name", _("Name of the subscriber"), _("Who pays there"), "G‘ofurov Anvar"),
        Column(
            "account",
            _("Account number"),
            _("Of the subscriber; where it is filled in, it must be one of the service point’s"),
            example="0200145",
        ),
        SERVICE_POINT.needed(),
        METER.needed(),
        REGISTER,
        _told("digits", _("Digits of the meter"), _("Digits before the decimal mark"), "5"),
        _told("previous_index_m3", _("Last index, m³"), _("The last accepted one; empty: none"), "118.250"),
        _told("previous_read_on", _("Last read on"), _("The day of the last index"), "2026-01-02"),
        _told("least_index_m3", _("Index at least, m³"), _("A lower one waits for a decision"), "118.250"),
        _told(
            "most_index_m3",
            _("Index at most, m³"),
            _("A higher one on the last day of the month waits for a decision, or does not fit the digits"),
            "5918.250",
        ),
        Column(
            "read_on",
            _READ_ON.title,
            _("The day of the reading, or of the remark"),
            CellType.DAY,
            example="2026-02-01",
        ),
        Column(
            "index_m3",
            _INDEX.title,
            _("What the meter shows, to the litre; empty: it was not read"),
            CellType.DECIMAL,
            example="122.5",
            most=_INDEX.most,
            decimals=_INDEX.decimals,
        ),
        Column("remark", _("Remark"), _("What was met, as: no access"), example="no access"),
    ),
    key=("meter", "register", "service_point"),
    capability=Capability.ENTER_READINGS,
    is_of_enterprise=False,
)


class HandheldRow(NamedTuple):
    """A meter on its route, as the columns of the file; volumes m3."""

    walking_order: int
    division: str
    street: str
    house: str
    flat: str
    name: str
    account: str
    service_point: str
    meter: str
    register: str
    digits: int
    previous_index_m3: Decimal | None
    previous_read_on: date | None
    least_index_m3: Decimal
    most_index_m3: Decimal


@dataclass(frozen=True)
class HandheldRoute:
    """Meters: those of a place, for a month (its first day); `is_missing_only`: those that did not report in it."""

    place: AskedPlace
    month: date
    is_missing_only: bool = False

    @property
    def name(self) -> str:
        """What its file is called."""
        street, division = self.place.street, self.place.division
        where = f"{street.division.code}-{street.code}" if street else division.code if division else ""
        return "-".join(filter(None, ("handheld", where, f"{self.month:%Y-%m}")))


def handheld_rows(route: HandheldRoute, viewer: Viewer | None, most_rows: int) -> list[HandheldRow]:
    """The meters of a route in walking order; `viewer` None sees all.

    Raises ReportedError (`too_many_rows`) for more than `most_rows`.
    """
    asked: dict[str, Any] = {
        **route.place.bounds,
        "paths": [""] if viewer is None else seen_paths(viewer, TAKING_ALONG),
        "first_day": route.month,
        "is_missing_only": route.is_missing_only,
        "m3_per_day": IMPLAUSIBLE_M3_PER_DAY,
        "most_rows": most_rows + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.exchange", "handheld_rows"), asked)
        rows = [HandheldRow(*row) for row in cursor.fetchall()]
    if len(rows) > most_rows:
        raise ReportedError(
            Sentence(
                _("There are more than {most_rows} meters; take a smaller place."),
                most_rows=Figure(most_rows),
            ),
            code="too_many_rows",
        )
    return rows


HANDHELD_COLUMNS = tuple(column.name for column in HANDHELD.columns)
# Numbers of houses and accounts stay as they are written.
HANDHELD_TEXT_COLUMNS = tuple(
    place
    for place, column in enumerate(HANDHELD.columns)
    if column.name in ("house", "flat", "account", "service_point", "meter", "register", "remark")
)


def handheld_cells(rows: list[HandheldRow], file_format: str) -> Iterator[list[Any]]:
    """The rows as cells of the file, their last three columns empty."""
    return (for_format(file_format, [*row, None, None, None]) for row in rows)
