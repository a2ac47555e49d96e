"""The billing run: worked examples, and that it is a pure function of what is known."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from billing.models import (
    BillingException,
    BillingMonth,
    BillingRun,
    ContractServicePoint,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    MeterInstallation,
    Reading,
)
from billing.selectors.accounts import accounts_visible_to
from billing.services.months import close_month
from billing.services.payments import record_payment
from billing.services.reading_decisions import accept_reading, correct_reading, give_up_reading
from billing.services.registers import set_tariff
from billing.services.runs import run_billing
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, User
from tests.billing.conftest import read
from tests.world import World, somebody

DECEMBER, JANUARY = date(2025, 12, 1), date(2026, 1, 1)


def bill(world: World, month: date, *, is_trial: bool = False):
    result = run_billing(enterprise=world.enterprise, month=month, acting_user=None, is_trial=is_trial)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return result


def lines_of(world: World, position: int):
    return InvoiceLine.objects.filter(invoice__account=world.account(position)).order_by("id")


def test_a_month_is_billed_at_its_price_with_vat(read_world: World) -> None:
    result = bill(read_world, DECEMBER)
    assert (result.invoices, result.lines) == (5, 5)
    line = lines_of(read_world, 0).get()
    # 10 m3 at 1,000 so'm, 12 % VAT
    assert (line.quantity_m3, line.net, line.vat) == (
        Decimal("10.000"),
        Decimal("10000.00"),
        Decimal("1200.00"),
    )
    assert (line.consumption_from, line.consumption_to, line.days) == (
        date(2025, 12, 1),
        date(2026, 1, 1),
        31,
    )
    assert line.consumption_month == DECEMBER
    assert (line.previous_reading.index_m3, line.current_reading.index_m3) == (100, 110)
    legal = lines_of(read_world, 4).get()
    # 100 m3 at 3,000 so'm
    assert (legal.quantity_m3, legal.net) == (Decimal("100.000"), Decimal("300000.00"))
    assert result.total_net == Decimal("340000.00")


def test_t1_a_second_run_changes_nothing(read_world: World) -> None:
    bill(read_world, DECEMBER)
    before = [Invoice.objects.count(), InvoiceLine.objects.count(), LedgerEntry.objects.count()]
    again = bill(read_world, DECEMBER)
    assert (again.invoices, again.lines) == (0, 0)
    assert [Invoice.objects.count(), InvoiceLine.objects.count(), LedgerEntry.objects.count()] == before
    duplicates = (
        InvoiceLine.objects.values("service_point", "consumption_from")
        .annotate(total=Sum("quantity_m3"))
        .count()
    )
    print(f"T1 (sequential): duplicate charges {InvoiceLine.objects.count() - duplicates}")
    assert InvoiceLine.objects.count() == duplicates


def test_an_earlier_month_run_again_after_a_later_one_changes_nothing(read_world: World) -> None:
    bill(read_world, DECEMBER)
    bill(read_world, JANUARY)
    assert [bill(read_world, month).lines for month in (DECEMBER, JANUARY, DECEMBER)] == [0, 0, 0]


def test_a_trial_gives_the_same_figures_and_posts_nothing(read_world: World) -> None:
    trial = bill(read_world, DECEMBER, is_trial=True)
    assert Invoice.objects.count() == LedgerEntry.objects.count() == 0
    posted = bill(read_world, DECEMBER)
    assert (trial.invoices, trial.lines, trial.total_net, trial.total_vat) == (
        posted.invoices,
        posted.lines,
        posted.total_net,
        posted.total_vat,
    )


def test_invoice_numbers_have_no_gaps(read_world: World) -> None:
    bill(read_world, DECEMBER)
    bill(read_world, JANUARY)
    numbers = list(Invoice.objects.order_by("year", "sequence").values_list("number", flat=True))
    assert numbers == [f"SUV-2025-{n:07}" for n in range(1, 6)] + [f"SUV-2026-{n:07}" for n in range(1, 6)]


def test_a_price_change_within_a_period_gives_one_line_for_each_price(world: World) -> None:
    """15 + 16 days: the boundary day is billed once, at the new price; the quantity is shared by days."""
    set_tariff(
        enterprise=world.enterprise,
        service="cold_water",
        subscriber_class="household",
        first_day=date(2025, 12, 16),
        price_per_m3=Decimal(1500),
        acting_user=None,
    )
    read(world, 0, date(2025, 12, 1), "100")
    read(world, 0, date(2026, 1, 1), "131")
    bill(world, DECEMBER)
    first, second = lines_of(world, 0)
    assert (first.days, first.quantity_m3, first.net) == (15, Decimal(15), Decimal(15000))
    assert (second.days, second.quantity_m3, second.net) == (16, Decimal(16), Decimal(24000))
    assert first.consumption_to == second.consumption_from == date(2025, 12, 16)


def test_shares_of_an_indivisible_quantity_lose_no_litre(world: World) -> None:
    set_tariff(
        enterprise=world.enterprise,
        service="cold_water",
        subscriber_class="household",
        first_day=date(2025, 12, 12),
        price_per_m3=Decimal("1234.5678"),
        acting_user=None,
    )
    read(world, 0, date(2025, 12, 1), "100.000")
    read(world, 0, date(2026, 1, 1), "107.001")
    bill(world, DECEMBER)
    assert lines_of(world, 0).aggregate(total=Sum("quantity_m3"))["total"] == Decimal("7.001")


def test_a_rollover_on_five_digits(world: World) -> None:
    read(world, 0, date(2025, 12, 1), "99998")
    read(world, 0, date(2026, 1, 1), "3")
    bill(world, DECEMBER)
    assert lines_of(world, 0).get().quantity_m3 == Decimal(5)


def test_a_meter_exchange_adds_old_and_new(world: World) -> None:

    from billing.models import Meter

    old = world.installations[0]
    old.validity = DateRange(old.validity.lower, date(2025, 12, 20))
    old.save()
    new = MeterInstallation.objects.create(
        meter=Meter.objects.create(division=world.district, serial="NEW", model_name="SGV-15"),
        service_point=old.service_point,
        validity=DateRange(date(2025, 12, 20), None),
    )
    read(world, 0, date(2025, 12, 1), "100")
    read(world, 0, date(2025, 12, 20), "107")
    world.installations[0] = new
    read(world, 0, date(2025, 12, 20), "0")
    read(world, 0, date(2026, 1, 1), "4.5")
    bill(world, DECEMBER)
    assert [line.quantity_m3 for line in lines_of(world, 0)] == [Decimal(7), Decimal("4.5")]


def test_a_missed_visit_gives_each_month_its_days(world: World) -> None:
    read(world, 0, date(2025, 12, 1), "100")
    read(world, 0, date(2026, 2, 1), "162")
    december = bill(world, DECEMBER)
    assert december.lines == 1, "December's share is billable as soon as the pair of readings is known"
    bill(world, JANUARY)
    first, second = lines_of(world, 0)
    assert (first.consumption_month, first.quantity_m3) == (DECEMBER, Decimal(31))
    assert (second.consumption_month, second.quantity_m3) == (JANUARY, Decimal(31))


def test_readings_a_few_days_off_count_for_the_month_they_cover(world: World) -> None:
    read(world, 0, date(2025, 11, 28), "100")
    read(world, 0, date(2026, 1, 3), "136")
    bill(world, DECEMBER)
    line = lines_of(world, 0).get()
    assert (line.consumption_month, line.days, line.quantity_m3) == (DECEMBER, 36, Decimal(36))


def test_a_bill_is_never_dated_before_a_reading_that_it_uses(world: World) -> None:
    for position, last in ((0, date(2026, 1, 3)), (1, date(2025, 12, 30))):
        read(world, position, date(2025, 12, 1), "100")
        read(world, position, last, "130")
    bill(world, DECEMBER)
    late, early = (Invoice.objects.get(account=world.account(position)) for position in (0, 1))
    assert (late.month, late.issued_on, late.due_on) == (DECEMBER, date(2026, 1, 3), date(2026, 1, 23))
    assert (early.issued_on, early.due_on) == (date(2025, 12, 31), date(2026, 1, 20))
    # Its number and its month in the books stay those of the month that was run.
    assert late.number.startswith(f"{world.enterprise.invoice_prefix}-2025-")
    assert late.ledgertransaction.month == DECEMBER  # type: ignore[attr-defined]


def test_a_corrected_reading_is_reversed_and_billed_anew_in_the_open_month(read_world: World) -> None:
    bill(read_world, DECEMBER)
    close_month(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    read(read_world, 0, date(2026, 1, 1), "108")
    bill(read_world, JANUARY)
    lines = list(lines_of(read_world, 0))
    original, reversal = lines[0], next(line for line in lines if line.is_reversal)
    assert original.quantity_m3 + reversal.quantity_m3 == 0
    assert original.net + reversal.net == 0
    assert original.vat + reversal.vat == 0
    assert reversal.invoice.month == JANUARY
    by_month = {
        row["consumption_month"]: row["total"]
        for row in lines_of(read_world, 0)
        .order_by()
        .values("consumption_month")
        .annotate(total=Sum("quantity_m3"))
    }
    assert by_month == {DECEMBER: Decimal(8), JANUARY: Decimal(14)}
    assert bill(read_world, JANUARY).lines == 0


def test_a_closed_month_is_refused(read_world: World) -> None:
    close_month(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    with pytest.raises(ReportedError, match="closed"):
        bill(read_world, DECEMBER)
    assert Invoice.objects.count() == 0


def test_one_account_without_a_reading_stops_nobody(read_world: World) -> None:
    Reading.objects.filter(installation=read_world.installations[2], read_on__gt=DECEMBER).update(
        state="superseded"
    )
    result = bill(read_world, DECEMBER)
    assert result.invoices == 4
    assert result.exceptions == {"no_norm": 1, "no_residents": 1}
    parked = BillingException.objects.all()
    assert {(row.account, row.service_id, row.month) for row in parked} == {
        (read_world.account(2), "cold_water", DECEMBER)
    }


def test_an_implausible_reading_waits_in_the_queue(world: World) -> None:
    read(world, 0, date(2025, 12, 1), "5000")
    backwards = read(world, 0, date(2026, 1, 1), "4000")
    assert (backwards.state, backwards.queue_reason) == ("queued", "backwards")
    high = read(world, 0, date(2026, 1, 2), "25000")
    assert (high.state, high.queue_reason) == ("queued", "implausibly high")
    result = bill(world, DECEMBER)
    assert result.invoices == 0
    assert result.exceptions["reading_queued"] == 1


def test_a_reading_that_waits_is_decided_once(world: World) -> None:
    read(world, 0, date(2025, 12, 1), "5000")
    backwards = read(world, 0, date(2026, 1, 1), "400")
    high = read(world, 0, date(2026, 1, 2), "25000")
    clerk = somebody()
    # No volume follows from an index that runs backwards: it is put right, and judged anew.
    with pytest.raises(ReportedError, match="runs backwards"):
        accept_reading(reading=backwards, note="", acting_user=clerk)
    given_up, still = correct_reading(
        reading=backwards, index_m3=Decimal("4999"), note="a digit left out", acting_user=clerk
    )
    assert (given_up.state, still.state, still.queue_reason) == ("superseded", "queued", "backwards")
    _given_up, right = correct_reading(
        reading=still, index_m3=Decimal("5012.500"), note="", acting_user=clerk
    )
    assert (right.state, right.index_m3, right.source) == ("accepted", Decimal("5012.500"), backwards.source)
    with pytest.raises(ReportedError, match="decided already"):
        give_up_reading(reading=backwards, note="", acting_user=clerk)
    assert accept_reading(reading=high, note="a burst", acting_user=clerk).state == "accepted"
    trail = AuditEvent.objects.filter(action="accept reading").get()
    assert trail.new_values is not None
    assert (trail.user, trail.new_values["note"]) == (clerk, "a burst")
    assert bill(world, DECEMBER).invoices == 1


def test_one_accepted_reading_of_a_day_gives_way_to_another(world: World) -> None:
    read(world, 0, date(2025, 12, 1), "5000")
    first = read(world, 0, date(2026, 1, 1), "5010")
    high = read(world, 0, date(2026, 1, 1), "25000")
    assert high.state == "queued"
    accept_reading(reading=high, note="", acting_user=None)
    first.refresh_from_db()
    assert first.state == "superseded"


def test_a_vacancy_is_nobodys_and_stops_nobody(world: World) -> None:
    """The contract ends on the 11th; the next one, of another account, begins on the 21st."""
    link = ContractServicePoint.objects.get(service_point=world.installations[0].service_point)
    link.validity = DateRange(link.validity.lower, date(2025, 12, 11))
    link.save()
    other = ContractServicePoint.objects.get(service_point=world.installations[1].service_point).contract
    ContractServicePoint.objects.create(
        contract=other, service_point=link.service_point, validity=DateRange(date(2025, 12, 21), None)
    )
    read(world, 0, date(2025, 12, 1), "100")
    read(world, 0, date(2026, 1, 1), "131")
    bill(world, DECEMBER)
    charged = InvoiceLine.objects.filter(service_point=link.service_point).order_by("consumption_from")
    assert [(line.invoice.account, line.days, line.quantity_m3) for line in charged] == [
        (world.account(0), 10, Decimal(10)),
        (world.account(1), 11, Decimal(11)),
    ]


def test_a_run_that_finds_nothing_writes_nothing(read_world: World) -> None:
    bill(read_world, DECEMBER)
    before = (BillingRun.objects.count(), AuditEvent.objects.count(), BillingException.objects.count())
    assert bill(read_world, DECEMBER).exceptions == {}
    assert (
        BillingRun.objects.count(),
        AuditEvent.objects.count(),
        BillingException.objects.count(),
    ) == before


def test_a_payment_sent_again_after_its_month_closed_is_the_same_payment(read_world: World) -> None:
    pay = partial(
        record_payment,
        account=read_world.account(0),
        amount=Decimal(5),
        paid_on=date(2025, 12, 10),
        channel="bank",
        reference="late",
        acting_user=None,
    )
    first = pay()
    close_month(enterprise=read_world.enterprise, month=DECEMBER, acting_user=None)
    assert pay() == first
    with pytest.raises(ReportedError, match="is not a day"):
        pay(reference="third", paid_on=date(1, 1, 2))


def test_days_without_a_price_make_an_exception_not_half_a_bill(world: World) -> None:

    from billing.models import Tariff

    Tariff.objects.filter(subscriber_class="household").update(
        validity=DateRange(date(2025, 1, 1), date(2025, 12, 20))
    )
    read(world, 0, date(2025, 12, 1), "100")
    read(world, 0, date(2026, 1, 1), "131")
    result = bill(world, DECEMBER)
    assert result.lines == 0
    # The three households that were not read lack a price for these days, too.
    assert result.exceptions["no_price"] == 4


def test_the_balance_is_the_sum_of_the_entries(read_world: World, make_user) -> None:
    viewer: User = make_user("clerk", read_world.district)
    bill(read_world, DECEMBER)
    account = read_world.account(0)
    for _ in range(2):
        record_payment(
            account=account,
            amount=Decimal("5000.00"),
            paid_on=date(2026, 1, 10),
            channel="bank",
            reference="A-1",
            acting_user=viewer,
        )
    # The selector adds the balance to its rows; the model has none.
    seen: Any = accounts_visible_to(viewer).get(pk=account.pk)
    assert seen.balance == Decimal("6200.00")
    with pytest.raises(ReportedError, match="another payment"):
        record_payment(
            account=account,
            amount=Decimal("1.00"),
            paid_on=date(2026, 1, 10),
            channel="bank",
            reference="A-1",
            acting_user=viewer,
        )


def test_a_run_is_audited_in_its_own_transaction(read_world: World) -> None:
    bill(read_world, DECEMBER)
    event = AuditEvent.objects.get(action="run billing")
    assert event.new_values is not None
    assert event.new_values["invoices"] == "5"
    assert BillingMonth.objects.get(month=DECEMBER).state == "open"


def test_a_stray_early_month_is_billed_by_nobody(world: World) -> None:
    """A trial opens no month, and one that a payment opened before the first run is not billed back to."""
    trial = run_billing(enterprise=world.enterprise, month=date(2006, 12, 1), acting_user=None, is_trial=True)
    assert (trial.invoices, BillingMonth.objects.count()) == (0, 0)
    for day, index in ((JANUARY, "10"), (date(2026, 2, 1), "22")):
        read(world, 0, day, index)
    record_payment(
        account=world.account(0),
        amount=Decimal(5),
        paid_on=date(2025, 12, 10),
        channel="bank",
        reference="early",
        acting_user=None,
    )
    assert BillingMonth.objects.get().month == DECEMBER
    bill(world, JANUARY)
    assert set(InvoiceLine.objects.values_list("consumption_month", flat=True)) == {JANUARY}
    assert not BillingException.objects.filter(month=DECEMBER).exists()
