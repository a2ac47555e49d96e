"""An order that is done says that its leak is repaired."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from assets.models import LeakRecord, WorkOrder
from assets.registers.services.attachments import Place
from assets.registers.services.condition import move_leak, report_leak
from assets.work_orders.services.leaks import is_left_open, leak_of, repair_leak_of
from assets.work_orders.services.moving import assign_order, move_order
from assets.work_orders.services.ordering import WorkPlace, WorkSource, create_order
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


Do = Callable[[WorkOrder], None]


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def leak(world: World) -> LeakRecord:
    place = Place(world.nodes["A"].pk)
    reported_at = timezone.now() - timedelta(days=2)
    return report_leak(
        network=world.network, place=place, source="patrol", reported_at=reported_at, acting_user=None
    )


@pytest.fixture
def order(world: World, leak: LeakRecord) -> WorkOrder:
    where = WorkPlace(69.402, 41.4, Place(world.nodes["A"].pk))
    source = WorkSource("leak", leak.uid, leak.number)
    return create_order(
        network=world.network, kind="leak_repair", title="L", where=where, origin=source, acting_user=None
    )


@pytest.fixture
def do(make_user: Callable[..., User], district: Division) -> Do:
    """Do an order, from giving it out to its end."""

    def done(order: WorkOrder) -> None:
        assign_order(order=order, assignee=make_user("crew", district, "crew"), acting_user=None)
        for state in ("on_the_way", "done"):
            move_order(order=order, state=state, acting_user=None)
        order.refresh_from_db()

    return done


def test_a_leak_goes_all_its_way_at_the_time_the_order_was_done(
    order: WorkOrder, leak: LeakRecord, do: Do
) -> None:
    do(order)
    assert is_left_open(order, leak_of(order))
    repair_leak_of(order=order, acting_user=None)
    leak.refresh_from_db()
    done = order.moves.get(to_state="done").moved_at
    assert (leak.state, leak.repaired_at, leak.located_at) == ("repaired", done, done)
    assert not is_left_open(order, leak_of(order))


def test_what_the_register_knows_stays(order: WorkOrder, leak: LeakRecord, do: Do) -> None:
    located_at = timezone.now() - timedelta(days=1)
    move_leak(leak=leak, state="located", at=located_at, acting_user=None)
    do(order)
    repair_leak_of(order=order, acting_user=None)
    leak.refresh_from_db()
    assert (leak.state, leak.located_at) == ("repaired", located_at)


def test_an_order_that_is_not_done_and_a_leak_that_waits_for_nothing_are_refused(
    order: WorkOrder, leak: LeakRecord, do: Do
) -> None:
    with pytest.raises(ReportedError):
        repair_leak_of(order=order, acting_user=None)
    move_leak(leak=leak, state="rejected", acting_user=None)
    do(order)
    with pytest.raises(ReportedError):
        repair_leak_of(order=order, acting_user=None)
    leak.refresh_from_db()
    assert leak.state == "rejected"
