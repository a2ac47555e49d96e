"""Outages: planned, in conflict, in progress, finished; whom to tell; and two plans at once.

R --P1-- A --[V1]-- P2 -- B --[V2]-- P3 -- C --[V3]-- P4 -- D
         |                                                  |
         +--[V5]-- P6 ---------- E ---------- P5 -- [V4] ---+       a ring: any one part can be shut
"""

import csv
import io
import json
from collections.abc import Callable
from contextlib import redirect_stderr
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from assets.editing.services.attributes import set_pipe_attributes
from assets.isolation.selectors.outages import subscribers_to_tell, told_as_csv
from assets.isolation.services.outages import (
    cancel_outage,
    finish_outage,
    plan_outage,
    recompute_outage,
    reschedule_outage,
    start_outage,
)
from assets.models import Edit, Outage, ValveDetail
from assets.registers.services.attachments import Place
from billing.models import Subscriber
from billing.services.registers import NewSubscriber, register_subscribers
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, Enterprise, Street, User
from tests.assets.traces.drawing import Drawn, draw
from tests.concurrency.test_guards import beside
from tests.conftest import make_district

DAY = datetime(2027, 3, 1, tzinfo=UTC)


def ring(district: Division, code: str = "T") -> Drawn:
    valve = ("valve", {"valve_type": "isolation"})
    joint = {"is_connector": True, "stated_length_m": None}
    return draw(
        district,
        {"R": "reservoir", **dict.fromkeys("ABCDE", "junction"), **{f"V{n}": valve for n in range(1, 6)}},
        [
            ("P1", "R", "A"),
            ("V1/1", "A", "V1", joint),
            ("P2", "V1", "B"),
            ("V2/1", "B", "V2", joint),
            ("P3", "V2", "C"),
            ("V3/1", "C", "V3", joint),
            ("P4", "V3", "D"),
            ("V4/1", "D", "V4", joint),
            ("P5", "V4", "E"),
            ("P6", "E", "V5"),
            ("V5/1", "V5", "A", joint),
        ],
        code=code,
    )


def plan(drawn: Drawn, pipe: str, first_hour: int, last_hour: int, **more: Any) -> Outage:
    return plan_outage(
        network=drawn.network,
        pipe=drawn.pipes[pipe],
        starts_at=DAY + timedelta(hours=first_hour),
        ends_at=DAY + timedelta(hours=last_hour),
        reason="a new valve",
        acting_user=None,
        **more,
    )


@pytest.fixture
def drawn(district: Division) -> Drawn:
    return ring(district)


def test_a_plan_holds_what_the_isolation_found(drawn: Drawn) -> None:
    outage = plan(drawn, "P2", 8, 12)
    assert (outage.state, outage.number, outage.close) == ("planned", "2027-0001", ["V1", "V2"])
    assert drawn.nodes["B"].pk in outage.node_ids
    assert outage.length_m == 100
    assert outage.volume_m3 == pytest.approx(100 * 3.14159265 * 0.01)
    recorded = AuditEvent.objects.get(action="plan outage").new_values
    assert recorded is not None
    assert recorded["number"] == "2027-0001"
    assert plan(drawn, "P2", 20, 22).number == "2027-0002"


def test_the_same_ground_at_the_same_time_is_a_conflict(drawn: Drawn) -> None:
    first, second = plan(drawn, "P2", 8, 12), plan(drawn, "P2", 11, 13)
    assert (first.state, second.state) == ("planned", "conflict")
    assert second.conflicts[0]["outage"] == first.number
    assert "pipe P2" in second.conflicts[0]["reason"]
    after = plan(drawn, "P2", 13, 14)
    assert after.state == "planned", "an outage in conflict is in nobody's way, and one may follow another"
    with pytest.raises(ReportedError, match="in conflict"):
        start_outage(second, acting_user=None)


def test_a_shared_valve_is_a_conflict(drawn: Drawn) -> None:
    plan(drawn, "P2", 8, 12)
    outage = plan(drawn, "P3", 8, 12)
    assert outage.state == "conflict"
    assert "both close valve V2" in outage.conflicts[0]["reason"]


def test_together_they_cut_off_what_neither_does_alone(drawn: Drawn) -> None:
    first = plan(drawn, "P2", 8, 12)
    second = plan(drawn, "P4", 9, 10)
    assert first.cut_off_node_ids == second.cut_off_node_ids == []
    assert second.state == "conflict"
    assert "together they also cut off junction C" in second.conflicts[0]["reason"]
    assert plan(drawn, "P4", 12, 13).state == "planned"


def test_the_conflict_ends_when_one_goes(drawn: Drawn) -> None:
    first, second = plan(drawn, "P2", 8, 12), plan(drawn, "P4", 9, 10)
    moved = reschedule_outage(
        second, starts_at=DAY + timedelta(hours=12), ends_at=DAY + timedelta(hours=14), acting_user=None
    )
    assert (moved.state, moved.conflicts) == ("planned", [])
    again = reschedule_outage(
        second, starts_at=DAY + timedelta(hours=11), ends_at=DAY + timedelta(hours=14), acting_user=None
    )
    assert again.state == "conflict"
    cancel_outage(first, acting_user=None)
    second.refresh_from_db()
    assert (second.state, second.conflicts) == ("planned", [])
    assert AuditEvent.objects.filter(action="settle outage").count() == 1


def test_start_closes_the_valves_and_finish_opens_them(drawn: Drawn, make_user: Callable[..., User]) -> None:
    user = make_user("engineer", drawn.network.division)
    outage = start_outage(plan(drawn, "P2", 8, 12), acting_user=user, close_valves=True)
    assert outage.state == "in_progress"
    assert set(ValveDetail.objects.filter(status="closed").values_list("node__code", flat=True)) == {
        "V1",
        "V2",
    }
    assert Edit.objects.get(operation="close_valves").acting_user == user
    ended = finish_outage(outage, acting_user=user)
    assert (ended.state, ended.closed_valves) == ("finished", [])
    assert not ValveDetail.objects.filter(status="closed").exists()
    for again in (start_outage, finish_outage, cancel_outage, recompute_outage):
        with pytest.raises(ReportedError, match="is finished"):
            again(ended, acting_user=user)


def test_a_valve_closed_before_stays_closed(drawn: Drawn) -> None:
    ValveDetail.objects.filter(node__code="V1").update(status="closed")
    outage = plan(drawn, "P2", 8, 12)
    assert outage.close == ["V2"]
    started = start_outage(outage, acting_user=None, close_valves=True)
    cancelled = cancel_outage(started, acting_user=None)
    assert cancelled.state == "cancelled"
    assert list(ValveDetail.objects.filter(status="closed").values_list("node__code", flat=True)) == ["V1"]


def test_what_runs_late_is_in_the_way(drawn: Drawn) -> None:
    now = datetime.now(UTC)
    late = plan_outage(
        network=drawn.network,
        pipe=drawn.pipes["P2"],
        starts_at=now - timedelta(hours=3),
        ends_at=now - timedelta(hours=1),
        reason="burst",
        acting_user=None,
    )
    start_outage(late, acting_user=None, at=now - timedelta(hours=3))
    next_one = plan(drawn, "P2", 8, 12)
    assert next_one.state == "planned", "by then it will be over"
    with pytest.raises(ReportedError, match="both isolate") as refused:
        start_outage(next_one, acting_user=None)
    assert refused.value.code == "outage_conflict"
    finish_outage(late, acting_user=None)
    assert start_outage(next_one, acting_user=None).state == "in_progress"


def test_recomputing_follows_the_network(drawn: Drawn) -> None:
    outage = plan(drawn, "P2", 8, 12)
    set_pipe_attributes(
        drawn.network, pipe=drawn.pipes["P2"].uid, values={"stated_length_m": 250.0}, acting_user=None
    )
    assert recompute_outage(outage, acting_user=None).length_m == 250
    with pytest.raises(ReportedError, match="ends after it starts"):
        reschedule_outage(outage, starts_at=DAY, ends_at=DAY, acting_user=None)


def people(drawn: Drawn, *names: str) -> None:
    district = drawn.network.division
    enterprise = Enterprise.objects.create(
        code="SUV",
        name="Suv",
        division=district,
        tax_id="305918274",
        bank_name="Xalq banki",
        bank_code="00421",
        bank_account="20210000405918274001",
        invoice_prefix="SUV",
    )
    street = Street.objects.create(division=district, code="1", name="Navoiy")
    register_subscribers(
        subscribers=[
            NewSubscriber(
                registry_number=f"1700{position}",
                subscriber_class="household",
                name=name,
                street=street,
                house=str(position + 1),
                place=Place(drawn.nodes["BD"[position % 2]].pk),
                meter_serial=f"S{position}",
                meter_model="SGV-15",
            )
            for position, name in enumerate(names)
        ],
        enterprise=enterprise,
        network=drawn.network,
        starts_on=date(2025, 11, 1),
        acting_user=None,
    )


def test_whom_to_tell(drawn: Drawn, make_user: Callable[..., User]) -> None:
    people(drawn, "=cmd|' /C calc'!A0", "Dilnoza", "Aziz", "Bobur")
    Subscriber.objects.filter(name="Aziz").update(is_priority=True, phone="+998901234567")
    outage = plan(drawn, "P2", 8, 12)
    assert (outage.subscribers, outage.priority) == (2, ["17002"])
    told = subscribers_to_tell(outage, viewer=None)
    assert [row["name"] for row in told] == ["Aziz", "=cmd|' /C calc'!A0"]
    rows = list(csv.DictReader(io.StringIO(told_as_csv(told))))
    assert rows[0]["phone"] == "'+998901234567"
    assert rows[1]["name"] == "'=cmd|' /C calc'!A0"
    assert [row["is_priority"] for row in rows] == ["yes", "no"]
    client = Client()
    address = f"/api/v1/outages/{outage.uid}/subscribers/"
    client.force_login(make_user("clerk", drawn.network.division))
    document = client.get(address).json()
    assert (document["outage"], document["count"], document["truncated"]) == ("2027-0001", 2, False)
    assert document["subscribers"] == [row | {"account_uid": str(row["account_uid"])} for row in told]
    file = client.get(address.removesuffix("/") + ".csv/")
    assert file["Content-Type"] == "text/csv; charset=utf-8"
    assert file.content.decode().startswith("\ufeffregistry_number,")
    client.force_login(make_user("engineer", drawn.network.division))
    assert client.get(f"/api/v1/outages/{outage.uid}/").status_code == 200
    assert client.get(address).status_code == 404, "who they are is not for engineers"


def test_rest_takes_an_outage_through_its_states(
    drawn: Drawn, make_user: Callable[..., User], other_district: Division
) -> None:
    client = Client()
    client.force_login(make_user("engineer", drawn.network.division))
    body = {
        "network": "T",
        "pipe": "P2",
        "starts_at": "2027-03-01T08:00:00+05:00",
        "ends_at": "2027-03-01T12:00:00+05:00",
        "reason": "a new valve",
    }

    def post(address: str, content: Any, by: Client = client) -> Any:
        return by.post(address, json.dumps(content), content_type="application/json")

    made = post("/api/v1/outages/", body)
    assert made.status_code == 201, made.content
    outage = made.json()
    assert (outage["state"], outage["close"], outage["conflicts_with"]) == ("planned", ["V1", "V2"], [])
    again = post("/api/v1/outages/", body).json()
    assert again["state"] == "conflict"
    address = f"/api/v1/outages/{outage['uid']}/"
    listed = client.get("/api/v1/outages/?network=T&state=conflict").json()["results"]
    assert [row["uid"] for row in listed] == [again["uid"]]
    stranger = Client()
    stranger.force_login(make_user("engineer", other_district))
    crew = Client()
    crew.force_login(make_user("crew", drawn.network.division))
    for other in (stranger, crew):
        assert post(f"{address}start/", {}, other).status_code == 404
        assert post("/api/v1/outages/", body, other).status_code == 404
    assert Outage.objects.count() == 2
    assert post(f"{address}start/", {"close_valves": True}).json()["state"] == "in_progress"
    assert post(f"{address}start/", {}).status_code == 400
    assert post(f"{address}finish/", {}).json()["state"] == "finished"
    assert client.get(f"/api/v1/outages/{again['uid']}/").json()["state"] == "planned"
    assert post(f"/api/v1/outages/{again['uid']}/cancel/", {}).json()["state"] == "cancelled"
    assert post("/api/v1/outages/", body | {"network": "X"}).status_code == 404
    for wrong in (
        {"pipe": "X"},
        {"at": 1.5},
        {"ends_at": body["starts_at"]},
        {"starts_at": "soon"},
        {"reason": ""},
        {"inoperable": ["NONE"]},
    ):
        assert post("/api/v1/outages/", body | wrong).status_code == 400, wrong


def command(*arguments: str) -> tuple[int, dict[str, Any]]:
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    try:
        with redirect_stderr(stderr):
            call_command("outage", "T", *arguments, "--json", stdout=stdout, stderr=stderr)
    except SystemExit as error:
        code = int(error.code or 0)
    return code, json.loads(stdout.getvalue())


def test_the_command(drawn: Drawn, tmp_path: Any) -> None:
    people(drawn, "Aziz", "Bobur")
    code, outage = command("--pipe", "P2", "--from", "2027-03-01T08:00", "--to", "2027-03-01T12:00")
    assert (code, outage["state"], outage["subscribers"]) == (0, "planned", 1)
    assert outage["starts_at"] == "2027-03-01T08:00:00+05:00"
    assert [row["number"] for row in command()[1]["outages"]] == ["2027-0001"]
    file = tmp_path / "told.csv"
    told = command("--number", "2027-0001", "--do", "subscribers", "--csv", str(file))[1]["told"]
    assert [row["name"] for row in told] == ["Aziz"]
    assert "Aziz" in file.read_text(encoding="utf-8-sig")
    assert command("--number", "2027-0001", "--do", "start", "--valves")[1]["state"] == "in_progress"
    assert command("--number", "2027-0001", "--do", "finish")[1]["state"] == "finished"
    assert command("--number", "9")[0] == 1
    assert command("--pipe", "NONE", "--from", "2027-03-01T08:00", "--to", "2027-03-01T12:00")[0] == 1


def test_two_sessions_do_not_both_plan_the_same_ground(committing_database: None) -> None:
    drawn = ring(make_district("QIBRAY", "Qibray"))
    error = beside(lambda: plan(drawn, "P2", 8, 12), lambda: plan(drawn, "P4", 8, 12))
    assert error is None
    assert sorted(Outage.objects.values_list("state", flat=True)) == ["conflict", "planned"]
    assert len(set(Outage.objects.values_list("number", flat=True))) == 2
