"""A desk with two cashiers, in the small world billed for December."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum

from billing.cash_desk.services.shifts import open_shift
from billing.cash_desk.services.slips import take_money
from billing.models import Account, CashDesk, CashShift, CashSlip, LedgerEntry
from gis_core.models import User
from tests.billing.desk import DECEMBER, bill
from tests.world import World


@dataclass
class Till:
    """One desk, two cashiers, and the shift of the first."""

    desk: CashDesk
    first: User
    second: User
    shift: CashShift
    account: Account
    neighbour: Account

    def take(self, amount: Any = "100.00", **changed: Any) -> CashSlip:
        given: dict[str, Any] = {
            "account": self.account,
            "amount": Decimal(amount),
            "tendered": None,
            "request_key": uuid4(),
            "acting_user": self.first,
        }
        return take_money(**(given | changed))

    def owed(self, account: Account | None = None) -> Decimal:
        return (account or self.account).entries.aggregate(total=Sum("amount"))["total"]


def cashier(name: str, world: World, role: str = "cashier") -> User:
    user = User.objects.create_user(name, password="a long password of this person")
    user.role_assignments.create(role=role, division=world.district)
    return user


def make_till(world: World) -> Till:
    bill(world, DECEMBER)
    desk = CashDesk.objects.create(
        enterprise=world.enterprise, division=world.district, code="KASSA1", name="Markaziy kassa"
    )
    first = cashier("kassir", world)
    return Till(
        desk,
        first,
        cashier("kassir2", world),
        open_shift(desk=desk, float_amount=Decimal(50_000), acting_user=first),
        world.account(0),
        world.account(1),
    )


@pytest.fixture
def till(read_world: World) -> Till:
    return make_till(read_world)


@pytest.fixture
def books_balance() -> Callable[[], bool]:
    return lambda: LedgerEntry.objects.aggregate(total=Sum("amount"))["total"] == 0
