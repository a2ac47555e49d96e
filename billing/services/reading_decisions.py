"""Deciding about readings that wait: believed as they are, put right by another index, or given up."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_noop as _

from billing.models import Reading
from billing.services.readings import BACKWARDS, enter_reading
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change


@transaction.atomic
def accept_reading(*, reading: Reading, note: str, acting_user: User | None) -> Reading:
    """Believe a reading that was implausible; an accepted one of its day is superseded by it.

    Raises ReportedError for one that was decided, and for an index that runs backwards, of which no volume follows.
    """
    row = _waiting(reading)
    if row.queue_reason == BACKWARDS:
        raise ReportedError(
            Sentence(
                _(
                    "An index that runs backwards says no volume: put it right, or give it up and have the "
                    "meter's exchange entered."
                )
            ),
            code="reading_backwards",
        )
    Reading.objects.filter(
        installation=row.installation, read_on=row.read_on, state=Reading.State.ACCEPTED
    ).update(state=Reading.State.SUPERSEDED)
    return _decided(row, Reading.State.ACCEPTED, "accept reading", note, acting_user)


@transaction.atomic
def correct_reading(
    *, reading: Reading, index_m3: Decimal, note: str, acting_user: User | None
) -> tuple[Reading, Reading]:
    """Put a reading right: the index of its day is entered anew, and is judged as any other.

    Returns the given up and the new one, which may wait in its turn. Raises ReportedError like `enter_reading`, and for
    one that was decided.
    """
    row = _waiting(reading)
    given_up = _decided(row, Reading.State.SUPERSEDED, "correct reading", note, acting_user)
    made = enter_reading(
        installation=row.installation,
        read_on=row.read_on,
        index_m3=index_m3,
        source=row.source,
        acting_user=acting_user,
    )
    return given_up, made


@transaction.atomic
def give_up_reading(*, reading: Reading, note: str, acting_user: User | None) -> Reading:
    """Leave a reading out of account. Raises ReportedError for one that was decided."""
    return _decided(_waiting(reading), Reading.State.SUPERSEDED, "give up reading", note, acting_user)


def _waiting(reading: Reading) -> Reading:
    """The row, locked, while it still waits."""
    rows = Reading.objects.select_for_update(of=("self",))
    row = rows.select_related("installation__service_point__division").get(pk=reading.pk)
    if row.state != Reading.State.QUEUED:
        raise ReportedError(Sentence(_("This reading has been decided already.")), code="reading_decided")
    return row


def _decided(row: Reading, state: str, action: str, note: str, acting_user: User | None) -> Reading:
    row.state = state
    row.save(update_fields=["state"])
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row,
        division=row.installation.service_point.division,
        old_values={"state": Reading.State.QUEUED.value, "reason": row.queue_reason},
        new_values={"state": state, "index_m3": str(row.index_m3), "note": note},
    )
    return row
