"""The billing run: post the difference between what should be billed and what has been."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from billing.models import BillingMonth, BillingRun, InvoiceCounter
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, User
from gis_core.services.audit import record_change

DAYS_TO_PAY = 20


@dataclass(frozen=True)
class RunResult:
    """What a run posted (or, on trial, would post)."""

    enterprise: str
    month: date
    is_trial: bool
    invoices: int
    lines: int
    total_net: Decimal
    total_vat: Decimal
    exceptions: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        return {
            "enterprise": self.enterprise,
            "month": f"{self.month:%Y-%m}",
            "trial": self.is_trial,
            "invoices": self.invoices,
            "lines": self.lines,
            "total_net": self.total_net,
            "total_vat": self.total_vat,
            "total": self.total_net + self.total_vat,
            "exceptions": self.exceptions,
        }


@transaction.atomic
def run_billing(
    *, enterprise: Enterprise, month: date, acting_user: User | None, is_trial: bool = False
) -> RunResult:
    """Bill an enterprise for a month; a second run, or eight at once, post nothing more.

    A run that finds nothing due, and the exceptions of the last one, writes no row at all. A trial computes the
    same lines and totals and posts none. Runs of one enterprise follow one another, since each locks the
    enterprise's invoice counters first. Raises ReportedError for a closed month.
    """
    _require_open_month(enterprise, month)
    counter = _lock_counter(enterprise, month.year)
    bound: dict[str, Any] = {"enterprise_id": enterprise.pk, "month": month}
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing", "charge_pieces"), bound)
        cursor.execute(load_sql("billing", "bill_differences"), bound)
        if is_trial:
            return _trial_result(cursor, enterprise, month)
        cursor.execute(load_sql("billing", "billing_exceptions"), bound)
        if _nothing_is_new(cursor, enterprise, month):
            return RunResult(
                enterprise.code, month, False, 0, 0, Decimal(0), Decimal(0), _exceptions_found(cursor)
            )
        run = BillingRun.objects.create(
            enterprise=enterprise, division_id=enterprise.division_id, month=month
        )
        cursor.execute(
            "INSERT INTO billing_billingexception (run_id, account_id, service_point_id, reason) "
            "SELECT %s, account_id, service_point_id, reason FROM found_exception",
            [run.pk],
        )
        exceptions = _exceptions_found(cursor)
        invoices, lines, net, vat = _post(cursor, run, counter)
    run.invoices_created, run.lines_created, run.total_net, run.total_vat = invoices, lines, net, vat
    run.save(update_fields=["invoices_created", "lines_created", "total_net", "total_vat"])
    result = RunResult(enterprise.code, month, False, invoices, lines, net, vat, exceptions)
    record_change(
        acting_user=acting_user,
        action="run billing",
        subject=run,
        division=enterprise.division,
        new_values={key: str(value) for key, value in result.as_dict().items() if key != "exceptions"},
    )
    return result


def _require_open_month(enterprise: Enterprise, month: date) -> None:
    if month.day != 1:
        raise ReportedError(f"{month} is not the first day of a month.", code="month")
    books, _created = BillingMonth.objects.get_or_create(enterprise=enterprise, month=month)
    if books.state == BillingMonth.State.CLOSED:
        raise ReportedError(
            f"The month {month:%Y-%m} of {enterprise.code} is closed; what it still lacks is billed by a later "
            "month's run.",
            code="month_closed",
        )


def _lock_counter(enterprise: Enterprise, year: int) -> InvoiceCounter:
    """Lock the counter row until the transaction ends: numbers have no gaps, and runs follow one another."""
    InvoiceCounter.objects.get_or_create(enterprise=enterprise, year=year)
    # Every year's counter is locked, in order, so that runs of two different years exclude each other too.
    counters = InvoiceCounter.objects.select_for_update().filter(enterprise=enterprise).order_by("year")
    return next(counter for counter in counters if counter.year == year)


def _post(cursor: Any, run: BillingRun, counter: InvoiceCounter) -> tuple[int, int, Decimal, Decimal]:
    booked_on = run.month.replace(day=monthrange(run.month.year, run.month.month)[1])
    cursor.execute(
        load_sql("billing", "post_invoices"),
        {
            "enterprise_id": run.enterprise_id,
            "run_id": run.pk,
            "prefix": run.enterprise.invoice_prefix,
            "month": run.month,
            "booked_on": booked_on,
            "days_to_pay": DAYS_TO_PAY,
            "year": run.month.year,
            "last_number": counter.last_number,
        },
    )
    invoices, lines, net, vat, _legs = cursor.fetchone()
    counter.last_number += invoices
    counter.save(update_fields=["last_number"])
    return invoices, lines, net, vat


def _nothing_is_new(cursor: Any, enterprise: Enterprise, month: date) -> bool:
    """Whether the month has been run, nothing is due, and the exceptions are those of the last run."""
    last = BillingRun.objects.filter(enterprise=enterprise, month=month).order_by("-pk").first()
    if last is None:
        return False
    cursor.execute(
        "SELECT NOT EXISTS (SELECT 1 FROM due_line) AND NOT EXISTS ("
        "  SELECT account_id, service_point_id, reason FROM found_exception"
        "  EXCEPT SELECT account_id, service_point_id, reason FROM billing_billingexception WHERE run_id = %(run)s)"
        " AND (SELECT count(*) FROM found_exception)"
        "   = (SELECT count(*) FROM billing_billingexception WHERE run_id = %(run)s)",
        {"run": last.pk},
    )
    return bool(cursor.fetchone()[0])


def _exceptions_found(cursor: Any) -> dict[str, int]:
    cursor.execute("SELECT reason, count(*) FROM found_exception GROUP BY 1 ORDER BY 1")
    return dict(cursor.fetchall())


def _trial_result(cursor: Any, enterprise: Enterprise, month: date) -> RunResult:
    cursor.execute(
        "SELECT count(DISTINCT account_id), count(*), coalesce(sum(net), 0), coalesce(sum(vat), 0) FROM due_line"
    )
    invoices, lines, net, vat = cursor.fetchone()
    return RunResult(enterprise.code, month, True, invoices, lines, net, vat, {})


@transaction.atomic
def close_month(*, enterprise: Enterprise, month: date, acting_user: User | None) -> BillingMonth:
    """Close a month of the books; from then on the database refuses entries in it. Closing twice changes nothing."""
    BillingMonth.objects.get_or_create(enterprise=enterprise, month=month)
    books = BillingMonth.objects.select_for_update().get(enterprise=enterprise, month=month)
    if books.state == BillingMonth.State.OPEN:
        books.state = BillingMonth.State.CLOSED
        books.save(update_fields=["state"])
        record_change(
            acting_user=acting_user,
            action="close month",
            subject=books,
            subject_id=f"{enterprise.code} {month:%Y-%m}",
            division=enterprise.division,
            old_values={"state": "open"},
            new_values={"state": "closed"},
        )
    return books
