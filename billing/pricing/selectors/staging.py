"""Cases of documents, written into the tables that pricing starts from."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from billing.pricing.selectors.cases import CaseInstallation, CaseService, PriceCase
from billing.pricing.selectors.dated_values import Dated, PriceForm
from gis_core.database.sql_files import load_sql

_COLUMNS = {
    "pricing_case": (
        "case_no, month, month_end, residents_list, area_list, absence_minimum_days, average_months, "
        "average_at_most_months"
    ),
    "pricing_service": (
        "case_no, service_no, basis, contract_from, contract_to, tariff_list, vat_list, coefficient_list, "
        "norm_list, base_service_no, given_on, given_quantity"
    ),
    "pricing_value": "list_no, valid_from, valid_to, value",
    "pricing_tariff": (
        "list_no, valid_from, valid_to, register, limits, prices, component_names, component_prices, "
        "per_resident, vat_included"
    ),
    "pricing_installation": (
        "installation_no, case_no, service_no, register, installed_from, installed_to, capacity, multiplier, "
        "factor_list"
    ),
    "pricing_reading": "installation_no, read_on, index_value",
    "pricing_benefit": ("case_no, service_no, benefit_no, valid_from, valid_to, residents, share_percent"),
    "pricing_absence": "case_no, absent_from, absent_to, residents",
    "pricing_quality_act": "case_no, service_no, act_no, poor_from, poor_to, percent",
    "pricing_subsidy": "case_no, service_no, subsidy_no, amount",
}


def stage_cases(cursor: Any, cases: Sequence[PriceCase]) -> dict[int, CaseInstallation]:
    """Make the staged tables anew and fill them; a case's number is its place.

    Returns the installations by their numbers.
    """
    staged = StagedRows()
    for case_no, case in enumerate(cases):
        staged.add_case(case_no, case)
    cursor.execute(load_sql("billing.pricing", "staging"))
    for table, columns in _COLUMNS.items():
        with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in staged.rows[table]:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {table}")
    return staged.installations


class StagedRows:
    """The rows of the staged tables."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
        self.installations: dict[int, CaseInstallation] = {}
        self._list_numbers: Iterator[int] = count(1)

    def add_case(self, case_no: int, case: PriceCase) -> None:
        """The rows of a case and all that it holds."""
        self.rows["pricing_case"].append(
            (
                case_no,
                case.month,
                month_after(case.month),
                self._values(case.residents),
                self._values(case.area_m2),
                case.absence_minimum_days,
                case.average_months,
                case.average_at_most_months,
            )
        )
        vat_list = self._values(case.vat)
        numbers = {service.name: number for number, service in enumerate(case.services)}
        for service in case.services:
            self._add_service(case_no, case, service, numbers, vat_list)
        self._add_inputs(case_no, case, numbers)

    def _add_service(
        self,
        case_no: int,
        case: PriceCase,
        service: CaseService,
        numbers: dict[str, int],
        vat_list: int | None,
    ) -> None:
        self.rows["pricing_service"].append(
            (
                case_no,
                numbers[service.name],
                service.basis,
                service.contract.first,
                _end(service.contract.end),
                self._tariff(service.tariff),
                vat_list if service.vat is None else self._values(service.vat),
                self._values(service.coefficient),
                self._values(service.norm_l_per_resident_day),
                numbers[service.of] if service.of is not None and service.basis == "of_service" else None,
                service.on,
                service.shares.get(case.month) if service.basis == "share" else service.quantity,
            )
        )
        # What another basis would use is not charged by this one.
        for installation in service.installations if service.basis == "meter" else ():
            number = len(self.installations)
            self.installations[number] = installation
            self.rows["pricing_installation"].append(
                (
                    number,
                    case_no,
                    numbers[service.name],
                    installation.register,
                    installation.period.first,
                    _end(installation.period.end),
                    10**installation.digits,
                    installation.multiplier,
                    self._values(installation.quantity_factor),
                )
            )
            self.rows["pricing_reading"] += [(number, day, index) for day, index in installation.readings]

    def _add_inputs(self, case_no: int, case: PriceCase, numbers: dict[str, int]) -> None:
        self.rows["pricing_absence"] += [
            (case_no, period.first, _end(period.end), residents) for period, residents in case.absences
        ]
        for number, benefit in enumerate(case.benefits):
            self.rows["pricing_benefit"] += [
                (
                    *(case_no, numbers[name], number),
                    *(
                        benefit.period.first,
                        _end(benefit.period.end),
                        benefit.residents,
                        benefit.share_percent,
                    ),
                )
                for name in benefit.services
            ]
        for number, act in enumerate(case.quality_acts):
            self.rows["pricing_quality_act"].append(
                (case_no, numbers[act.service], number, act.period.first, _end(act.period.end), act.percent)
            )
        for number, subsidy in enumerate(case.subsidies):
            if subsidy.month == case.month:
                self.rows["pricing_subsidy"] += [
                    (case_no, numbers[name], number, subsidy.amount) for name in subsidy.services
                ]

    def _values(self, values: Sequence[Dated[Any]]) -> int | None:
        if not values:
            return None
        number = next(self._list_numbers)
        self.rows["pricing_value"] += [
            (number, version.valid_from, _end(version.valid_to), version.value) for version in values
        ]
        return number

    def _tariff(self, tariff: Sequence[Dated[list[PriceForm]]]) -> int | None:
        if not tariff:
            return None
        number = next(self._list_numbers)
        self.rows["pricing_tariff"] += [
            (
                *(number, version.valid_from, _end(version.valid_to), form.register),
                *(_array(form.limits), _array(form.prices)),
                *(form.component_names, _array(form.component_prices)),
                *(form.per_resident, form.vat_included),
            )
            for version in tariff
            for form in version.value
        ]
        return number


def _end(day: date | None) -> date | str:
    return "infinity" if day is None else day


def _array(numbers: Iterable[Decimal | None]) -> str:
    """An array as COPY takes it; an empty list would have no type of its own."""
    return "{" + ",".join("NULL" if number is None else f"{number:f}" for number in numbers) + "}"


def month_after(month: date) -> date:
    """The first day of the next month."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
