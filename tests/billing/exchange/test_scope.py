"""Whoever brings or takes a register does so in their divisions: what is elsewhere is not there."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from billing.models import AccountValue, Meter, Reading, Subscriber, Tariff
from gis_core.access import NotVisible
from gis_core.database.scope import of_user, working_in
from gis_core.models import Division, User
from tests.billing.exchange.conftest import bring, bring_file, reasons, taken
from tests.world import World, make_world

RESIDENTS = ("account", "valid_from", "residents")


@pytest.fixture
def neighbour(other_district: Division) -> World:
    """Another district with another enterprise."""
    return make_world(other_district, network_code="N2", enterprise_code="OTHER", first=50)


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> User:
    return make_user("clerk", district)


def as_clerk(clerk: User, *arguments: Any, **options: Any) -> Any:
    with working_in(of_user(clerk.pk)):
        return bring(*arguments, user=clerk, **options)


def test_a_clerk_brings_registers_in_of_the_own_division(world: World, neighbour: World, clerk: User) -> None:
    report = as_clerk(clerk, "residents", RESIDENTS, [("17000", "2026-01-01", "3")], enterprise="")
    assert (report.is_written, report.enterprise) == (True, "SUV")
    with pytest.raises(NotVisible):
        as_clerk(clerk, "residents", RESIDENTS, [("170050", "2026-01-01", "3")], enterprise="OTHER")
    assert AccountValue.objects.count() == 1


@pytest.mark.parametrize(
    ("kind", "columns", "cells", "column"),
    [
        ("residents", RESIDENTS, ("170050", "2026-01-01", "3"), "account"),
        ("readings", ("meter", "read_on", "index_m3"), ("S50", "2026-01-01", "3"), "meter"),
        (
            "installations",
            ("meter", "service_point", "installed_on"),
            ("S50", "SP-17000", "2026-01-01"),
            "meter",
        ),
        (
            "installations",
            ("meter", "service_point", "installed_on"),
            ("S0", "SP-170050", "2026-01-01"),
            "service_point",
        ),
    ],
)
def test_what_is_elsewhere_is_refused_like_what_is_nowhere(
    world: World, neighbour: World, clerk: User, kind: str, columns: Any, cells: tuple[str, ...], column: str
) -> None:
    ((_row, named, told),) = reasons(as_clerk(clerk, kind, columns, [cells]))
    nowhere = tuple(
        cell.replace("50", "77") if cell in ("170050", "S50", "SP-170050") else cell for cell in cells
    )
    ((_row, also_named, also_told),) = reasons(as_clerk(clerk, kind, columns, [nowhere]))
    assert named == also_named == column
    assert told.replace("50", "77") == also_told
    assert not Reading.objects.exists()


def test_numbers_of_others_cannot_be_used_and_change_nothing(
    world: World, neighbour: World, clerk: User
) -> None:
    report = as_clerk(clerk, "meters", ("meter", "model"), [("S50", "X"), ("NEW", "X")])
    assert reasons(report) == [(2, "meter", "the number S50 cannot be used")]
    assert not Meter.objects.filter(serial="NEW").exists()
    columns = (
        "registry_number",
        "subscriber_class",
        "name",
        "street_division",
        "street",
        "house",
        "first_day",
    )
    row = ("170050", "household", "Taken over", "QIBRAY-M", "1", "1", "2026-01-01")
    assert reasons(as_clerk(clerk, "subscribers", columns, [row])) == [
        (2, "registry_number", "the number 170050 cannot be used")
    ]
    assert Subscriber.objects.get(registry_number="170050").name == "Subscriber 0"
    street = ("5001", "household", "X", "ZANGIOTA-M", "1", "1", "2026-01-01")
    ((_row, column, _reason),) = reasons(as_clerk(clerk, "subscribers", columns, [street]))
    assert column == "street_division"


def test_a_clerk_makes_a_subscriber_behind_the_second_wall(
    world: World, neighbour: World, clerk: User
) -> None:
    columns = (
        *("registry_number", "subscriber_class", "name", "street_division", "street", "house", "first_day"),
        *("node", "meter", "model"),
    )
    row = ("5001", "household", "X", "QIBRAY-M", "1", "1", "2026-01-01", "A", "M-1", "SGV")
    assert as_clerk(clerk, "subscribers", columns, [row]).counts["created"] == 1
    assert (
        Subscriber.objects.get(registry_number="5001").accounts.get().contracts.get().service_points.count()
        == 1
    )


@pytest.mark.parametrize("kind", ["tariffs", "service_values", "services", "streets"])
def test_prices_and_the_nomenclature_are_administrators(
    full_world: World, kind: str, clerk: User, make_user: Callable[..., User], district: Division
) -> None:
    content = taken(kind)
    administrator = make_user("administrator", district)
    root = make_user("administrator", Division.objects.get(parent=None))
    with pytest.raises(NotVisible):
        bring_file(kind, content, user=clerk)
    if kind == "services":
        with pytest.raises(NotVisible):
            bring_file(kind, content, user=administrator)
    else:
        assert bring_file(kind, content, user=administrator).counts["refused"] == 0
    assert bring_file(kind, content, user=root).counts["refused"] == 0


def test_a_district_of_an_enterprise_changes_no_price_of_all_of_it(
    tashkent_region: Division, make_user: Callable[..., User], district: Division
) -> None:
    make_world(tashkent_region)
    administrator = make_user("administrator", district)
    columns = ("division", "service", "subscriber_class", "first_day", "price")
    row = ("cold_water", "legal_entity", "2030-01-01", "5")
    assert reasons(bring("tariffs", columns, [("", *row), ("UZ-TO", *row)], user=administrator)) == [
        (2, "division", "name your division: the whole enterprise is not yours"),
        (3, "division", "there is no division UZ-TO here that you may change"),
    ]
    assert bring("tariffs", columns, [("QIBRAY", *row)], user=administrator).is_written
    assert Tariff.objects.get(division=district).price_per_m3 == 5


def test_an_export_shows_the_viewers_divisions_only(world: World, neighbour: World, clerk: User) -> None:
    with working_in(of_user(clerk.pk)):
        content = taken("subscribers", user=clerk).decode("utf-8-sig")
    assert content.count("\r\n") == 6
    assert "170050" not in content
    assert "17004" in content
    with pytest.raises(NotVisible):
        taken("subscribers", user=clerk, division="ZANGIOTA")
    with pytest.raises(NotVisible):
        taken("subscribers", user=clerk, division="NOWHERE")
    assert taken("subscribers", division="QIBRAY-M").decode("utf-8-sig").count("\r\n") == 1


def test_a_trial_writes_nothing_at_all(world: World, clerk: User) -> None:
    before = (AccountValue.objects.count(), Subscriber.objects.count())
    report = as_clerk(clerk, "residents", RESIDENTS, [("17000", date(2026, 1, 1), 3)], is_trial=True)
    assert (report.is_written, report.counts["created"]) == (False, 1)
    assert (AccountValue.objects.count(), Subscriber.objects.count()) == before
