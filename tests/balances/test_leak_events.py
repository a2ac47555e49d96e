"""Leak events: made by the search, moved as allowed, one winner of two, and the command that does it from outside."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client

from assets.models import LeakRecord, Pipe
from balances.leak_detection.selectors.back_checks import event_document
from balances.models import LEAK_EVENT_MOVES, LeakEvent, LeakEventState
from balances.selectors.leak_events import running_leaks_visible_to
from balances.services.leak_events import (
    LeakPlace,
    WantedMove,
    assign_leak_event,
    move_leak_event,
    note_leak_event,
)
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import AuditEvent, Division, RoleAssignment, User
from tests.conftest import make_district
from tests.security.loss_rows import make_event
from tests.world import World, make_world


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def analyst(world: World) -> User:
    user = User.objects.create_user("analyst", password="a-long-password")
    RoleAssignment.objects.create(user=user, role="analyst", division=world.district)
    return user


def move(event: LeakEvent, to: str, user: User | None = None, **values: Any) -> LeakEvent:
    event.refresh_from_db()
    return move_leak_event(
        event=event, wanted=WantedMove(to, **values), acting_user=user, expected_version=event.version
    )


@pytest.mark.parametrize("state", LeakEventState.values)
@pytest.mark.parametrize("target", LeakEventState.values)
def test_exactly_the_moves_of_the_table(world: World, state: str, target: str) -> None:
    path = {
        "new": [],
        "open": ["open"],
        "under_investigation": ["open", "under_investigation"],
        "field_work": ["open", "under_investigation", "field_work"],
        "closed": ["closed"],
    }[state]
    event = make_event(world.zones["Z1"])
    for step in path:
        event = move(event, step, outcome="other" if step == "closed" else "")
    allowed = {
        "new": {"open", "closed"},
        "open": {"under_investigation", "closed"},
        "under_investigation": {"open", "field_work", "closed"},
        "field_work": {"under_investigation", "closed"},
        "closed": {"open"},
    }[state]
    outcome = "other" if target == "closed" else ""
    if target in allowed:
        assert move(event, target, outcome=outcome, note="why").state == target
        return
    before = event.history.count()
    with pytest.raises(ReportedError) as refused:
        move(event, target, outcome=outcome, note="why")
    assert refused.value.code == "illegal_move"
    assert {detail["allowed"] for detail in refused.value.details} == allowed == set(LEAK_EVENT_MOVES[state])
    event.refresh_from_db()
    assert (event.state, event.history.count()) == (state, before)


@pytest.mark.parametrize(
    ("to", "values", "code"),
    [
        ("closed", {}, "no_outcome"),
        ("closed", {"outcome": "sold"}, "no_outcome"),
        ("closed", {"outcome": "found"}, "no_leak"),
        ("closed", {"outcome": "found", "leak_number": "2020-9999"}, "no_leak"),
        ("closed", {"outcome": "found", "place": LeakPlace("nowhere", 0.5)}, "no_leak"),
        ("closed", {"outcome": "found", "place": LeakPlace("P1", 1.5)}, "bad_value"),
        ("closed", {"outcome": "other", "leak_number": "2020-9999"}, "bad_value"),
        ("open", {"outcome": "other"}, "bad_value"),
        ("open", {"cost": Decimal(-1)}, "bad_value"),
        ("open", {"note": "x" * 1001}, "bad_value"),
    ],
)
def test_what_a_move_needs(world: World, to: str, values: dict[str, Any], code: str) -> None:
    event = make_event(world.zones["Z1"])
    with pytest.raises(ReportedError) as refused:
        move(event, to, **values)
    assert refused.value.code == code
    event.refresh_from_db()
    assert (event.state, event.version, event.history.count()) == ("new", 1, 0)
    assert not LeakRecord.objects.exists()


def test_a_leak_is_not_found_in_another_zone(world: World) -> None:
    event = make_event(world.zones["Z1"])
    pipe = Pipe.objects.filter(end_node=world.nodes["C"]).exclude(start_node__zone=world.zones["Z1"]).get()
    with pytest.raises(ReportedError, match="lies in no part of zone Zone Z1"):
        move(event, "closed", outcome="found", place=LeakPlace(pipe.code, 0.5))
    assert not LeakRecord.objects.exists()


def test_what_is_closed_or_ended_runs_no_more(world: World) -> None:
    event, ended = make_event(world.zones["Z1"]), make_event(world.zones["Z2"])
    viewer = User.objects.create_superuser("root")
    LeakEvent.objects.filter(pk=ended.pk).update(ended_at=ended.started_at)
    assert list(running_leaks_visible_to(viewer)) == [event]
    move(event, "closed", outcome="false_alarm", note="a hydrant")
    assert not running_leaks_visible_to(viewer).exists()


def test_a_found_leak_gets_its_record_and_history_tells_all(world: World, analyst: User) -> None:
    event = make_event(world.zones["Z1"])
    move(event, "open", analyst, note="looks real")
    event.refresh_from_db()
    assign_leak_event(event=event, assignee=analyst, acting_user=analyst, expected_version=2)
    note_leak_event(event=event, note=" rang the crew ", acting_user=analyst, expected_version=3)
    move(event, "closed", analyst, outcome="found", place=LeakPlace("P1", 0.25), cost=Decimal("1250000.50"))
    event.refresh_from_db()
    record = LeakRecord.objects.get()
    assert (record.network, record.source, record.attachment.position) == (world.network, "balance", 0.25)
    told = event_document(event)
    assert [(line["from"], line["to"], line["note"], line["user"]) for line in told["history"]] == [
        ("new", "open", "looks real", "analyst"),
        ("open", "open", "", "analyst"),
        ("open", "open", "rang the crew", "analyst"),
        ("open", "closed", "", "analyst"),
    ]
    assert told["history"][1]["assigned_to"] == told["assignee"] == "analyst"
    assert (told["outcome"], told["leak"], told["cost"]) == ("found", record.number, "1250000.50")
    assert told["saved_m3"] is None
    assert set(told["back_check"].values()) == {None}
    assert AuditEvent.objects.filter(user=analyst, object_id=str(event.uid)).count() == 4
    with pytest.raises(ReportedError) as refused:
        move(event, "open", analyst)
    assert refused.value.code == "no_note"
    again = move(event, "open", analyst, note="it runs again")
    assert (again.outcome, again.leak) == ("", record)


def test_of_two_moves_at_once_one_wins(world: World) -> None:
    event = make_event(world.zones["Z1"])
    first, second = LeakEvent.objects.get(), LeakEvent.objects.get()
    move_leak_event(event=first, wanted=WantedMove("open"), acting_user=None, expected_version=1)
    # Closing an open event is allowed; but the second saw a new one.
    with pytest.raises(StaleVersion):
        move_leak_event(
            event=second,
            wanted=WantedMove("closed", outcome="other"),
            acting_user=None,
            expected_version=second.version,
        )
    event.refresh_from_db()
    assert (event.state, event.history.count()) == ("open", 1)


def test_a_move_locks_the_event_before_it_looks(world: World, django_assert_max_num_queries: Any) -> None:
    event = make_event(world.zones["Z1"])
    with transaction.atomic(), django_assert_max_num_queries(20) as captured:
        move_leak_event(event=event, wanted=WantedMove("open"), acting_user=None, expected_version=1)
    statements = [query["sql"] for query in captured.captured_queries]
    lock = next(place for place, sql in enumerate(statements) if "FOR UPDATE" in sql)
    write = next(place for place, sql in enumerate(statements) if sql.startswith("UPDATE"))
    assert lock < write
    assert connections["default"].in_atomic_block


def run(*arguments: str) -> tuple[int, Any]:
    out, code = StringIO(), 0
    try:
        call_command("leak_event", *arguments, "--json", stdout=out, stderr=StringIO())
    except SystemExit as end:
        code = int(end.code or 0)
    return code, json.loads(out.getvalue())


def test_the_command_lists_shows_and_moves(world: World, analyst: User) -> None:
    other = make_world(
        make_district("ZANGIOTA", "Zangiota tumani"), network_code="N2", enterprise_code="ALIEN", first=5
    )
    event, alien = make_event(world.zones["Z1"]), make_event(other.zones["Z1"])
    code, listed = run("list", "--network", world.network.code)
    assert (code, [row["id"] for row in listed["events"]]) == (0, [str(event.uid)])
    assert {row["id"] for row in run("list", "--division", "UZ-TO")[1]["events"]} == {
        str(event.uid),
        str(alien.uid),
    }
    code, refused = run("list", "--zone", "Z1")
    assert (code, refused["error"]["code"]) == (1, "ambiguous_zone")
    code, moved = run("move", str(event.uid), "--to", "open", "--note", "seen", "--user", "analyst")
    assert (code, moved["state"], moved["history"][0]["note"]) == (0, "open", "seen")
    assert set(moved) >= {
        "id",
        "zone_code",
        "kind",
        "started_at",
        "size_m3h",
        "confidence",
        "evidence",
        "now",
    }
    code, refused = run("move", str(event.uid), "--to", "field_work")
    assert (code, refused["error"]["code"]) == (1, "illegal_move")
    assert refused["error"]["details"] == [{"allowed": "under_investigation"}, {"allowed": "closed"}]
    assert run("list", "--state", "open")[1]["events"][0]["id"] == str(event.uid)
    code, refused = run("show", "00000000-0000-0000-0000-000000000000")
    assert (code, refused["error"]["code"]) == (1, "no_event")


def test_rest_moves_notes_and_assigns(world: World, analyst: User) -> None:
    event = make_event(world.zones["Z1"])
    client = Client()
    client.force_login(analyst)
    address = f"/api/v1/leak-events/{event.uid}/"

    def post(action: str, body: dict[str, Any], **headers: str) -> Any:
        return client.post(f"{address}{action}/", json.dumps(body), "application/json", headers=headers)

    moved = post("move", {"to": "open"}, **{"If-Match": '"1"'})
    assert (moved.status_code, moved.json()["state"], moved.json()["version"]) == (201, "open", 2)
    stale = post("move", {"to": "closed", "outcome": "other"}, **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "stale_version")
    illegal = post("move", {"to": "new"})
    assert (illegal.status_code, illegal.json()["error"]["code"]) == (409, "illegal_move")
    assert post("move", {"to": "closed", "outcome": "found", "pipe": "P1"}).status_code == 400
    assert post("note", {"note": "  "}).status_code == 400
    assert post("note", {"note": "seen"}).json()["history"][-1]["note"] == "seen"
    assert post("assign", {"assignee": "nobody-at-all"}).status_code == 400
    assert post("assign", {"assignee": "analyst"}).json()["assignee"] == "analyst"
    detail = client.get(address).json()
    assert (detail["assignee"], len(detail["history"])) == ("analyst", 3)
    assert client.get("/api/v1/leak-events/?state=closed").json()["results"] == []
