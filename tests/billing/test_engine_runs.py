"""A run posts the engine's lines: what `price --account` says, no more than changed, and every change."""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from billing.models import (
    Account,
    AccountValue,
    BillingException,
    BillingParameters,
    BillingRun,
    Contract,
    ContractServicePoint,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    PricedAccount,
    Repricing,
    ServiceValue,
    Tariff,
)
from billing.pricing.selectors.accounts import price_account
from billing.selectors.bill_lines import explained
from billing.services import runs
from billing.services.months import close_month
from billing.services.runs import RunResult, run_billing
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, Street
from gis_core.services.jobs import JobCancelled
from tests.billing.conftest import read
from tests.billing.price_cases import random_case
from tests.billing.registered_cases import Registrar, storable
from tests.security.charge_inputs import add_charge_inputs
from tests.world import World

CASES = 1_000 if os.environ.get("TARMOQ_PROVE") else 16
DECEMBER, JANUARY, FEBRUARY = date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)

pytestmark = pytest.mark.django_db


def bill(enterprise: Enterprise, month: date, **options: Any) -> RunResult:
    result = run_billing(enterprise=enterprise, month=month, acting_user=None, **options)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return result


def billed(account: Account, month: date) -> Counter[tuple[Any, ...]]:
    """The lines of a month that are posted and not taken back, with how many there are of each."""
    found: Counter[tuple[Any, ...]] = Counter()
    for line in InvoiceLine.objects.filter(invoice__account=account, consumption_month=month):
        sign = -1 if line.is_reversal else 1
        found[
            (
                line.service_id,
                line.kind,
                line.consumption_from.isoformat(),
                line.consumption_to.isoformat(),
                None if line.quantity is None else sign * line.quantity,
                line.price,
                sign * line.net,
                sign * line.vat,
            )
        ] += sign
    assert all(count >= 0 for count in found.values())
    return +found


def to_be_billed(account: Account, month: date) -> Counter[tuple[Any, ...]]:
    """The same by `price --account`."""
    return Counter(
        (
            line["service"] and line["service"].partition("/")[0],
            *(line[key] for key in ("kind", "from", "to")),
            *(
                None if line[key] is None else Decimal(line[key])
                for key in ("quantity", "price", "net", "vat")
            ),
        )
        for case in price_account(account, month)["cases"]
        for line in case["lines"]
    )


def assert_bills_are_prices(account: Account, months: Sequence[date]) -> int:
    for month in months:
        assert billed(account, month) == to_be_billed(account, month), (account, month)
    return sum(billed(account, month).total() for month in months)


def assert_books_agree() -> None:
    """Bills, legs and what the state owes sum to the same."""
    totals = InvoiceLine.objects.aggregate(net=Sum("net"), vat=Sum("vat"))
    books = dict(LedgerEntry.objects.order_by().values_list("book").annotate(total=Sum("amount")))
    state = InvoiceLine.objects.filter(kind__in=["benefit", "subsidy"]).aggregate(
        net=Sum("net"), vat=Sum("vat")
    )
    assert sum(books.values()) == 0
    assert books.get("receivable", 0) == (totals["net"] or 0) + (totals["vat"] or 0)
    assert books.get("state", 0) == -(state["net"] or 0) - (state["vat"] or 0)
    assert books.get("revenue", 0) == (state["net"] or 0) - (totals["net"] or 0)


def test_runs_post_what_random_registers_are_priced_at(district: Division) -> None:
    registrar = Registrar(district, Street.objects.create(division=district, code="C", name="Cases"))
    lines = 0
    seen: set[str] = set()
    for seed in range(80_000, 80_000 + CASES):
        case = storable(random_case(seed))
        account = registrar.register(case)
        month = date.fromisoformat(case["month"] + "-01")
        trial = bill(account.enterprise, month, is_trial=True)
        posted = bill(account.enterprise, month)
        expected = {**trial.as_dict(), "trial": False}
        assert posted.as_dict() == expected, case["id"]
        assert bill(account.enterprise, month).lines == 0
        lines += assert_bills_are_prices(account, [month])
        found = {
            (row.service_id, row.reason)
            for row in BillingException.objects.filter(account=account, month=month)
        }
        answers = price_account(account, month)["cases"]
        assert found == {
            (each["service"], each["reason"]) for answer in answers for each in answer["exceptions"]
        }
        told = Counter(
            explained(line)
            for line in InvoiceLine.objects.filter(invoice__account=account, consumption_month=month)
        )
        assert told == Counter(line["explanation"] for answer in answers for line in answer["lines"]), case[
            "id"
        ]
        seen |= set(InvoiceLine.objects.filter(invoice__account=account).values_list("kind", flat=True))
    assert_books_agree()
    print(f"runs: {CASES} random registers, {lines} lines posted as priced, {len(seen)} kinds")
    assert lines > CASES
    assert {"consumption", "estimate", "benefit", "subsidy"} <= seen


def test_an_estimate_gives_way_to_the_reading(read_world: World) -> None:
    """10 and 12 m3 were read for December and January; February is estimated, then read."""
    account = read_world.account(0)
    for month in (DECEMBER, JANUARY, FEBRUARY):
        bill(read_world.enterprise, month)
    estimate = InvoiceLine.objects.get(invoice__account=account, kind="estimate")
    # 22 m3 in 62 days, for 28 days
    assert (estimate.quantity, estimate.net, estimate.previous_reading) == (
        Decimal("9.935"),
        Decimal("9935.00"),
        None,
    )
    for month in (DECEMBER, JANUARY, FEBRUARY):
        close_month(enterprise=read_world.enterprise, month=month, acting_user=None)
    read(read_world, 0, date(2026, 3, 1), "129")
    bill(read_world.enterprise, date(2026, 3, 1))
    months = [DECEMBER, JANUARY, FEBRUARY, date(2026, 3, 1)]
    assert_bills_are_prices(account, months)
    lines = InvoiceLine.objects.filter(invoice__account=account)
    reversal = lines.get(kind="estimate", is_reversal=True)
    assert reversal.net + estimate.net == reversal.vat + estimate.vat == 0
    assert (reversal.invoice.month, reversal.consumption_month) == (date(2026, 3, 1), FEBRUARY)
    until_march = lines.filter(consumption_month__lte=FEBRUARY)
    assert until_march.aggregate(total=Sum("quantity_m3"))["total"] == Decimal(29)
    assert_books_agree()


def test_a_late_reading_moves_days_of_a_month_that_is_run_anew(read_world: World) -> None:
    """March is estimated when the reading of 10 March comes; its days are of February, whose run leaves March."""
    months = [DECEMBER, JANUARY, FEBRUARY, date(2026, 3, 1)]
    for month in months:
        bill(read_world.enterprise, month)
    read(read_world, 0, date(2026, 3, 10), "135")
    assert bill(read_world.enterprise, FEBRUARY).lines > 0
    assert bill(read_world.enterprise, date(2026, 3, 1)).lines > 0
    assert_bills_are_prices(read_world.account(0), months)
    assert_books_agree()


def test_what_changes_while_a_run_works_waits_for_the_next(
    read_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading that is replaced and a contract that ends after they were priced refuse nobody's bill."""
    post = runs.post_due_lines

    def meanwhile(*given: Any) -> RunResult:
        read(read_world, 0, date(2026, 1, 1), "111")
        for held in (
            ContractServicePoint.objects.filter(contract__account=read_world.account(1)),
            Contract.objects.filter(account=read_world.account(1)),
        ):
            held.update(validity=DateRange(date(2025, 1, 1), date(2025, 12, 20)))
        return post(*given)

    monkeypatch.setattr(runs, "post_due_lines", meanwhile)
    assert bill(read_world.enterprise, DECEMBER).invoices == 5
    monkeypatch.undo()
    bill(read_world.enterprise, DECEMBER)
    for position in range(5):
        assert_bills_are_prices(read_world.account(position), [DECEMBER])
    assert_books_agree()


def test_who_somebody_is_prices_nothing(read_world: World) -> None:
    bill(read_world.enterprise, DECEMBER)
    Repricing.objects.all().delete()
    subscriber = read_world.account(0).subscriber
    type(subscriber).objects.filter(pk=subscriber.pk).update(name="Another", phone="+998900000000", flat="7")
    assert not Repricing.objects.exists()
    type(subscriber).objects.filter(pk=subscriber.pk).update(
        subscriber_class="legal_entity", tax_id="300000001"
    )
    assert Repricing.objects.exists()


def count_priced() -> int:
    """How many account-months the last run of this transaction priced."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(12 * (extract(year FROM asked.last) - extract(year FROM from_month)) "
            "+ extract(month FROM asked.last) - extract(month FROM from_month) + 1), 0)::integer "
            "FROM account_to_price, (SELECT max(priced_to) AS last FROM billing_pricedaccount) asked"
        )
        return cursor.fetchone()[0]


def test_a_run_prices_its_month_and_what_changed_alone(world: World) -> None:
    """Five accounts over twelve months: the twelfth costs what the second did."""
    day = date(2025, 1, 1)
    costs = []
    for number in range(13):
        for position in range(5):
            read(
                world,
                position,
                max(day, date(2025, 11, 1) + timedelta(days=30 * number)),
                str(100 + 10 * number),
            )
        day = date(2025, 11, 1) + timedelta(days=30 * number)
    month = date(2025, 11, 1)
    for _number in range(12):
        bill(world.enterprise, month)
        costs.append(count_priced())
        assert bill(world.enterprise, month).lines == 0
        assert count_priced() == 0
        month = (month + timedelta(days=31)).replace(day=1)
    print(f"account-months priced by twelve runs of five accounts: {costs}")
    # The thirteenth reading does not reach to the end of the last months, which are estimated in part.
    assert costs[1:] == [5] * 11
    assert not Repricing.objects.exists()
    assert PricedAccount.objects.count() == 5
    last = date(2026, 10, 1)
    assert read(world, 2, date(2026, 9, 15), "205.5").state == "accepted"
    assert Repricing.objects.count() == 1
    bill(world.enterprise, last)
    # From the month of the reading before it on, of one account.
    assert count_priced() == 3
    assert_bills_are_prices(world.account(2), [date(2026, month, 1) for month in range(7, 11)])


CHANGES = {
    "billing_reading": "UPDATE billing_reading SET state = 'superseded' WHERE read_on = '2026-01-01'; "
    "INSERT INTO billing_reading (uid, installation_id, division_id, read_on, "
    "index_m3, state, source, queue_reason, entered_at) "
    "SELECT gen_random_uuid(), installation_id, division_id, '2026-01-01', 108, "
    "'accepted', 'visit', '', now() "
    "FROM billing_reading WHERE read_on = '2025-12-01'",
    "billing_meterinstallation": "UPDATE billing_meterinstallation SET validity = daterange(lower(validity), "
    "'2026-02-10')",
    "billing_quantityfactor": "INSERT INTO billing_quantityfactor (installation_id, valid_from, value) "
    "SELECT id, '2026-01-01', 0.98 FROM billing_meterinstallation",
    "billing_contract": "UPDATE billing_contract SET validity = daterange(lower(validity), '2026-01-20')",
    "billing_contractservicepoint": "UPDATE billing_contractservicepoint SET validity = daterange('2025-12-10', "
    "NULL)",
    "billing_contractservice": "UPDATE billing_contractservice SET validity = daterange('2025-12-10', NULL)",
    "billing_servicepoint": "UPDATE billing_servicepoint SET service = 'upkeep' WHERE code = 'SP-17000'",
    "billing_subscriber": "UPDATE billing_subscriber SET subscriber_class = 'legal_entity', tax_id = "
    "'301234567' "
    "WHERE subscriber_class = 'household'",
    "billing_account": "UPDATE billing_account SET currency = 'USD'",
    "billing_accountvalue": "INSERT INTO billing_accountvalue (account_id, kind, service_id, "
    "valid_from, value, document) "
    "SELECT id, 'coefficient', 'cold_water', '2025-12-16', 1.5, '' FROM billing_account",
    "billing_givenquantity": "UPDATE billing_givenquantity SET quantity = 3",
    "billing_absence": "INSERT INTO billing_absence (account_id, validity, residents, document) "
    "SELECT id, daterange('2026-02-03', '2026-02-20'), 1, '' FROM billing_account",
    "billing_benefit": "UPDATE billing_benefit SET share_percent = 25",
    "billing_benefitservice": "DELETE FROM billing_benefitservice",
    "billing_qualityact": "UPDATE billing_qualityact SET percent = 20",
    "billing_subsidy": "UPDATE billing_subsidy SET amount = 500",
    "billing_subsidyservice": "DELETE FROM billing_subsidyservice",
    "billing_servicevalue": "INSERT INTO billing_servicevalue (enterprise_id, service_id, "
    "subscriber_class, kind, valid_from, value) "
    "SELECT id, 'sewerage', '', 'coefficient', '2026-01-10', 0.5 FROM gis_core_enterprise",
    "billing_billingparameters": "UPDATE billing_billingparameters SET average_at_most_months = 0",
    "billing_tariff": "UPDATE billing_tariff SET validity = daterange(lower(validity), '2026-01-15'); "
    "INSERT INTO billing_tariff (enterprise_id, service, subscriber_class, validity, price_per_m3) "
    "SELECT enterprise_id, service, subscriber_class, daterange('2026-01-15', "
    "NULL), 1234.5 FROM billing_tariff",
    "billing_vatrate": "UPDATE billing_vatrate SET validity = daterange(lower(validity), '2026-01-15') "
    "WHERE upper_inf(validity); INSERT INTO billing_vatrate (validity, percent) "
    "VALUES (daterange('2026-01-15', NULL), 15)",
}


@pytest.fixture
def supplied_world(read_world: World) -> World:
    """The world read for two months, with a row of each input from December on; billed to February."""
    add_charge_inputs(read_world, DECEMBER)
    for code, price in (("sewerage", 900), ("upkeep", 1200), ("waste", 300), ("connecting", 5000)):
        for subscriber_class in ("household", "legal_entity"):
            Tariff.objects.create(
                enterprise=read_world.enterprise,
                service=code,
                subscriber_class=subscriber_class,
                validity=DateRange(date(2025, 1, 1), None),
                price_per_m3=Decimal(price),
            )
    for month in (DECEMBER, JANUARY, FEBRUARY):
        bill(read_world.enterprise, month)
    return read_world


def test_every_change_of_an_input_is_noticed(supplied_world: World) -> None:
    """Each from the same bills, and taken back before the next."""
    for table, statements in CHANGES.items():
        with transaction.atomic():
            assert_change_is_noticed(supplied_world, table, statements)
            transaction.set_rollback(True)


def assert_change_is_noticed(world: World, table: str, statements: str) -> None:
    before = InvoiceLine.objects.count()
    with connection.cursor() as cursor:
        for statement in statements.split("; "):
            cursor.execute(statement)
    assert Repricing.objects.exists(), table
    bill(world.enterprise, FEBRUARY)
    # Whose inputs are changed, and two of the others.
    for position in (0, 1, 4):
        account = Account.objects.get(number=f"1700{position}")
        assert_bills_are_prices(account, [DECEMBER, JANUARY, FEBRUARY])
    assert_books_agree()
    changed = InvoiceLine.objects.count() - before
    # An account's own columns move no money but by its division, and one with bills keeps that.
    assert changed > 0 or table == "billing_account", table
    assert bill(world.enterprise, FEBRUARY).lines == 0, table


def test_each_input_of_charges_is_watched() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'note_repricing'::regproc"
        )
        watched = {name for (name,) in cursor.fetchall()}
    # Of buildings: tests/billing/test_group_meters.py.
    assert watched == CHANGES.keys() | {"billing_groupmeter", "billing_groupmeterflat"}


def test_one_account_or_one_division_is_billed_alone(read_world: World) -> None:
    enterprise, account = read_world.enterprise, read_world.account(1)
    call_command(
        *("run_billing", "--enterprise", "SUV", "--month", "2025-12", "--account", "17001", "--json")
    )
    assert list(Invoice.objects.values_list("account", flat=True)) == [account.pk]
    assert BillingRun.objects.get().account == account
    # A price that is put right concerns all of them, whoever is billed first.
    ServiceValue.objects.create(
        enterprise=enterprise,
        service_id="cold_water",
        kind="coefficient",
        valid_from=DECEMBER,
        value=Decimal(2),
    )
    assert bill(enterprise, DECEMBER, account=account).lines == 2
    elsewhere = Division.objects.get(code="QIBRAY-M")
    assert bill(enterprise, DECEMBER, division=elsewhere).lines == 0
    assert bill(enterprise, DECEMBER).lines == 4
    for position in range(5):
        assert_bills_are_prices(read_world.account(position), [DECEMBER])
    assert bill(enterprise, DECEMBER).lines == 0
    # What is left is of the month that was not run yet.
    assert set(Repricing.objects.values_list("from_month", flat=True)) == {JANUARY}


def test_an_account_that_could_not_be_billed_is_tried_again(world: World) -> None:
    assert bill(world.enterprise, DECEMBER).exceptions == {"no_norm": 5, "no_residents": 5}
    written = BillingRun.objects.count(), list(Repricing.objects.order_by("pk").values_list("pk", flat=True))
    assert bill(world.enterprise, DECEMBER).exceptions == {"no_norm": 5, "no_residents": 5}
    assert written == (
        BillingRun.objects.count(),
        list(Repricing.objects.order_by("pk").values_list("pk", flat=True)),
    )
    AccountValue.objects.create(
        account=world.account(0), kind="residents", valid_from=DECEMBER, value=Decimal(2)
    )
    ServiceValue.objects.create(
        enterprise=world.enterprise,
        service_id="cold_water",
        kind="norm",
        valid_from=DECEMBER,
        value=Decimal(150),
    )
    result = bill(world.enterprise, JANUARY)
    # 0.15 m3 x 2 residents x 31 days, in December and in January
    assert (result.lines, result.total_net) == (2, Decimal("18600.00"))
    assert result.exceptions == {"no_residents": 8}
    volumes = InvoiceLine.objects.values_list("kind", "quantity_m3")
    assert set(volumes) == {("norm", Decimal("9.300"))}


def test_parts_of_a_few_accounts_post_the_same(read_world: World, settings: Any) -> None:
    at_once = bill(read_world.enterprise, DECEMBER, is_trial=True)
    settings.BILLING_ACCOUNTS_AT_ONCE = 2
    assert bill(read_world.enterprise, DECEMBER, is_trial=True) == at_once
    assert bill(read_world.enterprise, DECEMBER).lines == at_once.lines == 5


def test_a_change_for_all_waits_for_the_last_part(supplied_world: World, settings: Any) -> None:
    """What is noted for all accounts is no row of each, and is gone when all parts have seen it."""
    with connection.cursor() as cursor:
        for statement in CHANGES["billing_tariff"].split("; "):
            cursor.execute(statement)
    assert Repricing.objects.filter(account=None).exists()
    settings.BILLING_ACCOUNTS_AT_ONCE = 2
    noted = []

    def report(_message: str, part: int, _total: int) -> None:
        rows = Repricing.objects
        noted.append((part, rows.filter(account=None).exists(), rows.exclude(account=None).exists()))
        if part == 2:
            # Another change, which the first parts have not seen.
            Repricing.objects.create(enterprise=supplied_world.enterprise, from_month=FEBRUARY)

    assert bill(supplied_world.enterprise, FEBRUARY, report_progress=report).invoices == 5
    assert noted == [(0, True, False), (1, True, False), (2, True, False)]
    for position in range(5):
        assert_bills_are_prices(supplied_world.account(position), [DECEMBER, JANUARY, FEBRUARY])
    assert (
        Repricing.objects.filter(account=None, from_month=FEBRUARY).count() == Repricing.objects.count() == 1
    )
    assert bill(supplied_world.enterprise, FEBRUARY).invoices == 0
    assert not Repricing.objects.exists()


def test_a_month_that_closes_between_two_parts_keeps_the_first(read_world: World, settings: Any) -> None:
    settings.BILLING_ACCOUNTS_AT_ONCE = 2

    def report(_message: str, part: int, _total: int) -> None:
        if part == 1:
            close_month(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)

    with pytest.raises(ReportedError) as refused:
        bill(read_world.enterprise, DECEMBER, report_progress=report)
    assert refused.value.code == "month_closed"
    assert BillingRun.objects.get().invoices_created == 2
    assert bill(read_world.enterprise, JANUARY).invoices == 5


def test_a_run_that_is_stopped_before_it_posted_leaves_no_row(read_world: World, settings: Any) -> None:
    """Otherwise its month would count as billed, however long ago it is."""
    settings.BILLING_ACCOUNTS_AT_ONCE = 2

    def report(_message: str, part: int, _total: int) -> None:
        if part == 1:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        bill(read_world.enterprise, date(2019, 1, 1), report_progress=report)
    assert not BillingRun.objects.exists()
    assert bill(read_world.enterprise, DECEMBER).lines == 5


def test_months_that_were_billed_without_estimates_stay_so(read_world: World) -> None:
    """As an upgrade leaves them: bounds of no estimates until the month after the last one billed."""
    for valid_from, at_most in ((date(2000, 1, 1), 0), (date(2026, 3, 1), 3)):
        BillingParameters.objects.create(
            enterprise=read_world.enterprise, valid_from=valid_from, average_at_most_months=at_most
        )
    bill(read_world.enterprise, FEBRUARY)
    assert not InvoiceLine.objects.filter(kind="estimate").exists()
    bill(read_world.enterprise, date(2026, 3, 1))
    assert set(InvoiceLine.objects.filter(kind="estimate").values_list("consumption_month", flat=True)) == {
        date(2026, 3, 1)
    }
