"""Rises of inflow when a valve was turned are that valve's, as far as it was known when they were decided."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from assets.models import Attachment, Network, Node
from assets.registers.services.attachments import Place, attach
from assets.work_orders.services.valves import turn_valve
from balances.leak_detection.selectors.valve_moves import valve_moved
from balances.models import LeakEvent
from gis_core.models import Division, User
from tests.balances.leak_detection.simulated import SimulatedTown
from tests.balances.leak_detection.test_detect_leaks import BURST, DAYS, small_town
from tests.balances.leak_detection.towns import START, send_hours, town_network
from tests.balances.zone_balances.town import run
from tests.databases import as_owner
from tests.security.work_rows import add_valve
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
__all__ = ["small_town"]


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


def test_a_valve_counts_once_it_is_recorded(world: World) -> None:
    valve = add_valve(world)
    user = User.objects.create_user("crew", password="a-long-password")
    now = timezone.now()
    zone = world.zones["Z1"]
    Node.objects.filter(pk=valve.pk).update(zone=zone)

    def moved(known_until: timedelta, about: timedelta = timedelta()) -> str | None:
        at = now + about
        return valve_moved(zone, since=at - HOUR, until=at + HOUR, about=at, known_until=now + known_until)

    assert moved(HOUR) is None
    turn_valve(node=valve, turns=10, status="closed", acting_user=user, operated_at=now - 50 * HOUR)
    # Turned two days ago, and told just now: the edit of its state is of now.
    assert moved(HOUR, -50 * HOUR) == valve.code
    assert moved(HOUR) == valve.code
    assert moved(-HOUR, -50 * HOUR) is None
    # Turned without another state: nothing moved.
    turn_valve(node=valve, turns=1, status="closed", acting_user=user, operated_at=now - 100 * HOUR)
    assert moved(HOUR, -100 * HOUR) is None
    # Of a zone that it does not touch it is no valve.
    Node.objects.filter(pk=valve.pk).update(zone=None)
    assert moved(HOUR) is None


def record_turned(attachment: Attachment, user: User, at_h: float, recorded_h: float) -> None:
    """A valve turned in the simulation's hours, and told then."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_valveoperation (uid, network_id, division_id, attachment_id, turns, status_before,"
            " status_after, note, operated_by_id, operated_at, recorded_at)"
            " VALUES (gen_random_uuid(), %s, %s, %s, 8, 'closed', 'open', '', %s, %s, %s)",
            [
                attachment.network_id,
                attachment.division_id,
                attachment.pk,
                user.pk,
                START + at_h * HOUR,
                START + recorded_h * HOUR,
            ],
        )


@pytest.mark.parametrize("is_told_in_time", [True, False])
def test_a_rise_at_a_valve_is_no_event_if_it_was_told_in_time(
    small_town: SimulatedTown, district: Division, tmp_path: Path, is_told_in_time: bool
) -> None:
    network: Network = town_network(small_town, district, tmp_path)
    node = Node.objects.filter(network=network, zone__code="Z").order_by("code")[0]
    attachment = attach(network, [Place(node.pk)])[0]
    user = User.objects.create_user("crew", password="a-long-password")
    record_turned(attachment, user, BURST.starts_h, BURST.starts_h + (1 if is_told_in_time else 20 * 24))
    send_hours(small_town, network, 0, min(DAYS * 24, BURST.starts_h + 96))
    found = run("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-02")
    assert LeakEvent.objects.count() == (0 if is_told_in_time else 1)
    others = [(other["reason"], other["element"]) for other in found["other"]]
    assert others == ([("valve_move", node.code)] if is_told_in_time else [])
