"""Penalties as bills: what overdue debts cost by the end of a month, less what was charged of it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import Account, BillingRun, Invoice
from billing.pricing.selectors.penalties import compute_penalties
from billing.services.runs import (
    RunResult,
    lock_counter,
    open_month_to_bill,
    post_due_lines,
    record_posted,
    trial_result,
)
from gis_core.database.constraints import check_constraints_now
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, User
from gis_core.sentences import Sentence


def charge_penalties(
    *,
    enterprise: Enterprise,
    month: date,
    acting_user: User | None,
    is_trial: bool = False,
    division: Division | None = None,
    account: Account | None = None,
) -> RunResult:
    """Bill an enterprise's overdue debts for the days up to a month's end; a second run posts nothing.

    Only the accounts of `division` and below it, or `account` alone, where they are given. A penalty is a function of
    the bills, what was paid of them, and the terms: what became wrong of earlier months (a payment that came late or
    was taken back, other terms) is put right in this month's bill. Penalties whose bill was taken back are not charged
    again. A trial posts nothing, and of a month that has not ended counts the days before today. Raises
    ReportedError: `month_closed`, `month_not_ended` for what could still be paid in time, and `later_penalized` where
    a later month's bills have put right what this month would.
    """
    check_month_to_penalize(enterprise, month, is_trial=is_trial, division=division, account=account)
    open_month_to_bill(enterprise, month, is_trial=is_trial)
    with transaction.atomic():
        return _charge(enterprise, month, acting_user, is_trial, division, account)


def check_month_to_penalize(
    enterprise: Enterprise,
    month: date,
    *,
    is_trial: bool,
    division: Division | None = None,
    account: Account | None = None,
) -> None:
    """Raise ReportedError for a month of which days are still to come (a trial may look at it), or before one that has
    penalties of these accounts.
    """
    if not is_trial and _following(month) > timezone.localdate():
        raise ReportedError(
            Sentence(
                _("The month {month} has not ended: penalties of its days are charged afterwards."),
                month=f"{month:%Y-%m}",
            ),
            code="month_not_ended",
        )
    later = Invoice.objects.filter(run__enterprise=enterprise, run__is_penalty=True, run__month__gt=month)
    if division is not None:
        later = later.filter(account__division__path__startswith=division.path)
    if account is not None:
        later = later.filter(account=account)
    last = later.order_by("run__month").values_list("run__month", flat=True).last()
    if last is not None:
        raise ReportedError(
            Sentence(
                _("The month {later} has penalties already: what {month} lacks is charged with it or later."),
                later=f"{last:%Y-%m}",
                month=f"{month:%Y-%m}",
            ),
            code="later_penalized",
        )


def _charge(
    enterprise: Enterprise,
    month: date,
    acting_user: User | None,
    is_trial: bool,
    division: Division | None,
    account: Account | None,
) -> RunResult:
    counter = lock_counter(enterprise, month.year)
    # Again, now that no other run can come between.
    check_month_to_penalize(enterprise, month, is_trial=is_trial, division=division, account=account)
    bound: dict[str, Any] = {
        "enterprise_id": enterprise.pk,
        "month": month,
        "as_of": min(_following(month), timezone.localdate()),
        "path": "" if division is None else division.path,
        "account_id": account and account.pk,
        "is_penalty": True,
    }
    with connection.cursor() as cursor:
        # What the lines say of the terms stays so until they are posted.
        cursor.execute(
            "SELECT FROM billing_penaltyterms WHERE enterprise_id = %s ORDER BY id FOR SHARE", [enterprise.pk]
        )
        cursor.execute(load_sql("billing", "overdue_debts"), bound)
        compute_penalties(cursor)
        cursor.execute(load_sql("billing", "collect_penalties"))
        cursor.execute(load_sql("billing", "bill_differences"), bound)
        if is_trial:
            return trial_result(cursor, enterprise, month, {})
        cursor.execute("SELECT EXISTS (SELECT FROM due_line)")
        if not cursor.fetchone()[0]:
            return RunResult(enterprise.code, month, False, 0, 0, Decimal(0), Decimal(0), {})
        run = BillingRun.objects.create(
            enterprise=enterprise,
            division=division or enterprise.division,
            account=account,
            month=month,
            is_penalty=True,
        )
        posted = post_due_lines(cursor, run, counter)
    check_constraints_now()
    record_posted(run, posted, "charge penalties", acting_user)
    return posted


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
