"""Forms from the models that edits take, who is served, and values for colouring."""

import json
from datetime import date
from typing import Any

import pytest
from django.test import Client

from assets.models import DrawingTemplate, LinkResult, Network, NodeResult, Pipe, SimulationRun
from billing.models import Account
from gis_core.models import Division
from tests.world import World, local_midnight, make_world


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def client(make_user: Any, world: World) -> Client:
    client = Client()
    client.force_login(make_user("engineer", world.district))
    return client


def forms(client: Client, network: str = "N1") -> dict[str, Any]:
    response = client.get(f"/api/v1/networks/{network}/element-forms/")
    assert response.status_code == 200, response.content
    return response.json()


def put(target: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for part in way:
        target = target.setdefault(part, {})
    target[last] = value


@pytest.mark.django_db
def test_what_a_form_says_is_what_an_edit_takes(client: Client, world: World) -> None:
    fields = {field["column"]: field for field in forms(client)["line"]["fields"]}
    assert (fields["diameter_mm"]["unit"], fields["diameter_mm"]["factor"]) == ("mm", 1000)
    operation: dict[str, Any] = {"op": fields["diameter_mm"]["operation"], "pipe": str(world.pipes["P1"].uid)}
    put(operation, fields["diameter_mm"]["path"], 160 / fields["diameter_mm"]["factor"])
    put(operation, fields["status"]["path"], fields["status"]["choices"][1]["value"])
    response = client.post(
        "/api/v1/networks/N1/edits/",
        json.dumps({"operations": [operation]}),
        "application/json",
        headers={"If-Match": "*"},
    )
    assert response.status_code == 201, response.content
    pipe = Pipe.objects.get(pk=world.pipes["P1"].pk)
    assert (pipe.diameter_m, pipe.status) == (0.16, "closed")


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["least", "most"])
def test_bounds_of_a_form_are_those_of_the_service(client: Client, world: World, end: str) -> None:
    bounded = [field for field in forms(client)["line"]["fields"] if field[end] is not None]
    assert len(bounded) >= 5
    for field in bounded:
        beyond = field[end] - 1 if end == "least" else field[end] * 1.01 + 1
        operation: dict[str, Any] = {"op": field["operation"], "pipe": str(world.pipes["P1"].uid)}
        put(operation, field["path"], int(beyond) if field["type"] == "integer" else beyond / field["factor"])
        response = client.post(
            "/api/v1/networks/N1/edits/",
            json.dumps({"operations": [operation]}),
            "application/json",
            headers={"If-Match": "*"},
        )
        assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_values"), field["name"]


@pytest.mark.django_db
@pytest.mark.parametrize("commodity", Network.Commodity.values)
def test_templates_of_every_commodity_are_drawn(client: Client, world: World, commodity: str) -> None:
    Network.objects.create(code="N2", name="N2", commodity=commodity, division=world.district)
    shown = forms(client, "N2")["templates"]
    assert len(shown) >= 5
    for number, template in enumerate(shown):
        place = [69.40 + number / 1000, 41.5]
        operation: dict[str, Any]
        if template["kind"] == "pipe":
            line = {"type": "LineString", "coordinates": [place, [place[0], 41.501]]}
            operation = {"op": "add_pipe", "geometry": line, "values": template["values"]}
        else:
            operation = {
                "op": "add_node",
                "kind": template["kind"],
                "geometry": place,
                "details": template["details"],
            }
        response = client.post(
            "/api/v1/networks/N2/edits/",
            json.dumps({"operations": [operation]}),
            "application/json",
            headers={"If-Match": "*"},
        )
        is_device = template["kind"] in ("valve", "hydrant", "bulk_meter")
        if is_device:
            # Devices sit in a line, so they are placed in one that was drawn before.
            pipe = str(Pipe.objects.filter(network__code="N2").first().uid)  # type: ignore[union-attr]
            operation = {"op": "place_device", "pipe": pipe, "position": 0.5, **operation}
            operation.pop("geometry")
            operation["op"] = "place_device"
            response = client.post(
                "/api/v1/networks/N2/edits/",
                json.dumps({"operations": [operation]}),
                "application/json",
                headers={"If-Match": "*"},
            )
        assert response.status_code == 201, (template, response.content)


@pytest.mark.django_db
def test_templates_of_a_division_come_before_those_above(
    client: Client, world: World, other_district: Division
) -> None:
    DrawingTemplate.objects.create(division=world.district, commodity="water", name="Ours", diameter_m=0.09)
    DrawingTemplate.objects.create(division=other_district, commodity="water", name="Theirs")
    names = [template["title"] for template in forms(client)["templates"]]
    assert names[0] == "Ours"
    assert "Theirs" not in names


@pytest.mark.django_db
def test_who_is_served_is_told_to_those_who_may_see_subscribers(
    client: Client, world: World, make_user: Any
) -> None:
    address = f"/api/v1/nodes/{world.nodes['B'].uid}/consumers/"
    told = client.get(address).json()
    assert (told["count"], told["is_listed"], told["results"]) == (2, False, [])
    clerk = Client()
    clerk.force_login(make_user("clerk", world.district))
    told = clerk.get(address).json()
    assert told["count"] == len(told["results"]) == 2
    first = told["results"][0]
    account = Account.objects.get(number=first["account"])
    assert first["page"] == f"/accounts/{account.uid}/"
    assert {"name", "address", "phone"} <= set(first)
    assert clerk.get(f"/api/v1/pipes/{world.pipes['P2'].uid}/consumers/").json()["results"] == []


@pytest.fixture
def run(world: World) -> SimulationRun:
    run = SimulationRun.objects.create(
        network=world.network,
        division=world.district,
        network_read_at=local_midnight(date(2026, 1, 1)),
        finished_at=local_midnight(date(2026, 1, 1)),
        hours=2,
        times_s=[0, 3600, 7200],
        engine="EPANET 2.2",
        model_sha256="0" * 64,
    )
    LinkResult.objects.create(
        run=run, pipe=world.pipes["P2"], flow_m3h=[10, 36, -36], statuses=[1, 1, 1], mean_flow_m3h=3.3
    )
    for code, pressures in (("A", [30, 12.5, 25]), ("B", [30, 5, 5]), ("T", [1, 1, 1])):
        NodeResult.objects.create(
            run=run,
            node=world.nodes[code],
            head_m=[480 + p for p in pressures],
            pressure_m=pressures,
            demand_m3h=[0, 0, 0],
        )
    return run


@pytest.mark.django_db
def test_values_of_an_instant_are_those_that_were_computed(
    client: Client, world: World, run: SimulationRun
) -> None:
    address = f"/api/v1/simulations/{run.uid}/values/"
    first = client.get(address).json()
    assert (first["time_s"], first["pipes"]["flow_m3h"]) == (0, [10])
    body = client.get(f"{address}?time_s=4000").json()
    assert body["time_s"] == 3600
    # 36 m3/h is 0.01 m3/s; through 200 mm that is 0.318 m/s.
    assert body["pipes"] == {
        "uid": [str(world.pipes["P2"].uid)],
        "flow_m3h": [36],
        "velocity_m_s": [pytest.approx(0.318, abs=0.001)],
    }
    nodes = dict(zip(body["nodes"]["uid"], body["nodes"]["pressure_m"], strict=True))
    assert nodes[str(world.nodes["A"].uid)] == 12.5
    assert client.get(f"{address}?time_s=99999999").json()["time_s"] == 7200
    assert client.get(f"{address}?time_s=-1").status_code == 400
    zipped = client.get(address, headers={"accept-encoding": "gzip"})
    assert zipped.status_code == 200


@pytest.mark.django_db
def test_low_pressures_are_of_junctions_and_the_lowest_first(
    client: Client, world: World, run: SimulationRun
) -> None:
    body = client.get(f"/api/v1/simulations/{run.uid}/low-pressure/?below=15").json()
    assert body["count"] == 2
    assert [(row["code"], row["pressure_m"], row["time_s"]) for row in body["results"]] == [
        ("B", 5, 3600),
        ("A", 12.5, 3600),
    ]
    assert client.get(f"/api/v1/simulations/{run.uid}/low-pressure/?below=5").json()["count"] == 0
    assert client.get(f"/api/v1/simulations/{run.uid}/low-pressure/").status_code == 400
