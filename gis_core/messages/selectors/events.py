"""What people are told of: kinds of events with their placeholders and built-in texts, and what can be attached.

Apps above register what they know when they start (`apps.py`); the core knows the code of a log-in only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class MessageText:
    """The texts of an event in one language, with `{placeholders}`; an SMS has no subject."""

    sms: str
    subject: str
    body: str


@dataclass(frozen=True)
class MessageEvent:
    """A kind of event. An urgent one passes the night and the daily limit; of a secret one the values are forgotten.

    `texts` by language. `may_repeat`: an e-mail of which nobody knows whether it left is sent again under its former
    Message-ID, since a lost one would be worse.
    """

    code: str
    placeholders: frozenset[str]
    texts: Mapping[str, MessageText]
    is_urgent: bool = False
    is_secret: bool = False
    may_repeat: bool = False


@dataclass(frozen=True)
class MadeAttachment:
    """A file made when its message is sent."""

    name: str
    content: bytes
    content_type: str


_events: dict[str, MessageEvent] = {}
_attachments: dict[str, Callable[[str], MadeAttachment]] = {}


def register_event(event: MessageEvent) -> None:
    """Make a kind of event known; a second one of the same code replaces it."""
    _events[event.code] = event


def register_attachment(kind: str, make: Callable[[str], MadeAttachment]) -> None:
    """Make known how an attachment `KIND:KEY` is made from its key."""
    _attachments[kind] = make


def event_of(code: str) -> MessageEvent:
    """The kind of event. ReportedError `event` for an unknown one."""
    if code not in _events:
        raise ReportedError(
            Sentence(_("There is no message of the event {event}."), event=code), code="event"
        )
    return _events[code]


def event_codes() -> list[str]:
    """The codes of all kinds of events, in the order of the alphabet."""
    return sorted(_events)


def is_secret(code: str) -> bool:
    """Whether values of this event are forgotten once they were tried, so that nothing of it can be sent again."""
    return code in _events and _events[code].is_secret


def made_attachment(reference: str) -> MadeAttachment:
    """The file that `KIND:KEY` names. ReportedError `attachment` where nobody makes such."""
    kind, _mark, key = reference.partition(":")
    if kind not in _attachments:
        raise ReportedError(
            Sentence(_("There is no attachment of the kind {kind}."), kind=kind), code="attachment"
        )
    return _attachments[kind](key)


LOGIN_CODE = MessageEvent(
    code="login_code",
    placeholders=frozenset({"code", "minutes"}),
    is_urgent=True,
    is_secret=True,
    texts={
        "uz": MessageText(
            "Tarmoq: kirish kodi {code}. {minutes} daqiqa amal qiladi. Uni hech kimga aytmang.",
            "Kirish kodi",
            "Kirish kodi: {code}. {minutes} daqiqa amal qiladi. Uni hech kimga aytmang.",
        ),
        "uz-cyrl": MessageText(
            "Tarmoq: кириш коди {code}. {minutes} дақиқа амал қилади. Уни ҳеч кимга айтманг.",
            "Кириш коди",
            "Кириш коди: {code}. {minutes} дақиқа амал қилади. Уни ҳеч кимга айтманг.",
        ),
        "ru": MessageText(
            "Tarmoq: код входа {code}. Действует {minutes} мин. Никому его не сообщайте.",
            "Код входа",
            "Код входа: {code}. Действует {minutes} мин. Никому его не сообщайте.",
        ),
        "en": MessageText(
            "Tarmoq: log-in code {code}. Valid for {minutes} minutes. Tell it to nobody.",
            "Log-in code",
            "Log-in code: {code}. Valid for {minutes} minutes. Tell it to nobody.",
        ),
    },
)
GATEWAY_TRIAL = MessageEvent(
    code="gateway_trial",
    placeholders=frozenset(),
    is_urgent=True,
    texts={
        "en": MessageText(
            "Tarmoq: this is a test of the gateway.", "Test of the gateway", "This is a test of the gateway."
        )
    },
)
for _event in (LOGIN_CODE, GATEWAY_TRIAL):
    register_event(_event)
