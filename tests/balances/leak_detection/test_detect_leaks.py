"""The command over a simulated town: events once, frozen, by what had come; the engine by cutting the data."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assets.models import Network, Zone
from balances.leak_detection.engine import KnownLeak, SearchState, first_step, search
from balances.leak_detection.hourly_data import ZoneHours
from balances.leak_detection.services import searching
from balances.models import LeakEvent, LeakSearch
from gis_core.models import Division
from tests.balances.leak_detection.simulated import SimulatedTown, TrueLeak, hours_of, simulate
from tests.balances.leak_detection.towns import send_hours, town_network
from tests.balances.zone_balances.town import run, table_of
from tests.security.loss_rows import make_event

DAYS = 42
BURST = TrueLeak("J4_8", 16.0, 27 * 24 + 5, 60 * 24, 0)


@pytest.fixture(scope="session")
def small_town() -> SimulatedTown:
    """Six weeks with a burst of a tenth of the inflow after four."""
    return simulate(3, days=DAYS, loggers=6, leaks=[BURST])


def searched(hours: ZoneHours) -> SearchState:
    return search(hours, SearchState(first_step(hours.first_hour)), hours.end_hour)


_FROZEN = {"now_size_m3h", "ended_hour"}


def frozen(state: SearchState, until: int) -> list[dict[str, Any]]:
    """What may never change of the leaks decided by then."""
    return [
        {name: value for name, value in asdict(leak).items() if name not in _FROZEN}
        for leak in state.leaks
        if leak.decided_hour <= until
    ]


def test_a_later_end_gives_the_same_past_events_at_every_day(small_town: SimulatedTown) -> None:
    whole = hours_of(small_town)
    all_of_it = searched(whole)
    assert all_of_it.leaks
    # Before the first step there is nothing to decide; each later day is cut off by itself.
    state = SearchState(first_step(0))
    for end in range(24 * 20, len(whole) + 1, 24):
        cut = whole.between(0, end)
        state = search(cut, SearchState.from_dict(state.as_dict()), end)
        assert frozen(state, end) == frozen(all_of_it, end), f"cut at hour {end}"
        assert [asdict(other) for other in state.others] == [
            asdict(other) for other in all_of_it.others if other.decided_hour <= end
        ]


def test_what_lies_ahead_of_a_step_is_never_looked_at(small_town: SimulatedTown) -> None:
    whole = hours_of(small_town)
    end = BURST.starts_h + 72
    spoiled = whole.between(0, len(whole))
    spoiled.inflow[end:] = 1e6
    spoiled.pressures[:, end:] = np.nan
    first = search(whole, SearchState(first_step(0)), end)
    second = search(spoiled, SearchState(first_step(0)), end)
    assert first.as_dict() == second.as_dict()


def test_a_burst_of_a_tenth_is_found_within_a_day_and_nothing_else(small_town: SimulatedTown) -> None:
    state = searched(hours_of(small_town))
    (leak,) = state.leaks
    assert BURST.starts_h < leak.decided_hour <= BURST.starts_h + 24
    assert leak.started_from <= BURST.starts_h + 6
    assert leak.started_to >= BURST.starts_h - 6
    assert leak.kind == "burst"


@pytest.fixture
def network(small_town: SimulatedTown, district: Division, tmp_path: Path) -> Network:
    return town_network(small_town, district, tmp_path)


@pytest.mark.django_db
def test_the_command_makes_each_event_once_with_what_was_known(
    small_town: SimulatedTown, network: Network
) -> None:
    half = BURST.starts_h + 60
    send_hours(small_town, network, 0, half)
    asked = ("--zone", "Z", "--from", "2025-01-01", "--to")
    first = run("detect_leaks", *asked, "2025-02-28")
    (event,) = first["events"]
    assert event["state"] == "new"
    assert event["zone_code"] == "Z"
    assert event["kind"] == "burst"
    assert event["started_from"] <= event["started_at"] <= event["started_to"] <= event["detected_at"]
    assert event["evidence"][0]["unit"] == "m3/h"
    assert run("detect_leaks", *asked, "2025-02-28") == first
    send_hours(small_town, network, half, DAYS * 24)
    later = run("detect_leaks", *asked, "2025-02-28")
    frozen_fields = [name for name in event if name not in ("now", "state")]
    assert [{name: one[name] for name in frozen_fields} for one in later["events"]] == [
        {name: event[name] for name in frozen_fields}
    ]
    assert run("detect_leaks", *asked, event["detected_at"][:10])["events"][0]["id"] == event["id"]
    assert run("detect_leaks", *asked, "2025-01-20")["events"] == []
    assert LeakEvent.objects.count() == 1


@pytest.mark.django_db
def test_a_leak_is_that_of_the_innermost_zone_that_shows_it(
    small_town: SimulatedTown, network: Network, tmp_path: Path
) -> None:
    """A zone around the town, with meters of its own in the same places, finds no second leak."""
    columns = ("node", "zone", "parent")
    assert (
        run("make_zones", "SIM", table_of(tmp_path, columns, [("", "P", ""), ("", "Z", "P")]))["created"] == 1
    )
    meters = [("P", f"SIM-{name}", "inlet") for name in small_town.inlets]
    run("set_zone_meter", table_of(tmp_path, ("zone", "datastream", "role"), meters), "--network", "SIM")
    send_hours(small_town, network, 0, DAYS * 24)
    asked = ("--from", "2025-01", "--to", "2025-02")
    found = run("detect_leaks", "--zone", "P", *asked)
    (event,) = found["events"]
    assert event["zone_code"] == "Z"
    inside = [other for other in found["other"] if other["reason"] == "zone_inside"]
    assert [(other["zone_code"], other["started_at"][:10]) for other in inside] == [
        ("P", event["started_at"][:10])
    ]
    # Whoever asks, and in which order, is told the same.
    assert (
        run("detect_leaks", "--network", "SIM", *asked)
        == run("detect_leaks", "--zone", "Z", "--zone", "P", *asked)
        == found
    )
    # What people found to be no leak in the zone inside does not speak for this one.
    run("leak_event", "move", event["id"], "--to", "closed", "--outcome", "false_alarm")
    LeakSearch.objects.filter(zone__code="P").delete()
    now = run("detect_leaks", "--zone", "P", *asked)["events"]
    assert {one["zone_code"] for one in now} == {"P", "Z"}


@pytest.mark.django_db
def test_an_inner_leak_explains_one_outer_leak(network: Network, tmp_path: Path) -> None:
    """Of two leaks of the outer zone within days the inner zone's one is the first; the second is an event."""
    columns = ("node", "zone", "parent")
    run("make_zones", "SIM", table_of(tmp_path, columns, [("", "P", ""), ("", "Z", "P")]))
    outer, inner = (network.zones.get(code=code) for code in "PZ")
    leaks = [
        known_leak(1, started=2000, decided=2012, size=10.0),
        known_leak(2, started=2050, decided=2060, size=15.0),
    ]
    event = make_event(inner)
    LeakSearch.objects.create(
        zone=inner,
        since=0,
        reached=3000,
        version=1,
        measured_by="x",
        events={"1": str(event.uid)},
        state=SearchState(3000, leaks=[leaks[0]]).as_dict(),
    )
    state = SearchState(3000)
    assert searching._is_known_inside(outer, state, leaks[0])
    state.others.append(searching._found_elsewhere(searching.INSIDE, leaks[0]))
    assert not searching._is_known_inside(outer, state, leaks[1])
    # Nor what the inner zone decided later.
    early = known_leak(3, started=2000, decided=2011, size=10.0)
    assert not searching._is_known_inside(outer, SearchState(3000), early)


def known_leak(number: int, *, started: int, decided: int, size: float) -> KnownLeak:
    return KnownLeak(
        number=number,
        kind="burst",
        started_hour=started,
        started_from=started,
        started_to=started,
        decided_hour=decided,
        size_m3h=size,
        limit_m3h=1.0,
        score=9.0,
        evidence=[],
        drop={},
        now_size_m3h=size,
    )


def test_nothing_is_decided_in_silence(small_town: SimulatedTown) -> None:
    """A decision that time alone would bring waits for the next value: it would carry the stamp of one before it."""
    whole = hours_of(small_town)
    decided = searched(whole).leaks[0].decided_hour
    silent = whole.between(0, len(whole))
    for values in (silent.inflow, silent.drivers, silent.pressures):
        values[..., decided - 1 : decided + 5] = np.nan
    assert searched(silent).leaks[0].decided_hour == decided + 6


@pytest.mark.django_db
def test_what_cannot_be_searched_says_so(network: Network) -> None:
    assert run("detect_leaks", "--zone", "Z", "--from", "2025-01")["code"] == "no_data"
    assert run("detect_leaks", "--zone", "no", "--from", "2025-01")["code"] == "no_zone"
    assert run("detect_leaks", "--network", "no", "--from", "2025-01")["code"] == "no_network"
    assert run("detect_leaks", "--network", "SIM", "--from", "2025-01") == {"events": [], "other": []}
    gas = Network.objects.create(code="GAS", name="GAS", commodity="gas", division=network.division)
    Zone.objects.create(code="G", name="G", network=gas, division=network.division)
    for place in (("--zone", "G"), ("--network", "GAS")):
        assert run("detect_leaks", *place, "--from", "2025-01")["code"] == "wrong_quantity"
    assert run("night_flow", "--zone", "G", "--from", "2025-01-10")["code"] == "wrong_quantity"
