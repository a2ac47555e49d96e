"""Texts of messages: placeholders filled, parts of an SMS counted, recipients shown without telling them."""

import math
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.messages.selectors.events import MessageEvent, MessageText
from gis_core.models import Message
from gis_core.sentences import Sentence

_PLACE = re.compile(r"{(\w*)}")
# 3GPP TS 23.038, the default alphabet and its extension, whose characters take two places.
_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")


def text_of(event: MessageEvent, language: str) -> MessageText:
    """The event's texts in a language; where it has none in it, the first that it has."""
    return event.texts.get(language) or next(iter(event.texts.values()))


def filled(text: str, values: Mapping[str, Any]) -> str:
    """The text with its placeholders filled. ReportedError `placeholder` for one that has no value."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise _unknown(found[1])
        return str(values[found[1]])

    return _PLACE.sub(value, text)


def require_placeholders(event: MessageEvent, values: Mapping[str, Any]) -> None:
    """ReportedError `placeholder` unless each placeholder of the event has a value, and no other has one."""
    for name in sorted(event.placeholders ^ set(values)):
        raise _unknown(name)


def _unknown(name: str) -> ReportedError:
    return ReportedError(
        Sentence(_("The placeholder {placeholder} is not of this message."), placeholder=name),
        code="placeholder",
    )


def sms_parts(text: str) -> tuple[str, int]:
    """The alphabet (`GSM-7`, `UCS-2`) and the number of SMS that a text takes; 3GPP TS 23.040, 9.2.3.24."""
    if all(character in _GSM_7 or character in _GSM_7_EXTENSION for character in text):
        length = len(text) + sum(character in _GSM_7_EXTENSION for character in text)
        return "GSM-7", 1 if length <= 160 else math.ceil(length / 153)
    length = len(text.encode("utf-16-be")) // 2
    return "UCS-2", 1 if length <= 70 else math.ceil(length / 67)


def masked(recipient: str) -> str:
    """A recipient as others may see it: `+998 90 *** ** 67`, `k***@example.uz`, of an address the host."""
    if "://" in recipient:
        return recipient.split("/")[2].rpartition("@")[2]
    if "@" in recipient:
        return ", ".join(_masked_mail(one.strip()) for one in recipient.split(","))
    if len(recipient) == 12:
        return f"+{recipient[:3]} {recipient[3:5]} *** ** {recipient[-2:]}"
    return f"{recipient[:2]}***{recipient[-2:]}" if len(recipient) > 6 else "***"


def _masked_mail(address: str) -> str:
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}***@{host}"


def sms_of(message: Message, event: MessageEvent) -> str:
    """What its SMS says."""
    return filled(text_of(event, message.language).sms, message.template_values)
