"""Meters received, issued, returned, verified and written off; and what of that was a mistake, taken back."""

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import Meter, MeterMovement, MeterType
from billing.services.field_refusals import refused_field
from billing.services.meters import refused_move
from gis_core.database.refusals import constraint_of, refusal_of
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_EARLIEST = date(2000, 1, 1)
_Kind = MeterMovement.Kind
# So many meters go through hands at once.
MOST_METERS = 1000


@transaction.atomic
def receive_meters(
    *,
    division: Division,
    serials: Sequence[str],
    model_name: str,
    digits: int | None,
    day: date,
    document: str,
    acting_user: User | None,
) -> list[Meter]:
    """Register meters of one model that came into the store of a division. `digits` None: those of the type.

    A meter whose receipt was taken back, and of which nothing else is known, is received again. Raises ReportedError
    at the field: for numbers that another meter has, wherever it is, and for a day to come.
    """
    _require_day(day)
    wanted = _serials(serials)
    if not model_name.strip():
        raise refused_field("model_name", _("Give the meter's model."))
    known_type = MeterType.objects.filter(name=model_name).first()
    digits = digits or (known_type.digits if known_type else 5)
    with working_in(EVERYTHING):
        known = list(Meter.objects.filter(serial__in=wanted))
        # Registered by a receipt that was taken back, and nothing else stands of them.
        again = list(
            Meter.objects.filter(
                ~Exists(MeterMovement.objects.filter(meter=OuterRef("pk"), taken_back_at=None)),
                Exists(MeterMovement.objects.filter(meter=OuterRef("pk"))),
                pk__in=[meter.pk for meter in known],
                division=division,
                model_name=model_name,
                digits=digits,
                installations=None,
            ).order_by("pk")
        )
    taken = sorted({meter.serial for meter in known} - {meter.serial for meter in again})
    if taken:
        raise refused_field(
            "serials", _("The number {serial} is a meter's already."), code="meter_taken", serial=taken[0]
        )
    there = {meter.serial for meter in again}
    new = [
        Meter(division=division, serial=serial, model_name=model_name, digits=digits)
        for serial in wanted
        if serial not in there
    ]
    made = [*again, *Meter.objects.bulk_create(new)]
    _move(made, _Kind.RECEIVED, day, document=document, acting_user=acting_user)
    return made


@transaction.atomic
def move_meters(
    *,
    meters: Sequence[Meter],
    kind: str,
    day: date,
    holder: str = "",
    document: str = "",
    acting_user: User | None,
) -> list[MeterMovement]:
    """Issue meters to `holder`, take them back into the store, or write them off for the reason in `document`.

    All or none. Raises ReportedError: at the field, and `meter_place` for a meter that is not where that begins.
    """
    _require_day(day)
    if not meters:
        raise refused_field("serials", _("Give the meters' serial numbers."))
    if kind == _Kind.ISSUED and not holder.strip():
        raise refused_field("holder", _("Say to whom."))
    if kind == _Kind.WRITTEN_OFF and not document.strip():
        raise refused_field("document", _("Say why."))
    if kind not in (_Kind.ISSUED, _Kind.RETURNED, _Kind.WRITTEN_OFF):
        raise refused_field("kind", _("Meters are issued, returned or written off."))
    return _move(
        meters,
        kind,
        day,
        holder=holder if kind == _Kind.ISSUED else "",
        document=document,
        acting_user=acting_user,
    )


@transaction.atomic
def verify_meter(
    *,
    meter: Meter,
    day: date,
    is_fit: bool,
    valid_until: date | None,
    document: str,
    acting_user: User | None,
) -> MeterMovement:
    """Note what a verification found, wherever the meter is; without `valid_until` the type's months count."""
    _require_day(day)
    if valid_until is not None and (not is_fit or valid_until <= day):
        raise refused_field(
            "valid_until", _("It is valid until a later day, and only where the meter is fit.")
        )
    return _move(
        [meter],
        _Kind.VERIFIED,
        day,
        is_fit=is_fit,
        valid_until=valid_until,
        document=document,
        acting_user=acting_user,
    )[0]


@transaction.atomic
def take_back_movement(*, movement: MeterMovement, acting_user: User | None) -> MeterMovement:
    """Take back what was entered of a meter by mistake; then it counts as if it had never been entered.

    Raises ReportedError: `taken_back` when it was, and `meter_place` where what follows on it rests on it.
    """
    row = MeterMovement.objects.select_for_update(of=("self",)).select_related("meter").get(pk=movement.pk)
    if row.taken_back_at is not None:
        raise ReportedError(Sentence(_("This was taken back already.")), code="taken_back")
    row.taken_back_at, row.taken_back_by = timezone.now(), acting_user
    try:
        with transaction.atomic():
            row.save(update_fields=["taken_back_at", "taken_back_by"])
    except IntegrityError as error:
        raise refused_move(error, "movement") or refusal_of(error) from error
    record_change(
        acting_user=acting_user,
        action="meter movement taken back",
        subject=row.meter,
        subject_id=row.meter.serial,
        division=row.meter.division,
        old_values={"kind": row.kind, "day": row.happened_on.isoformat(), "document": row.document},
    )
    return row


def _move(
    meters: Sequence[Meter],
    kind: str,
    day: date,
    *,
    holder: str = "",
    is_fit: bool | None = None,
    valid_until: date | None = None,
    document: str,
    acting_user: User | None,
) -> list[MeterMovement]:
    rows = [
        MeterMovement(
            meter=meter,
            division_id=meter.division_id,
            kind=kind,
            happened_on=day,
            holder=holder,
            is_fit=is_fit,
            valid_until=valid_until,
            document=document,
            made_by=acting_user,
        )
        for meter in sorted(meters, key=lambda meter: meter.pk)
    ]
    try:
        with transaction.atomic():
            made = MeterMovement.objects.bulk_create(rows)
    except IntegrityError as error:
        raise refused_move(error, "serials") or _refused_twice(error) from error
    for row in made:
        record_change(
            acting_user=acting_user,
            action=f"meter {kind}",
            subject=row.meter,
            subject_id=row.meter.serial,
            division=row.meter.division,
            new_values={
                "day": day.isoformat(),
                "holder": holder,
                "document": document,
                **(
                    {}
                    if is_fit is None
                    else {"fit": is_fit, "until": valid_until and valid_until.isoformat()}
                ),
            },
        )
    return made


def _refused_twice(error: IntegrityError) -> ReportedError:
    if constraint_of(error) == "meter_movement_once":
        return refused_field("serials", _("This was entered of that day already."), code="meter_place")
    return refusal_of(error)


def _serials(serials: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(serial.strip() for serial in serials if serial.strip()))
    if not found or len(found) > MOST_METERS or any(len(serial) > 40 for serial in found):
        raise refused_field(
            "serials", _("Give 1 to {most} serial numbers of up to 40 characters."), most=MOST_METERS
        )
    return found


def _require_day(day: date) -> None:
    if not _EARLIEST <= day <= timezone.localdate():
        raise refused_field("day", _("It is said when the day has come: {day} lies ahead."), day=day)
