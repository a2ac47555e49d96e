"""Keys of regulators, and the signatures under what is told to them and what they answer.

A signed message is `{"body": TEXT, "mac": HEX}`: the text is the JSON document, and the code is HMAC-SHA256 with the
device's key over the topic, a line feed and the text, so that nothing is to be brought into a canonical form and no
message is good on another topic. The body of a command has a nonce, the time it was made and the time it ends; a device
refuses one whose time is over and one whose nonce it has seen. The body of an answer repeats the command's nonce and
has the time it was made: an answer of before answers nothing now.
"""

import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.stored_secrets import seal, unseal
from sensors.models import CommandState, Regulator, RegulatorCommand
from sensors.models.regulators import CLOCK_TOLERANCE

# An answer may have waited at the broker while nobody took it in, but not for ever.
OLDEST_ANSWER = timedelta(hours=1)
NO_KEY = "the device has no key"


class BadAnswer(Exception):
    """A message that answers nothing: not its device's, not of now, or of another form. It says why, for the log."""


def new_nonce() -> str:
    """A text that was never used before and cannot be guessed."""
    return secrets.token_hex(16)


def is_signed(regulator: Regulator) -> bool:
    """Whether commands go out signed, and answers count only when they are."""
    return bool(regulator.key_sealed)


def may_be_commanded(regulator: Regulator) -> bool:
    """Whether the device believes commands at all."""
    return bool(regulator.key_sealed) or regulator.may_be_unsigned


def signed(regulator: Regulator, topic: str, document: dict[str, Any]) -> str:
    """A message for the device; unsigned, the document itself, where it has no key.

    ReportedError (`secret_unreadable`, `no_secrets_key`) when its key cannot be opened.
    """
    body = json.dumps(document)
    if not regulator.key_sealed:
        return body
    return json.dumps({"body": body, "mac": _code(_key(regulator), topic, body)})


def opened(regulator: Regulator, topic: str, payload: bytes | str) -> bytes | str:
    """The body of what came from a device; the payload as it is where the device has no key and may go unsigned.

    Raises BadAnswer. A device that has a key is never believed without a signature, whatever else is allowed.
    """
    if not regulator.key_sealed:
        if not regulator.may_be_unsigned:
            raise BadAnswer(NO_KEY)
        return payload
    try:
        document = json.loads(payload)
        body, code = document["body"], document["mac"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadAnswer("the message is not signed") from None
    if not (isinstance(body, str) and isinstance(code, str)):
        raise BadAnswer("the message is not signed")
    try:
        expected = _code(_key(regulator), topic, body)
    except ReportedError as error:
        raise BadAnswer(error.message) from error
    if not hmac.compare_digest(expected.encode(), code.lower().encode()):
        raise BadAnswer("the signature is not the device's")
    return body


def require_fresh(command: RegulatorCommand, body: bytes | str, now: datetime) -> None:
    """Raise BadAnswer unless a signed answer repeats its command's nonce and was made since, and not long ago."""
    document = json.loads(body)
    nonce, told = document.get("nonce"), document.get("time")
    # Nobody knows the nonce of a command but its device: an answer to a command that went unsigned before has none.
    if (
        not isinstance(nonce, str)
        or not command.nonce
        or not hmac.compare_digest(nonce.encode(), command.nonce.encode())
    ):
        raise BadAnswer("the nonce is not the command's")
    try:
        moment = datetime.fromisoformat(told)
    except (TypeError, ValueError):
        raise BadAnswer("the answer has no time") from None
    if moment.tzinfo is None:
        raise BadAnswer("the answer's time has no offset from UTC")
    if not max(command.made_at - CLOCK_TOLERANCE, now - OLDEST_ANSWER) <= moment <= now + CLOCK_TOLERANCE:
        raise BadAnswer("the answer is not of now")


@transaction.atomic
def renew_key(*, regulator: Regulator, acting_user: User | None, now: datetime | None = None) -> str:
    """Give a device a new key: 64 hexadecimal digits, shown this once; the former is useless from now on.

    A command that is on its way was signed with the former and ends. ReportedError (`no_secrets_key`).
    """
    row = Regulator.objects.select_for_update(of=("self",)).select_related("division").get(pk=regulator.pk)
    key = secrets.token_hex(32)
    is_new = not row.key_sealed
    row.key_sealed, row.key_made_at = seal(key, bound_to=_binding(row)), now or timezone.now()
    row.save(update_fields=["key_sealed", "key_made_at"])
    row.commands.filter(state__in=[CommandState.PENDING, CommandState.SENT]).update(
        state=CommandState.EXPIRED, answer="the device has another key"
    )
    record_change(
        acting_user=acting_user,
        action="make key of regulator" if is_new else "renew key of regulator",
        subject=row,
        subject_id=row.code,
        division=row.division,
        new_values={"key_made_at": row.key_made_at.isoformat()},
    )
    return key


@transaction.atomic
def allow_unsigned(*, regulator: Regulator, is_allowed: bool, acting_user: User | None) -> Regulator:
    """Let a device that cannot sign be commanded all the same, or no longer: an operator's decision, for each device.

    ReportedError (`has_key`) where the device has a key already.
    """
    row = Regulator.objects.select_for_update(of=("self",)).select_related("division").get(pk=regulator.pk)
    if is_allowed and row.key_sealed:
        raise ReportedError(
            Sentence(
                _("{code} has a key: what is sent to it is signed, and only what it signs is believed."),
                code=row.code,
            ),
            code="has_key",
        )
    record_change(
        acting_user=acting_user,
        action="allow unsigned regulator" if is_allowed else "require key of regulator",
        subject=row,
        subject_id=row.code,
        division=row.division,
        old_values={"may_be_unsigned": row.may_be_unsigned},
        new_values={"may_be_unsigned": is_allowed},
    )
    row.may_be_unsigned = is_allowed
    row.save(update_fields=["may_be_unsigned"])
    return row


def _key(regulator: Regulator) -> bytes:
    return bytes.fromhex(unseal(regulator.key_sealed, bound_to=_binding(regulator)))


def _binding(regulator: Regulator) -> dict[str, str]:
    return {"regulator": str(regulator.uid)}


def _code(key: bytes, topic: str, body: str) -> str:
    return hmac.new(key, f"{topic}\n{body}".encode(), hashlib.sha256).hexdigest()
