"""T9: a POST with an `Idempotency-Key` that is sent again, or fifty times at once, has one effect and one answer."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from assets.models import Edit, Node, Plan
from billing.models import Payment, Reading
from gis_core import idempotency
from gis_core.models import AuditEvent, Job, KeptAnswer, RoleAssignment, User
from gis_core.tasks import forget_answers
from tests.conftest import make_district
from tests.world import World, make_world

AT_ONCE = 50


@pytest.fixture
def world(committing_database: None) -> World:
    world = make_world(make_district("QIBRAY", "Qibray"))
    for role in ("engineer", "clerk"):
        user = User.objects.create_user(username=role)
        RoleAssignment.objects.create(user=user, role=role, division=world.district)
    return world


def client_of(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def post(client: Client, path: str, body: dict[str, Any], key: str | None):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/api/v1/{path}", json.dumps(body), "application/json", headers=headers)


def node(world: World, code: str = "J1") -> dict[str, Any]:
    return {"network": world.network.code, "kind": "junction", "geometry": [69.41, 41.41], "code": code}


def writes(world: World) -> dict[str, tuple[str, str, dict[str, Any], Any]]:
    """Who posts what where, and what must be there once."""
    account = world.account(0)
    edit = {"operations": [{"op": "add_node", "kind": "junction", "geometry": [69.42, 41.41], "code": "E1"}]}
    return {
        "node": ("engineer", "nodes/", node(world), Node.objects.filter(code="J1")),
        "edit": ("engineer", f"networks/{world.network.code}/edits/", edit, Node.objects.filter(code="E1")),
        "plan": (
            "engineer",
            "plans/",
            {"network": world.network.code, "code": "N1", "name": "x"},
            Plan.objects.filter(code="N1"),
        ),
        "payment": (
            "clerk",
            "payments/",
            {
                "account": str(account.uid),
                "channel": "bank",
                "reference": "once",
                "paid_on": timezone.localdate().isoformat(),
                "amount": "5.00",
            },
            Payment.objects.filter(reference="once"),
        ),
        "reading": (
            "clerk",
            "readings/",
            {"installation": str(world.installations[0].uid), "read_on": "2026-02-01", "index_m3": "120.000"},
            Reading.objects.filter(read_on="2026-02-01"),
        ),
        "run": (
            "clerk",
            "billing-runs/",
            {"enterprise": world.enterprise.code, "month": "2026-01-01"},
            Job.objects.all(),
        ),
    }


@pytest.mark.parametrize("name", ["node", "edit", "plan", "payment", "reading", "run"])
def test_a_repeat_answers_the_first_answer(world: World, name: str) -> None:
    username, path, body, made = writes(world)[name]
    client = client_of(username)
    first = post(client, path, body, "k-1")
    assert first.status_code in (200, 201, 202), first.content
    assert "Idempotency-Replayed" not in first.headers
    audited = AuditEvent.objects.count()
    again = post(client, path, body, "k-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert made.count() == 1
    assert AuditEvent.objects.count() == audited


def test_fifty_at_once_have_one_effect(world: World) -> None:
    barrier = Barrier(AT_ONCE)
    clients = [client_of("clerk") for _number in range(AT_ONCE)]
    _username, path, body, made = writes(world)["payment"]

    def one(client: Client) -> tuple[int, bytes]:
        try:
            barrier.wait(30)
            answer = post(client, path, body, "at-once")
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(one, clients))
    print(f"T9: {AT_ONCE} at once: effects {made.count()}; different answers {len(set(answers))}")
    assert made.count() == 1
    assert len(set(answers)) == 1
    assert answers[0][0] == 201


def test_a_key_is_for_one_request_of_one_user(world: World) -> None:
    client = client_of("engineer")
    assert post(client, "nodes/", node(world), "k").status_code == 201
    other = post(client, "nodes/", node(world, "J2"), "k")
    assert (other.status_code, Node.objects.filter(code="J2").exists()) == (422, False)
    second = User.objects.create_user(username="second")
    RoleAssignment.objects.create(user=second, role="engineer", division=world.district)
    body = node(world, "J3") | {"geometry": [69.43, 41.43]}
    assert post(client_of("second"), "nodes/", body, "k").status_code == 201


def test_what_was_refused_may_be_tried_again_and_leaves_nothing(world: World) -> None:
    client = client_of("engineer")
    plan = {"network": world.network.code, "code": "N1", "name": ""}
    assert post(client, "plans/", plan, "k").status_code == 400
    assert not KeptAnswer.objects.exists()
    edits = Edit.objects.count()
    wrong = {"operations": [{"op": "add_node", "kind": "no such kind", "geometry": [69.42, 41.41]}]}
    assert post(client, f"networks/{world.network.code}/edits/", wrong, "k").status_code == 400
    assert (Edit.objects.count(), KeptAnswer.objects.count()) == (edits, 0)
    assert post(client, "plans/", plan | {"name": "x"}, "k").status_code == 201


def test_without_a_key_nothing_is_kept_and_bad_keys_are_refused(world: World) -> None:
    client = client_of("engineer")
    assert post(client, "nodes/", node(world), None).status_code == 201
    assert not KeptAnswer.objects.exists()
    for key in ("", "x" * 256):
        assert post(client, "nodes/", node(world, "J9"), key).status_code == 400
    assert not Node.objects.filter(code="J9").exists()
    # Strangers keep nothing either.
    assert post(Client(), "nodes/", node(world, "J9"), "k").status_code in (401, 403)
    assert not KeptAnswer.objects.exists()


def test_a_large_answer_is_not_kept_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "LARGEST_KEPT", 10)
    client = client_of("engineer")
    assert post(client, "nodes/", node(world), "k").status_code == 201
    assert post(client, "nodes/", node(world), "k").status_code == 409
    assert Node.objects.filter(code="J1").count() == 1


def test_answers_are_forgotten_after_a_week(world: World) -> None:
    client = client_of("engineer")
    post(client, "nodes/", node(world), "k")
    assert forget_answers() == 0
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=8))
    assert forget_answers() == 1
