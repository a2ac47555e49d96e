"""Billing's tests start from the small world with readings at the turns of three months."""

from datetime import date
from decimal import Decimal

import pytest

from billing.models import Account, Reading, WaitingPayment
from billing.services.readings import enter_reading
from gis_core.models import Division, User
from tests.world import World, make_world


def let_payments_wait(account: Account, numbers: range) -> list[WaitingPayment]:
    """Large payments of an account that somebody entered, one for each number."""
    somebody, _is_new = User.objects.get_or_create(username="enterer")
    return WaitingPayment.objects.bulk_create(
        WaitingPayment(
            enterprise_id=account.enterprise_id,
            division_id=account.division_id,
            account=account,
            channel="bank",
            reference=f"large {account.number} {number}",
            paid_on=date(2026, 1, 5),
            amount=Decimal(60_000_000),
            entered_by=somebody,
        )
        for number in numbers
    )


def read(world: World, position: int, day: date, index: str) -> Reading:
    """Enter a reading of the subscriber at `position`."""
    return enter_reading(
        installation=world.installations[position],
        read_on=day,
        index_m3=Decimal(index),
        source="visit",
        acting_user=None,
    )


@pytest.fixture
def world(district: Division) -> World:
    return make_world(district)


@pytest.fixture
def read_world(world: World) -> World:
    """Each subscriber read on the first of December, January and February: 10 m3, then 12 m3 (the last: tenfold)."""
    for position in range(5):
        factor = 10 if position == 4 else 1
        for day, index in ((date(2025, 12, 1), 100), (date(2026, 1, 1), 110), (date(2026, 2, 1), 122)):
            read(world, position, day, str(100 + (index - 100) * factor))
    return world
