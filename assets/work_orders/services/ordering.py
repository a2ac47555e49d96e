"""Making work orders: by hand, from a leak, from an outage, from an alarm."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.gis.geos import Point
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.models import Network, Node, Pipe, WorkOrder, WorkOrderMove
from assets.registers.services.attachments import Place, attach
from assets.work_orders.services.moving import assign_order, locked_order
from assets.work_orders.services.refusals import saying_refusals
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_CHANGEABLE = {"title", "description", "priority", "kind", "due_at"}


@dataclass(frozen=True)
class WorkPlace:
    """Where work is done: the element it is about, if any, and a point to go to, WGS 84."""

    longitude: float
    latitude: float
    place: Place | None = None


@dataclass(frozen=True)
class WorkSource:
    """What an order came from: `source` as in `WorkOrder.Source`, the uid of that, and what it said."""

    source: str = WorkOrder.Source.HAND.value
    uid: UUID | None = None
    text: str = ""


BY_HAND = WorkSource()


def create_order(
    *,
    network: Network,
    kind: str,
    title: str,
    where: WorkPlace,
    acting_user: User | None,
    description: str = "",
    priority: str = WorkOrder.Priority.NORMAL,
    origin: WorkSource = BY_HAND,
    due_at: datetime | None = None,
    assignee: User | None = None,
    uid: UUID | None = None,
) -> WorkOrder:
    """Make an order with the network's next number of the year ("W-2026-0007"), and give it to `assignee` if named.

    Sent again under the same `uid` it is the one made first. Raises ReportedError when the uid is another order's, the
    place is not on earth, or the assignee does no field work in the network's division.
    """
    if not (abs(where.longitude) <= 180 and abs(where.latitude) <= 90):
        raise ReportedError(Sentence(_("lon is within 180 degrees and lat within 90.")), code="bad_position")
    with saying_refusals():
        # Numbers of one network are given one after another, and an order sent twice waits for the first.
        hold(AdvisoryLock.WORK_NUMBERS, network.pk)
        if uid is not None:
            known = WorkOrder.objects.filter(uid=uid).first()
            if known is not None:
                return _same(known, network, title, origin)
        order = WorkOrder(
            **({"uid": uid} if uid else {}),
            network=network,
            division_id=network.division_id,
            number=_next_number(network),
            kind=kind,
            title=title,
            description=description,
            priority=priority,
            source=origin.source,
            source_uid=origin.uid,
            source_text=origin.text[:300],
            geom=Point(where.longitude, where.latitude, srid=4326),
            attachment=attach(network, [where.place])[0] if where.place else None,
            due_at=due_at,
            created_by=acting_user,
        )
        order.save(force_insert=True)
        WorkOrderMove.objects.create(
            order=order, to_state=order.state, moved_by=acting_user, moved_at=timezone.now()
        )
        record_change(
            acting_user=acting_user,
            action="make work order",
            subject=order,
            subject_id=f"{network.code} {order.number}",
            division=network.division,
            new_values={"kind": kind, "title": title, "priority": priority, "source": origin.source},
        )
        if assignee is not None:
            order = assign_order(order=order, assignee=assignee, acting_user=acting_user)
    return order


def _same(known: WorkOrder, network: Network, title: str, origin: WorkSource) -> WorkOrder:
    """The order made before under a uid, when it is the same one; raises ReportedError."""
    if (known.network_id, known.title, known.source) != (network.pk, title, origin.source):
        raise ReportedError(Sentence(_("Another record has this uid.")), code="uid_taken")
    return known


def _next_number(network: Network) -> str:
    prefix = f"W-{timezone.localdate().year}-"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(substr(number, %s)::bigint), 0) + 1 FROM assets_workorder "
            "WHERE network_id = %s AND starts_with(number, %s) AND substr(number, %s) ~ '^[0-9]{1,15}$'",
            [len(prefix) + 1, network.pk, prefix, len(prefix) + 1],
        )
        return f"{prefix}{cursor.fetchone()[0]:04}"


def place_of_element(element: Node | Pipe) -> WorkPlace:
    """The place of a node, or the middle of a pipe."""
    if isinstance(element, Node):
        return WorkPlace(element.geom.x, element.geom.y, Place(element.pk))
    middle = element.geom.interpolate_normalized(0.5)
    return WorkPlace(middle.x, middle.y, Place(element.start_node_id, element.pk, 0.5))


def describe_order(
    *,
    order: WorkOrder,
    values: dict[str, Any],
    acting_user: User | None,
    expected_version: int | None = None,
) -> WorkOrder:
    """Change what an order says: title, description, priority, kind, when it is due. Raises StaleVersion."""
    unknown = sorted(values.keys() - _CHANGEABLE)
    if unknown:
        raise ReportedError(
            Sentence(_("{unknown} of a work order is not changed this way."), unknown=unknown[0]),
            code="bad_field",
        )
    with saying_refusals():
        stored = locked_order(order, expected_version)
        old = {name: _plain(getattr(stored, name)) for name in values}
        for name, value in values.items():
            setattr(stored, name, value)
        stored.save(update_fields=sorted(values))
        record_change(
            acting_user=acting_user,
            action="change work order",
            subject=stored,
            subject_id=f"{stored.network.code} {stored.number}",
            division=stored.division,
            old_values=old,
            new_values={name: _plain(value) for name, value in values.items()},
        )
    stored.refresh_from_db()
    return stored


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
