"""Two networks, one of them another division's, and clients that read them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from assets.models import Node, Pipe, Zone
from assets.ogc.selectors.collections import COLLECTIONS
from gis_core.models import Division, User
from tests.assets.ogc.places import PLACES_COLLECTIONS, make_places
from tests.frontend_map.sample import SampleNetwork, build_network

ROOT = "/ogc"
Query = Mapping[str, Any]


@dataclass
class Reader:
    """A client that asks for documents of the API."""

    client: Client

    def get(self, path: str, query: Query | None = None, accept: str = "application/json") -> Any:
        return self.client.get(f"{ROOT}{path}", dict(query or {}), headers={"accept": accept})

    def json(self, path: str, query: Query | None = None) -> Any:
        response = self.get(path, query)
        assert response.status_code == 200, (response.status_code, response.content[:600])
        # A long page is sent as it is made.
        return json.loads(response.getvalue())

    def items(self, collection: str, query: Query | None = None) -> list[dict[str, Any]]:
        """The features of one page."""
        return self.json(f"/collections/{collection}/items", query)["features"]

    def pages(self, collection: str, query: Query | None = None) -> list[str]:
        """The ids of all features that match, in the order they come, over all pages."""
        document = self.json(f"/collections/{collection}/items", {"limit": 1000, **(query or {})})
        found = [feature["id"] for feature in document["features"]]
        while following := link_of(document, "next"):
            response = self.client.get(following)
            assert response.status_code == 200, response.content[:300]
            document = json.loads(response.getvalue())
            found += [feature["id"] for feature in document["features"]]
        return found

    def ids(self, collection: str, query: Query | None = None) -> set[str]:
        return set(self.pages(collection, query))

    def refusal(self, path: str, query: Query | None = None) -> str:
        """What a 400 says."""
        response = self.get(path, query)
        assert response.status_code == 400, (path, query, response.status_code, response.content[:300])
        assert response["Content-Type"] == "application/problem+json"
        document = response.json()
        assert document["code"] in ("InvalidParameterValue", "InvalidParameterName")
        return document["description"]


def link_of(document: dict[str, Any], rel: str, type_: str = "") -> str | None:
    """The address of the first link with this relation, and type when one is given."""
    found = [each for each in document["links"] if each["rel"] == rel and type_ in ("", each["type"])]
    return found[0]["href"] if found else None


@pytest.fixture
def network(district: Division) -> SampleNetwork:
    return build_network(district, "OWN", columns=6, rows=5)


@pytest.fixture
def alien_network(other_district: Division) -> SampleNetwork:
    return build_network(other_district, "ALIEN", columns=3, rows=3, origin=(69.9, 41.9))


@pytest.fixture
def reader(make_user: Callable[..., User], district: Division) -> Reader:
    client = Client()
    client.force_login(make_user("engineer", district))
    return Reader(client)


@pytest.fixture
def places(district: Division, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Collections of every data type (`tests/assets/ogc/places.py`) beside our own, and their rows."""
    rows = make_places(district)
    for each in PLACES_COLLECTIONS:
        monkeypatch.setitem(COLLECTIONS, each.id, each)
    return rows


def uids(rows: Sequence[Node | Pipe | Zone]) -> set[str]:
    return {str(row.uid) for row in rows}
