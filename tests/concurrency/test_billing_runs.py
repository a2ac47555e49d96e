"""Eight runs of one enterprise at once bill everything once, with numbers without gaps; payments flow meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from billing.models import Invoice, InvoiceLine, Payment
from billing.services import runs
from billing.services.months import close_month
from billing.services.payments import record_payment
from billing.services.runs import run_billing
from gis_core.models import Enterprise
from tests.billing.conftest import read
from tests.conftest import make_district
from tests.world import World, make_world


def test_t1_eight_runs_at_once_bill_once(committing_database: None) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    for position in range(5):
        read(world, position, date(2025, 12, 1), "10")
        read(world, position, date(2026, 1, 1), "30")

    def run(_number: int) -> int:
        try:
            enterprise = Enterprise.objects.get(code="SUV")
            return run_billing(enterprise=enterprise, month=date(2025, 12, 1), acting_user=None).invoices
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        invoices = list(pool.map(run, range(8)))
    print(f"T1 (eight at once): duplicate charges {InvoiceLine.objects.count() - 5}")
    assert sorted(invoices) == [0] * 7 + [5]
    assert InvoiceLine.objects.count() == 5
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5]


def pay(world: World, reference: str) -> int:
    """Pay in a session of its own that waits for half a second at most."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
        return record_payment(
            account=world.account(0),
            amount=Decimal(5),
            paid_on=date(2025, 12, 20),
            channel="bank",
            reference=reference,
            acting_user=None,
        ).pk
    finally:
        connections.close_all()


def test_the_first_payment_of_a_month_does_not_wait_for_the_run_that_opens_it(
    committing_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    for day, index in ((date(2025, 12, 1), "10"), (date(2026, 1, 1), "30")):
        read(world, 0, day, index)
    post = runs.post_due_lines
    with ThreadPoolExecutor(1) as pool:

        def paid_meanwhile(*arguments: Any) -> Any:
            assert pool.submit(pay, world, "1").result()
            return post(*arguments)

        monkeypatch.setattr(runs, "post_due_lines", paid_meanwhile)
        result = run_billing(enterprise=world.enterprise, month=date(2025, 12, 1), acting_user=None)
    assert (result.invoices, Payment.objects.count()) == (1, 1)


def test_payments_flow_while_a_run_writes_and_wait_for_a_month_that_closes(committing_database: None) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    for day, index in ((date(2025, 12, 1), "10"), (date(2026, 1, 1), "30")):
        read(world, 0, day, index)
    month = date(2025, 12, 1)

    def pay_so(reference: str) -> int:
        return pay(world, reference)

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            # Two payments before the run, and two while nothing of it is committed: none waits for another.
            assert all(pool.map(pay_so, ["1", "2"]))
            assert run_billing(enterprise=world.enterprise, month=month, acting_user=None).invoices == 1
            assert all(pool.map(pay_so, ["3", "4"]))
        with transaction.atomic():
            close_month(enterprise=world.enterprise, month=month, acting_user=None)
            with pytest.raises(OperationalError, match="lock timeout"):
                pool.submit(pay_so, "5").result()
    assert Payment.objects.count() == 4
