"""The billing run: post the difference between what should be billed and what has been."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import is_month_shut, open_month
from billing.models import Account, BillingRun, InvoiceCounter
from billing.pricing.selectors.accounts import stage_accounts
from billing.pricing.selectors.engine import price_staged
from gis_core.database.constraints import check_constraints_now
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

DAYS_TO_PAY = 20
# So many accounts are priced in one pass of SQL; it bounds the temporary tables.
ACCOUNTS_AT_ONCE = 50_000


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


def run_billing(
    *,
    enterprise: Enterprise,
    month: date,
    acting_user: User | None,
    is_trial: bool = False,
    division: Division | None = None,
    account: Account | None = None,
) -> RunResult:
    """Bill an enterprise for a month; a second run, or eight at once, post nothing more.

    Only the accounts of `division` and below it, or `account` alone, where they are given. Priced are the month,
    and earlier ones of the accounts whose inputs changed since. A run that finds nothing due, and the exceptions of
    the last one, writes no row at all. A trial computes the same lines, totals and exceptions and posts none. Runs
    of one enterprise follow one another, since each locks the enterprise's invoice counters first. Raises
    ReportedError for a closed month. The month is opened in a transaction of its own: payments of it do not wait for
    the run that is the first to need it.
    """
    open_month_to_bill(enterprise, month, is_trial=is_trial)
    with transaction.atomic():
        return _run(enterprise, month, acting_user, is_trial, division, account)


def _run(
    enterprise: Enterprise,
    month: date,
    acting_user: User | None,
    is_trial: bool,
    division: Division | None,
    account: Account | None,
) -> RunResult:
    counter = lock_counter(enterprise, month.year)
    scope = division or enterprise.division
    bound: dict[str, Any] = {
        "enterprise_id": enterprise.pk,
        "month": month,
        "path": "" if division is None else division.path,
        "account_id": account and account.pk,
        "batch": ACCOUNTS_AT_ONCE,
        "is_penalty": False,
    }
    with connection.cursor() as cursor:
        _price(cursor, bound)
        cursor.execute(load_sql("billing", "bill_differences"), bound)
        exceptions = _exceptions_found(cursor)
        if is_trial:
            return trial_result(cursor, enterprise, month, exceptions)
        cursor.execute(load_sql("billing", "note_priced"), bound)
        if _nothing_is_new(cursor, enterprise, month, scope, account):
            return RunResult(enterprise.code, month, False, 0, 0, Decimal(0), Decimal(0), exceptions)
        run = BillingRun.objects.create(enterprise=enterprise, division=scope, account=account, month=month)
        cursor.execute(
            "INSERT INTO billing_billingexception (run_id, account_id, service_point_id, service_id, month, reason) "
            "SELECT %s, account_id, service_point_id, service_id, month, reason FROM found_exception "
            "ORDER BY account_id, month, service_id, reason",
            [run.pk],
        )
        post_due_lines(cursor, run, counter)
    # Here, where the planner is told first of the rows that are looked up for each.
    check_constraints_now()
    return posted_result(run, exceptions, "run billing", acting_user)


def posted_result(
    run: BillingRun, exceptions: dict[str, int], action: str, acting_user: User | None
) -> RunResult:
    """What a run has posted, with its row of the audit trail."""
    posted = (run.invoices_created, run.lines_created, run.total_net, run.total_vat)
    result = RunResult(run.enterprise.code, run.month, False, *posted, exceptions)
    record_change(
        acting_user=acting_user,
        action=action,
        subject=run,
        division=run.division,
        new_values={key: str(value) for key, value in result.as_dict().items() if key != "exceptions"},
    )
    return result


def _price(cursor: Any, bound: dict[str, Any]) -> None:
    """Fill charged_line and found_exception for the accounts that are to be priced, some at a time."""
    cursor.execute(load_sql("billing", "accounts_to_price"), bound)
    cursor.execute("SELECT coalesce(max(batch), -1) FROM account_to_price")
    for batch in range(cursor.fetchone()[0] + 1):
        cursor.execute("DROP TABLE IF EXISTS asked_month")
        cursor.execute(
            "CREATE TEMPORARY TABLE asked_month ON COMMIT DROP AS "
            "SELECT account_id, month::date FROM account_to_price "
            "CROSS JOIN generate_series(from_month::timestamp, %(month)s::timestamp, '1 month') AS month "
            "WHERE batch = %(number)s",
            {**bound, "number": batch},
        )
        stage_accounts(cursor)
        price_staged(cursor)
        cursor.execute(load_sql("billing", "collect_lines"))
    cursor.execute("ANALYZE charged_line (account_id, month, service_id)")


def open_month_to_bill(enterprise: Enterprise, month: date, *, is_trial: bool) -> None:
    """Open the month where it is not; a trial only looks, as it writes nothing. ReportedError for a closed month."""
    if month.day != 1:
        raise ReportedError(
            Sentence(_("{month} is not the first day of a month."), month=month), code="month"
        )
    with transaction.atomic():
        is_shut = is_month_shut(enterprise.pk, month) if is_trial else not open_month(enterprise.pk, month)
    if is_shut:
        raise ReportedError(
            Sentence(
                _(
                    "The month {month} of {enterprise} is closed; what it still lacks is billed by a "
                    "later month's run."
                ),
                month=f"{month:%Y-%m}",
                enterprise=enterprise.code,
            ),
            code="month_closed",
        )


def lock_counter(enterprise: Enterprise, year: int) -> InvoiceCounter:
    """Lock the counter row until the transaction ends: numbers have no gaps, and runs follow one another."""
    InvoiceCounter.objects.get_or_create(enterprise=enterprise, year=year)
    # Every year's counter is locked, in order, so that runs of two different years exclude each other too.
    counters = InvoiceCounter.objects.select_for_update().filter(enterprise=enterprise).order_by("year")
    return next(counter for counter in counters if counter.year == year)


def post_due_lines(cursor: Any, run: BillingRun, counter: InvoiceCounter) -> None:
    """Post the lines of the temporary table due_line as a run's invoices, and say in the run what that made."""
    booked_on = run.month.replace(day=monthrange(run.month.year, run.month.month)[1])
    last_number = counter.last_number
    # Before the invoices: with their numbers given they are whole as soon as they are posted.
    cursor.execute("SELECT count(DISTINCT account_id) FROM due_line")
    counter.last_number += cursor.fetchone()[0]
    counter.save(update_fields=["last_number"])
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
            "last_number": last_number,
            "is_penalty": run.is_penalty,
        },
    )
    invoices, lines, net, vat, _legs = cursor.fetchone()
    run.invoices_created, run.lines_created, run.total_net, run.total_vat = invoices, lines, net, vat
    run.save(update_fields=["invoices_created", "lines_created", "total_net", "total_vat"])


def _nothing_is_new(
    cursor: Any, enterprise: Enterprise, month: date, scope: Division, account: Account | None
) -> bool:
    """Whether the month has been run, nothing is due, and the exceptions are those of the last run."""
    runs = BillingRun.objects.filter(
        enterprise=enterprise, month=month, division=scope, account=account, is_penalty=False
    )
    last = runs.order_by("-pk").first()
    if last is None:
        return False
    cursor.execute(
        "SELECT NOT EXISTS (SELECT FROM due_line) AND NOT EXISTS ("
        " (SELECT account_id, month, service_id, service_point_id, reason FROM found_exception"
        "  EXCEPT SELECT account_id, month, service_id, service_point_id, reason "
        "  FROM billing_billingexception WHERE run_id = %(run)s)"
        " UNION ALL"
        " (SELECT account_id, month, service_id, service_point_id, reason "
        "  FROM billing_billingexception WHERE run_id = %(run)s"
        "  EXCEPT SELECT account_id, month, service_id, service_point_id, reason FROM found_exception))",
        {"run": last.pk},
    )
    return bool(cursor.fetchone()[0])


def _exceptions_found(cursor: Any) -> dict[str, int]:
    cursor.execute("SELECT reason, count(*) FROM found_exception GROUP BY 1 ORDER BY 1")
    return dict(cursor.fetchall())


def trial_result(cursor: Any, enterprise: Enterprise, month: date, exceptions: dict[str, int]) -> RunResult:
    """What the lines of due_line would make."""
    cursor.execute(
        "SELECT count(DISTINCT account_id), count(*), coalesce(sum(net), 0), coalesce(sum(vat), 0) FROM due_line"
    )
    invoices, lines, net, vat = cursor.fetchone()
    return RunResult(enterprise.code, month, True, invoices, lines, net, vat, exceptions)
