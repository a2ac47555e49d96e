"""A layer of isolation valves from a CSV file."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.gis.geos import LineString
from django.core.management import call_command

from assets.editing.services.undoing import undo_last
from assets.models import Edit, HydrantDetail, Node, Pipe, ValveDetail
from gis_core.models import User
from tests.assets.editing.conftest import node, pipe
from tests.assets.editing.state import broken_invariants, stored_state
from tests.world import World

pytestmark = pytest.mark.django_db


def run(tmp_path: Path, text: str | bytes, *more: str) -> tuple[int, dict[str, Any]]:
    path = tmp_path / "valves.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    out = StringIO()
    try:
        call_command(
            "import_valves", str(path), "--network", "N1", "--json", *more, stdout=out, stderr=StringIO()
        )
    except SystemExit as end:
        return int(end.code or 0), json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def test_valves_stand_at_their_ends_and_bad_rows_are_refused_alone(
    world: World, engineer: User, tmp_path: Path
) -> None:
    before = stored_state()
    table = (
        "\ufeffPipe;Node\r\n P2 ;A\r\nP2;B\r\n\r\nP2;A\r\nP2;C\r\nM1;A\r\nnone;A\r\nP1;R\r\nP1;A\r\nP4;\r\n"
    )
    code, report = run(tmp_path, table, "--user", engineer.username)
    assert code == 0
    assert [(valve["pipe"], valve["node"]) for valve in report["valves"]] == [
        ("P2", "A"),
        ("P2", "B"),
        ("P1", "R"),
        ("P1", "A"),
    ]
    reasons = {entry["row"]: entry["reason"] for entry in report["refused"]}
    assert reasons == {
        5: "the table names this end of the pipe twice",
        6: "C is not a node at an end of pipe P2",
        7: "M1 is a bulk meter, not a pipe",
        8: "there is no pipe none",
        11: "the node is missing",
    }
    # P2 lies between its valves; each valve is joined to its node by a connector
    assert {pipe("P2").start_node.kind, pipe("P2").end_node.kind} == {"valve"}
    assert node("V-P2-A").valve.status == "open"
    assert ValveDetail.objects.get(node__code="V-P2-B").valve_type == "isolation"
    joined = Pipe.objects.get(code="V-P2-A/1")
    assert (joined.is_connector, joined.start_node.code, joined.end_node.code) == (True, "A", "V-P2-A")
    # P1 ended at meter M1, which a connector joins to A: the valve stands before the meter
    assert pipe("P1").end_node.code == "V-P1-A"
    assert Pipe.objects.get(code="V-P1-A/1").end_node.code == "M1"
    assert broken_invariants() == {}
    assert Edit.objects.count() == 1
    again, report = run(tmp_path, "pipe,node\nP2,A\n")
    assert (again, report["error"]["details"][0]["reason"]) == (1, "an isolation valve is there already")
    undo_last(world.network, acting_user=engineer)
    assert stored_state() == before


def test_pipes_shorter_than_the_tolerance(world: World, tmp_path: Path) -> None:
    a = node("A")
    for name, east in (("TINY", 1e-7), ("NONE", 0.0)):
        other = Node.objects.create(
            network=world.network,
            division=world.district,
            kind="junction",
            code=f"END-{name}",
            geom=type(a.geom)(a.geom.x + east, a.geom.y, srid=4326),
        )
        Pipe.objects.create(
            network=world.network,
            division=world.district,
            code=name,
            start_node=a,
            end_node=other,
            geom=LineString(a.geom.coords, other.geom.coords, srid=4326),
        )
    code, report = run(tmp_path, "node,pipe\nA,TINY\nEND-TINY,TINY\nA,NONE\nEND-NONE,NONE\n")
    assert (code, report["placed"], report["refused"]) == (0, 4, [])
    assert broken_invariants() == {}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "no_rows"),
        ("link,node\nP1,A\n", "missing_column"),
        ("pipe,node\n", "nothing_placed"),
        (b"pipe,node\n\xff\xfe,A\n", "unreadable_file"),
        ('pipe,node\n"P1,A\n', "unreadable_file"),
        ("pipe,node\nP1\x00,A\n", "nothing_placed"),
    ],
)
def test_files_that_cannot_be_taken(world: World, tmp_path: Path, text: str | bytes, error: str) -> None:
    code, report = run(tmp_path, text)
    assert (code, report["error"]["code"]) == (1, error)
    assert Edit.objects.count() == 0


def test_codes_that_collide(world: World, tmp_path: Path) -> None:
    """A pump may be called like a pipe, and a device like a node: the pipe and the node at its end are meant."""
    hydrant = Node.objects.create(
        network=world.network, division=world.district, kind="hydrant", code="A", geom=node("C").geom
    )
    HydrantDetail.objects.create(node=hydrant)
    code, report = run(tmp_path, "pipe,node\nP2,A\nP4,T\n")
    assert (code, report["placed"]) == (0, 2)
