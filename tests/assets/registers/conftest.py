"""The small world with what its registers hold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.test import Client

from assets.models import Document, Parcel
from assets.registers.services.cadastre import register_document, register_parcel
from gis_core.models import Division, User
from tests.world import World, make_world


def square(x: float, y: float, side: float = 0.0004) -> MultiPolygon:
    """A square with its lower left corner at a longitude and latitude."""
    return MultiPolygon(Polygon.from_bbox((x, y, x + side, y + side)), srid=4326)


def drawing(x: float, y: float, side: float = 0.0004) -> dict[str, Any]:
    """The same as GeoJSON."""
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


@dataclass
class Registers:
    """The world, a document, a parcel, and clients of each role."""

    world: World
    document: Document
    parcel: Parcel
    engineer: Client
    crew: Client
    analyst: Client
    neighbour: Client
    crew_user: User


@pytest.fixture
def registers(district: Division, other_district: Division, make_user: Callable[..., User]) -> Registers:
    world = make_world(district)
    document = register_document(
        division=district, title="Survey", kind="survey", issued_on=date(2024, 1, 2), acting_user=None
    )
    parcel = register_parcel(
        division=district,
        cadastral_number="10:01:02:03:04:0005",
        geom=square(69.4026, 41.3998),
        acting_user=None,
    )

    def client(user: User) -> Client:
        made = Client()
        made.force_login(user)
        return made

    crew_user = make_user("crew", district)
    return Registers(
        world,
        document,
        parcel,
        client(make_user("engineer", district)),
        client(crew_user),
        client(make_user("analyst", district)),
        client(make_user("engineer", other_district)),
        crew_user,
    )


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def patch(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.patch(f"/api/v1/{path}", body, content_type="application/json")
