"""Statement, reversal, write-off and reopening over REST and on the pages: who may, what is answered and refused."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import Account, BillingMonth, MonthReopening
from billing.services.months import close_month
from billing.services.payments import record_payment
from billing.services.runs import run_billing
from gis_core.models import User
from tests.world import World

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)


@pytest.fixture
def account(read_world: World) -> Account:
    """Billed for December, and 100 paid of it."""
    run_billing(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    record_payment(
        account=read_world.account(0),
        amount=Decimal(100),
        paid_on=date(2026, 1, 5),
        channel="bank",
        reference="R-1",
        acting_user=None,
    )
    return read_world.account(0)


@pytest.fixture
def client_of(make_user: Callable[..., User], account: Account) -> Callable[[str], Client]:
    def client(role: str) -> Client:
        made = Client()
        made.force_login(make_user(role, account.division, username=f"the {role}"))
        return made

    return client


def post(client: Client, address: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(f"/api/v1/{address}", json.dumps(body), "application/json")
    return answer.status_code, answer.json()


def test_the_statement_runs_from_the_first_document_to_the_last(
    account: Account, client_of: Callable[[str], Client]
) -> None:
    client = client_of("auditor")
    address = f"/api/v1/accounts/{account.uid}/statement/"
    whole = client.get(address).json()
    bill = account.invoices.get()
    assert [(row["kind"], row["number"], row["amount"]) for row in whole["rows"]] == [
        ("invoice", bill.number, f"{bill.total}"),
        ("payment", "R-1", "-100.00"),
    ]
    assert whole["rows"][0]["balance"] == f"{bill.total}"
    assert Decimal(whole["closing"]) == bill.total - 100 == Decimal(whole["charged"]) - Decimal(whole["paid"])
    later = client.get(f"{address}?first_day=2026-01-01").json()
    assert (later["opening"], len(later["rows"])) == (f"{bill.total}", 1)
    none = client.get(f"{address}?first_day=2026-01-06").json()
    assert (none["opening"], none["closing"], none["rows"]) == (f"{bill.total - 100}",) * 2 + ([],)
    table = list(
        csv.DictReader(io.StringIO(client.get(f"{address}?file_format=csv").content.decode("utf-8-sig")))
    )
    assert [row["number"] for row in table] == [bill.number, "R-1"]
    assert client.get(f"{address}?first_day=yesterday").status_code == 400


def test_a_clerk_takes_a_payment_back_on_the_page(
    account: Account, client_of: Callable[[str], Client]
) -> None:
    payment = account.payments.get()
    clerk, cashier = client_of("clerk"), client_of("cashier")
    page = f"/accounts/{account.uid}/"
    assert f'data-reverse="{payment.uid}"' in clerk.get(page).content.decode()
    assert "data-reverse" not in cashier.get(page).content.decode()
    assert post(cashier, f"payments/{payment.uid}/reverse/", reason="x")[0] == 404
    status, answer = post(clerk, f"payments/{payment.uid}/reverse/", reason="bounced")
    assert (status, answer["state"]) == (200, "reversed")
    assert (
        post(clerk, f"payments/{payment.uid}/reverse/", reason="again")[1]["error"]["code"]
        == "payment_reversed"
    )
    assert post(clerk, f"payments/{payment.uid}/reverse/", reason="")[0] == 400
    shown = clerk.get(page).content.decode()
    assert "data-reverse" not in shown
    assert "bounced" in shown
    listed = clerk.get(f"/api/v1/payments/?account={account.uid}").json()["results"]
    assert [row["state"] for row in listed] == ["reversed"]


def test_a_manager_writes_off_what_a_clerk_may_not(
    account: Account, client_of: Callable[[str], Client]
) -> None:
    clerk, manager = client_of("clerk"), client_of("manager")
    address, page = f"accounts/{account.uid}/write-offs/", f"/accounts/{account.uid}/"
    assert "write-off-form" in manager.get(page).content.decode()
    assert "write-off-form" not in clerk.get(page).content.decode()
    asked = {"sheet": "A-7", "amount": "50.00", "reason": "dead"}
    assert post(clerk, address, **asked)[0] == 404
    status, answer = post(manager, address, **asked)
    assert (status, answer["sheet"], answer["amount"], answer["state"]) == (202, "A-7", "50.00", "open")
    sheet = f"waiting-write-offs/{answer['uid']}/"
    # Who proposed it sees no button for it, and is refused.
    assert 'data-sheet="confirm"' not in manager.get(page).content.decode()
    assert post(manager, f"{sheet}confirm/")[1]["error"]["code"] == "same_person"
    assert post(clerk, f"{sheet}confirm/")[0] == 404
    other = client_of("administrator")
    assert 'data-sheet="confirm"' in other.get(page).content.decode()
    status, answer = post(other, f"{sheet}confirm/")
    assert (status, answer["state"]) == (200, "confirmed")
    assert post(other, f"{sheet}withdraw/")[1]["error"]["code"] == "write_off_decided"
    assert (
        post(manager, address, **(asked | {"sheet": "A-8", "amount": "99999999"}))[1]["error"]["code"]
        == "amount"
    )
    assert "A-7" in manager.get(page).content.decode()


def test_a_manager_opens_the_last_closed_month_again(
    account: Account, client_of: Callable[[str], Client]
) -> None:
    clerk, manager = client_of("clerk"), client_of("manager")
    enterprise = account.enterprise
    for month in (DECEMBER, JANUARY):
        close_month(enterprise=enterprise, month=month, acting_user=None)
    asked = {"enterprise": enterprise.code, "month": "2026-01-01", "reason": "a bill was wrong"}
    shown = manager.get("/billing/").content.decode()
    assert ('data-reopen="2026-01-01"' in shown, 'data-reopen="2025-12-01"' in shown) == (True, False)
    assert "data-reopen" not in clerk.get("/billing/").content.decode()
    assert post(clerk, "billing-months/reopen/", **asked)[0] in (403, 404)
    earlier = post(manager, "billing-months/reopen/", **(asked | {"month": "2025-12-01"}))
    assert (earlier[0], earlier[1]["error"]["code"]) == (400, "later_month_closed")
    for client, state in ((manager, "closed"), (client_of("administrator"), "open")):
        status, told = post(client, "billing-months/reopen/", **asked)
        assert (status, told["state"], told["is_second"]) == (200, state, state == "open")
        assert (told["enterprise"], told["month"]) == (enterprise.code, "2026-01-01")
    assert MonthReopening.objects.get().reason == "a bill was wrong"
    assert BillingMonth.objects.get(enterprise=enterprise, month=JANUARY).state == "open"
