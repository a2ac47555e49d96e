"""Zones flooded from the graph: members, boundaries, conflicts, what is cut off, clean and dirty, and undo.

R --P1-- (M1) -- A --P2-- B --P3-- (M2) -- C --P4-- D --[X]-- E --P6-- F        X a closed valve
                          |                         |
                         (K) -- G   a customer's meter   T tank at C
"""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from assets.editing.services.attributes import set_node_attributes, set_pipe_attributes
from assets.editing.services.undoing import undo
from assets.models import Edit, Node, ValveDetail, Zone, ZoneConnection, ZoneFlood
from assets.zones.selectors.zone_regions import flood
from assets.zones.services.zone_flooding import flood_zones, zone_statuses
from gis_core.models import AuditEvent, Division, User
from tests.assets.traces.drawing import Drawn, draw
from tests.conftest import make_district

JOINT = {"is_connector": True, "stated_length_m": None}


def town(district: Division) -> Drawn:
    return draw(
        district,
        {
            "R": "reservoir",
            "M1": "bulk_meter",
            "M2": "bulk_meter",
            "K": "bulk_meter",
            "X": ("valve", {"valve_type": "isolation", "status": "closed"}),
            "T": "tank",
            **dict.fromkeys("ABCDEFG", "junction"),
        },
        [
            ("P1", "R", "M1"),
            ("M1/1", "M1", "A", JOINT),
            ("P2", "A", "B"),
            ("P3", "B", "M2"),
            ("M2/1", "M2", "C", JOINT),
            ("P4", "C", "D"),
            ("P5", "D", "X"),
            ("X/1", "X", "E", JOINT),
            ("P6", "E", "F"),
            ("P7", "B", "K"),
            ("K/1", "K", "G", JOINT),
            ("P8", "C", "T"),
        ],
    )


@pytest.fixture
def drawn(district: Division) -> Drawn:
    return town(district)


def two_zones(drawn: Drawn) -> dict[str, Zone]:
    network = drawn.network
    made = {
        code: Zone.objects.create(network=network, division=network.division, code=code, name=code)
        for code in ("Z1", "Z2")
    }
    for zone, node, role in (("Z1", "M1", "inlet"), ("Z1", "M2", "outlet"), ("Z2", "M2", "inlet")):
        ZoneConnection.objects.create(zone=made[zone], node=drawn.nodes[node], role=role)
    return made


@pytest.fixture
def zones(drawn: Drawn) -> dict[str, Zone]:
    return two_zones(drawn)


def members(zone: Zone) -> list[str]:
    return sorted(Node.objects.filter(zone=zone).values_list("code", flat=True))


def test_a_dry_run_says_what_would_change_and_changes_nothing(drawn: Drawn, zones: dict[str, Zone]) -> None:
    Node.objects.filter(code="C").update(zone=zones["Z1"])
    document = flood(drawn.network).as_dict(zone_statuses(drawn.network))
    by_zone = {zone["zone"]: zone for zone in document["zones"]}
    assert by_zone["Z1"]["add"] == ["A", "B", "G", "K", "M1"]
    assert by_zone["Z1"]["remove"] == ["C"]
    assert {"C", "D", "T", "X"} <= set(by_zone["Z2"]["add"])
    assert document["conflicts"] == []
    assert {"R", "E", "F"} <= set(document["without_zone"])
    assert by_zone["Z1"]["status"] == "never flooded"
    assert members(zones["Z1"]) == ["C"]
    assert not Edit.objects.exists()


def test_applying_is_one_edit_that_can_be_undone(
    drawn: Drawn, zones: dict[str, Zone], make_user: Callable[..., User]
) -> None:
    user = make_user("engineer", drawn.network.division)
    flood_zones(drawn.network, acting_user=user)
    assert members(zones["Z1"]) == ["A", "B", "G", "K", "M1"]
    assert members(zones["Z2"]) == ["C", "D", "M2", "T", "X"]
    assert set(zone_statuses(drawn.network).values()) == {"clean"}
    assert ZoneFlood.objects.get(zone=zones["Z2"]).members == 5
    assert AuditEvent.objects.filter(action="flood_zones", user=user).count() == 1
    assert flood(drawn.network).as_dict()["changes"] == 0
    undo(Edit.objects.get(operation="flood_zones"), acting_user=user)
    assert members(zones["Z1"]) == members(zones["Z2"]) == []
    assert set(zone_statuses(drawn.network).values()) == {"dirty"}


def test_an_opened_valve_joins_what_it_parted(drawn: Drawn, zones: dict[str, Zone]) -> None:
    flood_zones(drawn.network, acting_user=None)
    set_node_attributes(
        drawn.network, node=drawn.nodes["X"].uid, values={"details": {"status": "open"}}, acting_user=None
    )
    statuses = zone_statuses(drawn.network)
    assert (statuses[zones["Z1"].pk], statuses[zones["Z2"].pk]) == ("clean", "dirty")
    flooding = flood(drawn.network)
    assert sorted(flooding.graph.node_codes(flooding.changed)) == ["E", "F"]
    flood_zones(drawn.network, acting_user=None)
    assert members(zones["Z2"]) == ["C", "D", "E", "F", "M2", "T", "X"]
    assert set(zone_statuses(drawn.network).values()) == {"clean"}


@pytest.mark.parametrize(
    ("pipe", "values", "dirty"),
    [
        ("P2", {"status": "closed"}, {"Z1"}),
        ("P4", {"status": "closed"}, {"Z2"}),
        ("P6", {"status": "closed"}, set()),
        ("P2", {"diameter_m": 0.4}, set()),
    ],
)
def test_only_changes_of_the_graph_make_a_zone_dirty(
    drawn: Drawn, zones: dict[str, Zone], pipe: str, values: dict[str, Any], dirty: set[str]
) -> None:
    flood_zones(drawn.network, acting_user=None)
    set_pipe_attributes(drawn.network, pipe=drawn.pipes[pipe].uid, values=values, acting_user=None)
    statuses = zone_statuses(drawn.network)
    assert {code for code, zone in zones.items() if statuses[zone.pk] == "dirty"} == dirty


def test_changes_outside_edits_count_too(committing_database: None) -> None:
    drawn = town(make_district("QIBRAY", "Qibray"))
    zones = two_zones(drawn)
    flood_zones(drawn.network, acting_user=None)
    ValveDetail.objects.filter(node__code="X").update(status="open")
    assert zone_statuses(drawn.network)[zones["Z2"].pk] == "dirty"
    flood_zones(drawn.network, acting_user=None)
    ZoneConnection.objects.filter(zone=zones["Z1"], role="outlet").delete()
    assert zone_statuses(drawn.network)[zones["Z1"].pk] == "dirty"


def test_two_zones_in_one_region_are_a_conflict_with_the_way_between(
    drawn: Drawn, zones: dict[str, Zone]
) -> None:
    third = Zone.objects.create(network=drawn.network, division=drawn.network.division, code="Z3", name="Z3")
    ZoneConnection.objects.create(zone=third, node=drawn.nodes["T"], role="storage")
    Node.objects.filter(code="D").update(zone=zones["Z2"])
    flooding = flood(drawn.network)
    document = flooding.as_dict(zone_statuses(drawn.network, flooding))
    assert len(document["conflicts"]) == 1
    conflict = document["conflicts"][0]
    assert (conflict["zones"], conflict["nodes"], conflict["way"]) == (["Z2", "Z3"], 3, ["C", "T"])
    flood_zones(drawn.network, acting_user=None)
    assert "D" in members(zones["Z2"]), "what is in conflict is left as it is"
    assert members(third) == []
    statuses = zone_statuses(drawn.network)
    assert (statuses[zones["Z1"].pk], statuses[third.pk]) == ("clean", "never flooded")


def test_a_zone_inside_another_takes_what_both_reach(drawn: Drawn, zones: dict[str, Zone]) -> None:
    whole = Zone.objects.create(network=drawn.network, division=drawn.network.division, code="Z0", name="all")
    ZoneConnection.objects.create(zone=whole, node=drawn.nodes["M1"], role="inlet")
    Zone.objects.filter(code__in=["Z1", "Z2"]).update(parent=whole)
    document = flood(drawn.network).as_dict()
    assert document["conflicts"] == []
    flood_zones(drawn.network, acting_user=None)
    assert members(zones["Z1"]) == ["A", "B", "G", "K", "M1"]


def test_members_that_no_edge_leads_to_are_named(drawn: Drawn, zones: dict[str, Zone]) -> None:
    Node.objects.filter(code__in=["E", "F"]).update(zone=zones["Z2"])
    by_zone = {zone["zone"]: zone for zone in flood(drawn.network).as_dict()["zones"]}
    assert by_zone["Z2"]["disconnected"] == ["E", "F"]
    assert by_zone["Z2"]["remove"] == []


def test_a_zone_goes_with_what_is_remembered_of_it(drawn: Drawn, zones: dict[str, Zone]) -> None:
    from django.db import connection

    flood_zones(drawn.network, acting_user=None)
    Node.objects.filter(zone=zones["Z2"]).update(zone=None)
    ZoneConnection.objects.filter(zone=zones["Z2"]).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM assets_zone WHERE id = %s", [zones["Z2"].pk])
    assert ZoneFlood.objects.count() == 1


def test_the_command_and_rest(
    drawn: Drawn, zones: dict[str, Zone], make_user: Callable[..., User], other_district: Division
) -> None:
    def command(*arguments: str) -> dict[str, Any]:
        stdout = io.StringIO()
        call_command("flood_zones", "T", *arguments, "--json", stdout=stdout)
        return json.loads(stdout.getvalue())

    dry = command()
    assert (dry["applied"], dry["changes"]) == (False, 10)
    client, crew, stranger = Client(), Client(), Client()
    client.force_login(make_user("engineer", drawn.network.division))
    crew.force_login(make_user("crew", drawn.network.division))
    stranger.force_login(make_user("engineer", other_district))
    address = "/api/v1/networks/T/zone-flooding/"
    assert client.get(address).json() == dry
    assert crew.get(address).status_code == 200
    assert client.get(address, {"regulators": "perhaps"}).status_code == 400
    for other in (crew, stranger):
        assert other.post(address, "{}", content_type="application/json").status_code == 404
    assert stranger.get(address).status_code == 404
    assert not Node.objects.filter(zone__isnull=False).exists()
    applied = client.post(address, "{}", content_type="application/json").json()
    assert (applied["applied"], applied["changes"]) == (True, 10)
    assert {zone["status"] for zone in applied["zones"]} == {"clean"}
    assert command("--apply")["changes"] == 0
