"""A meter for a point: its first, or a new one for the one that hangs there."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import (
    AccountChange,
    ContractServicePoint,
    MeterInstallation,
    ServicePoint,
    SuppliedService,
)
from billing.services.contract_ends import believed_reading, end_on, locked_account, log_change, refused
from billing.services.field_refusals import refused_field
from billing.services.meters import NewMeter
from billing.services.registers import hang_meters
from gis_core.models import User
from gis_core.services.audit import record_change

_Basis = ContractServicePoint.Basis


@transaction.atomic
def exchange_meter(
    *,
    service_point: ServicePoint,
    day: date,
    last_index_m3: Decimal | None,
    new: NewMeter,
    acting_user: User | None,
) -> MeterInstallation:
    """Hang `new` at a point on `day` with its first index, after the last index of the one that hung there.

    A point that is charged by norm is charged by meter from `day` on, by later contracts too. Raises ReportedError at
    the field (`day`, `last_index`, `meter_serial`, ...); nothing is changed then.
    """
    links = _links_from_locked(service_point, day)
    point = _locked(service_point)
    _require_day(point, day)
    if new.index_m3 is None:
        raise refused_field("first_index", _("Give what the new meter shows."))
    former = _take_down(point, day, last_index_m3, acting_user)
    if former is not None and former.meter.serial == new.serial:
        raise refused_field("meter_serial", _("This meter hangs there already."))
    installation = hang_meters([(new, point, day)], point.division)[0]
    for link in links:
        if link.basis != _Basis.METER:
            _charge_by_meter(link, day)
    _record(links, installation, former, day, new, acting_user)
    return installation


def _locked(service_point: ServicePoint) -> ServicePoint:
    rows = ServicePoint.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("division").get(pk=service_point.pk)


def _require_day(point: ServicePoint, day: date) -> None:
    basis = SuppliedService.objects.get(code=point.service).basis
    if basis != SuppliedService.Basis.METER:
        raise refused(
            _("What {point} supplies is not counted by a meter."), code="no_meter", point=point.code
        )
    if day > timezone.localdate():
        raise refused_field("day", _("It is said when the day has come: {day} lies ahead."), day=day)
    later = point.installations.filter(validity__startswith__gte=day).order_by("validity").first()
    if later is not None:
        raise refused_field(
            "day",
            _("At {point} a meter was hung on {first_day} already; an exchange follows that."),
            point=point.code,
            first_day=later.validity.lower,
        )


def _links_from_locked(point: ServicePoint, day: date) -> list[ContractServicePoint]:
    """The contracts that pay for the point on `day` or later, by their first days; their accounts are locked.

    Accounts are locked before the point, as whoever transfers or closes one does; who took the point over meanwhile is
    seen at the next look.
    """
    locked: set[int] = set()
    while True:
        found = point.contracts.select_related("contract__account", "service_point").order_by("validity")
        links = list(found.filter(validity__overlap=DateRange(day, None)))
        accounts = {link.contract.account_id: link.contract.account for link in links}
        if accounts.keys() <= locked:
            return links
        for account_id in sorted(accounts.keys() - locked):
            locked_account(accounts[account_id])
        locked |= accounts.keys()


def _take_down(
    point: ServicePoint, day: date, last_index_m3: Decimal | None, acting_user: User | None
) -> MeterInstallation | None:
    """The meter that hung at the point until `day`, with its last reading; None where there is none."""
    hanging = list(
        point.installations.filter(validity__contains=day).select_related("meter", "service_point")
    )
    if not hanging:
        if last_index_m3 is not None:
            raise refused_field("last_index", _("No meter hangs there that could be read."))
        return None
    if len(hanging) > 1:
        raise refused(
            _("The meter at {point} has several registers: its exchange cannot be entered here."),
            code="several_registers",
            point=point.code,
        )
    former = hanging[0]
    later = former.readings.filter(read_on__gt=day).order_by("-read_on").first()
    if later is not None:
        raise refused_field(
            "day",
            _("The meter {serial} was still read on {read_on}."),
            serial=former.meter.serial,
            read_on=later.read_on,
        )
    if last_index_m3 is None:
        raise refused_field(
            "last_index",
            _("Give what the meter {serial} shows on {day}."),
            serial=former.meter.serial,
            day=day,
        )
    believed_reading(former, day, last_index_m3, "last_index", acting_user)
    former.validity = DateRange(former.validity.lower, day)
    former.save(update_fields=["validity"])
    return former


def _charge_by_meter(link: ContractServicePoint, day: date) -> None:
    """The same contract pays for the point, from `day` on by meter."""
    last_day = link.validity.upper
    if link.validity.lower >= day:
        link.basis = _Basis.METER
        link.save(update_fields=["basis"])
        return
    end_on(link, day)
    ContractServicePoint.objects.create(
        contract=link.contract,
        service_point=link.service_point,
        basis=_Basis.METER,
        validity=DateRange(day, last_day),
    )


def _record(
    links: Sequence[ContractServicePoint],
    installation: MeterInstallation,
    former: MeterInstallation | None,
    day: date,
    new: NewMeter,
    acting_user: User | None,
) -> None:
    point = installation.service_point
    record_change(
        acting_user=acting_user,
        action="install meter" if former is None else "exchange meter",
        subject=point,
        subject_id=point.code,
        division=point.division,
        old_values=None if former is None else {"meter": former.meter.serial},
        new_values={"meter": new.serial, "day": day.isoformat(), "index_m3": str(new.index_m3)},
    )
    kinds = AccountChange.Kind
    for account in {link.contract.account_id: link.contract.account for link in links}.values():
        log_change(
            account,
            kinds.METER_INSTALLED if former is None else kinds.METER_EXCHANGED,
            day,
            acting_user,
            detail=new.serial if former is None else f"{former.meter.serial} → {new.serial}",
        )
