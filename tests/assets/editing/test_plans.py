"""Planned alternatives: nothing touches the network before the approval; difference, cost, conflicts."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from assets.editing.services.undoing import undo_last
from assets.models import Edit, Plan, PriceListItem
from gis_core.models import Division, User
from tests.assets.editing.conftest import Apply, node, pipe, uid
from tests.assets.editing.state import broken_invariants, stored_state
from tests.assets.editing.test_rest import send
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(engineer: User) -> Client:
    client = Client()
    client.force_login(engineer)
    return client


@pytest.fixture
def prices(world: World) -> None:
    region = Division.objects.get(code="UZ-TO")
    for division, work, kind, material, largest, price in (
        (region, "lay", "", "", 0.2, "100000.00"),
        (region, "lay", "", "", 0.5, "300000.00"),
        (region, "lay", "", "PE", 0.2, "120000.50"),
        (world.district, "place", "hydrant", "", None, "900000.00"),
        (region, "place", "hydrant", "", None, "1.00"),
        (region, "abandon", "", "", None, "5000.00"),
    ):
        PriceListItem.objects.create(
            division=division,
            commodity="water",
            work=work,
            kind=kind,
            material=material,
            maximum_diameter_m=largest,
            unit_price=Decimal(price),
            valid_from=date(2026, 1, 1),
        )


def branch() -> list[dict[str, Any]]:
    line = {"type": "LineString", "coordinates": [[69.403, 41.4], [69.403, 41.401]]}
    return [
        {"op": "split_pipe", "pipe": uid(pipe("P2")), "position": 0.5, "ref": "cut", "code": "K"},
        {"op": "add_node", "kind": "hydrant", "geometry": [69.403, 41.401], "ref": "h", "code": "H1"},
        {
            "op": "add_pipe",
            "geometry": line,
            "start_node": "#cut",
            "end_node": "#h",
            "code": "NEW",
            "values": {"material": "PE", "diameter_m": 0.11},
        },
    ]


def make(client: Client, operations: list[dict[str, Any]]) -> str:
    status, plan, _ = send(client, "POST", "plans/", {"network": "N1", "code": "NORTH", "name": "North"})
    assert status == 201, plan
    status, body, _ = send(client, "POST", f"plans/{plan['uid']}/operations/", {"operations": operations})
    assert status == 201, body
    return str(plan["uid"])


def test_a_plan_shows_its_difference_and_cost_and_is_applied_as_one_edit(
    world: World, client: Client, prices: None, engineer: User
) -> None:
    before = stored_state()
    plan = make(client, branch())
    status, difference, _ = send(client, "GET", f"plans/{plan}/difference/")
    assert status == 200, difference
    assert difference["counts"] == {"added": 4, "changed": 1, "removed": 0}
    assert difference["conflicts"] == []
    codes = {
        (feature["properties"]["change"], feature["properties"]["code"]) for feature in difference["features"]
    }
    assert codes == {("added", "K"), ("added", "P2/1"), ("changed", "P2"), ("added", "H1"), ("added", "NEW")}
    # the parts of the split pipe are not laid; the branch is 111 m of PE
    assert difference["laid_m"] == pytest.approx(111.07, abs=0.1)
    cost = send(client, "GET", f"plans/{plan}/cost/")[1]
    quantity = Decimal(next(line["quantity"] for line in cost["lines"] if line["work"] == "lay"))
    assert quantity == Decimal(str(round(difference["laid_m"], 2)))
    amounts = {(line["work"], line["kind"]): Decimal(line["amount"]) for line in cost["lines"]}
    assert amounts["lay", "pipe"] == (quantity * Decimal("120000.50")).quantize(Decimal("0.01"))
    # the district's own price goes before the region's
    assert amounts["place", "hydrant"] == Decimal("900000.00")
    assert Decimal(cost["total"]) == sum(amounts.values())
    assert [(line["work"], line["kind"]) for line in cost["missing"]] == [("place", "junction")]
    assert cost["is_complete"] is False
    assert stored_state() == before
    assert Edit.objects.count() == 0
    status, body, _ = send(client, "POST", f"plans/{plan}/approve/")
    assert (status, body["state"]) == (201, "approved")
    assert pipe("NEW").start_node.code == "K"
    assert Edit.objects.get().operation == "apply_plan"
    assert broken_invariants() == {}
    assert send(client, "POST", f"plans/{plan}/approve/")[0] == 409
    undo_last(world.network, acting_user=engineer)
    assert stored_state() == before


def test_conflicts_are_listed_and_nothing_is_changed(world: World, client: Client, apply: Apply) -> None:
    plan = make(client, branch())
    apply("set_pipe_attributes", pipe=uid(pipe("P2")), values={"material": "steel"})
    before = stored_state()
    status, body, _ = send(client, "POST", f"plans/{plan}/approve/")
    assert (status, body["error"]["code"]) == (409, "plan_conflicts")
    assert body["error"]["details"][0]["element"] == f"pipe:{uid(pipe('P2'))}"
    assert stored_state() == before
    assert Plan.objects.get().state == "draft"
    accepted = send(client, "POST", f"plans/{plan}/rebase/")[1]
    assert len(accepted) == 1
    assert send(client, "POST", f"plans/{plan}/approve/")[0] == 201


def test_what_cannot_be_applied_any_more_is_a_conflict(world: World, client: Client, apply: Apply) -> None:
    plan = make(client, branch())
    apply("add_node", kind="junction", geometry=[69.403, 41.401], code="IN-THE-WAY")
    before = stored_state()
    status, body, _ = send(client, "POST", f"plans/{plan}/approve/")
    assert (status, body["error"]["code"]) == (409, "plan_conflicts")
    assert body["error"]["details"][0]["operation"] == 1
    assert stored_state() == before


def test_replacing_a_pipe_costs_the_old_and_the_new(world: World, client: Client, prices: None) -> None:
    plan = make(
        client,
        [{"op": "set_pipe_attributes", "pipe": uid(pipe("P2")), "values": {"diameter_m": 0.4}}],
    )
    cost = send(client, "GET", f"plans/{plan}/cost/")[1]
    assert [(line["work"], line["unit_price"]) for line in cost["lines"]] == [
        ("abandon", "5000.00"),
        ("lay", "300000.00"),
    ]
    assert cost["missing"] == []


def test_drafts_are_edited_and_withdrawn(world: World, client: Client) -> None:
    plan = make(client, branch())
    assert send(client, "DELETE", f"plans/{plan}/operations/3/")[0] == 204
    assert send(client, "DELETE", f"plans/{plan}/operations/3/")[0] == 400
    assert len(send(client, "GET", f"plans/{plan}/")[1]["operations"]) == 2
    for operations in ([], [{"op": "explode"}], [{"op": "delete_node", "node": str(world.network.uid)}], 5):
        status, body, _ = send(client, "POST", f"plans/{plan}/operations/", {"operations": operations})
        assert status == 400, body
    assert send(client, "POST", "plans/", {"network": "N1", "code": "NORTH", "name": "Again"})[0] == 400
    assert send(client, "POST", f"plans/{plan}/withdraw/")[1]["state"] == "withdrawn"
    status, body, _ = send(
        client,
        "POST",
        f"plans/{plan}/operations/",
        {"operations": [{"op": "delete_node", "node": uid(node("C"))}]},
    )
    assert (status, body["error"]["code"]) == (409, "plan_not_draft")


def test_price_lists(world: World, client: Client, other_district: Division) -> None:
    price = {
        "division": world.district.code,
        "commodity": "water",
        "work": "lay",
        "material": "PE",
        "maximum_diameter_m": 0.11,
        "unit_price": "95000.00",
        "valid_from": "2026-01-01",
    }
    status, body, _ = send(client, "POST", "prices/", price)
    assert status == 201, body
    assert send(client, "POST", "prices/", price)[0] == 400
    assert send(client, "POST", "prices/", {**price, "division": other_district.code})[0] == 404
    for wrong in ({"unit_price": "-1"}, {"unit_price": "NaN"}, {"kind": "valve"}, {"work": "dig"}):
        assert send(client, "POST", "prices/", {**price, "valid_from": "2026-02-01", **wrong})[0] == 400
    assert send(client, "DELETE", f"prices/{body['uid']}/")[0] == 204
    assert PriceListItem.objects.count() == 0
