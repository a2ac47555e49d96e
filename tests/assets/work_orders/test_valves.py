"""A valve turned: the record and the valve's own state in one transaction."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from assets.editing.services.attributes import set_node_attributes
from assets.editing.services.undoing import undo
from assets.models import Edit, Node, ValveDetail, ValveOperation
from gis_core.models import Division, User
from tests.security.work_rows import add_valve
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def client(make_user: Callable[..., User], district: Division) -> Client:
    client = Client()
    client.force_login(make_user("crew", district, "crew"))
    return client


def turn(client: Client, valve: Node, **values: Any) -> Any:
    body = {"node": str(valve.uid), "turns": 12.5, "status": "closed", **values}
    return client.post("/api/v1/valve-operations/", body, "application/json")


def test_the_valve_is_as_it_was_left(client: Client, world: World) -> None:
    valve = add_valve(world)
    answer = turn(client, valve, is_broken=True)
    assert answer.status_code == 201, answer.content
    assert answer.json()["status_before"] == "open"
    assert answer.json()["status_after"] == "closed"
    detail = ValveDetail.objects.get(node=valve)
    assert (detail.status, detail.is_broken) == ("closed", True)
    edit = Edit.objects.get()
    assert edit.acting_user is not None
    assert edit.acting_user.username == "crew"
    undo(edit, acting_user=edit.acting_user)
    assert ValveDetail.objects.get(node=valve).status == "open"
    # What was done was done, whatever is thought of it later.
    assert ValveOperation.objects.count() == 1


def test_a_valve_that_stands_as_recorded_is_turned_without_an_edit(client: Client, world: World) -> None:
    valve = add_valve(world)
    assert turn(client, valve, status="open").status_code == 201
    assert not Edit.objects.exists()


def test_sent_twice_it_is_turned_once(client: Client, world: World) -> None:
    valve, uid = add_valve(world), str(uuid4())
    assert [turn(client, valve, uid=uid).status_code for _twice in range(2)] == [201, 201]
    assert ValveOperation.objects.count() == 1
    assert Edit.objects.count() == 1
    assert turn(client, valve, uid=uid, turns=3).json()["error"]["code"] == "uid_taken"


@pytest.mark.parametrize("status", ["closed", "open"])
def test_who_saw_an_older_state_is_told_and_nothing_is_recorded(
    status: str, client: Client, world: World
) -> None:
    valve = add_valve(world)
    seen = Node.objects.get(pk=valve.pk).version
    set_node_attributes(
        world.network, node=valve.uid, values={"details": {"is_buried": True}}, acting_user=None
    )
    assert turn(client, valve, version=seen, status=status).status_code == 412
    assert not ValveOperation.objects.exists()
    assert turn(client, valve, version=seen + 1, status=status).status_code == 201


def test_what_is_no_valve_is_not_turned(client: Client, world: World) -> None:
    assert turn(client, world.nodes["A"]).json()["error"]["code"] == "no_valve"
    for wrong in ({"turns": -1}, {"turns": 2001}, {"turns": "3"}, {"status": "ajar"}, {"is_broken": 1}):
        assert turn(client, add_valve(world, f"V{wrong}"), **wrong).status_code == 400, wrong
    assert not ValveOperation.objects.exists()
