"""What is kept about a person is told whole, and erased by two people as far as the law allows."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.channels.services.agreements import set_channel
from billing.channels.services.transactions import begin, cancel
from billing.job_kinds import BILLING_JOB
from billing.ledger.services.corrections import withdraw_write_off
from billing.models import (
    Absence,
    Account,
    Benefit,
    Contract,
    ContractServicePoint,
    Invoice,
    LedgerEntry,
    Payment,
    Subscriber,
    Tariff,
    WaitingWriteOff,
)
from billing.selectors import persons
from billing.selectors.persons import kept_about
from billing.services.months import close_month
from billing.services.payments import record_payment, withdraw_payment
from billing.services.runs import run_billing
from gis_core.api import downloads
from gis_core.models import AuditEvent, Job, RoleAssignment, User, WaitingAct
from tests.billing.conftest import let_payments_wait
from tests.billing.desk import DECEMBER
from tests.security.book_attacks import add_waiting_write_offs
from tests.sign_in import confirmed
from tests.world import World

SECRETS = {
    "name": "Karimova Zulfiya Rustamovna",
    "personal_id": "31502850120011",
    "phone": "+998901112233",
    "house": "47-uy",
    "flat": "19-xonadon",
}
BENEFICIARY, PAPER = "Karimov Anvar, urush faxriysi", "Guvohnoma AA 1234567"
Users = Callable[..., User]


@pytest.fixture
def person(read_world: World) -> Subscriber:
    """Billed for December, with a benefit, an absence and a part of it paid."""
    account = read_world.account(0)
    Subscriber.objects.filter(pk=account.subscriber_id).update(**SECRETS)
    Benefit.objects.create(
        account=account,
        kind="veteran",
        beneficiary=BENEFICIARY,
        document=PAPER,
        validity=(date(2025, 1, 1), None),
        share_percent=Decimal(50),
    )
    Absence.objects.create(
        account=account, validity=(date(2025, 12, 1), date(2025, 12, 9)), residents=1, document=PAPER
    )
    run_billing(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    record_payment(
        account=account,
        amount=Decimal(100),
        paid_on=date(2026, 1, 5),
        channel="bank",
        reference="R-1",
        acting_user=None,
    )
    return Subscriber.objects.get(pk=account.subscriber_id)


def settle(person: Subscriber) -> None:
    """All is paid, and the contract has ended."""
    account = Account.objects.get(subscriber=person)
    owed = sum(row.amount for row in LedgerEntry.objects.filter(account=account))
    record_payment(
        account=account,
        amount=Decimal(owed),
        paid_on=date(2026, 1, 6),
        channel="bank",
        reference="R-2",
        acting_user=None,
    )
    days = (date(2025, 1, 1), date(2026, 1, 10))
    ContractServicePoint.objects.filter(contract__account=account).update(validity=days)
    Contract.objects.filter(account=account).update(validity=days)


def erase(client: Client, person: Subscriber, reason: str = "asked in writing") -> tuple[int, Any]:
    answer = client.post(
        f"/api/v1/subscribers/{person.uid}/erasure/", json.dumps({"reason": reason}), "application/json"
    )
    return answer.status_code, answer.json()


def test_everything_is_told(person: Subscriber, make_user: Users) -> None:
    clerk = confirmed(make_user("clerk", person.division))
    answer = clerk.get(f"/api/v1/subscribers/{person.uid}/kept/")
    assert answer.status_code == 200
    told = answer.json()
    written = json.dumps(told, ensure_ascii=False)
    for value in (*SECRETS.values(), BENEFICIARY, PAPER):
        assert value in written, value
    for table in ("Account", "Contract", "Invoice", "InvoiceLine", "LedgerEntry", "Payment", "Reading"):
        assert told[f"billing.{table}"], table
    assert [row["id"] for row in told["billing.Invoice"]] == list(
        Invoice.objects.filter(account__subscriber=person).values_list("id", flat=True)
    )
    # And of nobody else.
    others = Subscriber.objects.exclude(pk=person.pk).values_list("name", flat=True)
    assert not [name for name in others if name in written]
    assert {row["account_id"] for row in told["billing.Payment"]} == {
        Account.objects.get(subscriber=person).pk
    }


def test_the_page_says_names_not_keys(
    person: Subscriber, make_user: Users, django_assert_max_num_queries: Any
) -> None:
    clerk = confirmed(make_user("clerk", person.division))
    with django_assert_max_num_queries(120):
        page = clerk.get(f"/subscribers/{person.uid}/").content.decode()
    account = Account.objects.get(subscriber=person)
    billed = Tariff.objects.filter(invoice_lines__invoice__account=account).first()
    assert billed is not None
    assert f"<dt>Division</dt><dd>{person.division.name}</dd>" in page
    assert f"<dt>Street</dt><dd>{person.street.name}</dd>" in page
    assert f"<dt>Account</dt><dd>{account.number}</dd>" in page
    assert f"<dt>Tariff</dt><dd>{billed.service} " in page
    assert f"<dt>Division</dt><dd>{person.division_id}</dd>" not in page
    assert "This is a part" not in page


def test_more_rows_than_are_read_at_a_time_are_told_whole(
    person: Subscriber, make_user: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/api/v1/subscribers/{person.uid}/kept/"
    clerk = confirmed(make_user("clerk", person.division))
    at_once = clerk.get(address).json()
    monkeypatch.setattr(persons, "_AT_A_TIME", 2)
    monkeypatch.setattr(downloads, "HELD_BYTES", 100)
    streamed = clerk.get(address)
    assert streamed.streaming
    assert json.loads(streamed.getvalue()) == at_once
    assert len(at_once["billing.LedgerEntry"]) > 2


def test_it_is_told_to_who_keeps_the_register_alone(
    person: Subscriber, make_user: Users, other_district: Any
) -> None:
    address = f"/api/v1/subscribers/{person.uid}/kept/"
    for role in ("cashier", "manager", "engineer"):
        assert confirmed(make_user(role, person.division)).get(address).status_code == 404, role
    stranger = confirmed(make_user("clerk", other_district))
    assert stranger.get(address).status_code == 404
    assert erase(stranger, person)[0] == 404
    assert not WaitingAct.objects.exists()


def test_two_people_erase_and_the_books_stay(person: Subscriber, make_user: Users) -> None:
    first = confirmed(make_user("clerk", person.division, username="first"))
    second = confirmed(make_user("clerk", person.division, username="second"))
    assert erase(first, person)[1]["error"]["code"] == "contract_runs"
    settle(person)
    books = [
        list(model.objects.order_by("pk").values())  # type: ignore[attr-defined]
        for model in (Invoice, Payment, LedgerEntry)
    ]
    audit = AuditEvent.objects.count()
    assert [erase(first, person)[1]["state"] for _again in range(2)] == ["waits", "waits"]
    assert Subscriber.objects.get(pk=person.pk).name == SECRETS["name"]
    status, told = erase(second, person)
    assert (status, told["state"], told["emptied"]) == (
        200,
        "erased",
        {"billing.Subscriber": 1, "billing.Benefit": 1, "billing.Absence": 1},
    )
    assert told["kept"]["billing.Invoice"] == 1
    kept = kept_about(Subscriber.objects.get(pk=person.pk))
    written = json.dumps([table.rows() for table in kept], ensure_ascii=False)
    for value in (*SECRETS.values(), BENEFICIARY, PAPER):
        assert value not in written, value
    assert books == [
        list(model.objects.order_by("pk").values())  # type: ignore[attr-defined]
        for model in (Invoice, Payment, LedgerEntry)
    ]
    added = list(AuditEvent.objects.order_by("pk").values_list("action", "user__username")[audit:])
    assert added == [
        ("propose: erase person", "first"),
        ("confirm: erase person", "second"),
        ("erase person", "second"),
    ]
    # Once more changes nothing.
    assert erase(first, person)[1]["state"] == "erased"
    assert AuditEvent.objects.count() == audit + 3


def test_a_proposal_is_told_and_withdrawn_by_who_made_it(person: Subscriber, make_user: Users) -> None:
    settle(person)
    first = confirmed(make_user("clerk", person.division, username="first"))
    second = confirmed(make_user("clerk", person.division, username="second"))
    address = f"/api/v1/subscribers/{person.uid}/erasure/"
    assert second.get(address).json() == {"proposal": None}
    told = erase(first, person)[1]
    assert (told["is_second"], told["proposal"]["proposed_by"]) == (False, "first")
    asked = second.get(address).json()["proposal"]
    assert (asked["proposed_by"], asked["state"], asked["reason"]) == ("first", "open", "asked in writing")
    lasts = datetime.fromisoformat(asked["open_until"]) - datetime.fromisoformat(asked["proposed_at"])
    assert lasts == timedelta(days=30)
    # It is the first one's to let go.
    assert second.post(f"{address}withdraw/").json()["error"]["code"] == "not_proposer"
    assert "data-withdraw" not in second.get(f"/subscribers/{person.uid}/").content.decode()
    page = first.get(f"/subscribers/{person.uid}/").content.decode()
    assert "data-withdraw" in page
    # Where the page's program says what came of it.
    assert 'id="message"' in page
    assert first.post(f"{address}withdraw/").json()["state"] == "withdrawn"
    assert first.post(f"{address}withdraw/").json()["error"]["code"] == "nothing_proposed"
    assert AuditEvent.objects.filter(action="withdraw: erase person", user__username="first").count() == 1
    # The second one's wish is a first one now.
    told = erase(second, person)[1]
    assert (told["state"], told["is_second"]) == ("waits", False)
    told = erase(first, person)[1]
    assert (told["state"], told["is_second"]) == ("erased", True)
    assert (told["proposal"]["proposed_by"], told["proposal"]["decided_by"]) == ("second", "first")


def test_the_second_person_sees_the_first_ones_wish_and_an_old_one_is_none(
    person: Subscriber, make_user: Users
) -> None:
    settle(person)
    first = confirmed(make_user("clerk", person.division, username="first"))
    second = confirmed(make_user("clerk", person.division, username="second"))
    assert erase(first, person)[1]["state"] == "waits"
    page = second.get(f"/subscribers/{person.uid}/").content.decode()
    assert "first proposed it on" in page
    assert "asked in writing" in page
    User.objects.filter(username="first").update(is_active=False)
    assert "first proposed it on" not in second.get(f"/subscribers/{person.uid}/").content.decode()
    assert erase(second, person)[1]["state"] == "waits"
    assert list(WaitingAct.objects.order_by("pk").values_list("state", "proposed_by__username")) == [
        ("withdrawn", "first"),
        ("open", "second"),
    ]


def test_the_trail_is_told_to_who_may_read_it(person: Subscriber, make_user: Users) -> None:
    address = f"/api/v1/subscribers/{person.uid}/kept/"
    clerk, administrator = (make_user(role, person.division) for role in ("clerk", "administrator"))
    assert "gis_core.AuditEvent" not in confirmed(clerk).get(address).json()
    assert confirmed(administrator).get(address).json()["gis_core.AuditEvent"]


def test_who_owes_and_who_is_no_person_is_not_erased(person: Subscriber, make_user: Users) -> None:
    clerk = confirmed(make_user("clerk", person.division))
    settle(person)
    record_payment(
        account=Account.objects.get(subscriber=person),
        amount=Decimal(5),
        paid_on=date(2026, 1, 7),
        channel="bank",
        reference="R-3",
        acting_user=None,
    )
    assert erase(clerk, person)[1]["error"]["code"] == "owes"
    firm = Subscriber.objects.filter(subscriber_class="legal_entity").first()
    assert firm is not None
    assert erase(clerk, firm)[1]["error"]["code"] == "legal_entity"
    assert not WaitingAct.objects.exists()


def test_what_is_under_way_holds_an_erasure_back_and_is_named(person: Subscriber, make_user: Users) -> None:
    settle(person)
    account = Account.objects.get(subscriber=person)
    clerk = confirmed(make_user("clerk", person.division))
    job = Job.objects.create(
        kind=BILLING_JOB,
        division=account.enterprise.division,
        parameters={"enterprise": account.enterprise.code, "month": "2026-01-01", "trial": False},
    )

    def refused() -> tuple[str, str]:
        error = erase(clerk, person)[1]["error"]
        return error["code"], error["message"]

    code, words = refused()
    assert code == "run_not_done"
    assert account.enterprise.code in words
    # That of another account, one that only tries, and one that is done do not.
    for parameters in ({"account": "ANOTHER"}, {"trial": True}):
        Job.objects.filter(pk=job.pk).update(parameters={**job.parameters, **parameters})
        begun = begin(
            set_channel(enterprise=account.enterprise, channel="payme", acting_user=None),
            provider_id="P-77",
            account=account,
            amount_tiyin=5000,
            provider_time_ms=1_767_592_800_000,
        )[0]
        code, words = refused()
        assert code == "provider_transaction_begun"
        assert "P-77" in words
    cancel(begun)
    (waiting,) = let_payments_wait(account, range(1))
    code, words = refused()
    assert (code, waiting.reference in words) == ("payment_waits", True)
    withdraw_payment(waiting=waiting, acting_user=waiting.entered_by)
    add_waiting_write_offs(account, range(1))
    code, words = refused()
    sheet = WaitingWriteOff.objects.get(account=account)
    assert (code, sheet.sheet in words) == ("write_off_waits", True)
    withdraw_write_off(waiting=sheet, acting_user=sheet.proposed_by)
    assert not WaitingAct.objects.exists()
    # What is looked for cannot come meanwhile: counters of bills, then the accounts, are locked before.
    with CaptureQueriesContext(connection) as asked:
        assert erase(clerk, person)[1]["state"] == "waits"
    statements = [query["sql"] for query in asked.captured_queries]
    order = [
        next(number for number, sql in enumerate(statements) if all(word in sql for word in words))
        for words in (
            ("billing_invoicecounter", "SKIP LOCKED"),
            ("billing_account", "FOR UPDATE"),
            ("billing_waitingpayment", "SELECT"),
        )
    ]
    assert order == sorted(order)


def test_an_account_elsewhere_keeps_a_person_whole(
    person: Subscriber, make_user: Users, other_district: Any
) -> None:
    clerk = confirmed(make_user("clerk", person.division))
    account = Account.objects.get(subscriber=person)
    Account.objects.create(
        enterprise=account.enterprise, division=other_district, subscriber=person, number="ELSEWHERE"
    )
    assert erase(clerk, person)[1]["error"]["code"] == "of_others"
    # A file in part would pass for the whole; the page says that it is one.
    assert clerk.get(f"/api/v1/subscribers/{person.uid}/kept/").json()["error"]["code"] == "of_others"
    page = clerk.get(f"/subscribers/{person.uid}/").content.decode()
    assert "This is a part" in page
    assert "/kept/" not in page


def test_by_commands(person: Subscriber, other_district: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_person", "--subscriber", person.registry_number)
    assert SECRETS["phone"] in capsys.readouterr().out
    settle(person)

    def told_of(name: str) -> dict[str, Any]:
        arguments = ("--subscriber", person.registry_number, "--reason", "asked", "--user", name)
        with suppress(SystemExit):
            call_command("erase_person", *arguments, "--json")
        return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]

    people = {
        "first": ("clerk", person.division),
        "second": ("clerk", person.division),
        "cashier": ("cashier", person.division),
        "stranger": ("clerk", other_district),
    }
    for name, (role, division) in people.items():
        user = User.objects.create(username=name)
        RoleAssignment.objects.create(user=user, role=role, division=division)
    User.objects.create(username="gone", is_active=False)
    # A name is believed, as far as its owner might do it on the page.
    refusals = {name: told_of(name)["error"]["code"] for name in ("cashier", "stranger", "gone", "nobody")}
    assert refusals == {
        **dict.fromkeys(("cashier", "stranger"), "not_allowed"),
        **dict.fromkeys(("gone", "nobody"), "unknown_user"),
    }
    assert not WaitingAct.objects.exists()
    told = [told_of(name) for name in ("first", "first", "second")]
    assert [row["state"] for row in told] == ["waits", "waits", "erased"]
    assert [row["is_second"] for row in told] == [False, False, True]
    trail = AuditEvent.objects.filter(action__endswith="erase person").values_list(
        "user__username", "new_values__way"
    )
    assert sorted(trail) == [("first", "by command"), *[("second", "by command")] * 2]
    call_command("export_person", "--subscriber", person.registry_number, "--json")
    assert SECRETS["phone"] not in capsys.readouterr().out


def test_a_month_is_opened_again_by_command_by_two_who_may(
    person: Subscriber, make_user: Users, capsys: pytest.CaptureFixture[str]
) -> None:
    enterprise = Account.objects.get(subscriber=person).enterprise
    close_month(enterprise=enterprise, month=DECEMBER, acting_user=None)
    for role, name in (("clerk", "clerk"), ("manager", "first"), ("manager", "second")):
        make_user(role, enterprise.division, username=name)
    told = []
    for name in ("clerk", "first", "first", "second"):
        arguments = ("--enterprise", enterprise.code, "--month", "2025-12", "--reason", "x", "--user", name)
        with suppress(SystemExit):
            call_command("reopen_month", *arguments, "--json")
        row = json.loads(capsys.readouterr().out)
        told.append(row.get("state") or row["error"]["code"])
    assert told == ["not_allowed", "closed", "closed", "open"]
    assert AuditEvent.objects.filter(action="reopen month", new_values__way="by command").count() == 1
