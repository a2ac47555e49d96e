"""A slow oracle of the charging rules: day by day, in fractions, one case at a time.

It was written from the description of the rules and knows nothing of the SQL that prices. Wherever the product works
with dates at which something changes, this looks at every single day and puts equal neighbours together.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

ONE_DAY = timedelta(days=1)
FOR_EVER = date.max
KINDS_WITH_BENEFITS = {"consumption", "estimate", "norm", "share"}
KIND_ORDER = {"benefit": 1, "quality": 2, "subsidy": 3}


def number(value: Any) -> Fraction:
    return Fraction(str(value))


def rounded(value: Fraction, places: int) -> Fraction:
    """Half up, away from zero."""
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole, 10**places) * (-1 if value < 0 else 1)


def text(value: Fraction, places: int) -> str:
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.{places}f}"


def day_of(value: str | None) -> date:
    return FOR_EVER if value is None else date.fromisoformat(value)


def days_from(first: date, end: date) -> Iterator[date]:
    day = first
    while day < end:
        yield day
        day += ONE_DAY


def month_start(day: date) -> date:
    return day.replace(day=1)


def next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def month_before(month: date, count: int) -> date:
    for _ in range(count):
        month = (month - ONE_DAY).replace(day=1)
    return month


def holding(versions: list[dict[str, Any]], day: date) -> dict[str, Any] | None:
    """The version of a dated list that holds on a day."""
    begun = [version for version in versions if day_of(version["from"]) <= day]
    return max(begun, key=lambda version: version["from"]) if begun else None


def value_on(versions: list[dict[str, Any]], day: date, key: str = "value") -> Fraction | None:
    version = holding(versions, day)
    return None if version is None else number(version[key])


def is_within(period: dict[str, Any], day: date) -> bool:
    return day_of(period["from"]) <= day < day_of(period.get("to"))


def grouped(days: list[date], key_of: Callable[[date], Any]) -> list[list[date]]:
    """Neighbouring days with equal keys, together."""
    groups: list[list[date]] = []
    for day in days:
        if groups and groups[-1][-1] + ONE_DAY == day and key_of(groups[-1][-1]) == key_of(day):
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


def always(quantity: Fraction) -> Callable[[dict[str, Any], int], Fraction]:
    """A piece's quantity that is known beforehand."""
    return lambda _values, _count: quantity


def times_coefficient(quantity: Fraction) -> Callable[[dict[str, Any], int], Fraction]:
    return lambda values, _count: rounded(quantity * values["coefficient"], 3)


class Tariffed:
    """One case with its month."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.case = case
        self.month = date.fromisoformat(case["month"] + "-01")
        self.month_days = list(days_from(self.month, next_month(self.month)))
        parameters = case.get("parameters", {})
        self.absence_minimum = int(parameters.get("absence_minimum_days", 5))
        self.average_months = int(parameters.get("average_months", 12))
        self.average_at_most = int(parameters.get("average_at_most_months", 3))
        self.services = {service["service"]: service for service in case["services"]}
        self.exceptions: set[tuple[str, str]] = set()
        self.pieces: dict[str, list[dict[str, Any]]] = {}
        self.uncovered: dict[str, set[str]] = {}
        self.lines: list[dict[str, Any]] = []

    # What holds on a day.

    def in_contract(self, day: date) -> bool:
        return is_within(self.case["contract"], day)

    def contract_days(self) -> list[date]:
        return [day for day in self.month_days if self.in_contract(day)]

    def registered(self, day: date) -> Fraction | None:
        return value_on(self.case.get("residents", []), day, "count")

    def absent(self, day: date) -> Fraction:
        total = Fraction(0)
        for absence in self.case.get("absences", []):
            lasts = (day_of(absence.get("to")) - day_of(absence["from"])).days
            if is_within(absence, day) and lasts >= self.absence_minimum:
                total += number(absence["residents"])
        return total

    def benefits(self, name: str, day: date) -> list[dict[str, Any]]:
        found = [
            benefit
            for benefit in self.case.get("benefits", [])
            if name in benefit["services"] and is_within(benefit, day)
        ]
        return sorted(found, key=lambda benefit: -number(benefit["share_percent"]))

    def price(self, service: dict[str, Any], register: str | None, day: date) -> Any:
        """What the price is made of on a day: (form, blocks, per resident?, VAT included?), or None."""
        version = holding(service["tariff"], day)
        if version is None:
            return None
        included = version.get("vat_included", False)
        if "price" in version:
            return "price", ((None, number(version["price"])),), False, included
        if "components" in version:
            named = tuple(sorted((part["name"], number(part["price"])) for part in version["components"]))
            return named, ((None, sum(price for _, price in named)),), False, included
        if "registers" in version:
            if register not in version["registers"]:
                return None
            return "price", ((None, number(version["registers"][register])),), False, included
        blocks = tuple(
            (number(block["up_to"]) if "up_to" in block else None, number(block["price"]))
            for block in version["blocks"]
        )
        return "blocks", blocks, version.get("per_resident", False), included

    def vat(self, service: dict[str, Any], day: date) -> Fraction | None:
        return value_on(service["vat"] if "vat" in service else self.case.get("vat", []), day, "percent")

    def coefficient(self, service: dict[str, Any], day: date) -> Fraction:
        found = value_on(service.get("coefficient", []), day)
        return Fraction(1) if found is None else found

    def norm(self, service: dict[str, Any], day: date) -> Fraction | None:
        return value_on(service.get("norm_l_per_resident_day", []), day)

    def values(self, service: dict[str, Any], kind: str, register: str | None, day: date) -> dict[str, Any]:
        """The values that a line of this kind uses on a day."""
        price = self.price(service, register, day)
        used = {
            "price": price,
            "vat": self.vat(service, day),
            "coefficient": self.coefficient(service, day),
        }
        is_own = service["basis"] != "of_service"
        by_norm = kind == "norm" and is_own
        if kind in KINDS_WITH_BENEFITS:
            used["benefits"] = [
                (number(benefit["share_percent"]), number(benefit["residents"]))
                for benefit in self.benefits(service["service"], day)
            ]
        if by_norm or used.get("benefits"):
            used["norm"] = self.norm(service, day)
        if by_norm or kind == "residents" or (price and price[2]):
            used["registered"] = self.registered(day)
        if by_norm or kind == "residents":
            used["absent"] = self.absent(day)
        if kind == "area":
            used["area"] = value_on(self.case.get("area_m2", []), day)
        return used

    # Meters.

    def accepted(self, name: str, installation: dict[str, Any]) -> list[tuple[date, Fraction]]:
        kept: list[tuple[date, Fraction]] = []
        whole = 10 ** int(installation["digits"])
        for reading in sorted(installation["readings"], key=lambda reading: reading["on"]):
            on, index = day_of(reading["on"]), number(reading["index"])
            if kept:
                difference = index - kept[-1][1] + (whole if index < kept[-1][1] else 0)
                if difference > Fraction(whole, 2):
                    if month_start(on) == self.month:
                        self.exceptions.add((name, "implausible_reading"))
                    continue
            kept.append((on, index))
        return kept

    def month_parts(self, name: str, installation: dict[str, Any]) -> list[dict[str, Any]]:
        """The month-parts of all pairs, with the month each counts in; those wholly outside the contract are none."""
        found = []
        kept = self.accepted(name, installation)
        for (pair_from, previous), (pair_to, current) in pairwise(kept):
            difference = current - previous + (10 ** int(installation["digits"]) if current < previous else 0)
            factor = value_on(installation.get("quantity_factor", []), pair_to)
            quantity = rounded(
                difference * number(installation.get("multiplier", 1)) * (1 if factor is None else factor), 3
            )
            cuts = [pair_from]
            if (pair_to - pair_from).days > 30:
                cuts += [
                    day
                    for day in days_from(pair_from, pair_to)
                    if day.day == 1 and (day - pair_from).days >= 15 and (pair_to - day).days >= 15
                ]
            for part_from, part_to in zip(cuts, [*cuts[1:], pair_to], strict=True):
                middle = part_from + timedelta(days=(part_to - part_from).days // 2)
                days = [day for day in days_from(part_from, part_to) if self.in_contract(day)]
                if days:
                    found.append(
                        {"pair": (pair_from, pair_to, quantity), "days": days, "month": month_start(middle)}
                    )
        return found

    @staticmethod
    def share(pair: tuple[date, date, Fraction], first: date, end: date) -> Fraction:
        pair_from, pair_to, quantity = pair
        length = (pair_to - pair_from).days
        return rounded(quantity * (end - pair_from).days / length, 3) - rounded(
            quantity * (first - pair_from).days / length, 3
        )

    def meter_pieces(self, service: dict[str, Any]) -> None:
        name = service["service"]
        groups: dict[str | None, list[dict[str, Any]]] = {}
        for installation in service["installations"]:
            groups.setdefault(installation.get("register"), []).append(installation)
        has_part = False
        has_meter = False
        for register, installations in groups.items():
            parts = [part for each in installations for part in self.month_parts(name, each)]
            has_part = has_part or any(part["month"] == self.month for part in parts)
            has_meter = has_meter or any(
                is_within(each, day) for each in installations for day in self.contract_days()
            )
            if any(part["month"] == self.month for part in parts):
                for each in installations:
                    self.consumption(service, register, each)
            else:
                self.without_reading(service, register, installations, parts)
        if self.contract_days() and not has_part and not has_meter:
            self.exceptions.add((name, "no_meter"))

    def consumption(self, service: dict[str, Any], register: str | None, each: dict[str, Any]) -> None:
        part_of_day = {
            day: part
            for part in self.month_parts(service["service"], each)
            if part["month"] == self.month
            for day in part["days"]
        }
        for days in grouped(
            sorted(part_of_day), lambda day: self.values(service, "consumption", register, day)
        ):
            quantity = Fraction(0)
            for day in days:
                quantity += self.share(part_of_day[day]["pair"], day, day + ONE_DAY)
            self.piece(service, "consumption", register, days, always(quantity))

    def uncovered_days(self, month: date, installations: list[dict[str, Any]]) -> list[date]:
        pairs = []
        for each in installations:
            kept = self.accepted("", each)
            if len(kept) > 1:
                pairs.append((kept[0][0], kept[-1][0]))
        return [
            day
            for day in days_from(month, next_month(month))
            if self.in_contract(day)
            and any(is_within(each, day) for each in installations)
            and not any(first <= day < end for first, end in pairs)
        ]

    def without_reading(
        self,
        service: dict[str, Any],
        register: str | None,
        installations: list[dict[str, Any]],
        parts: list[dict[str, Any]],
    ) -> None:
        days = self.uncovered_days(self.month, installations)
        if not days:
            return
        in_a_row = 1
        earlier = month_before(self.month, 1)
        while not any(part["month"] == earlier for part in parts) and self.uncovered_days(
            earlier, installations
        ):
            in_a_row += 1
            earlier = month_before(earlier, 1)
        first = month_before(self.month, self.average_months)
        history = [part for part in parts if first <= part["month"] < self.month]
        covered = {day for part in history for day in part["days"]}
        used = sum(
            (self.share(part["pair"], part["days"][0], part["days"][-1] + ONE_DAY) for part in history),
            Fraction(0),
        )
        if covered and in_a_row <= self.average_at_most:
            for piece in grouped(days, lambda day: self.values(service, "estimate", register, day)):
                self.piece(
                    service,
                    "estimate",
                    register,
                    piece,
                    lambda _values, count: rounded(count * used / len(covered), 3),
                )
        elif register is not None:
            self.uncovered.setdefault(service["service"], set()).add("no_norm")
            for piece in grouped(days, lambda day: self.values(service, "estimate", register, day)):
                self.piece(service, "estimate", register, piece, lambda _values, _count: Fraction(0))
        else:
            self.by_norm(service, days)

    # The other bases.

    def by_norm(self, service: dict[str, Any], days: list[date]) -> None:
        def quantity(values: dict[str, Any], count: int) -> Fraction:
            present = max(values["registered"] - values["absent"], Fraction(0))
            return rounded(values["norm"] / 1000 * present * count, 3)

        for piece in grouped(days, lambda day: self.values(service, "norm", None, day)):
            self.piece(service, "norm", None, piece, quantity)

    def monthly(self, service: dict[str, Any]) -> None:
        basis = service["basis"]
        value_of: dict[str, Callable[[dict[str, Any]], Fraction]] = {
            "area": lambda values: values["area"],
            "residents": lambda values: max(values["registered"] - values["absent"], Fraction(0)),
            "fixed": lambda values: Fraction(1),
        }

        def quantity(values: dict[str, Any], count: int) -> Fraction:
            return rounded(value_of[basis](values) * count / len(self.month_days), 3)

        for piece in grouped(self.contract_days(), lambda day: self.values(service, basis, None, day)):
            self.piece(service, basis, None, piece, quantity)

    def one_off(self, service: dict[str, Any]) -> None:
        on = day_of(service["on"])
        if on in self.contract_days():
            self.piece(
                service,
                "one_off",
                None,
                [on],
                lambda _values, _count: rounded(number(service["quantity"]), 3),
            )

    def of_month(self, service: dict[str, Any]) -> None:
        days = self.contract_days()
        for share in service["shares"]:
            if share["month"] != self.case["month"] or not days:
                continue
            whole = (days[0], days[-1] + ONE_DAY, number(share["quantity"]))
            for piece in grouped(days, lambda day: self.values(service, "share", None, day)):
                quantity = self.share(whole, piece[0], piece[-1] + ONE_DAY)
                self.piece(service, "share", None, piece, always(quantity))

    def of_service(self, service: dict[str, Any]) -> None:
        base = service["of"]
        if self.uncovered.get(base, set()) - {"no_price"}:
            return
        for whole in self.pieces.get(base, []):
            pair = (whole["from"], whole["to"], whole["quantity"])
            days = list(days_from(whole["from"], whole["to"]))
            for piece in grouped(days, partial(self.values, service, whole["kind"], whole["register"])):
                part = self.share(pair, piece[0], piece[-1] + ONE_DAY)
                self.piece(
                    service,
                    whole["kind"],
                    whole["register"],
                    piece,
                    times_coefficient(part),
                )

    def piece(
        self,
        service: dict[str, Any],
        kind: str,
        register: str | None,
        days: list[date],
        quantity: Callable[[dict[str, Any], int], Fraction],
    ) -> None:
        """A piece of equal values, or what it lacks."""
        name = service["service"]
        values = self.values(service, kind, register, days[0])
        lacks = self.uncovered.setdefault(name, set())
        needed = {"price": "no_price", "vat": "no_vat", "area": "no_area"}
        if kind == "norm" and service["basis"] != "of_service":
            needed["norm"] = "no_norm"
        missing = {reason for key, reason in needed.items() if key in values and values[key] is None}
        if "registered" in values and not values["registered"]:
            missing.add("no_residents")
        lacks |= missing
        made = Fraction(0) if missing - {"no_price", "no_vat"} else quantity(values, len(days))
        self.pieces.setdefault(name, []).append(
            {
                "kind": kind,
                "register": register,
                "from": days[0],
                "to": days[-1] + ONE_DAY,
                "days": len(days),
                "quantity": made,
                "values": values,
            }
        )

    # Money.

    def money(self, amount: Fraction, values: dict[str, Any]) -> tuple[Fraction, Fraction]:
        percent = values["vat"]
        if values["price"][3]:
            gross = rounded(amount, 2)
            vat = rounded(gross * percent / (100 + percent), 2)
            return gross - vat, vat
        net = rounded(amount, 2)
        return net, rounded(net * percent / 100, 2)

    def charge(self, service: dict[str, Any], order: int, piece: dict[str, Any]) -> None:
        values, quantity = piece["values"], piece["quantity"]
        _form, blocks, per_resident, _included = values["price"]
        coefficient = Fraction(1) if service["basis"] == "of_service" else values["coefficient"]
        filled = []
        lower = Fraction(0)
        for limit, price in blocks:
            upper = quantity
            if limit is not None:
                scaled = limit * piece["days"] / 30 * (values["registered"] if per_resident else 1)
                upper = min(quantity, rounded(scaled, 3))
            filled.append([max(upper - lower, Fraction(0)), price])
            lower = max(lower, upper)
        for block, (amount, price) in enumerate(filled):
            if amount:
                net, vat = self.money(amount * price * coefficient, values)
                self.line(service["service"], order, piece, piece["kind"], block, amount, price, net, vat)
                self.lines[-1]["coefficient"] = coefficient
        if not quantity or not values.get("benefits"):
            return
        if values["norm"] is None:
            self.exceptions.add((service["service"], "no_norm"))
            return
        for share, residents in values["benefits"]:
            allowed = rounded(values["norm"] / 1000 * residents * piece["days"], 3)
            for block, (left, price) in enumerate(filled):
                taken = min(left, allowed)
                allowed -= taken
                filled[block][0] -= taken
                net, vat = self.money(taken * price * coefficient * share / 100, values)
                if net:
                    self.line(service["service"], order, piece, "benefit", block, taken, price, -net, -vat)
                    self.lines[-1]["coefficient"] = coefficient

    def line(
        self,
        name: str | None,
        order: int,
        piece: dict[str, Any],
        kind: str,
        block: int,
        quantity: Fraction | None,
        price: Fraction | None,
        net: Fraction,
        vat: Fraction,
    ) -> None:
        self.lines.append(
            {
                "key": (order, piece["from"], KIND_ORDER.get(kind, 0), block),
                "service": name,
                "kind": kind,
                "from": piece["from"],
                "to": piece["to"],
                "quantity": quantity,
                "price": price,
                "net": net,
                "vat": vat,
                "vat_percent": piece.get("values", {}).get("vat"),
            }
        )

    def quality(self, name: str, order: int) -> None:
        charged = [line for line in self.lines if line["service"] == name and line["kind"] not in KIND_ORDER]
        for act in self.case.get("quality_acts", []):
            for line in charged if act["service"] == name else []:
                days = [day for day in days_from(line["from"], line["to"]) if is_within(act, day)]
                share = Fraction(len(days), (line["to"] - line["from"]).days) * number(act["percent"]) / 100
                net, vat = rounded(line["net"] * share, 2), rounded(line["vat"] * share, 2)
                if net:
                    piece = {
                        "from": days[0],
                        "to": days[-1] + ONE_DAY,
                        "values": {"vat": line["vat_percent"]},
                    }
                    self.line(name, order, piece, "quality", line["key"][3], None, None, -net, -vat)

    def subsidies(self) -> None:
        for subsidy in self.case.get("subsidies", []):
            if subsidy["month"] != self.case["month"]:
                continue
            owed = sum(
                (
                    line["net"] + line["vat"]
                    for line in self.lines
                    if line["kind"] != "subsidy" and line["service"] in subsidy["services"]
                ),
                Fraction(0),
            )
            amount = rounded(max(min(number(subsidy["amount"]), owed), Fraction(0)), 2)
            if amount:
                piece = {"from": self.month, "to": next_month(self.month)}
                self.line(None, len(self.services), piece, "subsidy", 0, None, None, -amount, Fraction(0))

    def priced(self) -> dict[str, Any]:
        makers = {
            "meter": self.meter_pieces,
            "norm": lambda service: self.by_norm(service, self.contract_days()),
            "area": self.monthly,
            "residents": self.monthly,
            "fixed": self.monthly,
            "one_off": self.one_off,
            "share": self.of_month,
            "of_service": self.of_service,
        }
        in_turn = sorted(self.case["services"], key=lambda service: service["basis"] == "of_service")
        for service in in_turn:
            makers[service["basis"]](service)
        for order, service in enumerate(self.case["services"]):
            name = service["service"]
            lacks = self.uncovered.get(name, set())
            self.exceptions |= {(name, reason) for reason in lacks}
            if not lacks:
                for piece in self.pieces.get(name, []):
                    self.charge(service, order, piece)
            self.quality(name, order)
        self.subsidies()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        net = sum((line["net"] for line in self.lines), Fraction(0))
        vat = sum((line["vat"] for line in self.lines), Fraction(0))
        return {
            "id": self.case["id"],
            "month": self.case["month"],
            "lines": [
                {
                    "service": line["service"],
                    "kind": line["kind"],
                    "from": line["from"].isoformat(),
                    "to": line["to"].isoformat(),
                    "days": (line["to"] - line["from"]).days,
                    "quantity": None if line["quantity"] is None else text(line["quantity"], 3),
                    "price": line["price"],
                    "coefficient": line.get("coefficient"),
                    "net": text(line["net"], 2),
                    "vat": text(line["vat"], 2),
                    "vat_percent": line["vat_percent"],
                }
                for line in sorted(self.lines, key=lambda line: line["key"])
            ],
            "net": text(net, 2),
            "vat": text(vat, 2),
            "total": text(net + vat, 2),
            "exceptions": sorted(
                ({"service": name, "reason": reason} for name, reason in self.exceptions if name),
                key=lambda found: (found["service"], found["reason"]),
            ),
        }


def price_by_oracle(case: dict[str, Any]) -> dict[str, Any]:
    """The answer to a well-formed case of services; prices, coefficients and percents of lines are fractions."""
    return Tariffed(case).priced()
