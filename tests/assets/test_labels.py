"""Sheets of QR labels: one for each element asked for, whose code opens the element."""

import io
from collections.abc import Callable

import pytest
from django.test import Client
from pypdf import PdfReader

from assets.labels.selectors.labelled import labelled_elements
from assets.labels.services import sheets
from assets.models import Node
from gis_core.models import Division, User
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def client(make_user: Callable[..., User], district: Division) -> Client:
    client = Client()
    client.force_login(make_user("engineer", district, "engineer"))
    return client


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_a_sheet_names_what_was_asked_for(client: Client, world: World) -> None:
    answer = client.get("/api/v1/networks/N1/labels/?kind=bulk_meter&kind=tank")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    text = text_of(answer.content)
    for code in ("M1", "M2", "T"):
        assert code in text.split()
    assert "R" not in text.split()
    by_zone = text_of(
        client.get(f"/api/v1/networks/N1/labels/?zone={world.zones['Z2'].uid}&kind=junction").content
    )
    assert "C" in by_zone.split()
    assert "A" not in by_zone.split()
    by_code = text_of(client.get("/api/v1/networks/N1/labels/?codes=P1, B").content)
    assert {"P1", "B"} <= set(by_code.split())


def test_its_code_is_the_address_of_the_element(
    world: World, make_user: Callable[..., User], district: Division, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    original = sheets.qr_svg

    def noted(text: str) -> str:
        drawn.append(text)
        return original(text)

    monkeypatch.setattr(sheets, "qr_svg", noted)
    engineer = make_user("engineer", district, "engineer")
    elements = labelled_elements(engineer, world.network, codes=["A", "P1"])
    sheets.label_sheets(world.network, elements, base_address="https://tarmoq.example", language="uz")
    assert drawn == [
        f"https://tarmoq.example/e/{world.nodes['A'].uid}/",
        f"https://tarmoq.example/e/{world.pipes['P1'].uid}/",
    ]


def test_many_labels_fill_many_sheets_and_too_many_are_refused(client: Client, world: World) -> None:
    Node.objects.bulk_create(
        Node(
            network=world.network,
            division=world.district,
            kind="pumping_station",
            code=f"H{number}",
            geom=world.nodes["A"].geom,
        )
        for number in range(961)
    )
    address = "/api/v1/networks/N1/labels/?kind=pumping_station"
    refused = client.get(address)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "too_many")
    Node.objects.filter(code__in=[f"H{number}" for number in range(49, 961)]).delete()
    pages = PdfReader(io.BytesIO(client.get(address).content)).pages
    assert len(pages) == 3


def test_nothing_or_what_is_not_there_says_so(client: Client, world: World) -> None:
    nothing = client.get("/api/v1/networks/N1/labels/?kind=hydrant")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (400, "nothing_found")
    assert client.get("/api/v1/networks/N1/labels/?kind=dragon").status_code == 400
    assert client.get("/api/v1/networks/N1/labels/?zone=x").status_code == 400
    assert client.get("/api/v1/networks/NO/labels/").status_code == 404


def test_a_code_that_is_not_there_is_named_and_nothing_is_printed(client: Client, world: World) -> None:
    refused = client.get("/api/v1/networks/N1/labels/?codes=P1,NOPE,B")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_code")
    assert "NOPE" in refused.json()["error"]["message"]
    assert "P1" not in refused.json()["error"]["message"]
