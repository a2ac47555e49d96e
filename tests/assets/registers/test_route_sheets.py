"""Routes and their printed sheets."""

import io
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from django.contrib.gis.geos import Point
from django.core.management import call_command
from pypdf import PdfReader

from assets.models import Pipe
from assets.registers.services.cadastre import register_survey_point
from assets.route_sheets.services import route_between, route_of_pipes, route_sheet_pdf
from gis_core.errors import ReportedError
from tests.assets.registers.conftest import Registers


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_pipes_are_chained_through_the_devices_between_them(registers: Registers) -> None:
    network = registers.world.network
    for codes, expected in (
        (["P1", "P2", "P3"], ["R", "M1", "A", "B", "M2"]),
        (["P3", "P2", "P1"], ["M2", "B", "A", "M1", "R"]),
        (["P4", "P2"], ["T", "A", "B"]),
        (["P2"], ["A", "B"]),
    ):
        route = route_of_pipes(network, codes)
        assert [node.code for node in route.nodes] == expected
        assert route.chainages_m[-1] == pytest.approx(route.length_m)
    for bad in ([], ["P9"], ["P1", "P4", "P3"], ["P2", "P2"], ["P1", "P3"], ["M1/1"]):
        with pytest.raises(ReportedError):
            route_of_pipes(network, bad)


def test_the_shortest_way_is_that_of_another_library(registers: Registers) -> None:
    network, nodes = registers.world.network, registers.world.nodes
    graph = nx.Graph()
    for pipe in Pipe.objects.filter(network=network):
        length = pipe.stated_length_m or pipe.geodesic_length_m
        graph.add_edge(pipe.start_node_id, pipe.end_node_id, weight=length)
    for start, goal in (("R", "C"), ("C", "T"), ("M2", "A")):
        route = route_between(network, nodes[start], nodes[goal])
        assert [route.nodes[0].code, route.nodes[-1].code] == [start, goal]
        expected = nx.shortest_path_length(graph, nodes[start].pk, nodes[goal].pk, weight="weight")
        assert route.length_m == pytest.approx(expected)
    Pipe.objects.filter(code="P2").update(lifecycle="removed")
    with pytest.raises(ReportedError, match="No pipes lead"):
        route_between(network, nodes["R"], nodes["C"])


def test_the_sheet_says_what_is_on_the_route(registers: Registers) -> None:
    world = registers.world
    register_survey_point(
        division=world.district,
        code="GP-7",
        geom=Point(69.403, 41.40005, srid=4326),
        accuracy_class="C",
        horizontal_accuracy_m=0.2,
        surveyed_on="2024-05-05",
        surveyor="B. Y.",
        method="gnss_rtk",
        source_document=registers.document,
        acting_user=None,
    )
    route = route_of_pipes(world.network, ["P1", "P2", "P3"])
    english = text_of(route_sheet_pdf(route, language="en"))
    for expected in ("R → M2", "P1", "P2", "bulk meter", "GP-7", "10:01:02:03:04:0005", "41.4000000"):
        assert expected in english, expected
    # The parcel lies from 69.4026 to 69.4030 under P2, which is 100 m from 69.402 to 69.404.
    start = 100.0 + route.steps[1].length_m
    assert f"{start + 30:.1f}" in english
    assert f"{start + 50:.1f}" in english
    assert "Маршрутный лист" in text_of(route_sheet_pdf(route, language="ru"))
    assert "varag‘i" in text_of(route_sheet_pdf(route, language="uz"))


def test_names_are_texts_and_never_markup(registers: Registers) -> None:
    Pipe.objects.filter(code="P2").update(material='#panic("x") $a$ *b*')
    content = route_sheet_pdf(route_of_pipes(registers.world.network, ["P2"]), language="en")
    assert '#panic("x")' in text_of(content).replace("\n", " ").replace("”", '"').replace("“", '"')


def get(client: Any, query: str) -> Any:
    return client.get(f"/api/v1/networks/N1/route-sheet/?{query}")


def test_the_sheet_by_rest_is_scoped_and_strict(registers: Registers) -> None:
    answer = get(registers.analyst, "pipes=P1,P2&language=en")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    by_nodes = f"from=R&to={registers.world.nodes['C'].uid}"
    assert get(registers.crew, by_nodes).status_code == 200
    accepting = registers.crew.get(
        "/api/v1/networks/N1/route-sheet/?pipes=P1", headers={"accept": "application/pdf"}
    )
    assert accepting.status_code == 200
    assert get(registers.neighbour, "pipes=P1").status_code == 404
    for bad in ("", "pipes=P9", "pipes=P1&from=R", "from=R", "pipes=P1&language=xx", "from=R&to=Q", "x=1"):
        assert get(registers.crew, bad).status_code == 400, bad
    assert registers.crew.get("/api/v1/networks/NONE/route-sheet/?pipes=P1").status_code == 404


def test_the_command_writes_the_file(registers: Registers, tmp_path: Path) -> None:
    path = tmp_path / "sheet.pdf"
    call_command("route_sheet", "N1", str(path), "--from=R", "--to=C")
    assert path.read_bytes().startswith(b"%PDF-")
