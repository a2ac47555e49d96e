"""The REST API of quality, alarms and regulators: answers, refusals, and who may."""

from typing import Any

import pytest
from django.test import Client

from gis_core.models import Division
from sensors.models import Alarm, AlarmRule, QualityRule
from tests.security.quality_rows import add_quality_rows
from tests.world import make_world

API = "/api/v1"


@pytest.fixture
def rows(district: Division) -> dict[str, list[Any]]:
    return add_quality_rows(make_world(district), range(1))


def client_of(make_user: Any, role: str, division: Division) -> Client:
    client = Client()
    client.force_login(make_user(role, division))
    return client


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(f"{API}/{path}", body, "application/json")


def test_an_alarm_is_handled_step_by_step(rows: Any, make_user: Any, district: Division) -> None:
    client = client_of(make_user, "crew", district)
    path = f"alarms/{rows['alarm'][0].uid}"
    assert post(client, f"{path}/close/", {}).status_code == 409
    assert post(client, f"{path}/acknowledge/", {"note": "seen"}).json()["state"] == "acknowledged"
    assert post(client, f"{path}/acknowledge/", {}).status_code == 409
    assert post(client, f"{path}/clear/", {}).status_code == 400
    assert post(client, f"{path}/clear/", {"note": "tested"}).json()["state"] == "cleared"
    assert post(client, f"{path}/close/", {}).json()["state"] == "closed"
    lines = client.get(f"{API}/{path}/journal/").json()
    assert [line["action"] for line in lines] == ["raised", "acknowledged", "cleared", "closed"]
    assert client.get(f"{API}/alarms/?state=closed").json()["results"][0]["acknowledged_by"]
    assert client.get(f"{API}/alarms/?state=raised").json()["results"] == []
    assert client.get(f"{API}/alarms/?stat=raised").status_code == 400
    assert client.get(f"{API}/alarms/?state=lost").status_code == 400


@pytest.mark.parametrize(
    ("role", "status"), [("auditor", 404), ("clerk", 404), ("crew", 201), ("engineer", 201)]
)
def test_who_may_acknowledge(rows: Any, make_user: Any, district: Division, role: str, status: int) -> None:
    client = client_of(make_user, role, district)
    assert post(client, f"alarms/{rows['alarm'][0].uid}/acknowledge/", {}).status_code == status
    assert Alarm.objects.get().state == ("acknowledged" if status == 201 else "raised")


def test_rules_are_made_changed_and_refused(rows: Any, make_user: Any, district: Division) -> None:
    client = client_of(make_user, "engineer", district)
    good = {
        "division": district.code,
        "observed_property": "pressure",
        "name": "Low",
        "kind": "limit",
        "low": 10,
    }
    made = post(client, "alarm-rules/", good)
    assert made.status_code == 201
    for bad in (
        {"low": None},
        {"low": "ten"},
        {"low": 1e400},
        {"kind": "x"},
        {"division": "ZANGIOTA-X"},
        {"name": 5},
    ):
        assert post(client, "alarm-rules/", good | bad).status_code in (400, 404), bad
    path = f"{API}/alarm-rules/{made.json()['uid']}/"
    assert client.patch(path, {"low": 12, "hysteresis": 1}, "application/json").json()["low"] == 12
    assert client.patch(path, {"low": None}, "application/json").status_code == 400
    assert AlarmRule.objects.get(name="Low").low == 12


def test_quality_rules_of_the_system_are_not_for_a_district(
    rows: Any, make_user: Any, district: Division
) -> None:
    client = client_of(make_user, "engineer", district)
    shared = QualityRule.objects.filter(division=None).first()
    assert shared is not None
    path = f"{API}/quality-rules/{shared.uid}/"
    assert client.get(path).status_code == 200
    assert client.patch(path, {"is_enabled": False}, "application/json").status_code == 404
    own = {"division": district.code, "rule": "gap", "parameters": {"suspect_steps": 3}}
    assert post(client, "quality-rules/", own).status_code == 201
    assert post(client, "quality-rules/", own | {"parameters": {"suspect_steps": 0}}).status_code == 400
    assert post(client, "quality-rules/", own | {"division": "UZ"}).status_code == 404


def test_a_regulator_is_overridden_within_its_limits(rows: Any, make_user: Any, district: Division) -> None:
    client = client_of(make_user, "engineer", district)
    path = f"regulators/{rows['regulator'][0].uid}"
    body = {"set_point": 61, "until": "2026-01-05T00:00:00Z", "reason": "x"}
    assert post(client, f"{path}/override/", body).json()["error"]["code"] == "outside_safe_limits"
    assert post(client, f"{path}/override/", body | {"set_point": 41}).json()["error"]["code"] == "bad_until"
    entries = {"entries": [{"starts_at": "06:00", "set_point": 61}]}
    assert post(client, f"{path}/schedule/", entries).json()["error"]["code"] == "outside_safe_limits"
    crew = client_of(make_user, "crew", district)
    assert crew.get(f"{API}/{path}/").status_code == 200
    assert post(crew, f"{path}/override/", body).status_code == 404
    assert client.get(f"{API}/regulator-commands/?code=N1:Q0").json()["results"][0]["set_point"] == 41
