"""Penalties as bills: what documents say of the same debts, once, whatever was paid late or taken back."""

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from billing.ledger.services.corrections import reverse_payment
from billing.models import (
    Account,
    BillingMonth,
    BillingRun,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Payment,
    PenaltyTerms,
    Repricing,
    Subscriber,
)
from billing.selectors.bill_lines import explained
from billing.selectors.months import books_months
from billing.services.cancelled_invoices import cancel_invoice
from billing.services.months import close_month
from billing.services.payments import record_payment
from billing.services.penalties import charge_penalties
from billing.services.runs import run_billing
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, Job, User, WaitingAct
from gis_core.services.two_people import confirm_act
from tests.billing.conftest import read
from tests.billing.other_documents_oracle import penalty_by_oracle
from tests.billing.test_price_cases import priced
from tests.world import World

DECEMBER, JANUARY, FEBRUARY, MARCH = (date(2025, 12, 1), *(date(2026, month, 1) for month in (1, 2, 3)))
NEXT = {JANUARY: FEBRUARY, FEBRUARY: MARCH, MARCH: date(2026, 4, 1)}


def set_terms(world: World, valid_from: date = DECEMBER, percent: str = "0.1", **other: Any) -> PenaltyTerms:
    given = {"enterprise": world.enterprise, "grace_days": 3, "cap_percent": Decimal(50), **other}
    return PenaltyTerms.objects.create(valid_from=valid_from, daily_percent=Decimal(percent), **given)


def pay(account: Account, amount: str, day: date) -> Payment:
    return record_payment(
        account=account,
        amount=Decimal(amount),
        paid_on=day,
        channel="bank",
        reference=f"{account.number} {day} {amount}",
        acting_user=None,
    )


def charge(world: World, month: date, **other: Any) -> int:
    return charge_penalties(enterprise=world.enterprise, month=month, acting_user=None, **other).lines


def charged(account: Account, month: date = MARCH) -> Decimal:
    """What stands of the penalties of an account, of days before the end of `month`."""
    lines = InvoiceLine.objects.filter(invoice__account=account, kind="penalty", consumption_month__lte=month)
    return lines.aggregate(total=Sum("net"))["total"] or Decimal(0)


def document(account: Account, as_of: date) -> dict[str, Any]:
    """The account's debts and payments as a document of penalties; one list of terms for all."""
    of_account = PenaltyTerms.objects.filter(enterprise=account.enterprise)
    bills = Invoice.objects.filter(
        account=account, is_penalty=False, cancellation=None, cancels=None
    ).order_by("pk")
    payments = Payment.objects.filter(account=account, reversal=None)
    taken_back = {
        row.pk: sum((line.net + line.vat for line in row.lines.filter(is_reversal=True)), Decimal(0))
        for row in bills
    }
    first = of_account.order_by("valid_from")[0]
    return {
        "id": account.number,
        "penalty": {
            "as_of": as_of.isoformat(),
            "daily_percent": [
                {"from": row.valid_from.isoformat(), "percent": str(row.daily_percent)} for row in of_account
            ],
            "grace_days": first.grace_days,
            "cap_percent": str(first.cap_percent),
            "debts": [
                {"amount": str(row.total - taken_back[row.pk]), "due_on": row.due_on.isoformat()}
                for row in bills
                if row.total > taken_back[row.pk]
            ],
            "payments": [
                *({"amount": str(row.amount), "on": row.paid_on.isoformat()} for row in payments),
                *(
                    {"amount": str(-taken_back[row.pk]), "on": row.issued_on.isoformat()}
                    for row in bills
                    if taken_back[row.pk] < 0
                ),
            ],
        },
    }


@pytest.fixture
def owing_world(read_world: World) -> World:
    """December and January billed, due on 21 January and 21 February."""
    for month in (DECEMBER, JANUARY):
        run_billing(enterprise=read_world.enterprise, month=month, acting_user=None)
    return read_world


def test_runs_charge_what_the_documents_say(owing_world: World) -> None:
    """Rates that change, payments in part, a bill put right: month by month the same as one document of all days."""
    set_terms(owing_world, percent="0.1")
    set_terms(owing_world, date(2026, 2, 10), percent="0.033")
    set_terms(owing_world, date(2026, 3, 7), percent="1.7")
    dice = random.Random(7)
    accounts = [owing_world.account(position) for position in range(5)]
    for account in accounts[1:]:
        for _ in range(3):
            pay(
                account,
                f"{dice.randrange(50_00, 9_000_00) / 100:.2f}",
                date(2026, 1, 10 + dice.randrange(20)),
            )
    read(owing_world, 0, date(2026, 3, 1), "123")
    # A bill that asks for more than it takes back takes that off the earlier debt all the same.
    read(owing_world, 1, FEBRUARY, "113")
    read(owing_world, 1, date(2026, 3, 1), "160")
    run_billing(enterprise=owing_world.enterprise, month=FEBRUARY, acting_user=None)
    for month in (JANUARY, FEBRUARY, MARCH):
        charge(owing_world, month)
        asked = [document(account, NEXT[month]) for account in accounts]
        corrected = accounts[1].invoices.get(is_penalty=False, month=FEBRUARY)
        assert corrected.total > 0
        assert corrected.lines.filter(is_reversal=True).exists()
        for account, case, answer in zip(accounts, asked, priced(*asked), strict=True):
            total = Decimal(penalty_by_oracle(case)["total"])
            assert (charged(account), Decimal(answer["total"])) == (total, total), account.number
    assert charged(accounts[0]) > 0
    lines = InvoiceLine.objects.filter(kind="penalty")
    assert all(line.consumption_from.month == line.consumption_month.month for line in lines)
    assert charge(owing_world, MARCH) == 0


def test_a_penalty_is_a_bill_of_its_own_with_its_book(
    owing_world: World, make_user: Callable[..., User], district: Division
) -> None:
    set_terms(owing_world)
    account, before = owing_world.account(0), LedgerEntry.objects.count()
    trial = charge_penalties(
        enterprise=owing_world.enterprise, month=JANUARY, acting_user=None, is_trial=True
    )
    assert (LedgerEntry.objects.count(), BillingRun.objects.filter(is_penalty=True).count()) == (before, 0)
    posted = charge_penalties(enterprise=owing_world.enterprise, month=JANUARY, acting_user=None)
    assert {**trial.as_dict(), "trial": False} == posted.as_dict()
    bill = account.invoices.get(is_penalty=True)
    debt = account.invoices.get(is_penalty=False, month=DECEMBER)
    line = bill.lines.get()
    assert (line.consumption_from, line.consumption_to) == (date(2026, 1, 25), FEBRUARY)
    expected = (debt.total * 7 / 1000).quantize(Decimal("0.01"))
    assert (line.net, line.vat, bill.total) == (expected, Decimal(0), expected)
    assert line.penalized_invoice == debt
    legs = {row.book: row.amount for row in LedgerEntry.objects.filter(transaction__invoice=bill)}
    assert legs == {"receivable": expected, "penalties": -expected}
    said = explained(line)
    assert debt.number in said
    assert "0.1 % a day x 7 days" in said
    assert AuditEvent.objects.filter(action="charge penalties").count() == 1
    viewer = make_user("manager", district)
    shown = {row.month: row for row in books_months(viewer, owing_world.enterprise)}
    assert shown[JANUARY].penalties == posted.total_net
    assert shown[JANUARY].runs == 1
    # A run of services leaves penalties alone.
    assert run_billing(enterprise=owing_world.enterprise, month=JANUARY, acting_user=None).invoices == 0


def test_what_comes_late_or_is_taken_back_is_put_right_in_the_next_bill(owing_world: World) -> None:
    set_terms(owing_world)
    account, neighbour = owing_world.account(0), owing_world.account(1)
    payment = pay(neighbour, "100000", date(2026, 1, 20))
    charge(owing_world, JANUARY)
    first, none = charged(account), charged(neighbour)
    assert first > 0
    assert none == 0
    # Paid in time as the bank says, but told in March; and a payment that was none.
    pay(account, "100000", date(2026, 1, 20))
    reverse_payment(payment=payment, reason="bounced", acting_user=None)
    charge(owing_world, FEBRUARY)
    assert charged(account) == 0
    assert charged(neighbour, JANUARY) == first
    assert account.invoices.filter(is_penalty=True).latest("pk").total == -first
    assert charge(owing_world, FEBRUARY) == 0


def test_a_cancelled_bill_bears_nothing_and_a_cancelled_penalty_is_given_up(owing_world: World) -> None:
    set_terms(owing_world)
    account, neighbour = owing_world.account(0), owing_world.account(1)
    charge(owing_world, JANUARY)
    wrong = account.invoices.get(is_penalty=False, month=DECEMBER)
    cancel_invoice(invoice=wrong, reason="wrong", acting_user=None)
    noted = Repricing.objects.count()
    given_up = neighbour.invoices.get(is_penalty=True)
    made = cancel_invoice(invoice=given_up, reason="ill", acting_user=None)
    assert (made.credit_note.is_penalty, made.credit_note.total) == (True, -given_up.total)
    assert Repricing.objects.count() == noted
    charge(owing_world, FEBRUARY)
    assert [charged(account, JANUARY), charged(neighbour, JANUARY)] == [0, 0]
    assert charged(neighbour, FEBRUARY) > 0
    assert charge(owing_world, FEBRUARY) == 0


def test_a_credit_note_gives_up_what_it_took_back(owing_world: World) -> None:
    """Not what a later bill had put right by then: that stands."""
    set_terms(owing_world)
    account = owing_world.account(0)
    charge(owing_world, FEBRUARY)
    first = account.invoices.get(is_penalty=True)
    december, january = (account.invoices.get(is_penalty=False, month=month) for month in (DECEMBER, JANUARY))
    pay(account, "1000", date(2026, 1, 22))
    charge(owing_world, MARCH)
    cancel_invoice(invoice=first, reason="ill", acting_user=None)

    def stands(debt: Invoice) -> Decimal:
        return charged_of(debt, FEBRUARY)

    before = stands(december)
    assert before > 0
    assert stands(january) == 0
    assert charge(owing_world, MARCH) == 0
    assert [stands(debt) for debt in (december, january)] == [before, Decimal(0)]


def charged_of(debt: Invoice, month: date) -> Decimal:
    lines = debt.penalties.filter(consumption_month=month)
    return lines.aggregate(total=Sum("net"))["total"] or Decimal(0)


def test_an_earlier_month_is_not_charged_after_a_later_one(owing_world: World) -> None:
    set_terms(owing_world)
    account, neighbour = owing_world.account(0), owing_world.account(1)
    charge(owing_world, FEBRUARY, account=account)
    before = charged(account)
    assert refusal(owing_world, JANUARY) == "later_penalized"
    assert refusal(owing_world, JANUARY, account=account, is_trial=True) == "later_penalized"
    # Of an account that has none there, it is.
    assert charge(owing_world, JANUARY, account=neighbour) == 1
    assert (charge(owing_world, FEBRUARY, account=account), charged(account)) == (0, before)


def test_wrong_terms_are_withdrawn_and_what_they_cost_is_taken_back(owing_world: World) -> None:
    wrong = set_terms(owing_world, percent="1")
    charge(owing_world, JANUARY)
    account = owing_world.account(0)
    debt = account.invoices.get(is_penalty=False, month=DECEMBER)
    wrong.is_withdrawn = True
    wrong.save()
    set_terms(owing_world, percent="0.1", grace_days=0)
    charge(owing_world, FEBRUARY)
    assert charged(account, JANUARY) == (debt.total * 10 / 1000).quantize(Decimal("0.01"))
    assert charge(owing_world, FEBRUARY) == 0
    # Without any others, nothing is left of them.
    PenaltyTerms.objects.filter(is_withdrawn=False).update(is_withdrawn=True)
    charge(owing_world, MARCH)
    assert charged(account) == 0


def test_charged_terms_are_withdrawn_in_their_register(
    owing_world: World, client: Client, make_user: Callable[..., User], district: Division
) -> None:
    terms = set_terms(owing_world)
    charge(owing_world, JANUARY)
    User.objects.filter(pk=make_user("administrator", district).pk).update(is_staff=True, is_superuser=True)
    client.force_login(User.objects.get(is_superuser=True))
    page = f"/admin/billing/penaltyterms/{terms.pk}/change/"
    shown = client.get(page).content.decode()
    assert ('name="is_withdrawn"' in shown, 'name="daily_percent"' in shown) == (True, False)
    assert client.post(page, {"is_withdrawn": "on", "daily_percent": "9"}).status_code == 302
    terms.refresh_from_db()
    assert (terms.is_withdrawn, terms.daily_percent) == (True, Decimal("0.1"))
    assert 'name="is_withdrawn"' not in client.get(page).content.decode()


def test_nothing_more_is_asked_of_somebody_who_was_erased(
    owing_world: World, make_user: Callable[..., User], district: Division
) -> None:
    """Paid too late and closed, then erased: the account is settled, and stays so."""
    set_terms(owing_world)
    account = owing_world.account(0)
    owed = sum(row.total for row in account.invoices.all())
    pay(account, str(owed), date(2026, 2, 1))
    account.contracts.update(validity=(date(2025, 1, 1), date(2026, 2, 1)))
    assert charge(owing_world, JANUARY, account=account, is_trial=True) == 1
    one, other = make_user("manager", district), make_user("administrator", district)
    act = WaitingAct.objects.create(
        kind=WaitingAct.Kind.ERASE_PERSON,
        subject=str(account.subscriber.uid),
        reason="asked",
        division=account.division,
        proposed_by=one,
    )
    confirm_act(act, acting_user=other)
    assert charge(owing_world, JANUARY, account=account) == 0


def test_terms_are_inherited_by_division_and_class(owing_world: World) -> None:
    """The nearest division's terms win, then the class's; one that ends penalties by zero is nearer, too."""
    set_terms(owing_world, percent="0.1")
    set_terms(owing_world, percent="0.5", subscriber_class="legal_entity")
    Subscriber.objects.filter(accounts=owing_world.account(1)).update(
        subscriber_class="legal_entity", tax_id="305918274"
    )
    charge(owing_world, JANUARY)
    usual, triple = charged(owing_world.account(0)), charged(owing_world.account(1))
    debts = [owing_world.account(place).invoices.get(month=DECEMBER).total for place in (0, 1)]
    assert (usual, triple) == tuple(
        (debt * days / 1000).quantize(Decimal("0.01")) for debt, days in zip(debts, (7, 35), strict=True)
    )
    set_terms(owing_world, percent="0", division=owing_world.account(0).division)
    charge(owing_world, JANUARY)
    assert [charged(owing_world.account(place)) for place in (0, 1)] == [0, 0]


def test_penalties_stop_at_the_cap(owing_world: World) -> None:
    set_terms(owing_world, percent="10", grace_days=0, cap_percent=Decimal(25))
    charge(owing_world, MARCH)
    account = owing_world.account(0)
    debts = account.invoices.filter(is_penalty=False)
    assert charged(account) == sum((debt.total / 4).quantize(Decimal("0.01")) for debt in debts)
    assert "25" in explained(
        InvoiceLine.objects.filter(invoice__account=account, kind="penalty").latest("pk")
    )


def refusal(world: World, month: date, **other: Any) -> str:
    with pytest.raises(ReportedError) as error:
        charge(world, month, **other)
    return error.value.code


def test_a_month_to_come_or_closed_is_refused(owing_world: World) -> None:
    set_terms(owing_world)
    this_month = timezone.localdate().replace(day=1)
    assert refusal(owing_world, this_month) == "month_not_ended"
    assert charge(owing_world, this_month, is_trial=True) > 0
    assert not BillingMonth.objects.filter(month=this_month).exists()
    for month in (DECEMBER, JANUARY):
        close_month(enterprise=owing_world.enterprise, month=month, acting_user=None)
    assert refusal(owing_world, JANUARY) == "month_closed"
    assert refusal(owing_world, JANUARY, is_trial=True) == "month_closed"
    # What January lacks is charged with February.
    charge(owing_world, FEBRUARY, account=owing_world.account(0))
    assert charged(owing_world.account(0), JANUARY) > 0
    assert charged(owing_world.account(1)) == 0


def test_penalties_are_asked_for_over_rest_and_shown(
    owing_world: World, client: Client, make_user: Callable[..., User], district: Division
) -> None:
    set_terms(owing_world)
    client.force_login(make_user("manager", district))
    asked = {"enterprise": owing_world.enterprise.code, "month": "2026-01-01", "penalties": True}
    answer = client.post("/api/v1/billing-runs/", asked, content_type="application/json")
    assert answer.status_code == 202
    assert Job.objects.get(uid=answer.json()["uid"]).parameters["penalties"] is True
    too_early = {**asked, "month": timezone.localdate().replace(day=1).isoformat()}
    refused = client.post("/api/v1/billing-runs/", too_early, content_type="application/json")
    assert refused.status_code == 400
    charge(owing_world, JANUARY)
    account = owing_world.account(0)
    bill = account.invoices.get(is_penalty=True)
    page = client.get(f"/accounts/{account.uid}/").content.decode()
    assert "Penalty" in page
    assert bill.number in page
    shown = client.get(f"/api/v1/invoices/{bill.uid}/").json()
    assert shown["is_penalty"]
    debt = account.invoices.get(is_penalty=False, month=DECEMBER)
    assert shown["lines"][0]["penalized_invoice"] == debt.number
    assert len(client.get("/api/v1/penalty-terms/").json()["results"]) == 1
