"""What was billed and paid, by month and place: as the documents say, the same at every level."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db.models import Sum

from billing.ledger.selectors.collection import collection_by_month, collection_by_place
from billing.ledger.selectors.places import LEVELS
from billing.ledger.services.corrections import reverse_payment
from billing.models import Invoice, Payment
from billing.services.payments import record_payment
from billing.services.runs import run_billing
from gis_core.access import NotVisible
from gis_core.models import Division, User
from tests.world import World

DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def paying_world(read_world: World) -> World:
    """Two months billed; three pay in January and February, and one of the payments is taken back."""
    for month in (DECEMBER, JANUARY):
        run_billing(enterprise=read_world.enterprise, month=month, acting_user=None)
    for position, day in ((0, 3), (1, 31), (2, 32)):
        record_payment(
            account=read_world.account(position),
            amount=Decimal(1000 * (position + 1)),
            paid_on=date(2026, 1, day) if day < 32 else FEBRUARY,
            channel="bank",
            reference=str(position),
            acting_user=None,
        )
    reverse_payment(payment=Payment.objects.get(reference="1"), reason="bounced", acting_user=None)
    return read_world


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> User:
    return make_user("clerk", district)


def test_months_are_as_the_documents_say(paying_world: World, clerk: User) -> None:
    rows = collection_by_month(clerk, last_month=FEBRUARY)
    assert [row.month for row in rows[-3:]] == [DECEMBER, JANUARY, FEBRUARY]
    assert (len(rows), rows[0].month, rows[0].rate) == (12, date(2025, 3, 1), None)
    assert rows[0].billed == 0
    for row in rows[-3:-1]:
        billed = Invoice.objects.filter(month=row.month).aggregate(total=Sum("total"))["total"]
        assert row.billed == billed > 0
    assert [row.paid for row in rows[-3:]] == [0, 1000, 3000]
    assert rows[-2].rate == 1000 / rows[-2].billed


def test_every_level_adds_up_to_the_whole(paying_world: World, clerk: User) -> None:
    [whole] = collection_by_month(clerk, last_month=JANUARY, months=1)
    for level in LEVELS:
        rows = collection_by_place(clerk, level=level, month=JANUARY).rows
        assert sum(row.billed for row in rows) == whole.billed
        assert sum(row.paid for row in rows) == whole.paid
    accounts = collection_by_place(clerk, level="account", month=JANUARY).rows
    assert [row.paid > 0 for row in accounts] == [False] * 4 + [True]
    [street] = collection_by_place(clerk, level="street", month=JANUARY).rows
    inside = collection_by_place(clerk, level="account", month=JANUARY, parent=street.key).rows
    assert {row.key for row in inside} == {row.key for row in accounts}


def test_only_the_worst_payers_are_read(paying_world: World, clerk: User) -> None:
    whole = collection_by_place(clerk, level="account", month=JANUARY)
    first = collection_by_place(clerk, level="account", month=JANUARY, most=2)
    assert (whole.units, whole.is_cut, first.units, first.is_cut) == (5, False, 5, True)
    # Those alike in all that is shown may stand in for each other.
    assert [(row.rate, row.billed) for row in first.rows] == [
        (row.rate, row.billed) for row in whole.rows[:2]
    ]


def test_nobody_looks_into_another_district(
    paying_world: World, make_user: Callable[..., User], other_district: Division
) -> None:
    alien = make_user("clerk", other_district, username="alien")
    assert collection_by_place(alien, level="account", month=JANUARY).rows == []
    with pytest.raises(NotVisible):
        collection_by_month(alien, last_month=JANUARY, parent="QIBRAY")
