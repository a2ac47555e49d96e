"""What a file holds, before it is imported; uploads that are named afterwards; and their end."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from assets.exchange.services.uploaded_files import UPLOADS_KEPT_FOR
from assets.exchange.tasks import import_network, remove_old_network_uploads
from assets.models import Edit, Node, Pipe
from gis_core.models import Division, Job, User
from gis_core.services.jobs import cancel_job
from tests.assets.importing import library_model

LINES = "NOMER;DN;MAT;wkt\n" + "".join(
    f"T-{k};{100 + k};сталь;LINESTRING (69.{300 + k} 41.3, 69.{301 + k} 41.3)\n" for k in range(30)
)


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division, client: Client) -> Client:
    client.force_login(make_user("engineer", district))
    return client


def inspect(client: Client, content: bytes | None = None, name: str = "pipes.csv", **fields: Any) -> Any:
    if content is not None:
        fields["file"] = SimpleUploadedFile(name, content)
    return client.post("/api/v1/import-inspections/", fields)


def request_import(client: Client, upload: str, **fields: Any) -> Any:
    known = {"network": "NEW", "division": "QIBRAY", "commodity": "water", "upload": upload}
    return client.post("/api/v1/network-imports/", known | fields)


def kept(media: Path) -> list[Path]:
    folder = media / "network_imports"
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_table_is_told_by_its_columns_and_first_rows(engineer: Client, media: Path) -> None:
    found = inspect(engineer, LINES.encode("cp1251"), encoding="cp1251").json()
    assert (found["format"], found["file_name"], found["size_bytes"]) == (
        "csv",
        "pipes.csv",
        len(LINES.encode("cp1251")),
    )
    (layer,) = found["layers"]
    assert (layer["name"], layer["rows"], layer["geometry"], layer["kind"]) == ("pipes", 30, "lines", "pipe")
    assert len(layer["first_rows"]) == 20
    assert layer["first_rows"][0][:3] == ["T-0", "100", "сталь"]
    # DN is a usual name of a diameter in millimetres, NOMER one of a code.
    assert layer["mapping"]["diameter_m"] == {"column": "DN", "unit": "mm"}
    assert layer["mapping"]["code"] == {"column": "NOMER", "unit": ""}
    assert "diameter_m" in found["targets"]["pipe"]
    assert "valve_type" in found["targets"]["valve"]
    assert layer["srid"] is None
    assert layer["shapes"] is None
    again = inspect(engineer, upload=found["upload"], encoding="cp1251", srid=4326).json()
    (layer,) = again["layers"]
    assert layer["srid"] == 4326
    assert len(layer["shapes"]["geometries"]) == 30
    assert layer["shapes"]["geometries"][0]["coordinates"][0] == pytest.approx([69.3, 41.3])
    assert again["upload"] == found["upload"]
    assert len(kept(media)) == 1


def test_shapes_come_in_longitude_and_latitude(engineer: Client, media: Path) -> None:
    text = "code;wkt\nA;LINESTRING (520000 4573000, 520100 4573000)\n"
    (layer,) = inspect(engineer, text.encode(), srid=32642).json()["layers"]
    longitude, latitude = layer["shapes"]["geometries"][0]["coordinates"][0]
    assert (round(longitude, 1), round(latitude, 1)) == (69.2, 41.3)


def test_a_model_is_told_by_its_counts_and_units(engineer: Client, media: Path) -> None:
    found = inspect(engineer, library_model("Net3").read_bytes(), "Net3.inp").json()
    assert found["format"] == "epanet"
    assert found["layers"] == []
    assert found["model"]["counts"] == {"junction": 92, "pipe": 117, "pump": 2, "reservoir": 2, "tank": 3}
    assert found["model"]["flow_units"] == "GPM"


@pytest.mark.parametrize(
    ("content", "name", "fields", "code"),
    [
        (b"%PDF-1.4", "town.inp", {}, "not_epanet"),
        (b"nothing", "town.gpkg", {}, "file_unreadable"),
        (b"a;b\n", "town.csv", {"encoding": "klingon"}, "bad_mapping"),
        (b"code;wkt\nA;POINT (1 2)\n", "town.csv", {"srid": 999_998}, "unknown_crs"),
    ],
)
def test_what_cannot_be_read_says_why_and_is_not_kept(
    content: bytes, name: str, fields: dict[str, Any], code: str, engineer: Client, media: Path
) -> None:
    response = inspect(engineer, content, name, **fields)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == code, response.content
    assert kept(media) == []


def test_an_upload_is_tried_then_imported_then_gone(
    engineer: Client, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    found = inspect(engineer, LINES.encode()).json()
    mapping = json.dumps({"layers": [{"layer": "pipes", "kind": "pipe", "columns": {"code": "NOMER"}}]})
    for dry_run in (True, False):
        answer = request_import(
            engineer, found["upload"], srid=4326, mapping=mapping, dry_run=str(dry_run).lower()
        )
        assert answer.status_code == 202, answer.content
        import_network(answer.json()["uid"])
        job = Job.objects.get(uid=answer.json()["uid"])
        assert job.state == "succeeded", job.error
        assert job.result is not None
        assert job.result["created"]["pipe"] == 30
        assert Pipe.objects.filter(code="T-7").exists() is not dry_run
        assert len(kept(media)) == int(dry_run)
        assert Edit.objects.filter(uid=job.result["edit"]).count() == int(not dry_run)
    gone = request_import(engineer, found["upload"], srid=4326)
    assert gone.json()["error"]["code"] == "upload_gone"


def test_a_model_is_tried_without_being_stored(engineer: Client, media: Path) -> None:
    found = inspect(engineer, library_model("Net3").read_bytes(), "Net3.inp").json()
    answer = request_import(engineer, found["upload"], place="69.45,41.38", dry_run="true")
    import_network(answer.json()["uid"])
    job = Job.objects.get(uid=answer.json()["uid"])
    assert job.state == "succeeded", job.error
    assert job.result is not None
    assert (job.result["created"]["pipe"], job.result["edit"], job.result["dry_run"]) == (117, None, True)
    assert not Pipe.objects.exists()
    assert not Edit.objects.exists()


def test_an_upload_is_its_owners_only(
    engineer: Client, media: Path, make_user: Callable[..., User], district: Division
) -> None:
    upload = inspect(engineer, LINES.encode()).json()["upload"]
    colleague = Client()
    colleague.force_login(make_user("engineer", district, username="zafar"))
    for answer in (inspect(colleague, upload=upload), request_import(colleague, upload, srid=4326)):
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "upload_gone"
    assert inspect(engineer, upload=upload[:-2] + "xx").json()["error"]["code"] == "upload_gone"
    assert not Job.objects.exists()


def test_both_or_neither_of_file_and_upload_are_refused(engineer: Client, media: Path) -> None:
    assert inspect(engineer).status_code == 400
    assert inspect(engineer, b"a;b\n", upload="x").status_code == 400


def test_uploads_that_nobody_imports_go_but_none_that_a_job_needs(engineer: Client, media: Path) -> None:
    old, needed, fresh = (inspect(engineer, LINES.encode()).json()["upload"] for _ in range(3))
    request_import(engineer, needed, srid=4326)
    wanted = Path(Job.objects.get().parameters["file"]).name
    past = time.time() - UPLOADS_KEPT_FOR.total_seconds() - 60
    files = kept(media)
    needed_file = next(path for path in files if path.name == wanted)
    for path in (needed_file, next(path for path in files if path != needed_file)):
        os.utime(path, (past, past))
    remove_old_network_uploads()
    names = {path.name for path in kept(media)}
    assert wanted in names
    assert len(names) == 2
    assert (
        inspect(engineer, upload=fresh).status_code == 200 or inspect(engineer, upload=old).status_code == 200
    )


def imported_directly(client: Client, content: bytes, **fields: Any) -> Any:
    known = {"network": "NEW", "division": "QIBRAY", "commodity": "water"}
    file = SimpleUploadedFile("pipes.csv", content)
    return client.post("/api/v1/network-imports/", known | fields | {"file": file})


def test_an_upload_is_read_by_nobody_else_on_this_machine(engineer: Client, media: Path) -> None:
    inspect(engineer, LINES.encode())
    imported_directly(engineer, LINES.encode(), srid=4326)
    for path in kept(media):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert len(kept(media)) == 2


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled"])
def test_an_upload_goes_with_its_job_however_that_ends(
    engineer: Client, media: Path, ending: str, dry_run: bool
) -> None:
    """But for one that was looked at before and tried: its user still wants to import it."""
    columns = {"code": "NOMER" if ending == "succeeded" else "NOTHING"}
    mapping = json.dumps({"layers": [{"layer": "pipes", "kind": "pipe", "columns": columns}]})
    upload = inspect(engineer, LINES.encode()).json()["upload"]
    fields = {"srid": 4326, "mapping": mapping, "dry_run": str(dry_run).lower()}
    for number, answer in enumerate(
        (
            imported_directly(engineer, LINES.encode(), **fields),
            request_import(engineer, upload, **fields | {"network": "OTHER"}),
        )
    ):
        assert answer.status_code == 202, answer.content
        job = Job.objects.get(uid=answer.json()["uid"])
        assert len(kept(media)) == 2 - number
        if ending == "cancelled":
            assert job.created_by is not None
            cancel_job(job, acting_user=job.created_by)
        import_network(str(job.uid))
        job.refresh_from_db()
        assert job.state == ending, job.error
    assert len(kept(media)) == int(dry_run)


def test_a_division_has_so_much_room_for_uploads(
    engineer: Client, media: Path, settings: Any, make_user: Callable[..., User], other_district: Division
) -> None:
    size = len(LINES.encode())
    settings.UPLOAD_QUOTA_BYTES = 2 * size
    for _time in range(2):
        assert inspect(engineer, LINES.encode()).status_code == 200
    for answer in (inspect(engineer, LINES.encode()), imported_directly(engineer, LINES.encode(), srid=4326)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "quota")
    assert len(kept(media)) == 2
    assert not Job.objects.exists()
    # Another division has its own.
    neighbour = Client()
    neighbour.force_login(make_user("engineer", other_district))
    assert inspect(neighbour, LINES.encode()).status_code == 200


WORDS = (
    "ID;ТИП;МАТЕРИАЛ;СОСТОЯНИЕ;wkt\n"
    "1;задвижка;;в работе;POINT (69.3 41.3)\n"
    "2;Гидрант;;в работе;POINT (69.301 41.3)\n"
    "3;колодец-17;;в работе;POINT (69.302 41.3)\n"
    "4;труба;чугун;в работе;LINESTRING (69.3 41.3, 69.301 41.3)\n"
    "5;труба;PE100;в работе;LINESTRING (69.301 41.3, 69.302 41.3)\n"
)


def test_words_of_another_utility_are_recognised_and_told(engineer: Client, media: Path) -> None:
    found = inspect(engineer, WORDS.encode(), name="objects.csv").json()
    (layer,) = found["layers"]
    assert (layer["kind"], layer["kind_column"]) == ("", "ТИП")
    assert layer["words"]["ТИП"] == ["труба", "задвижка", "Гидрант", "колодец-17"]
    assert layer["kinds"]["ТИП"] == {"труба": "pipe", "задвижка": "valve", "Гидрант": "hydrant"}
    assert layer["values"]["material"]["МАТЕРИАЛ"] == {"чугун": "cast iron"}
    assert layer["values"]["lifecycle"]["СОСТОЯНИЕ"] == {"в работе": "in_service"}
    # Columns by their usual names elsewhere.
    assert layer["mapping"]["material"] == {"column": "МАТЕРИАЛ", "unit": ""}
    assert layer["mapping"]["lifecycle"]["column"] == "СОСТОЯНИЕ"
    assert "out_of_service" in found["choices"]["pipe"]["lifecycle"]
    assert found["choices"]["valve"]["is_accessible"] == ["true", "false"]
    # What is offered is what the import takes.
    mapping = {
        "layers": [
            {
                "layer": "objects",
                "kind_column": "ТИП",
                "kinds": layer["kinds"]["ТИП"] | {"колодец-17": "junction"},
                "columns": {"code": "ID", "material": "МАТЕРИАЛ", "lifecycle": "СОСТОЯНИЕ"},
                "values": {
                    "material": layer["values"]["material"]["МАТЕРИАЛ"],
                    "lifecycle": layer["values"]["lifecycle"]["СОСТОЯНИЕ"],
                },
            }
        ]
    }
    asked = request_import(engineer, found["upload"], srid=4326, mapping=json.dumps(mapping))
    import_network(asked.json()["uid"])
    job = Job.objects.get(uid=asked.json()["uid"])
    assert (job.state, job.error) == ("succeeded", "")
    assert list(Pipe.objects.order_by("code").values_list("code", "material")) == [
        ("4", "cast iron"),
        ("5", "PE100"),
    ]
    assert sorted(Node.objects.filter(network__code="NEW").values_list("kind", flat=True)) == [
        "hydrant",
        "junction",
        "valve",
    ]


def test_a_column_of_names_is_no_list_of_words(engineer: Client, media: Path) -> None:
    rows = "".join(f"N{k};POINT (69.{300 + k} 41.3)\n" for k in range(60))
    (layer,) = inspect(engineer, ("NAME;wkt\n" + rows).encode(), name="junctions.csv").json()["layers"]
    assert "NAME" not in layer["words"]
    assert (layer["kind"], layer["kind_column"]) == ("junction", "")
