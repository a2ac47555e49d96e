"""The clerk's console of runs and months: what it lists, to whom, and what can be done from it."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import BillingException, BillingMonth, MeterInstallation
from billing.selectors.months import books_months
from billing.services.months import close_month
from billing.services.runs import run_billing
from gis_core.models import AuditEvent, Division, User
from tests.billing.conftest import read
from tests.sign_in import confirmed
from tests.world import World, make_world

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)


@pytest.fixture
def billed(district: Division) -> World:
    """December and January billed, but for the fifth account: it has no meter any more and no norm."""
    world = make_world(district)
    for position in range(4):
        for day, index in ((DECEMBER, "100"), (JANUARY, "110"), (date(2026, 2, 1), "122")):
            read(world, position, day, index)
    for month in (DECEMBER, JANUARY):
        run_billing(enterprise=world.enterprise, month=month, acting_user=None)
    return world


def clerk_of(make_user: Callable[..., User], division: Division, role: str = "clerk") -> Client:
    client = Client()
    client.force_login(make_user(role, division))
    return client


def test_the_months_are_as_their_runs_left_them(
    billed: World, make_user: Callable[..., User], district: Division
) -> None:
    page = clerk_of(make_user, district).get("/billing/")
    months = page.context["months"]
    assert [row.month for row in months[:2]] == [JANUARY, DECEMBER]
    # Four households: 12 and 10 m3 at 1,000 so'm, 12 % VAT.
    assert [(row.invoices, row.total_net, row.total) for row in months[:2]] == [
        (4, Decimal("48000.00"), Decimal("53760.00")),
        (4, Decimal("40000.00"), Decimal("44800.00")),
    ]
    assert page.context["shown"].month == JANUARY
    assert months[0].exceptions == BillingException.objects.filter(run__month=JANUARY).count() > 0
    reasons = page.context["reasons"]
    assert sum(reason.number for reason in reasons) == months[0].exceptions
    found = page.context["exceptions"]
    assert {row.account_id for row, _words in found} == {billed.account(4).pk}
    one = clerk_of(make_user, district, "manager").get(f"/billing/?month=2025-12&reason={reasons[0].code}")
    assert {row.reason for row, _words in one.context["exceptions"]} == {reasons[0].code}


def test_who_may_see_and_who_may_run(
    billed: World, make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    assert "data-run" in clerk_of(make_user, district).get("/billing/").content.decode()
    cashier = clerk_of(make_user, district, "cashier").get("/billing/").content.decode()
    assert "data-run" not in cashier
    assert "data-close" not in cashier
    assert clerk_of(make_user, district, "crew").get("/billing/").status_code == 404
    stranger = clerk_of(make_user, other_district)
    assert "There is no enterprise in your divisions." in stranger.get("/billing/").content.decode()
    assert stranger.get(f"/billing/?enterprise={billed.enterprise.code}").status_code == 404


def test_queries_do_not_grow_with_months(
    billed: World, make_user: Callable[..., User], district: Division
) -> None:
    clerk = make_user("clerk", district)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            books_months(clerk, billed.enterprise)
        return len(queries)

    asked()
    # The roles are known from the first time on.
    few = asked()
    for month in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)):
        run_billing(enterprise=billed.enterprise, month=month, acting_user=None)
    assert asked() == few <= 4
    assert len(books_months(clerk, billed.enterprise)) == 5


def close(client: Client, month: str, enterprise: str = "SUV") -> tuple[int, dict]:
    answer = client.post(
        "/api/v1/billing-months/close/",
        {"enterprise": enterprise, "month": month},
        content_type="application/json",
    )
    return answer.status_code, answer.json()


def test_a_month_is_closed_by_who_may_and_after_its_end(
    billed: World, make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    clerk = clerk_of(make_user, district)
    status, books = close(clerk, "2025-12-01")
    assert (status, books) == (200, {"enterprise": "SUV", "month": "2025-12-01", "state": "closed"})
    assert close(clerk, "2025-12-01")[0] == 200
    assert AuditEvent.objects.filter(action="close month").count() == 1
    rows = {row.month: row.is_closed for row in clerk.get("/billing/").context["months"]}
    assert (rows[DECEMBER], rows[JANUARY]) == (True, False)
    # The page offers nothing more for it.
    assert 'data-close="2025-12-01"' not in clerk.get("/billing/").content.decode()
    status, answer = close(clerk, "2999-01-01")
    assert (status, answer["error"]["code"]) == (400, "month_not_ended")
    assert close(clerk, "2025-12")[0] in (200, 400)
    assert close(clerk_of(make_user, other_district), "2026-01-01")[0] == 404
    assert close(clerk_of(make_user, district, "cashier"), "2026-01-01")[0] == 404
    assert BillingMonth.objects.get(enterprise=billed.enterprise, month=JANUARY).state == "open"


def test_who_proposed_to_open_a_month_again_is_told_and_may_withdraw_it(
    billed: World, make_user: Callable[..., User], district: Division
) -> None:
    close_month(enterprise=billed.enterprise, month=DECEMBER, acting_user=None)
    first, second = (confirmed(make_user(role, district)) for role in ("administrator", "manager"))
    month = {"enterprise": "SUV", "month": "2025-12-01"}
    address = "/api/v1/billing-months/"
    asked = f"{address}reopening/?enterprise=SUV&month=2025-12"
    assert second.get(asked).json() == {"proposal": None}
    wish = json.dumps({**month, "reason": "a bill was wrong"})
    told = first.post(f"{address}reopen/", wish, "application/json").json()
    assert (told["state"], told["is_second"], told["proposal"]["state"]) == ("closed", False, "open")
    assert second.get(asked).json()["proposal"]["reason"] == "a bill was wrong"
    page = first.get("/billing/").content.decode()
    assert 'data-withdraw="2025-12-01"' in page
    assert "It waits for a second person until" in page
    body = json.dumps(month)
    refused = second.post(f"{address}reopen/withdraw/", body, "application/json")
    assert refused.json()["error"]["code"] == "not_proposer"
    assert first.post(f"{address}reopen/withdraw/", body, "application/json").json()["state"] == "withdrawn"
    assert "data-withdraw" not in first.get("/billing/").content.decode()
    assert first.post(f"{address}reopen/", wish, "application/json").json()["is_second"] is False
    told = second.post(f"{address}reopen/", wish, "application/json").json()
    assert (told["state"], told["is_second"], told["proposal"]["state"]) == ("open", True, "confirmed")


def test_a_reading_is_entered_at_the_desk(
    billed: World, make_user: Callable[..., User], district: Division
) -> None:
    account = billed.account(0)
    page = clerk_of(make_user, district).get(f"/accounts/{account.uid}/")
    shown = page.context["overview"].installations
    assert [row.pk for row in shown] == [billed.installations[0].pk]
    assert 'id="reading-form"' in page.content.decode()
    cashier = clerk_of(make_user, district, "cashier").get(f"/accounts/{account.uid}/").content.decode()
    assert 'id="reading-form"' not in cashier
    # A meter that was taken away is not offered.
    MeterInstallation.objects.filter(pk=billed.installations[0].pk).update(
        validity=(date(2025, 11, 1), date(2026, 3, 1))
    )
    again = clerk_of(make_user, district, "manager").get(f"/accounts/{account.uid}/")
    assert again.context["overview"].installations == []
