"""Printed sheets: the map as it is seen, and an outage for the crew."""

import json
from datetime import timedelta
from typing import Any

import pytest
import shapely
from django.test import Client
from django.utils import timezone, translation

from assets.isolation.services.outages import plan_outage
from assets.models import LinkResult, NodeResult, Outage, SimulationRun, ValveDetail
from assets.registers.services.attachments import Place
from assets.registers.services.condition import report_leak
from assets.workbench.services import map_sheet, outage_sheet
from assets.workbench.services.sheet_drawing import Colouring, SheetPlane
from gis_core.models import Division, User
from tests.world import World, make_world

ADDRESS = "/api/v1/networks/N1/map-print/"
BOX = [69.399, 41.399, 69.407, 41.403]


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def client(make_user: Any, world: World) -> Client:
    client = Client()
    client.force_login(make_user("engineer", world.district))
    return client


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the documents are given; they are made nevertheless."""
    seen: list[dict[str, Any]] = []
    made = map_sheet.typeset

    def typeset(form: str, data: dict[str, Any], **more: Any) -> bytes:
        seen.append(data)
        return made(form, data, **more)

    monkeypatch.setattr(map_sheet, "typeset", typeset)
    monkeypatch.setattr(outage_sheet, "typeset", typeset)
    return seen


def post(client: Client, **body: Any) -> Any:
    return client.post(ADDRESS, json.dumps(body), "application/json", headers={"accept-language": "en"})


@pytest.mark.parametrize(("width_mm", "height_mm"), [(190.0, 242.0), (277.0, 155.0)])
def test_all_of_the_box_is_on_the_sheet_at_a_round_scale(width_mm: float, height_mm: float) -> None:
    plane = SheetPlane((69.40, 41.40, 69.41, 41.402), width_mm, height_mm)
    west, south, east, north = plane.box()
    assert (west <= 69.40, south <= 41.40, east >= 69.41, north >= 41.402) == (True,) * 4
    # 0.01 degrees of longitude are 836 m there.
    assert plane.scale == {190.0: 5000, 277.0: 4000}[width_mm]
    length_m, length_mm = plane.scale_bar()
    assert length_mm == pytest.approx(length_m * 1000 / plane.scale)


@pytest.mark.django_db
@pytest.mark.parametrize("paper", ["A4", "A3"])
@pytest.mark.parametrize("orientation", ["landscape", "portrait"])
def test_the_map_is_printed(
    client: Client, world: World, printed: list[dict[str, Any]], paper: str, orientation: str
) -> None:
    response = post(
        client,
        bbox=BOX,
        title="Our [street] #1",
        paper=paper,
        orientation=orientation,
        selection=[str(world.pipes["P2"].uid)],
        colouring={"attribute": "diameter_mm", "limits": [100], "colours": ["#aaaaaa", "#0c2c84"]},
        legend=[{"label": "≥ 100 mm", "colour": "#0c2c84"}],
    )
    assert (response.status_code, response.content[:5]) == (200, b"%PDF-")
    (data,) = printed
    assert data["title"] == "Our [street] #1"
    svg = data["drawing"]["svg"]
    # Four pipes in the colour of their class, one of them chosen; R, M1, M2 and T stand on it.
    assert (svg.count('stroke="#0c2c84"'), svg.count("#ffb000")) == (4, 1)
    assert {"P1 · 200", "M1", "T"} <= {label["text"] for label in data["drawing"]["labels"]}
    assert data["legend"][0] == {"label": "≥ 100 mm", "colour": "#0c2c84"}


def add_run(world: World) -> SimulationRun:
    return SimulationRun.objects.create(
        network=world.network,
        division=world.district,
        network_read_at=timezone.now(),
        finished_at=timezone.now(),
        hours=1,
        times_s=[0, 3600],
        engine="EPANET 2.2",
        model_sha256="0" * 64,
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "colours"),
    [("velocity_m_s", {"#000001": 3, "#000002": 1}), ("flow_m3h", {"#000001": 3, "#000002": 1})],
)
def test_a_simulation_is_printed_in_its_colours(
    client: Client, world: World, printed: list[dict[str, Any]], name: str, colours: dict[str, int]
) -> None:
    run = add_run(world)
    # Against the drawing: the sign says the way, the colour says how much. 720 m3/h through 200 mm are 6.4 m/s.
    LinkResult.objects.create(
        run=run, pipe=world.pipes["P2"], flow_m3h=[0, -720], statuses=[1, 1], mean_flow_m3h=-360
    )
    colouring = {"attribute": name, "limits": [5], "colours": ["#000003", "#000002"], "other": "#000001"}
    response = post(client, bbox=BOX, colouring=colouring, simulation=str(run.uid), time_s=3600)
    assert response.status_code == 200
    svg = printed[-1]["drawing"]["svg"]
    assert {colour: svg.count(f'stroke="{colour}"') for colour in colours} == colours
    assert post(client, bbox=BOX, colouring=colouring).status_code == 400, "without a run"
    unknown = "00000000-0000-0000-0000-000000000001"
    assert post(client, bbox=BOX, colouring=colouring, simulation=unknown).status_code == 404


@pytest.mark.django_db
def test_junctions_are_printed_in_the_colours_of_their_pressure(
    client: Client, world: World, printed: list[dict[str, Any]]
) -> None:
    run = add_run(world)
    for code, pressures in (("A", [30, -2]), ("B", [30, 45])):
        NodeResult.objects.create(
            run=run, node=world.nodes[code], pressure_m=pressures, head_m=[0, 0], demand_m3h=[0, 0]
        )
    colouring = {
        "attribute": "pressure_m", "limits": [0, 20], "colours": ["#000011", "#000012", "#000013"], "other": "#000014",
    }  # fmt: skip
    asked: dict[str, Any] = {"bbox": BOX, "node_colouring": colouring, "simulation": str(run.uid)}
    assert post(client, **asked, time_s=3600).status_code == 200
    svg = printed[-1]["drawing"]["svg"]
    # Below zero is a class of its own; C has no result, and the meters keep the colour of their kind.
    counted = [svg.count(f'fill="{colour}"') for colour in ("#000011", "#000012", "#000013", "#000014")]
    assert counted == [1, 0, 1, 1]
    assert post(client, **{**asked, "simulation": None}).status_code == 400, "without a run"
    assert post(client, **{**asked, "node_colouring": {**colouring, "attribute": "code"}}).status_code == 400


@pytest.mark.django_db
def test_breaks_are_printed_in_their_colours(
    client: Client, world: World, printed: list[dict[str, Any]]
) -> None:
    place = Place(world.pipes["P2"].start_node_id, world.pipes["P2"].pk, 0.5)
    report_leak(network=world.network, place=place, source="patrol", kind="main_burst", acting_user=None)
    colouring = {"attribute": "breaks_per_km_year", "limits": [0.01], "colours": ["#000003", "#000002"]}
    assert post(client, bbox=BOX, colouring=colouring).status_code == 200
    svg = printed[-1]["drawing"]["svg"]
    assert (svg.count('stroke="#000003"'), svg.count('stroke="#000002"')) == (3, 1)


def test_valves_are_closed_from_the_break_outwards() -> None:
    valves = [
        {"code": code, "lon": lon, "lat": lat} for code, lon, lat in (("A", 69.01, 41.0), ("B", 69.0, 41.009))
    ]
    # 0.01 degrees of longitude are less on the ground than 0.009 of latitude.
    assert [valve["code"] for valve in outage_sheet.nearest_first(valves, shapely.Point(69.0, 41.0))] == [
        "A",
        "B",
    ]
    assert [valve["code"] for valve in outage_sheet.nearest_first(valves, shapely.Point(69.0, 41.01))] == [
        "B",
        "A",
    ]
    assert outage_sheet.nearest_first(valves, None) == valves


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"bbox": [1, 2, 3]},
        {"bbox": [69.5, 41.3, 69.4, 41.4]},
        {"paper": "A0"},
        {"title": 1},
        {"colour": "red"},
        {"layers": ["teapots"]},
        {"selection": ["P1"]},
        {"colouring": {"attribute": "diameter_mm", "limits": [1], "colours": ["#aaaaaa"]}},
        {"colouring": {"attribute": "teapot", "values": {"a": "#aaaaaa"}}},
        {"colouring": {"attribute": "material", "values": {"a": "red\\"}}},
        {"legend": [{"label": "x", "colour": '"/><script>'}]},
    ],
)
def test_what_cannot_be_printed_is_refused(client: Client, change: dict[str, Any]) -> None:
    assert post(client, **{"bbox": BOX, **change}).status_code == 400


@pytest.mark.django_db
def test_more_than_a_sheet_can_show_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_sheet, "MAXIMUM_DRAWN", 3)
    response = post(client, bbox=BOX)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "too_large")


def test_colours_are_those_of_the_classes() -> None:
    steps = Colouring("diameter_mm", (100, 200), ("a", "b", "c"), other="z")
    assert [steps.of(value) for value in (None, 99, 100, 199.9, 200, 1e9)] == ["z", "a", "b", "b", "c", "c"]
    values = Colouring("material", values={"pe": "g"}, other="z")
    assert [values.of(value) for value in ("pe", "steel", "")] == ["g", "z", "z"]


@pytest.fixture
def outage(world: World, make_user: Any) -> Outage:
    starts = timezone.now() + timedelta(days=1)
    outage = plan_outage(
        network=world.network,
        pipe=world.pipes["P2"],
        starts_at=starts,
        ends_at=starts + timedelta(hours=3),
        reason="Repair [of a joint]",
        acting_user=make_user("engineer", world.district, "planner"),
    )
    return Outage.objects.select_related("network").get(pk=outage.pk)


@pytest.mark.django_db
def test_an_outage_is_printed_with_people_for_those_who_may_see_them(
    client: Client, outage: Outage, make_user: Any, printed: list[dict[str, Any]], world: World
) -> None:
    address = f"/api/v1/outages/{outage.uid}/sheet.pdf"
    response = client.get(address)
    assert (response.status_code, response.content[:5]) == (200, b"%PDF-")
    assert printed[-1]["people"] == {"is_shown": False, "rows": [], "left": ""}
    assert "Subscriber" not in json.dumps(printed[-1], ensure_ascii=False).replace("Subscribers without", "")
    clerk = Client()
    clerk.force_login(make_user("clerk", world.district))
    assert clerk.get(address, headers={"accept-language": "ru"}).status_code == 200
    people = printed[-1]["people"]["rows"]
    assert len(people) == outage.subscribers > 0
    assert printed[-1]["title"] != printed[0]["title"], "in the reader's language"


@pytest.mark.django_db
def test_valves_stand_in_the_order_of_the_outage_with_their_state(world: World, outage: Outage) -> None:
    nodes = [
        world.network.nodes.create(
            division=world.district, kind="valve", code=code, geom=world.nodes["A"].geom
        )
        for code in ("V2", "V1")
    ]
    for node, status in zip(nodes, ("open", "closed"), strict=True):
        ValveDetail.objects.create(node=node, status=status, is_buried=True, diameter_m=0.1)
    outage.close, outage.valve_ids = ["V2", "V1"], [node.pk for node in nodes]
    with translation.override("en"):
        valves = outage_sheet._valves(world.network, outage)
        rows = [outage_sheet._valve_row(number, valve) for number, valve in enumerate(valves, 1)]
    assert [(row["number"], row["code"], row["state"], row["buried"]) for row in rows] == [
        ("1", "V2", "open", "buried"),
        ("2", "V1", "closed", "buried"),
    ]
    assert outage_sheet.outage_sheet_pdf(outage, viewer=User.objects.get(username="planner"))[:5] == b"%PDF-"


@pytest.mark.django_db
def test_an_outage_whose_pipes_are_gone_is_printed_without_a_map(
    client: Client, outage: Outage, printed: list[dict[str, Any]]
) -> None:
    Outage.objects.filter(pk=outage.pk).update(pipe_ids=[])
    assert client.get(f"/api/v1/outages/{outage.uid}/sheet.pdf").status_code == 200
    assert printed[-1]["drawing"] is None
