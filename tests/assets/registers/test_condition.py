"""Leaks, inspections, verifications, what is overdue, and the condition of pipes."""

import json
from datetime import date, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from assets.models import Inspection, LeakRecord, Node, Pipe, PipeCondition, Verification, VerificationPolicy
from assets.registers.selectors.condition import verification_counts, verification_status
from assets.registers.services.condition import (
    place_near,
    place_on,
    record_inspection,
    record_verification,
    report_leak,
    set_verification_interval,
)
from gis_core.errors import ReportedError
from tests.assets.registers.conftest import Registers, patch, post


def leak_body(**changes: Any) -> dict[str, Any]:
    return {"network": "N1", "source": "patrol", "lon": 69.4031, "lat": 41.40005, **changes}


def test_a_leak_near_a_pipe_hangs_on_it_at_its_position(registers: Registers) -> None:
    answer = post(registers.crew, "leaks/", leak_body())
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["pipe_code"], body["node_code"], body["state"]) == ("P2", "B", "reported")
    assert body["position"] == pytest.approx(0.55, abs=1e-6)
    assert body["geometry"]["coordinates"] == pytest.approx([69.4031, 41.4], abs=1e-6)
    assert body["number"] == f"{timezone.localdate().year}-0001"
    assert post(registers.crew, "leaks/", leak_body()).json()["number"].endswith("-0002")


def test_the_nearest_pipe_is_nearest_on_the_ground(registers: Registers) -> None:
    """P4 runs north from A at 69.402, P2 east: a place 30 m east and 25 m north of A is nearer to P2."""
    network = registers.world.network
    place, distance_m = place_near(network, longitude=69.40236, latitude=41.400225, tolerance_m=50)
    assert place.pipe_id == registers.world.pipes["P2"].pk
    assert distance_m == pytest.approx(25, abs=0.2)
    with pytest.raises(ReportedError, match="within 20 m"):
        place_near(network, longitude=69.40236, latitude=41.400225, tolerance_m=20)


@pytest.mark.parametrize(
    "changes",
    [
        {"lon": 10.0},
        {"lat": None},
        {"tolerance_m": 1000},
        {"source": "rumour"},
        {"reported_at": "2999-01-01T00:00:00Z"},
        {"estimated_loss_m3h": -1},
        {"estimated_loss_m3h": "3"},
        {"node": str(uuid4()), "lon": 69.4},
        {"position": 0.5},
    ],
)
def test_a_bad_report_is_refused(registers: Registers, changes: dict[str, Any]) -> None:
    answer = post(registers.crew, "leaks/", leak_body(**changes))
    assert answer.status_code == 400, answer.content
    assert LeakRecord.objects.count() == 0


def test_reports_are_scoped_and_sent_twice_they_are_one(registers: Registers) -> None:
    assert post(registers.analyst, "leaks/", leak_body()).status_code == 404
    assert post(registers.neighbour, "leaks/", leak_body()).status_code == 404
    uid = str(uuid4())
    first = post(registers.crew, "leaks/", leak_body(uid=uid)).json()
    again = post(registers.crew, "leaks/", leak_body(uid=uid))
    assert again.status_code == 201
    assert again.json()["number"] == first["number"]
    assert LeakRecord.objects.count() == 1


def test_a_leak_goes_from_report_to_repair_and_no_other_way(registers: Registers) -> None:
    uid = post(registers.crew, "leaks/", leak_body()).json()["uid"]
    path = f"leaks/{uid}/"
    for state in ("repaired", "being_repaired", "reported"):
        assert patch(registers.crew, path, {"state": state}).status_code == 400
    place = {"pipe": str(registers.world.pipes["P2"].uid), "position": 0.25}
    located = patch(registers.crew, path, {"state": "located", "kind": "joint", **place})
    assert located.status_code == 200, located.content
    assert (located.json()["position"], located.json()["kind"]) == (0.25, "joint")
    # An end before its beginning, and nothing of a change that is refused in part.
    early = (timezone.now() - timedelta(days=2)).isoformat()
    refused = patch(registers.crew, path, {"state": "being_repaired", "at": early, "note": "x"})
    assert refused.status_code == 400
    assert LeakRecord.objects.get().note == ""
    for state in ("being_repaired", "located", "being_repaired", "repaired"):
        assert patch(registers.crew, path, {"state": state}).status_code == 200, state
    for state in LeakRecord.State.values:
        assert patch(registers.crew, path, {"state": state}).status_code == 400
    assert patch(registers.analyst, path, {"note": "x"}).status_code == 404
    output = StringIO()
    call_command("leaks", "--network=N1", "--json", stdout=output)
    assert json.loads(output.getvalue())["by_state"] == {"repaired": 1}


def test_verifications_are_by_who_sends_them(registers: Registers) -> None:
    node = registers.world.nodes["A"]
    body = {"node": str(node.uid), "verified_on": "2025-03-01", "method": "gnss", "uid": str(uuid4())}
    assert post(registers.analyst, "verifications/", body).status_code == 404
    answer = post(registers.crew, "verifications/", {**body, "position_confirmed": True})
    assert answer.status_code == 201, answer.content
    assert answer.json()["verified_by"] == registers.crew_user.username
    assert post(registers.crew, "verifications/", {**body, "position_confirmed": True}).status_code == 201
    assert post(registers.crew, "verifications/", {**body, "method": "visual"}).status_code == 400
    assert Verification.objects.count() == 1
    for bad in ({"verified_on": "2999-01-01"}, {"pipe": str(uuid4())}, {"position_confirmed": "yes"}):
        assert post(registers.crew, "verifications/", {**body, "uid": str(uuid4()), **bad}).status_code == 400
    connector = Pipe.objects.get(code="M1/1")
    del body["node"], body["uid"]
    assert post(registers.crew, "verifications/", {**body, "pipe": str(connector.uid)}).status_code == 400


def naive_status(registers: Registers, today: date) -> dict[str, bool]:
    """Which assets are overdue, worked out row by row."""
    found = {}
    network = registers.world.network
    assets: list[Node | Pipe] = [*network.nodes.all(), *network.pipes.filter(is_connector=False)]
    for asset in assets:
        kind = asset.kind if isinstance(asset, Node) else "pipe"
        policies = VerificationPolicy.objects.filter(commodity="water", kind=kind)
        own = [p for p in policies if p.division and network.division.path.startswith(p.division.path)]
        general = [p for p in policies if p.division is None]
        own.sort(key=lambda policy: len(policy.division.path))  # type: ignore[union-attr]
        chosen = (general + own)[-1:] or [None]  # type: ignore[list-item]
        last = asset.verifications.order_by("-verified_on").first()  # type: ignore[union-attr]
        start = last.verified_on if last else None
        if start is None and isinstance(asset, Node):
            start = asset.installed_on
        if start is None and isinstance(asset, Pipe) and asset.year_installed:
            start = date(asset.year_installed, 12, 31)
        is_overdue = chosen[0] is not None and asset.lifecycle == "in_service"
        if is_overdue and start is not None:
            months = start.month - 1 + chosen[0].interval_months  # type: ignore[union-attr]
            due = date(start.year + months // 12, months % 12 + 1, min(start.day, 28))
            is_overdue = due < today
        found[f"{kind} {asset.code}"] = is_overdue
    return found


def test_what_is_overdue_equals_a_plain_count(registers: Registers) -> None:
    today = date(2026, 6, 1)
    world = registers.world
    user = registers.crew_user
    for code, day in (("A", date(2020, 1, 5)), ("A", date(2025, 1, 5)), ("B", date(2010, 1, 5))):
        record_verification(
            asset=world.nodes[code], verified_on=day, verified_by=user, method="visual", acting_user=user
        )
    Pipe.objects.filter(code="P1").update(year_installed=2024)
    Pipe.objects.filter(code="P2").update(year_installed=2000)
    Pipe.objects.filter(code="P3").update(lifecycle="planned")
    Node.objects.filter(code="T").update(installed_on=date(2026, 1, 1))
    for division, months in ((world.district.parent, 600), (world.district, 3)):
        set_verification_interval(
            division=division, commodity="water", kind="bulk_meter", interval_months=months, acting_user=None
        )
    VerificationPolicy.objects.filter(kind="reservoir").delete()
    rows = verification_status([world.network], limit=100, today=today)
    found = {f"{row.kind} {row.code}": row.is_overdue for row in rows}
    assert found == naive_status(registers, today)
    assert {row.code: row.last_verified_on for row in rows}["A"] == date(2025, 1, 5)
    assert {row.code: row.due_on for row in rows}["A"] == date(2030, 1, 5)
    counts = verification_counts([world.network], today)
    assert sum(row["overdue"] for row in counts) == sum(found.values())
    assert sum(row["assets"] for row in counts) == len(found)
    overdue = verification_status([world.network], limit=100, today=today, is_overdue=True)
    assert {f"{row.kind} {row.code}" for row in overdue} == {name for name, late in found.items() if late}


def test_pages_of_the_status_neither_skip_nor_repeat(registers: Registers) -> None:
    whole = registers.crew.get("/api/v1/verification-status/?limit=1000").json()["results"]
    assert len(whole) == 7 + 4
    seen, address = [], "/api/v1/verification-status/?limit=2&network=N1"
    while address:
        page = registers.crew.get(address).json()
        seen += page["results"]
        address = page["next"]
    assert seen == whole
    assert registers.neighbour.get("/api/v1/verification-status/").json()["results"] == []
    zone = registers.world.zones["Z2"].uid
    only = registers.crew.get(f"/api/v1/verification-status/?zone={zone}&kind=junction").json()["results"]
    assert [row["code"] for row in only] == ["C"]
    for bad in ("kind=teapot", "overdue=maybe", "zone=x", "cursor=x", "limit=0", "surprise=1"):
        assert registers.crew.get(f"/api/v1/verification-status/?{bad}").status_code == 400, bad
    output = StringIO()
    call_command("verification_due", "--network=N1", "--json", stdout=output)
    result = json.loads(output.getvalue())
    assert result["overdue"] == len(result["overdue_assets"]) == 11


def condition_of(code: str) -> PipeCondition:
    return PipeCondition.objects.get(code=code)


def test_the_grade_is_that_of_the_last_inspection_else_derived(registers: Registers) -> None:
    world, year = registers.world, timezone.localdate().year
    assert (condition_of("P1").grade, condition_of("P1").grade_method) == (None, "unknown")
    Pipe.objects.filter(code="P1").update(material=" Steel ", year_installed=year - 30)
    aged = condition_of("P1")
    assert (aged.age_years, aged.expected_life_years, aged.used_life_percent) == (30, 50, 60.0)
    assert (aged.grade, aged.grade_method) == (3, "age")
    for kind in ("main_burst", "main_leak", "service", "main_leak"):
        leak = report_leak(
            network=world.network,
            place=place_on(world.pipes["P1"], 0.5),
            source="patrol",
            kind=kind,
            acting_user=None,
        )
    LeakRecord.objects.filter(pk=leak.pk).update(state="rejected", rejected_at=timezone.now())
    broken = condition_of("P1")
    # Two breaks on 100 m in ten years: two a kilometre and year.
    assert broken.breaks == 2
    assert broken.breaks_per_km_year == pytest.approx(2.0)
    assert (broken.grade, broken.grade_method) == (4, "breaks")
    for day, grade in ((date(2025, 5, 1), 2), (date(2024, 5, 1), 5)):
        record_inspection(
            asset=world.pipes["P1"],
            inspected_on=day,
            inspector="O. K.",
            method="acoustic",
            grade=grade,
            acting_user=None,
        )
    seen = condition_of("P1")
    assert (seen.grade, seen.grade_method, seen.inspected_on) == (2, "inspection", date(2025, 5, 1))
    listed = registers.crew.get("/api/v1/condition/?minimum_grade=2").json()["results"]
    assert [row["code"] for row in listed] == ["P1"]


def test_summaries_add_up(registers: Registers) -> None:
    Pipe.objects.filter(code__in=["P1", "P2"]).update(material="steel", year_installed=1990)
    for by in ("material", "diameter_class", "zone"):
        groups = registers.analyst.get(f"/api/v1/condition/summary/?by={by}&network=N1").json()
        assert sum(group["pipes"] for group in groups) == 4, by
        assert sum(group["length_km"] for group in groups) == pytest.approx(0.4)
        for group in groups:
            assert sum(group["length_km_by_grade"].values()) == pytest.approx(group["length_km"])
    steel = registers.analyst.get("/api/v1/condition/summary/?by=material").json()
    assert {group["group"]: group["pipes"] for group in steel} == {"steel": 2, None: 2}
    assert registers.analyst.get("/api/v1/condition/summary/?by=colour").status_code == 400
    assert registers.neighbour.get("/api/v1/condition/summary/?by=zone").json() == []


def test_inspections_are_recorded_by_crews(registers: Registers) -> None:
    body = {
        "pipe": str(registers.world.pipes["P1"].uid),
        "inspected_on": "2025-05-05",
        "inspector": "O. K.",
        "method": "cctv",
        "grade": 4,
        "next_due_on": "2026-05-05",
    }
    assert post(registers.crew, "inspections/", body).status_code == 201
    for bad in ({"grade": 6}, {"grade": "4"}, {"next_due_on": "2025-05-05"}, {"inspected_on": "05.05.2025"}):
        assert post(registers.crew, "inspections/", {**body, **bad}).status_code == 400, bad
    assert Inspection.objects.count() == 1
    listed = registers.analyst.get(f"/api/v1/inspections/?pipe={body['pipe']}&grade=4").json()["results"]
    assert listed[0]["asset_code"] == "P1"


def test_intervals_of_a_division_are_set_by_its_engineers(registers: Registers) -> None:
    body = {"division": "QIBRAY", "commodity": "water", "kind": "pipe", "interval_months": 24}
    assert post(registers.crew, "verification-policies/", body).status_code == 404
    assert post(registers.neighbour, "verification-policies/", body).status_code == 404
    assert post(registers.engineer, "verification-policies/", body).status_code == 201
    changed = post(registers.engineer, "verification-policies/", {**body, "interval_months": 12})
    assert changed.json()["interval_months"] == 12
    own = VerificationPolicy.objects.get(division=registers.world.district)
    assert own.interval_months == 12
    path = f"/api/v1/verification-policies/{own.pk}/"
    assert registers.crew.get(path).status_code == 200
    assert registers.neighbour.get(path).status_code == 404
