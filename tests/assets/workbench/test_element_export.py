"""Exports of what is filtered: typed, with units, and never a formula; long ones as jobs."""

import csv
import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ezdxf
import pytest
from django.test import Client

from assets.models import Pipe
from assets.workbench.services import element_export
from gis_core.models import Division, Job
from gis_core.services.job_files import made_file
from tests.world import World, make_world

ADDRESS = "/api/v1/networks/N1/element-export/"
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def world(district: Division) -> World:
    made = make_world(district)
    Pipe.objects.filter(pk=made.pipes["P1"].pk).update(
        material="=1+1", diameter_m=0.3, year_installed=1970, has_check_valve=True
    )
    return made


@pytest.fixture
def client(make_user: Any, world: World) -> Client:
    client = Client()
    client.force_login(make_user("engineer", world.district))
    return client


def export(client: Client, **body: Any) -> Any:
    return client.post(ADDRESS, json.dumps(body), "application/json", headers={"accept-language": "en"})


def cells(content: bytes, sheet: int = 1) -> Iterator[list[tuple[str, str]]]:
    """(type, text) of each cell by row; type "n" is a number, "b" a truth value, "inlineStr" or "s" a text."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
        assert not list(root.iter(f"{_SHEET}f")), "no cell is a formula"
        for row in root.iter(f"{_SHEET}row"):
            yield [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{_SHEET}c")]


@pytest.mark.django_db
def test_a_spreadsheet_has_numbers_units_and_no_formulas(client: Client) -> None:
    response = export(client, **{"class": "pipe", "where": ["diameter_mm:ge:300"], "format": "xlsx"})
    assert response.status_code == 200
    header, row = list(cells(response.content))
    titles = [text for _type, text in header]
    assert titles[:3] == ["Code", "Diameter, mm", "Material"]
    assert row[0][1] == "P1"
    assert (row[1], row[2]) == (("n", "300"), ("inlineStr", "=1+1"))
    assert ("b", "1") in row


@pytest.mark.django_db
def test_a_table_marks_what_a_spreadsheet_would_compute(client: Client) -> None:
    response = export(client, **{"class": "pipe", "sort": ["-code"], "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert [row["Code"] for row in rows] == ["P4", "P3", "P2", "P1"]
    assert (rows[-1]["Material"], rows[-1]["Diameter, mm"], rows[-1]["Check valve"]) == (
        "'=1+1",
        "300.0",
        "true",
    )


@pytest.mark.django_db
def test_layers_of_all_classes_within_a_box(client: Client, world: World, tmp_path: Path) -> None:
    box = [69.4035, 41.3999, 69.4055, 41.4001]
    found = json.loads(export(client, bbox=box, format="geojson").content)
    assert [one["properties"]["code"] for one in found["features"]] == ["P2", "P3", "B", "M2"]
    (first, *_others) = found["features"]
    assert (first["id"], first["geometry"]["type"]) == (str(world.pipes["P2"].uid), "LineString")
    file = tmp_path / "made.gpkg"
    file.write_bytes(export(client, bbox=box, format="gpkg").content)
    with sqlite3.connect(file) as package:
        layers = {row[0] for row in package.execute("SELECT table_name FROM gpkg_contents")}
        (diameter,) = package.execute("SELECT diameter_mm FROM pipe WHERE code = 'P2'").fetchone()
    assert (layers, diameter) == ({"pipe", "junction", "bulk_meter"}, 200.0)
    file = tmp_path / "made.dxf"
    file.write_bytes(export(client, bbox=box, format="dxf").content)
    drawn = ezdxf.readfile(file).modelspace()  # type: ignore[attr-defined]
    assert sorted(entity.dxftype() for entity in drawn) == ["INSERT", "INSERT", "LWPOLYLINE", "LWPOLYLINE"]


@pytest.mark.django_db
def test_what_is_chosen_is_exported_by_its_uids(client: Client, world: World) -> None:
    chosen = [str(world.pipes["P1"].uid), str(world.nodes["B"].uid)]
    found = json.loads(export(client, uids=chosen, format="geojson").content)
    assert [one["properties"]["code"] for one in found["features"]] == ["P1", "B"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {"format": "pdf"},
        {"class": "pipe"},
        {"class": "pipe", "format": "csv", "colour": 1},
        {"class": "all", "where": ["code:eq:P1"], "format": "csv"},
        {"class": "pipe", "where": ["code:eq:NONE"], "format": "csv"},
        {"class": "pipe", "where": ["teapot:eq:1"], "format": "csv"},
    ],
)
def test_what_cannot_be_exported_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert export(client, **body).status_code == 400


@pytest.mark.django_db
def test_a_long_export_is_a_job_with_the_same_file(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"class": "pipe", "uids": [str(pipe.uid) for pipe in Pipe.objects.all()], "format": "csv"}
    at_once = export(client, **body).content
    monkeypatch.setattr(element_export, "ROWS_AT_ONCE", 3)
    response = export(client, **body)
    assert response.status_code == 202
    job = Job.objects.get(uid=response.json()["uid"])
    element_export.do_element_export(job, lambda *_: None)
    Job.objects.filter(pk=job.pk).update(
        state="succeeded", result=element_export.do_element_export(job, lambda *_: None)
    )
    file = made_file(Job.objects.get(pk=job.pk))
    assert file is not None
    assert file.read_bytes() == at_once
