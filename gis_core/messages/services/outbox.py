"""Writing a message into the outbox, in the transaction of what it tells of; resending and giving up by a person."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.messages.selectors.events import event_of, is_secret
from gis_core.messages.selectors.texts import masked, require_placeholders
from gis_core.messages.services.gateways import is_address
from gis_core.models import (
    MESSAGE_LANGUAGES,
    Division,
    Enterprise,
    Message,
    MessageMedium,
    MessageState,
    User,
)
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_PHONE = re.compile(r"[0-9]{9,15}")
_NATIONAL_DIGITS = 9
_COUNTRY = "998"
_MAIL = re.compile(r"[^@\s,]+@[^@\s,]+")
_OVER = (MessageState.FAILED, MessageState.GIVEN_UP, MessageState.UNKNOWN)


def enqueue_message(
    *,
    event_key: str,
    recipient: str,
    medium: str,
    template: str,
    values: Mapping[str, Any],
    language: str,
    division: Division,
    enterprise: Enterprise | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    attachment: str = "",
) -> Message:
    """Write a message of the event `template` within the caller's transaction; the same event is never told twice.

    Unique by (event_key, medium, recipient): what is there already is given back as it is. It leaves after the commit,
    not before `not_before`; after `expires_at` it is given up. `attachment` is `KIND:KEY`. RuntimeError outside a
    transaction; ReportedError: `event`, `placeholder`, `medium`, `language`, `recipient`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a message is written in the transaction of what it tells of")
    event = event_of(template)
    require_placeholders(event, values)
    if language not in MESSAGE_LANGUAGES:
        raise ReportedError(
            Sentence(_("There is no language {language}."), language=language), code="language"
        )
    address = addressed(medium, recipient)
    new = Message(
        division=division,
        enterprise=enterprise,
        event=event.code,
        event_key=event_key,
        medium=medium,
        recipient=address,
        language=language,
        template_values=dict(values),
        attachment=attachment,
        is_urgent=event.is_urgent,
        next_attempt_at=not_before or timezone.now(),
        expires_at=expires_at,
    )
    Message.objects.bulk_create([new], ignore_conflicts=True)
    return Message.objects.get(event_key=event_key, medium=medium, recipient=address)


def addressed(medium: str, recipient: str) -> str:
    """A recipient in its one form: of a telephone the digits with the country, nine digits are of Uzbekistan.

    ReportedError `recipient`, `medium`.
    """
    text = recipient.strip()
    is_good = bool(text) and text.isprintable()
    match medium:
        case MessageMedium.SMS:
            text = re.sub(r"[\s()+.-]", "", text)
            is_good = _PHONE.fullmatch(text) is not None
            text = _COUNTRY + text if len(text) == _NATIONAL_DIGITS else text
        case MessageMedium.EMAIL:
            is_good = is_good and all(_MAIL.fullmatch(one.strip()) for one in text.split(","))
        case MessageMedium.WEBHOOK:
            is_good = is_good and is_address(text, ("https", "http"))
        case MessageMedium.LOG:
            pass
        case _:
            raise ReportedError(Sentence(_("There is no medium {medium}."), medium=medium), code="medium")
    if not is_good:
        raise ReportedError(
            Sentence(_("{recipient} cannot be written to by this medium."), recipient=masked(text)),
            code="recipient",
        )
    return text


@transaction.atomic
def resend_message(*, message: Message, acting_user: User) -> Message:
    """Send again what failed, was given up or has an unknown outcome. ReportedError `message_state` otherwise."""
    return _move(message, acting_user, "resend message", _OVER, MessageState.WAITING)


@transaction.atomic
def give_up_message(*, message: Message, acting_user: User) -> Message:
    """Send it no more. ReportedError `message_state` unless it waits, or its outcome is unknown."""
    return _move(
        message,
        acting_user,
        "give up message",
        (MessageState.WAITING, MessageState.UNKNOWN),
        MessageState.GIVEN_UP,
    )


def _move(
    message: Message,
    acting_user: User,
    action: str,
    from_states: tuple[MessageState, ...],
    state: MessageState,
) -> Message:
    row = Message.objects.select_for_update(of=("self",)).get(pk=message.pk)
    is_forgotten = is_secret(row.event) and state == MessageState.WAITING
    if row.state not in from_states or is_forgotten:
        raise ReportedError(
            Sentence(
                _("A message in the state {state} cannot be changed so."), state=row.get_state_display()
            ),
            code="message_state",
        )
    former, row.state = row.state, state
    row.attempts, row.next_attempt_at, row.last_error = 0, timezone.now(), ""
    row.save(update_fields=["state", "attempts", "next_attempt_at", "last_error"])
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row,
        division=row.division,
        old_values={"state": former},
        new_values={"state": state},
    )
    return row
