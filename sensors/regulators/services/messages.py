"""The two ways between the regulators and the broker: messages to be published, and answers that came in."""

import json
import math
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from sensors.models import CommandState, MqttMessage, Regulator, RegulatorCommand
from sensors.regulators.services.signing import BadAnswer, is_signed, opened, require_fresh

# A device that says it holds this far from what it was told has not done it.
TOLERANCE = 0.01
LARGEST_PAYLOAD = 4096


def unsent_messages(*, limit: int = 100, now: datetime | None = None) -> list[MqttMessage]:
    """The oldest messages to be published; commands whose time is over or that were replaced are not among them."""
    now = now or timezone.now()
    messages = MqttMessage.objects.filter(sent_at=None).exclude(expires_at__lt=now)
    messages = messages.exclude(command__state=CommandState.EXPIRED)
    return list(messages.order_by("pk")[:limit])


@transaction.atomic
def mark_sent(message: MqttMessage, *, now: datetime | None = None) -> None:
    """The broker has taken the message (its acknowledgement of QoS 1 came)."""
    now = now or timezone.now()
    MqttMessage.objects.filter(pk=message.pk, sent_at=None).update(sent_at=now, attempts=message.attempts + 1)
    if message.command_id is None:
        return
    RegulatorCommand.objects.filter(pk=message.command_id, state=CommandState.PENDING).update(
        state=CommandState.SENT, sent_at=now
    )


def mark_failed(message: MqttMessage, error: str) -> None:
    """The broker did not take it; it stays in the outbox."""
    MqttMessage.objects.filter(pk=message.pk).update(attempts=message.attempts + 1, last_error=error[:300])


def answer_topics() -> list[str]:
    """The topics on which regulators answer."""
    return list(Regulator.objects.order_by("answer_topic").values_list("answer_topic", flat=True))


@transaction.atomic
def acknowledge_command(topic: str, payload: bytes | str, *, now: datetime | None = None) -> str:
    """Take a device's answer: `{"command": uid, "accepted": true|false, "set_point": what it holds, "reason": text}`.

    Where the device has a key, it is signed as `sensors.regulators.services.signing` says, and has `nonce` and `time`.

    Returns what came of it: `acknowledged`, `refused`, `repeated` (answered before), or `ignored: why` for what is no
    answer to a command of the regulator of this topic. Never raises for what a device may send.
    """
    now = now or timezone.now()
    regulator = Regulator.objects.select_for_update().filter(answer_topic=topic).first()
    try:
        if regulator is None:
            raise BadAnswer("no regulator answers on this topic")
        command, (is_accepted, held, reason) = _answered(regulator, topic, payload, now)
    except BadAnswer as problem:
        return f"ignored: {problem}"
    if command.state in (CommandState.ACKNOWLEDGED, CommandState.REFUSED):
        return "repeated"
    if is_accepted and held is not None and abs(held - command.set_point) > TOLERANCE:
        is_accepted, reason = False, f"it holds {held:g} {reason}".strip()
    was_late = command.state == CommandState.EXPIRED
    command.state = CommandState.ACKNOWLEDGED if is_accepted else CommandState.REFUSED
    command.answered_at = now
    command.answer = (f"late: {reason}" if was_late else reason)[:300]
    command.save(update_fields=["state", "answered_at", "answer"])
    holds = held if held is not None else command.set_point if is_accepted else None
    # What a command said that was answered after a newer one tells nothing about now.
    has_newer = regulator.commands.filter(
        pk__gt=command.pk, state__in=[CommandState.ACKNOWLEDGED, CommandState.REFUSED]
    ).exists()
    if holds is not None and not has_newer:
        Regulator.objects.filter(pk=regulator.pk).update(set_point=holds)
    return str(command.state)


def _answered(
    regulator: Regulator, topic: str, payload: bytes | str, now: datetime
) -> tuple[RegulatorCommand, tuple[bool, float | None, str]]:
    """The command that a message answers, locked, and what it says; raises BadAnswer for what answers nothing."""
    if len(payload) > LARGEST_PAYLOAD:
        raise BadAnswer("the message is too long")
    body = opened(regulator, topic, payload)
    answer = _parsed(body)
    if isinstance(answer, str):
        raise BadAnswer(answer)
    uid, is_accepted, held, reason = answer
    command = regulator.commands.select_for_update().filter(uid=uid).first()
    if command is None:
        raise BadAnswer("no such command of this regulator")
    if is_signed(regulator):
        require_fresh(command, body, now)
    return command, (is_accepted, held, reason)


def _parsed(payload: bytes | str) -> tuple[UUID, bool, float | None, str] | str:
    """(command, accepted, set-point held, reason), or why it cannot be read."""
    try:
        document: Any = json.loads(payload)
        uid = UUID(document["command"])
        is_accepted, held = document["accepted"], document.get("set_point")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "the message is not an answer"
    if not isinstance(is_accepted, bool):
        return "accepted must be true or false"
    if held is not None and (
        isinstance(held, bool)
        or not isinstance(held, int | float)
        or not math.isfinite(held)
        or abs(held) > 1e9
    ):
        return "set_point must be a number"
    reason = document.get("reason") or ""
    return uid, is_accepted, None if held is None else float(held), str(reason)[:250].replace("\x00", "")
