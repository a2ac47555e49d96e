"""Debts by place and age: at every level the same to the tiyin, as the ledger has them, on any day."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.ledger.selectors.debts import Debts, account_debts, debt_summary
from billing.ledger.selectors.places import LEVELS
from billing.ledger.services.corrections import reverse_payment
from billing.models import LedgerEntry
from billing.services.payments import record_payment
from billing.services.runs import run_billing
from gis_core.access import NotVisible
from gis_core.models import Division, User
from tests.billing.conftest import read
from tests.world import World, make_world

BUCKETS = ("to_30", "to_90", "to_365", "older")
DAYS = [date(2025, 12, 31) + timedelta(days=days) for days in (0, 1, 20, 21, 31, 51, 60, 111, 140, 390, 420)]


@pytest.fixture
def owing_world(read_world: World) -> World:
    """Two months billed; some paid a part, some nothing, some too much."""
    for month in (date(2025, 12, 1), date(2026, 1, 1)):
        run_billing(enterprise=read_world.enterprise, month=month, acting_user=None)
    chance = random.Random(12)
    for position in range(4):
        for number in range(position):
            record_payment(
                account=read_world.account(position),
                amount=Decimal(chance.randrange(100_00, 12_000_00)) / 100,
                paid_on=date(2025, 12, 30) + timedelta(days=chance.randrange(60)),
                channel="bank",
                reference=f"{position}-{number}",
                acting_user=None,
            )
    record_payment(
        account=read_world.account(3),
        amount=Decimal(40_000),
        paid_on=date(2026, 2, 3),
        channel="bank",
        reference="too much",
        acting_user=None,
    )
    # A reading put right: the bill that was too high is taken back by one that is lower.
    read(read_world, 0, date(2026, 2, 15), "123")
    return read_world


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> User:
    return make_user("clerk", district)


def expected(as_of: date) -> dict[int, dict[str, Decimal]]:
    """By account what the ledger says, one leg after another: credits settle what was due first."""
    found: dict[int, dict[str, Decimal]] = {}
    legs = defaultdict(list)
    entries = LedgerEntry.objects.filter(account__isnull=False, transaction__booked_on__lte=as_of)
    for entry in entries.select_related("transaction__invoice"):
        head = entry.transaction
        legs[entry.account_id].append((head.invoice.due_on if head.invoice else head.booked_on, entry.amount))
    for account, rows in legs.items():
        amounts = dict.fromkeys(("not_due", *BUCKETS, "paid_ahead"), Decimal(0))
        credit = -sum((amount for _due, amount in rows if amount < 0), Decimal(0))
        for due_on, amount in sorted(row for row in rows if row[1] > 0):
            settled = min(credit, amount)
            credit -= settled
            late = (as_of - due_on).days
            name = (
                "not_due" if late <= 0
                else "to_30" if late <= 30 else "to_90" if late <= 90 else "to_365" if late <= 365 else "older"
            )  # fmt: skip
            amounts[name] += amount - settled
        amounts["paid_ahead"] = credit
        assert account is not None
        found[account] = {**amounts, "balance": sum((amount for _due, amount in rows), Decimal(0))}
    return found


def amounts_of(row: Debts) -> dict[str, Decimal]:
    return {name: getattr(row, name) for name in ("not_due", *BUCKETS, "paid_ahead", "balance")}


def test_accounts_are_as_the_ledger_says_on_any_day(owing_world: World, clerk: User) -> None:
    accounts = {
        str(owing_world.account(position).uid): owing_world.account(position).pk for position in range(5)
    }
    aged: set[str] = set()
    for as_of in DAYS:
        oracle = expected(as_of)
        summary = debt_summary(clerk, level="account", as_of=as_of)
        assert {row.key for row in summary.rows} == set(accounts)
        for row in summary.rows:
            nothing = dict.fromkeys(("not_due", *BUCKETS, "paid_ahead", "balance"), Decimal(0))
            assert amounts_of(row) == oracle.get(accounts[row.key], nothing), (as_of, row)
            assert row.balance == row.not_due + row.overdue - row.paid_ahead
            assert row.debtors == (row.overdue > 0)
            aged.update(name for name in ("not_due", *BUCKETS, "paid_ahead") if getattr(row, name))
    # The days were chosen so that every column had something in it.
    assert aged == {"not_due", *BUCKETS, "paid_ahead"}


def test_all_levels_agree_with_each_other_and_with_the_ledger(owing_world: World, clerk: User) -> None:
    for as_of in DAYS:
        legs = LedgerEntry.objects.filter(account__isnull=False, transaction__booked_on__lte=as_of)
        booked = legs.aggregate(total=Sum("amount"))["total"] or Decimal(0)
        totals = [debt_summary(clerk, level=level, as_of=as_of).total for level in LEVELS]
        assert {
            (total.balance, total.overdue, total.not_due, total.debtors, total.accounts) for total in totals
        } == {(booked, totals[0].overdue, totals[0].not_due, totals[0].debtors, 5)}


def test_it_is_read_down_to_the_street_and_totals_do_not_depend_on_what_is_listed(
    owing_world: World, clerk: User, district: Division
) -> None:
    day = date(2026, 4, 1)
    mahallas = debt_summary(clerk, level="mahalla", as_of=day, parent=district.code)
    assert [row.name for row in mahallas.rows] == ["Do‘stlik"]
    streets = debt_summary(clerk, level="street", as_of=day, parent=mahallas.rows[0].key)
    assert [(row.name, row.detail) for row in streets.rows] == [("Navoiy ko‘chasi", "Do‘stlik")]
    listed = debt_summary(clerk, level="account", as_of=day, parent=streets.rows[0].key, most=2)
    assert (len(listed.rows), listed.units, listed.is_cut) == (2, 5, True)
    assert amounts_of(listed.total) == amounts_of(streets.total)
    # Who owes most for longest comes first; the way up is told.
    assert listed.rows[0].overdue >= listed.rows[1].overdue > 0
    assert [crumb["level"] for crumb in listed.crumbs][-2:] == ["street", "account"]


def test_another_divisions_debts_are_in_no_sum_and_no_parent(
    owing_world: World, clerk: User, make_user: Callable[..., User], other_district: Division
) -> None:
    make_world(other_district, network_code="N2", enterprise_code="ALIEN", first=10)
    stranger = make_user("clerk", other_district)
    day = date(2026, 4, 1)
    assert debt_summary(clerk, level="republic", as_of=day).total.accounts == 5
    assert debt_summary(stranger, level="republic", as_of=day).total.balance == 0
    with pytest.raises(NotVisible):
        debt_summary(stranger, level="street", as_of=day, parent=f"{owing_world.district.code}-M")
    with pytest.raises(NotVisible):
        debt_summary(stranger, level="account", as_of=day, parent=f"{owing_world.district.code}-M/1")
    # Of what lies above both, each sums their own.
    top = owing_world.district.path.split(".")[0]
    assert debt_summary(stranger, level="district", as_of=day, parent=top).total.accounts == 5
    assert debt_summary(stranger, level="district", as_of=day, parent=top).total.balance == 0


def test_rest_answers_and_refuses(owing_world: World, clerk: User) -> None:
    client = Client()
    client.force_login(clerk)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get("/api/v1/debts/?level=street&as_of=2026-04-01").json()
    assert len([query for query in asked if "billing_ledgerentry" in query["sql"]]) == 1
    total = debt_summary(clerk, level="street", as_of=date(2026, 4, 1)).total
    assert Decimal(answer["total"]["overdue"]) == total.overdue > 0
    assert answer["rows"][0]["name"] == "Navoiy ko‘chasi"
    table = client.get("/api/v1/debts/?level=account&as_of=2026-04-01&file_format=csv")
    lines = table.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("key,name,detail,as_of,accounts,debtors,balance_uzs")
    for wrong in ("level=planet", "as_of=2026-02-30", "as_of=yesterday", "file_format=doc", "most=5"):
        assert client.get(f"/api/v1/debts/?{wrong}").status_code == 400, wrong
    assert client.get("/api/v1/debts/?parent=NOWHERE").status_code == 404
    assert client.get("/api/v1/debts/?level=account&parent=NO/WHERE").status_code == 404


def test_the_page_leads_from_the_top_to_the_account(owing_world: World, clerk: User) -> None:
    client = Client()
    client.force_login(clerk)
    page = client.get("/debts/?as_of=2026-04-01")
    # One mahalla and one street only: the page begins with the accounts.
    assert page.context["summary"].level == "account"
    assert page.context["rows"][0].address == f"/accounts/{page.context['rows'][0].debts.key}/"
    above = client.get("/debts/?level=republic&as_of=2026-04-01")
    for _level in LEVELS[1:]:
        above = client.get(above.context["rows"][0].address)
    assert above.context["summary"].level == "account"
    assert client.get("/debts/?level=planet").status_code == 404
    assert client.get("/debts/?as_of=nonsense").status_code == 200
    home = client.get("/").context["billing"]["debts"]
    assert home.balance == debt_summary(clerk, level="republic", as_of=date(2030, 1, 1)).total.balance


def test_a_payment_taken_back_leaves_the_debt_as_old_as_it_was(owing_world: World, clerk: User) -> None:
    account, day = owing_world.account(0), date(2026, 12, 31)
    before = amounts_of(account_debts(clerk, account, day))
    payment = record_payment(
        account=account,
        amount=Decimal(1000),
        paid_on=date(2026, 2, 5),
        channel="bank",
        reference="bounced",
        acting_user=None,
    )
    assert amounts_of(account_debts(clerk, account, day)) != before
    reverse_payment(payment=payment, reason="bounced", acting_user=None)
    assert amounts_of(account_debts(clerk, account, day)) == before
