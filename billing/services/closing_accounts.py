"""Closing an account: its contract ends on a day with last readings; and undoing that, while nothing rests on it."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext_noop as _

from billing.models import Account, AccountChange, ContractServicePoint
from billing.services.contract_ends import (
    Indexes,
    contract_to_end,
    cut_contract,
    end_on,
    enter_last_readings,
    locked_account,
    log_change,
    refused,
)
from gis_core.models import User
from gis_core.services.audit import record_change


@transaction.atomic
def close_account(
    *, account: Account, day: date, indexes: Indexes, note: str, acting_user: User | None
) -> AccountChange:
    """End the account's contract with `day`, the first day without it. Meters stay where they hang.

    Its days before are billed by the next run, to the index of `day`. Raises ReportedError at the field; nothing is
    changed then.
    """
    account = locked_account(account)
    contract = contract_to_end(account, day)
    readings = enter_last_readings(account, day, indexes, acting_user)
    former = cut_contract(contract, day)
    record_change(
        acting_user=acting_user,
        action="close account",
        subject=account,
        division=account.division,
        old_values={"contract": contract.number, **former},
        new_values={
            "ends": day.isoformat(),
            "indexes_m3": {row.installation.meter.serial: str(row.index_m3) for row in readings},
            "note": note,
        },
    )
    return log_change(account, AccountChange.Kind.CLOSED, day, acting_user, detail=note, former=former)


@transaction.atomic
def reopen_account(*, account: Account, acting_user: User | None) -> AccountChange:
    """Undo the closing of an account: everything goes on as it would have. What was read stays read.

    Raises ReportedError when it was not closed last, when a bill has been made since, and when somebody else has taken
    over a point.
    """
    account = locked_account(account)
    closing = account.changes.order_by("-pk").first()
    if closing is None or closing.kind != AccountChange.Kind.CLOSED or not closing.former:
        raise refused(_("This account was not closed last; there is nothing to undo."), code="not_closed")
    if account.invoices.filter(run__started_at__gt=closing.made_at).exists():
        raise refused(
            _("A bill has been made since the account was closed; it stays closed."), code="billed_since"
        )
    contract = account.contracts.get(pk__in=closing.former["contract"])
    _require_free_points(closing)
    for rows, name in (
        (account.contracts, "contract"),
        (contract.service_points, "points"),
        (contract.services, "services"),
    ):
        ends = closing.former[name]
        for row in rows.filter(pk__in=ends):
            end_on(row, date.fromisoformat(ends[str(row.pk)]) if ends[str(row.pk)] else None)
    record_change(
        acting_user=acting_user,
        action="reopen account",
        subject=account,
        division=account.division,
        old_values={"ends": closing.day.isoformat()},
        new_values=closing.former,
    )
    return log_change(account, AccountChange.Kind.REOPENED, closing.day, acting_user)


def _require_free_points(closing: AccountChange) -> None:
    mine = ContractServicePoint.objects.filter(pk__in=closing.former["points"])
    others = ContractServicePoint.objects.filter(
        service_point__in=mine.values("service_point"), validity__endswith__isnull=True
    ) | ContractServicePoint.objects.filter(
        service_point__in=mine.values("service_point"), validity__endswith__gt=closing.day
    )
    taken = others.exclude(pk__in=closing.former["points"]).select_related("service_point").first()
    if taken is not None:
        raise refused(
            _("Somebody else pays for {point} since; the account stays closed."),
            code="point_taken",
            point=taken.service_point.code,
        )
