"""Messages for the tests of access, of queries and of the database's guards.

There is one SMS that waits, and a gateway of the enterprise and one of the installation.
"""

from gis_core.models import Enterprise, Message, MessageGateway

MESSAGE_READS = ("messages", "message-list", "message-detail")
MESSAGE_ACTIONS = ("message-resend", "message-give-up")


def add_messages(enterprise: Enterprise, numbers: range) -> None:
    """As many SMS as there are numbers, and the gateways."""
    Message.objects.bulk_create(
        Message(
            division_id=enterprise.division_id,
            enterprise=enterprise,
            event="login_code",
            event_key=f"login {enterprise.code} {number}",
            medium="sms",
            recipient="998901234567",
            language="uz",
            template_values={"code": "1", "minutes": 3},
        )
        for number in numbers
    )
    for one in (enterprise, None):
        MessageGateway.objects.get_or_create(
            enterprise=one,
            medium="sms",
            defaults={"division_id": one.division_id if one else None, "driver": "log"},
        )


_SET = "UPDATE gis_core_message SET "
_GATEWAY = "UPDATE gis_core_messagegateway SET "
_AGAIN = (
    "INSERT INTO gis_core_message (uid, division_id, event, event_key, medium, recipient, language, template_values, "
    "attachment, is_urgent, state, attempts, gateway_id, last_error) SELECT gen_random_uuid(), division_id, {event}, "
    "{key}, {medium}, recipient, {language}, template_values, '', false, {state}, 0, '', '' "
    "FROM gis_core_message LIMIT 1"
)


def _another(
    event: str = "event",
    key: str = "'another'",
    medium: str = "medium",
    language: str = "language",
    state: str = "'waiting'",
) -> str:
    return _AGAIN.format(event=event, key=key, medium=medium, language=language, state=state)


MESSAGE_ATTACKS = {
    "message_once": [_another(key="event_key")],
    "message_medium_known": [_another(medium="'pigeon'")],
    "message_state_known": [_another(state="'lost'")],
    "message_language_known": [_another(language="'tlh'")],
    "message_is_addressed": [_another(event="''"), _another(key="''")],
    "message_sent_has_time": [_another(state="'sent'"), f"{_SET} state = 'sending'; {_SET} state = 'sent'"],
    "message_delivered_has_time": [_another(state="'delivered'"), f"{_SET} delivered_at = now()"],
    "message_goes_its_ways": [
        f"{_SET} state = 'sent', sent_at = now()",
        f"{_SET} state = 'unknown'",
        f"{_SET} state = 'sending'; {_SET} state = 'failed'; {_SET} state = 'sending'",
        f"{_SET} state = 'sending'; {_SET} state = 'sent', sent_at = now(); {_SET} state = 'waiting'",
        f"{_SET} state = 'sending'; {_SET} state = 'delivered', delivered_at = now(); "
        f"{_SET} state = 'failed', delivered_at = NULL",
        f"{_SET} recipient = '998900000000'",
        f"{_SET} event_key = 'another'",
        f"{_SET} uid = gen_random_uuid()",
        f"{_SET} template_values = '{{\"code\": 2}}'",
    ],
    "message_gateway_once": [
        "INSERT INTO gis_core_messagegateway (enterprise_id, division_id, medium, driver, url, sender, credentials, "
        "is_enabled) SELECT enterprise_id, division_id, medium, driver, url, sender, credentials, is_enabled "
        "FROM gis_core_messagegateway WHERE enterprise_id IS NULL"
    ],
    "message_gateway_driver_fits": [f"{_GATEWAY} driver = 'smtp', url = 'smtp://x'"],
    "message_gateway_of_a_division": [f"{_GATEWAY} division_id = NULL WHERE enterprise_id IS NOT NULL"],
    "message_gateway_has_address": [f"{_GATEWAY} driver = 'eskiz'"],
}
MESSAGE_WORDS = {"message_goes_its_ways": "message_goes_its_ways: "}
