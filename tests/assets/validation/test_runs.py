"""Runs: dirty ground and its clearing, findings that stay, go and are accepted, repairs, the command and the API."""

import io
import json
import os
import random
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client

from assets.editing.services.attributes import set_pipe_attributes
from assets.editing.services.bulk import apply_operations
from assets.editing.services.pipes import add_pipe, delete_pipe
from assets.editing.services.undoing import undo_last
from assets.models import DirtyArea, Edit, Finding, Network, Pipe
from assets.validation.services import CATALOGUE, parse_bbox, validate_network
from assets.validation.services.deciding import accept_finding, repair_finding, withdraw_acceptance
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from tests.assets.importing import LIBRARY_MODELS, imported, library_model
from tests.assets.validation.cases import CASES
from tests.assets.validation.sketch import Sketch, at

STEPS = 90 if os.environ.get("TARMOQ_PROVE") else 60


@pytest.fixture
def person(db: Any) -> User:
    return User.objects.create(username="engineer")


@pytest.fixture
def sketch(district: Division) -> Sketch:
    """R - A - B, all of it as it should be."""
    drawn = Sketch(district)
    drawn.main()
    return drawn


def codes(network: Network) -> list[str]:
    return sorted(Finding.objects.filter(network=network).values_list("check_code", flat=True))


def spur(sketch: Sketch, person: User) -> str:
    """Draw a dead end to the north of A; return its uid."""
    line = {"type": "LineString", "coordinates": [list(at(100, 0)), list(at(100, 80))]}
    values = {"diameter_m": 0.1, "material": "steel", "roughness": 130}
    made = add_pipe(
        sketch.network,
        geometry=line,
        start_node=str(sketch.nodes["A"].uid),
        values=values,
        acting_user=person,
    )
    return str(made["pipe"])


def test_a_clean_network_has_no_findings(sketch: Sketch) -> None:
    result = validate_network(sketch.network, acting_user=None, is_everything=True)
    assert result.findings == []
    assert result.checked_nodes == 3
    assert result.checked_pipes == 2
    assert {"line_attribute_missing", "sewer_runs_uphill"}.isdisjoint(result.checks)


def test_an_edit_makes_ground_dirty_and_a_run_clears_it(sketch: Sketch, person: User) -> None:
    assert validate_network(sketch.network, acting_user=None).areas == 0
    spur(sketch, person)
    assert DirtyArea.objects.filter(network=sketch.network).count() == 1
    result = validate_network(sketch.network, acting_user=person)
    assert (result.mode, result.areas, result.cleared_areas) == ("dirty", 1, 1)
    assert "dead_end_without_cap" in result.by_check
    assert not DirtyArea.objects.exists()
    assert {entry["check"] for entry in result.skipped_checks} == {
        check.code for check in CATALOGUE.values() if check.scope == "network"
    }
    audit = AuditEvent.objects.get(action="validate network", user=person)
    assert audit.new_values is not None
    assert audit.new_values["cleared_areas"] == 1


def test_a_finding_goes_when_its_reason_goes(sketch: Sketch, person: User) -> None:
    pipe = spur(sketch, person)
    validate_network(sketch.network, acting_user=None)
    assert "dead_end_without_cap" in codes(sketch.network)
    delete_pipe(sketch.network, pipe=pipe, acting_user=person)
    result = validate_network(sketch.network, acting_user=None)
    assert "dead_end_without_cap" not in codes(sketch.network)
    assert "orphan_node" in codes(sketch.network)
    assert (result.resolved, result.new) == (1, 1)
    undo_last(sketch.network, acting_user=person)
    undo_last(sketch.network, acting_user=person)
    validate_network(sketch.network, acting_user=None)
    assert codes(sketch.network) == []


def test_a_run_over_other_ground_leaves_findings_and_dirty_areas(sketch: Sketch, person: User) -> None:
    spur(sketch, person)
    validate_network(sketch.network, acting_user=None)
    set_pipe_attributes(
        sketch.network, pipe=sketch.pipes["P2"].uid, values={"material": "PVC"}, acting_user=person
    )
    before = codes(sketch.network)
    west, south = at(5_000, 5_000)
    result = validate_network(
        sketch.network, acting_user=None, boxes=[(west, south, west + 0.01, south + 0.01)]
    )
    assert (result.checked_nodes, result.resolved, result.cleared_areas) == (0, 0, 0)
    assert codes(sketch.network) == before
    assert DirtyArea.objects.count() == 1
    # A box that holds part of the dirty area looks at it but cannot clear it.
    west, south = at(150, -10)
    result = validate_network(
        sketch.network, acting_user=None, boxes=[(west, south, west + 0.0001, south + 0.001)]
    )
    assert result.checked_pipes > 0
    assert DirtyArea.objects.count() == 1


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in CASES
        if case.check in ("island_without_source", "no_path_to_source", "reversed_check_valve")
    ],
    ids=lambda case: case.check,
)
def test_a_part_cut_off_is_resolved_when_it_is_joined(case: Any, district: Division, person: User) -> None:
    sketch = Sketch(district)
    case.draw(sketch, True)
    validate_network(sketch.network, acting_user=None, is_everything=True)
    assert case.check in codes(sketch.network)
    line = {"type": "LineString", "coordinates": [list(at(200, 0)), list(at(300, 60)), list(at(400, 0))]}
    add_pipe(
        sketch.network,
        geometry=line,
        start_node=str(sketch.nodes["B"].uid),
        end_node=str(sketch.nodes["Y"].uid),
        acting_user=person,
    )
    validate_network(sketch.network, acting_user=None)
    assert case.check not in codes(sketch.network)
    undo_last(sketch.network, acting_user=person)
    validate_network(sketch.network, acting_user=None)
    assert case.check in codes(sketch.network)


def test_acceptance_lasts_as_long_as_the_finding(sketch: Sketch, person: User) -> None:
    spur(sketch, person)
    validate_network(sketch.network, acting_user=None)
    finding = Finding.objects.get(check_code="dead_end_without_cap")
    for reason, code in (("  ", "reason_missing"), ("x" * 401, "reason_too_long")):
        with pytest.raises(ReportedError) as refused:
            accept_finding(finding, reason=reason, acting_user=person)
        assert refused.value.code == code
    accept_finding(finding, reason="A stub for the next house", acting_user=person)
    assert AuditEvent.objects.filter(action="accept finding", user=person).count() == 1
    result = validate_network(sketch.network, acting_user=None, is_everything=True)
    again = Finding.objects.get(check_code="dead_end_without_cap")
    assert (again.uid, again.acceptance_reason, again.accepted_by) == (
        finding.uid,
        "A stub for the next house",
        person,
    )
    assert result.accepted == 1
    assert [row["is_accepted"] for row in result.findings if row["check"] == again.check_code] == [True]
    withdraw_acceptance(again, acting_user=person)
    assert Finding.objects.get(pk=again.pk).accepted_at is None
    Finding.objects.all().delete()
    with pytest.raises(ReportedError) as refused:
        accept_finding(again, reason="late", acting_user=person)
    assert refused.value.code == "finding_resolved"


REPAIRED = sorted(check.code for check in CATALOGUE.values() if check.repair is not None)


@pytest.mark.django_db
@pytest.mark.parametrize("check", REPAIRED)
def test_a_repair_resolves_its_finding_and_can_be_undone(
    check: str, district: Division, person: User
) -> None:
    case = next(case for case in CASES if case.check == check)
    sketch = Sketch(district, case.commodity)
    case.draw(sketch, True)
    validate_network(sketch.network, acting_user=None, is_everything=True)
    finding = Finding.objects.get(check_code=check)
    assert finding.repair is not None
    errors = Finding.objects.filter(severity="error").count()
    repaired = repair_finding(finding, acting_user=person)
    assert repaired.is_resolved
    assert not Finding.objects.filter(check_code=check).exists()
    assert Finding.objects.filter(severity="error").count() <= errors
    edit = Edit.objects.get(pk=repaired.edit.pk)
    assert edit.acting_user == person
    undo_last(sketch.network, acting_user=person)
    validate_network(sketch.network, acting_user=None)
    assert Finding.objects.get(check_code=check).fingerprint == finding.fingerprint


def test_no_repair_where_something_would_be_lost(sketch: Sketch, person: User) -> None:
    sketch.node("X", 100, 50)
    sketch.attach("X")
    validate_network(sketch.network, acting_user=None, is_everything=True)
    finding = Finding.objects.get(check_code="orphan_node")
    assert finding.repair is None
    with pytest.raises(ReportedError) as refused:
        repair_finding(finding, acting_user=person)
    assert refused.value.code == "no_repair"
    assert not Edit.objects.exists()


def test_services_on_a_main_are_told_from_sensors(sketch: Sketch, monkeypatch: pytest.MonkeyPatch) -> None:
    Pipe.objects.filter(pk=sketch.pipes["P1"].pk).update(diameter_m=0.5)
    attachment = sketch.attach("A", "P1", 0.9)
    served: list[int] = []
    monkeypatch.setattr(
        "assets.validation.services.findings.consumers_at_attachments",
        lambda ids: {"subscribers": sum(pk in served for pk in ids)},
    )
    validate_network(sketch.network, acting_user=None, is_everything=True)
    assert "service_on_transmission_main" not in codes(sketch.network)
    served.append(attachment.pk)
    validate_network(sketch.network, acting_user=None, is_everything=True)
    assert Finding.objects.get(check_code="service_on_transmission_main").element_codes == ["P1"]
    Pipe.objects.filter(pk=sketch.pipes["P1"].pk).update(diameter_m=0.39)
    validate_network(sketch.network, acting_user=None, is_everything=True)
    assert "service_on_transmission_main" not in codes(sketch.network)


def test_an_edit_committed_during_a_run_stays_dirty(
    committing_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The edit commits on another connection between the reading of the dirty areas and their clearing."""
    from assets.validation.services.running import _ValidationRun
    from tests.conftest import make_district

    sketch = Sketch(make_district("QIBRAY", "Qibray tumani"))
    sketch.main()
    person = User.objects.create(username="engineer")
    spur(sketch, person)
    look = _ValidationRun._look

    def look_while_somebody_edits(run: Any, dirty_ids: Any) -> None:
        other = connections["default"].copy()
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO assets_dirtyarea (network_id, geom, made_at) "
                "SELECT network_id, geom, now() FROM assets_dirtyarea"
            )
        other.close()
        look(run, dirty_ids)

    monkeypatch.setattr(_ValidationRun, "_look", look_while_somebody_edits)
    before = set(DirtyArea.objects.values_list("pk", flat=True))
    assert validate_network(sketch.network, acting_user=None).cleared_areas == 1
    left = set(DirtyArea.objects.values_list("pk", flat=True))
    assert len(left) == 1
    assert left.isdisjoint(before)


@pytest.mark.django_db
def test_local_runs_agree_with_a_run_over_everything(district: Division, person: User) -> None:
    """After random edits, runs over dirty ground leave what one run over the whole network finds."""
    imported(library_model("Net3"))
    network = Network.objects.get(code="N")
    validate_network(network, acting_user=None, is_everything=True)
    dice = random.Random(7)
    done = 0
    for _step in range(STEPS):
        pipe = dice.choice(list(Pipe.objects.filter(network=network, is_connector=False).order_by("pk")))
        operation = dice.choice(
            [
                {"op": "split_pipe", "pipe": str(pipe.uid), "position": 0.4},
                {"op": "delete_pipe", "pipe": str(pipe.uid), "reattach": True},
                {"op": "set_pipe_attributes", "pipe": str(pipe.uid), "values": {"status": "closed"}},
                {"op": "set_pipe_attributes", "pipe": str(pipe.uid), "values": {"diameter_m": 0.05}},
                {"op": "set_pipe_attributes", "pipe": str(pipe.uid), "values": {"has_check_valve": True}},
                {"op": "disconnect_pipe", "pipe": str(pipe.uid), "end": "end"},
                {"op": "disconnect_pipe", "pipe": str(pipe.uid), "end": "start"},
                {"op": "set_pipe_attributes", "pipe": str(pipe.uid), "values": {"status": "closed"}},
            ]
        )
        try:
            apply_operations(network, [operation], acting_user=person)
            done += 1
        except ReportedError:
            continue
        if done % 4 == 0:
            validate_network(network, acting_user=None)
    assert done > STEPS / 2
    validate_network(network, acting_user=None)
    key = ("check_code", "fingerprint", "explanation")
    kept = Finding.objects.filter(network=network)
    by_pieces = set(kept.values_list(*key))
    validate_network(network, acting_user=None, is_everything=True)
    at_once = set(kept.values_list(*key))
    assert by_pieces == at_once
    assert {code for code, _mark, _text in at_once} >= {"no_path_to_source", "island_without_source"}


@pytest.mark.figure
@pytest.mark.parametrize("model", LIBRARY_MODELS if os.environ.get("TARMOQ_PROVE") else LIBRARY_MODELS[:3])
def test_real_models_do_not_drown_in_errors(model: str, district: Division) -> None:
    imported(library_model(model))
    network = Network.objects.get(code="N")
    result = validate_network(network, acting_user=None, is_everything=True)
    pipes = Pipe.objects.filter(network=network, is_connector=False).count()
    counts = ", ".join(f"{number} {severity}s" for severity, number in result.by_severity.items())
    print(f"N6: {model}: {pipes} pipes: {counts}")
    assert result.by_severity["error"] <= 0.01 * pipes
    # What a schematic drawing says of lengths and crossings is told, but as what it is.
    drawn = ("length_contradicts", "crossing_without_node")
    others = result.by_severity["warning"] - sum(result.by_check.get(code, 0) for code in drawn)
    assert others <= 0.02 * pipes + 4
    assert result.is_cut == (result.found > 1_000)
    assert len(result.findings) <= 1_000


def run_command(*arguments: str) -> tuple[int, Any, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    code = 0
    try:
        with redirect_stderr(stderr):
            call_command("validate_network", *arguments, stdout=stdout, stderr=stderr)
    except SystemExit as error:
        code = int(error.code or 0)
    text = stdout.getvalue()
    return code, json.loads(text) if "--json" in arguments and text else text, stderr.getvalue()


def test_the_command(sketch: Sketch, person: User) -> None:
    spur(sketch, person)
    west, south = at(-10, -10)
    east, north = at(300, 100)
    code, document, _ = run_command("S", f"--bbox={west},{south},{east},{north}", "--json")
    assert code == 0
    assert document["mode"] == "bbox"
    assert document["cleared_areas"] == 1
    (listed,) = [row for row in document["findings"] if row["check"] == "dead_end_without_cap"]
    assert listed["severity"] == "warning"
    assert listed["geometry"]["type"] == "Point"
    assert listed["elements"][0].startswith("node:")
    code, document, _ = run_command("S", "--all", "--json", "--fail-on", "error")
    assert (code, document["mode"]) == (0, "all")
    code, document, _ = run_command("S", "--all", "--json", "--fail-on", "warning")
    assert code == 1
    assert document["by_check"]["dead_end_without_cap"] == 1
    code, text, _ = run_command("S", "--all")
    assert code == 0
    assert "dead_end_without_cap" in text
    code, document, errors = run_command("NONE", "--json")
    assert (code, document["error"]["code"]) == (1, "unknown_network")
    assert "NONE" in errors


@pytest.mark.parametrize(
    "text",
    ["1,2,3", "a,b,c,d", "10,0,5,1", "0,5,1,4", "0,0,nan,1", "0,0,181,1", "", "0,0,1,inf", "1,2,3,4,5"],
)
def test_bad_boxes_are_refused(text: str) -> None:
    with pytest.raises(ReportedError) as refused:
        parse_bbox(text)
    assert refused.value.code == "bad_bbox"


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [["--bbox=1,2,3"], ["--bbox=0,0,1,1", "--all"], ["--check", "nothing"]])
def test_bad_arguments_exit_2(arguments: list[str]) -> None:
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "manage.py", "validate_network", "S", *arguments, "--json"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""


def test_the_api(sketch: Sketch, district: Division, make_user: Any) -> None:
    engineer = make_user("engineer", district)
    client = Client()
    client.force_login(engineer)
    spur(sketch, engineer)
    dirty = client.get("/api/v1/networks/S/dirty-areas/").json()["results"]
    assert len(dirty) == 1
    assert dirty[0]["edited_by"] == engineer.username
    done = client.post("/api/v1/networks/S/validation/", {}, "application/json")
    assert done.status_code == 201, done.content
    assert done.json()["cleared_areas"] == 1
    listed = client.get("/api/v1/findings/?network=S&check_code=dead_end_without_cap&accepted=false").json()
    (finding,) = listed["results"]
    assert finding["geometry"]["type"] == "Point"
    west, south = at(5_000, 5_000)
    away = client.get(f"/api/v1/findings/?bbox={west},{south},{west + 1},{south + 1}").json()
    assert away["results"] == []
    assert client.get("/api/v1/findings/?bbox=1,2,3").status_code == 400
    assert client.get("/api/v1/findings/?severity=terrible").status_code == 400
    path = f"/api/v1/findings/{finding['uid']}/"
    for body in ({}, {"reason": ""}, {"reason": 7}, {"reason": "x" * 401}):
        assert client.post(f"{path}accept/", body, "application/json").status_code == 400, body
    accepted = client.post(f"{path}accept/", {"reason": "A stub"}, "application/json").json()
    assert (accepted["is_accepted"], accepted["accepted_by"]) == (True, engineer.username)
    assert len(client.get("/api/v1/findings/?accepted=true").json()["results"]) == 1
    withdrawn = client.post(f"{path}withdraw-acceptance/", {}, "application/json").json()
    assert withdrawn["is_accepted"] is False
    assert client.post(f"{path}repair/", {}, "application/json").json()["error"]["code"] == "no_repair"
    for wrong in (
        {"all": True, "bboxes": [[1, 2, 3, 4]]},
        {"bboxes": [[4, 2, 3, 4]]},
        {"bboxes": [[1, 2, 3]]},
    ):
        refused = client.post("/api/v1/networks/S/validation/", wrong, "application/json")
        assert refused.status_code == 400, wrong
    job = client.post("/api/v1/networks/S/validation/", {"all": True}, "application/json")
    assert job.status_code == 202
    checks = client.get("/api/v1/checks/").json()
    assert {check["code"] for check in checks} == CATALOGUE.keys()


@pytest.mark.django_db
def test_a_run_leaves_no_tables_behind(sketch: Sketch) -> None:
    validate_network(sketch.network, acting_user=None, is_everything=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r'"
        )
        assert cursor.fetchone()[0] == 0
