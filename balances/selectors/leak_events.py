"""Leak events: as a viewer may see them, for commands by code, and the facts that both are told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from balances.models import LeakEvent, LeakEventMove, LeakEventState
from balances.selectors.zones_by_code import balanced_division, balanced_network, zone_by_code
from gis_core.access import ROLE_CAPABILITIES, Capability, Viewer, divisions_of, visible
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence


def _with_names() -> QuerySet[LeakEvent]:
    events = LeakEvent.objects.select_related("zone", "network", "division", "leak", "assignee")
    return events.defer("zone__geom", "division__boundary")


def leak_events_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_BALANCES
) -> QuerySet[LeakEvent]:
    """Leak events of the viewer's divisions, by detection."""
    return visible(_with_names(), viewer, capability)


def running_leaks_visible_to(viewer: Viewer) -> QuerySet[LeakEvent]:
    """The viewer's events that are neither closed nor ended, the largest first."""
    running = leak_events_visible_to(viewer).filter(ended_at=None).exclude(state=LeakEventState.CLOSED)
    return running.order_by(F("now_size_m3h").desc(), "started_at", "pk")


def count_open_events(viewer: Viewer) -> int:
    """How many of the viewer's events are not closed."""
    return leak_events_visible_to(viewer).exclude(state=LeakEventState.CLOSED).count()


def history_of(event: LeakEvent) -> list[LeakEventMove]:
    """The event's history, oldest first. The event must come from a scoped selector."""
    return list(event.history.select_related("user", "assigned_to"))


def assignable_users(viewer: Viewer) -> list[User]:
    """Who can look after the viewer's events: people that may see balances in the viewer's divisions; at most 200."""
    roles = [role for role, held in ROLE_CAPABILITIES.items() if Capability.VIEW_BALANCES in held]
    divisions = divisions_of(viewer, Capability.HANDLE_LEAK_EVENTS)
    users = User.objects.filter(
        is_active=True, role_assignments__role__in=roles, role_assignments__division__in=divisions
    )
    return list(users.distinct().order_by("username")[:200])


def leak_event_by_uid(
    uid: str, *, viewer: User | None = None, capability: Capability = Capability.VIEW_BALANCES
) -> LeakEvent:
    """The event with this uid, of those that `viewer` may see, where one is named; ReportedError (`no_event`)."""
    events = _with_names() if viewer is None else leak_events_visible_to(viewer, capability)
    try:
        event = events.filter(uid=UUID(uid)).first()
    except ValueError:
        event = None
    if event is None:
        raise ReportedError(Sentence(_("There is no leak event {uid}."), uid=uid), code="no_event")
    return event


def leak_events_of(
    *,
    zone: str | None,
    network: str | None,
    division: str | None,
    state: str | None,
    viewer: User | None = None,
) -> list[LeakEvent]:
    """The events of a zone, a network or a division with all below it, by detection; of those that `viewer` may see,
    where one is named.

    Raises ReportedError: `no_zone`, `ambiguous_zone` for a code that zones of several networks have, `no_network`,
    `no_division`.
    """
    events = _with_names() if viewer is None else leak_events_visible_to(viewer)
    if zone is not None:
        events = events.filter(zone=zone_by_code(zone, network, viewer=viewer))
    if network is not None:
        events = events.filter(network=balanced_network(network, viewer=viewer))
    if division is not None:
        events = events.filter(division__path__startswith=balanced_division(division).path)
    if state is not None:
        events = events.filter(state=state)
    return list(events)


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else timezone.localtime(moment).isoformat()


def event_facts(event: LeakEvent) -> dict[str, Any]:
    """What is known of an event; flows in m3/h, instants in ISO 8601 with offset, unknown is None."""
    return {
        "id": str(event.uid),
        "zone_code": event.zone.code,
        "zone": str(event.zone.uid),
        "zone_name": event.zone.name,
        "network": event.network.code,
        "division": event.division.code,
        "kind": event.kind,
        "started_at": _instant(event.started_at),
        "started_from": _instant(event.started_from),
        "started_to": _instant(event.started_to),
        "detected_at": _instant(event.detected_at),
        "size_m3h": event.size_m3h,
        "size_limit_95_m3h": event.size_limit_95_m3h,
        "confidence": event.confidence,
        "evidence": event.evidence,
        "state": event.state,
        "now": {
            "size_m3h": event.now_size_m3h,
            "started_at": _instant(event.started_at),
            "ended_at": _instant(event.ended_at),
        },
        "outcome": event.outcome or None,
        "leak": event.leak.number if event.leak else None,
        "assignee": event.assignee.username if event.assignee else None,
        "cost": None if event.cost is None else str(event.cost),
        "version": event.version,
    }


def event_with_history(event: LeakEvent) -> dict[str, Any]:
    """The facts with who did what, when."""
    return {
        **event_facts(event),
        "history": [
            {
                "at": _instant(line.at),
                "user": line.user.username if line.user else None,
                "from": line.from_state,
                "to": line.to_state,
                "note": line.note,
                "assigned_to": line.assigned_to.username if line.assigned_to else None,
                "is_assignment": line.is_assignment,
            }
            for line in history_of(event)
        ],
    }
