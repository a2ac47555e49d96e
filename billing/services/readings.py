"""Entering readings: what is plausible is accepted, what is not waits in a queue with its reason."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from billing.models import MeterInstallation, Reading
from billing.models.metering import IMPLAUSIBLE_M3_PER_DAY
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import COUNT, Sentence
from gis_core.services.audit import record_change

# A backwards index is taken as a rollover only when it leaves less than this share of the meter's range used.
ROLLOVER_SHARE = Decimal("0.1")
# Why a reading waits.
BACKWARDS, TOO_HIGH = "backwards", "implausibly high"


@transaction.atomic
def enter_reading(
    *,
    installation: MeterInstallation,
    read_on: date,
    index_m3: Decimal,
    source: str,
    acting_user: User | None,
) -> Reading:
    """Record an index, m3 to the litre. The same reading twice is one; a different one of that day supersedes.

    Raises ReportedError when the day lies outside the installation or the index does not fit the meter.
    """
    installation = (
        MeterInstallation.objects.select_for_update()
        .select_related("meter", "service_point")
        .get(pk=installation.pk)
    )
    require_fitting(installation, read_on, index_m3)
    same_day = Reading.objects.filter(
        installation=installation, read_on=read_on, state=Reading.State.ACCEPTED
    ).first()
    if same_day is not None and same_day.index_m3 == index_m3:
        return same_day
    reason = _reason_to_queue(installation, read_on, index_m3)
    if same_day is not None and not reason:
        same_day.state = Reading.State.SUPERSEDED
        same_day.save(update_fields=["state"])
    reading = Reading.objects.create(
        installation=installation,
        division_id=installation.service_point.division_id,
        read_on=read_on,
        index_m3=index_m3,
        source=source,
        state=Reading.State.QUEUED if reason else Reading.State.ACCEPTED,
        queue_reason=reason,
    )
    record_change(
        acting_user=acting_user,
        action="enter reading",
        subject=reading,
        division=installation.service_point.division,
        old_values={"index_m3": str(same_day.index_m3)} if same_day else None,
        new_values={"index_m3": str(index_m3), "read_on": read_on.isoformat(), "state": reading.state},
    )
    return reading


def require_fitting(installation: MeterInstallation, read_on: date, index_m3: Decimal) -> None:
    """Raise ReportedError for an index that does not fit the meter, or a day on which it did not hang."""
    limit = Decimal(10) ** installation.meter.digits
    if not 0 <= index_m3 < limit:
        raise ReportedError(
            Sentence(
                _("The index {index_m3} does not fit a meter of {digits} digits."),
                index_m3=index_m3,
                digits=installation.meter.digits,
            )
        )
    if index_m3 != index_m3.quantize(Decimal("0.001")):
        raise ReportedError(Sentence(_("The index {index_m3} is finer than a litre."), index_m3=index_m3))
    if read_on.year > timezone.localdate().year + 1:
        raise ReportedError(Sentence(_("{read_on} lies too far in the future."), read_on=read_on), code="day")
    first, last = installation.validity.lower, installation.validity.upper
    if read_on < first or (last is not None and read_on > last):
        raise ReportedError(Sentence(_("The meter was not installed on {read_on}."), read_on=read_on))


def _reason_to_queue(installation: MeterInstallation, read_on: date, index_m3: Decimal) -> str:
    """Why a reading cannot be accepted as it is; empty when it can. Both neighbours in time are looked at."""
    accepted = Reading.objects.filter(installation=installation, state=Reading.State.ACCEPTED)
    earlier = accepted.filter(read_on__lt=read_on).order_by("-read_on").first()
    later = accepted.filter(read_on__gt=read_on).order_by("read_on").first()
    reason = ""
    if earlier is not None:
        reason = _reason_between(installation, earlier.read_on, earlier.index_m3, read_on, index_m3)
    if later is not None and not reason:
        reason = _reason_between(installation, read_on, index_m3, later.read_on, later.index_m3)
    return reason


def _reason_between(
    installation: MeterInstallation, day_1: date, index_1: Decimal, day_2: date, index_2: Decimal
) -> str:
    difference = index_2 - index_1
    if difference < 0:
        range_m3 = Decimal(10) ** installation.meter.digits
        if difference + range_m3 > range_m3 * ROLLOVER_SHARE:
            return BACKWARDS
        difference += range_m3
    if difference > IMPLAUSIBLE_M3_PER_DAY * (day_2 - day_1).days:
        return TOO_HIGH
    return ""


@dataclass(frozen=True)
class ImportedReading:
    """A row of a reading file: which installation, which day, which index."""

    installation_id: int
    read_on: date
    index_m3: Decimal


@transaction.atomic
def import_readings(
    *, readings: Sequence[ImportedReading], division: Division, source: str, acting_user: User | None
) -> dict[str, int]:
    """Enter many readings at once by the same rules as `enter_reading`; return counts by what became of them.

    Rows are taken in the order of installation and day. A row equal to a stored reading counts as unchanged; one
    that differs from it, or is implausible, is queued.
    """
    ordered = sorted(readings, key=lambda row: (row.installation_id, row.read_on))
    ids = {row.installation_id for row in ordered}
    installations = {
        item.pk: item
        for item in MeterInstallation.objects.select_for_update(of=("self",))
        .select_related("meter", "service_point")
        .filter(pk__in=ids, service_point__division=division)
        .order_by("pk")
    }
    missing = ids - installations.keys()
    if missing:
        raise ReportedError(
            Sentence(
                ngettext_lazy(
                    "{count} reading names a meter that is not installed in {division}.",
                    "{count} readings name a meter that is not installed in {division}.",
                    COUNT,
                ),
                count=len(missing),
                division=division,
            )
        )
    stored: dict[int, dict[date, Decimal]] = defaultdict(dict)
    for pk, day, index in Reading.objects.filter(
        installation_id__in=ids, state=Reading.State.ACCEPTED
    ).values_list("installation_id", "read_on", "index_m3"):
        stored[pk][day] = index
    new: list[Reading] = []
    unchanged = 0
    for row in ordered:
        installation, known = installations[row.installation_id], stored[row.installation_id]
        require_fitting(installation, row.read_on, row.index_m3)
        if known.get(row.read_on) == row.index_m3:
            unchanged += 1
            continue
        reason = reason_among(installation, known, row)
        if not reason:
            known[row.read_on] = row.index_m3
        new.append(
            Reading(
                installation=installation,
                division=division,
                read_on=row.read_on,
                index_m3=row.index_m3,
                source=source,
                state=Reading.State.QUEUED if reason else Reading.State.ACCEPTED,
                queue_reason=reason,
            )
        )
    Reading.objects.bulk_create(new, batch_size=2000)
    queued = sum(reading.state == Reading.State.QUEUED for reading in new)
    counts = {"accepted": len(new) - queued, "queued": queued, "unchanged": unchanged}
    if new:
        record_change(
            acting_user=acting_user,
            action="import readings",
            subject=division,
            subject_id=division.code,
            division=division,
            new_values=counts,
        )
    return counts


def reason_among(installation: MeterInstallation, known: dict[date, Decimal], row: ImportedReading) -> str:
    """Why a reading cannot be accepted among those `known` by day; empty when it can."""
    if row.read_on in known:
        return "another reading of that day"
    earlier = max((day for day in known if day < row.read_on), default=None)
    later = min((day for day in known if day > row.read_on), default=None)
    reason = ""
    if earlier is not None:
        reason = _reason_between(installation, earlier, known[earlier], row.read_on, row.index_m3)
    if later is not None and not reason:
        reason = _reason_between(installation, row.read_on, row.index_m3, later, known[later])
    return reason
