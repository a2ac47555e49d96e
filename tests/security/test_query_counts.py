"""T13: the number of queries of a list does not grow with its rows, for every list of the REST API."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from assets.models import Node, Pipe, Zone
from assets.registers.services.attachments import Place
from balances.models import ZoneBalance
from billing.models import LedgerEntry, Payment
from billing.services.payments import record_payment
from billing.services.readings import ImportedReading, import_readings
from billing.services.registers import NewSubscriber, register_subscribers
from billing.services.runs import run_billing
from gis_core.models import Division, Enterprise, Job, RoleAssignment, Street, User
from sensors.models import Datastream, SeriesEdit, Thing
from tests.billing.conftest import let_payments_wait
from tests.conftest import under
from tests.databases import as_owner
from tests.security.book_attacks import add_waiting_write_offs
from tests.security.cash_desk_rows import add_cash_rows
from tests.security.channel_rows import add_suspense
from tests.security.edit_rows import add_edits
from tests.security.feed_rows import add_feeds
from tests.security.finding_rows import add_findings
from tests.security.group_meter_rows import add_group_meters
from tests.security.loss_rows import add_loss_rows
from tests.security.message_rows import add_messages
from tests.security.meter_rows import add_meter_rows
from tests.security.outage_rows import add_outages
from tests.security.quality_rows import add_quality_rows
from tests.security.register_rows import add_register_rows
from tests.security.test_access_matrix import endpoints
from tests.security.work_rows import add_work
from tests.world import World, first_of, make_world

MANY = 1000
# Lists of what a network is made of are few or have tests of their own with the tiles.
ADDRESSES = {"search": "/api/v1/search/?q=X", "nearest": "/api/v1/nearest/?lon=69.4&lat=41.4&limit=100"}


def lists() -> dict[str, str]:
    """Every list of the REST API with the largest page."""
    found = {
        name: "/" + route.replace("^", "").replace("$", "") + f"?limit={MANY}"
        for name, route in endpoints()
        if route.startswith("api/v1/") and name.endswith("-list")
    }
    return {**found, **ADDRESSES}


def fill(world: World, first: int, count: int) -> None:
    """Add `count` rows of everything that a list shows."""
    numbers = range(first, first + count)
    street = first_of(Street.objects.all())
    installations = register_subscribers(
        subscribers=[
            NewSubscriber(
                registry_number=f"X{number}",
                subscriber_class="household",
                name=f"X {number}",
                street=street,
                house="1",
                place=Place(world.nodes["A"].pk),
                meter_serial=f"X{number}",
                meter_model="SGV-15",
            )
            for number in numbers
        ],
        enterprise=world.enterprise,
        network=world.network,
        starts_on=date(2025, 11, 1),
        acting_user=None,
    )
    import_readings(
        readings=[
            ImportedReading(installation.pk, day, Decimal(index))
            # every other one lacks its second reading and becomes an exception
            for position, installation in enumerate(installations)
            for day, index in ((date(2025, 12, 1), 1), (date(2026, 1, 1), 2))[: 1 + position % 2]
        ],
        division=world.district,
        source="visit",
        acting_user=None,
    )
    run_billing(enterprise=world.enterprise, month=date(2025, 12, 1), acting_user=None)
    for account in world.enterprise.accounts.filter(number__in=[f"X{number}" for number in numbers])[:200]:
        record_payment(
            account=account,
            amount=Decimal(1),
            paid_on=date(2026, 1, 2),
            channel="bank",
            reference=account.number,
            acting_user=None,
        )
    let_payments_wait(world.enterprise.accounts.earliest("pk"), numbers)
    add_waiting_write_offs(world.enterprise.accounts.earliest("pk"), numbers)
    add_suspense(world.enterprise, numbers)
    add_messages(world.enterprise, numbers)
    add_edits(world, numbers)
    add_group_meters(world, numbers[:150])
    add_meter_rows(world, numbers)
    add_cash_rows(world, world.enterprise.accounts.earliest("pk"), numbers[:30])
    _fill_organisation(world, numbers)
    add_findings(world, numbers)
    add_feeds(world.district, numbers)
    add_loss_rows(world, numbers)
    add_outages(world, numbers)
    add_quality_rows(world, numbers)
    administrator = User.objects.get(username="administrator")
    add_register_rows(world, numbers, administrator)
    add_work(world, numbers, administrator)
    _fill_graph_and_series(world, numbers)
    # As the database does by itself a minute after a commit. Where it last looked at a table while other tests' rows
    # were in it, it thinks it empty, and joins by reading all of it for each row.
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _fill_organisation(world: World, numbers: range) -> None:
    district = world.district
    Division.objects.bulk_create(
        Division(code=f"X{number}", name="X", level=4, **under(district)) for number in numbers
    )
    Street.objects.bulk_create(Street(division=district, code=f"X{n}", name=f"X{n}") for n in numbers)
    Job.objects.bulk_create(Job(kind="x", division=district) for _ in numbers)
    Enterprise.objects.bulk_create(
        Enterprise(
            code=f"X{number}",
            name="X",
            division=district,
            tax_id="305918274",
            bank_code="00421",
            bank_account="20210000405918274001",
            invoice_prefix=f"X{number}",
        )
        for number in numbers
    )


def _fill_graph_and_series(world: World, numbers: range) -> None:
    district, network = world.district, world.network
    zones = Zone.objects.bulk_create(
        Zone(network=network, division=district, code=f"X{number}", name="X") for number in numbers
    )
    Node.objects.bulk_create(
        Node(
            network=network,
            division=district,
            code=f"X{number}",
            kind="junction",
            geom=world.nodes["A"].geom,
            zone=zone,
        )
        for number, zone in zip(numbers, zones, strict=True)
    )
    Pipe.objects.bulk_create(
        Pipe(
            network=network,
            division=district,
            code=f"X{number}",
            start_node=world.nodes["A"],
            end_node=world.nodes["B"],
            geom=world.pipes["P2"].geom,
        )
        for number in numbers
    )
    things = Thing.objects.bulk_create(
        Thing(division=district, code=f"X{number}", name="X") for number in numbers
    )
    streams = Datastream.objects.bulk_create(
        Datastream(thing=thing, division=district, code=thing.code, observed_property="level", unit="m")
        for thing in things
    )
    SeriesEdit.objects.bulk_create(
        SeriesEdit(datastream=stream, division=district, code="edited", reason="x") for stream in streams
    )
    ZoneBalance.objects.bulk_create(
        ZoneBalance(
            zone=zone,
            division=district,
            granularity="day",
            period_start=date(2026, 1, 1),
            apportioned_m3=1,
            supply_coverage=0,
            consumption_coverage=0,
            service_points=1,
            status="insufficient",
        )
        for zone in zones
    )


@pytest.mark.figure
def test_t13_queries_do_not_grow_with_rows(district: Division) -> None:
    world = make_world(district)
    user = User.objects.create_user(username="administrator", password="a-long-password")
    RoleAssignment.objects.create(user=user, role="administrator", division=district)
    client = Client()
    client.force_login(user)
    fill(world, 0, 10)
    few = {name: _queries(client, path) for name, path in lists().items()}
    fill(world, 10, MANY - 10)
    many = {name: _queries(client, path) for name, path in lists().items()}
    grown = {name: (few[name][0], many[name][0]) for name in few if many[name][0] > few[name][0]}
    rows = {name: many[name][1] for name in many}
    print(
        f"T13: lists {len(few)}; growth {len(grown)}; most queries {max(count for count, _ in many.values())}"
    )
    assert not grown
    small = {name: count for name, count in rows.items() if count < 100}
    assert small.keys() <= {
        "network-list",
        "tariff-list",
        "billing-run-list",
        # Each of their rows is made as a cashier makes it.
        *("cash-desk-list", "cash-shift-list", "cash-slip-list", "waiting-refund-list"),
        "search",
        "verification-policy-list",
        "material-life-list",
    }, small
    assert LedgerEntry.objects.count() > MANY
    assert Payment.objects.count() >= 100


def _queries(client: Client, path: str) -> tuple[int, int]:
    """How many queries a list takes, and how many rows it shows."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(path)
    assert response.status_code == 200, (path, response.content[:300])
    body = response.json()
    shown = body if isinstance(body, list) else body.get("results", body.get("features", []))
    return len(captured), len(shown)
