"""How the carrying of a message can end, as drivers tell it."""

from dataclasses import dataclass

from gis_core.messages.selectors.reasons import MessageReason


class _NotCarried(Exception):
    """The text says why, in the carrier's own words, for the log; `reason` is what the outbox keeps.

    `is_of_gateway`: other messages by the same gateway would fare no better now.
    """

    def __init__(
        self, text: str, *, reason: MessageReason = MessageReason.NOT_TAKEN, is_of_gateway: bool = True
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.is_of_gateway = is_of_gateway


class NotSent(_NotCarried):
    """A message did not get through and may be sent again."""


class RefusedForGood(_NotCarried):
    """A message was refused, and would be again."""


class UnknownIfSent(_NotCarried):
    """Nobody knows whether a message was taken. It must not simply be sent again."""


@dataclass(frozen=True)
class Carried:
    """A message that was taken, under the gateway's id where it gives one; `is_delivered` where nothing more comes."""

    gateway_id: str = ""
    is_delivered: bool = False
