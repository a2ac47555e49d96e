"""Statements and registries: read in every encoding, whole or not at all, each row once, in the right book."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Sum

from billing.channels.services.importing import fee_of, import_payments
from billing.channels.services.suspense import assign_suspense
from billing.ledger.services.corrections import reverse_payment
from billing.models import BankFileRow, BankSettlement, LedgerEntry, Payment, PaymentReversal, SuspenseItem
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.table_files import table_file
from tests.billing.channels.conftest import settle
from tests.billing.channels.files import Moved, details, entry, file_1c, file_camt, file_mt940, file_registry
from tests.world import World

Take = Callable[..., dict[str, Any]]


@pytest.fixture
def take(world: World) -> Take:
    def run(
        content: str | bytes, file_format: str, *, encoding: str = "utf-8", **values: Any
    ) -> dict[str, Any]:
        data = content.encode(encoding) if isinstance(content, str) else content
        return import_payments(
            enterprise=world.enterprise,
            data=data,
            file="file",
            file_format=file_format,
            acting_user=None,
            **values,
        )

    return run


def books(channel: str | None = None) -> dict[str, Decimal]:
    legs = LedgerEntry.objects.filter(account=None)
    legs = legs.filter(channel=channel) if channel else legs
    return {
        row["book"]: row["total"] for row in legs.values("book").annotate(total=Sum("amount")) if row["total"]
    }


def states(report: dict[str, Any]) -> list[str]:
    return [line["state"] for line in report["lines"]]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("cp1251", "cp1251"), ("cp866", "cp866"), ("utf-8", "utf-8"), ("utf-8-sig", "utf-8")],
)
def test_the_bytes_decide_the_encoding(world: World, take: Take, encoding: str, told: str) -> None:
    text = file_1c([Moved("15000.00", "Оплата за воду, л/с 17000")])
    report = take(text, "1c", encoding=encoding)
    assert (report["encoding"], report["posted"], report["posted_amount"]) == (told, 1, "15000.00")
    [line] = report["lines"]
    payment = Payment.objects.get()
    assert line == {
        "line": 15,
        "state": "posted",
        "reference": "118/05.01.2026",
        "paid_on": "2026-01-05",
        "amount": "15000.00",
        "account": "17000",
        "payment": str(payment.uid),
        "reason": None,
    }
    assert (payment.reference, payment.channel, payment.account) == (
        "118/05.01.2026",
        "bank",
        world.account(0),
    )
    assert books() == {"bank": Decimal(15000)}


def test_equal_payments_are_two_and_a_file_again_is_none(world: World, take: Take) -> None:
    twin = Moved("15000.00", "л/с 17000")
    text = file_1c([twin, twin, Moved("7.50", "nobody"), Moved("20.00", "out", is_out=True)])
    report = take(text, "1c")
    assert states(report) == ["posted", "posted", "suspense", "ignored"]
    assert [line["reference"] for line in report["lines"][:2]] == ["118/05.01.2026", "118/05.01.2026/2"]
    again = take(text, "1c", encoding="cp1251")
    assert states(again) == ["duplicate", "duplicate", "duplicate", "ignored"]
    assert [line["payment"] for line in again["lines"][:2]] == [
        line["payment"] for line in report["lines"][:2]
    ]
    assert again["posted_amount"] == "0.00"
    three = take(file_1c([twin, twin, twin]), "1c")
    assert states(three) == ["duplicate", "duplicate", "posted"]
    assert books() == {"bank": Decimal("45007.50"), "suspense": Decimal("-7.50")}


def test_two_payers_may_have_the_same_number(world: World, take: Take) -> None:
    first = take(file_1c([Moved("10.00", "л/с 17000", payer_account="1" * 20)]), "1c")
    second = take(file_1c([Moved("10.00", "л/с 17001", payer_account="2" * 20)]), "1c")
    assert (states(first), states(second)) == (["posted"], ["posted"])
    assert second["lines"][0]["reference"] == "118/05.01.2026/2"


@pytest.mark.parametrize(
    ("purpose", "tax_id", "owner", "reason"),
    [
        ("л/с 17000", "", "17000", None),
        ("ЛС:17001", "", "17001", None),
        ("лицевой счёт № 17002 за январь", "", "17002", None),
        ("ЛС17002", "", "17002", None),
        ("h/r17002 suv uchun", "", "17002", None),
        ("лс-17002", "", "17002", None),
        ("л/с 17001/17002", "", None, "ambiguous"),
        ("л/с 17002/2026", "", "17002", None),
        ("Hisob raqami 17003", "", "17003", None),
        ("h/r 17003, suv uchun", "", "17003", None),
        ("account 17001", "", "17001", None),
        ("suv uchun 17001 dan", "", "17001", None),
        ("17001 17001", "", "17001", None),
        ("17001 и 17002", "", None, "ambiguous"),
        ("л/с 17001, л/с 17002", "", None, "ambiguous"),
        ("л/с 17001, 17002", "", None, "ambiguous"),
        ("л/с 17001 договор 17002", "", "17001", None),
        ("л/с 99999", "301234567", None, "unknown_account"),
        ("за воду", "301234567", "17004", None),
        ("за воду", "", None, "unknown_account"),
        ("тел. 998170017000", "", None, "unknown_account"),
        ("р/с 20208000900123456001", "", None, "unknown_account"),
    ],
)
def test_whose_money_it_is(
    world: World, take: Take, purpose: str, tax_id: str, owner: str | None, reason: str | None
) -> None:
    [line] = take(file_1c([Moved("10.00", purpose, tax_id=tax_id)]), "1c")["lines"]
    assert (line["account"], line["reason"]) == (owner, reason)
    assert line["state"] == ("posted" if owner else "suspense")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("Kassa", "other_format"),
        (file_1c([Moved("1.00")], account="2" * 20), "other_account"),
        (file_1c([Moved("1.00")], ending=""), "cut_file"),
        (file_1c([Moved("1.00")], closing="5.00"), "balance"),
        (file_1c([Moved("1.00")]).replace("ВсегоПоступило=1.00", "ВсегоПоступило=2.00"), "balance"),
        (file_1c([Moved("1.00")]).replace("Сумма=1.00", "Сумма=1e3"), "unreadable_row"),
        (file_1c([Moved("1.00")]).replace("Сумма=1.00", "Сумма=NaN"), "unreadable_row"),
        (file_1c([Moved("1.00")]).replace("Дата=05.01.2026", "Дата=31.02.2026"), "unreadable_row"),
        (file_1c([Moved("1.00", day="05.01.2199")]), "unreadable_row"),
        (
            file_1c([Moved("1.00"), Moved("2.00")]).replace(
                "КонецДокумента\r\nСекцияДокумент", "СекцияДокумент"
            ),
            "cut_file",
        ),
    ],
)
def test_a_file_of_1c_is_taken_whole_or_not_at_all(world: World, take: Take, content: str, code: str) -> None:
    with pytest.raises(ReportedError) as error:
        take(content, "1c")
    assert error.value.code == code
    assert error.value.details[0]["line"] > 0
    assert not Payment.objects.exists()
    assert not BankFileRow.objects.exists()


def test_mt940_takes_credits_and_takes_back_once(world: World, take: Take) -> None:
    long = "Payment for water " + "x" * 40 + " л/с 17000"
    rows = [
        Moved("15000.00", long, reference="B1"),
        Moved("20.00", "out", mark="D"),
        Moved("30.00", "back", mark="RD"),
        Moved("40.00", "h/r 17001", number="77", reference="B2"),
    ]
    report = take(file_mt940(rows), "mt940")
    assert states(report) == ["posted", "ignored", "ignored", "posted"]
    assert [line["account"] for line in report["lines"]] == ["17000", None, None, "17001"]
    assert report["lines"][0]["reference"] == "B1"
    back = [*rows, Moved("40.00", "return", number="77", reference="B9", mark="RC")]
    report = take(file_mt940(back), "mt940")
    assert states(report) == ["duplicate", "ignored", "ignored", "duplicate", "posted"]
    assert report["posted_amount"] == "-40.00"
    assert PaymentReversal.objects.get().payment.reference == "B2"
    assert states(take(file_mt940(back), "mt940"))[-1] == "duplicate"
    twice = [*back, Moved("40.00", "return", number="77", reference="B10", mark="RC")]
    line = take(file_mt940(twice), "mt940")["lines"][-1]
    assert (line["state"], line["reason"], line["amount"]) == ("suspense", "unmatched_return", "-40.00")
    assert books() == {"bank": Decimal("14960.00"), "suspense": Decimal("40.00")}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("hello", "other_format"),
        (file_mt940([Moved("1.00")], account="2" * 20), "other_account"),
        (file_mt940([Moved("1.00")], closing="5.00"), "balance"),
        (file_mt940([Moved("1.00")]).split(":62F:")[0], "cut_file"),
        (file_mt940([Moved("1.00")]).replace("C1,00", "C1.00"), "unreadable_row"),
        (file_mt940([Moved("1.00")]).replace(":61:260105", ":61:261305"), "unreadable_row"),
    ],
)
def test_a_statement_of_mt940_is_taken_whole_or_not_at_all(take: Take, content: str, code: str) -> None:
    with pytest.raises(ReportedError) as error:
        take(content, "mt940")
    assert error.value.code == code
    assert not BankFileRow.objects.exists()


@pytest.mark.parametrize("version", ["02", "04", "06", "08"])
def test_camt_takes_booked_credits_one_for_each_transaction(take: Take, version: str) -> None:
    batch = entry("30.00", details("10.00", "л/с 17000", "T1") + details("20.00", "л/с 17001", "T2"))
    status = "<Sts><Cd>BOOK</Cd></Sts>" if version == "08" else "<Sts>BOOK</Sts>"
    entries = batch.replace("<Sts>BOOK</Sts>", status)
    entries += entry("5.00", mark="DBIT", status=status)
    entries += entry("7.00", status=status.replace("BOOK", "PDNG"))
    entries += entry("3.00", status=status, more="<RvslInd>true</RvslInd>")
    text = file_camt(entries, "1028.00", version=version)
    report = take(text, "camt053")
    assert states(report) == ["posted", "posted", "ignored", "ignored", "ignored"]
    assert [line["reference"] for line in report["lines"][:2]] == ["T1", "T2"]
    assert states(take(text, "camt053"))[:2] == ["duplicate", "duplicate"]


BOMB = '<!DOCTYPE Document [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<Document/>", "other_format"),
        ("plain", "other_format"),
        (file_camt("", "1000.00", version="09"), "other_format"),
        (file_camt("", "1000.00", head=BOMB), "dtd"),
        (file_camt(entry("1.00"), "1001.00")[:-40], "cut_file"),
        (file_camt(entry("1.00"), "1001.00", account="1" * 20), "other_account"),
        (file_camt(entry("1.00"), "1002.00"), "balance"),
        (file_camt(entry("2.00", details("1.00", "x", "T")), "1002.00"), "balance"),
        (file_camt(entry("1.00", currency="USD"), "1001.00"), "unreadable_row"),
        (file_camt(entry("NaN"), "1001.00"), "unreadable_row"),
    ],
)
def test_a_document_of_camt_is_taken_whole_or_not_at_all(take: Take, content: str, code: str) -> None:
    with pytest.raises(ReportedError) as error:
        take(content, "camt053")
    assert error.value.code == code
    assert not BankFileRow.objects.exists()


ROWS = [("R-1", "17000", "2026-01-05", "45000.00", "Karimov"), ("R-2", "99999", "05.01.2026", "10.50", "")]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_registry_goes_into_what_its_channel_collected(world: World, take: Take, separator: str) -> None:
    text = file_registry(ROWS, separator=separator)
    report = take(text, "registry", channel="post", source="POST1")
    assert states(report) == ["posted", "suspense"]
    assert report["lines"][0]["reference"] == "POST1:R-1" == Payment.objects.get().reference
    assert books() == {"clearing": Decimal("45010.50"), "suspense": Decimal("-10.50")}
    assert books("post") == {"clearing": Decimal("45010.50")}
    assert states(take(text, "registry", channel="post", source="POST1")) == ["duplicate", "duplicate"]
    # Another source has references of its own.
    assert states(take(text, "registry", channel="post", source="POST2")) == ["posted", "suspense"]


def test_a_registry_in_a_spreadsheet(take: Take) -> None:
    columns = ["reference", "account", "paid_on", "amount"]
    data = table_file("xlsx", columns, [["R-1", "17000", "2026-01-05", 45000.5], ["TOTAL", 1, 45000.5]])
    report = take(data, "registry")
    assert (report["encoding"], report["posted_amount"]) == ("xlsx", "45000.50")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("a;b\n1;2\n", "other_format"),
        (file_registry(ROWS).rsplit("TOTAL", 1)[0], "cut_file"),
        (file_registry(ROWS, total="1.00"), "total"),
        (
            file_registry([("R", "17000", "2026-01-05", "1.00")]).replace("1.00\nTOTAL", "=1+1\nTOTAL"),
            "unreadable_row",
        ),
        (
            file_registry([("R", "17000", "2026-01-05", "1.00")]).replace("1.00\nTOTAL", "1e3\nTOTAL"),
            "unreadable_row",
        ),
        (file_registry([("", "17000", "2026-01-05", "1.00")]), "unreadable_row"),
        (file_registry([("R", "17000", "2199-01-05", "1.00")]), "unreadable_row"),
        (
            file_registry([("R", "17000", "2026-01-05", "1.00"), ("R", "17000", "2026-01-05", "2.00")]),
            "reference_used",
        ),
        (
            file_registry([("R", "17000", "2026-01-05", "1.00"), ("R", "17001", "2026-01-05", "1.00")]),
            "reference_used",
        ),
    ],
)
def test_a_registry_is_taken_whole_or_not_at_all(take: Take, content: str, code: str) -> None:
    with pytest.raises(ReportedError) as error:
        take(content, "registry")
    assert error.value.code == code
    assert not BankFileRow.objects.exists()


def test_a_known_reference_with_another_sum_is_refused(take: Take) -> None:
    take(file_registry(ROWS), "registry")
    for other in (("R-1", "17000", "2026-01-05", "45000.01"), ("R-1", "17001", "2026-01-05", "45000.00")):
        with pytest.raises(ReportedError) as error:
            take(file_registry([other]), "registry")
        assert error.value.code == "reference_used"
    twice = take(file_registry([ROWS[0], ROWS[0]]), "registry")
    assert states(twice) == ["duplicate", "duplicate"]


def test_the_same_row_twice_in_one_registry_is_one_payment(take: Take) -> None:
    assert states(take(file_registry([ROWS[0], ROWS[0]]), "registry")) == ["posted", "duplicate"]
    assert Payment.objects.count() == 1


def test_a_provider_pays_out_what_it_collected(world: World, take: Take) -> None:
    provider = "20208000111111111001"
    settle(world, "payme", settlement_account=provider)
    purpose = "Перечисление платежей за 05.01.2026, комиссия 1% 150,00 сум"
    report = take(file_1c([Moved("14850.00", purpose, payer_account=provider)]), "1c")
    assert (states(report), report["settlements"], report["posted"]) == (["settlement"], 1, 0)
    assert books() == {"bank": Decimal(14850), "fees": Decimal(150), "clearing": Decimal(-15000)}
    assert books("payme") == {"clearing": Decimal(-15000)}
    assert BankSettlement.objects.get().channel == "payme"
    assert states(take(file_1c([Moved("14850.00", purpose, payer_account=provider)]), "1c")) == ["duplicate"]


@pytest.mark.parametrize(
    ("purpose", "fee"),
    [
        ("комиссия 1 500,00", "1500.00"),
        ("Fee: 12.5", "12.5"),
        ("komissiya 2 % = 300.00", "300.00"),
        ("за услуги", "0"),
        ("комиссия 1%", "0"),
        ("комиссия 1,5% 225.00", "225.00"),
        ("комиссия 0.5% - 225.00", "225.00"),
        ("комиссия за 05.01.2026 450.00", "450.00"),
        ("Комиссия по договору N 118 от 05.01.2026 - 450.00", "450.00"),
        ("комиссия по договору №7/25 1 225,50", "1225.50"),
    ],
)
def test_what_a_provider_kept_is_read_from_its_words(purpose: str, fee: str) -> None:
    assert fee_of(purpose) == Decimal(fee)


def test_pages_of_a_statement_follow_each_other(take: Take) -> None:
    page = file_mt940([Moved("10.00", "л/с 17000")])
    first = page.replace(":62F:", ":62M:")
    second = file_mt940([Moved("5.00", "л/с 17001")]).replace(":60F:", ":60M:")
    for cut in (first, first + second, second):
        with pytest.raises(ReportedError) as error:
            take(cut, "mt940")
        assert error.value.code == "cut_file"
    assert not Payment.objects.exists()


def test_balances_without_totals_are_followed_by_the_rows(take: Take) -> None:
    whole = file_1c([Moved("45.00", "л/с 17000")])
    bare = "\n".join(line for line in whole.splitlines() if not line.startswith("Всего")) + "\n"
    closing = next(line for line in bare.splitlines() if line.startswith("КонечныйОстаток"))
    with pytest.raises(ReportedError) as error:
        take(bare.replace(closing, "КонечныйОстаток=5.00"), "1c")
    assert error.value.code == "balance"
    assert states(take(bare, "1c")) == ["posted"]


def test_a_day_is_told_by_one_format(take: Take) -> None:
    take(file_1c([Moved("10.00", "л/с 17000")]), "1c")
    with pytest.raises(ReportedError) as error:
        take(file_mt940([Moved("10.00", "л/с 17000")]), "mt940")
    assert error.value.code == "other_format_that_day"
    assert Payment.objects.count() == 1


def test_a_trial_tells_all_and_writes_nothing(take: Take) -> None:
    report = take(file_1c([Moved("10.00", "л/с 17000"), Moved("5.00", "x")]), "1c", is_trial=True)
    assert states(report) == ["posted", "suspense"]
    assert not Payment.objects.exists()
    assert not SuspenseItem.objects.exists()
    assert states(take(file_1c([Moved("10.00", "л/с 17000"), Moved("5.00", "x")]), "1c")) == [
        "posted",
        "suspense",
    ]


def test_who_brought_a_registry_takes_none_of_its_payments_back(
    world: World, make_user: Callable[..., User], district: Division
) -> None:
    clerk, other = (make_user("clerk", district, username=name) for name in ("bringer", "other"))
    import_payments(
        enterprise=world.enterprise,
        data=file_registry(ROWS).encode(),
        file="r.csv",
        file_format="registry",
        acting_user=clerk,
    )
    payment = Payment.objects.get()
    for user in (clerk, None):
        with pytest.raises(ReportedError) as refusal:
            reverse_payment(payment=payment, reason="mine", acting_user=user)
        assert refusal.value.code == "same_person"
    # What was in the suspense first is no other way round it.
    item = SuspenseItem.objects.get()
    assign_suspense(item=item, account=world.account(2), acting_user=clerk)
    assigned = Payment.objects.exclude(pk=payment.pk).get()
    with pytest.raises(ReportedError, match="somebody else"):
        reverse_payment(payment=assigned, reason="mine", acting_user=clerk)
    for taken_back in (payment, assigned):
        assert reverse_payment(payment=taken_back, reason="wrong", acting_user=other).reversed_by == other


def test_the_command_prints_one_document(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "day.txt"
    path.write_bytes(file_1c([Moved("10.00", "л/с 17000")]).encode("cp866"))
    call_command("import_payments", str(path), "--format", "1c", "--enterprise", "SUV", "--json")
    assert json.loads(capsys.readouterr().out)["posted"] == 1
    path.write_bytes(b"\x00\x01\x02")
    for file_format in ("1c", "mt940", "camt053", "registry"):
        with pytest.raises(SystemExit) as exit_:
            call_command(
                "import_payments", str(path), "--format", file_format, "--enterprise", "SUV", "--json"
            )
        assert exit_.value.code == 1
        assert json.loads(capsys.readouterr().out)["error"]["code"]
    with pytest.raises(SystemExit):
        call_command("import_payments", str(path), "--format", "registry", "--enterprise", "SUV", "--json")
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "user_needed"
