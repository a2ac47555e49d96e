"""Where a contract ends: the last readings of its meters, and all that it pays for cut off on one day."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import (
    Account,
    AccountChange,
    Contract,
    ContractService,
    ContractServicePoint,
    MeterInstallation,
    Reading,
)
from billing.services.field_refusals import at_field, refused_field
from billing.services.readings import enter_reading
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence, Word

# A reading's index by the uid of the installation that it was read from, m3 to the litre.
Indexes = Mapping[UUID, Decimal]


def locked_account(account: Account) -> Account:
    """The account, locked until the transaction ends: what changes its contracts comes one after the other."""
    rows = Account.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("enterprise__division", "division", "subscriber__street__division").get(
        pk=account.pk
    )


def contract_to_end(account: Account, day: date) -> Contract:
    """The contract that holds on `day` and the day before, so that it can end between them. ReportedError at `day`."""
    if day > timezone.localdate():
        raise refused_field("day", _("It is said when the day has come: {day} lies ahead."), day=day)
    begins = account.contracts.filter(validity__startswith=day, validity__contains=day)
    if begins.exists():
        raise refused_field(
            "day",
            _("The contract begins on {day}: it goes on for a day at least."),
            day=day,
            code="no_contract",
        )
    found = account.contracts.filter(validity__contains=day - timedelta(days=1)).first()
    if found is None or (found.validity.upper is not None and found.validity.upper <= day):
        raise refused_field(
            "day",
            _("The account {number} has no contract that goes on at {day}."),
            number=account.number,
            day=day,
            code="no_contract",
        )
    return found


def meters_to_read(account: Account, day: date) -> QuerySet[MeterInstallation]:
    """The meters whose indexes on `day` part what is used before it from what is used after it."""
    points = ContractServicePoint.objects.filter(
        contract__account=account,
        basis=ContractServicePoint.Basis.METER,
        validity__contains=day - timedelta(days=1),
    ).values("service_point")
    hanging = MeterInstallation.objects.filter(service_point__in=points, validity__contains=day)
    return hanging.select_related("meter", "service_point__division").order_by("meter__serial", "register")


def enter_last_readings(
    account: Account, day: date, indexes: Indexes, acting_user: User | None
) -> list[Reading]:
    """Read every meter on `day`: with the index given, or as it was read that day already.

    Raises ReportedError at the installation's uid: for a meter without an index, and for one that is not believed.
    """
    installations = list(meters_to_read(account, day))
    known = {installation.uid for installation in installations}
    for uid in indexes:
        if uid not in known:
            raise refused_field(str(uid), _("This meter does not hang at a point of the account."))
    return [
        _last_reading(installation, day, indexes.get(installation.uid), acting_user)
        for installation in installations
    ]


def _last_reading(
    installation: MeterInstallation, day: date, index: Decimal | None, acting_user: User | None
) -> Reading:
    if index is None:
        known = installation.readings.filter(read_on=day, state=Reading.State.ACCEPTED).first()
        if known is None:
            raise refused_field(
                str(installation.uid),
                _("Give what the meter {serial} shows on {day}."),
                serial=installation.meter.serial,
                day=day,
                code="no_reading",
            )
        return known
    return believed_reading(installation, day, index, str(installation.uid), acting_user)


def believed_reading(
    installation: MeterInstallation, day: date, index: Decimal, field: str, acting_user: User | None
) -> Reading:
    """Enter a reading that may not wait, since something rests on it. Raises ReportedError at `field`."""
    with at_field(field):
        reading = enter_reading(
            installation=installation,
            read_on=day,
            index_m3=index,
            source=Reading.Source.VISIT,
            acting_user=acting_user,
        )
    if reading.state != Reading.State.ACCEPTED:
        raise refused_field(
            field,
            _("The index {index_m3} of the meter {serial} cannot be believed: {reason}."),
            index_m3=index,
            serial=installation.meter.serial,
            reason=Word(reading.queue_reason),
            code="implausible",
        )
    return reading


def cut_contract(contract: Contract, day: date) -> dict[str, Any]:
    """End a contract, its points and its services on `day`, the first day without them.

    Returns their former ends, by their ids, for `AccountChange.former`. Raises ReportedError for what would begin after
    it.
    """
    links, services = held_on(contract, day)
    for rows in (contract.service_points, contract.services):
        later = rows.filter(validity__startswith__gte=day).order_by("validity").first()
        if later is not None:
            raise refused_field(
                "day",
                _("Something of this contract begins on {first_day}: end it after that day."),
                first_day=later.validity.lower,
                code="begins_later",
            )
    former = {
        "contract": {str(contract.pk): _day(contract.validity.upper)},
        "points": {str(link.pk): _day(link.validity.upper) for link in links},
        "services": {str(held.pk): _day(held.validity.upper) for held in services},
    }
    for link in links:
        end_on(link, day)
    for held in services:
        end_on(held, day)
    end_on(contract, day)
    return former


def held_on(contract: Contract, day: date) -> tuple[list[ContractServicePoint], list[ContractService]]:
    """What a contract pays for on `day`: points, and services without one."""
    return (
        list(contract.service_points.filter(validity__contains=day).select_related("service_point")),
        list(contract.services.filter(validity__contains=day)),
    )


def end_on(row: Contract | ContractServicePoint | ContractService, day: date | None) -> None:
    """Let the row end on `day` (exclusive); None: it goes on."""
    row.validity = DateRange(row.validity.lower, day)
    row.save(update_fields=["validity"])


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def log_change(
    account: Account,
    kind: AccountChange.Kind,
    day: date,
    acting_user: User | None,
    *,
    other: Account | None = None,
    detail: str = "",
    former: dict[str, Any] | None = None,
) -> AccountChange:
    """Write into the account's log."""
    return AccountChange.objects.create(
        account=account,
        kind=kind,
        day=day,
        other_account=other,
        detail=detail,
        former=former or {},
        made_by=acting_user,
    )


def refused(form: str, *, code: str, **values: Any) -> ReportedError:
    """An error that belongs to no field; `form` is marked for gettext where it is written."""
    return ReportedError(Sentence(form, **values), code=code)
