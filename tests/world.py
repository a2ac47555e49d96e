"""A small complete world for tests: a network of three junctions, two zones and five subscribers.

    M1 (meter)          M2 (meter)
R ---[]----- A ----- B ---[]----- C          zone Z1: A, B     zone Z2: C
             |
             T (tank)
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib.gis.geos import LineString, Point
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import FileResponse
from django.test import Client

from assets.models import (
    BulkMeterDetail,
    Network,
    Node,
    Pipe,
    ReservoirDetail,
    TankDetail,
    Zone,
    ZoneConnection,
)
from assets.registers.services.attachments import Place
from billing.models import Account, MeterInstallation, Subscriber
from billing.services.registers import NewSubscriber, register_subscribers, set_tariff
from gis_core.models import Division, Enterprise, Street, User
from tests.conftest import under

Row = TypeVar("Row", bound=Model)


@dataclass
class World:
    """What the tests refer to by name."""

    district: Division
    enterprise: Enterprise
    network: Network
    nodes: dict[str, Node]
    pipes: dict[str, Pipe]
    zones: dict[str, Zone]
    installations: list[MeterInstallation]

    def account(self, position: int) -> Account:
        """The account of the subscriber at `position` (0 to 4)."""
        return Account.objects.get(number=f"1700{position}")


PLACES = {
    "R": (69.400, 41.400),
    "M1": (69.401, 41.400),
    "A": (69.402, 41.400),
    "B": (69.404, 41.400),
    "M2": (69.405, 41.400),
    "C": (69.406, 41.400),
    "T": (69.402, 41.402),
}
KINDS = {"R": "reservoir", "M1": "bulk_meter", "M2": "bulk_meter", "T": "tank"}
LINES = {"P1": ("R", "M1"), "P2": ("A", "B"), "P3": ("B", "M2"), "P4": ("A", "T")}
CONNECTORS = {"M1/1": ("M1", "A"), "M2/1": ("M2", "C")}


@transaction.atomic
def make_world(
    district: Division, *, network_code: str = "N1", enterprise_code: str = "SUV", first: int = 0
) -> World:
    """Make the world in `district`; several can stand side by side when their arguments differ."""
    network = Network.objects.create(
        code=network_code, name=network_code, commodity="water", division=district
    )
    zones = {
        code: Zone.objects.create(network=network, division=district, code=code, name=f"Zone {code}")
        for code in ("Z1", "Z2")
    }
    zone_of = {"A": "Z1", "B": "Z1", "T": "Z1", "C": "Z2"}
    nodes = {
        code: Node.objects.create(
            network=network,
            division=district,
            code=code,
            kind=KINDS.get(code, "junction"),
            geom=Point(*place, srid=4326),
            elevation_m=480.0,
            zone=zones[zone_of[code]] if code in zone_of else None,
        )
        for code, place in PLACES.items()
    }
    pipes = {
        code: Pipe.objects.create(
            network=network,
            division=district,
            code=code,
            is_connector=is_connector,
            start_node=nodes[start],
            end_node=nodes[end],
            geom=LineString(nodes[start].geom.coords, nodes[end].geom.coords, srid=4326),
            diameter_m=0.2,
            stated_length_m=None if is_connector else 100.0,
        )
        for lines, is_connector in ((LINES, False), (CONNECTORS, True))
        for code, (start, end) in lines.items()
    }
    ReservoirDetail.objects.create(node=nodes["R"], head_m=520)
    TankDetail.objects.create(
        node=nodes["T"], initial_level_m=2, minimum_level_m=0, maximum_level_m=5, diameter_m=10
    )
    for meter in ("M1", "M2"):
        BulkMeterDetail.objects.create(node=nodes[meter], error_percent=1.0)
    for zone, node, role in (
        ("Z1", "M1", "inlet"),
        ("Z1", "M2", "outlet"),
        ("Z2", "M2", "inlet"),
        ("Z1", "T", "storage"),
    ):
        ZoneConnection.objects.create(zone=zones[zone], node=nodes[node], role=role)
    enterprise = Enterprise.objects.create(
        code=enterprise_code,
        name=enterprise_code,
        division=district,
        tax_id="305918274",
        bank_name="Xalq banki",
        bank_code="00421",
        bank_account="20210000405918274001",
        invoice_prefix=enterprise_code,
    )
    installations = _register(district, enterprise, network, nodes, first)
    return World(district, enterprise, network, nodes, pipes, zones, installations)


def _register(
    district: Division, enterprise: Enterprise, network: Network, nodes: dict[str, Node], first: int
) -> list[MeterInstallation]:
    mahalla = Division.objects.create(
        code=f"{district.code}-M",
        name="Do‘stlik",
        level=Division.Level.MAHALLA,
        **under(district),
    )
    street = Street.objects.create(division=mahalla, code="1", name="Navoiy ko‘chasi")
    new = [
        NewSubscriber(
            registry_number=f"1700{first + position}",
            subscriber_class="legal_entity" if position == 4 else "household",
            name=f"Subscriber {position}",
            street=street,
            house=str(position + 1),
            place=Place(nodes["ABBCC"[position] if position != 1 else "B"].pk),
            meter_serial=f"S{first + position}",
            meter_model="SGV-15",
            tax_id="301234567" if position == 4 else "",
        )
        for position in range(5)
    ]
    installations = register_subscribers(
        subscribers=new,
        enterprise=enterprise,
        network=network,
        starts_on=date(2025, 11, 1),
        acting_user=None,
    )
    for subscriber_class, price in (("household", "1000"), ("legal_entity", "3000")):
        set_tariff(
            enterprise=enterprise,
            service="cold_water",
            subscriber_class=subscriber_class,
            first_day=date(2025, 1, 1),
            price_per_m3=Decimal(price),
            acting_user=None,
        )
    return installations


def local_midnight(day: date) -> datetime:
    """Midnight in Tashkent, as an instant."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=5)


def subscribers() -> list[Subscriber]:
    """All subscribers by registry number."""
    return list(Subscriber.objects.order_by("registry_number"))


def first_of(rows: QuerySet[Row]) -> Row:
    """The first of some rows, of which there is one at least."""
    row = rows.first()
    assert row is not None
    return row


def somebody() -> User:
    """A user who acts in services under test."""
    return User.objects.get_or_create(username="somebody")[0]


class ClosingClient(Client):
    """Closes files that were sent, as a server does. Whoever reads them takes the usual client."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if isinstance(response, FileResponse):
            # Its own `close` would end the connection, too, that the test's transaction is on.
            for close in response._resource_closers:
                close()
        return response
