"""A second oracle of the price document, written from its page alone: all its kinds of documents and its faults.

It asks of each single day which values a line would use on it, and calls neighbouring days with equal answers
one piece. That is slow and hard to get wrong. Days are ordinals, numbers are fractions. Of what is malformed it
knows what the page says, not how large a number or how long a text may be.
"""

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any, NamedTuple

Json = dict[str, Any]
OPEN = date.max.toordinal()
KINDS = {"benefit": 1, "quality": 2, "subsidy": 3}
BLOCK_BASES = {"meter", "norm", "share", "of_service"}
BENEFIT_BASES = BLOCK_BASES
BASES_OF_SERVICES = {"meter", "norm", "share"}


class Malformed(Exception):
    """A case that is not what the page says; `path` points to the wrong or missing value."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


# Numbers and days.


def rounded(value: Fraction, places: int) -> Fraction:
    """Half up, away from zero."""
    scale = 10**places
    whole = int(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, scale)


def rounded_down(value: Fraction) -> Fraction:
    """A volume, to three decimals, never upwards."""
    return Fraction(int(value * 1000), 1000)


def quantity_of(value: Fraction) -> Fraction:
    return rounded(value, 3)


def money(value: Fraction) -> Fraction:
    return rounded(value, 2)


def written(value: Fraction, places: int | None = None) -> str:
    """A number as the answer writes it: with so many decimals, or as few as it needs."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    if places is not None:
        return f"{exact:.{places}f}"
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day_of(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def day_text(day: int) -> str:
    return date.fromordinal(day).isoformat()


def end_of(item: Json) -> int:
    """The first day after; absent or null is open."""
    return day_of(item["to"]) if item.get("to") else OPEN


def month_bounds(month: str) -> tuple[int, int]:
    year, number = (int(part) for part in month.split("-"))
    first = date(year, number, 1).toordinal()
    return first, first + calendar.monthrange(year, number)[1]


def month_of(day: int) -> str:
    return day_text(day)[:7]


def months_back(month: str, count: int) -> str:
    year, number = (int(part) for part in month.split("-"))
    index = year * 12 + number - 1 - count
    return f"{index // 12:04}-{index % 12 + 1:02}"


def months_later(day: int, count: int) -> int:
    """The same day of a later month, or that month's last."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + count, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1])).toordinal()


def cumulative(quantity: Fraction, start: int, end: int, a: int, b: int) -> Fraction:
    """What the days `[a, b)` get of a quantity of `[start, end)`, so that nothing is lost."""
    days = end - start
    return quantity_of(quantity * (b - start) / days) - quantity_of(quantity * (a - start) / days)


class Dated:
    """A value that holds until the next one's first day."""

    def __init__(self, items: Iterable[Json] | None, read: Callable[[Json], Any]) -> None:
        self.items = sorted(((day_of(item["from"]), read(item)) for item in items or []), key=lambda i: i[0])

    def on(self, day: int, before: Any = None) -> Any:
        found = before
        for start, value in self.items:
            if start > day:
                break
            found = value
        return found


def dated_number(items: Iterable[Json] | None, key: str) -> Dated:
    return Dated(items, lambda item: Fraction(item[key]))


# What a case holds.


class Tariff(NamedTuple):
    """A version for one register: either the components of a price or blocks; equal ones do not cut."""

    components: tuple[tuple[str | None, Fraction], ...]
    blocks: tuple[tuple[Fraction | None, Fraction], ...]
    per_resident: bool
    vat_included: bool

    @property
    def priced_blocks(self) -> tuple[tuple[Fraction | None, Fraction], ...]:
        return self.blocks or ((None, sum((price for _, price in self.components), Fraction(0))),)


def tariff_version(version: Json, register: str | None) -> Tariff | None:
    """What a version says of a register; none where it lists registers and not this one."""
    components: tuple[tuple[str | None, Fraction], ...] = ()
    blocks: tuple[tuple[Fraction | None, Fraction], ...] = ()
    if "price" in version:
        components = ((None, Fraction(version["price"])),)
    elif "components" in version:
        components = tuple(sorted((part["name"], Fraction(part["price"])) for part in version["components"]))
    elif "blocks" in version:
        blocks = tuple(
            (Fraction(b["up_to"]) if b.get("up_to") is not None else None, Fraction(b["price"]))
            for b in version["blocks"]
        )
    elif register in version["registers"]:
        components = ((None, Fraction(version["registers"][register])),)
    else:
        return None
    return Tariff(components, blocks, bool(version.get("per_resident")), bool(version.get("vat_included")))


class Values(NamedTuple):
    """What a line uses on a day; what it does not use is None. Neighbours that are equal are one piece."""

    tariff: Tariff | None
    vat: Fraction | None
    coefficient: Fraction
    registered: Fraction | None
    absent: Fraction | None
    norm: Fraction | None
    area: Fraction | None
    benefits: tuple[tuple[Fraction, Fraction], ...]
    lacks: frozenset[str]


@dataclass(frozen=True)
class Piece:
    """Neighbouring days of equal values, and what was used on them."""

    start: int
    end: int
    kind: str
    quantity: Fraction
    values: Values
    register: str | None = None

    @property
    def days(self) -> int:
        return self.end - self.start


class Part(NamedTuple):
    """A month-part within the contract, of a pair of readings."""

    start: int
    end: int
    month: str
    pair_start: int
    pair_end: int
    pair_quantity: Fraction

    @property
    def quantity(self) -> Fraction:
        return self.share(self.start, self.end)

    def share(self, a: int, b: int) -> Fraction:
        return cumulative(self.pair_quantity, self.pair_start, self.pair_end, a, b)


@dataclass
class Line:
    """A charge line, a benefit, a quality deduction or a subsidy, before it is written."""

    service: str | None
    kind: str
    start: int
    end: int
    net: Fraction
    vat: Fraction
    quantity: Fraction | None = None
    unit: str | None = None
    price: Fraction | None = None
    coefficient: Fraction | None = None
    vat_percent: Fraction | None = None
    block: int = 0

    def json(self) -> Json:
        return {
            "service": self.service,
            "kind": self.kind,
            "from": day_text(self.start),
            "to": day_text(self.end),
            "days": self.end - self.start,
            "quantity": None if self.quantity is None else written(self.quantity, 3),
            "unit": self.unit,
            "price": None if self.price is None else written(self.price),
            "coefficient": None if self.coefficient is None else written(self.coefficient),
            "net": written(self.net, 2),
            "vat_percent": None if self.vat_percent is None else written(self.vat_percent),
            "vat": written(self.vat, 2),
        }


class Case:
    """The values of a case that all its services share."""

    def __init__(self, case: Json) -> None:
        self.month: str = case["month"]
        self.month_start, self.month_end = month_bounds(self.month)
        self.contract = (day_of(case["contract"]["from"]), end_of(case["contract"]))
        self.registered = dated_number(case.get("residents"), "count")
        self.area = dated_number(case.get("area_m2"), "value")
        self.vat = case.get("vat")
        parameters = case.get("parameters", {})
        self.average_months = int(parameters.get("average_months", 12))
        self.average_at_most = int(parameters.get("average_at_most_months", 3))
        least = int(parameters.get("absence_minimum_days", 5))
        absences = [
            (day_of(a["from"]), end_of(a), Fraction(a["residents"])) for a in case.get("absences", [])
        ]
        self.absences = [absence for absence in absences if absence[1] - absence[0] >= least]
        self.benefits = sorted(case.get("benefits", []), key=lambda b: -Fraction(b["share_percent"]))
        self.benefit_spans = [(day_of(b["from"]), end_of(b), b) for b in self.benefits]
        self.quality_acts = case.get("quality_acts", [])
        self.subsidies = case.get("subsidies", [])

    def in_contract(self, day: int) -> bool:
        return self.contract[0] <= day < self.contract[1]

    def contract_days(self, month: str) -> list[int]:
        return [day for day in range(*month_bounds(month)) if self.in_contract(day)]

    def absent(self, day: int) -> Fraction:
        return sum((count for start, end, count in self.absences if start <= day < end), Fraction(0))

    def benefits_on(self, service: str, day: int) -> tuple[tuple[Fraction, Fraction], ...]:
        """Share and residents of each benefit in force, in the order in which they take."""
        return tuple(
            (Fraction(b["share_percent"]), Fraction(b["residents"]))
            for start, end, b in self.benefit_spans
            if start <= day < end and service in b["services"]
        )


@dataclass
class Service:
    """A service of a case: what it uses on a day, and its pieces."""

    case: Case
    given: Json
    exceptions: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.name: str = self.given["service"]
        self.basis: str = self.given["basis"]
        self.vat = dated_number(self.given.get("vat", self.case.vat), "percent")
        self.norm = dated_number(self.given.get("norm_l_per_resident_day"), "value")
        self.coefficient = dated_number(self.given.get("coefficient"), "value")
        self.tariffs: dict[str | None, Dated] = {}

    def tariff_on(self, day: int, register: str | None) -> Tariff | None:
        if register not in self.tariffs:
            self.tariffs[register] = Dated(self.given["tariff"], lambda v: tariff_version(v, register))
        found: Tariff | None = self.tariffs[register].on(day)
        return found

    def values_on(self, day: int, kind: str, register: str | None = None) -> Values:
        """The values that the formulas of a line's quantity, price and benefits name."""
        case = self.case
        benefits = case.benefits_on(self.name, day) if self.basis in BENEFIT_BASES else ()
        by_norm = kind == "norm" and self.basis != "of_service"
        by_residents = by_norm or kind == "residents"
        tariff, vat = self.tariff_on(day, register), self.vat.on(day)
        per_resident = tariff is not None and tariff.per_resident
        registered = case.registered.on(day) if by_residents or per_resident else None
        norm = self.norm.on(day) if by_norm or benefits else None
        area = case.area.on(day) if kind == "area" else None
        lacks = {
            "no_price": tariff is None,
            "no_vat": vat is None,
            "no_norm": by_norm and norm is None,
            "no_area": kind == "area" and area is None,
            "no_residents": (by_residents or per_resident) and not registered,
        }
        return Values(
            tariff=tariff,
            vat=vat,
            coefficient=self.coefficient.on(day, Fraction(1)),
            registered=registered,
            absent=case.absent(day) if by_residents else None,
            norm=norm,
            area=area,
            benefits=benefits,
            lacks=frozenset(reason for reason, is_so in lacks.items() if is_so),
        )

    def pieces_of(
        self, days: Iterable[int], kind: str, register: str | None = None
    ) -> Iterator[tuple[int, int, Values]]:
        """Neighbouring days of equal values."""
        valued = [(day, self.values_on(day, kind, register)) for day in days]
        for values, group in groupby(enumerate(valued), key=lambda item: (item[1][1], item[1][0] - item[0])):
            found = [day for _, (day, _) in group]
            yield found[0], found[-1] + 1, values[0]


# Rule 1 and its readings.


def accepted(installation: Json) -> tuple[list[tuple[int, Fraction]], list[int]]:
    """The readings that count, and the days of those that are implausible."""
    limit = Fraction(10) ** int(installation["digits"])
    kept: list[tuple[int, Fraction]] = []
    refused = []
    for day, index in sorted((day_of(r["on"]), Fraction(r["index"])) for r in installation["readings"]):
        if kept and difference(kept[-1][1], index, limit) > limit / 2:
            refused.append(day)
        else:
            kept.append((day, index))
    return kept, refused


def difference(previous: Fraction, current: Fraction, limit: Fraction) -> Fraction:
    return current - previous + (limit if current < previous else 0)


def pairs(installation: Json) -> list[tuple[int, int, Fraction]]:
    """First day, first day after and quantity of each pair of accepted readings."""
    limit = Fraction(10) ** int(installation["digits"])
    multiplier = Fraction(installation.get("multiplier", 1))
    factor = dated_number(installation.get("quantity_factor"), "value")
    return [
        (a, b, quantity_of(difference(x, y, limit) * multiplier * factor.on(b, Fraction(1))))
        for (a, x), (b, y) in pairwise(accepted(installation)[0])
    ]


def month_parts(case: Case, installation: Json) -> list[Part]:
    """Each pair cut at the month starts far from its ends; what is outside the contract is cut off."""
    found = []
    for start, end, quantity in pairs(installation):
        cuts = [start, *(month_starts(start, end) if end - start > 30 else ()), end]
        for a, b in pairwise(cuts):
            month = month_of(a + (b - a) // 2)
            first, last = max(a, case.contract[0]), min(b, case.contract[1])
            if first < last:
                found.append(Part(first, last, month, start, end, quantity))
    return found


def month_starts(start: int, end: int) -> list[int]:
    """Those at least 15 days from both ends."""
    return [day for day in range(start + 15, end - 14) if date.fromordinal(day).day == 1]


def metered_pieces(service: Service, installation: Json) -> list[Piece]:
    """The pieces of an installation that count in the month, over several readings where values are equal."""
    register = installation.get("register")
    found: list[Piece] = []
    for part in month_parts(service.case, installation):
        if part.month != service.case.month:
            continue
        for a, b, values in service.pieces_of(range(part.start, part.end), "consumption", register):
            piece = Piece(a, b, "consumption", part.share(a, b), values, register)
            if found and found[-1].end == a and found[-1].values == values:
                last = found.pop()
                piece = Piece(last.start, b, "consumption", last.quantity + piece.quantity, values, register)
            found.append(piece)
    return found


# Rule 3: no reading.


@dataclass
class Register:
    """The installations of a service that name one register, or none."""

    service: Service
    name: str | None
    installations: list[Json]

    def __post_init__(self) -> None:
        self.parts = [p for i in self.installations for p in month_parts(self.service.case, i)]
        self.pairs = [pair for i in self.installations for pair in pairs(i)]

    def has_part(self, month: str) -> bool:
        return any(part.month == month for part in self.parts)

    def uncovered_days(self, month: str) -> list[int]:
        """Days in the contract on which a meter is installed and that no pair covers."""
        installed = [(day_of(i["from"]), end_of(i)) for i in self.installations]
        return [
            day
            for day in self.service.case.contract_days(month)
            if any(a <= day < b for a, b in installed) and not any(a <= day < b for a, b, _ in self.pairs)
        ]

    def months_in_a_row(self) -> int:
        """How many months in a row, the case's the last, are charged without a month-part."""
        count, month = 0, self.service.case.month
        while not self.has_part(month) and self.uncovered_days(month):
            count += 1
            if count > self.service.case.average_at_most:
                break
            month = months_back(month, 1)
        return count

    def average_day(self) -> Fraction | None:
        case = self.service.case
        months = {months_back(case.month, back) for back in range(1, case.average_months + 1)}
        parts = [part for part in self.parts if part.month in months]
        days = {day for part in parts for day in range(part.start, part.end)}
        return sum((part.quantity for part in parts), Fraction(0)) / len(days) if days else None

    def pieces(self) -> list[Piece]:
        """An estimate, or the norm, for a month without a month-part."""
        case = self.service.case
        days = [] if self.has_part(case.month) else self.uncovered_days(case.month)
        if not days:
            return []
        average = self.average_day() if self.months_in_a_row() <= case.average_at_most else None
        if average is not None:
            return [
                Piece(a, b, "estimate", quantity_of(average * (b - a)), values, self.name)
                for a, b, values in self.service.pieces_of(days, "estimate", self.name)
            ]
        if self.name is not None:
            self.service.exceptions.add("no_norm")
            return unknown_pieces(self.service, days, self.name)
        return norm_pieces(self.service, days)


def unknown_pieces(service: Service, days: list[int], register: str) -> list[Piece]:
    """Days that are to be charged, and nobody knows how much."""
    return [
        Piece(a, b, "estimate", Fraction(0), v._replace(lacks=v.lacks | {"no_norm"}), register)
        for a, b, v in service.pieces_of(days, "estimate", register)
    ]


def present(values: Values) -> Fraction:
    return max((values.registered or Fraction(0)) - (values.absent or 0), Fraction(0))


def norm_pieces(service: Service, days: Iterable[int]) -> list[Piece]:
    """Rule 4."""
    return [
        Piece(a, b, "norm", quantity_of((v.norm or Fraction(0)) / 1000 * present(v) * (b - a)), v)
        for a, b, v in service.pieces_of(days, "norm")
    ]


def meter_pieces(service: Service) -> list[Piece]:
    case = service.case
    installations = service.given["installations"]
    for installation in installations:
        if any(month_of(day) == case.month for day in accepted(installation)[1]):
            service.exceptions.add("implausible_reading")
    names = dict.fromkeys(installation.get("register") for installation in installations)
    registers = [
        Register(service, name, [i for i in installations if i.get("register") == name]) for name in names
    ]
    found = [piece for installation in installations for piece in metered_pieces(service, installation)]
    for register in registers:
        found += register.pieces()
    days = case.contract_days(case.month)
    has_meter = any(day_of(i["from"]) <= day < end_of(i) for i in installations for day in days)
    if days and not has_meter and not any(register.has_part(case.month) for register in registers):
        service.exceptions.add("no_meter")
    return found


# Rules 5 and 6.


def monthly_pieces(service: Service) -> list[Piece]:
    """Area, residents and fixed: the price is a month's."""
    case, basis = service.case, service.basis
    days = case.month_end - case.month_start
    measures = {
        "area": lambda v: v.area or Fraction(0),
        "residents": present,
        "fixed": lambda _: Fraction(1),
    }
    return [
        Piece(a, b, basis, quantity_of(measures[basis](v) * (b - a) / days), v)
        for a, b, v in service.pieces_of(case.contract_days(case.month), basis)
    ]


def one_off_pieces(service: Service) -> list[Piece]:
    day = day_of(service.given["on"])
    if day not in service.case.contract_days(service.case.month):
        return []
    quantity = quantity_of(Fraction(service.given["quantity"]))
    return [Piece(a, b, "one_off", quantity, v) for a, b, v in service.pieces_of([day], "one_off")]


def share_pieces(service: Service) -> list[Piece]:
    """The month's quantity from a building's meter over the month's days within the contract."""
    case = service.case
    days = case.contract_days(case.month)
    shares = [Fraction(s["quantity"]) for s in service.given["shares"] if s["month"] == case.month]
    if not days or not shares:
        return []
    [quantity], start, end = shares, days[0], days[-1] + 1
    return [
        Piece(a, b, "share", cumulative(quantity, start, end, a, b), v)
        for a, b, v in service.pieces_of(days, "share")
    ]


def dependent_pieces(service: Service, base: list[Piece]) -> list[Piece]:
    """Rule 5: the pieces of a base that lacks no more than its price, cut further by the service's own values."""
    if any(piece.values.lacks - {"no_price"} for piece in base):
        return []
    found = []
    for piece in base:
        for a, b, v in service.pieces_of(range(piece.start, piece.end), piece.kind, piece.register):
            part = cumulative(piece.quantity, piece.start, piece.end, a, b)
            found.append(Piece(a, b, piece.kind, quantity_of(part * v.coefficient), v, piece.register))
    return found


def own_pieces(service: Service) -> list[Piece]:
    makers: dict[str, Callable[[Service], list[Piece]]] = {
        "meter": meter_pieces,
        "norm": lambda s: norm_pieces(s, s.case.contract_days(s.case.month)),
        "one_off": one_off_pieces,
        "share": share_pieces,
    }
    return makers.get(service.basis, monthly_pieces)(service)


# Money.


def filled_blocks(piece: Piece) -> list[tuple[int, Fraction, Fraction]]:
    """Block, price and quantity, from the first block up; empty blocks are left out."""
    tariff = piece.values.tariff
    assert tariff is not None
    residents = piece.values.registered or Fraction(0) if tariff.per_resident else Fraction(1)
    found, filled = [], Fraction(0)
    for number, (up_to, price) in enumerate(tariff.priced_blocks):
        limit = piece.quantity if up_to is None else quantity_of(up_to * piece.days * residents / 30)
        take = min(piece.quantity, limit) - filled
        if take > 0:
            found.append((number, price, take))
            filled += take
    return found


def amounts(gross_or_net: Fraction, vat: Fraction, vat_included: bool) -> tuple[Fraction, Fraction]:
    """Net and VAT."""
    amount = money(gross_or_net)
    if not vat_included:
        return amount, money(amount * vat / 100)
    inside = money(amount * vat / (100 + vat))
    return amount - inside, inside


def priced_line(
    service: Service, piece: Piece, kind: str, block: tuple[int, Fraction, Fraction], share: Fraction
) -> Line:
    """A charge (a share of 1), or a benefit (the negative share that it takes)."""
    number, price, quantity = block
    values = piece.values
    assert values.tariff is not None
    assert values.vat is not None
    coefficient = Fraction(1) if service.basis == "of_service" else values.coefficient
    net, vat = amounts(quantity * price * coefficient * share, values.vat, values.tariff.vat_included)
    unit = service.given["unit"]
    return Line(
        service.name,
        kind,
        piece.start,
        piece.end,
        net,
        vat,
        quantity,
        unit,
        price,
        coefficient,
        values.vat,
        number,
    )


def benefit_lines(service: Service, piece: Piece) -> list[Line]:
    """Rule 8: each benefit in force takes from what the ones before it left."""
    left = filled_blocks(piece)
    norm = piece.values.norm
    if not piece.values.benefits or not left:
        return []
    if norm is None:
        service.exceptions.add("no_norm")
        return []
    found = []
    for share, residents in piece.values.benefits:
        eligible = quantity_of(norm / 1000 * residents * piece.days)
        remaining = []
        for number, price, quantity in left:
            take = min(quantity, eligible)
            eligible -= take
            remaining.append((number, price, quantity - take))
            line = priced_line(service, piece, "benefit", (number, price, take), -share / 100)
            if line.net:
                found.append(line)
        left = remaining
    return found


def quality_lines(service: Service, charges: list[Line]) -> list[Line]:
    """Rule 9."""
    found = []
    for act in service.case.quality_acts:
        if act["service"] != service.name:
            continue
        for line in charges:
            start, end = max(line.start, day_of(act["from"])), min(line.end, end_of(act))
            if start >= end:
                continue
            share = Fraction(end - start, line.end - line.start) * Fraction(act["percent"]) / 100
            net = -money(line.net * share)
            if net:
                vat = -money(line.vat * share)
                found.append(
                    Line(
                        service.name,
                        "quality",
                        start,
                        end,
                        net,
                        vat,
                        vat_percent=line.vat_percent,
                        block=line.block,
                    )
                )
    return found


def service_lines(service: Service, pieces: list[Piece]) -> list[Line]:
    """Rule 7: all lines of a service, or none where a day lacks a value."""
    lacks = {reason for piece in pieces for reason in piece.values.lacks}
    if lacks:
        service.exceptions |= lacks
        return []
    charges = [
        priced_line(service, piece, piece.kind, block, Fraction(1))
        for piece in pieces
        for block in filled_blocks(piece)
    ]
    benefits = [line for piece in pieces for line in benefit_lines(service, piece)]
    lines = charges + benefits + quality_lines(service, charges)
    return sorted(lines, key=lambda line: (line.start, KINDS.get(line.kind, 0), line.block))


def subsidy_lines(case: Case, lines: list[Line]) -> list[Line]:
    """Rule 10."""
    found = []
    for subsidy in case.subsidies:
        due = sum((line.net + line.vat for line in lines if line.service in subsidy["services"]), Fraction(0))
        amount = money(min(Fraction(subsidy["amount"]), max(due, Fraction(0))))
        if subsidy["month"] == case.month and amount:
            found.append(Line(None, "subsidy", case.month_start, case.month_end, -amount, Fraction(0)))
    return found


def price_account(given: Json) -> Json:
    case = Case(given)
    services = {item["service"]: Service(case, item) for item in given["services"]}
    pieces = {name: own_pieces(s) for name, s in services.items() if s.basis != "of_service"}
    lines: list[Line] = []
    for name, service in services.items():
        if service.basis == "of_service":
            lines += service_lines(service, dependent_pieces(service, pieces[service.given["of"]]))
        else:
            lines += service_lines(service, pieces[name])
    lines += subsidy_lines(case, lines)
    net, vat = (sum((getattr(line, key) for line in lines), Fraction(0)) for key in ("net", "vat"))
    return {
        "id": given["id"],
        "month": case.month,
        "lines": [line.json() for line in lines],
        "net": written(net, 2),
        "vat": written(vat, 2),
        "total": written(net + vat, 2),
        "exceptions": [
            {"service": name, "reason": reason}
            for name, service in services.items()
            for reason in sorted(service.exceptions)
        ],
    }


# Other documents.


def price_building(given: Json) -> Json:
    building = given["building"]
    metered = [f["metered"] for f in building["flats"] if f.get("metered") is not None]
    remainder = Fraction(building["quantity"]) - sum((Fraction(m) for m in metered), Fraction(0))
    key = "residents" if building["share_by"] == "residents" else "area_m2"
    flats = [f for f in building["flats"] if f.get("metered") is None]
    weight = sum((Fraction(flat[key]) for flat in flats), Fraction(0))
    shares, exceptions, done = [], [], Fraction(0)
    if remainder < 0:
        exceptions = [{"reason": "negative_remainder"}]
    elif remainder > 0 and not weight:
        exceptions = [{"reason": "no_weights"}]
    elif remainder > 0:
        for flat in flats:
            before, done = done, done + Fraction(flat[key])
            quantity = quantity_of(remainder * done / weight) - quantity_of(remainder * before / weight)
            shares.append({"flat": flat["flat"], "quantity": written(quantity, 3)})
    return {
        "id": given["id"],
        "month": given["month"],
        "shares": shares,
        "remainder": written(quantity_of(remainder), 3),
        "exceptions": exceptions,
    }


def payments_of_debts(penalty: Json) -> list[list[tuple[int, Fraction]]]:
    """For each debt (as listed) the days and amounts that settle it."""
    debts = penalty["debts"]
    order = sorted(range(len(debts)), key=lambda number: day_of(debts[number]["due_on"]))
    left = {number: Fraction(debts[number]["amount"]) for number in order}
    found: list[list[tuple[int, Fraction]]] = [[] for _ in debts]
    for payment in sorted(penalty["payments"], key=lambda p: day_of(p["on"])):
        amount = Fraction(payment["amount"])
        for number in order:
            take = min(amount, left[number])
            if take:
                found[number].append((day_of(payment["on"]), take))
                left[number] -= take
                amount -= take
    return found


def price_penalty(given: Json) -> Json:
    penalty = given["penalty"]
    rates = dated_number(penalty["daily_percent"], "percent")
    as_of = day_of(penalty["as_of"])
    lines, total = [], Fraction(0)
    settled = zip(penalty["debts"], payments_of_debts(penalty), strict=True)
    for debt, paid in sorted(settled, key=lambda item: day_of(item[0]["due_on"])):
        whole = Fraction(debt["amount"])
        room = money(whole * Fraction(penalty["cap_percent"]) / 100)
        first = day_of(debt["due_on"]) + int(penalty["grace_days"]) + 1
        days = [
            (day, whole - sum((a for on, a in paid if on <= day), Fraction(0)), rates.on(day, Fraction(0)))
            for day in range(first, as_of)
        ]
        for (base, rate), stretch in groupby(days, key=lambda item: item[1:]):
            span = [day for day, _, _ in stretch]
            amount = min(money(base * rate / 100 * len(span)), room)
            room -= amount
            total += amount
            if amount:
                lines.append(
                    {
                        "due_on": debt["due_on"],
                        "from": day_text(span[0]),
                        "to": day_text(span[-1] + 1),
                        "days": len(span),
                        "base": written(base),
                        "daily_percent": written(rate),
                        "amount": written(amount, 2),
                    }
                )
    return {"id": given["id"], "lines": lines, "total": written(total, 2)}


@dataclass
class Load:
    on: int
    left: Fraction
    price: Fraction


class Prepaid:
    """Volumes bought before they are used."""

    def __init__(self, prepaid: Json) -> None:
        self.tariff = Dated(prepaid["tariff"], lambda v: tariff_version(v, None))
        self.vat = dated_number(prepaid["vat"], "percent")
        self.protected = int(prepaid["protected_months"])
        self.loads: list[Load] = []
        self.exceptions: list[Json] = []

    def price_on(self, day: int) -> Fraction | None:
        """The price with VAT; none where either is unknown."""
        tariff, vat = self.tariff.on(day), self.vat.on(day)
        if tariff is None or vat is None:
            return None
        price: Fraction = tariff.priced_blocks[0][1]
        return price if tariff.vat_included else price * (100 + vat) / 100

    def volume(self) -> Fraction:
        return sum((load.left for load in self.loads), Fraction(0))

    def revalue(self, day: int) -> None:
        """A day on which the price with VAT may have changed."""
        new = self.price_on(day)
        if not new or new == self.price_on(day - 1):
            return
        for load in self.loads:
            unprotected = months_later(load.on, self.protected) < day
            if new < load.price or (new > load.price and unprotected):
                load.left = rounded_down(load.left * load.price / new)
                load.price = new

    def buy(self, day: int, amount: Fraction) -> Fraction:
        price = self.price_on(day)
        if not price:
            tariff = self.tariff.on(day)
            if tariff is None or not tariff.priced_blocks[0][1]:
                self.refuse("no_price")
            if self.vat.on(day) is None:
                self.refuse("no_vat")
            return Fraction(0)
        bought = rounded_down(amount / price)
        self.loads.append(Load(day, bought, price))
        return bought

    def refuse(self, reason: str) -> None:
        if {"reason": reason} not in self.exceptions:
            self.exceptions.append({"reason": reason})

    def use(self, quantity: Fraction) -> Fraction:
        """What is used beyond the volume."""
        for load in self.loads:
            take = min(quantity, load.left)
            load.left -= take
            quantity -= take
        return quantity


def price_prepaid(given: Json) -> Json:
    prepaid = Prepaid(given["prepaid"])
    events = sorted(given["prepaid"]["events"], key=lambda event: day_of(event["on"]))
    changes = sorted({start for values in (prepaid.tariff, prepaid.vat) for start, _ in values.items})
    answers = []
    for event in events:
        day = day_of(event["on"])
        while changes and changes[0] <= day:
            prepaid.revalue(changes.pop(0))
        bought = prepaid.buy(day, Fraction(event["load"])) if "load" in event else Fraction(0)
        shortage = prepaid.use(Fraction(event["use"])) if "use" in event else Fraction(0)
        numbers = {"bought": bought, "volume_left": prepaid.volume(), "shortage": shortage}
        answers.append({"on": event["on"], **{key: written(value, 3) for key, value in numbers.items()}})
    return {
        "id": given["id"],
        "events": answers,
        "volume_left": written(prepaid.volume(), 3),
        "exceptions": prepaid.exceptions,
    }


# What is malformed.

Check = Callable[[Any, str], None]


def an_object(path: str, value: Any, required: dict[str, Check], optional: dict[str, Check]) -> None:
    """All the required keys, and none but these."""
    if not isinstance(value, dict):
        raise Malformed(path, "is not an object")
    for key in value:
        if key not in required and key not in optional:
            raise Malformed(f"{path}/{escaped(key)}", "is a key that the page does not know")
    for key, check in required.items():
        if key not in value:
            raise Malformed(f"{path}/{key}", "is missing")
        check(value[key], f"{path}/{key}")
    for key, check in optional.items():
        if key in value:
            check(value[key], f"{path}/{key}")


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def obj(required: dict[str, Check], optional: dict[str, Check] | None = None, *more: Check) -> Check:
    def check(value: Any, path: str) -> None:
        an_object(path, value, required, optional or {})
        for further in more:
            further(value, path)

    return check


def list_of(item: Check, *more: Check) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise Malformed(path, "is not a list")
        for number, element in enumerate(value):
            item(element, f"{path}/{number}")
        for further in more:
            further(value, path)

    return check


def number(value: Any, path: str) -> None:
    readable = type(value) is int or (isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value))
    if not readable or Fraction(value) < 0:
        raise Malformed(path, "is not a number that is zero or more, as a string or an integer")


def whole(value: Any, path: str) -> None:
    number(value, path)
    if Fraction(value).denominator != 1:
        raise Malformed(path, "is not a whole number")


def digits(value: Any, path: str) -> None:
    whole(value, path)
    if Fraction(value) < 1:
        raise Malformed(path, "holds no index")


def percent(value: Any, path: str) -> None:
    number(value, path)
    if Fraction(value) > 100:
        raise Malformed(path, "is above 100")


def text(value: Any, path: str) -> None:
    if not isinstance(value, str):
        raise Malformed(path, "is not a text")


def identifier(value: Any, path: str) -> None:
    if type(value) is not int and not isinstance(value, str):
        raise Malformed(path, "names no case")


def flag(value: Any, path: str) -> None:
    if not isinstance(value, bool):
        raise Malformed(path, "is neither true nor false")


def day(value: Any, path: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise Malformed(path, "is not a day")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise Malformed(path, "is an impossible date") from None


def open_day(value: Any, path: str) -> None:
    if value is not None:
        day(value, path)


def month(value: Any, path: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}", value):
        raise Malformed(path, "is not a month")
    day(f"{value}-01", path)


def one_of(*names: str) -> Check:
    def check(value: Any, path: str) -> None:
        if value not in names:
            raise Malformed(path, f"is none of {', '.join(names)}")

    return check


def to_after_from(value: Json, path: str) -> None:
    if value.get("to") and day_of(value["to"]) <= day_of(value["from"]):
        raise Malformed(f"{path}/to", "is not after the first day")


def distinct(key: str) -> Check:
    """No two items of a list with the same value of a key; of two that clash the second is wrong."""

    def check(value: list[Json], path: str) -> None:
        seen = set()
        for position, item in enumerate(value):
            if item[key] in seen:
                raise Malformed(f"{path}/{position}/{key}", "is there twice")
            seen.add(item[key])

    return check


def each_once(names: list[str], path: str) -> None:
    for position, name in enumerate(names):
        if name in names[:position]:
            raise Malformed(f"{path}/{position}", "is there twice")


def not_empty(value: list[Any] | Json, path: str) -> None:
    if not value:
        raise Malformed(path, "is empty")


def dated(key: str, check: Check) -> Check:
    return list_of(obj({"from": day, key: check}), distinct("from"))


def blocks_rise(blocks: list[Json], path: str) -> None:
    last = Fraction(0)
    not_empty(blocks, path)
    for position, block in enumerate(blocks):
        here = f"{path}/{position}/up_to"
        if position == len(blocks) - 1:
            if "up_to" in block:
                raise Malformed(here, "the last block has no limit")
        elif "up_to" not in block:
            raise Malformed(here, "is missing")
        elif Fraction(block["up_to"]) <= last:
            raise Malformed(here, "does not rise")
        else:
            last = Fraction(block["up_to"])


def registers(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise Malformed(path, "is not an object")
    not_empty(value, path)
    for key, price_of_it in value.items():
        number(price_of_it, f"{path}/{escaped(key)}")


FORMS: dict[str, Check] = {
    "price": number,
    "components": list_of(obj({"name": text, "price": number}), not_empty),
    "blocks": list_of(obj({"price": number}, {"up_to": number}), blocks_rise),
    "registers": registers,
}


def one_form(version: Json, path: str) -> None:
    if sum(form in version for form in FORMS) != 1:
        raise Malformed(path, "has none or several of price, components, blocks and registers")
    if "per_resident" in version and "blocks" not in version:
        raise Malformed(f"{path}/per_resident", "belongs to blocks")


TARIFF = list_of(
    obj({"from": day}, {**FORMS, "per_resident": flag, "vat_included": flag}, one_form), distinct("from")
)
VAT = dated("percent", number)
SPAN: dict[str, Check] = {"from": day}


def readings_fit(installation: Json, path: str) -> None:
    first, last = day_of(installation["from"]), end_of(installation)
    for position, reading in enumerate(installation["readings"]):
        if not first <= day_of(reading["on"]) <= last:
            raise Malformed(f"{path}/readings/{position}/on", "is outside the installation")
        if Fraction(reading["index"]) >= Fraction(10) ** int(installation["digits"]):
            raise Malformed(f"{path}/readings/{position}/index", "is beyond the digits")


INSTALLATION = obj(
    {
        "meter": text,
        "from": day,
        "digits": digits,
        "readings": list_of(obj({"on": day, "index": number}), distinct("on")),
    },
    {"to": open_day, "multiplier": number, "register": text, "quantity_factor": dated("value", number)},
    to_after_from,
    readings_fit,
)

BASIS_KEYS: dict[str, dict[str, Check]] = {
    "meter": {"installations": list_of(INSTALLATION)},
    "norm": {},
    "of_service": {"of": text},
    "area": {},
    "residents": {},
    "fixed": {},
    "one_off": {"on": day, "quantity": number},
    "share": {"shares": list_of(obj({"month": month, "quantity": number}), distinct("month"))},
}


def service_form(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise Malformed(path, "is not an object")
    basis = value.get("basis")
    one_of(*BASIS_KEYS)(basis, f"{path}/basis")
    keys = BASIS_KEYS[str(basis)]
    check = obj(
        {"service": text, "basis": text, "unit": text, "tariff": TARIFF, **keys},
        {
            "norm_l_per_resident_day": dated("value", number),
            "vat": VAT,
            "coefficient": dated("value", number),
        },
    )
    check(value, path)
    if basis not in BLOCK_BASES:
        no_blocks(value["tariff"], f"{path}/tariff")


def no_blocks(tariff: list[Json], path: str) -> None:
    for position, version in enumerate(tariff):
        if "blocks" in version:
            raise Malformed(f"{path}/{position}/blocks", "blocks need a quantity of consumption")


def services_are_known(case: Json, path: str) -> None:
    bases = {service["service"]: service["basis"] for service in case["services"]}
    named = [
        (name, f"{path}/{key}/{position}/services/{at}")
        for key in ("benefits", "subsidies")
        for position, item in enumerate(case.get(key, []))
        for at, name in enumerate(item["services"])
    ]
    for position, act in enumerate(case.get("quality_acts", [])):
        named.append((act["service"], f"{path}/quality_acts/{position}/service"))
    for position, service in enumerate(case["services"]):
        if service["basis"] == "of_service":
            here = f"{path}/services/{position}/of"
            named.append((service["of"], here))
            if bases.get(service["of"], "meter") not in BASES_OF_SERVICES:
                raise Malformed(here, "is no meter, norm or share service")
    for name, here in named:
        if name not in bases:
            raise Malformed(here, "is a service that the case lacks")


def subsidies_clash(case: Json, path: str) -> None:
    seen = set()
    for position, subsidy in enumerate(case.get("subsidies", [])):
        for at, name in enumerate(subsidy["services"]):
            if (subsidy["month"], name) in seen:
                raise Malformed(f"{path}/subsidies/{position}/services/{at}", "has two subsidies in a month")
            seen.add((subsidy["month"], name))


ACCOUNT = obj(
    {
        "id": identifier,
        "month": month,
        "contract": obj(SPAN, {"to": open_day}, to_after_from),
        "services": list_of(service_form, distinct("service")),
    },
    {
        "class": text,
        "residents": dated("count", whole),
        "area_m2": dated("value", number),
        "vat": VAT,
        "parameters": obj(
            {}, {"absence_minimum_days": whole, "average_months": whole, "average_at_most_months": whole}
        ),
        "benefits": list_of(
            obj(
                {**SPAN, "services": list_of(text, each_once), "residents": whole, "share_percent": percent},
                {"to": open_day},
                to_after_from,
            )
        ),
        "absences": list_of(obj({**SPAN, "residents": whole}, {"to": open_day}, to_after_from)),
        "quality_acts": list_of(
            obj({**SPAN, "service": text, "percent": percent}, {"to": open_day}, to_after_from)
        ),
        "subsidies": list_of(obj({"month": month, "amount": number, "services": list_of(text, each_once)})),
    },
    services_are_known,
    subsidies_clash,
)


def flat_form(share_by: Any) -> Check:
    def metered(value: Any, path: str) -> None:
        if value is not None:
            number(value, path)

    weights: dict[str, Check] = {"residents": whole, "area_m2": number}
    used = "residents" if share_by == "residents" else "area_m2"
    return obj({"flat": text, used: weights.pop(used)}, {"metered": metered, **weights})


def building_form(value: Any, path: str) -> None:
    share_by = value.get("share_by") if isinstance(value, dict) else None
    flats = list_of(flat_form(share_by))
    keys = {"service": text, "quantity": number, "share_by": one_of("residents", "area"), "flats": flats}
    obj(keys)(value, path)


def load_or_use(event: Json, path: str) -> None:
    if ("load" in event) == ("use" in event):
        raise Malformed(path, "is neither a load nor a use, or both")


def prepaid_tariff(value: Any, path: str) -> None:
    TARIFF(value, path)
    no_blocks(value, path)


DOCUMENTS: dict[str, tuple[Check, Callable[[Json], Json]]] = {
    "building": (obj({"id": identifier, "month": month, "building": building_form}), price_building),
    "penalty": (
        obj(
            {
                "id": identifier,
                "penalty": obj(
                    {
                        "as_of": day,
                        "daily_percent": dated("percent", number),
                        "grace_days": whole,
                        "cap_percent": number,
                        "debts": list_of(obj({"amount": number, "due_on": day})),
                        "payments": list_of(obj({"amount": number, "on": day})),
                    }
                ),
            }
        ),
        price_penalty,
    ),
    "prepaid": (
        obj(
            {
                "id": identifier,
                "prepaid": obj(
                    {
                        "tariff": prepaid_tariff,
                        "vat": VAT,
                        "protected_months": whole,
                        "events": list_of(obj({"on": day}, {"load": number, "use": number}, load_or_use)),
                    }
                ),
            }
        ),
        price_prepaid,
    ),
}


def price(case: Json) -> Json:
    """The answer that the page asks for, without the lines' explanations."""
    kind = next((key for key in DOCUMENTS if isinstance(case, dict) and key in case), None)
    check, answer = DOCUMENTS[kind] if kind else (ACCOUNT, price_account)
    try:
        check(case, "")
    except Malformed as error:
        named = case.get("id") if isinstance(case, dict) else None
        return {"id": named, "error": {"path": error.path, "message": error.message}}
    return answer(case)
