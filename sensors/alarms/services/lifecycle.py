"""The life of an alarm: each move with its journal line and its notifications, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.models import Alarm, AlarmEvent, AlarmRule, AlarmState, Datastream, Notification
from sensors.models.alarms import MOVES

_Action = AlarmEvent.Action
# What is told to the channels of a rule; who acknowledged and closed is in the journal.
TOLD = {_Action.RAISED, _Action.RAISED_AGAIN, _Action.CLEARED}


@dataclass(frozen=True)
class Sample:
    """What made an alarm move: the stamp and value looked at, and since when its side of the limits holds."""

    time: datetime
    since: datetime
    value: float | None


def open_alarm(rule: AlarmRule, datastream_id: int) -> Alarm | None:
    """The alarm of a rule and datastream that is not closed, locked; None where there is none."""
    return (
        Alarm.objects.select_for_update()
        .filter(rule=rule, datastream_id=datastream_id)
        .exclude(state=AlarmState.CLOSED)
        .first()
    )


@transaction.atomic
def raise_alarm(*, rule: AlarmRule, datastream: Datastream, sample: Sample, is_told: bool = True) -> Alarm:
    """Raise an alarm, or again one that was cleared and not closed; one that is raised already stays as it is."""
    alarm = open_alarm(rule, datastream.pk)
    if alarm is None:
        alarm = Alarm.objects.create(
            rule=rule,
            datastream=datastream,
            division_id=datastream.division_id,
            severity=rule.severity,
            state=AlarmState.RAISED,
            started_at=sample.since,
            value=sample.value,
        )
        _journal(alarm, _Action.RAISED, sample=sample, is_told=is_told)
    elif alarm.state == AlarmState.CLEARED:
        alarm.state = AlarmState.RAISED
        alarm.cleared_at = alarm.ended_at = alarm.acknowledged_at = alarm.acknowledged_by = None
        alarm.value = sample.value
        alarm.times_raised += 1
        alarm.save()
        _journal(alarm, _Action.RAISED_AGAIN, sample=sample, is_told=is_told)
    return alarm


@transaction.atomic
def clear_alarm(
    *, alarm: Alarm, sample: Sample | None, acting_user: User | None, note: str = "", is_told: bool = True
) -> Alarm:
    """The condition is gone, or a person says so (with a note). Raises ReportedError (`illegal_move`, `no_note`)."""
    if sample is None and not note.strip():
        raise ReportedError(Sentence(_("Say why the alarm is cleared by hand.")), code="no_note")
    row = _moved(alarm, AlarmState.CLEARED)
    row.cleared_at = timezone.now()
    row.ended_at = sample.since if sample else row.cleared_at
    row.save()
    _journal(row, _Action.CLEARED, sample=sample, acting_user=acting_user, note=note, is_told=is_told)
    _audit(row, "clear alarm", acting_user, note)
    return row


@transaction.atomic
def acknowledge_alarm(*, alarm: Alarm, acting_user: User, note: str = "") -> Alarm:
    """Somebody looks after it. Raises ReportedError (`illegal_move`) unless it is raised."""
    row = _moved(alarm, AlarmState.ACKNOWLEDGED)
    row.acknowledged_at, row.acknowledged_by = timezone.now(), acting_user
    row.save()
    _journal(row, _Action.ACKNOWLEDGED, acting_user=acting_user, note=note)
    _audit(row, "acknowledge alarm", acting_user, note)
    return row


@transaction.atomic
def close_alarm(*, alarm: Alarm, acting_user: User, note: str = "") -> Alarm:
    """Done with. Raises ReportedError (`illegal_move`) unless it is cleared."""
    row = _moved(alarm, AlarmState.CLOSED)
    row.closed_at = timezone.now()
    row.save()
    _journal(row, _Action.CLOSED, acting_user=acting_user, note=note)
    _audit(row, "close alarm", acting_user, note)
    return row


def _moved(alarm: Alarm, state: AlarmState) -> Alarm:
    """The alarm as it is now, locked, in its new state."""
    row = Alarm.objects.select_for_update(of=("self",)).select_related("rule", "division").get(pk=alarm.pk)
    if state not in MOVES[row.state]:
        allowed = ", ".join(sorted(MOVES[row.state])) or "nothing"
        raise ReportedError(
            Sentence(
                _("The alarm is {state}; from there it goes to {allowed}, not to {state_2}."),
                state=row.state,
                allowed=allowed,
                state_2=state.value,
            ),
            code="illegal_move",
        )
    row.state = state
    return row


def _journal(
    alarm: Alarm,
    action: str,
    *,
    sample: Sample | None = None,
    acting_user: User | None = None,
    note: str = "",
    is_told: bool = True,
) -> AlarmEvent:
    event = AlarmEvent.objects.create(
        alarm=alarm,
        action=action,
        made_by=acting_user,
        sample_time=sample.time if sample else None,
        value=sample.value if sample else None,
        note=note.strip()[:400],
    )
    if is_told and action in TOLD:
        channels = alarm.rule.channels.filter(is_enabled=True)
        Notification.objects.bulk_create(Notification(event=event, channel=channel) for channel in channels)
    return event


def _audit(alarm: Alarm, action: str, acting_user: User | None, note: str) -> None:
    # What the evaluation does by itself is in the journal; the audit trail is about people.
    if acting_user is not None:
        record_change(
            acting_user=acting_user,
            action=action,
            subject=alarm,
            division=alarm.division,
            new_values={"state": alarm.state, "note": note.strip()[:400]},
        )
