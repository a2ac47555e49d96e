"""Fifty phones, or one phone fifty times, send one change at the same moment: it has one effect."""

import json
from typing import Any
from uuid import uuid4

from django.test import Client

from assets.models import Edit, FieldChange, LeakRecord, ValveOperation, WorkOrder
from gis_core.models import RoleAssignment, User
from tests.concurrency.test_edits import make, together
from tests.security.work_rows import add_valve

AT_ONCE = 50


def test_fifty_deliveries_of_one_change_are_one(committing_database: None) -> None:
    world = make()
    valve = add_valve(world)
    user = User.objects.create_user("crew")
    RoleAssignment.objects.create(user=user, role="crew", division=world.district)
    changes = [
        {
            "uid": str(uuid4()),
            "kind": "valve",
            "base_version": valve.version,
            "content": {"node": str(valve.uid), "turns": 9, "status": "closed"},
        },
        {
            "uid": str(uuid4()),
            "kind": "leak",
            "content": {"network": "N1", "pipe": str(world.pipes["P2"].uid), "source": "patrol"},
        },
    ]

    def deliver() -> Any:
        client = Client()
        client.force_login(user)
        answer = client.post("/api/v1/field/sync/", {"changes": changes}, "application/json")
        assert answer.status_code == 200, answer.content
        return answer.json()["fates"]

    answers = together(*[deliver] * AT_ONCE)
    for position in range(2):
        fates = [fates[position]["fate"] for fates in answers]
        assert sorted(fates) == ["already_applied"] * (AT_ONCE - 1) + ["applied"]
        assert len({json.dumps(fates[position]["answer"], sort_keys=True) for fates in answers}) == 1
    assert (ValveOperation.objects.count(), Edit.objects.count(), LeakRecord.objects.count()) == (1, 1, 1)
    assert FieldChange.objects.count() == 2


def test_one_order_posted_by_many_at_once_is_one(committing_database: None) -> None:
    world = make()
    user = User.objects.create_user("manager")
    RoleAssignment.objects.create(user=user, role="manager", division=world.district)
    body = {
        "uid": str(uuid4()),
        "network": "N1",
        "kind": "other",
        "title": "Once",
        "node": str(world.nodes["A"].uid),
    }

    def post() -> Any:
        client = Client()
        client.force_login(user)
        answer = client.post("/api/v1/work-orders/", body, "application/json")
        assert answer.status_code == 201, answer.content
        return answer.json()["number"]

    numbers = together(*[post] * 12)
    assert len(set(numbers)) == 1
    assert WorkOrder.objects.count() == 1
