"""Emptying the outbox: each notification at least once, under a key by which the receiver knows a repetition."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from gis_core.messages.services.outcomes import NotSent
from gis_core.messages.services.webhooks import post
from gis_core.sentences import Figure, told
from sensors.alarms.services.rules import addresses_of
from sensors.models import Alarm, ChannelKind, Notification

# A row is out of others' reach while it is being sent; after a crash it is tried again.
LEASE = timedelta(minutes=2)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
# With the waits in between, about a day.
MOST_ATTEMPTS = 30


@dataclass(frozen=True)
class SendingResult:
    """How many notifications got through, will be tried again, or were given up."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0


def send_notifications(*, limit: int = 500, now: datetime | None = None) -> SendingResult:
    """Send what is due, oldest first, at most `limit`."""
    sent = waiting = failed = 0
    due = _due(now or timezone.now()).order_by("pk")
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        row = _lease(pk, now or timezone.now())
        if row is None:
            continue
        try:
            _send(row)
        except NotSent as error:
            is_over = _postpone(row, str(error))
            failed, waiting = failed + is_over, waiting + (not is_over)
        else:
            Notification.objects.filter(pk=pk).update(
                state=Notification.State.SENT, sent_at=timezone.now(), last_error=""
            )
            sent += 1
    return SendingResult(sent, waiting, failed)


def _due(now: datetime) -> QuerySet[Notification]:
    """What waits, and its time has come; a time no wait can have set was set by a clock that ran ahead."""
    is_due = Q(next_attempt_at__lte=now) | Q(next_attempt_at__gt=now + 2 * LONGEST_WAIT)
    return Notification.objects.filter(is_due, state=Notification.State.PENDING)


@transaction.atomic
def _lease(pk: int, now: datetime) -> Notification | None:
    """Take a notification for LEASE; None where another sender has it, or had it meanwhile.

    One by one, just before it is sent: of many leased together the last would be free again before their turn came.
    """
    row = (
        _due(now)
        .filter(pk=pk)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related(
            "channel", "event__alarm__rule", "event__alarm__datastream__thing", "event__alarm__division"
        )
        .first()
    )
    if row is not None:
        row.attempts += 1
        row.next_attempt_at = max(now, timezone.now()) + LEASE
        row.save(update_fields=["attempts", "next_attempt_at"])
    return row


def _postpone(row: Notification, error: str) -> bool:
    """Try again after twice as long as before; True when it is given up."""
    is_over = row.attempts >= MOST_ATTEMPTS or not row.channel.is_enabled
    wait = min(FIRST_WAIT * 2 ** min(row.attempts - 1, 20), LONGEST_WAIT)
    Notification.objects.filter(pk=row.pk).update(
        state=Notification.State.FAILED if is_over else Notification.State.PENDING,
        next_attempt_at=timezone.now() + wait,
        last_error=error[:400],
    )
    return is_over


def _send(row: Notification) -> None:
    if not row.channel.is_enabled:
        raise NotSent("the channel is switched off")
    if row.channel.kind == ChannelKind.WEBHOOK:
        post(row.channel.target, body=document_of(row), key=str(row.uid), secret=row.channel.secret)
        return
    with translation.override(row.channel.language or settings.MESSAGE_LANGUAGE):
        message = EmailMessage(
            subject=_subject(row),
            body=_text(row),
            to=addresses_of(row.channel),
            headers={"Message-ID": f"<{row.uid}@tarmoq>", "X-Idempotency-Key": str(row.uid)},
        )
    try:
        message.send(fail_silently=False)
    # A mail server fails in as many ways as there are libraries below.
    except Exception as error:
        raise NotSent(f"{type(error).__name__}: {error}") from error


def document_of(row: Notification) -> dict[str, Any]:
    """What a webhook is told."""
    event, alarm = row.event, row.event.alarm
    return {
        "key": str(row.uid),
        "alarm": str(alarm.uid),
        "event": event.action,
        "made_at": event.made_at.isoformat(),
        "rule": alarm.rule.name,
        "kind": alarm.rule.kind,
        "severity": alarm.severity,
        "datastream": alarm.datastream.code,
        "thing": alarm.datastream.thing.code,
        "division": alarm.division.code,
        "time": event.sample_time.isoformat() if event.sample_time else None,
        "value": event.value,
        "unit": _unit(alarm),
        "low": alarm.rule.low,
        "high": alarm.rule.high,
        "note": event.note,
    }


def _unit(alarm: Alarm) -> str:
    unit = alarm.datastream.unit
    return {"missing": "s", "rate": f"{unit}/h"}.get(alarm.rule.kind, unit)


def _subject(row: Notification) -> str:
    alarm = row.event.alarm
    # A name with a line break must not add headers.
    name = " ".join(alarm.rule.name.split())
    severity, event = gettext(alarm.get_severity_display()), gettext(row.event.get_action_display())
    return f"{settings.EMAIL_SUBJECT_PREFIX}{severity}: {name}, {alarm.datastream.code}: {event}"[:200]


def _text(row: Notification) -> str:
    """What a mail says, in the active language: a line for each fact that is known."""
    event, alarm = row.event, row.event.alarm
    facts = (
        (_("Rule"), alarm.rule.name),
        (_("Kind"), gettext(alarm.rule.get_kind_display())),
        (_("Severity"), gettext(alarm.get_severity_display())),
        (_("Event"), gettext(event.get_action_display())),
        (_("Device"), alarm.datastream.thing.code),
        (_("Datastream"), alarm.datastream.code),
        (_("Division"), alarm.division.code),
        (_("Time"), _local(event.sample_time or event.made_at, alarm)),
        (_("Value"), _measured(event.value, alarm)),
        (_("Lower limit"), _measured(alarm.rule.low, alarm)),
        (_("Upper limit"), _measured(alarm.rule.high, alarm)),
        (_("Note"), told(event.note)),
        (_("Alarm"), str(alarm.uid)),
    )
    return "\n".join(f"{gettext(name)}: {value}" for name, value in facts if value)


def _local(moment: datetime, alarm: Alarm) -> str:
    """On the clock of the datastream, with its offset."""
    return f"{moment.astimezone(ZoneInfo(alarm.datastream.time_zone)):%Y-%m-%d %H:%M %z}"


def _measured(value: float | None, alarm: Alarm) -> str:
    return "" if value is None else f"{Figure(value, '.6g').in_words()} {_unit(alarm)}"
