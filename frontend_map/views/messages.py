"""The outbox: what people were told, what waits, what did not get through."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from frontend_map.page_access import page
from gis_core.access import Capability, holds
from gis_core.messages.selectors.events import event_codes, is_secret
from gis_core.messages.selectors.outbox import messages_by_state, messages_visible_to
from gis_core.messages.selectors.reasons import MessageReason
from gis_core.messages.selectors.texts import masked
from gis_core.models import Message, MessageState

_SHOWN = 25
_STATES = {
    MessageState.WAITING: gettext_noop("Waiting"),
    MessageState.SENDING: gettext_noop("Being sent"),
    MessageState.SENT: gettext_noop("Sent"),
    MessageState.DELIVERED: gettext_noop("Delivered"),
    MessageState.UNKNOWN: gettext_noop("Outcome unknown"),
    MessageState.FAILED: gettext_noop("Not delivered"),
    MessageState.GIVEN_UP: gettext_noop("Given up"),
}
_MEDIA = {"sms": gettext_noop("SMS"), "email": gettext_noop("e-mail"), "webhook": gettext_noop("webhook")}
_EVENTS = {
    "login_code": gettext_noop("Log-in code"),
    "gateway_trial": gettext_noop("Test of the gateway"),
}
_REASONS = {
    MessageReason.NO_GATEWAY: gettext_noop("No gateway is set."),
    MessageReason.GATEWAY_OFF: gettext_noop("The gateway is switched off."),
    MessageReason.NO_KEY: gettext_noop("The gateway's secrets cannot be read: they are to be entered again."),
    MessageReason.NO_LOG_IN: gettext_noop("The gateway refused the log-in."),
    MessageReason.NO_CONNECTION: gettext_noop("There was no connection."),
    MessageReason.BUSY: gettext_noop("The gateway was busy."),
    MessageReason.NOT_TAKEN: gettext_noop("It was not taken."),
    MessageReason.PRIVATE_ADDRESS: gettext_noop("The address is not of the public internet."),
    MessageReason.REFUSED: gettext_noop("It was refused."),
    MessageReason.REPORTED_FAILED: gettext_noop("The gateway reports that it was not delivered."),
    MessageReason.BROKEN_OFF: gettext_noop("The connection broke while it was being sent."),
    MessageReason.GATEWAY_FAULT: gettext_noop("The gateway had a fault while it was being sent."),
    MessageReason.NO_ID: gettext_noop("The gateway answered without an id."),
    MessageReason.CANNOT_BE_MADE: gettext_noop("It could not be made: the log says why."),
    MessageReason.FAULT: gettext_noop("There was a fault while it was being sent: the log says which."),
    MessageReason.SENDER_ENDED: gettext_noop("The sender ended while it was being sent."),
    MessageReason.TOO_LATE: gettext_noop("It came too late."),
    MessageReason.TRIED_TOO_OFTEN: gettext_noop("It was tried too often."),
}
_MAY_RESEND = (MessageState.FAILED, MessageState.GIVEN_UP, MessageState.UNKNOWN)
_MAY_GIVE_UP = (MessageState.WAITING, MessageState.UNKNOWN)


@page(Capability.VIEW_SUBSCRIBERS)
def messages(request: HttpRequest) -> HttpResponse:
    """Messages by state and event (`?state=&event=&page=`), recipients masked; to be sent anew or given up."""
    counts = messages_by_state(request.user)
    state = request.GET.get("state", "")
    event = request.GET.get("event", "")
    rows = messages_visible_to(request.user)
    if state in MessageState.values:
        rows = rows.filter(state=state)
    if event in event_codes():
        rows = rows.filter(event=event)
    shown = Paginator(rows, _SHOWN).get_page(request.GET.get("page"))
    may_manage = holds(request.user, Capability.MANAGE_ACCOUNTS)
    context: dict[str, Any] = {
        "rows": shown,
        "messages_shown": [_row(message, may_manage=may_manage) for message in shown],
        "states": [(code, _(words), counts.get(code, 0)) for code, words in _STATES.items()],
        "events": [(code, _(_EVENTS.get(code, code))) for code in event_codes()],
        "state": state if state in MessageState.values else "",
        "event": event if event in event_codes() else "",
        "settings": {
            "messages": "/api/v1/messages/",
            "texts": {
                "failed": _("Not done: {reason}"),
                "lost": _("No connection to the server. Try again."),
            },
        },
    }
    return render(request, "frontend_map/messages.html", context)


def reason_in_words(kept: str) -> str:
    """Why a message did not get through, in the active language."""
    return _(_REASONS[MessageReason(kept)]) if kept in _REASONS else kept


def _row(message: Message, *, may_manage: bool) -> dict[str, Any]:
    """One message in words."""
    return {
        "uid": message.uid,
        "event": _(_EVENTS.get(message.event, message.event)),
        "state": _(_STATES[MessageState(message.state)]),
        "medium": _(_MEDIA.get(message.medium, message.medium)),
        "recipient": masked(message.recipient),
        "division": message.division.name,
        "attempts": message.attempts,
        "error": reason_in_words(message.last_error),
        "at": message.delivered_at or message.sent_at or message.created_at,
        "may_resend": may_manage and message.state in _MAY_RESEND and not is_secret(message.event),
        "may_give_up": may_manage and message.state in _MAY_GIVE_UP,
    }
