"""Pages never skip or repeat, whatever their size and whatever happens between them; counts are exact."""

import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assets.models import Node, Zone
from assets.ogc.api.parameters import cursor_text
from gis_core.models import Division
from tests.assets.ogc.conftest import Reader, link_of, uids
from tests.frontend_map.sample import SampleNetwork

FILTERS: list[dict[str, Any]] = [
    {},
    {"kind": "junction"},
    {"bbox": "69.3395,41.3295,69.3465,41.3345"},
    {"filter": "elevation_m > 430 AND code LIKE 'J%'"},
    {"filter": "lifecycle = 'in_service'", "crs": "http://www.opengis.net/def/crs/EPSG/0/32642"},
]


@pytest.mark.parametrize("query", FILTERS)
@pytest.mark.parametrize("limit", [1, 2, 7, 30, 1000])
def test_the_union_of_pages_is_everything_once(
    reader: Reader, network: SampleNetwork, query: dict[str, Any], limit: int
) -> None:
    whole = reader.pages("nodes", {**query, "limit": 10_000})
    paged = reader.pages("nodes", {**query, "limit": limit})
    assert paged == whole
    assert len(paged) == len(set(paged))
    assert reader.json("/collections/nodes/items", {**query, "limit": 1})["numberMatched"] == len(whole)


def test_every_page_says_the_same_count_and_its_own_size(reader: Reader, network: SampleNetwork) -> None:
    total = len(reader.ids("nodes"))
    address: str | None = "/ogc/collections/nodes/items?limit=4"
    sizes = []
    while address:
        document = reader.client.get(address).json()
        assert document["numberMatched"] == total
        assert document["numberReturned"] == len(document["features"])
        sizes.append(document["numberReturned"])
        address = link_of(document, "next")
    assert sum(sizes) == total
    assert set(sizes[:-1]) == {4}
    assert 1 <= sizes[-1] <= 4


def test_the_last_page_is_not_followed_by_an_empty_one(reader: Reader, network: SampleNetwork) -> None:
    total = len(reader.ids("nodes"))
    for limit in (total, total + 1):
        assert link_of(reader.json("/collections/nodes/items", {"limit": limit}), "next") is None
    assert link_of(reader.json("/collections/nodes/items", {"limit": total - 1}), "next")


def test_rows_with_equal_properties_are_not_confused(
    reader: Reader, district: Division, network: SampleNetwork
) -> None:
    twins = Node.objects.bulk_create(
        Node(
            network=network.network,
            division=district,
            kind="junction",
            code=f"T{number}",
            geom=network.nodes[0].geom,
            elevation_m=1.0,
        )
        for number in range(50)
    )
    for limit in (1, 3, 49, 50, 51):
        found = reader.pages("nodes", {"filter": "elevation_m = 1", "limit": limit})
        assert sorted(found) == sorted(uids(twins))


def test_changes_between_pages_do_not_shift_the_rest(
    reader: Reader, district: Division, network: SampleNetwork
) -> None:
    """What is there throughout comes exactly once while rows come, go and change."""
    chance = random.Random(1)
    zones = [
        Zone.objects.create(network=network.network, division=district, code=f"A{n}", name="Z")
        for n in range(60)
    ]
    lasting = [zone for number, zone in enumerate(zones) if number % 3]
    leaving = [zone for number, zone in enumerate(zones) if number % 3 == 0]
    seen: list[str] = []
    address: str | None = "/ogc/collections/zones/items?limit=5&filter=name='Z' or name='changed'"
    while address:
        document = reader.client.get(address).json()
        seen += [feature["id"] for feature in document["features"]]
        if leaving:
            leaving.pop(chance.randrange(len(leaving))).delete()
        Zone.objects.create(network=network.network, division=district, code=f"N{len(seen)}", name="Z")
        Zone.objects.filter(pk=chance.choice(lasting).pk).update(name="changed")
        address = link_of(document, "next")
    assert len(seen) == len(set(seen))
    assert uids(lasting) <= set(seen)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "MQ",
        "!!!!",
        "MTA=x",
        "LTE=",
        "MS41LjY=",
        "9" * 500,
        "é",
        "MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
        "YQ==",
        "\x00",
    ],
)
def test_a_cursor_that_is_none_of_ours_is_400(reader: Reader, cursor: str) -> None:
    assert "cursor" in reader.refusal("/collections/nodes/items", {"cursor": cursor})


def test_a_cursor_beyond_the_end_is_an_empty_page(reader: Reader, network: SampleNetwork) -> None:
    document = reader.json("/collections/nodes/items", {"cursor": cursor_text(10**17, 5)})
    assert document["features"] == []
    assert link_of(document, "next") is None


def test_counts_follow_changes_at_once(reader: Reader, district: Division, network: SampleNetwork) -> None:
    def count() -> int:
        return int(reader.json("/collections/zones/items", {"limit": 1})["numberMatched"])

    before = count()
    added = Zone.objects.create(network=network.network, division=district, code="NEW", name="New")
    assert count() == before + 1
    added.delete()
    assert count() == before


def test_counts_follow_changes_at_once_when_they_are_committed(committing_database: None) -> None:
    """With real commits counts are kept from one request to the next, as long as nothing is committed."""
    from gis_core.models import RoleAssignment, User
    from tests.conftest import make_district
    from tests.frontend_map.sample import build_network
    from tests.sign_in import confirmed

    district = make_district("QIBRAY", "Qibray tumani")
    network = build_network(district, "OWN", columns=4, rows=3)
    user = User.objects.create_user("engineer", password="a-long-password")
    RoleAssignment.objects.create(user=user, role="engineer", division=district)
    client = confirmed(user)

    def count() -> tuple[int, int]:
        """The number matched, and how many statements counted."""
        with CaptureQueriesContext(connection) as captured:
            document = client.get("/ogc/collections/zones/items?limit=1").json()
        counted = [
            each
            for each in captured.captured_queries
            if each["sql"].startswith("SELECT count(*) FROM assets_zone")
        ]
        return document["numberMatched"], len(counted)

    first, counted = count()
    assert counted == 1
    assert count() == (first, 0)
    Zone.objects.create(network=network.network, division=district, code="NEW", name="New")
    assert count() == (first + 1, 1)
    assert count() == (first + 1, 0)
    Zone.objects.filter(code="NEW").delete()
    assert count() == (first, 1)


def test_a_page_is_one_statement_however_many_features(
    reader: Reader, district: Division, network: SampleNetwork
) -> None:
    def statements(limit: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            reader.items("pipes", {"limit": limit})
        return len(captured)

    assert statements(1) >= statements(30)
    with CaptureQueriesContext(connection) as captured:
        reader.items("pipes", {"limit": 30})
    assert len([each for each in captured.captured_queries if "ST_AsGeoJSON" in each["sql"]]) == 1


def test_a_page_that_takes_too_long_is_503(
    reader: Reader, network: SampleNetwork, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    from dataclasses import replace

    from assets.ogc.selectors.collections import COLLECTIONS

    settings.OGC_PAGE_SECONDS = 0.2
    slow = replace(COLLECTIONS["zones"], condition="pg_sleep(5) IS NOT NULL")
    monkeypatch.setitem(COLLECTIONS, "zones", slow)
    response = reader.get("/collections/zones/items")
    assert (response.status_code, response.json()["code"]) == (503, "TooExpensive")


def test_a_count_that_takes_too_long_is_left_out(
    reader: Reader, network: SampleNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from assets.ogc.selectors import queries
    from assets.ogc.selectors.collections import COLLECTIONS

    monkeypatch.setattr(queries, "ADORNMENT_TIMEOUT_MS", 100)
    # Each row takes a moment: one row comes in time, counting them all does not.
    slow = replace(COLLECTIONS["nodes"], condition="pg_sleep(0.02) IS NOT NULL")
    monkeypatch.setitem(COLLECTIONS, "nodes", slow)
    document = reader.json("/collections/nodes/items", {"limit": 1})
    assert document["numberReturned"] == 1
    assert "numberMatched" not in document
    following = link_of(document, "next")
    assert following
    assert "numberMatched" not in reader.client.get(following).json()
    assert "extent" not in reader.json("/collections/nodes")
