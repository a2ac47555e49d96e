"""The billing run: post the difference between what should be billed and what has been."""

from calendar import monthrange
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import is_month_shut, open_month
from billing.models import Account, BillingException, BillingRun, InvoiceCounter, Repricing
from billing.pricing.selectors.accounts import stage_accounts
from billing.pricing.selectors.engine import price_staged
from gis_core.database.constraints import check_constraints_now
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, Job, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.jobs import ProgressReport

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

    def with_part(self, part: "RunResult") -> "RunResult":
        """Both together, of one run."""
        return replace(
            self,
            invoices=self.invoices + part.invoices,
            lines=self.lines + part.lines,
            total_net=self.total_net + part.total_net,
            total_vat=self.total_vat + part.total_vat,
            exceptions=dict(sorted((Counter(self.exceptions) + Counter(part.exceptions)).items())),
        )


def _tell_nobody(_message: str, _done: int, _total: int) -> None:
    """For runs whose progress nobody follows."""


@dataclass(frozen=True)
class _AskedAccounts:
    """Whom a run bills for which month: accounts of `division` and below, or `account` alone."""

    enterprise: Enterprise
    month: date
    division: Division | None
    account: Account | None
    # What was noted for all accounts of the enterprise when the run began. What is noted later waits for the next run,
    # since former parts have not seen it.
    for_all: list[int]

    @property
    def scope(self) -> dict[str, Any]:
        return {
            "enterprise_id": self.enterprise.pk,
            "month": self.month,
            "path": "" if self.division is None else self.division.path,
            "account_id": self.account and self.account.pk,
            "for_all": self.for_all,
            "is_penalty": False,
        }


@dataclass(frozen=True)
class _AccountRange:
    """Accounts with numbers above one and up to another; None is without end."""

    above: str | None
    to: str | None

    @property
    def is_last(self) -> bool:
        return self.to is None


def run_billing(
    *,
    enterprise: Enterprise,
    month: date,
    acting_user: User | None,
    is_trial: bool = False,
    division: Division | None = None,
    account: Account | None = None,
    job: Job | None = None,
    report_progress: ProgressReport = _tell_nobody,
) -> RunResult:
    """Bill an enterprise for a month; a second run, or eight at once, post nothing more.

    Only the accounts of `division` and below it, or `account` alone, where they are given. Priced are the month,
    and earlier ones of the accounts whose inputs changed since. A run that finds nothing due, and the exceptions of
    the last one, leaves no row. A trial computes the same lines, totals and exceptions and posts none. The month is
    opened in a transaction of its own: payments of it do not wait for the run that is the first to need it.

    More accounts than BILLING_ACCOUNTS_AT_ONCE are billed in parts, in the order of their numbers, each in a
    transaction of its own with its row of the audit trail: what was posted stays when a later part is refused, stopped
    or dies, and the next run goes on behind it. Parts of runs of one enterprise follow one another, since each locks
    the enterprise's invoice counters first. A `job` that is done again goes on in the same run. Raises ReportedError
    for a closed month.
    """
    open_month_to_bill(enterprise, month, is_trial=is_trial)
    noted = Repricing.objects.filter(enterprise=enterprise, account=None).values_list("pk", flat=True)
    asked = _AskedAccounts(enterprise, month, division, account, list(noted))
    parts = _parts_of(asked)
    with transaction.atomic() if len(parts) == 1 else nullcontext():
        if is_trial:
            return _try_parts(asked, parts, report_progress)
        run_key: int | None = None
        try:
            for number, part in enumerate(parts):
                report_progress("Billing", number, len(parts))
                if number > 0:
                    # Between two parts it may have been closed.
                    open_month_to_bill(enterprise, month, is_trial=False)
                with transaction.atomic():
                    run_key = _post_part(asked, part, run_key, job, acting_user)
        except Exception:
            if run_key is not None and len(parts) > 1:
                # Nobody is to believe that the month was run where nothing was posted of it.
                BillingRun.objects.filter(pk=run_key, invoices_created=0).delete()
            raise
        assert run_key is not None
        return _ended(asked, run_key, acting_user)


def _parts_of(asked: _AskedAccounts) -> list[_AccountRange]:
    """The accounts of a run, so many at a time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM (SELECT account.number, row_number() OVER (ORDER BY account.number) AS place "
            "  FROM billing_account account JOIN gis_core_division division ON division.id = account.division_id "
            " WHERE account.enterprise_id = %(enterprise_id)s AND starts_with(division.path, %(path)s) "
            "   AND (%(account_id)s::bigint IS NULL OR account.id = %(account_id)s)) placed "
            "WHERE place %% %(at_once)s = 0 ORDER BY number",
            {**asked.scope, "at_once": settings.BILLING_ACCOUNTS_AT_ONCE},
        )
        ends = [number for (number,) in cursor.fetchall()]
    return [_AccountRange(*bounds) for bounds in zip([None, *ends], [*ends, None], strict=True)]


def _try_parts(
    asked: _AskedAccounts, parts: list[_AccountRange], report_progress: ProgressReport
) -> RunResult:
    """What the parts would post, together."""
    whole = RunResult(asked.enterprise.code, asked.month, True, 0, 0, Decimal(0), Decimal(0), {})
    for number, part in enumerate(parts):
        report_progress("Billing", number, len(parts))
        with transaction.atomic(), connection.cursor() as cursor:
            lock_counter(asked.enterprise, asked.month.year)
            exceptions = _compare(cursor, asked, part)
            whole = whole.with_part(trial_result(cursor, asked.enterprise, asked.month, exceptions))
    return whole


def _compare(cursor: Any, asked: _AskedAccounts, part: _AccountRange) -> dict[str, int]:
    """Fill due_line with what a part's accounts lack, and found_exception; return exceptions by reason."""
    bound = {**asked.scope, "above_number": part.above, "to_number": part.to}
    cursor.execute(load_sql("billing", "accounts_to_price"), bound)
    cursor.execute(
        "DROP TABLE IF EXISTS asked_month; CREATE TEMPORARY TABLE asked_month ON COMMIT DROP AS "
        "SELECT account_id, month::date FROM account_to_price "
        "CROSS JOIN generate_series(from_month::timestamp, %(month)s::timestamp, '1 month') AS month",
        bound,
    )
    stage_accounts(cursor)
    price_staged(cursor)
    cursor.execute(load_sql("billing", "collect_lines"))
    cursor.execute("ANALYZE charged_line (account_id, month, service_id)")
    cursor.execute(load_sql("billing", "bill_differences"), bound)
    cursor.execute("SELECT reason, count(*) FROM found_exception GROUP BY 1 ORDER BY 1")
    return dict(cursor.fetchall())


def _post_part(
    asked: _AskedAccounts, part: _AccountRange, run_key: int | None, job: Job | None, acting_user: User | None
) -> int:
    """Post what a part's accounts lack, in the run that is made with the first part; return the run's key."""
    enterprise, month = asked.enterprise, asked.month
    counter = lock_counter(enterprise, month.year)
    # Read behind the lock: of two workers that hold one job, each goes on where the other was.
    known = BillingRun.objects.filter(Q(pk=run_key) | Q(job=job, job__isnull=False)).first()
    run = known or BillingRun.objects.create(
        enterprise=enterprise,
        division=asked.division or enterprise.division,
        account=asked.account,
        month=month,
        job=job,
    )
    with connection.cursor() as cursor:
        exceptions = _compare(cursor, asked, part)
        cursor.execute(load_sql("billing", "note_priced"), {**asked.scope, "is_last": part.is_last})
        cursor.execute(load_sql("billing", "note_exceptions"), {"run_id": run.pk})
        posted = post_due_lines(cursor, run, counter)
    # Here, where the planner is told first of the rows that are looked up for each.
    check_constraints_now()
    if posted.invoices:
        record_posted(run, replace(posted, exceptions=exceptions), "run billing", acting_user)
    return run.pk


def _ended(asked: _AskedAccounts, key: int, acting_user: User | None) -> RunResult:
    """What a run has posted in all its parts; it leaves no row where that is nothing, and nothing else is new."""
    with transaction.atomic():
        lock_counter(asked.enterprise, asked.month.year)
        run = BillingRun.objects.get(pk=key)
        exceptions = BillingException.objects.filter(run=run).order_by("reason")
        found = dict(exceptions.values_list("reason").annotate(number=Count("id")))
        posted = (run.invoices_created, run.lines_created, run.total_net, run.total_vat)
        result = RunResult(asked.enterprise.code, run.month, False, *posted, found)
        if run.invoices_created == 0:
            if _says_the_same(run):
                run.delete()
            else:
                record_posted(run, result, "run billing", acting_user)
        return result


def _says_the_same(run: BillingRun) -> bool:
    """Whether the exceptions of a run are those of the last one of the same accounts."""
    former = BillingRun.objects.filter(
        enterprise=run.enterprise,
        month=run.month,
        division=run.division,
        account=run.account,
        is_penalty=False,
        pk__lt=run.pk,
    )
    last = former.order_by("-pk").first()
    if last is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM (SELECT account_id, month, service_id, service_point_id, reason, "
            "array_agg(DISTINCT run_id) AS runs FROM billing_billingexception WHERE run_id IN (%s, %s) "
            "GROUP BY account_id, month, service_id, service_point_id, reason) told WHERE cardinality(runs) = 1)",
            [last.pk, run.pk],
        )
        return bool(cursor.fetchone()[0])


def record_posted(run: BillingRun, posted: RunResult, action: str, acting_user: User | None) -> None:
    """Write down in the audit trail what a run, or a part of one, posted."""
    record_change(
        acting_user=acting_user,
        action=action,
        subject=run,
        division=run.division,
        new_values={key: str(value) for key, value in posted.as_dict().items() if key != "exceptions"},
    )


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


def post_due_lines(cursor: Any, run: BillingRun, counter: InvoiceCounter) -> RunResult:
    """Post the lines of the temporary table due_line as a run's invoices, and add in the run what that made."""
    booked_on = run.month.replace(day=monthrange(run.month.year, run.month.month)[1])
    last_number = counter.last_number
    # Before the invoices: with their numbers given they are whole as soon as they are posted.
    cursor.execute("SELECT count(DISTINCT account_id) FROM due_line")
    counter.last_number += cursor.fetchone()[0]
    if counter.last_number == last_number:
        return RunResult(run.enterprise.code, run.month, False, 0, 0, Decimal(0), Decimal(0), {})
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
    run.invoices_created += invoices
    run.lines_created += lines
    run.total_net += net
    run.total_vat += vat
    run.save(update_fields=["invoices_created", "lines_created", "total_net", "total_vat"])
    return RunResult(run.enterprise.code, run.month, False, invoices, lines, net, vat, {})


def trial_result(cursor: Any, enterprise: Enterprise, month: date, exceptions: dict[str, int]) -> RunResult:
    """What the lines of due_line would make."""
    cursor.execute(
        "SELECT count(DISTINCT account_id), count(*), coalesce(sum(net), 0), coalesce(sum(vat), 0) FROM due_line"
    )
    invoices, lines, net, vat = cursor.fetchone()
    return RunResult(enterprise.code, month, True, invoices, lines, net, vat, exceptions)
