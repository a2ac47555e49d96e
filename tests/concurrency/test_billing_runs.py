"""Eight runs of one enterprise at once bill everything once, with numbers that have no gaps."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

from django.db import connections

from billing.models import Invoice, InvoiceLine
from billing.services.runs import run_billing
from gis_core.models import Enterprise
from tests.billing.conftest import read
from tests.conftest import make_district
from tests.world import make_world


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
