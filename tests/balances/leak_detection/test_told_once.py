"""Events are told once, by the hourly search, whoever made them; a search begun anew makes no second one."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from assets.models import Network
from balances.leak_detection.selectors.zone_hours import instant_of
from balances.leak_detection.tasks import detect_leaks_on_arrival
from balances.models import LeakEvent, LeakSearch
from balances.services.leak_events import WantedMove, move_leak_event
from gis_core.models import AuditEvent
from sensors.models import AlarmEvent
from tests.balances.leak_detection.simulated import SimulatedTown
from tests.balances.leak_detection.test_detect_leaks import (  # noqa: F401
    BURST,
    network,
    small_town,
)
from tests.balances.leak_detection.test_hourly_search import set_clock
from tests.balances.leak_detection.towns import START, send_hours
from tests.balances.zone_balances.town import run

pytestmark = pytest.mark.django_db
SENT_H = BURST.starts_h + 30
ASKED = ("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-03")


@pytest.fixture
def found(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> LeakEvent:
    """The burst, found by the command ten days after it was to be seen."""
    send_hours(small_town, network, 0, SENT_H)
    set_clock(monkeypatch, SENT_H + 240)
    assert len(run(*ASKED)["events"]) == 1
    return LeakEvent.objects.get()


def test_what_a_command_found_is_told_by_the_next_hourly_search(
    found: LeakEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (found.made_at, found.told_at) == (timezone.now(), None)
    assert not AlarmEvent.objects.exists()
    assert detect_leaks_on_arrival() == {"zones": 1, "events": 0}
    assert AlarmEvent.objects.count() == 1
    found.refresh_from_db()
    assert found.told_at == timezone.now()
    detect_leaks_on_arrival()
    assert AlarmEvent.objects.count() == 1
    for change in ("told_at = NULL", "told_at = now()", "made_at = now()"):
        with pytest.raises(DatabaseError, match="leak_event_moves_as_allowed"), transaction.atomic():
            connection.cursor().execute(f"UPDATE balances_leakevent SET {change}")


def test_what_was_made_long_ago_is_not_told(found: LeakEvent, monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, SENT_H + 240 + 4 * 24)
    detect_leaks_on_arrival()
    found.refresh_from_db()
    assert found.told_at is None
    assert not AlarmEvent.objects.exists()


def test_a_search_begun_anew_makes_no_second_event(found: LeakEvent) -> None:
    searches = AuditEvent.objects.filter(action="detect leaks")
    assert searches.count() == 1
    reached = LeakSearch.objects.get().reached
    LeakSearch.objects.update(measured_by="other meters")
    assert [event["id"] for event in run(*ASKED)["events"]] == [str(found.uid)]
    row = LeakSearch.objects.get()
    assert (list(row.events.values()), row.reached) == ([str(found.uid)], reached)
    # A closed false alarm is no match, and what was decided before then makes no event.
    wanted = WantedMove("closed", outcome="false_alarm")
    move_leak_event(event=found, wanted=wanted, acting_user=None, expected_version=1)
    LeakSearch.objects.update(measured_by="other meters")
    run(*ASKED)
    assert LeakSearch.objects.get().events == {}
    assert LeakEvent.objects.count() == searches.count() == 1


def test_a_leak_that_ran_when_the_search_began_anew_is_known(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
) -> None:
    send_hours(small_town, network, 0, SENT_H)
    started = START + timedelta(hours=BURST.starts_h) - timedelta(days=9)
    event = LeakEvent.objects.create(
        zone=network.zones.get(code="Z"),
        network=network,
        division=network.division,
        kind="growing",
        started_at=started,
        started_from=started,
        started_to=started,
        detected_at=started + timedelta(days=1),
        size_m3h=2.0,
        now_size_m3h=2.0,
    )
    hour = int(START.timestamp() // 3600)
    LeakSearch.objects.create(
        zone=event.zone, since=hour, reached=hour, version=1, measured_by="other meters", state={}
    )
    run(*ASKED)
    assert LeakEvent.objects.get().pk == event.pk
    assert list(LeakSearch.objects.get().events.values()) == [str(event.uid)]
    assert instant_of(hour) == START
