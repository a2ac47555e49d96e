"""Another subscriber takes over a premise: last readings, the end of one contract, a new account with another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.models import (
    Account,
    AccountChange,
    AccountValue,
    Contract,
    ContractService,
    ContractServicePoint,
    LedgerEntry,
    Reading,
    Subscriber,
    SuppliedService,
)
from billing.services.account_numbers import take_numbers
from billing.services.contract_ends import (
    Indexes,
    contract_to_end,
    cut_contract,
    enter_last_readings,
    held_on,
    locked_account,
    log_change,
)
from billing.services.field_refusals import refused_field
from billing.services.personal_numbers import require_person
from billing.services.registers import open_contracts
from billing.services.runs import run_billing
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.models import User
from gis_core.services.audit import record_change

# What an account's numbers say of the premise, and not of who lives there.
_OF_THE_PREMISE = (AccountValue.Kind.AREA, AccountValue.Kind.COEFFICIENT, AccountValue.Kind.NORM)
_BY_RESIDENTS = (SuppliedService.Basis.RESIDENTS, SuppliedService.Basis.NORM)


@dataclass(frozen=True)
class NextParty:
    """Who takes over. Numbers that are left out are given."""

    subscriber_class: str
    name: str
    tax_id: str = ""
    personal_id: str = ""
    phone: str = ""
    residents: int = 0
    is_priority: bool = False
    account_number: str = ""


@dataclass(frozen=True)
class Transferred:
    """What a transfer did: the account that ended, the one that begins, last readings, and what went over."""

    former: Account
    account: Account
    contract: Contract
    readings: Sequence[Reading]
    points: Sequence[ContractServicePoint]
    services: Sequence[ContractService]


@dataclass(frozen=True)
class TransferPreview:
    """What a transfer would do; nothing of it is kept.

    `balance` stays with the former party (positive: owed), and `to_bill` comes on top: what has not been billed up
    to the day, with VAT. `unbillable` are reasons for which something of that could not be billed.
    """

    transferred: Transferred
    balance: Decimal
    to_bill: Decimal
    unbillable: Sequence[str]


@transaction.atomic
def transfer_account(
    *, account: Account, day: date, party: NextParty, indexes: Indexes, acting_user: User | None
) -> Transferred:
    """Give a premise to another subscriber from `day` on, with the points and services of the contract that ends.

    Every meter is read on `day`: what is used before is billed to the former party, who keeps debt, benefits and
    absences, what is used after to the next one. Area, norms and coefficients of the premise go over. Raises
    ReportedError at the field; nothing is changed then.
    """
    former = locked_account(account)
    contract = contract_to_end(former, day)
    links, services = held_on(contract, day)
    require_person(
        subscriber_class=party.subscriber_class,
        name=party.name,
        tax_id=party.tax_id,
        personal_id=party.personal_id,
    )
    _require_residents(party, links, services)
    readings = enter_last_readings(former, day, indexes, acting_user)
    cut_contract(contract, day)
    taken = _next_account(former, party)
    begun = open_contracts([taken], [""], day)[0]
    went_over = _carry_over(begun, links, services, day)
    _copy_values(former, taken, day)
    kinds = AccountChange.Kind
    log_change(former, kinds.TRANSFERRED_TO, day, acting_user, other=taken)
    log_change(taken, kinds.TRANSFERRED_FROM, day, acting_user, other=former)
    record_change(
        acting_user=acting_user,
        action="transfer account",
        subject=former,
        division=former.division,
        old_values={"account": former.number, "contract": contract.number},
        new_values={
            "account": taken.number,
            "contract": begun.number,
            "from": day.isoformat(),
            "indexes_m3": {row.installation.meter.serial: str(row.index_m3) for row in readings},
        },
    )
    return Transferred(former, taken, begun, readings, *went_over)


def preview_transfer(
    *, account: Account, day: date, party: NextParty, indexes: Indexes, acting_user: User | None
) -> TransferPreview:
    """Do it, look at it and take it back: the same refusals, and the bill that the former party would get."""
    with transaction.atomic():
        made = transfer_account(
            account=account, day=day, party=party, indexes=indexes, acting_user=acting_user
        )
        month = timezone.localdate().replace(day=1)
        # As a run would see it, whatever of the registers the asker may look at.
        with working_in(EVERYTHING):
            bill = run_billing(
                enterprise=made.former.enterprise,
                month=month,
                acting_user=acting_user,
                is_trial=True,
                account=made.former,
            )
        transaction.set_rollback(True)
    owed = LedgerEntry.objects.filter(account=account).aggregate(total=Sum("amount"))["total"]
    return TransferPreview(made, owed or Decimal(0), bill.total_net + bill.total_vat, list(bill.exceptions))


def _require_residents(
    party: NextParty, links: Sequence[ContractServicePoint], services: Sequence[ContractService]
) -> None:
    by_norm = any(link.basis == ContractServicePoint.Basis.NORM for link in links)
    listed = SuppliedService.objects.filter(
        pk__in=[held.service_id for held in services], basis__in=_BY_RESIDENTS
    )
    if not party.residents and (by_norm or listed.exists()):
        raise refused_field("residents", _("A service here is charged by residents: say how many."))


def _next_account(former: Account, party: NextParty) -> Account:
    """The next party at the same address, with an account of the same enterprise and division."""
    number = take_numbers(former.enterprise, 1)[0]
    account_number = party.account_number or number
    if party.account_number:
        with working_in(EVERYTHING):
            if Account.objects.filter(enterprise=former.enterprise, number=account_number).exists():
                raise refused_field(
                    "account_number",
                    _("The account number {number} is taken already."),
                    code="number_taken",
                    number=account_number,
                )
    premise = former.subscriber
    subscriber = Subscriber.objects.create(
        division=former.division,
        registry_number=number,
        subscriber_class=party.subscriber_class,
        name=party.name,
        tax_id=party.tax_id,
        personal_id=party.personal_id,
        phone=party.phone,
        street=premise.street,
        house=premise.house,
        flat=premise.flat,
        residents=party.residents,
        is_priority=party.is_priority,
    )
    return Account.objects.create(
        enterprise=former.enterprise,
        division=former.division,
        subscriber=subscriber,
        number=account_number,
        currency=former.currency,
    )


def _carry_over(
    contract: Contract,
    links: Sequence[ContractServicePoint],
    services: Sequence[ContractService],
    day: date,
) -> tuple[list[ContractServicePoint], list[ContractService]]:
    """The same points and services under the new contract, to the days that they had."""
    points = [
        ContractServicePoint(
            contract=contract,
            service_point=link.service_point,
            basis=link.basis,
            validity=DateRange(day, link.validity.upper),
        )
        for link in links
    ]
    held = [
        ContractService(
            contract=contract, service_id=each.service_id, validity=DateRange(day, each.validity.upper)
        )
        for each in services
    ]
    return ContractServicePoint.objects.bulk_create(points), ContractService.objects.bulk_create(held)


def _copy_values(former: Account, taken: Account, day: date) -> None:
    """What the premise's numbers are on `day`, and become later."""
    latest: dict[tuple[str, str | None], AccountValue] = {}
    copies: list[AccountValue] = []
    for value in former.values.filter(kind__in=_OF_THE_PREMISE).order_by("valid_from"):
        if value.valid_from <= day:
            latest[value.kind, value.service_id] = value
        else:
            copies.append(value)
    AccountValue.objects.bulk_create(
        AccountValue(
            account=taken,
            kind=value.kind,
            service_id=value.service_id,
            valid_from=max(value.valid_from, day),
            value=value.value,
            document=value.document,
        )
        for value in (*latest.values(), *copies)
    )
