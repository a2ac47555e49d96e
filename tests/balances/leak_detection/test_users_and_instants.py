"""What a named user is told, which zones are searched in spite of others, and that nothing later is looked at."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from assets.models import LeakRecord, Network
from balances.leak_detection.engine import STEP_H
from balances.leak_detection.selectors.zone_hours import hour_of, measured_zone
from balances.leak_detection.services import searching
from balances.leak_detection.tasks import detect_leaks_on_arrival
from balances.leak_location.selectors.locating import _known_leaks
from balances.models import LeakEvent, LeakSearch
from balances.services.leak_events import LeakPlace, WantedMove, move_leak_event
from gis_core.models import User
from sensors.models import Observation
from tests.balances.leak_detection.simulated import SimulatedTown
from tests.balances.leak_detection.test_detect_leaks import (  # noqa: F401
    BURST,
    DAYS,
    network,
    small_town,
)
from tests.balances.leak_detection.towns import START, send_hours
from tests.balances.zone_balances.town import run
from tests.conftest import make_district
from tests.security.loss_rows import make_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def stranger(make_user: Callable[..., User]) -> User:
    """May handle leaks, in another division."""
    return make_user("analyst", make_district("ZANGIOTA", "Zangiota tumani"), "stranger")


def test_a_user_is_told_of_own_events_alone(
    network: Network,  # noqa: F811
    stranger: User,
    make_user: Callable[..., User],
) -> None:
    event = make_event(network.zones.get(code="Z"))
    own = make_user("analyst", network.division, "own")
    uid = str(event.uid)
    assert run("leak_event", "list", "--user", stranger.username) == {"events": []}
    assert run("leak_event", "list", "--zone", "Z", "--user", stranger.username)["code"] == "no_zone"
    assert run("leak_event", "list", "--network", "SIM", "--user", stranger.username)["code"] == "no_network"
    for words in (("leak_event", "show", uid), ("leak_event", "move", uid, "--to", "open")):
        assert run(*words, "--user", stranger.username)["code"] == "no_event"
    assert run("locate_leaks", "--event", uid, "--user", stranger.username)["code"] == "no_event"
    assert run("leak_event", "show", uid, "--user", own.username)["id"] == uid
    assert len(run("leak_event", "list", "--zone", "Z", "--user", own.username)["events"]) == 1


def test_who_may_handle_leaks_searches_and_a_zone_once(
    network: Network,  # noqa: F811
    stranger: User,
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = make_user("analyst", network.division, "own")
    searched: list[str] = []

    def search(*, zone: Any, **_rest: Any) -> searching.ZoneSearch:
        searched.append(zone.code)
        return searching.ZoneSearch(measured_zone(zone), [], [])

    monkeypatch.setattr(searching, "search_zone", search)
    asked = ("detect_leaks", "--from", "2025-01", "--zone", "Z", "--zone", "Z")
    assert run(*asked, "--user", stranger.username)["code"] == "no_zone"
    clerk = make_user("clerk", network.division, "clerk")
    assert run(*asked, "--user", clerk.username)["code"] == "no_zone"
    assert searched == []
    assert run(*asked, "--user", own.username) == {"events": [], "other": []}
    assert searched == ["Z"]


def test_a_zone_that_fails_holds_up_no_other(
    network: Network,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def failing(*, zone: Any, **_rest: Any) -> None:
        asked.append(zone.code)
        raise ArithmeticError("singular")

    monkeypatch.setattr(searching, "search_zone", failing)
    assert run("detect_leaks", "--network", "SIM", "--from", "2025-01") == {"events": [], "other": []}
    assert detect_leaks_on_arrival() == {"zones": 0, "events": 0}
    assert asked == ["Z", "Z"]


def test_a_part_of_an_hour_is_not_decided_on(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = int(START.timestamp() // 3600)
    # With the hour that runs a step could be made, without it none.
    hour = 21 * 24 + (STEP_H - 1 - first) % STEP_H
    send_hours(small_town, network, 0, hour + 1)
    monkeypatch.setattr(timezone, "now", lambda: START + timedelta(hours=hour, minutes=20))
    run("detect_leaks", "--zone", "Z", "--from", "2025-01", "--to", "2025-03")
    # The last step that was made needed no hour but whole ones.
    assert LeakSearch.objects.get().reached - STEP_H <= first + hour


def test_nothing_from_the_instant_on_is_used_to_locate(
    small_town: SimulatedTown,  # noqa: F811
    network: Network,  # noqa: F811
) -> None:
    started = START + timedelta(hours=BURST.starts_h)
    until = started + timedelta(hours=30)
    send_hours(small_town, network, 0, BURST.starts_h + 30)
    event = make_event(network.zones.get(code="Z"))
    asked = ("--until", until.isoformat())
    zone = ("locate_leaks", "--zone", "Z", "--at", started.isoformat(), *asked)
    by_zone = run(*zone)
    assert by_zone["events"][0]["until"] == until.isoformat()
    event = LeakEvent.objects.create(
        zone=event.zone,
        network=network,
        division=network.division,
        kind="burst",
        started_at=started,
        started_from=started,
        started_to=started,
        detected_at=started + timedelta(days=9),
        size_m3h=90.0,
        now_size_m3h=90.0,
    )
    by_event = run("locate_leaks", "--event", str(event.uid), *asked)
    assert by_event["events"][0]["until"] == until.isoformat()
    # Not the size that was known nine days later.
    assert by_event["events"][0]["size_m3h"] < 40
    send_hours(small_town, network, BURST.starts_h + 30, DAYS * 24)
    assert Observation.objects.filter(time=until).exists()
    assert run("locate_leaks", "--event", str(event.uid), *asked) == by_event
    assert run(*zone) == by_zone
    before = ("--until", (started - timedelta(days=1)).isoformat())
    assert run("locate_leaks", "--event", str(event.uid), *before)["code"] == "no_data"


def test_other_leaks_stand_in_the_model_as_was_known_then(
    network: Network,  # noqa: F811
) -> None:
    zone = network.zones.get(code="Z")
    other = make_event(zone, size_m3h=3.0, now_size_m3h=8.0)
    event = make_event(zone, days=30)
    place = WantedMove("closed", outcome="found", place=LeakPlace("P4_8_1", 0.1))
    move_leak_event(event=other, wanted=place, acting_user=None, expected_version=1)
    reported = other.detected_at + timedelta(days=2)
    LeakRecord.objects.update(reported_at=reported)
    until = event.detected_at
    hour = hour_of(until)
    search = LeakSearch.objects.create(
        zone=zone, since=0, reached=hour + 1, version=1, measured_by="", state={}
    )
    assert list(_known_leaks(event, [], until).values()) == [3.0]
    search.reached = hour
    search.save()
    assert list(_known_leaks(event, [], until).values()) == [8.0]
    LeakRecord.objects.update(reported_at=until + timedelta(hours=1))
    assert _known_leaks(event, [], until) == {}
