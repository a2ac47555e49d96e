"""Money without an owner: assigned or returned once, over REST; the pages; and days compared with a register."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from billing.channels.services.importing import import_payments
from billing.channels.services.money import book_suspense
from billing.channels.services.reconciling import reconcile
from billing.channels.services.suspense import assign_suspense
from billing.ledger.services.corrections import reverse_payment
from billing.models import LedgerEntry, Payment, ProviderTransaction, Reconciliation, SuspenseItem
from fixtures.sandboxes.payme import Payme
from fixtures.sandboxes.playing import Send
from gis_core.errors import ReportedError
from tests.billing.channels.conftest import settle, target_of
from tests.billing.channels.files import Moved, file_1c, file_registry
from tests.sign_in import confirmed
from tests.world import World

MakeUser = Callable[..., Any]


def books() -> dict[str, Decimal]:
    legs = LedgerEntry.objects.filter(account=None).values("book").annotate(total=Sum("amount"))
    return {row["book"]: row["total"] for row in legs if row["total"]}


@pytest.fixture
def item(world: World) -> SuspenseItem:
    data = file_1c([Moved("45.00", "за воду")]).encode("cp1251")
    import_payments(enterprise=world.enterprise, data=data, file="f", file_format="1c", acting_user=None)
    return SuspenseItem.objects.get()


@pytest.fixture
def clerk(world: World, make_user: MakeUser) -> Client:
    return confirmed(make_user("clerk", world.district))


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/suspense/{path}/", json.dumps(body), "application/json")


def test_money_is_assigned_once(world: World, item: SuspenseItem, clerk: Client) -> None:
    [row] = clerk.get("/api/v1/suspense/?state=open").json()["results"]
    assert {
        name: row[name] for name in ("uid", "reference", "amount", "paid_on", "purpose", "payer", "reason")
    } == {
        "uid": str(item.uid),
        "reference": "118/05.01.2026",
        "amount": "45.00",
        "paid_on": "2026-01-05",
        "purpose": "за воду",
        "payer": "Каримов Анвар",
        "reason": "unknown_account",
    }
    assert post(clerk, f"{item.uid}/assign", {"account": "nobody"}).status_code == 404
    answer = post(clerk, f"{item.uid}/assign", {"account": "17002"})
    assert (answer.status_code, answer.json()["account"]) == (201, "17002")
    for again in (("assign", {"account": "17002"}), ("return", {"reason": "x"})):
        assert post(clerk, f"{item.uid}/{again[0]}", again[1]).status_code == 409
    payment = Payment.objects.get()
    assert (payment.account, payment.reference, payment.amount) == (
        world.account(2),
        item.reference,
        Decimal(45),
    )
    assert books() == {"bank": Decimal(45)}
    assert clerk.get("/api/v1/suspense/?state=open").json()["results"] == []
    # A payment that was assigned is taken back from the bank, where its money lies.
    reverse_payment(payment=payment, reason="wrong", acting_user=None)
    assert books() == {}


def test_money_is_returned_with_a_reason(item: SuspenseItem, clerk: Client) -> None:
    assert post(clerk, f"{item.uid}/return", {"reason": " "}).status_code == 400
    assert post(clerk, f"{item.uid}/return", {}).status_code == 400
    assert post(clerk, f"{item.uid}/return", {"reason": "not ours"}).status_code == 201
    assert post(clerk, f"{item.uid}/return", {"reason": "not ours"}).status_code == 409
    assert books() == {}


def test_who_may_not_bill_decides_nothing(world: World, item: SuspenseItem, make_user: MakeUser) -> None:
    for role in ("cashier", "auditor"):
        client = confirmed(make_user(role, world.district))
        assert post(client, f"{item.uid}/assign", {"account": "17002"}).status_code == 404
        page = client.get("/suspense/")
        assert b"file-form" not in page.content
    assert not Payment.objects.exists()


def test_what_the_bank_took_back_is_no_payment(world: World) -> None:
    with pytest.raises(ReportedError) as error:
        assign_suspense(item=_negative(world), account=world.account(0), acting_user=None)
    assert error.value.code == "amount"


def _negative(world: World) -> SuspenseItem:
    item = SuspenseItem.objects.create(
        enterprise=world.enterprise,
        division=world.district,
        channel="bank",
        reference="RC1",
        paid_on=date(2026, 1, 5),
        amount=Decimal(-5),
        reason="unmatched_return",
    )
    book_suspense([item])
    return item


def test_a_statement_comes_in_over_rest_and_the_pages_show_it(world: World, clerk: Client) -> None:
    def send(**more: str) -> Any:
        data = file_1c([Moved("45.00", "за воду"), Moved("7.00", "л/с 17000")]).encode("cp866")
        body = {"file": SimpleUploadedFile("day.txt", data), "format": "1c", "enterprise": "SUV", **more}
        return clerk.post("/api/v1/payment-files/", body)

    assert send(dry_run="true").json()["posted"] == 1
    assert not Payment.objects.exists()
    assert send().json()["suspense"] == 1
    assert send().json()["duplicates"] == 2
    assert send(format="xml").status_code == 400
    assert send(enterprise="NOBODY").status_code == 404
    item = SuspenseItem.objects.get()
    page = clerk.get(f"/suspense/?item={item.uid}&q=17000").content.decode()
    assert 'data-assign="17000"' in page
    assert "за воду" in page
    for query in ("?state=assigned", "?state=x&page=99", "?item=nothing"):
        assert clerk.get(f"/suspense/{query}").status_code == 200


def register(*rows: tuple[str, str, str], day: date | None = None) -> bytes:
    of = (day or timezone.localdate()).isoformat()
    return file_registry(
        [(reference, account, of, amount, "") for reference, account, amount in rows]
    ).encode()


def test_a_day_is_compared_and_what_is_missing_is_booked_once(
    world: World, sending: Send, clerk: Client
) -> None:
    settle(world, "payme")
    payme, today = Payme(sending, target_of(world, "payme")), timezone.localdate()

    def compare(data: bytes | None, books: bool = False) -> dict[str, Any]:
        return reconcile(
            enterprise=world.enterprise,
            channel="payme",
            day=today,
            register=data,
            books=books,
            acting_user=None,
        )

    new, begun, later = payme.new(), payme.new(), payme.new()
    for one in (new, begun):
        payme.call("CreateTransaction", one)
    payme.call("PerformTransaction", {"id": new["id"]})
    alone = compare(None)
    assert (alone["ours"], alone["theirs"], alone["agrees"]) == (
        {"count": 1, "amount": "15000.00"},
        None,
        False,
    )
    same = compare(register((new["id"], "17000", "15000.00")))
    assert (same["matched"], same["agrees"], same["clearing_balance"]) == (1, True, "15000.00")
    theirs = register((begun["id"], "17000", "15000.00"), (later["id"], "17000", "15000.00"))
    differs = compare(theirs)
    assert [row["reference"] for row in differs["missing_here"]] == [begun["id"], later["id"]]
    assert [row["reference"] for row in differs["missing_there"]] == [new["id"]]
    assert differs["agrees"] is False
    assert Reconciliation.objects.get().agrees is False
    page = clerk.get("/reconciliation/").content.decode()
    assert begun["id"] in page
    booked = compare(theirs, books=True)
    assert (booked["booked"], booked["missing_here"], booked["matched"]) == (2, [], 2)
    assert compare(theirs, books=True)["booked"] == 0
    assert ProviderTransaction.objects.get(provider_id=begun["id"]).state == "performed"
    # The provider calls after all: it finds its payment.
    payme.call("CreateTransaction", later)
    assert payme.call("PerformTransaction", {"id": later["id"]}).document["result"]["state"] == 2
    assert payme.call("PerformTransaction", {"id": begun["id"]}).document["result"]["state"] == 2
    assert Payment.objects.count() == 3
    assert compare(None)["clearing_balance"] == "45000.00"
    other = compare(register((new["id"], "17001", "15000.00")))
    assert [row["reference"] for row in other["different"]] == [new["id"]]


def test_a_register_of_another_day_or_account_is_refused(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(world, "payme")
    today = timezone.localdate()
    path = tmp_path / "register.csv"

    def run(*arguments: str) -> dict[str, Any]:
        of = ("--enterprise", "SUV", "--channel", "payme", "--date", today.isoformat(), "--json")
        with pytest.raises(SystemExit) as exit_:
            call_command("reconcile", *arguments, *of)
        assert exit_.value.code == 1
        return dict(json.loads(capsys.readouterr().out))

    path.write_bytes(register(("a", "17000", "1000.00"), day=date(2026, 1, 5)))
    assert run(str(path))["error"]["code"] == "day"
    path.write_bytes(register(("a", "17000", "1000.00"), ("a", "17000", "1000.00")))
    assert run(str(path), "--book")["error"]["code"] == "reference_used"
    path.write_bytes(register(("a", "nobody", "1000.00")))
    assert run(str(path), "--book")["error"]["code"] == "account"
    assert run("--book")["error"]["code"] == "register"
    assert run("/nowhere")["error"]["code"] == "file"
    path.write_bytes(b"")
    assert run(str(path))["error"]["code"] == "empty_file"
    assert not Payment.objects.exists()


def test_clearing_is_nothing_when_all_agrees(world: World, sending: Send) -> None:
    provider = "20208000111111111001"
    settle(world, "payme", settlement_account=provider)
    payme = Payme(sending, target_of(world, "payme"))
    for _ in range(3):
        new = payme.new()
        payme.call("CreateTransaction", new)
        payme.call("PerformTransaction", {"id": new["id"]})
    data = file_1c([Moved("44550.00", "платежи, комиссия 450.00", payer_account=provider)]).encode()
    import_payments(enterprise=world.enterprise, data=data, file="f", file_format="1c", acting_user=None)
    result = reconcile(
        enterprise=world.enterprise, channel="payme", day=timezone.localdate(), acting_user=None
    )
    assert (result["clearing_balance"], result["agrees"]) == ("0.00", True)
    assert books() == {"bank": Decimal(44550), "fees": Decimal(450)}
