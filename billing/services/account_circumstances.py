"""What changes an account's bills from a day on: residents, area, absences and benefits, added and ended by a clerk."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_noop as _

from billing.models import Absence, Account, AccountValue, Benefit, BenefitService, SuppliedService
from billing.services.contract_ends import locked_account
from billing.services.field_refusals import refused_field
from gis_core.models import User
from gis_core.services.audit import record_change

_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)
Dated = TypeVar("Dated", Absence, Benefit)


@transaction.atomic
def set_account_value(
    *, account: Account, kind: str, valid_from: date, value: Decimal, document: str, acting_user: User | None
) -> AccountValue:
    """Let a number of residents or an area hold from a day until the next one; one of the same day is replaced.

    Raises ReportedError at the field.
    """
    account = locked_account(account)
    _require_days(valid_from, None, "valid_from")
    if value < 0 or (kind == AccountValue.Kind.RESIDENTS and value != value.to_integral_value()):
        raise refused_field("value", _("{value} is no number of residents or area."), value=value)
    former = account.values.filter(kind=kind, service=None, valid_from=valid_from).first()
    old = None if former is None else {"value": str(former.value), "document": former.document}
    row, _is_new = AccountValue.objects.update_or_create(
        account=account,
        kind=kind,
        service=None,
        valid_from=valid_from,
        defaults={"value": value, "document": document},
    )
    record_change(
        acting_user=acting_user,
        action=f"set {kind}",
        subject=account,
        division=account.division,
        old_values=old,
        new_values={"value": str(value), "from": valid_from.isoformat(), "document": document},
    )
    return row


@transaction.atomic
def add_absence(
    *,
    account: Account,
    first_day: date,
    day_after_last: date | None,
    residents: int,
    document: str,
    acting_user: User | None,
) -> Absence:
    """Residents are away from `first_day` until the day before `day_after_last`, or until it is ended."""
    account = locked_account(account)
    _require_days(first_day, day_after_last, "first_day")
    _require_residents(residents)
    row = Absence.objects.create(
        account=account,
        validity=DateRange(first_day, day_after_last),
        residents=residents,
        document=document,
    )
    _record(row, "add absence", {"residents": residents, "document": document}, acting_user)
    return row


@transaction.atomic
def add_benefit(
    *,
    account: Account,
    kind: str,
    beneficiary: str,
    document: str,
    first_day: date,
    day_after_last: date | None,
    residents: int,
    share_percent: Decimal,
    services: Sequence[str],
    acting_user: User | None,
) -> Benefit:
    """The state pays a share of what is used within the norm, for some services, from `first_day` on."""
    account = locked_account(account)
    _require_days(first_day, day_after_last, "first_day")
    _require_residents(residents)
    if not 0 < share_percent <= 100:
        raise refused_field("share_percent", _("A share is above 0 and at most 100 percent."))
    known = set(SuppliedService.objects.filter(pk__in=services).values_list("pk", flat=True))
    if not services or known != set(services):
        raise refused_field("services", _("A benefit is for one service of the nomenclature at least."))
    row = Benefit.objects.create(
        account=account,
        kind=kind,
        beneficiary=beneficiary,
        document=document,
        validity=DateRange(first_day, day_after_last),
        residents=residents,
        share_percent=share_percent,
    )
    BenefitService.objects.bulk_create(BenefitService(benefit=row, service_id=code) for code in sorted(known))
    said = {"kind": kind, "share_percent": str(share_percent), "services": sorted(known)}
    _record(row, "add benefit", {**said, "document": document}, acting_user)
    return row


@transaction.atomic
def end_circumstance(*, row: Dated, day_after_last: date, acting_user: User | None) -> Dated:
    """End an absence or benefit; what was billed of later days is put right by the next run."""
    locked_account(row.account)
    row.refresh_from_db()
    _require_days(row.validity.lower, day_after_last, "day_after_last")
    former = row.validity.upper
    row.validity = DateRange(row.validity.lower, day_after_last)
    row.save(update_fields=["validity"])
    action = "end absence" if isinstance(row, Absence) else "end benefit"
    said = {"former_end": former.isoformat() if former else None}
    _record(row, action, said, acting_user)
    return row


def _require_days(first_day: date, day_after_last: date | None, field: str) -> None:
    if not _EARLIEST <= first_day <= _LATEST:
        raise refused_field(field, _("{day} is no day of these books."), day=first_day)
    if day_after_last is not None and not first_day < day_after_last <= _LATEST:
        raise refused_field("day_after_last", _("It ends after it began, on {day}."), day=first_day)


def _require_residents(residents: int) -> None:
    if residents < 1:
        raise refused_field("residents", _("Say how many residents it is about."))


def _record(
    row: Absence | Benefit, action: str, said: Mapping[str, object], acting_user: User | None
) -> None:
    until = row.validity.upper
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row.account,
        division=row.account.division,
        new_values={
            **said,
            "from": row.validity.lower.isoformat(),
            "until": until.isoformat() if until else None,
        },
    )
