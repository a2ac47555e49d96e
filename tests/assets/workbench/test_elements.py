"""The attribute table: every filter against a plain oracle, paging, and what is refused."""

import json
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets.models import LeakRecord, Lifecycle, Network, Node, Pipe, ValveDetail, rules_of
from assets.registers.services.attachments import Place, attach
from assets.workbench.selectors.attributes import CLASSES, attributes_of
from gis_core.models import Division
from tests.sign_in import confirmed
from tests.world import World, make_world

Query = dict[str, Any]
ADDRESS = "/api/v1/networks/N1/elements/"


@pytest.fixture
def world(district: Division) -> World:
    made = make_world(district)
    for code, diameter, material, year in (
        ("P1", 0.3, "steel", 1970),
        ("P2", 0.11, "PE", 2010),
        ("P3", None, "", None),
        ("P4", 0.2032, "cast iron", 1985),
    ):
        Pipe.objects.filter(pk=made.pipes[code].pk).update(
            diameter_m=diameter, material=material, year_installed=year
        )
    return made


@pytest.fixture
def client(make_user: Any, world: World) -> Client:
    client = Client()
    confirmed(make_user("engineer", world.district), client)
    return client


def codes(client: Client, *where: str, element_class: str = "pipe", **more: Any) -> list[str]:
    response = client.get(ADDRESS, {"class": element_class, "where": list(where), **more})
    assert response.status_code == 200, response.content
    body = response.json()
    found = [row["code"] for row in body["results"]]
    assert body["count"] == len(found)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["diameter_mm:eq:110"], ["P2"]),
        (["diameter_mm:eq:203.2"], ["P4"]),
        (["diameter_mm:ne:110"], ["P1", "P3", "P4"]),
        (["diameter_mm:ge:203.2"], ["P1", "P4"]),
        (["diameter_mm:gt:203.2"], ["P1"]),
        (["diameter_mm:lt:200"], ["P2"]),
        (["diameter_mm:le:203.2"], ["P2", "P4"]),
        (["diameter_mm:null"], ["P3"]),
        (["diameter_mm:notnull"], ["P1", "P2", "P4"]),
        (["diameter_mm:in:110,300"], ["P1", "P2"]),
        (["material:null"], ["P3"]),
        (["material:like:ST"], ["P1", "P4"]),
        (["material:like:%"], []),
        (["material:in:PE,steel"], ["P1", "P2"]),
        (["code:ne:P1", "code:like:p"], ["P2", "P3", "P4"]),
        (["zone:eq:Z1"], ["P2", "P3", "P4"]),
        (["zone:null"], ["P1"]),
        (["length_m:eq:100"], ["P1", "P2", "P3", "P4"]),
        (["year_installed:lt:1980"], ["P1"]),
        (["age_years:gt:40"], ["P1", "P4"]),
        (["has_check_valve:eq:true"], []),
        (["has_check_valve:ne:true"], ["P1", "P2", "P3", "P4"]),
        (["material:eq:'; DROP TABLE assets_pipe; --"], []),
    ],
)
def test_conditions_find_what_they_say(client: Client, where: list[str], expected: list[str]) -> None:
    assert codes(client, *where) == expected


@pytest.mark.django_db
def test_breaks_are_counted_as_the_condition_of_pipes_counts_them(client: Client, world: World) -> None:
    for number, (kind, state) in enumerate(
        (("main_burst", "reported"), ("joint", "reported"), ("service", "reported"))
    ):
        place = attach(world.network, [Place(world.nodes["A"].pk, world.pipes["P2"].pk, 0.5)])[0]
        LeakRecord.objects.create(
            network=world.network,
            division=world.district,
            number=str(number),
            attachment=place,
            source="patrol",
            kind=kind,
            state=state,
            reported_at=timezone.now(),
        )
    assert codes(client, "breaks:eq:2") == ["P2"]
    assert codes(client, "breaks:eq:0") == ["P1", "P3", "P4"]
    values = client.get("/api/v1/networks/N1/pipe-values/?theme=breaks").json()
    # Two breaks on 0.1 km in ten years.
    assert values == {str(world.pipes["P2"].uid): pytest.approx(2.0)}


@pytest.mark.django_db
def test_rows_are_sorted_and_paged(client: Client, world: World) -> None:
    assert codes(client, sort="-diameter_mm,code") == ["P1", "P4", "P2", "P3"]
    assert codes(client, sort="diameter_mm") == ["P2", "P4", "P1", "P3"]
    assert codes(client, sort="-zone,-code") == ["P4", "P3", "P2", "P1"]
    second: Query = {"class": "pipe", "offset": 1, "limit": 2, "sort": "-code"}
    page = client.get(ADDRESS, second).json()
    assert (page["count"], [row["code"] for row in page["results"]]) == (4, ["P3", "P2"])
    far: Query = {"class": "pipe", "offset": 100}
    beyond = client.get(ADDRESS, far).json()
    assert (beyond["count"], beyond["results"]) == (4, [])


@pytest.mark.django_db
def test_a_row_says_where_it_is_and_columns_what_it_has(client: Client, world: World) -> None:
    body = client.get(ADDRESS, {"class": "pipe", "codes": "P2"}).json()
    (row,) = body["results"]
    assert (row["class"], row["kind"], row["uid"]) == ("pipe", "pipe", str(world.pipes["P2"].uid))
    assert (row["lon"], row["lat"]) == (pytest.approx(69.403), pytest.approx(41.4))
    assert row["bbox"] == [pytest.approx(number) for number in (69.402, 41.4, 69.404, 41.4)]
    assert row["version"] == Pipe.objects.get(pk=world.pipes["P2"].pk).version
    columns = {column["name"]: column for column in body["columns"]}
    assert columns["diameter_mm"]["unit"] == "mm"
    assert columns["zone"]["choices"] == [
        {"value": "Z1", "title": "Z1 – Zone Z1"},
        {"value": "Z2", "title": "Z2 – Zone Z2"},
    ]
    assert set(columns) <= set(row)


@pytest.mark.django_db
def test_connectors_are_no_pipes_and_removed_ones_are_named(client: Client, world: World) -> None:
    Pipe.objects.filter(pk=world.pipes["P4"].pk).update(lifecycle=Lifecycle.REMOVED)
    assert codes(client) == ["P1", "P2", "P3"]
    assert codes(client, "lifecycle:eq:removed") == ["P4"]
    assert codes(client, codes="P4,P1,M1/1") == ["P1", "P4"]


@pytest.mark.django_db
def test_a_box_takes_what_meets_it(client: Client) -> None:
    # It lies off the line from A to T, but inside that of its box were it oblique; P2 and P3 meet at B.
    assert codes(client, bbox="69.4035,41.3999,69.4045,41.4001") == ["P2", "P3"]
    assert codes(client, element_class="node", bbox="69.4035,41.3999,69.4045,41.4001") == ["B"]


@pytest.mark.django_db
def test_nodes_by_kind_with_their_details(client: Client, world: World) -> None:
    valve = Node.objects.create(
        network=world.network,
        division=world.district,
        kind="valve",
        code="V1",
        geom=world.nodes["A"].geom,
        zone=world.zones["Z1"],
    )
    ValveDetail.objects.create(
        node=valve, status="closed", is_broken=True, is_accessible=False, diameter_m=0.2
    )
    assert codes(client, element_class="node") == ["A", "B", "C", "M1", "M2", "R", "T", "V1"]
    assert codes(client, "kind:in:bulk_meter,tank", element_class="node") == ["M1", "M2", "T"]
    wanted = ("is_broken:eq:true", "is_accessible:eq:false", "status:eq:closed", "diameter_mm:eq:200")
    assert codes(client, *wanted, element_class="valve") == ["V1"]
    assert codes(client, "is_broken:eq:false", element_class="valve") == []
    assert codes(client, "error_percent:le:1", element_class="bulk_meter") == ["M1", "M2"]
    # A tank is measured in metres.
    assert codes(client, "diameter_m:eq:10", element_class="tank") == ["T"]


@pytest.mark.django_db
def test_every_attribute_of_every_class_is_filtered_and_sorted(client: Client, world: World) -> None:
    for element_class in CLASSES:
        for attribute in attributes_of(element_class, world.network.commodity):
            codes(client, f"{attribute.name}:null", element_class=element_class, sort=f"-{attribute.name}")


@pytest.mark.django_db
@pytest.mark.parametrize("commodity", ["sewerage", "gas", "electricity", "heat"])
def test_lines_of_every_commodity_have_their_attributes(client: Client, world: World, commodity: str) -> None:
    Network.objects.create(code="N2", name="N2", commodity=commodity, division=world.district)
    body = client.get("/api/v1/networks/N2/elements/", {"class": "pipe"}).json()
    names = {column["name"] for column in body["columns"]}
    wanted = {rule.name.replace("diameter_m", "diameter_mm") for rule in rules_of(commodity).line_attributes}
    assert wanted <= names
    assert ("diameter_mm" in names) == (commodity != "electricity")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"class": "teapot"},
        {"class": "pipe", "where": "diameter_mm"},
        {"class": "pipe", "where": "diameter_mm:eq"},
        {"class": "pipe", "where": "diameter_mm:null:1"},
        {"class": "pipe", "where": "diameter_mm:eq:wide"},
        {"class": "pipe", "where": "diameter_mm:eq:nan"},
        {"class": "pipe", "where": "diameter_mm:like:1"},
        {"class": "pipe", "where": "diameter_mm:matches:1"},
        {"class": "pipe", "where": "has_check_valve:gt:true"},
        {"class": "pipe", "where": "has_check_valve:eq:yes"},
        {"class": "node", "where": "installed_on:eq:31.01.2026"},
        {"class": "node", "where": "valve_type:eq:PRV"},
        {"class": "pipe", "sort": "teapot"},
        {"class": "pipe", "bbox": "1,2,3"},
        {"class": "pipe", "bbox": "3,2,1,4"},
        {"class": "pipe", "bbox": "nan,2,1,4"},
        {"class": "pipe", "uids": "1"},
        {"class": "pipe", "limit": "1001"},
        {"class": "pipe", "offset": "-1"},
        {"class": "pipe", "colour": "red"},
    ],
)
def test_what_is_not_understood_is_refused(client: Client, query: dict[str, str]) -> None:
    assert client.get(ADDRESS, query).status_code == 400


@pytest.mark.django_db
def test_a_long_list_is_asked_for_in_a_body(client: Client, world: World) -> None:
    def post(body: dict[str, Any]) -> Any:
        return client.post(f"{ADDRESS}query/", json.dumps(body), "application/json")

    uids = [str(uuid.uuid4()) for _ in range(5000)]
    wanted = [str(world.pipes[code].uid) for code in ("P1", "P3")]
    answer = post({"class": "pipe", "uids": [*uids, *wanted], "sort": ["-code"]}).json()
    assert [row["code"] for row in answer["results"]] == ["P3", "P1"]
    assert post({"class": "pipe", "uids": []}).json()["count"] == 0
    refused: list[dict[str, Any]] = [
        {"class": "pipe", "colour": 1},
        {"class": "pipe", "uids": [1]},
        {"where": []},
        {"class": "x"},
    ]
    for wrong in refused:
        assert post(wrong).status_code == 400, wrong


@pytest.mark.django_db
def test_a_page_takes_as_many_queries_for_one_row_as_for_a_thousand(client: Client, world: World) -> None:
    all_nodes: Query = {"class": "node", "limit": 1000}

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(ADDRESS, all_nodes).status_code == 200
        return len(captured)

    few = queries()
    Node.objects.bulk_create(
        Node(
            network=world.network,
            division=world.district,
            code=f"X{number}",
            kind="junction",
            geom=world.nodes["A"].geom,
        )
        for number in range(990)
    )
    assert queries() == few
    body = client.get(ADDRESS, all_nodes).json()
    assert body["count"] == len(body["results"]) == 997


@pytest.mark.django_db
def test_another_district_sees_nothing(make_user: Any, world: World, other_district: Division) -> None:
    stranger = Client()
    stranger.force_login(make_user("engineer", other_district))
    assert stranger.get(ADDRESS, {"class": "pipe"}).status_code == 404
