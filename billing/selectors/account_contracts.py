"""An account's contract today: what it pays for, by which meters, and whether its closing can be undone."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from billing.models import (
    Account,
    AccountChange,
    Contract,
    ContractServicePoint,
    MeterInstallation,
    Reading,
    ServicePoint,
    SuppliedService,
)


@dataclass(frozen=True)
class SuppliedPoint:
    """A point that is paid for today, with the meters that hang there and the last index of the first."""

    point: ServicePoint
    service: SuppliedService
    is_by_norm: bool
    installations: list[MeterInstallation]
    last_index_m3: Decimal | None
    last_read_on: date | None


@dataclass(frozen=True)
class AccountContract:
    """`contract` is today's, else the newest; `is_held` whether it holds today. Former ones come after it."""

    contract: Contract | None
    is_held: bool
    former: list[Contract]
    points: list[SuppliedPoint]
    services: list[SuppliedService]
    can_be_reopened: bool


def account_contract(account: Account) -> AccountContract:
    """Of an account to which whoever calls has access."""
    today = timezone.localdate()
    contracts = list(account.contracts.order_by("-validity"))
    held = next((row for row in contracts if _holds(row, today)), None)
    shown = held or (contracts[0] if contracts else None)
    nomenclature = SuppliedService.objects.in_bulk()
    return AccountContract(
        contract=shown,
        is_held=held is not None,
        former=[row for row in contracts if row is not shown],
        points=_points(held, today, nomenclature) if held else [],
        services=[
            nomenclature[each.service_id]
            for each in (
                held.services.filter(validity__contains=today).order_by("service__position") if held else ()
            )
        ],
        can_be_reopened=_can_be_reopened(account),
    )


def _holds(contract: Contract, day: date) -> bool:
    upper = contract.validity.upper
    return bool(contract.validity.lower <= day and (upper is None or day < upper))


def _points(contract: Contract, today: date, nomenclature: dict[str, SuppliedService]) -> list[SuppliedPoint]:
    links = contract.service_points.filter(validity__contains=today).select_related(
        "service_point__attachment__node", "service_point__attachment__network"
    )
    rows = list(links.order_by("service_point__code"))
    hanging: dict[int, list[MeterInstallation]] = {}
    installations = MeterInstallation.objects.filter(
        service_point__in=[row.service_point_id for row in rows], validity__contains=today
    )
    for each in installations.select_related("meter").order_by("meter__serial", "register"):
        hanging.setdefault(each.service_point_id, []).append(each)
    first = [found[0].pk for found in hanging.values()]
    last = {
        reading.installation_id: reading
        for reading in Reading.objects.filter(installation__in=first, state=Reading.State.ACCEPTED).order_by(
            "read_on"
        )
    }
    return [_point(row, hanging.get(row.service_point_id, []), last, nomenclature) for row in rows]


def _point(
    link: ContractServicePoint,
    installations: list[MeterInstallation],
    last: dict[int, Reading],
    nomenclature: dict[str, SuppliedService],
) -> SuppliedPoint:
    reading = last.get(installations[0].pk) if installations else None
    return SuppliedPoint(
        point=link.service_point,
        service=nomenclature[link.service_point.service],
        is_by_norm=link.basis != ContractServicePoint.Basis.METER,
        installations=installations,
        last_index_m3=reading.index_m3 if reading else None,
        last_read_on=reading.read_on if reading else None,
    )


def _can_be_reopened(account: Account) -> bool:
    """Whether it was closed last, by a closing that said what it cut, and no bill was made since."""
    last = account.changes.order_by("-pk").first()
    if last is None or last.kind != AccountChange.Kind.CLOSED or not last.former:
        return False
    return not account.invoices.filter(run__started_at__gt=last.made_at).exists()
