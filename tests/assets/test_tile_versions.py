"""Tiles that are named by what they depend on: what is asked twice is made once, and nothing stale is ever shown."""

import gzip
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, MultiPolygon, Point, Polygon
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets.editing.services.session import editing
from assets.models import (
    Attachment,
    Building,
    DirtyArea,
    Document,
    Finding,
    LeakRecord,
    MaterialLife,
    Node,
    Outage,
    Parcel,
    Pipe,
    Segment,
    SurveyPoint,
    ValveDetail,
)
from assets.tiles.api import sessions as tile_sessions
from assets.tiles.selectors.tiles import TILE_LAYERS, build, look_up, tile, tile_query
from assets.tiles.services import tile_cache
from gis_core.models import Division, RoleAssignment, Street, User
from gis_core.services.tokens import make_token
from tests.assets.test_tiles import address_of, features_of, fetch
from tests.assets.vector_tile import read_tile
from tests.frontend_map.sample import SampleNetwork, build_network
from tests.sign_in import confirmed

SHORT_WAY = "assets.tiles.api.views.TileMiddleware"


@pytest.fixture(params=["short way", "usual way"], autouse=True)
def way(request: pytest.FixtureRequest, settings: Any) -> str:
    """Everything here holds with the middleware that answers at once and without it."""
    others = [name for name in settings.MIDDLEWARE if name != SHORT_WAY]
    after = others.index("django.middleware.security.SecurityMiddleware") + 1
    short = [*others[:after], SHORT_WAY, *others[after:]]
    settings.MIDDLEWARE = short if request.param == "short way" else others
    tile_sessions._remembered.clear()
    return str(request.param)


@pytest.fixture
def sample(district: Division) -> SampleNetwork:
    return build_network(district, "OWN", columns=10, rows=8)


@pytest.fixture
def user(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district)


@pytest.fixture
def engineer(user: User) -> Client:
    client = Client()
    confirmed(user, client)
    return client


def here(sample: SampleNetwork, z: int) -> tuple[int, int, int]:
    return address_of(sample.nodes[0].geom.x, sample.nodes[0].geom.y, z)


def path_of(layer: str, address: tuple[int, int, int]) -> str:
    return f"/tiles/{layer}/{address[0]}/{address[1]}/{address[2]}.pbf"


# --- made once ---


def test_a_warm_tile_and_a_known_one_are_one_query_that_reads_no_network(
    sample: SampleNetwork, engineer: Client, way: str
) -> None:
    path = path_of("pipes", here(sample, 14))
    # Without the middleware that answers at once, session and user are read before the tile.
    asked = 1 if way == "short way" else 3
    first = engineer.get(path)
    assert first.content
    for headers, status in (({}, 200), ({"If-None-Match": first["ETag"]}, 304)):
        with CaptureQueriesContext(connection) as queries:
            again = engineer.get(path, headers=headers)
        assert again.status_code == status
        assert again.content == (first.content if status == 200 else b"")
        assert len(queries) == asked
        assert "assets_pipe" not in queries[-1]["sql"]


def test_the_same_scope_shares_tiles_and_another_does_not(
    sample: SampleNetwork, engineer: Client, make_user: Callable[..., User], other_district: Division
) -> None:
    """The name of a tile tells the scopes apart, so that no tile of one scope is found in another."""
    build_network(other_district, "ALIEN", columns=3, rows=3)
    query = tile_query("pipes", *here(sample, 14))
    colleague = look_up(make_user("crew", sample.network.division, "colleague").pk, query)
    assert look_up(User.objects.get(username="engineer-qibray").pk, query).key == colleague.key
    assert look_up(make_user("crew", other_district).pk, query).key != colleague.key
    assert look_up(make_user("crew", sample.network.division.parent).pk, query).key != colleague.key


def test_tiles_travel_compressed_to_who_takes_it(sample: SampleNetwork, engineer: Client) -> None:
    path = path_of("pipes", here(sample, 14))
    plain = engineer.get(path)
    packed = engineer.get(path, headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert packed["ETag"] != plain["ETag"]
    assert "Accept-Encoding" in packed["Vary"]
    refused = engineer.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused
    assert engineer.get(path, headers={"If-None-Match": packed["ETag"]}).status_code == 304


def test_the_cache_is_bounded(sample: SampleNetwork, user: User, settings: Any) -> None:
    z, x, y = here(sample, 15)
    for column in range(20):
        query = tile_query("pipes", z, x + column, y)
        tile_cache.gzipped_tile(query, look_up(user.pk, query))
    assert tile_cache.prune_cache() == 0
    settings.TARMOQ_TILE_CACHE_BYTES = 1500
    assert tile_cache.prune_cache() > 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(octet_length(content) + 100), 0) FROM assets_tilecache")
        assert cursor.fetchone()[0] <= 750


# --- never stale ---


def test_versioned_addresses_may_be_kept_until_something_changes(
    sample: SampleNetwork, engineer: Client
) -> None:
    def address() -> str:
        template = engineer.get("/tiles/pipes.json").json()["tiles"][0]
        z, x, y = here(sample, 14)
        return str(template).replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))

    before = address()
    assert "immutable" in engineer.get(before)["Cache-Control"]
    assert "private" in engineer.get(before)["Cache-Control"]
    assert "no-cache" in engineer.get(path_of("pipes", here(sample, 14)))["Cache-Control"]
    Pipe.objects.filter(pk=sample.pipes[0].pk).update(code="RENAMED")
    after = address()
    assert after != before
    # Who comes with an old version gets what there is now, and must ask again.
    late = engineer.get(before)
    assert "no-cache" in late["Cache-Control"]
    assert late.content == engineer.get(after).content
    assert b"RENAMED" in late.content


def test_rights_show_at_once(sample: SampleNetwork, engineer: Client, user: User) -> None:
    path = path_of("pipes", here(sample, 14))
    etag = engineer.get(path)["ETag"]
    assert engineer.get(path).content
    role = RoleAssignment.objects.get(user=user)
    RoleAssignment.objects.all().delete()
    assert engineer.get(path).status_code == 404
    assert engineer.get(path, headers={"If-None-Match": etag}).status_code == 404
    role.pk = None
    role.save()
    assert engineer.get(path).status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert engineer.get(path, headers={"If-None-Match": etag}).status_code == 401
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert engineer.get(path).status_code == 200


def test_a_session_that_is_over_opens_nothing(sample: SampleNetwork, engineer: Client, user: User) -> None:
    path = path_of("pipes", here(sample, 14))
    assert [engineer.get(path).status_code for _ in range(2)] == [200, 200]
    key = engineer.cookies["sessionid"].value
    engineer.logout()
    engineer.cookies["sessionid"] = key
    assert engineer.get(path).status_code == 401


def test_a_changed_password_ends_the_other_sessions(
    sample: SampleNetwork, engineer: Client, user: User
) -> None:
    path = path_of("pipes", here(sample, 14))
    assert [engineer.get(path).status_code for _ in range(2)] == [200, 200]
    user.set_password("quite-another-password")
    user.save()
    assert engineer.get(path).status_code == 401


def test_a_session_given_to_somebody_else_shows_theirs(
    sample: SampleNetwork, engineer: Client, make_user: Callable[..., User], other_district: Division
) -> None:
    """A remembered session is a guess only: the same key may be another user's by now."""
    path = path_of("pipes", here(sample, 14))
    assert [bool(engineer.get(path).content) for _ in range(2)] == [True, True]
    stranger = Client()
    stranger.force_login(make_user("engineer", other_district))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_session SET session_data = (SELECT session_data FROM django_session WHERE session_key = %s) "
            "WHERE session_key = %s",
            [stranger.cookies["sessionid"].value, engineer.cookies["sessionid"].value],
        )
    assert engineer.get(path).content == b""


def test_sessions_remembered_are_bounded(
    sample: SampleNetwork, engineer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_sessions, "_MAXIMUM_REMEMBERED", 1)
    for _ in range(3):
        client = Client()
        client.force_login(User.objects.get(username="engineer-qibray"))
        assert client.get(path_of("pipes", here(sample, 14))).status_code == 200
    assert len(tile_sessions._remembered) == 1


def test_both_ways_answer_the_same(sample: SampleNetwork, engineer: Client, way: str, settings: Any) -> None:
    path = path_of("pipes", here(sample, 14))
    asked: list[dict[str, str]] = [{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}]
    first = [engineer.get(path, headers=headers) for headers in asked for _ in range(2)]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != SHORT_WAY]
    client = Client()
    client.cookies = engineer.cookies
    second = [client.get(path, headers=headers) for headers in asked for _ in range(2)]
    names = ("ETag", "Cache-Control", "Content-Type", "Content-Encoding", "X-Content-Type-Options")
    for one, other in zip(first, second, strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content)
        assert [one.headers.get(name) for name in names] == [other.headers.get(name) for name in names]
        assert {"Cookie", "Authorization"} <= {name.strip() for name in one["Vary"].split(",")}


def test_a_token_works_as_a_session_does_until_it_is_revoked(sample: SampleNetwork, user: User) -> None:
    token, secret = make_token(user=user, name="gis", acting_user=None)
    headers = {"Authorization": f"Bearer {secret}"}
    path = path_of("pipes", here(sample, 14))
    first = Client().get(path, headers=headers)
    assert first.content
    assert Client().get(path, headers={**headers, "If-None-Match": first["ETag"]}).status_code == 304
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert Client().get(path, headers=headers).status_code == 401
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert Client().get(path, headers=headers).content == first.content
    # The database asks when its transaction began, which is this test's here.
    token.expires_at = timezone.now() - timedelta(days=1)
    token.save()
    assert Client().get(path, headers=headers).status_code == 401
    token.expires_at, token.revoked_at = None, timezone.now()
    token.save()
    assert Client().get(path, headers={**headers, "If-None-Match": first["ETag"]}).status_code == 401


def test_notes_put_together_keep_the_version(sample: SampleNetwork, user: User) -> None:
    query = tile_query("dirty", *here(sample, 14))
    for _ in range(5):
        DirtyArea.objects.create(network=sample.network, geom=Polygon.from_bbox((69.3, 41.3, 69.4, 41.4)))
    before = look_up(user.pk, query)
    assert before.notes >= 5
    tile_cache.merge_notes("dirty")
    after = look_up(user.pk, query)
    assert (after.notes, after.key) == (1, before.key)


# --- as of a date ---


def test_tiles_as_of_a_date_show_what_was_there(sample: SampleNetwork, engineer: Client) -> None:
    address = here(sample, 14)
    pipe = min(sample.pipes, key=lambda one: one.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE assets_node SET valid_from = valid_from - interval '1 day'")
        cursor.execute("UPDATE assets_pipe SET valid_from = valid_from - interval '1 day'")
        cursor.execute("SELECT clock_timestamp()")
        moment = cursor.fetchone()[0]
    codes = {f.properties["code"] for f in features_of(engineer, "pipes", *address)}
    when = (moment + timedelta(seconds=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # Within one transaction only edits are of another moment than its beginning.
    time.sleep(1.1)
    with editing(sample.network, operation="rename", acting_user=None):
        Pipe.objects.filter(pk=pipe.pk).update(code="AFTERWARDS")
    past = features_of(engineer, "pipes", *address, f"?as_of={when}")
    assert {f.properties["code"] for f in past} == codes
    now = features_of(engineer, "pipes", *address)
    assert "AFTERWARDS" in {f.properties["code"] for f in now}
    assert features_of(engineer, "pipes", *address, "?as_of=1999-12-31") == []
    # Afar nothing is kept of the past, and it is computed.
    assert features_of(engineer, "pipes", *here(sample, 9), f"?as_of={when}")
    assert features_of(engineer, "pipes", *here(sample, 9), "?as_of=1999-12-31") == []
    document = engineer.get(f"/tiles/pipes.json?as_of={when}").json()
    assert "as_of=" in document["tiles"][0]


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "", "2026-01-01T00:00:00", "9" * 3000, "%00"])
@pytest.mark.parametrize("path", ["/tiles/pipes/14/1/1.pbf", "/tiles/pipes.json"])
def test_what_is_no_date_is_400(engineer: Client, path: str, text: str) -> None:
    response = engineer.get(f"{path}?as_of={text}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_as_of"


def test_a_layer_without_history_says_so(engineer: Client) -> None:
    response = engineer.get("/tiles/findings/14/1/1.pbf?as_of=2026-01-01")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "no_history")
    assert Client().get("/tiles/findings/14/1/1.pbf?as_of=2026-01-01").status_code == 401


# --- the other layers ---


def fill_other_layers(sample: SampleNetwork, user: User) -> dict[str, int]:
    """One row of each further layer at the sample's first node; their ids by layer."""
    node, network, division = sample.nodes[0], sample.network, sample.network.division
    pipe = next(one for one in sample.pipes if one.start_node_id == node.pk or one.end_node_id == node.pk)
    ground = Polygon.from_bbox(
        (node.geom.x - 0.0005, node.geom.y - 0.0005, node.geom.x + 0.0005, node.geom.y + 0.0005)
    )
    finding = Finding.objects.create(
        network=network,
        division=division,
        check_code="dead_end",
        severity="error",
        explanation="x",
        element_codes=["A", "B"],
        fingerprint="f",
        geom=node.geom,
    )
    dirty = DirtyArea.objects.create(network=network, geom=ground)
    attachment = Attachment.objects.create(network=network, division=division, node=node)
    leak = LeakRecord.objects.create(
        network=network,
        division=division,
        number="L1",
        attachment=attachment,
        source="patrol",
        reported_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    outage = Outage.objects.create(
        network=network,
        division=division,
        number="O1",
        reason="repair",
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ends_at=datetime(2026, 1, 2, tzinfo=UTC),
        pipe_uid=pipe.uid,
        pipe_code=pipe.code,
        pipe_ids=[pipe.pk],
    )
    document = Document.objects.create(division=division, title="Survey", kind="survey")
    street = Street.objects.create(division=division, code="1", name="Navoiy ko‘chasi")
    parcel = Parcel.objects.create(
        division=division, cadastral_number="10:01:1", geom=MultiPolygon(ground), street=street
    )
    division.boundary = MultiPolygon(ground)
    division.save()
    building = Building.objects.create(
        division=division, parcel=parcel, cadastral_number="10:01:1:1", geom=MultiPolygon(ground)
    )
    point = SurveyPoint.objects.create(
        division=division,
        code="S1",
        geom=Point(node.geom.x, node.geom.y, srid=4326),
        accuracy_class="E",
        surveyed_on="2026-01-01",
        surveyor="x",
        method="estimated",
        source_document=document,
    )
    return {
        "findings": finding.pk,
        "dirty": dirty.pk,
        "leaks": leak.pk,
        "outages": outage.pk,
        "parcels": parcel.pk,
        "buildings": building.pk,
        "survey_points": point.pk,
        "streets": street.pk,
        "divisions": division.pk,
    }


def test_each_further_layer_shows_its_rows_to_its_own_division_only(
    sample: SampleNetwork,
    engineer: Client,
    user: User,
    make_user: Callable[..., User],
    other_district: Division,
) -> None:
    neighbour = Client()
    neighbour.force_login(make_user("engineer", other_district))
    address = here(sample, 15)
    empty = {layer: fetch(engineer, layer, *address)["ETag"] for layer in TILE_LAYERS}
    ids = fill_other_layers(sample, user)
    for layer, row_id in ids.items():
        shown = fetch(engineer, layer, *address)
        assert shown["ETag"] != empty[layer], layer
        (feature,) = read_tile(shown.content)[layer].features
        assert feature.id == row_id
        assert set(feature.properties) <= set(TILE_LAYERS[layer].fields), layer
        assert ("uid" in feature.properties) == ("uid" in TILE_LAYERS[layer].fields)
        assert fetch(neighbour, layer, *address).content == b""
    Street.objects.update(name="Bobur ko‘chasi")
    assert features_of(engineer, "streets", *address)[0].properties["name"] == "Bobur ko‘chasi"
    Finding.objects.all().delete()
    LeakRecord.objects.update(
        state="repaired",
        located_at="2026-01-02T00:00Z",
        repair_started_at="2026-01-02T00:00Z",
        repaired_at="2026-01-03T00:00Z",
    )
    Outage.objects.update(state="cancelled")
    for layer in ("findings", "leaks", "outages"):
        assert features_of(engineer, layer, *address) == []


def test_a_valve_renews_its_tile_when_its_state_changes(sample: SampleNetwork, engineer: Client) -> None:
    node = sample.nodes[0]
    valve = Node.objects.create(
        network=sample.network, division=sample.network.division, kind="valve", code="V1", geom=node.geom
    )
    detail = ValveDetail.objects.create(node=valve, status="open")
    address = here(sample, 15)

    def state() -> Any:
        return {one.id: one.properties.get("state") for one in features_of(engineer, "nodes", *address)}

    assert (state()[valve.pk], state()[node.pk]) == ("open", None)
    tag = fetch(engineer, "nodes", *address)["ETag"]
    for change, expected in (
        ({"status": "closed"}, "closed"),
        ({"is_accessible": False}, "inaccessible"),
        ({"is_broken": True}, "broken"),
        ({"is_broken": False, "is_accessible": True, "status": "active"}, "open"),
    ):
        ValveDetail.objects.filter(pk=detail.pk).update(**change)
        assert state()[valve.pk] == expected
        assert fetch(engineer, "nodes", *address)["ETag"] != tag
        tag = fetch(engineer, "nodes", *address)["ETag"]


def test_pipes_say_their_material_by_its_code_and_their_year(sample: SampleNetwork, engineer: Client) -> None:
    Pipe.objects.update(material=" ЧУГУН", year_installed=1974)
    address = here(sample, 15)
    first = features_of(engineer, "pipes", *address)[0].properties
    assert (first["material"], first["year"]) == ("cast_iron", 1974)
    MaterialLife.objects.filter(code="cast_iron").update(names=["ci"])
    assert features_of(engineer, "pipes", *address)[0].properties["material"] == "чугун"


def test_findings_come_by_severity(sample: SampleNetwork, engineer: Client) -> None:
    for severity in ("error", "warning", "note"):
        Finding.objects.create(
            network=sample.network,
            division=sample.network.division,
            check_code=severity,
            severity=severity,
            explanation="x",
            fingerprint="f",
            geom=sample.nodes[0].geom,
        )

    def severities(z: int) -> set[str]:
        return {f.properties["severity"] for f in features_of(engineer, "findings", *here(sample, z))}

    assert [severities(z) for z in (7, 8, 11, 13)] == [
        set(),
        {"error"},
        {"error", "warning"},
        {"error", "warning", "note"},
    ]


def test_segments_are_read_as_stored_and_say_whether_they_are_current(
    sample: SampleNetwork, engineer: Client
) -> None:
    address = here(sample, 15)
    assert {f.properties.get("segment_id") for f in features_of(engineer, "segments", *address)} == {None}
    segment = Segment.objects.create(network=sample.network)
    before = fetch(engineer, "segments", *address)["ETag"]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_pipetopology (pipe_id, network_id, segment_id) "
            "SELECT id, network_id, %s FROM assets_pipe WHERE network_id = %s",
            [segment.pk, sample.network.pk],
        )
    assert fetch(engineer, "segments", *address)["ETag"] != before
    shown = features_of(engineer, "segments", *address)
    assert {f.properties["segment_id"] for f in shown} == {segment.pk}
    assert {f.properties["is_current"] for f in shown} == {False}
    assert {f.id for f in shown} <= {pipe.pk for pipe in sample.pipes}


# --- generalised lines ---


def lines_of(content: bytes) -> set[tuple[Any, ...]]:
    tiles = read_tile(content)
    if not tiles:
        return set()
    return {
        (f.id, tuple(sorted(f.properties.items())), *sorted(_pairs(f.points)))
        for f in tiles["pipes"].features
    }


def _pairs(points: list[tuple[int, int]]) -> list[tuple[tuple[int, int], ...]]:
    """Lines of two points each, whichever way they run."""
    return [tuple(sorted(pair)) for pair in zip(points[::2], points[1::2], strict=True)]


def test_generalised_lines_kept_are_those_computed_anew(sample: SampleNetwork, user: User) -> None:
    """The same rule in two statements: counted by triggers as pipes come, change and go, and from the pipes at once."""
    far_end = Node.objects.create(
        network=sample.network,
        division=sample.network.division,
        kind="junction",
        code="FAR",
        geom=Point(70.9, 40.2, srid=4326),
    )
    start = sample.nodes[0]
    bends = ((69.5, 41.6), (69.9, 41.0), (70.3, 41.05), (70.35, 40.3))
    long_pipe = Pipe.objects.create(
        network=sample.network,
        division=sample.network.division,
        code="LONG",
        start_node=start,
        end_node=far_end,
        geom=LineString((start.geom.x, start.geom.y), *bends, (70.9, 40.2), srid=4326),
        diameter_m=0.7,
    )

    def agree() -> int:
        drawn = 0
        for z in range(5, 11):
            places = [(start.geom.x, start.geom.y), *bends, (70.9, 40.2), (69.7, 41.3), (70.1, 41.02)]
            for address in {address_of(x, y, z) for x, y in places}:
                kept = lines_of(tile(user, "pipes", *address))
                query = tile_query("pipes", *address, as_of=timezone.now() + timedelta(days=1))
                assert kept == lines_of(build(query, look_up(user.pk, query))), address
                drawn += len(kept)
        return drawn

    assert agree() > 20
    Pipe.objects.filter(pk__lt=sample.pipes[20].pk).update(diameter_m=0.9)
    assert agree()
    Pipe.objects.filter(pk=sample.pipes[3].pk).update(lifecycle="removed")
    Pipe.objects.filter(pk=sample.pipes[4].pk).update(lifecycle="planned")
    assert agree()
    long_pipe.geom = LineString((start.geom.x, start.geom.y), (69.9, 41.0), (70.9, 40.2), srid=4326)
    long_pipe.save()
    assert agree()
    long_pipe.delete()
    agree()
    Pipe.objects.filter(network=sample.network).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM assets_tileedge WHERE network_id = %s", [sample.network.pk])
        assert cursor.fetchone()[0] == 0


def test_what_hangs_together_is_drawn_so_from_afar(district: Division, user: User) -> None:
    network = build_network(district, "GRID", columns=40, rows=40, origin=(69.0, 41.0))
    z, x, y = address_of(network.nodes[0].geom.x, network.nodes[0].geom.y, 9)
    parent: dict[tuple[int, int], tuple[int, int]] = {}

    def root(point: tuple[int, int]) -> tuple[int, int]:
        while parent.setdefault(point, point) != point:
            point = parent[point]
        return point

    for column in (x - 1, x, x + 1):
        for row in (y - 1, y, y + 1):
            content = read_tile(tile(user, "pipes", z, column, row))
            for feature in content["pipes"].features if content else []:
                for one, other in _pairs(feature.points):
                    shift = ((column - x) * 4096, (row - y) * 4096)
                    ends = [(point[0] + shift[0], point[1] + shift[1]) for point in (one, other)]
                    parent[root(ends[0])] = root(ends[1])
    assert len(parent) > 10
    assert len({root(point) for point in list(parent)}) == 1
