"""Parcels, buildings, survey points and documents: who may write them, what is refused, what is kept."""

import hashlib
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from pyproj import Geod
from shapely.geometry import LineString, box

from assets.models import Building, DocumentLink, Parcel, SurveyPoint
from assets.registers.services.cadastre import document_path
from assets.registers.services.cadastre_import import import_cadastre
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent
from tests.assets.registers.conftest import Registers, drawing, patch, post

NUMBER = "10:01:02:03:04:0006"


def parcel_body(**changes: Any) -> dict[str, Any]:
    return {
        "division": "QIBRAY",
        "cadastral_number": NUMBER,
        "geometry": drawing(69.41, 41.41),
        "land_use": "residential",
        **changes,
    }


def test_a_parcel_is_registered_by_engineers_and_by_nobody_else(registers: Registers) -> None:
    for client in (registers.crew, registers.analyst, registers.neighbour):
        assert post(client, "parcels/", parcel_body()).status_code == 404
    assert Parcel.objects.count() == 1
    answer = post(registers.engineer, "parcels/", parcel_body(house="5"))
    assert answer.status_code == 201, answer.content
    body = answer.json()
    expected_m2, _ = Geod(ellps="WGS84").geometry_area_perimeter(box(69.41, 41.41, 69.4104, 41.4104))
    assert body["area_m2"] == pytest.approx(abs(expected_m2), rel=1e-4)
    event = AuditEvent.objects.get(action="register parcel", object_id=NUMBER)
    assert event.user is not None
    assert event.new_values is not None
    assert event.new_values["house"] == "5"
    assert registers.analyst.get(f"/api/v1/parcels/{body['uid']}/").json()["cadastral_number"] == NUMBER
    assert registers.neighbour.get(f"/api/v1/parcels/{body['uid']}/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"cadastral_number": "10-01"},
        {"cadastral_number": "10:01:02:03:04:0005"},
        {"cadastral_number": "10:01\n:02"},
        {"geometry": {"type": "Point", "coordinates": [69, 41]}},
        {"geometry": {"type": "Polygon", "coordinates": []}},
        {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}},
        {"geometry": drawing(200, 41)},
        {"geometry": {"type": "Polygon", "coordinates": [[[69, "x"], [69, 41], [70, 41], [69, 41]]]}},
        {"geometry": {"type": "Polygon", "coordinates": [[[69, 41, 1], [69.1]]]}},
        {"geometry": {"type": "Polygon", "coordinates": [[[69, 41]]]}},
        {"geometry": "POLYGON EMPTY"},
        {"geometry": None},
        {"land_use": "moon"},
        {"street": "7"},
        {"house": 7},
        {"surprise": 1},
        {"division": None},
    ],
)
def test_a_bad_parcel_is_400_and_leaves_nothing(registers: Registers, changes: dict[str, Any]) -> None:
    answer = post(registers.engineer, "parcels/", parcel_body(**changes))
    assert answer.status_code == 400, answer.content
    assert Parcel.objects.count() == 1
    assert not AuditEvent.objects.filter(action="register parcel", object_id=NUMBER).exists()


def test_a_third_ordinate_is_dropped(registers: Registers) -> None:
    solid = drawing(69.41, 41.41)
    solid["coordinates"] = [[[*position, 5.0] for position in solid["coordinates"][0]]]
    assert post(registers.engineer, "parcels/", parcel_body(geometry=solid)).status_code == 201


def test_a_building_stands_on_a_parcel_of_its_division(registers: Registers) -> None:
    body = {
        "division": "QIBRAY",
        "cadastral_number": "10:01:02:03:04:0005:0001",
        "geometry": drawing(69.4027, 41.3999, 0.0001),
        "parcel": str(registers.parcel.uid),
        "storeys": 2,
        "purpose": "dwelling",
    }
    assert post(registers.neighbour, "buildings/", {**body, "division": "ZANGIOTA"}).status_code == 404
    answer = post(registers.engineer, "buildings/", body)
    assert answer.status_code == 201, answer.content
    uid = answer.json()["uid"]
    changed = patch(registers.engineer, f"buildings/{uid}/", {"storeys": 3})
    assert changed.json()["storeys"] == 3
    event = AuditEvent.objects.get(action="change building")
    assert (event.old_values, event.new_values) == ({"storeys": 2}, {"storeys": 3})
    assert patch(registers.engineer, f"buildings/{uid}/", {}).status_code == 400
    assert patch(registers.crew, f"buildings/{uid}/", {"storeys": 4}).status_code == 404
    listed = registers.engineer.get(f"/api/v1/buildings/?parcel={registers.parcel.uid}").json()["results"]
    assert [row["uid"] for row in listed] == [uid]


def test_boxes_find_what_they_meet_and_bad_boxes_are_refused(registers: Registers) -> None:
    def found(box_text: str) -> Any:
        return registers.engineer.get(f"/api/v1/parcels/?bbox={box_text}")

    assert len(found("69.4,41.3,69.5,41.5").json()["results"]) == 1
    assert found("60,41,61,42").json()["results"] == []
    for bad in ("1,2,3", "a,b,c,d", "69.5,41.3,69.4,41.5", "nan,0,1,1", "0,0,200,1"):
        assert found(bad).status_code == 400, bad


def point_body(registers: Registers, **changes: Any) -> dict[str, Any]:
    return {
        "division": "QIBRAY",
        "code": "GP-1",
        "geometry": {"type": "Point", "coordinates": [69.402, 41.4]},
        "accuracy_class": "B",
        "horizontal_accuracy_m": 0.08,
        "surveyed_on": "2024-05-05",
        "surveyor": "B. Y.",
        "method": "gnss_rtk",
        "source_document": str(registers.document.uid),
        "node": str(registers.world.nodes["A"].uid),
        **changes,
    }


def test_a_survey_point_is_as_accurate_as_its_class(registers: Registers) -> None:
    for bad in (
        {"horizontal_accuracy_m": 0.11},
        {"horizontal_accuracy_m": None},
        {"vertical_accuracy_m": 0.2},
        {"horizontal_accuracy_m": -1},
        {"accuracy_class": "A"},
        {"accuracy_class": "F"},
        {"source_document": None},
    ):
        answer = post(registers.engineer, "survey-points/", point_body(registers, **bad))
        assert answer.status_code == 400, (bad, answer.content)
    assert SurveyPoint.objects.count() == 0
    assert post(registers.engineer, "survey-points/", point_body(registers)).status_code == 201
    loose = point_body(registers, code="GP-2", accuracy_class="E", horizontal_accuracy_m=None)
    answer = post(registers.engineer, "survey-points/", loose)
    assert answer.status_code == 201
    assert answer.json()["node_code"] == "A"
    assert post(registers.engineer, "survey-points/", point_body(registers)).status_code == 400


def upload(client: Any, registers: Registers, content: bytes, name: str = "../../x.pdf") -> Any:
    return client.post(
        f"/api/v1/documents/{registers.document.uid}/file/", {"file": SimpleUploadedFile(name, content)}
    )


def test_a_file_is_kept_once_under_a_name_of_our_own(
    registers: Registers, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    content = b"%PDF-1.7 report"
    assert upload(registers.crew, registers, content).status_code == 404
    for bad in (b"<html><script>", b"", b"MZ program"):
        assert upload(registers.engineer, registers, bad).status_code == 400
    assert list(tmp_path.rglob("*.*")) == []
    answer = upload(registers.engineer, registers, content)
    assert answer.status_code == 201, answer.content
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer.json()["file_name"] == "x.pdf"
    registers.document.refresh_from_db()
    stored = document_path(registers.document)
    assert stored.parent == tmp_path / "documents"
    assert stored.read_bytes() == content
    assert upload(registers.engineer, registers, content).status_code == 400
    got = registers.analyst.get(f"/api/v1/documents/{registers.document.uid}/file/")
    assert got.content == content
    assert got["Content-Disposition"].startswith("attachment")
    assert registers.neighbour.get(f"/api/v1/documents/{registers.document.uid}/file/").status_code == 404
    assert len(list(tmp_path.rglob("*.pdf"))) == 1


def test_a_document_is_linked_once_and_within_its_branch(registers: Registers) -> None:
    body = {
        "document": str(registers.document.uid),
        "target_kind": "pipe",
        "target": str(registers.world.pipes["P2"].uid),
    }
    assert post(registers.crew, "document-links/", body).status_code == 404
    answer = post(registers.engineer, "document-links/", body)
    assert answer.status_code == 201, answer.content
    assert answer.json()["target_code"] == "P2"
    assert post(registers.engineer, "document-links/", body).status_code == 400
    for kind in ("node", "parcel"):
        assert post(registers.engineer, "document-links/", {**body, "target_kind": kind}).status_code == 404
    found = registers.engineer.get(f"/api/v1/documents/?pipe={body['target']}").json()["results"]
    assert [row["uid"] for row in found] == [body["document"]]
    address = f"/api/v1/document-links/{answer.json()['uid']}/"
    assert registers.crew.delete(address).status_code == 404
    assert registers.engineer.delete(address).status_code == 204
    assert DocumentLink.objects.count() == 0


def _frame(rows: list[tuple[str, Any]], crs: int | None = 4326) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(
        {"KADASTR": [name for name, _ in rows], "storeys": [2.0] * len(rows)},
        geometry=[shape for _, shape in rows],
        crs=crs,
    )


GOOD = [(f"10:02:{number}", box(69 + number / 100, 41, 69.005 + number / 100, 41.01)) for number in range(3)]


@pytest.mark.parametrize("form", ["geojson", "gpkg", "zip"])
def test_an_import_takes_each_form_in_any_crs(registers: Registers, tmp_path: Path, form: str) -> None:
    frame = _frame(GOOD)
    if form == "geojson":
        path = tmp_path / "x.geojson"
        frame.to_file(path, driver="GeoJSON", engine="pyogrio")
    elif form == "gpkg":
        path = tmp_path / "x.gpkg"
        frame.to_crs(32642).to_file(path, driver="GPKG", engine="pyogrio")
    else:
        frame.to_crs(28412).to_file(tmp_path / "x.shp", engine="pyogrio")
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in tmp_path.glob("x.*"):
                if part != path:
                    archive.write(part, f"folder/{part.name}")
    options: dict[str, Any] = {
        "path": path,
        "layer": "buildings",
        "division": registers.world.district,
        "mapping": {"cadastral_number": "KADASTR"},
        "acting_user": None,
    }
    assert import_cadastre(**options, is_dry_run=True).created == 3
    assert Building.objects.count() == 0
    assert import_cadastre(**options).created == 3
    first = Building.objects.get(cadastral_number="10:02:0")
    assert first.storeys == 2
    assert first.geom.extent == pytest.approx(GOOD[0][1].bounds, abs=1e-6)
    again = import_cadastre(**options) if form == "geojson" else None
    assert again is None or (again.created, again.unchanged) == (0, 3)


def test_a_bad_row_refuses_the_file_and_is_told(registers: Registers, tmp_path: Path) -> None:
    rows = [
        *GOOD,
        ("no number", GOOD[0][1]),
        ("10:02:1", GOOD[0][1]),
        ("10:09:1", LineString([(69, 41), (69.1, 41)])),
        ("10:01:02:03:04:0005", GOOD[0][1]),
    ]
    path = tmp_path / "x.geojson"
    _frame(rows).to_file(path, driver="GeoJSON", engine="pyogrio")
    command = ["import_cadastre", str(path), "--layer=parcels", "--division=QIBRAY", "--json"]
    command += ["--mapping", "cadastral_number=KADASTR"]
    output = StringIO()
    with pytest.raises(SystemExit):
        call_command(*command, stdout=output, stderr=StringIO())
    refused = json.loads(output.getvalue())["error"]["details"]
    assert [row["row"] for row in refused] == [4, 5, 6, 7]
    assert Parcel.objects.count() == 1
    output = StringIO()
    call_command(*command, "--partial", stdout=output)
    assert json.loads(output.getvalue())["created"] == 3
    assert Parcel.objects.count() == 4


def test_files_that_are_none_are_said_to_be(registers: Registers, tmp_path: Path) -> None:
    (tmp_path / "x.geojson").write_text("{}")
    (tmp_path / "y.zip").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    for name in ("x.geojson", "y.zip", "none.gpkg"):
        with pytest.raises(ReportedError):
            import_cadastre(
                path=tmp_path / name, layer="parcels", division=registers.world.district, acting_user=None
            )
