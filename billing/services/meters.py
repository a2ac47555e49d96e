"""Meters that are to be hung: new ones, or ones that hang nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import IntegrityError
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_noop as _

from billing.models import Meter, MeterInstallation, MeterMovement
from billing.services.field_refusals import refused_field
from gis_core.database.refusals import primary_of
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import Division
from gis_core.sentences import Word

# What happens to meters in the words of `billing/sql/install/26_meter_stock.sql`, in those of people.
METER_EVENTS = {
    **dict(MeterMovement.Kind.choices),
    "installed": _("installed"),
    "removed": _("taken down"),
}
_FEWEST_DIGITS, _MOST_DIGITS = 3, 9


@dataclass(frozen=True)
class NewMeter:
    """A meter to hang. `index_m3` is what it shows on its first day, m3 to the litre; None where nobody read it."""

    serial: str
    model_name: str
    digits: int = 5
    installed_on: date | None = None
    index_m3: Decimal | None = None


def meters_to_hang(wanted: Sequence[NewMeter], division: Division, first_days: Sequence[date]) -> list[Meter]:
    """The meters with these serial numbers, in their order: registered ones that hang nowhere by then, or new.

    Raises ReportedError at the field for one that hangs elsewhere, is another division's, or has other digits.
    """
    serials = [meter.serial for meter in wanted]
    with working_in(EVERYTHING):
        known = {meter.serial: meter for meter in Meter.objects.filter(serial__in=serials)}
        rows = MeterInstallation.objects.filter(meter__serial__in=serials).order_by("validity")
        last_days = dict(rows.values_list("meter__serial", "validity"))
    for meter, first_day in zip(wanted, first_days, strict=True):
        _require_hangable(meter, known.get(meter.serial), last_days.get(meter.serial), division, first_day)
    made = Meter.objects.bulk_create(
        [
            Meter(division=division, serial=meter.serial, model_name=meter.model_name, digits=meter.digits)
            for meter in wanted
            if meter.serial not in known
        ],
        batch_size=2000,
    )
    known |= {meter.serial: meter for meter in made}
    return [known[serial] for serial in serials]


def _require_hangable(
    new: NewMeter, known: Meter | None, last_days: DateRange | None, division: Division, first_day: date
) -> None:
    if not new.serial.strip():
        raise refused_field("meter_serial", _("Give the meter's serial number."))
    if not _FEWEST_DIGITS <= new.digits <= _MOST_DIGITS:
        raise refused_field(
            "meter_digits",
            _("A meter shows {fewest} to {most} digits before the decimal mark."),
            fewest=_FEWEST_DIGITS,
            most=_MOST_DIGITS,
        )
    if known is None:
        if not new.model_name.strip():
            raise refused_field("meter_model", _("Give the meter's model."))
        return
    is_free = last_days is None or (last_days.upper is not None and last_days.upper <= first_day)
    if known.division_id != division.pk or not is_free:
        raise refused_field(
            "meter_serial",
            _("The meter {serial} hangs elsewhere, or is another division's."),
            code="meter_taken",
            serial=new.serial,
        )
    if known.digits != new.digits:
        raise refused_field(
            "meter_digits",
            _("The meter {serial} is registered with {digits} digits."),
            serial=new.serial,
            digits=known.digits,
        )


def refused_move(error: IntegrityError, field: str) -> ReportedError | None:
    """What the database says of a meter that is not where a move of it begins, at `field`; None for other refusals."""
    guard, _colon, said = primary_of(error).partition(": |")
    if not guard.startswith("meter_") or not said:
        return None
    serial, what, day, before = said.rsplit("|", 3)
    return refused_field(
        field,
        _("The meter {serial} cannot be “{what}” on {day}: before that it was “{before}”."),
        code="meter_place",
        serial=serial,
        what=Word(METER_EVENTS[what]),
        day=day,
        before=Word(METER_EVENTS[before]),
    )
