"""The search that runs by itself, the alarm that it raises, and the back-check after a repair."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from assets.models import LeakRecord, Network
from balances.job_kinds import LEAK_SEARCH_JOB
from balances.leak_detection.selectors.back_checks import event_document
from balances.leak_detection.tasks import detect_leaks_on_arrival, run_leak_search_job
from balances.models import LeakEvent, LeakSearch
from balances.services.leak_events import LeakPlace, WantedMove, move_leak_event
from gis_core.models import AuditEvent, User
from gis_core.services.jobs import create_job
from sensors.models import Alarm, AlarmEvent, Notification, NotificationChannel
from tests.balances.leak_detection.simulated import SimulatedTown
from tests.balances.leak_detection.test_detect_leaks import (  # noqa: F401
    BURST,
    DAYS,
    network,
    small_town,
)
from tests.balances.leak_detection.towns import START, send_hours

pytestmark = pytest.mark.django_db


def set_clock(monkeypatch: pytest.MonkeyPatch, hour: int) -> None:
    monkeypatch.setattr(timezone, "now", lambda: START + timedelta(hours=hour))


def test_each_hour_goes_on_from_where_it_stood_and_tells_once(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    NotificationChannel.objects.create(
        division=network.division, name="dispatch", kind="email", target="dispatch@example.org"
    )
    hour = BURST.starts_h - 6
    send_hours(small_town, network, 0, hour)
    set_clock(monkeypatch, hour)
    assert detect_leaks_on_arrival() == {"zones": 1, "events": 0}
    reached = LeakSearch.objects.get().reached
    while not LeakEvent.objects.exists():
        send_hours(small_town, network, hour, hour + 3)
        hour += 3
        set_clock(monkeypatch, hour)
        detect_leaks_on_arrival()
        assert hour <= BURST.starts_h + 24, "a burst of a tenth takes less than a day"
    assert LeakSearch.objects.get().reached > reached
    event = LeakEvent.objects.get()
    assert event.detected_at < START + timedelta(hours=hour)
    alarm = Alarm.objects.get()
    assert (alarm.rule.name, alarm.value, alarm.started_at) == (
        "Leak found",
        event.size_m3h,
        event.started_at,
    )
    assert Notification.objects.get().channel.name == "dispatch"
    assert detect_leaks_on_arrival() == {"zones": 1, "events": 0}
    assert AlarmEvent.objects.count() == 1


def test_a_repair_is_checked_when_seven_nights_are_over(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A repair dated to when the burst began: night flow rose by its size, so nothing is confirmed or saved."""
    send_hours(small_town, network, 0, DAYS * 24)
    zone = network.zones.get(code="Z")
    repaired = START + timedelta(hours=BURST.starts_h)
    event = LeakEvent.objects.create(
        zone=zone,
        network=network,
        division=network.division,
        kind="burst",
        started_at=START,
        started_from=START,
        started_to=START,
        detected_at=START + timedelta(days=1),
        size_m3h=BURST.size_m3h,
        now_size_m3h=BURST.size_m3h,
    )
    found = WantedMove("closed", outcome="found", place=LeakPlace("P4_8_1", 0.5), cost=Decimal(1000))
    event = move_leak_event(event=event, wanted=found, acting_user=None, expected_version=1)
    assert event_document(event)["back_check"]["confirmed"] is None
    LeakRecord.objects.update(
        state="repaired",
        reported_at=repaired,
        located_at=repaired,
        repair_started_at=repaired,
        repaired_at=repaired,
    )
    event = LeakEvent.objects.get()
    set_clock(monkeypatch, BURST.starts_h + 5 * 24)
    assert set(event_document(event)["back_check"].values()) == {None}
    set_clock(monkeypatch, BURST.starts_h + 10 * 24)
    told = event_document(event)
    check = told["back_check"]
    assert check["before_m3h"] < check["after_m3h"]
    assert check["drop_m3h"] == pytest.approx(-BURST.size_m3h, rel=0.25)
    assert (check["confirmed"], told["saved_m3"]) == (False, 0.0)
    assert told["cost"] == "1000.00"


def test_a_search_that_is_asked_for_is_a_job(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send_hours(small_town, network, 0, DAYS * 24)
    set_clock(monkeypatch, DAYS * 24)
    analyst = make_user("analyst", network.division, "analyst")
    job = create_job(
        kind=LEAK_SEARCH_JOB,
        division=network.division,
        parameters={"network": network.code},
        acting_user=analyst,
        enqueue=run_leak_search_job,
    )
    monkeypatch.undo()
    run_leak_search_job(str(job.uid))
    job.refresh_from_db()
    assert (job.state, job.error) == ("succeeded", "")
    assert job.result == {"network": "SIM", "zones": 1, "not_searched": 0, "events": 1}
    assert AuditEvent.objects.get(action="detect leaks").user == analyst
