"""Closing months of the books, and opening the last closed one again."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.ledger.services.booking import lock_enterprise, open_month
from billing.models import BillingMonth, MonthReopening
from billing.selectors.months import month_in_words
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, User, WaitingAct
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from gis_core.services.two_people import confirm_act, propose_act, withdraw_act


@dataclass(frozen=True)
class Reopening:
    """The month as it is now. `proposal` is the one that waits, or that this call confirmed as the second person's."""

    books: BillingMonth
    proposal: WaitingAct | None = None
    is_second: bool = False


@transaction.atomic
def close_month(*, enterprise: Enterprise, month: date, acting_user: User | None) -> BillingMonth:
    """Close a month of the books; from then on the database refuses entries in it. Closing twice changes nothing.

    Months are closed in their order: what is reported of one rests on all those before it.
    Raises ReportedError: `month_not_ended` (its payments are still to come), `earlier_month_open`, and
    `later_month_closed` for one without books.
    """
    if month >= timezone.localdate().replace(day=1):
        raise ReportedError(
            Sentence(_("The month {month} has not ended; it is closed afterwards."), month=f"{month:%Y-%m}"),
            code="month_not_ended",
        )
    lock_enterprise(enterprise.pk, "NO KEY UPDATE")
    is_open = open_month(enterprise.pk, month)
    books = BillingMonth.objects.select_for_update().filter(enterprise=enterprise, month=month).first()
    if books is None:
        raise ReportedError(
            Sentence(
                _("{month} has no books, and a later month is closed: it takes no entries any more."),
                month=f"{month:%Y-%m}",
            ),
            code="later_month_closed",
        )
    if is_open:
        _refuse_gap(books)
        _set_state(books, BillingMonth.State.CLOSED, "close month", acting_user)
    return books


def _refuse_gap(books: BillingMonth) -> None:
    earlier = BillingMonth.objects.filter(
        enterprise=books.enterprise, month__lt=books.month, state=BillingMonth.State.OPEN
    ).aggregate(first=Min("month"))["first"]
    if earlier is not None:
        raise ReportedError(
            Sentence(
                _("{earlier} is still open: months are closed in their order."), earlier=f"{earlier:%Y-%m}"
            ),
            code="earlier_month_open",
        )


@transaction.atomic
def reopen_month(*, enterprise: Enterprise, month: date, reason: str, acting_user: User | None) -> Reopening:
    """Open a closed month of the books again, for the reason given. An open one stays as it is.

    It takes two people: the first one's wish waits, and the month stays closed; the same wish of a second one opens it.
    Only the last closed month is opened: what was reported of a month rests on all those before it. Raises
    ReportedError: `reason` where none is given, `no_user`, `later_month_closed`, `month` of which there are no books.
    """
    if not reason.strip():
        raise ReportedError(Sentence(_("Say why.")), code="reason")
    lock_enterprise(enterprise.pk, "NO KEY UPDATE")
    # All in order, as runs take them one by one: what is closed meanwhile is seen here.
    months = {
        row.month: row for row in BillingMonth.objects.select_for_update().filter(enterprise=enterprise)
    }
    books = months.get(month)
    if books is None:
        raise ReportedError(
            Sentence(_("There are no books of {month}."), month=f"{month:%Y-%m}"), code="month"
        )
    if books.state == BillingMonth.State.OPEN:
        return Reopening(books)
    later = [
        row.month for row in months.values() if row.month > month and row.state != BillingMonth.State.OPEN
    ]
    if later:
        raise ReportedError(
            Sentence(
                _("{later} is closed, too: months are opened again from the last one back."),
                later=f"{max(later):%Y-%m}",
            ),
            code="later_month_closed",
        )
    act = propose_act(
        kind=WaitingAct.Kind.REOPEN_MONTH,
        subject=month_in_words(enterprise, month),
        reason=reason,
        division=enterprise.division,
        acting_user=acting_user,
    )
    if acting_user is None or act.proposed_by_id == acting_user.pk:
        return Reopening(books, act)
    confirm_act(act, acting_user=acting_user)
    MonthReopening.objects.create(
        billing_month=books, division=enterprise.division, reason=act.reason, reopened_by=acting_user
    )
    _set_state(books, BillingMonth.State.OPEN, "reopen month", acting_user, act.reason)
    return Reopening(books, act, is_second=True)


def withdraw_reopening(*, enterprise: Enterprise, month: date, acting_user: User) -> WaitingAct:
    """Let one's own proposal to open a month again go. ReportedError as `withdraw_act`."""
    return withdraw_act(
        kind=WaitingAct.Kind.REOPEN_MONTH, subject=month_in_words(enterprise, month), acting_user=acting_user
    )


def _set_state(
    books: BillingMonth, state: str, action: str, acting_user: User | None, reason: str = ""
) -> None:
    former, books.state = books.state, state
    books.save(update_fields=["state"])
    record_change(
        acting_user=acting_user,
        action=action,
        subject=books,
        subject_id=month_in_words(books.enterprise, books.month),
        division=books.enterprise.division,
        old_values={"state": former},
        new_values={"state": state, **({"reason": reason} if reason else {})},
    )
