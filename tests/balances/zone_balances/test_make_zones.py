"""Zones from a table: made, moved, refused as a whole; what lies between them; devices in line."""

from pathlib import Path
from typing import Any

import pytest

from assets.editing.services.devices import place_meters_at_pipe_ends
from assets.models import Edit, Network, Node, Pipe, Zone
from gis_core.models import Division
from tests.balances.zone_balances.town import ZONES, make_town, run, stream_on, table


@pytest.fixture
def network(district: Division) -> Network:
    return make_town(district)


def zone_of(code: str) -> str | None:
    zone = Node.objects.get(network__code="TOWN", code=code).zone
    return zone.code if zone else None


def test_zones_are_made_and_again_nothing_changes(network: Network, tmp_path: Path) -> None:
    stream_on(network, "P3", "flow", "m3/h", "F2")
    stream_on(network, "R", "flow", "m3/h", "F1")
    answer = run("make_zones", "TOWN", table(tmp_path, ZONES))
    assert answer == {
        "network": "TOWN",
        "created": 5,
        "moved": 5,
        "unchanged": 0,
        "unzoned": 1,
        "zones": [
            {"zone_code": "A", "parent": "X", "nodes": 2},
            {"zone_code": "B", "parent": "X", "nodes": 2},
            {"zone_code": "C", "parent": "W", "nodes": 1},
            {"zone_code": "W", "parent": None, "nodes": 0},
            {"zone_code": "X", "parent": "W", "nodes": 0},
        ],
        "boundary": [
            {"pipe": "P1", "from_zone": None, "to_zone": "A", "datastream": "F1"},
            {"pipe": "P3", "from_zone": "A", "to_zone": "B", "datastream": "F2"},
            {"pipe": "P5", "from_zone": "A", "to_zone": "C", "datastream": None},
        ],
    }
    edits = Edit.objects.count()
    again = run("make_zones", "TOWN", table(tmp_path, ZONES))
    assert again == {**answer, "created": 0, "moved": 0, "unchanged": 5}
    assert Edit.objects.count() == edits


def test_another_table_moves_nodes_and_leaves_other_zones(network: Network, tmp_path: Path) -> None:
    run("make_zones", "TOWN", table(tmp_path, ZONES))
    answer = run("make_zones", "TOWN", table(tmp_path, "node,zone,parent,name\nnode:A2,C,,Chorsu\nC1,C,\n"))
    assert (answer["created"], answer["moved"], answer["unchanged"]) == (0, 1, 1)
    assert zone_of("A2") == "C"
    assert {zone["zone_code"]: zone["nodes"] for zone in answer["zones"]} == {
        "A": 1,
        "B": 2,
        "C": 2,
        "W": 0,
        "X": 0,
    }
    chorsu = Zone.objects.get(code="C")
    assert (chorsu.name, chorsu.parent.code if chorsu.parent else None) == ("Chorsu", "W")


def test_a_trial_says_what_would_be_and_changes_nothing(network: Network, tmp_path: Path) -> None:
    tried = run("make_zones", "TOWN", table(tmp_path, ZONES), "--dry-run")
    assert not Zone.objects.exists()
    assert zone_of("A1") is None
    assert not Edit.objects.exists()
    assert run("make_zones", "TOWN", table(tmp_path, ZONES)) == tried


BAD = {
    "unknown": ("Z9,A,", "unknown"),
    "an unknown device": ("device:A1,A,", "unknown"),
    "two zones": ("A1,A,\nA1,B,", "in two zones"),
    "two zones by two names": ("A1,A,\nnode:A1,B,", "in two zones"),
    "two parents": (",A,X\n,A,Y", "two parents"),
    "its own parent": (",A,A", "cycle"),
    "a cycle": (",A,B\n,B,C\n,C,A", "cycle"),
    "no zone": ("A1,,X", "zone is missing"),
    "a formula": ("=1+1,A,", "formula"),
    "too long": (f"A1,{'z' * 61},", "longer than"),
    "too many cells": ("A1,A,,,x", "more cells"),
}


@pytest.mark.parametrize("case", BAD)
def test_wrong_rows_are_named_and_nothing_is_done(network: Network, tmp_path: Path, case: str) -> None:
    rows, reason = BAD[case]
    error = run("make_zones", "TOWN", table(tmp_path, f"node,zone,parent\nC1,C,\n{rows}\n"))
    assert error["code"] == "bad_rows"
    assert any(reason in detail["reason"] for detail in error["details"]), error["details"]
    assert all(
        detail["row"] > 2 and set(detail) == {"row", "node", "zone", "reason"} for detail in error["details"]
    )
    assert not Zone.objects.exists()
    assert zone_of("C1") is None


def test_a_cycle_through_zones_that_are_there_is_found(network: Network, tmp_path: Path) -> None:
    run("make_zones", "TOWN", table(tmp_path, ZONES))
    error = run("make_zones", "TOWN", table(tmp_path, "node,zone,parent\n,W,A\n"))
    assert error["code"] == "bad_rows"
    assert [(detail["row"], detail["zone"], detail["reason"]) for detail in error["details"]] == [
        (2, "W", "cycle: W, A, X, W")
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [("node,zone\nA1,A\n", "bad_rows"), ("node,zone,parent,zone\nA1,A,,A\n", "bad_rows"), ("", "empty_file")],
)
def test_a_table_without_its_columns_is_refused(
    network: Network, tmp_path: Path, text: str, code: str
) -> None:
    assert run("make_zones", "TOWN", table(tmp_path, text))["code"] == code


def test_what_is_not_there_is_said(network: Network, tmp_path: Path) -> None:
    assert run("make_zones", "NOWHERE", table(tmp_path, ZONES))["code"] == "no_network"
    assert run("make_zones", "TOWN", tmp_path / "none.csv")["code"] == "unreadable_file"


def test_a_device_takes_the_zone_that_its_sides_share(network: Network, tmp_path: Path) -> None:
    pipes = {pipe.code: pipe for pipe in Pipe.objects.filter(network=network)}
    place_meters_at_pipe_ends(
        network,
        [
            (pipes["P2"].pk, pipes["P2"].end_node_id, "M2"),
            (pipes["P3"].pk, pipes["P3"].end_node_id, "M3"),
        ],
        None,
    )
    stream_on(network, "M3", "flow", "m3/h", "F3")
    answer = run("make_zones", "TOWN", table(tmp_path, ZONES))
    assert (zone_of("M2"), zone_of("M3")) == ("A", None)
    assert answer["moved"] == 5
    assert {"pipe": "P3", "from_zone": "A", "to_zone": "B", "datastream": "F3"} in answer["boundary"]
    assert len(answer["boundary"]) == 3
    # Its sides move together, and it goes with them; one that is named stays where the table puts it.
    answer = run("make_zones", "TOWN", table(tmp_path, "node,zone,parent\nA1,B,\nA2,B,\ndevice:M3,C,\n"))
    assert (zone_of("M2"), zone_of("M3"), answer["moved"]) == ("B", "C", 3)
    crossing: list[Any] = [edge for edge in answer["boundary"] if edge["datastream"] == "F3"]
    assert {(edge["from_zone"], edge["to_zone"]) for edge in crossing} == {("B", "C"), ("C", "B")}
