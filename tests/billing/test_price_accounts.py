"""An account is priced by what the registers hold; the document that is "
"printed for it gives the same lines."""

import json
import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models import (
    Account,
    AccountValue,
    Contract,
    ContractService,
    ContractServicePoint,
    MeterInstallation,
    ServiceValue,
    SuppliedService,
    Tariff,
)
from billing.pricing.selectors.accounts import ask_for, price_account, stage_accounts
from billing.pricing.selectors.documents import price_document
from billing.pricing.selectors.engine import price_staged
from gis_core.errors import ReportedError
from gis_core.models import Division, Street
from tests.billing.conftest import read
from tests.billing.price_cases import random_case
from tests.billing.registered_cases import Registrar, storable
from tests.billing.test_price_cases import compared, priced
from tests.world import World

CASES = 2_000 if os.environ.get("TARMOQ_PROVE") else 60
DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def registrar(district: Division) -> Registrar:
    return Registrar(district, Street.objects.create(division=district, code="C", name="Cases"))


def month_of(case: dict[str, Any]) -> date:
    return date.fromisoformat(case["month"] + "-01")


def without_names(answer: dict[str, Any]) -> dict[str, Any]:
    """What of an answer is compared, with services by the names of the document they were registered from."""
    renamed = {
        **answer,
        "id": "",
        "lines": [
            {**line, "service": line["service"] and line["service"].partition("_")[2]}
            for line in answer["lines"]
        ],
        "exceptions": [
            {**found, "service": found["service"].partition("_")[2]} for found in answer["exceptions"]
        ],
    }
    return compared(renamed)


def test_random_registers_give_the_document_they_were_made_from(registrar: Registrar) -> None:
    cases = [storable(random_case(seed)) for seed in range(50_000, 50_000 + CASES)]
    registered = [(case, registrar.register(case)) for case in cases]
    found = [price_account(account, month_of(case)) for case, account in registered]
    again = iter(
        price_document(json.dumps({"cases": [one for each in found for one in each["document"]["cases"]]}))[
            "cases"
        ]
    )
    lines = 0
    for case, each, expected in zip(cases, found, priced(*cases), strict=True):
        # The document that is printed has the very lines, with every word.
        assert each["cases"] == [next(again) for _case in each["cases"]], case["id"]
        # A contract that does not reach the month is no case of it.
        empty = {**expected, "lines": [], "exceptions": [], "net": "0.00", "vat": "0.00", "total": "0.00"}
        [answer] = each["cases"] or [empty]
        assert without_names(answer) == {**compared(expected), "id": ""}, case["id"]
        lines += len(answer["lines"])
    print(f"price --account: {CASES} random registers, {lines} lines, largest difference 0.00")
    assert lines > CASES


def lines_of(asked: Sequence[tuple[int, date]]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        ask_for(cursor, asked)
        stage_accounts(cursor)
        price_staged(cursor)
        cursor.execute(
            "SELECT account_id, month, name, line.kind, line_from, line_to, quantity, "
            "price, net, vat FROM pricing_line line "
            "JOIN staged_case USING (case_no) LEFT JOIN staged_service USING (case_no, "
            "service_no) ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9"
        )
        return cursor.fetchall()


def test_many_accounts_and_months_at_once_are_each_priced_as_alone(registrar: Registrar) -> None:
    cases = [storable(random_case(seed)) for seed in range(60_000, 60_012)]
    asked = [
        (registrar.register(case).pk, month)
        for case in cases
        for month in (month_of(case), date(2025, 5, 1), date(2025, 11, 1))
    ]
    asked = sorted(set(asked))
    together = lines_of(asked)
    assert together == [line for one in asked for line in lines_of([one])]
    assert len(together) > 36


def priced_account(world: World, position: int, month: date) -> dict[str, Any]:
    [answer] = price_account(world.account(position), month)["cases"]
    return answer


def test_the_command_prints_the_document_and_its_lines(
    read_world: World, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    call_command("price", "--account", "17000", "--month", "2025-12", "--enterprise", "SUV", "--json")
    printed = json.loads(capsys.readouterr().out)
    [line] = printed["cases"][0]["lines"]
    assert (line["service"], line["kind"], line["quantity"], line["price"], line["net"], line["vat"]) == (
        *("cold_water", "consumption", "10.000", "1000"),
        *("10000.00", "1200.00"),
    )
    file = tmp_path / "document.json"
    file.write_text(json.dumps(printed["document"]))
    call_command("price", str(file), "--json")
    assert json.loads(capsys.readouterr().out)["cases"] == printed["cases"]


def test_what_is_asked_must_be_said_once(read_world: World) -> None:
    for asked in (["--account", "17000"], [], ["x.json", "--account", "17000", "--month", "2025-12"]):
        with pytest.raises(SystemExit):
            call_command("price", *asked)
    with pytest.raises(SystemExit):
        call_command("price", "--account", "0", "--month", "2025-12")


def test_a_nearer_divisions_price_and_value_win_from_their_first_day(read_world: World) -> None:
    account = read_world.account(0)
    Tariff.objects.create(
        enterprise=read_world.enterprise,
        division=account.division,
        service="cold_water",
        subscriber_class="household",
        validity=DateRange(date(2025, 12, 11), date(2025, 12, 21)),
        price_per_m3=Decimal(1100),
    )
    for division, value, day in ((None, "1.5", "2025-12-05"), (account.division, "1", "2025-12-26")):
        ServiceValue.objects.create(
            enterprise=read_world.enterprise,
            division=division,
            service_id="cold_water",
            kind="coefficient",
            valid_from=day,
            value=Decimal(value),
        )
    lines = priced_account(read_world, 0, DECEMBER)["lines"]
    assert [(line["from"][-2:], line["price"], line["coefficient"]) for line in lines] == [
        ("01", "1000", "1"),
        ("05", "1000", "1.5"),
        ("11", "1100", "1.5"),
        ("21", "1000", "1.5"),
        ("26", "1000", "1"),
    ]


def test_an_account_follows_its_water_by_a_sewerage_of_its_own_days(read_world: World) -> None:
    """Ten cubic metres in 31 days, sewerage from the eleventh on: 21 days of them, times 0.9."""
    SuppliedService.objects.create(
        code="sewerage", name="Sewerage", unit="m3", basis="of_service", base_id="cold_water", position=20
    )
    account = read_world.account(0)
    contract = Contract.objects.get(account=account)
    ContractService.objects.create(
        contract=contract, service_id="sewerage", validity=DateRange(date(2025, 12, 11), None)
    )
    AccountValue.objects.create(
        account=account,
        kind="coefficient",
        service_id="sewerage",
        valid_from="2020-01-01",
        value=Decimal("0.9"),
    )
    Tariff.objects.create(
        enterprise=read_world.enterprise,
        service="sewerage",
        subscriber_class="household",
        validity=DateRange(date(2025, 1, 1), None),
        price_per_m3=Decimal(900),
    )
    found = price_account(account, DECEMBER)
    water, sewerage = found["cases"][0]["lines"]
    assert (water["days"], water["quantity"]) == (31, "10.000")
    # 10 - 3.226 m3 after the tenth, of which nine tenths
    assert (sewerage["from"], sewerage["days"], sewerage["quantity"]) == ("2025-12-11", 21, "6.097")
    assert price_document(json.dumps(found["document"]))["cases"] == found["cases"]


def test_two_points_of_an_account_are_estimated_apart(world: World) -> None:
    link = ContractServicePoint.objects.get(service_point=world.installations[1].service_point)
    other = link.contract.account
    link.contract = Contract.objects.get(account=world.account(0))
    link.save()
    for position, step in ((0, 31), (1, 62)):
        read(world, position, DECEMBER, "0")
        read(world, position, JANUARY, str(step))
    answer = priced_account(world, 0, JANUARY)
    assert [(line["service"], line["kind"], line["quantity"]) for line in answer["lines"]] == [
        ("cold_water", "estimate", "31.000"),
        ("cold_water/2", "estimate", "62.000"),
    ]
    assert priced_account(world, 1, JANUARY)["lines"] == []
    assert other == world.account(1)


def test_a_price_that_ends_is_said_in_the_document(read_world: World) -> None:
    Tariff.objects.filter(subscriber_class="household").update(
        validity=DateRange(date(2025, 1, 1), date(2025, 12, 20))
    )
    found = price_account(read_world.account(0), DECEMBER)
    assert found["cases"][0]["exceptions"] == [{"service": "cold_water", "reason": "no_price"}]
    assert price_document(json.dumps(found["document"]))["cases"] == found["cases"]


def test_a_meter_with_registers_is_one_meter_at_one_point(world: World) -> None:
    installation = world.installations[0]
    for register in ("day", "night"):
        made = MeterInstallation(
            meter=installation.meter,
            service_point=installation.service_point,
            register=register,
            validity=DateRange(date(2026, 5, 1), None),
        )
        if register == "day":
            installation.validity = DateRange(installation.validity.lower, date(2026, 5, 1))
            installation.save()
        made.save()
    assert installation.meter.installations.count() == 3


def test_an_account_of_two_enterprises_is_asked_for_by_its_enterprise(read_world: World) -> None:
    from billing.selectors.accounts import account_by_number

    account = read_world.account(0)
    assert account_by_number("17000") == account_by_number("17000", "SUV") == account
    with pytest.raises(ReportedError, match="no account"):
        account_by_number("17000", "OTHER")
    twin: Account = Account.objects.get(number="17001")
    assert twin.enterprise.code == "SUV"
