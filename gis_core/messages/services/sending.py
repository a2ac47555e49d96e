"""Emptying the outbox. Each step is committed before the next, so that a killed sender leaves the truth behind.

1. `waiting`, under a lease: the text is made, the gateway's token or connection got. Killed here: sent after the lease.
2. `sending`, committed just before the message leaves. Killed here: the outcome is unknown. It is sent again only where
   the receiver knows a repetition (webhooks, by their key; e-mails of events that say so, by their Message-ID).
3. What the carrier said. A callback may have been faster: it is not overwritten.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from gis_core.messages.selectors.events import MessageEvent, event_codes, event_of, is_secret
from gis_core.messages.selectors.reasons import MessageReason
from gis_core.messages.selectors.texts import filled, masked, sms_of, text_of
from gis_core.messages.services import mail, sms
from gis_core.messages.services.gateway_rests import (
    GatewayKey,
    answered,
    key_of,
    messages_by,
    rest,
    resting,
)
from gis_core.messages.services.outcomes import Carried, NotSent, RefusedForGood, UnknownIfSent
from gis_core.messages.services.webhooks import post
from gis_core.models import Message, MessageGateway, MessageMedium, MessageState

_log = logging.getLogger("gis_core.messages")

LEASE = timedelta(minutes=2)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
# With the waits in between, about a day.
MOST_ATTEMPTS = 30
# What was taken is asked about when no callback came so long; and no more after some days.
ASK_AFTER, ASK_UNTIL = timedelta(minutes=15), timedelta(days=3)
# The urgent workers are few: so long one batch begins new messages; what is left is the next one's.
BUDGET_S = 30.0
# Looked up anew after so many, since urgent ones come in between.
_LOOKED_UP = 25
# Nothing was tried: no reason to let it rest.
_NOT_TRIED = (MessageReason.NO_GATEWAY, MessageReason.GATEWAY_OFF)
# Of no urgent ones so many SMS leave to one telephone in 24 hours.
MOST_SMS_A_DAY = 10


@dataclass(frozen=True)
class OutboxResult:
    """How many messages were taken, will be tried again, failed for good, or have no known outcome."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    unknown: int = 0


def send_messages(
    *, limit: int = 500, now: datetime | None = None, budget_s: float = BUDGET_S
) -> OutboxResult:
    """Send what is due, urgent first, then oldest, at most `limit`, and begin none after `budget_s`.

    A gateway that does not take one message gets no more of this batch, and rests.
    """
    until = monotonic() + budget_s
    _settle_dead_senders(now or timezone.now())
    counted = dict.fromkeys(("sent", "waiting", "failed", "unknown"), 0)
    seen: set[int] = set()
    stopped = resting()
    while len(seen) < limit and (due := _next(now or timezone.now(), seen, stopped, limit - len(seen))):
        for pk in due:
            if monotonic() >= until:
                return OutboxResult(**counted)
            seen.add(pk)
            row = _lease(pk, now or timezone.now())
            if row is None:
                continue
            ended = _send(row)
            counted[ended.counted] += 1
            if ended.stops is not None:
                stopped.add(ended.stops)
                break
    return OutboxResult(**counted)


def send_message(message: Message) -> None:
    """Send one message now, if it is due and nobody else has it."""
    row = _lease(message.pk, timezone.now())
    if row is not None:
        _send(row)


def ask_about_messages(*, limit: int = 200, now: datetime | None = None, budget_s: float = BUDGET_S) -> int:
    """Ask gateways how messages that they took stand, none after `budget_s`; return how many that settled.

    A gateway that does not answer is asked no more this time.
    """
    moment, until = now or timezone.now(), monotonic() + budget_s
    rows = Message.objects.filter(
        state__in=(MessageState.SENT, MessageState.UNKNOWN),
        medium=MessageMedium.SMS,
        next_attempt_at__lte=moment,
        sent_at__gt=moment - ASK_UNTIL,
    ).exclude(gateway_id="")
    settled = 0
    stopped = resting()
    for row in rows.select_related("enterprise").order_by("next_attempt_at")[:limit]:
        if monotonic() >= until:
            break
        # Asked again later and later, whatever comes of it.
        since = moment - (row.sent_at or moment)
        Message.objects.filter(pk=row.pk).update(next_attempt_at=moment + max(ASK_AFTER, since))
        gateway = gateway_for(row)
        key = key_of(row, gateway)
        if gateway is None or gateway.driver != MessageGateway.Driver.ESKIZ or key in stopped:
            continue
        try:
            state = sms.ask(gateway, row)
        except (NotSent, UnknownIfSent) as error:
            if error.is_of_gateway:
                stopped.add(key)
            _log.warning("message %s could not be asked about: %s", row.uid, error)
            continue
        settled += state is not None and settle(row.pk, state, gateway_id=row.gateway_id)
    return settled


def settle(pk: int, state: MessageState, *, gateway_id: str = "") -> bool:
    """What the gateway says became of a message, delivered or failed; False where that was known, or comes too late.

    Of a message that nobody sent, or that was delivered or failed before, nothing changes. Neither does a report of
    another sending: of one that was sent anew, the former one has another `gateway_id`.
    """
    is_open = Q(state__in=(MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN))
    if gateway_id:
        # While it is being sent, the id that is known is the former sending's.
        is_open = (
            Q(state=MessageState.SENT, gateway_id__in=("", gateway_id[:80]))
            | Q(state=MessageState.SENDING) & ~Q(gateway_id=gateway_id[:80])
            | Q(state=MessageState.UNKNOWN)
        )
    values: dict[str, Any] = {"state": state, "last_error": ""}
    if state == MessageState.FAILED:
        values["last_error"] = MessageReason.REPORTED_FAILED
    if gateway_id:
        values["gateway_id"] = gateway_id[:80]
    if state == MessageState.DELIVERED:
        values["delivered_at"] = timezone.now()
    return Message.objects.filter(is_open, pk=pk).update(**values) == 1


def gateway_for(message: Message) -> MessageGateway | None:
    """Who carries it: the enterprise's gateway, else that of the installation."""
    rows = MessageGateway.objects.filter(
        Q(enterprise=message.enterprise_id) | Q(enterprise=None), medium=message.medium
    ).select_related("enterprise")
    return max(rows, key=lambda row: row.enterprise_id is not None, default=None)


def _due(now: datetime) -> QuerySet[Message]:
    """What waits, and its time has come."""
    return Message.objects.filter(next_attempt_at__lte=now, state=MessageState.WAITING)


def _next(now: datetime, seen: set[int], stopped: set[GatewayKey], limit: int) -> list[int]:
    """The keys of some that are due, but those that this batch saw, and those of gateways that are stopped."""
    due = _due(now).exclude(pk__in=seen)
    for key in stopped:
        due = due.exclude(messages_by(key))
    return list(due.order_by("-is_urgent", "pk").values_list("pk", flat=True)[: min(limit, _LOOKED_UP)])


def _settle_dead_senders(now: datetime) -> None:
    """What was being sent when its sender ended: nobody knows whether it left."""
    dead = Message.objects.filter(state=MessageState.SENDING, next_attempt_at__lte=now)
    for row in dead.order_by("next_attempt_at")[:500]:
        if not _repeats_safely(row):
            state = MessageState.UNKNOWN
        else:
            state = MessageState.GIVEN_UP if row.attempts >= MOST_ATTEMPTS else MessageState.WAITING
        Message.objects.filter(pk=row.pk, state=MessageState.SENDING, next_attempt_at__lte=now).update(
            state=state,
            sent_at=now if state == MessageState.UNKNOWN else None,
            last_error=MessageReason.SENDER_ENDED,
            template_values=row.template_values if state == MessageState.WAITING else _kept_values(row),
        )


def _repeats_safely(row: Message) -> bool:
    """Whether a second one would be known as such where it arrives."""
    if row.medium in (MessageMedium.WEBHOOK, MessageMedium.LOG):
        return True
    is_known = row.event in event_codes()
    return row.medium == MessageMedium.EMAIL and is_known and event_of(row.event).may_repeat


@transaction.atomic
def _lease(pk: int, now: datetime) -> Message | None:
    """Take a message for LEASE; None where another sender has it, where it is to stay for now, or is over."""
    row = (
        _due(now)
        .filter(pk=pk)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("division", "enterprise")
        .first()
    )
    if row is None:
        return None
    later = None
    if row.expires_at is not None and row.expires_at <= now:
        _give_up(row, MessageReason.TOO_LATE)
    # Its senders ended each time before it was made: it may be what ends them.
    elif row.attempts >= MOST_ATTEMPTS:
        _give_up(row, MessageReason.TRIED_TOO_OFTEN)
    else:
        later = None if row.is_urgent else _put_off_until(row, now)
        row.next_attempt_at = later or max(now, timezone.now()) + LEASE
        row.attempts += later is None
    row.save(update_fields=["state", "attempts", "next_attempt_at", "last_error", "template_values"])
    return row if row.state == MessageState.WAITING and later is None else None


def _give_up(row: Message, reason: MessageReason) -> None:
    row.state, row.last_error = MessageState.GIVEN_UP, reason
    row.template_values = _kept_values(row)


def _put_off_until(row: Message, now: datetime) -> datetime | None:
    """When it may leave, if not now: after the night, or when the telephone had its share of a day."""
    gateway = gateway_for(row)
    if gateway is not None and gateway.quiet_from is not None and gateway.quiet_until is not None:
        local = timezone.localtime(now)
        since, until, clock = gateway.quiet_from, gateway.quiet_until, local.time()
        is_night = since <= clock < until if since <= until else clock >= since or clock < until
        if is_night:
            end = local.replace(hour=until.hour, minute=until.minute, second=0, microsecond=0)
            return end if clock < until else end + timedelta(days=1)
    if row.medium == MessageMedium.SMS:
        lately = Message.objects.filter(
            recipient=row.recipient,
            medium=row.medium,
            is_urgent=False,
            sent_at__gt=now - timedelta(days=1),
            sent_at__lte=now,
        ).order_by("sent_at")
        times = [sent_at for sent_at in lately.values_list("sent_at", flat=True)[:MOST_SMS_A_DAY] if sent_at]
        if len(times) == MOST_SMS_A_DAY:
            return times[0] + timedelta(days=1)
    return None


@dataclass(frozen=True)
class _Ended:
    """What became of an attempt, as OutboxResult counts; `stops` a gateway that takes no others now either."""

    counted: str
    stops: GatewayKey | None = None


def _send(row: Message) -> _Ended:
    """Carry a leased message through."""
    gateway = gateway_for(row)
    key = key_of(row, gateway)
    try:
        carry = _prepared(row, event_of(row.event), gateway)
    except NotSent as error:
        _log.warning("message %s was not sent: %s", row.uid, error)
        return _Ended(_postpone(row, MessageState.WAITING, error.reason), _stopped(key, error))
    except Exception:  # noqa: BLE001 -- by whatever fault it cannot be made, it stays visible and the others go on
        _log.exception("message %s cannot be made", row.uid)
        return _Ended(_postpone(row, MessageState.WAITING, MessageReason.CANNOT_BE_MADE))
    begun = Message.objects.filter(pk=row.pk, state=MessageState.WAITING).update(
        state=MessageState.SENDING, next_attempt_at=timezone.now() + LEASE
    )
    return _carry(row, carry, key) if begun else _Ended("waiting")


def _stopped(key: GatewayKey, error: NotSent | UnknownIfSent) -> GatewayKey | None:
    """The gateway, where the error is of it; webhooks are each their own."""
    if not error.is_of_gateway or key[0] == MessageMedium.WEBHOOK:
        return None
    if error.reason not in _NOT_TRIED:
        rest(key)
    return key


def _carry(row: Message, carry: Callable[[], Carried], key: GatewayKey) -> _Ended:
    """Hand over a message that is marked as being sent, and write down what the carrier said."""
    try:
        carried = carry()
    except NotSent as error:
        _log.warning("message %s was not sent: %s", row.uid, error)
        return _Ended(_postpone(row, MessageState.SENDING, error.reason), _stopped(key, error))
    except RefusedForGood as error:
        _log.warning("message %s was refused: %s", row.uid, error)
        answered(key)
        _end(row, MessageState.FAILED, error.reason)
        return _Ended("failed")
    except UnknownIfSent as error:
        _log.warning("message %s may have left: %s", row.uid, error)
        return _Ended(_end_unknown(row, error.reason), _stopped(key, error))
    except Exception:  # noqa: BLE001 -- whatever it is, it may have left before, and the others go on
        _log.exception("message %s may have left", row.uid)
        return _Ended(_end_unknown(row, MessageReason.FAULT))
    answered(key)
    _note_carried(row, carried)
    return _Ended("sent")


def _end_unknown(row: Message, reason: MessageReason) -> str:
    if _repeats_safely(row):
        return _postpone(row, MessageState.SENDING, reason)
    _end(row, MessageState.UNKNOWN, reason)
    return "unknown"


def _end(row: Message, state: MessageState, reason: MessageReason) -> None:
    """Write down that a message failed, or that its outcome is unknown; a callback that was faster stays."""
    Message.objects.filter(pk=row.pk, state=MessageState.SENDING).update(
        state=state, sent_at=timezone.now(), last_error=reason, template_values=_kept_values(row)
    )


def _kept_values(row: Message) -> dict[str, Any]:
    """The values of a message that was tried; those of a secret event are forgotten."""
    return {} if is_secret(row.event) else row.template_values


def _note_carried(row: Message, carried: Carried) -> None:
    """Write down what the carrier said, in one statement; a callback that was faster keeps its state."""
    now = timezone.now()
    values: dict[str, Any] = {
        "sent_at": now,
        "last_error": "",
        "gateway_id": carried.gateway_id,
        "next_attempt_at": now + ASK_AFTER,
        "template_values": _kept_values(row),
    }
    state = MessageState.DELIVERED if carried.is_delivered else MessageState.SENT
    ended = {"delivered_at": now} if carried.is_delivered else {}
    if not Message.objects.filter(pk=row.pk, state=MessageState.SENDING).update(
        state=state, **ended, **values
    ):
        values.pop("last_error")
        Message.objects.filter(pk=row.pk).update(**values)


def _postpone(row: Message, from_state: MessageState, reason: MessageReason) -> str:
    """Try again after twice as long as before, until it is given up."""
    is_over = row.attempts >= MOST_ATTEMPTS
    wait = min(FIRST_WAIT * 2 ** min(row.attempts - 1, 20), LONGEST_WAIT)
    Message.objects.filter(pk=row.pk, state=from_state).update(
        state=MessageState.GIVEN_UP if is_over else MessageState.WAITING,
        next_attempt_at=timezone.now() + wait,
        last_error=reason,
        template_values=_kept_values(row) if is_over else row.template_values,
    )
    return "failed" if is_over else "waiting"


def _prepared(row: Message, event: MessageEvent, gateway: MessageGateway | None) -> Callable[[], Carried]:
    """Everything up to the moment when it leaves; what is returned hands it over. Raises NotSent."""
    if gateway is not None and not gateway.is_enabled:
        raise NotSent("the gateway is switched off", reason=MessageReason.GATEWAY_OFF)
    by_log = row.medium == MessageMedium.LOG or (
        gateway.driver == MessageGateway.Driver.LOG
        if gateway
        else row.medium == "sms" and settings.SMS_TO_LOG
    )
    if by_log:
        # Codes stand in the log only on a private installation.
        said = sms_of(row, event) if settings.SMS_TO_LOG or not event.is_secret else "(secret)"
        return lambda: _to_log(row, said)
    match row.medium:
        case MessageMedium.SMS:
            if gateway is None:
                raise NotSent("no gateway is set", reason=MessageReason.NO_GATEWAY)
            text = sms_of(row, event)
            sms.prepare(gateway)
            return lambda: sms.send(gateway, row, text)
        case MessageMedium.EMAIL:
            texts = text_of(event, row.language)
            values = row.template_values
            made = mail.mail_of(row, gateway, filled(texts.subject, values), filled(texts.body, values))
            mail.open_connection(made)
            return lambda: mail.send_mail(made)
        case _:
            return lambda: _to_webhook(row)


def _to_webhook(row: Message) -> Carried:
    post(row.recipient, body=row.template_values, key=str(row.uid), secret="")
    return Carried(is_delivered=True)


def _to_log(row: Message, text: str) -> Carried:
    """For development: the log is where it arrives."""
    _log.info("%s to %s: %s", row.medium, masked(row.recipient), text)
    return Carried(gateway_id=f"log-{row.pk}", is_delivered=True)
