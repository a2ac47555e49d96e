"""Part 1 (OGC 17-069r4), Annex A: core, OpenAPI 3.0, HTML and GeoJSON, test by test."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import shapely
from django.db import connection
from django.test import Client
from drf_spectacular.validation import validate_schema

from assets.models import Node, Zone
from assets.ogc.selectors.collections import COLLECTIONS
from gis_core.models import Division, User
from gis_core.services.tokens import make_token
from tests.assets.ogc.conftest import Reader, link_of, uids
from tests.databases import as_owner
from tests.frontend_map.sample import SampleNetwork

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
PIPES = "/collections/pipes/items"
EVERY_RESOURCE = [
    "",
    "/",
    "/conformance",
    "/api",
    "/collections",
    "/collections/pipes",
    "/collections/pipes/queryables",
    PIPES,
]


# --- /conf/core/root-op, root-success, api-definition-op, api-definition-success ---


@pytest.mark.parametrize("path", ["", "/"])
def test_the_landing_page_links_to_everything(reader: Reader, path: str) -> None:
    document = reader.json(path)
    for rel in ("service-desc", "service-doc", "conformance", "data", "self", "alternate"):
        address = link_of(document, rel)
        assert address, rel
        assert reader.client.get(address).status_code == 200
    for each in document["links"]:
        assert each["type"]
        assert each["title"]
        answer = reader.client.get(each["href"])
        assert answer["Content-Type"].split(";")[0] == each["type"].split(";")[0], each


def test_conformance_declares_the_classes(reader: Reader) -> None:
    declared = reader.json("/conformance")["conformsTo"]
    assert {f"{CORE}/{name}" for name in ("core", "oas30", "html", "geojson")} <= set(declared)
    assert len(declared) == len(set(declared))


# --- /conf/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items, fc-md-items-links, sfc-md ---


def test_every_collection_is_described_and_linked(reader: Reader, network: SampleNetwork) -> None:
    document = reader.json("/collections")
    assert link_of(document, "self")
    assert link_of(document, "alternate", "text/html")
    assert {each["id"] for each in document["collections"]} == set(COLLECTIONS)
    for listed in document["collections"]:
        single = reader.json(f"/collections/{listed['id']}")
        for name in ("id", "title", "description", "itemType", "crs", "storageCrs"):
            assert single[name] == listed[name]
        assert single.get("extent") == listed.get("extent")
        for each in (listed, single):
            for type_ in ("application/geo+json", "text/html"):
                items = link_of(each, "items", type_)
                assert items, each["id"]
                answer = reader.client.get(items)
                assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, type_)
            assert all(each_link["rel"] and each_link["type"] for each_link in each["links"])


def test_extent_holds_every_feature(reader: Reader, network: SampleNetwork) -> None:
    """/conf/core/fc-md-extent."""
    for name in ("pipes", "nodes", "zones"):
        extent = reader.json(f"/collections/{name}")["extent"]
        west, south, east, north = extent["spatial"]["bbox"][0]
        for feature in reader.items(name, {"limit": 1000}):
            for x, y in _positions(feature["geometry"]["coordinates"]):
                assert west <= x <= east
                assert south <= y <= north
        start, end = extent["temporal"]["interval"][0]
        assert datetime.fromisoformat(start)
        assert end is None
        assert len(reader.ids(name, {"datetime": f"{start}/.."})) == len(reader.ids(name))


def _positions(coordinates: Any) -> list[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        return [(coordinates[0], coordinates[1])]
    return [position for each in coordinates for position in _positions(each)]


def test_a_collection_of_nothing_has_no_extent(reader: Reader) -> None:
    assert "extent" not in reader.json("/collections/pipes")


# --- /conf/core/fc-op, fc-response, fc-links, fc-timeStamp, fc-numberMatched, fc-numberReturned, geojson ---


def test_features_are_geojson_of_the_rows(reader: Reader, network: SampleNetwork) -> None:
    response = reader.get("/collections/nodes/items", {"limit": 1000}, "application/geo+json")
    assert response["Content-Type"] == "application/geo+json"
    document = response.json()
    assert document["type"] == "FeatureCollection"
    assert document["numberReturned"] == len(document["features"]) == document["numberMatched"]
    by_uid = {str(node.uid): node for node in Node.objects.select_related("network", "zone", "division")}
    assert {feature["id"] for feature in document["features"]} == set(by_uid)
    for feature in document["features"]:
        node = by_uid[feature["id"]]
        assert feature["type"] == "Feature"
        assert feature["geometry"] == {"type": "Point", "coordinates": [node.geom.x, node.geom.y]}
        assert feature["properties"]["code"] == node.code
        assert feature["properties"]["kind"] == node.kind
        assert feature["properties"]["network"] == node.network.code
        assert feature["properties"]["division"] == node.division.code
        assert feature["properties"]["zone"] == (node.zone.code if node.zone else None)
        assert feature["properties"]["elevation_m"] == node.elevation_m
        assert datetime.fromisoformat(feature["properties"]["valid_from"]) == node.valid_from
    stamp = datetime.fromisoformat(document["timeStamp"])
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=1)


def test_pipes_are_given_in_the_words_and_units_of_the_trade(reader: Reader, network: SampleNetwork) -> None:
    by_uid = {str(pipe.uid): pipe for pipe in network.pipes if not pipe.is_connector}
    features = reader.items("pipes", {"limit": 1000})
    assert {feature["id"] for feature in features} == set(by_uid)
    for feature in features:
        pipe, properties = by_uid[feature["id"]], feature["properties"]
        pipe.refresh_from_db()
        length = pipe.stated_length_m or pipe.geodesic_length_m
        assert properties["length_m"] == pytest.approx(length, abs=0.001)
        assert properties["diameter_mm"] == pytest.approx((pipe.diameter_m or 0) * 1000)
        assert (properties["start_node"], properties["end_node"]) == (
            pipe.start_node.code,
            pipe.end_node.code,
        )
        assert feature["geometry"]["coordinates"] == [list(position) for position in pipe.geom.coords]


def test_devices_have_collections_with_their_details(reader: Reader, network: SampleNetwork) -> None:
    tanks = reader.items("tanks")
    assert {feature["id"] for feature in tanks} == uids([n for n in network.nodes if n.kind == "tank"])
    assert tanks
    assert tanks[0]["properties"]["maximum_level_m"] > 0
    valves = reader.items("valves")
    assert {feature["id"] for feature in valves} == set(
        map(str, Node.objects.filter(valve__isnull=False).values_list("uid", flat=True))
    )


def test_whole_numbers_keep_a_decimal_place(reader: Reader, network: SampleNetwork) -> None:
    """Clients guess a column's type from the first page."""
    text = reader.get("/collections/nodes/items", {"limit": 1}).content.decode()
    assert re.search(r'"elevation_m" : [0-9]+\.[0-9]', text)


def test_items_link_to_themselves_and_the_next_page(reader: Reader, network: SampleNetwork) -> None:
    document = reader.json(PIPES, {"limit": 2, "status": "open"})
    assert link_of(document, "self", "application/geo+json")
    assert link_of(document, "alternate", "text/html")
    assert link_of(document, "collection")
    following = link_of(document, "next", "application/geo+json")
    assert following
    assert "status=open" in following
    assert "limit=2" in following
    last = reader.json(PIPES, {"limit": 10000})
    assert link_of(last, "next") is None


# --- /conf/core/fc-limit-definition, fc-limit-response ---


@pytest.mark.parametrize("limit", ["1", "7", "007", "10000", "10001", "9" * 400])
def test_limit_is_kept_and_clamped(reader: Reader, network: SampleNetwork, limit: str) -> None:
    document = reader.json("/collections/nodes/items", {"limit": limit})
    assert document["numberReturned"] == min(int(limit), document["numberMatched"], 10_000)


@pytest.mark.parametrize(
    "limit", ["0", "00", "-1", "+1", "1.5", "1e3", "abc", "", " ", "١", "NaN", "0x10", "1,2"]
)
def test_a_bad_limit_is_400(reader: Reader, limit: str) -> None:
    assert "limit" in reader.refusal(PIPES, {"limit": limit})


def test_limit_above_the_maximum_returns_the_maximum(
    reader: Reader, district: Division, network: SampleNetwork
) -> None:
    zones = [
        Zone(network=network.network, division=district, code=f"X{number}", name="X")
        for number in range(10_050)
    ]
    Zone.objects.bulk_create(zones)
    # Nobody but this transaction sees these rows: statistics taken meanwhile say that the table is empty.
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE assets_zone")
    document = reader.json("/collections/zones/items", {"limit": 20_000})
    assert document["numberReturned"] == 10_000
    assert document["numberMatched"] == Zone.objects.count()
    assert len(reader.ids("zones", {"limit": 20_000})) == Zone.objects.count()


# --- /conf/core/fc-bbox-definition, fc-bbox-response ---


@pytest.mark.parametrize("heights", [False, True])
def test_bbox_gives_what_meets_it_and_nothing_else(
    reader: Reader, network: SampleNetwork, heights: bool
) -> None:
    west, south, east, north = 69.3415, 41.3305, 69.3465, 41.3345
    box = f"{west},{south},0,{east},{north},900" if heights else f"{west},{south},{east},{north}"
    inside = {str(n.uid) for n in network.nodes if west <= n.geom.x <= east and south <= n.geom.y <= north}
    assert 0 < len(inside) < len(network.nodes)
    assert reader.ids("nodes", {"bbox": box}) == inside
    assert reader.ids("nodes", {"bbox": box, "limit": 2}) == inside


@pytest.mark.parametrize("name", ["places", "countries", "rivers"])
def test_bbox_meets_geometries_not_their_boxes(
    reader: Reader, places: dict[str, list[dict[str, Any]]], name: str
) -> None:
    chance = random.Random(3)
    for _ in range(12):
        west, south = chance.randint(-10, 12), chance.randint(35, 55)
        box = shapely.box(west, south, west + chance.randint(1, 9) / 2, south + chance.randint(1, 9) / 2)
        expected = {r["uid"] for r in places[name] if r["geom"] is None or r["geom"].intersects(box)}
        assert reader.ids(name, {"bbox": ",".join(str(number) for number in box.bounds)}) == expected


def test_bbox_across_the_antimeridian(reader: Reader, places: dict[str, list[dict[str, Any]]]) -> None:
    expected = {
        row["uid"]
        for row in places["places"]
        if row["geom"] is None
        or ((row["geom"].x >= 100 or row["geom"].x <= -100) and abs(row["geom"].y) <= 80)
    }
    assert reader.ids("places", {"bbox": "100,-80,-100,80"}) == expected


def test_a_feature_without_geometry_matches_every_box(
    reader: Reader, district: Division, network: SampleNetwork
) -> None:
    bare = Zone.objects.create(network=network.network, division=district, code="BARE", name="Bare")
    found = reader.items("zones", {"bbox": "0,0,1,1"})
    assert [(feature["id"], feature["geometry"]) for feature in found] == [(str(bare.uid), None)]


@pytest.mark.parametrize(
    "box",
    ["69.34,41.33,69.34,41.33", "69.34,41.33,69.35,41.33", "-180,-90,180,90", "69.34,41.33,69.34,41.34"],
)
def test_boxes_without_area_and_of_the_whole_world(reader: Reader, network: SampleNetwork, box: str) -> None:
    assert reader.items("nodes", {"bbox": box})


@pytest.mark.parametrize(
    "box",
    [
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,4,5,6,7",
        "a,b,c,d",
        "1,2,3,",
        "",
        "1 2 3 4",
        "NaN,0,1,1",
        "0,0,inf,1",
        "-Infinity,0,1,1",
        "1e999,0,1,1",
        "0,2,1,1",
        "0,0,9,1,1,1",
        "-181,0,1,1",
        "0,-91,1,1",
        "0,0,181,1",
        "0,0,1,91",
        "1_0,0,11,1",
        "0,0,1,1,",
        "0;0;1;1",
        "١,0,3,1",
    ],
)
def test_a_bad_bbox_is_400(reader: Reader, box: str) -> None:
    assert "bbox" in reader.refusal(PIPES, {"bbox": box})


# --- /conf/core/fc-time-definition, fc-time-response ---


def test_datetime_against_the_times_of_rows(reader: Reader, places: dict[str, list[dict[str, Any]]]) -> None:
    rows = places["places"]
    cases = {
        "2022-04-16T10:13:19Z": ("2022-04-16T10:13:19", "2022-04-16T10:13:19"),
        "2022-04-16T15:13:19+05:00": ("2022-04-16T10:13:19", "2022-04-16T10:13:19"),
        "2022-04-16T10:13:19.000Z/2022-04-16T10:15:10Z": ("2022-04-16T10:13:19", "2022-04-16T10:15:10"),
        "2022-04-16T10:16:07Z/..": ("2022-04-16T10:16:07", None),
        "2022-04-16T10:16:07Z/": ("2022-04-16T10:16:07", None),
        "../2021-06-01T00:00:00Z": (None, "2021-06-01T00:00:00"),
        "/2021-06-01T00:00:00Z": (None, "2021-06-01T00:00:00"),
        "2022-04-16": ("2022-04-16T00:00:00", "2022-04-16T23:59:59"),
        "1900-01-01T00:00:00Z": ("1900-01-01T00:00:00", "1900-01-01T00:00:00"),
    }
    for text, ends in cases.items():
        low, high = (None if end is None else datetime.fromisoformat(end + "+00:00") for end in ends)
        expected = {
            row["uid"]
            for row in rows
            if row["start"] is None
            or (
                (high is None or row["start"] <= high)
                and (low is None or row["end"] is None or row["end"] >= low)
            )
        }
        assert reader.ids("places", {"datetime": text}) == expected, text


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2022",
        "2022-13-01T00:00:00Z",
        "2022-02-30",
        "2022-04-16T10:13:19",
        "2022-04-16T25:00:00Z",
        "2022-04-16 10:13:19Z",
        "",
        "/",
        "../..",
        "..",
        "2023-01-01T00:00:00Z/2022-01-01T00:00:00Z",
        "2022-01-01T00:00:00Z/2022-02-01T00:00:00Z/2022-03-01T00:00:00Z",
        "2022-01-01T00:00:00Z/abc",
        "0000-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "20220416T101319Z",
    ],
)
def test_a_bad_datetime_is_400(reader: Reader, text: str) -> None:
    assert "datetime" in reader.refusal(PIPES, {"datetime": text})


# --- /conf/core/query-param-unknown, query-param-invalid ---


@pytest.mark.parametrize("path", EVERY_RESOURCE)
@pytest.mark.parametrize("name", ["unknown", "LIMIT", "bbox_crs", "offset", "kind[]"])
def test_an_unknown_parameter_is_400(reader: Reader, path: str, name: str) -> None:
    assert name in reader.refusal(path, {name: "1"})


@pytest.mark.parametrize("path", EVERY_RESOURCE)
@pytest.mark.parametrize("form", ["xml", "", "JSON", "gml"])
def test_an_unknown_form_is_400(reader: Reader, path: str, form: str) -> None:
    assert "f" in reader.refusal(path, {"f": form})


def test_a_parameter_given_twice_is_400(reader: Reader) -> None:
    response = reader.client.get(f"/ogc{PIPES}?limit=1&limit=2")
    assert response.status_code == 400


# --- /conf/core/f-op, f-success, f-links ---


def test_one_feature_is_the_same_as_in_its_collection(reader: Reader, network: SampleNetwork) -> None:
    for listed in reader.items("pipes", {"limit": 3}):
        response = reader.get(f"{PIPES}/{listed['id']}", accept="application/geo+json")
        assert response["Content-Type"] == "application/geo+json"
        single = response.json()
        for rel in ("self", "alternate", "collection"):
            address = link_of(single, rel)
            assert address
            assert reader.client.get(address).status_code == 200
        assert {name: single[name] for name in ("type", "id", "geometry", "properties")} == listed


@pytest.mark.parametrize(
    "path",
    [
        "/collections/roofs",
        "/collections/roofs/items",
        "/collections/roofs/queryables",
        "/collections/pi%00pes",
        f"{PIPES}/1",
        f"{PIPES}/00000000-0000-4000-8000-000000000000",
        f"{PIPES}/{{00000000-0000-4000-8000-000000000000}}",
        f"{PIPES}/%00",
        f"{PIPES}/{'9' * 3000}",
        "/collections/pipes/roofs",
        "/roofs",
    ],
)
def test_what_does_not_exist_is_404(reader: Reader, network: SampleNetwork, path: str) -> None:
    assert reader.get(path).status_code == 404


def test_a_feature_of_another_collection_is_404(reader: Reader, network: SampleNetwork) -> None:
    connector = (
        next(pipe for pipe in network.pipes if pipe.is_connector)
        if any(pipe.is_connector for pipe in network.pipes)
        else None
    )
    assert reader.get(f"{PIPES}/{network.nodes[0].uid}").status_code == 404
    if connector is not None:
        assert reader.get(f"{PIPES}/{connector.uid}").status_code == 404


# --- /conf/core/http, content negotiation ---


def test_the_form_follows_f_and_accept(reader: Reader, network: SampleNetwork) -> None:
    for path in EVERY_RESOURCE:
        assert reader.get(path, {"f": "html"}, "application/json")["Content-Type"].startswith("text/html")
        assert "json" in reader.get(path, {"f": "json"}, "text/html")["Content-Type"]
        assert reader.get(path, accept="text/html,*/*;q=0.8")["Content-Type"].startswith("text/html")
        for anything in ("*/*", "application/*", "application/json", "application/json;q=0.5,image/png"):
            assert "json" in reader.get(path, accept=anything)["Content-Type"], (path, anything)
        refused = reader.get(path, accept="application/xml")
        assert (refused.status_code, refused.json()["code"]) == (406, "NotAcceptable")
        assert "Accept" in refused["Vary"]


def test_other_methods(reader: Reader, network: SampleNetwork) -> None:
    for path in EVERY_RESOURCE:
        head = reader.client.head(f"/ogc{path}")
        assert (head.status_code, head.content) == (200, b"")
        options = reader.client.options(f"/ogc{path}")
        assert (options.status_code, options["Allow"]) == (204, "GET, HEAD, OPTIONS")
        for method in (reader.client.post, reader.client.put, reader.client.delete, reader.client.patch):
            refused = method(f"/ogc{path}")
            assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD, OPTIONS"), path


# --- /conf/oas30 ---


def test_the_definition_is_valid_openapi_and_complete(reader: Reader) -> None:
    response = reader.get("/api", accept="application/vnd.oai.openapi+json;version=3.0")
    assert response["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    document = response.json()
    validate_schema(document)
    for collection in COLLECTIONS.values():
        operation = document["paths"][f"/collections/{collection.id}/items"]["get"]
        names = {each.get("name") or each["$ref"].rsplit("/", 1)[1] for each in operation["parameters"]}
        assert {
            "limit",
            "bbox",
            "bbox-crs",
            "crs",
            "datetime",
            "filter",
            "filter-lang",
            "filter-crs",
            "f",
        } <= names
        assert {each.name for each in collection.properties} <= names
        assert {"200", "400", "401", "404", "406"} <= set(operation["responses"])
    assert {each for scheme in document["security"] for each in scheme} == set(
        document["components"]["securitySchemes"]
    )
    limit = document["components"]["parameters"]["limit"]["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 10_000, 100)


def test_every_address_of_the_definition_answers(reader: Reader, network: SampleNetwork) -> None:
    document = reader.json("/api")
    base = document["servers"][0]["url"].removeprefix("http://testserver")
    for path in document["paths"]:
        if "{featureId}" in path:
            features = reader.client.get(base + path.replace("/{featureId}", "")).json()["features"]
            if not features:
                continue
            path = path.replace("{featureId}", features[0]["id"])  # noqa: PLW2901
        assert reader.client.get(base + path).status_code == 200, path


# --- /conf/html ---


def test_every_page_is_html_with_its_links(reader: Reader, network: SampleNetwork) -> None:
    uid = reader.items("pipes")[0]["id"]
    for path in [*EVERY_RESOURCE, f"{PIPES}/{uid}"]:
        response = reader.get(path, {"f": "html"})
        assert response.status_code == 200
        content = response.content.decode()
        assert content.lower().startswith("<!doctype html>")
        for address in re.findall(r'href="([^"]+)"', content):
            if address.startswith(("/ogc", "http://testserver/ogc")):
                answer = reader.client.get(address.replace("&amp;", "&"))
                assert answer.status_code == 200, (path, address)
    page = reader.get(PIPES, {"f": "html", "limit": 2}).content.decode()
    for feature in reader.items("pipes", {"limit": 2}):
        assert feature["properties"]["code"] in page
    assert "<svg" in page


def test_pages_escape_what_is_in_the_data(reader: Reader, district: Division, network: SampleNetwork) -> None:
    Zone.objects.create(
        network=network.network, division=district, code="<script>alert(1)</script>", name='"><img src=x>'
    )
    page = reader.get("/collections/zones/items", {"f": "html"}).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


# --- who may have them ---


def test_other_divisions_are_not_shown(
    reader: Reader, network: SampleNetwork, alien_network: SampleNetwork, make_user: Callable[..., User]
) -> None:
    for name, rows in (
        ("nodes", alien_network.nodes),
        ("pipes", alien_network.pipes),
        ("zones", alien_network.zones),
    ):
        aliens = uids(rows)
        assert not reader.ids(name) & aliens
        assert not reader.ids(name, {"filter": "TRUE OR code = 'x'"}) & aliens
        assert reader.json(f"/collections/{name}/items", {"limit": 1})["numberMatched"] == len(
            reader.ids(name)
        )
        assert reader.get(f"/collections/{name}/items/{rows[0].uid}").status_code == 404
    west, _south, east, _north = reader.json("/collections/nodes")["extent"]["spatial"]["bbox"][0]
    assert east < 69.9
    assert west > 69
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="a-long-password"))
    everything = Reader(root).ids("nodes")
    assert uids(alien_network.nodes) | uids(network.nodes) <= everything


def test_strangers_and_those_without_the_right(
    network: SampleNetwork, make_user: Callable[..., User], district: Division
) -> None:
    holder_of_nothing = Client()
    holder_of_nothing.force_login(make_user())
    for path in EVERY_RESOURCE:
        stranger = Client().get(f"/ogc{path}")
        assert stranger.status_code == 401
        assert "Basic" in stranger["WWW-Authenticate"]
        assert "Bearer" in stranger["WWW-Authenticate"]
        assert holder_of_nothing.get(f"/ogc{path}").status_code == 404


def test_tokens_by_bearer_and_basic(
    network: SampleNetwork, make_user: Callable[..., User], district: Division
) -> None:
    from base64 import b64encode

    user = make_user("engineer", district)
    secret = make_token(user=user, name="test", acting_user=None)[1]
    basic = b64encode(f"{user.username}:{secret}".encode()).decode()
    for header in (f"Bearer {secret}", f"Basic {basic}"):
        response = Client().get(f"/ogc{PIPES}", headers={"authorization": header})
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-cache"
        assert {"Accept", "Cookie", "Authorization"} <= {each.strip() for each in response["Vary"].split(",")}
    wrong = Client().get(f"/ogc{PIPES}", headers={"authorization": "Bearer wrong"})
    assert wrong.status_code == 401
