"""Documents of cases, written into the registers: the world that a document describes."""

import copy
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.gis.geos import Point
from django.db.backends.postgresql.psycopg_any import DateRange

from assets.models import Attachment, Network, Node
from billing.models import (
    Absence,
    Account,
    AccountValue,
    Benefit,
    BenefitService,
    BillingParameters,
    Contract,
    ContractService,
    ContractServicePoint,
    GivenQuantity,
    Meter,
    MeterInstallation,
    QualityAct,
    QuantityFactor,
    Reading,
    ServicePoint,
    Subscriber,
    Subsidy,
    SubsidyService,
    SuppliedService,
    Tariff,
    VatRate,
)
from gis_core.models import Division, Enterprise, Street

_numbers = count(1)
CONSUMED = ("meter", "norm", "share")


def storable(case: dict[str, Any]) -> dict[str, Any]:
    """A case as a database can hold it: one meter at a point at a time, registers of one meter."""
    made = copy.deepcopy(case)
    for service in made["services"]:
        kept: list[dict[str, Any]] = []
        registers = [each for each in service.get("installations", []) if "register" in each]
        for installation in registers or service.get("installations", []):
            if registers:
                installation |= {"digits": 5, "meter": "M"}
                installation["multiplier"] = registers[0].get("multiplier", 1)
            elif kept and (kept[-1].get("to") or "9999") > installation["from"]:
                continue
            kept.append(installation)
        if "installations" in service:
            service["installations"] = kept
    return made


def _days(part: dict[str, Any]) -> DateRange:
    end = part.get("to")
    return DateRange(date.fromisoformat(part["from"]), date.fromisoformat(end) if end else None)


def _ranges(versions: list[dict[str, Any]]) -> list[tuple[DateRange, dict[str, Any]]]:
    ordered = sorted(versions, key=lambda version: version["from"])
    # Of an empty list there is an end too many.
    ends = [*(version["from"] for version in ordered[1:]), None]
    return [
        (_days({"from": version["from"], "to": end}), version)
        for version, end in zip(ordered, ends, strict=False)
    ]


class Registrar:
    """Writes cases into the registers of one division; each has an enterprise and services of its own."""

    def __init__(self, division: Division, street: Street) -> None:
        self.division, self.street = division, street
        self.network = Network.objects.create(
            code="CASES", name="Cases", commodity="water", division=division
        )
        self.node = Node.objects.create(
            network=self.network,
            division=division,
            code="J",
            kind="junction",
            geom=Point(69.5, 41.5, srid=4326),
            elevation_m=400,
        )

    def register(self, case: dict[str, Any]) -> Account:
        """The account of a case."""
        number = next(_numbers)
        enterprise = Enterprise.objects.create(
            code=f"CASE-{number}",
            name=f"Case {number}",
            division=self.division,
            tax_id="305918274",
            bank_name="B",
            bank_code="00421",
            bank_account="20210000405918274001",
            invoice_prefix=f"C{number}",
        )
        subscriber = Subscriber.objects.create(
            division=self.division,
            registry_number=f"C{number}",
            subscriber_class="household",
            name=case["id"],
            street=self.street,
            house="1",
        )
        account = Account.objects.create(
            enterprise=enterprise, division=self.division, subscriber=subscriber, number=f"C{number}"
        )
        contract = Contract.objects.create(
            account=account, number=f"K{number}", validity=_days(case["contract"])
        )
        if "parameters" in case:
            BillingParameters.objects.create(
                enterprise=enterprise, valid_from=date(2020, 1, 1), **case["parameters"]
            )
        codes = {service["service"]: f"c{number}_{service['service']}" for service in case["services"]}
        for service in sorted(case["services"], key=lambda service: service["basis"] == "of_service"):
            self._service(service, codes, account, contract, case)
        self._values(account, "residents", None, case.get("residents", []), "count")
        self._values(account, "area", None, case.get("area_m2", []), "value")
        self._circumstances(account, case, codes)
        return account

    def _service(
        self,
        service: dict[str, Any],
        codes: dict[str, str],
        account: Account,
        contract: Contract,
        case: dict[str, Any],
    ) -> None:
        supplied = SuppliedService.objects.create(
            code=codes[service["service"]],
            name=service["service"],
            unit=service["unit"],
            basis=service["basis"],
            base_id=codes[service["of"]] if service["basis"] == "of_service" else None,
            position=1000 + next(_numbers),
        )
        for days, version in _ranges(service["tariff"]):
            Tariff.objects.create(
                enterprise=account.enterprise,
                service=supplied.code,
                subscriber_class="household",
                validity=days,
                vat_included=version.get("vat_included", False),
                **tariff_form(version),
            )
        for days, version in _ranges(service.get("vat", case.get("vat", []))):
            VatRate.objects.create(service=supplied, validity=days, percent=Decimal(version["percent"]))
        self._values(account, "norm", supplied, service.get("norm_l_per_resident_day", []), "value")
        self._values(account, "coefficient", supplied, service.get("coefficient", []), "value")
        if service["basis"] == "meter":
            self._meters(service, supplied, contract)
        elif service["basis"] == "one_off":
            day = date.fromisoformat(service["on"])
            GivenQuantity.objects.create(
                account=account,
                service=supplied,
                month=day.replace(day=1),
                charged_on=day,
                quantity=Decimal(service["quantity"]),
            )
        else:
            ContractService.objects.create(contract=contract, service=supplied, validity=contract.validity)
        for share in service.get("shares", []):
            GivenQuantity.objects.create(
                account=account,
                service=supplied,
                month=date.fromisoformat(share["month"] + "-01"),
                quantity=Decimal(share["quantity"]),
            )

    def _meters(self, service: dict[str, Any], supplied: SuppliedService, contract: Contract) -> None:
        attachment = Attachment.objects.create(network=self.network, division=self.division, node=self.node)
        point = ServicePoint.objects.create(
            division=self.division, code=f"P-{supplied.code}", service=supplied.code, attachment=attachment
        )
        ContractServicePoint.objects.create(
            contract=contract, service_point=point, validity=contract.validity
        )
        for each in service["installations"]:
            meter, _is_new = Meter.objects.get_or_create(
                serial=f"{supplied.code}-{each['meter']}",
                defaults={
                    "division": self.division,
                    "model_name": "SGV-15",
                    "digits": each["digits"],
                    "multiplier": Decimal(each.get("multiplier", 1)),
                },
            )
            installation = MeterInstallation.objects.create(
                meter=meter, service_point=point, register=each.get("register", ""), validity=_days(each)
            )
            for factor in each.get("quantity_factor", []):
                QuantityFactor.objects.create(
                    installation=installation, valid_from=factor["from"], value=Decimal(factor["value"])
                )
            Reading.objects.bulk_create(
                Reading(
                    installation=installation,
                    division=self.division,
                    read_on=reading["on"],
                    index_m3=Decimal(reading["index"]),
                )
                for reading in each["readings"]
            )

    def _values(
        self,
        account: Account,
        kind: str,
        service: SuppliedService | None,
        versions: list[dict[str, Any]],
        key: str,
    ) -> None:
        for version in versions:
            AccountValue.objects.create(
                account=account,
                kind=kind,
                service=service,
                valid_from=version["from"],
                value=Decimal(version[key]),
            )

    def _circumstances(self, account: Account, case: dict[str, Any], codes: dict[str, str]) -> None:
        for each in case.get("benefits", []):
            benefit = Benefit.objects.create(
                account=account,
                kind="veteran",
                validity=_days(each),
                residents=each["residents"],
                share_percent=Decimal(each["share_percent"]),
            )
            for name in each["services"]:
                BenefitService.objects.create(benefit=benefit, service_id=codes[name])
        for each in case.get("absences", []):
            Absence.objects.create(account=account, validity=_days(each), residents=each["residents"])
        for each in case.get("quality_acts", []):
            QualityAct.objects.create(
                account=account,
                service_id=codes[each["service"]],
                validity=_days(each),
                percent=Decimal(each["percent"]),
            )
        for each in case.get("subsidies", []):
            month = date.fromisoformat(each["month"] + "-01")
            subsidy = Subsidy.objects.create(account=account, month=month, amount=Decimal(each["amount"]))
            for name in each["services"]:
                SubsidyService.objects.create(
                    subsidy=subsidy, service_id=codes[name], account=account, month=month
                )


def tariff_form(version: dict[str, Any]) -> dict[str, Any]:
    """The columns of a tariff's version by what a document says of it."""
    if "price" in version:
        return {"form": "price", "price_per_m3": Decimal(version["price"])}
    if "blocks" in version:
        return {
            "form": "blocks",
            "part_prices": [Decimal(block["price"]) for block in version["blocks"]],
            "block_limits": [Decimal(block["up_to"]) for block in version["blocks"][:-1]],
            "per_resident": version.get("per_resident", False),
        }
    form = "components" if "components" in version else "registers"
    parts = (
        [(part["name"], part["price"]) for part in version["components"]]
        if form == "components"
        else list(version["registers"].items())
    )
    return {
        "form": form,
        "part_names": [name for name, _price in parts],
        "part_prices": [Decimal(price) for _name, price in parts],
    }
