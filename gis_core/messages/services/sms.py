"""SMS by a gateway over HTTP, as Eskiz has it: a token, a message for an id, and a callback or a question afterwards.

Only what certainly was not taken is NotSent: no connection, 401 after a new token, 429, 503. After the request left, a
broken connection, another 5xx or an answer without an id leave the outcome unknown.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from gis_core.messages.selectors.reasons import MessageReason
from gis_core.messages.services.gateways import usable_credential
from gis_core.messages.services.outcomes import Carried, NotSent, RefusedForGood, UnknownIfSent
from gis_core.models import Message, MessageGateway, MessageState

TIMEOUT_S = 15.0
_MOST_BYTES = 64 * 1024
_DIGITS_OF_SECRET = 40
_UNAUTHORISED, _TOO_MANY, _FAULT, _BUSY = 401, 429, 500, 503
# What the gateway calls its states; all others wait.
_STATES = {
    **dict.fromkeys(("delivered", "delivrd"), MessageState.DELIVERED),
    **dict.fromkeys(
        ("failed", "rejected", "rejectd", "undelivered", "undeliv", "undeliverable", "expired", "deleted"),
        MessageState.FAILED,
    ),
}
# Tokens live in the process: each worker logs in for itself. Under the digest of what opened them.
_tokens: dict[str, str] = {}


def state_of(status: str) -> MessageState | None:
    """What a status of the gateway says of a message; None where it is still on its way."""
    return _STATES.get(status.strip().lower())


def callback_secret(message_uid: str) -> str:
    """The part of a message's callback address that only the gateway was told; of each message its own."""
    return salted_hmac("tarmoq.messages.callback", message_uid, algorithm="sha256").hexdigest()[
        :_DIGITS_OF_SECRET
    ]


def is_callback_secret(message_uid: str, given: str) -> bool:
    """Whether it is; takes as long for each wrong one."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), callback_secret(message_uid).encode())


def callback_url(message_uid: str) -> str:
    """Where the gateway reports on a message; empty where the installation has no public address."""
    if not settings.PUBLIC_URL:
        return ""
    return (
        f"{settings.PUBLIC_URL.rstrip('/')}/messages/callback/{message_uid}/{callback_secret(message_uid)}/"
    )


def prepare(gateway: MessageGateway) -> None:
    """Get a token, if there is none. Raises NotSent where the gateway gives none."""
    if _key(gateway) not in _tokens:
        _log_in(gateway)


def send(gateway: MessageGateway, message: Message, text: str) -> Carried:
    """Hand an SMS over. Raises NotSent, RefusedForGood or UnknownIfSent."""
    form = {
        "mobile_phone": message.recipient,
        "message": text,
        "from": gateway.sender,
        "callback_url": callback_url(str(message.uid)),
    }
    status, answer = _authorised(gateway, "POST", "message/sms/send", form)
    if status in (_UNAUTHORISED, _TOO_MANY, _BUSY):
        reason = MessageReason.NO_LOG_IN if status == _UNAUTHORISED else MessageReason.BUSY
        raise NotSent(f"the gateway answered {status}", reason=reason)
    if status >= _FAULT:
        raise UnknownIfSent(f"the gateway answered {status}", reason=MessageReason.GATEWAY_FAULT)
    if not 200 <= status < 300:
        raise RefusedForGood(f"the gateway answered {status}: {_words(answer)}", reason=MessageReason.REFUSED)
    gateway_id = str(answer.get("id") or "") if isinstance(answer, dict) else ""
    if not gateway_id:
        raise UnknownIfSent("the gateway answered without an id", reason=MessageReason.NO_ID)
    return Carried(gateway_id=gateway_id[:80])


def ask(gateway: MessageGateway, message: Message) -> MessageState | None:
    """How a message that the gateway took stands; None where nothing is known yet. Raises NotSent."""
    status, answer = _authorised(gateway, "GET", f"message/sms/status_by_id/{message.gateway_id}", None)
    if status != 200 or not isinstance(answer, dict):
        raise NotSent(
            f"the gateway answered {status} when it was asked",
            is_of_gateway=status in (_UNAUTHORISED, _TOO_MANY) or status >= _FAULT,
        )
    found = answer.get("data") if isinstance(answer.get("data"), dict) else answer
    return state_of(str((found or {}).get("status") or ""))


def _authorised(
    gateway: MessageGateway, method: str, path: str, form: dict[str, str] | None
) -> tuple[int, Any]:
    """The answer to a request with the token, which is renewed once when it is refused."""
    prepare(gateway)
    status, answer = _request(gateway, method, path, form, _tokens[_key(gateway)])
    if status == _UNAUTHORISED:
        _log_in(gateway)
        status, answer = _request(gateway, method, path, form, _tokens[_key(gateway)])
    return status, answer


def _log_in(gateway: MessageGateway) -> None:
    _tokens.pop(_key(gateway), None)
    form = {name: usable_credential(gateway, name) for name in ("email", "password")}
    try:
        status, answer = _request(gateway, "POST", "auth/login", form, "")
    except UnknownIfSent as error:
        raise NotSent(f"log-in: {error}", reason=error.reason) from error
    data = answer.get("data") if isinstance(answer, dict) else None
    token = data.get("token") if isinstance(data, dict) else None
    if not 200 <= status < 300 or not isinstance(token, str) or not token.isascii():
        raise NotSent(f"the gateway refused the log-in ({status})", reason=MessageReason.NO_LOG_IN)
    _tokens[_key(gateway)] = token


def _key(gateway: MessageGateway) -> str:
    """What a token was given for: another address or password needs another one."""
    return hashlib.sha256(
        json.dumps([gateway.pk, gateway.url, gateway.credentials], sort_keys=True).encode()
    ).hexdigest()


def _request(
    gateway: MessageGateway, method: str, path: str, form: dict[str, str] | None, token: str
) -> tuple[int, Any]:
    """Status and document of an answer. Raises NotSent before anything left, UnknownIfSent after."""
    try:
        parts = urlsplit(gateway.url)
        is_secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    except ValueError as error:
        raise NotSent(f"no address of a gateway: {error}", reason=MessageReason.NO_CONNECTION) from error
    connection = (
        http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        if is_secure
        else http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    )
    headers = {"Accept": "application/json", "User-Agent": "Tarmoq"}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotSent(f"{host}:{port}: {error}", reason=MessageReason.NO_CONNECTION) from error
        try:
            connection.request(
                method,
                f"{parts.path.rstrip('/')}/{path}",
                body=None if form is None else urlencode(form).encode(),
                headers=headers,
            )
            answer = connection.getresponse()
            content = answer.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise UnknownIfSent(
                f"{host}:{port}: {error or type(error).__name__}", reason=MessageReason.BROKEN_OFF
            ) from error
    finally:
        connection.close()
    document = None
    with contextlib.suppress(ValueError):
        document = json.loads(content)
    return answer.status, document


def _words(answer: Any) -> str:
    return str(answer.get("message") or "")[:200] if isinstance(answer, dict) else ""
