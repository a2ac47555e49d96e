"""What the end of an order says of the leak that it was made from."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop as _

from assets.models import LeakRecord, WorkOrder
from assets.registers.services.condition import move_leak
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence

State = LeakRecord.State
# A leak is located, taken in hand, and repaired: what is left of the way is gone at once.
_WAY = (State.LOCATED.value, State.BEING_REPAIRED.value, State.REPAIRED.value)


def leak_of(order: WorkOrder) -> LeakRecord | None:
    """The leak that an order was made from; None for other orders, and when it is in the register no more."""
    if order.source != WorkOrder.Source.LEAK or order.source_uid is None:
        return None
    return LeakRecord.objects.filter(uid=order.source_uid, network_id=order.network_id).first()


def is_left_open(order: WorkOrder, leak: LeakRecord | None) -> bool:
    """Whether the order is done while its leak still waits for its repair."""
    return (
        leak is not None
        and order.state == WorkOrder.State.DONE
        and leak.state not in (State.REPAIRED, State.REJECTED)
    )


def repair_leak_of(*, order: WorkOrder, acting_user: User | None) -> LeakRecord:
    """Bring the leak of an order that is done to repaired, at the time at which the order was done.

    States before it that the register lacks are entered for the same time; those it has stay as they are. Raises
    ReportedError when the order is not done or its leak is none that waits for a repair.
    """
    with transaction.atomic():
        leak = leak_of(order)
        if leak is None or not is_left_open(order, leak):
            raise ReportedError(
                Sentence(
                    _("Work order {order} is not one that is done while its leak waits for its repair."),
                    order=order.number,
                ),
                code="no_leak_to_repair",
            )
        moment = _done_at(order, leak)
        for state in _WAY[_WAY.index(leak.state) + 1 if leak.state in _WAY else 0 :]:
            leak = move_leak(leak=leak, state=state, at=moment, acting_user=acting_user)
    return leak


def _done_at(order: WorkOrder, leak: LeakRecord) -> datetime | None:
    """When the order was done; None (now) where the register has the leak at a later state since."""
    done = (
        order.moves.filter(to_state=WorkOrder.State.DONE)
        .order_by("-id")
        .values_list("moved_at", flat=True)
        .first()
    )
    known = [at for at in (leak.reported_at, leak.located_at, leak.repair_started_at) if at is not None]
    return done if done is not None and done >= max(known) else None
