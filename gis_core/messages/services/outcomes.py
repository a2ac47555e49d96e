"""How the carrying of a message can end, as drivers tell it."""

from dataclasses import dataclass


class NotSent(Exception):
    """A message did not get through and may be sent again; the text says why."""


class RefusedForGood(Exception):
    """A message was refused, and would be again; the text says why."""


class UnknownIfSent(Exception):
    """Nobody knows whether a message was taken; the text says why. It must not simply be sent again."""


@dataclass(frozen=True)
class Carried:
    """A message that was taken, under the gateway's id where it gives one; `is_delivered` where nothing more comes."""

    gateway_id: str = ""
    is_delivered: bool = False
