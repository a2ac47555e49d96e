"""An area to take along: all of it, nothing of others, and what was cut off is known as such."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from assets.field_sync.selectors import area
from assets.models import Node, Pipe
from assets.work_orders.services.ordering import WorkPlace, create_order
from gis_core.models import Division, User
from tests.security.work_rows import add_valve
from tests.world import World, make_world

pytestmark = pytest.mark.django_db
BOX = "69.39,41.39,69.41,41.41"


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def client(make_user: Callable[..., User], district: Division) -> Client:
    client = Client()
    client.force_login(make_user("crew", district, "crew"))
    return client


def lines_of(client: Client, bbox: str = BOX, **headers: str) -> list[dict[str, Any]]:
    response = client.get(f"/api/v1/field/area/?bbox={bbox}", headers=headers)
    assert response.status_code == 200, response.content
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    if response.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return [json.loads(line) for line in content.splitlines()]


def rows_of(lines: list[dict[str, Any]], section: str) -> list[dict[str, Any]]:
    columns = lines[0]["columns"][section]
    return [
        dict(zip(columns, row, strict=True))
        for line in lines
        if line["section"] == section
        for row in line["rows"]
    ]


def test_an_area_has_all_that_is_in_it(client: Client, world: World) -> None:
    valve = add_valve(world)
    create_order(
        network=world.network, kind="other", title="Here", where=WorkPlace(69.402, 41.4), acting_user=None
    )
    lines = lines_of(client)
    head, end = lines[0], lines[-1]
    nodes, pipes = rows_of(lines, "nodes"), rows_of(lines, "pipes")
    assert {row["code"] for row in nodes} == {*world.nodes, "V1"}
    assert {row["code"] for row in pipes} == set(world.pipes)
    assert head["counts"] == end["counts"] == {"nodes": 8, "pipes": 6, "orders": 1, "meters": 5}
    found = next(row for row in nodes if row["code"] == "V1")
    assert found["details"]["is_accessible"] is True
    assert found["details"]["diameter_m"] == 0.1
    assert (found["uid"], found["version"]) == (str(valve.uid), valve.version)
    pipe = next(row for row in pipes if row["code"] == "P4")
    assert pipe["line"] == [69.402, 41.4, 69.402, 41.402]
    assert pipe["length_m"] == 100.0
    assert rows_of(lines, "orders")[0]["title"] == "Here"
    meters = rows_of(lines, "meters")
    assert {row["serial"] for row in meters} == {"S0", "S1", "S2", "S3", "S4"}
    assert meters[0]["address"] == "Navoiy ko‘chasi, 1"
    assert "Subscriber" not in json.dumps(lines)
    assert head["forms"]["valve"][1]["key"] == "operable"


def test_what_is_outside_removed_or_of_others_is_left_out(
    client: Client, world: World, other_district: Division
) -> None:
    make_world(other_district, network_code="N2", enterprise_code="ALIEN", first=5)
    Node.objects.filter(network=world.network, code="T").update(lifecycle="removed")
    Pipe.objects.filter(network=world.network, code="P4").update(lifecycle="removed")
    lines = lines_of(client, "69.3995,41.3995,69.4021,41.41")
    assert {row["code"] for row in rows_of(lines, "nodes")} == {"R", "M1", "A"}
    assert {row["network"] for row in rows_of(lines, "nodes") + rows_of(lines, "pipes")} == {"N1"}
    # A pipe that only passes is part of what one sees there.
    assert {row["code"] for row in rows_of(lines, "pipes")} == {"P1", "P2", "M1/1"}


def test_it_is_compressed_on_the_way(client: Client, world: World) -> None:
    assert lines_of(client, **{"accept-encoding": "gzip"})[-1]["counts"]["nodes"] == 7


def test_its_size_is_told_before(client: Client, world: World) -> None:
    answer = client.get(f"/api/v1/field/area-size/?bbox={BOX}").json()
    assert (answer["nodes"], answer["pipes"]) == (7, 6)
    assert answer["estimated_bytes"] > 1000
    zoom = answer["tiles"]["zooms"][0]
    assert (zoom["z"], zoom["x"], zoom["y"]) == (12, [2837, 2837], [1529, 1529])


def test_too_large_an_area_is_refused(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(area, "MOST_ELEMENTS", 5)
    for name in ("area", "area-size"):
        answer = client.get(f"/api/v1/field/{name}/?bbox={BOX}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "area_too_large")


@pytest.mark.parametrize("bbox", ["", "1,2,3", "a,b,c,d", "69.41,41.39,69.39,41.41", "nan,1,2,3"])
def test_what_is_no_box_is_refused(bbox: str, client: Client) -> None:
    assert client.get(f"/api/v1/field/area/?bbox={bbox}").status_code == 400
