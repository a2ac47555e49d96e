"""The months of an enterprise's books: what was billed in each, what could not be, and whether it is closed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.utils import timezone

from billing.models import BillingException, BillingMonth, BillingRun
from billing.selectors.accounts import billing_exceptions_visible_to, billing_runs_visible_to
from gis_core.access import Capability, Viewer, visible
from gis_core.models import Enterprise, WaitingAct
from gis_core.selectors.two_people import waiting_act

MOST_MONTHS = 24


@dataclass(frozen=True)
class BooksMonth:
    """A month as its runs left it; money in UZS without the bills that later months put right.

    `penalties` were charged by runs of their own, and are in none of the other figures.
    """

    month: date
    is_closed: bool
    runs: int
    last_run_at: datetime | None
    invoices: int
    total_net: Decimal
    total_vat: Decimal
    exceptions: int
    penalties: Decimal

    @property
    def total(self) -> Decimal:
        return self.total_net + self.total_vat


def billed_enterprises(viewer: Viewer, capability: Capability) -> QuerySet[Enterprise]:
    """The enterprises of the divisions in which the viewer holds a capability, by code."""
    rows = visible(Enterprise.objects.select_related("division"), viewer, capability)
    return rows.defer("division__boundary").order_by("code")


def books_months(viewer: Viewer, enterprise: Enterprise, most: int = MOST_MONTHS) -> list[BooksMonth]:
    """The newest months of the books, the newest first; four queries."""
    known = BillingMonth.objects.filter(enterprise=enterprise).order_by("-month")[:most]
    states = {row.month: row.state for row in known}
    runs = _runs_by_month(viewer, enterprise, list(states))
    penalties = _penalties_by_month(viewer, enterprise, list(states))
    waiting = _exceptions_by_run([row["last"] for row in runs.values() if row["last"]])
    return [
        BooksMonth(
            month=month,
            is_closed=state == BillingMonth.State.CLOSED,
            runs=run.get("runs", 0),
            last_run_at=run.get("at"),
            invoices=run.get("bills", 0),
            total_net=run.get("net", Decimal(0)),
            total_vat=run.get("vat", Decimal(0)),
            exceptions=waiting.get(run.get("last") or 0, 0),
            penalties=penalties.get(month, Decimal(0)),
        )
        for month, state in states.items()
        for run in [runs.get(month, {})]
    ]


def month_to_bill(enterprise: Enterprise) -> date:
    """The month that a single account is billed up to: the last that has ended, or this one when that is closed."""
    this_month = timezone.localdate().replace(day=1)
    last = (this_month - timedelta(days=1)).replace(day=1)
    is_closed = BillingMonth.objects.filter(
        enterprise=enterprise, month__gte=last, state=BillingMonth.State.CLOSED
    ).exists()
    return this_month if is_closed else last


def _runs_by_month(viewer: Viewer, enterprise: Enterprise, months: list[date]) -> dict[date, dict[str, Any]]:
    runs = billing_runs_visible_to(viewer).filter(
        enterprise=enterprise, is_trial=False, is_penalty=False, month__in=months
    )
    of_all = Q(account=None, division=enterprise.division_id)
    grouped = (
        runs.order_by()
        .values("month")
        .annotate(
            runs=Count("pk"),
            last=Max("pk", filter=of_all),
            at=Max("started_at"),
            bills=Sum("invoices_created"),
            net=Sum("total_net"),
            vat=Sum("total_vat"),
        )
    )
    return {row["month"]: dict(row) for row in grouped}


def _penalties_by_month(viewer: Viewer, enterprise: Enterprise, months: list[date]) -> dict[date, Decimal]:
    runs = billing_runs_visible_to(viewer).filter(enterprise=enterprise, is_penalty=True, month__in=months)
    return dict(runs.order_by().values_list("month").annotate(charged=Sum("total_net")))


def _exceptions_by_run(runs: list[int]) -> dict[int, int]:
    counted = BillingException.objects.filter(run__in=runs).values_list("run_id").annotate(number=Count("pk"))
    return dict(counted.order_by())


def exceptions_of(viewer: Viewer, enterprise: Enterprise, month: date) -> QuerySet[BillingException]:
    """What the last run of a month could not bill, in the viewer's divisions, by reason and account."""
    last = (
        BillingRun.objects.filter(
            enterprise=enterprise,
            month=month,
            is_trial=False,
            is_penalty=False,
            account=None,
            division=enterprise.division_id,
        )
        .order_by("-pk")
        .values("pk")[:1]
    )
    found = billing_exceptions_visible_to(viewer).select_related("service", "account__subscriber__street")
    return found.filter(run__in=last).order_by("reason", "account__number", "pk")


def month_in_words(enterprise: Enterprise, month: date) -> str:
    """A month of an enterprise's books as the audit trail and proposals name it: SUV 2026-01."""
    return f"{enterprise.code} {month:%Y-%m}"


def proposed_reopening(enterprise: Enterprise, month: date) -> WaitingAct | None:
    """The reopening of this month that waits for a second person."""
    return waiting_act(WaitingAct.Kind.REOPEN_MONTH, month_in_words(enterprise, month))
