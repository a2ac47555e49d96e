"""Why a message did not get through: what the outbox keeps, and pages put into the reader's words.

What a gateway, a mail server or the network say themselves is in the log only.
"""

from enum import StrEnum


class MessageReason(StrEnum):
    """What is kept as the last error of a message."""

    NO_GATEWAY = "no_gateway"
    GATEWAY_OFF = "gateway_off"
    NO_KEY = "no_key"
    NO_LOG_IN = "no_log_in"
    NO_CONNECTION = "no_connection"
    BUSY = "busy"
    NOT_TAKEN = "not_taken"
    PRIVATE_ADDRESS = "private_address"
    REFUSED = "refused"
    REPORTED_FAILED = "reported_failed"
    BROKEN_OFF = "broken_off"
    GATEWAY_FAULT = "gateway_fault"
    NO_ID = "no_id"
    CANNOT_BE_MADE = "cannot_be_made"
    FAULT = "fault"
    SENDER_ENDED = "sender_ended"
    TOO_LATE = "too_late"
    TRIED_TOO_OFTEN = "tried_too_often"
