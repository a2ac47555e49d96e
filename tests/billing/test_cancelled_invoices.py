"""A bill taken back by a credit note, and billed again as what is right then."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum

from billing.models import Account, BillingMonth, Invoice, InvoiceCancellation, InvoiceLine, LedgerEntry
from billing.services.cancelled_invoices import cancel_invoice
from billing.services.months import close_month
from billing.services.runs import run_billing
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, Job, User
from tests.billing.conftest import read
from tests.sign_in import confirmed
from tests.world import World

DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)
Users = Callable[..., User]


def bill(world: World, month: date) -> int:
    return run_billing(enterprise=world.enterprise, month=month, acting_user=None).invoices


def owed(account: Account) -> Decimal:
    return account.entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def standing(account: Account) -> Decimal:
    """What is billed of December and not taken back."""
    lines = InvoiceLine.objects.filter(invoice__account=account, consumption_month=DECEMBER)
    return lines.aggregate(total=Sum("net"))["total"] or Decimal(0)


def refused(invoice: Invoice, reason: str = "x") -> str:
    with pytest.raises(ReportedError) as error:
        cancel_invoice(invoice=invoice, reason=reason, acting_user=None)
    return error.value.code


def test_a_bill_is_taken_back_whole_and_billed_again(read_world: World) -> None:
    bill(read_world, DECEMBER)
    account = read_world.account(0)
    first = account.invoices.get()
    before, others = owed(account), LedgerEntry.objects.exclude(transaction__invoice=first).count()
    assert refused(first, " ") == "reason"
    made = cancel_invoice(invoice=first, reason="wrong tariff", acting_user=None)
    note, nothing = made.credit_note, Decimal(0)
    assert (note.total, note.month, owed(account), standing(account)) == (
        -first.total,
        DECEMBER,
        nothing,
        nothing,
    )
    assert note.sequence == Invoice.objects.filter(year=note.year).count()
    assert LedgerEntry.objects.exclude(transaction__invoice__account=account).count() == others
    assert refused(first) == "cancelled"
    assert refused(note) == "nothing_stands"
    # Nothing was changed: the next run bills the same again, of this account alone, and once.
    assert [bill(read_world, DECEMBER), bill(read_world, DECEMBER)] == [1, 0]
    assert (owed(account), standing(account)) == (before, first.total_net)
    assert account.invoices.count() == 3
    # The new bill stands, and is taken back likewise.
    cancel_invoice(invoice=account.invoices.latest("pk"), reason="again", acting_user=None)
    assert owed(account) == 0


def test_what_a_later_bill_put_right_is_not_taken_back_twice(read_world: World) -> None:
    """February is estimated, and read on the first of March."""
    for month in (DECEMBER, JANUARY, FEBRUARY):
        bill(read_world, month)
    account = read_world.account(0)
    estimated = account.invoices.get(month=FEBRUARY)
    read(read_world, 0, date(2026, 3, 1), "129")
    bill(read_world, date(2026, 3, 1))
    assert refused(estimated) == "nothing_stands"
    put_right = account.invoices.latest("pk")
    charges = InvoiceLine.objects.filter(invoice=put_right, is_reversal=False).aggregate(
        net=Sum("net"), vat=Sum("vat")
    )
    before = owed(account)
    cancel_invoice(invoice=put_right, reason="x", acting_user=None)
    # Its charges are gone; the estimate stays taken back.
    assert before - owed(account) == charges["net"] + charges["vat"]
    bill(read_world, date(2026, 3, 1))
    assert owed(account) == before


def test_of_a_closed_month_it_is_booked_in_the_next(read_world: World) -> None:
    bill(read_world, DECEMBER)
    close_month(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    account = read_world.account(0)
    first = account.invoices.get()
    note = cancel_invoice(invoice=first, reason="x", acting_user=None).credit_note
    assert (note.month, BillingMonth.objects.get(month=JANUARY).state) == (JANUARY, "open")
    assert bill(read_world, JANUARY) == 5
    assert standing(account) == first.total_net


def test_who_may_take_a_bill_back(
    read_world: World, make_user: Users, other_district: Division, django_capture_on_commit_callbacks: Any
) -> None:
    bill(read_world, DECEMBER)
    division = read_world.enterprise.division
    invoice = read_world.account(0).invoices.get()
    address = f"/api/v1/invoices/{invoice.uid}/cancel/"
    for role, where in (("clerk", division), ("cashier", division), ("manager", other_district)):
        stranger = confirmed(make_user(role, where, username=f"{role} {where.code}"))
        assert stranger.post(address, {"reason": "x"}, "application/json").status_code in (403, 404), role
        assert "cancel-form" not in stranger.get(f"/invoices/{invoice.uid}/").content.decode()
    assert not InvoiceCancellation.objects.exists()
    manager = make_user("manager", division)
    client = confirmed(manager)
    assert "cancel-form" in client.get(f"/invoices/{invoice.uid}/").content.decode()
    assert client.post(address, {"reason": ""}, "application/json").status_code == 400
    answer = client.post(address, {"reason": "a wrong price"}, "application/json")
    assert answer.status_code == 201, answer.content
    note = answer.json()
    assert client.get(f"/api/v1/invoices/{invoice.uid}/").json()["cancelled_by"] == note["number"]
    assert client.post(address, {"reason": "again"}, "application/json").status_code == 400
    page = client.get(f"/invoices/{invoice.uid}/").content.decode()
    assert "a wrong price" in page
    assert note["number"] in page
    assert "cancel-form" not in page
    assert invoice.number in client.get(f"/invoices/{note['uid']}/").content.decode()
    assert AuditEvent.objects.get(action="cancel invoice").user == manager


def test_one_account_is_tried_and_billed_by_a_job(read_world: World, make_user: Users) -> None:
    read(read_world, 0, date(2026, 2, 3), "123")
    client = confirmed(make_user("clerk", read_world.enterprise.division))
    body = {
        "enterprise": read_world.enterprise.code,
        "month": "2025-12-01",
        "account": str(read_world.account(0).uid),
    }
    answer = client.post("/api/v1/billing-runs/", {**body, "trial": True}, "application/json")
    assert answer.status_code == 202, answer.content
    assert Job.objects.get(uid=answer.json()["uid"]).parameters["account"] == read_world.account(0).number
    unknown = {**body, "account": str(uuid4())}
    assert client.post("/api/v1/billing-runs/", unknown, "application/json").status_code == 404
