"""Valves turned in the field: the record, and the valve's own state by an edit, in one transaction."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.editing.services.attributes import set_node_attributes
from assets.models import Edit, Node, NodeKind, ValveDetail, ValveOperation, WorkOrder
from assets.registers.services.attachments import Place, attach
from assets.work_orders.services.refusals import saying_refusals
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_CLOCK_TOLERANCE = timedelta(minutes=10)
# What somebody who stands at a valve sees of it, beside how it is turned.
SEEN = ("is_broken", "is_accessible")


def valve_state(node: Node) -> dict[str, Any]:
    """How a valve is recorded now, and who said so last; for whoever found it otherwise."""
    detail = ValveDetail.objects.filter(node=node).first()
    edit = Edit.objects.select_related("acting_user").filter(pk=node.change_id).first()
    return {
        "version": node.version,
        "status": detail.status if detail else None,
        **{name: getattr(detail, name) if detail else None for name in SEEN},
        "changed_at": node.valid_from.isoformat(),
        "changed_by": edit.acting_user.get_username() if edit and edit.acting_user else "",
    }


def turn_valve(
    *,
    node: Node,
    turns: float,
    status: str,
    acting_user: User,
    note: str = "",
    operated_at: datetime | None = None,
    seen: Mapping[str, bool] | None = None,
    order: WorkOrder | None = None,
    expected_version: int | None = None,
    uid: UUID | None = None,
) -> ValveOperation:
    """Record that a valve was turned and how it stands now: "open", "closed", or "active" for one that regulates.

    `seen` (is_broken, is_accessible) is what else was found. Where the valve is recorded otherwise, an edit changes it.
    Sent again under the same `uid` it is recorded once. Raises StaleVersion when somebody changed the valve since
    `expected_version`, and ReportedError for what is no valve, another state, or a time in the future.
    """
    at = operated_at or timezone.now()
    if at > timezone.now() + _CLOCK_TOLERANCE:
        raise ReportedError(Sentence(_("{at} is in the future."), at=at.isoformat()), code="future")
    if status not in ("open", "closed", "active"):
        raise ReportedError(Sentence(_("A valve stands open, closed or active.")), code="bad_state")
    network = node.network
    with saying_refusals():
        known = None if uid is None else _recorded(uid, node, turns)
        if known is not None:
            return known
        detail = ValveDetail.objects.filter(node=node).first()
        if node.kind != NodeKind.VALVE or detail is None:
            raise ReportedError(
                Sentence(_("{node} is no valve that is turned."), node=node.code), code="no_valve"
            )
        before = detail.status
        found = {"status": status, **(seen or {})}
        _make_so(node, detail, found, acting_user, expected_version)
        operation = ValveOperation.objects.create(
            **({"uid": uid} if uid else {}),
            network=network,
            division_id=network.division_id,
            attachment=attach(network, [Place(node.pk)])[0],
            order=order,
            turns=turns,
            status_before=before,
            status_after=status,
            note=note,
            operated_by=acting_user,
            operated_at=at,
        )
        record_change(
            acting_user=acting_user,
            action="turn valve",
            subject=operation,
            subject_id=f"{network.code} {node.code}",
            division=network.division,
            old_values={"status": before},
            new_values={"turns": turns, **found},
        )
    return operation


def _recorded(uid: UUID, node: Node, turns: float) -> ValveOperation | None:
    """The operation recorded before under a uid; deliveries of one wait for each other. Raises ReportedError."""
    hold(AdvisoryLock.FIELD_CHANGE, str(uid))
    known = ValveOperation.objects.filter(uid=uid).first()
    if known is not None and (known.attachment.node_id != node.pk or known.turns != turns):
        raise ReportedError(Sentence(_("Another record has this uid.")), code="uid_taken")
    return known


def _make_so(
    node: Node,
    detail: ValveDetail,
    found: Mapping[str, Any],
    acting_user: User,
    expected_version: int | None,
) -> None:
    """Record the valve as it was found, by an edit where it is recorded otherwise. Raises StaleVersion."""
    changed = {name: value for name, value in found.items() if getattr(detail, name) != value}
    if not changed:
        _require_version(node, expected_version)
        return
    set_node_attributes(
        node.network,
        node=node.uid,
        values={"details": changed},
        acting_user=acting_user,
        expected_version=expected_version,
    )


def _require_version(node: Node, expected: int | None) -> None:
    stored = Node.objects.select_for_update().get(pk=node.pk)
    if expected is not None and stored.version != expected:
        raise StaleVersion(
            Sentence(_("Somebody changed valve {stored} meanwhile."), stored=stored.code),
            element="node",
            uid=str(stored.uid),
            version=stored.version,
        )
