"""A case of services as a document states it: who is charged, for which month, by which values. Checked in full."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop

from billing.pricing.selectors.dated_values import Dated, PriceForm, dated_numbers, dated_values, tariff_of
from billing.pricing.selectors.json_nodes import PRINTED, JsonNode

BASES = ("meter", "norm", "of_service", "area", "residents", "fixed", "one_off", "share")
# Whose pieces are quantities of consumption: blocks and benefits apply to them, and a service may follow them.
CONSUMED = ("meter", "norm", "share")
# What each basis must state beside what every service states.
_NEEDED: dict[str, tuple[str, ...]] = {
    "meter": ("installations",),
    "of_service": ("of",),
    "one_off": ("on", "quantity"),
    "share": ("shares",),
}
_OF_EVERY_SERVICE = ("service", "basis", "unit", "tariff")
_OF_SOME_SERVICES = (
    *("contract", "vat", "coefficient", "norm_l_per_resident_day"),
    *("installations", "of", "on", "quantity", "shares"),
)
_CASE_LISTS = ("benefits", "absences", "quality_acts", "subsidies")
_LONGEST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Period:
    """Days [first, end); end None: for ever."""

    first: date
    end: date | None


@dataclass(frozen=True, slots=True)
class CaseInstallation:
    """A meter, or one register of it, in its place. Readings are (day, index) in the order of days."""

    meter: str
    register: str
    period: Period
    digits: int
    multiplier: Decimal
    quantity_factor: list[Dated[Decimal]]
    readings: list[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class CaseService:
    """A service of a case; what its basis does not use is empty. `shares` are quantities by month.

    `contract` is the days on which the case's contract has this service.
    """

    name: str
    basis: str
    unit: str
    contract: Period
    tariff: list[Dated[list[PriceForm]]]
    vat: list[Dated[Decimal]] | None
    coefficient: list[Dated[Decimal]]
    norm_l_per_resident_day: list[Dated[Decimal]]
    installations: list[CaseInstallation]
    of: str | None
    on: date | None
    quantity: Decimal | None
    shares: dict[date, Decimal]


@dataclass(frozen=True, slots=True)
class CaseBenefit:
    """Residents whose consumption within the norm is paid in part by the state."""

    period: Period
    services: list[str]
    residents: int
    share_percent: Decimal


@dataclass(frozen=True, slots=True)
class CaseQualityAct:
    """Days on which a service was poor, and the percent taken off."""

    period: Period
    service: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class CaseSubsidy:
    """An amount that the state pays for a month."""

    month: date
    amount: Decimal
    services: list[str]


@dataclass(frozen=True, slots=True)
class PriceCase:
    """All that the charges of an account in a month follow from. `absences` are (days, residents)."""

    id: Any
    month: date
    contract: Period
    residents: list[Dated[int]]
    area_m2: list[Dated[Decimal]]
    vat: list[Dated[Decimal]]
    absence_minimum_days: int
    average_months: int
    average_at_most_months: int
    services: list[CaseService]
    benefits: list[CaseBenefit]
    absences: list[tuple[Period, int]]
    quality_acts: list[CaseQualityAct]
    subsidies: list[CaseSubsidy]


def price_case(node: JsonNode) -> PriceCase:
    """The case of a document; raises MalformedDocument with the pointer to what is wrong."""
    members = node.members(
        ("id", "month", "contract", "services"),
        ("class", "residents", "area_m2", "vat", "parameters", *_CASE_LISTS, PRINTED),
    )
    if PRINTED in members:
        members[PRINTED].flag()
    if "class" in members:
        members["class"].text()
    month = members["month"].month()
    contract = _period(members["contract"].members(("from",), ("to",)))
    parameters = (
        members["parameters"].members(
            (), ("absence_minimum_days", "average_months", "average_at_most_months")
        )
        if "parameters" in members
        else {}
    )
    residents = (
        dated_values(members["residents"], lambda version: version["count"].whole(), ("count",))
        if "residents" in members
        else []
    )
    area_m2 = dated_numbers(members["area_m2"]) if "area_m2" in members else []
    vat = dated_numbers(members["vat"], "percent") if "vat" in members else []
    bounds = {
        key: parameters[key].whole(at_most=1200) if key in parameters else default
        for key, default in (
            ("absence_minimum_days", 5),
            ("average_months", 12),
            ("average_at_most_months", 3),
        )
    }
    services = _services(members["services"], contract)
    names = {service.name for service in services}
    lists = {key: members[key].elements() if key in members else [] for key in _CASE_LISTS}
    return PriceCase(
        id=id_of(members["id"]),
        month=month,
        contract=contract,
        residents=residents,
        area_m2=area_m2,
        vat=vat,
        **bounds,
        services=services,
        benefits=[_benefit(element, names) for element in lists["benefits"]],
        absences=[_absence(element) for element in lists["absences"]],
        quality_acts=[_quality_act(element, names) for element in lists["quality_acts"]],
        subsidies=_subsidies(lists["subsidies"], names),
    )


def id_of(node: JsonNode) -> Any:
    """The name of a case: a text or a whole number."""
    if isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    return node.text()


def _period(members: dict[str, JsonNode]) -> Period:
    first = members["from"].day()
    if "to" not in members or members["to"].value is None:
        return Period(first, None)
    end = members["to"].day()
    if end <= first:
        members["to"].fail(gettext_noop("{end} is not after {first}."), end=end, first=first)
    return Period(first, end)


def _services(node: JsonNode, contract: Period) -> list[CaseService]:
    listed = [(element, element.members(_OF_EVERY_SERVICE, _OF_SOME_SERVICES)) for element in node.elements()]
    bases: dict[str, str] = {}
    for _element, members in listed:
        name = members["service"].text()
        if name in bases:
            members["service"].fail(gettext_noop("The service {service} is listed twice."), service=name)
        basis = members["basis"].text()
        if basis not in BASES:
            members["basis"].fail(gettext_noop("A basis is one of {bases}."), bases=", ".join(BASES))
        bases[name] = basis
    return [_service(element, members, bases, contract) for element, members in listed]


def _service(
    element: JsonNode, members: dict[str, JsonNode], bases: dict[str, str], contract: Period
) -> CaseService:
    name, basis = members["service"].text(), members["basis"].text()
    if "contract" in members:
        members["contract"].refuse_unless_printed()
    element.members((*_OF_EVERY_SERVICE, *_NEEDED.get(basis, ())), _OF_SOME_SERVICES)
    numbers = {
        key: dated_numbers(members[key]) if key in members else []
        for key in ("coefficient", "norm_l_per_resident_day")
    }
    return CaseService(
        name=name,
        basis=basis,
        unit=members["unit"].text(),
        contract=(
            _period(members["contract"].members(("from",), ("to",))) if "contract" in members else contract
        ),
        tariff=tariff_of(members["tariff"], may_have_blocks=basis in (*CONSUMED, "of_service")),
        vat=dated_numbers(members["vat"], "percent") if "vat" in members else None,
        coefficient=numbers["coefficient"],
        norm_l_per_resident_day=numbers["norm_l_per_resident_day"],
        installations=(
            [_installation(each) for each in members["installations"].elements()]
            if "installations" in members
            else []
        ),
        of=_base(members["of"], basis, bases) if "of" in members else None,
        on=members["on"].day() if "on" in members else None,
        quantity=members["quantity"].number() if "quantity" in members else None,
        shares=_shares(members["shares"]) if "shares" in members else {},
    )


def _base(node: JsonNode, basis: str, bases: dict[str, str]) -> str:
    name = known_service(node, set(bases))
    if basis == "of_service" and bases[name] not in CONSUMED:
        node.fail(
            gettext_noop("The basis of {service} is {basis}; a service may follow one by {bases}."),
            service=name,
            basis=bases[name],
            bases=", ".join(CONSUMED),
        )
    return name


def known_service(node: JsonNode, names: set[str]) -> str:
    """The name of a service that the case has."""
    name = node.text()
    if name not in names:
        node.fail(gettext_noop("The case has no service {service}."), service=name)
    return name


def _shares(node: JsonNode) -> dict[date, Decimal]:
    shares: dict[date, Decimal] = {}
    for element in node.elements():
        members = element.members(("month", "quantity"))
        month = members["month"].month()
        if month in shares:
            members["month"].fail(gettext_noop("Two values begin on {date}."), date=month)
        shares[month] = members["quantity"].number()
    return shares


def _installation(node: JsonNode) -> CaseInstallation:
    members = node.members(
        ("meter", "from", "digits", "readings"), ("to", "multiplier", "quantity_factor", "register")
    )
    period = _period(members)
    digits = members["digits"].whole(at_least=1, at_most=_LONGEST_DIGITS)
    readings: dict[date, Decimal] = {}
    for element in members["readings"].elements():
        reading = element.members(("on", "index"))
        day, index = reading["on"].day(), reading["index"].number()
        if day in readings:
            reading["on"].fail(gettext_noop("There are two readings of {date}."), date=day)
        if day < period.first or (period.end is not None and day > period.end):
            reading["on"].fail(gettext_noop("On {date} the meter was not installed."), date=day)
        if index >= 10**digits:
            reading["index"].fail(
                gettext_noop("{index} is beyond the {digits} digits of the meter."),
                index=index,
                digits=digits,
            )
        readings[day] = index
    return CaseInstallation(
        meter=members["meter"].text(),
        register=members["register"].text() if "register" in members else "",
        period=period,
        digits=digits,
        multiplier=members["multiplier"].number() if "multiplier" in members else Decimal(1),
        quantity_factor=dated_numbers(members["quantity_factor"]) if "quantity_factor" in members else [],
        readings=sorted(readings.items()),
    )


def _benefit(node: JsonNode, names: set[str]) -> CaseBenefit:
    members = node.members(("from", "services", "residents", "share_percent"), ("to",))
    return CaseBenefit(
        period=_period(members),
        services=_benefited(members["services"], names),
        residents=members["residents"].whole(),
        share_percent=members["share_percent"].number(at_most=100),
    )


def _benefited(node: JsonNode, names: set[str]) -> list[str]:
    services: list[str] = []
    for element in node.elements():
        name = known_service(element, names)
        if name in services:
            element.fail(gettext_noop("The service {service} is listed twice."), service=name)
        services.append(name)
    return services


def _absence(node: JsonNode) -> tuple[Period, int]:
    members = node.members(("from", "residents"), ("to",))
    return _period(members), members["residents"].whole()


def _quality_act(node: JsonNode, names: set[str]) -> CaseQualityAct:
    members = node.members(("service", "from", "percent"), ("to",))
    return CaseQualityAct(
        period=_period(members),
        service=known_service(members["service"], names),
        percent=members["percent"].number(at_most=100),
    )


def _subsidies(elements: list[JsonNode], names: set[str]) -> list[CaseSubsidy]:
    subsidies = []
    paid: set[tuple[date, str]] = set()
    for element in elements:
        members = element.members(("month", "amount", "services"))
        month = members["month"].month()
        services = []
        for service in members["services"].elements():
            name = known_service(service, names)
            if (month, name) in paid:
                service.fail(
                    gettext_noop("A subsidy of {month} lists {service} already."),
                    month=f"{month:%Y-%m}",
                    service=name,
                )
            paid.add((month, name))
            services.append(name)
        subsidies.append(CaseSubsidy(month, members["amount"].number(), services))
    return subsidies
