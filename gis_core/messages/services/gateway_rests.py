"""Gateways that do not answer, and rest: what waits for them would only stand in the way of the others.

Rests live in the process: each worker learns for itself. The first message after a rest tries it again.
"""

from time import monotonic

from django.db.models import Q

from gis_core.models import Message, MessageGateway

FIRST_REST_S, LONGEST_REST_S = 30.0, 120.0
# A medium, and the enterprise whose gateway it is; None of the installation's.
GatewayKey = tuple[str, int | None]
# How often it did not answer, and until when it rests.
_rests: dict[GatewayKey, tuple[int, float]] = {}


def key_of(message: Message, gateway: MessageGateway | None) -> GatewayKey:
    """Which gateway a message goes by, or would."""
    return message.medium, gateway.enterprise_id if gateway else None


def resting() -> set[GatewayKey]:
    """Those that rest now."""
    now = monotonic()
    return {key for key, (_failures, until) in _rests.items() if until > now}


def rest(key: GatewayKey) -> None:
    """Let a gateway rest that did not answer, twice as long as the last time, up to LONGEST_REST_S."""
    failures = _rests.get(key, (0, 0.0))[0] + 1
    wait_s = min(FIRST_REST_S * 2 ** min(failures - 1, 10), LONGEST_REST_S)
    _rests[key] = (failures, monotonic() + wait_s)


def answered(key: GatewayKey) -> None:
    """A gateway that answers is as good as new."""
    _rests.pop(key, None)


def messages_by(key: GatewayKey) -> Q:
    """The messages that go by a gateway."""
    medium, enterprise_id = key
    if enterprise_id is not None:
        return Q(medium=medium, enterprise=enterprise_id)
    with_own = MessageGateway.objects.filter(medium=medium).exclude(enterprise=None)
    return Q(medium=medium) & (
        Q(enterprise=None) | ~Q(enterprise__in=list(with_own.values_list("enterprise", flat=True)))
    )
