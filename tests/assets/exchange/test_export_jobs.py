"""Exports above the bound are jobs with the same file, seen and fetched by whoever may; a drawing is read back."""

from pathlib import Path
from typing import Any, cast

import ezdxf
import pytest
from django.contrib.gis.geos import LineString, Point
from django.test import Client
from pyproj import Transformer

from assets.exchange.services.export import export_jobs, export_network
from assets.models import Node, Pipe
from gis_core.models import Division, Job, RoleAssignment, User
from gis_core.services.jobs import run_job
from tests.conftest import make_district
from tests.world import ClosingClient, World, make_world


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def committed(
    committing_database: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    """The small world for real, and a bound below it."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(
        export_jobs, "ELEMENTS_AT_ONCE", dict.fromkeys(export_jobs.ELEMENTS_AT_ONCE, 2), raising=True
    )
    return make_world(make_district("QIBRAY", "Qibray"))


def client_of(name: str, role: str | None, division: Any, kind: type[Client] = ClosingClient) -> Client:
    user = User.objects.create_user(username=name)
    if role is not None:
        RoleAssignment.objects.create(user=user, role=role, division=division)
    client = kind()
    client.force_login(user)
    return client


def address(file_format: str) -> str:
    return f"/api/v1/networks/N1/export/?format_name={file_format}"


@pytest.mark.parametrize("file_format", export_jobs.ELEMENTS_AT_ONCE)
def test_a_long_export_is_a_job_with_the_same_file(
    committed: World, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    client = client_of("engineer", "engineer", committed.district, Client)
    asked = client.get(address(file_format))
    assert asked.status_code == 202
    job = client.get(asked.headers["Location"]).json()
    assert (job["state"], job["progress_done"], job["progress_total"]) == ("succeeded", 2, 2)
    fetched = client.get(f"{asked.headers['Location']}file/")
    made = b"".join(cast(Any, fetched).streaming_content)
    assert len(made) == job["result"]["file"]["size_bytes"]
    monkeypatch.setitem(export_jobs.ELEMENTS_AT_ONCE, file_format, 1000)
    at_once = client.get(address(file_format))
    assert at_once.status_code == 200
    assert (fetched.headers["Content-Type"], fetched.headers["Content-Disposition"]) == (
        at_once.headers["Content-Type"],
        at_once.headers["Content-Disposition"],
    )
    answered = b"".join(cast(Any, at_once).streaming_content)
    if file_format in ("epanet", "geojson", "csv"):
        assert made == answered
    else:
        # Both say when they were made, DXF as a decimal of as many digits as it has.
        assert abs(len(made) - len(answered)) < 50


@pytest.mark.parametrize(
    ("role", "where", "status"),
    [
        ("engineer", "here", 202),
        ("auditor", "here", 202),
        ("crew", "here", 202),
        ("engineer", "elsewhere", 404),
        ("administrator", "elsewhere", 404),
        (None, "here", 404),
    ],
)
def test_who_may_ask_for_a_long_export(committed: World, role: str | None, where: str, status: int) -> None:
    division = committed.district if where == "here" else make_district("CHIRCHIQ", "Chirchiq")
    client = client_of("asks", role, division)
    answer = client.get(address("geojson"))
    assert answer.status_code == status
    assert Job.objects.count() == (1 if status == 202 else 0)
    if status == 202:
        assert client.get(answer.headers["Location"]).status_code == 200
        assert client.get(f"{answer.headers['Location']}file/").status_code == 200


@pytest.mark.parametrize(
    ("role", "where", "status"),
    [
        ("engineer", "here", 200),
        # Sees the network, and no jobs but its own.
        ("crew", "here", 404),
        ("engineer", "elsewhere", 404),
        ("administrator", "elsewhere", 404),
        (None, "here", 404),
    ],
)
def test_who_may_fetch_what_another_exported(
    committed: World, role: str | None, where: str, status: int
) -> None:
    made = client_of("asks", "engineer", committed.district).get(address("geojson")).headers["Location"]
    division = committed.district if where == "here" else make_district("CHIRCHIQ", "Chirchiq")
    other = client_of("other", role, division)
    for path in (made, f"{made}file/"):
        answer = other.get(path)
        assert answer.status_code == status, path
        if status != 200:
            assert b"N1" not in answer.content


def test_an_export_of_one_who_lost_the_network_fails(committed: World) -> None:
    user = User.objects.create_user(username="asks")
    RoleAssignment.objects.create(user=user, role="engineer", division=committed.district)
    job = export_jobs.request_export(committed.network, "geojson", acting_user=user, enqueue=lambda _: None)
    RoleAssignment.objects.all().delete()
    run_job(str(job.uid), export_jobs.do_export)
    job.refresh_from_db()
    assert (job.state, job.result["error"]["code"] if job.result else None) == ("failed", "no_such_network")


# --- the drawing ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_drawing_is_read_back_whole(world: World, tmp_path: Path) -> None:
    network = world.network
    hard = 'Қувур "1" ' + "ў" * 40
    Node.objects.filter(pk=world.nodes["C"].pk).update(code=hard)
    Pipe.objects.filter(pk=world.pipes["P2"].pk).update(code="P 2=x", material="PE 100 %%c")
    path = tmp_path / "drawing.dxf"
    result = export_network(network, path, "dxf")
    document = ezdxf.readfile(path)
    auditor = document.audit()
    assert (auditor.errors, auditor.fixes) == ([], [])
    handles = [entity.dxf.handle for entity in document.entitydb.values()]
    assert len(handles) == len(set(handles))
    srid = int(dict(document.header.custom_vars.properties)["CRS"].removeprefix("EPSG:"))
    project = Transformer.from_crs("EPSG:4326", f"EPSG:{srid}", always_xy=True).transform
    # The stubs of ezdxf know a query's entities by their base class only.
    space: Any = document.modelspace()
    points = {(entity.dxf.layer, *entity.dxf.insert.xyz[:2]) for entity in space.query("INSERT")}
    nodes = Node.objects.filter(network=network)
    assert {(x, y) for _layer, x, y in points} == {project(*_place(node.geom)) for node in nodes}
    assert {entity.get_attrib_text("CODE") for entity in space.query("INSERT")} == {
        node.code for node in nodes
    }
    lines = {
        tuple(entity.get_points("xy")): dict(
            text.split("=", 1) for code, text in entity.get_xdata("TARMOQ") if code == 1000
        )
        for entity in space.query("LWPOLYLINE")
        if not entity.closed
    }
    for pipe in Pipe.objects.filter(network=network, is_connector=False).select_related(
        "start_node", "end_node"
    ):
        known = lines[tuple(project(*point) for point in _vertices(pipe.geom))]
        assert known["code"] == pipe.code
        assert (known["start_node"], known["end_node"]) == (pipe.start_node.code, pipe.end_node.code)
        assert known.get("material", "") == pipe.material
    assert sum(result.counts.values()) >= len(points) + len(lines)


def _place(point: Any) -> tuple[float, float]:
    assert isinstance(point, Point)
    return point.x, point.y


def _vertices(line: Any) -> list[tuple[float, float]]:
    assert isinstance(line, LineString)
    return [(x, y) for x, y in line.coords]
