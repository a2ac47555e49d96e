"""Reading routes: how far each street is, in which order one walks, and that nobody sees another district's."""

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from billing.exchange.selectors.kinds import KINDS
from billing.exchange.services.importing import import_register
from billing.models import Reading, Subscriber
from billing.selectors.reading_routes import reading_progress, reading_route
from gis_core.access import NotVisible
from gis_core.models import Division, User
from tests.billing.conftest import read
from tests.world import World, make_world

FEBRUARY = date(2026, 2, 1)


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> User:
    return make_user("clerk", district)


def test_streets_say_who_has_not_reported(world: World, clerk: User) -> None:
    read(world, 0, date(2026, 1, 31), "5")
    read(world, 1, FEBRUARY, "5")
    read(world, 2, FEBRUARY, "5")
    read(world, 2, date(2026, 2, 2), "90000")
    read(world, 3, FEBRUARY, "9")
    # Put right: the former reading of the day does not count, the one that replaced it does.
    read(world, 3, FEBRUARY, "8")
    [street] = reading_progress(clerk, FEBRUARY)
    assert (street.meters, street.read, street.missing, street.waiting) == (5, 3, 2, 0)
    _row, meters = reading_route(clerk, street.key, FEBRUARY)
    assert {meter.serial for meter in meters if meter.state is None} == {"S0", "S4"}
    by_serial = {meter.serial: meter for meter in meters}
    assert (by_serial["S0"].last_index_m3, by_serial["S0"].last_read_on) == (Decimal(5), date(2026, 1, 31))
    assert by_serial["S4"].last_index_m3 is None


def test_one_walks_up_the_odd_houses_and_down_the_even_ones(world: World, clerk: User) -> None:
    houses = ("10", "7", "7A", "2", "101")
    for subscriber, house in zip(Subscriber.objects.order_by("registry_number"), houses, strict=True):
        subscriber.house = house
        subscriber.save(update_fields=["house"])
    [street] = reading_progress(clerk, FEBRUARY)
    _row, meters = reading_route(clerk, street.key, FEBRUARY)
    assert [meter.house for meter in meters] == ["7", "7A", "101", "10", "2"]


def test_pages_sheet_and_scope(
    world: World, clerk: User, make_user: Callable[..., User], other_district: Division
) -> None:
    make_world(other_district, network_code="N2", enterprise_code="ALIEN", first=5)
    client, alien = Client(), Client()
    client.force_login(clerk)
    alien.force_login(make_user("clerk", other_district, username="alien"))
    [street] = reading_progress(clerk, FEBRUARY)
    assert f"street={street.key}&amp;" in client.get("/readings/").content.decode()
    address = f"/readings/?street={street.key}&since=2026-02-01"
    shown = client.get(address).content.decode()
    assert (shown.count("route-index"), "data-installation" in shown) == (5, True)
    sheet = client.get(f"{address}&file_format=csv")
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert ({row["meter"] for row in rows}, rows[0]["index_m3"]) == (
        {f"S{number}" for number in range(5)},
        "",
    )
    assert alien.get(address).status_code == 404
    assert client.get("/readings/?street=QIBRAY/none").status_code == 404
    with pytest.raises(NotVisible):
        reading_route(User.objects.get(username="alien"), street.key, FEBRUARY)


def test_the_sheet_comes_back_as_a_file_of_readings(world: World, clerk: User) -> None:
    client = Client()
    client.force_login(clerk)
    [street] = reading_progress(clerk, FEBRUARY)
    sheet = client.get(f"/readings/?street={street.key}&file_format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    rows[1] |= {"read_on": "2026-02-03", "index_m3": "7.5"}
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    report = import_register(
        kind=KINDS["readings"],
        data=written.getvalue().encode(),
        file="sheet.csv",
        enterprise="SUV",
        is_trial=False,
        skips_refused=True,
        acting_user=clerk,
    )
    # The others were not read: their lines are left out, with a word.
    assert report.counts["created"] == 1
    assert Reading.objects.get().index_m3 == Decimal("7.5")
