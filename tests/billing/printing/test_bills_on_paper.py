"""Bills on paper: printed in walking order in each language, handed over, and that taken back."""

import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from billing.models import BillDelivery, Invoice
from billing.printing.services import bill_files
from billing.printing.services.bill_files import do_print
from billing.services.runs import run_billing
from gis_core.models import AuditEvent, Division, Job, User
from tests.sign_in import confirmed
from tests.world import World

DECEMBER = date(2025, 12, 1)
Users = Callable[..., User]


@pytest.fixture
def billed(read_world: World) -> World:
    """December billed; the houses of the street stand so that the walk goes 1, 3, 10, 2, 2a."""
    for position, house in enumerate(("2", "10", "1", "3", "2a")):
        subscriber = read_world.account(position).subscriber
        subscriber.house, subscriber.flat = house, ""
        subscriber.save()
    run_billing(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    return read_world


def houses(content: bytes) -> list[str]:
    """The account on each page, in the order of the pages."""
    numbers = set(Invoice.objects.values_list("number", "account__subscriber__house"))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    return [house for page in pages for number, house in numbers if number in page]


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = 0
    try:
        call_command("print_bills", *arguments, "--json")
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(capsys.readouterr().out or "{}")


def test_a_month_is_printed_as_one_walks(
    billed: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bill_files, "_AT_ONCE", 2)
    path = tmp_path / "bills.pdf"
    common = (str(path), "--enterprise", billed.enterprise.code, "--month", "2025-12")
    code, said = command(capsys, *common)
    assert (code, said["bills"], said["size_bytes"]) == (0, 5, path.stat().st_size)
    assert houses(path.read_bytes()) == ["1", "3", "10", "2", "2a"]
    code, said = command(capsys, *common)
    assert (code, said["error"]["code"]) == (1, "file_exists")
    street = billed.account(0).subscriber.street
    key = f"{street.division.code}/{street.code}"
    for language, words in (("ru", "Счёт-фактура"), ("uz-cyrl", "Ҳисоб-фактура"), ("en", "Invoice")):
        code, said = command(capsys, *common, "--force", "--place", key, "--language", language)
        assert (code, said["bills"]) == (0, 5)
        assert words.upper() in PdfReader(path).pages[0].extract_text()
    before = path.read_bytes()
    for arguments, wanted in (
        (("--place", "NOWHERE"), "unknown_division"),
        (("--place", f"{street.division.code}/NONE"), "unknown_street"),
        (("--month", "2030-01"), "no_bills"),
        (("--enterprise", "NONE"), "unknown_enterprise"),
    ):
        code, said = command(capsys, *common, "--force", *arguments)
        assert (code, said["error"]["code"]) == (1, wanted), arguments
    code, said = command(capsys, str(tmp_path / "no" / "bills.pdf"), *common[1:])
    assert (code, said["error"]["code"]) == (1, "no_folder")
    assert path.read_bytes() == before


def test_a_job_prints_what_its_maker_sees(billed: World, make_user: Users, other_district: Division) -> None:
    clerk = make_user("clerk", billed.enterprise.division)
    client = confirmed(clerk)
    body = {"enterprise": billed.enterprise.code, "month": "2025-12-01", "language": "ru"}
    answer = client.post("/api/v1/bill-prints/", body, "application/json")
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(uid=answer.json()["uid"])
    result = do_print(job, lambda message, done, total: None)
    assert result["bills"] == 5
    assert result["file"]["media_type"] == "application/pdf"
    for wrong in ({"month": "2025-12-02"}, {"language": "tr"}, {"enterprise": 5}):
        refused = client.post("/api/v1/bill-prints/", {**body, **wrong}, "application/json")
        assert refused.status_code == 400, wrong
    stranger = confirmed(make_user("clerk", other_district, username="stranger"))
    assert stranger.post("/api/v1/bill-prints/", body, "application/json").status_code == 404
    place = client.post("/api/v1/bill-prints/", {**body, "place": "NOWHERE"}, "application/json")
    assert place.status_code == 404


def test_bills_are_handed_over_once_and_that_is_taken_back(billed: World, make_user: Users) -> None:
    clerk = make_user("clerk", billed.enterprise.division)
    client = confirmed(clerk)
    bills = list(Invoice.objects.order_by("pk"))
    today = timezone.localdate().isoformat()

    def post(address: str, **body: Any) -> tuple[int, Any]:
        answer = client.post(f"/api/v1/bill-deliveries/{address}", body, "application/json")
        return answer.status_code, answer.json()

    uids = [str(bill.uid) for bill in bills]
    assert post("", invoices=uids[:2], handed_over_on=today, received_by="wife") == (200, {"bills": 2})
    assert post("", invoices=uids[:3], handed_over_on=today) == (200, {"bills": 1})
    assert set(BillDelivery.objects.values_list("received_by", "recorded_by")) == {
        *(("wife", clerk.pk), ("", clerk.pk))
    }
    page = client.get(f"/bills/?street={billed.account(0).subscriber.street.division.code}/"
                      f"{billed.account(0).subscriber.street.code}").content.decode()  # fmt: skip
    assert page.count("data-undo") == 3
    assert page.count("data-deliver") == 2
    for day in ("2020-01-01", (timezone.localdate().replace(year=timezone.localdate().year + 1)).isoformat()):
        status, said = post("", invoices=uids[3:], handed_over_on=day)
        assert (status, said["error"]["details"][0]["field"]) == (400, "handed_over_on")
    assert post("undo/", invoices=uids) == (200, {"bills": 3})
    assert post("undo/", invoices=uids) == (200, {"bills": 0})
    assert not BillDelivery.objects.exists()
    actions = AuditEvent.objects.filter(user=clerk, action__contains="bills").values_list("action", flat=True)
    assert sorted(actions) == ["hand over bills", "hand over bills", "take back hand-over of bills"]


def test_only_those_who_manage_accounts_of_the_division(
    billed: World, make_user: Users, other_district: Division
) -> None:
    body = {
        "invoices": [str(Invoice.objects.earliest("pk").uid)],
        "handed_over_on": timezone.localdate().isoformat(),
    }
    cases = [("cashier", billed.enterprise.division), ("clerk", other_district)]
    for role, division in cases:
        client: Client = confirmed(make_user(role, division))
        for address in ("", "undo/"):
            answer = client.post(f"/api/v1/bill-deliveries/{address}", body, "application/json")
            assert answer.status_code == 404, (role, address)
    assert not BillDelivery.objects.exists()
