"""What changes the bills of single accounts: values, absences, benefits, subsidies, acts, quantities, services."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_noop as _

from billing.exchange.services.rules import BATCH, Rules
from billing.exchange.services.sheet import RowOutcome, RowRefused, SheetRow
from billing.models import (
    Absence,
    AccountValue,
    Benefit,
    BenefitService,
    Contract,
    ContractService,
    GivenQuantity,
    QualityAct,
    Subsidy,
    SubsidyService,
    SuppliedService,
)
from gis_core.sentences import Sentence

_OF_A_SERVICE = (AccountValue.Kind.COEFFICIENT, AccountValue.Kind.NORM)
_Basis = SuppliedService.Basis
_NOT_GIVEN = (_Basis.OF_SERVICE, _Basis.AREA, _Basis.RESIDENTS, _Basis.FIXED)


class _OfAccount(Rules):
    """Rows that belong to an account."""

    def stored_rows(self) -> Iterable[Any]:
        accounts = {row.fields["account_id"] for row in self.sheet.taken()}
        return self.model._default_manager.filter(account_id__in=accounts)

    def account_of(self, row: SheetRow) -> int:
        return self.ground.account(row).pk

    def since_contract(self, column: str) -> None:
        """Refuse rows that begin before the account's first contract or after its last."""
        spans: dict[int, list[Any]] = defaultdict(list)
        accounts = {row.fields["account_id"] for row in self.sheet.taken() if "account_id" in row.fields}
        rows = Contract.objects.filter(account_id__in=accounts)
        for account, validity in rows.values_list("account_id", "validity"):
            spans[account].append(validity)
        for row in self.sheet.taken():
            if row.outcome in (RowOutcome.CREATED, RowOutcome.CHANGED):
                _refuse_outside(row, column, spans[row.fields["account_id"]])


def _refuse_outside(row: SheetRow, column: str, contracts: list[Any]) -> None:
    day: date = row[column]
    if not contracts:
        row.refuse("account", Sentence(_("the account has no contract")))
    elif day < min(span.lower for span in contracts):
        row.refuse(
            column,
            Sentence(
                _("lies before the account’s first contract, which begins on {day}"),
                day=min(span.lower for span in contracts),
            ),
        )
    elif all(span.upper is not None and span.upper <= day for span in contracts):
        row.refuse(column, Sentence(_("lies after the end of the account’s last contract")))


class AccountValueRules(_OfAccount):
    """Numbers of accounts. Such as hold from before the contract are right: residents were registered earlier."""

    model = AccountValue
    identity = ("account_id", "kind", "service_id", "valid_from")
    columns = {"value": "value", "document": "document"}

    def understand(self, row: SheetRow) -> None:
        kind = self.kind_of(row)
        service = None if row["service"] is None else self.ground.service(row).pk
        if (kind in _OF_A_SERVICE) != (service is not None):
            raise RowRefused(
                "service",
                Sentence(_("is needed for a coefficient or norm"))
                if service is None
                else Sentence(_("stays empty for residents and area")),
            )
        row.fields = {
            "account_id": self.account_of(row),
            "kind": kind,
            "service_id": service,
            "valid_from": row["valid_from"],
            "value": self.value_of(row),
            "document": row["document"] or "",
        }

    def kind_of(self, row: SheetRow) -> str:
        return str(row["kind"])

    def value_of(self, row: SheetRow) -> Any:
        return row["value"]


class ResidentsRules(AccountValueRules):
    columns = {"value": "residents", "document": "document"}

    def kind_of(self, row: SheetRow) -> str:
        return AccountValue.Kind.RESIDENTS

    def value_of(self, row: SheetRow) -> Any:
        return row["residents"]

    def stored_rows(self) -> Iterable[Any]:
        return [row for row in super().stored_rows() if row.kind == AccountValue.Kind.RESIDENTS]


class AbsenceRules(_OfAccount):
    model = Absence
    identity = ("account_id", "validity", "document")
    columns = {"validity": "first_day", "residents": "residents"}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "account_id": self.account_of(row),
            "validity": self.validity(row),
            "residents": row["residents"],
            "document": row["document"] or "",
        }

    def check(self) -> None:
        self.since_contract("first_day")


class QualityActRules(_OfAccount):
    model = QualityAct
    identity = ("account_id", "service_id", "validity", "document")
    columns = {"validity": "first_day", "percent": "percent"}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "account_id": self.account_of(row),
            "service_id": self.ground.service(row).pk,
            "validity": self.validity(row),
            "percent": row["percent"],
            "document": row["document"] or "",
        }

    def check(self) -> None:
        self.since_contract("first_day")


class GivenQuantityRules(_OfAccount):
    model = GivenQuantity
    identity = ("account_id", "service_id", "month")
    columns = {"charged_on": "charged_on", "quantity": "quantity", "document": "document"}

    def understand(self, row: SheetRow) -> None:
        service = self.ground.service(row)
        if service.basis in _NOT_GIVEN:
            raise RowRefused(
                "service",
                Sentence(_("no quantity of {service} is given: it follows by itself"), service=service.pk),
            )
        is_once = service.basis == _Basis.ONE_OFF
        if is_once != (row["charged_on"] is not None):
            raise RowRefused(
                "charged_on",
                Sentence(_("is needed for what is charged once"))
                if is_once
                else Sentence(_("stays empty for what is not charged once")),
            )
        if is_once and row["charged_on"].replace(day=1) != row["month"]:
            raise RowRefused("charged_on", Sentence(_("does not lie in the month")))
        row.fields = {
            "account_id": self.account_of(row),
            "service_id": service.pk,
            "month": row["month"],
            "charged_on": row["charged_on"],
            "quantity": row["quantity"],
            "document": row["document"] or "",
        }


class _WithServices(_OfAccount):
    """Rows that list services, each in a row of its own that hangs on them."""

    part: type[Model]
    part_key: str

    def read(self) -> None:
        self._services: dict[int, set[str]] = defaultdict(set)
        super().read()

    def stored_rows(self) -> Iterable[Any]:
        found = list(super().stored_rows())
        parts = self.part._default_manager.filter(**{f"{self.part_key}__in": [row.pk for row in found]})
        for pk, service in parts.values_list(self.part_key, "service_id"):
            self._services[pk].add(service)
        return found

    def parts_of(self, stored: Any) -> Any:
        return frozenset(self._services[stored.pk])

    def write_parts(self, written: Sequence[SheetRow]) -> None:
        gone = [
            (row.stored.pk, service)
            for row in written
            for service in self._services[row.stored.pk] - row.parts
        ]
        of_rows = self.part._default_manager.filter(**{f"{self.part_key}__in": {pk for pk, _service in gone}})
        keys = {
            (pk, service): key for key, pk, service in of_rows.values_list("pk", self.part_key, "service_id")
        }
        self.part._default_manager.filter(pk__in=[keys[pair] for pair in gone]).delete()
        self.part._default_manager.bulk_create(
            [
                self.new_part(row.stored, service)
                for row in written
                for service in sorted(row.parts - self._services[row.stored.pk])
            ],
            batch_size=BATCH,
        )

    def new_part(self, stored: Any, service: str) -> Model:
        return self.part(**{self.part_key: stored.pk, "service_id": service})


class BenefitRules(_WithServices):
    model = Benefit
    part, part_key = BenefitService, "benefit_id"
    identity = ("account_id", "kind", "beneficiary", "validity")
    columns = {
        "document": "document",
        "validity": "first_day",
        "residents": "residents",
        "share_percent": "share_percent",
    }
    defaults = {"residents": 1}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "account_id": self.account_of(row),
            "kind": row["kind"],
            "beneficiary": row["beneficiary"] or "",
            "document": row["document"] or "",
            "validity": self.validity(row),
            "residents": row["residents"],
            "share_percent": row["share_percent"],
        }
        row.parts = self.ground.service_codes(row)


class SubsidyRules(_WithServices):
    model = Subsidy
    part, part_key = SubsidyService, "subsidy_id"
    identity = ("account_id", "month", "document")
    columns = {"amount": "amount"}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "account_id": self.account_of(row),
            "month": row["month"],
            "amount": row["amount"],
            "document": row["document"] or "",
        }
        row.parts = self.ground.service_codes(row)

    def new_part(self, stored: Any, service: str) -> Model:
        return SubsidyService(
            subsidy=stored, service_id=service, account_id=stored.account_id, month=stored.month
        )

    def check(self) -> None:
        """Of an account's month, one subsidy alone pays towards a service."""
        named = {row.stored.pk for row in self.sheet.taken() if row.stored is not None}
        taken: dict[tuple[Any, ...], int | None] = {
            (stored.account_id, stored.month, service): None
            for stored in self.candidates
            if stored.pk not in named
            for service in self._services[stored.pk]
        }
        for row in self.sheet.taken():
            for service in sorted(row.parts):
                key = (row.fields["account_id"], row.fields["month"], service)
                if key in taken and row.is_taken:
                    row.refuse("services", _paid_already(service, taken[key]))
                taken.setdefault(key, row.number)


def _paid_already(service: str, row: int | None) -> Sentence:
    if row is not None:
        return Sentence(_("{service} is paid for by row {row} already"), service=service, row=row)
    return Sentence(_("{service} is paid for by another subsidy of that month"), service=service)


class ContractServiceRules(Rules):
    """Services that need no service point, within the days of their contract."""

    model = ContractService
    identity = ("contract_id", "service_id", "validity")
    columns = {"validity": "first_day"}

    def read(self) -> None:
        self._contracts: dict[int, list[Contract]] = defaultdict(list)
        accounts = [account.pk for account in self.ground.accounts.values()]
        for contract in Contract.objects.filter(account_id__in=accounts).order_by("validity"):
            self._contracts[contract.account_id].append(contract)
        super().read()

    def understand(self, row: SheetRow) -> None:
        service = self.ground.service(row)
        if service.basis in (_Basis.METER, _Basis.ONE_OFF):
            raise RowRefused(
                "service",
                Sentence(_("{service} needs a service point, or is charged once"), service=service.pk),
            )
        validity = self.validity(row)
        contract = self._contract(row)
        if validity.lower < contract.validity.lower or (
            contract.validity.upper is not None
            and (validity.upper is None or validity.upper > contract.validity.upper)
        ):
            raise RowRefused(
                "first_day",
                Sentence(
                    _("the days do not lie within those of the contract {number}"), number=contract.number
                ),
            )
        row.fields = {"contract_id": contract.pk, "service_id": service.pk, "validity": validity}

    def _contract(self, row: SheetRow) -> Contract:
        there = self._contracts[self.ground.account(row).pk]
        if row["contract"] is not None:
            found = next((one for one in there if one.number == row["contract"]), None)
            if found is None:
                raise RowRefused(
                    "contract", Sentence(_("the account has no contract {number}"), number=row["contract"])
                )
            return found
        day = row["first_day"]
        found = next(
            (
                one
                for one in there
                if one.validity.lower <= day and (one.validity.upper is None or day < one.validity.upper)
            ),
            None,
        )
        if found is None:
            raise RowRefused("first_day", Sentence(_("the account has no contract on that day")))
        return found

    def stored_rows(self) -> Iterable[Any]:
        contracts = {row.fields["contract_id"] for row in self.sheet.taken()}
        return ContractService.objects.filter(contract_id__in=contracts)

    def check(self) -> None:
        self.refuse_overlaps(("contract_id", "service_id"))
