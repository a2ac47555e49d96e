"""Registering subscribers with their accounts, contracts, service points and meters - many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from assets.models import Network
from assets.registers.services.attachments import Place, attach
from billing.models import (
    Account,
    Contract,
    ContractServicePoint,
    Meter,
    MeterInstallation,
    ServicePoint,
    Subscriber,
    Tariff,
)
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, Street, User
from gis_core.sentences import COUNT, Sentence
from gis_core.services.audit import record_change

_BATCH = 2000


@dataclass(frozen=True)
class NewSubscriber:
    """What a registration needs: the person or body, the address, the place on the graph, and the meter."""

    registry_number: str
    subscriber_class: str
    name: str
    street: Street
    house: str
    place: Place
    meter_serial: str
    meter_model: str
    flat: str = ""
    tax_id: str = ""
    personal_id: str = ""
    phone: str = ""
    residents: int = 0
    is_priority: bool = False
    meter_digits: int = 5


@transaction.atomic
def register_subscribers(
    *,
    subscribers: Sequence[NewSubscriber],
    enterprise: Enterprise,
    network: Network,
    starts_on: date,
    acting_user: User | None,
) -> list[MeterInstallation]:
    """Register subscribers with one account, contract, service point and meter each, from `starts_on`.

    Account, contract and service point take their numbers from the registry number. Returns the installations in
    the order given. All or none; raises ReportedError when a registry number is taken.
    """
    _require_free_numbers([new.registry_number for new in subscribers])
    division = enterprise.division
    validity = DateRange(starts_on, None)
    rows = Subscriber.objects.bulk_create(
        [_subscriber(new, division) for new in subscribers], batch_size=_BATCH
    )
    accounts = Account.objects.bulk_create(
        [
            Account(enterprise=enterprise, division=division, subscriber=row, number=row.registry_number)
            for row in rows
        ],
        batch_size=_BATCH,
    )
    contracts = Contract.objects.bulk_create(
        [Contract(account=account, number=f"C-{account.number}", validity=validity) for account in accounts],
        batch_size=_BATCH,
    )
    attachments = attach(network, [new.place for new in subscribers])
    points = ServicePoint.objects.bulk_create(
        [
            ServicePoint(division=division, code=f"SP-{new.registry_number}", attachment=attachment)
            for new, attachment in zip(subscribers, attachments, strict=True)
        ],
        batch_size=_BATCH,
    )
    ContractServicePoint.objects.bulk_create(
        [
            ContractServicePoint(contract=contract, service_point=point, validity=validity)
            for contract, point in zip(contracts, points, strict=True)
        ],
        batch_size=_BATCH,
    )
    installations = _install_meters(subscribers, points, division, validity)
    record_change(
        acting_user=acting_user,
        action="register subscribers",
        subject=enterprise,
        subject_id=enterprise.code,
        division=division,
        new_values={"subscribers": len(rows), "network": network.code, "from": starts_on.isoformat()},
    )
    return installations


def _require_free_numbers(numbers: Sequence[str]) -> None:
    taken = list(
        Subscriber.objects.filter(registry_number__in=numbers).values_list("registry_number", flat=True)[:20]
    )
    if taken:
        raise ReportedError(
            Sentence(
                ngettext_lazy(
                    "{count} registry number is taken already: {taken}.",
                    "{count} registry numbers are taken already, {taken} among them.",
                    COUNT,
                ),
                count=len(taken),
                taken=taken[0],
            ),
            code="number_taken",
        )


def _subscriber(new: NewSubscriber, division: Division) -> Subscriber:
    return Subscriber(
        division=division,
        registry_number=new.registry_number,
        subscriber_class=new.subscriber_class,
        name=new.name,
        tax_id=new.tax_id,
        personal_id=new.personal_id,
        phone=new.phone,
        street=new.street,
        house=new.house,
        flat=new.flat,
        residents=new.residents,
        is_priority=new.is_priority,
    )


def _install_meters(
    subscribers: Sequence[NewSubscriber],
    points: Sequence[ServicePoint],
    division: Division,
    validity: DateRange,
) -> list[MeterInstallation]:
    meters = Meter.objects.bulk_create(
        [
            Meter(
                division=division,
                serial=new.meter_serial,
                model_name=new.meter_model,
                digits=new.meter_digits,
            )
            for new in subscribers
        ],
        batch_size=_BATCH,
    )
    return MeterInstallation.objects.bulk_create(
        [
            MeterInstallation(meter=meter, service_point=point, validity=validity)
            for meter, point in zip(meters, points, strict=True)
        ],
        batch_size=_BATCH,
    )


@transaction.atomic
def set_tariff(
    *,
    enterprise: Enterprise,
    service: str,
    subscriber_class: str,
    first_day: date,
    acting_user: User | None,
    price_per_m3: Decimal | None = None,
    block_limits: Sequence[Decimal] = (),
    block_prices: Sequence[Decimal] = (),
) -> Tariff:
    """Let a price of the unit, or blocks, hold from `first_day` on; what held before ends on the day before.

    Blocks: rising limits for 30 days, and one price more than these. Raises ReportedError when a later price is
    already set, since history is not rewritten.
    """
    same = Tariff.objects.select_for_update().filter(
        enterprise=enterprise, division=None, service=service, subscriber_class=subscriber_class
    )
    if same.filter(validity__startswith__gte=first_day).exists():
        raise ReportedError(
            Sentence(_("A price from {first_day} or later is set already."), first_day=first_day),
            code="tariff_exists",
        )
    current = same.filter(validity__contains=first_day).first()
    if current is not None:
        current.validity = DateRange(current.validity.lower, first_day)
        current.save(update_fields=["validity"])
    tariff = Tariff.objects.create(
        enterprise=enterprise,
        service=service,
        subscriber_class=subscriber_class,
        validity=DateRange(first_day, None),
        form=Tariff.Form.BLOCKS if block_prices else Tariff.Form.PRICE,
        price_per_m3=price_per_m3,
        block_limits=list(block_limits),
        part_prices=list(block_prices),
    )
    record_change(
        acting_user=acting_user,
        action="set tariff",
        subject=tariff,
        division=enterprise.division,
        old_values=_priced(current) if current else None,
        new_values={**_priced(tariff), "from": first_day.isoformat()},
    )
    return tariff


def _priced(tariff: Tariff) -> dict[str, str]:
    if tariff.form == Tariff.Form.PRICE:
        return {"price_per_m3": str(tariff.price_per_m3)}
    return {
        "limits": ", ".join(str(limit) for limit in tariff.block_limits),
        "prices": ", ".join(str(price) for price in tariff.part_prices),
    }
