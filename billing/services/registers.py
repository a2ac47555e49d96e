"""Registering subscribers with their accounts, contracts, services, service points and meters - many at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from assets.models import Network
from assets.registers.services.attachments import Place, attach
from billing.models import (
    Account,
    AccountChange,
    AccountValue,
    Contract,
    ContractService,
    ContractServicePoint,
    MeterInstallation,
    Reading,
    ServicePoint,
    Subscriber,
    SuppliedService,
    Tariff,
)
from billing.services.account_numbers import take_numbers
from billing.services.field_refusals import at_field
from billing.services.meters import NewMeter, meters_to_hang, refused_move
from billing.services.readings import require_fitting
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.database.statistics import gather_statistics
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, Street, User
from gis_core.sentences import COUNT, Sentence
from gis_core.services.audit import record_change

_BATCH = 2000
# What a subscriber is supplied by; readings are checked against all of it, row by row.
_OF_SUPPLY = (
    *("assets_attachment", "billing_servicepoint", "billing_contractservicepoint", "billing_contractservice"),
    *("billing_meter", "billing_meterinstallation"),
)
_WATER = "cold_water"


@dataclass(frozen=True)
class NewService:
    """A service of the nomenclature that a contract begins with.

    One that is metered hangs on the network by a point; `is_by_norm` charges it by norm until it gets a meter.
    """

    service: str
    is_by_norm: bool = False
    meter: NewMeter | None = None


@dataclass(frozen=True)
class NewSubscriber:
    """What a registration needs: the person or body, the address, the place on the graph, and what is supplied.

    Where no services are listed it is the network's water, by the meter named. Numbers that are left out are given by
    `billing/services/account_numbers.py`; an account without one has the registry number.
    """

    registry_number: str
    subscriber_class: str
    name: str
    street: Street
    house: str
    place: Place | None = None
    meter_serial: str = ""
    meter_model: str = ""
    flat: str = ""
    tax_id: str = ""
    personal_id: str = ""
    phone: str = ""
    residents: int = 0
    is_priority: bool = False
    meter_digits: int = 5
    services: tuple[NewService, ...] = ()
    account_number: str = ""
    contract_number: str = ""
    area_m2: Decimal | None = None

    @property
    def supplied(self) -> tuple[NewService, ...]:
        meter = NewMeter(self.meter_serial, self.meter_model, self.meter_digits)
        return self.services or (NewService(_WATER, meter=meter),)


@dataclass(frozen=True)
class Registered:
    """What a registration made: accounts with their contracts, in the order given, and meters hung."""

    accounts: list[Account]
    installations: list[MeterInstallation]


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
    division = enterprise.division
    made = register(subscribers, enterprise, division, network, starts_on, acting_user)
    record_change(
        acting_user=acting_user,
        action="register subscribers",
        subject=enterprise,
        subject_id=enterprise.code,
        division=division,
        new_values={
            "subscribers": len(made.accounts),
            "network": network.code,
            "from": starts_on.isoformat(),
        },
    )
    return made.installations


def register(
    subscribers: Sequence[NewSubscriber],
    enterprise: Enterprise,
    division: Division,
    network: Network | None,
    starts_on: date,
    acting_user: User | None,
) -> Registered:
    """Register subscribers in `division` from `starts_on`; whoever calls holds the transaction and its audit row.

    A service that needs a point takes its subscriber's `place` of `network`. ReportedError for numbers and meters that
    are taken.
    """
    _require_free_numbers([new.registry_number for new in subscribers if new.registry_number])
    numbered = _numbered(subscribers, enterprise)
    validity = DateRange(starts_on, None)
    rows = Subscriber.objects.bulk_create([_subscriber(new, division) for new in numbered], batch_size=_BATCH)
    accounts = Account.objects.bulk_create(
        [
            Account(enterprise=enterprise, division=division, subscriber=row, number=new.account_number)
            for row, new in zip(rows, numbered, strict=True)
        ],
        batch_size=_BATCH,
    )
    contracts = open_contracts(accounts, [new.contract_number for new in numbered], starts_on)
    AccountChange.objects.bulk_create(
        [
            AccountChange(account=account, kind=AccountChange.Kind.OPENED, day=starts_on, made_by=acting_user)
            for account in accounts
        ],
        batch_size=_BATCH,
    )
    are_many = len(numbered) > _BATCH
    if are_many:
        gather_statistics("billing_subscriber", "billing_account", "billing_contract", waits=False)
    installations = _supply(numbered, contracts, division, network, validity)
    if are_many:
        gather_statistics(*_OF_SUPPLY, waits=False)
    AccountValue.objects.bulk_create(
        [
            AccountValue(account=account, kind="area", valid_from=starts_on, value=new.area_m2)
            for account, new in zip(accounts, numbered, strict=True)
            if new.area_m2 is not None
        ],
        batch_size=_BATCH,
    )
    return Registered(accounts, installations)


def open_contracts(accounts: Sequence[Account], numbers: Sequence[str], starts_on: date) -> list[Contract]:
    """A contract for each account from a day on, under its number or one made from the account's."""
    return Contract.objects.bulk_create(
        [
            Contract(
                account=account,
                number=number or f"C-{account.number}",
                validity=DateRange(starts_on, None),
            )
            for account, number in zip(accounts, numbers, strict=True)
        ],
        batch_size=_BATCH,
    )


def _require_free_numbers(numbers: Sequence[str]) -> None:
    # They are unique for all divisions, those that the asker does not see included.
    with working_in(EVERYTHING):
        taken = list(
            Subscriber.objects.filter(registry_number__in=numbers).values_list("registry_number", flat=True)[
                :20
            ]
        )
    if taken:
        sentence = Sentence(
            ngettext_lazy(
                "{count} registry number is taken already: {taken}.",
                "{count} registry numbers are taken already, {taken} among them.",
                COUNT,
            ),
            count=len(taken),
            taken=taken[0],
        )
        details = [{"field": "registry_number", "reason": sentence}]
        raise ReportedError(sentence, code="number_taken", details=details)


def _numbered(subscribers: Sequence[NewSubscriber], enterprise: Enterprise) -> list[NewSubscriber]:
    """The same with registry and account numbers: given ones stay."""
    without = sum(not new.registry_number for new in subscribers)
    free = iter(take_numbers(enterprise, without) if without else ())
    named = [new if new.registry_number else replace(new, registry_number=next(free)) for new in subscribers]
    return [new if new.account_number else replace(new, account_number=new.registry_number) for new in named]


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


@dataclass(frozen=True)
class _Delivery:
    """A service that is to hang on the network: whose, under which contract, by which point."""

    new: NewService
    contract: Contract
    place: Place
    point_code: str


def _supply(
    subscribers: Sequence[NewSubscriber],
    contracts: Sequence[Contract],
    division: Division,
    network: Network | None,
    validity: DateRange,
) -> list[MeterInstallation]:
    """Points, meters and services of contracts that begin; what is metered hangs on the network."""
    nomenclature = SuppliedService.objects.in_bulk()
    deliveries: list[_Delivery] = []
    others: list[ContractService] = []
    for new, contract in zip(subscribers, contracts, strict=True):
        points = 0
        for supplied in new.supplied:
            service = nomenclature[supplied.service]
            if service.basis == SuppliedService.Basis.METER:
                assert new.place is not None
                points += 1
                code = f"SP-{new.registry_number}" + (f"-{points}" if points > 1 else "")
                deliveries.append(_Delivery(supplied, contract, new.place, code))
            else:
                others.append(ContractService(contract=contract, service=service, validity=validity))
    ContractService.objects.bulk_create(others, batch_size=_BATCH)
    if not deliveries:
        return []
    assert network is not None
    points_made = _make_points(deliveries, division, network, validity)
    return _install_meters(deliveries, points_made, division, validity)


def _make_points(
    deliveries: Sequence[_Delivery], division: Division, network: Network, validity: DateRange
) -> list[ServicePoint]:
    # The network may be run by a division above: what hangs on it is its customers', and no edit of it.
    with working_in(EVERYTHING):
        attachments = attach(network, [delivery.place for delivery in deliveries])
    points = ServicePoint.objects.bulk_create(
        [
            ServicePoint(
                division=division,
                code=delivery.point_code,
                service=delivery.new.service,
                attachment=attachment,
            )
            for delivery, attachment in zip(deliveries, attachments, strict=True)
        ],
        batch_size=_BATCH,
    )
    basis = ContractServicePoint.Basis
    ContractServicePoint.objects.bulk_create(
        [
            ContractServicePoint(
                contract=delivery.contract,
                service_point=point,
                validity=validity,
                basis=basis.NORM if delivery.new.is_by_norm else basis.METER,
            )
            for delivery, point in zip(deliveries, points, strict=True)
        ],
        batch_size=_BATCH,
    )
    return points


def _install_meters(
    deliveries: Sequence[_Delivery],
    points: Sequence[ServicePoint],
    division: Division,
    validity: DateRange,
) -> list[MeterInstallation]:
    pairs = [
        (delivery.new.meter, point)
        for delivery, point in zip(deliveries, points, strict=True)
        if delivery.new.meter is not None
    ]
    return hang_meters(
        [(meter, point, meter.installed_on or validity.lower) for meter, point in pairs], division
    )


def hang_meters(
    wanted: Sequence[tuple[NewMeter, ServicePoint, date]], division: Division
) -> list[MeterInstallation]:
    """Hang meters at points from their days on, with what they show then as their first readings."""
    meters = meters_to_hang(
        [new for new, _point, _day in wanted], division, [day for _new, _point, day in wanted]
    )
    try:
        with transaction.atomic():
            installations = MeterInstallation.objects.bulk_create(
                [
                    MeterInstallation(meter=meter, service_point=point, validity=DateRange(first_day, None))
                    for meter, (_new, point, first_day) in zip(meters, wanted, strict=True)
                ],
                batch_size=_BATCH,
            )
    except IntegrityError as error:
        refusal = refused_move(error, "meter_serial")
        if refusal is None:
            raise
        raise refusal from error
    readings = []
    for installation, (new, point, first_day) in zip(installations, wanted, strict=True):
        if new.index_m3 is not None:
            with at_field("first_index"):
                require_fitting(installation, first_day, new.index_m3)
            readings.append(
                Reading(
                    installation=installation,
                    division_id=point.division_id,
                    read_on=first_day,
                    index_m3=new.index_m3,
                    source=Reading.Source.VISIT,
                )
            )
    Reading.objects.bulk_create(readings, batch_size=_BATCH)
    return installations


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
