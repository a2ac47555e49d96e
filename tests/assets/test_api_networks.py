"""The REST views of the network: what they show, to whom, at what cost, and what they refuse."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pyproj import Geod

from assets.exchange.tasks import import_network
from assets.models import Lifecycle, Network, NetworkSummary, Node, Pipe
from assets.networks.selectors.network_reads import nearest_assets, networks_visible_to
from assets.networks.services.summaries import extent_of_network, network_figures
from assets.tiles.selectors.tiles import extent_of
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, Job, User
from tests.frontend_map.sample import SampleNetwork, build_network

LISTS = ["networks", "nodes", "pipes", "zones"]


@pytest.fixture
def sample(district: Division) -> SampleNetwork:
    return build_network(district, "OWN")


@pytest.fixture
def engineer_user(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district)


@pytest.fixture
def engineer(engineer_user: User) -> Client:
    client = Client()
    client.force_login(engineer_user)
    return client


@pytest.fixture
def neighbour(make_user: Callable[..., User], other_district: Division) -> Client:
    client = Client()
    client.force_login(make_user("engineer", other_district))
    return client


def rows(client: Client, path: str) -> list[dict[str, Any]]:
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, response.content
    answer = response.json()
    return answer if isinstance(answer, list) else answer["results"]


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_details_show_the_own_division_and_no_other(
    sample: SampleNetwork, engineer: Client, neighbour: Client, make_user: Callable[..., User], name: str
) -> None:
    uid = rows(engineer, f"{name}/")[0]["uid"]
    assert engineer.get(f"/api/v1/{name}/{uid}/").json()["uid"] == uid
    assert rows(neighbour, f"{name}/") == []
    assert neighbour.get(f"/api/v1/{name}/{uid}/").status_code == 404
    nobody = Client()
    nobody.force_login(make_user())
    assert nobody.get(f"/api/v1/{name}/").status_code == 404
    assert Client().get(f"/api/v1/{name}/").status_code == 401


def test_search_and_nearest_show_the_own_division_and_no_other(
    sample: SampleNetwork, engineer: Client, neighbour: Client
) -> None:
    assert rows(engineer, "search/?q=J1")
    assert rows(engineer, "nearest/?lon=69.34&lat=41.33")
    assert rows(neighbour, "search/?q=J1") == []
    assert rows(neighbour, "nearest/?lon=69.34&lat=41.33") == []


def test_geometry_is_the_rows_own(sample: SampleNetwork, engineer: Client) -> None:
    node = next(row for row in rows(engineer, "nodes/?code=J1&network=OWN"))
    assert node["geometry"] == {"type": "Point", "coordinates": [69.34, 41.33]}
    assert node["zone_name"] == "1-zona"
    pipe = next(row for row in rows(engineer, "pipes/?code=P1"))
    assert pipe["geometry"]["type"] == "LineString"
    assert pipe["start_node_code"] == "J1"
    assert rows(engineer, "zones/?code=Z1")[0]["geometry"]["type"] == "MultiPolygon"


def test_a_device_comes_with_the_details_of_its_kind(sample: SampleNetwork, engineer: Client) -> None:
    tank = rows(engineer, "nodes/?kind=tank")[0]
    assert "details" not in tank
    details = engineer.get(f"/api/v1/nodes/{tank['uid']}/").json()["details"]
    assert details["diameter_m"] == 12.0
    junction = rows(engineer, "nodes/?kind=junction")[0]
    assert engineer.get(f"/api/v1/nodes/{junction['uid']}/").json()["details"] == {}


def test_filters_narrow_the_lists(sample: SampleNetwork, engineer: Client) -> None:
    zone = sample.zones[0]
    inside = rows(engineer, f"nodes/?zone={zone.uid}&limit=1000")
    assert {row["uid"] for row in inside} == {
        str(uid) for uid in Node.objects.filter(zone=zone).values_list("uid", flat=True)
    }
    assert {row["kind"] for row in rows(engineer, "nodes/?kind=valve&kind=pump")} == {"valve", "pump"}
    assert {row["status"] for row in rows(engineer, "pipes/?status=closed")} == {"closed"}
    assert rows(engineer, "networks/?commodity=gas") == []
    assert rows(engineer, "nodes/?network=UNKNOWN") == []


@pytest.mark.parametrize(
    "path",
    [
        "nodes/?kind=castle",
        "nodes/?zone=5",
        "nodes/?limit=0",
        "nodes/?limit=1001",
        "nodes/?limit=many",
        "nodes/?cursor=nonsense",
        "nodes/?colour=red",
        "pipes/?status=ajar",
        "networks/?commodity=wine",
        "nearest/?lon=69&lat=x",
        "nearest/?lon=69",
        "nearest/?lon=190&lat=41",
        "nearest/?lon=nan&lat=41",
        "nearest/?lon=69&lat=41&limit=101",
        "nearest/?lon=69&lat=41&limit=-1",
        "nearest/?lon=69&lat=41&kind=castle",
        "nearest/?lon=69&lat=41&colour=red",
        "search/",
        "search/?q=%20",
        "search/?q=%00",
        f"search/?q={'a' * 101}",
        "search/?q=a&limit=51",
    ],
)
def test_bad_parameters_are_400_with_a_message(engineer: Client, path: str) -> None:
    response = engineer.get(f"/api/v1/{path}")
    assert response.status_code == 400
    assert len(response.content) > 20


def test_pages_follow_each_other_without_loss(sample: SampleNetwork, engineer: Client) -> None:
    seen: list[str] = []
    address = "/api/v1/nodes/?limit=7"
    while address:
        answer = engineer.get(address).json()
        seen += [row["uid"] for row in answer["results"]]
        address = answer["next"]
    assert len(seen) == len(set(seen)) == len(sample.nodes)


@pytest.mark.figure
def test_query_count_does_not_grow_with_rows(district: Division, engineer: Client) -> None:
    paths = [
        *(f"/api/v1/{name}/?limit=1000" for name in LISTS),
        "/api/v1/nearest/?lon=69.34&lat=41.33&limit=100",
        "/api/v1/search/?q=J&limit=50",
        "/",
        "/field/?lon=69.34&lat=41.33",
        "/map/",
    ]

    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert engineer.get(path).status_code == 200
        return len(captured)

    build_network(district, "SMALL", columns=2, rows=5, zone_count=2)
    for path in paths:
        # The first request of a session notes that it is under way, and the first of a page its pieces.
        engineer.get(path)
    few = {path: queries(path) for path in paths}
    build_network(district, "LARGE", columns=40, rows=25, zone_count=40)
    for number in range(10):
        build_network(district, f"MORE{number}", columns=2, rows=1, zone_count=1)
    many = {path: queries(path) for path in paths}
    for path in paths:
        print(f"T13 {path}: {few[path]} queries at 10 rows, {many[path]} at 1,000")
    assert many == few


# --- nearest ---


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(69.3412, 41.3305), (69.36, 41.34), (60.0, 44.0), (69.34, 41.33)]
)
@pytest.mark.parametrize("kinds", [[], ["junction"], ["valve", "tank"]])
def test_nearest_is_exact_by_geodesic_distance(
    sample: SampleNetwork, engineer_user: User, longitude: float, latitude: float, kinds: list[str]
) -> None:
    """Against pyproj over all nodes. A degree of longitude is a quarter shorter here: the order differs."""
    geodesic = Geod(ellps="WGS84")
    wanted = sorted(
        (geodesic.inv(longitude, latitude, node.geom.x, node.geom.y)[2], node.code)
        for node in sample.nodes
        if not kinds or node.kind in kinds
    )[:7]
    kinds = kinds or sorted({node.kind for node in sample.nodes})
    found = nearest_assets(engineer_user, longitude=longitude, latitude=latitude, kinds=kinds, limit=7)
    assert [asset.distance_m for asset in found] == pytest.approx(
        [metres for metres, _code in wanted], abs=0.01
    )


def test_nearest_measures_to_the_pipe_itself_not_to_its_ends(
    sample: SampleNetwork, engineer_user: User
) -> None:
    (found,) = nearest_assets(engineer_user, longitude=69.341, latitude=41.3301, kinds=["pipe"], limit=1)
    assert found.code == "P1"
    assert found.distance_m == pytest.approx(11.1, abs=0.1)
    assert found.bearing_degrees == pytest.approx(180, abs=1)


@pytest.mark.parametrize(
    "wrong", [{"longitude": 181}, {"latitude": -91}, {"limit": 0}, {"limit": 101}, {"kinds": ["castle"]}]
)
def test_nearest_refuses_nonsense(engineer_user: User, wrong: dict[str, Any]) -> None:
    with pytest.raises(ReportedError):
        nearest_assets(engineer_user, **({"longitude": 69, "latitude": 41} | wrong))


# --- search ---


def test_search_puts_the_equal_code_first(sample: SampleNetwork, engineer: Client) -> None:
    found = rows(engineer, "search/?q=j1")
    assert found[0]["code"] == "J1"
    assert all("j1" in row["code"].lower() for row in found)
    assert found[0]["longitude"] == pytest.approx(69.34)


def test_search_takes_wildcards_as_letters(sample: SampleNetwork, engineer: Client) -> None:
    assert rows(engineer, "search/?q=%25") == []
    assert (
        rows(engineer, "search/?q=J_1") == rows(engineer, "search/?q=J-1") == rows(engineer, "search/?q=j1")
    )
    assert rows(engineer, "search/?q=J%25") == rows(engineer, "search/?q=J")


def test_search_finds_zones_by_name_and_puts_the_network_asked_for_first(
    sample: SampleNetwork, district: Division, engineer: Client
) -> None:
    build_network(district, "TWIN")
    assert {row["asset_class"] for row in rows(engineer, "search/?q=2-zona")} == {"zone"}
    for code in ("OWN", "TWIN"):
        assert {row["network"] for row in rows(engineer, f"search/?q=J&network={code}&limit=10")} == {code}
    assert {row["network"] for row in rows(engineer, "search/?q=J1&network=TWIN")} == {"OWN", "TWIN"}


def test_figures_count_each_network_for_itself(sample: SampleNetwork, engineer_user: User) -> None:
    (figures,) = network_figures(list(networks_visible_to(engineer_user)))
    assert figures.zones == len(sample.zones)
    assert figures.pipes == len(sample.pipes)
    assert figures.nodes + figures.devices == len(sample.nodes)
    assert figures.length_km == pytest.approx(180.5 * len(sample.pipes) / 1000)


def test_kept_figures_follow_every_change(sample: SampleNetwork, engineer_user: User) -> None:
    network = sample.network

    def figures() -> tuple[int, int]:
        (found,) = network_figures([network])
        return found.nodes + found.devices, round(found.length_km * 1000)

    nodes, length_m = figures()
    assert extent_of_network(network) == extent_of(engineer_user, network_code=network.code)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_node (uid, network_id, division_id, code, kind, lifecycle, geom, version) "
            "SELECT gen_random_uuid(), network_id, division_id, 'FAR', kind, lifecycle, "
            "ST_Translate(geom, 0.5, 0.25), 1 FROM assets_node WHERE network_id = %s ORDER BY id LIMIT 1",
            [network.pk],
        )
    assert figures() == (nodes + 1, length_m)
    assert extent_of_network(network) == extent_of(engineer_user, network_code=network.code)
    Pipe.objects.filter(pk=sample.pipes[0].pk).update(stated_length_m=1180.5)
    assert figures() == (nodes + 1, length_m + 1000)
    Node.objects.filter(network=network, code="FAR").update(lifecycle=Lifecycle.REMOVED)
    assert figures() == (nodes, length_m + 1000)


def test_unchanged_figures_are_not_counted_again(sample: SampleNetwork) -> None:
    (first,) = network_figures([sample.network])
    # What is kept is told until the network changes: here it is made wrong on purpose.
    NetworkSummary.objects.filter(network=sample.network).update(nodes=first.nodes + 7)
    (second,) = network_figures([sample.network])
    assert second.nodes == first.nodes + 7
    empty = Network.objects.create(
        code="EMPTY", name="Empty", commodity="water", division=sample.network.division
    )
    (none,) = network_figures([empty])
    assert (none.nodes, none.pipes, none.length_km, extent_of_network(empty)) == (0, 0, 0.0, None)


# --- import by upload ---


@pytest.fixture
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def upload(client: Client, **changes: Any) -> Any:
    fields = {
        "file": SimpleUploadedFile("../../town.inp", b"[TITLE]\n"),
        "network": "NEW",
        "division": "QIBRAY",
        "commodity": "water",
        "place": "69.35,41.38",
        "coordinate_unit": "auto",
    } | changes
    return client.post("/api/v1/network-imports/", {k: v for k, v in fields.items() if v is not None})


def test_upload_makes_a_job_and_keeps_the_file(engineer: Client, media: Path) -> None:
    response = upload(engineer)
    assert response.status_code == 202, response.content
    job = Job.objects.get(uid=response.json()["uid"])
    assert (job.kind, job.division.code, job.state) == ("import network", "QIBRAY", "queued")
    assert job.parameters["place"] == [69.35, 41.38]
    assert job.parameters["srid"] is None
    stored = media / job.parameters["file"]
    assert stored.read_bytes() == b"[TITLE]\n"
    # A folder for each division, whose quota its files count against.
    assert stored.parent == media / "network_imports" / str(job.division_id)
    assert AuditEvent.objects.filter(object_id=str(job.uid)).count() == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("pipe.csv", b"code;wkt\nP1;LINESTRING (69.3 41.3, 69.31 41.3)\n", ""),
        ("../Tarmoq 1.gpkg", b"nothing", "The file Tarmoq 1.gpkg is"),
        ("town.zip", b"nothing", "The file town.zip is"),
    ],
)
def test_an_upload_is_read_under_its_own_name(
    name: str, content: bytes, words: str, engineer: Client, media: Path
) -> None:
    """Layers are called after the file, and messages name it as its user does."""
    response = upload(engineer, file=SimpleUploadedFile(name, content), place=None, srid=4326)
    assert response.status_code == 202, response.content
    job = Job.objects.get(uid=response.json()["uid"])
    with pytest.MonkeyPatch.context() as patch:
        # Progress is written on a connection of its own, which sees nothing of the test's transaction.
        patch.setattr("gis_core.services.jobs.progress_of", lambda _job: nullcontext(lambda *_said: None))
        import_network(str(job.uid))
    job.refresh_from_db()
    if words:
        assert words in job.error
    else:
        assert job.state == "succeeded", job.error
        assert job.result is not None
        assert job.result["created"]["pipe"] == 1
    assert str(media) not in f"{job.error}{job.result}"


def test_upload_needs_the_right_in_that_division(
    engineer: Client,
    neighbour: Client,
    make_user: Callable[..., User],
    district: Division,
    media: Path,
) -> None:
    analyst = Client()
    analyst.force_login(make_user("analyst", district))
    assert upload(analyst).status_code == 404
    assert upload(neighbour).status_code == 404
    assert upload(Client()).status_code == 401
    assert upload(engineer, division="NOWHERE").status_code == 404
    assert not Job.objects.exists()
    assert not list(media.rglob("*.inp"))


@pytest.mark.parametrize(
    "changes",
    [
        {"file": None},
        {"file": SimpleUploadedFile("empty.inp", b"")},
        {"network": "two words"},
        {"network": "../x"},
        {"commodity": "wine"},
        {"place": "here"},
        {"place": "200,41"},
        {"place": None},
        {"srid": "32642"},
        {"place": None, "srid": "one"},
        {"coordinate_unit": "cubit"},
    ],
)
def test_upload_refuses_nonsense(engineer: Client, media: Path, changes: dict[str, Any]) -> None:
    response = upload(engineer, **changes)
    assert response.status_code == 400
    assert not Job.objects.exists()
    assert not list(media.rglob("*.inp"))


def test_upload_has_a_size_limit(engineer: Client, media: Path, settings: Any) -> None:
    settings.NETWORK_UPLOAD_MAX_BYTES = 100
    response = upload(engineer, file=SimpleUploadedFile("big.inp", b"x" * 101))
    assert response.status_code == 400
    response = upload(engineer, file=SimpleUploadedFile("huge.inp", b"x" * 200_000))
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "too_large"
    assert not Job.objects.exists()


def test_dates_pass_through(sample: SampleNetwork, engineer: Client) -> None:
    Node.objects.filter(pk=sample.nodes[0].pk).update(installed_on=date(1987, 5, 1))
    assert rows(engineer, "nodes/?code=J1")[0]["installed_on"] == "1987-05-01"
