"""What phones send: each change has its fate, conflicts show both sides, and nothing is applied twice."""

import base64
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from assets.models import (
    Document,
    FieldChange,
    Inspection,
    LeakRecord,
    ValveDetail,
    ValveOperation,
    Verification,
    WorkOrder,
)
from assets.registers.services.attachments import Place
from assets.work_orders.services.moving import assign_order
from assets.work_orders.services.ordering import WorkPlace, create_order
from assets.work_orders.services.valves import turn_valve
from billing.models import Reading
from gis_core.models import Division, User
from tests.assets.work_orders.test_orders import photo
from tests.security.work_rows import add_valve
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def crew(make_user: Callable[..., User], district: Division) -> User:
    return make_user("crew", district, "crew")


@pytest.fixture
def client(crew: User) -> Client:
    client = Client()
    client.force_login(crew)
    return client


def change(kind: str, content: dict[str, Any], version: int | None = None, uid: str = "") -> dict[str, Any]:
    base = {} if version is None else {"base_version": version}
    return {"uid": uid or str(uuid4()), "kind": kind, "content": content, **base}


def send(client: Client, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    response = client.post("/api/v1/field/sync/", {"changes": list(changes)}, "application/json")
    assert response.status_code == 200, response.content
    fates: list[dict[str, Any]] = response.json()["fates"]
    assert [fate["uid"] for fate in fates] == [one["uid"] for one in changes]
    return fates


def test_a_leaks_photo_is_kept_with_the_line_that_leaks(client: Client, world: World, crew: User) -> None:
    """The phone names the leak by the change that reported it, before it knows where the server hung it."""
    pipe = world.pipes["P2"]
    leak = change("leak", {"network": "N1", "pipe": str(pipe.uid), "position": 0.4, "source": "patrol"})
    picture = base64.b64encode(photo()).decode()
    fates = send(client, leak, change("photo", {"leak": leak["uid"], "jpeg_base64": picture}))
    assert [(fate["fate"], fate.get("message")) for fate in fates] == [("applied", None)] * 2
    kept = client.get(f"/api/v1/documents/?pipe={pipe.uid}").json()["results"]
    assert [row["title"] for row in kept] == [LeakRecord.objects.get().number]
    (refused,) = send(client, change("photo", {"leak": str(uuid4()), "jpeg_base64": picture}))
    assert refused["fate"] == "refused"


def test_every_kind_of_record_reaches_its_register(client: Client, world: World, crew: User) -> None:
    valve = add_valve(world)
    order = create_order(
        network=world.network,
        kind="other",
        title="Go there",
        where=WorkPlace(69.402, 41.4, Place(world.nodes["A"].pk)),
        acting_user=None,
        assignee=crew,
    )
    pipe = str(world.pipes["P2"].uid)
    fates = send(
        client,
        change(
            "inspection",
            {
                "node": str(valve.uid),
                "inspected_on": "2026-01-05",
                "method": "visual",
                "grade": 3,
                "answers": {"operable": True, "turns": 14, "leaking": False, "accessible": None},
                "findings": "rust",
            },
        ),
        change("verification", {"pipe": pipe, "verified_on": "2026-01-05", "method": "visual"}),
        change("leak", {"network": "N1", "pipe": pipe, "position": 0.4, "source": "patrol"}),
        change("photo", {"pipe": pipe, "jpeg_base64": base64.b64encode(photo()).decode()}),
        change("valve", {"node": str(valve.uid), "turns": 14, "status": "closed"}, valve.version),
        change("work_move", {"order": str(order.uid), "state": "on_the_way"}, order.version),
        change("work_done", {"order": str(order.uid), "time_spent_min": 15}),
        change(
            "reading",
            {
                "installation": str(world.installations[0].uid),
                "read_on": "2026-01-05",
                "index_m3": "12.5",
            },
        ),
    )
    assert [(fate["fate"], fate.get("message")) for fate in fates] == [("applied", None)] * 8
    inspection = Inspection.objects.get()
    assert inspection.inspector == "crew"
    assert inspection.findings.splitlines() == [
        "Does it turn? yes",
        "Turns from open to closed 14",
        "Is it leaking? no",
        "rust",
    ]
    assert Verification.objects.get().verified_by == crew
    assert LeakRecord.objects.get().number == fates[2]["answer"]["number"]
    assert Document.objects.get().links.get().pipe == world.pipes["P2"]
    assert ValveDetail.objects.get(node=valve).status == "closed"
    assert fates[4]["answer"]["status"] == "closed"
    assert WorkOrder.objects.get().state == "on_the_way"
    assert WorkOrder.objects.get().time_spent_min == 15
    assert Reading.objects.get(installation=world.installations[0]).state == "accepted"
    assert FieldChange.objects.count() == 8


def test_a_leak_away_from_every_pipe_is_kept_with_where_it_was_seen(client: Client, world: World) -> None:
    """Beyond the tolerance it hangs on the nearest pipe and says so; only what is kilometres away is refused."""
    near = {"network": "N1", "lon": 69.402, "lat": 41.4, "tolerance_m": 50, "source": "patrol"}
    # 333 m north of the tank, and more than 5 km.
    far, too_far = {**near, "lat": 41.405, "note": "by the school"}, {**near, "lat": 41.5}
    fates = send(client, change("leak", near), change("leak", far), change("leak", too_far))
    assert [fate["fate"] for fate in fates] == ["applied", "applied", "refused"]
    assert fates[2]["message"] == "No pipe of network N1 is within 5000 m of the position."
    notes = {leak.number: leak.note for leak in LeakRecord.objects.all()}
    assert notes[fates[0]["answer"]["number"]] == ""
    first, remark = notes[fates[1]["answer"]["number"]].splitlines()
    assert first == "by the school"
    assert re.fullmatch(r"Reported at 41\.405000, 69\.402000, 333 m from the nearest pipe\.", remark)


def test_one_refusal_does_not_touch_the_others(client: Client, world: World) -> None:
    node = str(world.nodes["A"].uid)
    good = {"node": node, "verified_on": "2026-01-05", "method": "visual"}
    fates = send(
        client,
        change("verification", good),
        change("verification", {**good, "verified_on": "2999-01-01"}),
        change("verification", {**good, "method": "smell"}),
        change("verification", {**good, "node": str(uuid4())}),
        change("inspection", {"node": node, "inspected_on": "2026-01-05", "method": "visual", "grade": 9}),
        change(
            "inspection",
            {
                "node": node,
                "inspected_on": "2026-01-05",
                "method": "visual",
                "grade": 2,
                "answers": {"no": 1},
            },
        ),
        change("photo", {"node": node, "jpeg_base64": "????"}),
        change("sabotage", {}),
        change("verification", {**good, "remark": "second"}),
    )
    assert [fate["fate"] for fate in fates] == ["applied", *["refused"] * 7, "applied"]
    assert [fate["code"] for fate in fates[1:8]] == [
        "future",
        "bad_values",
        "not_found",
        "bad_values",
        "bad_answer",
        "bad_form",
        "bad_kind",
    ]
    assert all(fate["message"] for fate in fates[1:8])
    assert Verification.objects.count() == 2
    # A refusal is not remembered: mended, the same change goes through.
    assert FieldChange.objects.count() == 2


def test_replayed_it_is_answered_the_same_and_applied_once(client: Client, world: World) -> None:
    valve = add_valve(world)
    sent = change("valve", {"node": str(valve.uid), "turns": 14, "status": "closed"}, valve.version)
    first = send(client, sent)[0]
    again = [send(client, sent)[0] for _more in range(3)]
    assert first["fate"] == "applied"
    assert [fate["fate"] for fate in again] == ["already_applied"] * 3
    assert [fate["answer"] for fate in again] == [first["answer"]] * 3
    assert ValveOperation.objects.count() == 1
    other = send(client, {**sent, "content": {**sent["content"], "turns": 3}})[0]
    assert (other["fate"], other["code"]) == ("refused", "uid_taken")


def test_the_uid_of_somebody_elses_change_is_refused(
    client: Client, world: World, make_user: Callable[..., User], district: Division
) -> None:
    good = {"node": str(world.nodes["A"].uid), "verified_on": "2026-01-05", "method": "visual"}
    sent = change("verification", good)
    assert send(client, sent)[0]["fate"] == "applied"
    second = Client()
    second.force_login(make_user("crew", district, "second"))
    fate = send(second, sent)[0]
    assert (fate["fate"], fate["code"]) == ("refused", "uid_taken")
    assert "answer" not in fate


def test_a_conflict_shows_both_sides_and_a_person_decides(client: Client, world: World, crew: User) -> None:
    valve = add_valve(world)
    seen = valve.version
    colleague = User.objects.create(username="colleague")
    turn_valve(node=valve, turns=5, status="closed", acting_user=colleague)
    sent = change("valve", {"node": str(valve.uid), "turns": 2, "status": "active"}, seen)
    fate = send(client, sent)[0]
    assert fate["fate"] == "conflict"
    assert fate["mine"] == sent["content"]
    assert (fate["theirs"]["status"], fate["theirs"]["changed_by"]) == ("closed", "colleague")
    assert ValveDetail.objects.get(node=valve).status == "closed"
    assert not FieldChange.objects.exists()
    # "Mine": the same change again, now knowing theirs.
    mine = {**sent, "base_version": fate["theirs"]["version"]}
    assert send(client, mine)[0]["fate"] == "applied"
    assert ValveDetail.objects.get(node=valve).status == "active"
    assert send(client, mine)[0]["fate"] == "already_applied"


def test_an_order_that_went_on_is_a_conflict(
    client: Client, world: World, crew: User, make_user: Callable[..., User], district: Division
) -> None:
    second = make_user("crew", district, "second")
    order = create_order(
        network=world.network,
        kind="other",
        title="Go there",
        where=WorkPlace(69.402, 41.4),
        acting_user=None,
        assignee=crew,
    )
    assign_order(order=order, assignee=second, acting_user=None)
    fate = send(client, change("work_move", {"order": str(order.uid), "state": "on_the_way"}, order.version))[
        0
    ]
    assert (fate["fate"], fate["code"]) == ("conflict", "stale_version")
    assert (fate["theirs"]["assignee"], fate["theirs"]["state"]) == ("second", "assigned")
    assert fate["theirs"]["moves"][-1]["to_state"] == "assigned"


def test_what_belongs_to_another_division_is_not_there(
    client: Client, other_district: Division, world: World
) -> None:
    alien = make_world(other_district, network_code="N2", enterprise_code="ALIEN", first=5)
    order = create_order(
        network=alien.network,
        kind="other",
        title="x",
        where=WorkPlace(69.402, 41.4),
        acting_user=None,
    )
    node, valve = str(alien.nodes["A"].uid), add_valve(alien)
    fates = send(
        client,
        change("verification", {"node": node, "verified_on": "2026-01-05", "method": "visual"}),
        change("valve", {"node": str(valve.uid), "turns": 2, "status": "closed"}, 77),
        change("work_move", {"order": str(order.uid), "state": "assigned"}, 77),
        change("leak", {"network": "N2", "node": node, "source": "patrol"}),
        change("photo", {"node": node, "jpeg_base64": base64.b64encode(photo()).decode()}),
        change(
            "reading",
            {"installation": str(alien.installations[0].uid), "read_on": "2026-01-05", "index_m3": "1"},
        ),
    )
    assert [(fate["fate"], fate["code"]) for fate in fates] == [("refused", "not_found")] * 6
    assert not FieldChange.objects.exists()


def test_too_much_or_nothing_at_once_is_refused(client: Client, world: World) -> None:
    good = {"node": str(world.nodes["A"].uid), "verified_on": "2026-01-05", "method": "visual"}
    for changes in ([], [change("verification", good) for _number in range(201)], [{"uid": "x"}], "x"):
        response = client.post("/api/v1/field/sync/", {"changes": changes}, "application/json")
        assert response.status_code == 400
    assert not Verification.objects.exists()
