"""Cash desks over REST, their papers, their pages, and what a receipt's QR code tells a stranger."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

from billing.cash_desk.selectors.documents import SLIP_LANGUAGES, shift_pdf, slip_pdf
from billing.cash_desk.services.shifts import close_shift, open_shift
from billing.models import Account, CashDesk, CashSlip
from gis_core.models import Enterprise, User
from tests.billing.cash_desk.conftest import Till
from tests.billing.desk import fields_of, post
from tests.world import World

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def first(till: Till) -> Client:
    return client_of(till.first)


def receipt(client: Client, till: Till, amount: str = "1000", **changed: Any) -> Any:
    body = {"account": str(till.account.uid), "amount": amount, "request_key": str(uuid4()), **changed}
    return post(client, "cash-slips/", body)


def test_a_day_at_the_desk(till: Till, first: Client) -> None:
    second = client_of(till.second)
    [hit] = first.get("/api/v1/cash-desk-accounts/", {"q": till.account.number}).json()
    assert (hit["uid"], hit["owed"]) == (str(till.account.uid), str(till.owed()))
    made = receipt(first, till, tendered="2000")
    assert (made.status_code, made.json()["number"]) == (201, "KASSA1-000001")
    uid = made.json()["uid"]
    assert "tendered" in fields_of(receipt(first, till, tendered="999"))
    cancelled = post(first, f"cash-slips/{uid}/cancel/", {"reason": "x", "request_key": str(uuid4())})
    assert (cancelled.status_code, cancelled.json()["kind"]) == (201, "cancellation")
    other = receipt(first, till, "500").json()["uid"]
    proposed = post(first, f"cash-slips/{other}/propose-refund/", {"amount": "200", "reason": "twice"})
    assert proposed.status_code == 202
    waiting = f"waiting-refunds/{proposed.json()['uid']}/"
    assert post(first, f"{waiting}confirm/", {}).json()["error"]["code"] == "same_person"
    assert post(second, f"{waiting}confirm/", {}).json()["state"] == "confirmed"
    shift = f"cash-shifts/{till.shift.uid}/"
    assert "reason" in fields_of(post(first, f"{shift}close/", {"counted": "1"}))
    closed = post(first, f"{shift}close/", {"counted": "50300"}).json()
    assert (closed["expected"], closed["difference"]) == ("50300.00", "0.00")
    assert closed["totals"] == {
        "receipts": "1500.00",
        "receipt_count": 2,
        "cancellations": "1000.00",
        "cancellation_count": 1,
        "refunds": "200.00",
        "refund_count": 1,
    }
    opened = post(first, "cash-shifts/", {"desk": str(till.desk.uid), "float_amount": "100"})
    assert (opened.status_code, opened.json()["number"]) == (201, 2)
    [payment] = first.get("/api/v1/payments/", {"reference": "KASSA1-000001"}).json()["results"]
    assert payment["state"] == "reversed"
    found = first.get("/api/v1/cash-slips/", {"payment__reference": "KASSA1-000003", "kind": "receipt"})
    assert [row["uid"] for row in found.json()["results"]] == [other]
    # Another enterprise's desk may have the same code.
    asked = {"payment__reference": "KASSA1-000003", "kind": "receipt"}
    for code, number in ((till.desk.enterprise.code, 1), ("OTHER", 0)):
        rows = first.get("/api/v1/cash-slips/", {**asked, "desk__enterprise__code": code}).json()["results"]
        assert len(rows) == number
        assert all(row["account_name"] == till.account.subscriber.name for row in rows)


def test_a_refund_is_confirmed_below_the_desk(till: Till, first: Client) -> None:
    region = till.desk.division.parent
    assert region is not None
    Enterprise.objects.filter(pk=till.desk.enterprise_id).update(division=region)
    above = CashDesk.objects.create(
        enterprise=till.desk.enterprise, division=region, code="VILOYAT", name="Viloyat"
    )
    till.first.role_assignments.create(role="cashier", division=region)
    close_shift(shift=till.shift, counted=Decimal(50_000), reason="", acting_user=till.first)
    till.shift = open_shift(desk=above, float_amount=Decimal(0), acting_user=till.first)
    other = till.take("700")
    uid = till.take("500").uid
    proposed = post(first, f"cash-slips/{uid}/propose-refund/", {"amount": "200", "reason": "twice"}).json()
    confirmer = User.objects.create_user("mahalla", password="a long password of this person")
    confirmer.role_assignments.create(role="cashier", division=till.account.division)
    below = client_of(confirmer)
    assert {row["uid"] for row in below.get("/api/v1/cash-slips/").json()["results"]} == {
        str(uid),
        str(other.uid),
    }
    # The desk's shifts themselves stay those of its division.
    shifts = below.get("/api/v1/cash-shifts/").json()["results"]
    assert [row["desk"] for row in shifts] == ["KASSA1"]
    with transaction.atomic():
        # The desk's last paper is for an account that he does not see; its bills stay, so that it is taken back.
        Account.objects.filter(pk=till.neighbour.pk).update(division=region)
        till.neighbour.refresh_from_db()
        till.take("300", account=till.neighbour)
        done = post(below, f"waiting-refunds/{proposed['uid']}/confirm/", {})
        assert (done.status_code, done.json()["state"]) == (200, "confirmed")
        slip = CashSlip.objects.get(kind="refund")
        assert (slip.shift, str(slip)) == (till.shift, "VILOYAT-000004")
        transaction.set_rollback(True)


def test_the_first_print_is_the_original(till: Till, first: Client) -> None:
    uid = till.take().uid
    for number in (1, 2):
        answer = first.post(f"/api/v1/cash-slips/{uid}/print/?language=ru")
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF")
        assert CashSlip.objects.get(uid=uid).prints == number
    assert first.get(f"/api/v1/cash-slips/{uid}/pdf/").content.startswith(b"%PDF")
    assert CashSlip.objects.get(uid=uid).prints == 2
    assert first.get(f"/api/v1/cash-shifts/{till.shift.uid}/slip/").content.startswith(b"%PDF")


def test_papers_speak_every_language(till: Till) -> None:
    slip = till.take(tendered=None)
    papers = {
        slip_pdf(slip, is_copy=is_copy, address="https://suv.uz/x/", language=language)
        for language in SLIP_LANGUAGES
        for is_copy in (False, True)
    }
    assert len(papers) == 2 * len(SLIP_LANGUAGES)
    assert len({shift_pdf(till.shift, language) for language in SLIP_LANGUAGES}) == len(SLIP_LANGUAGES)


def test_a_stranger_sees_what_stands_on_the_paper(till: Till, first: Client) -> None:
    slip = till.take("1234.50")
    stranger = Client()
    page = stranger.get(f"/receipts/{slip.uid}/")
    said = page.content.decode()
    assert (page.status_code, page["Cache-Control"]) == (200, "no-store")
    assert "KASSA1-000001" in said
    assert "stands" in said
    assert till.account.subscriber.name not in said
    assert till.account.number not in said
    post(first, f"cash-slips/{slip.uid}/cancel/", {"reason": "secret", "request_key": str(uuid4())})
    said = stranger.get(f"/receipts/{slip.uid}/").content.decode()
    assert "was cancelled" in said
    assert "secret" not in said
    assert stranger.get(f"/receipts/{uuid4()}/").status_code == 404


def test_pages_of_the_desk(till: Till, first: Client) -> None:
    slip = till.take("1234.50")
    page = first.get("/cash-desk/").content.decode()
    assert 'id="find-form"' in page
    assert 'id="slip-account"' in page
    assert f'"enterprise": "{till.desk.enterprise.code}"' in page
    assert str(slip) in page
    assert 'id="open-form"' in client_of(till.second).get("/cash-desk/").content.decode()
    today = timezone.localdate().isoformat()
    report = "/cash-desk/slips/"
    assert str(slip) in first.get(report, {"from": today, "to": today, "cashier": "kassir"}).content.decode()
    for asked in ({"kind": "refund"}, {"desk": "OTHER"}, {"cashier": "kassir2"}):
        assert str(slip) not in first.get(report, asked).content.decode()
    assert first.get(report, {"kind": "x"}).status_code == 404
    table = first.get(report, {"file_format": "csv"}).content
    assert b"KASSA1-000001" in table
    assert b"1234.50" in table


def test_desks_by_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    desk = ("cash_desk", "set", "--enterprise", world.enterprise.code, "--code", "K1")
    call_command(*desk, "--name", "Birinchi", "--json")
    assert json.loads(capsys.readouterr().out)["division"] == world.district.code
    call_command(*desk, "--disable", "--json")
    assert json.loads(capsys.readouterr().out)["is_active"] is False
    call_command("cash_desk", "list", "--json")
    assert [row["code"] for row in json.loads(capsys.readouterr().out)["desks"]] == ["K1"]
    assert CashDesk.objects.get().name == "Birinchi"
    with pytest.raises(SystemExit):
        call_command(
            "cash_desk", "set", "--enterprise", world.enterprise.code, "--code", "k-1", "--name", "x"
        )
