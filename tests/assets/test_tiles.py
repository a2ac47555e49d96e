"""Vector tiles against the rows they are made of, and who may have them."""

from collections.abc import Callable
from math import asinh, floor, pi, radians, tan
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Q
from django.test import Client

from assets.models import Node, Pipe
from assets.tiles.selectors.tiles import TILE_LAYERS
from gis_core.models import Division, User
from tests.assets.vector_tile import degrees_of, read_tile
from tests.frontend_map.sample import SampleNetwork, build_network

Login = Callable[..., Client]


def address_of(longitude: float, latitude: float, z: int) -> tuple[int, int, int]:
    """The tile of zoom z that holds a position."""
    y = (1 - asinh(tan(radians(latitude))) / pi) / 2
    return z, floor((longitude + 180) / 360 * 2**z), floor(y * 2**z)


@pytest.fixture
def sample(district: Division) -> SampleNetwork:
    return build_network(district, "OWN", columns=10, rows=8)


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> Client:
    client = Client()
    client.force_login(make_user("engineer", district))
    return client


def fetch(client: Client, layer: str, z: int, x: int, y: int, query: str = "") -> Any:
    return client.get(f"/tiles/{layer}/{z}/{x}/{y}.pbf{query}")


def features_of(client: Client, layer: str, z: int, x: int, y: int, query: str = "") -> list[Any]:
    response = fetch(client, layer, z, x, y, query)
    assert response.status_code == 200
    tile = read_tile(response.content)
    assert set(tile) <= {layer}
    return tile[layer].features if tile else []


def around(sample: SampleNetwork, z: int) -> list[tuple[int, int, int]]:
    """Every tile of zoom z that the sample's nodes lie in."""
    return sorted({address_of(node.geom.x, node.geom.y, z) for node in sample.nodes})


@pytest.mark.parametrize("z", [14, 16, 18])
def test_nodes_are_where_their_rows_say(sample: SampleNetwork, engineer: Client, z: int) -> None:
    by_uid = {str(node.uid): node for node in sample.nodes}
    seen = set()
    for tile in around(sample, z):
        for feature in features_of(engineer, "nodes", *tile):
            node = by_uid[feature.properties["uid"]]
            longitude, latitude = degrees_of(feature.points[0], *tile)
            # Half a tile unit, in degrees of this zoom.
            assert longitude == pytest.approx(node.geom.x, abs=360 / 2**z / 4096)
            assert latitude == pytest.approx(node.geom.y, abs=360 / 2**z / 4096)
            assert feature.id == node.pk
            assert feature.properties["kind"] == node.kind
            assert feature.properties["code"] == node.code
            seen.add(feature.properties["uid"])
    assert seen == set(by_uid)


@pytest.mark.parametrize("z", [12, 14, 17])
def test_every_pipe_is_drawn_in_full_from_end_to_end(sample: SampleNetwork, engineer: Client, z: int) -> None:
    ends: dict[int, list[tuple[float, float]]] = {}
    tiles = around(sample, z)
    for tile in tiles:
        for feature in features_of(engineer, "pipes", *tile):
            points = [degrees_of(point, *tile) for point in feature.points]
            ends.setdefault(feature.id, []).extend(points)
            assert ("uid" in feature.properties) == ("code" in feature.properties) == (z >= 13)
    assert set(ends) == {pipe.pk for pipe in sample.pipes}
    for pipe in sample.pipes:
        for end in (pipe.geom.coords[0], pipe.geom.coords[-1]):
            near = min(abs(x - end[0]) + abs(y - end[1]) for x, y in ends[pipe.pk])
            assert near < 2 * 360 / 2**z / 4096


def test_zones_carry_id_uid_code_and_name_only(sample: SampleNetwork, engineer: Client) -> None:
    z, x, y = address_of(69.345, 41.335, 10)
    features = features_of(engineer, "zones", z, x, y)
    assert {feature.id for feature in features} == {zone.pk for zone in sample.zones}
    for feature in features:
        assert set(feature.properties) == {"uid", "code", "name"}


def test_what_is_shown_depends_on_zoom_alone(sample: SampleNetwork, engineer: Client) -> None:
    """Junctions from 14, devices from 12, sources, storages and stations from 5."""

    def kinds(z: int) -> set[str]:
        tiles = around(sample, z)
        return {f.properties["kind"] for tile in tiles for f in features_of(engineer, "nodes", *tile)}

    assert kinds(4) == set()
    assert {"tank", "reservoir", "source", "treatment"} <= kinds(5) == kinds(11)
    assert not kinds(11) & {"junction", "valve", "hydrant", "bulk_meter", "regulator", "pump"}
    assert kinds(12) == kinds(13) == {node.kind for node in sample.nodes} - {"junction"}
    assert kinds(14) == {node.kind for node in sample.nodes}


def test_removed_assets_are_not_drawn(sample: SampleNetwork, engineer: Client) -> None:
    # A node goes with its pipes.
    with transaction.atomic():
        node = sample.nodes[0]
        Pipe.objects.filter(Q(start_node=node) | Q(end_node=node) | Q(pk=sample.pipes[0].pk)).update(
            lifecycle="removed"
        )
        Node.objects.filter(pk=node.pk).update(lifecycle="removed")
    nodes = {f.id for tile in around(sample, 15) for f in features_of(engineer, "nodes", *tile)}
    pipes = {f.id for tile in around(sample, 15) for f in features_of(engineer, "pipes", *tile)}
    assert sample.nodes[0].pk not in nodes
    assert sample.pipes[0].pk not in pipes


def test_a_tile_holds_ten_thousand_nodes_without_leaving_one_out(
    district: Division, engineer: Client
) -> None:
    build_network(district, "BIG", columns=100, rows=100, origin=(69.0, 41.0))
    z, x, y = 4, *address_of(69.1, 41.1, 4)[1:]
    assert features_of(engineer, "nodes", z, x, y) == []
    shown = {f.id for f in features_of(engineer, "zones", z, x, y)}
    assert len(shown) == 4
    pipes = {
        f.id
        for tile in {address_of(69.0 + a / 100, 41.0 + b / 100, 12) for a in range(21) for b in range(21)}
        for f in features_of(engineer, "pipes", *tile)
    }
    assert len(pipes) == Pipe.objects.count()


# --- who may have them ---


@pytest.mark.parametrize("layer", ["zones", "pipes", "nodes", "segments"])
def test_other_divisions_get_an_empty_tile_and_strangers_nothing(
    sample: SampleNetwork,
    engineer: Client,
    other_district: Division,
    make_user: Callable[..., User],
    layer: str,
) -> None:
    tile = address_of(sample.nodes[0].geom.x, sample.nodes[0].geom.y, 14)
    assert features_of(engineer, layer, *tile)
    neighbour = Client()
    neighbour.force_login(make_user("engineer", other_district))
    assert fetch(neighbour, layer, *tile).content == b""
    assert fetch(neighbour, layer, *tile, "?network=OWN").status_code == 404
    holder_of_nothing = Client()
    holder_of_nothing.force_login(make_user())
    assert fetch(holder_of_nothing, layer, *tile).status_code == 404
    assert fetch(Client(), layer, *tile).status_code == 401
    assert Client().get(f"/tiles/{layer}.json").status_code == 401


def test_roles_above_see_the_districts_below(
    sample: SampleNetwork, tashkent_region: Division, make_user: Callable[..., User]
) -> None:
    client = Client()
    client.force_login(make_user("analyst", tashkent_region))
    assert features_of(client, "nodes", *address_of(sample.nodes[0].geom.x, sample.nodes[0].geom.y, 14))


def test_network_parameter_keeps_to_one_network(
    sample: SampleNetwork, district: Division, engineer: Client
) -> None:
    twin = build_network(district, "TWIN", columns=10, rows=8)
    tile = address_of(sample.nodes[0].geom.x, sample.nodes[0].geom.y, 14)
    both = {f.id for f in features_of(engineer, "nodes", *tile)}
    own = {f.id for f in features_of(engineer, "nodes", *tile, "?network=TWIN")}
    assert own < both
    assert own <= {node.pk for node in twin.nodes}


@pytest.mark.parametrize(
    "path",
    [
        "roofs/10/5/5.pbf",
        "roofs.json",
        "nodes/23/0/0.pbf",
        "nodes/3/8/0.pbf",
        "nodes/3/0/8.pbf",
        "nodes/-1/0/0.pbf",
        "nodes/a/0/0.pbf",
        "nodes/3/0/0.pbf?network=NONE",
        "nodes/3/0/0.pbf?network=%00",
        f"nodes/{'9' * 5000}/0/0.pbf",
    ],
)
def test_what_is_no_tile_is_404(engineer: Client, path: str) -> None:
    assert engineer.get(f"/tiles/{path}").status_code == 404


def test_etag_saves_the_second_transfer_until_something_changes(
    sample: SampleNetwork, engineer: Client
) -> None:
    tile = address_of(sample.nodes[0].geom.x, sample.nodes[0].geom.y, 14)
    path = f"/tiles/nodes/{tile[0]}/{tile[1]}/{tile[2]}.pbf"
    first = engineer.get(path)
    assert first["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert "private" in first["Cache-Control"]
    assert {"Cookie", "Authorization"} <= {name.strip() for name in first["Vary"].split(",")}
    again = engineer.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert engineer.get(path, headers={"If-None-Match": f"W/{first['ETag']}"}).status_code == 304
    assert engineer.get(path, headers={"If-None-Match": '"else"'}).status_code == 200
    Node.objects.filter(pk=sample.nodes[0].pk).update(code="RENAMED")
    changed = engineer.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_tilejson_says_where_the_tiles_are(sample: SampleNetwork, engineer: Client) -> None:
    document = engineer.get("/tiles/pipes.json?network=OWN").json()
    assert document["tilejson"] == "3.0.0"
    address, version = document["tiles"][0].split("&v=")
    assert address == "http://testserver/tiles/pipes/{z}/{x}/{y}.pbf?network=OWN"
    assert len(version) == 16
    assert document["vector_layers"][0]["fields"] == TILE_LAYERS["pipes"].fields
    assert "1/128" in document["description"]
    west, south, east, north = document["bounds"]
    for node in sample.nodes:
        assert west <= node.geom.x <= east
        assert south <= node.geom.y <= north
    assert [layer["id"] for layer in document["vector_layers"]] == ["pipes"]


def test_tilejson_without_networks_has_no_bounds(engineer: Client) -> None:
    assert "bounds" not in engineer.get("/tiles/nodes.json").json()
