"""Moving work orders from state to state: giving them to somebody, going there, ending them.

new --> assigned --> on_the_way --> done
 ^---------'  ^---------'   |
              |-- impossible <   (somebody else may try again)
any of them but done --> cancelled
"""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.models import WorkOrder, WorkOrderMove
from assets.work_orders.services.refusals import saying_refusals
from gis_core.access import Capability, NotVisible, require
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import User
from gis_core.sentences import Sentence, Word, Words
from gis_core.services.audit import record_change

State = WorkOrder.State
# What may follow a state; the database holds the same pairs (assets/sql/install/90_work_orders.sql).
TRANSITIONS: dict[str, frozenset[str]] = {
    State.NEW.value: frozenset({State.ASSIGNED.value, State.CANCELLED.value}),
    State.ASSIGNED.value: frozenset(
        {State.NEW.value, State.ON_THE_WAY.value, State.IMPOSSIBLE.value, State.CANCELLED.value}
    ),
    State.ON_THE_WAY.value: frozenset(
        {State.ASSIGNED.value, State.DONE.value, State.IMPOSSIBLE.value, State.CANCELLED.value}
    ),
    State.DONE.value: frozenset(),
    State.IMPOSSIBLE.value: frozenset({State.ASSIGNED.value, State.CANCELLED.value}),
    State.CANCELLED.value: frozenset(),
}
ENDED = frozenset({State.DONE.value, State.CANCELLED.value})
# Clocks of phones run ahead a little.
_CLOCK_TOLERANCE = timedelta(minutes=10)


def locked_order(order: WorkOrder, expected_version: int | None) -> WorkOrder:
    """The order as stored, locked; raises StaleVersion when somebody changed it since `expected_version`."""
    stored = (
        WorkOrder.objects.select_for_update(of=("self",))
        .select_related("network", "division", "assignee", "attachment")
        .get(pk=order.pk)
    )
    if expected_version is not None and stored.version != expected_version:
        raise StaleVersion(
            Sentence(
                _("Somebody changed work order {stored} meanwhile: it is {state}."),
                stored=stored.number,
                state=Word(stored.get_state_display()),
            ),
            element="work order",
            uid=str(stored.uid),
            version=stored.version,
        )
    return stored


def may_dispatch(user: User | None, order: WorkOrder) -> bool:
    """Whether the user gives out the work of the order's division; a command may."""
    return user is None or _holds(user, Capability.DISPATCH_WORK, order)


def _holds(user: User, capability: Capability, order: WorkOrder) -> bool:
    try:
        require(user, capability, order.division)
    except NotVisible:
        return False
    return True


def assign_order(
    *,
    order: WorkOrder,
    assignee: User | None,
    acting_user: User | None,
    note: str = "",
    expected_version: int | None = None,
) -> WorkOrder:
    """Give an order to somebody, or take it back (None: it is new again).

    Raises StaleVersion, or ReportedError for an order that somebody is on the way to or that has ended, and for
    somebody who does no field work in its division.
    """
    with saying_refusals():
        stored = locked_order(order, expected_version)
        if assignee is not None and not (
            assignee.is_active and _holds(assignee, Capability.RECORD_FIELD_WORK, stored)
        ):
            raise ReportedError(
                Sentence(
                    _("{assignee} does no field work in {division}."),
                    assignee=assignee.get_username(),
                    division=stored.division.name,
                ),
                code="cannot_be_assigned",
            )
        state = State.NEW.value if assignee is None else State.ASSIGNED.value
        if stored.state != state:
            _require_legal(stored, state)
        elif stored.assignee_id == (assignee.pk if assignee else None):
            return stored
        return _write(stored, state, assignee, acting_user, note, timezone.now(), None)


def move_order(
    *,
    order: WorkOrder,
    state: str,
    acting_user: User | None,
    note: str = "",
    at: datetime | None = None,
    time_spent_min: int | None = None,
    expected_version: int | None = None,
) -> WorkOrder:
    """Bring an order to its next state, at a time (now by default).

    Who does the work moves their own orders, and takes one that is new for themselves; who dispatches moves all of the
    division, and alone cancels. Raises StaleVersion, or ReportedError: illegal_move, not_yours, reason_missing, future.
    """
    moment = at or timezone.now()
    if moment > timezone.now() + _CLOCK_TOLERANCE:
        raise ReportedError(
            Sentence(_("{moment} is in the future."), moment=moment.isoformat()), code="future"
        )
    with saying_refusals():
        stored = locked_order(order, expected_version)
        _require_legal(stored, state)
        _require_own(stored, state, acting_user)
        if state == State.IMPOSSIBLE and not note.strip():
            raise ReportedError(Sentence(_("Say why the work is impossible.")), code="reason_missing")
        assignee = stored.assignee
        if state == State.NEW:
            assignee = None
        elif state == State.ASSIGNED and stored.state == State.NEW:
            assignee = acting_user
        if state == State.ASSIGNED and assignee is None:
            raise ReportedError(Sentence(_("Say to whom the work is given.")), code="cannot_be_assigned")
        return _write(stored, state, assignee, acting_user, note.strip(), moment, time_spent_min)


def _require_legal(order: WorkOrder, state: str) -> None:
    if state not in TRANSITIONS[order.state]:
        following = sorted(word.replace("_", " ") for word in TRANSITIONS[order.state])
        raise ReportedError(
            Sentence(
                _("Work order {order} is {state}; it can become: {following}."),
                order=order.number,
                state=Word(order.get_state_display()),
                following=Words(following or ["nothing else"]),
            ),
            code="illegal_move",
        )


def _require_own(order: WorkOrder, state: str, user: User | None) -> None:
    if may_dispatch(user, order):
        return
    is_own = user is not None and order.assignee_id == user.pk
    is_taken = order.state == State.NEW and state == State.ASSIGNED
    if state == State.CANCELLED or not (is_own or is_taken):
        raise ReportedError(
            Sentence(_("Work order {order} is not yours to move this way."), order=order.number),
            code="not_yours",
        )


def _write(
    order: WorkOrder,
    state: str,
    assignee: User | None,
    acting_user: User | None,
    note: str,
    at: datetime,
    time_spent_min: int | None,
) -> WorkOrder:
    """Store the new state with its line in the journal and its audit row."""
    old = {"state": order.state, "assignee": order.assignee.get_username() if order.assignee else None}
    WorkOrderMove.objects.create(
        order=order,
        from_state=order.state,
        to_state=state,
        assignee=assignee,
        note=note,
        moved_by=acting_user,
        moved_at=at,
    )
    order.state, order.assignee = state, assignee
    if time_spent_min is not None:
        order.time_spent_min = time_spent_min
    order.save(update_fields=["state", "assignee", "time_spent_min"])
    record_change(
        acting_user=acting_user,
        action="move work order",
        subject=order,
        subject_id=f"{order.network.code} {order.number}",
        division=order.division,
        old_values=old,
        new_values={"state": state, "assignee": assignee.get_username() if assignee else None, "note": note},
    )
    order.refresh_from_db()
    return order
