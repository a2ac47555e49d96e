"""What waits to be done: counted on the home page, listed whole, and only for those who may do it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assets.models import Finding, Network, WorkOrder
from assets.registers.services.attachments import Place
from assets.work_orders.services.moving import move_order
from assets.work_orders.services.ordering import WorkPlace, create_order
from frontend_map.work_lists import WORK_LISTS
from gis_core.access import ROLE_CAPABILITIES
from gis_core.models import Division, Job
from tests.frontend_map.conftest import Utility
from tests.security.loss_rows import make_event


@pytest.mark.parametrize("role", sorted(ROLE_CAPABILITIES))
def test_each_list_is_for_those_who_may_do_the_work(
    utility: Utility, client_of: Callable[..., Client], role: str
) -> None:
    client = client_of(role)
    for name, work in WORK_LISTS.items():
        expected = 200 if work.capability in ROLE_CAPABILITIES[role] else 404
        assert client.get(f"/todo/?list={name}").status_code == expected, name
    assert client.get("/todo/?list=nothing").status_code == 404


def test_orders_that_are_late_wait_for_the_dispatcher(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    node = utility.network.nodes[0]
    for title, days in (("Early", 1), ("Late", -1), ("Later", -9), ("Over", -5)):
        order = create_order(
            network=utility.network.network,
            kind="other",
            title=title,
            where=WorkPlace(node.geom.x, node.geom.y, Place(node.pk)),
            due_at=timezone.now() + timedelta(days=days),
            acting_user=None,
        )
        if title == "Over":
            move_order(order=order, state="cancelled", acting_user=None)
    client = client_of("manager")
    tasks = {task.address: task.count for task in client.get("/").context["tasks"]}
    assert tasks["/todo/?list=late_orders"] == 2
    rows = client.get("/todo/?list=late_orders").context["rows"]
    assert [row.title for row in rows] == ["Later", "Late"]
    assert rows[0].address == f"/work/?order={WorkOrder.objects.get(title='Later').uid}"


def test_labels_that_cannot_be_printed_are_told_on_the_page(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    client = client_of("crew")
    network = utility.network.network.code
    code = next(node.code for node in utility.network.nodes if node.kind == "valve")
    page = client.get("/labels/", {"print": "1", "network": network, "codes": f"{code}, NOPE"})
    assert page.status_code == 200
    assert "There is no element NOPE here" in page.content.decode()
    # What was typed is still there.
    assert f'value="{code}, NOPE"' in page.content.decode()
    onward = client.get("/labels/", {"print": "1", "network": network, "codes": code})
    assert onward.status_code == 302
    assert client.get(onward["Location"])["Content-Type"] == "application/pdf"
    assert client.get("/labels/", {"print": "1", "network": network, "zone": "x"}).status_code == 404


def make_findings(utility: Utility, count: int) -> None:
    network = utility.network.network
    Finding.objects.bulk_create(
        Finding(
            network=network,
            division=network.division,
            check_code="orphan_node",
            severity="error" if number % 2 else "note",
            explanation="A node that nothing is joined to.",
            element_codes=[f"F{number:03}"],
            fingerprint=f"{number:064}",
        )
        for number in range(count)
    )


def test_findings_are_counted_and_paged_without_notes(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    make_findings(utility, 130)
    client = client_of("engineer")
    tasks = {task.address: task.count for task in client.get("/").context["tasks"]}
    assert tasks["/todo/?list=findings"] == 65
    first = client.get("/todo/?list=findings")
    assert [len(first.context["rows"]), first.context["sheet"].paginator.count] == [50, 65]
    second = client.get("/todo/?list=findings&page=2")
    titles = [row.title for answer in (first, second) for row in answer.context["rows"]]
    assert titles == [f"F{number:03}" for number in range(1, 130, 2)]
    Finding.objects.update(accepted_at=timezone.now(), acceptance_reason="known")
    assert client.get("/todo/?list=findings").context["rows"] == []


def test_other_divisions_work_is_not_listed(
    utility: Utility, client_of: Callable[..., Client], other_district: Division
) -> None:
    make_findings(utility, 5)
    client = client_of("engineer", other_district)
    assert client.get("/todo/?list=findings").context["rows"] == []
    assert client.get("/").context["tasks"] == []


def test_running_leaks_are_shown_by_size(utility: Utility, client_of: Callable[..., Client]) -> None:
    zones = utility.network.zones
    make_event(zones[1], now_size_m3h=3.5)
    make_event(zones[2], now_size_m3h=17.0)
    make_event(zones[3], now_size_m3h=0.0, ended_at=timezone.now())
    client = client_of("analyst")
    assert [leak.now_size_m3h for leak in client.get("/").context["leaks"]] == [17.0, 6.2, 3.5]
    rows = client.get("/todo/?list=found_leaks").context["rows"]
    assert [row.title for row in rows] == [zones[2].name, zones[0].name, zones[1].name]


def test_an_imbalance_beyond_its_limit_is_a_fact_of_the_zones_page(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    first, *_rest, last = utility.network.zones
    client = client_of("analyst")
    losing, unknown = (client.get(f"/zones/{zone.uid}/").context["loss"] for zone in (first, last))
    assert losing.is_outside_limit
    assert not unknown.is_outside_limit


def test_the_losses_shown_add_up(utility: Utility, client_of: Callable[..., Client]) -> None:
    losses = client_of("analyst").get("/").context["losses"]
    sound = [zone for zone in losses.zones if zone.share is not None]
    assert losses.imbalance_m3 == sum(zone.imbalance_m3 for zone in sound)
    assert losses.supply_m3 - losses.consumption_m3 - losses.unbilled_m3 == losses.imbalance_m3
    assert losses.insufficient_zones == len(losses.zones) - len(sound) > 0
    assert losses.limit_m3 is not None
    assert losses.billed_share < losses.share


@pytest.mark.parametrize("level", ["zone", "network", "district"])
def test_the_table_of_losses_adds_up_to_what_home_says(
    utility: Utility, client_of: Callable[..., Client], level: str
) -> None:
    client = client_of("analyst")
    home = client.get("/").context["losses"]
    page = client.get(f"/losses/?level={level}").context
    lines = [line for line in page["rows"] if line.row.status == "sufficient" and not line.row.is_outline]
    total = page["total"]
    assert total["imbalance_m3"] == sum(line.imbalance_m3 for line in lines) != 0
    assert total["supply_m3"] == sum(line.supply_m3 for line in lines)
    assert all(line.imbalance_m3 == line.imbalance_m3.to_integral_value() for line in lines)
    if level == "zone":
        assert (total["supply_m3"], total["imbalance_m3"]) == (home.supply_m3, home.imbalance_m3)
        assert total["share"] == home.share


def test_failed_jobs_of_a_week_are_told(utility: Utility, client_of: Callable[..., Client]) -> None:
    now = timezone.now()
    Job.objects.filter(pk=utility.job.pk).update(state="failed", started_at=now, ended_at=now, error="x")
    tasks = {task.address: task.count for task in client_of("engineer").get("/").context["tasks"]}
    assert tasks["/jobs/?state=failed"] == 1


def test_five_hundred_networks_are_paged_and_searched(
    utility: Utility, district: Division, client_of: Callable[..., Client]
) -> None:
    Network.objects.bulk_create(
        Network(code=f"N{number:03}", name=f"Network {number}", commodity="water", division=district)
        for number in range(500)
    )
    client = client_of("engineer")
    page = client.get("/")
    assert len(page.context["networks"]) == 8
    assert 'id="network-picker"' in page.content.decode()
    last = client.get("/?page=63").content.decode()
    assert "OWN" in last
    assert "?page=62" in last


def _networks(district: Division, count: int) -> None:
    Network.objects.bulk_create(
        Network(code=f"N{number:03}", name=f"Network {number}", commodity="water", division=district)
        for number in range(count)
    )


def _queries_of(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return len(asked)


@pytest.mark.parametrize("role", ["engineer", "analyst", "manager", "crew", "clerk"])
def test_five_hundred_networks_ask_no_more_than_nine(
    district: Division, client_of: Callable[..., Client], role: str
) -> None:
    client = client_of(role)
    addresses = ["/", "/todo/", "/api/v1/networks/?q=Network+4&limit=20", "/map/"]
    addresses = [address for address in addresses if client.get(address).status_code == 200]
    assert "/" in addresses
    # More than the home page shows at once, so that both times a page is full.
    _networks(district, 9)
    few = {address: _queries_of(client, address) for address in addresses}
    Network.objects.all().delete()
    _networks(district, 500)
    many = {address: _queries_of(client, address) for address in addresses}
    assert many == few
    assert max(many.values()) <= 45, many
    # Nor does a page carry them all.
    for address in addresses:
        assert client.get(address).content.decode().count("Network ") < 60, address


@pytest.mark.parametrize("role", ["engineer", "analyst", "manager", "crew", "clerk"])
def test_without_any_network_the_pages_say_so(client_of: Callable[..., Client], role: str) -> None:
    client = client_of(role)
    for address in ("/", "/todo/", "/map/", "/field/", "/work/"):
        answer = client.get(address)
        if answer.status_code == 404:
            continue
        assert _queries_of(client, address) <= 45
        if address == "/map/":
            assert "There is no network in your divisions yet." in answer.content.decode()
    assert client.get("/").status_code == 200
