"""Rises of inflow when a valve was turned are that valve's, as far as it was known when they were decided."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from assets.editing.services.attributes import set_node_attributes
from assets.models import Attachment, Network, Node
from assets.registers.services.attachments import Place, attach
from assets.work_orders.services.valves import turn_valve
from balances.leak_detection import engine
from balances.leak_detection.selectors.valve_moves import valve_moved
from balances.models import LeakEvent, LeakSearch
from gis_core.models import Division, User
from tests.balances.leak_detection.simulated import SimulatedTown, TrueLeak, simulate
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
    # Turned two days ago, and told just now: the edit that tells it is no second turning.
    assert moved(HOUR, -50 * HOUR) == valve.code
    assert moved(HOUR) is None
    assert moved(-HOUR, -50 * HOUR) is None
    # Turned without another state: nothing moved.
    turn_valve(node=valve, turns=1, status="closed", acting_user=user, operated_at=now - 100 * HOUR)
    assert moved(HOUR, -100 * HOUR) is None
    # Of a zone that it does not touch it is no valve.
    Node.objects.filter(pk=valve.pk).update(zone=None)
    assert moved(HOUR, -50 * HOUR) is None
    # An edit of its state by itself is a turning.
    Node.objects.filter(pk=valve.pk).update(zone=zone)
    status = {"details": {"status": "open"}}
    set_node_attributes(world.network, node=valve.uid, values=status, acting_user=user)
    assert moved(HOUR) == valve.code


def test_the_nearest_valve_that_did_not_go_back_is_told(world: World) -> None:
    user = User.objects.create_user("crew", password="a-long-password")
    attachments = {}
    for code in ("V1", "V2", "V3"):
        valve = add_valve(world, code)
        Node.objects.filter(pk=valve.pk).update(zone=world.zones["Z1"])
        attachments[code] = attach(world.network, [Place(valve.pk)])[0]

    def moved(at_h: float) -> str | None:
        at = START + at_h * HOUR
        window = {"since": at - 6 * HOUR, "until": at + 6 * HOUR}
        return valve_moved(world.zones["Z1"], about=at, known_until=START + 100 * HOUR, **window)

    record_turned(attachments["V1"], user, 50, 60)
    record_turned(attachments["V1"], user, 51, 60, ("open", "closed"))
    assert moved(50) is None
    # Seen from where it was not shut again yet, it was opened.
    assert moved(44.5) == "V1"
    record_turned(attachments["V2"], user, 46, 60)
    record_turned(attachments["V3"], user, 52, 60)
    record_turned(attachments["V3"], user, 45, 60, ("open", "closed"))
    record_turned(attachments["V3"], user, 44.5, 60, ("closed", "open"))
    # V3 was turned first, but nearest to 51, too.
    assert [moved(at_h) for at_h in (47, 50.5)] == ["V2", "V3"]


def record_turned(
    attachment: Attachment,
    user: User,
    at_h: float,
    recorded_h: float,
    states: tuple[str, str] = ("closed", "open"),
) -> None:
    """A valve turned in the simulation's hours, and told then."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_valveoperation (uid, network_id, division_id, attachment_id, turns, status_before,"
            " status_after, note, operated_by_id, operated_at, recorded_at)"
            " VALUES (gen_random_uuid(), %s, %s, %s, 8, %s, %s, '', %s, %s, %s)",
            [
                attachment.network_id,
                attachment.division_id,
                attachment.pk,
                *states,
                user.pk,
                START + at_h * HOUR,
                START + recorded_h * HOUR,
            ],
        )


@pytest.mark.parametrize(
    ("off_h", "told_h", "kind", "events"),
    [
        (0, 1, "burst", 0),
        # Told too late, turned at another time of the day, and no turning at all.
        (0, 20 * 24, "burst", 1),
        (-12, 1, "burst", 1),
        (0, 1, "growing", 1),
    ],
)
def test_a_rise_at_a_valve_is_no_event_if_it_was_told_in_time(
    small_town: SimulatedTown,
    district: Division,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    off_h: int,
    told_h: int,
    kind: str,
    events: int,
) -> None:
    monkeypatch.setattr(engine, "_kind", lambda *_of: kind)
    network: Network = town_network(small_town, district, tmp_path)
    node = Node.objects.filter(network=network, zone__code="Z").order_by("code")[0]
    attachment = attach(network, [Place(node.pk)])[0]
    user = User.objects.create_user("crew", password="a-long-password")
    record_turned(attachment, user, BURST.starts_h + off_h, BURST.starts_h + told_h)
    send_hours(small_town, network, 0, min(DAYS * 24, BURST.starts_h + 96))
    found = run("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-02")
    assert LeakEvent.objects.count() == events
    others = [(other["reason"], other["element"]) for other in found["other"]]
    assert others == ([] if events else [("valve_move", node.code)])
    # A search begun anew says the same.
    LeakSearch.objects.update(measured_by="other meters")
    assert run("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-02") == found


def test_a_burst_days_after_a_valve_was_opened_is_an_event(district: Division, tmp_path: Path) -> None:
    burst = TrueLeak("J7_3", 20.0, BURST.starts_h + 72, 60 * 24, 0)
    town = simulate(3, days=DAYS, loggers=6, leaks=[BURST, burst])
    network = town_network(town, district, tmp_path)
    node = Node.objects.filter(network=network, zone__code="Z").order_by("code")[0]
    user = User.objects.create_user("crew", password="a-long-password")
    record_turned(attach(network, [Place(node.pk)])[0], user, BURST.starts_h, BURST.starts_h + 1)
    send_hours(town, network, 0, min(DAYS * 24, burst.starts_h + 96))
    found = run("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-02")
    assert [(other["reason"], other["element"]) for other in found["other"]] == [("valve_move", node.code)]
    (event,) = LeakEvent.objects.all()
    assert abs((event.started_at - START) / HOUR - burst.starts_h) <= 12
    assert event.size_m3h == pytest.approx(20, rel=0.35)
