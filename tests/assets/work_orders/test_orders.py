"""Work orders: from the order to its end, by whom, and what is refused; through REST, as pages and phones use it."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from assets.models import Document, DocumentLink, WorkOrder, WorkOrderMove
from assets.registers.services.attachments import Place
from assets.registers.services.condition import report_leak
from assets.work_orders.services.moving import TRANSITIONS
from gis_core.models import AuditEvent, Division, User
from tests.security.outage_rows import add_outages
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def people(make_user: Callable[..., User], district: Division, other_district: Division) -> dict[str, User]:
    """Who gives work out, two who do it, and one who does it elsewhere."""
    return {
        "manager": make_user("manager", district, "manager"),
        "crew": make_user("crew", district, "crew"),
        "second": make_user("crew", district, "second"),
        "stranger": make_user("crew", other_district, "stranger"),
    }


@pytest.fixture
def clients(people: dict[str, User]) -> dict[str, Client]:
    made = {}
    for name, user in people.items():
        made[name] = Client()
        made[name].force_login(user)
    return made


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/work-orders/{path}", body, "application/json")


def new_order(clients: dict[str, Client], world: World, **values: Any) -> dict[str, Any]:
    body = {
        "network": "N1",
        "kind": "valve_work",
        "title": "Turn the valve",
        "node": str(world.nodes["B"].uid),
    }
    response = post(clients["manager"], "", body | values)
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_an_order_goes_from_the_desk_to_the_street_and_back(
    clients: dict[str, Client], world: World, people: dict[str, User]
) -> None:
    order = new_order(clients, world, assignee="crew", priority="urgent")
    assert (order["number"][:2], order["state"], order["assignee"]) == ("W-", "assigned", "crew")
    assert order["about"] == {
        "element": "node",
        "uid": str(world.nodes["B"].uid),
        "code": "B",
        "kind": "junction",
    }
    path = f"{order['uid']}/"
    assert post(clients["crew"], path + "move/", {"state": "on_the_way"}).status_code == 200
    materials = [{"uid": str(uuid4()), "material": "PE 110", "quantity": "2.5", "unit": "m"}]
    for _twice in range(2):
        done = post(clients["crew"], path + "materials/", {"materials": materials, "time_spent_min": 40})
    assert [row["quantity"] for row in done.json()["materials"]] == ["2.500"]
    ended = post(clients["crew"], path + "move/", {"state": "done", "note": "turns again"}).json()
    assert (ended["state"], ended["time_spent_min"]) == ("done", 40)
    journal = [(move["from_state"], move["to_state"], move["moved_by"]) for move in ended["moves"]]
    assert journal == [
        ("", "new", "manager"),
        ("new", "assigned", "manager"),
        ("assigned", "on_the_way", "crew"),
        ("on_the_way", "done", "crew"),
    ]
    actions = AuditEvent.objects.filter(object_id=f"N1 {order['number']}").values_list("action", flat=True)
    assert sorted(actions) == [
        "make work order",
        *["move work order"] * 3,
        "record work",
        "record work",
    ]


def test_a_post_repeated_is_one_order(clients: dict[str, Client], world: World) -> None:
    uid = str(uuid4())
    first, second = (new_order(clients, world, uid=uid) for _twice in range(2))
    assert first["number"] == second["number"]
    assert WorkOrder.objects.count() == 1
    other = post(
        clients["manager"],
        "",
        {"uid": uid, "network": "N1", "kind": "other", "title": "Another", "lon": 69.4, "lat": 41.4},
    )
    assert (other.status_code, other.json()["error"]["code"]) == (400, "uid_taken")


@pytest.mark.parametrize("before", sorted(TRANSITIONS))
def test_a_move_is_made_where_it_is_legal_and_nowhere_else(
    before: str, clients: dict[str, Client], world: World
) -> None:
    ways = {
        "new": [],
        "assigned": ["assigned"],
        "on_the_way": ["assigned", "on_the_way"],
        "done": ["assigned", "on_the_way", "done"],
        "impossible": ["assigned", "impossible"],
        "cancelled": [],
    }
    for after in sorted(set(TRANSITIONS) - {"cancelled"}):
        order = new_order(clients, world)
        for step in ways[before]:
            assert (
                post(clients["crew"], f"{order['uid']}/move/", {"state": step, "note": "x"}).status_code
                == 200
            )
        if before == "cancelled":
            post(clients["manager"], f"{order['uid']}/cancel/", {})
        moves = WorkOrderMove.objects.count()
        response = post(clients["crew"], f"{order['uid']}/move/", {"state": after, "note": "x"})
        is_legal = after in TRANSITIONS[before]
        assert response.status_code == (200 if is_legal else 409), (before, after, response.content)
        assert WorkOrderMove.objects.count() == moves + is_legal


def test_only_ones_own_work_is_moved_and_only_the_dispatcher_cancels(
    clients: dict[str, Client], world: World
) -> None:
    order = new_order(clients, world, assignee="crew")
    path = f"{order['uid']}/"
    refused = post(clients["second"], path + "move/", {"state": "on_the_way"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "not_yours")
    assert post(clients["stranger"], path + "move/", {"state": "on_the_way"}).status_code == 404
    cancelled = post(clients["crew"], path + "move/", {"state": "cancelled"})
    assert (cancelled.status_code, cancelled.json()["error"]["code"]) == (400, "not_yours")
    assert post(clients["crew"], path + "cancel/", {}).status_code == 404
    assert WorkOrder.objects.get().state == "assigned"
    assert post(clients["manager"], path + "cancel/", {"note": "no longer"}).json()["state"] == "cancelled"


def test_impossible_says_why_and_somebody_else_may_try(clients: dict[str, Client], world: World) -> None:
    order = new_order(clients, world, assignee="crew")
    path = f"{order['uid']}/"
    silent = post(clients["crew"], path + "move/", {"state": "impossible", "note": "  "})
    assert (silent.status_code, silent.json()["error"]["code"]) == (400, "reason_missing")
    assert post(clients["crew"], path + "move/", {"state": "impossible", "note": "a car"}).status_code == 200
    again = post(clients["manager"], path + "assign/", {"assignee": "second"}).json()
    assert (again["state"], again["assignee"]) == ("assigned", "second")


def test_work_is_given_to_who_does_it_here(clients: dict[str, Client], world: World) -> None:
    order = new_order(clients, world)
    path = f"{order['uid']}/assign/"
    for name in ("stranger", "manager", "nobody"):
        refused = post(clients["manager"], path, {"assignee": name})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "cannot_be_assigned"), name
    members = clients["manager"].get("/api/v1/crew-members/").json()
    assert [member["username"] for member in members] == ["crew", "second"]
    assert post(clients["manager"], path, {"assignee": "crew"}).json()["assignee"] == "crew"
    assert [m["open_orders"] for m in clients["manager"].get("/api/v1/crew-members/").json()] == [1, 0]
    assert post(clients["manager"], path, {"assignee": None}).json()["state"] == "new"


def test_who_saw_an_older_version_is_told(clients: dict[str, Client], world: World) -> None:
    order = new_order(clients, world, assignee="crew")
    path = f"{order['uid']}/"
    assert (
        post(
            clients["manager"], path + "assign/", {"assignee": "second", "version": order["version"]}
        ).json()["version"]
        == order["version"] + 1
    )
    stale = post(clients["crew"], path + "move/", {"state": "on_the_way", "version": order["version"]})
    assert stale.status_code == 412
    assert WorkOrder.objects.get().state == "assigned"


def test_lists_are_those_of_the_division_and_filtered(clients: dict[str, Client], world: World) -> None:
    here = new_order(clients, world, assignee="crew")
    other = post(
        clients["manager"],
        "",
        {"network": "N1", "kind": "other", "title": "Far", "lon": 69.9, "lat": 41.9},
    ).json()

    def numbers(client: str, query: str = "") -> list[str]:
        rows = clients[client].get(f"/api/v1/work-orders/{query}").json()["results"]
        return [row["number"] for row in rows]

    assert numbers("crew") == [here["number"], other["number"]]
    assert numbers("crew", "?mine=true") == [here["number"]]
    assert numbers("crew", "?state=new") == [other["number"]]
    assert numbers("crew", "?near=69.402,41.4,1000") == [here["number"]]
    assert numbers("crew", "?near=69.402,41.4,50000") == [here["number"]]
    assert numbers("stranger") == []
    assert clients["crew"].get("/api/v1/work-orders/?near=1,2").status_code == 400


def test_orders_come_from_leaks_outages_and_alarms(clients: dict[str, Client], world: World) -> None:
    pipe = world.pipes["P2"]
    leak = report_leak(
        network=world.network,
        place=Place(pipe.start_node_id, pipe.pk, 0.25),
        source="patrol",
        kind="main_leak",
        acting_user=None,
    )
    made = post(
        clients["manager"], "", {"kind": "leak_repair", "source": "leak", "source_uid": str(leak.uid)}
    ).json()
    assert made["title"] == f"Leak {leak.number}"
    assert made["source_text"] == f"{leak.number}: leak of a main"
    assert made["about"]["code"] == "P2"
    assert made["longitude"] == pytest.approx(69.4025, abs=1e-6)
    outage = add_outages(world, range(1))[0]
    made = post(
        clients["manager"], "", {"kind": "valve_work", "source": "outage", "source_uid": str(outage.uid)}
    ).json()
    assert (made["source_uid"], made["about"]["code"]) == (str(outage.uid), "P2")
    alarm = str(uuid4())
    made = post(
        clients["manager"],
        "",
        {
            "network": "N1",
            "kind": "sensor_work",
            "title": "Silent",
            "source": "alarm",
            "source_uid": alarm,
            "source_text": "Silent for 2 h",
            "node": str(world.nodes["M1"].uid),
        },
    ).json()
    assert (made["source"], made["source_text"], made["about"]["code"]) == ("alarm", "Silent for 2 h", "M1")
    missing = {"kind": "leak_repair", "source": "leak", "source_uid": str(uuid4())}
    assert post(clients["manager"], "", missing).status_code == 404
    assert post(clients["manager"], "", {"kind": "other", "source": "leak"}).status_code == 400


def photo(*, private: bool = True) -> bytes:
    """A JPEG of two colours side by side, which a phone held sideways and signed with its place and owner."""
    image = Image.new("RGB", (40, 20), "red")
    image.paste("blue", (20, 0, 40, 20))
    exif = Image.Exif()
    if private:
        exif[0x0112] = 6  # to be turned a quarter to the right
        exif[0x010F] = "SecretPhone"
        exif[0x013B] = "Owner Name"
        exif.get_ifd(0x8825)[1] = "N"
        exif.get_ifd(0x8825)[2] = (41.0, 24.0, 12.0)
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif, comment=b"SecretComment", quality=95)
    return made.getvalue()


def test_a_photo_of_an_order_is_kept_without_what_is_private(
    clients: dict[str, Client], world: World
) -> None:
    order = new_order(clients, world, assignee="crew")
    path = f"/api/v1/work-orders/{order['uid']}/photo/"
    uid = str(uuid4())
    assert b"SecretPhone" in photo()
    assert b"SecretComment" in photo()
    for _twice in range(2):
        file = SimpleUploadedFile("IMG_secret.jpg", photo(), "image/jpeg")
        answer = clients["crew"].post(path, {"file": file, "uid": uid})
        assert answer.status_code == 201, answer.content
    assert len(answer.json()["photos"]) == 1
    document = Document.objects.get(uid=uid)
    assert (document.kind, document.file_name) == ("photo", "photo.jpg")
    assert DocumentLink.objects.get(document=document).node == world.nodes["B"]
    stored = clients["crew"].get(f"/api/v1/documents/{uid}/file/").content
    for word in (b"Secret", b"Owner", b"Exif", b"IMG_secret"):
        assert word not in stored
    seen = Image.open(io.BytesIO(stored))
    # Upright: what was at the left is at the top.
    assert seen.size == (20, 40)
    bands = seen.split()
    assert bands[0].crop((0, 0, 20, 10)).getextrema()[0] > 200  # type: ignore[operator]
    assert bands[2].crop((0, 30, 20, 40)).getextrema()[0] > 200  # type: ignore[operator]
    assert not seen.getexif()


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"\xff\xd8\xff\x00broken", b"<svg onload=alert(1)>"])
def test_what_is_no_photo_is_refused(content: bytes, clients: dict[str, Client], world: World) -> None:
    order = new_order(clients, world, assignee="crew")
    file = SimpleUploadedFile("x.jpg", content, "image/jpeg")
    answer = clients["crew"].post(f"/api/v1/work-orders/{order['uid']}/photo/", {"file": file})
    assert answer.status_code == 400
    assert not Document.objects.exists()


def test_a_photo_of_too_many_pixels_is_refused_before_it_fills_the_memory(
    clients: dict[str, Client], world: World
) -> None:
    order = new_order(clients, world, assignee="crew")
    made = io.BytesIO()
    Image.new("1", (8_000, 8_000)).save(made, "PNG")
    # The same file that promises 30,000 pixels a side: width and height stand behind the signature and a name.
    header = b"IHDR" + struct.pack(">II", 30_000, 30_000) + made.getvalue()[24:29]
    promising = made.getvalue()[:12] + header + struct.pack(">I", zlib.crc32(header)) + made.getvalue()[33:]
    for content in (made.getvalue(), promising):
        file = SimpleUploadedFile("x.png", content, "image/png")
        answer = clients["crew"].post(f"/api/v1/work-orders/{order['uid']}/photo/", {"file": file})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_large")
