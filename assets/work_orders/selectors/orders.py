"""Reading work orders, and who can be given them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from assets.isolation.selectors.outages import outages_visible_to
from assets.models import LeakRecord, Network, Node, Outage, Pipe, WorkOrder
from gis_core.access import (
    ROLE_CAPABILITIES,
    Capability,
    Viewer,
    access,
    divisions_of,
    granted_paths,
    is_unrestricted,
    visible,
)
from gis_core.models import RoleAssignment, User

OPEN_STATES = (WorkOrder.State.NEW.value, WorkOrder.State.ASSIGNED.value, WorkOrder.State.ON_THE_WAY.value)


def work_orders_visible_to(viewer: Viewer) -> QuerySet[WorkOrder]:
    """Orders of the divisions whose work the viewer sees, with what a list says of them."""
    rows = WorkOrder.objects.select_related(
        "network", "division", "assignee", "created_by", "attachment__node", "attachment__pipe"
    ).defer(
        "attachment__node__geom",
        "attachment__pipe__geom",
        "attachment__pipe__start_point",
        "attachment__pipe__end_point",
    )
    return visible(rows, viewer, Capability.VIEW_WORK)


def with_journal(rows: QuerySet[WorkOrder]) -> QuerySet[WorkOrder]:
    """The orders with their moves, materials and photos."""
    return rows.prefetch_related(
        "moves__moved_by", "moves__assignee", "materials__recorded_by", "photos__document"
    )


@dataclass(frozen=True)
class CrewMember:
    """Somebody who can be given work, and how much they have."""

    username: str
    name: str
    divisions: list[str]
    open_orders: int


def crew_members(viewer: Viewer) -> list[CrewMember]:
    """Who does field work in the divisions whose work the viewer gives out, by name; three queries."""
    roles = [role for role, held in ROLE_CAPABILITIES.items() if Capability.RECORD_FIELD_WORK in held]
    assignments = (
        RoleAssignment.objects.filter(role__in=roles, user__is_active=True)
        .select_related("user", "division")
        .order_by("user__first_name", "user__username", "division__code")
    )
    if not is_unrestricted(viewer):
        paths = granted_paths(viewer, Capability.DISPATCH_WORK)
        below = visible(assignments, viewer, Capability.DISPATCH_WORK)
        # Somebody of the region above may be sent here, too.
        above = [division for path in paths for division in _prefixes(path)]
        assignments = below | assignments.filter(division__path__in=above)
    busy = dict(
        WorkOrder.objects.filter(
            state__in=OPEN_STATES,
            assignee__isnull=False,
            division__in=divisions_of(viewer, Capability.VIEW_WORK),
        )
        .values_list("assignee_id")
        .annotate(number=Count("pk"))
    )
    people: dict[int, tuple[User, list[str]]] = {}
    for assignment in assignments:
        people.setdefault(assignment.user_id, (assignment.user, []))[1].append(assignment.division.code)
    return [
        CrewMember(user.get_username(), user.get_full_name(), codes, busy.get(user.pk, 0))
        for user, codes in people.values()
    ]


def _prefixes(path: str) -> list[str]:
    """A division's path and those of the divisions above it: "UZ.UZ-TO." has "UZ."."""
    return [path[: end + 1] for end, sign in enumerate(path) if sign == "."]


def member_named(viewer: Viewer, username: str) -> User | None:
    """The user of this name among those whom the viewer can give work to."""
    if username not in {member.username for member in crew_members(viewer)}:
        return None
    return User.objects.filter(username=username, is_active=True).first()


def leak_for_work(viewer: Viewer, uid: UUID) -> LeakRecord:
    """The leak that an order is made from, where the viewer gives out the work; raises NotVisible."""
    rows = LeakRecord.objects.select_related(
        "network__division", "attachment__node", "attachment__pipe__start_node"
    )
    return access(rows, viewer, Capability.DISPATCH_WORK, uid=uid)


def outage_for_work(viewer: Viewer, uid: UUID) -> Outage:
    """The outage that an order is made from, where the viewer gives out the work; raises NotVisible."""
    rows = outages_visible_to(viewer).select_related("network__division")
    return access(rows, viewer, Capability.DISPATCH_WORK, uid=uid)


def pipe_of_outage(outage: Outage) -> Pipe | None:
    """The pipe that the outage isolates, if it is still there."""
    return Pipe.objects.filter(uid=outage.pipe_uid, network=outage.network_id).first()


def element_for_work(viewer: Viewer, network: Network, *, node: Any = None, pipe: Any = None) -> Node | Pipe:
    """The node or pipe of the network that an order is about; raises NotVisible."""
    model: Any = Node if node is not None else Pipe
    found = access(
        model.objects.filter(network=network),
        viewer,
        Capability.VIEW_NETWORK,
        uid=node if node is not None else pipe,
    )
    assert isinstance(found, (Node, Pipe))
    return found


def orders_in_hand(viewer: Viewer) -> QuerySet[WorkOrder]:
    """The viewer's own open orders and those of the division that nobody has: what a phone takes along."""
    own = Q(assignee=viewer.pk, state__in=OPEN_STATES)
    return work_orders_visible_to(viewer).filter(own | Q(state=WorkOrder.State.NEW))
